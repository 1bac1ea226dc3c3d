"""Condition values as the real engine treats them: one table for each recorded rule, with values of our own.

Rules: recorded evaluations, github.com/radkawar/stackd, testdata/aws/iam, September 2026.
"""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.iam import compile_policy, conditions_hold

ROLE = "arn:aws:iam::210987654321:role/Weights"
PROVIDER = "arn:aws:iam::210987654321:oidc-provider/oidc.example.org"
NUMBERS = ["seven", "", "NaN", "Infinity", "-Infinity", " 7", "0x7", "1_0", "--1", "1e", "\u0667"]
DATES = ["yesterday", "", "2026-02-30", "2026-01-01T25:00:00Z", "2026-01-01 00:00:00Z", "01.02.2026"]


def hold(operator: str, expected: object, actual: object, **others: object) -> bool | None:
    context: Any = {"k": actual, **others}
    return conditions_hold({operator: {"k": expected}}, context)


def pair(kind: str, expected: object, actual: object) -> tuple[bool | None, bool | None]:
    """An operator and its negation."""
    negated = {"IpAddress": "NotIpAddress", "Arn": "ArnNotLike"}.get(kind, f"{kind}NotEquals")
    positive = {"IpAddress": "IpAddress", "Arn": "ArnLike"}.get(kind, f"{kind}Equals")
    return hold(positive, expected, actual), hold(negated, expected, actual)


DIFFERENT, SAME, NEITHER, CLOSED = (False, True), (True, False), (False, False), (None, None)


@pytest.mark.parametrize(
    ("kind", "good", "bad"), [("Numeric", "7", bad) for bad in NUMBERS] + [("Date", "2026-05-01", bad) for bad in DATES]
)
def test_an_unreadable_number_or_date_equals_nothing(kind: str, good: str, bad: str) -> None:
    assert pair(kind, good, bad) == pair(kind, bad, good) == pair(kind, bad, bad) == DIFFERENT
    assert pair(kind, [bad, good], good) == pair(kind, [good, bad], good) == SAME
    for order in ("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"):  # inferred
        assert hold(kind + order, good, bad) is hold(kind + order, bad, good) is False
    assert hold(f"ForAnyValue:{kind}NotEquals", good, [good, bad]) is True
    assert hold(f"ForAnyValue:{kind}Equals", good, [bad, good]) is True
    assert hold(f"ForAllValues:{kind}NotEquals", good, [bad]) is True
    assert hold(f"ForAllValues:{kind}Equals", good, [good, bad]) is False


@pytest.mark.parametrize("spelling", ["007", "+7", "7.", "7.0", "7e0", "70e-1", "0.7e1"])
def test_numbers_are_compared_as_decimals(spelling: str) -> None:
    assert pair("Numeric", "7", spelling) == pair("Numeric", spelling, "7") == SAME
    assert pair("Numeric", "18014398509481985", "18014398509481984") == DIFFERENT


@pytest.mark.parametrize(
    ("expected", "actual", "answer"),
    [
        ("2026-05-01", "2026-05-01T00:00:00", SAME),
        ("2026-05-01T00:00:00Z", "1777593600", SAME),
        ("2026-05-01T00:00:00Z", "+1777593600", SAME),
        ("2026-05-01T02:00:00+02:00", "2026-05-01", SAME),
        ("2026-05-01T00:00:00.1239Z", "2026-05-01T00:00:00.1231Z", SAME),
        ("2026-05-01T00:00:00.123Z", "2026-05-01T00:00:00.1239Z", SAME),
        ("2026-05-01T00:00:00.124Z", "2026-05-01T00:00:00.1239Z", DIFFERENT),
    ],
)
def test_dates(expected: str, actual: str, answer: tuple[bool, bool]) -> None:
    assert pair("Date", expected, actual) == answer


