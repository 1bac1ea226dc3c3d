"""Sizes as people read them, and as an option accepts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.cli.options import _bytes_of
from oidc_doctor.live.byte_sizes import at_least, size_text


@given(st.integers(0, 10**17))
def test_an_option_allows_the_size_that_it_was_made_of(size: int) -> None:
    assert size <= _bytes_of(at_least(size)) <= max(size * 2, size + 1)


def test_sizes() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 1_534_000, 999_999, 123_456_789_000)] == [
        "0 bytes", "999 bytes", "1 kB", "1.53 MB", "1 MB", "123 GB"
    ]  # fmt: skip
