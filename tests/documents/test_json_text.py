"""Documents and their lines: broken text, repeated names, deep nesting, and line_of against a slow reading."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import DEEPEST, Unreadable, decode, load, load_inner, part, printable
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.json_pointer import line_of, pointer_segment


def reason(text: str) -> str:
    with pytest.raises(Unreadable) as caught:
        load(text, "aws/role.json")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{\n "a": 1\n "b": 2}', "aws/role.json: line 3 column 2: expected ','"),
        ('{"a" 1}', "line 1 column 6: expected ':'"),
        ('{"a": 1,}', "line 1 column 9: a comma before the closing bracket"),
        ("{'a': 1}", "expected a name in double quotes"),
        ('{"a": 1} {', "text after the end of the JSON value"),
        ('{"a": "x\ny"}', "a line break or control character inside a string"),
        ('{"a": "\\q"}', "a backslash sequence that JSON does not have"),
        ('{"a": "\\u12"}', "hexadecimal"),
        ('{"a": [1, 2', "the text ends too early (expected ',')"),
        ('{"a": "x', "a string that is never closed"),
        ("", "the file is empty"),
        (" \n\t", "the file is empty"),
        ("\nAn error occurred (NoSuchEntity) when calling GetRole: no", "the AWS CLI's error NoSuchEntity"),
        ("ERROR: (gcloud.iam.x) NOT_FOUND", "an error of gcloud"),
        ("attributeMapping:\n  google.subject: assertion.sub\n", "YAML instead of JSON"),
        ("hello", "line 1 column 1: expected a value"),
        ("[" * 100_000, "nested more than"),
        ("[" * 300 + "]" * 300, "nested more than"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested more than"),
        ('{\n"a": ' + "9" * 5000 + "}", "line 2: a number of more than 4300 digits"),
    ],
)
def test_broken_text_gets_one_line_with_the_place(text: str, words: str) -> None:
    message = reason(text)
    assert words in message
    assert message.startswith("aws/role.json: ")
    assert "\n" not in message


def test_the_message_never_quotes_the_text() -> None:
    assert "eyJ" not in reason('{"token": eyJhbGciOi.eyJzdWIi.c2ln}')


def test_nesting_up_to_the_limit_is_read() -> None:
    assert load("[" * DEEPEST + "]" * DEEPEST, "f").value


def test_what_is_tolerated() -> None:
    assert load('\ufeff{"a": 1}\n', "f").value == {"a": 1}
    odd = load('{"nan": NaN, "inf": -Infinity, "big": %s, "half": "\\ud800"}' % ("1" * 4000), "f").value
    assert odd["inf"] == float("-inf")
    assert odd["half"] == "\ud800"


def test_repeated_names_are_noted_and_the_last_counts() -> None:
    text = '{"a": 1, "b": {"x/y": 1, "x/y": 2}, "a": {"c": 3, "c": 4, "c": 5}, "d": [{"e": 1, "e": 2}]}'
    document = load(text, "f")
    assert document.value["a"] == {"c": 5}
    assert document.duplicates == ("/a", "/a/c", "/b/x~1y", "/d/0/e")


def test_what_a_repeated_name_hides_is_no_duplicate() -> None:
    assert load('{"a": {"b": 1, "b": 2}, "a": 3}', "f").duplicates == ("/a",)


def test_a_part_keeps_the_lines_of_the_file() -> None:
    document = load('{\n "Role": {\n  "x": 1,\n  "x": 2\n }\n}', "aws/role.json")
    inner = part(document, "/Role", document.value["Role"])
    assert str(inner.at("/x")) == "aws/role.json:4"
    assert str(inner.at()) == "aws/role.json:2"
    assert inner.duplicates == ("/x",)


def test_a_document_in_a_string_has_the_files_pointer_and_no_line() -> None:
    document = load('{"Role": {"Policy": "%7B%22Statement%22%3A%20%5B%22a+b%22%5D%7D"}}', "aws/role.json")
    inner = load_inner(document, "/Role/Policy", document.value["Role"]["Policy"])
    assert inner.value == {"Statement": ["a+b"]}
    assert str(inner.at("/Statement")) == "aws/role.json#/Role/Policy/Statement"


def test_a_broken_document_in_a_string_names_both_places() -> None:
    document = load('{\n "Policy": "{\\"a\\" 1}"}', "f.json")
    with pytest.raises(
        Unreadable, match=r"^f.json: line 2: the policy text at /Policy: line 1 column 6: expected ':'$"
    ):
        load_inner(document, "/Policy", document.value["Policy"])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbf{}", "{}"),
        ("{}".encode("utf-16"), "{}"),
        ("\ufeff{}".encode("utf-16-be"), "{}"),
    ],
)
def test_the_marks_of_windows_editors(data: bytes, text: str) -> None:
    assert decode(data, "f") == text


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(Unreadable, match=r"^f: line 2 column 3: not UTF-8 text$"):
        decode(b"a\nbc\xff", "f")


def test_messages_carry_no_control_characters() -> None:
    error = Unreadable("a\x1b[2J\nb", 1, 1, "x\x1b]0;y\x07\nz" + "w" * 1000)
    assert str(error).isprintable()
    assert len(str(error)) < 600
    assert printable("é\t\u202e") == "é <U+202E>"


# -------------------------------------------------------------------------------------------------------------- lines

POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow"},
    {
      "Condition": {
        "StringLike": {
          "oidc.example/id/a:sub": ["one",
            "two"]
        }
      }
    }
  ],
  "Version": "2008-10-17"
}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("", 1),
        ("/Version", 14),
        ("/Statement", 3),
        ("/Statement/0", 4),
        ("/Statement/0/Effect", 4),
        ("/Statement/1", 5),
        ("/Statement/1/Condition/StringLike/oidc.example~1id~1a:sub", 8),
        ("/Statement/1/Condition/StringLike/oidc.example~1id~1a:sub/1", 9),
        ("/Statement/2", None),
        ("/Statement/00", None),
        ("/Statement/x", None),
        ("/Statement/0/Effect/x", None),
        ("/Nothing", None),
        ("Statement", None),
        ("/Statement/99999999999999999999", None),
    ],
)
def test_line_of(pointer: str, line: int | None) -> None:
    assert line_of(POLICY, pointer) == line
    assert line_of("\ufeff" + POLICY, pointer) == line


@pytest.mark.parametrize("text", ["", "{", '{"a"', '{"a":}', '{"a":1', "[", "[1", '"a"', "1", "[" * 100_000, '{"a": "'])
@pytest.mark.parametrize("pointer", ["", "/a", "/0", "/a/b", "/"])
def test_line_of_never_fails(text: str, pointer: str) -> None:
    line = line_of(text, pointer)
    assert line is None or line == 1


def slow_lines(text: str) -> dict[str, int]:
    """Pointer to line by reading character by character; nothing of the code under test is used."""
    lines: dict[str, int] = {}
    place = 0

    def space() -> None:
        nonlocal place
        while place < len(text) and text[place] in " \t\r\n":
            place += 1

    def string() -> str:
        nonlocal place
        start = place
        place += 1
        while text[place] != '"':
            place += 2 if text[place] == "\\" else 1
        place += 1
        return str(json.loads(text[start:place]))

    def forget(pointer: str) -> None:
        for known in [one for one in lines if one.startswith(pointer + "/")]:
            del lines[known]

    def value(pointer: str) -> None:
        nonlocal place
        if text[place] == "{":
            place += 1
            space()
            while text[place] != "}":
                here = text[:place].count("\n") + 1
                name = string().replace("~", "~0").replace("/", "~1")
                space()
                place += 1
                space()
                forget(f"{pointer}/{name}")
                lines[f"{pointer}/{name}"] = here
                value(f"{pointer}/{name}")
                space()
                if text[place] == ",":
                    place += 1
                    space()
            place += 1
        elif text[place] == "[":
            place += 1
            space()
            index = 0
            while text[place] != "]":
                lines[f"{pointer}/{index}"] = text[:place].count("\n") + 1
                value(f"{pointer}/{index}")
                index += 1
                space()
                if text[place] == ",":
                    place += 1
                    space()
            place += 1
        elif text[place] == '"':
            string()
        else:
            place += len(re.match(r"[^\s,\]}]+", text[place:])[0])  # type: ignore[index]

    space()
    lines[""] = text[:place].count("\n") + 1
    value("")
    return lines


NAMES = st.sampled_from(["a", "b", "a/b", "~", 'q"', "\n", "é", "", "0"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text('ab"\\\n{}[],:', max_size=4), st.just(1.5))


@st.composite
def json_texts(draw: st.DrawFn, depth: int = 3) -> str:
    """JSON text with odd white space and repeated names."""

    def gap() -> str:
        return draw(st.sampled_from(["", " ", "\n", "\r\n", "\t\n  "]))

    kinds = ["scalar"] if depth == 0 else ["scalar", "object", "list"]
    kind = draw(st.sampled_from(kinds))
    if kind == "scalar":
        return json.dumps(draw(SCALARS), ensure_ascii=draw(st.booleans()))
    if kind == "list":
        items = draw(st.lists(json_texts(depth - 1), max_size=3))
        return f"[{gap()}" + f"{gap()},{gap()}".join(items) + f"{gap()}]"
    names = draw(st.lists(NAMES, max_size=4))
    members = [f"{json.dumps(name)}{gap()}:{gap()}{draw(json_texts(depth - 1))}" for name in names]
    return f"{{{gap()}" + f"{gap()},{gap()}".join(members) + f"{gap()}}}"


@settings(max_examples=share_of(300), deadline=None)
@given(json_texts(), st.sampled_from(["", "\n", " \n "]))
def test_line_of_agrees_with_a_slow_reading(text: str, before: str) -> None:
    text = before + text
    for pointer, line in slow_lines(text).items():
        assert line_of(text, pointer) == line


def pointers(value: Any, pointer: str = "") -> list[str]:
    found = [pointer]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in items:
        found += pointers(child, pointer + pointer_segment(name))
    return found


@settings(max_examples=share_of(200), deadline=None)
@given(json_texts())
def test_every_pointer_of_a_value_has_a_line_and_no_other_has(text: str) -> None:
    document = load(text, "f")
    for pointer in pointers(document.value):
        assert document.at(pointer).line is not None
        assert document.at(pointer + "/nowhere").line is None
    assert document.value == json.loads(text)


@settings(max_examples=share_of(300), deadline=None)
@given(
    st.binary(max_size=60) | st.text('{}[]":,\\u0019eE.-+ntf \n', max_size=40).map(str.encode),
    st.text("/a0~1", max_size=5),
)
def test_no_bytes_raise_anything_but_unreadable(data: bytes, pointer: str) -> None:
    try:
        text = decode(data, "f")
        line_of(text, pointer)
        document = load(text, "f")
    except Unreadable as error:
        assert str(error).isprintable()
    else:
        document.at(pointer)


# --------------------------------------------------------------------------------------------------------------- YAML

TRUSS = """# comment
model_name: weights
base_image:
  image: 210987654321.dkr.ecr.us-east-1.amazonaws.com/img:1
  docker_auth: &auth
    auth_method: AWS_OIDC
    aws_oidc_role_arn: arn:aws:iam::210987654321:role/R
