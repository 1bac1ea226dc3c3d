"""TOK014: the workload had no token to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "text",
    [
        "Error: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable",
        "error: OIDC token file is not readable: /var/run/secrets/oidc/token",
    ],
)
def test_the_workloads_own_sentence(aws: Bundle, text: str) -> None:
    answer = aws.remove("token.jwt").error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("token-not-issued", "proven", "obtain")
    assert answer.state("obtain") == "refused"
    assert answer.report.exit_code == 1


def test_a_runners_remark_on_the_permission_is_a_hint(aws: Bundle) -> None:
    """The action prints it beside other failures as well, and says that it may be ignored."""
    answer = aws.remove("token.jwt").error("Did you mean to set permissions: id-token: write?").ask()
    answer.suspected("token-not-issued")


def test_what_gives_a_baseten_workload_its_token(aws: Bundle) -> None:
    fix = aws.remove("token.jwt").error("OIDC token file is not readable: /x").ask().first.fix
    assert "runtime.oidc" in fix


def test_a_sentence_that_only_hints_is_a_suspicion(aws: Bundle) -> None:
    answer = aws.remove("token.jwt").error("Error: Could not load credentials from any providers").ask()
    assert answer.suspected("token-not-issued").step == "obtain"


def test_a_token_that_is_there(aws: Bundle) -> None:
    answer = aws.ask()
    assert answer.state("obtain") == "passed"
    answer.skipped("token-not-issued")  # only the caller's error message can show it (error.txt or --error)


def test_no_token_and_no_error(aws: Bundle) -> None:
    aws.remove("token.jwt").ask().skipped("token-not-issued")
