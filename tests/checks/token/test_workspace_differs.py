"""TOK019: the token is of another workspace than `truss whoami`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def whoami(org: str, team: str) -> str:
    return f"Org ID:  {org}\nTeams:   {team} (Vision)\nIssuer:  https://oidc.baseten.co\n"


@pytest.mark.parametrize(("org", "team", "words"), [("Other12", "Tq7LmZ2x", "org"), ("Org8Kd2P", "Other34", "team")])
def test_other_ids(aws: Bundle, org: str, team: str, words: str) -> None:
    answer = aws.write("truss/whoami.txt", whoami(org, team)).ask()
    (found,) = answer.found("workspace-differs")
    assert f"the token is of the {words}" in found
    assert answer.exchange().prediction == "accepted"


def test_the_same_ids(aws: Bundle) -> None:
    answer = aws.write("truss/whoami.txt", whoami(aws.ORG, aws.TEAM)).ask()
    answer.passed("workspace-differs")
    assert answer.accepted


def test_redacted_ids(aws: Bundle) -> None:
    aws.write("truss/whoami.txt", whoami("<org_id>", "Tq7LmZ2x")).ask().passed("workspace-differs")


def test_no_output(aws: Bundle) -> None:
    aws.ask().skipped("workspace-differs")
