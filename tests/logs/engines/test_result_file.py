"""A result that somebody saved as CSV is the extract that a run would have written."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from random import Random

import aws_shapes
import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine_tables import DATABASE, TABLE, described, run
from oidc_doctor.logs.engines.athena_query import COLUMNS, athena_query
from oidc_doctor.logs.engines.partitions import selection
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.logs.engines.result_file import RowsError, extract_of_rows
from oidc_doctor.logs.engines.table_shape import table_shape
from oidc_doctor.logs.extract.file import Header, write_extract

NAMES = [*COLUMNS, "attempts"]
ACCOUNT = "123456789012"


def csv_of(rows: list[list[str | None]]) -> str:
    """The text as Athena writes it: values in quotes, NULL without."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_MINIMAL)
    writer.writerows([NAMES, *rows])
    return out.getvalue()


def test_a_saved_result_is_the_extract(tmp_path: Path) -> None:
    import gzip
    import json

    from engine_tables import fill

    rng = Random(1)
    role, provider = f"arn:aws:iam::{ACCOUNT}:role/x", f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"
    records = [
        aws_shapes.web_identity(
            rng, 1_795_176_000 + number, provider, "aud", "job:\"1\",\n'ü'", role, accepted=bool(number % 2)
        )
        for number in range(6)
    ]
    records.append(
        aws_shapes.iam_write(
            rng, 1_795_176_050, ACCOUNT, "Admin/me", "UpdateAssumeRolePolicy", {"roleName": "x", "policyDocument": "{}"}
        )
    )
    place = tmp_path / f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20"
    place.mkdir(parents=True)
    (place / "a.json.gz").write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    answer, window = described("console"), Window(1_795_176_000, 1_795_180_000)
    with duckdb.connect() as database:
        fill(database, answer, tmp_path)
        query = athena_query(table_shape(answer, DATABASE, TABLE), window, selection(window))
        rows = run(database, query)
    data, number = extract_of_rows(io.StringIO(csv_of([[row[name] for name in NAMES] for row in rows]), newline=""))
    assert number == 7
    assert data == write_extract(Header("cloudtrail", selective=True), [query.record_of(row) for row in rows])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "its first line has not the names"),
        ("kind,eventtime\n", "its first line has not the names"),
        (csv_of([["attempt"]]), "row 1 has 1 values instead of"),
        (csv_of([]) + '"unfinished', "not a CSV file"),
    ],
)
def test_another_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(RowsError, match=message):
        extract_of_rows(io.StringIO(text, newline=""))


def test_a_result_without_its_oldest_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oidc_doctor.logs.engines.result_file.MOST_RECORDS", 2)
    row: list[str | None] = [None] * len(NAMES)
    assert extract_of_rows(io.StringIO(csv_of([row] * 2), newline=""))[1] == 2
    with pytest.raises(RowsError, match="more than 2 rows"):
        extract_of_rows(io.StringIO(csv_of([row] * 3), newline=""))


@given(st.lists(st.lists(st.text(max_size=8), min_size=len(NAMES), max_size=len(NAMES)), max_size=3))
def test_any_values_are_records(rows: list[list[str | None]]) -> None:
    extract_of_rows(io.StringIO(csv_of(rows), newline=""))
