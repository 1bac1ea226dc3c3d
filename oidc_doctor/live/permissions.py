"""The least permissions for a live run: an identity policy for AWS, a custom role for Google Cloud.

Both derive from the grants of the readers that the run would start. A file that no evaluator uses (contract.py) is not
needed for a verdict: its permission is listed separately, and the coverage of a run without it reports the denial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.live.aws.athena import BUCKET_OF_RESULTS, BUCKET_OF_TABLE
from oidc_doctor.live.gcp.client import role_with
from oidc_doctor.live.plan import CollectionRequest, Goal, plan
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oidc_doctor.live.collect import Grant, Reader
    from oidc_doctor.model.log_place import LogPlace

_ANY_ACCOUNT = "0" * 12  # matches every account
# Names for what is known only when a table is read. No bucket's name has capitals, so these ARNs match nothing.
UNKNOWN_BUCKETS = {
    BUCKET_OF_TABLE: "the bucket in the location of the table",
    BUCKET_OF_RESULTS: "the bucket where Athena writes results, by the workgroup or --athena-output",
}
_ANY_ROLE = f"arn:aws:iam::{_ANY_ACCOUNT}:role/any"  # matches every role
_ANY_PROVIDER = TargetGcp(
    provider="projects/0/locations/global/workloadIdentityPools/any/providers/any",
    service_account="any@any.iam.gserviceaccount.com",
    gcs_bucket="any-bucket",
    artifact_repository="any-docker.pkg.dev/any/any/any",
)


class Grants(NamedTuple):
    """The distinct grants of a plan's readers: those that verdicts need, and those for files not judged yet."""

    needed: tuple[Grant, ...]
    not_judged: tuple[Grant, ...]


def grants_of(readers: Iterable[Reader]) -> Grants:
    """Return the grants of the readers and of further readers that they may start."""
    needed: dict[Grant, None] = {}
    not_judged: dict[Grant, None] = {}
    for reader in readers:
        for path, grants in ((reader.path, reader.grants), *reader.follows):
            not_yet = contract.row_of(contract.split_target(path)[1]).not_judged
            (not_judged if not_yet else needed).update(dict.fromkeys(grants))
    return Grants(tuple(needed), tuple(grant for grant in not_judged if grant not in needed))


def grants_for(target: Target, path: str) -> tuple[Grant, ...]:
    """Return the grants that a run on the target needs to read the file at a path of the bundle."""
    clouds = target._replace(gcp=None) if path.startswith("aws/") else target._replace(aws=None)
    for reader in plan(CollectionRequest(goals=(Goal(clouds),))):
        for place, grants in ((reader.path, reader.grants), *reader.follows):
            if path == place or (place.endswith("/") and path.startswith(place)):
                return tuple(grants)
    return ()


def aws_policy(
    targets: Sequence[TargetAws] = (),
    *,
    places: tuple[LogPlace, ...] = (),
    oracles: bool = False,
    account: bool = False,
) -> dict[str, Any]:
    """Return the least identity policy for a live run on the targets (none: any role), as JSON values."""
    goals = [
        Goal(Target(str(number), aws=target._replace(role_arn=target.role_arn or _ANY_ROLE)))
        for number, target in enumerate(targets or [TargetAws()])
    ]
    request = CollectionRequest(goals=tuple(goals), aws_places=places, oracles=oracles, account=account)
    needed, not_judged = (
        [grant for grant in grants if not grant.api] for grants in grants_of(plan(request))
    )  # an API is Google's
    return {
        "Version": "2012-10-17",
        "Statement": [*_statements("Needed", needed), *_statements("AlsoReadNotYetJudged", not_judged)],
    }


def _statements(heading: str, grants: Iterable[Grant]) -> list[dict[str, Any]]:
    """Return statements that group permissions by resources; a Sid contains only letters and digits."""
    resources: dict[str, list[str]] = {}
    for grant in grants:
        resource = grant.resource.replace(_ANY_ACCOUNT, "*").replace("role/any", "role/*")
        resources.setdefault(grant.permission, []).append(resource)
    actions: dict[tuple[str, ...], list[str]] = {}
    for permission, places in resources.items():
        actions.setdefault(tuple(dict.fromkeys(places)), []).append(permission)
    return [
        {
            "Sid": f"{heading}{number}",
            "Effect": "Allow",
            "Action": sorted(permissions),
            "Resource": places[0] if len(places) == 1 else list(places),
        }
        for number, (places, permissions) in enumerate(actions.items(), 1)
    ]


def gcp_role(targets: Sequence[TargetGcp] = (), *, places: tuple[LogPlace, ...] = (), oracles: bool = False) -> str:
    """Return a custom role as YAML for `gcloud iam roles create`; APIs and predefined roles are in comments.

    Without targets it suffices for any.
    """
    import yaml

    goals = [Goal(Target(str(number), gcp=target)) for number, target in enumerate(targets or [_ANY_PROVIDER])]
    request = CollectionRequest(goals=tuple(goals), gcp_places=places, oracles=oracles)
    needed, not_judged = grants_of(plan(request))
    permissions = sorted({grant.permission for grant in needed if grant.api})
    role = {
        "title": "oidc-doctor",
        "description": "Reads what federated sign-in to Google Cloud depends on. Changes nothing.",
        "stage": "GA",
        "includedPermissions": permissions,
    }
    apis = sorted({grant.api for grant in needed} - {""})
    head = [
        "# gcloud iam roles create oidcDoctor --organization ORGANIZATION --file FILE",
        "# (with --project: without the permissions on folders and organizations, which are then left unread)",
        f"# or these predefined roles: {', '.join(_roles(permissions))}",
        f"# APIs that must be on: {', '.join(apis)}",
    ]
    extra_permissions = sorted({grant.permission for grant in not_judged if grant.api})
    if extra_permissions:
        on = sorted({grant.api for grant in not_judged} - {"", *apis})
        head += [f"# also read where it is allowed, not yet judged: {', '.join(extra_permissions)}"]
        head += [f"# (predefined: {', '.join(_roles(extra_permissions))}; further APIs: {', '.join(on) or 'none'})"]
    return "\n".join(head) + "\n" + yaml.safe_dump(role, sort_keys=False).rstrip()


def _roles(permissions: Iterable[str]) -> list[str]:
    """Return predefined roles with the permissions."""
    return sorted({role_with(permission) for permission in permissions} - {""})
