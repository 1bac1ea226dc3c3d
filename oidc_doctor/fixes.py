"""Candidate edits for a refusal, each proven by evaluating the edited configuration. No cloud is ever written to.

An edit is offered only when the same judge accepts the token on the edited configuration. What else it would let in is
tried with subjects of other tenants, made from the token's own by the issuer's grammar.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.checkkit import command
from oidc_doctor.evaluate import evaluate
from oidc_doctor.evaluate.arns import federated, split_provider
from oidc_doctor.model.evidence import AwsOidcProvider, Document, GcpProvider, Missing, Role
from oidc_doctor.model.exchange import PASSED
from oidc_doctor.model.report import FixRow
from oidc_doctor.model.trace import Kind, Refusal

if TYPE_CHECKING:
    from oidc_doctor.diagnose import Diagnosis
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

_Maker = Callable[["Case", Refusal], "Edit | None"]
_MOST_SEEN = 200  # distinct subjects from the logs that an edit is tried on
_MOST_TRIED = 40  # of them, while somebody waits for the answer


class Edit(NamedTuple):
    """One edited configuration: the evidence after it, the document before and after."""

    evidence: TargetEvidence
    before: str
    after: str
    commands: list[str]


def propose(diagnosis: Diagnosis, accepted: Sequence[str | None]) -> list[FixRow]:
    """The smallest edit that makes the refused token pass its refusing step; empty where none can be proven.

    `accepted` are subjects that the logs show as accepted before. An edit that would shut one of them out is not
    offered: for a trust policy the token's pattern then goes beside the old one.
    """
    edits = {"aws": _AWS, "gcp": _GCP}[diagnosis.trace.cloud]
    seen = list(dict.fromkeys(one for one in accepted if one))[:_MOST_SEEN]
    for refusal in diagnosis.refusals:
        if not refusal.certain:
            continue
        for make in edits.get(refusal.kind, ()):
            edit = make(diagnosis.case, refusal)
            proof = _proof(diagnosis.case, edit, refusal, seen) if edit is not None else None
            if edit is not None and proof is not None:
                return [FixRow(str(refusal.kind), _diff(edit), edit.commands, proof, edit.after)]
    return []


def _proof(case: Case, edit: Edit, refusal: Refusal, seen: list[str]) -> str | None:
    """What was tried of the edit, in words; None where the token does not pass or an accepted subject is lost."""
    edited = case._replace(evidence=edit.evidence, readings=())
    trace = evaluate(edited)
    if trace.step(refusal.step).state != PASSED:
        return None
    if any(_refused(edited, one, refusal.step) and not _refused(case, one, refusal.step) for one in seen):
        return None
    whole = not any(one.certain for one in trace.refusals)
    words = ["the token passes with it" if whole else "this step passes with it; another one still refuses"]
    if seen:
        words.append("every subject that the logs show as accepted still passes")
    foreign = [subject for subject in _foreign_subjects(case) if _refused(case, subject)]
    let_in = sum(not _refused(edited, subject) for subject in foreign)
    if foreign and not let_in:
        words.append(f"{len(foreign)} made-up subjects of other tenants and teams stay out")
    elif foreign and let_in < len(foreign):
        words.append(f"it would also let in {let_in} of {len(foreign)} made-up subjects of other tenants and teams")
    return ", ".join(words)


class Reach(NamedTuple):
    """Whom an edit lets in and shuts out, as far as it was tried."""

    foreign: int  # made-up subjects of other tenants and teams that were refused before
    let_in: tuple[str, ...]  # those of them that the edit no longer refuses
    seen: int  # subjects that the logs show as accepted, and that the configuration before accepted
    shut_out: tuple[str, ...]  # those of them that the edit refuses


def reach(case: Case, edited: Case, accepted: Sequence[str]) -> Reach:
    """What the steps that look at the subject say of other subjects, before and after an edit."""
    steps = ("authorise",) if case.cloud == "aws" else ("condition", "mapping", "impersonate")

    def refused(one: Case, subject: str) -> bool:
        return any(_refused(one, subject, step) for step in steps)

    foreign = [subject for subject in _foreign_subjects(case) if refused(case, subject)]
    seen = [subject for subject in accepted[:_MOST_TRIED] if not refused(case, subject)]
    return Reach(
        len(foreign),
        tuple(subject for subject in foreign if not refused(edited, subject)),
        len(seen),
        tuple(subject for subject in seen if refused(edited, subject)),
    )


def _refused(case: Case, subject: str, step: str | None = None) -> bool:
    """Whether the exchange, or one step of it, is known to refuse this token with another subject."""
    claims = {**case.token.claims, "sub": subject}
    if case.profile is not None:
        # the claims that repeat a segment of the subject change with it
        parsed = case.profile.parse_subject(subject)
        claims |= {part.name: part.value for part in parsed.segments if part.name in claims and part.name != "sub"}
    trace = evaluate(case._replace(token=case.token._replace(kind="decoded", claims=claims), readings=()))
    return any(refusal.certain for refusal in trace.refusals if step in (None, refusal.step))


def _foreign_subjects(case: Case) -> list[str]:
    """The token's subject with its tenant, then its team, replaced by another of the same shape."""
    subject, profile = case.token.subject, case.profile
    if subject is None or profile is None:
        return []
    found = []
    for name in (profile.tenancy.tenant, profile.tenancy.team):
        part = next((one for one in profile.parse_subject(subject).segments if one.name == name), None)
        if part is None or not part.value:
            continue
        last = "B" if part.value.endswith("A") else "A"
        others = {part.value[:-1] + last, "other" + part.value, part.value.swapcase()} - {part.value}
        found += [subject[: part.value_start] + other + subject[part.end :] for other in sorted(others)]
    return list(dict.fromkeys(found))


