"""TOK018: the process may not read the file that holds its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text",
    [
        "unable to read file at /var/run/secrets/tokens/oidc-token\ncaused by: open: permission denied",
        "Error: EACCES: permission denied, open '/var/run/secrets/tokens/oidc-token'",
        "PermissionError: [Errno 13] Permission denied: '/var/run/secrets/tokens/oidc-token'",
    ],
)
def test_the_path_is_named(aws: Bundle, text: str) -> None:
    cause = aws.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("token-file-unreadable", "proven", "obtain")
    assert "/var/run/secrets/tokens/oidc-token" in cause.summary


def test_a_file_that_is_missing_is_another_cause(aws: Bundle) -> None:
    text = "FileNotFoundError: No such file or directory: '/var/run/secrets/tokens/oidc-token'"
    assert aws.error(text).ask().first.name == "token-not-issued"
