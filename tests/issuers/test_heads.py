"""Beginnings of subjects that name their owner, and patterns inside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.iam import wildcards
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.heads import covers, heads, owner_head, same_team, within

BASETEN, GITHUB = profile_for("https://oidc.baseten.co"), profile_for("https://token.actions.githubusercontent.com")
KUBERNETES = profile_for("https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE")
SUBJECT = "v=1:org=Op1:team=Te2:model=Mo3:deployment=De4:environment=production:type=model_build"
HEAD = "v=1:org=Op1:team=Te2:"


def _meets(pattern: str, text: str) -> bool:
    return bool(wildcards.matcher([(pattern, True, False)])(text))


def test_the_owner_and_the_names_below() -> None:
    assert BASETEN is not None
    assert heads(SUBJECT, BASETEN) == [HEAD, f"{HEAD}model=Mo3:"]


@pytest.mark.parametrize(
    ("subject", "head"),
    [
        ("repo:quince/press:ref:refs/heads/main", "repo:quince/press:"),
        ("repo:quince@11/press@22:pull_request", "repo:quince@11/press@22:"),
        ("repo:quince/press", "repo:quince/press"),
        ("something else", ""),
    ],
)
def test_a_name_carries_its_id(subject: str, head: str) -> None:
    assert GITHUB is not None
    assert owner_head(subject, GITHUB) == head


def test_a_subject_that_ends_with_the_name() -> None:
    assert KUBERNETES is not None
    subject = "system:serviceaccount:orchard:picker"
    assert heads(subject, KUBERNETES) == ["system:serviceaccount:orchard:", subject]
    assert within("system:serviceaccount:orchard:pick*", subject, [subject]) == [subject]


@pytest.mark.parametrize(
    ("pattern", "inside"),
    [
        ("*", [f"{HEAD}*"]),
        ("v=1:org=*:team=*:*", [f"{HEAD}*"]),
        ("v=1:org=Op1:team=Te2*", [f"{HEAD}*"]),
        ("v=1:org=*:environment=production:*", [f"{HEAD}*:environment=production:*"]),
        ("v=1:org=?p1:team=Te2:*", [f"{HEAD}*"]),
        (SUBJECT, [SUBJECT]),
        ("v=1:org=Other:*", []),
    ],
)
def test_a_pattern_inside_a_beginning(pattern: str, inside: list[str]) -> None:
    assert within(pattern, HEAD, [SUBJECT]) == inside


def test_a_pattern_with_many_wildcards_is_given_up() -> None:
    assert within("*a" * 80, "a" * 80, []) == []


_TEXTS = st.text("ab:*?", max_size=8)


@given(_TEXTS, st.text("ab:", max_size=4), st.text("ab:", max_size=5))
def test_nothing_inside_is_lost_and_nothing_is_added(pattern: str, head: str, rest: str) -> None:
    patterns = within(pattern, head, [])
    assert any(_meets(one, head + rest) for one in patterns) == _meets(pattern, head + rest)
    assert all(one.startswith(head) for one in patterns)


@given(st.text("ab*", max_size=6), st.text("ab*", max_size=6), st.text("ab", max_size=6))
def test_a_wider_pattern_is_wider(wide: str, narrow: str, text: str) -> None:
    if covers(wide, narrow) and _meets(narrow, text):
        assert _meets(wide, text)


def test_other_workloads_of_the_team() -> None:
    assert GITHUB is not None
    found = same_team("repo:quince/press:ref:refs/heads/main", GITHUB)
    assert "repo:quince/press:pull_request" in found
    assert all(one.startswith("repo:quince/press:") for one in found)
