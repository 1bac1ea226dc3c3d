"""Plans that Terraform wrote are judged as their folders say (tests/plans/fixtures, README.md there)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.model.report import Report
from oidc_doctor.plans.masked import Open
from oidc_doctor.plans.open import bundle_of_plan
from oidc_doctor.plans.plan import read_plan
from oidc_doctor.plans.policy_document import Renderer
from plan_text import AT, verdicts

FOLDER = Path(__file__).parent / "fixtures"
PLANS = sorted(FOLDER.glob("*/plan.json"))
MAIN, STRANGER = "repo:acme/shop:ref:refs/heads/main", "repo:other/shop:ref:refs/heads/main"


def plan_of(name: str, file: str = "plan.json") -> str:
    return (FOLDER / name / file).read_text("utf-8")


def report_on(text: str, subject: str) -> Report:
    with bundle_of_plan(text, "plan.json") as bundle:
        return run(bundle, Question(tokens=(hypothetical(subject, origin=Origin("--subject")),), at=AT))


VERDICTS = {
    "new_role_and_provider": {
        'module.ci.aws_iam_role.ci["deploy"]': ("accepted", "refused"),
        'module.ci.aws_iam_role.ci["plan"]': ("refused", "refused"),
    },
    "new_role_jsonencode": {
        "aws_iam_role.deploy": ("unknown", "unknown"),
        "aws_iam_role.plan": ("refused", "refused"),
    },
    "subject_updated": {"aws_iam_role.deploy": ("accepted", "refused"), "aws_iam_role.plan": ("refused", "refused")},
    "provider_deleted": {"aws_iam_role.deploy": ("refused", "refused")},
    "provider_replaced_and_followed": {"aws_iam_role.deploy": ("accepted", "refused")},
    "role_renamed": {"aws_iam_role.deploy": ("accepted", "refused")},
    "no_changes": {"aws_iam_role.deploy": ("accepted", "refused")},
    "destroyed": {"aws_iam_role.deploy": ("refused", "refused")},
    "targeted": {"aws_iam_role.deploy": ("accepted", "refused")},
    "sensitive_and_aliases": {
        "aws_iam_role.crossed": ("unknown", "refused"),
        "aws_iam_role.masked": ("unknown", "unknown"),
        "aws_iam_role.masked_text": ("unknown", "unknown"),
        "aws_iam_role.partner": ("accepted", "refused"),
    },
    "references": {
        "aws_iam_role.by_account": ("refused", "refused"),  # its condition is about gitlab.com
        "aws_iam_role.by_choice": ("unknown", "refused"),
        "aws_iam_role.by_each": ("refused", "refused"),
        "aws_iam_role.by_fallback": ("unknown", "refused"),
        "aws_iam_role.by_literal_key": ("refused", "refused"),
        "aws_iam_role.by_local": ("unknown", "refused"),
        "aws_iam_role.two_known": ("accepted", "refused"),
    },
    "google_new": {"google_iam_workload_identity_pool_provider.github": ("unknown", "refused")},
    "google_new_project_unknown": {"google_iam_workload_identity_pool_provider.github": ("unknown", "refused")},
    "google_condition_changed": {"google_iam_workload_identity_pool_provider.github": ("accepted", "refused")},
    "google_pool_replaced": {"google_iam_workload_identity_pool_provider.github": ("unknown", "refused")},
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdicts_of_a_plan(name: str) -> None:
    text = plan_of(name)
    main, stranger = verdicts(text, MAIN), verdicts(text, STRANGER)
    assert {target: (main[target], stranger[target]) for target in main} == VERDICTS[name]


@pytest.mark.parametrize("name", ["new_role_and_provider", "google_condition_changed"])
def test_opentofu_writes_the_same_form(name: str) -> None:
    assert verdicts(plan_of(name, "plan.opentofu.json"), MAIN) == verdicts(plan_of(name), MAIN)


@pytest.mark.parametrize("name", ["unknown_leaves", "google_unknown_leaves"])
def test_each_unknown_part_is_named(name: str) -> None:
    text = plan_of(name)
    with bundle_of_plan(text, "plan.json") as bundle:
        targets = load_snapshot(bundle).targets
    answers = verdicts(text, MAIN)
    for evidence in targets:
        if answers[evidence.target.name] == "unknown":
            assert evidence.unknown_values, evidence.target.name
    assert "accepted" not in answers.values()


@pytest.mark.parametrize(
    ("name", "check", "words"),
    [
        ("provider_deleted", "provider-interrupted-by-plan", "which the role trusts"),
        ("provider_replaced", "provider-interrupted-by-plan", "once the old provider is deleted"),
        ("role_renamed", "role-interrupted-by-plan", "a role with another ARN"),
        ("google_pool_replaced", "pool-interrupted-by-plan", "a pool of another name"),
        ("google_condition_changed", "account-interrupted-by-plan", "google_service_account_iam_member.repository"),
        ("subject_updated", "trust-became-wider", "which were refused before"),
    ],
)
def test_what_a_plan_takes_away(name: str, check: str, words: str) -> None:
    rows = [row for row in report_on(plan_of(name), MAIN).checks if row.name == check]
    messages = [finding.message for row in rows for finding in row.findings]
    assert any(words in message for message in messages), messages


@pytest.mark.parametrize("name", ["errored", "targeted"])
def test_a_plan_that_lacks_changes_is_no_pass(name: str) -> None:
    rows = [row for row in report_on(plan_of(name), MAIN).coverage if row.named]
    assert "plan" in rows[0].reason


@pytest.mark.parametrize("version", ["2.0", "9", "1.x\x1b[2J"])
def test_a_plan_of_a_version_that_is_not_known_is_no_pass(version: str) -> None:
    plan = json.loads(plan_of("errored"))
    text = json.dumps(plan | {"errored": False, "format_version": version})
    rows = [row for row in report_on(text, MAIN).coverage if row.named_unread]
    assert any("format_version" in row.reason for row in rows)


def test_no_sensitive_value_is_in_a_bundle() -> None:
    text = plan_of("sensitive_and_aliases")
    assert "do-not-show" in text
    with bundle_of_plan(text, "plan.json") as bundle:
        assert not any(b"do-not-show" in bundle.read(name) for name in bundle.names())


def _plain(value: Any) -> Any:
    """Return a policy whose lists are in one order, which has no effect."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        parts = [_plain(part) for part in value]
        return sorted(parts) if all(isinstance(part, str) for part in parts) else parts
    return value


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.parent.name)
def test_a_document_is_rendered_as_the_provider_rendered_it(path: Path) -> None:
    plan = read_plan(path.read_text("utf-8"), "plan.json")
    renderer = Renderer(plan, lambda _: None)
    for document in plan.of_type("aws_iam_policy_document", mode="data"):
        text = (document.after or {}).get("json")
        if isinstance(text, str):
            policy = renderer.policy(document)
            assert not isinstance(policy, Open), document.address
            assert _plain(policy) == _plain(json.loads(text)), document.address
