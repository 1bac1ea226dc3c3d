"""Which tables a query names, for which period, and with which values."""

from __future__ import annotations

import itertools
import shlex
from datetime import UTC, datetime, timedelta

import pytest
import sqlglot
from archive_world import START
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from google_tables import FIELDS, rest_fields, tables_named
from oidc_doctor.logs.engines import google_query
from oidc_doctor.logs.engines.google_columns import lacks
from oidc_doctor.logs.engines.google_query import printed, queries
from oidc_doctor.logs.engines.google_tables import LogTable, log_tables, missing_logs, view, with_schema
from oidc_doctor.model.log_place import log_place
from oidc_doctor.model.times import days_of

PROJECT, DATASET = "acme-logs", "audit"
END = START + 86_400.0


PREFIX = "cloudaudit_googleapis_com_"
YEAR = [str(datetime(2026, 1, 1, tzinfo=UTC).date() + timedelta(days=day)).replace("-", "") for day in range(365)]


def named(sql: str) -> set[str]:
    """The tables that a query names, by a parser."""
    return {name for _, _, name in tables_named(sql)}


def test_a_day_out_of_a_year_touches_the_tables_of_that_day() -> None:
    names = [f"{PREFIX}{log}_{day}" for day in YEAR for log in ("activity", "data_access")]
    since = datetime(2026, 5, 4, tzinfo=UTC).timestamp()
    (query,) = queries(log_tables(PROJECT, DATASET, names, since, since + 86_399.0), since, since + 86_399.0)
    assert named(query.sql) == {f"{PREFIX}activity_20260504", f"{PREFIX}data_access_20260504"}


def test_a_day_out_of_a_year_touches_the_partitions_of_that_day() -> None:
    since, until = datetime(2026, 5, 4, 10, tzinfo=UTC), datetime(2026, 5, 5, 10, tzinfo=UTC)
    times = (since.timestamp(), until.timestamp())
    tables = log_tables(PROJECT, DATASET, [f"{PREFIX}data_access"], *times)
    (query,) = queries(tables, *times)
    assert query.parameters == {"since": since, "until": until}
    assert "WHERE timestamp >= @since AND timestamp <= @until\n" in query.sql
    (ingested,) = queries([with_schema(tables[0], {"timePartitioning": {"type": "DAY"}})], *times)
    assert ingested.parameters == {
        "since": since, "until": until,
        "first_day": datetime(2026, 5, 3, tzinfo=UTC), "last_day": datetime(2026, 5, 6, tzinfo=UTC),
    }  # fmt: skip
    assert "_PARTITIONTIME >= @first_day AND _PARTITIONTIME <= @last_day" in ingested.sql
    field = {"timePartitioning": {"type": "DAY", "field": "timestamp"}}
    assert queries([with_schema(tables[0], field)], *times) == [query]


def test_values_are_parameters() -> None:
    tables = [LogTable(PROJECT, DATASET, f"{PREFIX}activity"), view(PROJECT, "linked", "_AllLogs")]
    for table in tables:
        (first,) = queries([table], START, START + 3600)
        (second,) = queries([table], START + 7, START + 5000)
        assert first.sql == second.sql
        assert first.parameters != second.parameters
        parsed = sqlglot.parse_one(first.sql, read="bigquery")
        assert {found.this.name for found in parsed.find_all(sqlglot.exp.Parameter)} == {"since", "until"}


