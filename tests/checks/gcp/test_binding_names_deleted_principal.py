"""GCP035: the binding names a principal that was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize(
    "member",
    [
        "deleted:principal://iam.googleapis.com/{pool}/subject/{subject}?uid=123456789012345678901",
        "deleted:principalSet://iam.googleapis.com/{pool}/attribute.team/Tq7LmZ2x",
    ],
)
def test_it_was_deleted(gcp: Bundle, says: type[Says], member: str) -> None:
    member = member.format(pool=gcp.POOL, subject=gcp.SUBJECT)
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["binding-names-deleted-principal"]
    assert answer.first.confidence == "predicted"
    assert answer.first.location.endswith(member)
    assert answer.error() == says.DENIED


def test_it_is_bound_again(gcp: Bundle) -> None:
    answer = gcp.service_account_policy("deleted:" + gcp.MEMBER, gcp.MEMBER).ask()
    assert answer.accepted
    assert answer.check("binding-names-deleted-principal").status == "passed"


def test_another_pools_deleted_principal_is_far(gcp: Bundle) -> None:
    far = f"deleted:principal://iam.googleapis.com/{gcp.POOL}-old/subject/somebody?uid=123456789012345678901"
    assert gcp.service_account_policy(far, gcp.MEMBER + "y").ask().names == ["member-attribute-differs"]
