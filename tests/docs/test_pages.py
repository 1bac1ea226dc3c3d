"""The pages that the site makes from the program: nothing of a check's page is lost, and every error text leads on."""

from __future__ import annotations

import html
import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from oidc_doctor.findings import packs
from oidc_doctor.judge.error_texts import table
from tests.docs.conftest import ROOT


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("pages", ROOT / "docs" / "site" / "pages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HEADINGS = ["Symptom", "Reason", "Confirm", "Fix", "Source"]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", html.unescape(re.sub(r"</?(?:p|code|ul|li|br)>", " ", text)))


def test_nothing_of_a_check_is_lost(pages: ModuleType) -> None:
    for check in packs.all_checks():
        title, *sections = pages.split_page(check.page)
        assert [section.heading for section in sections] == HEADINGS, check.code
        page = " ".join(words(pages.check_page(check, [])))
        for section in (title, *sections):
            for text in (section.heading, *section.paragraphs):
                assert " ".join(words(text)) in page, check.code
        kept = [section.heading for section in sections] + [text for part in sections for text in part.paragraphs]
        assert sum(len(words(text)) for text in (title.heading, *kept)) == len(words(check.page)), check.code


def test_text_is_not_markup(pages: ModuleType) -> None:
    assert pages.prose("<script>`a<b`</script>") == "&lt;script&gt;<code>a&lt;b</code>&lt;/script&gt;"


def test_every_error_text_is_listed_and_leads_on(pages: ModuleType) -> None:
    texts = pages.error_texts(packs.all_checks())
    assert len(texts) == sum(len(row["samples"]) for row in table())
    listed = pages.list_of_error_texts()
    for text in texts:
        assert f"<code>{html.escape(text.example)}</code>" in listed
        assert not (text.named and (text.hinted or text.quoted or text.possible)), text.example


def find(pages: ModuleType, words: str) -> list[Any]:
    return [text for text in pages.error_texts(packs.all_checks()) if words in text.example]


def test_a_shared_text_leads_to_its_causes(pages: ModuleType) -> None:
    (text,) = find(pages, "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert not text.named
    assert {"AWS021", "AWS025", "AWS034"} <= set(text.quoted)
    assert "AWS042" in text.possible


def test_a_text_that_names_its_fault_leads_to_it(pages: ModuleType) -> None:
    (text,) = find(pages, "The requested DurationSeconds exceeds the MaxSessionDuration")
    assert text.named == "AWS045"


def test_a_hint_is_no_name(pages: ModuleType) -> None:
    (text,) = find(pages, "Could not load credentials from any providers")
    assert (text.named, text.hinted) == ("", "TOK014")


def test_every_cause_stands_at_its_step(pages: ModuleType) -> None:
    listed = pages.list_of_checks()
    assert "| [GCP065](AWS070.md) |" in listed
    for check in packs.all_checks():
        assert f"[{check.code}]({check.code}.md)" in listed


def test_a_list_that_does_not_exist_is_an_error(pages: ModuleType) -> None:
    with pytest.raises(KeyError):
        pages.with_lists("<!-- the site lists the weather here -->\n\nText.\n\n<!-- until here -->")


def test_links_to_checks_lead_to_their_pages(pages: ModuleType) -> None:
    link = "[AWS025](../../checks/aws/subject_segment_differs.py)"
    assert pages.with_links(link, "guides/token.md") == "[AWS025](../checks/AWS025.md)"
    with pytest.raises(KeyError):
        pages.with_links(link.replace("segment", "nothing"), "guides/token.md")


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name)
def test_a_link_says_the_code_of_its_check(page: Path, pages: ModuleType) -> None:
    text = page.read_text(encoding="utf-8")
    for code, target in re.findall(r"\[(\w+)\]\([./]*(checks/\w+/\w+\.py)\)", text):
        assert pages.with_links(f"](../{target})", "page.md") == f"](checks/{code}.md)"
