"""The texts of --help: one screen that teaches, and the words around the list of --help-all."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.cli.streams import show

DESCRIPTION = (
    "Explain exactly why AWS or Google Cloud refused a workload's OIDC token.\n\n"
    "On a terminal oidc-doctor opens the interactive UI; with --report, -o or a pipe it writes a report.\n"
    "A role, provider or issuer that you name is read live, with this machine's credentials, even along\n"
    "with a token, subject or error text. Along with files of configuration or logs, nothing is read\n"
    "live without --live."
)
COMMANDS = (
    "Commands: oidc-doctor explain WORDS | --all   print the page of a cause, check or error, offline\n"
    "          oidc-doctor capture -o BUNDLE       write the evidence as a redacted bundle\n"
    "          oidc-doctor ci [THING…]             explain a failing CI job with the job's own token\n"
    "          oidc-doctor expect [FILE] THING     test a trust: who must be accepted, and who refused\n"
    "          oidc-doctor permissions aws|gcp     print the least permissions that a live run needs\n"
    "          oidc-doctor setup aws|gcp           print the narrowest set-up for a Baseten workload\n"
    "          oidc-doctor sql athena              print a log engine's query, or with --ddl its table\n"
    "          oidc-doctor init                    write oidc-doctor.toml: the target of --live\n"
    "          oidc-doctor completion SHELL        print the completion code for bash, zsh or fish\n"
    "          oidc-doctor self-test               prove the installation on the bundled scenarios"
)
SHORT = """\
usage: oidc-doctor [OPTIONS] [THING…]

Explain exactly why AWS or Google Cloud refused a workload's OIDC token.

you have                          run
  nothing yet                       oidc-doctor --demo
  role and token, saved as files    oidc-doctor role.json token.jwt error.txt
  a role ARN and AWS credentials    oidc-doctor arn:aws:iam::123456789012:role/NAME token.jwt
  a Google provider                 oidc-doctor projects/…/providers/ID token.jwt
  a token in a pipe                 … | oidc-doctor role.json -
  a folder or archive of evidence   oidc-doctor BUNDLE
  a CloudTrail event                oidc-doctor event.json
  a change, or a Terraform plan     oidc-doctor --report BUNDLE --with FILE
  the error text alone              oidc-doctor "Not authorized to perform sts:…"
  a CI job that fails, in the job   oidc-doctor ci role.json

A THING is recognised by its content; several are read together. A name is read live, with this
machine's credentials. With files of configuration or logs everything is offline (or add --live).

  --report        write the report here, not the interactive UI (the default in a pipe)
  -o FILE         write it to FILE: .md, .json or .txt; --force replaces any file
  --format FORM   text, markdown or json      -q, -v   only the verdict; every detail
  --token FILE    --subject SUB   --error TEXT   --role ARN   --gcp-provider NAME

commands: explain WORDS · capture -o BUNDLE · ci · expect · health · init · setup aws|gcp ·
          permissions aws|gcp · sql athena|bigquery|loganalytics · self-test ·
          completion bash|zsh|fish (each with --help)
all options: oidc-doctor --help-all
"""


class ShortHelp(argparse.Action):
    """Print the short help and end."""

    def __init__(self, option_strings: list[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=more.get("help"))
        del dest

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print the short help."""
        show(SHORT)
        parser.exit(ExitCode.OK)
