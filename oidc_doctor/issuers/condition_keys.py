"""The claims that AWS exports as condition keys, and the issuers that IAM treats as shared.

Source: AWS IAM user guide, reference_policies_iam-condition-keys and id_roles_providers_oidc_secure-by-default.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

from oidc_doctor.issuers.catalogue import match_for, normalised, profile_for, read_toml
from oidc_doctor.issuers.profile import Profile

KeyType = Literal["single", "multi", "numeric"]


@functools.cache
def _aws() -> dict[str, Any]:
    return read_toml("_aws.toml")


def condition_keys(profile: Profile | None, issuer: str | None = None) -> dict[str, KeyType]:
    """Return the claims that have a condition key, `<issuer without scheme>:<claim>`, each with its type.

    With `issuer` the claims are those of that address: AWS exports GitHub's claims for github.com, not for a GitHub
    Enterprise Server. Without `issuer` the claims are the widest set among the profile's issuers.
    """
    address = normalised(issuer)
    if address in _aws()["built_in"]:
        return dict(_aws()["built_in"][address])
    keys: dict[str, KeyType] = dict(_aws()["any"])
    if profile is None:
        return keys
    if address:
        match = match_for(profile, issuer)
        exported = match is not None and match.condition_keys
    else:
        exported = any(match.condition_keys for match in profile.matches)
    if exported:
        keys.update(dict.fromkeys(profile.own_condition_keys, "single"))
    return keys


def shared_issuer_control(issuer: str | None) -> tuple[str, ...]:
    """Return the keys that IAM requires a trust policy to test for this issuer, because many customers share it.

    Claims by their bare name, `sts:RoleSessionName` as it is. Empty for an issuer that IAM does not control, shared
    or not: Baseten's and Modal's are shared and not controlled.
    """
    address = normalised(issuer)
    if address in _aws()["shared"]:
        return (_aws()["shared"][address],)
    profile = profile_for(issuer)
    match = match_for(profile, issuer) if profile else None
    return match.shared_control if match else ()
