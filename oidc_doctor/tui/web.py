"""The screens in a browser on this machine, by textual-serve (the extra `web`)."""

from __future__ import annotations

import hmac
import logging
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
_OWN_PAGE = os.path.join(os.path.dirname(__file__), "web_page")
_HEADERS = {
    "X-Frame-Options": "DENY",  # no page of another site shows the screens, and takes the user's clicks for them
    "Referrer-Policy": "no-referrer",  # the address holds the secret
    "Cache-Control": "no-store",
}


class LocalServer(Server):
    """A textual-serve server for a browser on this machine, which refuses other users and pages of other sites.

    Every address begins with a secret of this run: any user of the machine can connect to a port of it.
    """

    def __init__(self, command: str, say: Callable[[str], object], **options: Any) -> None:
        """`say` prints a text on stdout."""
        super().__init__(command, templates_path=_OWN_PAGE, **options)
        self.say = say
        self.secret = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """The address to open."""
        return f"{self.public_url}/{self.secret}/"

    @property
    def _policy(self) -> str:
        """The content security policy: the page may load its own files and connection, nothing from another host."""
        own = " ".join(f"ws://{name}" for name in self._names)
        return (
            f"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' "
            f"data:; connect-src 'self' {own}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(f"{host}:{self.port}" for host in (HOST, "localhost"))

    def initialize_logging(self) -> None:
        """Say nothing of each request and of the process behind it; warnings and errors are said on stderr."""
        logging.basicConfig(level=logging.WARNING, format="oidc-doctor: %(message)s")

    async def _make_app(self) -> web.Application:
        names = self._names
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
            response.headers["Content-Security-Policy"] = self._policy

        outer = web.Application(middlewares=[refuse_others])
        outer.on_response_prepare.append(protect)
        inner = await super()._make_app()
        inner.router.add_static("/own", _OWN_PAGE)
        outer.add_subapp(f"/{self.secret}/", inner)
        return outer

    async def on_startup(self, app: web.Application) -> None:  # noqa: ARG002 - textual-serve's signature
        """Print the address: the only place that shows the secret."""
        self.say(f"oidc-doctor is at {self.address}\nq there closes the screens; Ctrl+C here ends the server\n")


def command(arguments: Sequence[str]) -> str:
    """Return the shell command of a process that shows `oidc-doctor ARGUMENTS`.

    -P: nothing is imported from the working folder, which may be a stranger's bundle.
    """
    return shlex.join([sys.executable, "-P", "-m", "oidc_doctor", *arguments])


def serve(arguments: Sequence[str], port: int, say: Callable[[str], object]) -> None:
    """Serve `oidc-doctor ARGUMENTS` at 127.0.0.1:PORT until interrupted. Raises OSError if the port is taken."""
    os.environ["PYTHONSAFEPATH"] = "1"  # also for the processes that the screens start
    LocalServer(command(arguments), say, host=HOST, port=port, title="oidc-doctor").serve()
