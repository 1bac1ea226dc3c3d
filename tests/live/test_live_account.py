"""--account and capture live: every role of an AWS on this machine, and a run as a bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oidc_doctor.cli.main import main

if TYPE_CHECKING:
    import pytest

    from clouds.aws import Cloud
    from clouds.aws_set_up import AwsSetUp
    from clouds.command_line import FinishedRun


def claims_file(folder: Path, made: AwsSetUp) -> Path:
    place = folder / "claims.json"
    place.write_text(json.dumps({"iss": made.issuer, "sub": "job:blue:7", "aud": "sts.amazonaws.com"}))
    return place


def test_which_roles_of_the_account_take_a_token(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    done = doctor("--live", "--account", "--claims", claims_file(tmp_path, made), "--private-issuer", "--no-logs")
    account = done.report["account"]
    assert [row["resource"] for row in account if row["prediction"] == "accepted"] == [made.role]
    assert (done.code, done.report["verdict"]) == (0, "healthy")
    assert cloud.calls["iam:ListRoles"] >= 1
    assert not cloud.calls["iam:GetRole"]


def test_the_list_needs_a_permission_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "aws"]) == 0
    assert "iam:ListRoles" not in capfd.readouterr().out
    assert main(["permissions", "aws", "--account"]) == 0
    assert "iam:ListRoles" in capfd.readouterr().out


def test_a_live_run_is_captured_and_gives_the_same_report(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = set_up(pattern="job:green:*", rich=True)
    copy = tmp_path / "copy.tar.gz"
    live = ["--role", made.role, "--claims", str(claims_file(tmp_path, made)), "--private-issuer", "-q"]

    def causes(*arguments: str) -> Any:
        main(["--report", "--format", "json", *arguments])
        value = json.loads(capfd.readouterr().out)
        return [(one["code"], one["confidence"], one["step"]) for one in value["causes"]], value["verdict"]

    expected = causes(*live)
    assert main(["capture", "-o", str(copy), *live]) == 0
    assert causes("--from", str(copy)) == expected
    assert expected[1] == "refused"
    with_names = tmp_path / "names"
    assert main(["capture", "-o", str(with_names), "--no-redact", *live]) == 0
    manifest = json.loads((with_names / "manifest.json").read_text())
    assert {one["path"] for one in manifest["reads"]} >= {"aws/role.json", "issuer/jwks.json"}


def test_several_targets_are_captured_with_the_token_of_the_command_line(
    cloud: Cloud, set_up: Callable[..., AwsSetUp], doctor: Callable[..., FinishedRun], tmp_path: Path
) -> None:
    made = set_up()
    tables = [f'[[target]]\nname = "{name}"\n[target.aws]\nrole_arn = "{made.role}{end}"\n'
              for name, end in (("one", ""), ("two", "z"))]  # fmt: skip
    (tmp_path / "here" / "oidc-doctor.toml").write_text("".join(tables))
    copy = tmp_path / "copy"
    given = ["--claims", claims_file(tmp_path, made), "--error", "AccessDenied"]
    done = doctor("capture", "-o", copy, "--live", "--private-issuer", "--no-logs", *given, report=False)
    assert done.code == 0, done.err
    assert "yields the same causes" in done.err
    assert len(list(copy.glob("targets/*/claims.json"))) == 2
    assert not (copy / "claims.json").exists()
