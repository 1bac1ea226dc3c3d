"""Fly.io: the machine's own API issues its token on a socket (Fly.io Docs, "OpenID Connect", "Tokens resource")."""

from __future__ import annotations

import http.client
import json
import socket

from oidc_doctor.ci.token_error import TokenError
from oidc_doctor.model.limits import TOKEN

SOCKET = "/.fly/api"
_PATH = "/v1/tokens/oidc"


class _OnSocket(http.client.HTTPConnection):
    """A connection to a socket of this machine, which no proxy and no redirect leads elsewhere."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request_token(audience: str | None, *, path: str = SOCKET, seconds: float = 10.0) -> str:
    """Return the token that Fly issues to this machine. Raises TokenError.

    Without an audience it is Fly's default, the address of the organization.
    """
    connection = _OnSocket(path, seconds)
    try:
        body = json.dumps({"aud": audience} if audience else {})
        connection.request("POST", _PATH, body=body, headers={"Content-Type": "application/json"})
        answer = connection.getresponse()
        data = answer.read(2 * TOKEN.most)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise TokenError(f"{path} does not answer: {reason}") from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise TokenError(f"{path} answers {answer.status} {http.client.responses.get(answer.status, '')}".rstrip())
    return data.decode("utf-8", "replace").strip()
