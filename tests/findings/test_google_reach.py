"""Who else passes a whole exchange with Google: over-broad trust with a stranger that works, and silence elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.issuers import profile_for

if TYPE_CHECKING:
    from tests.conftest import Bundle

GITHUB, GITLAB, TERRAFORM = (
    "https://token.actions.githubusercontent.com",
    "https://gitlab.com",
    "https://app.terraform.io",
)
EKS = "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F"
TEAM = "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
SUBJECTS = {
    "https://oidc.baseten.co": (SUBJECT, {}),
    GITHUB: (
        "repo:quince/orchard:environment:production",
        {
            "repository": "quince/orchard",
            "repository_owner": "quince",
            "repository_owner_id": "4711",
            "repository_id": "8899",
            "ref": "refs/heads/main",
            "environment": "production",
            "actor": "pip",
            "event_name": "push",
            "workflow": "deploy",
        },
    ),
    GITLAB: (
        "project_path:quince/orchard:ref_type:branch:ref:main",
        {
            "project_path": "quince/orchard",
            "namespace_path": "quince",
            "namespace_id": "12",
            "project_id": "34",
            "ref": "main",
            "ref_type": "branch",
            "ref_protected": "true",
            "user_login": "pip",
        },
    ),
    TERRAFORM: (
        "organization:quince:project:Orchard:workspace:orchard-prod:run_phase:apply",
        {
            "terraform_organization_name": "quince",
            "terraform_project_name": "Orchard",
            "terraform_workspace_name": "orchard-prod",
            "terraform_workspace_id": "ws-1",
            "terraform_run_phase": "apply",
        },
    ),
    EKS: ("system:serviceaccount:orchard:picker", {}),
    "https://agent.buildkite.com": (
        "organization:quince:pipeline:orchard:ref:refs/heads/main:commit:9f8e:step:deploy",
        {"organization_slug": "quince", "pipeline_slug": "orchard"},
    ),
    "https://oidc.vercel.com": (
        "owner:quince:project:orchard:environment:production",
        {"owner": "quince", "project": "orchard", "environment": "production"},
    ),
    "https://idp.quince.example": ("robot-1", {}),
}
MAPPING = {
    "https://oidc.baseten.co": {"attribute.team": "assertion.team", "attribute.environment": "assertion.environment"},
    GITHUB: {
        "attribute.actor": "assertion.actor",
        "attribute.repository": "assertion.repository",
        "attribute.repository_owner": "assertion.repository_owner",
        "attribute.ref": "assertion.ref",
    },
    GITLAB: {
        "attribute.project_path": "assertion.project_path",
        "attribute.namespace_path": "assertion.namespace_path",
        "attribute.project_id": "assertion.project_id",
    },
    TERRAFORM: {"attribute.workspace": "assertion.terraform_workspace_id"},
}
BASETEN = "https://oidc.baseten.co"


def member(gcp: Bundle, rest: str) -> str:
    scheme = "principal" if rest.startswith("subject/") else "principalSet"
    return f"{scheme}://iam.googleapis.com/{gcp.POOL}/{rest}"


def set_up(
    gcp: Bundle, issuer: str, condition: str | None, rest: str | None, *, token: bool = True, **mapping: str
) -> Bundle:
    """A provider of the issuer with a condition, and a binding for one member."""
    subject, claims = SUBJECTS[issuer]
    gcp.remove("issuer/openid-configuration.json").remove("issuer/jwks.json")
    if token:
        implied = profile_for(issuer).implied_claims(subject) if profile_for(issuer) else {}  # type: ignore[union-attr]
        own = {"iss": issuer, "sub": subject, "aud": gcp.AUDIENCE, "iat": gcp.NOW - 60, "exp": gcp.NOW + 600}
        gcp.remove("token.jwt").claims(own | implied | claims)
    else:
        gcp.remove("token.jwt")
    whole = {"google.subject": "assertion.sub"} | MAPPING.get(issuer, {}) | mapping
    gcp.gcp_provider(
        condition=... if condition is None else condition,
        mapping={
            name.replace("google_subject", "google.subject").replace("__", "."): text for name, text in whole.items()
        },
        oidc={"issuerUri": issuer},
    )
    if rest is None:
        return gcp.remove("gcp/service-account-policy.json")
    return gcp.service_account_policy(member(gcp, rest))


def weak(answer: Any) -> dict[str, list[str]]:
    return {
        row.name: [finding.message for finding in row.findings]
        for row in answer.report.checks
        if row.status == "failed" and row.effect == "weakens"
    }


WIDE = [
    (BASETEN, None, "*", "condition-absent"),
    (BASETEN, "true", "*", "trust-any-tenant"),
    (BASETEN, "assertion.sub != ''", "*", "trust-any-tenant"),
    (BASETEN, "assertion.aud == 'oidc.baseten.co'", "*", "pool-wide-member"),
    (BASETEN, "google.subject.startsWith('v=1:org=Org8Kd2P')", "*", "prefix-without-delimiter"),
    (BASETEN, "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x')", "*", "prefix-without-delimiter"),
    (BASETEN, "google.subject.endsWith('type=model_container')", "*", "trust-any-tenant"),
    (BASETEN, "google.subject.matches('.*environment=production.*')", "*", "trust-any-tenant"),
    (BASETEN, f"{TEAM} || google.subject.contains('environment=production')", "*", "trust-any-tenant"),
    (BASETEN, f"{TEAM} && google.subject.contains('environment=production')", "*", "unanchored-contains"),
    (BASETEN, "assertion.org == 'Org8Kd2P'", "*", "trust-any-team"),
    (BASETEN, None, "attribute.environment/production", "condition-absent"),
    (GITHUB, None, "attribute.ref/refs/heads/main", "condition-absent"),
    (GITHUB, "assertion.repository_owner.startsWith('quince')", "*", "prefix-without-delimiter"),
    (GITHUB, "assertion.repository.startsWith('quince/orch')", "*", "prefix-without-delimiter"),
    (GITHUB, "assertion.sub.startsWith('repo:quince')", "*", "prefix-without-delimiter"),
    (GITHUB, "assertion.sub.extract('repo:{owner}/').startsWith('quince')", "*", "prefix-without-delimiter"),
    (GITHUB, "assertion.repository.endsWith('/orchard')", "*", "trust-any-tenant"),
    (GITHUB, "assertion.repository.matches('quince/.*')", "*", "name-without-beginning"),
    (GITHUB, "assertion.repository_owner.endsWith('quince')", "*", "name-without-beginning"),
    (GITHUB, "assertion.repository.matches('^quince/orchard')", "*", "prefix-without-delimiter"),
    (GITHUB, "assertion.ref == 'refs/heads/main'", "*", "trust-any-tenant"),
    (GITHUB, "assertion.ref != 'refs/heads/dev'", "*", "trust-any-tenant"),
    (GITHUB, "assertion.event_name in ['push', 'workflow_dispatch']", "*", "trust-any-tenant"),
    (GITHUB, "assertion.repository_owner == 'quince' || assertion.ref == 'refs/heads/main'", "*", "trust-any-tenant"),
    (GITHUB, "assertion.repository_owner_id != ''", "*", "trust-any-tenant"),
    (GITHUB, "assertion.repository_owner == 'quince'", "attribute.repository_owner/quince", "trust-any-team"),
    (GITLAB, None, "*", "condition-absent"),
    (GITLAB, "assertion.namespace_path.startsWith('quince')", "*", "prefix-without-delimiter"),
    (GITLAB, "assertion.ref_protected == 'true'", "*", "trust-any-tenant"),
    (GITLAB, "assertion.project_path.endsWith('orchard')", "*", "trust-any-tenant"),
    (TERRAFORM, "assertion.sub.startsWith('organization:quince')", "*", "prefix-without-delimiter"),
    (TERRAFORM, "assertion.terraform_run_phase == 'apply'", "*", "trust-any-tenant"),
    ("https://agent.buildkite.com", "assertion.pipeline_slug == 'orchard'", "*", "trust-any-tenant"),
    ("https://oidc.vercel.com", "assertion.environment == 'production'", "*", "trust-any-tenant"),
    ("https://idp.quince.example", None, "*", "pool-wide-member"),
    (EKS, None, "*", "pool-wide-member"),
]


@pytest.mark.sweep
@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize(("issuer", "condition", "rest", "name"), WIDE)
def test_over_broad_trust_is_found(
    gcp: Bundle, issuer: str, condition: str | None, rest: str, name: str, token: bool
) -> None:
    assert name in weak(set_up(gcp, issuer, condition, rest, token=token).ask())


@pytest.mark.sweep
@pytest.mark.parametrize(("issuer", "condition", "rest", "name"), WIDE)
def test_the_named_stranger_passes_the_whole_exchange(
    gcp: Bundle, issuer: str, condition: str | None, rest: str, name: str
) -> None:
    (message, *_) = weak(set_up(gcp, issuer, condition, rest).ask())[name]
    subject, claims = SUBJECTS[issuer]
    lead = re.escape(subject[:3]) if issuer != "https://idp.quince.example" else "somebody"
    found = [text.strip("`,;:'") for text in re.findall(rf"(?:^| )({lead}\S+)", message)]
    stranger = next(text for text in reversed(found) if text != subject)
    profile = profile_for(issuer)
    implied = profile.implied_claims(stranger) if profile else {}
    common = set(profile.tenancy.common) if profile else set()
    followed = profile.tenancy.follows if profile else {}
    parts = {part.name: part.value for part in profile.parse_subject(stranger).segments} if profile else {}
    theirs = {
        claim: parts[followed[claim]] if not claim.endswith("_id") else "99"
        for claim in claims
        if followed.get(claim) in parts
    }
    theirs |= {claim: parts[claim] for claim in claims if claim in parts}
    kept = {claim: value for claim, value in claims.items() if claim in common}
    own = {"iss": issuer, "sub": stranger, "aud": gcp.AUDIENCE, "iat": gcp.NOW - 60, "exp": gcp.NOW + 600}
    gcp.claims(kept | theirs | own | implied)
    assert gcp.ask().exchange().prediction == "accepted"


NARROW = [
    (BASETEN, TEAM, "*"),
    (BASETEN, f"{TEAM} && google.subject.endsWith('type=model_container')", "*"),
    (BASETEN, f"{TEAM} && google.subject.contains(':environment=production:')", "*"),
    (BASETEN, "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:')", "*"),
    (BASETEN, "google.subject.matches('^v=1:org=Org8Kd2P:team=Tq7LmZ2x:.*$')", "*"),
    (BASETEN, "assertion.team == 'Tq7LmZ2x'", "*"),
    (BASETEN, None, f"subject/{SUBJECT}"),
    (BASETEN, None, "attribute.team/Tq7LmZ2x"),
    (GITHUB, "assertion.repository_owner == 'quince'", None),
    (GITHUB, "assertion.repository_owner == 'quince'", "attribute.repository/quince/orchard"),
    (GITHUB, "assertion.repository_owner_id == '4711'", "attribute.repository/quince/orchard"),
    (GITHUB, "assertion.repository_owner == 'quince'", "subject/repo:quince/orchard:environment:production"),
    (GITHUB, "assertion.repository == 'quince/orchard'", "*"),
    (GITHUB, "assertion.repository_id == '8899'", "*"),
    (GITHUB, "assertion.repository in ['quince/orchard', 'quince/pear']", "*"),
    (GITHUB, "attribute.repository == 'quince/orchard'", "*"),
    (GITHUB, "assertion.sub.startsWith('repo:quince/orchard:')", "*"),
    (GITHUB, "assertion.repository.matches('^quince/(orchard|pear)$')", "*"),
    (GITHUB, "assertion.repository_owner == 'quince' && assertion.event_name != 'pull_request'",
     "attribute.repository/quince/orchard"),
    (GITHUB, "assertion.repository == 'quince/orchard' && assertion.ref.startsWith('refs/heads/')", "*"),
    (GITHUB, None, "attribute.repository/quince/orchard"),
    (GITLAB, "assertion.namespace_path == 'quince'", "attribute.project_path/quince/orchard"),
    (GITLAB, "assertion.namespace_id == '12'", "attribute.project_id/34"),
    (GITLAB, "assertion.project_id == '34'", "*"),
    (GITLAB, "assertion.project_path == 'quince/orchard'", "*"),
    (TERRAFORM, "assertion.sub.startsWith('organization:quince:project:Orchard:workspace:orchard-prod')", "*"),
    (TERRAFORM, "assertion.terraform_organization_name == 'quince'", "attribute.workspace/ws-1"),
    (EKS, None, "subject/system:serviceaccount:orchard:picker"),
    ("https://agent.buildkite.com",
     "assertion.organization_slug == 'quince' && assertion.pipeline_slug == 'orchard'", "*"),
    ("https://oidc.vercel.com", "assertion.sub == 'owner:quince:project:orchard:environment:production'", "*"),
    ("https://idp.quince.example", None, "subject/robot-1"),
    ("https://idp.quince.example", "assertion.sub == 'robot-1'", "*"),
]  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize(("issuer", "condition", "rest"), NARROW)
def test_documented_and_narrow_trust_is_silent(
    gcp: Bundle, issuer: str, condition: str | None, rest: str | None, token: bool
) -> None:
    answer = set_up(gcp, issuer, condition, rest, token=token).ask()
    assert weak(answer) == {}
    assert answer.report.verdict != "refused"


@pytest.mark.parametrize(
    "condition", ["assertion.repository_owner.startsWith('quince')", "assertion.ref == 'refs/heads/main'", None]
)
def test_a_provider_alone_says_what_is_left_to_the_bindings(gcp: Bundle, condition: str | None) -> None:
    answer = set_up(gcp, GITHUB, condition, None, token=False).ask()
    messages = [message for found in weak(answer).values() for message in found]
    assert messages
    assert condition == "assertion.repository_owner.startsWith('quince')" or all(
        "only the bindings of the service account are left to refuse" in message for message in messages
    )


def test_a_disabled_provider_lets_nobody_in(gcp: Bundle) -> None:
    set_up(gcp, BASETEN, None, "*")
    provider = gcp.read("gcp/provider.json")
    gcp.write("gcp/provider.json", provider | {"disabled": True})
    assert weak(gcp.ask()) == {}


def test_a_binding_under_a_condition_that_is_over_lets_nobody_in(gcp: Bundle) -> None:
    set_up(gcp, BASETEN, None, "*")
    gcp.service_account_policy(member(gcp, "*"), condition="request.time < timestamp('2020-01-01T00:00:00Z')")
    assert weak(gcp.ask()) == {}


def test_a_binding_under_a_condition_that_is_not_known_is_no_finding_and_no_pass(gcp: Bundle) -> None:
    set_up(gcp, BASETEN, None, "*")
    gcp.service_account_policy(member(gcp, "*"), condition="resource.name == 'projects/-/serviceAccounts/a'")
    answer = gcp.ask()
    assert weak(answer) == {}
    for name in ("condition-absent", "pool-wide-member"):
        answer.skipped(name)
    assert answer.check("bindings-refuse-alone").findings == []
