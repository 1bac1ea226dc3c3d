"""GCP045: the client's credential configuration is not right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


POOLS = "//iam.googleapis.com/projects/482910375566/locations/global/workloadIdentityPools"
ERROR = "google.auth.exceptions.MalformedError: Missing credential_source. The credential_source is not a dict."


def configured(bundle: Bundle, **changes: Any) -> Bundle:
    account = f"projects/-/serviceAccounts/{bundle.SERVICE_ACCOUNT}:generateAccessToken"
    box = {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{bundle.GCP_PROVIDER}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": "/var/run/token"},
        "service_account_impersonation_url": f"https://iamcredentials.googleapis.com/v1/{account}",
    } | changes
    bundle.remove("oidc-doctor.toml")
    return bundle.write("gcp/credentials.json", {name: value for name, value in box.items() if value is not ...})


def test_a_whole_configuration(gcp: Bundle) -> None:
    answer = configured(gcp).ask()
    assert answer.accepted, answer.names


def test_a_member_of_workforce_pools(gcp: Bundle) -> None:
    answer = configured(gcp, workforce_pool_user_project="123").ask()
    assert answer.cause("credential-config-invalid").confidence == "predicted"
    assert answer.report.exit_code == 1


@pytest.mark.parametrize("field", ["audience", "subject_token_type", "token_url", "credential_source"])
def test_a_field_is_missing(gcp: Bundle, field: str) -> None:
    answer = configured(gcp, **{field: ...}).ask()
    assert answer.names == ["credential-config-invalid"]
    assert answer.first.confidence == "suspected", "what was pasted may be cut short"
    assert f"{field} is missing" in answer.first.summary
    assert answer.check("credential-config-invalid").status == "skipped"


def test_a_key_file(gcp: Bundle) -> None:
    answer = configured(gcp, type="service_account").ask()
    assert answer.first.name == "credential-config-invalid"
    assert answer.first.confidence == "predicted"
    assert answer.first.step == "obtain"
    assert gcp.marked(answer.first.actual) == "service_account"


def test_a_later_refusal_clears_it(gcp: Bundle, says: type[Says]) -> None:
    answer = configured(gcp, credential_source=...).error(says.DENIED[1]).ask()
    assert "credential-config-invalid" not in answer.names


def test_the_library_says_so(gcp: Bundle) -> None:
    answer = configured(gcp, credential_source=...).error(ERROR).ask()
    assert answer.first.name == "credential-config-invalid"
    assert answer.first.confidence == "proven"
    assert not answer.first.contradicts_observed


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"audience": f"{POOLS.replace('482910375566', 'weights-prod')}/p/providers/q"}, "project-id-for-number"),
        ({"audience": f"{POOLS}/baseten-pool"}, "request-audience-malformed"),
        ({"service_account_impersonation": {"token_lifetime_seconds": 43200}}, "access-token-lifetime-over-limit"),
    ],
)
def test_what_it_asks_for_is_judged(gcp: Bundle, change: Any, name: str) -> None:
    answer = configured(gcp, **change).ask()
    assert answer.first.name == name
    assert answer.first.at is not None
    assert answer.first.at.startswith("gcp/credentials.json")
