"""The shapes of tables in use, and what is no table of CloudTrail's records."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from engine_tables import DATABASE, SHAPES, TABLE, described
from oidc_doctor.logs.engines.query import UnreadableTableError
from oidc_doctor.logs.engines.table_shape import TableShape, table_shape

MEANINGS = {
    "projected": {"timestamp": "date"},
    "manual": {"region": "region", "year": "year", "month": "month", "day": "day"},
    "older": {"date_partition": "date", "region_partition": "region", "account_partition": "account"},
    "organisation": {"account": "account", "region": "region", "date": "date"},
    "numbered": {"accountid": "account", "region": "region", "year": "year", "month": "month", "day": "day"},
    "console": {},
}


def shape_of(answer: dict[str, Any]) -> TableShape:
    return table_shape(answer, DATABASE, TABLE)


@pytest.mark.parametrize("name", SHAPES)
def test_the_partition_keys_of_each_shape_have_their_meaning(name: str) -> None:
    shape = shape_of(described(name))
    assert {key.name: key.meaning for key in shape.partitions} == MEANINGS[name]
    assert shape.kind == "cloudtrail"
    assert shape.is_projected == (name in ("projected", "older", "organisation", "numbered"))


def test_the_place_in_the_path_says_more_than_a_name() -> None:
    answer = described("organisation")
    table = answer["Table"]
    table["PartitionKeys"] = [{"Name": name, "Type": "string"} for name in ("Owner", "where", "ingest_date")]
    table["Parameters"] = {
        "projection.enabled": "TRUE",
        "projection.owner.type": "injected",
        "projection.where.type": "enum",
        "projection.where.values": "us-east-1, eu-west-1",
        "projection.ingest_date.type": "date",
        "projection.ingest_date.format": "yyyy/MM/dd",
        "projection.ingest_date.range": "NOW-3YEARS,NOW",
        "storage.location.template": "s3://b/AWSLogs/o-abc/${owner}/CloudTrail/${where}/${ingest_date}",
    }
    keys = shape_of(answer).partitions
    assert [(key.name, key.meaning, key.projection) for key in keys] == [
        ("Owner", "account", "injected"),
        ("where", "region", "enum"),
        ("ingest_date", "date", "date"),
    ]
    assert keys[1].values == ("us-east-1", "eu-west-1")
    assert keys[2].range == ("NOW-3YEARS", "NOW")


def test_a_month_without_its_year_is_no_date() -> None:
    answer = described("manual")
    answer["Table"]["PartitionKeys"] = [{"Name": name, "Type": "string"} for name in ("month", "day", "hour")]
    assert {key.meaning for key in shape_of(answer).partitions} == {"other"}


def test_security_lakes_table_is_recognised() -> None:
    answer = copy.deepcopy(described("console"))
    answer["Table"]["StorageDescriptor"]["Columns"] = [
        {"Name": name, "Type": "struct<a:string>"} for name in ("api", "actor", "src_endpoint", "time")
    ]
    answer["Table"]["PartitionKeys"] = [
        {"Name": name, "Type": "string"} for name in ("region", "accountid", "eventday")
    ]
    shape = shape_of(answer)
    assert shape.kind == "ocsf"
    assert [(key.meaning, key.format) for key in shape.partitions] == [
        ("region", ""),
        ("account", ""),
        ("date", "yyyyMMdd"),
    ]


def test_a_view_is_not_read() -> None:
    answer = described("console")
    answer["Table"]["TableType"] = "VIRTUAL_VIEW"
    with pytest.raises(UnreadableTableError, match="the table is a view"):
        shape_of(answer)


@pytest.mark.parametrize("answer", [{}, {"Table": None}, {"Table": {"StorageDescriptor": {"Columns": "x"}}}])
def test_an_answer_without_columns(answer: Any) -> None:
    with pytest.raises(UnreadableTableError, match=r"no column eventname.*\(none"):
        shape_of(answer)


@pytest.mark.parametrize("name", ['a"; DROP TABLE x; --', "a b", "", "1'", "ä"])
def test_a_hostile_partition_key_is_not_read(name: str) -> None:
    answer = described("console")
    answer["Table"]["PartitionKeys"] = [{"Name": name, "Type": "string"}]
    with pytest.raises(UnreadableTableError, match="the partition key"):
        shape_of(answer)
