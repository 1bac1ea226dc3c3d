"""`oidc-doctor permissions`: the least permissions that a live run needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.cli.options import Parser, add_cross_check
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.live.plan import Request

_ANY_PROVIDER = TargetGcp(
    provider="projects/0/locations/global/workloadIdentityPools/any/providers/any",
    service_account="any@any.iam.gserviceaccount.com",
)


def permissions(arguments: list[str]) -> int:
    """Print the permissions for one cloud: for AWS an identity policy, for Google a custom role."""
    parser = Parser(
        prog="oidc-doctor permissions",
        description="Print the least permissions that a live run needs.",
        allow_abbrev=False,
    )
    parser.add_argument("cloud", choices=("aws", "gcp"), help="the cloud")
    parser.add_argument("--role", metavar="ARN", help="for this role alone (default: any)")
    parser.add_argument("--bucket", metavar="NAME", help="also read this bucket's policy")
    parser.add_argument("--repository", metavar="NAME", help="also read this ECR repository's policy")
    parser.add_argument("--cloudtrail", action="append", default=[], metavar="s3://…", help="also read this trail")
    add_cross_check(parser, "also query what --cross-check queries")
    parser.add_argument("--account", action="store_true", help="also list what --account lists")
    options = parser.parse_args(arguments)
    print(_google_role() if options.cloud == "gcp" else _aws_policy(options))
    return ExitCode.OK


def _aws_policy(options: argparse.Namespace) -> str:
    from oidc_doctor.live.plan import ANY_ROLE, Goal, Request, aws_policy

    target = TargetAws(role_arn=options.role or ANY_ROLE, s3_bucket=options.bucket, ecr_repository=options.repository)
    request = Request(
        goals=(Goal(Target("any", aws=target)),),
        trails=tuple(options.cloudtrail),
        oracles=options.cross_check,
        account=options.account,
    )
    return json.dumps(aws_policy(request), indent=2)


def _google_role() -> str:
    """A custom role as YAML, for `gcloud iam roles create`, with its other requirements in comments."""
    import yaml

    from oidc_doctor.live.plan import Goal, Request, gcp_apis, gcp_permissions, gcp_roles

    request: Request = Request(goals=(Goal(Target("any", gcp=_ANY_PROVIDER)),))
    head = [
        "# gcloud iam roles create oidcDoctor --organization ORGANIZATION --file FILE",
        "# (with --project: without the permissions on folders and organizations, which are then left unread)",
        f"# or these predefined roles: {', '.join(gcp_roles(request))}",
        f"# APIs that must be on: {', '.join(gcp_apis(request))}",
    ]
    return "\n".join(head) + "\n" + yaml.safe_dump(gcp_permissions(request), sort_keys=False).rstrip()
