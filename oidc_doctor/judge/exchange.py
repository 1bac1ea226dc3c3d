"""Build the trace of one exchange: step results, refusals, and comparisons that missing evidence leaves open."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from oidc_doctor.judge.answers import usual_error
from oidc_doctor.model.access import AccessDecision
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Gap, Json, Origin
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder, is_left_out, may_equal, spans
from oidc_doctor.model.refusal import NO_CLAUSE, Clause, CloudError, Refusal, Side, StepResult, Trace
from oidc_doctor.model.steps import ASSUMED, PASSED, REFUSED, STEPS, UNKNOWN, Cloud, State
from oidc_doctor.model.unknown_value import DECIDING_FILES

if TYPE_CHECKING:
    from oidc_doctor.issuers.difference import Difference


_NUMBERED = re.compile(r"segment \d+")
_NO_FACTS: Mapping[str, str] = MappingProxyType({})
NO_TOKEN = "the whole token: none was given"


def same(left: str, right: str, *, pasted: bool) -> bool | None:
    """Whether two strings are equal; None if a placeholder in pasted evidence leaves it open."""
    if left == right:
        return True
    return may_equal(left, right) if pasted or is_left_out(left) or is_left_out(right) else False


def shown(value: Json) -> str:
    """Return a claim's value for display: text as it is, everything else as JSON."""
    import json

    if isinstance(value, str):
        return value
    if isinstance(value, Gap):
        return f"({value.value})"
    return json.dumps(value, ensure_ascii=False)


def without_gaps(exchange: ExchangeBuilder, text: str) -> str:
    """Remove placeholders from a configured value: the asterisks of a redaction are no wildcard."""
    if not exchange.pasted:
        return text
    for start, end in reversed(spans(text)):
        text = text[:start] + text[end:]
    return text


def plain_note(difference: Difference) -> str:
    """Return the difference in a few words for a headline; both values are shown below it."""
    return "" if difference.repeats_values else difference.note


def segment_noun(difference: Difference) -> str:
    """Return the name of the differing segment; empty for an unnamed segment, since users do not count segments."""
    name = difference.segment or ""
    return "" if _NUMBERED.fullmatch(name) else name.replace("_", " ")


