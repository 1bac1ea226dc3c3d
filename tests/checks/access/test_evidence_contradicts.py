"""ACC024: two readings of one thing differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Answer, Bundle

OTHER = "v=1:org=elsewhere:*"


def doubt(answer: Answer, step: str, *words: str) -> None:
    """The contradiction is named at the step, and neither reading decides."""
    cause = answer.cause("evidence-contradicts")
    assert (cause.step, cause.confidence) == (step, "suspected")
    assert all(word in cause.summary for word in words), cause.summary
    assert answer.exchange().prediction == "unknown", answer.steps()
    assert answer.report.exit_code == 3


def twice(bundle: Bundle, path: str, name: str, value: Any) -> Answer:
    """The answer with a member that stands twice in a file, the written one last."""
    text = json.dumps(bundle.read(path))
    return bundle.write(path, text.replace(f'"{name}":', f'"{name}": {json.dumps(value)}, "{name}":', 1)).ask()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("Effect", "Deny"), ("Condition", {}), ("Statement", []), ("AssumeRolePolicyDocument", {})],
        *[("Role", {}), ("Arn", "arn:aws:iam::111122223333:role/Other")],
    ],
)
def test_a_member_twice_in_a_role(aws: Bundle, name: str, value: Any) -> None:
    doubt(twice(aws, "aws/role.json", name, value), "authorise", name, "twice")


def test_a_description_twice_decides_nothing(aws: Bundle) -> None:
    assert twice(aws, "aws/role.json", "RoleId", "AROAEXAMPLE").accepted


@pytest.mark.parametrize("other", ["MaxSessionDuration", "maxSessionDuration"])
def test_a_maximum_of_the_session_twice(aws: Bundle, other: str) -> None:
    role = json.dumps({"Role": {**aws.read("aws/role.json")["Role"], "MaxSessionDuration": 43_200}})
    aws.write("aws/role.json", role.replace('"MaxSession', f'"{other}": 3600, "MaxSession', 1))
    doubt(aws.sends(duration_seconds=40_000).ask(), "duration", "MaxSessionDuration")
    assert aws.sends(duration_seconds=3600).ask().accepted


def test_a_list_of_providers_twice_in_its_file(aws: Bundle) -> None:
    aws.write("aws/oidc-providers.json", {"OpenIDConnectProviderList": [{"Arn": aws.PROVIDER_ARN}]})
    doubt(twice(aws, "aws/oidc-providers.json", "OpenIDConnectProviderList", []), "provider", "twice")


def test_a_member_twice_in_a_provider(aws: Bundle) -> None:
    doubt(twice(aws, "aws/oidc-provider.json", "ClientIDList", []), "audience", "ClientIDList")


@pytest.mark.parametrize(
    ("name", "value", "step"),
    [("attributeCondition", "false", "condition"), ("attributeMapping", {}, "mapping"), ("issuerUri", "x", "issuer")],
)
def test_a_member_twice_in_a_google_provider(gcp: Bundle, name: str, value: Any, step: str) -> None:
    doubt(twice(gcp, "gcp/provider.json", name, value), step, name)


def test_a_member_twice_in_an_allow_policy(gcp: Bundle) -> None:
    doubt(twice(gcp, "gcp/service-account-policy.json", "bindings", []), "impersonate", "bindings")


def test_one_member_in_two_spellings(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    doubt(
        gcp.write("gcp/provider.json", {"AttributeCondition": "false", **provider}).ask(),
        "condition",
        "AttributeCondition",
    )


@pytest.mark.parametrize("order", [1, -1])
def test_one_role_twice(aws: Bundle, order: int) -> None:
    role = aws.read("aws/role.json")["Role"]
    other = {**role, "AssumeRolePolicyDocument": aws.policy(aws.statement(aws.subject(OTHER)))}
    doubt(aws.write("aws/role.json", {"Roles": [role, other][::order]}).ask(), "authorise", role["Arn"])


def test_one_role_in_two_files(aws: Bundle) -> None:
    role = aws.read("aws/role.json")["Role"]
    assert aws.write("aws/roles.json", {"Roles": [role]}).ask().accepted
    other = {**role, "AssumeRolePolicyDocument": aws.policy(aws.statement(aws.subject(OTHER)))}
    doubt(aws.write("aws/roles.json", {"Roles": [other]}).ask(), "authorise", role["Arn"])


def test_two_trust_policies_of_one_role_are_not_read(aws: Bundle) -> None:
    role = aws.read("aws/role.json")["Role"]
    answer = aws.write(
        "aws/role.json", {"Role": {"assumeRolePolicyDocument": aws.policy(aws.statement(aws.subject(OTHER))), **role}}
    ).ask()
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 3


@pytest.mark.parametrize("order", [1, -1])
def test_one_google_provider_twice(gcp: Bundle, order: int) -> None:
    provider = gcp.read("gcp/provider.json")
    other = {**provider, "attributeCondition": "false"}
    doubt(gcp.write("gcp/provider.json", [provider, other][::order]).ask(), "condition", "attributeCondition")


def test_one_google_provider_in_two_files(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    assert gcp.write("gcp/providers.json", [provider]).ask().accepted
    other = {**provider, "disabled": True}
    doubt(gcp.write("gcp/providers.json", [other]).ask(), "target", "disabled")


def test_one_provider_twice(aws: Bundle) -> None:
    provider = aws.read("aws/oidc-provider.json")
    doubt(aws.write("aws/oidc-provider.json", [provider, {**provider, "ClientIDList": ["x"]}]).ask(), "audience")


@pytest.mark.parametrize("arns", [[], ["arn:aws:iam::{}:oidc-provider/other.example"]])
def test_a_provider_that_the_list_lacks(aws: Bundle, arns: list[str]) -> None:
    account = aws.PROVIDER_ARN.split(":")[4]
    doubt(aws.aws_providers(*(arn.format(account) for arn in arns)).ask(), "provider", "list")
    assert aws.aws_providers(aws.PROVIDER_ARN).ask().accepted


def test_a_list_of_another_account_says_nothing(aws: Bundle) -> None:
    assert (
        aws.aws_providers("arn:aws:iam::554433221100:oidc-provider/other.example").ask().exchange().prediction
        == "accepted"
    )


def test_an_answer_of_another_account(aws: Bundle) -> None:
    doubt(aws.write("aws/caller-identity.json", {"Account": "554433221100"}).ask(), "authorise", "554433221100")


def _configuration(gcp: Bundle) -> dict[str, Any]:
    """The configuration of a client that asks for the target's own exchange."""
    audience = f"//iam.googleapis.com/{gcp.GCP_PROVIDER}"
    return {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/token"},
        "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
        f"{gcp.SERVICE_ACCOUNT}:generateAccessToken",
    }


