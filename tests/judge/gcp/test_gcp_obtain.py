"""The token and the credential configuration that the client starts from."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    HOST,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "obtain", "passed"),
    "no token": Rule(lambda b: b.write("token.jwt", ""), "obtain", "no-token-sent"),
    "another type": Rule(
        lambda b: b.write("gcp/credentials.json", {"type": "service_account"}), "obtain", "credential-config-invalid",
        "", {"field": "type"}, ("external_account", "service_account"),
    ),
    "fields missing": Rule(
        lambda b: b.write("gcp/credentials.json", {"type": "external_account", "audience": HOST + Bundle.GCP_PROVIDER}),
        "obtain", "credential-config-invalid?", "", {"field": "subject_token_type, token_url, credential_source"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
