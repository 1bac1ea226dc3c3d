"""Asking many trust policies for their decision alone comes to what judging each of them in full comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.provider import gcp_providers_of
from oidc_doctor.history import verdicts
from oidc_doctor.history.revisions import Basis, FieldValue, History, Revision
from oidc_doctor.history.verdicts import Revisions, Verdicts, verdict_of
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.gcp import state
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document, Origin
from oidc_doctor.model.evidence import (
    AllowPolicy,
    AwsEvidence,
    AwsOidcProvider,
    Binding,
    GcpEvidence,
    IssuerEvidence,
    Role,
    Target,
    TargetAws,
    TargetEvidence,
    TargetGcp,
    Token,
)
from oidc_doctor.model.limits import CEL_WORK

if TYPE_CHECKING:
    import pytest

    from oidc_doctor.model.refusal import Trace

HOST = "oidc.baseten.co"
ROLE = "arn:aws:iam::210987654321:role/Weights"
PROVIDER = f"arn:aws:iam::210987654321:oidc-provider/{HOST}"
SUBJECTS = [f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:model={name}:environment=prod:type=model_build" for name in "abc"]
PATTERNS = st.sampled_from([*SUBJECTS, SUBJECTS[0][:-5] + "*", "*model=b*", "v=1:org=<org>:*", "", "*"])


def history(policies: list[Any], *, read_provider: bool, pasted: bool) -> History:
    provider = AwsOidcProvider(HOST, PROVIDER, (HOST,), (), Document("aws/oidc-provider.json", "{}", {}))
    made = []
    for number, policy in enumerate(policies):
        role = Role(ROLE, "Weights", Document("x", repr(policy), policy), Origin(f"event {number}"))
        aws = AwsEvidence(role, provider=provider) if read_provider else AwsEvidence(role)
        target = Target("weights", aws=TargetAws(role_arn=ROLE, role_session_name="weights"), pasted=pasted)
        evidence = TargetEvidence(target, (), IssuerEvidence(), aws, None)
        made.append(Revision(float(number), None, evidence, Basis.LOGGED, {"trust": FieldValue(policy)}))
    return History(tuple(made), (), ())


def case_at(past: History, claims: dict[str, Any], index: int) -> Case:
    token = Token("event", claims, None, complete=False, origin=Origin("x"), name="e")
    return Case("aws", past.revisions[index].evidence, token, 0.0, profile_for(HOST, claims.get("sub")))


def nobody(_: int) -> frozenset[str]:
    return frozenset()


@st.composite
def policies(draw: st.DrawFn) -> Any:
    keys = st.sampled_from([f"{HOST}:sub", f"{HOST}:sub", f"{HOST}:aud", "aws:SourceVpc", f"{HOST}:team", "aws:Typo"])
    operators = st.sampled_from(["StringLike", "StringEquals", "StringNotLike", "ForAnyValue:StringLike", "StringLik"])
    conditions = st.dictionaries(
        operators, st.dictionaries(keys, st.lists(PATTERNS, max_size=3), max_size=2), max_size=2
    )
    statement = st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Allow", "Allow", "Deny", "allow"]),
            "Principal": st.sampled_from([{"Federated": PROVIDER}, {"Federated": PROVIDER}, {"Federated": HOST}, "*"]),
            "Action": st.sampled_from(["sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole"]),
            "Condition": conditions,
        },
        optional={"Sid": st.sampled_from(["A", "B"])},
    )
    return {"Version": "2012-10-17", "Statement": draw(st.lists(statement | st.just("REDACTED"), max_size=3))}


@settings(max_examples=share_of(200))
@given(st.lists(policies(), min_size=1, max_size=5), st.sampled_from([None, *SUBJECTS]), st.booleans(), st.booleans())
def test_verdicts_are_those_of_each_revision_judged_alone(
    listed: list[Any], subject: str | None, read_provider: bool, pasted: bool
) -> None:
    past = history(listed, read_provider=read_provider, pasted=pasted)
    claims = {"iss": f"https://{HOST}", "aud": HOST} | ({} if subject is None else {"sub": subject})
    asked = Verdicts(Revisions(past, nobody), lambda index: case_at(past, claims, index), "exchange")
    for index in range(len(listed)):
        alone = verdict_of(evaluate(case_at(past, claims, index)), "exchange")
        verdict = asked.verdict(index)
        assert (verdict.decision, verdict.states) == (alone.decision, alone.states)
        assert verdict.reasons == alone.reasons


def test_a_list_that_grows_is_judged_once_for_each_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[Case] = []

    def counting(case: Case) -> Trace:
        judged.append(case)
        return evaluate(case)

    monkeypatch.setattr(verdicts, "evaluate", counting)
    statement = {
        "Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
    }  # fmt: skip
    past = history(
        [
            {
                "Version": "2012-10-17",
                "Statement": [{**statement, "Condition": {"StringEquals": {f"{HOST}:sub": names}}}],
            }
            for names in ([f"{SUBJECTS[0]}{number}" for number in range(count)] for count in range(1, 101))
        ],
        read_provider=True,
        pasted=False,
    )
    revisions = Revisions(past, nobody)
    for number in range(100):
        claims = {"iss": f"https://{HOST}", "aud": HOST, "sub": f"{SUBJECTS[0]}{number}"}
        asked = Verdicts(revisions, lambda index, claims=claims: case_at(past, claims, index), "exchange")
        decisions = [asked.verdict(index).decision for index in range(100)]
        assert decisions == ["refused"] * number + ["accepted"] * (100 - number)
    assert len(judged) <= 200  # of 10,000 pairs
    assert all(not case.explain for case in judged)


def test_where_nothing_shows_whose_token_it_is_both_ways_leave_it_open() -> None:
    elsewhere = PROVIDER.replace("210987654321", "999999999999")
    statement = {"Effect": "Allow", "Principal": {"Federated": elsewhere}, "Action": "sts:AssumeRoleWithWebIdentity"}
    past = history([{"Version": "2012-10-17", "Statement": [statement]}], read_provider=False, pasted=False)
    none = Token("decoded", {}, None, complete=False, origin=Origin("x"), name="none")
    case = case_at(past, {}, 0)._replace(token=none)
    whole, bare = (evaluate(case._replace(explain=explain)).step("authorise").state for explain in (True, False))
    assert (whole, bare) == ("unknown", "unknown")


CONDITIONS = st.lists(
    st.sampled_from(
        [
            *(f"assertion.sub == '{SUBJECTS[0]}'", "assertion.sub.startsWith('v=1:')", "assertion.team == 'x'"),
            *(
                "attribute.team == 'x'",
                "google.subject.contains('<org>')",
                "'a'.matches('(')",
                "1 == 1",
                "assertion.sub",
            ),
        ]
    ),
    min_size=1,
    max_size=3,
)
MAPPINGS = st.sampled_from(
    [
        {"google.subject": "assertion.sub"},
        {"google.subject": "assertion.sub", "attribute.team": "assertion.team"},
        {"google.subject": "assertion.sub", "attribute.n": "1"},
        {"attribute.team": "assertion.team"},
    ]
)
MAPPING = {"google.subject": "assertion.sub"}
EXCHANGE: dict[str, Any] = {"joint": " || ", "subject": SUBJECTS[0], "step": "exchange"}
MEMBER = "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/"


def google_history(conditions: list[str], mapping: dict[str, str], *, pasted: bool) -> History:
    name = "projects/1/locations/global/workloadIdentityPools/p/providers/q"
    target = Target(
        "weights", gcp=TargetGcp(provider=name, service_account="a@b.iam.gserviceaccount.com"), pasted=pasted
    )
    members = (f"{MEMBER}{SUBJECTS[0]}",)
    document = Document("gcp/service-account-policy.json", "{}", {})
    policy = AllowPolicy((Binding("roles/iam.workloadIdentityUser", members, None, "/b"),), document, "service-account")
    revisions = []
    for number, text in enumerate(conditions):
        raw = {"name": name, "attributeCondition": text, "attributeMapping": mapping}
        listed = [{**raw, "oidc": {"issuerUri": f"https://{HOST}"}}]
        (provider,) = gcp_providers_of(Document("gcp/providers.json", "{}", listed))
        gcp = GcpEvidence(provider, service_account_policy=policy)
        evidence = TargetEvidence(target, (), IssuerEvidence(), None, gcp)
        field = FieldValue(text)
        revisions.append(Revision(float(number), None, evidence, Basis.LOGGED, {"condition": field}))
    return History(tuple(revisions), (), ())


@example(conditions=[["1 == 2"]], mapping={"google.subject": "true ? assertion.sub : 1"}, pasted=False, **EXCHANGE)
@example(conditions=[["google.subject.contains('<org>')"]], mapping=MAPPING, pasted=True, **EXCHANGE)
@given(
    conditions=st.lists(CONDITIONS, min_size=1, max_size=3),
    joint=st.sampled_from([" && ", " || "]),
    mapping=MAPPINGS,
    subject=st.sampled_from([*SUBJECTS, None]),
    step=st.sampled_from(["exchange", "impersonate"]),
    pasted=st.booleans(),
)
@settings(max_examples=share_of(200), deadline=None)
def test_verdicts_of_google_are_those_of_each_revision_judged_in_full(
    conditions: list[list[str]], joint: str, mapping: dict[str, str], subject: str | None, step: str, *, pasted: bool
) -> None:
    past = google_history([joint.join(parts) for parts in conditions], mapping, pasted=pasted)
    claims = {"iss": f"https://{HOST}", "sub": subject} if subject else {}

    def google(index: int) -> Case:
        return case_at(past, claims, index)._replace(cloud="gcp")

    verdicts = Verdicts(Revisions(past, nobody), google, step)
    for index in range(len(conditions)):
        one, other = verdicts.verdict(index), verdict_of(evaluate(google(index)), step)
        assert (one.decision, one.states, one.reasons) == (other.decision, other.states, other.reasons)


def test_a_revision_of_google_is_explained_where_its_reasons_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    past = google_history([f"assertion.sub == '{number}'" for number in range(3)], MAPPING, pasted=False)
    explained: list[bool] = []

    def counted(case: Case) -> Trace:
        explained.append(case.explain)
        return evaluate(case)

    monkeypatch.setattr(verdicts, "evaluate", counted)
    claims = {"iss": f"https://{HOST}", "sub": SUBJECTS[0]}
    google = Verdicts(Revisions(past, nobody), lambda n: case_at(past, claims, n)._replace(cloud="gcp"), "exchange")
    assert [google.verdict(index).decision for index in range(3)] == ["refused"] * 3
    assert explained == [False] * 3
    assert google.verdict(1).first == "condition"
    assert explained == [False] * 3 + [True]


def test_a_condition_beyond_the_bound_of_work_is_unknown_without_a_trace_too(monkeypatch: pytest.MonkeyPatch) -> None:
    past = google_history(["['a', 'b'] == ['a', 'b']"], MAPPING, pasted=False)
    case = case_at(past, {"iss": f"https://{HOST}", "sub": SUBJECTS[0]}, 0)._replace(cloud="gcp")
    brief = case._replace(explain=False, traced=False, contradictions=True)
    assert evaluate(brief).step("condition").state == "passed"
    monkeypatch.setattr(state, "CEL_WORK", CEL_WORK._replace(most=1))
    assert [evaluate(one).step("condition").state for one in (case, brief)] == ["unknown", "unknown"]
