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

from oidc_doctor.checkkit import Finding, Reach, Role, Side, quoted, weakness


@weakness("AWS074", "forallvalues-vacuous")
def forallvalues_vacuous(role: Role, reach: Reach) -> Iterator[Finding]:  # noqa: ARG001 - declares what is needed
    """Find ForAllValues on keys that have one value."""
    for opening in reach.vacuous() if reach.cloud == "aws" else ():
        now = "" if opening.segment else ", and no token of this provider has that key: it is always true"
        yield Finding(
            f"{opening.clause} tests {quoted(opening.pattern, 'a key')} with ForAllValues, which is true when the key "
            f"is absent{now}",
            "Take `ForAllValues:` off the operator: the key has a single value.",
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
        )
