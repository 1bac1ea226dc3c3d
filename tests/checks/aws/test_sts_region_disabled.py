"""AWS006: STS is not activated in the Region that was called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = (
    "STS is not activated in this region for account:210987654321. "
    "Your account administrator can activate STS in this region using the IAM Console."
)


def test_the_error_names_it(aws: Bundle) -> None:
    answer = aws.error(f"RegionDisabledException: {TEXT}").ask()
    answer.refused("sts-region-disabled", "request", confidence="proven")


def test_the_error_is_the_observed_one(aws: Bundle) -> None:
    answer = aws.error(
        f"An error occurred (RegionDisabledException) when calling the AssumeRoleWithWebIdentity operation: {TEXT}"
    )
    assert answer.ask().error() == ("RegionDisabledException", TEXT)


def test_a_bundle_cannot_show_it(aws: Bundle) -> None:
    answer = aws.sends(region="ap-east-1").ask()
    assert answer.accepted
    assert "sts-region-disabled" not in answer.names
