"""`oidc-doctor setup`: the narrowest set-up of a cloud for a Baseten workload, judged before it is printed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.parser import Parser, help_formatter
from oidc_doctor.cli.streams import show

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import AwsWanted, GcpWanted

_EXAMPLES = """\
examples:
  oidc-doctor setup aws --org Mvg9jrRd --team AviIZ0y3 --account 210987654321 --bucket acme-weights
  oidc-doctor setup aws --org Mvg9jrRd --team AviIZ0y3 --model kW9wuKFN --account 210987654321 \\
      --region us-east-1 --repository ml/serve | bash
  oidc-doctor setup gcp --org Mvg9jrRd --team AviIZ0y3 --project acme-prod --project-number 123456789012 \\
      --bucket acme-weights --format terraform > main.tf.json
"""
_OF_AWS = ("account", "region", "role_name", "kms_key", "max_session_duration")
_OF_GCP = ("project", "project_number", "service_account", "pool", "provider")


def make_setup_parser() -> Parser:
    """Return the parser of `setup`."""
    parser = Parser(
        prog="oidc-doctor setup",
        description="Print the narrowest set-up of a cloud for a Baseten workload; you can run its commands again.\n"
        "The set-up is judged before it is printed: the workload passes, other tenants and teams do not.",
        epilog=_EXAMPLES,
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("cloud", choices=("aws", "gcp"), help="the cloud")
    parser.add_argument(
        "--format",
        choices=("commands", "terraform"),
        default="commands",
        help="shell commands, or the text of a main.tf.json",
    )
    workload = parser.add_argument_group("the workload")
    workload.add_argument("--org", metavar="ID", required=True, help="the org's id; truss whoami --show-oidc prints it")
    workload.add_argument(
        "--team", metavar="ID", required=True, help="the team's id; truss whoami --show-oidc prints it"
    )
    workload.add_argument(
        "--whoami", metavar="FILE", help="the saved output of truss whoami; --org and --team must be in it"
    )
    workload.add_argument("--model", metavar="ID", help="only tokens of this model (default: any of the team)")
    workload.add_argument("--environment", metavar="NAME", help="only tokens of this environment (default: any)")
    workload.add_argument(
        "--type",
        choices=("model_build", "model_container"),
        help="only tokens of this type (default: model_build with only --repository, otherwise both)",
    )
    workload.add_argument("--bucket", metavar="NAME", help="the bucket of the weights")
    workload.add_argument(
        "--repository",
        metavar="NAME",
        help="the repository of the images: for ECR a name or ARN, for Google LOCATION-docker.pkg.dev/…",
    )
    aws = parser.add_argument_group("aws")
    aws.add_argument("--account", metavar="ID", help="the account of the role and the provider")
    aws.add_argument("--region", metavar="NAME", help="the Region of the registry; the role is in the same partition")
    aws.add_argument("--role-name", metavar="NAME", help="default BasetenOIDCRole")
    aws.add_argument("--kms-key", metavar="ARN", help="the key that encrypts the bucket's objects")
    aws.add_argument(
        "--max-session-duration",
        metavar="SECONDS",
        type=int,
        help="the longest session of the role (default: IAM's, 3600)",
    )
    gcp = parser.add_argument_group("gcp")
    gcp.add_argument("--project", metavar="ID", help="the project of the pool and the service account")
    gcp.add_argument("--project-number", metavar="N", help="the project's number; gcloud projects describe prints it")
    gcp.add_argument("--service-account", metavar="NAME", help="default baseten-oidc")
    gcp.add_argument("--pool", metavar="ID", help="default baseten-pool")
    gcp.add_argument("--provider", metavar="ID", help="default baseten-provider")
    return parser


def setup(arguments: list[str]) -> int:
    """Print the set-up. Raises UsageError; returns BROKEN where the judge finds in it what it was not meant to be."""
    options = make_setup_parser().read(arguments)
    other = _OF_GCP if options.cloud == "aws" else _OF_AWS
    stray = [f"--{name.replace('_', '-')}" for name in other if getattr(options, name) is not None]
    if stray:
        message = f"setup {options.cloud}: {', '.join(stray)}: of the other cloud"
        raise UsageError(message)
    from oidc_doctor.setup.proof import faults_of  # late, as all below: no other command needs it
    from oidc_doctor.setup.wanted import AwsWanted, WantedError

    try:
        wanted = _wanted(options)
        if options.whoami is not None:
            _compare(options)
    except WantedError as error:
        message = f"setup {options.cloud}: {error}"
        raise UsageError(message) from None
    faults = faults_of(wanted)
    if faults:
        from oidc_doctor.cli.output import complain

        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        complain(
            f"internal error in oidc-doctor: nothing is printed, since the set-up is judged as wrong: {faults[0]}{more}"
        )
        return ExitCode.BROKEN
    from oidc_doctor.cli.output import note
    from oidc_doctor.setup import commands, notes, terraform

    for line in notes.notes_on(wanted, are_commands=options.format == "commands"):
        note(line)
    if isinstance(wanted, AwsWanted):
        show((commands.aws_commands if options.format == "commands" else terraform.aws_terraform)(wanted))
    else:
        show((commands.gcp_commands if options.format == "commands" else terraform.gcp_terraform)(wanted))
    return ExitCode.OK


def _compare(options: argparse.Namespace) -> None:
    """Hold the ids against those of `truss whoami`. Raises WantedError, and UsageError for a file that is none."""
    from oidc_doctor.cli.streams import read_file
    from oidc_doctor.documents.json_text import Unreadable, decode
    from oidc_doctor.documents.truss import parse_whoami
    from oidc_doctor.judge.workspace import workspace_of
    from oidc_doctor.model.limits import EVIDENCE_FILE
    from oidc_doctor.setup.wanted import WantedError, compare

    try:
        text = decode(read_file(options.whoami, "--whoami", EVIDENCE_FILE.most), options.whoami)
        workspace = workspace_of(parse_whoami(text, options.whoami))
    except Unreadable as error:
        raise UsageError(str(error)) from None
    if workspace is None:
        message = f"--whoami {options.whoami}: it has no Org ID; truss whoami --show-oidc prints it"
        raise WantedError(message)
    compare(options.org, options.team, workspace.org, workspace.teams)


def _wanted(options: argparse.Namespace) -> AwsWanted | GcpWanted:
    from oidc_doctor.setup.wanted import AwsWanted, GcpWanted, WantedError, Workload, types_for

    needed = ("account",) if options.cloud == "aws" else ("project", "project_number")
    missing = [f"--{name.replace('_', '-')}" for name in needed if getattr(options, name) is None]
    if missing:
        message = f"{' and '.join(missing)}: missing"
        raise WantedError(message)
    types = types_for(chosen=options.type, others=(options.bucket,), repository=options.repository)
    workload = Workload(options.org, options.team, options.model, options.environment, types)
    shared = {"workload": workload, "bucket": options.bucket, "repository": options.repository}
    own = _OF_AWS if options.cloud == "aws" else _OF_GCP
    names = {name: value for name in own if (value := getattr(options, name)) is not None}
    return AwsWanted(**shared, **names) if options.cloud == "aws" else GcpWanted(**shared, **names)
