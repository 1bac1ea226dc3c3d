"""Trust in any team

Symptom
    Nothing fails: workloads of the organization's other teams are accepted as well.
Reason
    The subject pattern fixes the organization and leaves the team (repository, project, namespace) open:
    `v=1:org=O:*`, `repo:ORG/*`, or an attribute condition on the organization alone. A wildcard crosses separators, so
    later parts do not close it again; a fixed id below the team does, since it belongs to one team (inferred). The
    finding names a synthetic subject of another team that the same evaluation accepts. Trust in a whole organization
    that the issuer's own guides show (`repo:ORG/*`, `project_path:GROUP/*`) is no finding on AWS.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Add the team, unless every team of the organization is meant.
Source
    Baseten's OIDC documentation, scoping patterns; the subject's segments as each issuer documents them.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, quoted, weakness


@weakness("AWS071", "trust-any-team", other="GCP066")
def trust_any_team(reach: Reach) -> Iterator[Finding]:
    """Find trust in a whole organization."""
    if reach.cloud == "gcp" and not reach.condition:
        return  # condition-absent says so
    wider = {(opening.clause, opening.pattern) for opening in reach.openings("anyone", "tenant")}
    for opening in reach.openings("team"):
        if (opening.clause, opening.pattern) in wider or opening.documented:
            continue  # worse, or what the issuer documents
        clause = opening.clause or "the attribute condition"
        text = quoted(opening.pattern, "its subject pattern") if opening.clause and opening.pattern else "it"
        of = " of the organization" if opening.customers or not opening.clause else ""
        yield Finding(
            f"{clause} accepts every {opening.segment}{of}: {text} fixes no {opening.segment}, and {opening.passes}",
            f"Fix the {opening.segment} as well, followed by its separator, unless every {opening.segment} is meant"
            + (f": {opening.narrow}." if opening.clause and opening.narrow else "."),
            actual=Side(opening.pattern or opening.clause, opening.at),
            cloud=reach.cloud,
            target=reach.resource,
            opens_to=opening.opens_to,
        )
