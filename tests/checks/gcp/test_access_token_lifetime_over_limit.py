"""GCP046: an access token of more than an hour is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim


ERROR = (
    "400 The access token lifetime can not have lifetimes of more than 1 hour. Use the Org Policy Constraint "
    "constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow it"
)


def test_more_than_an_hour_is_suspected(aim: Aim) -> None:
    answer = aim(access_token_lifetime=7200).ask()
    assert answer.first.name == "access-token-lifetime-over-limit"
    assert answer.first.confidence == "suspected", "the organization may have lifted the limit"
    assert "7200 seconds, and the limit is 3600 seconds" in answer.first.summary
    assert answer.check("access-token-lifetime-over-limit").status == "skipped"


def test_a_suspicion_is_no_pass(aim: Aim) -> None:
    answer = aim(access_token_lifetime=7200).ask()
    assert answer.state("impersonate") == "unknown"
    assert answer.report.verdict == "unknown"


def test_the_error_proves_it(aim: Aim) -> None:
    answer = aim(access_token_lifetime=7200).error(ERROR).ask()
    assert answer.first.name == "access-token-lifetime-over-limit"
    assert answer.first.confidence == "proven"
    assert "7200 seconds" in answer.first.summary
    assert answer.exchange().step == "impersonate"


@pytest.mark.parametrize("seconds", [3600, 900])
def test_an_hour_at_most(aim: Aim, seconds: int) -> None:
    answer = aim(access_token_lifetime=seconds).ask()
    assert answer.accepted, answer.names
    assert answer.check("access-token-lifetime-over-limit").status == "passed"
