"""What a log costs on this machine, and how a log engine's query grows with the window.

usage: python benchmarks/log_engines.py [SIZE]
First, on one generated trail: the scan, what an extract of it weighs, and the same work by others, each as a ratio to
only decompressing the files (python-isal, as many processes as the scan has). SIZE 1 (the default) is about 30 MB of
unpacked CloudTrail; 20 is enough to judge by. Then the text of Athena's query and the partitions that it reads, for
each shape of a table and a day, a month and a year, which need no archive.
"""

from __future__ import annotations

import importlib
import io
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from log_scan import PROCESSES, Maker, middle, others, ours, plain, pooled, standard

from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.logs.reading.file import records

ACCOUNT = "123456789012"
END = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
WINDOWS = {"an hour": 3_600.0, "a day": 86_400.0, "a month": 30 * 86_400.0, "a year": 365 * 86_400.0}


def on_this_machine(folder: Path, unpacked: int, runs: int) -> None:
    """Print the scan of a trail and the same work by others."""
    paths = sorted(str(path) for path in folder.iterdir())
    packed = sum(Path(path).stat().st_size for path in paths)
    scan, peak, found = ours(folder, "cloudtrail", runs)
    alone = middle([pooled(plain, paths)() for _ in range(runs)]).wall
    json_seconds = pooled(standard, paths)().wall
    print(
        f"{len(paths)} files, {packed / 1e6:,.0f} MB packed, {unpacked / 1e6:,.0f} MB unpacked, {PROCESSES} processes"
    )
    print(f"{found}; peak {peak >> 20} MiB\n")
    print(f"{'':<28}{'seconds':>9}{'MB/s':>9}   times decompressing alone")
    rows = [("decompressing alone", alone), ("the scan", scan.wall), ("gzip and json", json_seconds)]
    for name, seconds in (*rows, *others(folder, "cloudtrail")):
        print(f"{name:<28}{seconds:>9.2f}{unpacked / 1e6 / seconds:>9,.0f}{seconds / alone:>12.1f}")
    print(f"\nan extract of it: {_extract_size(paths) / 1e3:,.0f} kB, of {packed / 1e3:,.0f} kB packed")


def _extract_size(paths: list[str]) -> int:
    kept = [
        part.record
        for path in paths
        for record, _ in records(io.BytesIO(Path(path).read_bytes()), path, "cloudtrail", lambda *_: None)
        if (part := part_of(record, "cloudtrail")) is not None
    ]
    return len(write_extract(Header("cloudtrail", selective=True), kept))


def of_the_query() -> None:
    """Print the length of Athena's query and the partitions that it reads, by shape of the table and window."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests/builders"))
    tables: Any = importlib.import_module("engine_tables")  # a builder of the tests, on no path of a benchmark
    partitions: Any = importlib.import_module("oidc_doctor.logs.engines.partitions")
    print(f"\n{'table':<16}{'window':<10}{'characters':>11}{'of them predicate':>19}{'partitions':>12}{'ms':>7}")
    for shape in tables.SHAPES:
        described = tables.table_shape(tables.described(shape, account=ACCOUNT), tables.DATABASE, tables.TABLE)
        for name, seconds in WINDOWS.items():
            window = tables.Window(END - seconds, END)
            chosen = tables.selection(window, ACCOUNT, ("us-east-1", "eu-west-1"))
            query, took = _timed(lambda: tables.athena_query(described, window, chosen))  # noqa: B023 - called at once
            predicate = partitions.partition_predicate(described, chosen)
            projected = described.is_projected and described.partitions
            number = sum(1 for _ in partitions.locations(described, chosen)) if projected else 0
            read = f"{number:,}" if projected else "catalog's" if described.partitions else "all"
            print(f"{shape:<16}{name:<10}{len(query.text):>11,}{len(predicate):>19,}{read:>12}{took * 1e3:>7.1f}")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


def main() -> None:
    """Both parts."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "trail"
        unpacked = Maker().trail(folder, 12 if size == 1 else 20 * size, 1500, 0.05, 4)
        on_this_machine(folder, unpacked, 1 if size == 1 else 3)
    of_the_query()


if __name__ == "__main__":
    main()
