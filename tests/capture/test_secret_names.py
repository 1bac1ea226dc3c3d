"""The names of secrets are looked for near the words that each of them has: none is missed for that."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.model.secret_texts import forms, labels, without_secrets

NAMES = (
    "password", "subscription_key", "registration-token", "application key", "connection_string", "connectionstring",
    "connect.sid", "sk", "pat", "seed", "session",
    "cnonce", "response", "code_verifier", "samlresponse", "pwd", "_auth",
    "secret access key", "encryption.key", "jsessionid", "awsalbcors", "salt", "sig", "signature", "id_token",
)  # fmt: skip
BETWEEN = (" ", "  ", "=", ": ", '": "', "  = ", "\n", "x", "_", "-", ".", "secre", "tok", "passkey", "value", "\\n")


@settings(max_examples=share_of(300))
@given(st.lists(st.sampled_from((*NAMES, *BETWEEN)), max_size=12).map("".join))
def test_every_name_that_the_pattern_finds_is_found(text: str) -> None:
    found = [label.span() for label in labels._labels(text)]
    assert found == [label.span() for label in labels._LABEL.finditer(text)]


FORMS = [form for form in forms._ALL if form.before is not None]
WORDS = ("pin", "otp", "TOTP", "mfa_code", "token-code", "otp", "-u", "--user", "--proxy-user", "ab:cd1234", "123456")


@settings(max_examples=share_of(300))
@given(st.lists(st.sampled_from((*WORDS, *BETWEEN, "\u0130")), max_size=12).map("".join))
def test_every_form_that_its_pattern_finds_is_found(text: str) -> None:
    for form in FORMS:
        found = [match.span() for match in forms._matches(form, text, text.lower())]
        assert found == [match.span() for match in form.pattern.finditer(text)]


@pytest.mark.parametrize("text", ["connection_string=Server1;a8B7c6D5e4F3", '{"connectionString": "a8B7c6D5e4F3g2"}'])
def test_a_name_without_another_of_them(text: str) -> None:
    assert "a8B7c6D5e4F3" not in without_secrets(text)
