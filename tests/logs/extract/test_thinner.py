"""The thinning of an archive is that of an engine's query, run on DuckDB."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.logs.extract import thinner, thinning
from oidc_doctor.logs.extract.file import COUNT
from oidc_doctor.logs.extract.of_record import Part, part_of
from oidc_doctor.logs.extract.thinner import Thinner
from oidc_doctor.model.times import rfc3339

BEGIN = 1_795_000_200.0  # the begin of ten minutes


class Event(NamedTuple):
    """An event of the table that the query reads."""

    kind: str
    event_id: str | None
    time: float
    known: int
    alike: str


def part_of_event(event: Event) -> Part:
    return Part(
        {"eventID": event.event_id, "eventTime": rfc3339(event.time), "alike": event.alike, "known": event.known},
        event.time,
        event.event_id,
        None if event.kind == "change" else event.alike.encode(),
        event.known == 1,
    )


def by_query(events: list[Event]) -> list[tuple[Any, ...]]:
    """Rows of the query that engines run: id, time, alike, and the number of attempts."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE log (kind TEXT, event_id TEXT, event_time TEXT, known INT, alike TEXT)")
    rows = [(event.kind, event.event_id, rfc3339(event.time), event.known, event.alike) for event in events]
    if rows:
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?)", rows)
    period = f"substr(event_time, 1, {thinning.period_length(0.0)}) AS period"
    query = thinning.thinned_query(
        f"SELECT kind, event_id, event_time, known, alike AS looks, {period} FROM log",  # noqa: S608 - ours
        ("event_id", "event_time", "looks"),
        ("looks",),
    )
    return connection.execute(sqlglot.transpile(query, read="trino", write="duckdb")[0]).fetchall()


def by_thinner(events: list[Event]) -> list[tuple[Any, ...]]:
    made = Thinner()
    for event in events:
        made.add(part_of_event(event))
    records = [json.loads(line) for line in made.lines()]
    return [(one["eventID"], one["eventTime"], one["alike"], one.get(COUNT, 1)) for one in records]


LOGGED = st.lists(
    st.tuples(
        st.builds(
            Event,
            st.sampled_from(["attempt"] * 9 + ["change"]),
            st.one_of(st.none(), st.integers(0, 999).map("id-{:03}".format)),
            st.integers(0, 40).map(lambda step: BEGIN + 37 * step),  # three periods
            st.just(1),
            st.sampled_from("ab"),
        ),
        st.lists(st.sampled_from([1, 1, 0]), min_size=1, max_size=3),  # copies, which may lack the outcome
    ),
    max_size=60,
    unique_by=lambda logged: logged[0][1:3] if logged[0].event_id else object(),
)


@given(LOGGED, st.randoms())
@settings(max_examples=share_of(60), deadline=None)
def test_what_is_kept_is_what_the_query_keeps(logged: list[tuple[Event, list[int]]], random: Any) -> None:
    events = [event._replace(known=known) for event, copies in logged for known in copies]
    random.shuffle(events)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thinner, "KEPT", 3)
        patch.setattr(thinning, "KEPT", 3)
        mine, its = ([(row[0] or "", *row[1:]) for row in rows] for rows in (by_thinner(events), by_query(events)))
        assert sorted(mine) == sorted(its)


def test_of_many_alike_the_first_and_the_last_are_kept_and_one_stands_for_the_others() -> None:
    events = [Event("attempt", f"id-{number:04}", BEGIN + number / 10, 1, "a") for number in range(1_000)]
    made = by_thinner(events)
    assert sorted(made) == sorted(by_query(events))
    assert sum(count for *_, count in made) == 1_000
    assert len(made) == 2 * thinning.KEPT
    assert [made[0][0], made[-1][0]] == ["id-0999", "id-0000"]


def test_one_that_stands_for_others_has_no_caller() -> None:
    made = Thinner()
    record = {
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "boto3",
        "requestParameters": {"roleArn": "r", "roleSessionName": "s"},
    }
    entry = {"protoPayload": {"requestMetadata": {"callerIp": "203.0.113.7", "requestAttributes": {"time": "t"}}}}
    for number in range(100):
        made.add(Part({**record, **entry}, BEGIN + number, str(number), b"a"))
    counted = [one for line in made.lines() if COUNT in (one := json.loads(line))]
    assert counted == [
        {
            "requestParameters": {"roleArn": "r"},
            "protoPayload": {"requestMetadata": {"requestAttributes": {"time": "t"}}},
            COUNT: 61,
        }
    ]


def test_an_impersonation_that_hides_its_principal_is_alike_to_no_other() -> None:
    payload = {
        "serviceName": "iamcredentials.googleapis.com",
        "methodName": "GenerateAccessToken",
        "status": {"code": 7},
    }
    entries = [
        {"insertId": "1", "protoPayload": payload | {"requestMetadata": {"callerIp": address}}}
        for address in ("192.0.2.1", "192.0.2.2")
    ]
    parts = [part_of(entry, "gcp-logs") for entry in entries]
    assert [part.alike for part in parts if part] == [None, None]


