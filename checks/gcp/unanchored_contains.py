"""Unanchored contains

Symptom
    None: the exchange works, for more subjects than meant.
Reason
    contains() looks for its text anywhere. contains('environment=production') is true for environment=production-eu
    as well: nothing says that the value ends there, or that the key begins there. The finding names a synthetic subject
    that the same evaluation accepts, where it refuses a wholly different value.
Confirm
    Look in attributeCondition for contains('KEY=VALUE') without a separator on both sides.
Fix
    Close the text with the separators of the subject: contains(':environment=production:'). The first segment needs
    startsWith, the last one endsWith(':type=model_build').
Source
    CEL specification, contains; Baseten, OIDC, for the subject's form. That such names get a token is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, Reach, Side, weakness


@weakness("GCP071", "unanchored-contains")
def unanchored_contains(gcp_provider: GcpProvider, reach: Reach) -> Iterator[Finding]:  # noqa: ARG001 - a need
    if reach.cloud != "gcp" or not reach.condition:
        return
    patterns: set[str] = set()
    for opening in reach.values_alike():
        if opening.pattern in patterns:
            continue
        patterns.add(opening.pattern)
        yield Finding(
            f"{opening.pattern} is also true for {opening.subject}",
            f"Write {opening.whole}, so that the whole {opening.segment} has to be equal.",
            Side(opening.whole),
            Side(opening.pattern, opening.at),
            cloud="gcp",
            target=reach.resource,
            opens_to=opening.opens_to,
        )
