"""What queries of Insights return of a log group is all that a report reads of the log."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive
from hypothesis import given
from hypothesis import strategies as st

from clouds.insights import run_query
from exchanges import exchange, extract_of
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.logs.engines.insights_query import MOST_ROWS, attempts_query, changes_query, literal
from oidc_doctor.logs.extract.file import Header, write_extract
from oidc_doctor.logs.reading.file import records
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.logs.records import cloudtrail
from oidc_doctor.logs.records.cloudtrail_writes import WRITES
from oidc_doctor.model.document import Origin

NOWHERE = Origin("")


def queried(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that the two queries return of a log."""
    events = [(int((cloudtrail.epoch(record.get("eventTime")) or 0) * 1000), json.dumps(record)) for record in log]
    found = []
    for query in (changes_query(), attempts_query()):
        found += [query.record_of(row) for row in run_query(query.text, events, MOST_ROWS)]
    return found


@pytest.mark.parametrize("plant", ["aws-subject-mistyped", "aws-mended", "aws-denied-all-along"])
def test_the_scan_of_the_rows_is_that_of_the_log(tmp_path: Path, plant: str) -> None:
    make_archive(tmp_path / "bundle", 5, plant=plant, events=600)
    files = sorted(str(path) for path in (tmp_path / "bundle/aws/cloudtrail").rglob("*") if path.is_file())
    whole = scan(open_regular, files, "cloudtrail", scope=WriteScope())
    log = [
        record
        for file in files
        for record, _ in records(io.BytesIO(Path(file).read_bytes()), file, "cloudtrail", lambda *_: None)
    ]
    extracts = [part for record in queried(log) if (part := extract_of(record, "cloudtrail")) is not None]
    data = write_extract(Header("cloudtrail", selective=True), extracts)
    extract = scan(lambda _: io.BytesIO(data), ["a.extract.jsonl.gz"], "cloudtrail", scope=WriteScope())

    def sort_key(event: Any) -> tuple[float, str]:
        return event.time, event.event_id

    found, expected = (
        [replace(attempt, origin=NOWHERE) for attempt in sorted(logs.attempts(), key=sort_key)]
        for logs in (extract, whole)
    )
    assert found == expected
    assert len(expected) > 50
    found_changes, changes = (
        [replace(change, origin=NOWHERE) for change in sorted(logs.changes, key=sort_key)] for logs in (extract, whole)
    )
    assert found_changes == changes
    assert changes
    assert {replace(denial, origin=NOWHERE) for denial in extract.denials} == {
        replace(denial, origin=NOWHERE) for denial in whole.denials
    }


def test_of_an_exchange_no_credential_travels() -> None:
    credentials = {"accessKeyId": "ASIAEXAMPLE", "sessionToken": "SECRET", "expiration": "Nov 20, 2026, 11:00:00 AM"}
    log = [exchange(responseElements={"credentials": credentials, "subjectFromWebIdentityToken": "sub"})]
    events = [(0, json.dumps(log[0]))]
    for query in (changes_query(), attempts_query()):
        assert "SECRET" not in json.dumps(run_query(query.text, events, MOST_ROWS))
    (record,) = queried(log)
    attempt = cloudtrail.attempt(record, NOWHERE)
    assert attempt is not None
    assert (attempt.outcome, attempt.access_key) == ("accepted", "ASIAEXAMPLE")


def test_issued_credentials_without_a_key_id_are_an_accepted_exchange() -> None:
    (record,) = queried([exchange(responseElements={"credentials": {"expiration": "Nov 20, 2026, 11:00:00 AM"}})])
    extract = extract_of(record, "cloudtrail")
    attempt = cloudtrail.attempt(extract or {}, NOWHERE)
    assert attempt is not None
    assert attempt.outcome == "accepted"


def test_an_exchange_without_response_or_error_is_unknown() -> None:
    request = {"roleArn": "arn:aws:iam::111122223333:role/r", "durationSeconds": 3600}
    (record,) = queried([exchange(responseElements=None, requestParameters=request)])
    attempt = cloudtrail.attempt(record, NOWHERE)
    assert attempt is not None
    assert (attempt.outcome, attempt.duration_seconds) == ("unknown", 3600)


def test_session_tags_lists_and_booleans_arrive() -> None:
    request = {
        "roleArn": "arn:aws:iam::111122223333:role/r",
        "principalTags": {"team.name": "a", 'q"`': "b"},
        "transitiveTagKeys": ["team.name"],
    }
    whole = exchange(
        requestParameters=request,
        additionalEventData={"RoleAuthorizedByIdp": True},
        resources=[{"ARN": "arn:aws:iam::111122223333:role/r"}],
    )
    (record,) = queried([whole])
    found, expected = cloudtrail.attempt(record, NOWHERE), cloudtrail.attempt(whole, NOWHERE)
    assert found is not None
    assert expected is not None
    assert found.claims == expected.claims
    assert len(found.claims) == 4
    assert record["resources"] == whole["resources"]


def test_other_calls_are_not_returned() -> None:
    other = exchange(eventName="GetObject", eventSource="s3.amazonaws.com", userAgent="AssumeRoleWithWebIdentity")
    session = {"sessionContext": {"webIdFederationData": {"federatedProvider": "p"}}}
    accepted = exchange(eventName="GetObject", eventSource="s3.amazonaws.com", userIdentity=session)
    denied = accepted | {"errorCode": "AccessDenied", "requestParameters": {"bucketName": "b", "body": "PRIVATE"}}
    (record,) = queried([other, accepted, denied])
    assert record["requestParameters"] == {"bucketName": "b"}


def test_a_message_that_is_no_record_is_an_empty_record() -> None:
    for text in ("", "[]", "7", "{", '"x"', "[" * 100_000):
        assert changes_query().record_of({"@message": text}) == {}
    assert changes_query().record_of({}) == {}
    assert attempts_query().record_of({"x_resources": "[" * 100_000, "x_errorCode": ""}) == {}


CHANGES, ATTEMPTS = changes_query(), attempts_query()
NAMES = ["@message", *sorted(set(re.findall(r" as (x_\w+)", ATTEMPTS.text)))]


@given(st.dictionaries(st.sampled_from(NAMES), st.none() | st.text(max_size=30), max_size=10))
def test_any_row_becomes_a_record(row: dict[str, str | None]) -> None:
    for query in (CHANGES, ATTEMPTS):
        record = query.record_of(row)
        extract_of(record, "cloudtrail")


@given(st.text())
def test_a_text_that_is_no_name_of_ours_is_refused(text: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.:-]{0,99}", text, re.ASCII):
        assert literal(text) == f'"{text}"'
    else:
        with pytest.raises(ValueError, match="not a name"):
            literal(text)


def test_the_texts_compare_with_names_of_ours_only() -> None:
    for query in (changes_query(), attempts_query()):
        assert query.parameters == ()
        assert len(query.text) < 10_000  # StartQuery: the longest query
        quoted = set(re.findall(r'"([^"]*)"', query.text))
        assert quoted <= {cloudtrail.EVENT_NAME, "webIdFederationData", *WRITES}
