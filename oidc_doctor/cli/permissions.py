"""`oidc-doctor permissions`: the least that a live run needs."""

from __future__ import annotations

import json

from oidc_doctor.cli.options import OK, Parser


def permissions(arguments: list[str]) -> int:
    """Print the permissions for one cloud."""
    parser = Parser(
        prog="oidc-doctor permissions",
        description="The least that a live run needs, and apart from it what is read where it is allowed and not yet "
        "judged.",
        allow_abbrev=False,
    )
    parser.add_argument("cloud", choices=("aws", "gcp"), help="the cloud")
    parser.add_argument("--role", metavar="ARN", help="for this role alone (default: any)")
    parser.add_argument("--bucket", metavar="NAME", help="also read this bucket's policy")
    parser.add_argument("--repository", metavar="NAME", help="also read this ECR repository's policy")
    parser.add_argument("--cloudtrail", action="append", default=[], metavar="s3://…", help="also read this trail")
    parser.add_argument("--oracles", action="store_true", help="also what --oracles asks")
    parser.add_argument("--account", action="store_true", help="also what --account lists")
    options = parser.parse_args(arguments)
    from oidc_doctor.live import permissions as live  # late: no other command reads the clouds' readers

    if options.cloud == "gcp":
        print(live.gcp_role())
        return OK
    policy = live.aws_policy(
        options.role,
        options.bucket,
        options.repository,
        trails=tuple(options.cloudtrail),
        oracles=options.oracles,
        account=options.account,
    )
    print(json.dumps(policy, indent=2))
    return OK
