"""Edits of trust policies and OIDC providers of AWS, one group for each kind of refusal."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.judge.aws.arns import federated, split_provider
from oidc_doctor.model import arns
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsEvidence, AwsOidcProvider, Role
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case

_ASSUME = "sts:AssumeRoleWithWebIdentity"
_PATTERN_SIGNS = set("*?$")  # in a policy they are a wildcard or begin a variable


# --- the trust policy ------------------------------------------------------------------------------------------------


def _policy_edit(
    case: Case, change: Callable[[Any], bool], kind: FixKind, scope: Scope = "own", pins: str = ""
) -> Iterator[Candidate]:
    """Yield the trust policy with `change` applied to a copy of it; nothing where it changes nothing."""
    aws = case.evidence.aws
    if aws is None or isinstance(aws.role, Missing) or isinstance(aws.role.trust_policy, Missing):
        return
    role: Role = aws.role
    document: Document = aws.role.trust_policy
    policy = copy.deepcopy(document.value)
    if not isinstance(policy, dict) or not change(policy):
        return
    edited = document._replace(text=json.dumps(policy, indent=2), value=policy, pointer="", inner=True)
    evidence = case.evidence._replace(aws=aws._replace(role=role._replace(trust_policy=edited)))
    yield Candidate(evidence, kind, scope, pins)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def _one_or_list(values: list[Any], *, was: Any) -> Any:
    return values[0] if len(values) == 1 and not isinstance(was, list) else values


def _statement_of(policy: dict[str, Any], refusal: Refusal) -> dict[str, Any] | None:
    """The statement that the refusal is about."""
    if refusal.clause.statement is None or refusal.clause.document:
        return None
    statements = _listed(policy.get("Statement"))
    if refusal.clause.statement >= len(statements):
        return None
    statement = statements[refusal.clause.statement]
    return statement if isinstance(statement, dict) else None


def _clause_of(policy: dict[str, Any], refusal: Refusal) -> tuple[dict[str, Any], str, str] | None:
    """The Condition block, operator and key that the refusal is about."""
    clause, statement = refusal.clause, _statement_of(policy, refusal)
    block = statement.get("Condition") if statement is not None else None
    keys = block.get(clause.operator) if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(keys, dict) or clause.key not in keys:
        return None
    return block, clause.operator, clause.key


def _without(block: dict[str, Any], operator: str, key: str) -> None:
    del block[operator][key]
    if not block[operator]:
        del block[operator]


def _issuer_host(case: Case) -> str:
    """The issuer as IAM writes it in ARNs and condition keys: without scheme."""
    issuer = case.token.claims.get("iss")
    return issuer.removeprefix("https://") if isinstance(issuer, str) else ""


def _key_of(case: Case, claim: str) -> str:
    return f"{_issuer_host(case)}:{claim}"


def _own_pattern(case: Case) -> str:
    """The pattern of the token's workload: its subject, * for what each deployment changes; empty if none is safe."""
    subject = case.token.subject
    if not subject or _PATTERN_SIGNS & set(subject) or not subject.isprintable():
        return ""  # the token's own characters must never become a wildcard or a variable
    pattern: str = case.profile.subject_family(subject) if case.profile is not None else subject
    return pattern


def _require(statement: dict[str, Any], key: str, value: str, *, beside: bool = False) -> bool:
    """Add a condition to a statement; False where the statement has another one on this key.

    With `beside` the condition is added to what the statement tests of this key under another operator.
    """
    block = statement.setdefault("Condition", {})
    if not isinstance(block, dict):
        return False
    tested = {operator: keys[key] for operator, keys in block.items() if isinstance(keys, dict) and key in keys}
    wanted = "StringLike" if "*" in value else "StringEquals"
    if tested and (not beside or wanted in tested):
        return all(_listed(values) == [value] for values in tested.values())
    keys = block.setdefault(wanted, {})
    if not isinstance(keys, dict):
        return False
    keys[key] = value
    return True


def _require_own(case: Case, statement: dict[str, Any], *, beside: bool = False) -> bool:
    """Add conditions on the token's own audience and workload, where the statement tests none.

    With `beside` its workload is required besides what the statement tests of the subject.
    """
    audience, pattern = _audience(case), _own_pattern(case)
    sub, aud = _key_of(case, "sub"), _key_of(case, "aud")
    if not audience or not pattern or not _issuer_host(case):
        return False
    if not _tests(statement, aud) and not _require(statement, aud, audience):
        return False
    if not _tests(statement, sub):
        return _require(statement, sub, pattern)
    return not beside or _require(statement, sub, pattern, beside=True)


