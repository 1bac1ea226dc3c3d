"""GCP049: the allow policies that were read let the principal in, and it was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def test_everything_that_was_read_allows_it(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.error(says.DENIED[1]).ask()
    assert answer.cause("outside-the-allow-policy").confidence == "suspected"
    assert answer.cause("outside-the-allow-policy").step == "impersonate"
    assert answer.names == ["outside-the-allow-policy"], "nothing says that anything is new"
    assert answer.report.exit_code == 1


def test_the_policy_explains_it(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.service_account_policy(gcp.MEMBER.replace("Tq7LmZ2x", "other")).error(says.DENIED[1]).ask()
    assert answer.names == ["member-attribute-differs"]


def test_it_was_not_refused(gcp: Bundle) -> None:
    answer = gcp.ask()
    assert answer.accepted
    assert any("no deny policy or access boundary" in one for one in answer.exchange().assumed)
    assert answer.check("outside-the-allow-policy").status == "skipped"
