"""What an edit of Google's side never does, and which of the possible edits is proposed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evidence.edits import apply_edits
from oidc_doctor.judge import error_texts

if TYPE_CHECKING:
    from evidence import Bundle
    from oidc_doctor.model.report import FixRow

OWNER = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:"
WORKLOAD = (
    "assertion.sub.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:') && "
    "assertion.sub.endsWith(':environment=production:type=model_container')"
)
OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_build"


def only(made: Bundle) -> FixRow:
    (fix,) = made.ask().report.fixes
    return fix


def new_condition(made: Bundle, text: str) -> str:
    """The condition that is proposed in place of this one; empty where none is."""
    fixes = made.gcp_provider(condition=text).ask().report.fixes
    return json.loads(fixes[0].document)["attributeCondition"] if fixes else ""


def new_members(fixes: list[FixRow]) -> list[str]:
    """The members of the proposed allow policy."""
    (document,) = (json.loads(fix.document) for fix in fixes if fix.file.endswith("-policy.json"))
    return [member for binding in document["bindings"] for member in binding["members"]]


# the condition


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("assertion.team == 'Tq7LmZ2y'", f"(assertion.team == 'Tq7LmZ2y') || ({WORKLOAD})"),
        (
            "assertion.team == 'A' || assertion.team == 'B'",
            f"assertion.team == 'A' || assertion.team == 'B' || ({WORKLOAD})",
        ),
        (
            "assertion.org == 'Org8Kd2P' && assertion.team == 'Tq7LmZ2y'",
            f"assertion.org == 'Org8Kd2P' && (assertion.team == 'Tq7LmZ2y' || ({WORKLOAD}))",
        ),
        (
            "(assertion.team == 'A' || assertion.team == 'B') && assertion.org == 'Org8Kd2P'",
            f"((assertion.team == 'A' || assertion.team == 'B') || ({WORKLOAD})) && assertion.org == 'Org8Kd2P'",
        ),
        (f"google.subject.startsWith('{OWNER}*')", f"google.subject.startsWith('{OWNER}')"),
        (
            f"google.subject == '{OWNER}*:environment=production:*'",
            f"google.subject.startsWith('{OWNER}') && google.subject.contains(':environment=production:')",
        ),
        (
            "assertion.org == 'Org8Kd2P' && google.subject == '*:type=model_container'",
            "assertion.org == 'Org8Kd2P' && google.subject.endsWith(':type=model_container')",
        ),
    ],
)  # fmt: skip
def test_the_condition_is_edited_at_the_clause(gcp: Bundle, before: str, after: str) -> None:
    assert new_condition(gcp, before) == after


def test_a_whole_subject_goes_into_the_list(github_on_gcp: Bundle) -> None:
    github_on_gcp.write(
        "gcp/provider.json",
        github_on_gcp.read("gcp/provider.json") | {"attributeCondition": 'assertion.sub == "repo:octo-org/old:x"'},
    )
    document = json.loads(only(github_on_gcp).document)
    assert (
        document["attributeCondition"] == f'assertion.sub in ["repo:octo-org/old:x", "{github_on_gcp.GITHUB_SUBJECT}"]'
    )


@pytest.mark.parametrize(
    "text",
    [
        f"assertion.sub.startsWith('{OWNER}') && assertion.environment != 'production'",
        f"assertion.sub.startsWith('{OWNER}') && !assertion.environment.startsWith('prod')",
        f"assertion.sub.startsWith('{OWNER}') && !(assertion.environment in ['production'])",
        f"assertion.team == 'A' || (assertion.sub.startsWith('{OWNER}') && assertion.environment != 'production')",
    ],
)
def test_an_exclusion_is_not_edited_away(gcp: Bundle, text: str) -> None:
    assert new_condition(gcp, text) == ""


@pytest.mark.parametrize("value", ["it's", "a\\b", 'quo"te', "new\nline", "', true || '", "$(id)", "a,b"])
def test_a_hostile_value_never_breaks_out_of_its_literal(gcp: Bundle, value: str) -> None:
    gcp.token(gcp.claims_of(team=value)).gcp_provider(condition="assertion.team == 'Tq7LmZ2y'")
    fixes = gcp.ask().report.fixes
    assert fixes
    apply_edits(gcp, fixes)
    assert gcp.ask().state("condition") == "passed"
    gcp.token(gcp.claims_of(team="someone-else", sub=gcp.SUBJECT.replace("Org8Kd2P", "Zz9Yx8Wv")))
    assert gcp.ask().state("condition") == "refused"


@pytest.mark.parametrize("value", ["x', 'y", "it's\\", "<none>"])
def test_a_hostile_subject_never_breaks_out_of_its_literal(gcp: Bundle, value: str) -> None:
    subject = gcp.SUBJECT.replace("production", value)
    gcp.token(gcp.claims_of(sub=subject, environment=value)).gcp_provider(condition="assertion.team == 'Tq7LmZ2y'")
    fixes = gcp.ask().report.fixes
    assert fixes
    apply_edits(gcp, fixes)
    assert gcp.ask().state("condition") == "passed"
    gcp.token(gcp.claims_of(team="someone-else", sub=gcp.SUBJECT.replace("Org8Kd2P", "Zz9Yx8Wv")))
    assert gcp.ask().state("condition") == "refused"


def test_a_subject_that_was_accepted_is_not_shut_out(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.gcp_provider(condition=f"google.subject == '{OTHER_TEAM}'")
    gcp.gcp_logs(
        [
            gcp.log_entry(insert_id="bad", message=error_texts.CONDITION_REJECTED),
            gcp.log_entry(insert_id="good", at="2026-11-22T21:00:00Z", subject=OTHER_TEAM),
        ]
    )
    document = json.loads(only(gcp).document)
    assert f"google.subject == '{OTHER_TEAM}'" in document["attributeCondition"]


# members


def test_a_new_member_stands_beside_the_others(gcp: Bundle) -> None:
    wrong = gcp.MEMBER.replace("principalSet", "principal")
    gcp.service_account_policy("group:ops@example.com", wrong)
    fixes = gcp.ask().report.fixes
    assert new_members(fixes) == ["group:ops@example.com", wrong, gcp.MEMBER]
    assert json.loads(fixes[0].document)["etag"] == gcp.read("gcp/service-account-policy.json")["etag"]


@pytest.mark.parametrize(
    "bindings",
    [[], [{"role": "roles/iam.workloadIdentityUser", "members": ["principal://iam.googleapis.com/{pool}/subject/{old}"]}]],
)  # fmt: skip
def test_no_member_names_a_deployment(gcp: Bundle, bindings: Any) -> None:
    old = gcp.SUBJECT.replace("4be1c07", "aaaaaaa")
    text = json.dumps(bindings).replace("{pool}", gcp.POOL).replace("{old}", old)
    fixes = gcp.service_account_policy(bindings=json.loads(text)).ask().report.fixes
    assert len(fixes) == 2
    assert "4be1c07" not in "".join(fix.document for fix in fixes)
    assert {fix.file for fix in fixes} == {"gcp/provider.json", "gcp/service-account-policy.json"}
    assert all(fix.with_files for fix in fixes)
    assert "names" not in fixes[0].proof
    assert fixes[0].opens_to == []


def test_beside_a_wide_edit_the_binding_stays_narrow(gcp: Bundle) -> None:
    """The corrected condition admits the whole team: the binding is held to its own step."""
    gcp.gcp_provider(audiences=("other",), condition=f"google.subject.startsWith('{OWNER}*')")
    fixes = gcp.service_account_policy(bindings=[]).ask().report.fixes
    (member,) = new_members(fixes)
    assert member.endswith("/attribute.workload/mWq41ZpK/production/model_container")
    assert fixes[0].opens_to == []


def test_a_workload_without_environment_gets_a_narrow_edit(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(sub=gcp.SUBJECT.replace("production", "<none>"), environment="<none>"))
    condition = new_condition(gcp, "assertion.team == 'Tq7LmZ2y'")
    assert condition.endswith("assertion.sub.endsWith(':environment=<none>:type=model_container'))")


def test_the_subject_with_its_deployment_is_the_last_resort_and_says_so(gcp: Bundle) -> None:
    """Without the mapping nothing else is known to match."""
    provider = gcp.gcp_provider().read("gcp/provider.json")
    del provider["attributeMapping"]
    for fix in gcp.write("gcp/provider.json", provider).service_account_policy(bindings=[]).ask().report.fixes:
        assert "4be1c07" not in fix.document or "which the next deployment changes" in fix.proof


def test_a_subject_without_a_deployment_is_bound_as_it_is(github_on_gcp: Bundle) -> None:
    fixes = github_on_gcp.service_account_policy(bindings=[]).ask().report.fixes
    assert new_members(fixes) == [
        f"principal://iam.googleapis.com/{github_on_gcp.POOL}/subject/{github_on_gcp.GITHUB_SUBJECT}"
    ]


def test_a_pods_account_is_bound_in_the_form_of_gke(gcp: Bundle) -> None:
    issuer = "https://container.googleapis.com/v1/projects/quince-k8s/locations/europe-west1/clusters/main"
    claims = {"iss": issuer, "sub": "system:serviceaccount:shop:web", "aud": "quince-k8s.svc.id.goog"}
    gcp.only("gcp/service-account.json", "gcp/service-account-policy.json").target(
        gcp={"service_account": gcp.SERVICE_ACCOUNT}
    )
    gcp.service_account_policy(bindings=[]).claims(claims | {"iat": gcp.NOW - 60, "exp": gcp.NOW + 3540})
    gcp.manifest().error("Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).")
    fixes = gcp.ask().report.fixes
    assert new_members(fixes) == ["serviceAccount:quince-k8s.svc.id.goog[shop/web]"]


def test_a_binding_with_a_date_is_renewed_with_a_date(gcp: Bundle) -> None:
    gcp.service_account_policy(condition='request.time < timestamp("2026-01-01T00:00:00Z")')
    fix = only(gcp)
    old, new = json.loads(fix.document)["bindings"]
    assert old["condition"]["expression"] == 'request.time < timestamp("2026-01-01T00:00:00Z")'
    assert new["condition"]["expression"] == 'request.time < timestamp("2026-12-22T00:00:00Z")'


def test_a_condition_that_names_a_resource_is_not_edited(gcp: Bundle) -> None:
    gcp.service_account_policy(condition="resource.name == 'x' && request.time < timestamp('2026-01-01T00:00:00Z')")
    assert gcp.ask().report.fixes == []


# mapping


def test_subjects_that_fit_stay_as_they_are(gcp: Bundle) -> None:
    name = "customer-facing-production-europe"
    long = gcp.SUBJECT.replace("production", name)
    gcp.token(gcp.claims_of(sub=long, environment=name)).gcp_provider(condition=f"google.subject.startsWith('{OWNER}')")
    gcp.service_account_policy(
        gcp.MEMBER,
        f"principal://iam.googleapis.com/{gcp.POOL}/subject/{gcp.SUBJECT}",
        role="roles/iam.workloadIdentityUser",
    )
    fix = only(gcp)
    mapping = json.loads(fix.document)["attributeMapping"]
    assert mapping["google.subject"].startswith("size(assertion.sub) <= 127 ? assertion.sub : ")
    apply_edits(gcp, [fix])
    gcp.service_account_policy(f"principal://iam.googleapis.com/{gcp.POOL}/subject/{gcp.SUBJECT}").token()
    assert gcp.ask().accepted


# the provider


def test_an_audience_that_is_allowed_stays_beside_the_new_one(gcp: Bundle) -> None:
    fix = only(gcp.gcp_provider(audiences=("other",)))
    assert f"--allowed-audiences=other,{gcp.AUDIENCE}" in fix.commands[0]


def test_the_default_audience_stays_where_the_issuer_may_send_it(github_on_gcp: Bundle) -> None:
    claims = github_on_gcp.read("claims.json")
    github_on_gcp.write("claims.json", claims | {"claims": claims["claims"] | {"aud": "my-audience"}})
    name = f"//iam.googleapis.com/{github_on_gcp.GCP_PROVIDER}"
    assert f"--allowed-audiences=https:{name},{name},my-audience" in only(github_on_gcp).commands[0]


def test_the_default_audience_is_left_out_where_the_issuer_never_sends_it(gcp: Bundle) -> None:
    assert f"--allowed-audiences={gcp.AUDIENCE}" in only(gcp.gcp_provider(audiences=...)).commands[0]


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("https://oidc.baseten.co", "https://oidc.basten.co"),
        ("https://oidc.baseten.co", "https://OIDC.baseten.co"),
        ("https://idp.example.com", "https://idp.exampIe.com"),
    ],
)
def test_an_issuer_that_resembles_a_trusted_one_is_never_trusted(gcp: Bundle, configured: str, sent: str) -> None:
    gcp.token(gcp.claims_of(iss=sent)).gcp_provider(oidc={"issuerUri": configured})
    assert gcp.ask().first.name == "issuer-mismatch"
    assert gcp.ask().report.fixes == []


def test_a_purged_provider_is_not_undeleted(gcp: Bundle) -> None:
    assert gcp.gcp_provider(state="DELETED", expireTime="2026-11-20T00:00:00Z").ask().report.fixes == []


def test_without_a_subject_nothing_is_opened(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(sub=...)).service_account_policy(bindings=[])
    assert gcp.ask().report.fixes == []


# the client's files

TRUSS = """# the weights
weights:
  - source: gs://weights-prod/m   # one model
    mount_location: /m
    auth:
      auth_method: GCP_OIDC
      gcp_oidc_service_account: {account}
      gcp_oidc_workload_id_provider: "{provider}"  # keep this
