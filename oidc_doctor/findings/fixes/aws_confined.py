"""A trust policy made safe to store, and closed to the issuer's other workloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate
from oidc_doctor.findings.fixes.trust_policy import (
    CLOSES,
    as_list,
    condition_key,
    issuer_host,
    policy_edit,
    require_own,
    tests_key,
    without,
)
from oidc_doctor.judge.aws.arns import federated

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def confined(case: Case) -> Iterator[Candidate]:
    """The case's trust policy made safe to store, the mildest change first.

    The subject is tested by an operator that IAM counts; then the token's audience and workload are required by each
    statement that tests no subject; then by every statement of the issuer. An edit that would make such a statement
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

    def closed(policy: Any) -> bool:
        stored(policy)
        keys = (condition_key(case, "sub"), condition_key(case, "aud"))
        untested = [part for part in of_the_issuer(policy) if not all(tests_key(part, key) for key in keys)]
        return bool(untested) and all(require_own(case, statement) for statement in untested)

    def own_alone(policy: Any) -> bool:
        stored(policy)
        return all(require_own(case, statement, beside=True) for statement in of_the_issuer(policy))

    for change in (stored, closed, own_alone):
        yield from policy_edit(case, change, "correct", also=CLOSES)


def _with_counted_operator(case: Case, statement: dict[str, Any]) -> bool:
    """Test the subject as present and with one value, which it always has; False where that is so already."""
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
