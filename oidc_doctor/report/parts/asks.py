"""The evidence that is missing on the other side: the token, the role or provider, and how to find them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.commands import command_lines, visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import shortened

if TYPE_CHECKING:
    from oidc_doctor.model.report import AllowedSubjects, Exchange, MissingToken
    from oidc_doctor.model.steps import Cloud
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 300  # characters of a pattern
_FEW = 3  # kinds of subjects that are allowed
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/:")  # of an address in a query
_WHERE = {  # the workload's own configuration that names the resource
    "aws": "aws_oidc_role_arn in a Truss's config.yaml, AWS_ROLE_ARN in the workload's environment, role-to-assume "
    "in a GitHub workflow",
    "gcp": "gcp_oidc_workload_id_provider in a Truss's config.yaml, the audience in the file that "
    "GOOGLE_APPLICATION_CREDENTIALS names, workload_identity_provider in a GitHub workflow",
}
_OPTION = {"aws": "--role ARN", "gcp": "--gcp-provider NAME"}


def token(sheet: Sheet, missing: MissingToken, steps: str = "", *, lead: str = "To confirm, add ") -> None:
    """Ask for the token, or its subject. `steps` are the titles of those that it decides."""
    subject = f"--subject '{missing.subject}'" if missing.subject else "--subject SUB"
    of_steps = f" (decides: {steps})" if steps else ""
    sheet.say(
        f"the workload's token with --token FILE, or its subject with {subject}{of_steps}",
        indent=sheet.indent,
        lead=lead,
    )
    if missing.command and visible_command(missing.command):
        sheet.say(f"{missing.command} > whoami.txt, then add --whoami whoami.txt", indent=sheet.indent, lead="or run: ")


def file(sheet: Sheet, path: str, command: str, steps: str) -> None:
    """Ask for a file of a bundle, with the vendor's command that prints it."""
    decides = f"{path} (decides: {steps})"
    if not command:
        sheet.say(decides, indent=sheet.indent, lead="To confirm, add ")
        return
    sheet.say("To confirm, run:", indent=sheet.indent)
    lines(sheet, command)
    sheet.say(f"and add its output as {decides}", indent=sheet.indent)


def lines(sheet: Sheet, command: str) -> None:
    """Write a command below its sentence, in lines that can be pasted; one with a long word is as wide as it is."""
    room = sheet.width - sheet.indent - 4
    sheet.command(command_lines(command, room), sheet.indent + 4)


def resource(sheet: Sheet, exchange: Exchange, issuer: str) -> None:
    """Say how to find the role or the provider. `issuer` is its address without scheme; empty where it is not known."""
    sheet.row("find it", f"{_WHERE[exchange.cloud]}, or the list that this prints:")
    if exchange.cloud == "aws":
        holds = issuer if issuer and set(issuer) <= _PLAIN else "oidc-provider"
        query = f"Roles[?contains(to_string(@), '{holds}')].Arn"
        command = f'aws iam list-roles --query "{query}" --output text'
    else:
        command = "gcloud iam workload-identity-pools providers list --workload-identity-pool=POOL --location=global"
    lines(sheet, command)
    sheet.row("", f"then add it: {_OPTION[exchange.cloud]}")


def where_named(cloud: Cloud) -> str:
    """Return which of the workload's own settings name the role or the provider."""
    return f"{'Role' if cloud == 'aws' else 'Provider'}: {_WHERE[cloud]}"


def allows(sheet: Sheet, rows: tuple[AllowedSubjects, ...], *, verbose: bool) -> None:
    """Write which subjects the configuration allows: their owners by name, then the text itself."""
    shown = rows if verbose else rows[:_FEW]
    for index, row in enumerate(shown):
        parts = [f"{name} {value}" for name, value in row.required]
        parts += [f"any {name}" for name in row.open_to]
        pattern = f"{': ' if parts else ''}{row.pattern}" if row.pattern else ""
        text = f"{', '.join(parts)}{pattern}"
        if text:
            sheet.row("allows" if not index else "", shortened(visible(text), _LONG))
    if len(rows) > len(shown):
        sheet.row("", f"and {len(rows) - len(shown)} more: -v")
