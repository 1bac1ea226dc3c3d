"""AWS102: a plan deletes or replaces the provider that a kept role trusts."""

from __future__ import annotations

from typing import Any

import pytest

from plan_text import ISSUER, PlanText, findings, kept_provider, kept_role, oidc_provider, provider_arn, trust_policy

CHECK = "provider-interrupted-by-plan"
PROVIDER = "aws_iam_openid_connect_provider.baseten"


def plan(after: Any, actions: list[str], **more: Any) -> PlanText:
    text = PlanText()
    text.add(PROVIDER, after, before=kept_provider(), actions=actions, **more)
    role = kept_role(trust_policy())
    return text.add("aws_iam_role.weights", role, before=role)


@pytest.mark.parametrize(
    ("after", "actions", "message", "fix"),
    [
        (None, ["delete"], "refuses every token of oidc.baseten.co after apply", "removed block"),
        (oidc_provider(), ["delete", "create"], "refuses every token of oidc.baseten.co in between", "forces"),
        (oidc_provider(), ["create", "delete"], "IAM refuses a second provider for a URL", "forces"),
        (oidc_provider("oidc.example.com"), ["delete", "create"], "once the old provider is deleted", "trust both"),
    ],
)
def test_the_order_of_the_work(after: Any, actions: list[str], message: str, fix: str) -> None:
    (finding,) = findings(plan(after, actions), CHECK)
    assert message in finding.message
    assert PROVIDER in finding.message
    assert fix in finding.fix


def test_a_tainted_provider_is_untainted() -> None:
    tainted = plan(oidc_provider(), ["delete", "create"], action_reason="replace_because_tainted")
    (finding,) = findings(tainted, CHECK)
    assert finding.fix == "Untaint it, and plan again."


def test_a_provider_that_moved_to_another_address() -> None:
    text = plan(None, ["delete"]).add("aws_iam_openid_connect_provider.other", oidc_provider())
    (finding,) = findings(text, CHECK)
    assert f"add a moved block from {PROVIDER} to aws_iam_openid_connect_provider.other" in finding.fix


def test_a_deleted_provider_refuses_the_token() -> None:
    (exchange,) = plan(None, ["delete"]).report().exchanges
    assert (exchange.prediction, exchange.step) == ("refused", "provider")


def test_near_misses() -> None:
    assert not findings(plan(kept_provider(), ["no-op"]), CHECK)
    assert not findings(plan(kept_provider(client_id_list=[ISSUER, "b"]), ["update"]), CHECK)
    other = PlanText().add(PROVIDER, None, before=kept_provider("oidc.example.com"))
    role = kept_role(trust_policy(provider_arn()))
    assert not findings(other.add("aws_iam_role.weights", role, before=role), CHECK)
    gone = PlanText().add(PROVIDER, None, before=kept_provider())
    assert not findings(gone.add("aws_iam_role.weights", None, before=role), CHECK)
