"""`oidc-doctor self-test`: prove an installation on every bundled scenario."""

from __future__ import annotations

import platform
from importlib import metadata

from oidc_doctor import __version__
from oidc_doctor.cli.exit_codes import ExitCode
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import show

_LIBRARIES = ("boto3", "google-cloud-logging", "google-re2", "pandas", "pyjwt", "textual", "textual-serve")


def make_self_test_parser() -> Parser:
    """Return the parser of `self-test`, which has no options."""
    return Parser(
        prog="oidc-doctor self-test",
        description="Judge every bundled scenario and compare the diagnosis with the expected one. No network is used.",
        allow_abbrev=False,
    )


def self_test(arguments: list[str]) -> int:
    """Print whether each scenario is diagnosed as expected. Returns BROKEN where one is not."""
    from oidc_doctor.examine.self_test import faults_of  # late, as below: no other command needs it
    from oidc_doctor.findings import packs

    make_self_test_parser().read(arguments)
    scenarios = packs.scenarios()
    failed = 0
    for name, folder in scenarios.items():
        faults = faults_of(folder)
        failed += bool(faults)
        show(f"{'✗' if faults else '✓'} {name}{''.join(f'{chr(10)}    {fault}' for fault in faults)}\n")
    passed = len(scenarios) - failed
    checks = len(list(packs.all_checks()))
    show(f"\n{'✗' if failed else '✓'} {passed} of {len(scenarios)} scenarios have the expected diagnosis\n")
    show(f"  oidc-doctor {__version__}, {checks} checks, Python {platform.python_version()} on {platform.platform()}\n")
    show("".join(f"  {name} {_version(name)}\n" for name in _LIBRARIES))
    return ExitCode.BROKEN if failed else ExitCode.OK


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "is not installed"
