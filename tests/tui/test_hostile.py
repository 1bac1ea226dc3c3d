"""Claims, policies and logs are written by strangers: whatever they hold, it is shown and not obeyed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.report.parts.escape import visible
from oidc_doctor.tui.widgets.chart import bars, lane
from oidc_doctor.tui.widgets.page_view import StyledSheet

HOSTILE = {
    "markup": "[bold red]x[/] [@click=app.quit]y[/] [/nothing]",
    "escape codes": "\x1b[2J\x1b]52;c;ZXZpbA==\x07\x1b[31mred",
    "right to left": "team=\u202egnol\u2066x\u05d0\u05d1",
    "long": "v=1:" + "org=Org8Kd2P:" * 800,
    "invisible": "job:\u200bblue\u00ad:7\U000e0041",
    "wide": "漢字" * 300 + "e\u0301\u0301\u0301",
    "lines": "a\nb\r\nc\td",
    "marks of a page": "\x1b<bad>x\x1b/",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_screen_shows_it_harmlessly(
    name: str,
    write_bundle: Callable[..., Path],
    play: Callable[..., Any],
    press: Callable[..., Any],
    text_of: Callable[..., str],
) -> None:
    subject = HOSTILE[name]
    folder = write_bundle(subject=subject)
    claims = folder / "claims.json"
    if claims.exists():
        told = json.loads(claims.read_text(encoding="utf-8"))
        told[subject[:40]] = {"nested": [subject]}
        claims.write_text(json.dumps(told), encoding="utf-8")

    async def story(pilot: Any) -> None:
        app = pilot.app
        seen = ""
        for keys in (["1"], ["end"], ["enter"], ["f"], ["escape"], ["2"], ["3"], ["4"], ["5"], ["1", "home"], ["y"]):
            await press(pilot, *keys)
            text = text_of(app)
            odd = {mark for mark in text if unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Co") and mark != "\n"}
            assert not odd, (keys, odd)
            seen += text
        assert visible(subject)[:20] in seen
        assert app.is_running

    play(story, folder, size=(120, 40))


@given(st.text(max_size=200), st.integers(30, 120))
def test_a_page_holds_what_is_visible_and_nothing_else(text: str, width: int) -> None:
    paper = StyledSheet(width)
    paper.row("subject", visible(text), style="bad")
    paper.say(visible(text), bold=True)
    content = paper.content()
    assert "\x1b" not in content.plain
    assert all(0 <= span.start <= span.end <= len(content.plain) for span in content.spans)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 250))
def test_bars_cover_all_buckets_in_order(low: int, number: int, columns: int) -> None:
    made = bars(low, low + number, columns)
    assert made[0].first == low
    assert made[-1].last == low + number
    assert all(one.last == other.first for one, other in pairwise(made))
    assert all(one.left + one.width == other.left for one, other in pairwise(made))
    assert made[-1].left + made[-1].width <= columns
    assert len({bar.last - bar.first for bar in made[:-1]}) <= 1


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50), st.integers(1, 12))
def test_a_bar_is_seen_where_there_is_an_attempt(counts: list[int], rows: int) -> None:
    lines = lane(counts, max(counts), rows)
    assert len(lines) == rows
    for at, count in enumerate(counts):
        column = "".join(line[at] for line in lines)
        assert (column.strip() == "") == (count == 0)
        assert column == column.lstrip(" ").rjust(rows)
