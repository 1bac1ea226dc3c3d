"""What if: an exchange judged again with an edited document or edited claims, beside what was read.

An edit makes a Case, and `evaluate` and `diagnose` answer it; nothing else decides here, and nothing is ever written to
a cloud. The texts are what a person types, or pastes from strangers.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor import cel
from oidc_doctor.checkkit import command
from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.provider import parse_allow_policy
from oidc_doctor.documents.token import parse_token
from oidc_doctor.examine.exchange_rows import exchange_row
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import Diagnosis, contradicts_observed, diagnose, name_refusals, readings_for
from oidc_doctor.findings.strangers import EditReach, edit_reach
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.keys import check_keys
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.judge.save_rules import Objection, of_condition, of_mapping, of_mapping_expression, of_trust_policy
from oidc_doctor.model.document import Document, Json, Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpProvider, Role, TargetEvidence, Token
from oidc_doctor.model.json_pointer import line_of, pointer_segment, segments
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import Cause
from oidc_doctor.model.steps import NOT_REACHED, PASSED, PASSED_BY_ERROR, REFUSED, STEPS, position
from oidc_doctor.report.parts.escape import is_clear

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case, Reading
    from oidc_doctor.model.report import Exchange, FixRow, StepRow
    from oidc_doctor.model.steps import Cloud

PartId = Literal[
    "trust-policy",
    "client-ids",
    "condition",
    "mapping",
    "allowed-audiences",
    "service-account-policy",
    "project-policy",
    "claims",
]

LONGEST = 256 * 1024  # characters of a text that is edited; a longer one is no policy, and no editor is quick with it
_MOST_FILES = 100
_COMPACT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){2}")


class _Kind(NamedTuple):
    title: str
    language: Literal["json", "cel"]
    step: str  # the first step that reads it
    file: str  # the name that an export gets


_KINDS: dict[PartId, _Kind] = {
    "trust-policy": _Kind("Trust policy", "json", "authorise", "trust-policy.json"),
    "client-ids": _Kind("ClientIDList", "json", "audience", "client-ids.json"),
    "condition": _Kind("Condition", "cel", "condition", "attribute-condition.cel"),
    "mapping": _Kind("Mapping", "json", "condition", "attribute-mapping.json"),
    "allowed-audiences": _Kind("Audiences", "json", "audience", "allowed-audiences.json"),
    "service-account-policy": _Kind("Account policy", "json", "impersonate", "service-account-policy.json"),
    "project-policy": _Kind("Project policy", "json", "impersonate", "project-policy.json"),
    "claims": _Kind("Claims", "json", "token", "claims.json"),
}


class Part(NamedTuple):
    """A text of the exchange that can be edited. `text` is the present one, in the form in which it is edited."""

    id: PartId
    title: str
    language: Literal["json", "cel"]
    text: str
    file: str
    read_at: str  # where the present text was read; empty where nothing was


class Problem(NamedTuple):
    """What is wrong with an edited text. Lines and columns count from 1.

    `unreadable`: it is no JSON or no CEL, so there is no decision. `refused`: the cloud would not store it.
    `note`: it may be refused when stored, or something else to know.
    """

    part: PartId
    kind: Literal["unreadable", "refused", "note"]
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`line 3 column 7: expected ','`."""
        if self.line is None:
            return self.message
        return f"line {self.line}{'' if self.column is None else f' column {self.column}'}: {self.message}"


class Mark(NamedTuple):
    """A piece of one line of a text. Lines count from 1, columns from 0; `end` None is the line's end."""

    line: int
    start: int
    end: int | None


@dataclass(frozen=True)
class Answer:
    """The decision on a set of edits. `diagnosis` is None where a text cannot be read: then `problems` says why."""

    edits: Mapping[PartId, str]
    diagnosis: Diagnosis | None
    causes: tuple[Cause, ...] = ()
    problems: tuple[Problem, ...] = ()
    changed: frozenset[PartId] = frozenset()  # parts whose value differs from the present one, layout aside

    @property
    def exchange(self) -> Exchange | None:
        """The decision as the report has it, trace included. Lines are those of the edited text."""
        return exchange_row("", self.diagnosis) if self.diagnosis else None


