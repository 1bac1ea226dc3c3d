"""Runners of CI platforms: a job's environment, a token service on the loopback, and everything that a run writes."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clouds.issuer import Authority, Site, TlsServer, site_handler
from clouds.servers import serving
from oidc_doctor.ci import fly
from oidc_doctor.cli.main import main

_LASTING = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TMPDIR")


class Finished(NamedTuple):
    """A run, and every text that it wrote: stdout, stderr, and the files that are new or longer."""

    code: int
    out: str
    err: str
    files: dict[str, str]

    @property
    def everything(self) -> str:
        return "\n".join((self.out, self.err, *self.files.values()))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(authority: Authority) -> Iterator[Site]:
    """A token service with a certificate of its own."""
    found = Site(ca_file=str(authority.ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server_files("good"))
    server = TlsServer(("127.0.0.1", 0), site_handler(found))
    server.context = context
    with serving(server) as port:
        found.port = port
        yield found


def texts_below(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_bytes().decode("utf-8", "surrogateescape")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Finished]:
    """Runs `oidc-doctor ci` in a job's environment and nothing else of ours, in the folder `work`."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)

    def run(variables: dict[str, str], *arguments: str | Path) -> Finished:
        kept = {name: os.environ[name] for name in _LASTING if name in os.environ}
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in (kept | {"HOME": str(tmp_path / "home")} | variables).items():
            monkeypatch.setenv(name, value)
        before = texts_below(tmp_path)
        raw, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(raw, encoding="utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["ci", *map(str, arguments)])
            out.flush()
        after = texts_below(tmp_path)
        written = {name: text for name, text in after.items() if before.get(name) != text}
        return Finished(code, raw.getvalue().decode(), err.getvalue(), written)

    return run


@pytest.fixture
def fly_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[bytes]]]:
    """A function that makes the socket of a machine of Fly answer with a text, and keeps what it is asked."""
    with contextlib.ExitStack() as stack:

        def serve(text: str) -> list[bytes]:
            asked: list[bytes] = []
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp"))
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            stack.enter_context(server)
            server.bind(f"{folder}/api")
            server.listen()
            monkeypatch.setattr(fly, "SOCKET", f"{folder}/api")

            def answer() -> None:
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    with connection:
                        got = b""
                        while b"}" not in got:
                            got += connection.recv(4096)
                        asked.append(got)
                        body = text.encode()
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

            thread = threading.Thread(target=answer, daemon=True)
            thread.start()
            stack.callback(thread.join, 5)
            return asked

        yield serve
