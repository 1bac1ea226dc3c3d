"""The definition of a table: syntax, the shape that it gives, and values that are not pasted."""

from __future__ import annotations

import re

import pytest
import sqlglot

from oidc_doctor.logs.engines.athena_ddl import TrailTable, bucket_and_prefix, definition, shape_of
from oidc_doctor.logs.engines.athena_query import athena_query
from oidc_doctor.logs.engines.partitions import locations, partition_predicate, selection
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.logs.engines.table_shape import table_shape

ACCOUNT = "123456789012"
OF_ACCOUNT = TrailTable("logs", "trail", "my-trail", accounts=(ACCOUNT,), regions=("us-east-1", "eu-west-1"))
OF_ORGANIZATION = TrailTable("logs", "trail", "my-trail", "audit/", "o-abcdefghij", first_day="2026/01/01")
NOON = 1_795_176_000.0  # 2026-11-20
WINDOW = Window(NOON, NOON + 60)


@pytest.mark.parametrize("trail", [OF_ACCOUNT, OF_ORGANIZATION])
def test_the_definition_is_athenas_and_gives_the_shape(trail: TrailTable) -> None:
    parsed = sqlglot.parse_one(definition(trail), read="athena", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(parsed, sqlglot.exp.Create)
    columns = {column.name: column.args["kind"] for column in parsed.this.expressions if column.args.get("kind")}
    shape = shape_of(trail)
    assert [*columns] == [*shape.columns]
    federation = shape.column("useridentity.sessioncontext.webidfederationdata.federatedprovider")
    assert federation is not None
    assert federation.is_text
    # what the catalog will say of it, read back from the text
    properties = dict(re.findall(r"'([\w.]+)' = '([^']*)'", definition(trail)))
    described = {
        "Table": {
            "StorageDescriptor": {
                "Columns": [{"Name": name, "Type": str(kind)} for name, kind in shape.columns.items()],
                "Location": re.findall(r"LOCATION '([^']*)'", definition(trail))[0],
            },
            "PartitionKeys": [{"Name": name, "Type": "string"} for name in ("account", "region", "day")],
            "Parameters": properties,
        }
    }
    assert table_shape(described, "logs", "trail") == shape
    assert [key.meaning for key in shape.partitions] == ["account", "region", "date"]
    assert athena_query(shape, WINDOW, selection(WINDOW, ACCOUNT, ("us-east-1",))).text


def test_both_kinds_of_trail_have_their_path() -> None:
    chosen = selection(WINDOW, ACCOUNT, ("us-east-1",))
    assert list(locations(shape_of(OF_ACCOUNT), chosen)) == [
        f"s3://my-trail/AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/11/{day}"
        for day in (20, 21)
        for region in ("us-east-1", "eu-west-1")
    ]
    assert list(locations(shape_of(OF_ORGANIZATION), chosen)) == [
        f"s3://my-trail/audit/AWSLogs/o-abcdefghij/{ACCOUNT}/CloudTrail/us-east-1/2026/11/{day}" for day in (20, 21)
    ]
    assert partition_predicate(shape_of(OF_ORGANIZATION), chosen) == (
        f"\"account\" = '{ACCOUNT}' AND \"region\" = 'us-east-1' AND \"day\" BETWEEN '2026/11/20' AND '2026/11/21'"
    )
    assert "'projection.day.range' = '2026/01/01,NOW'" in definition(OF_ORGANIZATION)


@pytest.mark.parametrize("value", ["x'", "x\n", "x`", "x;", "${account}", "../x", 'x"', "x y", "", "X\u2028", "x\\"])
@pytest.mark.parametrize(
    "name", ["database", "table", "bucket", "prefix", "organization", "first_day", "accounts", "regions"]
)
def test_hostile_values_are_refused(name: str, value: str) -> None:
    if value == "" and name in ("prefix", "organization"):
        return  # none
    trail = OF_ACCOUNT._replace(**{name: (value,) if name in ("accounts", "regions") else value})
    for make in (definition, shape_of):
        with pytest.raises(ValueError, match="is not of the form"):
            make(trail)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://b", ("b", "")),
        ("s3://b/", ("b", "")),
        ("s3://b/x/y/", ("b", "x/y/")),
        ("s3://b/x/AWSLogs/o-1/123456789012/CloudTrail/", ("b", "x/")),
        ("s3://b/AWSLogs", ("b", "")),
    ],
)
def test_a_buckets_prefix_ends_before_the_trails_folder(text: str, expected: tuple[str, str]) -> None:
    assert bucket_and_prefix(text) == expected
