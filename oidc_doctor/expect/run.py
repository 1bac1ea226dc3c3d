"""Judge the expectations of a file on the targets of the evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import __version__
from oidc_doctor.expect import calls, reasons
from oidc_doctor.expect.audiences import (
    Audience,
    Judged,
    accepted_with,
    audiences_of,
    is_about_audience,
    is_of_unread_list,
    with_each,
)
from oidc_doctor.expect.decide import Decision, is_of_identity, refuses_everyone
from oidc_doctor.expect.outsiders import insiders_of
from oidc_doctor.expect.strangers import SharedStrangers, bases_of, own_cases, try_strangers
from oidc_doctor.expect.targets import ExpectTarget, chosen
from oidc_doctor.expect.tokens import Drafted, tokens_of
from oidc_doctor.issuers.characters import listed
from oidc_doctor.judge.profiles import configured_issuers, profile_of
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model.expectations import Decided, ExpectationResult, Expectations, Expects, Outcome
from oidc_doctor.model.steps import CLOUDS

if TYPE_CHECKING:
    from oidc_doctor.documents.expect_file import Expectation, ExpectedCall, ExpectedToken
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.evidence import TargetEvidence

_GRAVITY: dict[Outcome, int] = {"broken": 0, "unknown": 1, "met": 2}
_FEW = 3  # kinds of strangers that a sentence names
_BROKEN, _UNKNOWN = 1, 3  # exit codes


def run(tables: Sequence[Expectation], targets: Sequence[ExpectTarget], file: str, at: float | None) -> Expectations:
    """Judge every expectation. `at` is the examined instant in epoch seconds. Raises TargetError."""
    pairs = [(table, target) for table in tables for target in chosen(table, targets)]
    shared: dict[int, _Shared] = {}  # by the id of a target's case
    result = Expectations(0, rfc3339(time.time() if at is None else at), _tool(), file)
    for table, target in pairs:
        for case in target.cases:
            if id(case) not in shared:
                shared[id(case)] = _Shared(SharedStrangers(case), {})
            one = _OnTarget(table, target, case, shared[id(case)])
            result.results += list(one.results())
            result.assumed += [what for what in one.assumed if what not in result.assumed]
    result.exit_code = _BROKEN if result.count("broken") else _UNKNOWN if result.count("unknown") else 0
    return result


def judge_table(table: Expectation, target: ExpectTarget, case: Case) -> Iterator[ExpectationResult]:
    """Yield the results of one table on one target and cloud."""
    return _OnTarget(table, target, case, _Shared(SharedStrangers(case), {})).results()


def _tool() -> dict[str, str]:
    return {"name": "oidc-doctor", "version": __version__}


class _Shared(NamedTuple):
    """What the tables about one target share in one cloud."""

    strangers: SharedStrangers
    own: dict[str, list[Case]]  # with the tokens that the configuration's own values name, by the audience of the table


class _Row(NamedTuple):
    """What a row of the result is about."""

    expects: Expects
    written: str
    at: Origin
    is_table: bool = False  # of claims


class _OnTarget:
    """A table on one target and cloud."""

    def __init__(self, table: Expectation, target: ExpectTarget, case: Case, shared: _Shared) -> None:
        self.table = table
        self.target = target
        self.case = case
        self.shared = shared
        self.assumed: list[str] = []
        self.bases: list[Case] = []  # with the token of each accepted entry
        self._controls: list[Case] | None = None

    @property
    def evidence(self) -> TargetEvidence:
        """The evidence of the cloud: an issuer that the other cloud trusts is not meant."""
        evidence = self.case.evidence
        one = evidence._replace(gcp=None) if self.case.cloud == "aws" else evidence._replace(aws=None)
        of_cloud = one._replace(target=one.target._replace(issuer=None))
        return of_cloud if len(configured_issuers(of_cloud)) > 1 else evidence

    def results(self) -> Iterator[ExpectationResult]:
        yield from (self._accepted(entry) for entry in self.table.accepted)
        yield from (self._refused(entry) for entry in self.table.refused)
        if self.table.strangers:
            yield self._strangers()
        asked: tuple[tuple[Expects, tuple[ExpectedCall, ...]], ...] = (
            ("allowed", self.table.allowed),
            ("denied", self.table.denied),
        )
        for expects, asked_calls in asked:
            for call in asked_calls:
                if calls.cloud_of(call) == self.case.cloud:
                    yield self._call(expects, call)
                elif not any(calls.cloud_of(call) == other.cloud for other in self.target.cases):
                    yield self._of_other_cloud(expects, call)

    # Tokens

    def _accepted(self, entry: ExpectedToken) -> ExpectationResult:
        about = _Row("accepted", str(entry), entry.at, bool(entry.claims))
        draft = tokens_of(entry, self.evidence, self.table.issuer)
        if not draft.tokens:
            return self._lacking(about, draft)
        judged = [self._accepted_with(case) for case in self._cases(draft)]
        self.bases += [row.decision.case for row in judged]
        rows = [self._of_accepted(about, row) for row in judged]
        return self._together(about, rows)

    def _accepted_with(self, case: Case) -> Judged:
        return accepted_with(case, audiences_of(case, self.table.audience))

    def _of_accepted(self, about: _Row, judged: Judged) -> ExpectationResult:
        decision, audience = judged
        if decision.prediction == "accepted":
            self._assume(decision)
            return self._row(about, "met", "accepted", judged)
        if decision.prediction == "unknown":
            return self._row(about, "unknown", "unknown", judged, reasons.of_open(decision, is_table=about.is_table))
        if audience.source == "policy" and is_about_audience(decision) and audience.value:
            return self._row(about, "unknown", "unknown", judged, self._of_audience(decision, audience))
        return self._row(about, "broken", "refused", judged, reasons.of_refusal(decision))

    def _of_audience(self, decision: Decision, audience: Audience) -> reasons.Said:
        own = decision.case.token.claims.get("aud", "")
        if own == audience.value:
            return reasons.Said(
                f"The trust policy refuses this subject with the audience {own}, which the policy alone names. The "
                "evidence does not show which audience the workload requests.",
                'Add aud = "…" to the entry, and azp = "…" if the tokens have one.',
            )
        return reasons.Said(
            f"The trust policy accepts this subject with the audience {audience.value}, and refuses it with {own}, "
            "the usual one. The evidence does not show which of them the workload requests.",
            f'Add audience = "{audience.value}" to the table if the workload requests it.',
        )

    def _refused(self, entry: ExpectedToken) -> ExpectationResult:
        about = _Row("refused", str(entry), entry.at, bool(entry.claims))
        draft = tokens_of(entry, self.evidence, self.table.issuer)
        if not draft.tokens:
            return self._lacking(about, draft)
        rows = [self._of_refused(about, case) for case in self._cases(draft)]
        return self._together(about, rows)

    def _of_refused(self, about: _Row, case: Case) -> ExpectationResult:
        judged = list(with_each(case, audiences_of(case, self.table.audience)))
        for prediction in ("accepted", "unknown"):
            for row in judged:
                if row.decision.prediction == prediction == "accepted":
                    if not self.table.audience and is_of_unread_list(row):
                        return self._row(about, "unknown", "unknown", row, _OF_UNREAD_LIST)
                    self._assume(row.decision)
                    return self._row(about, "broken", "accepted", row, reasons.of_acceptance(row.decision))
                if row.decision.prediction == prediction:
                    return self._row(
                        about, "unknown", "unknown", row, reasons.of_open(row.decision, is_table=about.is_table)
                    )
        for row in judged:
            named = row.audience.source == "file"
            if is_of_identity(row.decision, named_audience=named, controls=self.controls):
                return self._row(about, "met", "refused", row)
        first = next((row for row in judged if not is_about_audience(row.decision)), judged[0])
        return self._row(about, "unknown", "refused", first, self._of_every_token(first.decision))

    def _of_every_token(self, decision: Decision) -> reasons.Said:
        said = reasons.of_refusal(decision)
        step = reasons.step_title(decision, decision.refusals[0].step)
        cloud = CLOUDS[self.case.cloud]
        if refuses_everyone(decision, self.controls):
            reason = f"{cloud} refuses every token at the step {step}: the decision on this one alone is not known."
        else:
            reason = (
                f"{cloud} refuses this token at the step {step}, and no token is known that passes there: the refusal "
                "may be of every token."
            )
        return said._replace(reason=reason, fix=said.fix or "Add a subject to `accepted` that the trust is meant for.")

    @property
    def controls(self) -> list[Case]:
        """Cases with tokens that the table and the configuration's own values name."""
        if self._controls is None:
            self._controls = [*self.bases, *self.own]
        return self._controls

    @property
    def own(self) -> list[Case]:
        """Cases with tokens that the configuration's own values name."""
        audience = self.table.audience
        if audience not in self.shared.own:
            self.shared.own[audience] = own_cases(self.case, audience)
        return self.shared.own[audience]

    def _strangers(self) -> ExpectationResult:
        about = _Row("strangers", "strangers", self.table.strangers_at)
        bases = bases_of(self.bases, self.own)
        if self.table.insiders:
            tenants = dict.fromkeys(insiders_of(case.profile) for case in bases)
            if bases and self.table.insiders not in tenants:
                return self._of_wrong_insiders(about, [name for name in tenants if name])
        tried = try_strangers(bases, self.shared.strangers, self.table.insiders)
        if not bases and (self.bases or self.own):
            tried = tried._replace(why_none="the configuration refuses each token that strangers derive from")
        row = self._row(about, "met", "refused", None)._replace(tried=tried.tried, strangers=tried.passed)
        accepted = [stranger for stranger in tried.passed if stranger.decision == "accepted"]
        if accepted and tried.decision is not None:
            if not self.bases:
                self._assume(tried.decision)
            kinds = list(dict.fromkeys(stranger.who for stranger in accepted))
            more = f" and {len(kinds) - _FEW} more kinds" if len(kinds) > _FEW else ""
            said = reasons.of_acceptance(tried.decision, "strangers", tried.within)
            reason = (
                f"{CLOUDS[self.case.cloud]} accepts synthetic tokens of strangers: {', '.join(kinds[:_FEW])}{more}."
            )
            return row._replace(outcome="broken", decided="accepted", reason=reason, fix=said.fix, place=said.place)
        if tried.passed and tried.decision is not None:
            is_open = tried.decision.prediction == "unknown"
            said = reasons.of_open(tried.decision) if is_open else self._of_every_token(tried.decision)
            claims = reasons.missing_claims(tried.decision)
            if claims:
                said = self._of_unknown_claims(claims)
            reason = (
                said.reason or f"The evidence does not show whether {CLOUDS[self.case.cloud]} refuses each stranger."
            )
            return _with_reason(row, said._replace(reason=reason))._replace(outcome="unknown", decided="unknown")
        if tried.cut_short:
            reason = "The configuration is so long that not all strangers were tried."
            fix = "Split the trust into shorter policies, or name fewer subjects in the table."
            return row._replace(outcome="unknown", decided="unknown", reason=reason, fix=fix)
        if not tried.tried:
            why = tried.why_none or "no synthetic token could be made"
            reason = f"No stranger was tried: {why}."
            fix = "Add a subject to `accepted`; oidc-doctor expect --learn writes those that the logs show."
            return row._replace(outcome="unknown", decided="unknown", reason=reason, fix=fix)
        return row

    def _of_unknown_claims(self, claims: list[str]) -> reasons.Said:
        noun = "claim" if len(claims) == 1 else "claims"
        return reasons.Said(
            f"The decision on strangers depends on the {noun} {listed(claims)}: their tokens may have any value there.",
            "Add a condition on the subject, or on a claim that names its owner.",
        )

    def _of_wrong_insiders(self, about: _Row, tenants: list[str]) -> ExpectationResult:
        row = self._row(about, "unknown", "unknown", None)
        known = f"is {listed(tenants)}" if tenants else "is not known for this issuer"
        return row._replace(
            reason=f"The key insiders is {self.table.insiders}, and the part that names the tenant {known}.",
            fix=f'Write insiders = "{tenants[0]}".' if tenants else "Remove the key insiders.",
        )

    # Calls

    def _call(self, expects: Expects, call: ExpectedCall) -> ExpectationResult:
        about = _Row(expects, str(call), call.at)
        rows = [self._of_call(about, calls.judge_call(case, call)) for case in self.bases or [self.case]]
        return min(rows, key=lambda row: _GRAVITY[row.outcome])

    def _of_call(self, about: _Row, answer: calls.CallAnswer) -> ExpectationResult:
        subject = answer.case.token.subject or ""
        row = self._row(about, "met", answer.decision, None)._replace(subject=subject)
        if answer.decision == about.expects:
            return row
        deciding = answer.deciding
        place = deciding.location if deciding is not None else None
        if answer.decision == "unknown":
            note = deciding.note if deciding is not None else ""
            action = deciding.need.action if deciding is not None else ""
            reason = answer.why or f"The policies that were read do not decide {action}."
            fix = f"To settle the decision, add {note}." if note else calls.ADD[self.case.cloud]
            return row._replace(outcome="unknown", reason=reason, fix=fix, place=place)
        if about.expects == "denied":
            reason = f"{CLOUDS[self.case.cloud]} allows the call: a policy that was read grants it."
            return row._replace(outcome="broken", reason=reason, fix="Narrow or remove the grant.", place=place)
        assert answer.trace is not None  # noqa: S101 - a denied call was judged
        decision = Decision(answer.case, answer.trace, "refused")
        said = reasons.of_denial(decision)
        return _with_reason(row, said._replace(place=said.place or place))._replace(outcome="broken")

    def _of_other_cloud(self, expects: Expects, call: ExpectedCall) -> ExpectationResult:
        cloud = CLOUDS[calls.cloud_of(call)]
        row = self._row(_Row(expects, str(call), call.at), "unknown", "unknown", None)
        return row._replace(
            reason=f"The call is one of {cloud}, and the evidence of this target has no configuration of it.",
            fix=f"Name a target of {cloud}, or add its evidence.",
        )

    # Rows

    def _cases(self, draft: Drafted) -> list[Case]:
        """Return the case with each token of a draft."""
        evidence = self.case.evidence
        return [
            self.case._replace(token=token, profile=profile_of(evidence, token), explain=True) for token in draft.tokens
        ]

    def _lacking(self, about: _Row, draft: Drafted) -> ExpectationResult:
        title = draft.profile.title if draft.profile else "the issuer"
        row = self._row(about, "unknown", "unknown", None)
        return row._replace(
            reason=f"The subject that {title} writes for these claims is not known: {draft.lacking}.",
            fix='Correct or add the claims, or write the subject itself: sub = "…".',
        )

    def _together(self, about: _Row, rows: list[ExpectationResult]) -> ExpectationResult:
        """Return the row of an entry that may mean several tokens: if they differ, it is unknown which one decides."""
        if len({row.outcome for row in rows}) == 1:
            return rows[0]
        if len({row.subject for row in rows}) == 1:
            return self._row(about, "unknown", "unknown", None)._replace(
                reason="Several trusted issuers write such a subject, and the configuration does not decide alike on "
                "their tokens.",
                fix='Add issuer = "…" to the table, or iss = "…" to the entry.',
            )
        subjects = " and ".join(dict.fromkeys(row.subject for row in rows))
        return self._row(about, "unknown", "unknown", None)._replace(
            reason=f"The claims fit several subjects, and the decisions on them differ: {subjects}.",
            fix='Add the subject that the tokens have: sub = "…".',
        )

    def _row(
        self,
        about: _Row,
        outcome: Outcome,
        decided: Decided,
        judged: Judged | None,
        said: reasons.Said | None = None,
    ) -> ExpectationResult:
        row = ExpectationResult(
            expects=about.expects,
            outcome=outcome,
            target=self.target.shown_name(self.case.cloud),
            cloud=self.case.cloud,
            resource=self.target.resource(self.case.cloud),
            subject="",
            written=about.written,
            decided=decided,
            at=about.at,
            name=self.table.name,
        )
        if judged is not None:
            case = judged.decision.case
            value = case.token.claims.get("aud")
            is_shown = isinstance(value, str) and judged.audience.source != "file"
            row = row._replace(
                subject=case.token.subject or "",
                audience=str(value) if is_shown else "",
                audience_from=judged.audience.words(case) if is_shown else "",
            )
        if said is not None:
            row = _with_reason(row, said)
        return row

    def _assume(self, decision: Decision) -> None:
        self.assumed += [what for what in decision.assumed if what not in self.assumed]


_OF_UNREAD_LIST = reasons.Said(
    "The trust policy accepts this token with any audience, and the ClientIDList of the OIDC provider was not read.",
    "Add aws/oidc-provider.json to the evidence, or a condition on the audience to the trust policy.",
)


def _with_reason(row: ExpectationResult, said: reasons.Said) -> ExpectationResult:
    return row._replace(
        reason=said.reason,
        fix=said.fix,
        commands=said.commands,
        cause=said.cause,
        place=said.place,
        unknown_values=said.unknown_values,
    )
