"""A condition that holds without its key

Symptom
    Nothing fails: a condition that looks strict is true without its key.
Reason
    `ForAllValues:` and `…IfExists` are true when the key is absent from the request. With a misspelled key, one that
    AWS does not read from this issuer's tokens, or a claim that some of its tokens lack, the condition is true where
    the plain operator would refuse. The finding names a synthetic subject that the same evaluation accepts. For a key
    that every token has, see claim-not-required.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Remove `ForAllValues:` or `IfExists` from the operator, and test a key that the issuer's tokens have:
    `<issuer>:sub`.
Source
    IAM User Guide, multivalued context keys and ...IfExists condition operators; measured condition captures; a
    configuration copied in public issues.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Role, Side, quoted, weakness


@weakness("AWS074", "forallvalues-vacuous")
def forallvalues_vacuous(role: Role, reach: Reach) -> Iterator[Finding]:  # noqa: ARG001 - declares what is needed
    """Find ForAllValues and IfExists whose key is absent from a stranger's token."""
    for opening in reach.vacuous() if reach.cloud == "aws" else ():
        key = quoted(opening.pattern, opening.pattern)
        now = "which this token lacks" if opening.segment else "which no token of this provider has: it is always true"
        yield Finding(
            f"{opening.clause} tests {key} with {opening.operator}, which is true when the key is absent, {now}; "
            f"{opening.passes}",
            f"Remove `{opening.operator}` from the operator"
            + ("." if opening.segment else ", and test a key that the tokens have: the issuer's :sub."),
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
        )
