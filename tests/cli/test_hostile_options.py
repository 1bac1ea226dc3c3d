"""Values and files of options that are none: one line on stderr and exit code 2, or a report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clouds.bodies import BODIES
from oidc_doctor.cli.main import main

Write = Callable[..., Path]
NONE = ["nan", "inf", "-inf", "-1", "1e400", "1" + "0" * 400, "9" * 5_000, "", "x", "²", "1_0", "0x10", "\udcff"]
NO_TIME = ["1763200000000", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-13-01", "253402300800"]


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "internal error" not in err
    return err


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--timeout", [*NONE, "0"]),
        ("--max-pages", [*NONE, "0", "1.5"]),
        ("--web", [*NONE, "0", "65536"]),
        ("--at", [*NONE, *NO_TIME]),
        ("--until", [*NONE, *NO_TIME]),
        ("--since", [*NONE[:7], *NONE[8:], *NO_TIME, "9" * 400 + "d", "99999w"]),
    ],
)
def test_a_number_or_time_that_is_none(
    option: str, values: list[str], capsys: pytest.CaptureFixture[str], write_bundle: Write
) -> None:
    folder = str(write_bundle())
    for value in values:
        if value or option not in ("--at", "--until"):  # an empty time is none given
            assert option in complaint(capsys, "--report", "--from", folder, f"{option}={value}"), value


@pytest.mark.parametrize("option", ["--check", "--skip"])
def test_a_pattern_of_checks_longer_than_any_name(
    option: str, capsys: pytest.CaptureFixture[str], write_bundle: Write
) -> None:
    err = complaint(capsys, "--report", "--from", str(write_bundle()), option, "*a" * 101)
    assert f"argument {option}: a pattern of 202 characters; at most 200 are accepted" in err


def test_a_window_that_ends_before_it_begins(capsys: pytest.CaptureFixture[str], write_bundle: Write) -> None:
    window = ["--since", "2026-11-22", "--until", "2026-11-21"]
    assert "before --since" in complaint(capsys, "--report", "--from", str(write_bundle()), *window)


@pytest.mark.parametrize("body", BODIES)
def test_a_clients_configuration_that_cannot_be_read(
    body: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.json").write_bytes(BODIES[body])
    err = complaint(capsys, "--report", "--no-logs", "--credentials", "c.json")
    assert "--credentials" in err
    assert "c.json" in err
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "c.json")
    role = ["--role", "arn:aws:iam::210987654321:role/Weights"]
    # 256 KiB are the limit: the variable names no configuration of a federated client, or a file that is too large
    assert main(["--report", "--dry-run", *role]) in (0, 2)
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("body", [*BODIES, "reads"])
def test_a_manifest_beside_files_of_the_command_line(
    body: str, capsys: pytest.CaptureFixture[str], write_bundle: Write, tmp_path: Path
) -> None:
    folder = write_bundle()
    (folder / "manifest.json").write_bytes(BODIES.get(body, b'{"reads": 5, "collected_at": 1e999}'))
    (tmp_path / "config.yaml").write_text("model_name: x\n")
    code = main(["--report", "--format", "json", "--from", str(folder), "--truss", str(tmp_path / "config.yaml")])
    out, err = capsys.readouterr()
    assert "internal error" not in err
    assert code in (0, 3)
    assert json.loads(out)["exchanges"][0]["prediction"] in ("accepted", "unknown")


@pytest.mark.sweep
@pytest.mark.parametrize("option", ["--token", "--claims", "--compare"])
@pytest.mark.parametrize("body", BODIES)
def test_a_token_that_cannot_be_read(
    body: str, option: str, capsys: pytest.CaptureFixture[str], write_bundle: Write, tmp_path: Path
) -> None:
    (tmp_path / "t").write_bytes(BODIES[body])
    code = main(["--report", "--from", str(write_bundle()), option, str(tmp_path / "t")])
    err = capsys.readouterr().err
    assert "internal error" not in err
    if body == "lone surrogate":  # its one member makes it a role, for a person and for the parser
        assert (code, "is an IAM role, not" in err) == (2, True)
    else:
        assert code in (0, 1, 3)
