"""One event that is pasted, on stdin or as an option's value, is read as a file with one event is."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock
from oidc_doctor.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from evidence import Bundle


def examined(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main.main(["--report", "--format", "json", "--offline", *arguments])
    shown: dict[str, Any] = json.loads(capsys.readouterr().out)
    return shown


def said(report: dict[str, Any]) -> tuple[Any, ...]:
    (exchange,) = report["exchanges"]
    causes = [(cause["name"], cause["confidence"]) for cause in report["causes"]]
    return report["verdict"], exchange["resource"], exchange["subject"], exchange["claims_from"], causes


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


@pytest.mark.sweep
@pytest.mark.parametrize("option", ["--from", "--cloudtrail", "--error"])
@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_an_event_of_cloudtrail(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    option: str, typed: bool, wrapped: bool,
) -> None:  # fmt: skip
    event: Any = bundle.event(at=clock(9))
    if wrapped:
        event = {"Events": [{"EventId": event["eventID"], "CloudTrailEvent": json.dumps(event)}]}
    text = json.dumps(event, indent=1)
    (tmp_path / "event.json").write_text(text)
    expected = examined(capsys, "--from", str(tmp_path / "event.json"))
    assert expected["exchanges"][0]["resource"] == bundle.ROLE_ARN
    if typed:
        type_in(monkeypatch, text)
    assert said(examined(capsys, option, "-" if typed else text)) == said(expected)


@pytest.mark.parametrize("option", ["--from", "--gcp-logs", "--error"])
def test_an_entry_of_google(bundle: Bundle, capsys: pytest.CaptureFixture[str], option: str) -> None:
    entry = bundle.log_entry(insert_id="one", at=clock(9), message=FALSE)
    verdict, resource, subject, _, causes = said(examined(capsys, option, json.dumps(entry)))
    assert (verdict, resource, subject) == ("refused", bundle.GCP_PROVIDER, bundle.SUBJECT)
    assert causes[0][0] == "attribute-condition-false"


def test_a_pasted_event_joins_what_the_bundle_has(aws: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    report = examined(capsys, "--from", str(aws.root), "--error", json.dumps(aws.event(at=clock(9))))
    assert [cause["name"] for cause in report["causes"]] == ["subject-segment-differs"]
    assert report["attempts"][0]["count"] == 1


def test_two_pasted_events_are_two(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [json.dumps(bundle.event(event_id=name, at=clock(9))) for name in ("a", "b")]
    report = examined(capsys, "--cloudtrail", texts[0], "--cloudtrail", texts[1], "--error", texts[1])
    assert [row["count"] for row in report["attempts"]] == [2]


def test_an_error_that_is_no_event_stays_an_error(aws: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"error": {"code": 403, "message": "denied"}})
    assert examined(capsys, "--from", str(aws.root), "--error", body)["observed"][0]["text"] == body
    assert examined(capsys, "--from", str(aws.root), "--error", "{oops")["observed"][0]["text"] == "{oops"


@pytest.mark.parametrize("text", ["{oops", '{"a": 1}'])
def test_a_paste_that_is_no_evidence_is_said(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert main.main(["--report", "--from", text]) == 2
    assert "the pasted text" in capsys.readouterr().err


def test_a_pasted_bundle_reads_no_cloud(aws: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    """A file given with --from is read offline, also with --role; so is one that was pasted."""
    role = (aws.root / "aws" / "role.json").read_text()
    assert main.main(["--report", "--format", "json", "--from", role, "--role", aws.ROLE_ARN]) in {0, 1, 3}
    assert json.loads(capsys.readouterr().out)["exchanges"][0]["resource"] == aws.ROLE_ARN
