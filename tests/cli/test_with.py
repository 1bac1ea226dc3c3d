"""`--with FILE` on the command line: exit codes, what is refused and with which names, and every format."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clouds.command_line import FinishedRun
from evidence import Bundle
from evidence.changes import saved
from oidc_doctor.cli import main
from oidc_doctor.report.formats import FORMATS

Run = Callable[..., FinishedRun]
STAGING = Bundle.SUBJECT.replace("production", "staging")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> FinishedRun:
        capsys.readouterr()
        code = main.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return FinishedRun(code, out, err)

    return run


@pytest.fixture
def evidence(aws: Bundle) -> Bundle:
    """A role with logged exchanges of two subjects, and no token."""
    events = [aws.accepted_event(event_id="one"), aws.accepted_event(event_id="two", subject=STAGING)]
    return aws.cloudtrail(events).remove("token.jwt")


@pytest.fixture
def narrower(evidence: Bundle, tmp_path: Path) -> Path:
    """A trust policy for production alone."""
    statement = evidence.statement(
        evidence.subject(f"{Bundle.PATTERN[:-1]}model=*:deployment=*:environment=production:*")
    )
    return saved(tmp_path, "trust.json", evidence.policy(statement))


def test_a_change_is_not_read_from_stdin(evidence: Bundle, run: Run) -> None:
    done = run("--report", evidence.root, "--with", "-")
    assert done.code == 2
    assert "write it to a file" in done.err


def test_what_settles_a_change_is_a_file(evidence: Bundle, narrower: Path, run: Run) -> None:
    role = evidence.root / "aws" / "role.json"
    done = run("--report", role, "--subject", STAGING.replace("staging", "production"), "--with", narrower)
    assert done.code == 3
    assert "would settle it: aws/oidc-provider.json (provider, audience)" in done.out


def test_the_report_of_a_change(evidence: Bundle, narrower: Path, run: Run) -> None:
    done = run("--report", evidence.root, "--with", narrower)
    assert done.code == 1, done
    assert "✗ With trust.json: 1 of 2 subjects seen in the logs loses access;" in done.out
    assert "    ✗  loses     v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:" in done.out
    assert 'environment=production:*"' in "".join(line.strip() for line in done.out.splitlines())
    printed = done.out.replace("\\\n", "")  # a command with a long path continues on the next line
    assert f"oidc-doctor --report {evidence.root}\n" in re.sub(" {2,}", " ", printed)  # the report on the present
    assert max(map(len, done.out.splitlines())) <= 80 or str(evidence.root) in done.out


def test_quiet_is_the_headline_alone(evidence: Bundle, narrower: Path, run: Run) -> None:
    done = run("--report", evidence.root, "--with", narrower, "-q")
    assert " ".join(done.out.split()).startswith("✗ With trust.json: 1 of 2 subjects")
    assert done.out.count("\n") <= 3


def test_verbose_has_the_present_as_well(evidence: Bundle, narrower: Path, run: Run) -> None:
    done = run("--report", evidence.root, "--with", narrower, "-v")
    assert "  Without the change" in done.out
    assert "trust policy" in done.out.partition("  Without the change")[2]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_same_exit_code(evidence: Bundle, narrower: Path, run: Run, form: str) -> None:
    done = run("--report", evidence.root, "--with", narrower, "--format", form)
    assert done.code == 1
    if form in ("text", "markdown", "json", "html", "junit", "sarif"):
        assert "1 of 2 subjects seen in the logs loses access" in " ".join(done.out.split())
    if form == "json":
        assert (done.report["exit_code"], done.report["verdict"]) == (1, "healthy")
        assert done.report["proposed"]["present"] == "AWS accepts this token."
    if form == "junit":
        cases = ET.fromstring(done.out).iter("testcase")  # noqa: S314 - written here
        failed = [case.get("name") for case in cases if case.find("failure") is not None]
        assert failed == ["the change", f"Subjects: {STAGING}"]


def test_an_equal_document_is_0(evidence: Bundle, run: Run) -> None:
    done = run("--report", evidence.root, "--with", evidence.root / "aws" / "role.json")
    assert done.code == 0
    assert "role.json changes nothing" in done.out


def test_several_changes(evidence: Bundle, narrower: Path, tmp_path: Path, run: Run) -> None:
    provider = saved(tmp_path, "provider.json", evidence.read("aws/oidc-provider.json") | {"ClientIDList": ["another"]})
    done = run("--report", evidence.root, "--with", narrower, f"--with={provider}")
    assert "With trust.json and provider.json: all 2 subjects seen in the logs lose access" in " ".join(
        done.out.split()
    )


def refusal(done: FinishedRun) -> str:
    """The message of a usage error."""
    assert (done.code, done.out) == (2, ""), done
    return done.err.splitlines()[0].removeprefix("oidc-doctor: --with ")


def test_what_is_refused(evidence: Bundle, tmp_path: Path, run: Run) -> None:
    def of(name: str, value: Any) -> str:
        return refusal(run("--report", evidence.root, "--with", saved(tmp_path, name, value)))

    other = json.loads(json.dumps(evidence.read("aws/role.json")).replace("ModelWeights", "Images"))
    assert of("other.json", other).endswith(f"role/Images; the evidence is about {Bundle.ROLE_ARN}")
    assert "other.json: a token, and --with takes a role" not in of("other.json", other)
    assert "the claims of a token, and --with takes a role" in of("claims.json", {"sub": "x", "iss": "y", "aud": "z"})
    assert "JSON, but not a role" in of("what.json", {"some": "thing"})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    assert "name the file bucket-policy.json" in of("some.json", {"Statement": [statement]})
    broken = tmp_path / "broken.json"
    broken.write_text('{"Role": {')
    assert "line 1 column" in refusal(run("--report", evidence.root, "--with", broken))
    assert refusal(run("--report", evidence.root, "--with", tmp_path / "no.json")).endswith("no such file or folder")
    assert "ask different questions" in refusal(
        run("--report", evidence.root, "--with", broken, "--compare", evidence.root / "aws" / "role.json")
    )


def test_a_file_of_terraform_is_no_plan(evidence: Bundle, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "main.tf"
    path.write_text('resource "aws_iam_role" "weights" {\n  name = "ModelWeights"\n}\n')
    assert "terraform show -json tfplan > plan.json" in refusal(run("--report", evidence.root, "--with", path))


def test_the_screens_refuse_it(evidence: Bundle, narrower: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TEXTUAL_DRIVER", "a browser")
    done = run(evidence.root, "--with", narrower)
    assert refusal(done) == (
        "needs --report: the screens show the present configuration; on them, What-if tries an edit"
    )
    assert "oidc-doctor --report BUNDLE --with role.json" in done.err


def test_a_token_is_never_shown(aws: Bundle, tmp_path: Path, run: Run) -> None:
    raw = (aws.root / "token.jwt").read_text().strip()
    statement = aws.statement(aws.subject(raw))
    change = saved(tmp_path, "trust.json", aws.policy(statement))
    for form in FORMATS:
        done = run("--report", aws.root, "--with", change, "--format", form)
        assert raw not in done.out + done.err
        assert raw.rpartition(".")[2] not in done.out + done.err
