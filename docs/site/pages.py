"""What the site makes from the program: a page for each check, and the lists of checks, error texts and decisions.

A hook of the site's generator (properdocs.yml names it). The check pages are the docstrings that `oidc-doctor explain`
prints; the error texts are the table by which the judge reads an observed error. No copy of either is in docs/: a page
there says where a list belongs, between the comments `<!-- the site lists … here -->` and `<!-- until here -->`; what
stands between them is for readers of the repository, who have no list.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.findings import packs
from oidc_doctor.findings.sources import links_of
from oidc_doctor.judge.error_texts import table
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.speakers import SPEAKERS
from oidc_doctor.model.steps import CLOUDS, STEPS, Cloud

if TYPE_CHECKING:
    from properdocs.config.defaults import ProperDocsConfig
    from properdocs.structure.files import Files
    from properdocs.structure.pages import Page

    from oidc_doctor.checkkit import Check

DOCS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ROOT = os.path.dirname(DOCS)
EFFECTS = {
    "blocks": "a cause: it makes the cloud refuse a token",
    "weakens": "a weakness: the configuration accepts more than it should",
    "note": "a note: it changes no verdict",
}
AREAS = {
    "TOK": "The token",
    "ISS": "The issuer and its keys",
    "AWS": "AWS",
    "GCP": "Google Cloud",
    "ACC": "After the exchange, and the workload's own configuration",
    "LOG": "Logs",
}


_SOURCE = re.compile(r"\]\((?:\.\./)+(checks/\w+/\w+\.py)\)")
_PLACE = re.compile(r"<!-- the site lists (.+?) here -->.*?<!-- until here -->", re.DOTALL)


class Section(NamedTuple):
    """A part of a check's page: its heading and its paragraphs."""

    heading: str
    paragraphs: list[str]


class ErrorText(NamedTuple):
    """An example of an error text, as the cloud or the client prints it, and the codes that it leads to."""

    example: str
    speaker: str
    cloud: Cloud | None
    named: str  # the code of the fault that the text names; empty where it names none
    hinted: str  # the code of a fault that the text makes likely; empty where there is none
    quoted: tuple[str, ...]  # of the possible codes, those whose page quotes the text
    possible: tuple[str, ...]  # the other codes of the steps that can print it


def on_files(files: Files, config: ProperDocsConfig) -> Files:
    """Add a page for each check to the pages of docs/."""
    from properdocs.structure.files import File

    checks = packs.all_checks()
    texts = error_texts(checks)
    for check in checks:
        files.append(File.generated(config, f"checks/{check.code}.md", content=check_page(check, texts)))
    return files


def on_page_markdown(markdown: str, page: Page, config: ProperDocsConfig, files: Files) -> str:  # noqa: ARG001 - a hook
    """Put the lists where a page of docs/ asks for them, and let links to checks lead to their pages."""
    return with_links(with_lists(markdown), page.file.src_uri)


def with_lists(markdown: str) -> str:
    """Put each list into its place; raises KeyError for a list that does not exist."""
    return _PLACE.sub(lambda found: LISTS[found[1]](), markdown)


def with_links(markdown: str, page: str) -> str:
    """Let links to the file of a check lead to the check's page; raises KeyError for a file that is no check.

    In the repository a check's page is its file's docstring, and the links of docs/ lead there.
    """
    codes = {os.path.relpath(check.function.__code__.co_filename, ROOT): check.code for check in packs.all_checks()}
    up = "../" * page.count("/")
    return _SOURCE.sub(lambda found: f"]({up}checks/{codes[found[1]]}.md)", markdown)


# --- one check


def check_page(check: Check, texts: Iterable[ErrorText]) -> str:
    """Return the page of one check: its docstring, its steps, and the error texts that lead to it."""
    title, *sections = split_page(check.page)
    facts = f"<code>{check.name}</code>, {EFFECTS[check.effect]}."
    if check.kind:
        facts += f"<br>Decided at the step: {listed_steps(check.kind)}."
    lines = [f"# {' or '.join(check.codes)} {html.escape(title.heading)}", "", f"<p>{facts}</p>", ""]
    for section in sections:
        lines += [f"## {section.heading}", "", *(f"<p>{prose(text)}</p>\n" for text in section.paragraphs)]
    links = [f'<li><a href="{address}">{html.escape(title)}</a></li>' for title, address in links_of(check).items()]
    lines += ["<ul>", *links, "</ul>", ""] if links else []
    named = [text for text in texts if check.code == text.named]
    shared = [text for text in texts if check.code in (text.hinted, *text.quoted, *text.possible)]
    for heading, found in (
        ("Error texts that name it", named),
        ("Error texts that it shares with other causes", shared),
    ):
        if found:
            items = (f"<li><code>{html.escape(one.example)}</code>, from {one.speaker}</li>" for one in found)
            lines += [f"## {heading}", "", "<ul>", *items, "</ul>", ""]
    lines += ["## In a terminal", "", "```sh", f"oidc-doctor explain {check.code}", "```", ""]
    return "\n".join(lines)


def split_page(page: str) -> list[Section]:
    """Split a check's docstring: the title first, then a section for each line that is not indented."""
    sections: list[Section] = []
    for line in page.strip().splitlines():
        if line and not line.startswith(" "):
            sections.append(Section(line.strip(), [""]))
        elif not line.strip():
            sections[-1].paragraphs.append("")
        else:
            sections[-1].paragraphs[-1] += f" {line.strip()}"
    return [Section(heading, [text.strip() for text in texts if text.strip()]) for heading, texts in sections]


