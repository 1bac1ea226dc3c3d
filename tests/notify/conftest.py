"""Receivers on this machine, and health runs of bundles that send to them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clouds.command_line import FinishedRun
from clouds.receiver import Inbox, inbox_handler
from clouds.servers import QuietServer, serving
from evidence.small import small_bundle
from oidc_doctor.cli.main import main

SECRET = "whsec_" + "Q0FOQVJZ" * 5  # base64 of 30 bytes


@pytest.fixture
def start_inbox() -> Iterator[Callable[[], Inbox]]:
    with contextlib.ExitStack() as stack:

        def start() -> Inbox:
            inbox = Inbox()
            inbox.port = stack.enter_context(serving(QuietServer(("127.0.0.1", 0), inbox_handler(inbox))))
            return inbox

        yield start


@pytest.fixture
def inbox(start_inbox: Callable[[], Inbox], monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """A webhook that accepts everything; HOOK_URL names it."""
    inbox = start_inbox()
    monkeypatch.setenv("HOOK_URL", inbox.url)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    return inbox


class Desk:
    """A folder with oidc-doctor.toml, bundles of targets, and the state of health runs."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.state = folder / "state.json"
        self._capfd = capfd

    def write(self, *notify: str, targets: str = "weights") -> None:
        """Write the file: `notify` are the lines of a [[notify]] table each, `targets` their names."""
        tables = [f'[[target]]\nname = "{name}"\nfrom = "{name}"\n' for name in targets.split()]
        tables += [f"[[notify]]\n{lines}\n" for lines in notify]
        (self.folder / "oidc-doctor.toml").write_text("".join(tables), encoding="utf-8")

    def team(self, name: str, target: str = "weights") -> None:
        """Write the target's evidence: AWS accepts the team blue, and refuses others."""
        for path, value in small_bundle(subject=f"job:{name}:7").items():
            place = self.folder / target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(json.dumps(value), encoding="utf-8")

    def run(self, *arguments: str) -> FinishedRun:
        code = main(["health", "-c", "oidc-doctor.toml", "--state", str(self.state), *arguments])
        out, err = self._capfd.readouterr()
        return FinishedRun(code, out, err)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """A healthy target, and one signed webhook."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    desk = Desk(folder, capfd)
    desk.write('url_env = "HOOK_URL"\nsecret_env = "HOOK_SECRET"')
    desk.team("blue")
    return desk
