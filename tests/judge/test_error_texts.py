"""The table of the clouds' sentences: every row, old and new wording, in every SDK's wrapping, and hostile texts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from oidc_doctor.judge import error_texts
from oidc_doctor.judge.error_texts import before, read_error
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS

ROLE = "arn:aws:iam::210987654321:role/ModelWeights"

# (code, text on the wire), steps, kind
AWS: list[tuple[str, str, str, Kind | None]] = [
    ("ValidationError", "Request ARN is invalid", "request", Kind.ROLE_ARN_MALFORMED),
    (
        "ValidationError",
        (
            "1 validation error detected: Value 'x' at 'roleArn' failed to satisfy constraint: Member must have length "
            "greater than or equal to 20"
        ),
        "request",
        Kind.ROLE_ARN_MALFORMED,
    ),
    (
        "ValidationError",
        (
            "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [\\w+=,.@-]*"
        ),
        "request",
        Kind.REQUEST_MALFORMED,
    ),
    (
        "ValidationError",
        "1 validation error detected: Value '100' at 'durationSeconds' failed to satisfy constraint",
        "request",
        Kind.REQUEST_MALFORMED,
    ),
    (
        "InvalidIdentityToken",
        "The web identity token that was passed is not a Login With Amazon token",
        "request",
        Kind.PROVIDER_ID_SENT,
    ),
    ("ValidationError", "Unrecognized OAuth provider: oidc.baseten.co", "request", Kind.PROVIDER_ID_SENT),
    (
        "RegionDisabledException",
        (
            "STS is not activated in this region for account:210987654321. Your account "
            "administrator can activate STS in this region using the IAM Console."
        ),
        "request",
        Kind.STS_REGION_DISABLED,
    ),
    (
        "PackedPolicyTooLarge",
        "Packed policy consumes 128% of allotted space, please use smaller policy.",
        "request",
        Kind.SESSION_POLICY_TOO_LARGE,
    ),
    ("InvalidIdentityToken", "Missing a required claim: sub", "token", Kind.CLAIM_MISSING),
    ("InvalidIdentityToken", "Claim is not allowed to be empty: sub", "token", Kind.CLAIM_MALFORMED),
    ("InvalidIdentityToken", error_texts.MORE_THAN_ONE_AUDIENCE, "token", Kind.AUDIENCE_LIST_WITHOUT_AZP),
    ("InvalidIdentityToken", error_texts.INVALID_TIMESTAMP, "token", Kind.CLAIM_MALFORMED),
    ("InvalidIdentityToken", "Token issued in the future", "token", Kind.TOKEN_ISSUED_IN_FUTURE),
    ("InvalidIdentityToken", "Token not yet valid", "token", Kind.TOKEN_NOT_YET_VALID),
    (
        "ExpiredTokenException",
        "Token expired: current date/time 1795387200 must be before the expiration date/time 1795380000",
        "token",
        Kind.TOKEN_EXPIRED,
    ),
    ("InvalidIdentityToken", error_texts.NOT_A_JWT, "token", None),
    ("InvalidIdentityToken", "Unknown error validating third-party token", "token", Kind.CLAIM_MALFORMED),
    ("InvalidIdentityToken", error_texts.TAGS_FORMAT, "session-claims", Kind.TAGS_CLAIM_MALFORMED),
    ("InvalidIdentityToken", error_texts.PRINCIPAL_TAGS_FORMAT, "session-claims", Kind.TAGS_CLAIM_MALFORMED),
    ("InvalidIdentityToken", error_texts.ROLES_EXCLUDE, "session-claims", Kind.ROLES_CLAIM_EXCLUDES_ROLE),
    ("InvalidIdentityToken", error_texts.ROLES_NO_VALID, "session-claims", Kind.ROLES_CLAIM_MALFORMED),
    ("InvalidIdentityToken", error_texts.ROLES_FORMAT, "session-claims", Kind.ROLES_CLAIM_MALFORMED),
    # old wording, then the one sentence that took its place
    (
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for https://oidc.baseten.co",
        "provider",
        None,
    ),
    ("InvalidIdentityToken", "Incorrect token audience", "audience", None),
    ("InvalidIdentityToken", error_texts.COULD_NOT_VALIDATE, "provider audience", None),
    (
        "InvalidIdentityToken",
        "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
        "keys",
        Kind.THUMBPRINT_MISMATCH,
    ),
    ("InvalidIdentityToken", error_texts.NO_VERIFICATION_KEY, "keys", None),
    ("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider", "keys", None),
    ("IDPCommunicationError", "The identity provider could not be reached", "keys", Kind.ISSUER_UNREACHABLE),
    ("AccessDenied", error_texts.NOT_AUTHORIZED, "authorise", None),
    ("AccessDenied", "An unknown error occurred", "authorise", None),
    ("ValidationError", error_texts.DURATION_OVER_LIMIT, "duration", Kind.SESSION_DURATION_OVER_LIMIT),
]
GOOGLE: list[tuple[str, str, str, Kind | None]] = [
    ("invalid_target", error_texts.INVALID_TARGET, "target", None),
    ("invalid_request", error_texts.INVALID_AUDIENCE, "target", Kind.REQUEST_AUDIENCE_MALFORMED),
    (
        "invalid_grant",
        "The issuer in ID Token https://a.example does not match the expected ones: https://b.example",
        "issuer",
        Kind.ISSUER_MISMATCH,
    ),
    (
        "invalid_grant",
        "The issuer in ID Token https://a.example does not match the expected one in config: https://b.example",
        "issuer",
        Kind.ISSUER_MISMATCH,
    ),
    (
        "invalid_grant",
        "The issuer in ID Token null does not match the expected ones: https://b.example",
        "issuer",
        Kind.CLAIM_MISSING,
    ),
    (
        "invalid_grant",
        "The audience in ID Token [sts.amazonaws.com] does not match the expected audience.",
        "audience",
        None,
    ),
    (
        "invalid_grant",
        "The audience in ID Token [] does not match the expected audience.",
        "audience",
        Kind.CLAIM_MISSING,
    ),
    ("invalid_grant", "ID Token issued at 1795300000 is stale to sign-in.", "times", None),
    ("invalid_grant", "ID Token issued at null is stale to sign-in.", "times", Kind.CLAIM_MISSING),
    ("invalid_grant", error_texts.ISSUER_CONNECTION, "keys", None),
    ("invalid_grant", error_texts.SIGNATURE_UNVERIFIED, "keys", Kind.SIGNATURE_INVALID),
    ("invalid_grant", error_texts.UNPARSABLE, "token", Kind.NOT_A_JWT),
    ("unauthorized_client", error_texts.CONDITION_REJECTED, "condition", None),
    ("unauthorized_client", error_texts.NO_SUBJECT, "mapping", None),
    ("invalid_request", error_texts.SUBJECT_TOO_LONG, "mapping", Kind.SUBJECT_OVER_LIMIT),
    (
        "invalid_request",
        "The mapped attribute attribute.team must be of type STRING.",
        "mapping",
        Kind.MAPPED_ATTRIBUTE_NOT_STRING,
    ),
    (
        "invalid_request",
        "The current count of 51 mapped attributes exceeds the limit of 50",
        "mapping",
        Kind.ATTRIBUTES_OVER_LIMIT,
    ),
    (
        "invalid_request",
        "The size of the entire mapped attributes exceeds the 8192 bytes limit.",
        "mapping",
        Kind.ATTRIBUTES_OVER_LIMIT,
    ),
    ("quota_exceeded", "The request was throttled due to rate limit on STS", "target", Kind.REQUEST_THROTTLED),
]
# What no STS endpoint says: the caller, the runner, the set-up, the service behind.
OTHERS: list[tuple[str, str | None, str, Kind | None]] = [
    ("Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable", None, "obtain", Kind.TOKEN_NOT_ISSUED),
    ("It looks like you might be missing `id-token: write`", None, "obtain", Kind.TOKEN_NOT_ISSUED),
    ("Error: Could not load credentials from any providers", "aws", "obtain", Kind.TOKEN_NOT_ISSUED),
    ("lifetime too high (requested: 7200, max: 3600)", None, "obtain", Kind.TOKEN_LIFETIME_OVER_LIMIT),
    ("OIDC token file is not readable", None, "obtain", Kind.TOKEN_NOT_ISSUED),
    (
        "FileNotFoundError: No such file or directory: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
        None,
        "obtain",
        Kind.TOKEN_NOT_ISSUED,
    ),
    ("need either OIDC config or secret_id", None, "obtain", Kind.NO_TOKEN_SENT),
    (
        (
            'Unauthenticated request. Unauthenticated requests do not have permission "artifactregistry.repositories.'
            'downloadArtifacts"'
        ),
        "gcp",
        "obtain",
        Kind.NO_TOKEN_SENT,
    ),
    ("ExternalId is not supported", "aws", "obtain", Kind.EXTERNAL_ID_UNSUPPORTED),
    (
        (
            "User: arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: sts:AssumeRole on "  # noqa: E501
            f"resource: {ROLE}"
        ),
        "aws",
        "obtain",
        Kind.SELF_ASSUME_NOT_ALLOWED,
    ),
    (
        "User: arn:aws:iam::210987654321:user/dev is not authorized to perform: sts:AssumeRole on resource: " + ROLE,
        "aws",
        "obtain",
        Kind.NOT_WEB_IDENTITY_FLOW,
    ),
    (
        "Trust policy with trusted principal oidc.baseten.co must have a condition",
        "aws",
        "authorise",
        Kind.TRUST_POLICY_WRITE_REFUSED,
    ),
    (
        "An error occurred (MalformedPolicyDocument) when calling the AssumeRoleWithWebIdentity operation: bad policy",
        "aws",
        "request",
        Kind.REQUEST_MALFORMED,
    ),
    (
        (
            "An error occurred (MalformedPolicyDocument) when calling the UpdateAssumeRolePolicy operation: Invalid "
            "principal in policy"
        ),
        "aws",
        "authorise",
        Kind.TRUST_POLICY_WRITE_REFUSED,
    ),
    (
        "User is not authorized to perform: sts:TagSession on resource",
        "aws",
        "authorise",
        Kind.SESSION_TAGS_NOT_ALLOWED,
    ),
    (
        "User is not authorized to perform: sts:SetSourceIdentity on resource",
        "aws",
        "authorise",
        Kind.SOURCE_IDENTITY_NOT_ALLOWED,
    ),
    (
        (
            "User: arn:aws:sts::210987654321:assumed-role/ModelWeights/w is not authorized to perform: s3:GetObject on "
            "resource: x"
        ),
        "aws",
        "permission",
        Kind.PERMISSION_MISSING,
    ),
    ("operation error STS: AssumeRoleWithWebIdentity, api error AccessDenied: no", "aws", "authorise", None),
    (
        "An error occurred (ExpiredToken) when calling the GetObject operation: The provided token is expired.",
        "aws",
        "permission",
        Kind.SESSION_EXPIRED,
    ),
    ("An error occurred (IDPRejectedClaim): rejected", "aws", "request token", Kind.PROVIDER_ID_SENT),
    ("InvalidIdentityToken", "aws", "token provider audience keys session-claims", None),
    (
        "The attribute condition must reference one of the provider's claims.",
        "gcp",
        "configure",
        Kind.ATTRIBUTE_CONDITION_REQUIRED,
    ),
    (
        "Org Policy violated for value: 'https://oidc.baseten.co'",
        "gcp",
        "configure",
        Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY,
    ),
    ("constraints/iam.workloadIdentityPoolProviders", "gcp", "configure", Kind.ISSUER_FORBIDDEN_BY_ORG_POLICY),
    ("spec.member in body should match '^x$'", "gcp", "configure impersonate", Kind.MEMBER_MALFORMED),
    ("Error 409: Requested entity already exists", "gcp", "configure target", None),
    ("The issuer in ID Token", "gcp", "issuer", Kind.ISSUER_MISMATCH),
    (
        "IAM Service Account Credentials API has not been used in project 482910375566 before or it is disabled.",
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    (
        "Security Token Service API has not been used in project 482910375566 before or it is disabled.",
        "gcp",
        "target impersonate",
        Kind.API_DISABLED,
    ),
    (
        '{"service": "iamcredentials.googleapis.com", "reason": "SERVICE_DISABLED"}',
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    (
        '{"reason": "SERVICE_DISABLED", "service": "iamcredentials.googleapis.com"}',
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    ("SERVICE_DISABLED", "gcp", "target impersonate", Kind.API_DISABLED),
    (
        (
            "Caller does not have required permission to use project weights-prod. Grant the caller "
            "serviceusage.services.use"
        ),
        "gcp",
        "impersonate",
        Kind.QUOTA_PROJECT_PERMISSION,
    ),
    (
        "Not found; Gaia id not found for email baseten@weights-prod.iam.gserviceaccount.com",
        "gcp",
        "impersonate",
        Kind.SERVICE_ACCOUNT_MISSING,
    ),
    ("lifetimes of more than 1 hour", "gcp", "impersonate", Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT),
    ("access_token_lifetime", "gcp", "impersonate", Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT),
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "gcp", "permission", Kind.SCOPE_MISSING),
    (
        "google.auth.exceptions.MalformedError: credential_source is missing",
        "gcp",
        "obtain",
        Kind.CREDENTIAL_CONFIG_INVALID,
    ),
    (error_texts.IMPERSONATION_DENIED, "gcp", "impersonate", None),
    ("Unable to acquire impersonated credentials", "gcp", "impersonate", None),
    ("Request contains an invalid argument.", "gcp", "impersonate", Kind.SCOPE_MISSING),
    (
        "caller does not have storage.objects.get access to the Google Cloud Storage object.",
        "gcp",
        "permission",
        Kind.PERMISSION_MISSING,
    ),
    (
        "Error 400: FAILED_PRECONDITION: WorkloadIdentityPool ci is in DELETED state",
        "gcp",
        "configure target",
        Kind.POOL_DELETED,
    ),
    (
        "API [iamcredentials.googleapis.com] not enabled on project [482910375566]. Would you like to enable and retry",
        "gcp",
        "impersonate",
        Kind.API_DISABLED,
    ),
    (
        "API [sts.googleapis.com] not enabled on project [482910375566].",
        "gcp",
        "target impersonate",
        Kind.API_DISABLED,
    ),
    ("The caller does not have permission", "gcp", "impersonate permission", None),
    (
        "An error occurred (AccessDenied) when calling the GetObject operation: Access Denied",
        "aws",
        "permission",
        Kind.PERMISSION_MISSING,
    ),
]


def botocore(code: str, text: str) -> str:
    call = "AssumeRoleWithWebIdentity"
    return f"botocore.errorfactory.X: An error occurred ({code}) when calling the {call} operation: {text}"


def botocore_old(code: str, text: str) -> str:
    """As the command line prints it, after a blank line."""
    return f"\nAn error occurred ({code}) when calling the AssumeRoleWithWebIdentity operation: {text}\n"


def go_v2(code: str, text: str) -> str:
    return (
        "failed to refresh cached credentials, failed to retrieve credentials, operation error STS: "
        "AssumeRoleWithWebIdentity, https response error StatusCode: 400, RequestID: "
        f"0c2a3b1d-7f63-4f0e-a8b2-0e4f6d1c5a7e, api error {code}: {text}"
    )


def go_v2_typed(code: str, text: str) -> str:
    return (
        "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, RequestID: "
        f"0c2a3b1d-7f63-4f0e-a8b2-0e4f6d1c5a7e, {code}Exception: {text}"
    )


def javascript(code: str, text: str) -> str:
    return (
        f"{code}: {text}\n"
        "    at throwDefaultError (/app/node_modules/@smithy/smithy-client/dist-cjs/index.js:867:20)\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {\n"
        "  '$fault': 'client',\n  '$metadata': { httpStatusCode: 403, attempts: 1, totalRetryDelay: 0 },\n"
        f"  Type: 'Sender',\n  Code: '{code}'\n}}"
    )


def github_aws(code: str, text: str) -> str:
    del code
    return f"Error: Could not assume role with OIDC: {text}"


def xml(code: str, text: str) -> str:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
    )


def java(code: str, text: str) -> str:
    return (
        f"software.amazon.awssdk.services.sts.model.{code}Exception: {text} (Service: Sts, Status Code: 400, Request "
        "ID: 0c2a3b1d-7f63-4f0e-a8b2-0e4f6d1c5a7e)"
    )


def plain(code: str, text: str) -> str:
    del code
    return text


def google_auth(code: str, text: str) -> str:
    body = json.dumps({"error": code, "error_description": text})
    return f"google.auth.exceptions.OAuthError: ('Error code {code}: {text}', '{body}')"


def github_google(code: str, text: str) -> str:
    body = json.dumps({"error": code, "error_description": text})
    return (
        "Error: google-github-actions/auth failed with: failed to generate Google Cloud federated token for "
        "//iam.googleapis.com/projects/482910375566/locations/global/workloadIdentityPools/baseten-pool/providers/"
        f"baseten-provider: {body}"
    )


def go_google(code: str, text: str) -> str:
    body = json.dumps({"error": code, "error_description": text})
    return f"oauth2/google: status code 400: {body}"


Wrapper = Callable[[str, str], str]
_AWS_WRAPPERS = [plain, botocore, botocore_old, go_v2, go_v2_typed, java, javascript, github_aws, xml]
_GOOGLE_WRAPPERS = [plain, google_auth, github_google, go_google]


@pytest.mark.parametrize("wrapper", _AWS_WRAPPERS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("code", "text", "steps", "kind"), AWS, ids=[one[1][:40] for one in AWS])
def test_aws_in_every_wrapping(wrapper: Wrapper, code: str, text: str, steps: str, kind: Kind | None) -> None:
    if code == "IDPCommunicationError" and wrapper in (plain, github_aws):
        pytest.skip("the code alone tells it")
    reading = read_error(wrapper(code, text), "error.txt")
    assert reading is not None
    assert (reading.cloud, reading.steps, reading.kind) == ("aws", frozenset(steps.split()), kind)
    assert reading.source == "error.txt"


@pytest.mark.parametrize("wrapper", _GOOGLE_WRAPPERS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("code", "text", "steps", "kind"), GOOGLE, ids=[one[1][:60] for one in GOOGLE])
def test_google_in_every_wrapping(wrapper: Wrapper, code: str, text: str, steps: str, kind: Kind | None) -> None:
    reading = read_error(wrapper(code, text))
    assert reading is not None
    assert (reading.cloud, reading.steps, reading.kind) == ("gcp", frozenset(steps.split()), kind)


@pytest.mark.parametrize(("text", "cloud", "steps", "kind"), OTHERS, ids=[one[0][:50] for one in OTHERS])
def test_before_and_after_the_exchange(text: str, cloud: str | None, steps: str, kind: Kind | None) -> None:
    reading = read_error(text)
    assert reading is not None
    assert (reading.cloud, reading.steps, reading.kind) == (cloud, frozenset(steps.split()), kind)


def test_every_row_of_the_table_is_met_by_some_sentence() -> None:
    met = set()
    for text in [*(one[1] for one in AWS + GOOGLE), *(botocore(*one[:2]) for one in AWS), *(one[0] for one in OTHERS)]:
        met.add(next((row for pattern, row in error_texts._compiled() if pattern.search(text)), None))
    assert [row.pattern for row in error_texts._ROWS if row not in met] == []


def test_every_row_names_steps_and_kinds_that_exist() -> None:
    for row in error_texts._ROWS:
        for cloud in (row.cloud,) if row.cloud else ("aws", "gcp"):
            known = {step.id for step in STEPS[cloud]}
            assert set(row.steps.split()) <= known, row.pattern
            if row.kind is not None:
                assert any(place[0] == cloud for place in row.kind.steps) or row.kind == Kind.MEMBER_MALFORMED, (
                    row.pattern
                )


@pytest.mark.parametrize(
    "text", ["", " ", "all is well", "Error: the cloud is having a bad day", "HTTP 500", "\x00\x1b[31m", "é" * 50]
)
def test_a_sentence_that_is_not_known(text: str) -> None:
    assert read_error(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param(
            "User: arn:aws:sts::210987654321:assumed-role/external-id-reader/w is not authorized to perform: "
            "s3:GetObject on resource: x",
            Kind.PERMISSION_MISSING,
        ),
        pytest.param(
            "Error: Could not assume role with OIDC: No OpenIDConnect provider found in your account for https://x\n"
            "Error: Could not load credentials from any providers",
            None,
        ),
        pytest.param(
            "env: ACTIONS_ID_TOKEN_REQUEST_URL=https://x\nError: Could not assume role with OIDC: "
            + error_texts.NOT_AUTHORIZED,
            None,
        ),
    ],
)
def test_the_cloud_s_own_sentence_decides(text: str, kind: Kind | None) -> None:
    reading = read_error(text)
    assert reading is not None
    assert reading.kind is kind


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("Missing a required claim: sub", {"sub"}),
        ("Missing a required claim: exp", {"exp"}),
        ("The issuer in ID Token null does not match the expected ones: x", {"iss"}),
        ("The audience in ID Token [] does not match", {"aud"}),
        ("ID Token issued at null is stale to sign-in.", {"iat"}),
        ("ID Token issued at 17 is stale to sign-in.", set()),
    ],
)
def test_the_claims_that_the_error_calls_missing(text: str, claims: set[str]) -> None:
    reading = read_error(text)
    assert reading is not None
    assert reading.missing_claims == claims


def test_the_facts_of_an_issuer_that_differs() -> None:
    reading = read_error("The issuer in ID Token https://a does not match the expected ones: https://b")
    assert reading is not None
    assert reading.facts == {"found": "https://a", "wanted": "https://b"}


@pytest.mark.parametrize(
    ("cloud", "steps", "passed"),
    [
        ("aws", {"authorise"}, "obtain request token provider audience keys session-claims"),
        ("aws", {"provider", "audience"}, "obtain request token"),
        ("aws", {"obtain"}, ""),
        ("aws", set(), ""),
        ("aws", {"no-such-step"}, ""),
        ("gcp", {"condition"}, "configure obtain target token issuer audience times keys"),
        # the mapping's errors are reported after the condition's
        ("gcp", {"mapping"}, "configure obtain target token issuer audience times keys condition"),
        (
            "gcp",
            {"impersonate", "permission"},
            "configure obtain target token issuer audience times keys condition mapping",
        ),
    ],
)
def test_the_steps_before(cloud: str, steps: set[str], passed: str) -> None:
    assert before(cloud, frozenset(steps)) == set(passed.split())  # type: ignore[arg-type]


_ASSUMED = "assumed-role/x/ is not authorized to perform: sts:AssumeRole on resource: "
HOSTILE = {
    "long": "a" * 100_000,
    "spaces": " " * 100_000,
    "lines": "\n" * 100_000,
    "words": "AccessDenied " * 8_000,
    "roles": "assumed-role/a" * 7_000,
    "roles-apart": "assumed-role/a/" * 7_000,
    "resources": _ASSUMED + "role/" * 20_000,
    "many-resources": (_ASSUMED + "role/a/") * 1_200,
    "assume": "sts:AssumeRole " * 7_000,
    "web-identity": "AssumeRoleWithWebIdentity" * 4_000,
    "malformed": "MalformedPolicyDocument" * 4_500,
    "apis": "A Aa aa " * 12_500,
    "disabled": "SERVICE_DISABLED" * 6_000,
    "credentials": "iamcredentials.googleapis.com" * 3_500,
    "servers": "metadata server" * 6_500,
    "files": "No such file or directory" * 4_000,
    "tokens": "WEB_IDENTITY_TOKEN_FILE" * 4_300,
    "issuers": "The issuer in ID Token " * 4_300,
    "permissions": "not authorized to perform " * 3_800,
    "lifetimes": "lifetime too high (requested: " + "9" * 100_000,
    "already": "workload identity" * 5_800,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_quick(name: str) -> None:
    read_error("warm up")
    start = time.process_time()
    read_error(HOSTILE[name])
    assert time.process_time() - start < 0.5
