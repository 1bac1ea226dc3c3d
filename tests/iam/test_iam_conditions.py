"""The Condition element: operators and negations, IfExists, Null, sets, absent and unreadable values, variables."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.iam import UNKNOWN, conditions_hold

SUB = "v=1:org=Acme1234:team=Blue5678:model=abc:deployment=def:environment=production:type=model_container"
ROLE = "arn:aws:iam::123456789012:role/path/Weights"


def one(operator: str, expected: object, *actual: object, **others: object) -> bool | None:
    """One operator, one key `k`; without `actual` the key is absent."""
    context: Any = {"k": actual[0], **others} if actual else others
    return conditions_hold({operator: {"k": expected}}, context)


@pytest.mark.parametrize(
    ("positive", "negative", "expected", "actual", "same"),
    [
        ("StringEquals", "StringNotEquals", "abc", "abc", True),
        ("StringEquals", "StringNotEquals", "abc", "Abc", False),
        ("StringEquals", "StringNotEquals", "a*", "abc", False),
        ("StringEquals", "StringNotEquals", "a*", "a*", True),
        ("StringEquals", "StringNotEquals", "", "", True),
        ("StringEquals", "StringNotEquals", 5, "5", True),
        ("StringEquals", "StringNotEquals", True, "true", True),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "ABC", "abc", True),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "K", "\u212a", True),  # Kelvin sign
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "S", "\u017f", False),  # long s
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "SS", "\u00df", False),  # sharp s
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "a*", "ABC", False),
        ("StringLike", "StringNotLike", "v=1:org=Acme1234:*", SUB, True),
        ("StringLike", "StringNotLike", "v=1:org=acme1234:*", SUB, False),
        ("StringLike", "StringNotLike", "*:environment=production:*", SUB, True),
        ("StringLike", "StringNotLike", "*:environment=production", SUB, False),
        ("StringLike", "StringNotLike", "v=?:*", SUB, True),
        ("StringLike", "StringNotLike", "v=1?:*", SUB, False),
        ("StringLike", "StringNotLike", "?", "\U0001f600", False),  # two UTF-16 units
        ("StringLike", "StringNotLike", "*", "", True),
        ("StringLike", "StringNotLike", "", "", True),
        ("StringLike", "StringNotLike", "", "a", False),
        ("StringLike", "StringNotLike", "a*b*c", "a\nb\nc", True),
        ("NumericEquals", "NumericNotEquals", "10", "10.0", True),
        ("NumericEquals", "NumericNotEquals", 10, "1e1", True),
        ("NumericEquals", "NumericNotEquals", "-0", "0", True),
        ("NumericEquals", "NumericNotEquals", "9007199254740993", "9007199254740992", False),
        ("DateEquals", "DateNotEquals", "2026-01-01", "2026-01-01T00:00:00Z", True),
        ("DateEquals", "DateNotEquals", "2026-01-01T01:00:00+01:00", "1767225600", True),
        ("DateEquals", "DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", False),
        ("IpAddress", "NotIpAddress", "203.0.113.0/24", "203.0.113.255", True),
        ("IpAddress", "NotIpAddress", "203.0.113.77/24", "203.0.113.1", True),  # host bits are cut off
        ("IpAddress", "NotIpAddress", "203.0.113.9", "203.0.113.9", True),
        ("IpAddress", "NotIpAddress", "203.0.113.0/24", "203.0.114.1", False),
        ("IpAddress", "NotIpAddress", "0.0.0.0/0", "8.8.8.8", True),
        ("IpAddress", "NotIpAddress", "0.0.0.0/0", "::1", False),
        ("IpAddress", "NotIpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
        ("IpAddress", "NotIpAddress", "2001:db8::/32", "2001:db9::", False),
        ("ArnLike", "ArnNotLike", "arn:aws:iam::*:role/*", ROLE, True),
        ("ArnEquals", "ArnNotEquals", "arn:aws:iam::*:role/path/W?ights", ROLE, True),
        ("ArnLike", "ArnNotLike", "arn:aws:iam:*:role/*", "arn:aws:iam::1:role/x", None),  # five fields
        ("ArnLike", "ArnNotLike", "arn:aws:*:*:111122223333:a/*", "arn:aws:s:r:999999999999:b:111122223333:a/x", False),
        ("ArnLike", "ArnNotLike", "arn:aws:s3:::a:*", "arn:aws:s3:::a:b:c", True),
        ("ArnLike", "ArnNotLike", "*", ROLE, True),
    ],
)
def test_an_operator_and_its_negation(
    positive: str, negative: str, expected: object, actual: str, same: bool | None
) -> None:
    assert one(positive, expected, actual) is same
    assert one(negative, expected, actual) is (None if same is None else not same)
    assert one(positive + "IfExists", expected, actual) is same
    assert one("ForAnyValue:" + positive, expected, [actual]) is same
    assert one("ForAllValues:" + positive, expected, [actual]) is same


@pytest.mark.parametrize("kind", ["Numeric", "Date"])
@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("LessThan", True, False, False),
        ("LessThanEquals", True, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanEquals", False, True, True),
        ("Equals", False, True, False),
        ("NotEquals", True, False, True),
    ],
)
def test_orders(kind: str, comparison: str, *, below: bool, equal: bool, above: bool) -> None:
    answers = [one(kind + comparison, "20000", actual) for actual in ("19999", "20000", "20001")]
    assert answers == [below, equal, above]


@pytest.mark.parametrize("name", ["Bool", "bool", "BOOL", "ForAnyValue:Bool"])
def test_bool(name: str) -> None:
    assert one(name, "true", "true") is True
    assert one(name, [True], "True") is True
    assert one(name, "false", "true") is False
    assert one(name, ["true", "false"], "true") is True
    assert one(name, "yes", "true") is False
    assert one(name, "true", "1") is False
    assert one(name, "false", "1") is True


def test_binary() -> None:
    assert one("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QmluYXJ5VmFsdWVJbkJhc2U2NA==") is True
    assert one("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "QUJD") is False
    assert one("BinaryEquals", "no base64", "QUJD") is None


NEGATED = ["StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "NumericNotEquals", "DateNotEquals"]
NEGATED += ["NotIpAddress", "ArnNotEquals", "ArnNotLike"]
POSITIVE = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan", "DateEquals"]
POSITIVE += ["DateGreaterThanEquals", "IpAddress", "ArnEquals", "ArnLike", "Bool", "BinaryEquals"]


@pytest.mark.parametrize("operator", POSITIVE + NEGATED)
@pytest.mark.parametrize("absent", [(), ([],)])
def test_an_absent_key(operator: str, absent: tuple[list[str], ...]) -> None:
    assert one(operator, "x", *absent) is (operator in NEGATED)
    assert one(operator + "IfExists", "x", *absent) is True
    assert one("ForAllValues:" + operator, "x", *absent) is True
    assert one("ForAnyValue:" + operator, "x", *absent) is False
    assert one("ForAnyValue:" + operator + "IfExists", "x", *absent) is True
    assert one("ForAllValues:" + operator + "IfExists", "x", *absent) is True


@pytest.mark.parametrize("operator", POSITIVE + NEGATED)
@pytest.mark.parametrize("values", [["x"], ["x", "y"]])
def test_a_multivalued_key_without_a_set_operator_never_matches(operator: str, values: list[str]) -> None:
    assert one(operator, "x", values) is False
    assert one(operator, "z", values) is False
    assert one(operator + "IfExists", "x", values) is False


def test_set_operators() -> None:
    tags = ["pwd", "mfa"]
    assert one("ForAnyValue:StringEquals", ["mfa", "otp"], tags) is True
    assert one("ForAnyValue:StringEquals", ["sms", "otp"], tags) is False
    assert one("ForAllValues:StringEquals", ["mfa"], tags) is False
    assert one("ForAllValues:StringEquals", ["mfa", "pwd", "otp"], tags) is True
    assert one("ForAllValues:StringNotEquals", ["sms"], tags) is True
    assert one("ForAllValues:StringNotEquals", ["sms", "pwd"], tags) is False
    assert one("ForAnyValue:StringNotEquals", ["pwd"], tags) is True
    assert one("ForAnyValue:StringNotEquals", ["pwd", "mfa"], tags) is False
    assert one("ForAnyValue:StringLike", "m*", tags) is True


def test_a_set_operator_takes_a_single_value_as_a_set_of_one() -> None:
    assert one("ForAllValues:StringLike", "v=1:*", SUB) is True
    assert one("ForAllValues:StringLike", "v=2:*", SUB) is False
    assert one("ForAnyValue:StringNotLike", "v=2:*", SUB) is True


@pytest.mark.parametrize("present", ["x", "", ["x"]])
def test_null(present: object) -> None:
    assert one("Null", "true") is True
    assert one("Null", "true", []) is True
    assert one("Null", [True], present) is False
    assert one("Null", "False", present) is True
    assert one("Null", ["true", "false"], present) is True
    assert one("Null", "maybe", present) is True  # read as false, like any text but true
    assert one("NullIfExists", "true") is None
    assert one("ForAllValues:Null", "true") is None


def test_an_unreadable_pattern_joins_as_undecidable() -> None:
    both = {"ArnLike": {"k": "x"}, "StringEquals": {"s": "a"}}
    assert conditions_hold(both, {"k": ROLE, "s": "a"}) is None
    assert conditions_hold(both, {"k": ROLE, "s": "b"}) is False


def test_operators_keys_and_values_are_joined() -> None:
    block = {"StringEquals": {"a": ["1", "2"], "b": "3"}, "StringNotLike": {"c": ["x*", "y*"]}}
    assert conditions_hold(block, {"a": "2", "b": "3", "c": "z"}) is True
    assert conditions_hold(block, {"a": "2", "b": "4", "c": "z"}) is False
    assert conditions_hold(block, {"a": "2", "b": "3", "c": "yes"}) is False
    assert conditions_hold({}, {}) is True
    assert conditions_hold({"StringEquals": {}}, {}) is True


def test_key_names_have_no_case() -> None:
    assert conditions_hold({"StringEquals": {"OIDC.example:AUD": "a"}}, {"oidc.example:aud": "a"}) is True
    assert conditions_hold({"StringEquals": {"k": "a", "K": "A"}}, {"k": "b"}) is False
    assert conditions_hold({"StringEquals": {"k": "a", "K": ["a", "b"]}}, {"k": "a"}) is True


def test_an_empty_list_of_values_matches_nothing() -> None:
    assert one("StringEquals", [], "x") is False
    assert one("StringNotEquals", [], "x") is True


@pytest.mark.parametrize("block", [None, "x", 5, [], [{}], {"StringEquals": "x"}, {"StringEquals": []}])
def test_a_malformed_block_decides_nothing(block: object) -> None:
    assert conditions_hold(block, {"k": "x"}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, {}, [None], [["x"]], [{"a": 1}]])
def test_a_malformed_value_decides_nothing(value: object) -> None:
    assert one("StringEquals", value, "x") is None
    assert one("StringNotEquals", value, "x") is None


@pytest.mark.parametrize(
    "name", ["StringEqual", "", "ForAllValues:", "ForSome:StringEquals", "IfExists", "StringLikes"]
)
def test_an_unknown_operator_decides_nothing(name: str) -> None:
    assert one(name, "x", "x") is None
    assert conditions_hold({name: {"k": "x"}, "StringEquals": {"k": "y"}}, {"k": "x"}) is False


@pytest.mark.parametrize("operator", [*POSITIVE, *NEGATED, "Null", "StringLikeIfExists", "ForAnyValue:StringEquals"])
def test_an_unread_key_decides_nothing(operator: str) -> None:
    assert one(operator, "true", UNKNOWN) is None


class TestVariables:
    def test_filled_in(self) -> None:
        assert one("StringEquals", "${aws:Name}", "x", **{"aws:name": "x"}) is True
        assert one("StringLike", "a/${aws:Name}/*", "a/x/b", **{"aws:name": "x"}) is True
        assert one("StringNotLike", "a/${aws:Name}/*", "a/x/b", **{"aws:name": "x"}) is False
        assert one("ArnLike", "arn:aws:iam::${aws:Account}:role/*", ROLE, **{"aws:account": "123456789012"}) is True
        assert one("ArnLike", "${aws:Arn}", ROLE, **{"aws:arn": ROLE}) is True
        assert one("Bool", "${aws:Flag}", "true", **{"aws:flag": "true"}) is True

    def test_filled_in_with_something_of_another_type(self) -> None:
        assert one("Bool", "${aws:Flag}", "true", **{"aws:flag": "yes"}) is False
        assert one("ArnNotLike", "${aws:Arn}", ROLE, **{"aws:arn": "Weights"}) is None

    def test_what_is_filled_in_is_literal(self) -> None:
        assert one("StringLike", "${aws:Name}", "abc", **{"aws:name": "a*"}) is False
        assert one("StringLike", "${aws:Name}", "a*", **{"aws:name": "a*"}) is True
        assert one("ArnLike", "arn:aws:iam::1:${aws:Name}", "arn:aws:iam::1:role", **{"aws:name": "*"}) is False

    def test_in_an_old_version_it_is_text(self) -> None:
        block = {"StringEquals": {"k": "${aws:Name}"}}
        old: Any
        for old in ("2008-10-17", "", None):
            assert conditions_hold(block, {"k": "x", "aws:name": "x"}, old) is False
            assert conditions_hold(block, {"k": "${aws:Name}", "aws:name": "x"}, old) is True

    def test_special_characters(self) -> None:
        assert one("StringLike", "a${*}${?}${$}", "a*?$") is True
        assert one("StringLike", "a${*}", "abc") is False
        assert one("StringEquals", "${$}{x}", "${x}") is True

    def test_default(self) -> None:
        assert one("StringEquals", "${aws:Name, 'y'}", "y") is True
        assert one("StringEquals", "${aws:Name, 'y'}", "x", **{"aws:name": "x"}) is True
        assert one("StringEquals", "a${aws:Name,'}'}b", "a}b") is True
        assert one("StringLike", "${aws:Name, '*'}", "abc") is False

    @pytest.mark.parametrize("others", [{}, {"aws:name": ["x"]}, {"aws:name": []}])
    def test_without_a_value_nothing_matches(self, others: dict[str, object]) -> None:
        assert one("StringEquals", "${aws:Name}", "x", **others) is False
        assert one("StringNotEquals", "${aws:Name}", "x", **others) is True
        assert one("StringLike", "*${aws:Name}*", "x", **others) is False
        assert one("StringEquals", ["${aws:Name}", "x"], "x", **others) is True

    def test_unread(self) -> None:
        assert one("StringEquals", "${aws:Name}", "x", **{"aws:name": UNKNOWN}) is None
        assert one("StringEquals", ["${aws:Name}", "x"], "x", **{"aws:name": UNKNOWN}) is True
        assert one("StringEquals", "${aws:Name}${aws:Absent}", "x", **{"aws:name": UNKNOWN}) is False

    @pytest.mark.parametrize(
        ("operator", "answer"),
        [("NumericEquals", False), ("NumericNotEquals", True), ("DateLessThan", False), ("BinaryEquals", None)],
    )
    def test_elsewhere_it_is_unreadable(self, operator: str, answer: bool | None) -> None:
        assert one(operator, "${aws:Name}", "1", **{"aws:name": "1"}) is answer

    @pytest.mark.parametrize("text", ["${", "a${aws:Name", "${}", "${nocolon}", "${aws:Name, 'open}"])
    def test_broken_ones(self, text: str) -> None:
        assert one("StringEquals", text, "x", **{"aws:name": "x"}) is False


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("2026", True),
        ("2026-06", True),
        ("2026-06-30", True),
        ("2026-06-30T10:20Z", True),
        ("2026-06-30T10:20:30.125+05:30", True),
        ("2026-06-30T10:20:30", True),
        ("1772366400", True),
        ("-1", True),
        ("+1772366400", True),
        ("0000", False),
        ("2026-06T10:20Z", False),
        ("2026-06-30T10Z", False),
        ("2026-06-30T10:20.5Z", False),
        ("2026-06-30T10:20:30.Z", False),
        ("2026-06-30T10:20:60Z", False),
        ("2026-06-30T10:20:30+0530", False),
        ("2026-6-30", False),
        ("2026-06-30Z", False),
        ("1772366400.5", False),
        ("", False),
    ],
)
def test_dates(text: str, *, readable: bool) -> None:
    assert (one("DateEquals", text, text) is True) is readable
    assert (one("DateLessThan", "9999-01-01", text) is True) is readable


def test_a_long_pattern_cannot_blow_up() -> None:
    text = "a" * 100_000
    assert one("StringLike", "*a" * 2000 + "b", text) is False
    assert one("StringLike", "*a?" * 2000 + "*b*", text) is False
    assert one("StringLike", "*" + "a?" * 20_000 + "b*", text) is False
    assert one("StringLike", "?" * 100_000, text) is True
    assert one("StringEquals", text, text) is True


def test_one_key_in_two_spellings_that_disagree_decides_nothing() -> None:
    """Which of the two IAM reads was not recorded, so neither allows nor spares."""
    assert conditions_hold({"StringEquals": {"k": "x", "K": "y"}}, {"k": "x"}) is None
    assert conditions_hold({"StringNotEquals": {"k": "x", "K": "y"}}, {"k": "x"}) is None
    assert conditions_hold({"StringEquals": {"k": "x", "K": ["x", "z"]}}, {"k": "x"}) is True
    assert conditions_hold({"StringEquals": {"k": "y", "K": "z"}}, {"k": "x"}) is False
    assert conditions_hold({"StringEquals": {"k": "x", "K": "y", "other": "z"}}, {"k": "x"}) is False


def test_one_operator_in_two_spellings_decides_nothing() -> None:
    block = {"StringEquals": {"k": "x"}, "stringequals": {"k": "y"}}
    assert conditions_hold(block, {"k": "x"}) is None
    assert conditions_hold({**block, "StringLike": {"k": "z"}}, {"k": "x"}) is False
