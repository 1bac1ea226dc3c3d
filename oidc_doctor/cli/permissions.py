"""`oidc-doctor permissions`: the least that a live run needs."""

from __future__ import annotations

from oidc_doctor.cli import live as live_cli
from oidc_doctor.cli.options import OK, Parser


def permissions(arguments: list[str]) -> int:
    """Print the permissions for one cloud."""
    parser = Parser(prog="oidc-doctor permissions", description="The least that a live run needs.", allow_abbrev=False)
    print(live_cli.permissions(arguments, parser))
    return OK
