"""Look-alike name

Symptom
    Nothing fails: a name that differs in one character is accepted as well.
Reason
    A wildcard is inside a name: `repo:acm?/app:*`, `v=1:org=?p4Rt8Wq:…`, `repo:ac*e/app:*`; or the subject is compared
    with StringEqualsIgnoreCase, while the ids of the issuer are case-sensitive (inferred from their mixed case).
    Another customer can have, or register, the other name. The finding names a synthetic subject with such a name that
    the same evaluation accepts, where it refuses a wholly different name.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Write the whole name, without a wildcard in it, and compare it with StringEquals or StringLike.
Source
    IAM User Guide, condition operators: `?` matches any one character, `*` any run of characters.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS075", "lookalike-name")
def lookalike_name(reach: Reach) -> Iterator[Finding]:
    """Find names of which a twin is accepted."""
    for opening in reach.twins() if reach.cloud == "aws" else ():
        text = quoted(opening.pattern, "its pattern")
        how = (
            "in the case of its letters, which the issuer's ids distinguish (inferred)"
            if opening.who == "case"
            else f"where {text} has a wildcard inside the name"
        )
        yield Finding(
            f"{opening.clause} also accepts another {opening.segment}, whose name differs only {how}: {opening.passes}",
            f"Write the whole {opening.segment} without a wildcard in it, and compare it with StringEquals or "
            + (f"StringLike: {opening.narrow}." if opening.narrow else "StringLike."),
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
