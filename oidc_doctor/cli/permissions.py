"""`oidc-doctor permissions`: the least permissions that a live run needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.log_places import meant, place_of
from oidc_doctor.cli.options import add_cross_check
from oidc_doctor.cli.output import note
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import show

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.model.events import Source
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.model.log_place import LogPlace


def make_permissions_parser() -> Parser:
    """Return the parser of `permissions`."""
    parser = Parser(
        prog="oidc-doctor permissions",
        description="Print the least permissions that a live run needs and, separately, those for reads that no "
        "check judges yet.",
        allow_abbrev=False,
    )
    parser.add_argument("cloud", choices=("aws", "gcp"), help="the cloud")
    parser.add_argument("-c", "--config", metavar="FILE", help="limit it to the live targets of this oidc-doctor.toml")
    parser.add_argument("--role", metavar="ARN", help="limit the policy to this role (default: any)")
    parser.add_argument("--bucket", metavar="NAME", help="also read this bucket's policy")
    parser.add_argument("--repository", metavar="NAME", help="also read this ECR repository's policy")
    parser.add_argument(
        "--cloudtrail",
        action="append",
        default=[],
        metavar="PLACE",
        help="also read s3://BUCKET/PREFIX, athena:DATABASE.TABLE or cloudwatch:LOG_GROUP",
    )
    parser.add_argument(
        "--gcp-logs",
        action="append",
        default=[],
        metavar="PLACE",
        help="also read gs://BUCKET/PREFIX, bigquery:PROJECT.DATASET or loganalytics:PROJECT.LOCATION.BUCKET",
    )
    add_cross_check(parser, "add the permissions of --cross-check")
    parser.add_argument("--account", action="store_true", help="add the permissions of --account")
    return parser


def permissions(arguments: list[str]) -> int:
    """Print the permissions for one cloud: for AWS an identity policy, for Google a custom role."""
    options = make_permissions_parser().read(arguments)
    idle = ("--gcp-logs", options.gcp_logs) if options.cloud == "aws" else ("--cloudtrail", options.cloudtrail)
    if idle[1]:
        raise UsageError(f"permissions {options.cloud}: {idle[0]} would have no effect: it is of the other cloud")
    from oidc_doctor.live import permissions as live  # late: no other command needs the cloud readers

    targets = _targets(options)
    if options.cloud == "gcp":
        providers = [target.gcp for target in targets if target.gcp]
        places = _places(options.gcp_logs, "--gcp-logs", "gcp-logs")
        show(live.gcp_role(providers, places=places, oracles=options.cross_check) + "\n")
        return ExitCode.OK
    roles = [target.aws for target in targets if target.aws]
    policy = live.aws_policy(
        roles,
        places=_places(options.cloudtrail, "--cloudtrail", "cloudtrail"),
        oracles=options.cross_check,
        account=options.account,
    )
    show(json.dumps(policy, indent=2) + "\n")
    for name, meaning in live.UNKNOWN_BUCKETS.items():
        if name in str(policy):
            note(f"replace {name}: {meaning}")
    return ExitCode.OK


def _places(texts: list[str], option: str, source: Source) -> tuple[LogPlace, ...]:
    """Return the places of logs. Raises UsageError."""
    places = []
    for text in texts:
        place = place_of(text, source, f"permissions: {option}")
        if place is None:
            raise UsageError(f"permissions: {option} {text}: files need no permission{meant(text, source)}")
        places.append(place)
    return tuple(places)


def _targets(options: argparse.Namespace) -> list[Target]:
    """Return the targets that the policy or role is limited to; none for any. Raises UsageError."""
    from oidc_doctor.model.evidence import Target, TargetAws

    named = TargetAws(role_arn=options.role, s3_bucket=options.bucket, ecr_repository=options.repository)
    if not options.config:
        return [Target("", aws=named)]
    if named != TargetAws():
        message = "permissions: -c with --role, --bucket or --repository: the file names them"
        raise UsageError(message)
    from oidc_doctor.cli.health import health_file

    file = health_file(options.config, named=True)
    live = [target.target for target in file.targets if not target.source]
    targets = [target for target in live if (target.aws if options.cloud == "aws" else target.gcp)]
    if not targets:
        message = (
            f"{options.config}: no [[target]] is read live from {'AWS' if options.cloud == 'aws' else 'Google Cloud'}"
        )
        raise UsageError(message)
    return targets
