"""A month of hourly health runs on a small world: bundles on disk, and a list of what is done to them and when."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from oidc_doctor.documents.health_file import parse_health_file
from oidc_doctor.health import state as states
from oidc_doctor.health.run import Request, reported, run
from oidc_doctor.model.health import Health

SAMPLES = Path(__file__).parents[2] / "sample_logs"
START = 1_796_083_200.0  # 2026-12-01, after every sample was collected
HOUR = 3600.0


class World:
    """A folder with oidc-doctor.toml, its state, and a bundle for each target."""

    def __init__(self, folder: Path, samples: dict[str, str], more: str = "") -> None:
        self.folder = folder
        for name, sample in samples.items():
            shutil.copytree(SAMPLES / sample, folder / name)
        tables = "".join(f'[[target]]\nname = "{name}"\nfrom = "{name}"\n' for name in samples)
        self.write("oidc-doctor.toml", tables + more)
        self.state = folder / "state.json"

    def write(self, path: str, text: str) -> None:
        (self.folder / path).write_text(text)

    def edit(self, path: str, change: Callable[[Any], Any]) -> None:
        """Change the JSON of a file in place; a change that returns a value replaces it."""
        file = self.folder / path
        value = json.loads(file.read_text())
        file.write_text(json.dumps(change(value) or value))

    def fail(self, target: str, path: str, outcome: str, code: str) -> None:
        """Record a failed read in a target's manifest, and hide the file that it did not bring."""
        manifest = self.folder / target / "manifest.json"
        value = json.loads(manifest.read_text())
        value["reads"] = [read for read in value.get("reads", []) if read["path"] != path]
        value["reads"].append({"path": path, "call": "iam:GetRole", "outcome": outcome, "code": code})
        manifest.write_text(json.dumps(value))
        hidden = self.folder / target / path
        hidden.rename(hidden.with_name(f"{hidden.name}.hidden"))

    def heal(self, target: str, path: str) -> None:
        """Undo `fail`."""
        manifest = self.folder / target / "manifest.json"
        value = json.loads(manifest.read_text())
        value["reads"] = [read for read in value["reads"] if read["path"] != path]
        manifest.write_text(json.dumps(value))
        hidden = self.folder / target / f"{path}.hidden"
        hidden.rename(self.folder / target / path)

    def run(self, at: float | None, *, report: bool = True) -> Health:
        """Run a health check; without `report`, end before its changes are reported."""
        text = (self.folder / "oidc-doctor.toml").read_text()
        state = states.load(str(self.state))
        health = run(Request(parse_health_file(text), str(self.folder), at=at), state, lambda _: None)
        states.save(str(self.state), state)
        if report:
            reported(state)
            states.save(str(self.state), state)
        return health


class News(NamedTuple):
    """A change as a run reports it."""

    hour: int
    target: str
    what: str  # new, changed, resolved, or the new state
    code: str = ""


def news(health: Health, hour: int) -> Iterator[News]:
    for target in health.targets:
        if target.was is not None:
            yield News(hour, target.name, target.state)
        for finding in target.findings:
            if finding.change != "continuing":
                yield News(hour, target.name, finding.change, finding.code)
