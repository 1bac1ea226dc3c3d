"""The reader of fenced blocks: a block is found with its marks, and an output that differs is seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import fenced
from tests.docs.conftest import ROOT


def test_marks_belong_to_the_block_below_them() -> None:
    page = (
        "<!-- exit: 1, 3 -->\n\n```sh\nfirst\n```\n\nText.\n\n<!-- not run: no cloud -->\n```sh\nsecond\n```\n\n"
        "```sh\nthird\n```\n"
    )
    blocks = fenced.blocks_of("page.md", page)
    assert [(block.exits, block.not_run) for block in blocks] == [((1, 3), ""), ((), "no cloud"), ((), "")]


def test_a_block_may_need_a_program() -> None:
    (block,) = fenced.blocks_of("page.md", "<!-- exit: 1 -->\n<!-- needs: jq -->\n\n```sh\njq . x\n```\n")
    assert (block.exits, block.needs, block.not_run) == ((1,), "jq", "")


def test_a_mark_does_not_reach_over_a_paragraph() -> None:
    (block,) = fenced.blocks_of("page.md", "<!-- not run: no cloud -->\n\nText.\n\n```sh\ncommand\n```\n")
    assert block.not_run == ""


def test_a_block_inside_a_list_is_found() -> None:
    (block,) = fenced.blocks_of("page.md", "- first\n\n  ```sh\n  command\n  ```\n")
    assert (block.language, block.text) == ("sh", "command\n")


def test_commands_and_outputs_of_a_console_block() -> None:
    (block,) = fenced.blocks_of("page.md", "```console\n$ one \\\n> more\nout\n$ two\n```\n")
    assert fenced.shown(block) == [("one \\\nmore", "out\n"), ("two", "")]


def test_an_output_agrees_up_to_what_is_left_out() -> None:
    assert fenced.agrees("a\nb 17 c\nd\ne\n", "a\nb … c\n…\ne\n")
    assert fenced.agrees("a\n", "a\n…\n")
    assert not fenced.agrees("a\nx\n", "a\n")
    assert not fenced.agrees("a\nb 17 d\n", "a\nb … c\n")


def test_commands_in_tables_are_found() -> None:
    page = "| a | b |\n| --- | --- |\n| text | `oidc-doctor --report` or `--try` |\n\n`oidc-doctor --web`\n"
    assert fenced.commands_in_tables(page) == ["oidc-doctor --report"]


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_the_site_reads_a_page_as_github_does(page: Path) -> None:
    """Python-Markdown wants an empty line before a list, and no space before a fence."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^ +```.*", text, re.MULTILINE) == []
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^(?![-|\s]|\d+\. ).+\n(?:-|1\.) .*", outside, re.MULTILINE) == []
