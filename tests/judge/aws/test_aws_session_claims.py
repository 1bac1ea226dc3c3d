"""The claims that shape a session: tags and roles."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    ROLES,
    TAGS,
    token,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "session-claims", "passed"),
    "tags a text": Rule(
        token(**{TAGS: "x"}), "session-claims", "tags-claim-malformed", "InvalidIdentityToken: Session tags passed in"
    ),
    "tags null": Rule(token(**{TAGS: None}), "session-claims", "passed"),
    "a tag that is no list": Rule(
        token(**{TAGS: {"principal_tags": {"team": "a", "model": ["b"]}}}), "session-claims", "tags-claim-malformed",
        "InvalidIdentityToken: principal_tags passed in",
        {"reason": "team: each value must be a list of exactly one text"},
    ),
    "a tag of two": Rule(
        token(**{TAGS: {"principal_tags": {"team": ["a", "b"]}}}), "session-claims", "tags-claim-malformed",
        "InvalidIdentityToken: principal_tags passed in",
    ),
    "a flattened tag that is no text": Rule(
        token(**{f"{TAGS}/principal_tags/team": ["a"]}), "session-claims", "tags-claim-malformed?",
        "?InvalidIdentityToken: principal_tags passed in",
    ),
    "good tags": Rule(token(**{TAGS: {"principal_tags": {"team": ["a"]}}}), "session-claims", "passed"),
    "roles an object": Rule(
        token(**{ROLES: {}}), "session-claims", "roles-claim-malformed",
        "InvalidIdentityToken: The roles claim is not in a supported format",
    ),
    "roles of no role": Rule(
        token(**{ROLES: "x;y"}), "session-claims", "roles-claim-malformed",
        "InvalidIdentityToken: The roles claim contains no valid role ARNs",
    ),
    "roles of others": Rule(
        token(**{ROLES: [Bundle.ROLE_ARN + "2"]}), "session-claims", "roles-claim-excludes-role",
        "InvalidIdentityToken: The target role ARN is not present", {}, (Bundle.ROLE_ARN + "2", Bundle.ROLE_ARN),
    ),
    "roles as one text": Rule(token(**{ROLES: f"{Bundle.ROLE_ARN}2; {Bundle.ROLE_ARN}"}), "session-claims", "passed"),
    "roles empty": Rule(
        token(**{ROLES: []}), "session-claims", "roles-claim-malformed",
        "InvalidIdentityToken: The roles claim contains no valid role ARNs",
    ),
    "a bad entry beside the role": Rule(token(**{ROLES: ["x", 7, Bundle.ROLE_ARN]}), "session-claims", "passed"),
    "the role in other letter case": Rule(
        token(**{ROLES: Bundle.ROLE_ARN.replace("Model", "model")}), "session-claims", "roles-claim-excludes-role",
        "InvalidIdentityToken: The target role ARN is not present",
    ),
    "roles null": Rule(token(**{ROLES: None}), "session-claims", "passed"),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
