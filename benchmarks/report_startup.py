"""Time of a whole `--report` process against importing what any JWT tool must import, measured in turn in one run.

usage: python benchmarks/report_startup.py [RUNS]
Bars: without logs at most 2.0 times the first yardstick, with logs at most 1.6 times the second.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "sample_logs"
CRYPTO = [sys.executable, "-c", "import jwt, cryptography.hazmat.primitives.asymmetric.rsa"]
PANDAS = [sys.executable, "-c", "import pandas, jwt"]


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


def main() -> None:
    """Every bundled scenario that stands for one of the kinds of report."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for name in sorted(path.name for path in SAMPLES.iterdir() if path.is_dir()):
        folder = SAMPLES / name
        logs = any((folder / part).exists() for part in ("aws/cloudtrail", "gcp/logs"))
        kind = "with logs" if logs else "compact JWT" if (folder / "token.jwt").exists() else "decoded claims"
        command = [sys.executable, "-m", "oidc_doctor", "--report", "--from", str(folder)]
        compare(f"{name} ({kind})", command, PANDAS if logs else CRYPTO, runs)


if __name__ == "__main__":
    main()
