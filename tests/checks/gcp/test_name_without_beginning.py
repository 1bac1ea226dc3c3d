"""GCP078: the text of the condition begins inside a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    "test",
    [
        "assertion.org.endsWith('Org8Kd2P')",
        "assertion.org.matches('Org8Kd2P$')",
        "google.subject.matches('[a-z]*Org8Kd2P:')",
    ],
)
def test_names_that_end_alike(gcp: Bundle, test: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.gcp_provider(condition=test).ask()
    assert any("xOrg8Kd2P" in message for message in answer.found("name-without-beginning"))


@pytest.mark.parametrize(
    "test",
    [
        "assertion.org == 'Org8Kd2P'",
        "assertion.org.matches('^Org8Kd2P$')",
        "google.subject.contains(':org=Org8Kd2P:')",
        "assertion.org != 'Org8Kd2P' || true",
    ],
)
def test_the_whole_name_is_asked_for_or_none(gcp: Bundle, test: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.gcp_provider(condition=test).ask().passed("name-without-beginning")


def test_the_binding_refuses_them(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="assertion.org.endsWith('Org8Kd2P')").ask().passed("name-without-beginning")


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    gcp.remove("gcp/provider.json").ask().skipped("name-without-beginning")
