"""Verdicts on a plan are those on what came of it: Terraform applied the plans, see fixtures/README.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oidc_doctor.api import examine

FIXTURES = Path(__file__).parent / "fixtures"
SUBJECTS = (
    "repo:acme/shop:ref:refs/heads/main",
    "repo:acme/shop:ref:refs/heads/dev",
    "repo:acme/shop:pull_request",
    "repo:acme/shop:environment:prod",
    "repo:acme/legacy:ref:refs/heads/x",
    "repo:evil/x:ref:refs/heads/main",
    "project_path:acme/shop:ref_type:branch:ref:main",
    "project_path:acme/other:ref_type:branch:ref:main",
    "organization:acme:project:shop:workspace:prod:run_phase:apply",
    "v=1:org=acme:team=shop:model=abc:deployment=d:env=prod:type=model_container",
)
# Their expressions change the document, or take another one by a function of the key, and a plan shows neither.
CHANGED_BY_FUNCTIONS = {"aws_iam_role.changed", 'aws_iam_role.crossed["any"]', 'aws_iam_role.crossed["main"]'}
# Expects an audience that no token of its issuer has; `accepts` is about subjects alone.
OF_ANOTHER_AUDIENCE = ("merged_documents", "aws_iam_role.model")
APPLIED = sorted(path.parent.name for path in FIXTURES.glob("*/applied.json"))


def accepts_of(name: str) -> dict[str, list[str]]:
    """Return the subjects that each role accepted after apply, by its address."""
    accepts: dict[str, list[str]] = json.loads((FIXTURES / name / "applied.json").read_text(encoding="utf-8"))[
        "accepts"
    ]
    return accepts


@pytest.mark.sweep
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("name", APPLIED)
def test_no_verdict_is_the_opposite_of_the_applied_one(name: str, subject: str) -> None:
    accepts = accepts_of(name)
    report = examine(FIXTURES / name / "plan.json", subject=subject)
    for exchange in report.exchanges:
        address = exchange.target_name
        if address not in accepts or exchange.prediction == "unknown":
            continue
        if (name, address) == OF_ANOTHER_AUDIENCE:
            assert exchange.prediction == "refused"
            continue
        if address in CHANGED_BY_FUNCTIONS:
            assert any("unchanged by a function" in text for text in exchange.assumed)
            continue
        assert exchange.prediction == ("accepted" if subject in accepts[address] else "refused"), address


@pytest.mark.parametrize(
    ("name", "subject", "address"),
    [
        ("new_role_and_provider", SUBJECTS[0], 'module.ci.aws_iam_role.ci["deploy"]'),
        ("new_role_and_provider", SUBJECTS[2], 'module.ci.aws_iam_role.ci["plan"]'),
        ("nested_modules", SUBJECTS[8], 'module.app["eu"].module.ci[1].aws_iam_role.this[0]'),
        ("merged_documents", SUBJECTS[3], "aws_iam_role.deploy"),
        ("provider_data_source", SUBJECTS[6], "aws_iam_role.deploy"),
        ("subject_updated", SUBJECTS[1], "aws_iam_role.deploy"),
    ],
)
def test_a_token_that_was_accepted_is_accepted_on_the_plan(name: str, subject: str, address: str) -> None:
    assert subject in accepts_of(name)[address]
    report = examine(FIXTURES / name / "plan.json", subject=subject)
    assert {exchange.prediction for exchange in report.exchanges if exchange.target_name == address} == {"accepted"}


@pytest.mark.parametrize("subject", [SUBJECTS[0], SUBJECTS[5]])
def test_no_sensitive_value_is_in_a_report(subject: str) -> None:
    path = FIXTURES / "sensitive_and_aliases" / "plan.json"
    assert "do-not-show" in path.read_text(encoding="utf-8")
    assert "do-not-show" not in str(examine(path, subject=subject))