def prose(text: str) -> str:
    """Return plain text as HTML; text between backquotes is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def listed_steps(kind: Kind) -> str:
    """Return the steps at which a kind of refusal occurs, for a sentence."""
    steps = ((cloud, step) for cloud, of_cloud in STEPS.items() for step in of_cloud)
    return ", ".join(f"{CLOUDS[cloud]}, {step.title}" for cloud, step in steps if (cloud, step.id) in kind.steps)


# --- the lists


def list_of_checks() -> str:
    """Return all checks: the causes of each cloud by step, then every code by area."""
    checks = packs.all_checks()
    lines = []
    for cloud, steps in STEPS.items():
        lines += [f"## {CLOUDS[cloud]}, step by step", "", "| step | question | causes |", "| --- | --- | --- |"]
        for step in steps:
            of_step = [check for check in checks if check.kind and (cloud, step.id) in check.kind.steps]
            codes = " ".join(link(check.code, shown=check.code_in(cloud)) for check in of_step)
            lines.append(f"| {step.title} | {step.question} | {codes or '–'} |")
        lines.append("")
    for prefix, heading in AREAS.items():
        lines += [f"## {heading}: all codes", "", "| code | name | effect |", "| --- | --- | --- |"]
        of_area = sorted(
            ((code, check) for check in checks for code in check.codes if code.startswith(prefix)),
            key=lambda one: one[0],
        )
        lines += [f"| {link(check.code, shown=code)} | {title_of(check)} | {check.effect} |" for code, check in of_area]
        lines.append("")
    return "\n".join(lines)


def list_of_error_texts() -> str:
    """Return every error text with the causes that it leads to, by cloud."""
    checks = packs.all_checks()
    titles = {check.code: title_of(check) for check in checks}
    texts = error_texts(checks)
    lines = []
    for cloud in (*STEPS, None):
        lines += [f"## {CLOUDS[cloud] if cloud else 'Clients, runners, registries and networks'}", ""]
        for text in (text for text in texts if text.cloud == cloud):
            lines += [f"<p><code>{html.escape(text.example)}</code></p>", "", f"{_leads_to(text, titles)}", ""]
    return "\n".join(lines)


def _leads_to(text: ErrorText, titles: dict[str, str]) -> str:
    begin = f"From {text.speaker}."
    if text.named:
        return f"{begin} It names its fault: {link(text.named, 'checks/')} {titles[text.named]}."
    if not text.hinted and not text.quoted and not text.possible:
        return f"{begin} It names no fault, and no step."
    parts = []
    if text.hinted:
        parts.append(f"it hints at {link(text.hinted, 'checks/')} {titles[text.hinted]}")
    if text.quoted:
        linked = (f"{link(code, 'checks/')} {titles[code]}" for code in text.quoted)
        parts.append(f"these pages quote it: {', '.join(linked)}")
    if text.possible:
        also = "also possible" if parts else "possible"
        parts.append(f"{also}: {' '.join(link(code, 'checks/') for code in text.possible)}")
    return f"{begin} Several causes share it; {'; '.join(parts)}."


def list_of_decisions() -> str:
    """Return the decision notes, by their own titles."""
    lines = []
    folder = os.path.join(DOCS, "decisions")
    for name in sorted(set(os.listdir(folder)) - {"index.md"}):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            lines.append(f"- [{file.readline().removeprefix('#').strip()}]({name})")
    return "\n".join(lines)


LISTS: dict[str, Callable[[], str]] = {
    "the checks": list_of_checks,
    "the error texts": list_of_error_texts,
    "the decisions": list_of_decisions,
}


def link(code: str, folder: str = "", shown: str = "") -> str:
    """Return a link to a check's page from a page in the folder above, or beside it. `shown`: its code elsewhere."""
    return f"[{shown or code}]({folder}{code}.md)"


def title_of(check: Check) -> str:
    """Return the title of a check's page, as HTML."""
    return html.escape(split_page(check.page)[0].heading, quote=False)


# --- the error texts


def error_texts(checks: Iterable[Check]) -> list[ErrorText]:
    """Return the judge's table of error texts, each with the codes of what can be behind it, in the table's order."""
    causes = {check.kind: check for check in checks if check.kind}
    return list(_error_texts(causes))


def _error_texts(causes: dict[Kind, Check]) -> Iterator[ErrorText]:
    for row in table():
        kind = Kind(row["kind"]) if "kind" in row else None
        speaker = SPEAKERS[row["speaker"]]
        cloud: Cloud | None = row.get("cloud") or speaker.cloud
        steps = row["steps"].split()
        at_steps = [check for of, check in causes.items() if any((cloud, step) in of.steps for step in steps)]
        if kind and causes[kind] not in at_steps:
            at_steps.insert(0, causes[kind])  # a hint may be of another step
        for code, text in row["samples"]:
            example = f"{code}: {text}" if code and code != text else text
            if kind and row.get("proves", True):
                yield ErrorText(example, speaker.name, cloud, causes[kind].code, "", (), ())
                continue
            hinted = causes[kind].code if kind else ""
            quoted = [check.code for check in at_steps if _quotes(check, text) and check.code != hinted]
            others = sorted({check.code for check in at_steps}.difference(quoted, [hinted]))
            yield ErrorText(example, speaker.name, cloud, "", hinted, tuple(quoted), tuple(others))


def _quotes(check: Check, text: str) -> bool:
    """Whether the page of a check has the text, without regard to line breaks and a last full stop."""
    return " ".join(text.split()).removesuffix(".") in " ".join(check.page.split())
