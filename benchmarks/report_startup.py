"""Time of a whole `--report` process against importing what any JWT tool must import, measured in turn in one run.

usage: python benchmarks/report_startup.py [RUNS [SCENARIO …]]
Bars: without logs at most 2.0 times the yardstick, with logs at most 2.5 times the same report without them.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "sample_logs"
CRYPTO = [sys.executable, "-c", "import jwt, cryptography.hazmat.primitives.asymmetric.rsa"]


def seconds(command: list[str]) -> float:
    """Wall time of one run."""
    begin = time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def compare(label: str, command: list[str], yardstick: list[str], runs: int) -> None:
    """Print the median of both and the median of the pairwise ratios."""
    pairs = [(seconds(command), seconds(yardstick)) for _ in range(runs + 1)][1:]
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{label:<44} {ours * 1000:7.0f} ms   yardstick {theirs * 1000:7.0f} ms   ratio {ratio:.2f}")


def without_logs(folder: Path, place: Path) -> Path:
    """A copy of a scenario without its log files."""
    copy = place / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("cloudtrail", "logs"))
    return copy


def main() -> None:
    """Time the named scenarios, by default all, with their logs where they have some and without them."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    names = sys.argv[2:] or sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
    with tempfile.TemporaryDirectory() as place:
        for folder in (SAMPLES / name for name in names):
            command = [sys.executable, "-m", "oidc_doctor", "--report", "--from"]
            bare = without_logs(folder, Path(place))
            kind = "compact JWT" if (folder / "token.jwt").exists() else "decoded claims"
            compare(f"{folder.name}, {kind}", [*command, str(bare)], CRYPTO, runs)
            if any((folder / part).exists() for part in ("aws/cloudtrail", "gcp/logs")):
                compare(f"{folder.name}, with logs", [*command, str(folder)], [*command, str(bare)], runs)


if __name__ == "__main__":
    main()
