"""Archives with one planted change: that one is named, and nothing is blamed where there was none.

`archives.py` knows what happened; what the report says is compared with it, through the whole command path.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from archives import PLANTS, Planted, make_archive

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.report.json import to_json

pytestmark = pytest.mark.sweep

SEEDS = range(int(os.environ.get("ARCHIVE_SEEDS", "2")))  # by hand: hundreds
EVENTS = 400

TOKENS = sorted(plant for plant in PLANTS if plant.endswith(("subject-format", "new-environment")))
STEADY = sorted(plant for plant in PLANTS if plant.endswith(("healthy", "all-along", "not-logged")))
BLAMED = sorted(PLANTS.keys() - {*TOKENS, *STEADY})


def told(planted: Planted) -> dict[str, Any]:
    """The JSON report of the archive, which rests on every record."""
    with open_bundle(planted.bundle) as bundle:
        value = json.loads(json.dumps(to_json(run(bundle, Question()))))
    assert isinstance(value, dict)
    assert not [row for row in value["checks"] if row["status"] == "broken"]
    where = "aws/cloudtrail" if planted.cloud == "aws" else "gcp/logs"
    row = next(row for row in value["coverage"] if row["what"] == where)
    assert (row["status"], row["count"]) == ("read", planted.events)
    assert planted.files > 5
    return value


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def matching(report: dict[str, Any], planted: Planted) -> dict[str, Any]:
    """The first cause of the planted status and one of its names."""
    causes = report["causes"]
    assert causes, (planted.plant, planted.seed, "no causes")
    if planted.status == "active":
        first = causes[0]
    else:
        past = [cause for cause in causes if cause["status"] == "past"]
        assert past, (planted.plant, planted.seed, "no past cause")
        assert all(cause["status"] == "past" for cause in causes), "the outage is over, and nothing else is wrong"
        first = past[0]
    assert first["name"] in planted.causes
    assert first["status"] == planted.status
    assert isinstance(first, dict)
    return first


def blames(report: dict[str, Any], planted: Planted) -> None:
    """No cause blames what was harmless."""
    for cause in report["causes"]:
        change = cause["change"]
        blamed = change and change["event_id"]
        assert blamed not in planted.innocent, planted.innocent[blamed]
        assert blamed is None or blamed in planted.blamed


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plant", BLAMED)
def test_the_planted_change_is_named(plant: str, seed: int, tmp_path: Path) -> None:
    planted = make_archive(tmp_path / "bundle", seed, plant=plant, events=EVENTS)
    report = told(planted)
    blames(report, planted)
    cause = matching(report, planted)
    assert cause["change"], "the logs hold the change"
    assert cause["change"]["event_id"] in planted.blamed
    assert planted.by in cause["change"]["by"]
    assert cause["change"]["what"]
    assert not cause["token_change"]
    assert cause["since_basis"] == planted.basis
    assert planted.since[0] <= seconds(cause["since"]) <= planted.since[1]
    if planted.until is None:
        assert cause["until"] is None
    else:
        assert planted.until[0] - 1 <= seconds(cause["until"]) <= planted.until[1] + 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plant", TOKENS)
def test_tokens_that_changed(plant: str, seed: int, tmp_path: Path) -> None:
    planted = make_archive(tmp_path / "bundle", seed, plant=plant, events=EVENTS)
    report = told(planted)
    cause = matching(report, planted)
    assert all(cause["change"] is None for cause in report["causes"])
    assert cause["token_change"]
    assert planted.since[0] <= seconds(cause["since"]) <= planted.since[1]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plant", STEADY)
def test_nothing_is_blamed_where_nothing_changed(plant: str, seed: int, tmp_path: Path) -> None:
    planted = make_archive(tmp_path / "bundle", seed, plant=plant, events=EVENTS)
    report = told(planted)
    assert all(cause["change"] is None and not cause["token_change"] for cause in report["causes"])
    if planted.causes:
        cause = matching(report, planted)
        assert cause["since_basis"] == planted.basis
        assert planted.since[0] <= seconds(cause["since"]) <= planted.since[1]
    else:
        assert not report["causes"]
        assert report["verdict"] != "refused"


@pytest.mark.parametrize("plant", ["aws-subject-mistyped", "aws-deny-added", "gcp-condition-tightened"])
@pytest.mark.parametrize("seed", range(5))
def test_clocks_that_differ_by_seconds(plant: str, seed: int, tmp_path: Path) -> None:
    """The first refusal is stamped before the change that made it."""
    planted = make_archive(tmp_path / "bundle", seed, plant=plant, events=EVENTS, skew=3)
    report = told(planted)
    blames(report, planted)
    change = matching(report, planted)["change"]
    assert change
    assert change["event_id"] in planted.blamed


def test_the_same_seed_gives_the_same_archive(tmp_path: Path) -> None:
    made = []
    for name, jobs in (("one", 1), ("two", 2)):
        make_archive(tmp_path / name, 5, plant="aws-mended", events=EVENTS, jobs=jobs)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append([(path.relative_to(tmp_path / name).as_posix(), path.read_bytes()) for path in files])
    assert made[0] == made[1]
