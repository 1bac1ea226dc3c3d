"""A receiver of webhooks on this machine, over http, or https with a certificate authority of its own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any


@dataclass
class Delivery:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Inbox:
    """What arrived, and the statuses of the next answers; the last one stays. `seconds` before each answer."""

    statuses: list[int] = field(default_factory=lambda: [204])
    seconds: float = 0.0
    location: str = ""
    deliveries: list[Delivery] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hooks/CANARYPATH?key=CANARYQUERY"

    @property
    def headlines(self) -> list[str]:
        return [delivery.message["headline"] for delivery in self.deliveries]

    def answer(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.deliveries.clear()


def inbox_handler(inbox: Inbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            inbox.deliveries.append(Delivery(self.path, headers, body))
            time.sleep(inbox.seconds)
            status = inbox.statuses.pop(0) if len(inbox.statuses) > 1 else inbox.statuses[0]
            self.send_response(status)
            if inbox.location:
                self.send_header("Location", inbox.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler
