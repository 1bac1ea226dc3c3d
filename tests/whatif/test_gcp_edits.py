"""Edits of Google documents: condition, mapping, audiences and allow policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.whatif.ask import WhatIf

if TYPE_CHECKING:
    from tests.conftest import Bundle


def test_a_condition_is_judged_with_the_value_of_each_part(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)
    answer = what_if.ask({"condition": "assertion.sub.startsWith('v=1:') && assertion.environment == 'staging'"})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "condition")
    exchange = answer.exchange
    assert exchange is not None
    parts = exchange.trace["condition"]["children"]
    assert [part["value"] for part in parts] == [True, False]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("assertion.sub ==", 1, 17), ("assertion.sub\n  == 'a' &&\n  ^", 3, 3), ("'a", 1, 1), ("(" * 4000, 1, None)],
)
def test_a_text_that_is_no_cel_gives_its_place(
    text: str, line: int, column: int | None, gcp: Bundle, what_if_of: Callable[..., WhatIf]
) -> None:
    answer = what_if_of(gcp).ask({"condition": text})
    assert answer.diagnosis is None
    (problem,) = answer.problems
    assert problem.kind == "unreadable"
    assert problem.line == line
    assert column in (None, problem.column)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("google.subject == 1", "different types"),
        ("assertion.sub", ""),
        ("'a'", "where bool is needed"),
        ("subject == 'a'", "undeclared reference"),
        ("assertion.sub.startWith('a')", "there is no method"),
        (" || ".join(["assertion.sub == 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"] * 90), "may have 4,096"),
    ],
)
def test_what_google_would_not_store_of_a_condition(
    text: str, said: str, gcp: Bundle, what_if_of: Callable[..., WhatIf]
) -> None:
    answer = what_if_of(gcp).ask({"condition": text})
    assert answer.diagnosis is not None
    assert [one.kind for one in answer.problems] == (["refused"] if said else [])
    assert not said or said in answer.problems[0].message


@pytest.mark.parametrize(
    "edit",
    [
        {"condition": "true || " + "'" + "a" * 4_096 + "' == 'a'"},
        {"mapping": json.dumps({"google.subject": "'" + "a" * 2_048 + "'"})},
    ],
)
def test_nothing_is_judged_from_what_google_cannot_hold(
    edit: dict[str, str], gcp: Bundle, what_if_of: Callable[..., WhatIf]
) -> None:
    answer = what_if_of(gcp).ask(edit)
    assert answer.diagnosis is not None
    assert answer.diagnosis.prediction == "unknown"


def test_what_google_would_not_store_of_a_mapping(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)

    def problems(**mapping: object) -> list[str]:
        names = {name.replace("__", "."): value for name, value in mapping.items()}
        return [f"{one.kind}: {one}" for one in what_if.ask({"mapping": json.dumps(names, indent=2)}).problems]

    assert problems(google__subject="assertion.sub") == []
    assert problems(attribute__team="assertion.sub")[0].startswith("refused: an OIDC provider's mapping has google.sub")
    assert problems(google__subject="1 + 1") == [
        "refused: line 2: google.subject: the expression returns int where string is needed"
    ]
    assert problems(google__subject="assertion.sub +")[0].startswith("unreadable: line 2: google.subject: ")
    assert problems(google__subject=None)[0].startswith("unreadable: line 2: /google.subject: expected text")
    many = {f"attribute__a{number}": "assertion.sub" for number in range(51)}
    assert "50 are allowed" in problems(google__subject="assertion.sub", **many)[0]


def test_a_condition_taken_away_from_a_shared_issuer(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)
    if not what_if.part("condition").text:
        what_if = WhatIf(what_if.ask({"condition": "true"}).diagnosis or pytest.fail("no decision"))
    (problem,) = what_if.ask({"condition": " "}).problems
    assert problem.kind == "note"
    assert "many customers share" in problem.message


def test_members_and_audiences(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)
    policy = json.loads(what_if.part("service-account-policy").text)
    policy["bindings"][0]["members"] = ["user:somebody@example.com"]
    answer = what_if.ask({"service-account-policy": json.dumps(policy)})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "impersonate")
    answer = what_if.ask({"allowed-audiences": '["other"]'})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "audience")
