"""One interface, same answer: the report of a folder of logs and of the extract of it, which an engine returns."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from pathlib import Path

import pytest
from archives import PLANTS, make_archive

from extracts import (
    Report,
    comparable,
    differences,
    extracts,
    log_records,
    report_of,
    retried,
    source_of,
    thinned,
    whole,
    with_extract,
    with_folder,
)
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import examine, run
from oidc_doctor.examine.question import Question
from oidc_doctor.report.text import render_text

SEEDS = range(20, 20 + int(os.environ.get("ARCHIVE_SEEDS", "2")))  # by hand: hundreds
EVENTS = 200
DAY_AND_A_HALF = 36 * 3600.0
NOON = 1_795_089_600.0  # of the day on which the logs begin


def unlike(folder: Report, extract: Report, *, selective: bool = True) -> list[str]:
    return differences(comparable(folder, selective=selective), comparable(extract, selective=selective))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    make_archive(tmp_path / "folder", 5, plant="aws-mended", events=EVENTS)
    return tmp_path / "folder"


@pytest.mark.parametrize("plant", ["aws-client-id-removed", "aws-edit-not-logged", "gcp-binding-removed"])
def test_the_report_of_an_extract_is_that_of_the_folder(plant: str, tmp_path: Path) -> None:
    make_archive(tmp_path / "folder", 4, plant=plant, events=EVENTS)
    report = report_of(tmp_path / "folder")
    assert report["attempts"]
    assert not unlike(report, report_of(with_extract(tmp_path / "folder", tmp_path / "engine")))
    archive = with_extract(tmp_path / "folder", tmp_path / "archive", header=whole(tmp_path / "folder"))
    assert not unlike(report, report_of(archive), selective=False)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_every_plant_has_the_same_report(plant: str, seed: int, tmp_path: Path) -> None:
    make_archive(tmp_path / "folder", seed, plant=plant, events=EVENTS)
    report = report_of(tmp_path / "folder")
    assert not unlike(report, report_of(with_extract(tmp_path / "folder", tmp_path / "engine")))
    archive = with_extract(tmp_path / "folder", tmp_path / "archive", header=whole(tmp_path / "folder"))
    assert not unlike(report, report_of(archive), selective=False)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("plant", sorted(plant for plant in PLANTS if plant.startswith("aws")))
def test_the_events_of_the_roles_account_suffice(plant: str, seed: int, tmp_path: Path) -> None:
    """A query is restricted to the account where the table is partitioned by it: other accounts decide nothing."""
    make_archive(tmp_path / "folder", seed, plant=plant, events=EVENTS)
    match = re.search(r"::(\d{12}):role", (tmp_path / "folder/oidc-doctor.toml").read_text())
    assert match
    own = [record for record in extracts(tmp_path / "folder") if record["recipientAccountId"] == match[1]]
    reports = [
        report_of(tmp_path / "folder"),
        report_of(with_extract(tmp_path / "folder", tmp_path / "engine", instead=own)),
    ]
    for report in reports:  # what may be missing names the accounts that were read
        report["checks"] = [check for check in report["checks"] if check["name"] != "no-events-found"]
    assert not unlike(*reports)


@pytest.mark.sweep
@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_hot_loops_of_which_few_attempts_are_returned(plant: str, tmp_path: Path) -> None:
    """Counts, first and last times, outages and the shown events are the same; the callers are not all known."""
    folder = tmp_path / "made"
    make_archive(folder, 31, plant=plant, events=EVENTS)
    source = source_of(folder)
    hot = retried(extracts(folder), source, times=45, seconds=0.25, seed=7)
    few = thinned(hot, source, DAY_AND_A_HALF)
    assert len(few) < len(hot)
    reports = [
        report_of(with_folder(folder, tmp_path / "folder", hot)),
        report_of(with_extract(folder, tmp_path / "engine", instead=few)),
    ]
    for report in reports:
        for row in report["attempts"]:
            row["callers"] = []
    assert not unlike(*reports)


@pytest.mark.parametrize(
    "question",
    [
        Question(since=NOON),
        Question(until=NOON),
        Question(since=NOON, until=NOON + 6 * 3600),
        Question(at=NOON),
        Question(since_back=6 * 3600.0),
    ],
    ids=["since", "until", "both", "at", "back"],
)
def test_a_window_has_the_same_report(question: Question, made: Path, tmp_path: Path) -> None:
    extract = with_extract(made, tmp_path / "engine")
    assert not unlike(report_of(made, question), report_of(extract, question))


def test_several_targets_share_an_extract(made: Path, tmp_path: Path) -> None:
    text = (made / "oidc-doctor.toml").read_text()
    other = text.replace('name = "weights"', 'name = "other"').replace(":role/", ":role/Other")
    (made / "oidc-doctor.toml").write_text(text + "\n" + other)
    for target in ("weights", "other"):
        for name in ("role.json", "oidc-provider.json", "oidc-providers.json"):
            if (made / "aws" / name).exists():
                (made / "targets" / target / "aws").mkdir(parents=True, exist_ok=True)
                shutil.copy(made / "aws" / name, made / "targets" / target / "aws" / name)
    for name in ("role.json", "oidc-provider.json", "oidc-providers.json"):
        (made / "aws" / name).unlink(missing_ok=True)
    report = report_of(made)
    assert {"weights", "other"} <= {exchange["target_name"] for exchange in report["exchanges"]}
    assert not unlike(report, report_of(with_extract(made, tmp_path / "engine")))


def test_an_archive_of_a_bundle_has_the_same_report(made: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bundle.tar.gz", "w:gz") as packed:
        packed.add(with_extract(made, tmp_path / "engine"), "bundle")
    assert not unlike(report_of(made), report_of(tmp_path / "bundle.tar.gz"))


def test_the_events_of_every_row_are_those_of_the_log(made: Path, tmp_path: Path) -> None:
    """The screens show the events of a row: of an extract the part that was returned, of a write all of it."""
    logged = {record["eventID"]: record for record in log_records(made)}
    with open_bundle(with_extract(made, tmp_path / "engine")) as bundle:
        examined = examine(bundle, Question())
        assert examined.raw is not None
        for index, row in enumerate(examined.report.attempts):
            events = examined.raw.of_attempt(index, 0, 5, bundle.open)
            assert len(events) == min(5, row.count)
            for _, text in events:
                record = json.loads(text)
                assert record["requestParameters"]["roleArn"] in json.dumps(logged[record["eventID"]])
                assert record["eventTime"] == logged[record["eventID"]]["eventTime"]
        changes = [row["event_id"] for row in examined.report.timeline if row["kind"] == "change"]
        assert changes
        for change in changes:
            ((_, text),) = examined.raw.of_change(change)
            assert json.loads(text) == logged[change]


def test_the_report_says_that_a_log_engine_was_asked(made: Path, tmp_path: Path) -> None:
    engine = with_extract(made, tmp_path / "engine")
    row = next(row for row in report_of(engine)["coverage"] if row["what"] == "aws/cloudtrail")
    assert row["reason"].endswith("a log engine was asked only for the events that a report reads")
    with open_bundle(engine) as bundle:
        text = " ".join(render_text(run(bundle, Question()), width=80, color=False).split())
    assert "UTC, from a log engine that was asked only for these)" in text
    with open_bundle(with_extract(made, tmp_path / "archive", header=whole(made))) as bundle:
        assert "log engine" not in render_text(run(bundle, Question()), width=80, color=False)
