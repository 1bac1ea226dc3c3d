"""JSON values out of whole, cut off and damaged files."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.logs.reading import tolerant as reading
from oidc_doctor.logs.reading.scan import scan
from oidc_doctor.logs.reading.scope import scope_of

if TYPE_CHECKING:
    from oidc_doctor.model.document import Origin

LISTS = ("Records", "Events")
TEXT = st.text('ab:/9{}[]",\\ \n\0\u00e9\u20ac', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def read(data: bytes) -> tuple[list[tuple[Any, str, int | None]], list[str]]:
    """The values with pointer and line, and the notes."""
    notes: list[str] = []

    def note(origin: Origin, what: str) -> None:
        notes.append(f"{origin.line or ''}: {what}")

    found = reading.values(io.BytesIO(data), "f", LISTS, note)
    return [(value, origin.pointer, origin.line) for value, origin in found], notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', [({"a": 1}, "", 1)]),
        ("[1, 2]", [(1, "/0", 1), (2, "/1", 1)]),
        ("[]", []),
        ('{"Records": [{"a": 1}, {"a": 2}]}', [({"a": 1}, "/Records/0", 1), ({"a": 2}, "/Records/1", 1)]),
        ('{"Records": []}', []),
        ('{"Records": [1], "x": {"y": [2]}, "Events": [3]}', [(1, "/Records/0", 1), (3, "/Events/0", 1)]),
        ('{"Other": [1]}', [({"Other": [1]}, "", 1)]),
        ('{"NextToken": "t", "Records": [1]}', [({"NextToken": "t", "Records": [1]}, "", 1)]),
        ('{"a": 1}\n{"a": 2}\n\n{"a": 3}\n', [({"a": 1}, "", 1), ({"a": 2}, "", 2), ({"a": 3}, "", 4)]),
        ('{"Events": [\n1\n]\n}\n{"Events": [2]}', [(1, "/Events/0", 2), (2, "/Events/0", 5)]),
        ('{"a": 1}\t{"a": 2}', [({"a": 1}, "", 1), ({"a": 2}, "", 1)]),
        ("\x1e1\n\x1e2\n", [(1, "", 1), (2, "", 2)]),
        ('"text" true null 1.5', [("text", "", 1), (True, "", 1), (None, "", 1), (1.5, "", 1)]),
    ],
)  # fmt: skip
def test_shapes(text: str, expected: list[Any]) -> None:
    for data in (text.encode(), gzip.compress(text.encode()), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        assert read(data) == (expected, [])


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_pieces_make_no_difference(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '{"Records": [{"k": "é\\u20ac €"}, -12.5e3, [true, null]], "n": 123456}\n[1234, "x"]\n{"Events": [1]} 987654'
    expected = read(text.encode())
    assert expected[1] == []
    monkeypatch.setattr(reading, "CHUNK", chunk)
    for data in (text.encode(), gzip.compress(text.encode()), text.encode("utf-16")):
        assert read(data) == expected


def test_empty_file() -> None:
    assert read(b"") == ([], [": the file is empty"])
    assert read(gzip.compress(b" \n")) == ([], [": the file is empty"])


@pytest.mark.parametrize(
    ("text", "values", "words"),
    [
        ('{"Records": [1, {"a": ', [1], "ends in the middle of a value"),
        ('{"Records": [1, "abc', [1], "ends in the middle of a value"),
        ('{"Records": [1, ', [1], "ends in the middle of a list"),
        ('{"Records": [1', [1], "ends in the middle of a list"),
        ('{"Records": [1]', [1], "ends in the middle of a page"),
        ('{"Records": [1], "a"', [1], "expected ':'"),
        ('{"Records": [1], "a": 1 "b"', [1], "expected ',' or '}'"),
        ("[1, 2", [1, 2], "ends in the middle of a list"),
        ('[1, {"a" 2}, 3]', [1], "the rest of the file was not read"),
        ("[1 2]", [1], "expected ',' or ']'"),
        ("[1,,2]", [1], "expecting value"),
        ("eventID,eventTime\n1,2\n", [], "line"),
        ("[" * 100_000, [], "nested too deeply"),
        (f'{{"Records": [{{"n": {"9" * 5000}}}]}}', [], "a number that is too long"),
    ],
)
def test_what_can_be_read_is_used(text: str, values: list[Any], words: str) -> None:
    found, notes = read(text.encode())
    assert [value for value, _, _ in found] == values
    assert len(notes) == 1
    assert words in notes[0] or notes[0].startswith("1:")
    assert "eventID" not in notes[0]


def test_a_broken_line_costs_one_record() -> None:
    lines = ['{"a": 1}', '{"a": 2', '{"a": "x', '{"a": 4}', "garbage", '{"a": 5}']
    found, notes = read("\n".join(lines).encode())
    assert [value for value, _, _ in found] == [{"a": 1}, {"a": 4}, {"a": 5}]
    assert [note.partition(":")[0] for note in notes] == ["2", "3", "5"]
    assert all("reading went on" in note for note in notes)


def test_a_list_with_a_record_a_line_costs_one_record() -> None:
    found, notes = read(b'[\n{"a": 1},\n{"a": oops},\n{"a": 3},\n{"a": 4}\n]\n')
    assert [(value, line) for value, _, line in found] == [({"a": 1}, 2), ({"a": 3}, 4), ({"a": 4}, 5)]
    assert len(notes) == 1


def test_a_broken_page_does_not_cost_the_next() -> None:
    page = '{"Events": [\n    {"a": 1},\n    {"a": 2}\n]}\n'
    found, notes = read((page[:34] + "\n" + page).encode())
    assert [value for value, _, _ in found] == [{"a": 1}, {"a": 1}, {"a": 2}]
    assert len(notes) == 1


def test_gzip_with_several_members_and_padding() -> None:
    data = gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n') + b"\0" * 20
    assert read(data) == ([({"a": 1}, "", 1), ({"a": 2}, "", 2)], [])


def test_gzip_cut_off() -> None:
    lines = "".join(f'{{"a": {number}, "b": "{number * 7919 % 104729}"}}\n' for number in range(5000)).encode()
    data = gzip.compress(lines)
    found, notes = read(data[: len(data) // 2])
    assert 1000 < len(found) < 4000
    assert any("gzip data ends early" in note for note in notes)
    assert read(data[:-3])[0] == read(data)[0]


def test_gzip_damaged() -> None:
    data = bytearray(gzip.compress(b'{"a": 1}\n' * 50))
    data[-6] ^= 0xFF  # the checksum
    found, notes = read(bytes(data))
    assert len(found) == 50
    assert notes == [": damaged gzip data, or bytes after its end; what was inflated before was used"]
    found, notes = read(gzip.compress(b'{"a": 1}\n') + b"trailing bytes")
    assert len(found) == 1
    assert len(notes) == 1


def test_bytes_that_are_no_text() -> None:
    found, notes = read(b'{"a": "\xff\xfe"}\n{"a": "\xff"}')
    assert [value for value, _, _ in found] == [{"a": "\ufffd\ufffd"}, {"a": "\ufffd"}]
    assert len(notes) == 1


def test_a_value_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 1 << 20)
    found, notes = read(b'{"a": 1}\n{"b": "' + b"x" * (5 << 20) + b'"}\n{"a": 2}')
    assert [value for value, _, _ in found] == [{"a": 1}, {"a": 2}]
    assert "more than 1 Mi characters" in notes[0]


def test_memory_stays_flat() -> None:
    record = json.dumps({"pad": "x" * 900}).encode()
    data = gzip.compress(b'{"Records": [' + b",".join([record] * 40_000) + b"]}", 1)  # 36 MB inflated
    tracemalloc.start()
    try:
        count = sum(1 for _ in reading.values(io.BytesIO(data), "f", LISTS, lambda *_: None))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 40_000
    assert peak < 10 << 20


def test_a_bomb_takes_no_memory() -> None:
    data = gzip.compress(b"[" + b" " * (64 << 20))
    tracemalloc.start()
    try:
        found, notes = read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == []
    assert notes == ["1: no record in 32 Mi characters; the rest of the file was not read"]
    assert peak < 10 << 20


@pytest.mark.parametrize("barren", [b"\0", b" ", b"x", b"[", b"\n"])
def test_a_log_without_records_is_not_unpacked_to_its_end(barren: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BARREN", 1 << 20)
    stream = io.BytesIO(b'{"a": 1}\n' + barren * (8 << 20) + b'\n{"a": 2}')
    notes: list[str] = []
    found = [value for value, _ in reading.values(stream, "f", LISTS, lambda _, what: notes.append(what))]
    assert found == [{"a": 1}]
    assert notes == ["no record in 1 Mi characters; the rest of the file was not read"]
    assert stream.tell() < 3 << 20


def test_many_records_after_faults_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BARREN", 1_000)
    lines = b'{"a": 1}\n' + b"x" * 900 + b"\n"
    found, _ = read(lines * 20)
    assert len(found) == 20


@settings(deadline=None)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    for prefix in (b"", b"\x1f\x8b", b"\xff\xfe", b'{"Records": [{}, ', b"[", gzip.compress(b'{"a": 1}\n')):
        read(prefix + data)


@settings(deadline=None)
@given(TEXT)
def test_any_text(text: str) -> None:
    read(text.encode())


@settings(deadline=None)
@given(st.lists(JSON, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_any_values_in_any_shape(items: list[Any], indent: int | None, ascii_only: bool) -> None:
    def text(value: Any) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    for whole in (text(items), text({"Records": items}), text({"Records": items, "NextToken": {"a": [1]}})):
        found, notes = read(whole.encode())
        assert [value for value, _, _ in found] == items
        assert notes == []
    objects = [{"v": item} for item in items]
    found, notes = read("\n".join(map(text, objects)).encode())
    assert [value for value, _, _ in found] == objects


@settings(deadline=None)
@given(st.lists(st.dictionaries(TEXT, JSON, max_size=3), min_size=1, max_size=5), st.data())
def test_any_half_gives_a_beginning(items: list[Any], data: st.DataObject) -> None:
    whole = json.dumps({"Records": items}).encode()
    cut = data.draw(st.integers(min_value=13, max_value=len(whole) - 1))
    found, notes = read(whole[:cut])
    assert [value for value, _, _ in found] == items[: len(found)]
    assert len(notes) == 1


def test_an_empty_file_is_opened_once() -> None:
    opened: list[str] = []

    def open_file(name: str) -> BinaryIO:
        opened.append(name)
        return io.BytesIO()

    harvest = scan(open_file, ["aws/cloudtrail/a.json", "aws/cloudtrail/b.json"], "cloudtrail", scope=scope_of(()))
    assert opened == ["aws/cloudtrail/a.json", "aws/cloudtrail/b.json"]
    assert harvest.coverage.files == 2
    assert harvest.coverage.problems == (
        "aws/cloudtrail/a.json: the file is empty",
        "aws/cloudtrail/b.json: the file is empty",
    )
