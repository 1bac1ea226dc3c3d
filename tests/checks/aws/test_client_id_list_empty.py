"""AWS013: a provider without any client ID; what STS does then was never measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_it_is_only_a_suspicion(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=()).ask()
    cause = answer.suspected("client-id-list-empty")
    assert cause.step == "audience"
    assert "not documented whether STS accepts an empty list" in cause.summary


@pytest.mark.parametrize(
    "text",
    ["Incorrect token audience", "InvalidIdentityToken: The web identity token provided could not be validated."],
)
def test_an_error_of_that_step_makes_it_the_cause(aws: Bundle, text: str) -> None:
    answer = aws.aws_provider(client_ids=()).error(text).ask()
    assert answer.refused("client-id-list-empty", "audience", aws.COULD_NOT_VALIDATE).contradicts_observed is False


def test_a_success_disproves_it(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=()).cloudtrail([aws.accepted_event()]).ask()
    assert "client-id-list-empty" not in answer.names
    assert answer.exchange().prediction == "accepted"


def test_a_refusal_by_the_trust_policy_came_after_it(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=()).error(aws.NOT_AUTHORIZED[1]).ask()
    assert answer.first.name != "client-id-list-empty"
    assert answer.state("audience") == "passed-by-error"


def test_a_list_with_the_audience(aws: Bundle) -> None:
    aws.ask().passed("client-id-list-empty")


def test_no_list_is_unknown(aws: Bundle) -> None:
    answer = aws.aws_provider(client_ids=...).ask()
    answer.skipped("client-id-list-empty")
    assert answer.state("audience") == "unknown"


def test_no_provider(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json").ask().skipped("client-id-list-empty")
