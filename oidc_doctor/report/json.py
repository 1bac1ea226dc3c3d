"""A report, a health run and a run of `expect` as JSON. Values are never shortened.

docs/report.schema.json, docs/health.schema.json and docs/expect.schema.json are their contracts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from oidc_doctor.model.document import Origin
from oidc_doctor.model.expectations import SCHEMA as EXPECT_SCHEMA
from oidc_doctor.model.expectations import Outcome
from oidc_doctor.model.health import SCHEMA as HEALTH_SCHEMA
from oidc_doctor.model.health import Change, Effect, TargetState
from oidc_doctor.model.secret_texts import secret_or
from oidc_doctor.report.parts import expect_members
from oidc_doctor.report.parts.escape import contains_secret, forbid_tokens
from oidc_doctor.report.parts.sentences import first_line, present_line, summary

if TYPE_CHECKING:
    from oidc_doctor.model.access import AccessDecision
    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.expectations import Expectations
    from oidc_doctor.model.health import Health, HealthFinding, Suppression, TargetHealth
    from oidc_doctor.model.proposed import Proposed
    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import AllowedSubjects, AttemptRow, Cause, CheckRow, Exchange, Report

SCHEMA = "oidc-doctor.report/1"

# A list of numbers over several lines; no text of JSON has a line break in it.
_NUMBERS = re.compile(r"\[\n\s+-?\d+(?:,\n\s+-?\d+)*\n\s*\]")
_DEEPEST = 150  # levels; the nesting of claims is untrusted
# Control, format and invisible characters, and surrogates, which UTF-8 cannot encode. JSON parsers restore all of them.
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as plain JSON values, in the order of the schema. Secrets are removed from every text."""
    plain: dict[str, Any] = _plain(
        {
            "schema": SCHEMA,
            "verdict": report.verdict,
            "exit_code": report.exit_code,
            "headline": first_line(report)[1],
            **({"obstacles": [obstacle._asdict() for obstacle in report.obstacles]} if report.obstacles else {}),
            "evaluated_at": report.evaluated_at,
            "tool": report.tool,
            "command": report.command or None,
            "profile": report.profile or None,
            "target": report.target,
            "window": report.window,
            "observed": report.observed,
            "exchanges": [_exchange(report, exchange) for exchange in report.exchanges],
            "accesses": [_access(exchange.id, row) for exchange in report.exchanges for row in exchange.accesses],
            "causes": [_cause(report, cause) for cause in report.causes],
            "checks": [_check(row) for row in report.checks],
            "fixes": [
                {
                    "for": row.for_,
                    "also_for": row.also_for,
                    "exchange": row.exchange,
                    "kind": row.kind,
                    "summary": row.summary or row.headline,
                    "file": row.file,
                    "with_files": row.with_files,
                    "diff": row.diff,
                    "commands": row.commands,
                    "gaps": row.gaps,
                    "terraform": row.terraform,
                    "proof": row.proof,
                    "tried": row.tried._asdict(),
                    "opens_to": row.opens_to,
                    "closes_to": row.closes_to,
                    "verify": row.verify,
                    "undo": row.undo,
                    "document": row.document,
                }
                for row in report.fixes
            ],
            "attempts": [_attempt(row) for row in report.attempts],
            "timeline": report.timeline,
            **({"volumes": report.volumes} if report.volumes else {}),
            "coverage": [
                {
                    "what": row.what,
                    "status": row.status,
                    "reason": row.reason,
                    "from": row.since,
                    "to": row.until,
                    "count": row.count,
                    **({"local": row.local} if row.local else {}),
                }
                for row in report.coverage
            ],
            "warnings": report.warnings,
            **({"comparisons": report.comparisons} if report.comparisons else {}),
            **({"account": report.account} if report.account else {}),
            **({"alone": _alone(report.alone)} if report.alone is not None else {}),
            **({"proposed": _proposed(report, report.proposed)} if report.proposed is not None else {}),
        }
    )
    return plain


