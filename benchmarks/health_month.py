"""Simulate a month of hourly health runs over four targets, and account for every word of them.

PYTHONPATH=tests/builders python benchmarks/health_month.py [HOURS] [SEED]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import planted
from simulation import Simulation


def main(hours: int, seed: int) -> None:
    targets = {
        "aws": planted.AWS,
        "google": planted.GOOGLE,
        "github": planted.GITHUB,
        "two": planted.TWO,
    }
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(Path(folder), targets, seed)
        for _ in range(hours):
            simulation.step()
            if simulation.hour % 120 == 0:
                print(simulation.hour, dict(simulation.counts), flush=True)
        state = simulation.world.state.stat().st_size
    print(*simulation.problems, sep="\n")
    simulation.counts.update(dict.fromkeys(("told twice", "invented", "lost", "wrong"), 0))
    print(dict(simulation.counts), f"{state:,} bytes of state, {time.process_time() - began:.0f} s CPU")


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:], *("720", "1")[len(sys.argv) - 1 :])))
