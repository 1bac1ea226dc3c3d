"""`oidc-doctor completion SHELL`, and the completions that the shell then asks for (by argcomplete)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.cli.parser import Parser, help_formatter
from oidc_doctor.cli.streams import show

_SHELLS = ("bash", "zsh", "fish")
_ASKED = "_ARGCOMPLETE"  # set by the shell's function that argcomplete prints
_LINE, _POINT = "COMP_LINE", "COMP_POINT"
_EPILOG = """\
bash:  oidc-doctor completion bash >> ~/.bashrc
zsh:   oidc-doctor completion zsh >> ~/.zshrc
fish:  oidc-doctor completion fish > ~/.config/fish/completions/oidc-doctor.fish
"""


def make_completion_parser() -> Parser:
    """Return the parser of `completion`."""
    parser = Parser(
        prog="oidc-doctor completion",
        description="Print the shell code that completes options, scenarios, codes and profiles.",
        epilog=_EPILOG,
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=_SHELLS, help="the shell")
    return parser


def completion(arguments: list[str]) -> int:
    """Print the shell code."""
    from argcomplete.shell_integration import shellcode  # late: no other command needs it

    options = make_completion_parser().read(arguments)
    show(shellcode(["oidc-doctor"], shell=options.shell, argcomplete_script="oidc-doctor"))
    return ExitCode.OK


def is_asked() -> bool:
    """Return whether the shell asks for completions of the line in COMP_LINE, instead of running it."""
    return _ASKED in os.environ and _LINE in os.environ


def complete(parsers: Mapping[str, Callable[[], argparse.ArgumentParser]], main: argparse.ArgumentParser) -> None:
    """Write the completions for the shell and end the process. `parsers`: of the commands, by their first word."""
    import argcomplete

    point = os.environ.get(_POINT, "")
    line = os.environ[_LINE][: int(point) if point.isdecimal() else None]
    words = line.split()
    if len(words) > 2 or (len(words) == 2 and line.endswith(" ")):  # noqa: PLR2004 - program, command
        parser = parsers[words[1]]() if words[1] in parsers else main
        if words[1] in parsers:  # argcomplete sees the command as the program
            os.environ[_ASKED] = "2"
    else:
        parser = main
        for action in parser._actions:  # noqa: SLF001 - argparse names no other way to an action
            if action.dest == "things":
                _complete_with(action, lambda **_: parsers)
    for action in parser._actions:  # noqa: SLF001
        values = _VALUES.get(action.dest)
        if values is not None:
            _complete_with(action, values)
    argcomplete.autocomplete(parser, always_complete_options="long")


def _complete_with(action: argparse.Action, values: Callable[..., Iterable[str]]) -> None:
    """Give an action argcomplete's attribute, which is called with prefix, parser and more by name."""
    action_of_argcomplete: Any = action
    action_of_argcomplete.completer = values


def _scenarios(**_: object) -> Iterable[str]:
    from oidc_doctor.findings import packs

    return packs.scenarios()


def _codes(**_: object) -> Iterable[str]:
    from oidc_doctor.findings import packs

    return [text for check in packs.all_checks() for text in (*check.codes, check.name)]


def _profiles(**_: object) -> Iterable[str]:
    from oidc_doctor.live.own_settings import profile_names

    return profile_names(os.environ)


_VALUES = {"demo": _scenarios, "words": _codes, "check": _codes, "skip": _codes, "profile": _profiles}
