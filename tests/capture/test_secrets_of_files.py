"""Secrets that a line of a file or a bare key shows by its form."""

from __future__ import annotations

import pytest

from oidc_doctor.model.secret_texts import without_secrets


@pytest.mark.parametrize("around", ["{}", "MAILGUN {} failed", "api:{}", '{{"note": "{}"}}', "'{}'"])
def test_a_private_key_of_mailgun_goes(around: str) -> None:
    key = "key-3f1c2b4a5d6e7f8091a2b3c4d5e6f708"
    assert key not in without_secrets(around.format(key))


@pytest.mark.parametrize(
    "line",
    [
        "db.example.com:6432:*:reader:{}",
        "localhost:443:app:me:{}",
        "/var/run/postgresql:5432:app:me:{}",
        "*:*:*:reader:{}",
        r"db.example.com:5432:app:reader:a9\:{}",
    ],
)
def test_a_line_of_pgpass_goes_at_any_port(line: str) -> None:
    secret = "aGk3Vb9xQ2mZ"
    assert secret not in without_secrets(line.format(secret))


@pytest.mark.parametrize("around", ['{{"log": "mail\\n{}"}}', "user%3D{}", 'mail: "{}"', "\\u0022{}\\u0022"])
def test_a_key_of_mailgun_behind_an_escape(around: str) -> None:
    key = "key-" + "0a1b2c3d4e5f67890a1b2c3d4e5f6789"
    assert key not in without_secrets(around.format(key))


@pytest.mark.parametrize("text", ["kid: {}", 'kid: "{}"', '{{"kid": "{}"}}'])
def test_a_key_id_of_that_form_stays(text: str) -> None:
    shown = text.format("key-" + "0a1b2c3d4e5f67890a1b2c3d4e5f6789")
    assert without_secrets(shown) == shown
