"""GCP038: the member names another subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def member(bundle: Bundle, subject: str) -> str:
    return f"principal://iam.googleapis.com/{bundle.POOL}/subject/{subject}"


@pytest.mark.parametrize(
    ("old", "new", "marked", "segment"),
    [
        ("production", "staging", "environment=[staging]", "environment"),
        ("4be1c07", "4be1c08", "deployment=4be1c0[8]", "deployment"),
        ("Tq7LmZ2x", "tq7lmz2x", "team=[tq7lmz]2x", "team"),
        ("model_container", "model_build", "type=model_[build]", "type"),
    ],
)
def test_a_segment_differs(gcp: Bundle, says: type[Says], old: str, new: str, marked: str, segment: str) -> None:
    subject = gcp.SUBJECT.replace(old, new)
    answer = gcp.service_account_policy(member(gcp, subject)).ask()
    assert answer.names == ["member-subject-differs"]
    assert answer.first.confidence == "predicted"
    assert marked in gcp.marked(answer.first.expected)
    assert answer.first.actual is not None
    assert answer.first.actual.value == gcp.SUBJECT
    assert f"another {segment} in the subject" in answer.first.summary
    assert answer.error() == says.DENIED
    assert answer.error_is_certain()


def test_the_same_subject(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(member(gcp, gcp.SUBJECT)).ask()
    assert answer.accepted
    assert answer.check("member-subject-differs").status == "passed"


def test_the_mapped_value_counts(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.model"})
    assert gcp.service_account_policy(member(gcp, "mWq41ZpK")).ask().accepted
    answer = gcp.service_account_policy(member(gcp, gcp.SUBJECT)).ask()
    assert answer.first.name == "member-subject-differs"
    assert answer.first.actual is not None
    assert answer.first.actual.value == "mWq41ZpK"


def test_a_placeholder(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(member(gcp, gcp.SUBJECT.replace("4be1c07", "<deployment>"))).ask()
    assert answer.first.name == "member-subject-differs"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_the_mapping_was_not_read(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=..., mapping=...).service_account_policy(member(gcp, "other")).ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)
    assert answer.exchange().prediction == "unknown"
