"""The exception for a token that the platform did not issue, or that could not be read."""


class TokenError(Exception):
    """No token was read; the message is one line, without a secret, and completes "…: " after the place asked."""
