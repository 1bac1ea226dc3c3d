"""GCP023: condition or mapping is no expression that can be evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("google.subject.startsWith(", "ends where a value should follow"),
        ("google.subject == 'x' and assertion.org == 'y'", ""),
        ("google.subject.beginsWith('v=1')", "there is no function 'beginsWith'"),
        ("google.subject", "returns neither true nor false"),
    ],
)
def test_the_condition(gcp: Bundle, says: type[Says], condition: str, message: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.names == ["expression-invalid"]
    assert answer.first.confidence == "predicted"
    assert answer.first.step == "condition"
    assert "the attribute condition is not an expression" in answer.first.summary
    assert message in answer.first.summary
    assert answer.error() == says.REJECTED


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("assertion.iat + 'x' == 'y'", "assertion.iat is 1795387140 (int)"),
        ("assertion.level > 3", "assertion.level is '5' (string)"),
        ("assertion.groups.startsWith('a')", "assertion.groups is ['a'] (list)"),
        ("assertion.groups[3] == 'a'", "assertion.groups is ['a'] (list)"),
        ("int(assertion.team) > 3", "assertion.team is 'Tq7LmZ2x' (string)"),
        ("assertion.level ? true : false", "assertion.level is '5' (string)"),
        ("'a' in assertion.team", "assertion.team is 'Tq7LmZ2x' (string)"),
        ("assertion.org != '' && assertion.flag + 1 == 2", "assertion.flag is true (bool)"),
        ("attribute.team + 1 == 2", "attribute.team is 'Tq7LmZ2x' (string)"),
    ],
)
def test_the_value_that_breaks_it_is_named(gcp: Bundle, says: type[Says], condition: str, value: str) -> None:
    gcp.token(gcp.claims_of(level="5", groups=["a"], flag=True, iat=1795387140))
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.names == ["expression-invalid"]
    assert answer.first.summary.startswith(
        "Google Cloud refuses this token: the attribute condition fails on this token"
    )
    assert value in answer.first.summary
    assert answer.error() == says.REJECTED


@pytest.mark.parametrize("expression", ["assertion.sub + 1", "assertion.sub.shorten()"])
def test_the_mapping_of_the_subject(gcp: Bundle, says: type[Says], expression: str) -> None:
    answer = gcp.gcp_provider(condition=..., mapping={"google.subject": expression}).ask()
    assert answer.first.name == "expression-invalid"
    assert answer.first.step == "mapping"
    assert "the mapping of google.subject" in answer.first.summary
    assert answer.error() == says.NO_SUBJECT


@pytest.mark.parametrize("expression", ["team", "google.subject", "assertion.iat + 'x'"])
def test_a_mapping_that_the_condition_needs(gcp: Bundle, expression: str) -> None:
    mapping = {"google.subject": "assertion.sub", "attribute.team": expression}
    answer = gcp.gcp_provider(mapping=mapping, condition="attribute.team == 'Tq7LmZ2x'").ask()
    assert answer.first.name == "expression-invalid"
    assert "the mapping of attribute.team" in answer.first.summary


def test_an_unreadable_mapping_of_the_subject(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.sub +"}).ask()
    assert answer.first.name == "expression-invalid"
    assert answer.error() == says.NO_SUBJECT


def test_a_name_that_does_not_exist(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="subject.startsWith('v=1:')").ask()
    assert answer.names == ["expression-invalid"]


def test_functions_that_google_does_not_name_are_no_fault(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.org.lowerAscii() == 'org8kd2p'").ask()
    assert answer.accepted, answer.names
    assert any("lowerAscii" in one for one in answer.exchange().assumed)


def test_expressions_that_can_be_evaluated(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("expression-invalid").status == "passed"


@pytest.mark.parametrize("condition", ["<the condition>", "google.subject.startsWith(...)"])
def test_a_placeholder(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.first.name == "expression-invalid"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    assert gcp.remove("gcp/provider.json").ask().check("expression-invalid").status == "skipped"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Invalid attribute condition: undeclared reference to 'team' (in container '')",
            "the attribute condition is not",
        ),
        ("undeclared reference to 'team' (in container '')", "the attribute condition or a mapping is not"),
    ],
)
def test_google_refuses_to_save_it(gcp: Bundle, text: str, words: str) -> None:
    cause = gcp.error(f"INVALID_ARGUMENT: {text}").ask().first
    assert (cause.name, cause.confidence, cause.step) == ("expression-invalid", "proven", "configure")
    assert words in cause.summary
    assert "undeclared reference to 'team'" in cause.summary
