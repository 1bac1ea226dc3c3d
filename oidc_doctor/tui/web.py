"""The screens in a browser on this machine, by textual-serve (the extra `web`)."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from aiohttp import web
from textual_serve.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

HOST = "127.0.0.1"


class LocalServer(Server):
    """A textual-serve server for a browser on this machine, which refuses requests from pages of other sites."""

    async def _make_app(self) -> web.Application:
        application = await super()._make_app()
        names = {f"{host}:{self.port}" for host in (HOST, "localhost")}

        @web.middleware
        async def refuse_others(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            origin = request.headers.get("Origin")
            if request.host not in names or (origin is not None and origin.removeprefix("http://") not in names):
                raise web.HTTPForbidden(text="only this machine's own browser, at the address that was printed")
            return await handler(request)

        application.middlewares.append(refuse_others)
        return application


def serve(arguments: Sequence[str], port: int) -> None:
    """Serve `oidc-doctor ARGUMENTS` at http://127.0.0.1:PORT until interrupted. Raises OSError if the port is taken."""
    command = shlex.join([sys.executable, "-m", "oidc_doctor", *arguments])
    LocalServer(command, host=HOST, port=port, title="oidc-doctor").serve()
