"""Read and write the parts of a trust policy for edits, with the token's values."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Scope
from oidc_doctor.model import arns
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsOidcProvider, Role
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

ASSUME = "sts:AssumeRoleWithWebIdentity"
CLOSES = "The edit also adds the conditions without which other workloads of the issuer would pass."
PATTERN_SIGNS = set("*?$")  # in a policy they are wildcards or start a variable


def policy_edit(
    case: Case, change: Callable[[Any], bool], kind: FixKind, scope: Scope = "own", words: str = "", also: str = ""
) -> Iterator[Candidate]:
    """Yield the trust policy with `change` applied to a copy; nothing without a change."""
    evidence = with_policy(case, change)
    if evidence is not None:
        yield Candidate(evidence, kind, scope, words=words, also=also)


def with_policy(case: Case, change: Callable[[Any], bool]) -> TargetEvidence | None:
    """Return the evidence with `change` applied to a copy of the trust policy; None without a change."""
    aws = case.evidence.aws
    if aws is None or isinstance(aws.role, Missing) or isinstance(aws.role.trust_policy, Missing):
        return None
    role: Role = aws.role
    document: Document = aws.role.trust_policy
    policy = copy.deepcopy(document.value)
    if not isinstance(policy, dict) or not change(policy):
        return None
    edited = document._replace(text=json.dumps(policy, indent=2), value=policy, pointer="", inner=True)
    return case.evidence._replace(aws=aws._replace(role=role._replace(trust_policy=edited)))


def as_list(value: Any) -> list[Any]:
    """Return a member that is a single value or a list as a list."""
    return list(value) if isinstance(value, list) else [value]


def one_or_list(values: list[Any], *, was: Any) -> Any:
    """Return the values in the member's original form: a single value is not wrapped in a list."""
    return values[0] if len(values) == 1 and not isinstance(was, list) else values


def statement_of(policy: dict[str, Any], refusal: Refusal) -> dict[str, Any] | None:
    """Return the statement that the refusal is about."""
    if refusal.clause.statement is None or refusal.clause.document:
        return None
    statements = as_list(policy.get("Statement"))
    if refusal.clause.statement >= len(statements):
        return None
    statement = statements[refusal.clause.statement]
    return statement if isinstance(statement, dict) else None


def clause_of(policy: dict[str, Any], refusal: Refusal) -> tuple[dict[str, Any], str, str] | None:
    """Return the Condition block, operator and key that the refusal is about."""
    clause, statement = refusal.clause, statement_of(policy, refusal)
    block = statement.get("Condition") if statement is not None else None
    keys = block.get(clause.operator) if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(keys, dict) or clause.key not in keys:
        return None
    return block, clause.operator, clause.key


def without(block: dict[str, Any], operator: str, key: str) -> None:
    """Remove a key from a Condition, and its operator if no key is left."""
    del block[operator][key]
    if not block[operator]:
        del block[operator]


def issuer_host(case: Case) -> str:
    """Return the issuer as in ARNs and condition keys: without scheme."""
    issuer = case.token.claims.get("iss")
    return issuer.removeprefix("https://") if isinstance(issuer, str) else ""


def condition_key(case: Case, claim: str) -> str:
    """Return the condition key for a claim of the token's issuer."""
    return f"{issuer_host(case)}:{claim}"


def own_pattern(case: Case) -> str:
    """Return the pattern for the token's workload: its subject, * for parts new in each deployment; empty if unsafe."""
    subject = case.token.subject
    if not subject or PATTERN_SIGNS & set(subject) or not subject.isprintable():
        return ""  # the token's own characters must never become a wildcard or a variable
    pattern: str = case.profile.subject_family(subject) if case.profile is not None else subject
    return pattern


