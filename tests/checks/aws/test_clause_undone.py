"""AWS080: a second clause accepts all that the first one does, and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


NARROW, WIDE = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:*", "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"


def test_a_second_statement(aws: Bundle) -> None:
    (message,) = (
        aws.trust(aws.statement(aws.subject(NARROW)), aws.statement(aws.subject(WIDE))).ask().found("clause-undone")
    )
    assert message.startswith("Statement[1] undoes ")


def test_a_second_value(aws: Bundle) -> None:
    assert aws.condition(aws.subject(NARROW, WIDE)).ask().found("clause-undone")


def test_several_wide_values_are_named_in_the_order_of_the_policy(aws: Bundle) -> None:
    head = WIDE.rstrip("*")
    wide = [WIDE, f"{head}model=*", f"{head}?odel=*", f"{head}m?del=*", f"{head}mo?el=*"]
    messages = aws.condition(aws.subject(NARROW, *wide)).ask().found("clause-undone")
    places = [
        next(place for place, text in enumerate(wide) if f": `{text}` accepts" in message) for message in messages
    ]
    assert len(places) > 1
    assert places == sorted(places)


def test_a_deny_that_closes_the_wide_one(aws: Bundle) -> None:
    deny = aws.statement({"StringNotLike": {aws.SUB_KEY: NARROW}}, Effect="Deny")
    statements = (aws.statement(aws.subject(NARROW)), aws.statement(aws.subject(WIDE)), deny)
    aws.trust(*statements).ask().passed("clause-undone")


def test_clauses_that_add_to_each_other(aws: Bundle) -> None:
    other = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*:type=model_build"
    aws.trust(aws.statement(aws.subject(NARROW)), aws.statement(aws.subject(other))).ask().passed("clause-undone")


def test_one_that_lets_in_every_customer_is_said_once(aws: Bundle) -> None:
    answer = aws.trust(aws.statement(aws.subject(NARROW)), aws.statement(aws.subject("*"))).ask()
    assert answer.found("trust-any-tenant")
    answer.passed("clause-undone")


def test_no_document(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("clause-undone")
