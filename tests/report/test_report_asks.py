"""The report asks for the side that is missing, and never for what was given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.report.text import render_text

SAMPLES = Path(__file__).parents[2] / "sample_logs"
ROLE = SAMPLES / "aws-wrong-team/aws/role.json"
PROVIDER = {"Url": "oidc.baseten.co", "ClientIDList": ["oidc.baseten.co"], "ThumbprintList": []}


def text_of(report: Any) -> str:
    return " ".join(render_text(report, width=120, color=False).split())


@pytest.mark.parametrize(
    ("file", "never", "owners"),
    [
        (ROLE, "aws/role.json (decides", (("org", "Org8Kd2P"), ("team", "Tq7LmZ2y"))),
        (SAMPLES / "gcp-condition-false/gcp/provider.json", "gcp/provider.json (decides", (("org", "Org8Kd2P"),)),
    ],
)
def test_a_file_that_was_given_is_not_asked_for(file: Path, never: str, owners: tuple[Any, ...]) -> None:
    report = run(open_bundle(str(file)), Question())
    text = text_of(report)
    assert never not in text
    assert "Which token? Add --token FILE or --subject SUBJECT" in text
    assert "truss whoami --show-oidc shows the ids of your organization and teams" in text
    (allowed,) = report.exchanges[0].allows
    assert set(owners) <= set(allowed.required)
    assert not allowed.open_to


def test_a_policy_that_names_no_team_allows_any(tmp_path: Path) -> None:
    role = json.loads(ROLE.read_text())
    condition = role["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    condition["StringLike"]["oidc.baseten.co:sub"] = "v=1:org=Org8Kd2P:*"
    (tmp_path / "role.json").write_text(json.dumps(role))
    (allowed,) = run(open_bundle(str(tmp_path / "role.json")), Question()).exchanges[0].allows
    assert (allowed.required, allowed.open_to) == ((("org", "Org8Kd2P"),), ("team",))


def test_a_refusal_without_a_token_leaves_the_subject(tmp_path: Path) -> None:
    """The audience is implied: the issuer fixes it, and the provider lists it alone."""
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws/role.json").write_text(ROLE.read_text())
    (tmp_path / "aws/oidc-provider.json").write_text(json.dumps(PROVIDER))
    error = "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to "
    (tmp_path / "error.txt").write_text(error + "perform sts:AssumeRoleWithWebIdentity")
    report = run(open_bundle(str(tmp_path)), Question())
    assert [cause.name for cause in report.causes] == ["subject-segment-differs"]
    text = text_of(report)
    assert "allows org Org8Kd2P, team Tq7LmZ2y: v=1:org=Org8Kd2P:team=Tq7LmZ2y:*" in text
    assert "or run: truss whoami --show-oidc" in text


def test_a_truss_names_the_issuer(tmp_path: Path) -> None:
    """Only Baseten signs the tokens of a Truss, so that the command for the provider can be run as copied."""
    source = "  - source: s3://acme/press\n    mount_location: /models\n"
    auth = "    auth:\n      auth_method: AWS_OIDC\n      aws_oidc_role_arn: arn:aws:iam::210987654321:role/R\n"
    auth += "      aws_oidc_region: us-east-1\n"
    (tmp_path / "config.yaml").write_text(f"weights:\n{source}{auth}")
    text = text_of(run(open_bundle(str(tmp_path / "config.yaml")), Question()))
    assert "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co" in text
    assert "PROVIDER_ARN" not in text


def test_a_provider_alone_says_how_to_find_the_role(tmp_path: Path) -> None:
    (tmp_path / "oidc-provider.json").write_text(json.dumps(PROVIDER))
    text = text_of(run(open_bundle(str(tmp_path / "oidc-provider.json")), Question()))
    assert "Which role? Add it: --role ARN" in text
    assert "Roles[?contains(to_string(AssumeRolePolicyDocument), 'oidc.baseten.co')].Arn" in text
    assert "aws/oidc-provider.json (decides" not in text
