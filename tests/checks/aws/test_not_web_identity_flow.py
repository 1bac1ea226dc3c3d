"""AWS007: the client makes another call than AssumeRoleWithWebIdentity."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


def test_assume_role(aws: Bundle) -> None:
    text = (
        "User: arn:aws:iam::111122223333:user/ci is not authorized to perform: sts:AssumeRole on resource: "
        "arn:aws:iam::210987654321:role/ModelWeights"
    )
    answer = aws.error(f"An error occurred (AccessDenied) when calling the AssumeRole operation: {text}").ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("not-web-identity-flow", "proven", "obtain")
    assert "`sts:AssumeRole`" in cause.summary
    assert answer.report.exit_code == 1


def test_the_web_identity_call_is_another_matter(aws: Bundle) -> None:
    assert "not-web-identity-flow" not in aws.error(aws.NOT_AUTHORIZED[1]).ask().names


def test_nothing_was_seen(aws: Bundle) -> None:
    assert "not-web-identity-flow" not in aws.ask().names