def _audience(configuration: dict[str, Any]) -> None:
    configuration["audience"] += "-other"


def _saml(configuration: dict[str, Any]) -> None:
    configuration["subject_token_type"] = "urn:ietf:params:oauth:token-type:saml2"


def _other_token_endpoint(configuration: dict[str, Any]) -> None:
    configuration["token_url"] = "https://sts.googleapis.com.example/v1/token"


def _other_universe(configuration: dict[str, Any]) -> None:
    configuration["universe_domain"] = "example.com"


def _other_host(configuration: dict[str, Any]) -> None:
    url = configuration["service_account_impersonation_url"]
    configuration["service_account_impersonation_url"] = url.replace("googleapis.com", "googleapis.com.example")


def _other_call(configuration: dict[str, Any]) -> None:
    url = configuration["service_account_impersonation_url"]
    configuration["service_account_impersonation_url"] = url.replace("AccessToken", "IdToken")


def _no_service_account(configuration: dict[str, Any]) -> None:
    del configuration["service_account_impersonation_url"]


@pytest.mark.parametrize(
    ("change", "step"),
    [
        *[(_audience, "target"), (_saml, "token"), (_other_token_endpoint, "target"), (_other_universe, "target")],
        *[(_other_host, "impersonate"), (_other_call, "impersonate"), (_no_service_account, "impersonate")],
    ],
)
def test_a_client_that_asks_for_another_exchange(
    gcp: Bundle, change: Callable[[dict[str, Any]], None], step: str
) -> None:
    configuration = _configuration(gcp)
    gcp.write(
        "oidc-doctor.toml",
        f'[target.gcp]\nprovider = "{gcp.GCP_PROVIDER}"\nservice_account = "{gcp.SERVICE_ACCOUNT}"\n',
    )
    assert gcp.write("gcp/credentials.json", configuration).ask().accepted
    change(configuration)
    doubt(gcp.write("gcp/credentials.json", configuration).ask(), step, "client")


@pytest.mark.parametrize(
    "endpoint", ["https://sts.us-east1.rep.googleapis.com/v1/token", "https://sts.mtls.googleapis.com/v1/token"]
)
def test_googles_other_token_endpoints(gcp: Bundle, endpoint: str) -> None:
    assert gcp.write("gcp/credentials.json", {**_configuration(gcp), "token_url": endpoint}).ask().accepted


def pools(bundle: Bundle, **members: Any) -> dict[str, Any]:
    """The target's pool, as a list has it."""
    return {"name": bundle.GCP_PROVIDER.partition("/providers/")[0], "state": "ACTIVE", **members}


@pytest.mark.parametrize("members", [{"state": "DELETED"}, {"disabled": True}])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_pool_in_another_state_in_the_list(gcp: Bundle, members: dict[str, Any], wrapped: bool) -> None:
    listed = [pools(gcp, **members)]
    gcp.write("gcp/pools.json", {"workloadIdentityPools": listed} if wrapped else listed)
    doubt(gcp.ask(), "target", *members)


