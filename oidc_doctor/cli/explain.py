"""`oidc-doctor explain`: the page of a check."""

from __future__ import annotations

from oidc_doctor.cli.options import OK, Parser, UsageError


def explain(arguments: list[str]) -> int:
    """Print the page of a check, by code or name."""
    from oidc_doctor.findings import packs

    parser = Parser(prog="oidc-doctor explain", description="The page of a cause or check.", allow_abbrev=False)
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as AWS025, or the name")
    parser.add_argument("--all", action="store_true", help="every page")
    options = parser.parse_args(arguments)
    checks = packs.all_checks()
    if options.all:
        chosen = list(checks)
    else:
        if options.code is None:
            message = "explain: say a CODE such as AWS025, or --all; oidc-doctor --list-checks lists them"
            raise UsageError(message)
        wanted = options.code
        chosen = [check for check in checks if wanted.upper() == check.code or wanted.lower() == check.name]
        if not chosen:
            message = f"explain {wanted}: no such check; oidc-doctor --list-checks lists them"
            raise UsageError(message)
    print("\n\n".join(f"{check.code} {check.name}\n\n{check.page.strip()}" for check in chosen))
    return OK