def tenant_pattern(case: Case) -> str:
    """Return the pattern for all subjects of the token's tenant; empty if unsafe."""
    subject, profile = case.token.subject, case.profile
    if profile is None or not subject or PATTERN_SIGNS & set(subject) or not subject.isprintable():
        return ""
    tenants = [part for part in profile.parse_subject(subject).segments if part.name == profile.tenancy.tenant]
    if not tenants or profile.tenancy.in_issuer or not tenants[0].known or tenants[0].end == len(subject):
        return ""
    return f"{subject[: tenants[0].end + 1]}*"


def require(statement: dict[str, Any], key: str, value: str, *, beside: bool = False) -> bool:
    """Add a condition to a statement; False if the statement has a different condition on this key.

    With `beside` the condition is added to existing tests of this key under other operators.
    """
    block = statement.setdefault("Condition", {})
    if not isinstance(block, dict):
        return False
    tested = {operator: keys[key] for operator, keys in block.items() if isinstance(keys, dict) and key in keys}
    wanted = "StringLike" if "*" in value else "StringEquals"
    if tested and (not beside or wanted in tested):
        return all(as_list(values) == [value] for values in tested.values())
    keys = block.setdefault(wanted, {})
    if not isinstance(keys, dict):
        return False
    keys[key] = value
    return True


def require_own(case: Case, statement: dict[str, Any], *, beside: bool = False) -> bool:
    """Add conditions on the token's own audience and workload, if the statement tests none.

    With `beside` its workload is required in addition to the statement's tests of the subject.
    """
    audience, pattern = audience_of(case), own_pattern(case)
    sub, aud = condition_key(case, "sub"), condition_key(case, "aud")
    if not audience or not pattern or not issuer_host(case):
        return False
    if not tests_key(statement, aud) and not require(statement, aud, audience):
        return False
    if not tests_key(statement, sub):
        return require(statement, sub, pattern)
    return not beside or require(statement, sub, pattern, beside=True)


def tests_key(statement: dict[str, Any], key: str) -> bool:
    """Whether the Condition has this key under any operator."""
    block = statement.get("Condition")
    keys = (
        [name for part in block.values() if isinstance(part, dict) for name in part] if isinstance(block, dict) else []
    )
    return key.lower() in (name.lower() for name in keys if isinstance(name, str))


def audience_of(case: Case) -> str:
    """Return the value that AWS compares as the audience: azp if present, else aud."""
    for name in ("azp", "aud"):
        value = case.token.claims.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str) and value and not PATTERN_SIGNS & set(value) and value.isprintable():
            return value
    return ""


def provider_arn(case: Case) -> str:
    """Return the ARN of the issuer's provider in the role's account; empty if the account is unknown."""
    aws = case.evidence.aws
    provider = aws.provider if aws is not None else None
    if isinstance(provider, AwsOidcProvider) and provider.arn and provider.url == issuer_host(case):
        return provider.arn
    role = role_arn(case)
    account = arns.account_of(role)
    partition = role.split(":")[1] if role.count(":") > 1 else ""
    if not account or not partition:
        return ""
    return f"arn:{partition}:iam::{account}:oidc-provider/{issuer_host(case)}"


def role_arn(case: Case) -> str:
    """Return the ARN of the role that was read, else the target's; empty if unknown."""
    aws, target = case.evidence.aws, case.evidence.target.aws
    read = aws.role.arn if aws is not None and isinstance(aws.role, Role) else None
    return read or (target.role_arn if target else None) or ""


def first_allow(policy: dict[str, Any]) -> dict[str, Any] | None:
    """Return the first Allow statement."""
    statements = (part for part in as_list(policy.get("Statement")) if isinstance(part, dict))
    return next((statement for statement in statements if statement.get("Effect") == "Allow"), None)


def only_statement(policy: dict[str, Any]) -> dict[str, Any] | None:
    """Return the only statement of a policy."""
    statements = [part for part in as_list(policy.get("Statement")) if isinstance(part, dict)]
    return statements[0] if len(statements) == 1 else None


def is_of_the_request(key: str) -> bool:
    """Whether a condition key is about the request rather than the token."""
    return key.lower().startswith(("aws:", "sts:"))
