"""The table of the clouds' sentences: every row, old and new wording, in every SDK's wrapping, and hostile texts."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from oidc_doctor.judge import error_texts
from oidc_doctor.judge.error_texts import before, read_error
from oidc_doctor.model.case import Reading
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.speakers import SPEAKERS
from oidc_doctor.model.steps import STEPS, Cloud

ROOT = Path(__file__).resolve().parents[2]

ROWS = error_texts.table()
SAMPLES = [(row, code, text) for row in ROWS for code, text in row["samples"]]
AWS = [sample for sample in SAMPLES if sample[1] and sample[0]["speaker"].startswith("aws")]
GOOGLE = [sample for sample in SAMPLES if sample[1] and sample[0]["speaker"].startswith("google")]
# What no STS endpoint says: the caller, the runner, the set-up, the service behind.
OTHERS = [sample for sample in SAMPLES if not sample[1]]


def cloud_of(row: dict[str, Any]) -> Cloud | None:
    cloud: Cloud | None = row.get("cloud") or SPEAKERS[row["speaker"]].cloud
    return cloud


def reads_as(row: dict[str, Any], reading: Reading | None) -> bool:
    """Whether a text was read as this row says."""
    return reading is not None and (reading.cloud, reading.steps, reading.kind, reading.proves) == (
        cloud_of(row),
        frozenset(row["steps"].split()),
        row.get("kind"),
        row.get("proves", True),
    )


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


def title(value: object) -> str:
    return value[:50] if isinstance(value, str) else getattr(value, "__name__", "row")


@pytest.mark.parametrize("wrapper", _AWS_WRAPPERS, ids=title)
@pytest.mark.parametrize(("row", "code", "text"), AWS, ids=title)
def test_aws_in_every_wrapping(wrapper: Wrapper, row: dict[str, Any], code: str, text: str) -> None:
    if code == "IDPCommunicationError" and wrapper in (plain, github_aws):
        pytest.skip("the code alone tells it")
    reading = read_error(wrapper(code, text), "error.txt")
    assert reads_as(row, reading)
    assert reading is not None
    assert reading.source == "error.txt"


@pytest.mark.parametrize("wrapper", _GOOGLE_WRAPPERS, ids=title)
@pytest.mark.parametrize(("row", "code", "text"), GOOGLE, ids=title)
def test_google_in_every_wrapping(wrapper: Wrapper, row: dict[str, Any], code: str, text: str) -> None:
    assert reads_as(row, read_error(wrapper(code, text)))


@pytest.mark.parametrize(("row", "code", "text"), OTHERS, ids=title)
def test_before_and_after_the_exchange(row: dict[str, Any], code: str, text: str) -> None:
    assert reads_as(row, read_error(code + text))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["patterns"][0][:40])
def test_a_row_is_complete_and_names_steps_and_kinds_that_exist(row: dict[str, Any]) -> None:
    optional = {"call", "cloud", "kind", "proves", "claim", "token", "follows_steps"}
    assert {"patterns", "speaker", "steps", "source", "samples"} <= set(row)
    assert set(row) - optional == {"patterns", "speaker", "steps", "source", "samples"}
    assert SPEAKERS[row["speaker"]].cloud is None or "cloud" not in row, "the speaker says it"
    assert row["source"]
    assert row["samples"], "no text shows what this row is for"
    assert ("claim" in row) == any("(?P<absent>" in pattern for pattern in row["patterns"])
    for cloud in (cloud_of(row),) if cloud_of(row) else get_args(Cloud):
        assert set(row["steps"].split()) <= {step.id for step in STEPS[cloud]}
        if "kind" in row:
            kind = Kind(row["kind"])
            # that a member is malformed is also said where a binding is written
            assert any(place[0] == cloud for place in kind.steps) or kind is Kind.MEMBER_MALFORMED


@pytest.mark.parametrize(
    ("text", "steps", "kind"),
    [
        ("Token issued in the future", "token", Kind.TOKEN_ISSUED_IN_FUTURE),
        (error_texts.ROLES_EXCLUDE, "session-claims", Kind.ROLES_CLAIM_EXCLUDES_ROLE),
        (error_texts.COULD_NOT_VALIDATE, "provider audience keys", None),
        (error_texts.NO_VERIFICATION_KEY, "keys", None),
        (error_texts.NOT_AUTHORIZED, "authorise", None),
        (error_texts.INVALID_TARGET, "target", None),
        (error_texts.CONDITION_REJECTED, "condition", None),
        (error_texts.SIGNATURE_UNVERIFIED, "keys", Kind.SIGNATURE_INVALID),
        ("Error 409: Requested entity already exists", "configure target", None),
        (error_texts.IMPERSONATION_DENIED, "impersonate", None),
        ("Permission 'iam.serviceaccounts.getaccesstoken' denied on resource", "impersonate", None),
        ("Permission 'iam.serviceAccounts.signBlob' denied on resource", "permission", Kind.PERMISSION_MISSING),
        ("Your default credentials were not found.", "obtain", Kind.CREDENTIAL_CONFIG_INVALID),
        ("Error 400: Identity Pool does not exist (p.svc.id.goog).", "configure", Kind.WORKLOAD_POOL_MISSING),
    ],
)
def test_what_the_table_is_to_say_of_the_commonest_sentences(text: str, steps: str, kind: Kind | None) -> None:
    reading = read_error(text)
    assert reading is not None
    assert (reading.steps, reading.kind) == (frozenset(steps.split()), kind)


EXPECTED = {name: text for name, text in vars(error_texts).items() if name[0].isupper() and isinstance(text, str)}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sentence_that_the_judge_expects_is_in_the_table(name: str) -> None:
    assert read_error(EXPECTED[name]) is not None


@pytest.mark.parametrize(("sample", "loaded"), [("healthy-gcp", False), ("gcp-condition-false", True)])
def test_the_table_is_loaded_only_for_an_error_text(sample: str, *, loaded: bool) -> None:
    code = (
        "import sys; from oidc_doctor.cli.main import main; from oidc_doctor.judge import error_texts\n"
        "main(['--report', '--from', sys.argv[1]])\n"
        "print(error_texts._rows_of.cache_info().currsize)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, f"sample_logs/{sample}"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert (run.stdout.splitlines()[-1] != "0") == loaded


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


GCS_ACCESS = "does not have storage.objects.get access to the Google Cloud Storage object."


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            '{"message":"Not found; Gaia id not found for email w@p.iam.gserviceaccount.com","status":"NOT_FOUND"}',
            {"service_account": "w@p.iam.gserviceaccount.com"},
        ),
        (f'"message": "w@p.example {GCS_ACCESS}"', {"caller": "w@p.example", "permission": "storage.objects.get"}),
        (
            'PERMISSION_DENIED: Permission \\"run.services.get\\" denied on resource \\"namespaces/p/s\\", status',
            {"permission": "run.services.get", "resource": "namespaces/p/s"},
        ),
        (
            (
                "Permission 'pubsub.topics.get' denied on resource 'x/y' (or it may not exist). It is authenticated as "
                "w@p.example which is the active account"
            ),
            {"permission": "pubsub.topics.get", "resource": "x/y", "caller": "w@p.example"},
        ),
        (
            "Missing necessary permission iam.serviceAccounts.actAs for w@p.example on the service account v@p.ex. It",
            {"permission": "iam.serviceAccounts.actAs", "caller": "w@p.example", "resource": "v@p.ex"},
        ),
        ("Caller does not have required permission to use project p-1.", {"project": "p-1"}),
        ("Kubernetes Engine API has not been used in project p-1.", {"api": "Kubernetes Engine", "project": "p-1"}),
        ("policy. vpcServiceControlsUniqueIdentifier: a-B_c., vpcServiceControls", {"identifier": "a-B_c"}),
    ],
)
def test_google_s_facts_are_without_what_stands_around_them(text: str, facts: dict[str, str]) -> None:
    reading = read_error(text)
    assert reading is not None
    assert reading.facts == facts


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_request", "invalid_target", "unauthorized_client"])
@pytest.mark.parametrize("wrapper", _GOOGLE_WRAPPERS[1:], ids=title)
def test_an_oauth_code_is_the_exchange_s_whatever_stands_beside_it(wrapper: Wrapper, code: str) -> None:
    text = "Permission 'storage.objects.get' denied on a new sort of thing, UNAUTHENTICATED."
    reading = read_error(wrapper(code, text))
    assert reading is not None
    assert (reading.speaker, reading.kind, reading.follows_steps) == (
        "google-sts",
        None,
        code == "invalid_target",
    )
    if code == "invalid_target":
        assert reading.steps == {"target"}
    else:
        assert reading.steps == {step.id for step in STEPS["gcp"] if step.exchange} - {"impersonate"}


@pytest.mark.parametrize(
    "text",
    [
        "denied: requested access to the resource is denied",
        "toomanyrequests: You have reached your pull rate limit. 429 Too Many Requests",
        "googleapi: Error 403: Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1., quotaExceeded",
        "googleapi: Error 412: Constraint constraints/gcp.resourceLocations violated, conditionNotMet",
        "403 Forbidden https://storage.googleapis.com/packages stable InRelease",
        "404 GET https://storage.googleapis.com/storage/v1/b/w: The specified bucket does not exist.",
        "unauthorized: authentication failed",
        "gcr.io/p/base:1: failed to fetch oauth token: unexpected status: 403 Forbidden",
        "You need roles/storage.objectViewer; storage.googleapis.com answered 200",
    ],
)
def test_words_of_google_s_world_that_name_no_fault(text: str) -> None:
    assert read_error(text) is None


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
    "callers": "Caller does not have " * 4_700,
    "emails": "a.b@c.d" * 14_000,
    "permission-names": "Permission 'a.b.c' " * 5_200,
    "dots": "Permission " + "a.b" * 33_000,
    "buckets": "/b/bucket/" * 10_000,
    "perimeters": "vpcServiceControlsUniqueIdentifier " * 2_800,
    "impersonations": "generateAccessToken " * 5_000,
    "denials": "denied by " * 10_000,
    "quotas": "quota exceeded for quota metric " * 3_100,
    "reasons": "IAM_PERMISSION_DENIED permission " * 3_000,
    "requires": "User 'a@b.c' cannot get resource " * 3_000,
    "grants": "permission grant 403 " * 4_700,
    "codes": 'error": "' * 11_000,
    "registries": "gcr.io denied " * 7_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_quick(name: str) -> None:
    read_error("warm up")
    start = time.process_time()
    read_error(HOSTILE[name])
    assert time.process_time() - start < 0.5


# Whose words they are

NODE = "User: arn:aws:sts::210987654321:assumed-role/Node/i-0 is not authorized to perform: s3:GetObject"


@pytest.mark.parametrize(
    "text",
    [
        "Token has expired: please log in to the dashboard again",
        "An error occurred (ExpiredTokenException) when calling the AssumeRoleWithSAML operation: Token expired: 1",
        f"An error occurred (ValidationError) when calling the AssumeRole operation: {error_texts.DURATION_OVER_LIMIT}",
        "keycloak: Token issued in the future",
        "npm ERR! An unknown error occurred",
        "external_id=None web_identity=True",
        "permissions:\n  id-token: write\n  contents: read",
        "An error occurred (MalformedPolicyDocument) when calling the CreatePolicy operation: Syntax errors in policy.",
        "PermissionError: [Errno 13] Permission denied: '/models/llama/tokenizer.json'",
        "The page says: Access Denied. Ask your proxy's administrator.",
    ],
)
def test_other_calls_and_products_do_not_speak_of_the_exchange(text: str) -> None:
    reading = read_error(text)
    assert reading is None or not (reading.follows_steps or (reading.kind and reading.proves))


@pytest.mark.parametrize(
    ("text", "kind", "steps"),
    [
        (  # a hint below the refusal
            f"AccessDenied: {error_texts.NOT_AUTHORIZED}\nHint: with session tags allow sts:TagSession as well",
            None,
            "authorise",
        ),
        (  # the client goes on with the credentials of its machine
            f"AccessDenied: {error_texts.NOT_AUTHORIZED}\nDuring handling of it another exception occurred:\n{NODE}",
            None,
            "authorise",
        ),
        (
            "Error:\nUser is not authorized to perform: sts:TagSession on resource: x",
            Kind.SESSION_TAGS_NOT_ALLOWED,
            "authorise",
        ),
        (f"attempt 1: ETIMEDOUT\nattempt 2: AccessDenied: {error_texts.NOT_AUTHORIZED}", None, "authorise"),
        (
            f"Warning: security token included in the request is expired\nDenied: {error_texts.NOT_AUTHORIZED}",
            None,
            "authorise",
        ),
        (
            "User: arn:aws:iam::210987654321:user/ci is not authorized to perform: sts:TagSession on resource: x",
            Kind.NOT_WEB_IDENTITY_FLOW,
            "obtain",
        ),
    ],
)
def test_the_line_that_decides(text: str, kind: Kind | None, steps: str) -> None:
    reading = read_error(text)
    assert reading is not None
    assert (reading.kind, reading.steps) == (kind, frozenset(steps.split()))


def test_a_sentence_that_a_log_repeats_is_matched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    matched: list[str] = []
    match = error_texts._match_of
    monkeypatch.setattr(error_texts, "_match_of", lambda text: matched.append(text) or match(text))
    repeated = "An error occurred (AccessDenied): it was written by this test alone"
    assert read_error(repeated) == read_error(repeated)
    assert matched == [repeated]
