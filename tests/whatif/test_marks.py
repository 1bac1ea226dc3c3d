"""The pieces of an edited text that decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_doctor.whatif.ask import WhatIf

if TYPE_CHECKING:
    from tests.conftest import Bundle


def test_the_piece_that_decides_is_marked(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)
    text = "assertion.sub.startsWith('v=1:') &&\n  assertion.environment == 'staging' &&\n  true"
    answer = what_if.ask({"condition": text})
    (mark,) = what_if.deciding(answer, "condition")
    assert text.split("\n")[mark.line - 1][mark.start : mark.end] == "assertion.environment == 'staging'"
    assert what_if.first_line({"condition": text}, "condition") == 1
    assert not what_if.deciding(what_if.present, "condition")


def test_the_lines_of_a_policy_and_of_claims_that_decide(
    aws: Bundle,
    what_if_of: Callable[..., WhatIf],
    policy_with: Callable[..., str],
    condition: Callable[..., dict[str, Any]],
) -> None:
    what_if = what_if_of(aws)
    text = policy_with(what_if, {"Condition": condition(aws, aws.PATTERN.replace("Tq7L", "Zz9L"))})
    answer = what_if.ask({"trust-policy": text})
    (mark,) = what_if.deciding(answer, "trust-policy")
    assert "Zz9L" in text.splitlines()[mark.line - 1]
    assert what_if.first_line({"trust-policy": text.replace("Allow", "Deny")}, "trust-policy") == 5
    claims = what_if.part("claims").text.splitlines()
    assert '"sub"' in claims[what_if.deciding(answer, "claims")[0].line - 1]
    deny = what_if.ask({"trust-policy": text.replace("Allow", "Deny").replace("Zz9L", "Tq7L")})
    assert [mark.line for mark in what_if.deciding(deny, "trust-policy")]


def test_an_edited_value_is_not_said_to_be_read_in_a_file(gcp: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(gcp)
    cause = what_if.ask({"condition": "assertion.environment == 'staging'"}).causes[0]
    assert cause.expected is not None
    assert str(cause.expected.at) == "the edited Condition"
    assert cause.actual is not None
    assert "token.jwt" in str(cause.actual.at)
