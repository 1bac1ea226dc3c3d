"""Nothing secret of a plan is shown: variables, sensitive values, provider configurations and outputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.report.formats import FORMATS
from plan_text import ISSUER, SUBJECT, UNKNOWN, PlanText, condition, kept_role, new_role_and_provider, trust_policy

CANARY = "canary7Q"


def canary(place: str) -> str:
    return f"{CANARY}-{place}"


def plan_with_secrets() -> dict[str, Any]:
    """A plan with a secret in every place that may hold one, and a trust policy with a sensitive condition."""
    text: PlanText = new_role_and_provider()
    before = kept_role(trust_policy(Sid=canary("before")))
    text.add("aws_iam_role.masked", kept_role(canary("after")), before=before, sensitive={"assume_role_policy": True})
    text.changes[-1]["change"]["before_sensitive"] = {"assume_role_policy": True}
    condition_ = condition("StringEquals", f"{ISSUER}:sub", [canary("condition")])
    after = text.changes[0]["change"]
    after["after"]["statement"][0]["condition"].append(condition_)
    after["after_sensitive"] = {"statement": [{"condition": [False, False, {"values": True}]}]}
    text.add("aws_db_instance.db", {"password": canary("password"), "endpoint": UNKNOWN})
    text.add("aws_iam_access_key.key", {"secret": canary("secret")}, sensitive={"secret": True})
    value = text.value()
    value["variables"] = {"token": {"value": canary("variable")}}
    value["output_changes"] = {"out": {"actions": ["create"], "before": None, "after": canary("output")}}
    value["planned_values"] = {"outputs": {"out": {"value": canary("planned")}}, "root_module": {}}
    value["configuration"]["provider_config"]["aws"]["expressions"] = {
        "access_key": {"constant_value": canary("provider")}
    }
    value["configuration"]["root_module"]["variables"] = {"token": {"default": canary("default")}}
    value["prior_state"] = {"values": {"outputs": {"out": {"value": canary("state")}}, "root_module": {}}}
    return value


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_with_secrets()), encoding="utf-8")
    assert path.read_text("utf-8").count(CANARY) > 10
    return path


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_shows_a_secret(form: str, plan_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--report", str(plan_file), "--subject", SUBJECT, "--format", form, "-v"])
    printed = capsys.readouterr()
    assert "aws_iam_role" in printed.out
    assert CANARY not in printed.out + printed.err


def test_no_bundle_holds_a_secret(plan_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capture", "--from", str(plan_file), "-o", str(tmp_path / "bundle")]) == 0
    written = [path for path in (tmp_path / "bundle").rglob("*") if path.is_file()]
    assert any(path.name == "planned.json" for path in written)
    assert not any(CANARY in path.read_text("utf-8") for path in written)
    capsys.readouterr()


def test_a_sensitive_value_is_unknown_and_says_why(plan_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--report", str(plan_file), "--subject", SUBJECT]) == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "aws_iam_role.masked: assume_role_policy" in printed
    assert "data.aws_iam_policy_document.trust: statement[0].condition[2].values" in printed
    assert "(marked sensitive, so not read. Judge the target after apply" in printed
