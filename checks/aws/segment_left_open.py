"""Part of the subject left open

Symptom
    Nothing fails: runs of another branch, type or environment are accepted as well.
Reason
    The pattern asks for a part of the subject that says which run of a workload is meant, and accepts any value of it:
    `…:type=*`, `ref:refs/heads/*`, `environment:*`. Any branch that anyone may push, or any deployment, then has the
    same access as the one that was meant. Patterns that end before this part (`repo:ORG/REPO:*`) are documented by the
    issuers and are not reported, nor is a tag, since each release has its own.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Write the value that is meant, or end the pattern before this part where every value is meant.
Source
    The subject's parts as each issuer documents them; GitHub, OpenID Connect reference: filters of the subject.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS078", "segment-left-open")
def segment_left_open(reach: Reach) -> Iterator[Finding]:
    """Find parts of the subject that are asked for and left open."""
    for opening in reach.left_open() if reach.cloud == "aws" else ():
        yield Finding(
            f"{opening.clause} accepts any {opening.segment}: {quoted(opening.pattern, 'its subject pattern')} asks "
            f"for one and fixes no value of it, and {opening.passes}",
            f"Write the {opening.segment} that is meant as a fixed value, or one Allow statement for each of them.",
            actual=Side(opening.pattern, opening.at),
            cloud="aws",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
