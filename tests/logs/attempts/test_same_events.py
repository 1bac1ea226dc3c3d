"""An event that comes several times counts once: attempts, writes and denied calls, of both clouds."""

from __future__ import annotations

import copy
import io
import json
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import Bundle
from evidence.timed import FALSE, clock, edit, set_policy, trust_edit
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from oidc_doctor.logs.reading.scan import ScannedLogs
    from oidc_doctor.model.events import Source

Record = dict[str, Any]


def scanned(files: dict[str, Any], source: Source = "cloudtrail") -> ScannedLogs:
    def open_file(name: str) -> BinaryIO:
        return io.BytesIO(json.dumps(files[name]).encode())

    return scan(open_file, list(files), source, scope=WriteScope(account_ids=frozenset({Bundle.ACCOUNT})))


def counts(found: ScannedLogs) -> tuple[int, int, int]:
    return len(found.rows), len(found.changes), sum(denial.count for denial in found.denials)


@pytest.fixture
def made(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path)


def denial(**changes: Any) -> Record:
    """A call that another account's bucket denied a web identity's session."""
    issuer = {"arn": Bundle.ROLE_ARN, "type": "Role"}
    federation = {"federatedProvider": Bundle.PROVIDER_ARN, "attributes": {}}
    context = {"sessionIssuer": issuer, "webIdFederationData": federation}
    return {
        "eventID": "0f6d6e2c-7b1a-4b8e-9a55-27d1f1f9c0aa",
        "eventTime": clock(9),
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "userIdentity": {"type": "AssumedRole", "accessKeyId": "ASIAEXAMPLEEXAMPLE00", "sessionContext": context},
        "errorCode": "AccessDenied",
        "requestParameters": {"bucketName": "weights", "key": "model.bin"},
        "recipientAccountId": Bundle.ACCOUNT,
        **changes,
    }


def records(made: Bundle) -> list[Record]:
    return [
        made.event(event_id="73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10", at=clock(7), requestID="q1"),
        made.accepted_event(event_id="73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e11", at=clock(8), requestID="q2"),
        trust_edit(made, clock(8, 30), "Another1"),
        denial(),
    ]


def entries(made: Bundle) -> list[Record]:
    policy = set_policy(made, clock(8, 40), f"projects/-/serviceAccounts/{made.SERVICE_ACCOUNT}", made.MEMBER)
    refused = made.log_entry(
        {
            "serviceName": "storage.googleapis.com",
            "methodName": "storage.objects.get",
            "resourceName": "projects/_/buckets/weights/objects/model.bin",
            "authenticationInfo": {"principalSubject": f"principal://iam.googleapis.com/{made.POOL}/subject/x"},
            "status": {"code": 7, "message": "PERMISSION_DENIED"},
        },
        insert_id="denied",
        at=clock(9),
    )
    return [
        made.log_entry(insert_id="good", at=clock(7)),
        made.log_entry(insert_id="bad", at=clock(8), message=FALSE),
        edit(made, clock(8, 30), "false"),
        policy,
        refused,
    ]


def without(*names: str) -> Callable[[Record], Record]:
    return lambda record: {name: value for name, value in record.items() if name not in names}


COPIES: dict[str, Callable[[Record], Record]] = {
    "the same file under another name": copy.deepcopy,
    "a page of lookup-events": lambda record: {"EventId": record["eventID"], "CloudTrailEvent": json.dumps(record)},
    "an organization's trail": lambda record: (
        record | {"eventContext": {"requestContext": {}}, "vpcEndpointId": "vpce-1"}
    ),
    "as EventBridge delivers it": lambda record: {"detail-type": "AWS API Call via CloudTrail", "detail": record},
    "without its id": without("eventID"),
    "for another account": lambda record: record | {"recipientAccountId": Bundle.OTHER_ACCOUNT},
}


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("order", [1, -1])
def test_copies_of_cloudtrails_events_count_once(made: Bundle, copied: str, order: int) -> None:
    original = records(made)
    files = {"a": {"Records": original}, "b": {"Records": [COPIES[copied](record) for record in original]}}
    found = scanned(dict(list(files.items())[::order]))
    assert counts(found) == (2, 1, 1)
    assert {attempt.event_id[:8] for attempt in found.attempts()} == {"73ab4876"}
    assert found.changes[0].event_id == original[2]["eventID"]
    assert found.denials[0].event_ids == (original[3]["eventID"],)
    assert found.coverage.duplicates == 4


GOOGLE_COPIES: dict[str, Callable[[Record], Record]] = {
    "another sink": lambda entry: entry | {"receiveTimestamp": clock(10), "labels": {}},
    "pasted twice": copy.deepcopy,
    "without its insert id": without("insertId"),
    "with nanoseconds": lambda entry: entry | {"timestamp": entry["timestamp"].replace("00Z", "00.000000789Z")},
    "with microseconds": lambda entry: entry | {"timestamp": entry["timestamp"].replace("00Z", "00.000456Z")},
    "with an offset": lambda entry: entry | {"timestamp": entry["timestamp"].replace("Z", "+00:00")},
}


