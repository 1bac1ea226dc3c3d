"""Edits of trust policies and OIDC providers of AWS, one group for each kind of refusal."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_doctor.checkkit import command
from oidc_doctor.judge.aws.arns import federated, split_provider
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
from oidc_doctor.findings.fixes.edit import Edit, Maker


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
    clause = refusal.clause
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if clause.statement is None or not clause.operator or not clause.key or clause.document or statements is None:
        return None
    statement = statements[clause.statement] if isinstance(statements, list) else statements
    block = statement.get("Condition")
    keys = block.get(clause.operator) if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(keys, dict) or clause.key not in keys:
        return None
    return block, clause.operator, clause.key


def _with_value(case: Case, refusal: Refusal, value: str, *, keep: bool) -> Edit | None:
    """The pattern at fault replaced by `value`, or (`keep`) extended by it."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        if clause is None or refusal.expected is None:
            return False
        block, operator, key = clause
        old = block[operator][key] if isinstance(block[operator][key], list) else [block[operator][key]]
        place = old.index(refusal.expected.value) if refusal.expected.value in old else 0
        values = [*old[: place + 1], value, *old[place + 1 :]] if keep else [*old[:place], value, *old[place + 1 :]]
        block[operator][key] = values[0] if len(values) == 1 and not isinstance(block[operator][key], list) else values
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
    patterns = []
    if len(expected.spans) == len(actual.spans):
        for (low, high), (start, end) in zip(reversed(expected.spans), reversed(actual.spans), strict=True):
            pattern = pattern[:low] + text[start:end] + pattern[high:]
        patterns.append(pattern)
    if "Like" in refusal.clause.operator and case.profile is not None:
        patterns.append(case.profile.subject_family(text))
    return list(dict.fromkeys([*patterns, text]))


def _subject(nth: int, *, keep: bool) -> Maker:
    def make(case: Case, refusal: Refusal) -> Edit | None:
        patterns = _patterns(case, refusal)
        return _with_value(case, refusal, patterns[nth], keep=keep) if nth < len(patterns) else None

    return make


def _wildcard(case: Case, refusal: Refusal) -> Edit | None:
    """The key moved under StringLike."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        if clause is None or not clause[1].endswith("StringEquals"):
            return False
        block, operator, key = clause
        if key in block.get(operator.replace("StringEquals", "StringLike"), {}):
            return False  # the edit would overwrite an existing condition
        value = block[operator].pop(key)
        if not block[operator]:
            del block[operator]
        block.setdefault(operator.replace("StringEquals", "StringLike"), {})[key] = value
        return True

    return _policy_edit(case, change)


def _key(case: Case, refusal: Refusal) -> Edit | None:
    """A misspelled key renamed."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        if clause is None or refusal.actual is None:
            return False
        block, operator, key = clause
        if refusal.actual.value.lower() in (name.lower() for name in block[operator]):
            return False  # the edit would overwrite an existing condition
        block[operator] = {
            refusal.actual.value if name == key else name: value for name, value in block[operator].items()
        }
        return True

    return _policy_edit(case, change)


def _audience_condition(case: Case, refusal: Refusal) -> Edit | None:
    return _with_value(case, refusal, refusal.actual.value, keep=False) if refusal.actual else None


def _actions(*wanted: str, own_subject: bool = False) -> Maker:
    """The missing actions added to the first Allow statement; with `own_subject`, for the token's workload only."""

    def make(case: Case, refusal: Refusal) -> Edit | None:
        def change(policy: Any) -> bool:
            statements = policy.get("Statement")
            for statement in statements if isinstance(statements, list) else [statements]:
                if isinstance(statement, dict) and statement.get("Effect") == "Allow" and "Action" in statement:
                    old = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                    if not all(isinstance(action, str) for action in old):
                        return False
                    actions = list(dict.fromkeys([*old, *wanted]))
                    statement["Action"] = actions[0] if len(actions) == 1 else actions
                    return not own_subject or _require_subject(case, statement)
            return False

        del refusal
        return _policy_edit(case, change)

    return make


def _with_actions(*wanted: str) -> tuple[Maker, ...]:
    """The missing actions alone, then with a condition on the token's own workload."""
    return _actions(*wanted), _actions(*wanted, own_subject=True)


def _require_subject(case: Case, statement: dict[str, Any]) -> bool:
    """Add a condition on the token's subject, without what changes in each deployment; False where that is not safe."""
    subject, issuer = case.token.subject, case.token.claims.get("iss")
    block = statement.setdefault("Condition", {})
    if not subject or not isinstance(issuer, str) or set("*?$") & set(subject) or not isinstance(block, dict):
        return False
    family = case.profile.subject_family(subject) if case.profile is not None else subject
    keys = block.setdefault("StringLike" if "*" in family else "StringEquals", {})
    key = f"{issuer.removeprefix('https://')}:sub"
    if not isinstance(keys, dict) or key in keys:
        return False
    keys[key] = family
    return True


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


# Each pattern is a candidate of its own: one that admits strangers is dropped, and the next, narrower one is tried.
_MOST_PATTERNS = 3
_ADDED = tuple(_subject(nth, keep=True) for nth in range(_MOST_PATTERNS))
_REPLACED_OR_ADDED = tuple(_subject(nth, keep=keep) for nth in range(_MOST_PATTERNS) for keep in (False, True))


AWS_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.AUDIENCE_NOT_REGISTERED: (_client_id,),
    Kind.CLIENT_ID_LIST_EMPTY: (_client_id,),
    Kind.AZP_DECIDES_AUDIENCE: (_client_id,),
    Kind.WILDCARD_UNDER_STRING_EQUALS: (_wildcard,),
    Kind.SUBJECT_CASE_DIFFERS: _REPLACED_OR_ADDED,
    Kind.SUBJECT_FORMAT_CHANGED: _ADDED,  # tokens of the old format may still be sent
    Kind.SUBJECT_FORM_DIFFERS: _ADDED,
    Kind.SUBJECT_SEGMENT_DIFFERS: _REPLACED_OR_ADDED,
    Kind.AUDIENCE_CONDITION_DIFFERS: (_audience_condition,),
    Kind.CONDITION_KEY_MISSPELLED: (_key,),
    Kind.ACTION_DIFFERS: _with_actions("sts:AssumeRoleWithWebIdentity"),
    Kind.SESSION_TAGS_NOT_ALLOWED: _with_actions("sts:AssumeRoleWithWebIdentity", "sts:TagSession"),
    Kind.SOURCE_IDENTITY_NOT_ALLOWED: _with_actions("sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"),
    Kind.PROVIDER_IN_OTHER_ACCOUNT: (_principal,),
}
