"""Pools, providers and service accounts of a plan."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.model.evidence import TargetEvidence
from plan_text import (
    EMAIL,
    NUMBER,
    PROJECT,
    TEAM_MEMBER,
    UNKNOWN,
    WORKLOAD_USER,
    PlanText,
    account,
    account_member,
    google_plan,
    kept_account,
    kept_pool,
    kept_pool_provider,
    pool_provider,
    references,
    verdicts,
)

PROVIDER = "google_iam_workload_identity_pool_provider.oidc"
POOL = "google_iam_workload_identity_pool.baseten"
OTHER_TEAM = TEAM_MEMBER.replace("team/t1", "team/t9")
NAME = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"


def evidence(plan: PlanText) -> list[TargetEvidence]:
    with plan.bundle() as bundle:
        return list(load_snapshot(bundle).targets)


def existing(*members: Any, of_account: Any = None) -> PlanText:
    """Return a plan of a pool, a provider and an account that exist, with these resources of its members."""
    plan = PlanText()
    for address, values in (
        ("google_iam_workload_identity_pool.baseten", kept_pool()),
        (PROVIDER, kept_pool_provider()),
        ("google_service_account.weights", of_account or kept_account()),
    ):
        plan.add(address, values, before=values, provider="google")
    for number, (type_, values) in enumerate(members):
        plan.add(f"google_{type_}.m{number}", values, provider="google")
    return plan


def test_a_new_account_has_the_members_of_the_plan_alone() -> None:
    assert verdicts(google_plan()) == {PROVIDER: "accepted"}
    assert verdicts(google_plan(member=OTHER_TEAM)) == {PROVIDER: "refused"}
    assert verdicts(google_plan(member=UNKNOWN)) == {PROVIDER: "unknown"}


def test_members_whose_references_the_plan_hides_may_be_of_the_pool() -> None:
    plan = google_plan(member=UNKNOWN)
    plan.blocks[-1]["expressions"]["member"] = {"references": ["local.member"]}
    assert verdicts(plan) == {PROVIDER: "unknown"}


def test_an_account_that_exists_may_have_other_members() -> None:
    member = ("service_account_iam_member", account_member(account_id=NAME))
    assert verdicts(existing(member)) == {PROVIDER: "accepted"}
    other = ("service_account_iam_member", account_member(OTHER_TEAM, NAME))
    plan = existing(other)
    assert verdicts(plan) == {PROVIDER: "unknown"}
    assert [value.why for value in evidence(plan)[0].unknown_values] == ["not in the plan as a whole"]


def test_a_policy_is_the_whole_policy() -> None:
    data = {"bindings": [{"role": WORKLOAD_USER, "members": [OTHER_TEAM]}]}
    policy = ("service_account_iam_policy", {"service_account_id": NAME, "policy_data": json.dumps(data)})
    assert verdicts(existing(policy)) == {PROVIDER: "refused"}
    data["bindings"][0]["members"] = [OTHER_TEAM, TEAM_MEMBER]
    policy = ("service_account_iam_policy", {"service_account_id": NAME, "policy_data": json.dumps(data)})
    assert verdicts(existing(policy)) == {PROVIDER: "accepted"}


def test_a_policy_that_a_data_source_renders() -> None:
    binding = {"role": WORKLOAD_USER, "members": [TEAM_MEMBER, UNKNOWN], "condition": []}
    values = {"binding": [binding], "policy_data": UNKNOWN, "id": UNKNOWN, "audit_config": []}
    plan = existing().add("data.google_iam_policy.p", values, provider="google")
    plan.add(
        "google_service_account_iam_policy.p",
        {"service_account_id": NAME, "policy_data": UNKNOWN, "etag": UNKNOWN},
        provider="google",
        expressions={"policy_data": references("data.google_iam_policy.p.policy_data")},
    )
    assert verdicts(plan) == {PROVIDER: "accepted"}


@pytest.mark.parametrize("account_id", [NAME, f"projects/-/serviceAccounts/{EMAIL}", EMAIL])
def test_the_forms_of_an_accounts_name(account_id: str) -> None:
    binding = account_member(account_id=account_id) | {"members": [TEAM_MEMBER]}
    binding.pop("member")
    assert verdicts(existing(("service_account_iam_binding", binding))) == {PROVIDER: "accepted"}


def test_an_account_that_the_plan_does_not_manage() -> None:
    member = account_member(account_id="projects/-/serviceAccounts/other@acme-prod.iam.gserviceaccount.com")
    plan = existing(("service_account_iam_member", member))
    (part,) = evidence(plan)
    assert part.target.gcp is not None
    assert part.target.gcp.service_account == "other@acme-prod.iam.gserviceaccount.com"


def test_a_provider_with_several_accounts() -> None:
    plan = existing(("service_account_iam_member", account_member(account_id=NAME)))
    second = f"second@{PROJECT}.iam.gserviceaccount.com"
    plan.add("google_service_account.second", account(account_id="second", email=second), provider="google")
    member = account_member(OTHER_TEAM)
    plan.add(
        "google_service_account_iam_member.second",
        member,
        provider="google",
        expressions={"service_account_id": references("google_service_account.second.name")},
    )
    assert verdicts(plan) == {
        f"{PROVIDER} google_service_account.weights": "accepted",
        f"{PROVIDER} google_service_account.second": "refused",
    }


def test_a_member_on_the_project() -> None:
    granted = {"project": PROJECT, "role": WORKLOAD_USER, "member": TEAM_MEMBER, "condition": []}
    own = ("service_account_iam_member", account_member(OTHER_TEAM, NAME))
    assert verdicts(existing(own, ("project_iam_member", granted))) == {PROVIDER: "accepted"}
    elsewhere = granted | {"project": "other-project"}
    assert verdicts(existing(own, ("project_iam_member", elsewhere))) == {PROVIDER: "unknown"}


def test_the_number_of_a_project_that_was_read() -> None:
    plan = google_plan(kept=False)
    assert "<project number, known after apply>" in str(plan.report().exchanges[0].resource)
    plan.state("data.google_project.this", {"project_id": PROJECT, "number": NUMBER}, provider="google")
    assert verdicts(plan) == {PROVIDER: "accepted"}


def test_an_address_that_the_plan_leaves_open() -> None:
    plan = google_plan()
    change = plan.changes[2]["change"]
    change["after"].pop("email")
    change["after_unknown"]["email"] = True
    (part,) = evidence(plan)
    assert part.target.gcp is not None
    assert part.target.gcp.service_account == EMAIL


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"disabled": True}, "refused"),
        ({"attribute_condition": None}, "accepted"),
        ({"attribute_condition": "assertion.sub == 'x'"}, "refused"),
        ({"attribute_condition": UNKNOWN}, "unknown"),
        ({"oidc": UNKNOWN}, "unknown"),
        ({"attribute_mapping": UNKNOWN}, "unknown"),
    ],
)
def test_the_fields_of_a_provider(change: dict[str, Any], expected: str) -> None:
    plan = google_plan()
    plan.changes.pop(1)
    plan.blocks.pop(1)
    plan.add(PROVIDER, pool_provider(**change), before=kept_pool_provider(), provider="google")
    assert verdicts(plan) == {PROVIDER: expected}


def test_a_disabled_pool() -> None:
    plan = google_plan()
    plan.changes[0]["change"]["after"]["disabled"] = True
    assert verdicts(plan) == {PROVIDER: "refused"}


def test_an_issuer_that_is_open_is_no_tokens_issuer() -> None:
    plan = google_plan()
    change = next(part["change"] for part in plan.changes if part["address"] == PROVIDER)
    change["after"]["oidc"][0].pop("issuer_uri")
    change["after_unknown"]["oidc"] = [{"issuer_uri": True}]
    assert verdicts(plan) == {PROVIDER: "unknown"}
    assert verdicts(plan, "a subject of an unknown form")[PROVIDER] != "accepted"
    (exchange,) = plan.report().exchanges
    assert {step.id: step.state for step in exchange.steps}["issuer"] == "unknown"


def test_an_audience_that_is_open_is_not_taken_as_the_tokens() -> None:
    plan = google_plan()
    plan.changes.pop(1)
    plan.blocks.pop(1)
    issuer = kept_pool_provider()["oidc"][0]
    plan.add(PROVIDER, pool_provider(oidc=[issuer | {"allowed_audiences": [UNKNOWN]}]), provider="google")
    assert verdicts(plan) == {PROVIDER: "unknown"}


def test_a_provider_goes_with_its_pool() -> None:
    plan = google_plan()
    change = next(part["change"] for part in plan.changes if part["address"] == POOL)
    change |= {"actions": ["delete"], "before": change["after"], "after": None, "after_unknown": {}}
    report = plan.report()
    assert [exchange.prediction for exchange in report.exchanges] == ["refused"]
    assert report.causes[0].named.headline == f"the plan deletes {POOL}"
    assert report.causes[0].named.fix.startswith(f"Keep {POOL} in the configuration")


def test_a_grant_on_an_account_that_is_open_is_no_pass() -> None:
    plan = google_plan()
    change = plan.changes[-1]["change"]
    change["after"].pop("service_account_id", None)
    change["after_unknown"]["service_account_id"] = True
    plan.blocks[-1]["expressions"].pop("service_account_id")
    assert verdicts(plan) == {PROVIDER: "unknown"}