def render_json(report: Report, **_layout: object) -> str:
    """Return the report as JSON text."""
    return as_text(to_json(report))


def render_health_json(health: Health, **_layout: object) -> str:
    """Return the health run as JSON text."""
    return as_text(health_to_json(health))


def render_expect_json(run: Expectations, **_layout: object) -> str:
    """Return a run of `expect` as JSON text."""
    return as_text(expect_to_json(run))


def expect_to_json(run: Expectations) -> dict[str, Any]:
    """Return a run of `expect` as plain JSON values, in the order of its schema, without secrets."""
    plain: dict[str, Any] = _plain(
        {
            "schema": EXPECT_SCHEMA,
            "exit_code": run.exit_code,
            "evaluated_at": run.evaluated_at,
            "tool": run.tool,
            "file": run.file,
            "counts": {outcome: run.count(outcome) for outcome in get_args(Outcome)},
            "expectations": [expect_members.of_result(result, _side) for result in run.results],
            "assumed": run.assumed,
            "warnings": run.warnings,
        }
    )
    return plain


def health_to_json(health: Health) -> dict[str, Any]:
    """Return the health run as plain JSON values, in the order of its schema. Secrets are removed from every text."""
    every = [finding for target in health.targets for finding in target.findings]
    now = [finding for finding in every if finding.change != "resolved"]
    plain: dict[str, Any] = _plain(
        {
            "schema": HEALTH_SCHEMA,
            "exit_code": health.exit_code,
            "evaluated_at": health.evaluated_at,
            "tool": health.tool,
            "first": health.first,
            "last_run": health.last_run or None,
            "seconds": round(health.seconds, 3),
            "counts": {
                "targets": {
                    state: sum(target.state == state for target in health.targets) for state in get_args(TargetState)
                },
                "changes": {change: sum(row.change == change for row in every) for change in get_args(Change)},
                "effects": {effect: sum(row.effect == effect for row in now) for effect in get_args(Effect)},
                "suppressed": sum(finding.suppressed is not None for finding in now),
            },
            "targets": [_target_health(target) for target in health.targets],
            "suppressions": [_suppression(row) | {"used": row.used} for row in health.suppressions],
            "gone": health.gone,
            "warnings": health.warnings,
            "undelivered": health.undelivered,
        }
    )
    for row, target in zip(plain["targets"], health.targets, strict=True):
        row["report"] = None if target.report is None else to_json(target.report)
    return plain


def _target_health(target: TargetHealth) -> dict[str, Any]:
    return {
        "name": target.name,
        "resources": target.resources,
        "state": target.state,
        "since": target.since,
        "was": target.was,
        "was_since": target.was_since or None,
        "reason": target.reason,
        "last_read": target.last_read or None,
        "seconds": round(target.seconds, 3),
        "source": target.source,
        "findings": [_health_finding(finding) for finding in target.findings],
        "attempts": target.attempts,
        "refused": target.refused,
        **({"traceback": target.traceback} if target.traceback else {}),
    }


def _health_finding(finding: HealthFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "resource": finding.resource,
        "effect": finding.effect,
        "headline": finding.headline,
        "change": finding.change,
        "since": finding.since,
        "fingerprint": finding.fingerprint,
        "cloud": finding.cloud or None,
        "confidence": finding.confidence,
        "fix": finding.fix,
        "at": finding.at or None,
        "checked": finding.checked or None,
        "was": finding.was or None,
        "until": finding.until or None,
        "suppressed": None if finding.suppressed is None else _suppression(finding.suppressed),
    }


def _suppression(row: Suppression) -> dict[str, Any]:
    return {
        "code": row.code,
        "resource": row.resource,
        "target": row.target or None,
        "reason": row.reason,
        "owner": row.owner,
        "until": row.until,
        "at": row.at or None,
        "expired": row.expired,
    }


def as_text(plain: dict[str, Any]) -> str:
    """Return plain JSON values as a text that encodes as UTF-8 and contains no control characters of a terminal."""
    text = json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False)
    text = _NUMBERS.sub(lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text)
    return _UNSEEN.sub(_escape, text) + "\n"


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]


