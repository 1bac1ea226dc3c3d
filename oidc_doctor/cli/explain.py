"""`oidc-doctor explain` and `--list-checks`: the pages of the checks, and their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.parser import Parser
from oidc_doctor.cli.streams import show

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from oidc_doctor.checkkit import Check
    from oidc_doctor.findings.explained import Found


_MOST_LISTED = 15  # candidates of one text


def make_explain_parser() -> Parser:
    """Return the parser of `explain`."""
    parser = Parser(
        prog="oidc-doctor explain",
        description="Print the page of a cause or check. Words that fit several list them, the best first.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORDS",
        help="a code such as AWS025 or several, a name, an error that was seen, or any words",
    )
    parser.add_argument("--all", action="store_true", help="every page")
    return parser


def explain(arguments: list[str]) -> int:
    """Print the page of a check, by code, name, title, a pasted error or any words; several are listed."""
    from oidc_doctor.findings import packs

    options = make_explain_parser().read(arguments)
    checks = list(packs.all_checks())
    if options.all:
        _show_pages(checks)
        return ExitCode.OK
    text = " ".join(options.words)
    if not text.strip():
        message = "explain: missing CODE (for example AWS025), or use --all; oidc-doctor --list-checks lists them"
        raise UsageError(message)
    from oidc_doctor.findings import explained  # late: every report imports this file

    if len(options.words) > 1 and all(explained.is_code(word) for word in options.words):
        _show_pages(dict.fromkeys(_of_code(word, checks) for word in options.words))
        return ExitCode.OK
    found = explained.find(text, checks)
    if len(found.checks) == 1:
        _show_pages(found.checks)
    elif found.checks:
        _show_candidates(text, found)
    else:
        raise UsageError(_nothing_found(text, checks))
    return ExitCode.OK


def _of_code(code: str, checks: Sequence[Check]) -> Check:
    """Return the check with this code. Raises UsageError."""
    from oidc_doctor.findings import explained

    found = explained.find(code, checks)
    if len(found.checks) != 1 or not found.exact:
        raise UsageError(_nothing_found(code, checks))
    return found.checks[0]


def _show_pages(checks: Iterable[Check]) -> None:
    from oidc_doctor.findings.check_page import page_of  # late, as the packs
    from oidc_doctor.report.parts.escape import as_lines

    show(as_lines("\n\n".join(map(page_of, checks))) + "\n")


def _show_candidates(text: str, found: Found) -> None:
    from oidc_doctor.findings.explained import title_of
    from oidc_doctor.report.parts.escape import as_lines, visible
    from oidc_doctor.report.parts.lines import clip

    listed = found.checks[:_MOST_LISTED]
    how = found.said or "these pages match, the best first"
    lines = [f"{clip(visible(text), 200)}: {how}", ""]
    lines += [f"  {check.code}  {check.name:<34}  {as_lines(title_of(check))}".rstrip() for check in listed]
    left = len(found.checks) - len(listed)
    lines += [f"  and {left} more: add a word"] if left else []
    lines += ["", f"oidc-doctor explain {listed[0].code} prints the first page."]
    show("\n".join(lines) + "\n")


def _nothing_found(text: str, checks: Sequence[Check]) -> str:
    from oidc_doctor.findings.explained import closest, is_code
    from oidc_doctor.report.parts.lines import clip

    near = closest(text, checks)
    suggested = f"; did you mean {' or '.join(f'{check.code} {check.name}' for check in near)}?" if near else ""
    what = "no such check" if is_code(text) else "no page matches these words"
    return f"explain {clip(text, 200)}: {what}{suggested or '; oidc-doctor --list-checks lists all'}"


def list_checks(options: argparse.Namespace) -> int:
    """Print a line for each check that --check, --skip and the word of --list-checks select."""
    from oidc_doctor.findings import packs, run_checks
    from oidc_doctor.findings.explained import holds_words, title_of
    from oidc_doctor.report.parts.escape import as_lines

    lines = [
        f"{code}  {check.effect:<7}  {check.name:<34}  {as_lines(title_of(check))}\n"
        for check in packs.all_checks()
        for code in check.codes
        if run_checks.wanted(check, code, options.check, options.skip) and holds_words(check, options.list_checks)
    ]
    if not lines and options.list_checks:
        message = f"--list-checks {options.list_checks}: no check has this word"
        raise UsageError(message)
    show("".join(sorted(lines)))  # by code: a check of both clouds has two
    return ExitCode.OK
