"""Google Cloud audit log entries of every shape to attempts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.logs.records import gcp_audit
from oidc_doctor.logs.records.cloudtrail import NO_TIME
from oidc_doctor.model.document import Origin

HERE = Origin("gcp/logs/entries.json", "/0", 2)
POOL = "projects/481516234200/locations/global/workloadIdentityPools/baseten"
PROVIDER = f"{POOL}/providers/weights"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be19xk:environment=production:type=model_container"
PRINCIPAL = f"principal://iam.googleapis.com/{POOL}/subject/{SUBJECT}"
ACCOUNT = "weights-reader@acme-models.iam.gserviceaccount.com"
UNIQUE = "108222333444555666777"

TEXT = st.text('ab:/9{}[]".\\ \0\u00e9\ud83d', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def entry(payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "insertId": "1qk7yzre2f8b1",
        "logName": "projects/acme-models/logs/cloudaudit.googleapis.com%2Fdata_access",
        "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", **payload},
        "receiveTimestamp": "2026-11-22T13:27:10.402155302Z",
        "severity": "INFO",
        "timestamp": "2026-11-22T13:27:09.293368631Z",
    }
    return {**base, **changes}


def exchange(**payload: Any) -> dict[str, Any]:
    """A good exchange. `granted` is false on purpose: that is what Google writes."""
    return entry(
        {
            "authenticationInfo": {"principalSubject": SUBJECT},
            "authorizationInfo": [{"granted": False, "permission": "sts.identityProviders.checkLogging"}],
            "metadata": {
                "@type": "type.googleapis.com/google.identity.sts.v1.AuditData",
                "mapped_principal": PRINCIPAL,
            },
            "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
            "request": {"audience": f"//iam.googleapis.com/{PROVIDER}", "grantType": "…"},
            "requestMetadata": {
                "callerIp": "198.51.100.24",
                "callerSuppliedUserAgent": "google-byoid-sdk",
                "requestAttributes": {"time": "2026-11-22T13:27:09.301834867Z"},
            },
            "resourceName": PROVIDER,
            "serviceName": "sts.googleapis.com",
            "status": {},
            **payload,
        }
    )


def refused_exchange() -> dict[str, Any]:
    found = exchange(
        metadata={"@type": "type.googleapis.com/google.identity.sts.v1.AuditData"},
        status={"code": 16, "message": "The given credential is rejected by the attribute condition."},
    )
    return {**found, "severity": "ERROR"}


def impersonation(**payload: Any) -> dict[str, Any]:
    """Shape A, accepted."""
    found = entry(
        {
            "authenticationInfo": {"principalSubject": PRINCIPAL, "serviceAccountDelegationInfo": [{}]},
            "authorizationInfo": [{"granted": True, "permission": "iam.serviceAccounts.getAccessToken"}],
            "metadata": {"identityDelegationChain": [f"projects/-/serviceAccounts/{ACCOUNT}"]},
            "methodName": "GenerateAccessToken",
            "request": {"name": f"projects/-/serviceAccounts/{ACCOUNT}"},
            "requestMetadata": {"callerIp": "198.51.100.24", "callerSuppliedUserAgent": "google-byoid-sdk"},
            "resourceName": f"projects/-/serviceAccounts/{UNIQUE}",
            "serviceName": "iamcredentials.googleapis.com",
            "status": {},
            **payload,
        },
        resource={"type": "service_account", "labels": {"email_id": ACCOUNT, "unique_id": UNIQUE}},
    )
    return {key: value for key, value in found.items() if value is not None}


def denial() -> dict[str, Any]:
    """A denial, in which the caller is left out."""
    found = impersonation(authenticationInfo={}, status={"code": 7, "message": "PERMISSION_DENIED"})
    return {**found, "severity": "ERROR"}


def read(value: Any) -> tuple[list[tuple[dict[str, Any], str]], list[str]]:
    notes: list[str] = []
    found = gcp_audit.records(value, Origin("f"), lambda at, what: notes.append(f"{at.pointer}: {what}"))
    return [(each, origin.pointer) for each, origin in found], notes


def test_exchange_accepted() -> None:
    found = gcp_audit.attempt(exchange(), HERE)
    assert found is not None
    assert (found.cloud, found.step, found.outcome) == ("gcp", "exchange", "accepted")
    assert found.target == found.provider == PROVIDER
    assert (found.subject, found.audience, found.mapped_principal) == (SUBJECT, None, PRINCIPAL)
    assert found.time == pytest.approx(1795354029.293368, abs=1e-5)
    assert (found.caller, found.user_agent) == ("198.51.100.24", "google-byoid-sdk")
    assert (found.event_id, found.origin.event_id) == ("1qk7yzre2f8b1", "1qk7yzre2f8b1")


def test_exchange_refused() -> None:
    found = gcp_audit.attempt(refused_exchange(), HERE)
    assert found is not None
    assert (found.outcome, found.error_code) == ("refused", "UNAUTHENTICATED")
    assert found.error_message == "The given credential is rejected by the attribute condition."
    assert (found.subject, found.mapped_principal) == (SUBJECT, None)


def test_v1beta() -> None:
    found = gcp_audit.attempt(
        exchange(methodName="google.identity.sts.v1beta.SecurityTokenService.ExchangeToken"), HERE
    )
    assert found is not None
    assert found.step == "exchange"


def test_provider_from_the_request() -> None:
    found = gcp_audit.attempt(exchange(resourceName=None), HERE)
    assert found is not None
    assert found.provider == PROVIDER


def test_workforce_spelling_of_the_principal() -> None:
    found = gcp_audit.attempt(exchange(metadata={"mappedPrincipal": "principal://iam.googleapis.com/x"}), HERE)
    assert found is not None
    assert found.mapped_principal == "principal://iam.googleapis.com/x"


def test_a_principal_is_no_subject() -> None:
    found = gcp_audit.attempt(exchange(authenticationInfo={"principalSubject": PRINCIPAL}, metadata={}), HERE)
    assert found is not None
    assert (found.subject, found.mapped_principal) == (None, PRINCIPAL)


@pytest.mark.parametrize(
    ("status", "severity", "mapped", "expected"),
    [
        ({}, "INFO", True, ("accepted", None)),
        ({}, "ERROR", False, ("accepted", None)),
        ({"code": 0}, "INFO", False, ("accepted", None)),
        ({"code": 3, "message": "m"}, "ERROR", False, ("refused", "INVALID_ARGUMENT")),
        ({"code": 3, "message": "m"}, "INFO", True, ("refused", "INVALID_ARGUMENT")),
        ({"code": 99}, "INFO", False, ("refused", "99")),
        ({"code": "PERMISSION_DENIED"}, "INFO", False, ("refused", "PERMISSION_DENIED")),
        ({"message": "m"}, "ERROR", False, ("refused", None)),
        ({"message": "m"}, "INFO", False, ("unknown", None)),
        ({"code": 10**5000}, "INFO", False, ("accepted", None)),
        (None, "ERROR", False, ("refused", None)),
        (None, "INFO", False, ("accepted", None)),
        (None, None, True, ("accepted", None)),
        (None, None, False, ("unknown", None)),
        ("odd", "INFO", True, ("unknown", None)),
    ],
)
def test_status_decides(status: Any, severity: Any, mapped: bool, expected: tuple[str, str | None]) -> None:
    metadata = {"mapped_principal": PRINCIPAL} if mapped else {}
    found = gcp_audit.attempt({**exchange(status=status, metadata=metadata), "severity": severity}, HERE)
    assert found is not None
    assert (found.outcome, found.error_code) == expected


def test_impersonation_shape_a() -> None:
    found = gcp_audit.attempt(impersonation(), HERE)
    assert found is not None
    assert (found.step, found.outcome) == ("impersonate", "accepted")
    assert found.target == found.service_account == ACCOUNT
    assert (found.mapped_principal, found.subject, found.provider) == (PRINCIPAL, None, None)


def test_impersonation_shape_b() -> None:
    found = gcp_audit.attempt(
        impersonation(
            authenticationInfo={"principalEmail": ACCOUNT},
            metadata={},
            request={"name": f"projects/-/serviceAccounts/{ACCOUNT}", "lifetime": "3600s", "scope": ["x"]},
            loggableShortLivedCredential={"oauthToken": {"tokenPrefix": "ya29.c."}},
        ),
        HERE,
    )
    assert found is not None
    assert (found.outcome, found.service_account, found.duration_seconds) == ("accepted", ACCOUNT, 3600)
    assert (found.mapped_principal, found.subject) == (None, None)


def test_shape_b_without_any_other_e_mail() -> None:
    changed = impersonation(authenticationInfo={"principalEmail": ACCOUNT}, metadata=None, request=None)
    del changed["resource"]
    found = gcp_audit.attempt(changed, HERE)
    assert found is not None
    assert found.service_account == UNIQUE
    del changed["protoPayload"]["resourceName"]
    found = gcp_audit.attempt(changed, HERE)
    assert found is not None
    assert found.service_account == ACCOUNT


def test_denial_hides_the_caller() -> None:
    found = gcp_audit.attempt(denial(), HERE)
    assert found is not None
    assert (found.outcome, found.error_code, found.error_message) == (
        "refused",
        "PERMISSION_DENIED",
        "PERMISSION_DENIED",
    )
    assert (found.target, found.subject, found.mapped_principal) == (ACCOUNT, None, None)


def test_the_account_is_the_last_of_the_chain() -> None:
    chain = ["projects/-/serviceAccounts/first@acme.iam.gserviceaccount.com", f"projects/-/serviceAccounts/{ACCOUNT}"]
    changed = impersonation(metadata={"identityDelegationChain": chain}, request={}, resourceName=None)
    del changed["resource"]
    found = gcp_audit.attempt(changed, HERE)
    assert found is not None
    assert found.target == ACCOUNT


@pytest.mark.parametrize("method", ["GenerateIdToken", "google.iam.credentials.v1.IAMCredentials.GenerateAccessToken"])
def test_other_names_of_impersonation(method: str) -> None:
    found = gcp_audit.attempt(impersonation(methodName=method), HERE)
    assert found is not None
    assert found.step == "impersonate"


def test_delegation_names_the_federated_principal() -> None:
    authentication = {
        "principalEmail": "hop@acme.iam.gserviceaccount.com",
        "serviceAccountDelegationInfo": [{"principalSubject": PRINCIPAL}],
    }
    found = gcp_audit.attempt(impersonation(authenticationInfo=authentication), HERE)
    assert found is not None
    assert found.mapped_principal == PRINCIPAL


@pytest.mark.parametrize(
    "authentication",
    [
        {"principalEmail": "dana@example.com", "principalSubject": "user:dana@example.com"},
        {"principalEmail": "other@acme.iam.gserviceaccount.com"},
        {"principalSubject": "serviceAccount:other@acme.iam.gserviceaccount.com"},
    ],
)
def test_callers_who_are_not_federated(authentication: dict[str, Any]) -> None:
    assert gcp_audit.attempt(impersonation(authenticationInfo=authentication), HERE) is None


@pytest.mark.parametrize(
    "other",
    [
        {"methodName": "google.iam.admin.v1.SetIAMPolicy", "serviceName": "iam.googleapis.com"},
        {"methodName": "SignBlob"},
        {"methodName": "GenerateAccessToken", "serviceName": "example.googleapis.com"},
        {"methodName": None},
    ],
)
def test_other_entries_are_no_attempts(other: dict[str, Any]) -> None:
    assert gcp_audit.attempt(impersonation(**other), HERE) is None


def test_times_and_ids_that_are_missing() -> None:
    changed = exchange()
    del changed["timestamp"]
    assert gcp_audit.moment(changed) == pytest.approx(1795354029.301834, abs=1e-5)
    del changed["protoPayload"]["requestMetadata"]["requestAttributes"]
    assert gcp_audit.moment(changed) == pytest.approx(1795354030.402155, abs=1e-5)
    del changed["receiveTimestamp"], changed["insertId"]
    found = gcp_audit.attempt(changed, HERE)
    assert found is not None
    assert found.time == NO_TIME
    assert found.event_id.startswith("digest-")


@pytest.mark.parametrize(
    "name", [PROVIDER, f"//iam.googleapis.com/{PROVIDER}", f"https://iam.googleapis.com/{PROVIDER}"]
)
def test_full_name(name: str) -> None:
    assert gcp_audit.full_name(name) == PROVIDER


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (exchange(), [""]),
        ([exchange(), denial()], ["/0", "/1"]),
        ({"entries": [exchange()], "nextPageToken": "x"}, ["/entries/0"]),
        ([{"entries": [exchange()]}], ["/0/entries/0"]),
    ],
)
def test_wrappers(value: Any, pointers: list[str]) -> None:
    found, notes = read(value)
    assert [pointer for _, pointer in found] == pointers
    assert notes == []


@pytest.mark.parametrize("value", [None, 7, "text", {}, {"Records": []}, [[[[exchange()]]]]])
def test_what_is_no_entry_is_named(value: Any) -> None:
    found, notes = read(value)
    assert found == []
    assert len(notes) == 1


@settings(deadline=None)
@given(
    st.sampled_from([exchange, impersonation]),
    st.dictionaries(st.sampled_from(sorted(impersonation()["protoPayload"])), JSON),
    st.dictionaries(st.sampled_from(["insertId", "timestamp", "resource", "severity", "receiveTimestamp"]), JSON),
)
def test_attempt_never_raises(make: Any, payload: dict[str, Any], changes: dict[str, Any]) -> None:
    gcp_audit.attempt({**make(**payload), **changes}, HERE)


@settings(deadline=None)
@given(JSON)
def test_records_never_raise(value: Any) -> None:
    for wrapped in (value, {"entries": value}, {"protoPayload": value}):
        for found, _ in read(wrapped)[0]:
            gcp_audit.attempt(found, HERE)
            gcp_audit.moment(found)
            gcp_audit.service_name(found)