def _proposed(report: Report, proposed: Proposed) -> dict[str, Any]:
    return {
        "files": list(proposed.files),
        "headline": proposed.headline,
        "present": present_line(report)[1],
        "objections": list(proposed.objections),
        "documents": [row._asdict() for row in proposed.documents],
        "workloads": [{name: _or_null(value) for name, value in row._asdict().items()} for row in proposed.workloads],
        "accesses": [{name: _or_null(value) for name, value in row._asdict().items()} for row in proposed.accesses],
        "others": [row._asdict() for row in proposed.others],
        "tried": proposed.tried,
        "still_open": proposed.still_open,
        "unknown_values": proposed.unknown_values,
        "incomplete": proposed.incomplete,
        "notes": proposed.notes,
    }


def _or_null(value: Any) -> Any:
    return None if value == "" else value


def _alone(alone: Alone) -> dict[str, Any]:
    return {
        "thing": alone.thing,
        "headline": alone.headline,
        "facts": [
            {"part": part.title, "name": line.label, "value": line.text, "sign": line.sign}
            for part in alone.parts
            for line in part.lines
        ],
        "possible_causes": [cause._asdict() for cause in alone.causes],
        "also_possible": alone.further,
        "order": alone.order,
        "commands": [{"run": one.run, "why": one.why} for one in alone.commands],
        "next": alone.ask,
    }


def _exchange(report: Report, exchange: Exchange) -> dict[str, Any]:
    settled_by = _settled_by(report, exchange)
    return {
        "id": exchange.id,
        "cloud": exchange.cloud,
        "target_name": exchange.target_name,
        "resource": exchange.resource,
        "subject": exchange.subject,
        "claims_from": exchange.claims_from,
        "prediction": exchange.prediction,
        "step": exchange.step,
        "error": exchange.error,
        "assumed": exchange.assumed,
        "steps": [{"id": step.id, "state": step.state, "at": step.at, "note": step.note} for step in exchange.steps],
        "trace": exchange.trace,
        "token": exchange.token,
        "last_attempt": exchange.last_attempt,
        **({"settled_by": settled_by} if settled_by else {}),
        **({"allows": [_allowed(row) for row in exchange.allows]} if exchange.allows else {}),
    }


def _settled_by(report: Report, exchange: Exchange) -> list[dict[str, Any]]:
    """Return the files that settle the unknown steps; a step with a suspicion is settled as its cause says."""
    if all(step.state != "unknown" for step in exchange.steps):
        return []
    from oidc_doctor.report.parts.coverage import settling  # late: only needed for unknown steps

    suspected = {cause.step for cause in report.causes if cause.exchange == exchange.id and cause.settle}
    rows = [
        {"file": file, "steps": [step for step in steps if step not in suspected], "command": command or None}
        for file, steps, command in settling(report, exchange)
    ]
    return [row for row in rows if row["steps"]]


def _allowed(row: AllowedSubjects) -> dict[str, Any]:
    return {"required": dict(row.required), "open_to": list(row.open_to), "pattern": row.pattern, "at": row.at}


def _access(exchange: str, row: AccessDecision) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "service": row.need.service,
        "action": row.need.action,
        "resource": str(row.need.resource),
        "asked_by": None if row.need.asked_by is None else str(row.need.asked_by),
        "decision": row.decision,
        "by": row.by or None,
        "location": None if row.location is None else str(row.location),
        "note": row.note,
        "trace": list(row.trace),
        "second_opinion": None
        if row.second is None
        else {"by": row.second.by, "decision": row.second.decision, "at": str(row.second.at)},
    }


