"""The screens in a browser: who may connect, and what the process behind them imports."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientSession, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from oidc_doctor.tui.web import HOST, LocalServer

SCRIPT = Path(sys.executable).with_name("oidc-doctor")
OWN = {"Host": f"{HOST}:8765"}


def statuses(requests: dict[str, tuple[str, dict[str, str]]]) -> dict[str, tuple[int, Any]]:
    """The status and the headers of each request: its path, in which SECRET is the server's, and its headers."""

    async def ask() -> dict[str, tuple[int, Any]]:
        server = LocalServer("true", print, host=HOST, port=8765, title="oidc-doctor")
        answers = {}
        async with TestClient(TestServer(await server._make_app())) as client:
            for name, (path, headers) in requests.items():
                answer = await client.get(path.replace("SECRET", server.secret), headers=headers)
                answers[name] = answer.status, answer.headers
        return answers

    return asyncio.run(ask())


def test_other_hosts_and_origins_are_refused() -> None:
    answers = statuses(
        {
            "own": ("/SECRET/", OWN),
            "own page": ("/SECRET/", {"Host": "localhost:8765", "Origin": "http://localhost:8765"}),
            "other name": ("/SECRET/", {"Host": "evil.example:8765"}),
            "other page": ("/SECRET/", OWN | {"Origin": "https://evil.example"}),
        }
    )
    assert [status for status, _ in answers.values()] == [200, 200, 403, 403]


def test_every_address_needs_the_secret() -> None:
    upgrade = OWN | {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade |= {"Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="}
    paths = ("/", "/ws", "/static/js/textual.js", "/download/x", "/SECRETx/", "/x/ws", "/?token=SECRET", "/é/", "/%ff/")
    answers = statuses({path: (path, upgrade if path.endswith("ws") else OWN) for path in paths})
    assert {status for status, _ in answers.values()} == {403}
    assert statuses({"script": ("/SECRET/static/js/textual.js", OWN)})["script"][0] == 200


def test_no_page_shows_the_screens_in_a_frame() -> None:
    for _, headers in statuses({"page": ("/SECRET/", OWN), "refused": ("/", OWN)}).values():
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"


def test_no_page_and_no_file_that_it_loads_names_another_host() -> None:
    """Every address in the page, in the style sheets and in our script; and the policy that the browser holds to."""

    async def ask() -> tuple[dict[str, str], str]:
        server = LocalServer("true", print, host=HOST, port=8765, title="oidc-doctor")
        found: dict[str, str] = {}
        waiting = [f"/{server.secret}/"]
        async with TestClient(TestServer(await server._make_app())) as client:
            while waiting:
                path = waiting.pop()
                answer = await client.get(path, headers=OWN)
                assert answer.status == 200, path
                found[path] = (await answer.read()).decode("latin-1")
                policy = answer.headers["Content-Security-Policy"]
                if path.endswith((".js", ".ttf")):
                    continue
                text = re.sub(r"/\*.*?\*/", "", found[path], flags=re.DOTALL)
                for address in re.findall(r"""(?:src|href)="([^"]+)"|url\(["']?([^"')]+)""", text):
                    url = urljoin(f"http://{HOST}:8765{path}", "".join(address))
                    if not url.startswith("data:"):
                        assert urlsplit(url).netloc == f"{HOST}:8765", url
                        waiting.append(urlsplit(url).path)
                assert set(re.findall(r"(?:https?|wss?):?//([^/\"'\s]+)", text)) <= {f"{HOST}:8765"}
        return found, policy

    found, policy = asyncio.run(ask())
    assert len(found) == 6, sorted(found)  # the page, two style sheets, two scripts, the font
    page = next(text for path, text in found.items() if path.endswith("/"))
    assert "<title>oidc-doctor</title>" in page
    assert "press Ctrl+C in the terminal" in page
    allowed = {word for directive in policy.split("; ") for word in directive.split()[1:]}
    assert allowed == {
        "'none'", "'self'", "'unsafe-inline'", "data:", f"ws://{HOST}:8765", "ws://localhost:8765",
    }  # fmt: skip


def test_each_run_has_its_own_secret() -> None:
    secrets = {LocalServer("true", print, host=HOST, port=1, title="x").secret for _ in range(3)}
    assert len(secrets) == 3
    assert min(map(len, secrets)) >= 40


def await_port(port: int) -> None:
    """Wait until the server accepts connections: it prints its address just before."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run `oidc-doctor --web` in a folder; yields the address that it prints."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    command = [str(SCRIPT), "--web", str(port), "--demo", "aws-wrong-team"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"http://\S+", line)
            assert address, line
            await_port(port)
            yield address[0]
        finally:
            process.terminate()
            said = process.stdout.read() if process.stdout is not None else ""
        assert said == "q there closes the screens; Ctrl+C here ends the server\n"  # no log, no command line


async def first_screen(address: str) -> str:
    """Open the page, and the connection that it names; return what the screens show until the finding stands there."""
    async with ClientSession() as session:
        async with session.get(address) as answer:
            page = await answer.text()
        found = re.search(r'data-session-websocket-url="([^"]+)"', page)
        assert found
        shown = ""
        async with session.ws_connect(found[1] + "?width=100&height=30") as connection, asyncio.timeout(60):
            async for message in connection:
                if message.type is WSMsgType.BINARY:
                    shown += message.data.decode(errors="replace")
                if "AWS025" in shown:
                    break
        return shown


def test_nothing_of_the_working_folder_is_imported(tmp_path: Path) -> None:
    folder, trap = tmp_path / "bundle", tmp_path / "trap"
    (folder / "oidc_doctor").mkdir(parents=True)
    for name in ("oidc_doctor/__main__", "oidc_doctor/__init__", "bisect", "json", "secrets", "textual"):
        (folder / f"{name}.py").write_text(f"open({str(trap)!r}, 'a').write({name!r})\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"XDG_CONFIG_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with serving(folder, environment) as address:
        assert "AWS025" in asyncio.run(first_screen(address))
    assert not trap.exists()
