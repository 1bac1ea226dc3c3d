"""The public addresses of the documents that the checks' pages cite most. A document without one here has no link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_GOOGLE = "https://cloud.google.com/iam/"

# Title as the pages write it → address
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
}


def links_of(check: Check) -> dict[str, str]:
    """Return title and address of each document in the check's Source section that has an address."""
    cited = " ".join(check.page.rpartition("\nSource\n")[2].split())
    return {title: address for title, address in ADDRESSES.items() if title in cited}