def _cause(report: Report, cause: Cause) -> dict[str, Any]:
    differs = None
    if cause.expected is not None or cause.actual is not None:
        differs = {"expected": _side(cause.expected), "actual": _side(cause.actual)}
    return {
        "code": cause.code,
        "name": cause.name,
        "cloud": cause.cloud,
        "exchange": cause.exchange,
        "position": cause.position,
        "confidence": cause.confidence,
        "status": cause.status,
        "summary": summary(cause, report.evaluated_at),
        "location": str(cause.clause),
        "differs": differs,
        "confirmed_by": cause.confirmed_by,
        "since": cause.timing.since,
        "since_basis": cause.timing.since_basis,
        "until": cause.timing.until,
        "change": cause.timing.change,
        "token_change": cause.timing.token_change,
        "mended_by": cause.timing.mended_by,
        "repairs_refused": list(cause.timing.repairs_refused),
        "boundary": cause.timing.boundary,
        "session": cause.timing.session,
        "refused_since": cause.timing.refused_since,
        "accepted_before": cause.timing.accepted_before,
        "kinds_of_token": cause.timing.kinds,
        "refused_of_this_kind": cause.timing.refused_of_kind,
        "step": cause.step,
        "at": cause.at,
        "fix": cause.named.fix,
        "commands": cause.named.commands,
        "settle": cause.settle,
        "contradicts_observed": cause.contradicts_observed,
    }


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    spans = [] if contains_secret(side.value) else side.spans  # the removal of a secret changes the positions
    return {"value": side.value, "spans": spans, "at": _place(side)}


def _place(side: Side) -> str | None:
    return None if side.at is None else str(side.at)


def _check(row: CheckRow) -> dict[str, Any]:
    members: dict[str, Any] = {
        "code": row.code,
        "name": row.name,
        "status": row.status,
        "effect": row.effect,
        "reason": row.reason,
        "findings": [
            {
                "message": finding.message,
                "expected": finding.expected and {"value": finding.expected.value, "at": _place(finding.expected)},
                "actual": finding.actual and {"value": finding.actual.value, "at": _place(finding.actual)},
                "fix": finding.fix,
                **({"commands": list(finding.commands)} if finding.commands else {}),
                **(
                    {"cloud": finding.cloud, "target": finding.target, "opens_to": finding.opens_to}
                    if finding.opens_to
                    else {}
                ),
            }
            for finding in row.findings
        ],
    }
    if row.traceback:
        members["traceback"] = row.traceback
    return members


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "cloud": row.cloud,
        "target": row.target,
        "provider": row.provider,
        "subject": row.subject,
        "audience": row.audience,
        "outcome": row.outcome,
        "error": row.error,
        "count": row.count,
        "first_seen": row.first_seen,
        "last_seen": row.last_seen,
        "replay": row.replay,
        "cause": row.cause,
        "event_ids": row.event_ids,
        "step": row.step,
        "family": row.family,
        "subjects": row.subjects,
        "callers": row.callers,
        "regions": row.regions,
        "rate_per_hour": row.rate_per_hour,
        "counts": _without_last_zeros(row.counts),
        "inferred_from": row.inferred_from,
        "principal": row.principal,
    }


def _without_last_zeros(counts: list[int]) -> list[int]:
    """Return the counts up to the last bucket with an attempt: most signatures are in few of the window's buckets."""
    last = max((index for index, count in enumerate(counts) if count), default=-1)
    return counts[: last + 1]


def _plain(value: Any, depth: int = 0) -> Any:
    """Convert `value` to JSON types. Claims and traces may contain NaN, bytes and sets."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return forbid_tokens(value)
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # "nan", "inf": JSON has no such numbers
    if isinstance(value, bytes):
        return forbid_tokens(value.decode("utf-8", "backslashreplace"))
    if depth >= _DEEPEST:
        return "[nested too deep to show]"
    if isinstance(value, Mapping):
        return {
            forbid_tokens(_key(key)): _plain(secret_or(_key(key), item, value) or item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple) and not isinstance(value, Origin):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, set | frozenset):
        return [_plain(item, depth + 1) for item in sorted(value, key=str)]
    return forbid_tokens(str(value))  # an Origin, a path


def _key(key: object) -> str:
    return str(key.value if isinstance(key, Enum) else key)