"""


def test_a_truss_configuration_is_edited_on_its_line(gcp: Bundle) -> None:
    wrong = gcp.GCP_PROVIDER.replace(gcp.PROJECT_NUMBER, gcp.PROJECT_ID)
    gcp.remove("oidc-doctor.toml").write("truss/config.yaml", TRUSS.format(account=gcp.SERVICE_ACCOUNT, provider=wrong))
    fix = only(gcp)
    assert fix.file == "truss/config.yaml"
    assert fix.document == TRUSS.format(account=gcp.SERVICE_ACCOUNT, provider=gcp.GCP_PROVIDER)
    assert apply_edits(gcp, [fix]).ask().accepted


def test_a_credential_configuration_is_edited_on_its_line(gcp: Bundle) -> None:
    wrong = gcp.GCP_PROVIDER.replace(gcp.PROJECT_NUMBER, gcp.PROJECT_ID)
    url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
    gcp.remove("oidc-doctor.toml").write(
        "gcp/credentials.json",
        {
            "type": "external_account",
            "audience": f"//iam.googleapis.com/{wrong}",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {"file": "/var/run/token"},
            "service_account_impersonation_url": f"{url}/{gcp.SERVICE_ACCOUNT}:generateAccessToken",
        },
    )
    fix = only(gcp)
    assert fix.file == "gcp/credentials.json"
    assert json.loads(fix.document)["audience"] == f"//iam.googleapis.com/{gcp.GCP_PROVIDER}"
    assert apply_edits(gcp, [fix]).ask().accepted


@pytest.mark.parametrize("policy", [True, False])
def test_a_misspelled_account_is_corrected_in_the_client(gcp: Bundle, policy: bool) -> None:
    wrong = gcp.SERVICE_ACCOUNT.replace("oidc@", "oidcc@")
    gcp.target(gcp={"provider": gcp.GCP_PROVIDER, "service_account": wrong})
    gcp.error(f'{{"error": {{"code": 404, "message": "Not found; Gaia id not found for email {wrong}"}}}}')
    if not policy:
        gcp.not_found("gcp/service-account-policy.json")
    assert gcp.ask().first.name == "service-account-missing"
    fix = only(gcp)
    assert f'+ service_account = "{gcp.SERVICE_ACCOUNT}"' in fix.diff.splitlines()


@pytest.fixture
def github_on_gcp(gcp: Bundle) -> Bundle:
    """A healthy set-up for GitHub Actions in place of Baseten's."""
    subject = gcp.GITHUB_SUBJECT
    claims = {
        "iss": gcp.GITHUB, "sub": subject, "aud": f"https://iam.googleapis.com/{gcp.GCP_PROVIDER}",
        "iat": gcp.NOW - 60, "exp": gcp.NOW + 240, "repository": "octo-org/weights", "repository_owner": "octo-org",
        "ref": "refs/heads/main", "actor": "octo-dev", "event_name": "push",
    }  # fmt: skip
    gcp.claims(claims, complete=True).remove("issuer")
    gcp.gcp_provider(
        condition="assertion.repository_owner == 'octo-org'",
        mapping={"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
        audiences=...,
        oidc={"issuerUri": gcp.GITHUB},
    )
    return gcp.service_account_policy(
        f"principalSet://iam.googleapis.com/{gcp.POOL}/attribute.repository/octo-org/weights"
    )


def test_a_condition_that_is_no_expression_gets_no_edit_around_it(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="<0>", audiences=("other",)).service_account_policy()
    for fix in gcp.ask().report.fixes:
        assert "<0>" not in fix.document
