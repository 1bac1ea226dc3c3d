"""Public addresses of the documents most cited by the checks' pages. Other documents have no link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check
    from oidc_doctor.issuers import Profile

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_GOOGLE = "https://cloud.google.com/iam/"
_BASETEN = "https://docs.baseten.co/"
_GITHUB = "https://docs.github.com/en/actions/reference/security/oidc"

# Issuers' documentation of their tokens; a profile's `sources` name the page.
_OF_ISSUERS = ("https://docs.baseten.co/", "https://docs.github.com/", "https://docs.gitlab.com/")

# Title as in the pages → address
ADDRESSES: Final = {
    "IAM User Guide, id_roles_providers_create_oidc": _IAM + "id_roles_providers_create_oidc.html",
    "IAM User Guide, id_roles_providers_oidc_secure-by-default": _IAM
    + "id_roles_providers_oidc_secure-by-default.html",
    "IAM User Guide, id_roles_create_for-idp_oidc": _IAM + "id_roles_create_for-idp_oidc.html",
    "IAM User Guide, policy evaluation logic": _IAM + "reference_policies_evaluation-logic.html",
    "IAM User Guide, condition operators": _IAM + "reference_policies_elements_condition_operators.html",
    "IAM User Guide, Troubleshoot access denied error messages": _IAM + "troubleshoot_access-denied.html",
    "IAM User Guide, session tags": _IAM + "id_session-tags.html",
    "STS API reference, AssumeRoleWithWebIdentity": (
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"
    ),
    "Google Cloud, Principal identifiers": _GOOGLE + "docs/principal-identifiers",
    "Google Cloud, Troubleshoot Workload Identity Federation": (
        _GOOGLE + "docs/troubleshooting-workload-identity-federation"
    ),
    "Google Cloud, Workload Identity Federation with other providers": (
        _GOOGLE + "docs/workload-identity-federation-with-other-providers"
    ),
    "Google Cloud, IAM quotas and limits": _GOOGLE + "quotas",
    "GitHub's OIDC reference": _GITHUB,
    "GitHub Docs, OpenID Connect reference": _GITHUB,
    "GitHub, OpenID Connect reference": _GITHUB,
    "Baseten, OIDC": _BASETEN + "organization/oidc",
    "Baseten's OIDC documentation": _BASETEN + "organization/oidc",
    "Baseten's documentation of weights": _BASETEN + "development/model/bdn",
    "Baseten's documentation of private registries": _BASETEN + "development/model/dependencies",
}


def links_of(check: Check) -> dict[str, str]:
    """Return title and address of each document in the check's Source section that has an address."""
    cited = " ".join(check.page.rpartition("\nSource\n")[2].split())
    links: dict[str, str] = {}
    for title, address in ADDRESSES.items():
        if title in cited and address not in links.values():
            links[title] = address
    return links


def links_for(check: Check, profile: Profile | None) -> dict[str, str]:
    """Return a check's links for a token of this issuer: no pages of other issuers, and the issuer's own last."""
    pages = _pages_of(profile)
    links = {
        title: address
        for title, address in links_of(check).items()
        if not address.startswith(_OF_ISSUERS) or any(_is_of(address, page) for page in pages)
    }
    own = next((page for page in pages if page.startswith(_OF_ISSUERS)), "")
    if profile is not None and own and not any(address.startswith(_OF_ISSUERS) for address in links.values()):
        links[f"{profile.title}, tokens"] = own
    return links


def _pages_of(profile: Profile | None) -> tuple[str, ...]:
    """Return the documentation pages cited by the issuer's profile."""
    return tuple(f"https://{source}" for source in (profile.sources if profile is not None else ()))


def _is_of(address: str, page: str) -> bool:
    return address.split("/")[2] == page.split("/")[2]
