"""`oidc-doctor setup`: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.setup import aws

AWS = ["setup", "aws", "--org", "Hq4Lm8Tz", "--team", "Rw7Cx2Vb", "--account", "210987654321", "--bucket", "weights"]
GOOGLE = [
    *("setup", "gcp", "--org", "Hq4Lm8Tz", "--team", "Rw7Cx2Vb", "--project", "acme-prod"),
    *("--project-number", "482910375566", "--bucket", "weights"),
]


@pytest.mark.parametrize("arguments", [AWS, GOOGLE], ids=["aws", "gcp"])
def test_commands_are_data_and_notes_are_not(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith("(\nset -eu\n")
    assert "config.yaml: auth_method:" in err
    assert main([*arguments, "--format", "terraform"]) == 0
    assert "resource" in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*AWS, "--org", "acme-corp"], "setup aws: --org 'acme-corp': an id has only letters and digits"),
        ([*AWS, "--team", "$(id)"], "--team '$(id)'"),
        ([*AWS, "--model", "*"], "--model '*'"),
        ([*AWS, "--bucket", "we ights"], "--bucket 'we ights'"),
        ([*AWS, "--project", "acme-prod"], "--project: of the other cloud"),
        ([*GOOGLE, "--account", "210987654321"], "--account: of the other cloud"),
        (AWS[:6], "setup aws: --account: missing"),
        (GOOGLE[:6], "--project and --project-number: missing"),
        (["setup", "aws", "--org", "Hq4Lm8Tz"], "--team"),
        (["setup"], "cloud"),
        ([*AWS, "--repository", "ml"], "add --region"),
        ([*AWS, "--max-session-duration", "x"], "--max-session-duration"),
    ],
)
def test_one_clear_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_what_is_judged_as_wrong_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(aws, "subject_patterns", lambda _workload: ["v=1:org=*"])
    assert main(AWS) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert "nothing is printed, since the set-up is judged as wrong" in err


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["setup", "--help"])
    assert ended.value.code == 0
    assert "oidc-doctor setup aws --org" in capsys.readouterr().out


WHOAMI = "Org ID:  Hq4Lm8Tz\nTeams:   Rw7Cx2Vb (Vision), Bb1Cc2Dd (Speech)\nIssuer:  https://oidc.baseten.co\n"


@pytest.mark.parametrize(
    ("org", "team", "said"),
    [
        ("Hq4Lm8Tz", "Rw7Cx2Vb", ""),
        ("Rw7Cx2Vb", "Hq4Lm8Tz", "the two are swapped"),
        ("Hq4Lm8Tz", "Vision", "it is a team's name; the team's id is Rw7Cx2Vb"),
        ("Zz9yXx8w", "Rw7Cx2Vb", "truss whoami names the org Hq4Lm8Tz"),
        ("Hq4Lm8Tz", "Zz9yXx8w", "truss whoami names Rw7Cx2Vb and Bb1Cc2Dd"),
    ],
)
def test_the_ids_are_held_against_whoami(
    org: str, team: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "whoami.txt").write_text(WHOAMI)
    assert main([*AWS, "--org", org, "--team", team, "--whoami", str(tmp_path / "whoami.txt")]) == (2 if said else 0)
    out, err = capsys.readouterr()
    assert said in err
    assert bool(out) is not bool(said)


@pytest.mark.parametrize("text", ["", "Teams: a\n", '{"org_id": '])
def test_a_file_that_has_no_ids(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "whoami.txt").write_text(text)
    assert main([*AWS, "--whoami", str(tmp_path / "whoami.txt")]) == 2
    assert main([*AWS, "--whoami", str(tmp_path / "none.txt")]) == 2
    assert "internal error" not in capsys.readouterr().err
