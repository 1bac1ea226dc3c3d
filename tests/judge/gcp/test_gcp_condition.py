"""The attribute condition, and the sub-expression that made it false."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    REJECTED,
    condition,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "condition", "passed"),
    "none": Rule(condition(""), "condition", "passed"),
    "false": Rule(
        condition("google.subject == 'x'"), "condition", "attribute-condition-false", REJECTED,
        {"clause": "google.subject == 'x'"}, ("x", Bundle.SUBJECT),
    ),
    "the clause that decides": Rule(
        condition("assertion.aud == 'oidc.baseten.co' && assertion.team == 'x'"), "condition",
        "attribute-condition-false", REJECTED, {"clause": "assertion.team == 'x'"}, ("x", Bundle.TEAM),
    ),
    "either": Rule(condition("assertion.team == 'x' || assertion.aud == 'oidc.baseten.co'"), "condition", "passed"),
    "negated": Rule(
        condition(f"!(assertion.team == '{Bundle.TEAM}')"), "condition", "attribute-condition-false", REJECTED,
        {"note": "the condition excludes this value"},
    ),
    "a star": Rule(
        condition("google.subject == 'v=1:org=Org8Kd2P:*'"), "condition", "wildcard-in-cel", REJECTED,
        {"note": "`*` is an ordinary character in CEL"},
    ),
    "a star in startsWith": Rule(
        condition("google.subject.startsWith('v=1:*')"), "condition", "wildcard-in-cel", REJECTED
    ),
    "an absent claim": Rule(
        condition("assertion.email == 'x'"), "condition", "condition-claim-missing", REJECTED,
        {"claim": "email", "clause": "assertion.email == 'x'"},
    ),
    "a claim, and no token at all": Rule(
        lambda b: b.claims({}).gcp_provider(condition="assertion.ticket == 'x'"), "condition", "unknown"
    ),
    "an attribute that is not mapped": Rule(
        condition("attribute.model == 'x'"), "condition", "mapping-missing-attribute", REJECTED,
        {"attribute": "attribute.model", "mapped": "google.subject, attribute.team"},
    ),
    "an attribute whose claim is absent": Rule(
        lambda b: b.gcp_provider(
            mapping={"google.subject": "assertion.sub", "attribute.mail": "assertion.email"},
            condition="attribute.mail == 'x'",
        ), "condition", "condition-claim-missing", REJECTED, {"claim": "email", "attribute": "attribute.mail"},
    ),
    "no CEL": Rule(
        condition("google.subject = 'x'"), "condition", "expression-invalid", "?" + REJECTED,
        {"which": "attributeCondition"},
    ),
    "no bool": Rule(
        condition("google.subject"), "condition", "expression-invalid", REJECTED,
        {"message": "it returns neither true nor false"},
    ),
    "redacted": Rule(
        condition("google.subject.startsWith('v=1:org=<org>')"), "condition", "attribute-condition-false?", REJECTED
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