def _tests(statement: dict[str, Any], key: str) -> bool:
    block = statement.get("Condition")
    keys = (
        [name for part in block.values() if isinstance(part, dict) for name in part] if isinstance(block, dict) else []
    )
    return key.lower() in (name.lower() for name in keys if isinstance(name, str))


def _audience(case: Case) -> str:
    """The value that AWS compares as the audience: azp where the token has it."""
    for name in ("azp", "aud"):
        value = case.token.claims.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and value and not _PATTERN_SIGNS & set(value) and value.isprintable():
            return value
    return ""


def confined(case: Case) -> Iterator[Candidate]:
    """The case's trust policy made safe to store, the mildest change first.

    The subject is tested by an operator that IAM counts; then the token's audience and workload are required by each
    statement that tests no subject; then by every statement of the issuer. An edit that would make such a statement
    work for strangers is proposed together with these conditions.
    """
    end = f"oidc-provider/{_issuer_host(case)}"

    def of_the_issuer(policy: Any) -> list[dict[str, Any]]:
        statements = [part for part in _listed(policy.get("Statement")) if isinstance(part, dict)]
        return [
            statement
            for statement in statements
            if statement.get("Effect") == "Allow"
            and any(arn.endswith(end) for arn, _ in federated({"Statement": [statement]}))
        ]

    def stored(policy: Any) -> bool:
        changed = [_with_counted_operator(case, statement) for statement in of_the_issuer(policy)]
        return any(changed)

    def closed(policy: Any) -> bool:
        stored(policy)
        untested = [part for part in of_the_issuer(policy) if not _tests(part, _key_of(case, "sub"))]
        return bool(untested) and all(_require_own(case, statement) for statement in untested)

    def own_alone(policy: Any) -> bool:
        stored(policy)
        return all(_require_own(case, statement, beside=True) for statement in of_the_issuer(policy))

    for change in (stored, closed, own_alone):
        yield from _policy_edit(case, change, "correct")


def _with_counted_operator(case: Case, statement: dict[str, Any]) -> bool:
    """Test the subject as present and with one value, which it always has; False where that is so already."""
    block, changed = statement.get("Condition"), False
    if not isinstance(block, dict):
        return False
    for operator in [*block]:
        plain = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
        keys = block[operator]
        key = _key_of(case, "sub")
        if plain != operator and isinstance(keys, dict) and key in keys and key not in block.get(plain, {}):
            block.setdefault(plain, {})[key] = keys[key]
            _without(block, operator, key)
            changed = True
    return changed


# --- a condition on the subject --------------------------------------------------------------------------------------


def _with_value(
    case: Case, refusal: Refusal, value: str, kind: FixKind, scope: Scope, *, keep: bool
) -> Iterator[Candidate]:
    """Yield the pattern at fault replaced by `value`, or (`keep`) extended by it."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        if clause is None or refusal.expected is None:
            return False
        block, operator, key = clause
        old = _listed(block[operator][key])
        place = old.index(refusal.expected.value) if refusal.expected.value in old else 0
        values = [*old[: place + 1], value, *old[place + 1 :]] if keep else [*old[:place], value, *old[place + 1 :]]
        block[operator][key] = _one_or_list(list(dict.fromkeys(values)), was=block[operator][key])
        return True

    yield from _policy_edit(case, change, kind, scope)


def _is_like(refusal: Refusal) -> bool:
    return "Like" in refusal.clause.operator and "Not" not in refusal.clause.operator


def _corrected_pattern(case: Case, refusal: Refusal) -> str:
    """The policy's pattern with the token's text where the two differ; empty where that is not possible."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None or _PATTERN_SIGNS & set(actual.value):
        return ""
    if not expected.spans or len(expected.spans) != len(actual.spans):
        return ""
    pattern = expected.value
    for (low, high), (start, end) in zip(reversed(expected.spans), reversed(actual.spans), strict=True):
        pattern = pattern[:low] + actual.value[start:end] + pattern[high:]
    del case
    return pattern


def _subject_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The policy's own pattern with the token's values: for a pattern that nobody can meet, or that nobody needs."""
    pattern = _corrected_pattern(case, refusal)
    if pattern:
        yield from _with_value(case, refusal, pattern, "correct", "declared", keep=False)


def _subject_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The token's workload added to the list of patterns."""
    pattern = _own_pattern(case)
    if pattern and ("*" not in pattern or _is_like(refusal)):
        yield from _with_value(case, refusal, pattern, "add", "own", keep=True)


