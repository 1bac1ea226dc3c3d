"""The aligned pair: carets are under the differing characters, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.model.refusal import Side
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.report.parts.pair import difference, pair, plain

# Differences use capitals and wide letters that occur nowhere else, so that the carets can be checked by the text.
same = st.text(alphabet="abc:=/語é", max_size=120)
other = st.text(alphabet="XYZ漢", max_size=12)


def shown(expected: Side | None, actual: Side | None, room: int) -> list[tuple[str, str]]:
    return [(kind, plain(pieces)) for kind, pieces in pair(expected, actual, room)]


def by_column(line: str) -> list[str]:
    return [character for character in line for _ in range(columns(character))]


@given(same, other, same, same, other, same, st.integers(30, 110))
def test_carets_are_under_the_difference(
    head: str, left: str, tail: str, other_head: str, right: str, other_tail: str, room: int
) -> None:
    expected = Side(head + left + tail, None, ((len(head), len(head) + len(left)),))
    actual = Side(other_head + right + other_tail, None, ((len(other_head), len(other_head) + len(right)),))
    rows = shown(expected, actual, room)
    assert all(columns(line) <= room for _, line in rows)
    assert [kind for kind, _ in rows if kind != "carets"] == ["expected", "actual"]
    assert rows[-1][0] == "carets"
    for index, (kind, line) in enumerate(rows):
        if kind != "carets":
            continue
        above = by_column(rows[index - 1][1])
        gap = (left, right)[rows[index - 1][0] == "actual"]
        under = {column for column, sign in enumerate(line) if sign == "^"}
        differing = {column for column, character in enumerate(above) if character in "XYZ漢"}
        assert under == (differing if gap else {line.index("^")})
        # A difference that fits on the line is never cut.
        assert columns(gap) > room - 10 or gap in rows[index - 1][1]
    if not any(kind == "carets" for kind, _ in rows[:-1]):
        upper = [column for column, character in enumerate(by_column(rows[0][1])) if character in "XYZ漢"]
        assert not left or upper[0] == rows[-1][1].index("^")


@given(same, other, same, st.integers(30, 110))
def test_value_is_cut_with_an_ellipsis_only_if_too_long(head: str, left: str, tail: str, room: int) -> None:
    value = head + left + tail
    side = Side(value, None, ((len(head), len(head) + len(left)),))
    line = shown(side, side, room)[0][1]
    if columns(value) < room:
        assert line == value
    else:
        assert line.strip(" …") in value
        assert line.strip(" ").startswith("…") or value.startswith(line[:3])
        assert line.endswith("…") or value.endswith(line[-3:])


@given(same, other, same, st.integers(30, 110))
def test_single_value_is_shown_in_full(head: str, left: str, tail: str, room: int) -> None:
    side = Side(head + left + tail, None, ((len(head), len(head) + len(left)),))
    rows = shown(None, side, room)
    assert "".join(line for kind, line in rows if kind != "carets") == side.value
    assert all(columns(line) <= room for _, line in rows)
    for (kind, line), (_, above) in zip(rows[1:], rows, strict=False):
        if kind == "carets" and left:
            differing = {column for column, character in enumerate(by_column(above)) if character in "XYZ漢"}
            assert {column for column, sign in enumerate(line) if sign == "^"} == differing
    assert any(kind == "carets" for kind, _ in rows)


def test_long_values_with_equal_beginnings_are_aligned() -> None:
    head = "arn:aws:iam::210987654321:oidc-provider/" + "x" * 200
    expected = Side(f"{head}A{'y' * 200}", None, ((240, 241),))
    actual = Side(f"{head}B{'z' * 10}", None, ((240, 241),))
    rows = shown(expected, actual, 60)
    assert [kind for kind, _ in rows] == ["expected", "actual", "carets"]
    assert rows[0][1].index("A") == rows[1][1].index("B") == rows[2][1].index("^")
    assert rows[0][1].startswith("…")
    assert rows[0][1].endswith("y…")
    assert rows[1][1].endswith("z")


def test_long_side_is_aligned_with_the_short_side() -> None:
    expected = Side("v=1:org=*:team=A:*", None, ((15, 16),))
    value = "v=1:org=" + "o" * 80 + ":team=B:type=x"
    at = value.index("B")
    rows = shown(expected, Side(value, None, ((at, at + 1),)), 40)
    assert rows[0][1] == "v=1:org=*:team=A:*"
    assert rows[1][1].startswith("…")
    assert rows[0][1].index("A") == rows[1][1].index("B") == rows[2][1].index("^")


def test_differences_in_other_columns_have_separate_carets() -> None:
    rows = shown(Side("repo:o/*:main", None, ((9, 13),)), Side("repo:o/app:dev", None, ((11, 14),)), 60)
    assert rows == [
        ("expected", "repo:o/*:main"),
        ("carets", "         ^^^^"),
        ("actual", "repo:o/app:dev"),
        ("carets", "           ^^^"),
    ]


def test_missing_part_is_marked_at_its_position() -> None:
    rows = shown(Side("https://x/", None, ((9, 10),)), Side("https://x", None, ((9, 9),)), 60)
    assert rows == [("expected", "https://x/"), ("actual", "https://x"), ("carets", "         ^")]


def test_escaped_characters_are_marked_in_full() -> None:
    rows = shown(Side("aud", None, ((3, 3),)), Side("aud\u200b ", None, ((3, 5),)), 60)
    assert rows[1:] == [("carets", "   ^"), ("actual", r"aud\u200b\x20"), ("carets", "   ^^^^^^^^^^")]


def test_several_differences() -> None:
    rows = shown(Side("a:B:c:D", None, ((2, 3), (6, 7))), Side("a:X:c:Y", None, ((2, 3), (6, 7))), 60)
    assert rows[-1] == ("carets", "  ^   ^")


def test_a_difference_longer_than_the_line_is_shown_from_its_start() -> None:
    rows = shown(Side("a" * 50 + "X" * 10_000, None, ((50, 10_050),)), None, 60)
    assert columns(rows[0][1]) == 60
    assert rows[0][1].startswith("…aaa")
    assert rows[0][1].endswith("X…")
    assert rows[1][1].index("^") == rows[0][1].index("X")


def test_no_carets_without_spans() -> None:
    assert shown(Side("a"), Side("b"), 60) == [("expected", "a"), ("actual", "b")]
    assert shown(None, None, 60) == []


def test_spans_outside_the_value_are_ignored() -> None:
    assert shown(Side("abc", None, ((-1, 2), (7, 9), (2, 99))), None, 60)[1] == ("carets", "  ^")


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        (("v=1:team=ab", (10, 11)), ("v=1:team=ac", (10, 11)), "team differs in its last character"),
        (("v=1:team=ab:x", (9, 11)), ("v=1:team=cd:x", (9, 11)), "team differs"),
        (("repo:Org/a", (5, 6)), ("repo:org/a", (5, 6)), "only upper and lower case differ"),
        (("https://x/", (9, 10)), ("https://x", (9, 9)), 'missing "/"'),
        (("https://x", (9, 9)), ("https://x/", (9, 10)), 'extra "/"'),
        (("aud", (3, 3)), ("aud ", (3, 4)), "a space too many"),
        (("a", (1, 1)), ("a\u200b", (1, 2)), "U+200B ZERO WIDTH SPACE"),
        (("a", (0, 1)), ("\u0430", (0, 1)), "U+0430 CYRILLIC SMALL LETTER A"),
        (("main", (0, 4)), ("dev", (0, 3)), ""),
        (("x" * 99, (0, 99)), ("y", (0, 1)), ""),
    ],
)
def test_the_difference_in_words(
    expected: tuple[str, tuple[int, int]], actual: tuple[str, tuple[int, int]], words: str
) -> None:
    assert difference(Side(expected[0], None, (expected[1],)), Side(actual[0], None, (actual[1],))) == words
