"""A table of Security Lake read live by way of Amazon Athena."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import archive_world
import duckdb
import pytest
from archives import make_archive

import security_lake
from clouds.athena import AthenaTables
from clouds.aws import REGION, Cloud
from clouds.aws_set_up import AwsSetUp, exchange_event
from clouds.command_line import FinishedRun
from oidc_doctor.live.aws import athena_run
from oidc_doctor.logs.engines.security_lake_query import NOTE
from oidc_doctor.model.times import rfc3339
from security_lake import Version

FILE = "aws/cloudtrail/athena-1.extract.jsonl.gz"


@pytest.fixture
def make(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[dict[str, Any]], Version], list[str]]:
    """A function that makes the table with the events, and gives the options that read it."""
    import boto3

    monkeypatch.setattr(athena_run, "_FIRST_PAUSE", 0.001)

    def make(events: list[dict[str, Any]], version: Version) -> list[str]:
        connection = duckdb.connect()
        security_lake.fill(connection, events, version)
        AthenaTables(cloud, connection)
        table = dict(security_lake.described(version)["Table"])
        glue = boto3.client("glue", REGION)
        glue.create_database(DatabaseInput={"Name": table.pop("DatabaseName")})
        glue.create_table(DatabaseName=security_lake.DATABASE, TableInput=table)
        for partition in security_lake.partitions_of(events) if version == "1" else ():
            names = {"DatabaseName": security_lake.DATABASE, "TableName": table["Name"]}
            glue.create_partition(**names, PartitionInput=partition)
        bucket = table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")[0]
        boto3.client("s3", REGION).create_bucket(Bucket=bucket)
        place = f"athena:{security_lake.DATABASE}.{security_lake.table_of(version)}"
        output = ("--athena-output", "s3://results/athena", "--max-bytes", "1GB")
        return ["--cloudtrail", place, "--region", REGION, *output]

    return make


def test_a_table_of_security_lake_is_experimental(
    make: Callable[..., list[str]], set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun]
) -> None:
    made = set_up()
    minutes = (0, 1, 2, 3, 1_437)  # ago, so that each day of the window has a partition
    events = [json.loads(exchange_event(made, ago, error="AccessDenied")["CloudTrailEvent"]) for ago in minutes]
    for event in events:
        event["recipientAccountId"] = "123456789012"
    done = doctor("--role", made.role, *make(events, "1"), "--since", "24h")
    row = done.coverage(FILE)
    assert row["status"] == "read", row
    assert NOTE in row["reason"]
    assert done.report["exchanges"][0]["subject"] == made.subject
    assert done.coverage("aws/cloudtrail")["count"] == 5


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_report_is_that_of_the_folder(
    version: Version, make: Callable[..., list[str]], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    make_archive(tmp_path / "bundle", 3, plant="aws-mended", events=200, claims=True)
    trail = (tmp_path / "bundle/aws/cloudtrail").rename(tmp_path / "trail")
    end = archive_world.START + archive_world.HOURS * 3600 + 900
    window = ["--since", rfc3339(archive_world.START), "--until", rfc3339(end)]
    done = doctor("--from", tmp_path / "bundle", *make(security_lake.events_of(trail), version), *window)
    folder = doctor("--from", tmp_path / "bundle", "--cloudtrail", trail, *window)
    done.has_answer_of(folder)