@pytest.mark.parametrize("copied", GOOGLE_COPIES)
@pytest.mark.parametrize("order", [1, -1])
def test_copies_of_googles_entries_count_once(made: Bundle, copied: str, order: int) -> None:
    files = {"a": entries(made), "b": [GOOGLE_COPIES[copied](entry) for entry in entries(made)]}
    found = scanned(dict(list(files.items())[::order]), "gcp-logs")
    assert counts(found) == (2, 2, 1)
    assert found.coverage.duplicates == 5


def test_a_call_that_two_accounts_log_counts_once() -> None:
    shared = {"sharedEventID": "5b1f0f7e-2d0b-4d8d-9d55-1f5f7a3b9e01"}
    other = {"eventID": "e5a0c7d4-0000-4aaa-8bbb-000000000002", "recipientAccountId": Bundle.OTHER_ACCOUNT}
    found = scanned({"a": {"Records": [denial(**shared)]}, "b": {"Records": [denial(**shared, **other)]}})
    assert counts(found) == (0, 0, 1)
    assert counts(scanned({"a": {"Records": [denial(), denial(**other)]}})) == (0, 0, 2)


def test_a_write_that_two_accounts_log_counts_once(made: Bundle) -> None:
    shared = {"sharedEventID": "5b1f0f7e-2d0b-4d8d-9d55-1f5f7a3b9e01"}
    policy = {"bucketName": "weights", "bucketPolicy": {}}
    write = trust_edit(made, clock(8), "x") | {"eventName": "PutBucketPolicy", "eventSource": "s3.amazonaws.com"}
    write |= {"requestParameters": policy}
    twice = [write | shared | {"eventID": "a"}, write | shared | {"eventID": "b"}]
    found = scan(lambda _: io.BytesIO(json.dumps({"Records": twice}).encode()), ["a"], "cloudtrail", scope=WriteScope())
    assert [change.event_id for change in found.changes] == ["a"]


def test_the_copy_with_the_request_is_kept(made: Bundle) -> None:
    whole = trust_edit(made, clock(8), "Another1")
    cut = without("requestParameters")(whole) | {"resources": [{"ARN": made.ROLE_ARN}]}
    for files in (
        {"a": {"Records": [cut]}, "b": {"Records": [whole]}},
        {"a": {"Records": [whole]}, "b": {"Records": [cut]}},
    ):
        (change,) = scanned(files).changes
        assert change.record["requestParameters"]


def test_an_excerpt_without_a_time_is_the_event_that_has_one(made: Bundle) -> None:
    event = made.event(at=clock(8))
    found = scanned({"a": {"Records": [event]}, "b": {"Records": [without("eventTime")(event)]}})
    assert [attempt.time > 0 for attempt in found.attempts()] == [True]
    write = trust_edit(made, clock(8), "x")
    assert counts(scanned({"a": {"Records": [without("eventTime")(write)]}, "b": {"Records": [write]}})) == (0, 1, 0)


def test_events_that_only_look_alike_count_each(made: Bundle) -> None:
    event = made.event(at=clock(8))
    later = event | {"eventID": "73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e99"}
    assert counts(scanned({"a": {"Records": [event, later]}})) == (2, 0, 0)
    unnamed = [without("eventID")(event) | {"requestID": number} for number in ("q1", "q2")]
    assert counts(scanned({"a": {"Records": unnamed}})) == (2, 0, 0)
    entry = without("insertId")(set_policy(made, clock(8), "projects/weights-prod", made.MEMBER))
    elsewhere = copy.deepcopy(entry)
    elsewhere["protoPayload"]["resourceName"] = "projects/other-prod"
    assert counts(scanned({"a": [entry, elsewhere]}, "gcp-logs")) == (0, 2, 0)
    calls = [denial(eventID="", requestParameters={"bucketName": "weights", "key": key}) for key in "ab"]
    assert counts(scanned({"a": {"Records": calls}})) == (0, 0, 2)


def test_a_try_that_the_trail_has_too_counts_once(made: Bundle) -> None:
    logged = made.accepted_event(at=clock(8))
    ours = made.accepted_event(at=clock(8), event_id="try-1795334400", sourceIPAddress=..., userAgent=...)
    assert counts(scanned({"try": {"Records": [ours]}, "trail": {"Records": [logged]}})) == (1, 0, 0)
    later = ours | {"eventTime": clock(9)}
    assert counts(scanned({"try": {"Records": [later]}, "trail": {"Records": [logged]}})) == (2, 0, 0)
    other = ours | {"requestParameters": {"roleArn": made.ROLE_ARN, "roleSessionName": "other"}}
    assert counts(scanned({"try": {"Records": [other]}, "trail": {"Records": [logged]}})) == (2, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=12), st.sampled_from(["aws", "gcp"]))
@settings(max_examples=40)
def test_whatever_files_overlap_the_counts_are_those_of_the_events(again: list[tuple[int, int]], cloud: str) -> None:
    from pathlib import Path

    made = Bundle(Path())
    events = records(made) if cloud == "aws" else entries(made)[:4]
    files: dict[str, list[Record]] = {"f0": list(events), "f1": [], "f2": []}
    for number, file in again:
        files[f"f{file}"].append(events[number])
    wrapped = {name: {"Records": listed} for name, listed in files.items()} if cloud == "aws" else files
    found = scanned(wrapped, "cloudtrail" if cloud == "aws" else "gcp-logs")
    assert counts(found) == ((2, 1, 1) if cloud == "aws" else (2, 2, 0))
    assert found.coverage.duplicates == len(again)
