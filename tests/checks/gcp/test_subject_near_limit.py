"""GCP073: google.subject comes near 127 bytes, or would with a longer environment name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


SHORT = "v=1:org=Org8:team=Tq7L:model=mWq4:deployment=4be1:environment=production:type=model_build"


@pytest.mark.parametrize("size", [110, 127])
def test_near(gcp: Bundle, size: int) -> None:
    row = gcp.token(gcp.claims_of(sub="a" * size)).gcp_provider(condition=...).ask().check("subject-near-limit")
    assert row.status == "failed"
    assert row.effect == "note"
    assert f"google.subject is {size} bytes long" in row.findings[0].message


def test_bytes_count(gcp: Bundle) -> None:
    subject = "\N{LATIN SMALL LETTER E WITH ACUTE}" * 55
    row = gcp.token(gcp.claims_of(sub=subject)).gcp_provider(condition=...).ask().check("subject-near-limit")
    assert "110 bytes" in row.findings[0].message


@pytest.mark.parametrize(("kind", "room"), [("model_container", 28), ("model_build", 32)])
def test_ids_of_eight_characters_leave_little_for_the_environment(gcp: Bundle, kind: str, room: int) -> None:
    subject = gcp.SUBJECT.replace("4be1c07", "4be1c07a").replace("model_container", kind)
    row = gcp.token(gcp.claims_of(sub=subject)).ask().check("subject-near-limit")
    assert row.status == "failed"
    assert f"an environment name of more than {room} bytes" in row.findings[0].message


@pytest.mark.parametrize("subject", ["a" * 109, SHORT])
def test_far(gcp: Bundle, subject: str) -> None:
    row = gcp.token(gcp.claims_of(sub=subject)).gcp_provider(condition=...).ask().check("subject-near-limit")
    assert row.status == "passed"


def test_beyond_the_limit_it_is_a_refusal(gcp: Bundle) -> None:
    answer = gcp.token(gcp.claims_of(sub="a" * 128)).gcp_provider(condition=...).ask()
    assert answer.check("subject-near-limit").status == "passed"
    assert answer.first.name == "subject-over-limit"


def test_something_shorter_is_mapped(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.model"})
    assert gcp.ask().check("subject-near-limit").status == "passed"


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    assert gcp.remove("gcp/provider.json").ask().check("subject-near-limit").status == "skipped"


@pytest.mark.parametrize("missing", ["mapping", "token"])
def test_mapping_or_token_was_not_read(gcp: Bundle, missing: str) -> None:
    if missing == "mapping":
        gcp.gcp_provider(condition=..., mapping=...)
    else:
        gcp.remove("token.jwt")
    assert gcp.ask().check("subject-near-limit").status == "skipped"
