"""Measure the read of a bucket of logs: its time and memory, and the time of a second look.

    python benchmarks/archive_read.py [FILES] [MILLISECONDS]   # 1,000 and 20: some 3 GB unpacked, four days

The archive is that of benchmarks/log_scan.py, in the folders of a trail. A server of its own process has it as a
bucket, each answer of which takes as long as one of S3, and `oidc-doctor --report` reads it. Yardsticks of the same
run: fetching all objects with boto3 and throwing them away, and unpacking them from the disk.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "builders")]

from isal import igzip  # noqa: E402
from log_scan import ACCOUNT, START, Maker  # noqa: E402

from clouds.buckets import Buckets, FolderObjects, serving_buckets  # noqa: E402

THREADS = 16
PER_FILE = 1_500  # records


class Took(NamedTuple):
    """One run."""

    wall: float  # seconds
    cpu: float
    peak: int  # resident bytes
    out: str


def serve(folder: Path, latency: float, pipe: Any) -> None:
    """Serve the folder as a bucket, until the process is ended."""
    with serving_buckets(Buckets(FolderObjects(folder), latency=latency)) as (url, _):
        pipe.send(url)
        threading.Event().wait()


def run(command: list[str], folder: Path) -> Took:
    """Run a command of its own process."""
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - begin
        out.seek(0)
        err.seek(0)
        text = out.read()
        if process.returncode not in (0, 1, 3):
            raise SystemExit(text + err.read())
        return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, text)


def fetched(names: list[str]) -> Took:
    """Fetch all objects with as many threads as the reader has."""
    import boto3
    from botocore.config import Config

    client = boto3.client("s3", "us-east-1", config=Config(max_pool_connections=THREADS))
    tags = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket="logs"):
        tags |= {entry["Key"]: entry["ETag"] for entry in page["Contents"]}
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for name in names:
        waiting.put(name)

    def work() -> None:
        while not waiting.empty():
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            client.get_object(Bucket="logs", Key=name, IfMatch=tags[name])["Body"].read()

    begin, cpu = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Took(time.perf_counter() - begin, time.process_time() - cpu, 0, "")


def unpacked(paths: list[Path]) -> Took:
    """Unpack all files, one after the other."""
    begin, cpu = time.perf_counter(), time.process_time()
    for path in paths:
        igzip.decompress(path.read_bytes())
    return Took(time.perf_counter() - begin, time.process_time() - cpu, 0, "")


def show(label: str, took: Took, size: int, yardsticks: dict[str, Took]) -> None:
    """Print one run, beside the yardsticks."""
    peak = f"   peak {took.peak >> 20} MiB" if took.peak else ""
    ratios = "".join(
        f"   /{name} {took.wall / other.wall:.2f}, cpu {took.cpu / other.cpu:.2f}" for name, other in yardsticks.items()
    )
    print(f"  {label:<34}{took.wall:8.2f} s {took.cpu:8.2f} s cpu {size / 1e6 / took.wall:8,.0f} MB/s{ratios}{peak}")


def make(folder: Path, files: int) -> int:
    """Write a trail's folders; return the bytes when unpacked."""
    size = Maker().trail(folder / "flat", files, PER_FILE, 0.05, 4)
    for path in sorted((folder / "flat").iterdir()):
        stamp = path.name.split("_")[3]
        day = folder / "AWSLogs" / ACCOUNT / "CloudTrail/us-east-1" / stamp[:4] / stamp[4:6] / stamp[6:8]
        day.mkdir(parents=True, exist_ok=True)
        path.rename(day / path.name)
    (folder / "flat").rmdir()
    return size


def main() -> None:
    """One archive."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    latency = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.02
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        folder, here = root / "bucket", root / "here"
        here.mkdir()
        size = make(folder, files)
        paths = sorted(folder.rglob("*.gz"))
        packed = sum(path.stat().st_size for path in paths)
        print(f"{files * PER_FILE:,} records, {files:,} objects, {packed / 1e6:,.0f} MB, {size / 1e6:,.0f} MB unpacked")
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("fork").Process(target=serve, args=(folder, latency, theirs), daemon=True)
        server.start()
        os.environ |= {
            "AWS_ENDPOINT_URL": ours.recv(), "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none",
            "XDG_CACHE_HOME": str(root / "cache"), "PYTHONSAFEPATH": "1",
        }  # fmt: skip
        end = START + timedelta(minutes=5 * files)
        command = [
            sys.executable, "-m", "oidc_doctor", "--report", "--format", "json", "--cloudtrail", "s3://logs",
            "--timeout", "3600", "--since", f"{START:%Y-%m-%dT%H:%M:%SZ}", "--until", f"{end:%Y-%m-%dT%H:%M:%SZ}",
        ]  # fmt: skip
        yardsticks = {
            "fetching": fetched([str(path.relative_to(folder)) for path in paths]),
            "unpacking": unpacked(paths),
        }
        show(f"fetching alone, {THREADS} threads", yardsticks["fetching"], size, {})
        show("unpacking alone, one thread", yardsticks["unpacking"], size, {})
        for label in ("first look", "second look"):
            show(label, run(command, here), size, yardsticks)
        server.terminate()


if __name__ == "__main__":
    main()