class StepChange(NamedTuple):
    """One step before and after; `after` is None where there is no decision."""

    id: str
    title: str
    before: StepRow
    after: StepRow | None

    @property
    def changed(self) -> bool:
        """Whether the step goes another way now."""
        return self.after is not None and self.after.state != self.before.state


class Export(NamedTuple):
    """A file that was written, and what a person would run to store it."""

    path: str
    commands: tuple[str, ...]


class _UnreadableCel(Exception):  # noqa: N818 - typed by a person: a finding, and no fault of ours
    def __init__(self, error: cel.CelError, pointer: str = "") -> None:
        super().__init__(error.message)
        self.error = error
        self.pointer = pointer  # of the JSON text around the expression


class WhatIf:
    """One exchange, and all that can be changed in it. Holds no state of an edit; every question gives all edits."""

    def __init__(self, diagnosis: Diagnosis, accepted: Sequence[str] = (), fixes: Sequence[FixRow] = ()) -> None:
        """`accepted`: subjects that the logs show as accepted. `fixes`: the report's, of which the fitting are kept."""
        self.case: Case = diagnosis.case
        self.cloud: Cloud = diagnosis.case.cloud
        self.accepted = tuple(accepted)
        self.present = Answer({}, diagnosis, _causes(diagnosis))
        self.parts: tuple[Part, ...] = tuple(_parts(self.case))
        self._values = {part.id: _same_form(part, part.text) for part in self.parts}
        codes = {cause.code for cause in self.present.causes}
        self.fixes = tuple(fix for fix in fixes if fix.for_ in codes and self.edits_of(fix))

    def part(self, part: PartId) -> Part:
        """A part by its id; KeyError where this exchange has none."""
        for one in self.parts:
            if one.id == part:
                return one
        raise KeyError(part)

    def ask(self, edits: Mapping[PartId, str]) -> Answer:
        """The decision with these texts in place of what was read. Raises nothing, whatever the texts."""
        case = self.case
        problems: list[Problem] = []
        changed: set[PartId] = set()
        for name, text in edits.items():
            part = self.part(name)
            if not text.strip() and not part.text.strip():
                continue  # nothing was read, and nothing typed
            try:
                case, objections = self._apply(case, part, text)
            except Unreadable as error:
                problems.append(Problem(name, "unreadable", error.message, error.line, error.column))
                continue
            except _UnreadableCel as fault:
                problems.append(_cel_problem(part, text, fault))
                continue
            problems += [_objected(part, text, one) for one in objections]
            if _same_form(part, text) != self._values[name]:
                changed.add(name)
        if any(one.kind == "unreadable" for one in problems):
            return Answer(dict(edits), None, problems=tuple(problems), changed=frozenset(changed))
        if "claims" in changed:
            case = case._replace(profile=profile_of(case.evidence, case.token))
            problems.append(Problem("claims", "note", _SIGNED))
        if changed:
            case = self._without_readings(case, min(position(self.cloud, _KINDS[one].step) for one in changed))
        diagnosis = diagnose(case, evaluate(case))
        causes = tuple(_read_in_edit(cause, changed) for cause in _causes(diagnosis))
        return Answer(dict(edits), diagnosis, causes, tuple(problems), frozenset(changed))

    def steps(self, answer: Answer) -> list[StepChange]:
        """Each step before and after."""
        assert self.present.diagnosis is not None  # noqa: S101 - what was read always has one
        after = {row.id: row for row in answer.diagnosis.rows} if answer.diagnosis else {}
        titles = {step.id: step.title for step in STEPS[self.cloud]}
        return [StepChange(row.id, titles[row.id], row, after.get(row.id)) for row in self.present.diagnosis.rows]

    def diff(self, edits: Mapping[PartId, str], part: PartId) -> list[str]:
        """The part's edited text against the present one: lines that begin with `-`, `+` or a space. Not escaped."""
        before, after = self.part(part).text.splitlines(), edits.get(part, self.part(part).text).splitlines()
        lines = difflib.unified_diff(before, after, lineterm="", n=2)
        return [line for line in lines if not line.startswith(("---", "+++"))]

    def deciding(self, answer: Answer, part: PartId) -> tuple[Mark, ...]:
        """What decides against the exchange in the part's text as it was edited, by line."""
        diagnosis = answer.diagnosis
        if diagnosis is None or diagnosis.prediction == "accepted":
            return ()
        text = answer.edits.get(part, self.part(part).text)
        if part == "condition":
            nodes = _failing(diagnosis.trace.detail.get("condition"))
            return tuple(mark for node in nodes for mark in _marks(text, node.start, node.end))
        lines = {line_of(text, pointer) for pointer in _pointers(diagnosis, part)} - {None}
        return tuple(Mark(line, 0, None) for line in sorted(line for line in lines if line is not None))

    def first_line(self, edits: Mapping[PartId, str], part: PartId) -> int:
        """The line, from 1, to begin at: the first that is edited, else the first that decides."""
        before, after = self.part(part).text.splitlines(), edits.get(part, self.part(part).text).splitlines()
        if before != after:
            pairs = enumerate(zip(before, after, strict=False), 1)
            return next((number for number, (old, new) in pairs if old != new), min(len(before), len(after)) + 1)
        return next((mark.line for mark in self.deciding(self.present, part)), 1)

    def line_of_claim(self, name: str, text: str) -> int:
        """The line, from 1, of a claim in a text of claims."""
        return line_of(text, pointer_segment(name)) or 1

    def reach(self, answer: Answer) -> EditReach | None:
        """Whom else the edit lets in or shuts out, as far as it was tried; None where it changes no decision of that.

        Takes longer than `ask`, by the number of subjects that are tried.
        """
        if answer.diagnosis is None or not answer.changed - {"claims"} or "claims" in answer.changed:
            return None
        return edit_reach(self.case._replace(readings=()), answer.diagnosis.case._replace(readings=()), self.accepted)

    def edits_of(self, fix: FixRow) -> dict[PartId, str]:
        """A proposed fix as an edit; empty where it is of a document that cannot be edited here."""
        try:
            value = json.loads(fix.document)
        except ValueError:
            return {}
        if not isinstance(value, dict):
            return {}
        name, text = _part_of_document(value, fix.document)
        return {name: text} if name and any(part.id == name for part in self.parts) else {}

    def pasted(self, text: str) -> tuple[str, Token]:
        """A token that a person pasted: its claims as a text to be edited, and the token without its raw form.

        The signature is checked against the keys that were read, then dropped: what stays are the header, the claims
        and `verified`. Never raises; a token that cannot be read has a `fault`.
        """
        joined = "".join(text.split())  # a terminal wraps what is copied from it; a file's line breaks are its own
        token = parse_token(joined if _COMPACT.fullmatch(joined) else text, Origin("the pasted token"), "pasted")
        if token.kind == "jwt":
            jwks = self.case.evidence.issuer.jwks
            verified = None
            if not token.fault_kind and isinstance(jwks, Document):
                found = check_keys(self.cloud, token, jwks)
                if found.checked and found.kind in (None, Kind.SIGNATURE_INVALID):
                    header = token.header or {}
                    verified = {"signature": found.kind is None, "kid": header.get("kid"), "alg": header.get("alg")}
            token = _without_raw_form(token, verified)
        return editable(_json_text(token.claims)), token

    def with_token(self, token: Token) -> WhatIf:
        """The same target with another token, as what is present from now on."""
        case = self._without_readings(
            self.case._replace(token=token, profile=profile_of(self.case.evidence, token)),
            position(self.cloud, _KINDS["claims"].step),
        )
        return WhatIf(diagnose(case, evaluate(case)), self.accepted)

    def export(self, folder: str, part: PartId, text: str) -> Export:
        """Write an edited text to a new file in `folder` and give the commands that would store it.

        Raises OSError, and Unreadable for a text that cannot be read.
        """
        for problem in self.ask({part: text}).problems:
            if problem.kind == "unreadable":
                raise Unreadable(self.part(part).file, problem.line, problem.column, problem.message)
        stem, dot, ending = self.part(part).file.rpartition(".")
        for number in range(1, _MOST_FILES):
            name = f"{stem}{'' if number == 1 else f'-{number}'}{dot}{ending}"
            path = os.path.join(folder, name)
            try:
                with open(path, "x", encoding="utf-8") as file:
                    file.write(text if text.endswith("\n") else text + "\n")
            except FileExistsError:
                continue
            return Export(path, tuple(_commands(self.case.evidence, part, text, name)))
        raise FileExistsError(f"{folder} already holds {_MOST_FILES - 1} files of that name")

    def _apply(self, case: Case, part: Part, text: str) -> tuple[Case, list[Objection]]:
        if len(text) > LONGEST:
            raise Unreadable(part.file, None, None, f"longer than {LONGEST // 1024} KiB")
        if part.id == "claims":
            return case._replace(token=self._with_claims(text, part)), []
        evidence, objections = _APPLY[part.id](case.evidence, text, case)
        return case._replace(evidence=evidence), objections

    def _with_claims(self, text: str, part: Part) -> Token:
        """The token with other claims, taken as signed by the issuer unless the present one's signature is wrong."""
        document = load(text, part.file)
        claims = fields.members(document, "", document.value, "an object with claims")
        token = self.case.token
        repeated = tuple(
            names[0] for names in (segments(pointer) for pointer in document.duplicates) if len(names) == 1
        )
        if _canonical(claims) == _canonical(token.claims):
            return token
        return token._replace(
            kind="decoded" if token.kind == "jwt" else token.kind,
            claims=claims,
            complete=token.complete or all(claims.get(name) is not None for name in ("iss", "sub", "aud")),
            origin=Origin("the edited claims"),
            size=None,
            fault=None,
            fault_kind="",
            fault_where="",
            duplicates=repeated,
            verified={"signature": False} if self._signature_is_wrong() else None,
            signing_input=b"",
            signature=b"",
            missing_claims=_absent(claims) if token.kind == "jwt" else token.missing_claims,
            recorded=True,
            document=document._replace(file="the edited claims"),
        )

    def _signature_is_wrong(self) -> bool:
        found = self.present.diagnosis
        return found is not None and any(one.kind is Kind.SIGNATURE_INVALID and one.certain for one in found.refusals)

    def _without_readings(self, case: Case, first: int) -> Case:
        """Without the observed errors that the edit makes obsolete: what they show of earlier steps still holds."""
        assert self.present.diagnosis is not None  # noqa: S101 - what was read always has one

        def earlier(reading: Reading) -> bool:
            return bool(reading.steps) and all(position(self.cloud, step) < first for step in reading.steps)

        rows = self.present.diagnosis.rows
        shown = {row.id for row in rows if row.state == PASSED_BY_ERROR and position(self.cloud, row.id) < first}
        return case._replace(
            readings=tuple(one for one in readings_for(case) if earlier(one)), shown_passed=frozenset(shown)
        )


