"""An input line that hides a token."""

from __future__ import annotations

from textual.widgets import Input

from oidc_doctor.report.parts.escape import contains_jwt, contains_secret

_BEGINNING = "eyJ"  # of every JWT, and of JSON in base64


def may_be_token(text: str) -> bool:
    """Whether a text is a token or another secret, whole or only its beginning."""
    return _BEGINNING in text or contains_jwt(text) or contains_secret(text)


class MaskedInput(Input):
    """A line whose text is shown as dots from the moment in which it may be a token."""

    def watch_value(self, value: str) -> None:
        """Hide or show the text; the line is drawn after this."""
        self.password = may_be_token(value)
