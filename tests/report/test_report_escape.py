"""Printable text: no invisible or control characters, no token."""

from __future__ import annotations

import base64
import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.report.parts.escape import cells, contains_jwt, exact, forbid_tokens, visible


def segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def compact(header: bytes = b'{"alg":"RS256","kid":"k1"}', claims: bytes = b'{"sub":"s"}') -> str:
    return ".".join(map(segment, (header, claims, b"\x01\x02signature")))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("v=1:org=a/b, c", "v=1:org=a/b, c"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("a\x9bb\x7f", r"a\x9bb\x7f"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        ("caf\u0065\u0301", r"cafe\u0301"),
        ("caf\u00e9", "café"),
        ("a\u00a0b", r"a\xa0b"),
        ("שלום", r"\u05e9\u05dc\u05d5\u05dd"),
        ("語", "語"),
        ("\u3164\u2800", r"\u3164\u2800"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        (r"\d+\.x", r"\d+\.x"),
        (r"a\u200bb", r"a\\u200bb"),
        ("a\\\u200bb", r"a\\\u200bb"),
        (r"a\nb", r"a\\nb"),
    ],
)
def test_characters_are_escaped(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(st.text())
def test_visible_text_has_no_invisible_characters(raw: str) -> None:
    shown = visible(raw)
    assert shown.isprintable()
    assert all(unicodedata.category(character) not in ("Mn", "Me", "Cf", "Cc", "Cs") for character in shown)
    assert all(unicodedata.bidirectional(character) not in ("R", "AL", "AN") for character in shown)
    shown.encode()


alphabet = st.sampled_from(["\\", "\\", "u", "n", "x", "2", "0", "b", "e", "\u200b", "\n", "\x1b", "ü"])


@given(st.lists(alphabet, max_size=10), st.lists(alphabet, max_size=10))
def test_different_values_look_different(left: list[str], right: list[str]) -> None:
    if left != right:
        assert visible("".join(left)) != visible("".join(right))


@given(st.text())
def test_each_character_has_a_cell(raw: str) -> None:
    assert len(cells(raw)) == len(raw)


def test_space_at_either_end_is_escaped() -> None:
    assert exact(" a b ") == r"\x20a b\x20"
    assert exact(" ") == r"\x20"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "Bearer {}",
        '"{}"',
        "a.b.{}",
        "{}.",
        "x=1&token={}&y=2",
        "({})",
        "\n{}\n",
        "\\n{}\\n",
        "\\u200b{}",
        "eyJ{}",
    ],
)
def test_token_is_removed_at_any_position(around: str) -> None:
    token = compact()
    text = around.format(token)
    assert contains_jwt(text)
    clean = forbid_tokens(text)
    assert "[token removed]" in clean
    assert not contains_jwt(clean)
    assert token.rsplit(".", 1)[1] not in clean
    assert token.split(".")[1] not in clean


@pytest.mark.parametrize(
    "header",
    [b'{"alg":"none"}', b' { "typ": "JWT", "alg": "ES256" }', b'{"jwk":{"kty":"RSA"},"alg":"RS256"}', b'{\n"alg":"x"}'],
)
def test_token_with_an_unusual_header_is_removed(header: bytes) -> None:
    assert forbid_tokens(f"({compact(header)})") == "([token removed])"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oidc.baseten.co",
        "arn:aws:iam::210987654321:role/a.b.c",
        "token.actions.githubusercontent.com",
        "1.2.3",
        f"{segment(b'not json')}.{segment(b'x')}.{segment(b'y')}",
        f"{segment(json.dumps({'kid': 'a'}).encode())}.{segment(b'x')}.{segment(b'y')}",
        compact().rsplit(".", 1)[0],  # no signature, so the token cannot be used
    ],
)
def test_text_without_a_token_is_unchanged(text: str) -> None:
    assert not contains_jwt(text)
    assert forbid_tokens(text) == text


def test_several_and_encrypted_tokens_are_removed() -> None:
    encrypted = f"{compact()}.{segment(b'text')}.{segment(b'tag')}"
    assert forbid_tokens(f"{compact()} {encrypted},{compact()}") == "[token removed] [token removed],[token removed]"


@given(st.text(alphabet='"\\abn\n\u200b', max_size=8), st.text(alphabet='"\\abn\n\u200b', max_size=8))
def test_json_remains_valid(before: str, after: str) -> None:
    for ascii_only in (True, False):
        rendered = json.dumps({"a": before + compact() + after}, ensure_ascii=ascii_only)
        clean = forbid_tokens(rendered)
        assert not contains_jwt(clean)
        assert "[token removed]" in json.loads(clean)["a"]


@pytest.mark.parametrize("unit", ["a", "a.", "eyJ", "ew.", "eyJhbGciOiJSUzI1NiJ9.", "\\", "\u200b", "\\n"])
def test_token_scan_is_linear(unit: str) -> None:
    text = unit * (300_000 // len(unit))
    started = time.process_time()
    visible(text)
    assert time.process_time() - started < 3
