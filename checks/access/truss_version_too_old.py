"""Truss version too old

Symptom
    `truss push` fails with a validation error, or `Extra fields not allowed`, on keys that are in the documentation.
Reason
    The installed truss is older than the version that introduced the key: AWS_OIDC and GCP_OIDC need 0.13.2,
    runtime.oidc 0.18.22, AWS_ASSUME_ROLE 0.18.27, and OIDC for the files that a training job fetches 0.18.31.
Confirm
    truss --version where truss push runs, which is often another machine or environment than yours.
Fix
    Upgrade truss there.
Source
    The published truss wheels, read. An output of truss whoami that says env= is of a version before 0.14.1.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given


@cause("ACC032", "truss-version-too-old", Kind.TRUSS_VERSION_TOO_OLD)
def truss_version_too_old(refusal: Refusal) -> Words:
    """Name the key, the version that brought it, and the one that is installed."""
    key, since, installed = refusal.fact("key", "OIDC"), refusal.fact("since"), refusal.fact("installed")
    return Words(
        f"the installed truss{given(' ({})', installed)} does not have {key}" + given(", which was added in {}", since),
        f"Upgrade truss to {since} or later where truss push runs."
        if since
        else "Upgrade truss where truss push runs.",
        commands("pip install --upgrade {}", f"truss>={since}" if since else ""),
    )