def _diff(edit: Edit) -> str:
    """The lines that change, with - and +, and one line around them. A comma that comes with a line is no change."""
    before, after = ([line.removesuffix(",") for line in text.splitlines()] for text in (edit.before, edit.after))
    lines = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    margin = min((len(line) - 1 - len(line[1:].lstrip()) for line in lines), default=0)
    return "\n".join(f"{line[0]} {line[1 + margin :]}" for line in lines)


# AWS


def _policy_edit(case: Case, change: Callable[[Any], bool]) -> Edit | None:
    """The trust policy with `change` applied to a copy of it; None where it changes nothing."""
    aws = case.evidence.aws
    if aws is None or isinstance(aws.role, Missing) or isinstance(aws.role.trust_policy, Missing):
        return None
    role: Role = aws.role
    document: Document = aws.role.trust_policy
    policy = copy.deepcopy(document.value)
    if not change(policy):
        return None
    before, after = json.dumps(document.value, indent=2), json.dumps(policy, indent=2)
    edited = document._replace(text=after, value=policy, pointer="", inner=True)
    evidence = case.evidence._replace(aws=aws._replace(role=role._replace(trust_policy=edited)))
    name = role.name or "ROLE_NAME"
    commands = [
        command(
            "aws",
            "iam",
            "update-assume-role-policy",
            "--role-name",
            name,
            "--policy-document",
            "file://trust-policy.json",
        )
    ]
    return Edit(evidence, before, after, commands)


def _clause_of(policy: Any, refusal: Refusal) -> tuple[dict[str, Any], str, str] | None:
    """The Condition block, operator and key that the refusal is about."""
    parts = refusal.location.split(" · ")
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if len(parts) != 3 or statements is None:  # noqa: PLR2004 - statement, operator, key
        return None
    index = int(parts[0].removeprefix("Statement[").removesuffix("]"))
    statement = statements[index] if isinstance(statements, list) else statements
    block = statement.get("Condition")
    if not isinstance(block, dict) or not isinstance(block.get(parts[1]), dict) or parts[2] not in block[parts[1]]:
        return None
    return block, parts[1], parts[2]


def _with_value(case: Case, refusal: Refusal, value: str, *, keep: bool) -> Edit | None:
    """The pattern at fault replaced by `value`, or (`keep`) the value beside it."""

    def change(policy: Any) -> bool:
        found = _clause_of(policy, refusal)
        if found is None or refusal.expected is None:
            return False
        block, operator, key = found
        old = block[operator][key] if isinstance(block[operator][key], list) else [block[operator][key]]
        place = old.index(refusal.expected.value) if refusal.expected.value in old else 0
        made = [*old[: place + 1], value, *old[place + 1 :]] if keep else [*old[:place], value, *old[place + 1 :]]
        block[operator][key] = made[0] if len(made) == 1 and not isinstance(block[operator][key], list) else made
        return True

    return _policy_edit(case, change)


