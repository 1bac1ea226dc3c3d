"""A bundle whose logs are an extract, as an engine or an archive returns it, and what its report may say otherwise.

`with_extract` puts the extract of a bundle's log files in their place. `comparable` leaves out of a report the places
that may differ, and nothing else: the names of log files, and, of a source that was asked only for the events that a
report reads, what is said of the records that were read.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from log_shapes import event_id, fine_stamp, letters, stamp

from exchanges import extract_of
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.logs.attempts.columns import Rows
from oidc_doctor.logs.extract.file import COUNT, Header, write_extract
from oidc_doctor.logs.extract.thinning import period_length, thinned_query
from oidc_doctor.logs.reading.file import records
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.records import cloudtrail, cloudtrail_writes, gcp_audit, gcp_writes
from oidc_doctor.logs.records.cloudtrail import epoch
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, Source
from oidc_doctor.report.json import to_json

Record = dict[str, Any]
Report = dict[str, Any]

_NOWHERE = Origin("")

NAMES: dict[Source, str] = {
    "cloudtrail": "aws/cloudtrail/athena-1.extract.jsonl.gz",
    "gcp-logs": "gcp/logs/bigquery-1.extract.jsonl.gz",
}
FOLDERS: dict[Source, str] = {"cloudtrail": "aws/cloudtrail", "gcp-logs": "gcp/logs"}


def source_of(bundle: Path) -> Source:
    return "cloudtrail" if (bundle / FOLDERS["cloudtrail"]).is_dir() else "gcp-logs"


def log_files(bundle: Path) -> list[Path]:
    return sorted(path for path in (bundle / FOLDERS[source_of(bundle)]).rglob("*") if path.is_file())


def log_records(bundle: Path) -> list[Record]:
    """Every record of the log files, copies too."""
    source = source_of(bundle)
    return [
        record
        for path in log_files(bundle)
        for record, _ in records(io.BytesIO(path.read_bytes()), str(path), source, _complain)
    ]


def _complain(origin: Origin, problem: str) -> None:
    raise AssertionError(f"{origin}: {problem}")


def extracts(bundle: Path) -> list[Record]:
    """What a report reads of the log files."""
    source = source_of(bundle)
    return [extract for record in log_records(bundle) if (extract := extract_of(record, source)) is not None]


def whole(bundle: Path) -> Header:
    """The header of an archive's reader, which has read every record."""
    source = source_of(bundle)
    read = scan(open_regular, map(str, log_files(bundle)), source, scope=WriteScope()).coverage
    return Header(
        source, selective=False, since=read.first, until=read.last, files=read.files, events=read.events,
        services=tuple(sorted(read.services)), regions=tuple(sorted(read.regions)),
    )  # fmt: skip


def with_extract(
    bundle: Path, copy: Path, *, header: Header | None = None, instead: Iterable[Record] | None = None
) -> Path:
    """Write a copy of the bundle whose logs are one extract; `instead`: other records than those of its files."""
    source = source_of(bundle)
    logs = bundle / FOLDERS[source]
    shutil.copytree(bundle, copy, ignore=lambda folder, names: [name for name in names if Path(folder, name) == logs])
    path = copy / NAMES[source]
    path.parent.mkdir(parents=True)
    path.write_bytes(
        write_extract(header or Header(source, selective=True), extracts(bundle) if instead is None else instead)
    )
    return copy


def counted(record: Record, number: int) -> Record:
    """The record as one that stands for so many."""
    return record if number == 1 else record | {COUNT: number}


def report_of(bundle: Path, question: Question | None = None) -> Report:
    """The JSON report, with no check broken."""
    with open_bundle(bundle) as opened:
        report: Report = json.loads(json.dumps(to_json(run(opened, question or Question()))))
    assert not [row for row in report["checks"] if row["status"] == "broken"]
    return report


# ------------------------------------------------------------------------------------------------------ what may differ

_FILE = re.compile(r"(?:aws/cloudtrail|gcp/logs)/[^\s,;()]+")
_FILES = re.compile(r"LOG(?:, LOG)*(?: and (?:LOG|[\d,]+ more))?")
_OF_READING = ("records", "services", "regions", "from", "to")
# Of a missing event: the records that were read, and the Regions and services that are not among them.
_READ = re.compile(
    r"Read: [\d,]+ records? in [\d,]+ files?.*?\.(?= [A-Z]|$)"
    r"(?: None of them is a record of AWS STS, so the files may be of a kind that omits it\.)?"
    r"(?: A log engine returned them; whether its table is complete is not known\.)?"
)
_UNREAD_REGION = re.compile(
    r"No record from [a-z0-9 -]+ is in the logs that were read\."
    r"|The log engine returned no record from [a-z0-9 -]+; whether its table has any is not known\."
)
_SERVICES = re.compile(r", with some of [^)]*\)")  # of those of other records, the scanner reads a sample


def comparable(report: Report, *, selective: bool) -> Report:
    """The report without what may differ between a folder of logs and the extract of it."""
    report = _named_alike(report)
    for row in report["coverage"]:
        if selective and row["what"] in FOLDERS.values() and row["count"] is not None:
            row |= {"from": None, "to": None, "count": 0, "reason": ""}
    if selective:
        report["window"] |= {"from": None, "to": None}
        for check in report["checks"]:
            if check["name"] == "no-events-found":
                for finding in check["findings"]:
                    finding["message"] = _UNREAD_REGION.sub("NO RECORD", _READ.sub("READ", finding["message"]))
    for cause in report["causes"]:
        boundary = cause.get("boundary")
        if boundary and boundary.get("searched"):
            boundary["searched"] |= {"files": ["LOG"], "services": []}
            boundary["note"] = _SERVICES.sub(")", boundary["note"])
            if selective:
                boundary["searched"] |= dict.fromkeys(_OF_READING)
                boundary["note"] = boundary["note"].partition(": LOG (")[0]
    return report


