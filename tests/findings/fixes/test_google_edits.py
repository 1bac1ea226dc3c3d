"""Every kind of refusal by Google that configuration cures: the edit is stored, and the exchange asked anew.

After it the token passes, and another tenant's and another team's tokens are refused as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evidence import Bundle
from evidence.edits import apply_edits
from evidence.google_errors import Says
from oidc_doctor.findings.fixes.gcp import GCP_EDITS
from oidc_doctor.findings.fixes.target import TARGET_EDITS

pytestmark = pytest.mark.sweep

OWNER = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:"
ADMITS = f"assertion.sub.startsWith('{OWNER}')"
OUTSIDERS = (
    Bundle.SUBJECT.replace("Org8Kd2P", "Org8Kd2PX"),
    Bundle.SUBJECT.replace("Tq7LmZ2x", "Uu5Kk3Jj"),
)
SUBJECT = {"google.subject": "assertion.sub"}
TEAM = {"attribute.team": "assertion.team"}
POOL = f"//iam.googleapis.com/{Bundle.POOL}"
SET = f"principalSet:{POOL}"
ONE = f"principal:{POOL}"
LONG = "customer-facing-production-europe"

Change = Callable[[Bundle], Any]


def condition(text: str) -> Change:
    return lambda made: made.gcp_provider(condition=text)


def mapping(entries: dict[str, str], text: str = ADMITS) -> Change:
    return lambda made: made.gcp_provider(mapping=entries, condition=text)


def member(text: str, entries: dict[str, str] | None = None) -> Change:
    return lambda made: made.gcp_provider(mapping=entries).service_account_policy(text)


def request(**values: str) -> Change:
    return lambda made: made.target(gcp={"service_account": made.SERVICE_ACCOUNT} | values)


def long_environment(made: Bundle) -> Bundle:
    claims = made.claims_of(sub=made.SUBJECT.replace("production", LONG), environment=LONG)
    return made.token(claims).gcp_provider(condition=f"google.subject.startsWith('{OWNER}')")


def invalid_key(made: Bundle) -> Bundle:
    made.gcp_provider(mapping=SUBJECT | {"Attribute.Team": "assertion.team"}, condition=ADMITS)
    return made.error(
        "ERROR: (gcloud.iam.workload-identity-pools.providers.create-oidc) INVALID_ARGUMENT: Invalid mapped attribute "
        "key: Attribute.Team. Custom mapped attributes must be in format 'attribute.{custom_attribute}'"
    )


CASES: dict[str, tuple[str, Change]] = {
    # the attribute condition, of every shape
    "equal claim": ("attribute-condition-false", condition("assertion.team == 'Tq7LmZ2y'")),
    "equal claim, in brackets": ("attribute-condition-false", condition("assertion['team'] == \"Tq7LmZ2y\"")),
    "two claims": ("attribute-condition-false", condition("assertion.org == 'Org8Kd2P' && assertion.team == 'Tq7Lm'")),
    "two false claims": (
        "attribute-condition-false",
        condition("assertion.org == 'Org8Kd2P' && assertion.team == 'Tq7Lm' && assertion.environment == 'staging'"),
    ),
    "false claims apart": (
        "attribute-condition-false",
        condition("assertion.team == 'Tq7Lm' && assertion.org == 'Org8Kd2P' && assertion.environment == 'staging'"),
    ),
    "list": ("attribute-condition-false", condition(f"{ADMITS} && assertion.environment in ['staging', 'dev']")),
    "beginning": ("attribute-condition-false", condition("google.subject.startsWith('v=1:org=Org8Kd2P:team=Other:')")),
    "end": ("attribute-condition-false", condition(f"{ADMITS} && assertion.sub.endsWith(':type=model_build')")),
    "part": ("attribute-condition-false", condition(f"{ADMITS} && assertion.sub.contains(':environment=staging:')")),
    "pattern": ("attribute-condition-false", condition(f"assertion.sub.matches('^{OWNER}.*:type=model_build$')")),
    "glob as pattern": (
        "attribute-condition-false",
        condition(f"assertion.sub.matches('{OWNER}*:type=model_container')"),
    ),
    "extracted": (
        "attribute-condition-false",
        condition(f"{ADMITS} && assertion.sub.extract('model={{name}}:') == 'other'"),
    ),
    "either": ("attribute-condition-false", condition("assertion.team == 'Tq7Lm' || assertion.team == 'Tq7Ln'")),
    "grouped": (
        "attribute-condition-false",
        condition("(assertion.team == 'Tq7Lm' || assertion.team == 'Tq7Ln') && assertion.org == 'Org8Kd2P'"),
    ),
    "chosen": ("attribute-condition-false", condition(f"assertion.environment == 'staging' ? {ADMITS} : false")),
    "letter case": ("attribute-condition-false", condition(f"assertion.sub.startsWith('{OWNER.lower()}')")),
    "claim in quotes": (
        "attribute-condition-false",
        condition("'assertion.team' == 'Tq7LmZ2x' && assertion.org == 'Org8Kd2P'"),
    ),
    "number as text": ("attribute-condition-false", condition(f"{ADMITS} && assertion.iat == '{Bundle.NOW - 60}'")),
    "star at the end": ("wildcard-in-cel", condition(f"google.subject.startsWith('{OWNER}*')")),
    "star inside": ("wildcard-in-cel", condition(f"google.subject == '{OWNER}*:type=model_container'")),
    "stars in a list": ("wildcard-in-cel", condition(f"google.subject in ['{OWNER}*', 'v=1:org=other:*']")),
    "star of another team": ("wildcard-in-cel", condition("google.subject.startsWith('v=1:org=Org8Kd2P:team=Else:*')")),
    "claim that is not there": ("condition-claim-missing", condition(f"{ADMITS} && assertion.branch == 'main'")),
    "claim misspelled": ("condition-claim-missing", condition(f"{ADMITS} && assertion.enviroment == 'production'")),
    "attribute that is not mapped": (
        "mapping-missing-attribute",
        mapping(SUBJECT, "attribute.team == 'Tq7LmZ2x' && assertion.org == 'Org8Kd2P'"),
    ),
    "attribute misspelled": (
        "mapping-missing-attribute",
        condition("attribute.teams == 'Tq7LmZ2x' && assertion.org == 'Org8Kd2P'"),
    ),
    "words of another language": (
        "expression-invalid",
        condition(f"google.subject.startswith('{OWNER}') and assertion.environment = 'production'"),
    ),
    "typographic quotes": ("expression-invalid", condition(f"google.subject.startsWith(\u2018{OWNER}\u2019)")),
    "parenthesis missing": ("expression-invalid", condition(f"google.subject.startsWith('{OWNER}'")),
    # the mapping
    "no subject": ("mapping-missing-subject", mapping(TEAM)),
    "no subject, no condition": (
        "mapping-missing-subject",
        lambda made: made.gcp_provider(mapping=TEAM, condition=...),
    ),
    "claim of the subject misspelled": ("mapping-claim-missing", mapping({"google.subject": "assertion.subb"} | TEAM)),
    "claim of the subject absent": (
        "mapping-claim-missing",
        mapping({"google.subject": "assertion.team + ':' + assertion.region"} | TEAM),
    ),
    "subject a truth value": (
        "mapped-attribute-not-string",
        mapping({"google.subject": "assertion.team == 'x'"} | TEAM),
    ),
    "subject a number": ("mapped-attribute-not-string", mapping({"google.subject": "assertion.iat"} | TEAM)),
    "subject too long": ("subject-over-limit", long_environment),
    "subject of another word": ("expression-invalid", mapping({"google.subject": "token.sub"} | TEAM)),
    "constant": ("mapping-constant", mapping(SUBJECT | {"attribute.team": "'assertion.team'"})),
    "constant, and a condition on the team alone": (
        "mapping-constant",
        mapping(SUBJECT | {"attribute.team": "'assertion.team'"}, "attribute.team == 'Tq7LmZ2x'"),
    ),
    "key": ("mapping-key-invalid", invalid_key),
    "bound attribute not mapped": (
        "mapping-missing-attribute",
        member(f"{SET}/attribute.team/Tq7LmZ2x", SUBJECT),
    ),
    "bound attribute named otherwise": (
        "mapping-missing-attribute",
        member(f"{SET}/attribute.environments/production", SUBJECT),
    ),
    "bound attribute fails": (
        "member-attribute-differs",
        mapping(SUBJECT | {"attribute.team": "claims.team"}),
    ),
    # members
    "no binding": ("impersonation-binding-missing", lambda made: made.service_account_policy(bindings=[])),
    "no binding, no attribute": (
        "impersonation-binding-missing",
        lambda made: made.gcp_provider(mapping=SUBJECT).service_account_policy(bindings=[]),
    ),
    "no binding, no condition": (
        "impersonation-binding-missing",
        lambda made: made.gcp_provider(mapping=SUBJECT, condition=...).service_account_policy(bindings=[]),
    ),
    "another role": (
        "impersonation-binding-missing",
        lambda made: made.service_account_policy(role="roles/iam.serviceAccountUser"),
    ),
    "role on the project": (
        "role-granted-on-wrong-resource",
        lambda made: made.service_account_policy(bindings=[]).project_policy(
            [{"role": "roles/storage.objectViewer", "members": [f"{SET}/attribute.team/Tq7LmZ2x"]}]
        ),
    ),
    "another pool": ("member-pool-differs", member(f"{SET}/*".replace("baseten-pool", "other-pool"))),
    "another project": ("member-pool-differs", member(f"{SET}/*".replace(Bundle.PROJECT_NUMBER, "111111111111"))),
    "project id in the member": (
        "member-project-id-for-number",
        member(f"{SET}/*".replace(Bundle.PROJECT_NUMBER, Bundle.PROJECT_ID)),
    ),
    "two attributes": ("member-malformed", member(f"{SET}/attribute.team/Tq7LmZ2x/attribute.type/model_container")),
    "principal for a set": ("member-malformed", member(f"{ONE}/attribute.team/Tq7LmZ2x")),
    "attribute without its word": ("member-malformed", member(f"{SET}/team/Tq7LmZ2x")),
    "another deployment": (
        "member-subject-differs",
        member(f"{ONE}/subject/{Bundle.SUBJECT.replace('4be1c07', 'aaaaaaa')}"),
    ),
    "another value": ("member-attribute-differs", member(f"{SET}/attribute.team/Other")),
    "star in the member": ("wildcard-in-member", member(f"{ONE}/subject/{OWNER}*")),
    "deleted": ("binding-names-deleted-principal", member(f"deleted:{SET}/attribute.team/Tq7LmZ2x")),
    "expired binding": (
        "binding-condition-false",
        lambda made: made.service_account_policy(condition='request.time < timestamp("2026-01-01T00:00:00Z")'),
    ),
    # provider and pool
    "audience": ("audience-not-allowed", lambda made: made.gcp_provider(audiences=("other",))),
    "no audiences": ("allowed-audiences-empty", lambda made: made.gcp_provider(audiences=...)),
    "blank in an audience": (
        "invisible-character-in-value",
        lambda made: made.gcp_provider(audiences=(f"{made.AUDIENCE} ",)),
    ),
    "placeholder as audience": (
        "placeholder-left-in",
        lambda made: made.gcp_provider(audiences=("YOUR_PROVIDER_ID",)),
    ),
    "issuer misspelled": (
        "issuer-mismatch",
        lambda made: made.gcp_provider(oidc={"issuerUri": "https://oidc.basten.co"}),
    ),
    "another issuer": ("issuer-mismatch", lambda made: made.gcp_provider(oidc={"issuerUri": made.GITHUB})),
    "disabled": ("provider-disabled", lambda made: made.gcp_provider(disabled=True)),
    "pool disabled": ("pool-disabled", lambda made: made.gcp_pool(disabled=True)),
    "deleted provider": ("provider-deleted", lambda made: made.gcp_provider(state="DELETED")),
    "deleted pool": ("pool-deleted", lambda made: made.gcp_pool(state="DELETED")),
    "no provider": ("provider-not-found", lambda made: made.not_found("gcp/provider.json")),
    "no pool": ("workload-pool-missing", lambda made: made.not_found("gcp/provider.json", "gcp/pool.json")),
    "account disabled": ("service-account-disabled", lambda made: made.service_account(disabled=True)),
    "API off": (
        "api-disabled",
        lambda made: made.write("gcp/services.json", {"iamcredentials.googleapis.com": "DISABLED"}),
    ),
    # the client's own values
    "project id": (
        "project-id-for-number",
        request(provider=Bundle.GCP_PROVIDER.replace(Bundle.PROJECT_NUMBER, Bundle.PROJECT_ID)),
    ),
    "prefix twice": (
        "request-audience-malformed",
        request(audience=f"//iam.googleapis.com///iam.googleapis.com/{Bundle.GCP_PROVIDER}"),
    ),
    "https before the audience": (
        "request-audience-malformed",
        request(audience=f"https://iam.googleapis.com/{Bundle.GCP_PROVIDER}"),
    ),
    "another project's number": (
        "project-number-differs",
        lambda made: request(provider=made.GCP_PROVIDER.replace(made.PROJECT_NUMBER, "111111111111"))(
            made.error(Says.INVALID_TARGET[1])
        ),
    ),
    # several at once
    "audience and condition": (
        "allowed-audiences-empty",
        lambda made: made.gcp_provider(audiences=..., condition="assertion.team == 'Tq7LmZ2y'"),
    ),
    "audience, star and binding": (
        "audience-not-allowed",
        lambda made: made.gcp_provider(
            audiences=("other",), condition=f"google.subject.startsWith('{OWNER}*')"
        ).service_account_policy(bindings=[]),
    ),
    "state and condition": (
        "provider-disabled",
        lambda made: made.gcp_provider(disabled=True, condition="assertion.team == 'Tq7LmZ2y'"),
    ),
    "condition, subject and member": (
        "attribute-condition-false",
        lambda made: made.gcp_provider(mapping=TEAM, condition="assertion.org == 'OrgX'").service_account_policy(
            f"{ONE}/attribute.team/Tq7LmZ2x"
        ),
    ),
    "condition, length and binding": (
        "attribute-condition-false",
        lambda made: (
            long_environment(made)
            .gcp_provider(condition="google.subject.startsWith('v=1:org=Org8Kd2P:team=Other:')")
            .service_account_policy(bindings=[])
        ),
    ),
    "client and audience": (
        "project-id-for-number",
        lambda made: request(provider=made.GCP_PROVIDER.replace(made.PROJECT_NUMBER, made.PROJECT_ID))(
            made.gcp_provider(audiences=("other",))
        ),
    ),
}
# kinds that only an observed sentence makes sure, or that a test of their own breaks
ELSEWHERE = {
    "attributes-over-limit", "access-token-lifetime-over-limit", "scope-missing", "impersonation-not-configured",
    "service-account-missing", "service-account-differs", "credential-config-invalid",
    "permission-missing",  # after the exchange: see test_access_of_principal
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_edit_lets_the_token_pass_and_nobody_else(gcp: Bundle, name: str) -> None:
    kind, change = CASES[name]
    change(gcp)
    answer = gcp.ask()
    cause = answer.cause(kind)
    fixes = answer.report.fixes
    assert fixes, (answer.names, answer.steps())
    assert fixes[0].for_ == answer.first.code
    assert cause.code in (fixes[0].for_, *fixes[0].also_for)
    for fix in fixes:
        assert fix.diff.strip()
        assert fix.document
        assert not fix.gaps
        assert fix.commands or fix.file.endswith((".toml", ".yaml", "credentials.json"))
        assert kind == "mapping-key-invalid" or "the token passes" in fix.proof  # set-up is no step of an exchange
        assert fix.closes_to == [] or fix.file.endswith(".toml")  # what the client sends closes nothing
    apply_edits(gcp.remove("error.txt"), fixes)
    after = gcp.ask()
    assert after.accepted, (after.names, after.steps())
    gcp.remove("token.jwt")
    for subject in OUTSIDERS:
        assert gcp.ask(subject=subject).exchange().prediction == "refused"


def test_every_kind_is_tried() -> None:
    tried = {kind for kind, _ in CASES.values()}
    assert {str(kind) for kind in GCP_EDITS} - ELSEWHERE == tried
    assert {str(kind) for kind in TARGET_EDITS} - {"role-arn-malformed", "role-missing"} <= tried | ELSEWHERE


def test_an_edit_that_narrows_an_open_provider_says_whom_it_stops(gcp: Bundle) -> None:
    account = {"provider": gcp.GCP_PROVIDER, "service_account": gcp.SERVICE_ACCOUNT}
    gcp.target(gcp={**account, "gcs_bucket": "llama-weights"})
    gcp.gcp_provider(condition="")
    legacy = {"role": "roles/storage.legacyBucketOwner", "members": [f"projectOwner:{gcp.PROJECT_ID}"]}
    for name in ("bucket", "project", "folder", "organization"):
        gcp.write(f"gcp/{name}-policy.json", {"bindings": [legacy] if name == "bucket" else [], "etag": "x"})
    answer = gcp.ask()
    assert answer.first.name == "permission-missing"
    narrowed = [fix for fix in answer.report.fixes if fix.file == "gcp/provider.json"]
    assert narrowed
    for fix in narrowed:
        assert "attributeCondition" in fix.diff
        assert any("another model" in workload for workload in fix.closes_to)
