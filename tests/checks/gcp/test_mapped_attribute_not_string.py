"""GCP026: a mapping gives something that is not a string."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


def test_the_subject(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=..., mapping={"google.subject": "assertion.iat"}).ask()
    assert answer.first.name == "mapped-attribute-not-string"
    assert answer.first.confidence == "predicted"
    assert answer.error()[1] == "The mapped attribute 'google.subject' must be of type STRING."
    assert answer.error() == ("unauthorized_client", "The mapped attribute 'google.subject' must be of type STRING.")
    assert answer.error_is_certain(), "recorded for a workload pool"


@pytest.mark.parametrize(
    ("expression", "kind", "confidence"),
    [("assertion.team", "string", "suspected"), ("[1, 2]", "list", "suspected"), ("assertion.groups", "", "")],
)
def test_groups_are_a_list_of_strings(gcp: Bundle, expression: str, kind: str, confidence: str) -> None:
    gcp.token(gcp.claims_of(groups=["a", "b"]))
    mapping = {"google.subject": "assertion.sub", "attribute.team": "assertion.team", "google.groups": expression}
    answer = gcp.gcp_provider(mapping=mapping).ask()
    if not kind:
        assert answer.accepted
        return
    assert answer.first.name == "mapped-attribute-not-string"
    assert answer.first.confidence == confidence, "inferred for workload pools"
    assert f"google.groups is mapped to a value of type {kind}, and Google accepts only a list of strings" in (
        answer.first.summary
    )


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("assertion.iat", "int"),
        ("assertion.flag", "bool"),
        ("assertion.groups", "list"),
        ("assertion.part", "map"),
        ("assertion.share", "double"),
    ],
)
def test_an_attribute_is_suspected(gcp: Bundle, expression: str, kind: str) -> None:
    gcp.token(gcp.claims_of(flag=True, groups=["a"], part={"a": "b"}, share=0.5))
    mapping = {"google.subject": "assertion.sub", "attribute.team": "assertion.team", "attribute.x": expression}
    answer = gcp.gcp_provider(mapping=mapping).ask()
    assert answer.first.name == "mapped-attribute-not-string"
    assert answer.first.confidence == "suspected", "recorded for workforce pools only"
    assert f"of type {kind}" in answer.first.summary
    assert answer.exchange().prediction == "unknown"
    assert answer.check("mapped-attribute-not-string").status == "skipped"


def test_the_error_proves_it(gcp: Bundle) -> None:
    mapping = {"google.subject": "assertion.sub", "attribute.team": "assertion.team", "attribute.x": "assertion.iat"}
    gcp.gcp_provider(mapping=mapping).error("The mapped attribute 'attribute.x' must be of type STRING")
    answer = gcp.ask()
    assert answer.first.name == "mapped-attribute-not-string"
    assert answer.first.confidence == "proven"
    assert "attribute.x is mapped to a value of type int" in answer.first.summary


@pytest.mark.parametrize("expression", ["string(assertion.iat)", "assertion.groups[0]", "assertion.groups.join(',')"])
def test_made_into_text(gcp: Bundle, expression: str) -> None:
    gcp.token(gcp.claims_of(groups=["a", "b"]))
    mapping = {"google.subject": "assertion.sub", "attribute.team": "assertion.team", "attribute.x": expression}
    answer = gcp.gcp_provider(mapping=mapping).ask()
    assert answer.accepted, answer.names
    assert answer.check("mapped-attribute-not-string").status == "passed"


def test_groups_may_be_a_list(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(groups=["a", "b"]))
    mapping = {
        "google.subject": "assertion.sub",
        "attribute.team": "assertion.team",
        "google.groups": "assertion.groups",
    }
    answer = gcp.gcp_provider(mapping=mapping, condition="'b' in google.groups").ask()
    assert answer.accepted, answer.names
