"""`oidc-doctor health` as cron calls it: its lines, its files, its exit codes, and state that cannot be used."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from pathlib import Path

import pytest

from month import World
from oidc_doctor.cli.main import main
from oidc_doctor.health import state as states

SUPPRESSED = (
    '[[target]]\nname = "a"\nfrom = "aws"\n[[suppress]]\n'
    'code = "AWS999"\nresource = "x"\nreason = "x"\nowner = "x"\nuntil = 2027-01-31\n'
)
BAD = "v=1:org=Org8Kd2P:team=Tm5Rx9Ws:model=mWq41ZpK:*:environment=production:type=model_container"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return World(tmp_path, {"aws": "healthy-aws"})


def break_trust(world: World) -> None:
    def change(role: dict[str, dict[str, dict[str, list[dict[str, dict[str, dict[str, str]]]]]]]) -> None:
        statement = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
        statement["Condition"]["StringLike"]["oidc.baseten.co:sub"] = BAD

    world.edit("aws/aws/role.json", change)


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["health", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_baseline_then_quiet_then_news_then_quiet(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys)
    assert (code, err) == (0, "")
    assert "first run, the baseline" in out
    assert "1 target healthy" in out
    code, out, err = ran(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("✓ 1 target healthy; nothing changed since ")
    assert out.count("\n") == 1
    break_trust(world)
    code, out, err = ran(capsys)
    assert (code, err) == (1, "")
    assert "aws: failing; it was healthy" in out
    assert "new        AWS025" in out
    assert "expects another team" in out
    code, out, err = ran(capsys)
    assert (code, err) == (1, "")
    assert out.startswith("✗ 1 target: 1 failing (aws")
    assert out.count("\n") <= 2
    assert ran(capsys, "-q") == (1, "", "")
    code, out, _ = ran(capsys, "-v")
    assert "continuing AWS025" in out


def test_state_of_a_file_has_a_place_of_its_own(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys)
    (folder,) = (world.folder / "home" / "oidc-doctor").glob("health-*.json")
    assert folder.stat().st_mode & 0o777 == 0o600
    ran(capsys, "--state", str(world.state))
    assert world.state.exists()
    assert "first run" in ran(capsys, "--state", "another/place.json")[1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ('{"schema": "oidc-doctor.health-state/2"}', "written by a newer oidc-doctor"),
        ('{"schema": "other"}', "not a state of health checks"),
        ('{"schema": "oidc-doctor.health-state/1", "targets": 3}', "damaged"),
        ("\udcff", "damaged"),
    ],
)
def test_state_that_cannot_be_used_is_never_replaced(
    world: World, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    data = content.encode("utf-8", "surrogateescape")
    world.state.write_bytes(data)
    code, out, err = ran(capsys, "--state", str(world.state))
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert world.state.read_bytes() == data


def test_members_of_a_later_minor_version_are_no_obstacle(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, "--state", str(world.state))
    value = json.loads(world.state.read_text())
    value["colour"] = value["targets"]["aws"]["colour"] = "blue"
    world.state.write_text(json.dumps(value))
    assert "nothing changed" in ran(capsys, "--state", str(world.state))[1]


def test_a_link_in_the_place_of_the_state_is_replaced_itself(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, "--state", "real.json")
    kept = (world.folder / "real.json").read_bytes()
    world.state.symlink_to("real.json")
    break_trust(world)
    assert ran(capsys, "--state", str(world.state))[0] == 1
    assert (world.folder / "real.json").read_bytes() == kept
    assert not world.state.is_symlink()
    (world.folder / "victim").write_text("mine")
    (world.folder / "other.json.lock").symlink_to("victim")
    code, _, err = ran(capsys, "--state", "other.json")
    assert code == 2
    assert "a link" in err
    assert (world.folder / "victim").read_text() == "mine"


def test_a_full_disk_loses_neither_the_report_nor_the_change(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(capsys, "--state", str(world.state))
    break_trust(world)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("oidc_doctor.files.replace", full)
        code, out, err = ran(capsys, "--state", str(world.state))
    assert code == 2
    assert "new        AWS025" in out
    assert "No space left on device" in err
    assert "new        AWS025" in ran(capsys, "--state", str(world.state))[1], "it was not recorded as reported"


def test_output_that_cannot_be_written_is_reported_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys)
    break_trust(world)
    (world.folder / "report.txt").write_text("an older report")
    assert ran(capsys, "-o", "report.txt")[0] == 2
    assert ran(capsys, "-o", "report.txt", "--force")[0] == 1
    assert "new        AWS025" in (world.folder / "report.txt").read_text()
    assert ran(capsys, "-o", "other.txt", "-o", "-")[1].startswith("✗ 1 target")
    assert (world.folder / "other.txt").read_text().startswith("✗ 1 target")


def test_a_second_run_waits_and_then_says_why_it_does_not(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ran(capsys, "--state", str(world.state))
    with states.locked(str(world.state), 0):
        outcome: list[tuple[int, str, str]] = []
        waiting = threading.Thread(
            target=lambda: outcome.append(ran(capsys, "--state", str(world.state), "--lock-timeout", "0.2"))
        )
        waiting.start()
        waiting.join()
    ((code, out, err),) = outcome
    assert (code, out) == (2, "")
    assert "another health run has used it for" in err
    assert ran(capsys, "--state", str(world.state))[0] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no [[target]]"),
        ('[[target]]\nname = "a"\n', "neither `from`, nor [target.aws], nor [target.gcp]"),
        ('[[target]]\nname = "a b"\n[target.aws]\nrole_arn = "x"\n', "only letters, digits"),
        ('[[target]]\nname = "a"\nfrom = "../elsewhere"\n', "outside this folder"),
        ('[[target]]\nname = "a"\nfrom = "aws"\n[[notify]]\nurl = "https://x"\n', "add -c oidc-doctor.toml"),
        (
            SUPPRESSED,
            "no check has the code AWS999",
        ),
        ('[[target]]\nname = "a"\nfrom = "aws"\n[[suppress]]\ncode = "AWS025"\n', "resource is missing"),
        ("[[target", "not TOML"),
    ],
)
def test_a_file_with_a_mistake_is_a_usage_error(
    world: World, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    world.write("oidc-doctor.toml", text)
    code, out, err = ran(capsys)
    assert (code, out) == (2, "")
    assert words in err
    assert "oidc-doctor.toml" in err


def test_no_file_or_one_elsewhere_behind_a_link(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = world.folder / "oidc-doctor.toml"
    path.rename(world.folder / "aws" / "mine.toml")
    code, _, err = ran(capsys)
    assert code == 2
    assert "-c FILE" in err
    path.symlink_to("aws/mine.toml")
    assert "a link" in ran(capsys)[2]
    assert ran(capsys, "-c", "missing.toml")[0] == 2


def test_a_file_that_is_a_fifo_does_not_keep_the_run_waiting(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = world.folder / "oidc-doctor.toml"
    path.unlink()
    os.mkfifo(path)
    signal.alarm(30)
    try:
        assert ran(capsys)[0] == ran(capsys, "--notify-test")[0] == 2
    finally:
        signal.alarm(0)


def test_paths_count_from_the_file(world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    os.chdir("/")
    assert ran(capsys, "-c", str(world.folder / "oidc-doctor.toml"))[0] == 0


def test_a_misspelled_key_is_named_with_the_mistake_that_it_causes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    (world.folder / "oidc-doctor.toml").write_text('[[target]]\nname = "a"\nform = "aws"\n')
    code, _, err = ran(capsys)
    assert code == 2
    assert "oidc-doctor.toml: line 3: unknown key form; did you mean from?" in err
    assert "neither `from`" in err


def test_a_suppression_that_hides_nothing_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    break_trust(world)
    with (world.folder / "oidc-doctor.toml").open("a") as file:
        file.write(SUPPRESSED.partition('from = "aws"\n')[2].replace("AWS999", "AWS025"))
    _, out, _ = ran(capsys, "-v")
    assert "the suppression of AWS025 of x matches no finding" in out
    assert "resource  arn:aws:iam::111122223333:role/" in out


def test_a_line_of_a_log_is_one_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    break_trust(world)
    text = (world.folder / "oidc-doctor.toml").read_text().replace('name = "aws"', f'name = "{"n" * 55}"')
    (world.folder / "oidc-doctor.toml").write_text(text)
    ran(capsys)
    _, out, _ = ran(capsys)
    assert out.count("\n") == 1
    assert "nothing changed since" in out
