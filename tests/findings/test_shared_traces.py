"""A stranger is judged once for all tokens of a report, and the report is that of judging each of them again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence import Bundle
from examples import share_of
from oidc_doctor import api
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import examine
from oidc_doctor.examine.question import Question
from oidc_doctor.findings import google_reach, shared_traces
from oidc_doctor.findings.shared_traces import SharedTraces
from oidc_doctor.findings.strangers import as_stranger, taken_from
from oidc_doctor.findings.trust_reach_bases import Base
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evaluations import Evaluations, NoEvaluationsLeftError
from oidc_doctor.model.evidence import AllowPolicy, GcpProvider, IssuerEvidence, Target, TargetEvidence, Token
from oidc_doctor.model.refusal import Trace


def judged_again(_: SharedTraces, case: Case) -> Trace:
    return evaluate(case)


def derived_again(_: SharedTraces, case: Case, subject: str) -> Trace:
    return evaluate(as_stranger(case, subject))


TEAMS = st.sampled_from(["Tq7LmZ2x", "Tq7LmZ2y", "t", "", "<team>"])
CLAIMS = st.fixed_dictionaries(
    {"team": TEAMS, "environment": st.sampled_from(["production", "preview", ""])},
    optional={
        "aud": st.sampled_from(["oidc.baseten.co", "another", ["oidc.baseten.co", "another"]]),
        "iss": st.sampled_from(["https://oidc.baseten.co", "https://oidc.example.org"]),
        "azp": st.sampled_from(["oidc.baseten.co", 1, True]),
    },
)


def tokens(bundle: Bundle, choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        bundle.claims_of(
            sub=f"v=1:org=Org8Kd2P:team={choice['team']}:model=m:deployment=d:environment={choice['environment']}",
            **{name: value for name, value in choice.items() if name not in ("team", "environment")},
        )
        for choice in choices
    ]


@given(choices=st.lists(CLAIMS, min_size=2, max_size=4), cloud=st.sampled_from(["aws", "gcp"]))
@settings(max_examples=share_of(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_report_is_that_of_judging_each_again(
    choices: list[dict[str, Any]], cloud: str, aws: Bundle, gcp: Bundle
) -> None:
    bundle = aws if cloud == "aws" else gcp
    question = {"token": tokens(bundle, choices), "at": bundle.NOW}
    shared = api.to_json(api.examine(bundle.root, **question))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedTraces, "trace", judged_again)
        patch.setattr(SharedTraces, "stranger", derived_again)
        patch.setattr(SharedTraces, "once", lambda _self, _name, _documents, derive: derive())
        assert json.dumps(shared) == json.dumps(api.to_json(api.examine(bundle.root, **question)))


def test_equal_cases_are_judged_once(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Case] = []

    def counted(case: Case) -> Trace:
        judged.append(case)
        return evaluate(case)

    monkeypatch.setattr(shared_traces, "evaluate", counted)
    names = [f"team{number}" for number in range(5)]
    claims = tokens(aws, [{"team": name, "environment": "production"} for name in names])
    api.examine(aws.remove("token.jwt").root, token=claims[:1], at=aws.NOW)
    alone = len(judged)
    judged.clear()
    api.examine(aws.root, token=claims, at=aws.NOW)
    assert 0 < len(judged) < 3 * alone


def stranger(bundle: Bundle) -> Case:
    """The case of a synthetic token."""
    with open_bundle(bundle.root) as opened:
        (diagnosis,) = examine(opened, Question(at=bundle.NOW)).diagnoses.values()
    return as_stranger(diagnosis.case, "v=1:org=other")


def test_another_document_claim_or_question_is_another_case(aws: Bundle) -> None:
    case = stranger(aws)
    other = case.token._replace(claims=case.token.claims | {"sub": "another"})
    yes = case.token._replace(claims=case.token.claims | {"azp": True})
    one = case.token._replace(claims=case.token.claims | {"azp": 1})
    assert case.evidence.aws
    changed = case.evidence._replace(aws=case.evidence.aws._replace(documents={}))
    cases = [
        *(case, case._replace(token=other), case._replace(token=yes), case._replace(token=one)),
        *(case._replace(evidence=changed), case._replace(at=case.at + 1), case._replace(explain=not case.explain)),
        *(case._replace(profile=None), case._replace(traced=not case.traced)),
    ]
    shared = SharedTraces()
    traces = [shared.trace(each) for each in cases]
    assert len({id(trace) for trace in traces}) == len(cases)
    assert [shared.trace(each) for each in cases] == traces


def test_strangers_of_other_claims_or_of_pasted_ones_are_judged_on_their_own(aws: Bundle) -> None:
    with open_bundle(aws.root) as opened:
        (diagnosis,) = examine(opened, Question(at=aws.NOW)).diagnoses.values()
    token = diagnosis.case.token._replace(kind="decoded", recorded=True)
    pasted = token._replace(recorded=False, claims=token.claims | {"sub": "a<x>"})
    another = token._replace(claims=token.claims | {"aud": "another"})
    shared, subject = SharedTraces(), aws.SUBJECT.replace(aws.TEAM, "<team>")
    for each in (token, pasted, another, pasted._replace(claims=token.claims), token):
        case = diagnosis.case._replace(token=each)
        judged = evaluate(as_stranger(case, subject))
        assert [step.state for step in shared.stranger(case, subject).steps] == [step.state for step in judged.steps]
    cases = [diagnosis.case._replace(token=each) for each in (token, pasted, another)]
    assert len({id(shared.stranger(case, subject)) for case in cases}) == len(cases)


def test_a_shared_trace_uses_up_an_evaluation_too(aws: Bundle) -> None:
    """The answer of a search with few evaluations does not depend on what was judged before it."""
    case = stranger(aws)._replace(allowed=Evaluations(2))
    shared = SharedTraces()
    assert shared.trace(case) is shared.trace(case)
    with pytest.raises(NoEvaluationsLeftError):
        shared.trace(case)


PIECES = st.lists(
    st.sampled_from(["repo:acme/web", ":ref:refs/heads/main", "<", ">", "{", "}", "$", "xxx", "[hidden]", " "])
)
SUBJECTS = PIECES.map("".join)


@given(
    issuer=st.sampled_from(
        ["https://token.actions.githubusercontent.com", "https://oidc.baseten.co", "https://a.example"]
    ),
    owns=st.tuples(SUBJECTS, SUBJECTS),
    subject=SUBJECTS,
    more=st.sampled_from([{}, {"repository": "acme/web"}, {"ref": "refs/heads/main"}, {"azp": 1}, {"other": "x"}]),
    recorded=st.booleans(),
)
@settings(max_examples=share_of(300), deadline=None)
def test_cases_that_strangers_take_the_same_from_have_the_same_strangers(
    issuer: str, owns: tuple[str, str], subject: str, more: dict[str, Any], *, recorded: bool
) -> None:
    def case(own: str) -> Case:
        claims = {"iss": issuer, "sub": own, "aud": "sts.amazonaws.com", **more}
        token = Token("decoded", claims, None, complete=False, origin=Origin("t"), recorded=recorded)
        return Case("aws", EVIDENCE, token, 1_000.0, profile_for(issuer, own))

    one, other = map(case, owns)
    if one.profile is other.profile and taken_from(one) == taken_from(other):
        assert as_stranger(one, subject) == as_stranger(other, subject)


EVIDENCE = TargetEvidence(Target("weights"), (), IssuerEvidence(), None, None)


def test_the_strangers_of_a_subject_are_derived_once(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[str] = []
    make = shared_traces.strangers
    monkeypatch.setattr(
        shared_traces, "strangers", lambda subject, profile: derived.append(subject) or make(subject, profile)
    )
    names = [f"team{number}" for number in range(5)]
    claims = tokens(aws, [{"team": name, "environment": "production"} for name in names])
    api.examine(aws.root, token=claims, at=aws.NOW)
    assert derived
    assert len(derived) == len(set(derived))


def test_candidates_of_a_configuration_are_derived_once(gcp: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[tuple[Any, ...]] = []
    make = google_reach.candidates_of

    def counted(base: Base, provider: GcpProvider, policies: list[AllowPolicy]) -> list[tuple[str, dict[str, str]]]:
        derived.append((base.subject, provider, policies))
        return make(base, provider, policies)

    monkeypatch.setattr(google_reach, "candidates_of", counted)
    claims = tokens(gcp, [{"team": f"team{number}", "environment": "production"} for number in range(5)])
    api.examine(gcp.remove("token.jwt").root, token=claims[:1], at=gcp.NOW)
    alone = len(derived)
    derived.clear()
    api.examine(gcp.root, token=claims, at=gcp.NOW)
    assert 0 < len(derived) == alone + len(claims) - 1  # one more for each own subject


def test_what_is_derived_depends_on_its_documents_and_name() -> None:
    shared = SharedTraces()
    one, other = ["document"], ["document"]
    answers = [
        shared.once(name, documents, object)
        for name in ("bases", "candidates")
        for documents in ((one,), (other,), (one, other), ())
    ]
    assert len(set(map(id, answers))) == len(answers)
    assert shared.once("bases", (one,), object) is answers[0]