_SIGNED = "taken as signed by the issuer, like the token that was read"


def _causes(diagnosis: Diagnosis) -> tuple[Cause, ...]:
    checks = run_checks.by_kind(packs.all_checks())
    return tuple(
        Cause("", named, contradicts_observed=contradicts_observed(diagnosis, named.refusal))
        for named in name_refusals(diagnosis, checks)
    )


_PLACES: dict[str, PartId] = {
    "/attributeCondition": "condition",
    "/attributeMapping": "mapping",
    "/oidc/allowedAudiences": "allowed-audiences",
    "/ClientIDList": "client-ids",
}


def _read_in_edit(cause: Cause, changed: Collection[PartId]) -> Cause:
    """The cause with the places of edited values named as such: a provider's other values keep their file."""

    def moved(side: Side | None) -> Side | None:
        at = side.at if side is not None else None
        part = next((part for place, part in _PLACES.items() if at is not None and place in at.pointer), None)
        if side is None or part is None or part not in changed:
            return side
        return side._replace(at=Origin(f"the edited {_KINDS[part].title}"))

    expected, actual = moved(cause.expected), moved(cause.actual)
    if (expected, actual) == (cause.expected, cause.actual):
        return cause
    first = next((side.at for side in (expected, actual) if side is not None and side.at is not None), None)
    refusal = cause.named.refusal._replace(expected=expected, actual=actual, where=first)
    return replace(cause, named=replace(cause.named, refusal=refusal))


