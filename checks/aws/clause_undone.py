"""Clause undone by another one

Symptom
    Nothing fails: a narrow clause of the trust policy refuses no token.
Reason
    Statements, and the values of one key, are alternatives: a token needs one of them. A second Allow, or a second
    value, that accepts all that the first one accepts and more makes the first one useless. The finding names a
    synthetic subject that the narrow clause refuses and the wide one accepts.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Remove the wide clause; or, if the wide clause is intended, remove the narrow one.
Source
    IAM User Guide, policy evaluation logic: one Allow that applies is enough; several values of a key are alternatives.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS080", "clause-undone")
def clause_undone(reach: Reach) -> Iterator[Finding]:
    """Find clauses that make a narrower one useless."""
    for opening in reach.undone() if reach.cloud == "aws" else ():
        text = quoted(opening.pattern, "its pattern") if opening.pattern else "a statement without a subject"
        yield Finding(
            f"{opening.clause} undoes {quoted(opening.intended, 'a narrower clause')}: {text} accepts all that it "
            f"accepts, and more: {opening.passes}",
            "Remove the wider clause, unless it is the one that is meant.",
            actual=Side(opening.pattern or opening.clause, opening.at),
            cloud="aws",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
