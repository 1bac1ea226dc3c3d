"""CPU seconds of a whole process on large single inputs: `python benchmarks/input_costs.py [RUNS [NAME …]]`.

Each input has at most a mebibyte, logs and archives excepted. The yardstick is `oidc-doctor --report` on a healthy
bundle, measured in the same run. Printed are the CPU seconds, the best of RUNS (3), their ratio to the yardstick, the
memory and the exit code. The bar is one second more than a process that does nothing. A NAME runs only the inputs whose
name contains it.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cost_inputs import archives, conditions, documents, logs, many, policies
from cost_inputs.bundles import PROGRAM, SAMPLES, Command, report

INPUTS = conditions.INPUTS | policies.INPUTS | logs.INPUTS | many.INPUTS | documents.INPUTS | archives.INPUTS


def cost(command: Command, runs: int) -> tuple[float, float, int]:
    """CPU seconds, MiB and exit code of a process, the best of `runs`."""
    seconds, memory, code = float("inf"), 0.0, 0
    for _ in range(runs):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = code = os.waitstatus_to_exitcode(status)
        seconds = min(seconds, used.ru_utime + used.ru_stime)
        memory = max(memory, used.ru_maxrss / 1024)
        if command[3] == "capture":
            for made in Path(command[command.index("-o") + 1]).parent.glob("[cm]*[pz]"):
                made.unlink()
    return seconds, memory, code


def build(name: str, place: Path) -> Command:
    """Build an input in a folder, and return the command that reads it."""
    return INPUTS[name](place)


def built(name: str, place: Path) -> Command:
    """Do so in a process of its own: Linux counts the peak of a process as memory of those that it starts."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(build, (name, place))


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    wanted = sys.argv[2:] or [""]
    nothing, _, _ = cost([*PROGRAM, "--version"], runs)
    start, _, _ = cost(report(SAMPLES / "healthy-aws"), runs)
    print(f"{'a process that does nothing':30}{nothing:6.2f} s\n{'the yardstick, a healthy report':30}{start:6.2f} s\n")
    print(f"{'input':30}{'CPU':>8}{'ratio':>8}{'beyond the start':>18}{'memory':>10}{'exit':>6}")
    for name in INPUTS:
        if not any(part in name for part in wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            seconds, memory, code = cost(built(name, Path(place)), runs)
        print(f"{name:30}{seconds:6.2f} s{seconds / start:8.1f}{seconds - nothing:16.2f} s{memory:6.0f} MiB{code:6}")


if __name__ == "__main__":
    main()
