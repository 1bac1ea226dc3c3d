"""A searched file holds what the tolerant reader finds in it, and files as the clouds write them are searched."""

from __future__ import annotations

import gzip
import io
import json
import random
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.logs.reading import file, search, unpacked
from oidc_doctor.logs.reading.file import family_of, read_file
from oidc_doctor.logs.reading.scan_state import ScanState
from oidc_doctor.logs.reading.scope import WriteScope
from oidc_doctor.model.events import Source

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


def state_of(data: bytes, source: Source = "cloudtrail", *, exact: bool = False) -> ScanState:
    """Read by the search, or by the tolerant reader where the file cannot be searched."""
    state = ScanState(source, WriteScope(), family_of)
    name = NAME if source == "cloudtrail" else "sink.json"
    read_file(lambda _: io.BytesIO(data), name, state, exact=exact)
    state.rows.remove_repeats()
    return state


def tolerant(data: bytes, source: Source = "cloudtrail") -> ScanState:
    """Read by the tolerant reader alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "_searched", lambda *_, **__: None)
        return state_of(data, source)


def seen(state: ScanState, *, counts: bool = True) -> Any:
    """What has to be the same however the file was read: places in the file are not."""
    rows = [state.rows.attempt(row) for row in range(len(state.rows))]
    changes = sorted(json.dumps(one.record, sort_keys=True) for one in state.changes)
    uses = [(one.event_ids, one.count, one.action) for one in state.denials.grouped()[0]]
    return rows, changes, uses, (state.events, state.first, state.last) if counts else None


def is_searched(data: bytes, source: Source = "cloudtrail") -> bool:
    empty = ScanState(source, WriteScope(), family_of)
    return any(
        file._searched(lambda _: io.BytesIO(data), NAME, empty, exact=False, whole=whole) for whole in (False, True)
    )


def check(data: bytes, source: Source = "cloudtrail", *, counts: bool = True) -> ScanState:
    """Read tolerantly, searched, and with every record decoded: always the same."""
    full = tolerant(data, source)
    for exact in (False, True):
        found = state_of(data, source, exact=exact)
        assert seen(found, counts=counts) == seen(full, counts=counts)
        assert [line.rpartition(": ")[2] for line in found.problems.lines()] == [
            line.rpartition(": ")[2] for line in full.problems.lines()
        ]
        assert found.services == full.services if exact else found.services <= full.services
        assert found.services >= full.services & {"sts.amazonaws.com", "iam.amazonaws.com"}
        assert found.regions == full.regions
    return full


CASES: dict[str, tuple[bytes, bool]] = {  # the file, and whether it is searched
    "nothing wanted": (packed(*(other(n) for n in range(50))), True),
    "some wanted": (
        packed(other(1), record(2), other(3), record(4, "UpdateAssumeRolePolicy"), used(5), other(6)),
        True,
    ),
    "first and last": (packed(record(1), other(2), record(3)), True),
    "all wanted": (packed(*(record(n) for n in range(40))), True),
    "one record": (packed(record(1)), True),
    "no record": (b'{"Records":[]}', False),
    "in the user agent": (packed(other(1, userAgent="AssumeRoleWithWebIdentity"), record(2)), True),
    "in an escaped string": (
        packed(other(1, requestParameters={"body": json.dumps(record(9))}), other(2), record(3)),
        True,
    ),
    "in a string with its quotes": (packed(other(1, userAgent='"AssumeRoleWithWebIdentity"'), other(2)), True),
    "braces in strings": (
        packed(other(1, userAgent='},{"eventVersion":"1.08"'), record(2, userAgent="]}{[")),
        True,
    ),
    "nested record": (packed(other(1, requestParameters={"x": record(9)}), other(2)), True),
    "nested list of records": (packed(other(1, requestParameters={"x": [record(7), record(8), record(9)]})), True),
    "nested after something else": (
        packed(other(1, requestParameters={"x": [{"a": 1}, record(7), record(8), record(9)]}), other(2)),
        True,
    ),
    "nested at the end of a record": (
        packed(other(0), {**other(1), "x": [{}, record(7), record(8), record(9)]}, other(2), record(3)),
        True,
    ),
    "nested Records": (packed(other(1, responseElements={"Records": [{}, record(9), other(8)]}), other(2)), True),
    "an escape in the name": (
        packed(other(1), record(2)).replace(b'"AssumeRoleWith', b'"\\u0041ssumeRoleWith'),
        True,
    ),
    "an escape in a member's name": (
        packed(other(1), record(2)).replace(b'"eventName"', b'"event\\u004eame"'),
        True,
    ),
    "escapes as CloudTrail writes them": (
        packed(other(1, userAgent="a\u003cb")).replace(b"a<b", b"a\\u003cb"),
        True,
    ),
    "a member twice": (packed(record(1)).replace(b'"eventName":', b'"eventName":"Decrypt","eventName":'), True),
    "Records twice": (packed(other(1))[:-1] + b"," + packed(record(2))[1:], False),
    "another member after": (packed(record(1))[:-1] + b',"NextToken":"x"}', False),
    "two files one after another": (packed(other(1)) + b"\n" + packed(record(2)), False),
    "spaces": (json.dumps({"Records": [other(1), record(2)]}).encode(), True),
    "pretty-printed": (json.dumps({"Records": [other(1), record(2)]}, indent=2).encode(), True),
    "spaces around colons": (packed(other(1), record(2)).replace(b'"eventName":', b'"eventName" : '), True),
    "line ends of Windows": (json.dumps({"Records": [record(2)]}, indent=1).replace("\n", "\r\n").encode(), True),
    "a line end at the end": (packed(other(1), record(2)) + b"\r\n", True),
    "UTF-16": (packed(record(1)).decode().encode("utf-16"), False),
    "a byte order mark": (b"\xef\xbb\xbf" + packed(record(1)), False),
    "no UTF-8": (packed(record(1, userAgent="X")).replace(b'"X"', b'"\xff"'), False),
    "half a file": (packed(other(1), record(2), other(3))[:-300], False),
    "half a file that ends like a whole one": (packed(other(1), other(2))[:-1400] + b"]}", False),
    "an infinite number": (packed(record(1, x=float("inf"))), False),
    "another version": (packed(other(1), other(2, eventVersion="2.0"), other(3)), True),
    "an Insights event": (
        packed(other(1), {"eventVersion": "1.07", "eventCategory": "Insight", "insightDetails": {}, "eventName": "x"}),
        True,
    ),
    "a time of another year": (packed(other(1), other(2, eventTime="1999-01-01T00:00:00Z"), record(3)), True),
    "other members that end alike": (packed(other(1, requestParameters={"agentVersion": "3.1"}), record(2)), True),
    "refused, not federated": (packed(other(1), record(2, "GetObject", eventSource="s3.amazonaws.com")), True),
    "federated, not refused": (packed(*(other(n, userIdentity=used(1)["userIdentity"]) for n in range(9))), True),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_read_fast_is_a_file_read_in_full(name: str) -> None:
    data, searched = CASES[name]
    for content in (data, gzip.compress(data), gzip.compress(data[:100]) + gzip.compress(data[100:])):
        check(content)
        assert is_searched(content) == searched


@pytest.mark.parametrize("value", [b"{}", b"[]"])
@pytest.mark.parametrize("source", ["cloudtrail", "gcp-logs"])
def test_a_file_of_faults_alone_is_given_up(source: Source, value: bytes) -> None:
    lists = "Records" if source == "cloudtrail" else "entries"
    values = b",".join([value] * 200_000)
    state = state_of(gzip.compress(b'{"%b":[%b]}' % (lists.encode(), values)), source)
    assert state.problems.lines()[-1].endswith("more than 10,000 faults; the rest of the file was not read")
    assert not state.events


@pytest.mark.parametrize("cut", [1, 9, 60])
def test_damaged_gzip_is_read_as_far_as_it_goes(cut: int) -> None:
    data = gzip.compress(packed(*(record(n, userAgent=str(n * 7919 % 104729)) for n in range(200))))
    state = check(data[:-cut])
    assert any("gzip data ends early" in line for line in state.problems.lines())


@pytest.mark.parametrize("piece", [97, 128, 333, 1000])
def test_pieces_and_what_is_held_make_no_difference(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [(other, record, used)[n % 3](n) for n in range(30)]
    data = packed(*records)
    expected = seen(tolerant(data))
    monkeypatch.setattr(unpacked, "PIECE", piece)
    monkeypatch.setattr(search, "HEAD", piece)
    monkeypatch.setattr(search, "LARGEST", 5_000)
    for content in (data, gzip.compress(data)):
        assert seen(state_of(content)) == expected


def test_a_forged_record_in_a_nested_list_is_no_record() -> None:
    forged = [{"a": 1}, *(record(900 + n) for n in range(400)), other(899)]
    data = packed(other(1), record(2), {**other(3), "requestParameters": {"items": forged}}, record(4))
    state = check(data)
    assert [state.rows.event_id(row)[-3:] for row in range(len(state.rows))] == ["002", "004"]
    assert is_searched(data)


def test_places_are_where_the_records_stand() -> None:
    data = packed(other(1), record(2), other(3, userAgent="é"), record(4))
    rows = state_of(data).rows
    assert len(rows) == 2
    for row in range(len(rows)):
        found = unpacked.text_at(io.BytesIO(gzip.compress(data)), rows.place[row])
        assert found is not None
        assert json.loads(found)["eventID"] == rows.event_id(row)


LINES: dict[str, tuple[bytes, bool]] = {
    "exchanges": (lines(*(entry(n) for n in range(20))), True),
    "others": (
        lines(*(entry(n, "storage.objects.get", serviceName="storage.googleapis.com") for n in range(20))),
        True,
    ),
    "no line end at the end": (lines(entry(1), entry(2))[:-1], True),
    "a list": (json.dumps([entry(1), entry(2)]).encode(), False),
    "pretty-printed": (json.dumps(entry(1), indent=2).encode(), False),
    "an escape in the name": (lines(entry(0), entry(1)).replace(b"ExchangeToken", b"Exchange\\u0054oken"), True),
    "a broken line": (lines(entry(1)) + b'{"a":\n' + lines(entry(2)), False),
    "an empty line": (lines(entry(1)) + b"\n" + lines(entry(2)), True),
    "a write": (
        lines(entry(0), entry(1, "google.iam.v1.IAMPolicy.SetIamPolicy", serviceName="iam.googleapis.com")),
        True,
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
        True,
    ),
    "the name elsewhere": (lines(entry(1, "x.Get", request={"methodName": "ExchangeToken"}), entry(2, "y")), True),
    "a nested time": (
        lines(entry(1), entry(2, "x", request={"timestamp": "1999-01-01T00:00:00Z"}), entry(3, "x")),
        True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_sink_read_fast_is_a_sink_read_in_full(name: str) -> None:
    data, searched = LINES[name]
    for content in (data, gzip.compress(data)):
        full, found = tolerant(content, "gcp-logs"), state_of(content, "gcp-logs")
        assert seen(found, counts=False) == seen(full, counts=False)
        assert found.events == full.events
        assert found.first == pytest.approx(full.first, abs=1)
        assert found.last == pytest.approx(full.last, abs=1)
        assert is_searched(content, "gcp-logs") == searched


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
    full, found = tolerant(data), state_of(data)
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
    full, found = tolerant(bytes(whole)), state_of(bytes(whole), exact=True)
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
