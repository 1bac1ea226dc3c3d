"""A rule of the judge as one row of a table: a change of the healthy bundle, and what the judge is to say of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.error_texts import read_error
from oidc_doctor.model.case import Case

if TYPE_CHECKING:
    from oidc_doctor.model.refusal import Refusal, Trace
    from oidc_doctor.model.steps import Cloud
    from tests.conftest import Bundle

Change = Callable[["Bundle"], Any]


class Rule(NamedTuple):
    """One row. `answer` is a state, or the kind of a refusal, with a question mark where it is only suspected.

    `error` is the error's code and how its message begins, a question mark before it where it is not certain.
    """

    change: Change
    step: str
    answer: str
    error: str = ""
    facts: dict[str, str] = {}  # noqa: RUF012 - never written
    sides: tuple[str, str] | None = None  # expected and actual


def trace_of(bundle: Bundle, cloud: Cloud, at: float | None = None) -> Trace:
    """Judge the bundle's only target and first token; error.txt is the observed error."""
    evidence = bundle.evidence()
    token = evidence.tokens[0]
    readings = tuple(reading for seen in evidence.observed if (reading := read_error(seen.text)) is not None)
    iss = token.claim("iss")
    profile = profile_for(iss if isinstance(iss, str) else evidence.target.issuer, token.subject)
    case = Case(cloud, evidence, token, bundle.NOW if at is None else at, profile, readings)
    trace = evaluate(case)
    decides_alike(case, trace)
    return trace


def decides_alike(case: Case, trace: Trace) -> None:
    """Check that a case of which only the states are asked is not accepted or refused where its trace is not."""
    brief = evaluate(case._replace(explain=False, traced=False, contradictions=True))
    for step in brief.steps:
        if step.id != "obtain" and step.state in (
            "passed",
            "refused",
        ):  # explanations may show another way to obtain it
            assert trace.step(step.id).state == step.state, step.id


def hold(rule: Rule, bundle: Bundle, cloud: Cloud) -> None:
    """Check one rule."""
    rule.change(bundle)
    result = trace_of(bundle, cloud).step(rule.step)
    said = [str(one.kind) + ("" if one.certain else "?") for one in result.refusals] or [result.state]
    assert said[0] == rule.answer
    if not result.refusals:
        return
    refusal = result.refusals[0]
    assert (result.state == "refused") == refusal.certain
    assert _error(refusal).startswith(rule.error) if rule.error else refusal.error is None
    assert {name: refusal.fact(name) for name in rule.facts} == rule.facts
    if rule.sides is not None:
        assert tuple(side.value if side else "" for side in (refusal.expected, refusal.actual)) == rule.sides


def _error(refusal: Refusal) -> str:
    error = refusal.error
    return f"{'' if error.certain else '?'}{error.code}: {error.message}" if error else ""
