"""The work of replaying: a clause that no revision changed is compared once, and very many replays are bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from evidence import Bundle
from oidc_doctor.examine import assemble
from oidc_doctor.history import replayer, verdicts
from oidc_doctor.iam import Node, compile_conditions
from oidc_doctor.iam.actions import Actions
from oidc_doctor.issuers.difference import Difference, compare_subject
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws import clauses
from oidc_doctor.judge.aws.request_context import compared_in
from oidc_doctor.model import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

WRITES = 5


def _edited(aws: Bundle) -> Bundle:
    """Five edits of the policy's Sid, and a refused attempt after them."""
    statement = aws.statement(aws.subject("v=1:org=other:*"))
    writes = _writes(aws, [{**statement, "Sid": f"S{number}"} for number in range(WRITES)])
    aws.trust({**statement, "Sid": f"S{WRITES - 1}"})
    return aws.cloudtrail([*writes, aws.event(at="2026-11-22T09:00:00Z")])


def _writes(aws: Bundle, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A logged edit of the trust policy for each of these statements."""
    return [
        aws.event(
            event_id=f"00000000-0000-4000-8000-{number:012}",
            at=f"2026-11-22T0{number // 60}:{number % 60:02}:00Z",
            eventName="UpdateAssumeRolePolicy",
            eventSource="iam.amazonaws.com",
            errorCode=...,
            errorMessage=...,
            requestParameters={
                "roleName": aws.ROLE_ARN.rpartition("/")[2],
                "policyDocument": json.dumps(aws.policy(statement)),
            },
        )
        for number, statement in enumerate(statements)
    ]


def _judged(monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """The cases that revisions are judged on, as they are judged."""
    judged: list[Case] = []

    def counting(case: Case) -> Trace:
        judged.append(case)
        return evaluate(case)

    monkeypatch.setattr(verdicts, "evaluate", counting)
    return judged


def test_policies_that_differ_in_values_are_judged_once_for_an_attempt(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = _judged(monkeypatch)

    def judgements(count: int) -> int:
        statements = [
            aws.statement(aws.subject(*(f"v=1:org=o{number + place}:*" for place in range(4))))
            for number in range(count)
        ]
        attempts = [
            aws.event(event_id=f"attempt-{number}", at=f"2026-11-22T09:0{number}:00Z", subject=f"v=1:org=x{number}:a=b")
            for number in range(5)
        ]
        aws.trust(statements[-1]).cloudtrail([*_writes(aws, statements), *attempts])
        judged.clear()
        aws.report()
        return len(judged)

    few, many = judgements(4), judgements(40)
    assert few >= 5
    assert many <= few + 5


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


def _refused(aws: Bundle, subjects: int) -> Bundle:
    """The bundle with a log of so many refused subjects."""
    return aws.cloudtrail(
        [
            aws.event(
                event_id=f"attempt-{number}", at=f"2026-11-22T09:{number:02}:00Z", subject=f"v=1:org=x{number}:a=b"
            )
            for number in range(subjects)
        ]
    )


def test_actions_are_compared_once_for_all_subjects(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    matches = Actions.evaluate

    def counting(self: Actions, action: str) -> Node:
        compared.append(action)
        return matches(self, action)

    def comparisons(subjects: int) -> int:
        aws.trust(*({"Effect": "Deny", "Condition": {"Null": {f"x:{place}": "true"}}} for place in range(30)))
        _refused(aws, subjects)
        compared.clear()
        aws.report()
        return len(compared)

    # explaining compares them again, so nothing is explained here
    monkeypatch.setattr(limits, "EXPLAINED", limits.EXPLAINED._replace(most=0))
    monkeypatch.setattr(limits, "COMPARED", limits.COMPARED._replace(most=0))
    monkeypatch.setattr(Actions, "evaluate", counting)
    few, many = comparisons(4), comparisons(40)
    assert few
    assert many <= few + 30


def test_a_key_that_the_request_lacks_is_judged_once_for_all_subjects(
    lines_run: Callable[[Callable[[], object]], int],
) -> None:
    def work(keys: int) -> int:
        block = {"StringEquals": {f"k:{number}": "" for number in range(keys)}}
        hold = compile_conditions(block)
        assert hold({"x:sub": "a"}) is False
        return lines_run(lambda: [hold({"x:sub": str(number)}) for number in range(20)])

    assert work(200) == work(10)


def test_keys_and_statements_count_as_work() -> None:
    keys = {f"k:{number}": "" for number in range(100)}
    assert compared_in([{"Statement": [{}] * 1000}]) >= 1000
    assert compared_in([{"Statement": {"Condition": {"StringEquals": keys}}}]) >= 100
    assert compared_in([{"Statement": {"Condition": {"NumericEquals": {"x:sub": list(range(500))}}}}]) >= 500
    honest = {"Statement": {"Condition": {"StringEquals": {"x:sub": [str(number) for number in range(60)]}}}}
    assert compared_in([honest]) * 300 < limits.COMPARED.most


def test_beyond_the_bound_an_undecided_replay_is_unknown_and_counted(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EXPLAINED", limits.EXPLAINED._replace(most=1))
    tags = {"StringLike": {"oidc.baseten.co:sub": "${aws:RequestTag/x}*"}}
    report = _refused(aws.trust(aws.statement(tags)), 3).report()
    (line,) = [warning for warning in report.warnings if "replays without a decision" in warning]
    assert line.endswith("what may refuse their attempts was not looked for (oidc-doctor's bound)")
    assert {row.cause for row in report.attempts} == {None}
    assert {row.replay["decision"] for row in report.attempts if row.replay} == {"unknown"}


def test_an_excluded_value_is_compiled_once_for_all_subjects(aws: Bundle) -> None:
    excluded = {"StringNotLike": {aws.SUB_KEY: [f"*=x{number}:*" for number in range(4)]}}
    clauses._compiled.cache_clear()
    report = _refused(aws.trust(aws.statement(excluded)), 4).report()
    assert {row.cause for row in report.attempts} == {"condition-value-differs"}
    compiled = clauses._compiled.cache_info()
    assert compiled.misses == 4
    assert compiled.hits >= 12


def test_attempts_beyond_the_rows_are_replayed_when_they_are_asked_for(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = _judged(monkeypatch)
    monkeypatch.setattr(limits, "COMPARED", limits.COMPARED._replace(most=0))  # one family is searched for outages
    _refused(aws.trust(aws.statement(aws.subject("v=1:org=other:*"))), 8)
    whole = aws.report()
    few = len(judged)
    monkeypatch.setattr(limits, "ROWS", limits.ROWS._replace(most=2))
    monkeypatch.setattr(assemble, "_MOST_ROWS", 2)
    judged.clear()
    shown = aws.report()
    assert len(judged) <= few - 6
    assert shown.attempts == whole.attempts[:2]
    monkeypatch.setattr(assemble, "_MOST_ROWS", 8)
    assert aws.report().attempts == whole.attempts
