"""The log scan against decompressing alone, gzip and json, jq and DuckDB, on archives made for it.

usage: python benchmarks/log_scan.py [SIZE]
SIZE 1 (the default) is about 30 MB of unpacked CloudTrail for each kind of archive, and too little to judge by; 20 (a
gigabyte each), on a machine that does nothing else, shows the bars.

Bars, start-up taken off (the same scan over an empty folder): at most 1.6 times the time of only decompressing the same
files with the same library and processes where a twentieth of the files hold a wanted event, 2.2 times where all do;
ten times the events at most eleven times the time; 400 MiB resident for all processes. "Only decompressing" is shown
for the library's plain call and for its fastest use (pieces that stay in the cache). The ratio of processor seconds
stands beside that of the clock, since other programs on the machine do not change it.
"""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from isal import igzip, igzip_lib

ACCOUNT = "123456789012"
ISSUER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.baseten.co"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ModelWeights"
START = datetime(2026, 11, 2, tzinfo=UTC)
PROCESSES = min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
CALLS = (
    ("s3.amazonaws.com", "GetObject", 900), ("s3.amazonaws.com", "ListObjects", 400),
    ("ec2.amazonaws.com", "DescribeInstances", 300), ("ec2.amazonaws.com", "DescribeVolumes", 1500),
    ("kms.amazonaws.com", "Decrypt", 600), ("sts.amazonaws.com", "AssumeRole", 1400),
    ("sts.amazonaws.com", "GetCallerIdentity", 0), ("iam.amazonaws.com", "GetRole", 100),
    ("iam.amazonaws.com", "GetRolePolicy", 100), ("iam.amazonaws.com", "ListRoles", 100),
    ("lambda.amazonaws.com", "GetFunction20150331v2", 700), ("ecr.amazonaws.com", "BatchGetImage", 500),
    ("logs.amazonaws.com", "CreateLogStream", 300), ("dynamodb.amazonaws.com", "DescribeTable", 200),
)  # fmt: skip