def editable(text: str) -> str:
    r"""`text` with each character that is not seen as itself written as `\uXXXX`, which JSON and CEL read back."""
    return "".join(one if is_clear(one) or one in "\n\t" else _json_escape(one) if one != "\r" else "" for one in text)


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else "\\u" + f"{ord(character):04x}"  # noqa: PLR2004


def _json_text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _canonical(value: Json) -> str:
    """Equal for equal JSON: `==` would take true for 1."""
    return json.dumps(value, sort_keys=True)


def _same_form(part: Part, text: str) -> str:
    """What two texts of one value have in common, whatever their layout."""
    if part.language == "cel" or not text.strip():
        return text.strip()
    try:
        return _canonical(load(text, part.file).value)
    except Unreadable:
        return text


def _absent(claims: dict[str, Json]) -> frozenset[str]:
    """Times that a whole token does not have; in decoded claims, their absence would leave them unknown."""
    return frozenset({"iat", "exp"} - claims.keys())


def _without_raw_form(token: Token, verified: dict[str, Json] | None) -> Token:
    if token.fault_kind:
        return token._replace(signing_input=b"", signature=b"")
    return token._replace(
        kind="decoded",
        signing_input=b"",
        signature=b"",
        verified=verified,
        missing_claims=_absent(token.claims),
        recorded=True,
    )