class ExchangeBuilder:
    """Builds the trace of one case. Steps start as unknown and are settled in any order."""

    def __init__(self, case: Case, cloud: Cloud) -> None:
        self.case = case
        self.cloud: Cloud = cloud
        self.token = case.token
        self.given = case.token.given  # for the token itself, regardless of implied claims
        self.pasted = case.evidence.target.pasted
        # A compact JWT contains no placeholders: it is exactly what was sent
        self.token_pasted = case.token.kind in ("decoded", "hypothetical") and not case.token.recorded
        self.either_pasted = self.pasted or self.token_pasted
        self.results = {step.id: StepResult(step.id, UNKNOWN) for step in STEPS[cloud]}
        self.assumed: list[str] = [*case.evidence.plan_assumes]
        self.detail: dict[str, Any] = {}
        self.mapped: dict[str, str] = {}
        self.groups: list[str] | None = None  # Google: google.groups as mapped; None if unmapped
        self.common: dict[str, str] = {}  # facts shared by every refusal of this exchange
        self.unseen: set[Kind] = set()  # kinds of missing evidence
        self.accesses: list[AccessDecision] = []

    def settle(self, step: str, state: State, note: str = "", at: Origin | None = None) -> None:
        """Set a step's state, unless it already refuses."""
        result = self.results[step]
        if result.state == REFUSED or (result.refusals and state in (PASSED, ASSUMED)):
            return  # a step with an open suspicion does not pass
        result.state, result.note = state, note
        result.at = at or result.at

    def passed(self, step: str, note: str = "", at: Origin | None = None) -> None:
        """Settle the step as passed."""
        self.settle(step, PASSED, note, at)

    def assume(self, step: str, what: str) -> None:
        """Settle a step that no bundle can show as assumed; the report lists the assumption."""
        if what not in self.assumed:
            self.assumed.append(what)
        self.settle(step, ASSUMED, what)

    def refuse(  # noqa: PLR0913 - a record of what a refusal is made from
        self,
        kind: Kind,
        error: CloudError | None = None,
        /,
        *,
        step: str = "",
        expected: Side | None = None,
        actual: Side | None = None,
        certain: bool = True,
        location: Clause = NO_CLAUSE,
        where: Origin | None = None,
        settle: str = "",
        rank: int = 0,
        facts: Mapping[str, str] = _NO_FACTS,
        **more: str,
    ) -> None:
        """Record that a step refuses, or (not `certain`) that it may. `facts` are the named values for the message.

        `step` is needed only for a kind that can occur at several steps; `error` only if it is not the usual error of
        the step or kind.
        """
        step = step or kind.step_in(self.cloud)
        settle = settle if certain else self._settled_in_plan(step, expected, actual) or settle
        result = self.results[step]
        result.refusals.append(
            Refusal(
                self.cloud,
                step,
                kind,
                expected,
                actual,
                certain,
                location,
                where or (expected.at if expected else None) or (actual.at if actual else None),
                {**self.common, **facts, **more} | ({"in_plan": "assumed"} if self.case.evidence.plan_assumes else {}),
                error or usual_error(self.cloud, step, kind),
                settle,
                rank,
            )
        )
        if certain and result.state != REFUSED:
            result.state = REFUSED
            result.at = result.refusals[-1].where or result.at
        elif result.state not in (REFUSED, UNKNOWN):
            result.state = UNKNOWN

    def is_left_open(self, text: str) -> bool:
        """Whether a text of the configuration is a placeholder for a value that a plan leaves open."""
        return self.case.evidence.is_left_open(text)

    def _settled_in_plan(self, step: str, *sides: Side | None) -> str:
        """Return what makes the value known that a plan leaves open, and that a suspicion rests on; "" without one."""
        values = self.case.evidence.unknown_values
        texts = [side.value for side in sides if side is not None]
        named = [value for value in values if value.text and any(value.text in text for text in texts)]
        named = named or [value for value in values if value.place in DECIDING_FILES.get(step, ())]
        return named[0].sentence if named else ""

    def settle_permission(self, assumed: str) -> None:
        """Settle `permission` by the decisions on the needed calls; `assumed` is noted if all are allowed."""
        decisions = {row.decision for row in self.accesses}
        if decisions == {"allowed"}:
            self.assumed.append(assumed)
            self.passed("permission", "the policies that were read allow each call", self.accesses[0].location)
        elif "unknown" in decisions:
            open_ = next(row for row in self.accesses if row.decision == "unknown")
            self.settle("permission", UNKNOWN, f"{open_.need.action}: {open_.note}")

    def seen_at(self, step: str) -> bool:
        """Whether an observed error can come from this step."""
        return any(step in reading.steps and reading.cloud in (None, self.cloud) for reading in self.case.readings)

    def claim_side(self, name: str) -> Side:
        """Return the token's claim as a side of a difference."""
        return Side(shown(self.token.claim(name)), self.claim_origin(name))

    def claim_origin(self, name: str) -> Origin:
        """Return where a claim was read."""
        origin = self.token.origin
        if self.token.kind == "jwt":
            return Origin(origin.file, claim=name, of_token=True)
        if self.token.document is not None:
            return self.token.document.at(pointer_segment(name))._replace(claim=name, of_token=True)
        return origin._replace(pointer=f"{origin.pointer}/{name}", claim=name, of_token=True)

    def gap(self, *texts: str) -> bool:
        """Whether any of the strings contains a placeholder of pasted evidence, or was shortened by hand."""
        return any(is_left_out(text) or (self.pasted and has_placeholder(text)) for text in texts)

    def trace(self) -> Trace:
        """Return the finished trace, each step's certain refusals first."""
        for result in self.results.values():
            result.refusals.sort(key=lambda refusal: (not refusal.certain, refusal.rank))
        return Trace(
            self.cloud, list(self.results.values()), self.assumed, self.detail, self.mapped, self.unseen, self.accesses
        )
