"""A finished run of the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass
class FinishedRun:
    """A finished run."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return json.loads(self.out)

    def coverage(self, what: str) -> dict[str, Any]:
        rows = [row for row in self.report["coverage"] if row["what"] == what]
        assert rows, [row["what"] for row in self.report["coverage"]]
        return dict(rows[0])

    @property
    def prediction(self) -> str:
        """The prediction of the first exchange."""
        return str(self.report["exchanges"][0]["prediction"])

    @property
    def read(self) -> set[str]:
        """The files and folders that were read."""
        return {row["what"] for row in self.report["coverage"] if row["status"] == "read"}

    @property
    def unread(self) -> str:
        """The reasons of all that was denied or is missing."""
        return " ".join(str(row["reason"]) for row in self.report["coverage"] if row["status"] in ("denied", "missing"))
