"""ISS009: AWS compared the certificate with the provider's thumbprints."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"


def test_awss_sentence_names_it(aws: Bundle) -> None:
    answer = aws.error(f"An error occurred (InvalidIdentityToken): {TEXT}").ask()
    answer.refused("thumbprint-mismatch", "keys", confidence="proven")
    assert answer.state("audience") in ("passed", "passed-by-error")


def test_the_error_is_the_observed_one(aws: Bundle) -> None:
    assert aws.error(f"An error occurred (InvalidIdentityToken): {TEXT}").ask().error() == (
        "InvalidIdentityToken",
        TEXT,
    )


def test_a_thumbprint_alone_says_nothing(aws: Bundle) -> None:
    answer = aws.aws_provider(ThumbprintList=["0" * 40]).ask()
    assert answer.accepted
    assert "thumbprint-mismatch" not in answer.names