# What can be edited


def _parts(case: Case) -> list[Part]:
    found: list[tuple[PartId, str, str]] = []
    aws, gcp, token = case.evidence.aws, case.evidence.gcp, case.token
    if case.cloud == "aws":
        policy = aws.role.trust_policy if aws is not None and isinstance(aws.role, Role) else None
        read = isinstance(policy, Document)
        found.append(
            ("trust-policy", _json_text(policy.value) if read else "", str(policy.at()) if read else "")  # type: ignore[union-attr]
        )
        if aws is not None and isinstance(aws.provider, AwsOidcProvider):
            ids = aws.provider.client_ids
            listed = list(ids) if isinstance(ids, tuple) else []
            found.append(
                ("client-ids", _json_text({"ClientIDList": listed}), str(aws.provider.document.at("/ClientIDList")))
            )
    elif gcp is not None:
        provider = gcp.provider
        if isinstance(provider, GcpProvider):
            mapping = provider.mapping if isinstance(provider.mapping, dict) else None
            at = provider.document.at
            found += [
                ("condition", provider.condition or "", str(at("/attributeCondition"))),
                ("mapping", _json_text(mapping) if mapping is not None else "", str(at("/attributeMapping"))),
                (
                    "allowed-audiences",
                    _json_text({"allowedAudiences": list(provider.allowed_audiences)}),
                    str(at("/oidc/allowedAudiences")),
                ),
            ]
        if isinstance(gcp.service_account_policy, AllowPolicy):
            found.append(_allow_part("service-account-policy", gcp.service_account_policy))
        if isinstance(gcp.project_policy, AllowPolicy):
            found.append(_allow_part("project-policy", gcp.project_policy))
    found.append(("claims", _json_text(token.claims) if token.claims else "", str(token.origin)))
    made = [
        Part(name, _KINDS[name].title, _KINDS[name].language, editable(text), _KINDS[name].file, at)
        for name, text, at in found
    ]
    return [part for part in made if len(part.text) <= LONGEST]


