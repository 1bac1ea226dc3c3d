"""Hostile claims, policies and logs: their control characters and markup are shown, never interpreted."""

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

pytestmark = pytest.mark.sweep

HOSTILE = {
    "markup": "[bold red]x[/] [@click=app.quit]y[/] [/nothing]",
    "escape codes": "\x1b[2J\x1b]52;c;ZXZpbA==\x07\x1b[31mred",
    "right to left": "team=\u202egnol\u2066x\u05d0\u05d1",
    "long": "v=1:" + "org=Org8Kd2P:" * 500,
    "invisible": "job:\u200bblue\u00ad:7\U000e0041",
    "wide": "漢字" * 300 + "e\u0301\u0301\u0301",
    "lines": "a\nb\r\nc\td",
    "marks of a page": "\x1b<bad>x\x1b/",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_subject_is_harmless_on_every_screen(
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
        document = json.loads(claims.read_text(encoding="utf-8"))
        document[subject[:40]] = {"nested": [subject]}
        claims.write_text(json.dumps(document), encoding="utf-8")

    async def story(pilot: Any) -> None:
        app = pilot.app
        all_text = ""
        for keys in (["1"], ["end"], ["enter"], ["f"], ["escape"], ["2"], ["3"], ["4"], ["5"], ["1", "home"], ["y"]):
            await press(pilot, *keys)
            text = text_of(app)
            control_characters = {
                character
                for character in text
                if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co") and character != "\n"
            }
            assert not control_characters, (keys, control_characters)
            all_text += text
        assert visible(subject)[:20] in all_text
        assert app.is_running

    play(story, folder, size=(120, 40))


@given(st.text(max_size=200), st.integers(30, 120))
def test_page_contains_only_visible_characters(text: str, width: int) -> None:
    sheet = StyledSheet(width)
    sheet.row("subject", visible(text), style="bad")
    sheet.say(visible(text), bold=True)
    content = sheet.content()
    assert "\x1b" not in content.plain
    assert all(0 <= span.start <= span.end <= len(content.plain) for span in content.spans)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(1, 250))
def test_bars_cover_all_buckets_in_order(low: int, number: int, columns: int) -> None:
    chart_bars = bars(low, low + number, columns)
    assert chart_bars[0].first == low
    assert chart_bars[-1].last == low + number
    assert all(left_bar.last == right_bar.first for left_bar, right_bar in pairwise(chart_bars))
    assert all(left_bar.left + left_bar.width == right_bar.left for left_bar, right_bar in pairwise(chart_bars))
    assert chart_bars[-1].left + chart_bars[-1].width <= columns
    assert len({bar.last - bar.first for bar in chart_bars[:-1]}) <= 1


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=50), st.integers(1, 12))
def test_bar_is_visible_if_there_is_an_attempt(counts: list[int], rows: int) -> None:
    lines = lane(counts, max(counts), rows)
    assert len(lines) == rows
    for at, count in enumerate(counts):
        column = "".join(line[at] for line in lines)
        assert (column.strip() == "") == (count == 0)
        assert column == column.lstrip(" ").rjust(rows)
