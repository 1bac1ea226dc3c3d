"""GCP027: google.subject takes more than 127 bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(("subject", "size"), [("a" * 128, 128), ("\N{LATIN SMALL LETTER E WITH ACUTE}" * 64, 128)])
def test_over_the_limit(gcp: Bundle, says: type[Says], subject: str, size: int) -> None:
    answer = gcp.gcp_provider(condition=...).token(gcp.claims_of(sub=subject)).ask()
    assert answer.first.name == "subject-over-limit"
    assert answer.first.confidence == "predicted"
    assert f"{size} bytes long, over the limit of 127 bytes" in answer.first.summary
    assert answer.error() == says.SUBJECT_TOO_LONG
    assert answer.error_is_certain()
    assert answer.exchange().step == "mapping"


@pytest.mark.parametrize("subject", ["a" * 127, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 63 + "a"])
def test_at_the_limit(gcp: Bundle, subject: str) -> None:
    answer = gcp.gcp_provider(condition=...).token(gcp.claims_of(sub=subject)).ask()
    assert answer.accepted, answer.names
    assert answer.check("subject-over-limit").status == "passed"


def test_a_long_environment_name(gcp: Bundle, says: type[Says]) -> None:
    subject = gcp.SUBJECT.replace("production", "e" * 40)
    answer = gcp.token(gcp.claims_of(sub=subject)).ask()
    assert answer.error() == says.SUBJECT_TOO_LONG
    mapping = {"google.subject": "assertion.model", "attribute.team": "assertion.team"}
    answer = gcp.gcp_provider(condition="assertion.sub.startsWith('v=1:org=Org8Kd2P:')", mapping=mapping).ask()
    assert answer.accepted, "what is mapped counts, not the claim"


def test_a_false_condition_comes_first(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.token(gcp.claims_of(sub="a" * 128)).ask()
    assert answer.names == ["attribute-condition-false", "subject-over-limit"]
    assert answer.error() == says.REJECTED


def test_a_gap_may_hide_less(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=...)
    answer = gcp.claims(gcp.claims_of(sub="v=1:org=" + "*" * 120)).ask()
    assert "subject-over-limit" not in answer.names
    answer = gcp.claims(gcp.claims_of(sub="v=1:org=***:team=" + "a" * 128)).ask()
    assert answer.first.name == "subject-over-limit"
    assert answer.first.confidence == "predicted", "what can be seen is too long already"


def test_the_error_proves_it(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.remove("token.jwt").error(says.SUBJECT_TOO_LONG[1]).ask()
    assert answer.first.name == "subject-over-limit"
    assert answer.first.confidence == "proven"


def test_the_error_that_proves_it_is_the_error(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.remove("token.jwt").error(says.SUBJECT_TOO_LONG[1]).ask()
    assert answer.error()[1] == says.SUBJECT_TOO_LONG[1]
