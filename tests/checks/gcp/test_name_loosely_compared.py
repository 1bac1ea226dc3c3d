"""GCP080: a name that differs in one character passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def pooled(gcp: Bundle, condition: str) -> Bundle:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    return gcp.gcp_provider(condition=condition)


@pytest.mark.parametrize(
    ("condition", "twin"),
    [
        ("assertion.org.matches('^Org.Kd2P$')", "org=OrgxKd2P:"),
        ("google.subject.matches('^v=1:org=Org8Kd2P:team=Tq.LmZ2x:')", "team=TqxLmZ2x:"),
        ("assertion.team.lowerAscii() == 'tq7lmz2x'", "team=tQ7lMz2X:"),
    ],
)
def test_a_twin_passes(gcp: Bundle, condition: str, twin: str) -> None:
    answer = pooled(gcp, condition).ask()
    assert answer.accepted
    assert any(twin in message for message in answer.found("name-loosely-compared"))


@pytest.mark.parametrize(
    "condition",
    [
        "assertion.org.matches('^Org8Kd2P$')",
        "assertion.team == 'Tq7LmZ2x'",
        "google.subject.matches('^v=1:org=Org8Kd2P:team=Tq7LmZ2x:.*')",
        "assertion.aud.matches('.*')",
        "assertion.org == 'Org8Kd2P' && assertion.team.matches('^Tq7[A-Za-z0-9]+$')",
    ],
)
def test_the_whole_name_is_asked_for_or_none(gcp: Bundle, condition: str) -> None:
    pooled(gcp, condition).ask().passed("name-loosely-compared")


def test_the_binding_refuses_the_twin(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="assertion.team.matches('^Tq.LmZ2x$')").ask().passed("name-loosely-compared")


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    gcp.remove("gcp/provider.json").ask().skipped("name-loosely-compared")
