"""The reader of a page of HTML: a browser's parser, which must find a page of ours with texts of strangers in it."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from xml.etree.ElementTree import Element

from tinyhtml5.parser import HTMLParser  # type: ignore[import-untyped]

from oidc_doctor.findings.sources import ADDRESSES
from reports.consumers import CONSOLE, RIGHT_TO_LEFT, UNSEEN

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    (
        "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article",
        "h1", "h2", "h3", "h4", "h5", "h6", "p", "a", "br", "strong", "span", "mark", "code", "pre", "ins", "del",
        "dl", "dt", "dd", "div", "ol", "ul", "li", "details", "summary", "figure", "figcaption",
        "table", "thead", "tbody", "tr", "th", "td",
        *(_SVG + name for name in ("svg", "title", "desc", "defs", "pattern", "rect", "line", "path", "text")),
    )
)  # fmt: skip
# Attributes hold our own words and numbers, or a place on the page.
_OURS = re.compile(r"[A-Za-z0-9_ .,()%-]*")
_ATTRIBUTES = frozenset(
    (
        "lang", "charset", "http-equiv", "name", "content", "class", "id", "href", "rel", "open", "scope", "tabindex",
        "role", "aria-label", "aria-labelledby", "aria-hidden", "viewBox", "x", "y", "x1", "x2", "y1", "y2", "d",
        "width", "height", "fill", "text-anchor", "patternUnits", "patternTransform",
    )
)  # fmt: skip
_HEADING = re.compile(r"h([1-6])")


def in_a_browser(page: str) -> Element:
    """Parse a page as a browser does; nothing on it acts, asks for anything, or hides. Returns its tree."""
    parser = HTMLParser(namespace_html_elements=False)
    tree = parser.parse(page)
    assert not parser.errors, parser.errors[:5]
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), sorted(ids)
    for element in tree.iter():
        assert isinstance(element.tag, str), f"a comment: {element.text!r}"
        assert element.tag in _ELEMENTS, element.tag
        for name, value in element.attrib.items():
            _attribute(element, name, value, set(ids))
        for text in (element.text, element.tail):
            _shown(text or "")
    _style(tree)
    _outline(tree)
    return tree


def _attribute(element: Element, name: str, value: str, ids: set[str | None]) -> None:
    assert name in _ATTRIBUTES, (element.tag, name, value)
    if name == "href":
        is_link = value in ADDRESSES.values() or CONSOLE.fullmatch(value)
        assert element.tag == "a", element.tag
        assert value[1:] in ids if value.startswith("#") else is_link, value
        assert value.startswith("#") or element.get("rel") == "noreferrer", value
    elif name == "fill":
        assert re.fullmatch(r"url\(#([a-z0-9-]+)\)", value), value
        assert value[5:-1] in ids, value
    elif name == "content":
        assert element.tag == "meta"
    else:
        assert _OURS.fullmatch(value), (element.tag, name, value)
    if name == "aria-labelledby":
        assert set(value.split()) <= ids, value


def _shown(text: str) -> None:
    for character in sorted(set(text) - {"\n"}):
        assert unicodedata.category(character) not in UNSEEN, ascii(character)
        assert unicodedata.bidirectional(character) not in RIGHT_TO_LEFT, ascii(character)
    assert r"\\x1b]0;title" not in text, f"escaped twice: {text}"


def _style(tree: Element) -> None:
    """The one style sheet is the one that the policy of the page allows, and it fetches nothing."""
    styles = [element.text or "" for element in tree.iter("style")]
    policies = [meta.get("content", "") for meta in tree.iter("meta") if meta.get("http-equiv")]
    assert len(styles) == len(policies) == 1
    digest = b64encode(sha256(styles[0].encode()).digest()).decode()
    assert policies[0] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in styles[0]
    assert "@import" not in styles[0]


def _outline(tree: Element) -> None:
    """What a screen reader goes by: the language, a title, one main part, headings without a gap, heads of tables."""
    assert tree.get("lang") == "en"
    assert "".join(next(tree.iter("title")).itertext()).strip()
    assert len(list(tree.iter("main"))) == 1
    levels = [int(found[1]) for element in tree.iter() if (found := _HEADING.fullmatch(element.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    for table in tree.iter("table"):
        assert all(head.get("scope") for head in table.iter("th"))
        assert [head for head in table.iter("th") if head.get("scope") == "col"]
    for picture in tree.iter(_SVG + "svg"):
        assert picture.get("aria-labelledby") or picture.get("aria-label")


def texts_of(tree: Element, tag: str) -> list[str]:
    """The texts of all elements of a kind, with their spaces joined."""
    return [" ".join("".join(element.itertext()).split()) for element in tree.iter(tag)]
