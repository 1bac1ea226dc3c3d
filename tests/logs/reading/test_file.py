"""The three readers of a log file agree, and the fastest one that can read a file does."""

from __future__ import annotations

import gzip
import io
import json
import random
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.logs.reading import json_lines, trail, unpacked
from oidc_doctor.logs.reading.file import Reader, family_of, read_file
from oidc_doctor.logs.reading.scan_state import ScanState, Source
from oidc_doctor.logs.reading.scope import WriteScope

ISSUER = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK"
NAME = "210987654321_CloudTrail_us-east-1_20261122T1305Z_abcdefgh.json.gz"
PROVIDER = "projects/481516234200/locations/global/workloadIdentityPools/baseten/providers/weights"


def record(number: int, name: str = "AssumeRoleWithWebIdentity", **changes: Any) -> dict[str, Any]:
    """In the order in which CloudTrail writes the members."""
    made = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "WebIdentityUser", "userName": SUBJECT, "identityProvider": ISSUER},
        "eventTime": f"2026-11-22T{12 + number // 3600 % 2:02}:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventSource": "sts.amazonaws.com" if name.startswith("Assume") else "iam.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "Boto3/1.41",
        "errorCode": "AccessDenied",
        "errorMessage": "An unknown error occurred",
        "requestParameters": {"roleArn": "arn:aws:iam::210987654321:role/ModelWeights", "roleName": "ModelWeights"},
        "responseElements": None,
        "requestID": f"11111111-0000-4000-8000-{number:012}",
        "eventID": f"00000000-0000-4000-8000-{number:012}",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
    }
    return {**made, **changes}


def used(number: int, **changes: Any) -> dict[str, Any]:
    """A refused call of a federated session."""
    context = {"webIdFederationData": {"federatedProvider": ISSUER, "attributes": {}}}
    identity = {"type": "AssumedRole", "accessKeyId": "ASIAEXAMPLE", "sessionContext": context}
    return record(number, "GetObject", userIdentity=identity, eventSource="s3.amazonaws.com", **changes)


def other(number: int, **changes: Any) -> dict[str, Any]:
    found = record(number, "Decrypt", eventSource="kms.amazonaws.com", **changes)
    found.pop("errorCode", None)
    return found


EXCHANGE = "google.identity.sts.v1.SecurityTokenService.ExchangeToken"


def entry(number: int, method: str = EXCHANGE, **payload: Any) -> dict[str, Any]:
    return {
        "insertId": f"id{number}",
        "timestamp": f"2026-11-22T13:{number // 60:02}:{number % 60:02}.123Z",
        "severity": "INFO",
        "protoPayload": {
            "serviceName": "sts.googleapis.com",
            "methodName": method,
            "resourceName": PROVIDER,
            "authenticationInfo": {"principalSubject": SUBJECT},
            "metadata": {"mapped_principal": "principal://iam.googleapis.com/p/subject/x"},
            "requestMetadata": {"callerIp": "198.51.100.24"},
            "status": {},
            **payload,
        },
    }


def packed(*records: Any) -> bytes:
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def lines(*entries: Any) -> bytes:
    return "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in entries).encode()


def state_of(data: bytes, source: Source = "cloudtrail", first: Reader = "search") -> ScanState:
    state = ScanState(source, WriteScope(), family_of)
    name = NAME if source == "cloudtrail" else "sink.json"
    read_file(lambda _: io.BytesIO(data), name, state, first=first)
    state.rows.remove_repeats()
    return state


def seen(state: ScanState, *, counts: bool = True) -> Any:
    """What has to be the same however the file was read: places in the file are not."""
    rows = [state.rows.attempt(row) for row in range(len(state.rows))]
    changes = sorted(json.dumps(one.record, sort_keys=True) for one in state.changes)
    uses = [(one.event_ids, one.count, one.action) for one in state.denials.grouped()[0]]
    return rows, changes, uses, (state.events, state.first, state.last) if counts else None


