"""Places of logs that cannot be read: what a report, a quiet one and a capture say, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clouds.aws import Cloud
from clouds.command_line import FinishedRun
from oidc_doctor.cli.main import main
from oidc_doctor.live.collect import CallError, Collector, Reader, collect

BUNDLE = Path("sample_logs/healthy-aws").resolve()
MESSAGE = "athena:logs.none was not read: the catalog has no table logs.none in us-east-1"


@pytest.mark.parametrize("options", [["--report", "-q"], ["capture", "-o", "copy"]])
def test_a_place_that_was_not_read_is_named(
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: list[str],
) -> None:
    assert cloud.url
    monkeypatch.chdir(tmp_path)
    place = ["--cloudtrail", "athena:logs.none", "--athena-output", "s3://results", "--region", "us-east-1"]
    assert main([*options, "--from", str(BUNDLE), *place]) == 3
    assert MESSAGE in capsys.readouterr().err


def test_a_report_names_the_place(cloud: Cloud, doctor: Callable[..., FinishedRun]) -> None:
    assert cloud.url
    place = ["--cloudtrail", "athena:logs.none", "--athena-output", "s3://results", "--region", "us-east-1"]
    done = doctor("--from", BUNDLE, *place)
    assert any(MESSAGE in warning for warning in done.report["warnings"])


def test_without_credentials_the_next_step_is_a_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    assert main(["--report", "--cloudtrail", "athena:logs.none", "--region", "us-east-1"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any("nothing could be read" in line for line in lines)
    assert lines[-1].strip() == "aws configure sso"


def reader_of(place: str, failure: CallError | None = None) -> Reader:
    path = "aws/cloudtrail/athena-1.extract.jsonl.gz"

    def read(collector: Collector) -> None:
        if failure is not None:
            raise failure
        collector.keep(path, place.encode())
        collector.record(path, "athena:StartQueryExecution", "ok")

    return Reader("logs", path, "athena:StartQueryExecution", read, named=place)


def test_a_new_read_of_a_place_takes_the_file_of_the_former() -> None:
    once = collect([reader_of("athena:logs.one")]).bundle
    again = collect([reader_of("athena:logs.one")], base=once)
    path = "aws/cloudtrail/athena-1.extract.jsonl.gz"
    assert again.warnings == (f"{path} of the bundle, an earlier read of athena:logs.one, is left out",)
    assert [name for name in again.bundle.names() if "athena" in name] == [path]


def test_another_place_has_a_file_beside_that_of_the_bundle() -> None:
    once = collect([reader_of("athena:logs.one")]).bundle
    again = collect([reader_of("athena:logs.other")], base=once)
    assert again.warnings == ()
    files = {name: again.bundle.read(name) for name in again.bundle.names() if "athena" in name}
    assert files == {
        "aws/cloudtrail/athena-1.extract.jsonl.gz": b"athena:logs.one",
        "aws/cloudtrail/athena-1-2.extract.jsonl.gz": b"athena:logs.other",
    }


def test_the_log_of_the_bundle_is_not_the_answer_of_another_place() -> None:
    once = collect([reader_of("athena:logs.one")]).bundle
    failing = reader_of("athena:logs.none", CallError("failed", "EntityNotFoundException", "no table"))
    again = collect([failing], base=once)
    entries = {entry["path"]: entry for entry in json.loads(again.bundle.read("manifest.json"))["reads"]}
    assert entries["aws/cloudtrail/athena-1.extract.jsonl.gz"]["place"] == "athena:logs.one"
    assert entries["aws/cloudtrail/athena-1-2.extract.jsonl.gz"]["outcome"] == "failed"
    assert again.bundle.named == {"aws/cloudtrail/athena-1-2.extract.jsonl.gz"}