def _patterns(case: Case, refusal: Refusal) -> list[str]:
    """Patterns that would match the token's subject, the one nearest to the old pattern first."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None:
        return []
    pattern, text = expected.value, actual.value
    if set("*?$") & set(text):
        return []  # the token's own words must never become a wildcard or a variable
    made = []
    if len(expected.spans) == len(actual.spans):
        for (low, high), (start, end) in zip(reversed(expected.spans), reversed(actual.spans), strict=True):
            pattern = pattern[:low] + text[start:end] + pattern[high:]
        made.append(pattern)
    if "Like" in refusal.location and case.profile is not None:
        made.append(case.profile.subject_family(text))
    return list(dict.fromkeys([*made, text]))


def _subject(*, keep: bool) -> _Maker:
    def edit(case: Case, refusal: Refusal) -> Edit | None:
        for pattern in _patterns(case, refusal):
            made = _with_value(case, refusal, pattern, keep=keep)
            if made and evaluate(case._replace(evidence=made.evidence, readings=())).step("authorise").state == PASSED:
                return made
        return None

    return edit


def _wildcard(case: Case, refusal: Refusal) -> Edit | None:
    """The key moved under StringLike."""

    def change(policy: Any) -> bool:
        found = _clause_of(policy, refusal)
        if found is None or not found[1].endswith("StringEquals"):
            return False
        block, operator, key = found
        if key in block.get(operator.replace("StringEquals", "StringLike"), {}):
            return False  # what stands there would be overwritten
        value = block[operator].pop(key)
        if not block[operator]:
            del block[operator]
        block.setdefault(operator.replace("StringEquals", "StringLike"), {})[key] = value
        return True

    return _policy_edit(case, change)


def _key(case: Case, refusal: Refusal) -> Edit | None:
    """A misspelled key renamed."""

    def change(policy: Any) -> bool:
        found = _clause_of(policy, refusal)
        if found is None or refusal.actual is None:
            return False
        block, operator, key = found
        if refusal.actual.value.lower() in (name.lower() for name in block[operator]):
            return False  # what stands there would be overwritten
        block[operator] = {
            refusal.actual.value if name == key else name: value for name, value in block[operator].items()
        }
        return True

    return _policy_edit(case, change)


def _audience_condition(case: Case, refusal: Refusal) -> Edit | None:
    return _with_value(case, refusal, refusal.actual.value, keep=False) if refusal.actual else None


def _actions(*wanted: str) -> _Maker:
    def edit(case: Case, refusal: Refusal) -> Edit | None:
        def change(policy: Any) -> bool:
            statements = policy.get("Statement")
            for statement in statements if isinstance(statements, list) else [statements]:
                if isinstance(statement, dict) and statement.get("Effect") == "Allow" and "Action" in statement:
                    old = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                    if not all(isinstance(one, str) for one in old):
                        return False
                    made = list(dict.fromkeys([*old, *wanted]))
                    statement["Action"] = made[0] if len(made) == 1 else made
                    return True
            return False

        del refusal
        return _policy_edit(case, change)

    return edit


def _principal(case: Case, refusal: Refusal) -> Edit | None:
    """The Federated principal replaced, where it is the same issuer's provider of another account."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None or split_provider(expected.value) is None:
        return None

    def change(policy: Any) -> bool:
        changed = False
        for arn, pointer in federated(policy):
            if arn == expected.value:
                place = policy
                parts = pointer.split("/")[1:]
                for part in parts[:-1]:
                    place = place[int(part)] if isinstance(place, list) else place[part]
                last = parts[-1]
                place[int(last) if isinstance(place, list) else last] = actual.value
                changed = True
        return changed

    return _policy_edit(case, change)


def _client_id(case: Case, refusal: Refusal) -> Edit | None:
    aws = case.evidence.aws
    audience = refusal.fact("audience")
    if aws is None or not isinstance(aws.provider, AwsOidcProvider) or not audience:
        return None
    provider = aws.provider
    if not isinstance(provider.client_ids, tuple):
        return None
    ids = (*provider.client_ids, audience)
    evidence = case.evidence._replace(aws=aws._replace(provider=provider._replace(client_ids=ids)))
    arn = provider.arn or refusal.fact("provider", "PROVIDER_ARN")
    add = command(
        "aws",
        "iam",
        "add-client-id-to-open-id-connect-provider",
        "--open-id-connect-provider-arn",
        arn,
        "--client-id",
        audience,
    )
    before = json.dumps({"ClientIDList": list(provider.client_ids)}, indent=2)
    return Edit(evidence, before, json.dumps({"ClientIDList": list(ids)}, indent=2), [add])


