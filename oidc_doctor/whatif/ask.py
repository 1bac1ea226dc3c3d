"""Judge an exchange again with edited documents or claims, and compare with the original decision.

An edit yields a Case, which `evaluate` and `diagnose` decide, as for a report. Nothing is ever written to a cloud. The
texts are typed by the user or pasted, and untrusted.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.token import parse_token
from oidc_doctor.examine.exchange_rows import exchange_row
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import Diagnosis, contradicts_observed, diagnose, name_refusals, readings_for
from oidc_doctor.findings.strangers import EditReach, edit_reach
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.keys import check_keys
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.model.document import Document, Json, Origin
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.json_pointer import line_of, pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import Cause
from oidc_doctor.model.steps import NOT_REACHED, PASSED, PASSED_BY_ERROR, REFUSED, STEPS, position
from oidc_doctor.whatif.edits import (
    Problem,
    UnreadableCel,
    apply,
    missing_times,
    problem_of_cel,
    problem_of_json,
    problem_of_objection,
)
from oidc_doctor.whatif.marks import TextMark, deciding_marks
from oidc_doctor.whatif.parts import (
    KINDS,
    KindId,
    Part,
    PartId,
    editable,
    json_text,
    parts_of,
    parts_of_document,
    without_layout,
)

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case, Reading
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.report import Exchange, FixRow, StepRow
    from oidc_doctor.model.steps import Cloud

_COMPACT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2}")
_SIGNED = "taken as signed by the issuer, like the token that was read"


@dataclass(frozen=True)
class Answer:
    """The decision on a set of edits. `diagnosis` is None if a text cannot be read; `problems` says why."""

    edits: Mapping[PartId, str]
    diagnosis: Diagnosis | None
    causes: tuple[Cause, ...] = ()
    problems: tuple[Problem, ...] = ()
    changed: frozenset[PartId] = frozenset()  # parts whose content differs, not only their layout

    @property
    def exchange(self) -> Exchange | None:
        """The decision as a row of the report, with its trace. Lines are those of the edited text."""
        return exchange_row("", self.diagnosis) if self.diagnosis else None


class StepChange(NamedTuple):
    """A step before and after the edits; `after` is None without a decision."""

    id: str
    title: str
    before: StepRow
    after: StepRow | None

    @property
    def changed(self) -> bool:
        """Return whether the edits change the state of the step."""
        return self.after is not None and self.after.state != self.before.state


class WhatIf:
    """An exchange and its editable parts, without edits: every call of `ask` passes all edits."""

    def __init__(self, diagnosis: Diagnosis, accepted: Sequence[str] = (), fixes: Sequence[FixRow] = ()) -> None:
        """`accepted`: subjects accepted in the logs. `fixes`: the report's rows for this exchange."""
        self.case: Case = diagnosis.case
        self.cloud: Cloud = diagnosis.case.cloud
        self.accepted = tuple(accepted)
        self.present = Answer({}, diagnosis, _causes(diagnosis))
        self.parts: tuple[Part, ...] = parts_of(self.case)
        self._values = {part.id: without_layout(part, part.text) for part in self.parts}
        codes = {cause.code for cause in self.present.causes}
        self.fixes = tuple(fix for fix in fixes if fix.for_ in codes)

    def part(self, part: PartId) -> Part:
        """Return a part by its id. Raises KeyError if this exchange has none."""
        for present in self.parts:
            if present.id == part:
                return present
        raise KeyError(part)

    def ask(self, edits: Mapping[PartId, str]) -> Answer:
        """Return the decision with these texts instead of the original ones. Raises nothing, whatever the texts."""
        case = self.case
        problems: list[Problem] = []
        changed: set[PartId] = set()
        for name, text in edits.items():
            part = self.part(name)
            if not text.strip() and not part.text.strip():
                continue  # the part is absent and was not edited
            try:
                case, objections = apply(case, part, text, signature_wrong=self._signature_wrong())
            except Unreadable as error:
                problems.append(problem_of_json(part, error))
                continue
            except UnreadableCel as unreadable:
                problems.append(problem_of_cel(part, text, unreadable))
                continue
            problems += [problem_of_objection(part, text, objection) for objection in objections]
            if without_layout(part, text) != self._values[name]:
                changed.add(name)
        if any(problem.kind == "unreadable" for problem in problems):
            return Answer(dict(edits), None, problems=tuple(problems), changed=frozenset(changed))
        if "claims" in changed:
            case = case._replace(profile=profile_of(case.evidence, case.token))
            problems.append(Problem("claims", "note", _SIGNED))
        if changed:
            case = self._without_readings(case, min(position(self.cloud, self.part(part).step) for part in changed))
        diagnosis = diagnose(case, evaluate(case))
        causes = tuple(_read_in_edit(cause, changed) for cause in _causes(diagnosis))
        return Answer(dict(edits), diagnosis, causes, tuple(problems), frozenset(changed))

    def steps(self, answer: Answer) -> list[StepChange]:
        """Return each step before and after the edits."""
        assert self.present.diagnosis is not None  # noqa: S101 - the present answer always has a diagnosis
        after = {row.id: row for row in answer.diagnosis.rows} if answer.diagnosis else {}
        titles = {step.id: step.title for step in STEPS[self.cloud]}
        return [StepChange(row.id, titles[row.id], row, after.get(row.id)) for row in self.present.diagnosis.rows]

    def diff(self, edits: Mapping[PartId, str], part: PartId) -> list[str]:
        """Return the diff of the edited text of the part: lines that start with `-`, `+` or a space. Not escaped."""
        before, after = self.part(part).text.splitlines(), edits.get(part, self.part(part).text).splitlines()
        lines = difflib.unified_diff(before, after, lineterm="", n=2)
        return [line for line in lines if not line.startswith(("---", "+++"))]

    def deciding(self, answer: Answer, part: PartId) -> tuple[TextMark, ...]:
        """Return the pieces of the edited text that refuse the exchange."""
        diagnosis = answer.diagnosis
        edited = self.part(part)
        decides = edited.step == "permission" or (diagnosis is not None and diagnosis.prediction != "accepted")
        if diagnosis is None or not decides:
            return ()
        return deciding_marks(diagnosis, edited, answer.edits.get(part, edited.text))

    def first_line(self, edits: Mapping[PartId, str], part: PartId) -> int:
        """Return the line, from 1, to show first: the first edited line, otherwise the first deciding line."""
        before, after = self.part(part).text.splitlines(), edits.get(part, self.part(part).text).splitlines()
        if before != after:
            pairs = enumerate(zip(before, after, strict=False), 1)
            return next((number for number, (old, new) in pairs if old != new), min(len(before), len(after)) + 1)
        return next((mark.line for mark in self.deciding(self.present, part)), 1)

    def line_of_claim(self, name: str, text: str) -> int:
        """Return the line, from 1, of a claim in a text of claims."""
        return line_of(text, pointer_segment(name)) or 1

    def reach(self, answer: Answer) -> EditReach | None:
        """Return the other subjects that the edit allows or denies.

        None if the edit affects only this token, or only session permissions, which accept no further subject.
        Slower than `ask`: it judges every subject.
        """
        if answer.diagnosis is None or not answer.changed - {"claims"} or "claims" in answer.changed:
            return None
        if all(self.part(part).step == "permission" for part in answer.changed):
            return None
        return edit_reach(self.case._replace(readings=()), answer.diagnosis.case._replace(readings=()), self.accepted)

    @property
    def proposals(self) -> list[dict[PartId, str]]:
        """Return the proposed fixes as edits, except those that change a document outside this exchange."""
        whole: dict[str, dict[PartId, str]] = {}
        for code in dict.fromkeys(fix.for_ for fix in self.fixes):
            edits = [self.edits_of(fix) for fix in self.fixes if fix.for_ == code]
            if all(edits):
                whole[code] = {part: text for edit in edits for part, text in edit.items()}
        return list(whole.values())

    def edits_of(self, fix: FixRow) -> dict[PartId, str]:
        """Return one row of a fix as an edit; empty if it changes a document that is no part of this exchange."""
        try:
            value = json.loads(fix.document)
        except ValueError:
            return {}
        is_new = fix.kind == "create" and not fix.file.startswith("aws/role-policies/")
        if not isinstance(value, dict) or is_new or self._changes_what_is_no_part(value):
            return {}
        edits = parts_of_document(value, fix.document, fix.file)
        present = {part.id: part for part in self.parts}
        changed = {
            name: text
            for name, text in edits.items()
            if name in present and without_layout(present[name], text) != self._values[name]
        }
        return changed if edits.keys() <= present.keys() else {}

    def _changes_what_is_no_part(self, document: dict[str, Json]) -> bool:
        """Whether a provider's document differs in state or issuer, which What-if does not edit."""
        gcp = self.case.evidence.gcp
        provider = gcp.provider if gcp is not None else None
        if not isinstance(provider, GcpProvider) or not isinstance(document.get("oidc"), dict):
            return False
        state = bool(document.get("disabled")), document["oidc"].get("issuerUri")
        return state != (provider.disabled, provider.issuer_uri)

    def pasted(self, text: str) -> tuple[str, Token]:
        """Return the claims of a pasted token as an editable text, and the token without its raw form.

        The signature is checked against the keys that were read, then discarded; header, claims and `verified` stay.
        Never raises; a token that cannot be read has a `fault`.
        """
        joined = "".join(text.split())  # a token that is copied from a terminal may contain line breaks
        token = parse_token(joined if _COMPACT.fullmatch(joined) else text, Origin("the pasted token"), "pasted")
        if token.kind == "jwt":
            jwks = self.case.evidence.issuer.jwks
            verified = None
            if not token.fault_kind and isinstance(jwks, Document):
                result = check_keys(self.cloud, token, jwks)
                if result.checked and result.kind in (None, Kind.SIGNATURE_INVALID):
                    header = token.header or {}
                    verified = {"signature": result.kind is None, "kid": header.get("kid"), "alg": header.get("alg")}
            token = _without_raw_form(token, verified)
        return editable(json_text(token.claims)), token

    def with_token(self, token: Token) -> WhatIf:
        """Return the same exchange with another token."""
        case = self._without_readings(
            self.case._replace(token=token, profile=profile_of(self.case.evidence, token)),
            position(self.cloud, KINDS["claims"].step),
        )
        return WhatIf(diagnose(case, evaluate(case)), self.accepted)

    def _signature_wrong(self) -> bool:
        refusals = self.present.diagnosis.refusals if self.present.diagnosis is not None else ()
        return any(refusal.kind is Kind.SIGNATURE_INVALID and refusal.certain for refusal in refusals)

    def _without_readings(self, case: Case, first: int) -> Case:
        """Return the case without observed errors that the edit makes obsolete; steps that they prove remain passed."""
        assert self.present.diagnosis is not None  # noqa: S101 - the present answer always has a diagnosis

        def earlier(reading: Reading) -> bool:
            return bool(reading.steps) and all(position(self.cloud, step) < first for step in reading.steps)

        rows = self.present.diagnosis.rows
        shown = {row.id for row in rows if row.state == PASSED_BY_ERROR and position(self.cloud, row.id) < first}
        return case._replace(
            readings=tuple(reading for reading in readings_for(case) if earlier(reading)), shown_passed=frozenset(shown)
        )


