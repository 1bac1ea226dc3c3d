"""Instants and spans in words."""

from __future__ import annotations

import pytest

from oidc_doctor.judge.times import relative, rfc3339, seconds_of, span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (3601, "1 h"),
        (86400 + 7200 + 60, "1 d 2 h"),
        (-90, "1 min 30 s"),
    ],
)
def test_a_span(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_an_instant() -> None:
    assert relative(100, 100.5) == "now"
    assert relative(100, 160) == "1 min ago"
    assert relative(160, 100) == "in 1 min"
    assert rfc3339(1795387200) == "2026-11-22T22:40:00Z"
    assert rfc3339(10**20) == "100000000000000000000"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (7, 7),
        ("7", 7),
        ("-7", -7),
        (True, None),
        (7.0, None),
        ("7.0", None),
        ("\u0667", None),
        ("9" * 20, None),
        (None, None),
    ],
)
def test_a_time_of_a_token(value: object, seconds: int | None) -> None:
    assert seconds_of(value) == seconds
