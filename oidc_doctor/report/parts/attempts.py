"""The logged attempts on the target of an exchange: which rows they are, how many, and since when they fail."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oidc_doctor.model.steps import CLOUDS, UNLOGGED
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip
from oidc_doctor.report.parts.targets import service_account_of
from oidc_doctor.report.parts.times import ago, moment, parse

if TYPE_CHECKING:
    from datetime import datetime

    from oidc_doctor.model.report import AttemptRow, Cause, Exchange, Report

# The meaning of `since`, if it is not the time of a logged failure.
_BASES = {"change": "the time of the change", "last-success": "the last logged success"}
# What the logs have of a refusal at a step whose refusals the vendor does not log.
_LEFT = {
    "aws": "refusals like this one usually leave no event",
    "gcp": "refusals like this one probably leave no entry",
}


def attempts_on(report: Report, exchange: Exchange, step: str = "") -> list[AttemptRow]:
    """Return the logged attempts on the exchange's target; for impersonations, on the service account."""
    target = exchange.resource
    if step == "impersonate":
        target = service_account_of(report, exchange) or target
    return [row for row in report.attempts if row.cloud == exchange.cloud and row.target == target]


def without_repeats(rows: list[AttemptRow]) -> list[AttemptRow]:
    """Return the rows, those as one that a list would show alike: Google writes one call in several forms."""
    alike: dict[tuple[object, ...], AttemptRow] = {}
    for row in rows:
        shown = (row.cloud, row.step, row.target, whose(row), row.outcome, row.error, row.cause)
        same = alike.get(shown)
        alike[shown] = (
            row
            if same is None
            else replace(
                same,
                count=same.count + row.count,
                first_seen=min(same.first_seen, row.first_seen),
                last_seen=max(same.last_seen, row.last_seen),
            )
        )
    return list(alike.values())


def call_of(step: str | None) -> str:
    """Return the call that a logged step counts."""
    return "impersonation" if step == "impersonate" else "exchange"


def steps_of(step: str | None, times: int = 0) -> str:
    """Return the calls that a logged step counts; in the singular for one."""
    return call_of(step) + ("" if times == 1 else "s")


def of_kind(rows: list[AttemptRow], exchange: Exchange) -> list[AttemptRow]:
    """Return the rows of the exchange's own kind of token, and those whose events name no subject.

    Where the token's subject is not known, its event tells; without one, every row may be its own.
    """
    if exchange.subject is None:
        families = {row.family for row in rows if exchange.claims_from in row.event_ids} - {None}
        return [row for row in rows if row.family is None or row.family in families] if families else rows
    families = {row.family for row in rows if exchange.subject in (row.subject, *row.subjects)}
    families |= {row.family for row in rows if (row.principal or "").endswith(f"/subject/{exchange.subject}")}
    return [
        row
        for row in rows
        if row.family in families or row.subject == exchange.subject or (row.subject is None and not families)
    ]


def since(report: Report, exchange: Exchange, cause: Cause) -> str:
    """Return the start of the failure, with counts before and after it if signatures can be separated."""
    now = report.evaluated_at
    when = ", ".join(filter(None, (moment(cause.timing.since, now), ago(cause.timing.since, now))))
    if cause.timing.since_basis in _BASES and cause.timing.refused_since:
        when = f"{when}, {_BASES[cause.timing.since_basis]}"
    elif cause.timing.since_basis in _BASES:
        unlogged = cause.step in UNLOGGED[cause.cloud] and not cause.confirmed_by
        left = _LEFT[cause.cloud] if unlogged else "no refusal since was seen in the logs that were read"
        return f"{when}, {_BASES[cause.timing.since_basis]}: {left}"
    if cause.timing.refused_since:
        until = "since" if cause.status == "active" else "until then" if cause.timing.until is None else "in all"
        before = f", {cause.timing.accepted_before:,} accepted before" if cause.timing.accepted_before else ""
        of_kinds = ""
        if cause.timing.kinds > 1:
            own = f"{cause.timing.refused_of_kind:,} refused of this one"
            of_kinds = f" ({steps_of(cause.step)} of {cause.timing.kinds} kinds of token, {own})"
        return f"{when}: {cause.timing.refused_since:,} refused {until}{before}{of_kinds}"
    edge = parse(cause.timing.since)
    if edge is None:
        return when
    rows = attempts_on(report, exchange, cause.step)
    counts = _around(rows, edge)
    if counts is None:  # other subjects are unaffected, so the subject of the token is counted
        counts = _around([row for row in rows if row.subject == exchange.subject], edge)
        counts = counts and f"of this subject {counts}"
    return f"{when}: {counts}" if counts else when


