"""`oidc-doctor permissions`: the least permissions that a live run needs."""

from __future__ import annotations

import json

from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.cli.options import add_cross_check
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import show


def make_permissions_parser() -> Parser:
    """Return the parser of `permissions`."""
    parser = Parser(
        prog="oidc-doctor permissions",
        description="Print the least permissions that a live run needs and, separately, those for reads that no "
        "check judges yet.",
        allow_abbrev=False,
    )
    parser.add_argument("cloud", choices=("aws", "gcp"), help="the cloud")
    parser.add_argument("--role", metavar="ARN", help="limit the policy to this role (default: any)")
    parser.add_argument("--bucket", metavar="NAME", help="also read this bucket's policy")
    parser.add_argument("--repository", metavar="NAME", help="also read this ECR repository's policy")
    parser.add_argument("--cloudtrail", action="append", default=[], metavar="s3://…", help="also read this trail")
    add_cross_check(parser, "add the permissions of --cross-check")
    parser.add_argument("--account", action="store_true", help="add the permissions of --account")
    return parser


def permissions(arguments: list[str]) -> int:
    """Print the permissions for one cloud: for AWS an identity policy, for Google a custom role."""
    options = make_permissions_parser().read(arguments)
    from oidc_doctor.live import permissions as live  # late: no other command needs the cloud readers

    if options.cloud == "gcp":
        show(live.gcp_role(oracles=options.cross_check) + "\n")
        return ExitCode.OK
    policy = live.aws_policy(
        options.role,
        options.bucket,
        options.repository,
        trails=tuple(options.cloudtrail),
        oracles=options.cross_check,
        account=options.account,
    )
    show(json.dumps(policy, indent=2) + "\n")
    return ExitCode.OK
