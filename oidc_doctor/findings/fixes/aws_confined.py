"""Make a trust policy safe to store, and close it to the issuer's other workloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.aws_conditions import with_owner
from oidc_doctor.findings.fixes.edit import Candidate
from oidc_doctor.findings.fixes.trust_policy import (
    CLOSES,
    as_list,
    condition_key,
    issuer_host,
    one_or_list,
    policy_edit,
    require,
    require_own,
    tenant_pattern,
    tests_key,
    without,
)
from oidc_doctor.judge.aws.arns import federated

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


_STORED = "The edit also tests the subject by an operator without IfExists and ForAllValues, the form that IAM counts."
_OWNED = (
    "The edit also writes the token's own tenant and team into the pattern, which would accept strangers otherwise."
)


def confined(case: Case) -> Iterator[Candidate]:
    """Yield trust policies that are safe to store, the smallest change first.

    First the subject is tested with an operator that IAM counts. Then each statement without a subject test requires
    the token's tenant, or its audience and workload. Then its tenant and team are written into patterns that leave them
    open, and finally every statement for the issuer requires its workload. An edit that would make such a statement
    work for strangers is proposed together with these conditions.
    """
    end = f"oidc-provider/{issuer_host(case)}"

    def of_the_issuer(policy: Any) -> list[dict[str, Any]]:
        statements = [part for part in as_list(policy.get("Statement")) if isinstance(part, dict)]
        return [
            statement
            for statement in statements
            if statement.get("Effect") == "Allow"
            and any(arn.endswith(end) for arn, _ in federated({"Statement": [statement]}))
        ]

    def stored(policy: Any) -> bool:
        changed = [_with_counted_operator(case, statement) for statement in of_the_issuer(policy)]
        return any(changed)

    def of_the_tenant(policy: Any) -> bool:
        stored(policy)
        pattern, key = tenant_pattern(case), condition_key(case, "sub")
        untested = [part for part in of_the_issuer(policy) if not tests_key(part, key)]
        return bool(untested and pattern) and all(require(part, key, pattern) for part in untested)

    def closed(policy: Any) -> bool:
        stored(policy)
        keys = (condition_key(case, "sub"), condition_key(case, "aud"))
        untested = [part for part in of_the_issuer(policy) if not all(tests_key(part, key) for key in keys)]
        return bool(untested) and all(require_own(case, statement) for statement in untested)

    def own_alone(policy: Any) -> bool:
        stored(policy)
        return all(require_own(case, statement, beside=True) for statement in of_the_issuer(policy))

    def owned(policy: Any) -> bool:
        closed(policy)
        written = [_with_owners(case, statement) for statement in of_the_issuer(policy)]
        return any(written)

    yield from policy_edit(case, stored, "correct", also=_STORED)
    for change in (of_the_tenant, closed):
        yield from policy_edit(case, change, "correct", also=CLOSES)
    yield from policy_edit(case, owned, "correct", also=_OWNED)
    yield from policy_edit(case, own_alone, "correct", also=CLOSES)


def _with_owners(case: Case, statement: dict[str, Any]) -> bool:
    """Write the token's tenant and team into the subject patterns; False if nothing changes."""
    block, changed, key = statement.get("Condition"), False, condition_key(case, "sub")
    for keys in block.values() if isinstance(block, dict) else ():
        if isinstance(keys, dict) and key in keys:
            if not all(isinstance(value, str) for value in as_list(keys[key])):
                continue
            values = [with_owner(case, value) for value in as_list(keys[key])]
            changed = changed or values != as_list(keys[key])
            keys[key] = one_or_list(list(dict.fromkeys(values)), was=keys[key])
    return changed


def _with_counted_operator(case: Case, statement: dict[str, Any]) -> bool:
    """Test the subject as present and single-valued, which it always is; False if already so."""
    block, changed = statement.get("Condition"), False
    if not isinstance(block, dict):
        return False
    for operator in [*block]:
        plain = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:").removesuffix("IfExists")
        keys = block[operator]
        key = condition_key(case, "sub")
        if plain != operator and isinstance(keys, dict) and key in keys and key not in block.get(plain, {}):
            block.setdefault(plain, {})[key] = keys[key]
            without(block, operator, key)
            changed = True
    return changed
