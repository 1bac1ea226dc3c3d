"""ForAllValues that asks for nothing

Symptom
    Nothing fails: a condition that looks strict is true without its key.
Reason
    `ForAllValues:` is true when the key is absent from the request. It is meant for keys with several values; `sub` and
    `aud` have one. With a misspelt key, or one of another issuer, the condition then lets everything through, where the
    plain operator would have refused.
Confirm
    Look for `ForAllValues:` above `<issuer>:sub` or `<issuer>:aud` without a Null condition (`"false"`) on that key.
Fix
    Take the prefix away: StringEquals or StringLike.
Source
    IAM User Guide, multivalued context keys; measured condition captures; a configuration copied in public issues.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import (
    Finding,
    Role,
    Side,
    TrustStatement,
    TrustTest,
    allow_statements,
    policy_origin,
    quoted,
    weakness,
)


def _is_guarded(test: TrustTest, statement: TrustStatement) -> bool:
    for other in statement.tests:
        if other.key.lower() == test.key.lower() and not other.holds_when_absent:
            must_exist = other.operator == "null" and [value.lower() for value, _ in other.values] == ["false"]
            if must_exist or other.positive:
                return True
    return False


@weakness("AWS074", "forallvalues-vacuous")
def forallvalues_vacuous(role: Role) -> Iterator[Finding]:
    """Find ForAllValues on keys that have one value."""
    for statement in allow_statements(role):
        for test in statement.tests:
            issuer, _, claim = test.key.lower().rpartition(":")
            single = "." in issuer and claim != "amr"  # a key of an OIDC provider; amr alone has several values
            if test.quantifier != "forallvalues" or not test.positive or not single or _is_guarded(test, statement):
                continue
            now = "" if test.claim else ", and no token of this provider has that key: it is always true"
            yield Finding(
                f"{statement.name} tests {quoted(test.key, 'a key')} with ForAllValues, which is true when the key is "
                f"absent{now}",
                "Take `ForAllValues:` off the operator: the key has a single value.",
                actual=Side(test.key, policy_origin(role, test.pointer)),
            )
