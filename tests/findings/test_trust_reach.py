"""Who else passes: strangers of any issuer, each accepted by the judge, and none where everything is fixed."""

from __future__ import annotations

import itertools
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.checkkit import NotReadError, Opening
from oidc_doctor.findings.policy_reach import PolicyReach
from oidc_doctor.findings.strangers import as_stranger, foreign_subjects, other_tokens
from oidc_doctor.issuers import all_profiles, catalogue, profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import (
    AwsEvidence,
    IssuerEvidence,
    Role,
    Target,
    TargetAws,
    TargetEvidence,
    Token,
)

if TYPE_CHECKING:
    from tests.conftest import Bundle

ORCHARD = """
name = "orchard"
title = "Orchard"
url = "https://oidc.orchard.example"
sources = ["made up"]

[audience]
aws = "sts.amazonaws.com"

[[match]]
pattern = 'oidc\\.orchard\\.example'

[tenancy]
tenant = "org"
team = "project"

[subject]
style = "pairs"
separator = ":"
lead = "pulumi:"

[[subject.segment]]
name = "deploy"
key = "deploy"
flag = true
[[subject.segment]]
name = "org"
key = "org"
[[subject.segment]]
name = "project"
key = "project"
[[subject.segment]]
name = "stack"
key = "stack"

[[subject.form]]
name = "deployment"
segments = ["deploy", "org", "project", "stack"]
"""
SUBJECT = "pulumi:deploy:org:acme:project:orchard:stack:prod"
HOST = "oidc.orchard.example"


