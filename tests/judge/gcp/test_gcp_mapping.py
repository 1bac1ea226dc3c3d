"""The attribute mapping, its values and their limits."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    NO_SUBJECT,
    provider,
)
from tests.judge.rules import Rule, hold, trace_of


def of_letters(count: int) -> dict[str, str]:
    """A mapping whose custom attributes have so many letters in all; one expression has at most 2,048 characters."""
    sizes = [2000] * (count // 2000) + [count % 2000]
    return {"google.subject": "'a'"} | {f"attribute.x{index}": f"'{'a' * size}'" for index, size in enumerate(sizes)}


RULES = {
    "healthy": Rule(lambda b: b, "mapping", "passed"),
    "no subject": Rule(
        provider(mapping={"attribute.team": "assertion.team"}, condition=""), "mapping", "mapping-missing-subject",
        NO_SUBJECT
    ),
    "an absent claim": Rule(
        provider(mapping={"google.subject": "assertion.email"}, condition=""), "mapping", "mapping-claim-missing",
        NO_SUBJECT, {"claim": "email", "attribute": "google.subject"},
    ),
    "an absent claim of an attribute": Rule(
        provider(mapping={"google.subject": "assertion.sub", "attribute.x": "assertion.email"}, condition=""),
        "mapping", "passed",
    ),
    "no CEL": Rule(
        provider(mapping={"google.subject": "assertion.sub +"}, condition=""), "mapping", "expression-invalid",
        "?" + NO_SUBJECT, {"which": "google.subject"},
    ),
    "a fault at run time": Rule(
        provider(mapping={"google.subject": "string(1 / 0)"}, condition=""), "mapping", "expression-invalid", NO_SUBJECT
    ),
    "a number as subject": Rule(
        provider(mapping={"google.subject": "assertion.exp"}, condition=""), "mapping", "mapped-attribute-not-string",
        "unauthorized_client: The mapped attribute 'google.subject' must be of type STRING.",
        {"attribute": "google.subject", "type": "int"},
    ),
    "a number as attribute": Rule(
        provider(mapping={"google.subject": "assertion.sub", "attribute.x": "assertion.exp"}, condition=""), "mapping",
        "mapped-attribute-not-string?", "?unauthorized_client", {"attribute": "attribute.x"},
    ),
    "127 bytes": Rule(lambda b: b.token(b.claims_of(sub="a" * 127)).gcp_provider(condition=""), "mapping", "passed"),
    "128 bytes of 64 letters": Rule(
        lambda b: b.token(b.claims_of(sub="é" * 64)).gcp_provider(condition=""), "mapping", "subject-over-limit",
        "invalid_request: The size of mapped attribute google.subject", {"bytes": "128", "limit": "127"},
    ),
    "128 bytes": Rule(
        lambda b: b.token(b.claims_of(sub="a" * 128)).gcp_provider(condition=""), "mapping", "subject-over-limit",
        "invalid_request: The size of mapped attribute google.subject", {"bytes": "128", "limit": "127"},
    ),
    "8,192 bytes": Rule(
        provider(mapping=of_letters(8191), condition=""), "mapping",
        "passed",
    ),
    "8,193 bytes": Rule(
        provider(mapping=of_letters(8192), condition=""), "mapping",
        "attributes-over-limit", "?invalid_request: The size of the entire", {"size": "8193", "limit": "8192"},
    ),
    "401 groups": Rule(
        lambda b: b.token(b.claims_of(groups=["g"] * 401)).gcp_provider(
            mapping={"google.subject": "assertion.sub", "google.groups": "assertion.groups"}
        ), "mapping", "attributes-over-limit?", "?invalid_request", {"size": "401", "limit": "400"},
    ),
    "400 groups": Rule(
        lambda b: b.token(b.claims_of(groups=["g"] * 400)).gcp_provider(
            mapping={"google.subject": "assertion.sub", "google.groups": "assertion.groups"}
        ), "mapping", "passed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")


def test_the_principal_is_mapped(gcp: Bundle) -> None:
    trace = trace_of(gcp, "gcp")
    assert trace.mapped == {"google.subject": gcp.SUBJECT, "attribute.team": gcp.TEAM}
    assert "that no deny policy or access boundary forbids the impersonation" in trace.assumed
