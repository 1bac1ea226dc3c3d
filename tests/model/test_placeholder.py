"""Gaps in pasted evidence: what is one, and what a comparison with one can say."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.model import placeholder
from oidc_doctor.model.placeholder import (
    account_is_redacted,
    compare,
    has_placeholder,
    is_left_out,
    may_contain,
    may_end_with,
    may_equal,
    may_match,
    may_start_with,
    spans,
)


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("repo:<org>/<repo>:ref", ["<org>", "<repo>"]),
        ("<org:...:project:...>", ["<org:...:project:...>"]),
        ("environment=<none>:", []),
        ("a < b", []),
        ("<>", []),
        ("<<a>", ["<a>"]),
        ("{AccountID}", ["{AccountID}"]),
        ("{}", ["{}"]),
        ("{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}:{step}", ["{step}"]),
        ("{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1fg}", ["{1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1fg}"]),
        ("{workspace-uuid-of-the-team-name}", ["{workspace-uuid-of-the-team-name}"]),
        ("a{b", []),
        ("${{ secrets.X }}", ["${{ secrets.X }}"]),
        ("{{ x }}y", ["{{ x }}"]),
        ("${ACCOUNT}:role", ["${ACCOUNT}"]),
        ("${this.account}", ["${this.account}"]),
        ("${VAR:-default}", ["${VAR:-default}"]),
        ('${replace(var.url, "https://", "")}:sub', ['${replace(var.url, "https://", "")}']),
        ("${aws:username}", []),
        ("${aws:PrincipalTag/team, 'x y'}", []),
        ("${oidc.example.com/id/A1:sub}", []),
        ("${*}${?}${$}", []),
        ("$AWS_ROLE_ARN", ["$AWS_ROLE_ARN"]),
        ("$1 $", []),
        ("a***b", ["***"]),
        ("a**b", []),
        ("123...:role", ["..."]),
        ("wait\u2026", ["\u2026"]),
        ("a..b", []),
        ("xxxx-XXX-###", ["xxxx", "XXX", "###"]),
        ("xXx", []),
        ("xx##", []),
        ("plain text", []),
        ("", []),
    ],
)
def test_spans(text: str, gaps: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text)] == gaps
    assert has_placeholder(text) is bool(gaps)


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("<a>", "<a>", True),
        ("<a>", "b", None),
        ("<a>", "<b>", None),
        ("a<x>", "b<x>", False),
        ("<x>a", "<y>b", False),
        ("a<x>b", "ab", False),  # a gap stands for at least one character
        ("a...b", "ab", None),  # an ellipsis may stand for none
        ("org=<none>", "org=x", False),
        ("a<x>b<y>c", "azzbzzc", None),
        ("a<x>b<y>c", "azzbzzd", False),
        ("a<x>b<y>c", "azzc", False),
        ("repo:o/r:environment:<env>", "repo:o/r:ref:refs/heads/main", False),
        ("<a>x", "y<b>", None),
        ("repo:<o>/<r>:x", "repo:<o>@1/<r>@2:x", False),  # the same name is the same text
        ("repo:<o>/<r>:x", "repo:<p>@1/<r>@2:x", None),
        ("***/a", "***b/a", None),
        ("<redacted>/a", "<redacted>b/a", None),
        ("***", "***", True),
    ],
)
def test_may_equal(one: str, other: str, answer: bool | None) -> None:
    assert may_equal(one, other) is answer
    assert may_equal(other, one) is answer


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("repo:o/r:*", "repo:o/r:ref:<ref>", True),
        ("repo:<o>/<r>:*", "repo:<o>/<r>:ref", True),
        ("repo:<o>/<r>:*", "repo:<p>/<r>:ref", None),
        ("repo:o/*", "repo:<o>/r", None),
        ("repo:o/*", "repo:p/<r>", False),
        ("a?", "a<x>", None),
        ("a?", "a<x>b", False),
        ("*", "<x>", True),
        ("<x>", "anything", None),
        ("a<x>*", "ab", None),
        ("a<x>*", "b", False),
        ("a***", "a*", None),
        ("a***b*", "a***bc", None),
        ("a<x>b*", "a<x>bc", True),
        ("<x>?", "<x>", False),
        ("a*b", "axb", True),
        ("a*b", "axc", False),
    ],
)
def test_may_match(pattern: str, text: str, answer: bool | None) -> None:
    assert may_match(pattern, text, wildcards=True) is answer


def test_without_wildcards_a_star_is_a_star() -> None:
    assert may_match("a*", "ab", wildcards=False) is False
    assert may_match("a*<x>", "a*b", wildcards=False) is None


def test_parts() -> None:
    assert may_start_with("https://<host>/x", "https://") is True
    assert may_start_with("<scheme>://host", "https://") is None
    assert may_start_with("http://<host>", "https://") is False
    assert may_end_with("<a>/", "/") is True
    assert may_end_with("a<b>", "/") is None
    assert may_end_with("<a>b", "/") is False
    assert may_contain("a:<b>", ":") is True
    assert may_contain("a<b>", ":") is None
    assert may_contain("abc", ":") is False
    assert may_contain("abc", "b") is True


def test_account() -> None:
    assert not account_is_redacted("123456789012")
    for account in ("", "1234", "<account>", "XXXXXXXXXXXX", "\u0661" * 12, "1234567890123"):
        assert account_is_redacted(account)


GAPS = ["<g>", "<h>", "***", "..."]
PARTS = st.lists(st.sampled_from(["a", "b", "ab", *GAPS]), max_size=4)
FILLINGS = ["a", "b", "ab", "baa"]


def fillings(*texts: list[str]) -> list[tuple[str, ...]]:
    """Every way to fill the gaps: one text for each name, one for each nameless gap; nothing only for an ellipsis."""
    numbered = [
        [(part, 0 if part in {"<g>", "<h>"} else 1 + side * 10 + at) for at, part in enumerate(text)]
        for side, text in enumerate(texts)
    ]
    gaps = sorted({part for text in numbered for part in text if part[0] in GAPS})[:5]
    ways = []
    for chosen in itertools.product(*([*FILLINGS, ""] if gap == "..." else FILLINGS for gap, _ in gaps)):
        filled = dict(zip(gaps, chosen, strict=True))
        ways.append(tuple("".join(filled.get(part, part[0]) for part in text) for text in numbered))
    return ways


@settings(max_examples=share_of(300), deadline=None)
@given(PARTS, PARTS)
def test_equality_is_sound(one: list[str], other: list[str]) -> None:
    assume("".join(one) != "".join(other))
    answer = may_equal("".join(one), "".join(other))
    results = {left == right for left, right in fillings(one, other)}
    assert answer is None or results == {answer}


def glob(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and glob(pattern[1:], text[1:])


@settings(max_examples=share_of(300), deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "*a", "?", "<g>", "<h>"]), max_size=4), PARTS)
def test_matching_is_sound(pattern: list[str], text: list[str]) -> None:
    assume("".join(pattern) != "".join(text))
    answer = may_match("".join(pattern), "".join(text), wildcards=True)
    results = {glob(left, right) for left, right in fillings(pattern, text)}
    assert answer is None or results == {answer}


def cells(parts: list[str]) -> list[str]:
    """As a glob, where a gap is `?*`, and an ellipsis `*`."""
    text, found, position = "".join(parts), "", 0
    for start, end in spans(text):
        found += text[position:start] + ("*" if text[start] == "." else "?*")
        position = end
    return [*(found + text[position:])]


def steps(left: list[str], right: list[str], i: int, j: int) -> list[tuple[int, int]]:
    """From one place in both globs to the next ones."""
    found = []
    if left[i : i + 1] == ["*"]:
        found += [(i + 1, j), *([(i, j + 1)] if j < len(right) else [])]
    if right[j : j + 1] == ["*"]:
        found += [(i, j + 1), *([(i + 1, j)] if i < len(left) else [])]
    here = {*left[i : i + 1], *right[j : j + 1]}
    if i < len(left) and j < len(right) and "*" not in here and ("?" in here or len(here) == 1):
        found.append((i + 1, j + 1))
    return found


NAMELESS = st.lists(st.sampled_from(["a", "b", "ab", "***", "...", "xxx"]), max_size=5)


@settings(max_examples=share_of(300), deadline=None)
@given(NAMELESS, NAMELESS)
def test_false_is_said_whenever_it_is_so(one: list[str], other: list[str]) -> None:
    """With each gap filled on its own, by a slow search over both texts at once."""
    left, right = cells(one), cells(other)
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        place = todo.pop()
        if place not in seen:
            seen.add(place)
            todo += steps(left, right, *place)
    assert (may_equal("".join(one), "".join(other)) is not False) is ((len(left), len(right)) in seen)


def test_work_grows_with_the_length_of_a_text_alone(lines_run: Callable[[Callable[[], object]], int]) -> None:
    text = "a" * 20_000

    def ask() -> None:
        assert may_equal(f"{text}<x>", f"<y>{text}") is None
        assert may_match("*" + "a?" * 1000 + "b*", text, wildcards=True) is False
        assert may_match("*" + "a?" * 1000 + "b*", text + "<x>", wildcards=True) is None
        assert spans("<" * 20_000) == []
        assert spans("{" * 20_000) == []
        assert len(spans("$" * 20_000 + "a")) == 1

    assert lines_run(ask) < 200 * len(text)


@pytest.mark.parametrize(
    ("text", "gaps"),
    [
        ("v=1:org=REDACTED:team=*", ["REDACTED"]),
        ("v=1:org=[hidden]:team=(removed)", ["[hidden]", "(removed)"]),
        ("v=1:org=████:team=■■", ["████", "■■"]),
        ("sub-CENSORED <x>", ["CENSORED", "<x>"]),
        ("UNREDACTED", []),
        ("redacted-weights", []),
        ("[weights]", []),
        ("f(secret)", []),
    ],
)
def test_what_was_left_out_by_hand(text: str, gaps: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text)] == gaps
    assert is_left_out(text) is bool(gaps)


@pytest.mark.parametrize("star", ["*", "**"])
@pytest.mark.parametrize("text", ["", "a:b", "<key>", "arn:aws:s3:::b/<key>", "***"])
@pytest.mark.parametrize("gaps", [True, False])
def test_a_star_alone_covers_any_text_and_any_gap(star: str, text: str, gaps: bool) -> None:
    assert compare([(star, True, gaps)], text, text_gaps=gaps) is True
    assert compare([(star, False, False)], text, text_gaps=False) is (star == text)  # not a wildcard: a text


def test_three_stars_of_a_person_are_no_wildcard() -> None:
    assert compare([("***", True, True)], "a:b", text_gaps=False) is None
    assert compare([("***", True, False)], "a:b", text_gaps=False) is True


@given(st.text("ab*?<>{}$.x", max_size=12), st.text("abx", max_size=8), st.booleans())
@settings(deadline=None, max_examples=share_of(600))
def test_the_ends_of_a_pattern_refuse_only_what_the_whole_refuses(pattern: str, text: str, wildcards: bool) -> None:
    quick = compare([(pattern, wildcards, True)], text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placeholder, "_has_ends", lambda *_, **__: True)
        assert compare([(pattern, wildcards, True)], text) is quick


def test_a_pattern_with_a_gap_and_another_end_is_refused_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placeholder, "_may_meet", pytest.fail)
    assert compare([("org=<org>:team=<team>:web", True, True)], "org=a:team=b:api") is False
