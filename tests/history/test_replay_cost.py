"""The work of replaying: a clause that no revision changed is compared once, and very many replays are bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evidence import Bundle
from oidc_doctor.history import replayer
from oidc_doctor.issuers.difference import Difference, compare_subject
from oidc_doctor.judge.aws import clauses

if TYPE_CHECKING:
    import pytest

WRITES = 5


def _edited(aws: Bundle) -> Bundle:
    """Five edits of the policy's Sid, and a refused attempt after them."""
    statement = aws.statement(aws.subject("v=1:org=other:*"))
    writes = [
        aws.event(
            event_id=f"00000000-0000-4000-8000-00000000000{number}",
            at=f"2026-11-22T0{number}:00:00Z",
            eventName="UpdateAssumeRolePolicy",
            eventSource="iam.amazonaws.com",
            errorCode=...,
            errorMessage=...,
            requestParameters={
                "roleName": aws.ROLE_ARN.rpartition("/")[2],
                "policyDocument": json.dumps(aws.policy({**statement, "Sid": f"S{number}"})),
            },
        )
        for number in range(WRITES)
    ]
    aws.trust({**statement, "Sid": f"S{WRITES - 1}"})
    return aws.cloudtrail([*writes, aws.event(at="2026-11-22T09:00:00Z")])


def test_revisions_that_leave_a_clause_alone_compare_it_once(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def counting(expected: Any, actual: str, **more: Any) -> Difference:
        compared.append(actual)
        return compare_subject(expected, actual, **more)

    monkeypatch.setattr(clauses, "compare_subject", counting)
    clauses._difference.cache_clear()
    report = _edited(aws).report()
    assert len(report.timeline) >= WRITES
    assert compared
    assert len(compared) == len(set(compared))


def test_beyond_the_bound_of_replays_a_verdict_is_unknown(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replayer, "_MOST_DECISIONS", 1)
    monkeypatch.setattr(replayer, "_LEAST_REVISIONS", 2)
    report = _edited(aws).report()
    (line,) = [warning for warning in report.warnings if "replayed" in warning]
    assert "attempts were replayed on the newest 2; on those before them their verdict is unknown" in line
