"""GCP105: a plan deletes or replaces a pool or its provider."""

from __future__ import annotations

from typing import Any

import pytest

from plan_text import PlanText, findings, kept_pool, kept_pool_provider, pool, pool_provider

CHECK = "pool-interrupted-by-plan"
POOL, PROVIDER = "google_iam_workload_identity_pool.baseten", "google_iam_workload_identity_pool_provider.oidc"


def plan(of_pool: tuple[Any, list[str]], of_provider: tuple[Any, list[str]]) -> PlanText:
    text = PlanText().add(POOL, of_pool[0], before=kept_pool(), actions=of_pool[1], provider="google")
    return text.add(PROVIDER, of_provider[0], before=kept_pool_provider(), actions=of_provider[1], provider="google")


KEPT_POOL, KEPT_PROVIDER = (kept_pool(), ["no-op"]), (kept_pool_provider(), ["no-op"])
REPLACED = ["delete", "create"]


@pytest.mark.parametrize(
    ("of_pool", "of_provider", "address", "message"),
    [
        (KEPT_POOL, (None, ["delete"]), PROVIDER, "its id cannot be used again for 30 days"),
        ((None, ["delete"]), KEPT_PROVIDER, POOL, "refuses every exchange with the pool after apply"),
        (KEPT_POOL, (pool_provider(), REPLACED), PROVIDER, "so that the creation fails"),
        ((pool(), ["create", "delete"]), KEPT_PROVIDER, POOL, "so that the creation fails"),
        (
            KEPT_POOL,
            (pool_provider(workload_identity_pool_provider_id="new"), REPLACED),
            PROVIDER,
            "a provider of another name",
        ),
    ],
)
def test_what_the_plan_takes_away(of_pool: Any, of_provider: Any, address: str, message: str) -> None:
    (finding,) = findings(plan(of_pool, of_provider), CHECK)
    assert address in finding.message
    assert message in finding.message


def test_a_provider_that_moved_to_another_address() -> None:
    text = plan(KEPT_POOL, (None, ["delete"]))
    text.add("google_iam_workload_identity_pool_provider.other", pool_provider(), provider="google")
    (finding,) = findings(text, CHECK, target=PROVIDER)
    assert f"add a moved block from {PROVIDER} to google_iam_workload_identity_pool_provider.other" in finding.fix


def test_a_deleted_provider_refuses_the_token() -> None:
    (exchange,) = plan(KEPT_POOL, (None, ["delete"])).report().exchanges
    assert (exchange.prediction, exchange.step) == ("refused", "target")


def test_a_change_in_place() -> None:
    assert not findings(plan(KEPT_POOL, KEPT_PROVIDER), CHECK)
    assert not findings(plan((kept_pool(description="new"), ["update"]), KEPT_PROVIDER), CHECK)