@pytest.fixture
def orchard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that no check has heard of."""
    profiles = (*all_profiles(), catalogue._profile(tomllib.loads(ORCHARD)))
    monkeypatch.setattr(catalogue, "all_profiles", lambda: profiles)


def aws_of_orchard(aws: Bundle, condition: Any) -> Bundle:
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/{HOST}"
    aws.claims(
        {
            "iss": f"https://{HOST}",
            "sub": SUBJECT,
            "aud": "sts.amazonaws.com",
            "iat": aws.NOW - 60,
            "exp": aws.NOW + 600,
        }
    )
    aws.aws_provider(("sts.amazonaws.com",), HOST, arn)
    return aws.condition(condition, Principal={"Federated": arn})


def google_of_orchard(gcp: Bundle, condition: Any) -> Bundle:
    gcp.claims(
        {"iss": f"https://{HOST}", "sub": SUBJECT, "aud": "oidc.baseten.co", "iat": gcp.NOW - 60, "exp": gcp.NOW + 600}
    )
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    return gcp.gcp_provider(
        condition=condition, mapping={"google.subject": "assertion.sub"}, oidc={"issuerUri": f"https://{HOST}"}
    )


def weak(answer: Any) -> dict[str, Any]:
    return {
        row.name: row.findings[0]
        for row in answer.report.checks
        if row.status == "failed" and row.name not in ("pool-wide-member", "subject-near-limit")
    }


@pytest.mark.usefixtures("orchard")
@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("pulumi:deploy:org:*:project:orchard:*", ["trust-any-tenant"]),
        ("*", ["trust-any-tenant"]),
        ("pulumi:deploy:org:acme:*", ["trust-any-team"]),
        ("pulumi:deploy:org:acme*", ["trust-any-team", "prefix-without-delimiter"]),
        ("pulumi:deploy:org:acme:project:orch*", ["prefix-without-delimiter"]),
        ("pulumi:deploy:org:acme:project:orchard:*", []),
        (SUBJECT, []),
        (None, ["trust-without-subject"]),
    ],
)
def test_a_new_profile_works_in_every_check_of_a_trust_policy(
    aws: Bundle, pattern: str | None, names: list[str]
) -> None:
    condition: dict[str, Any] = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}}
    if pattern is not None:
        condition["StringLike"] = {f"{HOST}:sub": pattern}
    answer = aws_of_orchard(aws, condition).ask()
    assert answer.exchange().prediction != "refused"
    found = weak(answer)
    assert list(found) == names
    for name in ("trust-any-tenant", "trust-without-subject"):
        assert name not in found or found[name].opens_to == "any Orchard customer"


@pytest.mark.usefixtures("orchard")
@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (..., ["condition-absent"]),
        ("assertion.sub.contains(':project:orchard:')", ["trust-any-tenant"]),
        ("assertion.sub.startsWith('pulumi:deploy:org:acme:')", ["trust-any-team"]),
        ("assertion.sub.startsWith('pulumi:deploy:org:acme:project:orchard')", ["prefix-without-delimiter"]),
        ("assertion.sub.startsWith('pulumi:deploy:org:acme:project:orchard:')", []),
        (f"assertion.sub == '{SUBJECT}'", []),
        ("assertion.sub.startsWith('pulumi:deploy:org:acme:') && assertion.sub.contains('project:orchard')",
         ["unanchored-contains"]),
    ],
)  # fmt: skip
def test_a_new_profile_works_in_every_check_of_a_provider(gcp: Bundle, condition: Any, names: list[str]) -> None:
    answer = google_of_orchard(gcp, condition).ask()
    assert answer.exchange().prediction != "refused"
    assert sorted(weak(answer)) == sorted(names)
    for finding in weak(answer).values():
        if "condition-absent" in names:
            assert "assertion.sub.startsWith('pulumi:deploy:org:acme:')" in finding.fix


def test_what_the_bindings_refuse_is_no_part_of_the_verdict(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.aud == 'oidc.baseten.co'").ask()
    answer.passed("trust-any-tenant")
    (message,) = answer.found("bindings-refuse-alone")
    assert "only the bindings of the service account" in message
    assert "would accept" not in answer.report.headline
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    (row,) = gcp.ask().check("trust-any-tenant").findings
    assert row.opens_to == "any Baseten customer"
    assert "only the bindings" not in row.message


def test_a_condition_on_a_claim_that_is_not_known_of_strangers_is_no_finding_and_no_pass(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(ticket="one")).gcp_provider(condition="assertion.ticket == 'one'")
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.ask()
    assert answer.accepted
    assert "ticket" in answer.skipped("trust-any-tenant").reason


# --- claims ----------------------------------------------------------------------------------------------------------

GITHUB = {
    "iss": "https://token.actions.githubusercontent.com",
    "sub": "repo:octo-org/weights:ref:refs/heads/main",
    "aud": "sts.amazonaws.com",
    "repository": "octo-org/weights",
    "repository_owner": "octo-org",
    "repository_owner_id": "1234",
    "repository_id": "5678",
    "ref": "refs/heads/main",
    "event_name": "push",
    "job_workflow_ref": "octo-org/ci/.github/workflows/x.yml@refs/heads/main",
}


def case_of(claims: dict[str, Any], policy: Any = None, *, pasted: bool = False) -> Case:
    host = str(claims["iss"]).removeprefix("https://")
    text = Document("aws/role.json", "{}", policy)
    arn = "arn:aws:iam::210987654321:role/Weights"
    evidence = TargetEvidence(
        Target("weights", aws=TargetAws(role_arn=arn), pasted=pasted),
        (),
        IssuerEvidence(),
        AwsEvidence(
            Role(arn, "Weights", text if policy is not None else Missing("aws/role.json", "not given"), Origin("x"))
        ),
        None,
    )
    token = Token("jwt", claims, {}, True, Origin("token.jwt"))
    return Case("aws", evidence, token, 0.0, profile_for(host, claims["sub"]))


def policy_of(host: str, *statements: tuple[str, Any]) -> Any:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": effect,
                "Principal": {"Federated": f"arn:aws:iam::210987654321:oidc-provider/{host}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }
            for effect, condition in statements
        ],
    }


def test_the_claims_of_a_stranger_go_with_the_subject() -> None:
    case = as_stranger(case_of(GITHUB), "repo:elsewhere/weights:ref:refs/heads/main")
    claims = case.token.claims
    assert claims["repository"] == "elsewhere/weights"
    assert claims["repository_owner"] == "elsewhere"
    assert claims["repository_owner_id"] != "1234"
    assert claims["repository_id"] == "5678"
    assert (claims["ref"], claims["event_name"], claims["aud"]) == ("refs/heads/main", "push", "sts.amazonaws.com")
    assert "job_workflow_ref" not in claims
    assert not case.token.complete


def test_a_stranger_without_an_audience_has_no_azp_that_stands_for_it() -> None:
    stranger = as_stranger(case_of(GITHUB | {"azp": "client"}), GITHUB["sub"], lacking="aud").token
    assert not {"aud", "azp"} & stranger.claims.keys()
    assert stranger.missing_claims == {"aud", "azp"}


def test_an_excluded_subject_is_not_the_pattern_that_accepts() -> None:
    host = "token.actions.githubusercontent.com"
    policy = policy_of(host, ("Allow", {"StringNotLike": {f"{host}:sub": "repo:fork/*"}}))
    (opening,) = PolicyReach(case_of(GITHUB, policy)).openings("tenant")
    assert (opening.clause, opening.pattern, opening.operator) == ("Statement[0]", "", "")


def test_an_audience_that_tells_tenants_apart_goes_with_the_tenant() -> None:
    subject = "owner:acme:project:web:environment:production"
    claims = {"iss": "https://oidc.vercel.com", "sub": subject, "aud": "https://vercel.com/acme"}
    stranger = as_stranger(case_of(claims), subject.replace("acme", "elsewhere"))
    assert stranger.token.claims["aud"] == "https://vercel.com/elsewhere"
    host = "oidc.vercel.com"
    condition = {"StringEquals": {f"{host}:aud": "https://vercel.com/acme"}, "StringLike": {f"{host}:sub": "*"}}
    assert PolicyReach(case_of(claims, policy_of(host, ("Allow", condition)))).openings("tenant") == []


def test_strangers_are_few_and_differ() -> None:
    foreign = foreign_subjects(case_of(GITHUB))
    assert GITHUB["sub"] not in foreign
    assert 4 <= len(foreign) <= 12


def test_a_claim_of_which_nothing_is_known_is_no_finding_and_no_pass() -> None:
    host = "token.actions.githubusercontent.com"
    condition = {"StringEquals": {f"{host}:job_workflow_ref": GITHUB["job_workflow_ref"]}}
    with pytest.raises(NotReadError, match="job_workflow_ref"):
        PolicyReach(case_of(GITHUB, policy_of(host, ("Allow", condition)))).openings("tenant")


def test_no_policy() -> None:
    with pytest.raises(NotReadError, match="not given"):
        PolicyReach(case_of(GITHUB)).openings("tenant")


@pytest.mark.parametrize("key", ["repository_owner_id", "repository"])
def test_another_claim_that_fixes_the_owner(key: str) -> None:
    host = "token.actions.githubusercontent.com"
    policy = policy_of(host, ("Allow", {"StringEquals": {f"{host}:{key}": GITHUB[key]}}))
    assert PolicyReach(case_of(GITHUB, policy)).openings("anyone", "tenant") == []


def test_a_policy_of_several_issuers_is_tried_with_each() -> None:
    host = "oidc.baseten.co"
    policy = policy_of("token.actions.githubusercontent.com", ("Allow", {"StringLike": {"x:sub": "none"}}))
    policy["Statement"] += policy_of(host, ("Allow", {"StringLike": {f"{host}:sub": "v=1:org=*"}}))["Statement"]
    (opening,) = PolicyReach(case_of(GITHUB, policy)).openings("tenant")
    assert (opening.clause, opening.customers) == ("Statement[1]", "Baseten")


# --- properties ------------------------------------------------------------------------------------------------------

SUBJECTS = {
    "oidc.baseten.co": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq4:deployment=4be1:environment=prod:type=model_build",
    "token.actions.githubusercontent.com": "repo:octo-org/weights:ref:refs/heads/main",
    "app.terraform.io": "organization:acme:project:core:workspace:web:run_phase:plan",
    "oidc.eks.eu-west-1.amazonaws.com/id/ABC": "system:serviceaccount:web:front",
}
AUDIENCE = "sts.amazonaws.com"


@st.composite
def policies(draw: st.DrawFn) -> tuple[str, Any]:
    host = draw(st.sampled_from(sorted(SUBJECTS)))
    subject = SUBJECTS[host]

    def pattern() -> str:
        start = draw(st.integers(0, len(subject)))
        end = draw(st.integers(start, len(subject)))
        return draw(st.sampled_from([subject, subject[:start] + "*" + subject[end:], subject[:end] + "*", "*"]))

    operators = ("StringLike", "StringEquals", "StringNotLike", "StringNotEquals", "ForAllValues:StringLike")
    statements = []
    for _ in range(draw(st.integers(1, 3))):
        condition: dict[str, Any] = {}
        for operator in draw(st.lists(st.sampled_from(operators), max_size=2, unique=True)):
            condition[operator] = {f"{host}:{draw(st.sampled_from(['sub', 'sub', 'sub', 'subject']))}": pattern()}
        if draw(st.booleans()):
            condition.setdefault("StringEquals", {})[f"{host}:aud"] = AUDIENCE
        statements.append((draw(st.sampled_from(["Allow", "Allow", "Deny"])), condition))
    return host, policy_of(host, *statements)


def all_openings(reach: PolicyReach) -> list[Opening]:
    found: list[Opening] = []
    asked = (lambda: reach.openings("anyone", "tenant"), lambda: reach.openings("team"), reach.names_alike)
    for ask in (*asked, reach.twins, reach.left_open, reach.beside_production, reach.undone):
        try:
            found += ask()
        except NotReadError:
            continue
    return found


@settings(max_examples=share_of(150))
@given(policies())
def test_every_stranger_of_a_finding_is_accepted_by_the_judge(made: tuple[str, Any]) -> None:
    host, policy = made
    claims = {"iss": f"https://{host}", "sub": SUBJECTS[host], "aud": AUDIENCE}
    case = case_of(claims, policy)
    for opening in all_openings(PolicyReach(case)):
        assert opening.subject != SUBJECTS[host]
        audience = opening.audience or AUDIENCE
        stranger = case.token._replace(claims={**claims, "sub": opening.subject, "aud": audience})
        assert evaluate(case._replace(token=stranger)).step("authorise").state == "passed"


@settings(max_examples=60)
@given(policies(), st.booleans())
def test_a_policy_that_fixes_the_whole_subject_and_audience_has_no_finding(made: tuple[str, Any], denied: bool) -> None:
    host, other = made
    whole = {"StringEquals": {f"{host}:sub": SUBJECTS[host], f"{host}:aud": AUDIENCE}}
    policy = policy_of(host, ("Allow", whole))
    if denied:
        policy["Statement"] += [one for one in other["Statement"] if one["Effect"] == "Deny"]
    claims = {"iss": f"https://{host}", "sub": SUBJECTS[host], "aud": AUDIENCE}
    reach = PolicyReach(case_of(claims, policy))
    assert all_openings(reach) == []
    assert reach.vacuous() == []


def test_a_deny_that_refuses_nobody_changes_nothing() -> None:
    for (host, subject), pattern in itertools.product(SUBJECTS.items(), ("*", "no-such:*")):
        claims = {"iss": f"https://{host}", "sub": subject, "aud": AUDIENCE}
        allow = ("Allow", {"StringLike": {f"{host}:sub": "*"}})
        operator = "StringNotLike" if pattern == "*" else "StringLike"
        plain = all_openings(PolicyReach(case_of(claims, policy_of(host, allow))))
        denied = policy_of(host, allow, ("Deny", {operator: {f"{host}:sub": pattern}}))
        assert plain
        assert all_openings(PolicyReach(case_of(claims, denied))) == plain


@settings(max_examples=share_of(100))
@given(policies(), st.booleans(), st.booleans())
def test_without_explanations_the_decision_is_the_same(made: tuple[str, Any], complete: bool, pasted: bool) -> None:
    host, policy = made
    case = case_of({"iss": f"https://{host}", "sub": SUBJECTS[host].replace("web", "<name>")}, policy, pasted=pasted)
    case = case._replace(token=case.token._replace(kind="decoded", complete=complete))
    whole, states = (evaluate(case._replace(explain=explain)).steps for explain in (True, False))
    assert [one.state for one in whole] == [one.state for one in states]


@pytest.mark.parametrize(
    "condition",
    [
        "assertion.team == 'other'",
        "assertion.sub.startsWith('v=1:org=<org>:')",
        "assertion.x == 'y'",
        "google.subject.contains('type=model_build') || assertion.team in ['a', 'b']",
    ],
)
@pytest.mark.parametrize("member", ["*", "attribute.team/other", "attribute.team/<team>"])
def test_google_without_explanations_decides_the_same(gcp: Bundle, condition: str, member: str) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/{member}")
    evidence = gcp.gcp_provider(condition=condition).evidence()
    (token,) = evidence.tokens
    case = Case("gcp", evidence, token, float(gcp.NOW), profile_for("oidc.baseten.co"))
    whole, states = (evaluate(case._replace(explain=explain)).steps for explain in (True, False))
    assert [one.state for one in whole] == [one.state for one in states]


def test_google_without_explanations_counts_the_same_work(gcp: Bundle) -> None:
    costly = "assertion.long.split('') == assertion.long.split('') ? 'same' : 'other'"
    mapping = {"google.subject": "assertion.sub"} | {f"attribute.a{number}": costly for number in range(50)}
    gcp.claims(gcp.claims_of(long="x" * 1_000))
    evidence = gcp.gcp_provider(mapping=mapping, condition="attribute.a49 == 'same'").evidence()
    (token,) = evidence.tokens
    case = Case("gcp", evidence, token, float(gcp.NOW), profile_for("oidc.baseten.co"))
    whole, states = (evaluate(case._replace(explain=explain)) for explain in (True, False))
    assert whole.step("condition").state == states.step("condition").state == "unknown"


def test_an_audience_that_follows_the_tenant_is_tried_as_it_is_too() -> None:
    """Nobody shows that it always follows, so an edit must not rest on it."""
    org = "a5d9bde7-0000-4277-90ff-dbec5d9c200e"
    claims = {
        "iss": f"https://oidc.circleci.com/org/{org}",
        "aud": org,
        "sub": f"org/{org}/project/1f60315c-0000-42dd-9205-ed25beb24371/user/7c8d3f1e-0000-4b2a-8f7c-0242ac130003",
    }
    case = case_of(claims)
    foreign = [other for other in other_tokens(case) if org not in other.subject]
    assert foreign
    assert {other.audience for other in foreign} == {"", org}
