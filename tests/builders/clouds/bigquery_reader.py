"""An archive in BigQuery's tables, and the reader of such a place on the loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from archive_world import HOURS, START

from clouds.bigquery import BigQueryWire
from google_tables import Warehouse, everything, scanned
from oidc_doctor.live.collect import collect
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.logs.extract.file import ENDING
from oidc_doctor.model.evidence import Target
from oidc_doctor.model.log_place import LogOptions, log_place

PROJECT = "acme-logs"
END = START + HOURS * 3600 + 900
SINK, ANALYTICS = f"bigquery:{PROJECT}.audit", f"loganalytics:{PROJECT}.eu.audit-bucket"
LINK = {"name": "x", "lifecycleState": "ACTIVE",
        "bigqueryDataset": {"datasetId": f"bigquery.googleapis.com/projects/{PROJECT}/datasets/linked"}}  # fmt: skip


class Archive(NamedTuple):
    warehouse: Warehouse
    scan: Any  # of the folder
    entries: list[Any]
    bundle: Path


class DatasetReader:
    """Reads a place through the loopback."""

    def __init__(self, wire: BigQueryWire) -> None:
        self.wire = wire
        self.narrated: list[str] = []

    def collect(self, place: str, timeout: float = 30.0, since: float = START, until: float = END, **how: Any) -> Any:
        found = log_place(place, "gcp-logs")
        assert found is not None
        scope = gcp.GcpScope(
            Target("t"), since=since, until=until, places=(found,), only_logs=True, log_options=LogOptions(**how)
        )
        return collect(gcp.readers(gcp.GcpClients(), scope), timeout=timeout, narrate=self.narrated.append)

    def read(self, place: str, **how: Any) -> tuple[Any, dict[str, Any]]:
        """What is read of the extract, and the manifest's entry."""
        collected = self.collect(place, **how)
        (entry,) = collected.reads
        assert entry["outcome"] == "ok", entry
        (name,) = [name for name in collected.bundle.names() if name.endswith(ENDING)]
        return everything(scanned(collected.bundle.read(name))), entry

    def failed(self, place: str, **how: Any) -> dict[str, Any]:
        """The manifest's entry of a failure, from which nothing was saved."""
        collected = self.collect(place, **how)
        (entry,) = collected.reads
        assert entry["outcome"] != "ok"
        assert not [name for name in collected.bundle.names() if name.endswith(ENDING)]
        return dict(entry)
