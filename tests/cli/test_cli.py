"""The command line: exit codes, what goes to stdout and what to stderr, and no traceback whatever the user types."""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.command_line import FinishedRun
from oidc_doctor import __version__
from oidc_doctor.cli import main
from oidc_doctor.examine import examine
from oidc_doctor.findings import packs
from oidc_doctor.model.kinds import Kind

Write = Callable[..., Path]
CSI = re.compile("\x1b\\[[0-9;]*m")
REFUSED = {"subject": "job:green:7"}


class Run:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str | Path) -> FinishedRun:
        self.capsys.readouterr()
        try:
            code = main.main([str(one) for one in arguments])
        except SystemExit as end:  # argparse, after --help and --version
            code = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return FinishedRun(code, out, err)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return Run(capsys)


def complaint(done: FinishedRun) -> str:
    """The one line of a usage error, before the examples that may follow it."""
    assert done.code == 2, done
    assert done.out == ""
    assert done.err.startswith("oidc-doctor: ")
    assert done.err.endswith("\n")
    line, *examples = done.err.splitlines()
    assert len(examples) <= 3
    assert all(example.startswith("  oidc-doctor ") for example in examples)
    assert "Traceback" not in done.err
    return line


# Usage


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "--help"),
        ("--nonsense", "--nonsense"),
        ("--rep", "--rep"),  # no abbreviations: a later option must not change what a script means
        ("stray", "stray: no such file or folder"),
        ("Explain AWS025", "did you mean oidc-doctor explain?"),
        ("permission aws", "did you mean oidc-doctor permissions?"),
        ("empty", "empty: the folder is empty"),
        ("--report", "nothing to examine"),
        ("--report --from nowhere", "nowhere: no such file"),
        ("--report --from empty", "empty"),
        ("--report --from broken.zip", "broken.zip: not a zip archive"),
        ("--report --from broken.tar.gz", "broken.tar.gz"),
        ("--report --from bytes.bin", "bytes.bin"),
        ("--report --subject s --format xml", "xml"),
        ("--report --subject s --fail-on always", "always"),
        ("--report --subject s --since yesterday", "--since yesterday"),
        ("--report --subject s --since 24x", "--since 24x"),
        ("--report --subject s --until tomorrow", "--until tomorrow"),
        ("--report --subject s --at noon", "--at noon"),
        ("--report --subject s --at 2026-13-01", "--at 2026-13-01"),
        ("--report --token nowhere.jwt", "--token nowhere.jwt: No such file"),
        ("--report --token empty", "--token: empty is a bundle, not a token"),
        ("--report --claims nowhere.json", "--claims nowhere.json: No such file"),
        ("--report --cloudtrail nowhere", "--cloudtrail nowhere"),
        ("--report --gcp-logs nowhere", "--gcp-logs nowhere"),
        ("-o nowhere/report.txt --subject s", "-o nowhere/report.txt: no such folder: nowhere"),
        ("-o empty --subject s", "-o empty: a folder"),
        ("-o report.pdf --subject s", "-o report.pdf: no format has this ending; use one of .txt, .md, .json,"),
        ("--report=report.txt --subject s", "--report takes no file: use -o FILE"),
        ("--report report.txt", "no such file or folder (to write the report to it: -o report.txt)"),
        ("--demo nosuch", "healthy-aws"),
        ("--demo ../sample_logs/healthy-aws", "no such scenario"),
        ("--report --since 5x", "--since 5x: not a time; use 24h, 7d, 2026-"),
        ("--report --subject=", "--subject: the value is empty; a variable may be unset"),
        ("--demo aws-wrong-tem", "no such scenario; did you mean aws-wrong-team?"),
        ("--demo --from empty", "--demo has evidence of its own: leave out empty"),
        ("explain", "explain: missing CODE (for example AWS025), or use --all"),
        ("explain AWS999", "AWS999: no such check"),
        ("explain AWS021 AWS999", "AWS999: no such check"),
        ("--rol x", "--rol: no such option; did you mean --role?"),
        ("--arn x", "did you mean --role?"),
        ("-role x", "-role: no such option; did you mean --role?"),
        ("-output report.md", "did you mean --output?"),
        ("--json", "did you mean --format json?"),
        ("--qqqqqq", "--qqqqqq: no such option; oidc-doctor --help-all lists all options"),
        ("help", "did you mean oidc-doctor --help?"),
        ("version", "did you mean oidc-doctor --version?"),
        ("diagnose x", "did you mean oidc-doctor --report THING…?"),
        ("capture --outptu x", "capture: --outptu: no such option; did you mean --output?"),
        ("Not authorized to perform sts:AssumeRoleWithWebIdentity", "put an error text in quotation marks"),
    ],
)
def test_usage(arguments: str, says: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name in ("broken.zip", "broken.tar.gz"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / "bytes.bin").write_bytes(b"\xff\xfe\x00\x01")
    assert says in complaint(run(*arguments.split()))


def test_a_complaint_has_no_control_characters(run: Run) -> None:
    assert "\x1b" not in complaint(run("--report", "--from", "\x1b[2J\nno such"))


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_token(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "token.jwt"
    path.write_text("x", encoding="utf-8")
    path.chmod(0)
    assert "Permission denied" in complaint(run("--report", "--token", path))


def test_version(run: Run) -> None:
    assert run("--version") == FinishedRun(0, f"oidc-doctor {__version__}\n", "")


@pytest.mark.parametrize("command", [[], ["capture"], ["explain"], ["permissions"]], ids=" ".join)
def test_help_has_a_line_for_every_option(command: list[str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    parsers: list[argparse.ArgumentParser] = []
    write = argparse.ArgumentParser.print_help

    def print_help(parser: argparse.ArgumentParser, file: Any = None) -> None:
        parsers.append(parser)
        write(parser, file)

    monkeypatch.setattr(argparse.ArgumentParser, "print_help", print_help)
    done = run(*command, "--help" if command else "--help-all")
    assert (done.code, done.err) == (0, "")
    (parser,) = parsers
    shown = [action for action in parser._actions if action.help is not argparse.SUPPRESS]
    assert all(action.help for action in shown)
    former = [action for action in parser._actions if action not in shown]
    assert {action.dest for action in former} <= {action.dest for action in shown}  # other names of what is shown
    listed = re.findall(r"^  (?:-\w(?: [A-Z]+)?, )?(--[a-z-]+)", done.out, re.MULTILINE)
    options = [name for action in shown for name in action.option_strings if name.startswith("--")]
    assert sorted(listed) == sorted(options)
    assert len(set(options)) == len(options)
    assert max(map(len, done.out.splitlines())) <= 100


REPORT_ONLY = ["--report", "--format json", "--web", "--dry-run", "--compare x", "--list-checks", "--check AWS*",
               "--skip AWS*", "--fail-on never", "--version"]  # fmt: skip


@pytest.mark.parametrize("option", REPORT_ONLY)
def test_capture_refuses_options_that_it_would_ignore(option: str, run: Run, tmp_path: Path) -> None:
    done = run("capture", "-o", tmp_path / "copy", "--from", tmp_path, *option.split())
    assert complaint(done).startswith(f"oidc-doctor: capture: {option.split(maxsplit=1)[0]}: no such option")
    assert not (tmp_path / "copy").exists()
    help_text = run("capture", "--help")
    assert help_text.code == 0
    assert not re.search(rf"^ +{option.split(maxsplit=1)[0]}\b", help_text.out, re.MULTILINE)


def test_a_renamed_option_keeps_its_old_name(run: Run) -> None:
    for command in ([], ["capture"], ["permissions"]):
        shown = run(*command, "--help" if command else "--help-all").out
        assert "--cross-check" in shown
        assert "--oracles" not in shown
    new, old = (run("permissions", "aws", option) for option in ("--cross-check", "--oracles"))
    assert new == old
    assert len(new.out) > len(run("permissions", "aws").out)


# Exit codes


def test_accepted_is_0(run: Run, write_bundle: Write) -> None:
    done = run("--report", "--from", write_bundle())
    assert done.code == 0
    assert "accepts" in done.out
    assert done.err == ""


def test_refused_is_1(run: Run, write_bundle: Write) -> None:
    done = run("--report", "--from", write_bundle(**REFUSED))
    assert done.code == 1
    assert "AWS025" in done.out
    assert done.err == ""


def test_unknown_is_3(run: Run, write_bundle: Write) -> None:
    assert run("--report", "--from", write_bundle(without="aws/oidc-provider.json")).code == 3


def test_named_evidence_that_cannot_be_read_is_3(run: Run, write_bundle: Write, tmp_path: Path) -> None:
    folder = write_bundle()
    (tmp_path / "trail.json").write_text("no JSON", encoding="utf-8")
    done = run("--report", "--from", folder, "--cloudtrail", tmp_path / "trail.json")
    assert done.code == 3
    assert "trail.json" in done.out


def test_a_broken_check_is_4(run: Run, write_bundle: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(refusal: object) -> object:
        message = "a fault of ours"
        raise RuntimeError(message)

    pack = [
        check._replace(function=broken) if check.kind is Kind.SUBJECT_SEGMENT_DIFFERS else check
        for check in packs.all_checks()
    ]
    monkeypatch.setattr(packs, "all_checks", lambda: tuple(pack))
    folder = write_bundle(**REFUSED)
    done = run("--report", "--from", folder, "--format", "json")
    assert done.code == done.report["exit_code"] == 4
    assert done.report["verdict"] == "broken"
    assert [row["code"] for row in done.report["checks"] if row["status"] == "broken"] == ["AWS025"]
    done = run("--report", "--from", folder)
    assert "a fault of ours" not in done.out
    assert "Traceback" not in done.out + done.err


def test_an_empty_pack_is_4(run: Run, write_bundle: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty() -> object:
        message = "no checks were loaded"
        raise packs.PackError(message)

    monkeypatch.setattr(packs, "all_checks", empty)
    done = run("--report", "--from", write_bundle())
    assert (done.code, done.out) == (4, "")
    assert done.err == "oidc-doctor: no checks were loaded\n"


def test_interrupted_is_130(run: Run, write_bundle: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(examine, "run", interrupted)
    assert run("--report", "--from", write_bundle()) == FinishedRun(130, "", "oidc-doctor: interrupted\n")


@pytest.mark.parametrize("how", ["text", "markdown", "json"])
def test_every_format_has_the_same_exit_code(how: str, run: Run, write_bundle: Write) -> None:
    assert run("--report", "--from", write_bundle(**REFUSED), "--format", how).code == 1


@pytest.mark.parametrize(
    ("what", "fail_on", "code"),
    [
        (REFUSED, "blocks", 1),
        (REFUSED, "weakens", 1),
        (REFUSED, "never", 0),
        ({"pattern": None}, "blocks", 0),
        ({"pattern": None}, "weakens", 1),
        ({"pattern": None}, "never", 0),
    ],
)
def test_fail_on(what: dict[str, Any], fail_on: str, code: int, run: Run, write_bundle: Write) -> None:
    assert run("--report", "--from", write_bundle(**what), "--fail-on", fail_on).code == code


# stdout is data


@pytest.mark.parametrize(
    ("what", "code", "verdict"),
    [({}, 0, "healthy"), (REFUSED, 1, "refused"), ({"without": "aws/oidc-provider.json"}, 3, "unknown")],
)
def test_json(what: dict[str, Any], code: int, verdict: str, run: Run, write_bundle: Write) -> None:
    done = run("--report", "--from", write_bundle(**what), "--format", "json")
    report = done.report
    assert done.code == report["exit_code"] == code
    assert report["verdict"] == verdict
    assert report["schema"] == "oidc-doctor.report/1"
    assert report["tool"] == {"name": "oidc-doctor", "version": __version__}


def test_report_file(run: Run, write_bundle: Write, tmp_path: Path) -> None:
    folder, path = write_bundle(**REFUSED), tmp_path / "report.txt"
    shown = run("--report", "--from", folder)
    done = run("--report", "-o", path, "--from", folder)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"report written to {path}\n"
    written, _, command = path.read_text(encoding="utf-8").partition("\n  Command ")
    assert written == shown.out.partition("\n  Command ")[0]
    assert f"-o {path}" in " ".join(command.replace("\\\n", " ").split())  # the command may go over lines
    assert run("-o", path, "--from", folder, "-q").code == 2
    again = run("-o", path, "--from", folder, "-q", "--force")
    assert (again.code, again.err) == (1, "")
    assert len(path.read_text(encoding="utf-8")) < len(shown.out)


def test_a_file_has_no_colours(run: Run, write_bundle: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    run("-o", tmp_path / "report.txt", "--from", write_bundle(**REFUSED))
    assert "\x1b" not in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_colours(run: Run, write_bundle: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_bundle(**REFUSED)
    plain = run("--report", "--from", folder).out
    assert "\x1b" not in plain
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("--report", "--from", folder).out
    assert CSI.search(coloured)
    assert CSI.sub("", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("--report", "--from", folder).out == plain
    monkeypatch.setenv("NO_COLOR", "")  # no-color.org: an empty value says nothing
    assert run("--report", "--from", folder).out == coloured


def test_colours_change_no_data(run: Run, write_bundle: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    folder = write_bundle(**REFUSED)
    for how in ("json", "markdown"):
        assert "\x1b" not in run("--report", "--from", folder, "--format", how).out


def test_quiet_and_verbose_say_the_same(run: Run, write_bundle: Write) -> None:
    folder = write_bundle(**REFUSED)
    sizes = []
    for option in (["-q"], [], ["-v"]):
        done = run("--report", "--from", folder, *option)
        assert done.code == 1
        assert "the trust policy expects another" in done.out
        sizes.append(len(done.out))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [("--list-checks", 0), ("explain --all", 0), ("explain AWS021", 0), ("--demo", 1), ("--help", 0)],
)
def test_a_reader_that_has_gone_changes_nothing(arguments: str, code: int, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-m", "oidc_doctor", *arguments.split()]
        buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=buffered, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (code, b"")


# Evidence


def test_a_subject_alone(run: Run) -> None:
    done = run("--report", "--subject", "v=1:org=a:team=b:model=c:deployment=d:environment=e:type=model_build")
    assert done.code == 3
    assert "Traceback" not in done.err


@pytest.mark.parametrize(("team", "code"), [("Tq7LmZ2x", 0), ("Tq7LmZ2y", 1)])
def test_a_subject_in_place_of_the_token(team: str, code: int, run: Run, write_bundle: Write) -> None:
    scope = "v=1:org=Org8Kd2P:team="
    baseten = {"issuer": "oidc.baseten.co", "audience": "oidc.baseten.co", "pattern": f"{scope}Tq7LmZ2x:*"}
    folder = write_bundle(without="claims.json", **baseten)
    subject = f"{scope}{team}:model=m:deployment=d:environment=production:type=model_container"
    assert run("--report", "--from", folder, "--subject", subject).code == code


def test_a_token_from_stdin(run: Run, write_bundle: Write, tmp_path: Path) -> None:
    folder = write_bundle(without="claims.json")
    claims = {"iss": "https://oidc.example.com", "sub": "job:green:7", "aud": "sts.amazonaws.com"}
    command = [sys.executable, "-m", "oidc_doctor", "--report", "--from", str(folder), "--claims", "-"]
    done = subprocess.run(
        command, input=json.dumps(claims), capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "green" in done.stdout


def test_the_raw_token_is_never_shown(run: Run, write_bundle: Write, tmp_path: Path) -> None:
    folder = write_bundle(without="claims.json")
    parts = (
        {"alg": "RS256", "kid": "k1"},
        {"iss": "https://oidc.example.com", "sub": "job:green:7", "aud": "sts.amazonaws.com"},
        {"signature": "that must stay secret"},
    )
    token = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    path = tmp_path / "token.jwt"
    path.write_text(".".join(token), encoding="utf-8")
    for how in ("text", "markdown", "json"):
        for option in ("-q", "-v"):
            done = run("--report", "--from", folder, "--token", path, "--format", how, option)
            assert done.code in (1, 3)
            assert not [part for part in token if part[:12] in done.out + done.err]


def test_at(run: Run, write_bundle: Write) -> None:
    folder = write_bundle(iat=1_795_383_600, exp=1_795_387_200)
    seen = {}
    for at in ("1795386600", "2026-11-22T22:30:00Z", "2026-11-22T23:30:00+01:00", "2026-11-23T22:30:00Z"):
        report = run("--report", "--from", folder, "--format", "json", "--at", at).report
        seen[at] = (report["evaluated_at"], report["verdict"], [cause["name"] for cause in report["causes"]])
    *same, later = seen.values()
    assert set(map(str, same)) == {str(("2026-11-22T22:30:00Z", "healthy", []))}
    assert later == ("2026-11-23T22:30:00Z", "refused", ["token-expired"])


@pytest.mark.parametrize("at", ["0001-01-01", "1970-01-01T00:00:00Z", "99999999999", "9999-12-31T23:59:59-23:59"])
def test_a_moment_far_away_is_no_fault_of_ours(at: str, run: Run, write_bundle: Write) -> None:
    folder = write_bundle(iat=1_795_383_600, exp=1_795_387_200)
    assert run("--report", "--from", folder, "--at", at).code in (1, 2)


# Checks


@pytest.mark.sweep
@pytest.mark.parametrize("what", [{}, REFUSED, {"pattern": None}, {"without": "aws/oidc-provider.json"}])
@pytest.mark.parametrize(
    "option",
    [["--check", "TOK*"], ["--check", "nosuch"], ["--skip", "*"], ["--skip", "AWS025"], ["--skip", "subject-*"]],
    ids=" ".join,
)
def test_check_and_skip_are_words_only(option: list[str], what: dict[str, Any], run: Run, write_bundle: Write) -> None:
    folder = write_bundle(**what)
    usual = run("--report", "--from", folder, "--format", "json", "--fail-on", "weakens")
    done = run("--report", "--from", folder, "--format", "json", "--fail-on", "weakens", *option)
    assert done.code == usual.code
    for member in ("verdict", "exit_code", "exchanges"):
        assert done.report[member] == usual.report[member]


def test_list_checks(run: Run) -> None:
    done = run("--list-checks")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(code for check in packs.all_checks() for code in check.codes)
    assert all(len(line) < 120 for line in lines)
    one = run("--list-checks", "--check", "aws021").out
    assert one.split()[:3] == ["AWS021", "blocks", "wildcard-under-string-equals"]


def test_explain(run: Run) -> None:
    by_code, by_name = run("explain", "aws021"), run("explain", "wildcard-under-string-equals")
    assert by_code == by_name
    assert (by_code.code, by_code.err) == (0, "")
    for heading in ("Symptom", "Reason", "Confirm", "Fix", "Source"):
        assert f"\n{heading}\n" in by_code.out
    everything = run("explain", "--all").out
    assert by_code.out.strip() in everything
    assert all(f"{' or '.join(check.codes)} {check.name}\n" in everything for check in packs.all_checks())


def test_demo(run: Run) -> None:
    done = run("--demo")
    assert done.code == 1
    assert "✗" in done.out
    assert run("--demo", "healthy-aws").code == 0


def test_a_defect_of_ours_is_neither_a_finding_nor_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from oidc_doctor.cli import commands

    def broken(_: object) -> int:
        raise RuntimeError("the judge fell over")

    monkeypatch.setattr(commands, "_main", broken)
    assert main.main(["--report"]) == 4
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith(
        "oidc-doctor: internal error in oidc-doctor (your evidence is not at fault): RuntimeError"
    )
    assert not captured.out