def _around(rows: list[AttemptRow], edge: datetime) -> str | None:
    """Return the numbers refused after `edge` and accepted before it; None if they cannot be separated."""
    after = before = 0
    for row in rows:
        first, last = parse(row.first_seen), parse(row.last_seen)
        if row.outcome == "unknown":
            continue
        if first is None or last is None or first < edge <= last:
            return None  # this signature has attempts on both sides of the edge
        after += row.count if row.outcome == "refused" and first >= edge else 0
        before += row.count if row.outcome == "accepted" and last < edge else 0
    counts = [f"{after:,} refused since"] if after else []
    counts += [f"{before:,} accepted before"] if before else []
    return ", ".join(counts)


def logged(report: Report, exchange: Exchange) -> str:
    """Return the number of logged attempts by step, kind of token and outcome, with the time of the last of each."""
    words = []
    for step in ("exchange", "impersonate"):
        rows = [row for row in attempts_on(report, exchange, step) if row.step == step]
        own = of_kind(rows, exchange)
        others = [row for row in rows if row not in own]
        calls = f"{steps_of(step)}: " if exchange.cloud == "gcp" else ""
        words += [f"{calls}{_by_outcome(own, report)}"] if own else []
        kinds = len({row.family for row in others})
        whose = f"{steps_of(step)} of {'another kind' if kinds == 1 else f'{kinds} other kinds'} of token"
        words += [f"{whose}: {_by_outcome(others, report)}"] if others else []
    return "; ".join(words)


def others(report: Report, exchange: Exchange, cause: Cause) -> str:
    """Return the refusals of other kinds of token on the same resource, which the cause does not count; "" for none."""
    rows = attempts_on(report, exchange, cause.step)
    own = of_kind(rows, exchange)
    refused = [row for row in rows if row not in own and row.outcome == "refused" and row.subject]
    kinds = list(dict.fromkeys(row.family for row in refused))
    if not exchange.subject or len(kinds) < max(cause.timing.kinds, 1):
        return ""  # the outage of this cause counts them
    newest = max(refused, key=lambda row: row.last_seen)
    what = "another kind of token" if len(kinds) == 1 else f"{len(kinds)} other kinds of token"
    calls = steps_of(cause.step)
    counted_as = _by_outcome(refused, report)
    return f"{calls} of {what}: {counted_as}, such as {visible(newest.subject or '')}; --subject SUBJECT judges it"


_NAME = 120  # characters of a kind of token
_FEW_KINDS = 3  # kinds of token that are listed


def affected(report: Report, exchange: Exchange, cause: Cause) -> list[str]:
    """Return the kinds of token that the cause refuses, with their counts: "…:environment=staging:… (5 refused)".

    The subjects say for themselves whether they are of production. Visible text.
    """
    counts: dict[str, int] = {}
    for row in attempts_on(report, exchange, cause.step):
        kind = row.family or row.subject
        in_time = cause.timing.since is None or row.last_seen >= cause.timing.since
        if row.outcome == "refused" and row.cause == cause.name and kind and in_time:
            counts[kind] = counts.get(kind, 0) + row.count
    own = of_kind(attempts_on(report, exchange, cause.step), exchange)
    if exchange.subject and len(counts) == 1 and set(counts) <= {row.family or row.subject for row in own}:
        return [f"only this kind of token ({sum(counts.values()):,} refused)"]
    kinds = sorted(counts, key=lambda kind: -counts[kind])
    names = short_names(kinds)
    lines = [f"{names[kind]} ({counts[kind]:,} refused)" for kind in kinds[:_FEW_KINDS]]
    rest = sum(counts[kind] for kind in kinds[_FEW_KINDS:])
    return lines + ([f"and {len(kinds) - _FEW_KINDS} more kinds of token ({rest:,} refused)"] if rest else [])


def short_names(families: list[str]) -> dict[str, str]:
    """Return each name without the leading segments that all have in common."""
    if len(families) < 2:  # noqa: PLR2004 - a single name needs no distinction
        return {family: clip(visible(family), _NAME) for family in families}
    least, most = min(families), max(families)
    alike = next((at for at, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    cut = max(least.rfind(sign, 0, alike) for sign in ":/|") + 1
    return {family: ("…" if cut else "") + clip(visible(family[cut:]), _NAME) for family in families}


def _by_outcome(rows: list[AttemptRow], report: Report) -> str:
    words = []
    for outcome in ("refused", "accepted", "unknown"):
        of_it = [row for row in rows if row.outcome == outcome]
        if of_it:
            last = moment(max(row.last_seen for row in of_it), report.evaluated_at)
            ending = {"unknown": "without a recorded outcome"}.get(outcome, outcome)
            words.append(f"{sum(row.count for row in of_it):,} {ending} (last {last})")
    return ", ".join(words)


def whose(row: AttemptRow) -> str:
    """Return the subject of a signature, or the principal that Google wrote where its entries have no subject."""
    return visible(row.subject or row.principal or "no subject")


def counted(row: AttemptRow) -> str:
    """Return a signature's count with what it counts: "9 exchanges with AWS refused"."""
    calls = steps_of(row.step, row.count)
    ending = {"unknown": "of unknown outcome"}.get(row.outcome, row.outcome)
    return f"{row.count:,} {calls} with {CLOUDS[row.cloud]} {ending}"
