"""A read of an archive that is killed, and started again: nothing is lost, nothing is doubled, no day is read twice."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest  # noqa: TC002 - as every test has it
from archives import make_archive

from clouds.buckets import Buckets, serving_buckets

# What a live run does, without the rest of the program.
READ = """
import sys
from oidc_doctor.live.aws import readers as aws
from oidc_doctor.live.collect import collect
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.log_place import LogOptions, log_place
cache, account, *regions = sys.argv[1:]
scope = aws.AwsScope(
    Target("", aws=TargetAws(f"arn:aws:iam::{account}:role/r")), regions=tuple(regions), since=1795046400.0,
    until=1795219200.0, places=(log_place("s3://logs", "cloudtrail"),), log_options=LogOptions(cache=cache or None),
    only_logs=True,
)
found = collect(aws.readers(aws.AwsClients(None, "aws"), scope))
sys.stdout.buffer.write(found.bundle.read("aws/cloudtrail/s3-1.extract.jsonl.gz"))
"""


def test_a_killed_read_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_archive(tmp_path / "bundle", 5, plant="aws-healthy", events=2_400, per_file=12, organisation=False)
    folder = made.bundle / "aws/cloudtrail"
    account = next(path.name for path in (folder / "AWSLogs").iterdir())
    regions = sorted(path.name for path in (folder / "AWSLogs" / account / "CloudTrail").iterdir())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-one")
    objects = {
        str(path.relative_to(folder)): path.read_bytes() for path in (folder / "AWSLogs" / account).rglob("*.json*")
    }
    with serving_buckets(Buckets(objects)) as (url, buckets):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)

        def read(kill_when: int = 0, *, cached: bool = True) -> bytes:
            """Read the archive, and kill the process once so many days are in the cache."""
            command = [sys.executable, "-c", READ, str(cache) if cached else "", account, *regions]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:

                def kill(kind: str, _: str) -> None:
                    if kill_when and kind == "get" and len(list(cache.glob("[!.]*"))) >= kill_when:
                        os.kill(process.pid, signal.SIGKILL)

                buckets.fault = kill
                buckets.gets.clear()
                out, _ = process.communicate(timeout=60)
            assert process.returncode == (-signal.SIGKILL if kill_when else 0)
            return out

        cache = tmp_path / "cache"
        whole = read(cached=False)
        assert len(buckets.gets) == len(objects)
        finished: set[str] = set()
        for kill_when in (1, 3, 4):
            read(kill_when)
            assert finished.isdisjoint(name for name, _ in buckets.gets)
            finished = objects_in(cache)
            assert finished
        rest = read()
        assert len(buckets.gets) == len(objects) - len(finished)
    assert gzip.decompress(rest) == gzip.decompress(whole)


def objects_in(cache: Path) -> set[str]:
    """The objects of the days in the cache."""
    heads = [json.loads(gzip.decompress(path.read_bytes()).partition(b"\n")[0]) for path in cache.glob("[!.]*")]
    return {name for head in heads for name, *_ in head["oidcDoctorDay"]["objects"]}
