"""GCP106: a plan deletes or replaces the service account, or removes the binding of the pool."""

from __future__ import annotations

from typing import Any

import pytest

from plan_text import (
    EMAIL,
    PROJECT,
    PlanText,
    account,
    account_member,
    findings,
    kept_account,
    kept_pool,
    kept_pool_provider,
)

CHECK = "account-interrupted-by-plan"
ACCOUNT, MEMBER = "google_service_account.weights", "google_service_account_iam_member.team"
NAME = f"projects/{PROJECT}/serviceAccounts/{EMAIL}"


def plan(of_account: tuple[Any, list[str]], of_member: tuple[Any, list[str]]) -> PlanText:
    text = PlanText()
    for address, values in (
        ("google_iam_workload_identity_pool.baseten", kept_pool()),
        ("google_iam_workload_identity_pool_provider.oidc", kept_pool_provider()),
    ):
        text.add(address, values, before=values, provider="google")
    text.add(ACCOUNT, of_account[0], before=kept_account(), actions=of_account[1], provider="google")
    return text.add(MEMBER, of_member[0], before=kept_member(), actions=of_member[1], provider="google")


def kept_member() -> dict[str, Any]:
    return account_member(account_id=NAME, etag="e", id="…")


KEPT_ACCOUNT, KEPT_MEMBER = (kept_account(), ["no-op"]), (kept_member(), ["no-op"])


@pytest.mark.parametrize(
    ("of_account", "of_member", "message"),
    [
        ((None, ["delete"]), KEPT_MEMBER, f"no workload can impersonate {EMAIL} after apply"),
        ((account(), ["delete", "create"]), KEPT_MEMBER, "allow policies outside the plan still name the old one"),
        (
            (account(account_id="new", email=f"new@{PROJECT}.iam.gserviceaccount.com"), ["delete", "create"]),
            KEPT_MEMBER,
            "an account of another address",
        ),
        (KEPT_ACCOUNT, (None, ["delete"]), f"the plan deletes {MEMBER}"),
    ],
)
def test_what_the_plan_takes_away(of_account: Any, of_member: Any, message: str) -> None:
    (finding,) = findings(plan(of_account, of_member), CHECK)
    assert message in finding.message


def test_a_binding_that_another_resource_makes_again() -> None:
    text = plan(KEPT_ACCOUNT, (None, ["delete"]))
    again = account_member(account_id=NAME)
    text.add("google_service_account_iam_member.other", again, provider="google")
    assert not findings(text, CHECK)


def test_a_change_in_place() -> None:
    assert not findings(plan(KEPT_ACCOUNT, KEPT_MEMBER), CHECK)
    assert not findings(plan((kept_account(display_name="new"), ["update"]), KEPT_MEMBER), CHECK)