def reader_of(data: bytes, source: Source = "cloudtrail") -> Reader:
    """The first reader that reads the file."""
    readers: dict[Reader, Any] = {"search": trail.search, "parse": trail.parse}
    if source == "gcp-logs":
        readers = {"search": json_lines.search}
    for name, read in readers.items():
        state = ScanState(source, WriteScope(), family_of)
        state.begin(NAME)
        try:
            read(NAME, unpacked.pieces(io.BytesIO(data)), state)
        except unpacked.FastPathUnavailable:
            continue
        return name
    return "tolerant"


def check(data: bytes, source: Source = "cloudtrail", *, counts: bool = True) -> ScanState:
    """Read tolerantly, searched, and parsed: always the same."""
    full = state_of(data, source, "tolerant")
    readers: tuple[Reader, ...] = ("search", "parse")
    for first in readers:
        found = state_of(data, source, first)
        assert seen(found, counts=counts) == seen(full, counts=counts)
        assert [line.rpartition(": ")[2] for line in found.problems.lines()] == [
            line.rpartition(": ")[2] for line in full.problems.lines()
        ]
        assert found.regions >= full.regions - {None} if first == "parse" else found.regions <= full.regions
    return full


CASES: dict[str, tuple[bytes, Reader]] = {  # the file, and the reader that reads it
    "nothing wanted": (packed(*(other(n) for n in range(50))), "search"),
    "some wanted": (
        packed(other(1), record(2), other(3), record(4, "UpdateAssumeRolePolicy"), used(5), other(6)),
        "search",
    ),
    "first and last": (packed(record(1), other(2), record(3)), "search"),
    "all wanted": (packed(*(record(n) for n in range(40))), "search"),
    "one record": (packed(record(1)), "search"),
    "no record": (b'{"Records":[]}', "parse"),
    "in the user agent": (packed(other(1, userAgent="AssumeRoleWithWebIdentity"), record(2)), "search"),
    "in an escaped string": (
        packed(other(1, requestParameters={"body": json.dumps(record(9))}), other(2), record(3)),
        "search",
    ),
    "in a string with its quotes": (packed(other(1, userAgent='"AssumeRoleWithWebIdentity"'), other(2)), "search"),
    "braces in strings": (
        packed(other(1, userAgent='},{"eventVersion":"1.08"'), record(2, userAgent="]}{[")),
        "search",
    ),
    "nested record": (packed(other(1, requestParameters={"x": record(9)}), other(2)), "search"),
    "nested list of records": (packed(other(1, requestParameters={"x": [record(7), record(8), record(9)]})), "parse"),
    "nested after something else": (
        packed(other(1, requestParameters={"x": [{"a": 1}, record(7), record(8), record(9)]}), other(2)),
        "parse",
    ),
    "nested at the end of a record": (
        packed(other(0), {**other(1), "x": [{}, record(7), record(8), record(9)]}, other(2), record(3)),
        "parse",
    ),
    "nested Records": (packed(other(1, responseElements={"Records": [{}, record(9), other(8)]}), other(2)), "parse"),
    "an escape in the name": (
        packed(other(1), record(2)).replace(b'"AssumeRoleWith', b'"\\u0041ssumeRoleWith'),
        "search",
    ),
    "an escape in a member's name": (
        packed(other(1), record(2)).replace(b'"eventName"', b'"event\\u004eame"'),
        "search",
    ),
    "escapes as CloudTrail writes them": (
        packed(other(1, userAgent="a\u003cb")).replace(b"a<b", b"a\\u003cb"),
        "search",
    ),
    "a member twice": (packed(record(1)).replace(b'"eventName":', b'"eventName":"Decrypt","eventName":'), "search"),
    "Records twice": (packed(other(1))[:-1] + b"," + packed(record(2))[1:], "tolerant"),
    "another member after": (packed(record(1))[:-1] + b',"NextToken":"x"}', "tolerant"),
    "two files one after another": (packed(other(1)) + b"\n" + packed(record(2)), "tolerant"),
    "spaces": (json.dumps({"Records": [other(1), record(2)]}).encode(), "parse"),
    "pretty-printed": (json.dumps({"Records": [other(1), record(2)]}, indent=2).encode(), "parse"),
    "spaces around colons": (packed(other(1), record(2)).replace(b'"eventName":', b'"eventName" : '), "search"),
    "line ends of Windows": (json.dumps({"Records": [record(2)]}, indent=1).replace("\n", "\r\n").encode(), "parse"),
    "a line end at the end": (packed(other(1), record(2)) + b"\r\n", "search"),
    "UTF-16": (packed(record(1)).decode().encode("utf-16"), "tolerant"),
    "a byte order mark": (b"\xef\xbb\xbf" + packed(record(1)), "tolerant"),
    "no UTF-8": (packed(record(1, userAgent="X")).replace(b'"X"', b'"\xff"'), "tolerant"),
    "half a file": (packed(other(1), record(2), other(3))[:-300], "tolerant"),
    "half a file that ends like a whole one": (packed(other(1), other(2))[:-1400] + b"]}", "tolerant"),
    "an infinite number": (packed(record(1, x=float("inf"))), "tolerant"),
    "another version": (packed(other(1), other(2, eventVersion="2.0"), other(3)), "search"),
    "an Insights event": (
        packed(other(1), {"eventVersion": "1.07", "eventCategory": "Insight", "insightDetails": {}, "eventName": "x"}),
        "tolerant",
    ),
    "a time of another year": (packed(other(1), other(2, eventTime="1999-01-01T00:00:00Z"), record(3)), "search"),
    "other members that end alike": (packed(other(1, requestParameters={"agentVersion": "3.1"}), record(2)), "search"),
    "refused, not federated": (packed(other(1), record(2, "GetObject", eventSource="s3.amazonaws.com")), "search"),
    "federated, not refused": (packed(*(other(n, userIdentity=used(1)["userIdentity"]) for n in range(9))), "search"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_read_fast_is_a_file_read_in_full(name: str) -> None:
    data, reader = CASES[name]
    for content in (data, gzip.compress(data), gzip.compress(data[:100]) + gzip.compress(data[100:])):
        check(content)
        assert reader_of(content) == reader


@pytest.mark.parametrize("cut", [1, 9, 60])
def test_damaged_gzip_is_read_as_far_as_it_goes(cut: int) -> None:
    data = gzip.compress(packed(*(record(n, userAgent=str(n * 7919 % 104729)) for n in range(200))))
    state = check(data[:-cut])
    assert any("gzip data ends early" in line for line in state.problems.lines())


@pytest.mark.parametrize("piece", [97, 128, 333, 1000])
def test_pieces_and_what_is_held_make_no_difference(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [(other, record, used)[n % 3](n) for n in range(30)]
    data = packed(*records)
    expected = seen(state_of(data, first="tolerant"))
    monkeypatch.setattr(unpacked, "PIECE", piece)
    monkeypatch.setattr(trail, "_ENOUGH", piece)
    monkeypatch.setattr(trail, "LARGEST", 5_000)
    for content in (data, gzip.compress(data)):
        assert seen(state_of(content)) == expected


def test_places_are_where_the_records_stand() -> None:
    data = packed(other(1), record(2), other(3, userAgent="é"), record(4))
    readers: tuple[Reader, ...] = ("search", "parse")
    for first in readers:
        rows = state_of(data, first=first).rows
        for row in range(len(rows)):
            found = unpacked.text_at(io.BytesIO(gzip.compress(data)), rows.place[row])
            assert found is not None
            assert json.loads(found)["eventID"] == rows.event_id(row)


LINES: dict[str, tuple[bytes, Reader]] = {
    "exchanges": (lines(*(entry(n) for n in range(20))), "search"),
    "others": (
        lines(*(entry(n, "storage.objects.get", serviceName="storage.googleapis.com") for n in range(20))),
        "search",
    ),
    "no line end at the end": (lines(entry(1), entry(2))[:-1], "search"),
    "a list": (json.dumps([entry(1), entry(2)]).encode(), "tolerant"),
    "pretty-printed": (json.dumps(entry(1), indent=2).encode(), "tolerant"),
    "an escape in the name": (lines(entry(0), entry(1)).replace(b"ExchangeToken", b"Exchange\\u0054oken"), "tolerant"),
    "a broken line": (lines(entry(1)) + b'{"a":\n' + lines(entry(2)), "tolerant"),
    "an empty line": (lines(entry(1)) + b"\n" + lines(entry(2)), "tolerant"),
    "a write": (
        lines(entry(0), entry(1, "google.iam.v1.IAMPolicy.SetIamPolicy", serviceName="iam.googleapis.com")),
        "search",
    ),
    "a refused call": (
        lines(
            entry(
                1,
                "storage.objects.get",
                serviceName="storage.googleapis.com",
                authenticationInfo={"principalSubject": "principal://iam.googleapis.com/p/subject/x"},
                status={"code": 7, "message": "no"},
            )
        ),
        "search",
    ),
    "the name elsewhere": (lines(entry(1, "x.Get", request={"methodName": "ExchangeToken"}), entry(2, "y")), "search"),
    "a nested time": (
        lines(entry(1), entry(2, "x", request={"timestamp": "1999-01-01T00:00:00Z"}), entry(3, "x")),
        "search",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_sink_read_fast_is_a_sink_read_in_full(name: str) -> None:
    data, reader = LINES[name]
    for content in (data, gzip.compress(data)):
        full, found = state_of(content, "gcp-logs", "tolerant"), state_of(content, "gcp-logs")
        assert seen(found, counts=False) == seen(full, counts=False)
        assert found.events == full.events
        assert found.first == pytest.approx(full.first, abs=1)
        assert found.last == pytest.approx(full.last, abs=1)
        assert reader_of(content, "gcp-logs") == reader


TEXT = st.text('AssumeRolWithbdnty":,{}[]\\/é ', max_size=12)
SMALL = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | TEXT | st.just("AssumeRoleWithWebIdentity"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["eventVersion", "eventName", "Records", "x"]), inner, max_size=3)
        | st.builds(lambda one: record(77, x=one), inner)
        | st.builds(lambda one: [{}, record(78), record(79, x=one)], inner)
    ),
    max_leaves=5,
)
MADE = st.builds(
    lambda make, number, place, value: make(number, **{place: value}),
    st.sampled_from([record, used, other]),
    st.integers(0, 99),
    st.sampled_from(["userAgent", "requestParameters", "responseElements", "zz", "errorMessage"]),
    SMALL,
)


@settings(deadline=None)
@given(
    st.lists(MADE, max_size=5),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", ":")]),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_any_records(made: list[Any], separators: tuple[str, str], ascii_only: bool, indent: int | None) -> None:
    data = json.dumps({"Records": made}, separators=separators, ensure_ascii=ascii_only, indent=indent).encode()
    full, found = state_of(data, first="tolerant"), state_of(data)
    assert seen(found, counts=False) == seen(full, counts=False)
    assert found.events >= full.events  # a nested list may look like the records around it


@settings(deadline=None)
@given(st.lists(MADE, min_size=1, max_size=4), st.data())
def test_any_damage(made: list[Any], data: st.DataObject) -> None:
    whole = bytearray(packed(*made))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 30))] = data.draw(
            st.sampled_from([b"", b"x", b'"', b"{", b"}", b"]", b"[", b",", b"\\", b"\xff", b"\n{"])
        )
    full, found = state_of(bytes(whole), first="tolerant"), state_of(bytes(whole), first="parse")
    assert seen(found) == seen(full)
    fast = state_of(bytes(whole))
    lost = {one.event_id for one in seen(full)[0]} - {one.event_id for one in seen(fast)[0]}
    assert not lost


def opened(name: str) -> BinaryIO:
    return open(name, "rb")


def test_a_shuffled_archive_gives_the_same(tmp_path: Any) -> None:
    from oidc_doctor.logs.reading.scan import scan

    chance = random.Random(5)
    made = [[(other, record, used)[chance.randrange(3)](chance.randrange(500)) for _ in range(30)] for _ in range(20)]
    paths = []
    for number, records in enumerate(made):
        path = tmp_path / f"{number}.json.gz"
        path.write_bytes(gzip.compress(packed(*records)))
        paths.append(str(path))

    def read(names: list[str], **how: Any) -> Any:
        found = scan(opened, names, "cloudtrail", scope=WriteScope(), **how)
        return found.attempts(), found.changes, found.denials, found.coverage

    forward = read(paths)
    assert read(paths[::-1]) == forward
    assert forward[3].duplicates
