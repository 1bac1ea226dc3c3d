"""The readers of what a renderer wrote: a terminal, a ticket, a program and a shell. Each fails on a live payload."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import markdown_it
from referencing import Registry, Resource

from oidc_doctor.findings.sources import ADDRESSES
from oidc_doctor.issuers.catalogue import all_profiles
from reports.payloads import FORGED

DOCS = Path(__file__).parents[3] / "docs"
SCHEMA = json.loads((DOCS / "report.schema.json").read_text("utf-8"))
HEALTH_SCHEMA = json.loads((DOCS / "health.schema.json").read_text("utf-8"))
EXPECT_SCHEMA = json.loads((DOCS / "expect.schema.json").read_text("utf-8"))
_BOTH = Registry().with_resource(SCHEMA["$id"], Resource.from_contents(SCHEMA))  # a run has the reports of its targets
OUR_STYLES = re.compile(r"\x1b\[(?:0|1|2|31|32|33|1;31|1;32)m")
# Not control, format, surrogate, private or unassigned; no separator but the space; nothing that combines.
UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me")
RIGHT_TO_LEFT = ("R", "AL", "AN")
# At the columns where our own lines begin; a line that goes on is further to the right, or has the text before it.
FORGED_LINE = re.compile(rf"(?:(?: {{4}})?[✓✗◆!?$] +|(?: {{2}}| {{4}})?(?:Fix|fix|checked|Checks|Read) {{2,}}){FORGED}")


def on_a_terminal(text: str, *, color: bool = False) -> None:
    """Every character is one that a terminal shows, and no line is a stranger's that looks like ours."""
    plain = OUR_STYLES.sub("", text) if color else text
    for character in sorted(set(plain) - {"\n"}):
        assert unicodedata.category(character) not in UNSEEN, f"{character!a} in {_around(plain, character)!a}"
        assert unicodedata.bidirectional(character) not in RIGHT_TO_LEFT, ascii(character)
    for line in plain.split("\n"):
        assert not FORGED_LINE.match(line), line
    twice = plain.find(r"\\x1b]0;title")
    assert twice < 0, f"escaped twice: {plain[max(twice - 200, 0) : twice + 40]}"


def _around(text: str, character: str) -> str:
    at = text.index(character)
    return text[max(at - 60, 0) : at + 20]


# A ticket

_ELEMENTS = {"h2", "h3", "p", "pre", "code", "strong", "ul", "li", "details", "summary", "a"}
_ISSUERS = {f"{profile.title}, tokens" for profile in all_profiles()}  # the pages of the issuers
_LABELS = {
    "role", "OIDC provider", "CloudTrail event of the change", "CloudTrail event of the attempt",
    "pool of the provider", "service account", "log entry of the change",
}  # fmt: skip
_NAME = r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+"
_AWS = r"console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)"
CONSOLE = re.compile(
    rf"https://(?:{_AWS}/iam/home#/roles/details/{_NAME}\?section=(?:trust_relationships|permissions)"
    rf"|{_AWS}/iam/home#/identity_providers/details/OPENID/{_NAME}"
    rf"|[a-z0-9-]+\.{_AWS}/cloudtrailv2/home\?region=[a-z0-9-]+#/events/{_NAME}"
    rf"|console\.cloud\.google\.com/iam-admin/(?:workload-identity-pools/pool|serviceaccounts/details)/{_NAME}\?project={_NAME}"
    rf"|console\.cloud\.google\.com/logs/query;query={_NAME}\?project={_NAME})"
)
_LANGUAGES = {"language-text", "language-diff", "language-sh", "language-hcl"}
# What GitHub and GitLab make more of in a text: mentions, references, commits, autolinks, emoji, notes, formulas, …
_LIVE = re.compile(
    r"[@<>\[\]#`|*_~$&{}\\^%!]|www\.|://|(?<![^\W_])[0-9a-fA-F]{7,40}(?![^\W_])|:[a-z0-9_+-]+:|\bGH-\d|^/\w"
)


