"""What strangers name or describe changes no query: values are parameters, or pass a strict form."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine_tables import DATABASE, SHAPES, TABLE, described
from examples import share_of
from oidc_doctor.logs.engines.athena_query import COLUMNS, athena_query, record_of
from oidc_doctor.logs.engines.google_query import queries
from oidc_doctor.logs.engines.google_rows import entry_of
from oidc_doctor.logs.engines.google_tables import view
from oidc_doctor.logs.engines.partitions import selection
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.logs.engines.table_shape import table_shape

ACCOUNT = "123456789012"
BEGIN = 1_795_046_400.0
WINDOW = Window(BEGIN, BEGIN + 86_400)
HOSTILE = ("'", '"', "`", "\\", "?", "--", ";", "\n", "\0", "' OR '1'='1", "${x}", "/*", "\u2028", "é", "x" * 300)


def query(answer: dict[str, Any], account: str | None = ACCOUNT, regions: tuple[str, ...] = ("us-east-1",)) -> str:
    return athena_query(table_shape(answer, DATABASE, TABLE), WINDOW, selection(WINDOW, account, regions)).text


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("shape", SHAPES)
def test_accounts_and_regions_reach_no_text(shape: str, hostile: str) -> None:
    usual = query(described(shape))
    for account, regions in ((hostile, ()), (ACCOUNT + hostile, ("us-east-1",)), (ACCOUNT, (hostile,))):
        try:
            text = query(described(shape), account, regions)
        except (UnreadableTableError, ValueError):
            continue
        assert hostile in usual or hostile not in text


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_tables_description_reaches_no_text(shape: str, hostile: str) -> None:
    """Names of partition keys, types of columns, and properties, by whoever made the table."""
    usual = query(described(shape))
    table = described(shape)["Table"]
    changes = [("Parameters", name) for name in table["Parameters"]]
    changes += [("PartitionKeys", index) for index in range(len(table["PartitionKeys"]))]
    changes += [("Columns", index) for index in range(len(table["StorageDescriptor"]["Columns"]))]
    for part, place in changes:
        answer = copy.deepcopy(described(shape))
        inside = answer["Table"]["StorageDescriptor"] if part == "Columns" else answer["Table"]
        if part == "Parameters":
            inside[part][place] += hostile
        else:
            inside[part][place]["Type" if part == "Columns" else "Name"] += hostile
        try:
            text = query(answer)
        except UnreadableTableError:
            continue
        assert hostile in usual or hostile not in text


def test_a_windows_times_are_parameters() -> None:
    shape = table_shape(described("console"), DATABASE, TABLE)
    one, other = (athena_query(shape, window, selection(window)) for window in (WINDOW, Window(BEGIN + 60, BEGIN + 90)))
    assert one.text == other.text
    assert one.parameters != other.parameters
    tables = [view("acme-logs", "linked", "_AllLogs")]
    (mine,), (theirs,) = (queries(tables, BEGIN + begin, BEGIN + 86_400) for begin in (0, 60))
    assert mine.sql == theirs.sql
    assert mine.parameters != theirs.parameters


VALUES = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.sampled_from(["{", "[]", "null", "1e999", "[" * 5_000, "\0", "\ud800", '{"a":1}', "9" * 400, "-1", "true"]),
)


@given(seed=st.integers(0, 10**6), values=st.lists(VALUES, min_size=1, max_size=8))
@settings(max_examples=share_of(300))
def test_a_damaged_row_is_a_record(seed: int, values: list[Any]) -> None:
    """Short, with further columns, of other types: whatever an engine returns, or a stranger's CSV file has."""
    chosen = random.Random(seed)
    row = {name: chosen.choice(values) for name in (*COLUMNS, "attempts", "extra") if chosen.random() < 0.7}
    assert isinstance(record_of(row), dict)
    entry = {
        name: chosen.choice([*values, 5, True, [], {}, b"x", 1.5]) for name in (*COLUMNS, "attempts", "request", "kind")
    }
    assert isinstance(entry_of(entry), dict)
