"""The IAM OIDC provider for the token's issuer."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    OTHER_PROVIDER,
    VALIDATE,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "large letters": Rule(
        lambda b: b.aws_provider(url="OIDC.BASETEN.CO").aws_providers(), "provider", "provider-url-differs", VALIDATE,
        {}, ("OIDC.BASETEN.CO", "oidc.baseten.co"),
    ),
    "healthy": Rule(lambda b: b, "provider", "passed"),
    "a built-in issuer": Rule(token(iss="https://accounts.google.com"), "provider", "passed"),
    "in another account": Rule(
        lambda b: b.aws_provider(arn=OTHER_PROVIDER), "provider", "provider-in-other-account?", VALIDATE,
        {"role_account": Bundle.ACCOUNT, "provider_account": Bundle.OTHER_ACCOUNT},
    ),
    "listed in another account": Rule(
        lambda b: b.remove("aws/oidc-provider.json").aws_providers(OTHER_PROVIDER), "provider",
        "provider-in-other-account", VALIDATE, {"issuer": "oidc.baseten.co"}, (Bundle.PROVIDER_ARN, OTHER_PROVIDER),
    ),
    "listed": Rule(
        lambda b: b.remove("aws/oidc-provider.json").aws_providers(Bundle.PROVIDER_ARN), "provider", "passed"
    ),
    "none": Rule(
        lambda b: b.remove("aws/oidc-provider.json").aws_providers(), "provider", "provider-missing", VALIDATE,
        {"account": Bundle.ACCOUNT, "issuer": "oidc.baseten.co"}, ("", Bundle.ISSUER),
    ),
    "not found": Rule(
        lambda b: b.not_found("aws/oidc-provider.json"), "provider", "provider-missing", VALIDATE
    ),
    "another issuer's": Rule(
        lambda b: b.aws_provider(url="gitlab.com", arn=...), "provider", "provider-missing?", VALIDATE,
    ),
    "slash": Rule(
        lambda b: b.aws_provider(url="oidc.baseten.co/", arn=...), "provider", "provider-url-differs?", VALIDATE,
    ),
    "a slip in the host": Rule(
        lambda b: b.remove("aws/oidc-provider.json").aws_providers(Bundle.PROVIDER_ARN.replace("baseten", "basten")),
        "provider", "provider-url-differs", VALIDATE, {}, ("oidc.basten.co", "oidc.baseten.co"),
    ),
    "redacted": Rule(
        lambda b: b.aws_provider(url="<issuer>", arn=...), "provider", "assumed"
    ),
    "of a redacted issuer": Rule(
        lambda b: b.claims(b.claims_of(iss="https://oidc.<host>")), "provider", "assumed"
    ),
    "denied": Rule(lambda b: b.denied("aws/oidc-provider.json"), "provider", "unknown"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
