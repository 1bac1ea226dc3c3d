"""The screens in a browser on this machine, by textual-serve (the extra `web`)."""

from __future__ import annotations

import hmac
import os
import secrets
import shlex
import sys
from typing import TYPE_CHECKING, Any

from aiohttp import web
from textual_serve.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

HOST = "127.0.0.1"
_HEADERS = {
    "X-Frame-Options": "DENY",  # no page of another site shows the screens, and takes the user's clicks for them
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the secret
    "Cache-Control": "no-store",
}


class LocalServer(Server):
    """A textual-serve server for a browser on this machine, which refuses other users and pages of other sites.

    Every address begins with a secret of this run: any user of the machine can connect to a port of it.
    """

    def __init__(self, command: str, say: Callable[[str], None], **options: Any) -> None:
        """`say` prints a text on stdout."""
        super().__init__(command, **options)
        self.say = say
        self.secret = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """The address to open."""
        return f"{self.public_url}/{self.secret}/"

    async def _make_app(self) -> web.Application:
        names = {f"{host}:{self.port}" for host in (HOST, "localhost")}
        secret = self.secret.encode()

        @web.middleware
        async def refuse_others(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            sent = request.path.split("/")[1].encode("utf-8", "surrogateescape")
            own_page = request.host in names and (origin is None or origin.removeprefix("http://") in names)
            if not hmac.compare_digest(sent, secret) or not own_page:
                raise web.HTTPForbidden(text="only this machine's own browser, at the address that was printed")
            return await handler(request)

        async def protect(_: web.Request, response: web.StreamResponse) -> None:
            response.headers.update(_HEADERS)

        outer = web.Application(middlewares=[refuse_others])
        outer.on_response_prepare.append(protect)
        outer.add_subapp(f"/{self.secret}/", await super()._make_app())
        return outer

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002 - textual-serve's signature
        """Print the address: the only place that shows the secret."""
        self.say(f"oidc-doctor is at {self.address}\nCtrl+C ends it\n")


def command(arguments: Sequence[str]) -> str:
    """Return the shell command of a process that shows `oidc-doctor ARGUMENTS`.

    -P: nothing is imported from the working folder, which may be a stranger's bundle.
    """
    return shlex.join([sys.executable, "-P", "-m", "oidc_doctor", *arguments])


def serve(arguments: Sequence[str], port: int, say: Callable[[str], None]) -> None:
    """Serve `oidc-doctor ARGUMENTS` at 127.0.0.1:PORT until interrupted. Raises OSError if the port is taken."""
    os.environ["PYTHONSAFEPATH"] = "1"  # also for the processes that the screens start
    LocalServer(command(arguments), say, host=HOST, port=port, title="oidc-doctor").serve()
