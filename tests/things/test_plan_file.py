"""Plans are recognised by their content, and the files from which one is made say how."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from oidc_doctor import api
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.cli.main import main
from oidc_doctor.model.limits import EVIDENCE_FILE
from oidc_doctor.things.open import open_paths
from oidc_doctor.things.recognise import recognise_text, recognise_word
from oidc_doctor.things.thing import Kind
from plan_text import SUBJECT, PlanText, kept_role, new_role_and_provider, trust_policy

PLAN = new_role_and_provider().text()
ROLE = "aws_iam_role.weights"
CONFIGURATION = 'resource "aws_iam_role" "weights" {\n  name = "weights"\n}\n'


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.json"
    path.write_text(PLAN, encoding="utf-8")
    return str(path)


def test_a_plan_by_its_content(plan: str) -> None:
    thing = recognise_word(plan)
    assert (thing.kind, thing.noun) == (Kind.PLAN, "a Terraform plan")
    sorted_members = json.dumps(json.loads(PLAN), sort_keys=True, indent=2)
    for text in (PLAN, f"\ufeff{PLAN}", sorted_members, '{"format_version": "1.0", "values": {}}'):
        assert recognise_text(text).kind is Kind.PLAN


@pytest.mark.parametrize(
    "text",
    [
        '{"format_version": "1.0", "provider_schemas": {}}',
        '{"format_version": "1.0", "valid": true, "diagnostics": []}',
        '{"resource_changes": []}',
        '["format_version", "values"]',
        '{"a": {"format_version": "1.0", "values": {}}}',
    ],
)
def test_near_misses(text: str) -> None:
    assert recognise_text(text).kind is not Kind.PLAN


def test_a_plan_that_is_larger_than_a_document(tmp_path: Path) -> None:
    large = PlanText()
    large.changes = new_role_and_provider().changes
    large.more = {"relevant_attributes": ["x" * 1000] * (EVIDENCE_FILE.most // 1000 + 1)}
    path = tmp_path / "large.json"
    path.write_text(large.text(), encoding="utf-8")
    assert path.stat().st_size > EVIDENCE_FILE.most
    assert recognise_word(str(path)).kind is Kind.PLAN


def test_a_saved_plan_says_how_its_json_is_made(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("tfplan", b"\x0a\x02")
        archive.writestr("tfstate", "{}")
    path = tmp_path / "my plan"
    path.write_bytes(data.getvalue())
    hint = recognise_word(str(path)).hint
    assert hint.endswith(f"make its JSON: terraform show -json '{path}' > plan.json")


def test_configuration_says_how_a_plan_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "main.tf"
    path.write_text(CONFIGURATION, encoding="utf-8")
    assert main(["--report", str(path)]) == 2
    assert "terraform plan -out tfplan && terraform show -json tfplan > plan.json" in capsys.readouterr().err


def test_stdin_is_a_plan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(PLAN.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert main(["--report", "-", "--subject", SUBJECT]) == 0
    assert ROLE in capsys.readouterr().out


def test_a_token_an_error_and_logs_go_with_a_plan(
    plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = tmp_path / "claims.json"
    claims.write_text(json.dumps({"iss": "https://oidc.baseten.co", "sub": SUBJECT, "aud": "oidc.baseten.co"}))
    logs = tmp_path / "events.json"
    logs.write_text('{"Records": []}')
    main(["--report", plan, str(claims), str(logs), "--error", "AccessDenied: no", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert [row["target_name"] for row in report["exchanges"]] == [ROLE]
    assert report["exchanges"][0]["claims_from"] == "token"


def test_another_configuration_is_refused(plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    role = tmp_path / "role.json"
    role.write_text(trust_policy(), encoding="utf-8")
    assert main(["--report", plan, str(role)]) == 2
    message = capsys.readouterr().err
    assert f"oidc-doctor --report {role} --with {plan}" in " ".join(message.split())
    other = tmp_path / "other.json"
    kept = kept_role(trust_policy())
    other.write_text(PlanText().add(ROLE, kept, before=kept).text(), encoding="utf-8")
    with pytest.raises(BundleError, match="two plans"):
        open_paths([plan, str(other)])


def test_each_role_is_named_by_its_address(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = kept_role(trust_policy())
    text = new_role_and_provider().add('module.ci["a"].aws_iam_role.other', kept, before=kept).text()
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    main(["--report", str(path), "--subject", SUBJECT])
    printed = capsys.readouterr().out
    assert ROLE in printed
    assert 'module.ci["a"].aws_iam_role.other' in printed


def test_without_a_token_the_report_says_what_is_accepted(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--report", plan]) == 3
    assert "allows tokens of oidc.baseten.co with org o1, team" in " ".join(capsys.readouterr().out.split())


def test_the_library_takes_a_plan(plan: str) -> None:
    report = api.examine(plan, subject=SUBJECT)
    assert [exchange.prediction for exchange in report.exchanges] == ["accepted"]


def test_a_plan_that_ended_with_an_error_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    errored = new_role_and_provider()
    errored.more = {"errored": True, "complete": False}
    path = tmp_path / "plan.json"
    path.write_text(errored.text(), encoding="utf-8")
    assert main(["--report", str(path), "--subject", SUBJECT]) == 3
    assert "planning ended with an error (errored)" in " ".join(capsys.readouterr().out.split())


def test_a_newer_form_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    newer = PlanText("2.0")
    newer.changes, newer.blocks = new_role_and_provider().changes, new_role_and_provider().blocks
    path = tmp_path / "plan.json"
    path.write_text(newer.text(), encoding="utf-8")
    assert main(["--report", str(path), "--subject", SUBJECT]) == 3  # a part of it may be misread
    assert "its format_version is 2.0" in " ".join(capsys.readouterr().out.split())