@pytest.mark.parametrize("word", ["no", "1", "", " true", "true ", "yes", "FALSE", "truth"])
def test_every_text_but_true_is_false(word: str) -> None:
    assert hold("Bool", "true", word) is hold("Bool", word, "tRue") is False
    assert hold("Bool", "false", word) is hold("Bool", word, "other") is True
    assert hold("Bool", "TRUE", "tRue") is True
    assert hold("Null", word, "") is True  # an empty text is a present value
    assert conditions_hold({"Null": {"k": word}}, {}) is False
    assert conditions_hold({"Null": {"k": "TRUE"}}, {}) is True


def test_base64_is_compared_as_text() -> None:
    assert hold("BinaryEquals", "Zm9v", "Zm9v") is True
    assert hold("BinaryEquals", "Zm8=", "Zm8") is hold("BinaryEquals", "Zm8=", "Zm9=") is False
    assert hold("BinaryEquals", "Zm8", "Zm8=") is hold("BinaryEquals", "Zm8=", " Zm8=") is False
    assert hold("BinaryEquals", "no base64!", "Zm8=") is None  # IAM does not store it


@pytest.mark.parametrize(
    "address",
    ["", "host", "192.0.2", "3221225985", "192.0.2.1/32", " 192.0.2.1", "192.0.2.256", "192.0..1", "192.0.2.1.",
     "2001:db8::1::", "2001:db8::::1", "2001:db8::1%eth0", "[2001:db8::1]", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", ":",
     "1:2:3:4:5:6:7:8::", "2001:db8::192.0.2.1", "0:0:0:0:0:ffff:192.0.2.1", "::192.0.2.1", "12345::", "::g"],
)  # fmt: skip
def test_an_unreadable_address_meets_neither_operator(address: str) -> None:
    for policy in ("0.0.0.0/0", "::/0", "nonsense", ["192.0.2.0/24", "x"]):
        assert pair("IpAddress", policy, address) == NEITHER


@pytest.mark.parametrize(
    ("policy", "address", "answer"),
    [
        ("192.0.2.1", "192.000.2.01", SAME),
        ("192.0.2.01", "192.0.2.1", SAME),
        ("192.0.2.77/24", "192.0.2.1", SAME),
        ("192.0.2.0/024", "192.0.2.1", SAME),
        ("192.0.2.0/+24", "192.0.2.1", SAME),
        ("192.0.2.0/23", "192.0.4.1", DIFFERENT),
        ("192.0.2.0/", "192.0.2.0", DIFFERENT),
        ("192.0.2.0/33", "192.0.2.0", DIFFERENT),
        ("192.0.2.0/-1", "192.0.2.0", DIFFERENT),
        ("192.0.2.1", "::ffff:192.0.2.1", SAME),
        ("192.0.2.1", "::FFFF:c000:201", SAME),
        ("192.0.2.1", "0:0:0:0:0:ffff:c000:0201", SAME),
        ("::ffff:c000:201", "::ffff:c000:201", DIFFERENT),
        ("::ffff:192.0.2.1", "192.0.2.1", DIFFERENT),
        ("::/0", "192.0.2.1", DIFFERENT),
        ("0.0.0.0/0", "2001:db8::1", DIFFERENT),
        ("2001:DB8::1", "2001:0db8:0:0::0001", SAME),
        ("2001:db8::/32", "2001:db8::1", SAME),
        ("2001:db8::1/32", "2001:db8::1", DIFFERENT),
        ("::1/0", "2001:db8::1", DIFFERENT),
        ("2001:db8::/129", "2001:db8::", DIFFERENT),
        ("::", ":::", SAME),
        ("2001:db8::1", "2001:db8:::1", SAME),
        ("2001:db8::1", "2001:db8::1:", SAME),
        ("0:2:3:4:5:6:7:8", ":2:3:4:5:6:7:8", SAME),
        ("2001:db8:::1", "2001:db8::1", SAME),
    ],
)
def test_addresses(policy: str, address: str, answer: tuple[bool, bool]) -> None:
    assert pair("IpAddress", policy, address) == answer
    assert pair("IpAddress", ["unreadable", policy], address) == pair("IpAddress", [policy, "x"], address) == answer


@pytest.mark.parametrize("value", ["Weights", "", "a:b:c:d:e"])
def test_a_request_without_an_arn_meets_neither_operator(value: str) -> None:
    for policy in (ROLE, "role/*", value, "*"):
        assert pair("Arn", policy, value) == NEITHER


