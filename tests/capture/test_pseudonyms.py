"""Stand-ins keep shape, equality and common beginnings; addresses keep their networks."""

from __future__ import annotations

import ipaddress
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.capture.pseudonyms import Cipher

KEY = b"k" * 32
WORDS = st.from_regex(r"[A-Za-z0-9_-]{1,24}", fullmatch=True)


def shape(text: str) -> str:
    return re.sub(r"[a-wyz]", "a", re.sub(r"[A-WYZ]", "A", re.sub(r"\d", "0", text)))


def common(one: str, other: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@pytest.mark.parametrize("mode", ["prefix", "letters"])
@given(text=WORDS)
def test_the_shape_of_a_word_stays(mode: str, text: str) -> None:
    assert shape(Cipher(KEY, mode).word(text)) == shape(text)


@given(one=WORDS, other=WORDS, start=WORDS)
def test_words_begin_alike_for_as_long_as_before(one: str, other: str, start: str) -> None:
    cipher = Cipher(KEY)
    first, second = start + one, start + other
    assert common(cipher.word(first), cipher.word(second)) == common(first, second)


@given(text=WORDS)
def test_case_alone_still_differs_in_case_alone(text: str) -> None:
    cipher = Cipher(KEY)
    assert cipher.word(text.upper()).lower() == cipher.word(text.lower())


@given(text=st.from_regex(r"[a-wyzA-WYZ1-9]{1,24}", fullmatch=True))
def test_no_character_stands_for_itself_at_its_place(text: str) -> None:
    image = Cipher(KEY).word(text)
    assert all(one != other for one, other in zip(text, image, strict=True))


@given(text=st.from_regex(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", fullmatch=True))
def test_a_uuid_stays_one(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", Cipher(KEY).word(text))


@given(text=WORDS)
def test_no_word_becomes_a_placeholder(text: str) -> None:
    image = Cipher(KEY).word(text).lower()
    assert ("xxx" in image) == ("xxx" in text.lower())


@given(text=st.text(alphabet="aäöüéжщд日本語ñ", min_size=1, max_size=8), end=WORDS)
def test_letters_of_other_scripts_keep_their_length_in_bytes(text: str, end: str) -> None:
    image = Cipher(KEY).word(text + end)
    assert len(image.encode()) == len((text + end).encode())
    assert len(image) == len(text + end)


@given(start=st.from_regex(r"[a-z]{3,6}", fullmatch=True), rest=WORDS)
def test_a_kept_beginning_stays_and_moves_nothing_else_onto_it(start: str, rest: str) -> None:
    cipher = Cipher(KEY, kept_starts=frozenset((start,)))
    assert cipher.word(start + rest).startswith(start)
    assert cipher.word("q" + start) != start


@given(address=st.ip_addresses(v=4), length=st.integers(9, 32))
def test_a_network_holds_the_addresses_that_it_held(address: ipaddress.IPv4Address, length: int) -> None:
    cipher = Cipher(KEY)
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    shown = cipher.address(str(network))
    inside = cipher.address(str(address))
    assert shown
    assert inside
    assert ipaddress.ip_address(inside) in ipaddress.ip_network(shown)
    outside = ipaddress.ip_address(int(address) ^ (1 << (32 - length)))
    other = cipher.address(str(outside))
    assert other
    assert ipaddress.ip_address(other) not in ipaddress.ip_network(shown)


@given(address=st.ip_addresses())
def test_addresses_stay_apart_and_of_their_kind(address: ipaddress.IPv4Address) -> None:
    cipher = Cipher(KEY)
    shown = cipher.address(str(address))
    assert shown
    assert ipaddress.ip_address(shown).version == address.version
    assert cipher.address(str(address + 1 if int(address) % 2 == 0 else address - 1)) != shown


@pytest.mark.parametrize("text", ["1.2.3", "300.1.1.1", "::zz", "10.0.0.0/99", ""])
def test_what_is_no_address_gets_no_stand_in(text: str) -> None:
    assert Cipher(KEY).address(text) is None


def test_another_key_gives_other_stand_ins() -> None:
    assert Cipher(b"a" * 32).word("Org8Kd2P") != Cipher(b"b" * 32).word("Org8Kd2P")


def test_a_letter_that_is_an_ascii_letter_in_small_is_replaced_too() -> None:
    """The Kelvin sign, which is k in small letters."""
    assert Cipher(KEY).word("\u212aim").lower() == Cipher(KEY).word("kim")
    assert Cipher(KEY).word("kim") != "kim"
