"""The file of expectations: what it may say, and the line and the fix of what it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.documents.expect_file import ExpectedCall, is_expect_file, parse_expectations
from oidc_doctor.documents.json_text import Unreadable

WHOLE = """\
[[expect]]
name = "deployments"
target = 'module.ci.aws_iam_role.ci["deploy"]'
issuer = "https://token.actions.githubusercontent.com"
audience = "sts.amazonaws.com"
accepted = [
  "repo:acme/app:ref:refs/heads/main",
  { repository = "acme/app", environment = "production" },
]
refused = ["repo:acme/other:pull_request"]
strangers = "refused"
allowed = ["s3:GetObject arn:aws:s3:::weights/*", "storage.objects.get weights"]
denied = ["s3:DeleteObject arn:aws:s3:::weights/*"]

[[expect]]
strangers = "refused"
"""


def test_every_key_is_read_with_the_line_of_each_entry() -> None:
    first, second = parse_expectations(WHOLE)
    assert (first.name, first.target, first.audience) == (
        "deployments",
        'module.ci.aws_iam_role.ci["deploy"]',
        "sts.amazonaws.com",
    )
    assert [str(entry) for entry in first.accepted] == [
        "repo:acme/app:ref:refs/heads/main",
        'repository = "acme/app", environment = "production"',
    ]
    assert [entry.at.line for entry in first.accepted] == [7, 8]
    assert [entry.at.line for entry in (*first.refused, *first.allowed, *first.denied)] == [10, 12, 12, 13]
    assert first.allowed[0]._replace(at=first.at) == ExpectedCall("s3:GetObject", "arn:aws:s3:::weights/*", first.at)
    assert first.strangers
    assert (second.strangers, second.accepted, second.at.line) == (True, (), 15)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "no [[expect]] table; add a line [[expect]]"),
        ("expect = []\n", 1, "no [[expect]] table"),
        ('[expect]\naccepted = ["x"]\n', 1, "no [[expect]] table"),
        ('accepted = ["x"]\n', 1, "unknown key accepted: expected [[expect]] (the keys belong below"),
        ("[[target]]\n", 1, "unknown key target"),
        ("[[expect]]\n", 1, "the table has no expectation"),
        ('[[expect]]\nname = "x"\n', 1, "the table has no expectation"),
        ('[[expect]]\nacepted = ["x"]\n', 2, "unknown key acepted; did you mean accepted?"),
        ('[[expect]]\nstranger = "refused"\n', 2, "did you mean strangers?"),
        ("[[expect]]\naccepted = []\n", 2, "the list is empty; add an entry or remove the key"),
        ('[[expect]]\naccepted = "x"\n', 2, "expected a list in square brackets, found text"),
        ("[[expect]]\naccepted = [3]\n", 2, "expected subjects in quotation marks, or tables of claims"),
        ('[[expect]]\naccepted = [""]\n', 2, "the subject is empty"),
        ('[[expect]]\naccepted = ["repo:acme/*"]\n', 2, "an entry is one token"),
        ('[[expect]]\naccepted = [{ sub = "repo:*" }]\n', 2, "an entry is one token"),
        ("[[expect]]\naccepted = [{}]\n", 2, "the table is empty; name a claim"),
        ("[[expect]]\naccepted = [{ sub = {} }]\n", 2, "sub: expected text"),
        ("[[expect]]\naccepted = [{ sub = [] }]\n", 2, "sub: expected text"),
        ("[[expect]]\naccepted = [{ sub = 2026-01-01 }]\n", 2, "sub: expected text"),
        ('[[expect]]\nstrangers = "accepted"\n', 2, 'the only value is "refused"'),
        ("[[expect]]\nstrangers = true\n", 2, 'the only value is "refused"'),
        ('[[expect]]\nallowed = ["s3:GetObject"]\n', 2, "expected an action and a resource"),
        ('[[expect]]\nallowed = ["read arn:aws:s3:::x"]\n', 2, "neither an action of AWS nor a permission of Google"),
        ("[[expect]]\nallowed = [1]\n", 2, "expected an action and a resource"),
        ('[[expect]]\ntarget = 3\naccepted = ["x"]\n', 2, "target: expected text in quotation marks, found a number"),
        ('[[expect]]\ntarget = ""\naccepted = ["x"]\n', 2, "the text is empty"),
        ("[[expect]\n", 1, "not TOML"),
    ],
)
def test_a_mistake_is_an_error_with_its_line_and_its_fix(text: str, line: int | None, words: str) -> None:
    with pytest.raises(Unreadable) as error:
        parse_expectations(text)
    assert error.value.line == line
    assert words in error.value.message


def test_a_file_is_known_by_its_table() -> None:
    assert is_expect_file(WHOLE)
    assert is_expect_file("[[expect]]\nbroken")
    assert not is_expect_file("[[target]]\nname = 'x'\n")


_VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.integers(-5, 5), st.booleans()), lambda inner: st.lists(inner, max_size=3)
)


@given(st.dictionaries(st.sampled_from(["accepted", "refused", "strangers", "allowed", "target", "other"]), _VALUES))
def test_a_table_is_read_or_refused_and_raises_nothing_else(table: dict[str, object]) -> None:
    def toml(value: object) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(map(toml, value)) + "]"
        if isinstance(value, str):
            return '"' + "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0xD800 else "?" for letter in value) + '"'
        return str(value).lower()

    text = "[[expect]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in table.items())
    try:
        (only,) = parse_expectations(text)
    except Unreadable as error:
        assert "\n" not in str(error)
    else:
        assert only.accepted or only.refused or only.strangers or only.allowed
