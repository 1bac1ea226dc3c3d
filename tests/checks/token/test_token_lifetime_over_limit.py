"""TOK013: a longer life was asked for than the issuer grants."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = "Requested lifetime too high (requested: 7200 max: 3600)"


def test_the_issuers_sentence(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").error(TEXT).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("token-lifetime-over-limit", "proven", "obtain")
    assert cause.summary.startswith("The exchange was never reached: ")
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 1


def test_the_figures(aws: Bundle) -> None:
    summary = aws.remove("token.jwt").error(TEXT).ask().first.summary
    assert "7200 s" in summary
    assert "3600 s" in summary


def test_a_long_life_is_no_fault_on_aws(aws: Bundle) -> None:
    answer = aws.token(aws.claims_of(exp=aws.NOW + 30 * 86400)).ask()
    assert answer.accepted
    answer.skipped("token-lifetime-over-limit")
