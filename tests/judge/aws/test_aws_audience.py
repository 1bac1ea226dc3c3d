"""The token's audience against the ClientIDList."""

from __future__ import annotations

import pytest

from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from tests.conftest import Bundle
from tests.judge.aws.changes import (
    NOW,
    VALIDATE,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "audience", "passed"),
    "another": Rule(
        lambda b: b.aws_provider(("sts.amazonaws.com",)), "audience", "audience-not-registered", VALIDATE,
        {"audience": Bundle.AUDIENCE}, ("sts.amazonaws.com", Bundle.AUDIENCE),
    ),
    "case": Rule(lambda b: b.aws_provider(("OIDC.baseten.co",)), "audience", "audience-not-registered", VALIDATE),
    "one of two": Rule(lambda b: b.aws_provider(("a", Bundle.AUDIENCE)), "audience", "passed"),
    "redacted": Rule(lambda b: b.aws_provider(("<audience>",)), "audience", "audience-not-registered?", VALIDATE),
    "empty list": Rule(lambda b: b.aws_provider(()), "audience", "client-id-list-empty?", VALIDATE),
    "empty list, refused": Rule(
        lambda b: b.aws_provider(()).error("Incorrect token audience"), "audience", "client-id-list-empty", VALIDATE
    ),
    "azp": Rule(
        token(azp="baseten-cli"), "audience", "azp-decides-audience", VALIDATE,
        {"azp": "baseten-cli", "aud": Bundle.AUDIENCE},
    ),
    "azp registered": Rule(
        lambda b: b.token(b.claims_of(azp="cli")).aws_provider(("cli",)), "audience", "passed"
    ),
    "invisible": Rule(
        lambda b: b.aws_provider((Bundle.AUDIENCE + "\u200b",)), "audience", "invisible-character-in-value", VALIDATE,
        {"character": "zero width space", "position": "16"},
    ),
    "placeholder": Rule(
        lambda b: b.aws_provider(("YOUR_CLIENT_ID",)), "audience", "placeholder-left-in", VALIDATE,
        {"placeholder": "YOUR_CLIENT_ID"},
    ),
    "a built-in issuer": Rule(token(iss="https://accounts.google.com"), "audience", "passed"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")


def test_a_provider_in_use_proves_its_empty_list(aws: Bundle) -> None:
    evidence = aws.aws_provider(()).evidence()
    case = Case("aws", evidence, evidence.tokens[0], NOW, None, (), frozenset({aws.PROVIDER_ARN}))
    assert evaluate(case).step("audience").state == "passed"
