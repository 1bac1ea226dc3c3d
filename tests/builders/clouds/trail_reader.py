"""A trail's bucket that a live run reads, and the logs that it yields."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from clouds.buckets import ACCOUNT, Buckets
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.logs.reading.scan import ScannedLogs, scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import LogOptions, log_place

FILE = "aws/cloudtrail/s3-1.extract.jsonl.gz"
NOON = 1_795_089_600.0  # 2026-11-19T12:00:00Z
DAY = 86_400.0
FOLDER = f"AWSLogs/{ACCOUNT}/CloudTrail/us-east-1"


class TrailReader:
    """Reads the bucket as a live run does."""

    def __init__(self, buckets: Buckets, cache: Path, clients: aws.AwsClients) -> None:
        self.buckets = buckets
        self.cache = cache
        self.clients = clients

    def collect(
        self, *, cached: bool = True, timeout: float = 60.0, place: str = "s3://logs", **scope: Any
    ) -> Collected:
        found = log_place(place, "cloudtrail")
        assert found is not None
        target = Target("", aws=TargetAws(f"arn:aws:iam::{scope.pop('account', ACCOUNT)}:role/r"))
        options = LogOptions(cache=str(self.cache) if cached else None)
        window = {"since": NOON, "until": NOON} | scope
        wanted = aws.AwsScope(target, places=(found,), log_options=options, only_logs=True, **window)
        self.buckets.lists.clear()
        self.buckets.gets.clear()
        return collect(aws.readers(self.clients, wanted), timeout=timeout)

    def scan(self, **how: Any) -> ScannedLogs:
        return scanned(self.collect(**how))


def scanned(collected: Collected) -> ScannedLogs:
    return scan(collected.bundle.open, [FILE], "cloudtrail", scope=WriteScope())


def entry(collected: Collected) -> dict[str, Any]:
    return next(dict(read) for read in collected.reads if read["path"] == FILE)


def content(logs: ScannedLogs) -> tuple[Any, ...]:
    """All that the logs say, without the files that said it."""
    nowhere = Origin("")
    groups = (logs.attempts(), logs.changes, logs.denials)
    return (*([replace(one, origin=nowhere) for one in group] for group in groups), list(logs.rows.count))


def exchange(number: int, day: int = 19, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.08",
        "eventTime": f"2026-11-{day}T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventID": f"11111111-2222-3333-{day:04}-{number:012}",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-east-1",
        "userIdentity": {"principalId": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com:aud:sub"},
        "requestParameters": {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "webIdentityToken": "eyJ.canary.1"},
        "responseElements": {
            "credentials": {"accessKeyId": "ASIA", "sessionToken": "canary-2", "secretAccessKey": "canary-3"}
        },
        **more,
    }


def put(buckets: Buckets, numbers: range, *, day: int = 19, name: str = "a", owner: str = ACCOUNT) -> str:
    """Put one trail file there with these exchanges, one a second; return its name."""
    return put_records(buckets, [exchange(number, day) for number in numbers], day=day, name=name, owner=owner)


def put_records(buckets: Buckets, records: list[dict[str, Any]], *, day: int, name: str, owner: str = ACCOUNT) -> str:
    data = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
    place = f"AWSLogs/{owner}/CloudTrail/us-east-1/2026/11/{day}/"
    key = f"{place}{ACCOUNT}_CloudTrail_us-east-1_202611{day}T2300Z_{name}.json.gz"
    buckets.objects = dict(buckets.objects) | {key: data}
    return key