_REPLACED, _BESIDE = _subject(keep=False), _subject(keep=True)
_AWS: dict[Kind, tuple[_Maker, ...]] = {
    Kind.AUDIENCE_NOT_REGISTERED: (_client_id,),
    Kind.CLIENT_ID_LIST_EMPTY: (_client_id,),
    Kind.AZP_DECIDES_AUDIENCE: (_client_id,),
    Kind.WILDCARD_UNDER_STRING_EQUALS: (_wildcard,),
    Kind.SUBJECT_CASE_DIFFERS: (_REPLACED, _BESIDE),
    Kind.SUBJECT_FORMAT_CHANGED: (_BESIDE,),  # tokens of the old format may still come
    Kind.SUBJECT_FORM_DIFFERS: (_BESIDE,),
    Kind.SUBJECT_SEGMENT_DIFFERS: (_REPLACED, _BESIDE),
    Kind.AUDIENCE_CONDITION_DIFFERS: (_audience_condition,),
    Kind.CONDITION_KEY_MISSPELLED: (_key,),
    Kind.ACTION_DIFFERS: (_actions("sts:AssumeRoleWithWebIdentity"),),
    Kind.SESSION_TAGS_NOT_ALLOWED: (_actions("sts:AssumeRoleWithWebIdentity", "sts:TagSession"),),
    Kind.SOURCE_IDENTITY_NOT_ALLOWED: (_actions("sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"),),
    Kind.PROVIDER_IN_OTHER_ACCOUNT: (_principal,),
}


# Google Cloud


def _provider_edit(case: Case, before: Any, after: Any, name: str, commands: list[str], **changed: Any) -> Edit | None:
    gcp = case.evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider):
        return None
    evidence = case.evidence._replace(gcp=gcp._replace(provider=gcp.provider._replace(**changed)))
    return Edit(evidence, json.dumps({name: before}, indent=2), json.dumps({name: after}, indent=2), commands)


def _update(provider: GcpProvider, option: str, value: str) -> list[str]:
    return [
        command(
            "gcloud",
            "iam",
            "workload-identity-pools",
            "providers",
            "update-oidc",
            provider.name or "PROVIDER",
            f"--{option}={value}",
        )
    ]


def _allowed_audience(case: Case, refusal: Refusal) -> Edit | None:
    gcp = case.evidence.gcp
    if (
        gcp is None
        or not isinstance(gcp.provider, GcpProvider)
        or refusal.actual is None
        or "," in refusal.actual.value
    ):
        return None
    provider = gcp.provider
    made = (*provider.allowed_audiences, refusal.actual.value)
    return _provider_edit(
        case,
        list(provider.allowed_audiences),
        list(made),
        "allowedAudiences",
        _update(provider, "allowed-audiences", ",".join(made)),
        allowed_audiences=made,
    )


def _condition_literal(case: Case, refusal: Refusal) -> Edit | None:
    """The literal of the false comparison replaced by the token's value, for an exact comparison."""
    gcp = case.evidence.gcp
    if gcp is None or not isinstance(gcp.provider, GcpProvider) or refusal.expected is None or refusal.actual is None:
        return None
    provider, clause = gcp.provider, refusal.fact("clause")
    text = provider.condition or ""
    if "==" not in clause or clause not in text:
        return None
    for quote in ("'", '"'):
        literal = f"{quote}{refusal.expected.value}{quote}"
        if literal in clause and quote not in refusal.actual.value and "\\" not in refusal.actual.value:
            made = text.replace(clause, clause.replace(literal, f"{quote}{refusal.actual.value}{quote}"), 1)
            commands = _update(provider, "attribute-condition", made)
            return _provider_edit(case, text, made, "attributeCondition", commands, condition=made)
    return None


_GCP: dict[Kind, tuple[_Maker, ...]] = {
    Kind.AUDIENCE_NOT_ALLOWED: (_allowed_audience,),
    Kind.ALLOWED_AUDIENCES_EMPTY: (_allowed_audience,),
    Kind.ATTRIBUTE_CONDITION_FALSE: (_condition_literal,),
}