weights:
  - source: s3://bucket/x
    auth:
      <<: *auth
      aws_oidc_region: us-east-1
python_version: 3.10
enabled: yes
account: 012345678901
none: ~
count: 3
ratio: 0.5
when: 2026-11-22
"""


def test_yaml_values_and_lines() -> None:
    document = load_yaml(TRUSS, "truss/config.yaml")
    value = document.value
    assert value["weights"][0]["auth"]["aws_oidc_role_arn"] == "arn:aws:iam::210987654321:role/R"
    assert value["account"] == "012345678901"
    assert (value["enabled"], value["none"], value["count"], value["ratio"]) == (True, None, 3, 0.5)
    assert value["when"] == "2026-11-22"
    assert str(document.at("/weights/0/auth/aws_oidc_region")) == "truss/config.yaml:12"
    assert document.at("/weights/1").line is None
    assert document.at("/model_name/x").line is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1, 2\nb: 3\n", "line 2 column 2: not YAML"),
        ("a: b: c\n", "not YAML"),
        ("a: \x00", "a character that YAML does not allow"),
        ("a: *x\n", "not YAML"),
        ("[" * 50_000, "nested more than"),
        ("a: " + "x" * 300_000, "at most 65,536 characters"),
        ("a: &a [*a]\n", "nested more than"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
            "aliases written out",
        ),
        ("a: 1\n---\nb: 2\n", "not YAML"),
    ],
)
def test_broken_yaml(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        load_yaml(text, "truss/config.yaml")
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_yaml_builds_no_objects() -> None:
    assert load_yaml("a: !!python/object/apply:os.system [x]\n", "f").value == {"a": ["x"]}


def test_empty_yaml() -> None:
    assert load_yaml("", "f").value is None


@settings(max_examples=share_of(200), deadline=None)
@given(st.text("ab:-[]{}&*!<>|?#'\"%@, \n\t~0", max_size=40))
def test_no_text_breaks_the_yaml_reading(text: str) -> None:
    try:
        document = load_yaml(text, "f")
    except Unreadable:
        return
    for pointer in pointers(document.value):
        document.at(pointer)


def test_repeated_names_of_many_objects_cost_what_is_reported(lines_run: Callable[[Callable[[], object]], int]) -> None:
    few, many = (json.dumps([["x"]] * count)[:-1] + ',{"a":1,"a":2}' * count + "]" for count in (1_000, 4_000))
    assert load(many, "x").duplicates == tuple(f"/{index}/a" for index in range(4_000, 5_000))
    names = "{" + ",".join(['"a":0'] * 5_000) + "}"
    assert load(names, "x").duplicates == ("/a",)
    assert lines_run(lambda: load(many, "x")) < 6 * lines_run(lambda: load(few, "x"))
    assert lines_run(lambda: load(names, "x")) < 10_000
