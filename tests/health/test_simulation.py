"""Simulated days of hourly runs: every planted change is reported once, none is invented, none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from planted import AWS, GITHUB, GOOGLE, TEAM, TWO, Planted
from simulation import Simulation

_WORLDS = ({"aws": AWS, "google": GOOGLE}, {"github": GITHUB, "two": TWO}, {"team": TEAM, "google": GOOGLE})


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(14))
def test_what_runs_report_is_what_was_planted(tmp_path: Path, seed: int) -> None:
    targets: dict[str, Planted] = _WORLDS[(seed + seed // 7) % 3]
    simulation = Simulation(tmp_path, targets, seed)
    for _ in range(15):
        simulation.step()
        assert not simulation.problems, "\n".join([*simulation.log, *simulation.problems])
    assert simulation.counts["told once"], "the seed plants something"