class _Ticket(HTMLParser):
    """A page, of which it keeps the open elements, and checks each element, attribute and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ELEMENTS, (tag, attrs)
        if tag == "a":  # to a console of a cloud, with every name in it percent-encoded
            assert [name for name, _ in attrs] == ["href"]
            assert CONSOLE.fullmatch(attrs[0][1] or "") or attrs[0][1] in ADDRESSES.values(), attrs
            assert self.open == ["p"], self.open
        else:
            assert not attrs or (tag == "code" and attrs[0][1] in _LANGUAGES and len(attrs) == 1), (tag, attrs)
        assert tag not in self.open, f"{tag} inside {self.open}"
        if tag == "code":
            assert self.open, "code outside a paragraph"
        if tag in ("h2", "h3"):
            assert not self.open, f"a heading inside {self.open}"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}>"
        assert self.open[-1] == tag, f"</{tag}> inside {self.open}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            assert "a" not in self.open or data in _LABELS or data in ADDRESSES or data in _ISSUERS, data
            found = _LIVE.search(data) if data not in ADDRESSES else None  # an underscore inside a word is one
            assert found is None, f"{found and found[0]!r} in {data!r}"
            assert "pre" not in self.open, data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def in_a_ticket(markdown: str) -> None:
    """The page that CommonMark with GitHub's extensions makes: its elements are ours, and its texts are plain words."""
    on_a_terminal(markdown)
    page = _Ticket()
    page.feed(markdown_it.MarkdownIt("gfm-like", {"html": True}).render(markdown))
    page.close()
    assert not page.open, page.open


# A program


def for_a_program(text: str) -> Any:
    """JSON by the schema, encoded as UTF-8, which a terminal shows as it is. Returns the value."""
    value = _program_text(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    return value


def _program_text(text: str) -> Any:
    text.encode("utf-8")
    for character in sorted(set(text) - {"\n"}):
        assert unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), ascii(character)
    return json.loads(text, parse_constant=_no_number)


def health_for_a_program(text: str) -> Any:
    """The same for a health run."""
    value = _program_text(text)
    jsonschema.Draft202012Validator(HEALTH_SCHEMA, registry=_BOTH).validate(value)
    return value


def expect_for_a_program(text: str) -> Any:
    """The same for a run of `expect`."""
    value = _program_text(text)
    jsonschema.Draft202012Validator(EXPECT_SCHEMA).validate(value)
    return value


def _no_number(name: str) -> None:
    raise AssertionError(name)


# A shell

_STUB = '#!/bin/dash\nprintf "%s\\0" "${0##*/}" "$@" >> "$RECORD"\nprintf "\\036\\0" >> "$RECORD"\n'
PROGRAMS = ("aws", "gcloud", "curl", "oidc-doctor")


def in_a_shell(shell: str, commands: Sequence[str], folder: Path) -> list[list[str]]:
    """The words with which `shell` starts a program for each line of a script of `commands`.

    Nothing else may happen: only PROGRAMS are on the path, no file is made, and the shell says nothing.
    """
    programs, empty, record = folder / "programs", folder / "empty", folder / "record"
    programs.mkdir(exist_ok=True)
    empty.mkdir(exist_ok=True)
    record.write_bytes(b"")
    for name in PROGRAMS:
        (programs / name).write_text(_STUB, "utf-8")
        (programs / name).chmod(0o755)
    script = folder / "script"
    script.write_text("\n".join(commands) + "\n", "utf-8")
    finished = subprocess.run(
        [f"/bin/{shell}", str(script)],
        cwd=empty,
        env={"PATH": str(programs), "RECORD": str(record), "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert not finished.stderr, finished.stderr[:500]
    assert not finished.stdout, finished.stdout[:500]
    assert not os.listdir(empty), os.listdir(empty)
    runs = record.read_bytes().decode("utf-8", "surrogateescape").split("\x1e\0")
    return [run.split("\0")[:-1] for run in runs[:-1]]