def test_a_pool_that_the_list_lacks(gcp: Bundle) -> None:
    assert gcp.write("gcp/pools.json", [pools(gcp)]).ask().accepted
    name = pools(gcp)["name"]
    doubt(gcp.write("gcp/pools.json", []).ask(), "target", name, "lacks")
    doubt(gcp.write("gcp/pools.json", [pools(gcp, name=name + "-2")]).ask(), "target", name, "lacks")
    elsewhere = pools(gcp, name="projects/1/locations/global/workloadIdentityPools/other")
    assert gcp.write("gcp/pools.json", [elsewhere]).ask().accepted


def test_a_google_provider_that_the_list_lacks(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    other = {**provider, "name": gcp.GCP_PROVIDER + "-2"}
    doubt(gcp.write("gcp/providers.json", []).ask(), "target", gcp.GCP_PROVIDER, "lacks")
    doubt(gcp.write("gcp/providers.json", [other]).ask(), "target", gcp.GCP_PROVIDER, "lacks")
    assert gcp.write("gcp/providers.json", [other, provider]).ask().accepted


def test_a_deleted_provider_is_in_no_list(gcp: Bundle) -> None:
    provider = {**gcp.read("gcp/provider.json"), "state": "DELETED"}
    answer = gcp.write("gcp/provider.json", provider).write("gcp/providers.json", []).ask()
    assert answer.exchange().prediction == "refused"


def test_a_discovery_document_of_the_providers_own(gcp: Bundle) -> None:
    provider = gcp.read("gcp/provider.json")
    usual = f"{provider['oidc']['issuerUri']}/.well-known/openid-configuration"
    for address in (usual, usual + "-2"):
        gcp.write("gcp/provider.json", {**provider, "oidc": {**provider["oidc"], "discoveryUri": address}})
        if address == usual:
            assert gcp.ask().accepted
    doubt(gcp.ask(), "keys", "discovery")


@pytest.mark.parametrize("outcome", ["not_found", "denied", "throttled", "timeout", "failed"])
@pytest.mark.parametrize("path", ["aws/role.json", "aws/oidc-provider.json", "issuer/jwks.json", "token.jwt"])
def test_a_file_that_the_manifest_says_was_not_read(path: str, outcome: str, aws: Bundle) -> None:
    assert aws.ask().accepted
    aws.write("manifest.json", {"collected_at": aws.COLLECTED_AT, "reads": [{"path": path, "outcome": outcome}]})
    answer = aws.ask()
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 3
    (row,) = (row for row in answer.report.coverage if row.what == path)
    assert row.status == "missing"
    assert row.reason.startswith("the file exists, although the manifest says that ")


@pytest.mark.parametrize("outcome", ["NOT_FOUND", "not-found", "Denied"])
def test_an_outcome_in_other_letters(outcome: str, aws: Bundle) -> None:
    reads = [{"path": "aws/role.json", "outcome": outcome}]
    aws.write("manifest.json", {"collected_at": aws.COLLECTED_AT, "reads": reads})
    assert aws.ask().exchange().prediction == "unknown"


def test_a_manifest_with_a_member_twice_is_not_read(aws: Bundle) -> None:
    reads = json.dumps([{"path": "aws/role.json", "outcome": "not_found"}])
    aws.write("manifest.json", f'{{"reads": {reads}, "reads": []}}')
    answer = aws.ask(at=float(aws.NOW))
    assert (answer.report.exit_code, answer.exchange().prediction) == (3, "accepted")
    assert any(row.what == "manifest.json" and "twice" in row.reason for row in answer.report.coverage)


@pytest.mark.parametrize("entry", [{}, {"outcome": "read"}])
def test_an_entry_without_an_outcome_says_nothing_against_a_file(entry: dict[str, str], aws: Bundle) -> None:
    read = {"path": "aws/role.json"} | entry
    aws.write("manifest.json", {"collected_at": aws.COLLECTED_AT, "reads": [read]})
    assert aws.ask().accepted


def test_a_later_try_that_succeeded_counts(aws: Bundle) -> None:
    reads = [{"path": "aws/role.json", "outcome": outcome} for outcome in ("throttled", "ok")]
    aws.write("manifest.json", {"collected_at": aws.COLLECTED_AT, "reads": reads})
    assert aws.ask().accepted


def test_a_file_that_the_manifest_says_was_read_and_that_is_not_there(aws: Bundle) -> None:
    reads = [{"path": "aws/role.json", "outcome": "ok"}]
    aws.remove("aws/role.json").write("manifest.json", {"collected_at": aws.COLLECTED_AT, "reads": reads})
    answer = aws.ask()
    assert answer.exchange().prediction == "unknown"
    assert answer.report.exit_code == 3
    (row,) = (row for row in answer.report.coverage if row.what == "aws/role.json")
    assert "although the manifest says that it was read" in row.reason


def test_a_bundle_that_vouches_for_its_own_token(aws: Bundle) -> None:
    aws.remove("token.jwt").write("claims.json", {"claims": aws.claims_of(), "verified": {"signature": True}})
    answer = aws.ask()
    assert answer.state("keys") == "assumed"
    assert any("the bundle says so" in text for text in answer.exchange().assumed)
