"""CloudTrail records of every shape to attempts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.logs.records import cloudtrail
from oidc_doctor.model.document import Origin

HERE = Origin("aws/cloudtrail/events.json", "/Records/0", 1)
ISSUER = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
ROLE = "arn:aws:iam::210987654321:role/ml/ModelWeights"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be19xk:environment=production:type=model_container"

TEXT = st.text('ab:/9{}[]".\\ \0\u00e9\ud83d', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def record(**changes: Any) -> dict[str, Any]:
    """An exchange that was refused by the trust policy, as CloudTrail shows it."""
    base: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "WebIdentityUser",
            "principalId": f"{ISSUER}:oidc.baseten.co:{SUBJECT}",
            "userName": SUBJECT,
            "identityProvider": ISSUER,
        },
        "eventTime": "2026-11-22T13:27:09Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-west-2",
        "sourceIPAddress": "198.51.100.24",
        "userAgent": "Boto3/1.40.0 md/Botocore#1.40.0",
        "errorCode": "AccessDenied",
        "errorMessage": "An unknown error occurred",
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "weights", "durationSeconds": 3600},
        "responseElements": None,
        "requestID": "5bb8f8e6-9e9b-4f8a-9c1e-2f4d9f0f2c11",
        "eventID": "73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10",
        "readOnly": True,
        "resources": [{"accountId": "210987654321", "type": "AWS::IAM::Role", "ARN": ROLE}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "210987654321",
        "eventCategory": "Management",
    }
    return {**base, **changes}


def accepted(**changes: Any) -> dict[str, Any]:
    """The same exchange, accepted."""
    base = record(
        responseElements={
            "credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE00", "sessionToken": "…", "expiration": "Nov 22, 2026"},
            "subjectFromWebIdentityToken": SUBJECT,
            "assumedRoleUser": {
                "assumedRoleId": "AROAEXAMPLEEXAMPLE000:weights",
                "arn": "arn:aws:sts::210987654321:assumed-role/ModelWeights/weights",
            },
            "provider": ISSUER,
            "audience": "oidc.baseten.co",
        }
    )
    del base["errorCode"], base["errorMessage"]
    return {**base, **changes}


def read(value: Any) -> tuple[list[tuple[dict[str, Any], str]], list[str]]:
    """What `records` gives, and what it notes."""
    notes: list[str] = []
    found = cloudtrail.records(value, Origin("f"), lambda at, what: notes.append(f"{at.pointer}: {what}"))
    return [(each, origin.pointer) for each, origin in found], notes


def test_refused() -> None:
    found = cloudtrail.attempt(record(), HERE)
    assert found is not None
    assert (found.cloud, found.step, found.outcome) == ("aws", "exchange", "refused")
    assert (found.target, found.provider) == (ROLE, ISSUER)
    assert (found.subject, found.audience) == (SUBJECT, "oidc.baseten.co")
    assert (found.error_code, found.error_message) == ("AccessDenied", "An unknown error occurred")
    assert found.time == 1795354029.0
    assert (found.region, found.caller, found.session_name) == ("us-west-2", "198.51.100.24", "weights")
    assert found.duration_seconds == 3600
    assert found.event_id == "73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10"
    assert str(found.origin) == "aws/cloudtrail/events.json event 73ab4876-1f53-4f7c-8a6c-5f1f4b1f7e10"


def test_accepted() -> None:
    found = cloudtrail.attempt(accepted(), HERE)
    assert found is not None
    assert (found.outcome, found.error_code, found.error_message) == ("accepted", None, None)
    assert (found.subject, found.audience) == (SUBJECT, "oidc.baseten.co")


def test_neither_error_nor_credentials_is_unknown() -> None:
    found = cloudtrail.attempt(record(errorCode=None, errorMessage=None), HERE)
    assert found is not None
    assert found.outcome == "unknown"


@pytest.mark.parametrize(
    "other",
    [
        {"eventName": "AssumeRole"},
        {"eventName": "GetCallerIdentity"},
        {"eventName": None},
        {"eventSource": "signin.amazonaws.com"},
    ],
)
def test_other_calls_are_no_attempts(other: dict[str, Any]) -> None:
    assert cloudtrail.attempt(record(**other), HERE) is None


def test_sts_in_china_is_sts() -> None:
    assert cloudtrail.attempt(record(eventSource="sts.amazonaws.com.cn"), HERE) is not None


@pytest.mark.parametrize(
    ("principal", "provider", "subject", "expected"),
    [
        # both sides known
        (f"{ISSUER}:oidc.baseten.co:{SUBJECT}", ISSUER, SUBJECT, (ISSUER, "oidc.baseten.co", SUBJECT)),
        ("p.example/a:https://github.com/acme:repo:acme/x", "p.example/a", "repo:acme/x",
         ("p.example/a", "https://github.com/acme", "repo:acme/x")),
        ("p:urn:acme:prod:job:7", "p", "job:7", ("p", "urn:acme:prod", "job:7")),
        ("p:https://a.example:8443:1:2", "p", "1:2", ("p", "https://a.example:8443", "1:2")),
        # the provider alone
        (f"{ISSUER}:sts.amazonaws.com:organization:acme:pipeline:web:step:", ISSUER, None,
         (ISSUER, "sts.amazonaws.com", "organization:acme:pipeline:web:step:")),
        (f"{ISSUER}:https://github.com/acme:repo:acme/x:pull_request", ISSUER, None,
         (ISSUER, "https://github.com/acme", "repo:acme/x:pull_request")),
        (f"{ISSUER}:https://a.example:8443/x:job:7", ISSUER, None, (ISSUER, "https://a.example:8443/x", "job:7")),
        (f"{ISSUER}://iam.googleapis.com/projects/1/x:job:7", ISSUER, None,
         (ISSUER, "//iam.googleapis.com/projects/1/x", "job:7")),
        (f"{ISSUER}:urn:acme:prod:job:7", ISSUER, None, (ISSUER, None, None)),  # nothing tells where the URN ends
        (f"{ISSUER}:aud", ISSUER, None, (ISSUER, None, None)),
        # the subject alone
        (f"{ISSUER}:oidc.baseten.co:{SUBJECT}", None, SUBJECT, (ISSUER, "oidc.baseten.co", SUBJECT)),
        ("arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB:sts.amazonaws.com:system:serviceaccount:a:b",
         None, "system:serviceaccount:a:b",
         ("arn:aws:iam::1:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB", "sts.amazonaws.com",
          "system:serviceaccount:a:b")),
        # neither
        ("accounts.google.com:app.apps.googleusercontent.com:1167", None, None,
         ("accounts.google.com", "app.apps.googleusercontent.com", "1167")),
        (f"{ISSUER}:oidc.baseten.co:{SUBJECT}", None, None, (ISSUER, "oidc.baseten.co", SUBJECT)),
        # they contradict each other: redacted in one place only
        (f"{ISSUER}:oidc.baseten.co:{SUBJECT}", "arn:aws:iam::***:oidc-provider/oidc.baseten.co", "v=1:***",
         ("arn:aws:iam::***:oidc-provider/oidc.baseten.co", "oidc.baseten.co", "v=1:***")),
        # no principal of a web identity
        ("arn:aws:sts::1:assumed-role/Web/session", None, None, (None, None, None)),
        ("", None, None, (None, None, None)),
        (":::", None, None, (None, None, None)),
    ],
)  # fmt: skip
def test_principal_taken_apart(
    principal: str,
    provider: str | None,
    subject: str | None,
    expected: tuple[str | None, ...],
) -> None:
    assert cloudtrail.principal_parts(principal, provider, subject) == expected


def test_audience_of_the_response_splits_the_principal() -> None:
    identity = {"principalId": f"{ISSUER}:urn:acme:prod:job:7", "identityProvider": ISSUER}
    found = cloudtrail.attempt(
        accepted(userIdentity=identity, responseElements={"credentials": {"a": 1}, "audience": "urn:acme:prod"}), HERE
    )
    assert found is not None
    assert (found.audience, found.subject) == ("urn:acme:prod", "job:7")


@pytest.mark.parametrize("place", ["requestParameters", "responseElements"])
def test_excerpt_with_the_subject_elsewhere(place: str) -> None:
    excerpt = {
        "eventName": "AssumeRoleWithWebIdentity",
        "errorCode": "AccessDenied",
        place: {"roleArn": ROLE, "subjectFromWebIdentityToken": "repo:acme/infra:ref:refs/heads/main"},
    }
    found = cloudtrail.attempt(excerpt, HERE)
    assert found is not None
    assert (found.subject, found.provider, found.audience) == ("repo:acme/infra:ref:refs/heads/main", None, None)
    assert (found.outcome, found.time) == ("refused", cloudtrail.NO_TIME)


def test_excerpt_with_hardly_anything() -> None:
    found = cloudtrail.attempt({"eventName": "AssumeRoleWithWebIdentity", "errorCode": "AccessDenied"}, HERE)
    assert found is not None
    assert (found.target, found.subject, found.outcome) == (None, None, "refused")


def test_role_from_the_resources() -> None:
    found = cloudtrail.attempt(record(requestParameters=None), HERE)
    assert found is not None
    assert found.target == ROLE


def test_parameters_as_text() -> None:
    """Athena and CloudTrail Lake give nested objects as strings."""
    found = cloudtrail.attempt(record(requestParameters=json.dumps({"roleArn": ROLE, "durationSeconds": "900"})), HERE)
    assert found is not None
    assert (found.target, found.duration_seconds) == (ROLE, 900)


def test_tags_source_identity_and_roles_are_claims() -> None:
    found = cloudtrail.attempt(
        accepted(
            requestParameters={
                "roleArn": ROLE,
                "principalTags": {"team": "weights", "cost": "42", "odd": 7},
                "transitiveTagKeys": ["team", None],
                "sourceIdentity": "deploy-bot",
            },
            additionalEventData={"RoleAuthorizedByIdp": True, "identityProviderConnectionVerificationMethod": "x"},
        ),
        HERE,
    )
    assert found is not None
    assert found.claims == (
        ("https://aws.amazon.com/tags/principal_tags/cost", "42"),
        ("https://aws.amazon.com/tags/principal_tags/team", "weights"),
        ("https://aws.amazon.com/tags/transitive_tag_keys", "team"),
        ("https://aws.amazon.com/source_identity", "deploy-bot"),
        ("https://aws.amazon.com/roles", ROLE),
    )


def test_an_event_without_id_gets_a_stable_one() -> None:
    bare = {key: value for key, value in record().items() if key != "eventID"}
    one, two = cloudtrail.attempt(bare, HERE), cloudtrail.attempt(dict(reversed(bare.items())), Origin("other"))
    other = cloudtrail.attempt({**bare, "sourceIPAddress": "198.51.100.25"}, HERE)
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.event_id == two.event_id != other.event_id
    assert one.event_id.startswith("digest-")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22T13:27:09Z", 1795354029.0),
        ("2026-11-22T13:27:09.293368631Z", 1795354029.293368),
        ("2026-11-22T15:27:09+02:00", 1795354029.0),
        ("2026-11-22 13:27:09.000", 1795354029.0),
        ("2026-11-22T13:27:09", 1795354029.0),
        (1795354029, 1795354029.0),
        (1795354029.5, 1795354029.5),
        (1795354029000, 1795354029.0),
    ],
)
def test_times(value: Any, expected: float) -> None:
    assert cloudtrail.epoch(value) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", ["", "yesterday", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", None, True])
def test_what_is_no_time(value: Any) -> None:
    assert cloudtrail.epoch(value) is None


@pytest.mark.parametrize("value", [-1, 0, 10**400, float("nan"), float("inf"), [], {}])
def test_what_is_no_number_of_seconds(value: Any) -> None:
    assert cloudtrail.epoch(value) is None


def test_trail_file() -> None:
    found, notes = read({"Records": [record(), accepted()]})
    assert [pointer for _, pointer in found] == ["/Records/0", "/Records/1"]
    assert notes == []


def test_lookup_events() -> None:
    page: dict[str, Any] = {
        "Events": [
            {"EventId": "e1", "Username": SUBJECT, "CloudTrailEvent": json.dumps(record(eventID="e1"))},
            {
                "EventId": "e2",
                "EventName": "AssumeRoleWithWebIdentity",
                "EventTime": "2026-11-22T14:27:09+01:00",
                "EventSource": "sts.amazonaws.com",
                "Username": SUBJECT,
                "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": ROLE}, None],
                "CloudTrailEvent": '{"eventVersion": "1.11", "userId',
            },
            {"EventId": "e3", "EventName": "AssumeRoleWithWebIdentity", "EventTime": 1795354029.0},
        ],
        "NextToken": "abc",
    }
    found, notes = read(page)
    assert [pointer for _, pointer in found] == ["/Events/0/CloudTrailEvent", "/Events/1", "/Events/2"]
    assert [note.partition(":")[0] for note in notes] == ["/Events/1", "/Events/2"]
    attempts = [cloudtrail.attempt(each, HERE) for each, _ in found]
    assert all(attempts)
    assert [(a.event_id, a.time, a.outcome) for a in attempts if a] == [
        ("e1", 1795354029.0, "refused"),
        ("e2", 1795354029.0, "unknown"),
        ("e3", 1795354029.0, "unknown"),
    ]
    assert attempts[1] is not None
    assert (attempts[1].subject, attempts[1].target) == (SUBJECT, ROLE)


@pytest.mark.parametrize(
    "value",
    [
        record(),
        [record()],
        [{"Records": [record()]}],
        json.dumps(record()),
        [json.dumps(record())],
        {"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": record()},
        {"events": [{"logStreamName": "s", "timestamp": 1, "message": json.dumps(record())}], "searchedLogStreams": []},
        {"Events": [{"CloudTrailEvent": record()}]},
    ],
    ids=["record", "list", "pages", "text", "texts", "eventbridge", "cloudwatch", "event-not-as-text"],
)
def test_wrappers(value: Any) -> None:
    found, notes = read(value)
    assert [each for each, _ in found] == [record()]
    assert notes == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"awsAccountId": "1", "digestStartTime": "2026-11-22T13:00:00Z", "logFiles": []}, "digest file"),
        ({"Records": [{"eventType": "AwsCloudTrailInsight", "eventID": "x", "insightDetails": {}}]}, "Insights"),
        ({"Records": [record(eventCategory="Insight")]}, "Insights"),
        ({"Records": [7, None, "text", []]}, "not a CloudTrail record but a number"),
        ({"hello": "world"}, "not a CloudTrail record"),
        ({"message": "not json"}, "not a CloudTrail record"),
        ("{half", "half of one"),
    ],
)
def test_what_is_no_record_is_named(value: Any, words: str) -> None:
    found, notes = read(value)
    assert found == []
    assert any(words in note for note in notes)


def test_deep_wrappers_end() -> None:
    value: Any = record()
    for _ in range(300):
        value = [value]
    found, notes = read(value)
    assert found == []
    assert len(notes) == 1


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(record())), JSON))
def test_attempt_never_raises(changes: dict[str, Any]) -> None:
    changed = record(**{**changes, "eventName": cloudtrail.EVENT_NAME, "eventSource": "sts.amazonaws.com"})
    found = cloudtrail.attempt(changed, HERE)
    assert found is not None
    assert found.event_id


@settings(deadline=None)
@given(JSON, JSON, JSON, TEXT)
def test_attempt_never_raises_inside(identity: Any, request: Any, response: Any, principal: str) -> None:
    changed = record(
        userIdentity={"principalId": principal, "identityProvider": identity, "userName": response},
        requestParameters={"principalTags": request, "transitiveTagKeys": identity, "durationSeconds": request},
        responseElements={"credentials": identity, "audience": principal, "provider": response},
    )
    assert cloudtrail.attempt(changed, HERE) is not None


@settings(deadline=None)
@given(JSON)
def test_records_never_raise(value: Any) -> None:
    for wrapped in (value, {"Records": value}, {"Events": [{"CloudTrailEvent": value}]}, {"message": value}):
        for found, _ in read(wrapped)[0]:
            cloudtrail.attempt(found, HERE)