@pytest.mark.parametrize(
    ("policy", "answer"),
    [
        ("role/Weights", CLOSED),
        (["role/Weights", ROLE], CLOSED),
        ([ROLE, "role/Weights"], SAME),
        (["arn:aws:iam::*:role/Other", "role/Weights", ROLE], CLOSED),
        (["arn:aws:iam::*:role/Other", "arn:aws:iam::*:role/W*", "role/Weights"], SAME),
        (["arn:aws:iam::*:role/Other"], DIFFERENT),
    ],
)
def test_an_unreadable_arn_pattern_fails_closed_at_its_place(policy: Any, answer: tuple[bool | None, ...]) -> None:
    assert pair("Arn", policy, ROLE) == answer
    assert (hold("ArnEquals", policy, ROLE), hold("ArnNotEquals", policy, ROLE)) == answer
    assert pair("Arn", policy, "no ARN") == NEITHER


def test_a_failure_is_of_its_statement_alone() -> None:
    statement = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity"}
    broken = {**statement, "Condition": {"ArnLike": {"aws:FederatedProvider": "oidc-provider/*"}}}
    deny = {**broken, "Effect": "Deny"}

    def effect(*statements: object) -> str:
        policy = compile_policy({"Version": "2012-10-17", "Statement": [*statements]})
        decision = policy.decide(PROVIDER, "sts:AssumeRoleWithWebIdentity", {"aws:FederatedProvider": PROVIDER})
        return decision.effect

    assert effect(broken) == "implicit-deny"
    assert effect(broken, statement) == effect(statement, broken) == "allow"
    assert effect(statement, deny) == "explicit-deny"


@pytest.mark.parametrize(
    ("pattern", "text", "same"),
    [
        ("a?c", "a\U0001f511c", False),
        ("a??c", "a\U0001f511c", True),
        ("a\U0001f511?", "a\U0001f511c", True),
        ("*\U0001f511*", "a\U0001f511c", True),
        ("a?*", "a\U0001f511", True),
        ("a?c", "a\u20acc", True),
        ("a*c", "a\n\U0001f511c", True),
        ("a\\*[b]", "a\\x[b]", True),
        ("e\u0301", "\u00e9", False),  # no normalisation
    ],
)
def test_a_question_mark_is_one_utf_16_unit(pattern: str, text: str, *, same: bool) -> None:
    assert hold("StringLike", pattern, text) is same
    assert hold("StringNotLike", pattern, text) is not same
    assert hold("ArnLike", f"arn:aws:s3:::b/{pattern}", f"arn:aws:s3:::b/{text}") is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2", True),  # the last sigma is a final one
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3", False),
        ("\u03a3\U0001d400", "\u03c3\U0001d400", True),
        ("A\u03a3\U0001d400", "a\u03c3\U0001d400", True),  # a letter follows, though beyond U+FFFF
        ("\U00010400", "\U00010428", False),  # Deseret capital and small, not lowered
        ("A\U00010400B", "a\U00010400b", True),
        ("\u0130\U00010400X", "i\u0307\U00010400x", True),
    ],
)
def test_case_beyond_the_bmp_counts(one: str, other: str, *, same: bool) -> None:
    assert hold("StringEqualsIgnoreCase", one, other) is hold("StringEqualsIgnoreCase", other, one) is same
    assert hold("StringNotEqualsIgnoreCase", one, other) is not same


def test_a_multivalued_variable_matches_nothing_and_its_default_is_not_used() -> None:
    for text in ("${aws:TagKeys}", "${aws:TagKeys, 'x'}", "a${aws:TagKeys, ''}"):
        assert hold("StringEquals", text, "x", **{"aws:TagKeys": ["x"]}) is False
        assert hold("StringNotEquals", text, "x", **{"aws:TagKeys": ["x"]}) is True
        assert hold("StringLike", text, "x", **{"aws:TagKeys": ["x", "y"]}) is False
    assert hold("StringEquals", "${aws:TagKeys, 'x'}", "x") is True
