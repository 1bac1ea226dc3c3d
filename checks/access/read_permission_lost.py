"""Permission to read lost

Symptom
    A report says *unknown*, or names files that were not read, where the last run read them.
Reason
    The cloud denied a read that it allowed in the last run. The credentials that oidc-doctor uses lost a permission, or
    it uses other credentials now. Google Cloud also denies a read of something that no longer exists. A read that was
    throttled or timed out does not count. No decision about the workload rests on this.
Confirm
    Compare `outcome` of the read in earlier/manifest.json and in manifest.json, and the identity that was used.
Fix
    Allow the calls again. `oidc-doctor permissions aws` or `gcp` prints all that a run needs.
Source
    The manifests of both runs; IAM's service authorization reference and Google Cloud's permissions reference, which
    name the permission of each call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Earlier, Finding, LostPermission, Origin, Side, TargetEvidence, commands, on, weakness

_CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}
_PRINTED = {"aws": "policy", "gcp": "role"}
_FEW = 4


@weakness("ACC045", "read-permission-lost", "note")
def read_permission_lost(
    lost_permissions: Iterable[LostPermission], earlier: Earlier, evidence: TargetEvidence
) -> Iterator[Finding]:
    """Report the lost permissions of each cloud."""
    lost = list(lost_permissions)
    for cloud, name in _CLOUDS.items():
        of_cloud = [one for one in lost if one.path.startswith(f"{cloud}/")]
        if not of_cloud:
            continue
        permissions = list(dict.fromkeys(one.permission for one in of_cloud))
        allowed_at = of_cloud[0].at or earlier.at
        yield Finding(
            f"{name} denies this reader {_listed(permissions)}, and allowed {_it(permissions)} {on(allowed_at)}",
            f"Allow {_listed(permissions)}{_where(of_cloud)} again: `{_command(cloud, evidence)}` prints the "
            f"{_PRINTED[cloud]}.",
            Side(_listed(permissions), Origin("earlier/manifest.json")),
            Side(of_cloud[0].reason, Origin("manifest.json")),
            cloud="aws" if cloud == "aws" else "gcp",
        )


def _listed(permissions: list[str]) -> str:
    if len(permissions) > _FEW:
        return f"{', '.join(permissions[:_FEW])} and {len(permissions) - _FEW} more permissions"
    return " and ".join(filter(None, (", ".join(permissions[:-1]), permissions[-1])))


def _it(permissions: list[str]) -> str:
    return "it" if len(permissions) == 1 else "them"


def _where(lost: list[LostPermission]) -> str:
    resources = {one.resource for one in lost}
    return f" on {resources.pop()}" if len(resources) == 1 and resources - {"", "*"} else ""


def _command(cloud: str, evidence: TargetEvidence) -> str:
    role = evidence.target.aws.role_arn if evidence.target.aws else None
    of_role = commands("oidc-doctor permissions aws --role {}", role or "") if cloud == "aws" else ()
    return of_role[0] if of_role else f"oidc-doctor permissions {cloud}"
