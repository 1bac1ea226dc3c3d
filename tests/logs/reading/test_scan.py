"""Log files to attempts and coverage."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_rows import group

from oidc_doctor.logs.reading.problems import Problems
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt, LogCoverage, Source

ISSUER = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK"
PROVIDER = "projects/481516234200/locations/global/workloadIdentityPools/baseten/providers/weights"
ACCOUNT = "weights-reader@acme-models.iam.gserviceaccount.com"


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "userIdentity": {"type": "WebIdentityUser", "userName": SUBJECT, "identityProvider": ISSUER},
        "eventTime": f"2026-11-22T13:{number // 60:02}:{number % 60:02}Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-west-2",
        "requestParameters": {"roleArn": ROLE},
        "errorCode": "AccessDenied",
        "errorMessage": "An unknown error occurred",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        **changes,
    }


def other(number: int) -> dict[str, Any]:
    return event(number, eventName="Decrypt", eventSource="kms.amazonaws.com", awsRegion="us-east-1", errorCode=None)


def entry(number: int, **payload: Any) -> dict[str, Any]:
    return {
        "insertId": f"id{number}",
        "timestamp": f"2026-11-22T13:00:{number:02}.123456789Z",
        "severity": "INFO",
        "protoPayload": {
            "serviceName": "sts.googleapis.com",
            "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
            "resourceName": PROVIDER,
            "authenticationInfo": {"principalSubject": SUBJECT},
            "metadata": {"mapped_principal": "principal://iam.googleapis.com/p/subject/x"},
            "requestMetadata": {"callerIp": "198.51.100.24"},
            "status": {},
            **payload,
        },
    }


def run(files: dict[str, Any], source: Source = "cloudtrail") -> tuple[list[Attempt], LogCoverage]:
    def open_file(name: str) -> BinaryIO:
        content = files[name]
        if isinstance(content, Exception):
            raise content
        return io.BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())

    found = scan(open_file, list(files), source, scope=WriteScope())
    return found.attempts(), found.coverage


def test_a_trail() -> None:
    attempts, coverage = run(
        {
            "a.json.gz": gzip.compress(json.dumps({"Records": [event(9), other(1), event(3)]}).encode()),
            "b.json": {"Records": [other(70)]},
        }
    )
    assert [attempt.event_id[-2:] for attempt in attempts] == ["03", "09"]
    assert attempts[0].origin == Origin("a.json.gz", event_id=attempts[0].event_id)
    assert coverage == LogCoverage(
        source="cloudtrail",
        files=2,
        events=4,
        first=1795352401.0,
        last=1795352470.0,
        newest=1795352470.0,
        services=frozenset({"sts.amazonaws.com", "kms.amazonaws.com"}),
        regions=frozenset({"us-west-2", "us-east-1"}),
    )


def test_an_event_that_comes_twice_counts_once() -> None:
    lookup = {"Events": [{"EventId": "x", "CloudTrailEvent": json.dumps(event(3))}]}
    attempts, coverage = run({"trail.json": {"Records": [event(3), event(4)]}, "again.json": lookup})
    assert len(attempts) == 2
    assert (coverage.events, coverage.duplicates) == (3, 1)


@pytest.mark.parametrize("order", [["full", "summary"], ["summary", "full"]])
def test_the_event_beats_its_summary(order: list[str]) -> None:
    files = {
        "full": {"Records": [event(3)]},
        "summary": {
            "Events": [
                {
                    "EventId": event(3)["eventID"],
                    "EventName": "AssumeRoleWithWebIdentity",
                    "EventTime": "2026-11-22T14:00:03+01:00",
                }
            ]
        },
    }
    attempts, coverage = run({name: files[name] for name in order})
    assert [attempt.outcome for attempt in attempts] == ["refused"]
    assert coverage.duplicates == 1


def test_an_insert_id_that_comes_again_at_another_time_is_another_entry() -> None:
    attempts, coverage = run({"a": [entry(1), {**entry(2), "insertId": "id1"}, entry(1)]}, "gcp-logs")
    assert len(attempts) == 2
    assert (coverage.events, coverage.duplicates) == (3, 1)


def test_google_in_every_form() -> None:
    entries = [entry(number) for number in range(3)]
    lines = "\n".join(map(json.dumps, entries)).encode()
    wanted = {"id0", "id1", "id2"}
    for content in (entries, lines, gzip.compress(lines), {"entries": entries}, json.dumps(entries, indent=2).encode()):
        attempts, coverage = run({"a": content}, "gcp-logs")
        assert {attempt.event_id for attempt in attempts} == wanted
        assert coverage.services == {"sts.googleapis.com"}
        assert coverage.problems == ()
    attempts, coverage = run({"a": entries[0]}, "gcp-logs")
    assert len(attempts) == 1


def test_a_denial_is_joined_to_its_exchange_across_files() -> None:
    denied = entry(
        2,
        serviceName="iamcredentials.googleapis.com",
        methodName="GenerateAccessToken",
        authenticationInfo={},
        metadata={"identityDelegationChain": [f"projects/-/serviceAccounts/{ACCOUNT}"]},
        resourceName="projects/-/serviceAccounts/1",
        status={"code": 7, "message": "PERMISSION_DENIED"},
    )
    attempts, _ = run({"late.json": [denied], "early.json": [entry(1)]}, "gcp-logs")
    assert [(attempt.step, attempt.subject, attempt.inferred_from) for attempt in attempts] == [
        ("exchange", SUBJECT, None),
        ("impersonate", SUBJECT, "id1"),
    ]
    assert attempts[1].provider == PROVIDER
    assert attempts[1].target == ACCOUNT


def test_the_region_of_a_trail_file_that_holds_no_record() -> None:
    name = "AWSLogs/210987654321/CloudTrail/eu-central-1/210987654321_CloudTrail_eu-central-1_20261122T1305Z_a.json"
    _, coverage = run({name: {"Records": []}})
    assert coverage.regions == {"eu-central-1"}
    assert coverage.problems == ()


def test_problems_are_named_and_the_rest_is_used() -> None:
    whole = json.dumps({"Records": [event(1), event(2), event(3)]}).encode()
    _, coverage = run(
        {
            "cut.json": whole[:-200],
            "cut.json.gz": gzip.compress(whole)[:-9],
            "locked.json": PermissionError("no"),
            "digest.json": {"awsAccountId": "1", "digestStartTime": "x", "logFiles": []},
            "odd.json": {"Records": [7, None, [], "x", event(4)]},
            "undated.json": event(5, eventTime="then"),
            "notes.txt": b"not a log",
        }
    )
    assert coverage.files == 6
    assert coverage.events == 7
    found = "\n".join(coverage.problems)
    assert "cut.json: line 1: the file ends in the middle of a value; the rest of the file was not read" in found
    assert "cut.json.gz: the gzip data ends early" in found
    assert "locked.json: cannot be read (PermissionError)" in found
    assert "digest.json: line 1: a CloudTrail digest file" in found
    assert "odd.json: line 1 /Records/0: not a CloudTrail record but a number" in found
    assert "undated.json: line 1: an event without a time that can be read" in found
    assert "notes.txt: line 1: not JSON" in found


@pytest.mark.parametrize("error", [OSError("x"), EOFError("x"), zlib.error("x")])
def test_a_file_that_fails_midway(error: Exception) -> None:
    class Failing(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise error
            return super().read(size)

    data = "\n".join(json.dumps(event(number)) for number in range(3)).encode()
    found = scan(lambda _: Failing(data), ["a"], "cloudtrail", scope=WriteScope())
    assert len(found.attempts()) == 3
    assert len(found.coverage.problems) == 1


def test_many_problems_stay_few_lines() -> None:
    problems = Problems()
    for number in range(50):
        for _ in range(40):
            problems(Origin(f"file{number}", "/Records/1"), "odd")
    assert problems.lines() == (
        *(f"file{number}: /Records/1: odd (40 times)" for number in range(5)),
        "45 more files: odd",
    )


def test_no_files() -> None:
    assert run({}) == ([], LogCoverage(source="cloudtrail"))


def test_the_order_of_files_does_not_matter() -> None:
    files: dict[str, Any] = {f"f{number}": {"Records": [event(number), event(number + 1)]} for number in range(5)}
    forward, backward = run(files)[0], run(dict(reversed(files.items())))[0]
    assert [attempt.event_id for attempt in forward] == [attempt.event_id for attempt in backward]
    assert [found.event_ids for found in group(forward)] == [found.event_ids for found in group(backward)]


@settings(deadline=None)
@given(st.binary(), st.sampled_from(["cloudtrail", "gcp-logs"]))
def test_any_bytes(data: bytes, source: Source) -> None:
    attempts, coverage = run({"a": data, "b": gzip.compress(data)}, source)
    assert coverage.files == 2
    assert attempts == []


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "{", "a", "\ud800"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*event(1), "Records", "Events", "message", "entries", "CloudTrailEvent", "userName"]),
                inner,
                max_size=6,
            )
            | st.builds(lambda changes: {**event(1), **changes}, st.dictionaries(st.sampled_from([*event(1)]), inner))
            | st.builds(
                lambda payload: entry(1, **payload),
                st.dictionaries(st.sampled_from([*entry(1)["protoPayload"]]), inner),
            )
        ),
        max_leaves=8,
    )
)
def test_any_json(value: Any) -> None:
    sources: tuple[Source, ...] = ("cloudtrail", "gcp-logs")
    for source in sources:
        attempts, coverage = run({"a": value, "b": {"Records": value}, "c": [value]}, source)
        assert coverage.files == 3
        assert len(attempts) <= coverage.events
        assert sum(found.count for found in group(attempts)) == len(attempts)
        json.dumps(coverage.problems)
