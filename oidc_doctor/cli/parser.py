"""The parser of a command: options and things in any order, and an answer for a mistyped option."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.cli.streams import show

_HELP_WIDTH = 100  # columns of --help
_OTHER_NAMES = {  # options of other programs, and of this one with a typo that no likeness shows
    "--arn": "--role",
    "--role-arn": "--role",
    "--json": "--format json",
    "--markdown": "--format markdown",
    "--md": "--format markdown",
    "--text": "--format text",
    "--out": "-o FILE",
    "--jwt": "--token",
    "--sub": "--subject",
    "--org": "--subject",  # an option of setup; a report reads both ids from a subject, or from --whoami
    "--team": "--subject",
    "--provider": "--gcp-provider",
    "--bundle": "--from",
    "--file": "--from",
    "--iss": "--issuer",
    "--logs": "--cloudtrail",
    "--all": "--help-all",
    "-V": "--version",
    "-?": "--help",
}
_EXAMPLES = {  # an option, and a command line that has it
    "--role": "oidc-doctor --role arn:aws:iam::123456789012:role/NAME --token token.jwt",
    "--token": "oidc-doctor role.json --token token.jwt",
    "--subject": "oidc-doctor role.json --subject 'v=1:org=…:team=…:*'",
    "--from": "oidc-doctor --report --from BUNDLE",
    "--format": "oidc-doctor --report --format json BUNDLE",
    "-o": "oidc-doctor BUNDLE -o report.md",
    "--gcp-provider": "oidc-doctor projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID token.jwt",
    "--error": "oidc-doctor role.json --error 'Not authorized to perform sts:AssumeRoleWithWebIdentity'",
    "--cloudtrail": "oidc-doctor role.json token.jwt --cloudtrail trail/",
}


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of ending the process."""

    def read(self, arguments: list[str]) -> argparse.Namespace:
        """Return the options of the arguments; things may be in any place among them. Raises UsageError."""
        self._refuse_single_dash(arguments)
        has_things = any(action.dest == "things" for action in self._actions)
        parse = self.parse_known_intermixed_args if has_things else self.parse_known_args
        options, unknown = parse(arguments)
        if unknown:
            self._refuse(unknown[0])
        self._refuse_empty(options)
        return options

    def _refuse_empty(self, options: argparse.Namespace) -> None:
        """Refuse an option with an empty value: a shell writes it for a variable that is not set."""
        for action in self._actions:
            value = getattr(options, action.dest, None)
            is_empty = value == "" or (isinstance(value, list) and "" in value)
            if is_empty and action.option_strings and "" not in (action.default, action.const):
                message = f"{action.option_strings[-1]}: the value is empty; a variable may be unset"
                raise UsageError(message)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a UsageError, after the name of the command."""
        if message.startswith("argument --report: ignored explicit argument"):
            message = "--report takes no file: use -o FILE, as in oidc-doctor BUNDLE -o report.md"
        command = self.prog.partition(" ")[2]
        flag = message.removeprefix("argument ").partition(":")[0].rpartition("/")[2]
        example = _EXAMPLES.get(flag) if not command else None  # the examples are reports
        raise UsageError(f"{command}: {message}" if command else message, (example,) if example else ())

    def _refuse_single_dash(self, arguments: list[str]) -> None:
        """Refuse -role and -output: argparse would read the latter as -o with the value `utput`."""
        for argument in arguments[: arguments.index("--")] if "--" in arguments else arguments:
            name = argument.partition("=")[0]
            if name[:1] == "-" and name[:2] != "--" and f"-{name}" in self._option_string_actions:
                self._refuse(argument)

    def _refuse(self, argument: str) -> NoReturn:
        """Name an argument that is no option, and the option that it was meant to be."""
        if not argument.startswith("-"):
            self.error(f"{argument}: not an option, and no file or name is expected here; {self.prog} --help lists all")
        name = argument.partition("=")[0]
        similar = self._similar(name)
        options = self.prog + (" --help-all" if "--help-all" in self._option_string_actions else " --help")
        meant = f"; did you mean {similar}?" if similar else f"; {options} lists all options"
        example = _EXAMPLES.get(similar.partition(" ")[0])
        command = self.prog.partition(" ")[2]
        raise UsageError(
            f"{command}{': ' if command else ''}{name}: no such option{meant}", (example,) if example else ()
        )

    def _similar(self, name: str) -> str:
        import difflib  # late: only for a mistyped option

        known = [option for option in self._option_string_actions if option.startswith("--")]
        bare = "--" + name.lstrip("-").lower()
        other = _OTHER_NAMES.get(name) or _OTHER_NAMES.get(bare)
        if other and other.partition(" ")[0] in self._option_string_actions:
            return other
        if bare in known:
            return bare
        return next(iter(difflib.get_close_matches(bare, known, n=1, cutoff=0.7)), "")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print --help and --version."""
        del file  # stdout, which has one way
        show(message)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Name a wrong choice as it was typed: `complain` escapes it."""
        if action.choices is not None and value not in action.choices:
            message = f"invalid choice: '{value}' (choose from {', '.join(map(repr, action.choices))})"
            raise argparse.ArgumentError(action, message)


def help_formatter(prog: str) -> argparse.HelpFormatter:
    """The layout of --help, whose texts keep their lines."""
    # with an explicit width, argparse does not import shutil to ask the terminal for every option
    return argparse.RawDescriptionHelpFormatter(prog, width=_HELP_WIDTH)
