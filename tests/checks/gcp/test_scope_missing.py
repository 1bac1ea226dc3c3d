"""GCP047: the impersonation request carries no scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim, Bundle


MESSAGE = "Request contains an invalid argument."


def test_there_is_none(aim: Aim) -> None:
    answer = aim(scopes=[]).ask()
    assert answer.names == ["scope-missing"]
    assert answer.first.confidence == "predicted"
    assert answer.error() == ("INVALID_ARGUMENT", MESSAGE)
    assert answer.exchange().step == "impersonate"


def test_there_is_one(aim: Aim) -> None:
    answer = aim(scopes=["https://www.googleapis.com/auth/cloud-platform"]).ask()
    assert answer.accepted, answer.names
    assert answer.check("scope-missing").status == "passed"


def test_the_error_only_hints_at_it(gcp: Bundle) -> None:
    answer = gcp.error(f"400 INVALID_ARGUMENT: {MESSAGE}").ask()
    assert answer.first.name == "scope-missing"
    assert answer.first.confidence == "suspected"
    assert answer.report.exit_code == 1


@pytest.mark.parametrize(
    ("error", "step", "words"),
    [
        ("googleapi: Error 403: Request had insufficient authentication scopes.", "permission", "API that is called"),
        ('{"error":"invalid_scope","error_description":"Invalid OAuth scope"}', "target", "the exchange asks for"),
    ],
)
def test_who_misses_it(gcp: Bundle, error: str, step: str, words: str) -> None:
    cause = gcp.error(error).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("scope-missing", "proven", step)
    assert words in cause.summary
