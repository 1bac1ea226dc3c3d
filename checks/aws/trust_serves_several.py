"""Trust serves several

Symptom
    None: the exchange works, and workloads that are kept apart elsewhere get the same permissions here.
Reason
    The logs show accepted tokens of several environments, types or models, and one role or provider accepts them all.
    Staging or a build may read everything that production may read. The proposed patterns were tried on the logged
    subjects: together they accept every one, and each accepts its own share alone. Workloads that the logs do not show
    are not covered. On Baseten a build token may carry another environment than the one that the model is later
    promoted to (inferred), so try a pattern with an environment outside production first.
Confirm
    oidc-doctor --report -v BUNDLE lists the logged attempts with their subjects.
Fix
    One role (or provider) for each share, with its own pattern and only the permissions that it needs.
Source
    Baseten, OIDC, best practices (separate roles or providers by environment, type or model) and its scoping patterns;
    the subject's parts as each issuer documents them.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Share, Side, Uses, listed, weakness

_PLURALS = {"aws": "roles", "gcp": "providers"}


@weakness("AWS090", "trust-serves-several", "note", other="GCP068")
def trust_serves_several(uses: Uses) -> Iterator[Finding]:
    """Find one trust for several environments, types or models."""
    found = uses.separation()
    if found is None:
        return
    thing = _PLURALS[uses.cloud]
    served = listed([f"{share.name.replace('_', ' ', 1)} ({share.attempts:,})" for share in found.shares])
    texts = listed([_text(share) for share in found.shares])
    how = "with the patterns" if uses.cloud == "aws" else "whose conditions add"
    yield Finding(
        f"one {thing[:-1]} serves {served}, by accepted attempts; separate {thing}, {how} {texts}, would keep them "
        "apart",
        f"Make one {thing[:-1]} for each, with the permissions that it alone needs.",
        actual=Side(found.clause, found.at),
        cloud=uses.cloud,
        target=uses.resource,
    )


def _text(share: Share) -> str:
    return " or ".join(share.patterns)
