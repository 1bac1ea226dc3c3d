"""The fenced blocks of Markdown pages that a reader runs, with the marks that stand above them.

A mark is an HTML comment on the lines before a block, which no reader sees:

    <!-- exit: 1 -->          the exit codes, in order, of those commands of the block that do not end with 0
    <!-- not run: REASON -->  the block cannot run here
    <!-- needs: PROGRAM -->   the block runs where this program is installed, which oidc-doctor does not bring
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

_MARK = re.compile(r"<!--\s*(exit|not run|needs):\s*(.+?)\s*-->", re.DOTALL)


class Block(NamedTuple):
    """A fenced block: its page, the line at which it begins, its language (sh, console or another), and its text."""

    page: str
    line: int
    language: str
    text: str
    exits: tuple[int, ...] = ()
    not_run: str = ""
    needs: str = ""


def blocks_of(page: str, text: str) -> list[Block]:
    """Every fenced block of a page, in order."""
    blocks: list[Block] = []
    marks: dict[str, str] = {}
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "html_block":
            marks.update(_MARK.findall(token.content))
        elif token.type == "fence":
            exits = tuple(int(code) for code in marks.get("exit", "").replace(",", " ").split())
            line = token.map[0] + 1 if token.map else 0
            reasons = marks.get("not run", ""), marks.get("needs", "")
            blocks.append(Block(page, line, token.info.strip(), token.content, exits, *reasons))
            marks = {}
        elif token.level == 0 and token.nesting >= 0:
            marks = {}
    return blocks


def commands_in_tables(text: str) -> list[str]:
    """The commands of oidc-doctor that stand as code in the tables of a page, in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    rows = itertools.pairwise(tokens)
    cells = (cell for before, cell in rows if before.type in ("td_open", "th_open"))
    codes = (child.content for cell in cells for child in cell.children or () if child.type == "code_inline")
    return [code for code in codes if code.startswith("oidc-doctor ")]


def blocks_in(root: Path, *names: str) -> list[Block]:
    """The blocks of all pages that these names and patterns match below `root`."""
    pages = sorted({path for name in names for path in root.glob(name)})
    return [
        block for path in pages for block in blocks_of(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    ]


class Shown(NamedTuple):
    """A command of a console block, and the output that the block shows below it."""

    command: str
    output: str


def shown(block: Block) -> list[Shown]:
    """The commands of a console block. Lines of a command after its first begin with `> `."""
    found: list[Shown] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(Shown(line.removeprefix("$ "), ""))
        elif line.startswith("> ") and not found[-1].output:
            found[-1] = Shown(f"{found[-1].command}\n{line.removeprefix('> ')}", "")
        else:
            found[-1] = Shown(found[-1].command, f"{found[-1].output}{line}\n")
    return found


def agrees(output: str, expected: str) -> bool:
    """Whether an output is the shown one, where `…` is any text of a line and a line `…` any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()).replace("…", ".*") + r"[ ]*\n"
        for line in expected.splitlines()
    )
    ended = output if output.endswith("\n") or not output else f"{output}\n"
    return re.fullmatch(pattern, ended) is not None