def _wildcard(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The key moved under StringLike; then with the token's tenant and team written into its patterns."""
    for owner in (lambda pattern: pattern, partial(_with_owner, case)):
        yield from _policy_edit(case, partial(_under_like, refusal, owner), "correct", "declared")


def _under_like(refusal: Refusal, rewritten: Callable[[Any], Any], policy: Any) -> bool:
    clause = _clause_of(policy, refusal)
    if clause is None or not clause[1].endswith("StringEquals"):
        return False
    block, operator, key = clause
    like = operator.replace("StringEquals", "StringLike")
    if key in block.get(like, {}):
        return False  # the edit would overwrite an existing condition
    was = block[operator][key]
    _without(block, operator, key)
    block.setdefault(like, {})[key] = _one_or_list([rewritten(value) for value in _listed(was)], was=was)
    return True


def _with_owner(case: Case, pattern: Any) -> Any:
    """The pattern with the token's tenant and team written in where it has a wildcard there."""
    subject, profile = case.token.subject, case.profile
    if profile is None or not subject or not isinstance(pattern, str) or _PATTERN_SIGNS & set(subject):
        return pattern
    token = profile.parse_subject(subject)
    owners = [name for name in (profile.tenancy.tenant, profile.tenancy.team) if name and token.value(name)]
    text, done = "", 0
    for segment in profile.parse_subject(pattern).segments:
        if segment.known and segment.name in owners and _PATTERN_SIGNS & set(segment.value):
            text += pattern[done : segment.value_start] + (token.value(segment.name) or "")
            done = segment.end
    return text + pattern[done:]


# --- other conditions ------------------------------------------------------------------------------------------------


def _key(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """A misspelled key renamed."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        return clause is not None and refusal.actual is not None and _renamed(clause, refusal.actual.value)

    yield from _policy_edit(case, change, "correct", "declared")
    yield from _policy_edit(case, _and_own(case, refusal, change), "correct", "declared")


def _renamed(clause: tuple[dict[str, Any], str, str], name: str) -> bool:
    block, operator, key = clause
    present = (other for keys in block.values() if isinstance(keys, dict) for other in keys)
    if name.lower() in (other.lower() for other in present if other != key):
        return False  # the edit would overwrite an existing condition, or test the key twice
    block[operator] = {name if other == key else other: value for other, value in block[operator].items()}
    return True


def _and_own(case: Case, refusal: Refusal, change: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """The change, and conditions on the token's own audience and workload in the same statement."""

    def both(policy: Any) -> bool:
        if not change(policy):
            return False
        statement = _statement_of(policy, refusal)
        return statement is not None and _require_own(case, statement)

    return both


def _subject_under_audience(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """A subject pattern under the key of the audience, moved to the key of the subject."""

    def change(policy: Any) -> bool:
        clause = _clause_of(policy, refusal)
        return clause is not None and _renamed(clause, _key_of(case, "sub"))

    profile = case.profile
    expected = refusal.expected.value if refusal.expected is not None else ""
    if profile is None or not any(segment.known for segment in profile.parse_subject(expected).segments):
        return
    yield from _policy_edit(case, change, "correct", "declared")
    yield from _policy_edit(case, _and_own(case, refusal, change), "correct", "declared")


def _audience_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The token's audience added to the list of audiences."""
    audience = _audience(case)
    if audience:
        yield from _with_value(case, refusal, audience, "add", "declared", keep=True)


def _audience_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    audience = _audience(case)
    if audience:
        yield from _with_value(case, refusal, audience, "correct", "declared", keep=False)


def _value_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The request's value added to the list of a condition on something else than subject and audience."""
    value = refusal.actual.value if refusal.actual is not None else ""
    if value and value.isprintable() and not _PATTERN_SIGNS & set(value) and "Not" not in refusal.clause.operator:
        yield from _with_value(case, refusal, value, "add", "declared", keep=True)


def _own_instead(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """A key to which AWS gives no value, replaced by the subject's: the statement accepts nobody as it is."""

    def change(policy: Any) -> bool:
        clause, statement = _clause_of(policy, refusal), _statement_of(policy, refusal)
        if clause is None or statement is None:
            return False
        _without(*clause)
        return _require_own(case, statement)

    yield from _policy_edit(case, change, "correct")


# --- statements, actions, principals ---------------------------------------------------------------------------------


def _actions(*wanted: str) -> Maker:
    """The missing actions added to the statement; then with conditions on the token's own workload."""

    def make(case: Case, refusal: Refusal) -> Iterator[Candidate]:
        def change(policy: Any) -> bool:
            statement = _statement_of(policy, refusal) or _first_allow(policy)
            if statement is None or "Action" not in statement:
                return False
            old = _listed(statement["Action"])
            if not all(isinstance(action, str) for action in old):
                return False
            statement["Action"] = _one_or_list(list(dict.fromkeys([*old, *wanted])), was=statement["Action"])
            return True

        def own(policy: Any) -> bool:
            statement = _statement_of(policy, refusal) or _first_allow(policy)
            return change(policy) and statement is not None and _require_own(case, statement)

        yield from _policy_edit(case, change, "add", "declared")
        yield from _policy_edit(case, own, "add")

    return make


def _first_allow(policy: dict[str, Any]) -> dict[str, Any] | None:
    statements = (part for part in _listed(policy.get("Statement")) if isinstance(part, dict))
    return next((statement for statement in statements if statement.get("Effect") == "Allow"), None)


def _principal(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The Federated principal replaced, where it is the same issuer's provider under another ARN."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None or split_provider(expected.value) is None or not split_provider(actual.value):
        return
    if _may_exist(case, expected.value):
        return  # its tokens may be in use

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

    yield from _policy_edit(case, change, "correct", "declared")


def _may_exist(case: Case, provider_arn: str) -> bool:
    """Whether the role's account has this provider, as far as the evidence goes."""
    if arns.account_of(provider_arn) != arns.account_of(_role_arn(case)):
        return False  # a trust policy's provider is one of the role's own account
    aws = case.evidence.aws
    if aws is None or isinstance(aws.provider_arns, Missing):
        return True
    return provider_arn in aws.provider_arns


def _statement_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """A statement of its own for the token's workload, beside all that the policy has.

    It tests what the refusing statement tests besides the token: an address, a session name. A refusal by such a test,
    or by an exclusion, is not walked around.
    """
    arn = _provider_arn(case)
    clause = refusal.clause
    excluded = "Not" in clause.operator or refusal.fact("excluded")
    if not arn or excluded or (clause.key and _is_of_the_request(clause.key)):
        return
    actions = [_ASSUME]
    if refusal.kind is Kind.SESSION_TAGS_NOT_ALLOWED:
        actions.append("sts:TagSession")
    if refusal.kind is Kind.SOURCE_IDENTITY_NOT_ALLOWED:
        actions.append("sts:SetSourceIdentity")

    def change(policy: Any) -> bool:
        beside = _statement_of(policy, refusal) or _only_statement(policy)
        block = beside.get("Condition") if beside is not None else None
        condition = {
            operator: kept
            for operator, keys in (block.items() if isinstance(block, dict) else ())
            if isinstance(keys, dict) and (kept := {key: keys[key] for key in keys if _is_of_the_request(key)})
        }
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": actions[0] if len(actions) == 1 else actions,
            "Condition": condition,
        }
        policy["Statement"] = [*_listed(policy.get("Statement") or []), statement]
        return _require_own(case, statement)

    yield from _policy_edit(case, change, "add")


def _statement_rewritten(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The refusing statement as one for the token's workload: for a statement that accepts nobody."""

    def change(policy: Any) -> bool:
        statement = _statement_of(policy, refusal)
        arn = _provider_arn(case)
        if statement is None or not arn or statement.get("Effect") != "Allow":
            return False
        block = statement.get("Condition")
        statement["Principal"] = {"Federated": arn}
        statement["Condition"] = {
            operator: kept
            for operator, keys in (block.items() if isinstance(block, dict) else ())
            if isinstance(keys, dict) and (kept := {key: keys[key] for key in keys if _is_of_the_request(key)})
        }
        return _require_own(case, statement)

    if "Not" not in refusal.clause.operator and not _is_of_the_request(refusal.clause.key):
        yield from _policy_edit(case, change, "correct")


def _is_of_the_request(key: str) -> bool:
    """Whether a condition key is about the request, and not about the token."""
    return key.lower().startswith(("aws:", "sts:"))


def _only_statement(policy: dict[str, Any]) -> dict[str, Any] | None:
    statements = [part for part in _listed(policy.get("Statement")) if isinstance(part, dict)]
    return statements[0] if len(statements) == 1 else None


def _provider_arn(case: Case) -> str:
    """The ARN of the issuer's provider in the role's account; empty where the account is not known."""
    aws = case.evidence.aws
    provider = aws.provider if aws is not None else None
    if isinstance(provider, AwsOidcProvider) and provider.arn and provider.url == _issuer_host(case):
        return provider.arn
    role = _role_arn(case)
    account = arns.account_of(role)
    partition = role.split(":")[1] if role.count(":") > 1 else ""
    if not account or not partition:
        return ""
    return f"arn:{partition}:iam::{account}:oidc-provider/{_issuer_host(case)}"


def _role_arn(case: Case) -> str:
    aws, target = case.evidence.aws, case.evidence.target.aws
    read = aws.role.arn if aws is not None and isinstance(aws.role, Role) else None
    return read or (target.role_arn if target else None) or ""


# --- the provider ----------------------------------------------------------------------------------------------------


def _client_id(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    aws = case.evidence.aws
    audience = refusal.fact("audience")
    if aws is None or not isinstance(aws.provider, AwsOidcProvider) or not audience:
        return
    provider = aws.provider
    if isinstance(provider.client_ids, tuple):
        ids = (*provider.client_ids, audience)
        yield _with_provider(case, aws, provider._replace(client_ids=ids), "add")


def _with_provider(case: Case, aws: AwsEvidence, provider: AwsOidcProvider, kind: FixKind) -> Candidate:
    return Candidate(case.evidence._replace(aws=aws._replace(provider=provider)), kind, "declared")


def _new_provider(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """The issuer's OIDC provider created in the role's account, with the token's audience as its client id."""
    del refusal
    aws, host, audience, arn = case.evidence.aws, _issuer_host(case), _audience(case), _provider_arn(case)
    if aws is None or not host or not audience or not arn:
        return
    document = Document("aws/oidc-provider.json", "", {"Arn": arn, "Url": host, "ClientIDList": [audience]})
    document = document._replace(text=json.dumps(document.value, indent=2))
    provider = AwsOidcProvider(host, arn, (audience,), (), document)
    listed = () if isinstance(aws.provider_arns, Missing) else aws.provider_arns
    evidence = case.evidence._replace(aws=aws._replace(provider=provider, provider_arns=(*listed, arn)))
    yield Candidate(evidence, "create", "declared")


_SUBJECT = (_subject_corrected, _subject_beside, _statement_beside)

AWS_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.PROVIDER_MISSING: (_new_provider,),
    Kind.PROVIDER_URL_DIFFERS: (_new_provider,),
    Kind.AUDIENCE_NOT_REGISTERED: (_client_id,),
    Kind.CLIENT_ID_LIST_EMPTY: (_client_id,),
    Kind.AZP_DECIDES_AUDIENCE: (_client_id,),
    Kind.WILDCARD_UNDER_STRING_EQUALS: (_wildcard, _statement_beside, _statement_rewritten),
    Kind.SUBJECT_CASE_DIFFERS: _SUBJECT,
    Kind.SUBJECT_FORMAT_CHANGED: (_subject_beside, _statement_beside, _statement_rewritten),
    Kind.SUBJECT_FORM_DIFFERS: (_subject_beside, _statement_beside, _statement_rewritten),
    Kind.SUBJECT_SEGMENT_DIFFERS: _SUBJECT,
    Kind.AUDIENCE_CONDITION_DIFFERS: (
        *(_subject_under_audience, _audience_corrected, _audience_beside, _statement_beside, _statement_rewritten),
    ),
    Kind.CONDITION_KEY_MISSPELLED: (_key, _statement_beside, _statement_rewritten),
    Kind.CONDITION_KEY_NOT_PROVIDED: (_own_instead, _statement_beside, _statement_rewritten),
    Kind.CONDITION_VALUE_DIFFERS: (_value_beside, _statement_beside, _statement_rewritten),
    Kind.CONDITION_OPERATOR_MISUSED: (_statement_beside, _statement_rewritten),
    Kind.POLICY_VARIABLE_UNRESOLVED: (_statement_beside, _statement_rewritten),
    Kind.PLACEHOLDER_LEFT_IN: (_subject_corrected, _statement_beside, _statement_rewritten),
    Kind.INVISIBLE_CHARACTER_IN_VALUE: (
        _subject_corrected,
        _audience_corrected,
        _statement_beside,
        _statement_rewritten,
    ),
    Kind.NO_ALLOW_STATEMENT: (_statement_beside, _statement_rewritten),
    Kind.ACTION_DIFFERS: (_actions(_ASSUME), _statement_beside, _statement_rewritten),
    Kind.SESSION_TAGS_NOT_ALLOWED: (_actions(_ASSUME, "sts:TagSession"), _statement_beside, _statement_rewritten),
    Kind.SOURCE_IDENTITY_NOT_ALLOWED: (
        _actions(_ASSUME, "sts:SetSourceIdentity"),
        _statement_beside,
        _statement_rewritten,
    ),
    Kind.PRINCIPAL_DIFFERS: (_principal, _statement_beside, _statement_rewritten),
    Kind.PROVIDER_IN_OTHER_ACCOUNT: (_principal, _statement_beside, _statement_rewritten),
}
