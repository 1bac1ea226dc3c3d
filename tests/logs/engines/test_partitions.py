"""The partitions that a window needs: all of its days and the day after, and no others."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine_tables import DATABASE, TABLE, described, translated
from oidc_doctor.logs.engines.partitions import (
    Listed,
    catalog_expression,
    days_without_partitions,
    literal,
    locations,
    partition_predicate,
    selection,
)
from oidc_doctor.logs.engines.query import UnreadableTableError, Window
from oidc_doctor.logs.engines.table_shape import TableShape, table_shape

ACCOUNT = "123456789012"
FIRST = date(2025, 1, 1)
DAYS = [FIRST + timedelta(days=number) for number in range(1_100)]  # with a leap year
_CONNECTION = duckdb.connect()
_CONNECTION.execute(
    "CREATE TABLE days AS SELECT strftime(d, '%Y') AS year, strftime(d, '%m') AS month, strftime(d, '%d') AS day, "
    "strftime(d, '%Y/%m/%d') AS \"timestamp\", strftime(d, '%Y/%m/%d') AS date, '123456789012' AS account, "
    "CAST(d AS DATE) AS d FROM range(DATE '2025-01-01', DATE '2028-01-06', INTERVAL 1 DAY) t(d)"
)


def shape_of(name: str, **properties: str) -> TableShape:
    answer = described(name)
    answer["Table"]["Parameters"] |= {key.replace("_", "."): value for key, value in properties.items()}
    return table_shape(answer, DATABASE, TABLE)


def translated_predicate(predicate: str) -> str:
    return translated(f"SELECT {predicate}").removeprefix("SELECT ")


@st.composite
def windows(draw: Any) -> tuple[Window, list[date]]:
    """A window, and the days whose partitions it needs."""
    begin = datetime(2025, 1, 2, tzinfo=UTC).timestamp() + draw(st.integers(0, 700 * 86_400))
    length = draw(st.one_of(st.integers(0, 86_400), st.integers(0, 380 * 86_400)))
    first, last = (datetime.fromtimestamp(moment, UTC).date() for moment in (begin, begin + length))
    return Window(begin, begin + length), [day for day in DAYS if first <= day <= last + timedelta(days=1)]


def _days(first: date, last: date) -> tuple[Window, list[date]]:
    begin, end = (datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() for day in (first, last))
    return Window(begin, end), [day for day in DAYS if first <= day <= last + timedelta(days=1)]


@pytest.mark.parametrize("name", ["manual", "projected", "organisation"])
@given(windows())
@example(_days(date(2026, 1, 2), date(2026, 1, 30)))
@example(_days(date(2025, 12, 1), date(2026, 1, 29)))
@example(_days(date(2026, 2, 1), date(2026, 2, 27)))
@example(_days(date(2027, 2, 1), date(2027, 2, 28)))
def test_a_predicate_selects_the_days_of_the_window_and_the_next(name: str, drawn: tuple[Window, list[date]]) -> None:
    window, days = drawn
    predicate = partition_predicate(shape_of(name), selection(window, ACCOUNT))
    found = _CONNECTION.table("days").filter(translated_predicate(predicate)).order("d").project("d").fetchall()
    assert [row[0] for row in found] == days


@given(windows())
def test_the_catalogs_partitions_and_the_projected_locations_are_the_same_days(
    drawn: tuple[Window, list[date]],
) -> None:
    window, days = drawn
    chosen = selection(window)
    manual = shape_of("manual")
    values = [{"region": "x", "year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}"} for day in DAYS]
    listed = Listed(manual, chosen)
    assert [day for value in values for day in listed.days(value)] == days
    bare = {"region": "x", "year": str(days[0].year), "month": str(days[0].month), "day": str(days[0].day)}
    assert listed.days(bare) == {days[0]}
    assert not listed.days({"region": "x"})
    numbered = Listed(shape_of("numbered"), selection(window, ACCOUNT))
    assert numbered.days(bare | {"accountid": ACCOUNT}) == {days[0]}
    assert not numbered.days(bare | {"accountid": "999999999999"})
    found = list(locations(shape_of("projected"), chosen))
    assert found == [
        f"s3://trail-of-the-organisation/AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/{day:%Y/%m/%d}" for day in days
    ]


def test_a_day_of_a_year_touches_its_own_partitions() -> None:
    noon = datetime(2026, 12, 31, 12, tzinfo=UTC).timestamp()
    chosen = selection(Window(noon, noon + 60))
    assert partition_predicate(shape_of("projected"), chosen) == "\"timestamp\" BETWEEN '2026/12/31' AND '2027/01/01'"
    assert partition_predicate(shape_of("manual"), chosen) == (
        "((\"year\" = '2026' AND \"month\" = '12' AND \"day\" = '31') OR "
        "(\"year\" = '2027' AND \"month\" IN ('01', '1') AND \"day\" IN ('01', '1')))"
    )
    assert partition_predicate(shape_of("numbered"), chosen) == (
        '(("year" = 2026 AND "month" = 12 AND "day" = 31) OR ("year" = 2027 AND "month" = 1 AND "day" = 1))'
    )
    assert partition_predicate(shape_of("console"), chosen) == ""


def test_accounts_and_regions() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    window = Window(noon, noon)
    injected = shape_of("organisation")
    assert f"\"account\" = '{ACCOUNT}'" in partition_predicate(injected, selection(window, ACCOUNT))
    with pytest.raises(UnreadableTableError, match="has to name the account") as caught:
        partition_predicate(injected, selection(window))
    assert caught.value.next_step == "add --role with the ARN of the role"
    listed = shape_of("older")
    assert "account" not in partition_predicate(listed, selection(window))
    with pytest.raises(UnreadableTableError, match=r"projection\.account_partition\.values .* 999999999999"):
        partition_predicate(listed, selection(window, "999999999999"))
    by_region = shape_of("organisation", projection_region_type="injected", projection_region_values="")
    text = partition_predicate(by_region, selection(window, ACCOUNT, ("us-east-1", "eu-west-1", "us-east-1")))
    assert "\"region\" IN ('us-east-1', 'eu-west-1')" in text
    with pytest.raises(UnreadableTableError, match="has to name values of its partition key region"):
        partition_predicate(by_region, selection(window, ACCOUNT))
    places = list(locations(by_region, selection(window, ACCOUNT, ("us-east-1",))))
    assert len(places) == 2
    assert places[0].endswith(f"/{ACCOUNT}/CloudTrail/us-east-1/2026/11/20")


@pytest.mark.parametrize("form", ["yyyy/MM/dd/HH", "dd/MM/yyyy", "yyyy/M/d", "yyyy'; --", ""])
def test_a_date_whose_texts_do_not_sort_is_not_guessed(form: str) -> None:
    shape = shape_of("projected", projection_timestamp_format=form)
    with pytest.raises(UnreadableTableError, match="the partition key timestamp"):
        partition_predicate(shape, selection(Window(1.8e9, 1.8e9)))


@given(st.text(max_size=30))
def test_a_literal_is_an_account_a_region_or_a_date(text: str) -> None:
    try:
        written = literal(text)
    except ValueError:
        return
    assert re.fullmatch(r"'[a-z0-9/._-]{1,60}'", written)


@pytest.mark.parametrize("text", ["' OR 1=1 --", "2026/11/20\n", "us-east-1'", "٢٠٢٦", "", "us_east_1", "2026/11-20"])
def test_what_is_no_literal(text: str) -> None:
    with pytest.raises(ValueError, match="no value of a partition"):
        literal(text)


def test_days_that_a_table_does_not_project() -> None:
    begin, today = datetime(2025, 12, 30, tzinfo=UTC).timestamp(), date(2026, 1, 2)
    chosen = selection(Window(begin, begin + 3 * 86_400))
    days = [date(2025, 12, 30), date(2025, 12, 31)]
    for shape in (
        shape_of("projected", projection_timestamp_range="2026/01/01,NOW"),
        shape_of("projected", projection_timestamp_range="NOW-1DAYS,NOW"),
        shape_of("numbered", projection_year_values="2026,2027"),
        shape_of("numbered", projection_year_type="integer", projection_year_range="2026,2030"),
    ):
        assert list(days_without_partitions(shape, chosen, today)) == days
    for more in ("NOW-1MONTHS,NOW", "NOW-2YEARS,NOW+1DAY", "2020/01/01,NOW", "whenever,NOW"):
        assert not days_without_partitions(shape_of("projected", projection_timestamp_range=more), chosen, today)
    assert not days_without_partitions(shape_of("manual"), chosen, today)
    for numbers, missing in (
        ("9" * 5_000, days),
        (f"2020,{'9' * 5_000}", []),
        (f"{'0' * 5_000}7,2030", []),
        ("²,³", []),
    ):
        shape = shape_of("numbered", projection_year_type="integer", projection_year_range=numbers)
        found = list(days_without_partitions(shape, chosen, today))
        assert bool(found) == bool(missing), numbers[:20]


def test_the_catalog_is_asked_for_the_years_and_the_account() -> None:
    begin = datetime(2025, 12, 31, tzinfo=UTC).timestamp()
    chosen = selection(Window(begin, begin), ACCOUNT)
    assert catalog_expression(shape_of("manual"), chosen) == "year IN ('2025', '2026')"
    assert catalog_expression(shape_of("numbered"), chosen) == f"accountid = '{ACCOUNT}' AND year IN (2025, 2026)"
    assert catalog_expression(shape_of("console"), chosen) == ""
