"""A table of Security Lake read live by way of Amazon Athena."""

from __future__ import annotations

import json
from collections.abc import Callable

import duckdb
import pytest

import security_lake
from clouds.athena import AthenaTables
from clouds.aws import REGION, Cloud
from clouds.aws_set_up import AwsSetUp, exchange_event
from clouds.command_line import FinishedRun
from oidc_doctor.live.aws import athena_run
from oidc_doctor.logs.engines.security_lake_query import NOTE
from security_lake import Version

FILE = "aws/cloudtrail/athena-1.extract.jsonl.gz"


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_table_of_security_lake_is_experimental(
    version: Version,
    cloud: Cloud,
    set_up: Callable[..., AwsSetUp],
    doctor: Callable[..., FinishedRun],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import boto3

    monkeypatch.setattr(athena_run, "_FIRST_PAUSE", 0.001)
    made = set_up()
    events = [json.loads(exchange_event(made, number, error="AccessDenied")["CloudTrailEvent"]) for number in range(5)]
    for event in events:
        event["recipientAccountId"] = "123456789012"
    connection = duckdb.connect()
    security_lake.fill(connection, events, version)
    AthenaTables(cloud, connection)
    table = dict(security_lake.described(version)["Table"])
    glue = boto3.client("glue", REGION)
    glue.create_database(DatabaseInput={"Name": table.pop("DatabaseName")})
    glue.create_table(DatabaseName=security_lake.DATABASE, TableInput=table)
    bucket = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")[0]
    boto3.client("s3", REGION).create_bucket(Bucket=bucket)
    place = f"athena:{security_lake.DATABASE}.{security_lake.table_of(version)}"
    done = doctor(
        "--role", made.role, "--cloudtrail", place, "--since", "24h", "--region", REGION,
        "--athena-output", "s3://results/athena", "--max-bytes", "1GB",
    )  # fmt: skip
    row = done.coverage(FILE)
    assert row["status"] == "read", row
    assert row["reason"].startswith(NOTE)
    assert done.report["exchanges"][0]["subject"] == made.subject
    assert done.coverage("aws/cloudtrail")["count"] == 5
