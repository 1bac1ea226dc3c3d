"""A condition that does not hold: the name that it gets, and both sides of the difference."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.aws.changes import (
    AUD,
    DENIED,
    SUB,
    when,
)
from tests.judge.rules import Rule, hold

RULES = {
    "external id": Rule(
        when("StringEquals", "sts:ExternalId", "x"), "authorise", "external-id-unsupported", DENIED,
        {"key": "sts:ExternalId", "operator": "StringEquals", "statement": "Statement[0]"},
    ),
    "a key misspelled": Rule(
        when("StringLike", "oidc.baseten.co:subb", "*"), "authorise", "condition-key-misspelled", DENIED, {},
        ("oidc.baseten.co:subb", SUB),
    ),
    "https in the key": Rule(
        when("StringLike", "https://oidc.baseten.co:sub", "*"), "authorise", "condition-key-misspelled", DENIED, {},
        ("https://oidc.baseten.co:sub", SUB),
    ),
    "the redacted issuer in the key": Rule(
        when("StringLike", "<issuer>:sub", Bundle.PATTERN), "authorise", "passed",
    ),
    "the redacted issuer in the key of another team": Rule(
        when("StringLike", "<issuer>:sub", "v=1:org=other:*"), "authorise", "subject-segment-differs", DENIED,
    ),
    "a claim that AWS does not export": Rule(
        when("StringEquals", "oidc.baseten.co:team", "x"), "authorise", "condition-key-not-provided", DENIED,
        {"claim": "team", "issuer_title": "Baseten"},
    ),
    "a word that is like none": Rule(
        when("StringEquals", "oidc.baseten.co:model", "x"), "authorise", "condition-key-not-provided", DENIED,
    ),
    "a key and more words": Rule(
        when("StringEquals", "oidc.baseten.co:aud_log", "x"), "authorise", "condition-key-not-provided", DENIED,
    ),
    "a key of other calls": Rule(
        when("StringEquals", "aws:PrincipalArn", "x"), "authorise", "condition-key-not-provided", DENIED,
    ),
    "several values without a set operator": Rule(
        when("StringEquals", "oidc.baseten.co:amr", "x"), "authorise", "condition-value-differs", DENIED,
    ),
    "no such operator": Rule(
        when("StringMatches", SUB, "x"), "authorise", "condition-operator-misused", DENIED,
        {"reason": "IAM has no such operator"},
    ),
    "no number": Rule(
        when("NumericEquals", SUB, "1"), "authorise", "condition-operator-misused", DENIED,
        {"reason": "the token's value cannot be read as what this operator compares"},
    ),
    "a variable": Rule(
        when("StringEquals", SUB, "${aws:username}"), "authorise", "policy-variable-unresolved", DENIED,
        {"variable": "${aws:username}", "reason": "the request has no value for it"},
    ),
    "Null true": Rule(
        when("Null", SUB, "true"), "authorise", "condition-value-differs", DENIED,
        {"wanted": "absent"}, ("absent", Bundle.SUBJECT),
    ),
    "Null false of an absent one": Rule(
        when("Null", "oidc.baseten.co:email", "false"), "authorise", "condition-value-differs", DENIED, {},
        ("present", "(absent)"),
    ),
    "an unknown value": Rule(
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"), "authorise", "condition-value-differs?", DENIED,
        {"note": "its value in the request was not read"},
    ),
    "another team": Rule(
        when("StringLike", SUB, Bundle.PATTERN.replace("Tq7LmZ2x", "Zz9")), "authorise", "subject-segment-differs",
        DENIED, {"segment": "team"}, (Bundle.PATTERN.replace("Tq7LmZ2x", "Zz9"), Bundle.SUBJECT),
    ),
    "another case": Rule(
        when("StringLike", SUB, Bundle.PATTERN.replace("Tq7LmZ2x", "tq7lmz2x")), "authorise", "subject-case-differs",
        DENIED
    ),
    "a wildcard": Rule(when("StringEquals", SUB, Bundle.PATTERN), "authorise", "wildcard-under-string-equals", DENIED),
    "a wildcard of an audience": Rule(
        when("StringEquals", AUD, "oidc.*"), "authorise", "wildcard-under-string-equals", DENIED
    ),
    "a wildcard of another key": Rule(
        when("StringEquals", "sts:RoleSessionName", "weigh*"), "authorise", "wildcard-under-string-equals", DENIED
    ),
    "an excluded subject": Rule(
        when("StringNotLike", SUB, "v=1:*"), "authorise", "condition-value-differs", DENIED,
        {"excluded": "v=1:*", "note": ""}, ("v=1:*", Bundle.SUBJECT),
    ),
    "another audience": Rule(
        when("StringEquals", AUD, "sts.amazonaws.com"), "authorise", "audience-condition-differs", DENIED, {},
        ("sts.amazonaws.com", Bundle.AUDIENCE),
    ),
    "azp": Rule(
        lambda b: b.token(b.claims_of(azp="cli")).aws_provider(("cli",)), "authorise", "azp-decides-audience", DENIED,
        {"azp": "cli", "aud": Bundle.AUDIENCE, "place": "trust policy"},
    ),
    "another session name": Rule(
        when("StringEquals", "sts:RoleSessionName", "other"), "authorise", "condition-value-differs", DENIED, {},
        ("other", "weights"),
    ),
    "invisible": Rule(
        when("StringLike", SUB, Bundle.PATTERN.replace(":*", "\u200b:*")), "authorise",
        "invisible-character-in-value", DENIED,
        {"value_name": "policy value", "character": "zero width space"},
    ),
    "placeholder": Rule(
        when("StringLike", SUB, Bundle.PATTERN.replace(Bundle.TEAM, "TEAM_ID")), "authorise", "placeholder-left-in",
        DENIED,
        {"placeholder": "TEAM_ID"},
    ),
    "redacted": Rule(
        when("StringLike", SUB, Bundle.PATTERN.replace(Bundle.TEAM, "<team>")), "authorise",
        "subject-segment-differs?", DENIED
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")