def test_beyond_the_bounds_the_oldest_periods_are_left_out() -> None:
    made = Thinner(most=100)
    for number in range(1_000):
        made.add(Part({"number": number}, BEGIN + 60 * number, str(number), str(number).encode()))
    numbers = [json.loads(line)["number"] for line in made.lines()]
    assert numbers == list(range(999, 999 - len(numbers), -1))
    assert 70 <= len(numbers) <= 100
    assert made.left_out == 1_000 - len(numbers)
    late = Thinner(most=100)
    for number in reversed(range(1_000)):
        late.add(Part({"number": number}, BEGIN + 60 * number, str(number), str(number).encode()))
    assert json.loads(next(late.lines()))["number"] == 999
    one_period = Thinner(most=100)
    for number in range(1_000):
        one_period.add(Part({}, BEGIN, str(number), str(number).encode()))
    assert len(list(one_period.lines())) == 100
    assert one_period.left_out == 900


@pytest.mark.parametrize("periods", [1, 40])
def test_memory_is_a_bound_too(monkeypatch: pytest.MonkeyPatch, periods: int) -> None:
    monkeypatch.setattr(thinner, "_MOST_MEMORY", 100_000)
    made = Thinner()
    for number in range(400):
        at = BEGIN + number * thinner.PERIOD * periods / 400
        made.add(Part({"number": number, "text": os.urandom(500).hex()}, at, str(number), None))
    numbers = [json.loads(line)["number"] for line in made.lines()]
    assert 40 <= len(numbers) <= 100
    assert made.left_out == 400 - len(numbers)
    assert numbers == sorted(numbers, reverse=True)
    assert periods == 1 or numbers[0] == 399


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("awsRegion", "eu-west-1"),
        ("recipientAccountId", "222233334444"),
        ("errorCode", "AccessDenied"),
        ("errorMessage", "another reason"),
        ("requestParameters", {"roleArn": "arn:aws:iam::111122223333:role/other"}),
        ("requestParameters", {"roleArn": "arn:aws:iam::111122223333:role/r", "durationSeconds": 900}),
        ("requestParameters", {"roleArn": "arn:aws:iam::111122223333:role/r", "principalTags": {"team": "a"}}),
        ("userIdentity", {"principalId": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:aud:other"}),
        ("userIdentity", {"principalId": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:other:sub"}),
        ("responseElements", {"credentials": {"accessKeyId": "ASIA"}}),
    ],
)
def test_attempts_that_differ_in_a_signature_or_an_identity_are_not_alike(member: str, value: Any) -> None:
    record = {
        "eventName": "AssumeRoleWithWebIdentity",
        "eventTime": "2026-11-20T10:00:00Z",
        "awsRegion": "us-east-1",
        "userIdentity": {"principalId": "arn:aws:iam::111122223333:oidc-provider/oidc.example.com:aud:sub"},
        "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/r"},
    }
    alike = {"eventTime": "2026-11-20T10:05:00Z", "eventID": "e", "sourceIPAddress": "192.0.2.1", "userAgent": "x"}
    assert key_of(record) == key_of(record | alike)
    assert key_of(record) != key_of(record | {member: value})


def test_numbers_in_error_messages_do_not_tell_attempts_apart() -> None:
    record = {"eventName": "AssumeRoleWithWebIdentity", "errorCode": "ExpiredToken", "errorMessage": "expired at 17"}
    assert key_of(record) == key_of(record | {"errorMessage": "expired at 1795000000"})


def key_of(record: dict[str, Any]) -> bytes:
    part = part_of(record, "cloudtrail")
    assert part is not None
    assert part.alike is not None
    return part.alike


def test_copies_of_a_refused_call_in_two_accounts_are_one() -> None:
    """CloudTrail gives the copies of several accounts ids of their own, and one shared id."""
    session = {"sessionContext": {"webIdFederationData": {"federatedProvider": "arn:aws:iam::111122223333:x"}}}
    call = {"eventName": "GetObject", "errorCode": "AccessDenied", "userIdentity": session}
    made = Thinner()
    for number in range(60):
        for account in ("1111", "2222"):
            more = {"eventID": f"{account}-{number}", "sharedEventID": f"both-{number}"}
            part = part_of(call | more | {"eventTime": rfc3339(BEGIN + number)}, "cloudtrail")
            assert part is not None
            assert made.add(part) == (account == "1111")
    assert sum(json.loads(line).get(COUNT, 1) for line in made.lines()) == 60


def test_copies_whose_times_differ_below_a_millisecond_are_one() -> None:
    made = Thinner()
    for number in range(60):
        for fraction in (0.1234, 0.123456):
            made.add(part_of_event(Event("attempt", f"id-{number}", BEGIN + number + fraction, 1, "a")))
    assert sum(json.loads(line).get(COUNT, 1) for line in made.lines()) == 60