class Maker:
    """Trail files: every value that differs in real ones differs here."""

    def __init__(self, seed: int = 7) -> None:
        self.random = random.Random(seed)

    def identifier(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def letters(self, length: int) -> str:
        return "".join(self.random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=length))

    def event(self, moment: datetime) -> dict[str, Any]:
        service, call, extra = self.random.choice(CALLS)
        role = f"service-{self.random.randrange(40)}"
        key = "ASIA" + self.letters(16)
        session = f"i-0{self.random.getrandbits(64):016x}"
        made: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "principalId": f"AROA{self.letters(17)}:{session}",
                "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}",
                "accountId": ACCOUNT,
                "accessKeyId": key,
                "sessionContext": {
                    "sessionIssuer": {
                        "type": "Role",
                        "principalId": f"AROA{self.letters(17)}",
                        "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                        "accountId": ACCOUNT,
                        "userName": role,
                    },
                    "attributes": {"creationDate": self.time(moment), "mfaAuthenticated": "false"},
                },
            },
            "eventTime": self.time(moment),
            "eventSource": service,
            "eventName": call,
            "awsRegion": "us-east-1",
            "sourceIPAddress": f"10.{self.random.randrange(256)}.{self.random.randrange(256)}.7",
            "userAgent": "aws-sdk-go-v2/1.41.1 ua/2.1 os/linux lang/go#1.26.0 md/GOOS#linux md/GOARCH#amd64",
        }
        if self.random.random() < 0.04:
            made |= {"errorCode": "AccessDenied", "errorMessage": f"User: {key} is not authorized to perform: {call}"}
        size = self.random.randrange(extra // 2, extra + 1) if extra else 0
        made |= {
            "requestParameters": {"name": self.letters(12), "filter": self.letters(8), "items": self.words(size)},
            "responseElements": None,
            "requestID": self.identifier(),
            "eventID": self.identifier(),
            "readOnly": True,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
            "tlsDetails": {
                "tlsVersion": "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": f"{service.partition('.')[0]}.us-east-1.amazonaws.com",
            },
        }
        return made

    def words(self, size: int) -> list[str]:
        return [f"{self.random.choice('abcdef')}-{self.random.getrandbits(60):x}" for _ in range(size // 20)]

    def attempt(self, moment: datetime) -> dict[str, Any]:
        subject = f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment={self.letters(8)}"
        refused = self.random.random() < 0.3
        key = {"credentials": {"accessKeyId": "ASIA" + self.letters(16), "expiration": "Nov 2, 2026, 9:00:00 AM"}}
        return {
            "eventVersion": "1.08",
            "userIdentity": {
                "type": "WebIdentityUser",
                "principalId": f"{ISSUER}:sts.amazonaws.com:{subject}",
                "userName": subject,
                "identityProvider": ISSUER,
            },
            "eventTime": self.time(moment),
            "eventSource": "sts.amazonaws.com",
            "eventName": "AssumeRoleWithWebIdentity",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.7",
            "userAgent": "Boto3/1.41 md/Botocore#1.41 ua/2.1 os/linux",
            **({"errorCode": "AccessDenied", "errorMessage": "An unknown error occurred"} if refused else {}),
            "requestParameters": {"roleArn": ROLE, "roleSessionName": "weights"},
            "responseElements": None if refused else {**key, "audience": "sts.amazonaws.com", "provider": ISSUER},
            "requestID": self.identifier(),
            "eventID": self.identifier(),
            "readOnly": True,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        }

    def time(self, moment: datetime) -> str:
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def trail(self, folder: Path, files: int, events: int, share: float, wanted: int) -> int:
        """A folder of trail files five minutes apart; `share` of them hold `wanted` attempts. Unpacked bytes."""
        folder.mkdir(parents=True)
        total = 0
        for number in range(files):
            delivered = START + timedelta(minutes=5 * number)
            records = [self.event(delivered - timedelta(seconds=self.random.randrange(60, 360))) for _ in range(events)]
            if number % round(1 / share) == 0:
                for _ in range(wanted):
                    moment = delivered - timedelta(seconds=self.random.randrange(60, 360))
                    records[self.random.randrange(events)] = self.attempt(moment)
            data = json.dumps({"Records": records}, separators=(",", ":")).encode()
            name = f"{ACCOUNT}_CloudTrail_us-east-1_{delivered:%Y%m%dT%H%MZ}_{self.letters(16)}.json.gz"
            (folder / name).write_bytes(gzip.compress(data, 6))
            total += len(data)
        return total

    def entry(self, moment: datetime, number: int) -> dict[str, Any]:
        exchange = number % 100 == 0
        service = "sts.googleapis.com" if exchange else "storage.googleapis.com"
        return {
            "insertId": self.letters(13).lower(),
            "logName": "projects/acme/logs/cloudaudit.googleapis.com%2Fdata_access",
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "authenticationInfo": {"principalSubject": "v=1:org=Org8Kd2P:team=Tq7" if exchange else "user:a@b"},
                "metadata": {"mapped_principal": "principal://iam.googleapis.com/p/subject/x"} if exchange else {},
                "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken"
                if exchange
                else "storage.objects.get",
                "requestMetadata": {"callerIp": "203.0.113.7", "callerSuppliedUserAgent": "python-requests/2.32"},
                "resourceName": "projects/1/locations/global/workloadIdentityPools/a/providers/b"
                if exchange
                else f"projects/_/buckets/acme/objects/{self.words(400)}",
                "serviceName": service,
                "status": {},
            },
            "receiveTimestamp": self.time(moment),
            "resource": {"labels": {"project_id": "acme"}, "type": "audited_resource"},
            "severity": "INFO",
            "timestamp": self.time(moment),
        }

    def sink(self, folder: Path, files: int, events: int) -> int:
        """JSON lines, an hour a file, as a Cloud Storage sink writes them."""
        folder.mkdir(parents=True)
        total = 0
        for number in range(files):
            begin = START + timedelta(hours=number)
            lines = (self.entry(begin + timedelta(seconds=3600 * i // events), i) for i in range(events))
            data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
            (folder / f"{begin:%Y-%m-%dT%H}_S0.json").write_bytes(data)
            total += len(data)
        return total


# What is compared


def plain(path: str) -> int:
    """The library's plain call."""
    if not path.endswith(".gz"):
        return len(Path(path).read_bytes())
    with igzip.open(path, "rb") as stream:
        return len(stream.read())


def fastest(path: str) -> int:
    """The library's fastest use that was found."""
    with open(path, "rb", buffering=0) as stream:
        data = stream.read()
    if not path.endswith(".gz"):
        return len(data)
    member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    total = 0
    while not member.eof:
        total += len(member.decompress(data, 512 * 1024))
        data = b""
    return total


def standard(path: str) -> int:
    """Gzip and json of the standard library."""
    opened = gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")  # noqa: SIM115 - closed below
    with opened as stream:
        if ".json.gz" in path:
            return sum(one["eventName"] == "AssumeRoleWithWebIdentity" for one in json.load(stream)["Records"])
        return sum("ExchangeToken" in json.loads(line)["protoPayload"]["methodName"] for line in stream)


class Took(NamedTuple):
    """Seconds of one run."""

    wall: float
    cpu: float  # of all processes


def middle(runs: list[Took]) -> Took:
    """The median of both."""
    return Took(statistics.median(run.wall for run in runs), statistics.median(run.cpu for run in runs))


def cpu_of_children() -> float:
    """Processor seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pooled(work: Callable[[str], int], paths: list[str]) -> Callable[[], Took]:
    """A run over all files in as many processes as the scan has, without the time to start them."""

    def run() -> Took:
        before = cpu_of_children()
        with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
            pool.map(len, ["x"] * PROCESSES)
            begin = time.perf_counter()
            pool.map(work, paths, chunksize=max(1, min(16, len(paths) // (4 * PROCESSES))))
            wall = time.perf_counter() - begin
            pool.close()
            pool.join()
        return Took(wall, cpu_of_children() - before)

    return run


def child(folder: Path, source: str) -> tuple[Took, int, str]:
    """A process of its own that scans: seconds, peak resident bytes of it and its children, what it found."""
    before = cpu_of_children()
    command = [sys.executable, __file__, "--scan", str(folder), source]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, resident(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    seconds = time.perf_counter() - begin
    done.set()
    watcher.join()
    return Took(seconds, cpu_of_children() - before), peak, out.strip()


def resident(pid: int) -> int:
    """Bytes of a process and its children, each page counted once for each; 0 where /proc is not there."""
    total = 0
    try:
        for one in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return total
    return total


def opened(name: str) -> BinaryIO:
    """A file of the archive."""
    return open(name, "rb")


def scan_folder(folder: str, source: str) -> None:
    """The work of `child`. Imports are part of start-up, which an empty folder shows: a report needs numpy anyway."""
    import numpy as np  # noqa: F401

    import oidc_doctor.logs.reading.search  # noqa: F401
    from oidc_doctor.logs.reading.scan import scan
    from oidc_doctor.logs.reading.scope import WriteScope

    names = sorted(str(path) for path in Path(folder).rglob("*.json*"))
    kind = "cloudtrail" if source == "cloudtrail" else "gcp-logs"
    scope = WriteScope(frozenset({"modelweights"}))
    found = scan(opened, names, kind, scope=scope, on_disk=lambda name: name)
    print(f"{found.coverage.events:,} events, {len(found.rows):,} attempts, {len(found.coverage.problems)} problems")


def ours(folder: Path, source: str, runs: int) -> tuple[Took, int, str]:
    """Median seconds without start-up, peak, and what was found."""
    with tempfile.TemporaryDirectory() as empty:
        start = middle([child(Path(empty), source)[0] for _ in range(runs)])
    found = [child(folder, source) for _ in range(runs)]
    took = middle([one[0] for one in found])
    return Took(took.wall - start.wall, took.cpu - start.cpu), max(one[1] for one in found), found[0][2]


def others(folder: Path, source: str) -> Iterator[tuple[str, float]]:
    """Other tools that are installed."""
    if jq := shutil.which("jq"):
        ask = '.Records[] | select(.eventName == "AssumeRoleWithWebIdentity")' if source == "cloudtrail" else (
            'select(.protoPayload.methodName | endswith("ExchangeToken"))')  # fmt: skip
        cat = "zcat" if source == "cloudtrail" else "cat"
        begin = time.perf_counter()
        subprocess.run(
            ["sh", "-c", f"find . -type f | xargs {cat} | {jq} -c '{ask}' > /dev/null"], cwd=folder, check=True
        )
        yield "jq", time.perf_counter() - begin
    try:
        import duckdb
    except ImportError:
        return
    where = "list_filter(Records, lambda x: x.eventName = 'AssumeRoleWithWebIdentity')"
    trail = "select sum(len({where})) from read_json('{folder}/*.gz', columns={{Records: 'STRUCT(eventName TEXT)[]'}}, "
    sink = "select count(*) from read_json('{folder}/*.json', format='newline_delimited', "
    query = (trail if source == "cloudtrail" else sink).format(where=where, folder=folder) + (
        "maximum_object_size=33554432)"
        if source == "cloudtrail"
        else "columns={protoPayload: 'STRUCT(methodName VARCHAR)'}) where protoPayload.methodName like '%ExchangeToken'"
    )
    begin = time.perf_counter()
    duckdb.sql(query).fetchall()
    yield "DuckDB", time.perf_counter() - begin


def compare(label: str, folder: Path, source: str, size: int, runs: int) -> Took:
    """Print one archive's figures; our seconds."""
    paths = sorted(str(path) for path in folder.iterdir())
    scan, peak, found = ours(folder, source, runs)
    print(f"\n{label}: {len(paths)} files, {size / 1e6:,.0f} MB unpacked, {found}")
    print(f"  {'the scan':<34}{scan.wall:8.2f} s {size / 1e6 / scan.wall:8,.0f} MB/s   peak {peak >> 20} MiB")
    what = "only decompressing" if source == "cloudtrail" else "only reading (nothing is packed)"
    for name, work in ((f"{what}, plain call", plain), (f"{what}, fastest", fastest), ("gzip and json", standard)):
        run = pooled(work, paths)
        took = middle([run() for _ in range(runs if work is not standard else 1)])
        ratios = f"the scan / this {scan.wall / took.wall:6.2f}, of processor time {scan.cpu / took.cpu:6.2f}"
        print(f"  {name:<34}{took.wall:8.2f} s {size / 1e6 / took.wall:8,.0f} MB/s   {ratios}")
    for name, wall in others(folder, source):
        print(f"  {name:<34}{wall:8.2f} s {size / 1e6 / wall:8,.0f} MB/s   the scan / this {scan.wall / wall:6.2f}")
    return scan


def main() -> None:
    """All kinds of archive."""
    if sys.argv[1:2] == ["--scan"]:
        scan_folder(sys.argv[2], sys.argv[3])
        return
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    runs = 1 if size == 1 else 3
    maker = Maker()
    print(f"{PROCESSES} processes")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        few = maker.trail(root / "few", (12 if size == 1 else 20 * size), 1500, 0.05, 4)
        every = maker.trail(root / "all", (12 if size == 1 else 20 * size), 1500, 1.0, 4)
        whole = compare("a wanted event in a twentieth of the files", root / "few", "cloudtrail", few, runs)
        compare("wanted events in every file, 4 of 1,500", root / "all", "cloudtrail", every, runs)
        compare("Cloud Logging sink", root / "sink", "gcp-logs", maker.sink(root / "sink", 4 * size, 8000), runs)
        if size >= 10:  # of less, the smaller archive takes too little time
            tenth = root / "tenth"
            tenth.mkdir()
            for path in sorted((root / "few").iterdir())[::10]:
                shutil.copy(path, tenth)
            part, _, _ = ours(tenth, "cloudtrail", runs)
            ratios = f"{whole.wall / part.wall:.1f} times the time, {whole.cpu / part.cpu:.1f} times the processor time"
            print(f"\nten times the files take {ratios}")


if __name__ == "__main__":
    main()
