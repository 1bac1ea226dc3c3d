"""Names that people write: repositories, trails, addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.live.addresses import is_public
from oidc_doctor.live.archive import days_of_folders
from oidc_doctor.live.aws.account import file_name, repository_of
from oidc_doctor.live.aws.trail_bucket import bucket_of
from oidc_doctor.live.collect import CallError
from oidc_doctor.live.https import Rules, fetch
from oidc_doctor.logs.engines.query import Window
from oidc_doctor.model.log_place import folder_above, log_place

ACCOUNT = "123456789012"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/images:1", (ACCOUNT, "us-east-1", "team/images")),
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/images@sha256:0", (ACCOUNT, "cn-north-1", "images")),
        (f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/images", (ACCOUNT, "us-east-1", "team/images")),
        ("team/images:latest", (None, None, "team/images")),
    ],
)
def test_repositories(text: str, found: object) -> None:
    assert repository_of(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("s3://trail", ("trail", "AWSLogs/")),
        ("s3://trail/", ("trail", "AWSLogs/")),
        ("s3://trail/a/b/", ("trail", "a/b/AWSLogs/")),
        (f"s3://trail/AWSLogs/{ACCOUNT}/CloudTrail", ("trail", "AWSLogs/")),
        ("s3://trail/a/AWSLogs/o-1/", ("trail", "a/AWSLogs/")),
    ],
)
def test_trails(text: str, found: object) -> None:
    place = log_place(text, "cloudtrail")
    assert place is not None
    assert bucket_of(place) == found


def test_the_days_of_a_window() -> None:
    window = Window(1_795_000_000, 1_795_000_000 + 86_400)
    found = list(days_of_folders(window))
    assert [day for day, _ in found] == ["2026/11/20", "2026/11/19", "2026/11/18"]  # with the day of the delivery
    assert [window.since - begin < 86_400 for _, begin in found] == [True, True, True]


@given(st.text())
def test_any_name(text: str) -> None:
    repository_of(text)
    folder_above(text, "AWSLogs")
    assert "/" not in file_name(text)
    assert len(file_name(text)) <= 120


@given(st.ip_addresses(v=4))
def test_an_address_in_another_is_judged_as_itself(inner: ipaddress.IPv4Address) -> None:
    public = is_public(str(inner))
    if not public:
        for text in (f"::ffff:{inner}", f"64:ff9b::{inner}"):
            assert not is_public(text)


@given(st.text(max_size=40).filter(lambda text: not text.lower().startswith("https://")))
def test_any_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(CallError):
        fetch(text, Rules(), 0.2)
