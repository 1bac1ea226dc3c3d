"""A webhook, signed as Standard Webhooks 1.0.0 specifies (github.com/standard-webhooks/standard-webhooks).

Headers: `webhook-id`, the same in each delivery of a message; `webhook-timestamp`, of this delivery; and
`webhook-signature`, `v1,` and HMAC-SHA256 of `ID.TIMESTAMP.BODY` in base64, one for each secret. A secret is `whsec_`
and 24 to 64 bytes in base64. A status of 2xx is success, anything else is not; redirects are not followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import http.client
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from oidc_doctor.notify.channel import Answer, Unusable, receiver_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.documents.health_file import Receiver
    from oidc_doctor.notify.channel import Channel
    from oidc_doctor.notify.message import Message

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_OF_ONE_MESSAGE = (http.client.BAD_REQUEST, http.client.REQUEST_ENTITY_TOO_LARGE, http.client.UNPROCESSABLE_ENTITY)
_LOCAL = ("localhost", "127.0.0.1", "::1")


class SecretError(ValueError):
    """A text is no secret of Standard Webhooks. The message does not show it."""


class Webhook(NamedTuple):
    """A webhook's address, which may be a secret, and the keys that sign; none: messages are not signed."""

    key: str
    label: str
    address: str
    keys: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Webhook({self.label})"

    def deliver(self, message: Message, seconds: float) -> Answer:
        """Post a message."""
        from oidc_doctor.live.collect import CallError
        from oidc_doctor.live.https import post

        body = message.body
        headers = {"Content-Type": "application/json", **signature_headers(message.id, time.time(), body, self.keys)}
        try:
            status = post(self.address, body, headers, seconds)
        except CallError as failure:
            return Answer(False, failure.message)
        words = f"{status} {http.client.responses.get(status, '')}".strip()
        if status // 100 == 2:  # noqa: PLR2004 - 2xx
            return Answer(True, words)
        if status // 100 == 3:  # noqa: PLR2004 - 3xx
            words += ", a redirect, which is not followed"
        return Answer(False, words, next_too=status not in _OF_ONE_MESSAGE)


def webhook_of(receiver: Receiver, environment: Mapping[str, str]) -> Channel:
    """Return the webhook of a [[notify]] table with `url` or `url_env`."""
    key = receiver_key(f"url {receiver.url}" if receiver.url else f"url_env {receiver.url_env}")
    named = receiver.url_env or receiver.at
    address = (receiver.url or environment.get(receiver.url_env, "")).strip()
    if not address and receiver.url_env:
        return Unusable(f"{key}:0", f"webhook ({named})", f"the environment variable {named} is not set")
    host = _host_of(address)
    if not host:
        reason = "not an address of https, or of http on localhost"
        return Unusable(f"{key}:0", f"webhook ({named})", reason)
    label = f"webhook {host} ({named})"
    if not receiver.secret_env:
        return Webhook(f"{key}:0", label, address, ())
    secrets = environment.get(receiver.secret_env, "").split()
    if not secrets:
        return Unusable(f"{key}:0", label, f"the environment variable {receiver.secret_env} is not set")
    try:
        return Webhook(f"{key}:0", label, address, tuple(key_of(secret) for secret in secrets))
    except SecretError as error:
        return Unusable(f"{key}:0", label, f"{receiver.secret_env}: {error}")


def key_of(secret: str) -> bytes:
    """Return the signing key of a secret. Raises SecretError."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _KEY_BYTES:
        raise SecretError(f"not a secret of Standard Webhooks: {_PREFIX} and 24 to 64 bytes in base64")
    return key


def signature_headers(identifier: str, now: float, body: bytes, keys: tuple[bytes, ...]) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a delivery at `now`, epoch seconds."""
    timestamp = str(int(now))
    signed = f"{identifier}.{timestamp}.".encode() + body
    digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
    headers = {"webhook-id": identifier, "webhook-timestamp": timestamp}
    if digests:
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
    return headers


def _host_of(address: str) -> str:
    """Return the host of an address that messages may be posted to; "" for any other."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    usable = parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)
    return host if usable and parts.username is None else ""
