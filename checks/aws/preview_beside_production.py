"""Preview beside production

Symptom
    Nothing fails: previews or pull requests have the access of production.
Reason
    The trust policy names production (an environment, or the main branch) and accepts a preview, a test or a pull
    request of the same workload. Code without a review can then use the role of production. A trust in all of a
    workload's runs, which names no environment, is no finding.
Confirm
    Run oidc-doctor --report BUNDLE --subject SUBJECT with the subject that the finding names.
Fix
    Make a second role for previews, with the permissions that they need, and trust production alone in this one.
Source
    GitHub, OpenID Connect reference: subject of a pull_request run; Baseten's OIDC documentation, which advises a role
    for each environment.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Reach, Side, weakness


@weakness("AWS079", "preview-beside-production")
def preview_beside_production(reach: Reach) -> Iterator[Finding]:
    """Find previews and pull requests that are accepted where production is named."""
    for opening in reach.beside_production() if reach.cloud == "aws" else ():
        yield Finding(
            f"{opening.clause} grants a preview the role of production: {opening.intended} is accepted by its name, "
            f"and {opening.passes} too",
            "Make a second role for previews and pull requests, and trust production alone in this one.",
            actual=Side(opening.pattern or opening.clause, opening.at),
            cloud="aws",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