def _named_alike(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _named_alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_named_alike(inner) for inner in value]
    return _FILES.sub("LOG", _FILE.sub("LOG", value)) if isinstance(value, str) else value


def differences(one: Any, other: Any, at: str = "") -> list[str]:
    """The places at which two JSON values differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = sorted(one.keys() | other.keys())
        return [
            text for name in names for text in differences(one.get(name, "–"), other.get(name, "–"), f"{at}/{name}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            text
            for index, pair in enumerate(zip(one, other, strict=True))
            for text in differences(*pair, f"{at}/{index}")
        ]
    return [] if one == other else [f"{at}: {str(one)[:600]} ≠ {str(other)[:600]}"]


# ------------------------------------------------------------------------------------------------------------ thinning

_COLUMNS = ["event_id", "event_time", "kind", "known", "alike_as", "record"]


def thinned(wanted: Iterable[Record], source: Source, seconds: float) -> list[Record]:
    """What the query that every engine runs returns of these records, for a window of so many seconds."""
    import duckdb
    import pandas as pd

    database = duckdb.connect()
    rows = [_table_row(record, source) for record in wanted]
    database.register("log", pd.DataFrame.from_records(rows, columns=_COLUMNS))
    events = f"SELECT *, substr(event_time, 1, {period_length(seconds)}) AS period FROM log"  # noqa: S608 - a number
    query = thinned_query(events, ("kind", "record"), ("alike_as",))
    found = []
    for kind, text, number in database.execute(query).fetchall():
        record = json.loads(text)
        if number > 1 and kind == "attempt":
            record.pop("sourceIPAddress", None)
            record.get("protoPayload", {}).get("requestMetadata", {}).pop("callerIp", None)
        found.append(counted(record, number))
    return found


def _table_row(record: Record, source: Source) -> tuple[str, ...]:
    """The columns of a record, as an engine makes them of its own; kinds and likeness by our readers."""
    aws = source == "cloudtrail"
    event_id, time = (record["eventID"], record["eventTime"]) if aws else (record["insertId"], record["timestamp"])
    attempt = (cloudtrail if aws else gcp_audit).attempt(record, _NOWHERE)
    denial = (cloudtrail_writes if aws else gcp_writes).session_denial(record, _NOWHERE)
    kind, known, alike = "change", 1, ""
    if attempt is not None:
        rows = Rows()
        rows.add(attempt, lambda _: None, 0)
        kind, known = "attempt", int(attempt.outcome != "unknown")
        same = (rows.key_of(rows.key[0]), rows.identity_of(rows.identity[0]), attempt.region)
        alike = repr((*same, *(() if aws else _joining(attempt, event_id, time))))
    elif denial is not None:
        kind = "denial"
        alike = repr(replace(denial, time=0.0, first_seen=0.0, event_ids=(), origin=_NOWHERE, shared_id=None))
    return event_id, time, kind, str(known), alike, json.dumps(record)


def _joining(attempt: Attempt, event_id: str, time: str) -> tuple[str | None, ...]:
    """What else distinguishes Google's attempts, as thinning.py says it."""
    if attempt.step == "impersonate":
        return () if attempt.mapped_principal else (event_id,)
    return (
        (attempt.caller, attempt.user_agent, time[: len("2026-11-30T10:00:0")]) if attempt.outcome == "accepted" else ()
    )


# ----------------------------------------------------------------------------------------------------------- hot loops


def retried(records: Iterable[Record], source: Source, *, times: int, seconds: float, seed: int) -> list[Record]:
    """The records, each attempt and denied call as the first of so many alike, so many seconds apart."""
    made = []
    rng = Random(seed)
    for record in records:
        made.append(record)
        if _table_row(record, source)[2] == "change":
            continue
        made += [_again(record, source, number * seconds, rng) for number in range(1, times)]
    return made


def _again(record: Record, source: Source, later: float, rng: Random) -> Record:
    again: Record = json.loads(json.dumps(record))
    if source == "cloudtrail":
        again["eventTime"] = _later(record["eventTime"], later)
        again["eventID"] = event_id(rng)
        again.pop("sharedEventID", None)
        again["sourceIPAddress"] = f"192.0.2.{rng.randrange(250)}"
        return again
    again["timestamp"] = _later(record["timestamp"], later)
    again["insertId"] = letters(rng, 12)
    metadata = again["protoPayload"].get("requestMetadata", {}).get("requestAttributes", {})
    if "time" in metadata:
        metadata["time"] = _later(metadata["time"], later)
    return again


def _later(written: str, seconds: float) -> str:
    time = epoch(written)
    assert time is not None
    return fine_stamp(time + seconds) if "." in written else stamp(time + seconds)


def with_folder(bundle: Path, copy: Path, records: Iterable[Record]) -> Path:
    """Write a copy of the bundle whose logs are one file with these records, as the cloud writes them."""
    source = source_of(bundle)
    logs = bundle / FOLDERS[source]
    shutil.copytree(bundle, copy, ignore=lambda folder, names: [name for name in names if Path(folder, name) == logs])
    (copy / FOLDERS[source]).mkdir(parents=True)
    path = copy / FOLDERS[source] / "log.json"
    if source == "cloudtrail":
        path.write_text(json.dumps({"Records": list(records)}, separators=(",", ":")), encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return copy
