"""Whole organisation trusted

Symptom
    None: every repository, project or environment of your own organisation is accepted.
Reason
    The subject pattern fixes the organisation and leaves the team's part open, in a way that the issuer's own guides
    show: `repo:ORG/*`, `project_path:GROUP/*`, `modal:workspace_id:W:*`. It is a choice, and worth knowing: whoever can
    make a repository or project there has this role. Where the guides do not show it, trust-any-team reports it.
Confirm
    oidc-doctor --report --from … --subject with the subject that the finding names.
Fix
    Name the repository or project, unless every one is meant.
Source
    GitHub, OpenID Connect reference; GitLab, cloud services; Modal, OIDC integration; Vercel, OIDC with AWS.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, weakness


@weakness("AWS081", "whole-organisation-trusted", effect="note")
def whole_organisation_trusted(reach: Reach) -> Iterator[Finding]:
    """Find trust in a whole organisation that the issuer's guides show."""
    if reach.cloud != "aws":
        return
    wider = {(opening.clause, opening.pattern) for opening in reach.openings("anyone", "tenant")}
    for opening in reach.openings("team"):
        if opening.documented and (opening.clause, opening.pattern) not in wider:
            yield Finding(
                f"{opening.clause} accepts every {opening.segment} of the organisation, as the issuer's guides show: "
                f"{opening.passes}",
                f"Name the {opening.segment}, unless every one is meant, such as {opening.narrow}.",
                actual=Side(opening.pattern or opening.clause, opening.at),
                cloud="aws",
                target=reach.resource,
            )
