"""manifest.json: the time, the outcomes, and what is wrong in one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.manifest import Manifest, parse_manifest


def read(value: Any) -> Manifest:
    return parse_manifest(json.dumps(value), "manifest.json")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T22:40:00Z", 1795387200.0),
        ("2026-11-22T23:40:00+01:00", 1795387200.0),
        ("2026-11-22T22:40:00", 1795387200.0),
        ("2026-11-22 22:40:00.5Z", 1795387200.5),
        (1795387200, 1795387200.0),
        (None, None),
    ],
)
def test_when_it_was_gathered(text: Any, instant: float | None) -> None:
    assert read({"collected_at": text}).collected_at == instant


@pytest.mark.parametrize("value", ["yesterday", True, [], 1e400, 1795387200000, "0000-01-01T00:00:00Z", "9999-99-99"])
def test_times_that_are_none(value: Any) -> None:
    with pytest.raises(Unreadable, match=r"manifest.json: line 1: /collected_at: expected a time"):
        parse_manifest(json.dumps({"collected_at": value}), "manifest.json")


def test_reads() -> None:
    (one, two, three) = read(
        {
            "reads": [
                {
                    "path": "./aws/role.json",
                    "call": "aws iam get-role",
                    "outcome": "not_found",
                    "code": "NoSuchEntity",
                    "message": "The role\nx",
                },
                {
                    "path": "aws/cloudtrail/a.json",
                    "outcome": "ok",
                    "from": "a",
                    "to": "b",
                    "truncated": True,
                    "code": 404,
                },
                {"path": "gcp/pool.json", "outcome": "exploded"},
            ]
        }
    ).reads
    assert (one.path, one.outcome, one.reason) == (
        "aws/role.json",
        "not_found",
        "aws iam get-role: NoSuchEntity: The role x",
    )
    assert (two.outcome, two.reason, two.since, two.until, two.truncated) == ("ok", "404", "a", "b", True)
    assert (three.outcome, three.reason) == ("failed", "failed")


@pytest.mark.parametrize(
    "value", [[], {"reads": {}}, {"reads": [3]}, {"reads": [{}]}, {"reads": [{"path": "a", "outcome": 3}]}]
)
def test_wrong_manifests(value: Any) -> None:
    with pytest.raises(Unreadable):
        read(value)


@settings(max_examples=share_of(200), deadline=None)
@given(
    st.binary(max_size=30)
    | st.fixed_dictionaries(
        {},
        optional={
            "collected_at": st.none() | st.text(max_size=12) | st.integers() | st.floats() | st.datetimes().map(str),
            "reads": st.lists(
                st.dictionaries(st.sampled_from(["path", "outcome", "message"]), st.text(max_size=4) | st.integers())
            ),
        },
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_file_raises_anything_but_unreadable(data: bytes) -> None:
    try:
        parse_manifest(decode(data, "f"), "f")
    except Unreadable as error:
        assert str(error).isprintable()


@pytest.mark.parametrize("number", [0, 5, 20_400, 1_200_000_000])
def test_a_number_that_is_no_instant_of_a_collection(number: int) -> None:
    with pytest.raises(Unreadable, match="expected a time"):
        read({"collected_at": number})
