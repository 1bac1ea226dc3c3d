"""The report of a table in an engine is that of the folder of files from which the table was made."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from archive_world import HOURS, START
from archives import PLANTS, make_archive

from engine_tables import extract_of_table
from extracts import (
    NAMES,
    Report,
    comparable,
    differences,
    extracts,
    report_of,
    retried,
    source_of,
    with_extract,
    with_folder,
)
from google_tables import Warehouse, entries_of, rest_fields
from oidc_doctor.logs.engines.google_query import queries
from oidc_doctor.logs.engines.google_tables import log_tables, with_schema
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.logs.extract.thinner import Thinner

pytestmark = pytest.mark.sweep

END = START + HOURS * 3600 + 900
PROJECT, DATASET = "acme-logs", "audit"
AWS = sorted(plant for plant in PLANTS if plant.startswith("aws"))
GOOGLE = sorted(plant for plant in PLANTS if plant.startswith("gcp"))
LOOPS = ["gcp-binding-removed", "gcp-mended", "gcp-project-binding-removed", "gcp-condition-tightened"]


def unlike(folder: Report, engine: Report) -> list[str]:
    for report in (folder, engine):
        for row in report["attempts"]:
            row["callers"] = []
        # what may be missing names the accounts that were read
        report["checks"] = [check for check in report["checks"] if check["name"] != "no-events-found"]
    return differences(comparable(folder, selective=True), comparable(engine, selective=True))


@pytest.mark.parametrize("shape", ["projected", "organisation"])  # tests/logs/engines has all shapes
@pytest.mark.parametrize("plant", AWS)
def test_every_shape_of_a_table_of_athena(plant: str, shape: str, tmp_path: Path) -> None:
    make_archive(tmp_path / "folder", 77, plant=plant, events=300)
    match = re.search(r"::(\d{12}):role", (tmp_path / "folder/oidc-doctor.toml").read_text())
    assert match
    data = extract_of_table(tmp_path / "folder/aws/cloudtrail", shape, Window(START, END), account=match[1])
    engine = with_extract(tmp_path / "folder", tmp_path / "engine", instead=())
    (engine / NAMES["cloudtrail"]).write_bytes(data)
    assert not unlike(report_of(tmp_path / "folder"), report_of(engine))


@pytest.mark.parametrize(
    ("plant", "form", "times"),
    [
        *((plant, form, 1) for plant in GOOGLE for form in ("dated", "analytics")),
        *((plant, "partitioned", 45) for plant in LOOPS),
    ],
)
def test_every_form_of_a_table_of_bigquery(plant: str, form: str, times: int, tmp_path: Path) -> None:
    """Hot loops too: an impersonation that hides its caller finds its exchange among those that were returned."""
    folder = tmp_path / "folder"
    make_archive(folder, 78, plant=plant, events=300)
    entries = list(entries_of(folder / "gcp/logs"))
    if times > 1:
        entries = retried(entries, "gcp-logs", times=times, seconds=0.25, seed=1)
        folder = with_folder(folder, tmp_path / "hot", entries)
    warehouse = Warehouse(tmp_path)
    if form == "analytics":
        warehouse.bucket(PROJECT, DATASET, entries)
    else:
        warehouse.sink(PROJECT, DATASET, entries, dated=form == "dated")
    tables = [
        with_schema(table, {"schema": {"fields": rest_fields(warehouse.schemas[PROJECT, DATASET, table.name])}})
        for table in log_tables(PROJECT, DATASET, [name for _, _, name in warehouse.schemas], START, END)
    ]
    found = warehouse.extract(queries(tables, START, END))
    assert not unlike(report_of(folder), report_of(with_extract(folder, tmp_path / "engine", instead=found)))


@pytest.mark.parametrize("plant", [*LOOPS, "aws-mended", "aws-subject-mistyped"])
def test_hot_loops_in_an_archive(plant: str, tmp_path: Path) -> None:
    made = tmp_path / "made"
    make_archive(made, 40, plant=plant, events=300)
    source = source_of(made)
    hot = retried(extracts(made), source, times=45, seconds=0.25, seed=40)
    thinner = Thinner()
    for record in hot:
        part = part_of(record, source)
        if part is not None:
            thinner.add(part)
    few = [json.loads(line) for line in thinner.lines()]
    assert len(few) < len(hot)
    folder = with_folder(made, tmp_path / "folder", hot)
    assert not unlike(report_of(folder), report_of(with_extract(made, tmp_path / "engine", instead=few)))
