"""The page of a check as it is printed: its docstring, the addresses of its sources, and what proves the cause."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from oidc_doctor.findings.sources import links_of
from oidc_doctor.judge.error_texts import table

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Check

_WIDTH, _INDENT = 116, "    "


def page_of(check: Check) -> str:
    """Return the check's page: its codes and name, then the sections Symptom, Reason, Confirm, Fix, Source and more.

    A pack's page is its author's text, and is not escaped.
    """
    return f"{' or '.join(check.codes)} {check.name}\n\n{check.page.strip()}{_links(check)}{_proof(check)}"


def _links(check: Check) -> str:
    """Return the section with the addresses of the documents that the page cites; empty where none has one."""
    links = links_of(check)
    return "\nLinks\n" + "\n".join(f"    {title}\n        {links[title]}" for title in links) if links else ""


def _proof(check: Check) -> str:
    """Return the page's last section: the evidence that proves the cause; empty for a check that names no cause."""
    if check.kind is None:
        return ""
    rows = [row for row in table() if row.get("kind") == check.kind and row.get("proves", True)]
    lines = [f"{_INDENT}The error text of a caller or a log: {row['samples'][0][1]}" for row in rows]
    if not check.kind.seen_only:
        lines.append(
            f"{_INDENT}The replay of logged attempts: the decision flips with the outcome, by this clause alone."
        )
        lines.append(f"{_INDENT}Without it the cause is predicted; where a value is not known it is suspected.")
    elif not rows:
        lines.append(f"{_INDENT}No evidence that oidc-doctor reads proves it: the cause is at most suspected.")
    wrapped = (textwrap.wrap(text, _WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False) for text in lines)
    return "\nProof\n" + "\n".join(line for text in wrapped for line in text)