def _allow_part(name: PartId, policy: AllowPolicy) -> tuple[PartId, str, str]:
    return name, _json_text(policy.document.value), str(policy.document.at())


def _part_of_document(value: dict[str, Json], text: str) -> tuple[PartId | None, str]:
    if "Statement" in value:
        return "trust-policy", editable(_json_text(value))
    if "ClientIDList" in value:
        return "client-ids", editable(_json_text(value))
    if "allowedAudiences" in value:
        return "allowed-audiences", editable(_json_text(value))
    condition = value.get("attributeCondition")
    if isinstance(condition, str):
        return "condition", editable(condition)
    if isinstance(value.get("attributeMapping"), dict):
        return "mapping", editable(_json_text(value["attributeMapping"]))
    if "bindings" in value:
        return "service-account-policy", editable(text)
    return None, ""


# From a text to evidence. Each raises Unreadable or _UnreadableCel for a text that cannot be read.


def _trust_policy(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    document = load(text, "trust-policy.json")._replace(file="the edited trust policy")
    aws = evidence.aws
    if aws is None or isinstance(aws.role, Missing):
        arn = evidence.target.aws.role_arn if evidence.target.aws else None
        name = (arn or "").rpartition("/")[2] or None
        role = Role(arn, name, document, document.at())
    else:
        role = aws.role._replace(trust_policy=document)
    del case
    made = aws._replace(role=role) if aws is not None else _aws_of(role)
    return evidence._replace(aws=made), of_trust_policy(document.value)


def _aws_of(role: Role) -> Any:
    from oidc_doctor.model.evidence import AwsEvidence

    return AwsEvidence(role)


def _client_ids(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    del case
    aws = evidence.aws
    if aws is None or not isinstance(aws.provider, AwsOidcProvider):
        raise KeyError("client-ids")
    ids = _texts(text, "client-ids.json", "ClientIDList")
    return evidence._replace(aws=aws._replace(provider=aws.provider._replace(client_ids=ids))), []


def _texts(text: str, file: str, name: str) -> tuple[str, ...]:
    """A list of texts, alone or under its name."""
    document = load(text, file)
    value = document.value if isinstance(document.value, dict) else {name: document.value}
    made = fields.texts(document, "", value, name)
    if made is None:
        raise fields.wrong(document, "", f"no {name} in it")
    return made


def _gcp_provider(evidence: TargetEvidence, **changed: Any) -> TargetEvidence:
    gcp = evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider):
        raise KeyError(*changed)
    return evidence._replace(gcp=gcp._replace(provider=gcp.provider._replace(**changed)))


def _condition(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    provider = evidence.gcp.provider if evidence.gcp else None
    issuer = provider.issuer_uri if isinstance(provider, GcpProvider) else None
    try:
        objections = of_condition(text, case.profile, issuer)
    except cel.CelError as error:
        raise _UnreadableCel(error) from None
    return _gcp_provider(evidence, condition=text), objections


def _mapping(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    del case
    document = load(text, "attribute-mapping.json")
    box = fields.members(document, "", document.value, "an object of attributes and expressions")
    objections = of_mapping(box)
    for name in box:
        pointer = pointer_segment(name)
        expression = fields.text(document, "", box, name)
        if expression is None:
            raise fields.wrong(document, pointer, "expected text, found null")
        try:
            found = of_mapping_expression(name, expression)
        except cel.CelError as error:
            raise _UnreadableCel(error, pointer) from None
        objections += [one._replace(pointer=pointer, span=None, message=f"{name}: {one.message}") for one in found]
    return _gcp_provider(evidence, mapping=box), objections


def _allowed_audiences(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    del case
    made = _texts(text, "allowed-audiences.json", "allowedAudiences")
    return _gcp_provider(evidence, allowed_audiences=made), []


def _service_account_policy(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    del case
    policy = parse_allow_policy(text, "service-account-policy.json", "service-account")
    assert evidence.gcp is not None  # noqa: S101 - it has this part
    return evidence._replace(gcp=evidence.gcp._replace(service_account_policy=policy)), []


def _project_policy(evidence: TargetEvidence, text: str, case: Case) -> tuple[TargetEvidence, list[Objection]]:
    del case
    policy = parse_allow_policy(text, "project-policy.json", "project")
    assert evidence.gcp is not None  # noqa: S101 - it has this part
    return evidence._replace(gcp=evidence.gcp._replace(project_policy=policy)), []


_APPLY: dict[PartId, Callable[[TargetEvidence, str, Case], tuple[TargetEvidence, list[Objection]]]] = {
    "trust-policy": _trust_policy,
    "client-ids": _client_ids,
    "condition": _condition,
    "mapping": _mapping,
    "allowed-audiences": _allowed_audiences,
    "service-account-policy": _service_account_policy,
    "project-policy": _project_policy,
}


# Places


def _place(text: str, offset: int) -> tuple[int, int]:
    before = text[: max(0, offset)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _marks(text: str, start: int, end: int) -> Iterator[Mark]:
    """The pieces of lines between two offsets."""
    first, _ = _place(text, start)
    for number, piece in enumerate(text[start:end].split("\n")):
        column = _place(text, start)[1] - 1 if not number else 0
        yield Mark(first + number, column, column + len(piece))


def _cel_problem(part: Part, text: str, fault: _UnreadableCel) -> Problem:
    if part.language == "json":  # an expression inside of JSON text: its own columns are not the text's
        name = "/".join(segments(fault.pointer))
        where = f", at character {fault.error.start + 1}" if fault.error.start >= 0 else ""
        return Problem(part.id, "unreadable", f"{name}: {fault.error.message}{where}", line_of(text, fault.pointer))
    line, column = _place(text, fault.error.start) if fault.error.start >= 0 else (None, None)
    return Problem(part.id, "unreadable", fault.error.message, line, column)


def _objected(part: Part, text: str, objection: Objection) -> Problem:
    line: int | None
    column: int | None
    if objection.span is not None:
        line, column = _place(text, objection.span[0])
    else:
        line, column = (line_of(text, objection.pointer) if objection.pointer else None), None
    return Problem(part.id, "refused" if objection.certain else "note", objection.message, line, column)


def _failing(node: Any) -> list[Any]:
    """The smallest parts of a CEL trace that make it false or fail."""
    if node is None or node.value is True or not (node.evaluated or node.error):
        return []
    parts = [part for child in node.children for part in _failing(child)] if node.op in ("and", "or") else []
    return parts or [node]


def _pointers(diagnosis: Diagnosis, part: PartId) -> Iterator[str]:
    """JSON pointers, in the part's text, of what refuses."""
    trace = diagnosis.trace
    steps = {one.step for one in diagnosis.refusals}
    if part == "trust-policy" and "policy" in trace.detail:
        nearest = trace.detail.get("nearest")
        for statement in trace.detail["policy"].children:
            denies = statement.expected == "Deny" and statement.result is not False
            if denies or statement.pointer == nearest:
                parts = [one for child in statement.children for one in (child, *child.children)]
                found = [one for one in parts if one.level != "operator" and one.result is not True]
                yield from (one.pointer for one in found if not denies)
                if denies:
                    yield statement.pointer
    elif part == "mapping":
        yield from (
            pointer_segment(name) for name, node in trace.detail.get("mapping", {}).items() if node.error is not None
        )
    elif part == "client-ids" and "audience" in steps:
        yield "/ClientIDList"
    elif part == "allowed-audiences" and "audience" in steps:
        yield "/allowedAudiences"
    elif part == "claims":
        for refusal in diagnosis.refusals[:1]:
            for side in (refusal.actual, refusal.expected):
                at = side.at if side is not None else None
                if at is not None and at.claim and not at.pointer:
                    yield pointer_segment(at.claim)
                elif at is not None and at.file == diagnosis.case.token.origin.file:
                    yield at.pointer[at.pointer.rfind("/") :] if "/" in at.pointer else ""


# Commands that a person may run


def _commands(evidence: TargetEvidence, part: PartId, text: str, file: str) -> list[str]:
    """How the exported file, or its value where a command takes no file, would be stored."""
    aws, gcp = evidence.aws, evidence.gcp
    if part == "trust-policy":
        role = aws.role.name if aws is not None and isinstance(aws.role, Role) else None
        words = ("aws", "iam", "update-assume-role-policy", "--role-name", role or "ROLE_NAME")
        return [command(*words, "--policy-document", f"file://{file}")]
    if part == "client-ids" and aws is not None and isinstance(aws.provider, AwsOidcProvider):
        return _client_id_commands(aws.provider, _texts(text, file, "ClientIDList"))
    provider = gcp.provider if gcp is not None else None
    if part in ("condition", "mapping", "allowed-audiences") and isinstance(provider, GcpProvider):
        option, value = _provider_option(part, text, file)
        name = provider.name or "PROVIDER"
        return [
            command("gcloud", "iam", "workload-identity-pools", "providers", "update-oidc", name, f"--{option}={value}")
        ]
    if part == "service-account-policy":
        account = evidence.target.gcp.service_account if evidence.target.gcp else None
        return [command("gcloud", "iam", "service-accounts", "set-iam-policy", account or "SERVICE_ACCOUNT", file)]
    if part == "project-policy":
        project = gcp.project_id or gcp.project_number if gcp is not None else None
        return [command("gcloud", "projects", "set-iam-policy", project or "PROJECT_ID", file)]
    return [command("oidc-doctor", "--report", "--claims", file)]


def _client_id_commands(provider: AwsOidcProvider, ids: tuple[str, ...]) -> list[str]:
    present = provider.client_ids if isinstance(provider.client_ids, tuple) else ()
    changes = [("add-client-id-to", one) for one in ids if one not in present]
    changes += [("remove-client-id-from", one) for one in present if one not in ids]
    return [
        command(
            "aws",
            "iam",
            f"{verb}-open-id-connect-provider",
            "--open-id-connect-provider-arn",
            provider.arn or "PROVIDER_ARN",
            "--client-id",
            one,
        )
        for verb, one in changes
    ]


def _provider_option(part: PartId, text: str, file: str) -> tuple[str, str]:
    if part == "condition":
        return "attribute-condition", text.strip()
    if part == "allowed-audiences":
        return "allowed-audiences", _joined(list(_texts(text, file, "allowedAudiences")))
    return "attribute-mapping", _joined([f"{name}={value}" for name, value in json.loads(text).items()])


def _joined(values: list[str]) -> str:
    """A list for gcloud, which takes another sign than the comma where a value has one (gcloud topic escaping)."""
    if not any("," in value for value in values):
        return ",".join(values)
    sign = next((one for one in ";|#~!@" if not any(one in value for value in values)), ";")
    return f"^{sign}^" + sign.join(values)


# Progress


def moved_past(before: Diagnosis, after: Diagnosis) -> bool:
    """Whether the step that refused before passes now, or the exchange is accepted."""
    if after.prediction == "accepted":
        return True
    if before.step is None:
        return False
    states = {row.id: row.state for row in after.rows}
    return states[before.step] in (PASSED, PASSED_BY_ERROR) or (
        states[before.step] == NOT_REACHED and after.trace.step(before.step).state != REFUSED
    )
