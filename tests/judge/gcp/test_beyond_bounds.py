"""An attribute's expression that is beyond a bound of ours is unknown: it accepts nothing and refuses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

DEEP = "(" * 130 + "assertion.sub" + ")" * 130
COSTLY = (
    "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20].all(a, [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]"
    ".all(b, [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20].all(c, [1,2,3,4,5,6,7,8,9].all(d, a+b+c+d > 0))))"
    " ? 'x' : 'y'"
)


@pytest.mark.parametrize("text", [DEEP, COSTLY])
def test_the_subject(gcp: Bundle, text: str) -> None:
    gcp.gcp_provider(
        mapping={"google.subject": text, "attribute.team": "assertion.team"}, condition="assertion.sub != ''"
    )
    answer = gcp.ask()
    assert answer.state("mapping") == "unknown"
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 3
    assert not [cause for cause in answer.report.causes if cause.confidence != "suspected"]


@pytest.mark.parametrize("text", [DEEP, COSTLY])
def test_an_attribute_that_the_condition_reads(gcp: Bundle, text: str) -> None:
    gcp.gcp_provider(
        mapping={"google.subject": "assertion.sub", "attribute.team": text}, condition="attribute.team == 'x'"
    )
    answer = gcp.ask()
    assert answer.state("condition") == "unknown"
    assert [cause for cause in answer.report.causes if cause.confidence != "suspected"] == []
    assert "was not given" not in " ".join(cause.named.headline for cause in answer.report.causes)
    assert answer.report.exit_code == 3