def _causes(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    checks = run_checks.by_kind(packs.all_checks())
    return tuple(
        Cause("", named, contradicts_observed=contradicts_observed(diagnosis, named.refusal))
        for named in name_refusals(diagnosis, checks)
    )


_PLACES: dict[str, KindId] = {
    "/attributeCondition": "condition",
    "/attributeMapping": "mapping",
    "/oidc/allowedAudiences": "allowed-audiences",
    "/ClientIDList": "client-ids",
}


def _read_in_edit(cause: Cause, changed: Collection[PartId]) -> Cause:
    """Return the cause with places in the edited texts for edited values; other values keep their file."""

    def moved(side: Side | None) -> Side | None:
        at = side.at if side is not None else None
        part = next((part for place, part in _PLACES.items() if at is not None and place in at.pointer), None)
        if side is None or part is None or part not in changed:
            return side
        return side._replace(at=Origin(f"the edited {KINDS[part].title}"))

    expected, actual = moved(cause.expected), moved(cause.actual)
    if (expected, actual) == (cause.expected, cause.actual):
        return cause
    first = next((side.at for side in (expected, actual) if side is not None and side.at is not None), None)
    refusal = cause.named.refusal._replace(expected=expected, actual=actual, where=first)
    return cause._replace(named=cause.named._replace(refusal=refusal))


def _without_raw_form(token: Token, verified: dict[str, Json] | None) -> Token:
    if token.fault_kind:
        return token._replace(signing_input=b"", signature=b"")
    return token._replace(
        kind="decoded",
        signing_input=b"",
        signature=b"",
        verified=verified,
        verified_here=verified is not None,
        missing_claims=missing_times(token.claims),
        recorded=True,
    )


def moved_past(before: Diagnosis, after: Diagnosis) -> bool:
    """Return whether the refused step now passes, or the exchange is accepted."""
    if after.prediction == "accepted":
        return True
    if before.step is None:
        return False
    states = {row.id: row.state for row in after.rows}
    return states[before.step] in (PASSED, PASSED_BY_ERROR) or (
        states[before.step] == NOT_REACHED and after.trace.step(before.step).state != REFUSED
    )
