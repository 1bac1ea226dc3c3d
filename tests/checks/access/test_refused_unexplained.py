"""ACC009: refused in fact, and nothing that was read says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_a_refusal_without_the_documents_of_its_step(aws: Bundle) -> None:
    answer = aws.remove("aws/role.json").error(aws.NOT_AUTHORIZED[1]).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("refused-unexplained", "suspected", "authorise")
    assert "get-role" in cause.settle
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("No OpenIDConnect provider found in your account for https://oidc.baseten.co", "provider"),
        ("Incorrect token audience", "audience"),
    ],
)
def test_everything_that_was_read_lets_it_pass(aws: Bundle, text: str, step: str) -> None:
    cause = aws.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("refused-unexplained", "suspected", step)


def test_a_definite_refusal_elsewhere_comes_second(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=other:*")).error(aws.COULD_NOT_VALIDATE[1]).ask()
    assert answer.names == ["refused-unexplained", "subject-segment-differs"]
    assert [cause.contradicts_observed for cause in answer.causes] == [False, True]


def test_a_clause_that_explains_it(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=other:*")).error(aws.NOT_AUTHORIZED[1]).ask()
    assert "refused-unexplained" not in answer.names


def test_a_healthy_set_up_has_none(aws: Bundle) -> None:
    assert aws.ask().check("refused-unexplained").findings == []
