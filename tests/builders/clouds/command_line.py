"""A finished run of the command line."""

from __future__ import annotations

import json
import re
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

    def has_answer_of(self, folder: FinishedRun) -> None:
        """Check that the report is that of the same logs in a folder, which has a cause."""
        assert folder.report["causes"]
        for part in ("verdict", "attempts", "timeline", "causes"):
            assert _without_places(self.report[part]) == _without_places(folder.report[part]), part


def _without_places(value: Any) -> Any:
    """The part of a report without the names of the files that it was read from."""
    text = json.dumps(value, sort_keys=True)
    return json.loads(re.sub(r"[^\" ]*(?:-1\.extract\.jsonl\.gz|\.json(?:\.gz)?)[^\" ]*", "FILE", text))
