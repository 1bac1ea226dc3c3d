"""Compare BigQuery's reader with a folder, on generated archives in a real emulator of BigQuery. It is run by hand.

    python tests/emulators/bigquery.py [--environment FOLDER] [--seeds 3]

The emulator (bqemulator) runs in a virtual environment of its own, which is made in FOLDER on the first run: it takes
half a gigabyte, and pins versions that differ from those of the tests. The official client makes and fills the tables
of every form that the reader knows, and the reader runs against them by its endpoint override. The emulator reports no
bytes and keeps no ceiling: tests/live/gcp/test_live_gcp_bigquery.py has a server that does.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1] / "builders"), str(HERE.parents[1] / "logs")]

import requests  # noqa: E402 - found by the line above
from archive_world import HOURS, START  # noqa: E402
from archives import make_archive  # noqa: E402
from gcp_odd import ODD  # noqa: E402
from google.api_core.client_options import ClientOptions  # noqa: E402
from google.auth.credentials import AnonymousCredentials  # noqa: E402
from google.cloud import bigquery  # noqa: E402

from clouds.google import Google, key_file, serving_google  # noqa: E402
from evidence import private_key  # noqa: E402
from google_tables import (  # noqa: E402
    FIELDS,
    entries_of,
    everything,
    log_of,
    rest_fields,
    row_of,
    scan_of_folder,
    scanned,
    scanned_entries,
)
from oidc_doctor.live.collect import collect  # noqa: E402
from oidc_doctor.live.gcp import bigquery_job  # noqa: E402
from oidc_doctor.live.gcp import readers as gcp  # noqa: E402
from oidc_doctor.logs.extract.file import ENDING  # noqa: E402
from oidc_doctor.model.evidence import Target  # noqa: E402
from oidc_doctor.model.log_place import log_place  # noqa: E402

PACKAGES = ("bqemulator==1.4.0", "duckdb==1.5.5", "duckdb-extension-spatial==1.5.5", "duckdb-extensions", "numpy")
EXTENSION = "from duckdb_extensions import import_extension; import_extension('spatial')"  # it is not downloaded then
PROJECT = "acme-logs"
END = START + HOURS * 3600 + 900
PLANTS = ("gcp-binding-removed", "gcp-condition-tightened", "gcp-account-disabled", "gcp-mended")
FORMS = ("partitioned", "dated", "analytics")


def environment(folder: Path) -> Path:
    """The programs of the emulator's environment, which is made where it is missing."""
    programs = folder / "bin"
    if not (programs / "bqemulator").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "-q", *PACKAGES], check=True)
        subprocess.run([programs / "python", "-c", EXTENSION], check=True)
    return programs


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def emulator(programs: Path) -> Iterator[str]:
    """The address of a running emulator."""
    rest, grpc = free_port(), free_port()
    command = [programs / "bqemulator", "start", "--ephemeral", f"--rest-port={rest}", f"--grpc-port={grpc}"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            base = f"http://127.0.0.1:{rest}"
            for _ in range(120):
                with contextlib.suppress(requests.ConnectionError):
                    requests.get(f"{base}/bigquery/v2/projects/{PROJECT}/datasets", timeout=2)
                    break
                time.sleep(0.5)
            else:
                log.seek(0)
                raise SystemExit(f"the emulator did not start:\n{log.read()[-3000:].decode()}")
            yield base
        finally:
            process.terminate()
            process.wait(20)


def fill(client: Any, dataset: str, entries: list[Any], form: str) -> None:
    """Make the tables of a dataset, as a sink or a linked dataset has them."""
    client.create_dataset(dataset, retry=None, timeout=30)
    shape = "analytics" if form == "analytics" else "sink"
    tables: dict[str, list[Any]] = {}
    for entry in entries:
        day = f"_{entry['timestamp'][:10].replace('-', '')}" if form == "dated" else ""
        name = "_AllLogs" if form == "analytics" else f"cloudaudit_googleapis_com_{log_of(entry)}{day}"
        tables.setdefault(name, []).append(_sent(row_of(entry, shape), FIELDS[shape]))
    for name, rows in tables.items():
        schema = [bigquery.SchemaField.from_api_repr(field) for field in rest_fields(FIELDS[shape])]
        table = bigquery.Table(f"{PROJECT}.{dataset}.{name}", schema=schema)
        if form == "partitioned":
            table.time_partitioning = bigquery.TimePartitioning(field="timestamp")
        client.create_table(table, retry=None, timeout=30)
        for start in range(0, len(rows), 400):
            faults = client.insert_rows_json(table, rows[start : start + 400], retry=None, timeout=60)
            if faults:
                raise SystemExit(f"the emulator refused rows: {faults[:1]}")


def _sent(value: Any, fields: Any) -> Any:
    """A row as insertAll accepts it: with columns of the type JSON as texts, and without unknown ones."""
    if isinstance(fields, list):
        return [_sent(one, fields[0]) for one in value or []]
    if isinstance(fields, dict):
        return None if value is None else {name: _sent(value.get(name), inside) for name, inside in fields.items()}
    return json.dumps(value) if fields == "JSON" and value is not None else value


def read(place: str, narrated: list[str]) -> Any:
    """The scan of what the reader saves, and the manifest's entry."""
    found = log_place(place, "gcp-logs")
    assert found is not None
    scope = gcp.GcpScope(Target("any"), since=START, until=END, places=(found,), only_logs=True)
    collected = collect(gcp.readers(gcp.GcpClients(), scope), timeout=120.0, narrate=narrated.append)
    (entry,) = collected.reads
    if entry["outcome"] != "ok":
        raise SystemExit(f"{place}: {entry}\n" + "\n".join(narrated))
    (name,) = [name for name in collected.bundle.names() if name.endswith(ENDING)]
    return scanned(collected.bundle.read(name)), entry


def main() -> None:
    """Run all comparisons, and print each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, default=Path.home() / ".cache/oidc-doctor-bqemulator")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    programs = environment(options.environment)
    google = Google()
    bigquery_job.PAGE = 50  # rows, so that a result has several pages
    with emulator(programs) as base, serving_google(google) as rest, tempfile.TemporaryDirectory() as temporary:
        os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_BIGQUERY"] = base
        os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING"] = rest
        os.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(key_file(Path(temporary), rest, private_key("rsa")))
        os.environ.pop("GOOGLE_CLOUD_PROJECT", None)
        client = bigquery.Client(
            PROJECT, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=base)
        )
        archives = [(plant, seed) for seed in range(1, options.seeds + 1) for plant in PLANTS]
        for plant, seed in archives:
            folder = Path(temporary) / f"{plant}-{seed}"
            make_archive(folder, seed, plant=plant, events=1_000)
            compare(client, google, f"{plant}_{seed}", list(entries_of(folder / "gcp/logs")), scan_of_folder(folder))
        compare(client, google, "odd", ODD, scanned_entries(ODD))


def compare(client: Any, google: Google, name: str, entries: list[Any], expected: Any) -> None:
    """Fill a dataset of each form with the entries, read it, and compare the scan with the expected one."""
    assert everything(expected)[0]
    assert everything(expected)[1]
    for form in FORMS:
        dataset = f"{name}_{form}".replace("-", "_")
        fill(client, dataset, entries, form)
        place = f"bigquery:{PROJECT}.{dataset}"
        if form == "analytics":
            place = f"loganalytics:{PROJECT}.eu.audit"
            linked = {"datasetId": f"bigquery.googleapis.com/projects/{PROJECT}/datasets/{dataset}"}
            links = {"links": [{"lifecycleState": "ACTIVE", "bigqueryDataset": linked}]}
            google.fault = lambda _, path, __, links=links: (200, links) if path.endswith("/links") else None
        narrated: list[str] = []
        begin = time.monotonic()
        found, entry = read(place, narrated)
        if everything(found) != everything(expected):
            raise SystemExit(f"{place} DIFFERS\n{entry}\n{everything(found)}\n{everything(expected)}")
        seconds = time.monotonic() - begin
        print(f"{name} {form}: {len(entries):,} entries, {len(found.rows):,} attempts, {len(found.changes)} writes, "
              f"{len(found.denials)} refused calls: the same scan in {seconds:.1f} s")  # fmt: skip


if __name__ == "__main__":
    main()