@settings(max_examples=share_of(200), deadline=None)
@given(
    offsets=st.sets(st.integers(0, 20), max_size=20),
    first=st.integers(0, 300),
    length=st.floats(1.0, 20 * 86_400.0),
    partitioned=st.booleans(),
    most=st.integers(4, 12),
)
def test_several_queries_have_each_moment_and_each_table_once(
    offsets: set[int], first: int, length: float, partitioned: bool, most: int
) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + first * 86_400 + 5
    until = since + length
    named_days = [YEAR[first + offset] for offset in offsets]
    names = [f"{PREFIX}{log}_{day}" for day in named_days for log in ("activity", "data_access", "policy")]
    always = {f"{PREFIX}activity"} if partitioned else set()
    tables = log_tables(PROJECT, DATASET, [*names, *always], since, until)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(google_query, "MOST_TABLES", most)
        parts = queries(tables, since, until)
    assert bool(parts) == bool(tables)
    dated = [table for table in tables if table.day]
    assert sorted(table for part in parts for table in part.tables if table.day) == sorted(dated)
    assert len(parts) >= len(dated) / most
    for part in parts:
        assert len(part.tables) <= most
        assert {table.name for table in part.tables if not table.day} == always
        assert {table.day for table in part.tables if table.day} <= set(map(str, days_of(part.since, part.until)))
    if parts:
        assert (parts[0].until, parts[-1].since) == (until, since)
    for newer, older in itertools.pairwise(parts):
        assert newer.parameters["since"] - older.parameters["until"] == timedelta(microseconds=1)


@pytest.mark.parametrize(
    "name",
    [f"{PREFIX}activity`; DROP TABLE x", f"{PREFIX}activity_2026", f"{PREFIX}activity_\N{ARABIC-INDIC DIGIT TWO}026054",
     f"x{PREFIX}activity", f"{PREFIX}activity\n", f"{PREFIX.upper()}ACTIVITY", "", f"{PREFIX}activity_20260504_1"],
)  # fmt: skip
def test_a_table_of_another_name_is_not_named(name: str) -> None:
    assert log_tables(PROJECT, DATASET, [name], START, END) == []
    with pytest.raises(ValueError, match="cannot be the name"):
        view(PROJECT, DATASET, "a`b" + name)


def test_a_linked_dataset_is_read_by_its_view() -> None:
    assert log_tables(PROJECT, DATASET, ["_AllLogs", "_Default", "x"], START, END) == [
        view(PROJECT, DATASET, "_AllLogs")
    ]
    both = log_tables(PROJECT, DATASET, ["_AllLogs", f"{PREFIX}policy"], START, END)
    assert [table.log for table in both] == ["policy"]
    outside = log_tables(PROJECT, DATASET, ["_AllLogs", f"{PREFIX}policy_20200101"], START, END)
    assert outside == []


def test_a_log_without_a_table_is_named() -> None:
    assert missing_logs(["x"]) == ("activity", "data_access")
    assert missing_logs([f"{PREFIX}activity_20200101"]) == ("data_access",)
    assert missing_logs([f"{PREFIX}activity", f"{PREFIX}data_access"]) == ()


@pytest.mark.parametrize(
    "place", ["bigquery:acme-logs.audit", "loganalytics:acme-logs.us.b.view-1", "bigquery:d.com:p-12345.x"]
)
def test_the_printed_query_can_be_parsed(place: str) -> None:
    found = log_place(place, "gcp-logs")
    assert found is not None
    text = printed(found, START, START + 1.5)
    command, _, query = text.partition("\n")
    dataset = "audit" if place.endswith("audit") else "x" if place.endswith("x") else "LINKED_DATASET"
    assert {table[:2] for table in tables_named(query)} == {(found.parts[0], dataset)}
    assert shlex.split(command)[1:] == [
        "bq", "query", f"--project_id={found.parts[0]}", "--nouse_legacy_sql", "--dry_run",
        "--parameter=since:TIMESTAMP:2026-11-19 00:00:00.000000",
        "--parameter=until:TIMESTAMP:2026-11-19 00:00:01.500000", "<", "FILE",
    ]  # fmt: skip


def test_a_table_of_another_shape_is_not_read() -> None:
    table = LogTable(PROJECT, DATASET, "cloudaudit_googleapis_com_activity")
    made_by_hand = with_schema(table, {"schema": {"fields": [{"name": "TIMESTAMP", "type": "TIMESTAMP"}]}})
    assert lacks(made_by_hand) == (
        "insertId", "protopayload_auditlog.serviceName", "protopayload_auditlog.methodName",
    )  # fmt: skip
    assert lacks(with_schema(table, {"schema": {"fields": rest_fields(FIELDS["sink"])}})) == ()
    assert lacks(with_schema(table, {})) == ()
