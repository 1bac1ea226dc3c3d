"""ACC001: the exchange went well; the session may not do what it then asks for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


TEXT = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::210987654321:assumed-role/ModelWeights/weights is not authorized to perform: s3:GetObject on "
    'resource: "arn:aws:s3:::weights/model.safetensors" because no identity-based policy allows the s3:GetObject action'
)


@pytest.mark.parametrize(
    "permission", ["s3:GetObject", "ecr:BatchGetImage", "kms:Decrypt", "secretsmanager:GetSecretValue"]
)
def test_the_permission_is_named(aws: Bundle, permission: str) -> None:
    answer = aws.error(TEXT.replace("s3:GetObject", permission)).ask()
    cause = answer.first
    assert (cause.name, cause.confidence, cause.step) == ("permission-missing", "proven", "permission")
    assert permission in cause.summary
    assert cause.summary.startswith("AWS refuses the workload's own request: ")


def test_the_statement_is_that_of_the_error(aws: Bundle) -> None:
    fix = aws.error(TEXT).ask().first.fix
    statement = json.loads(fix[fix.index("{") :])
    assert statement == {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::weights/model.safetensors",
    }


@pytest.mark.parametrize("resource", ["arn:aws:s3:::weights/*", "*", "arn:aws:s3:::weights/${aws:userid}"])
def test_a_pattern_in_an_error_becomes_no_statement(aws: Bundle, resource: str) -> None:
    answer = aws.error(TEXT.replace("arn:aws:s3:::weights/model.safetensors", resource)).ask()
    assert "{" not in answer.first.fix.replace(resource, "")


def test_the_exchange_itself_is_accepted(aws: Bundle) -> None:
    answer = aws.error(TEXT).ask()
    assert answer.exchange().prediction == "accepted"
    assert answer.state("permission") == "refused"
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_the_error_shows_that_the_exchange_went_well(aws: Bundle) -> None:
    answer = aws.only("manifest.json", "oidc-doctor.toml").error(TEXT).ask()
    assert answer.state("authorise") == "passed-by-error"
    assert answer.first.name == "permission-missing"


def test_two_words_may_mean_much(aws: Bundle) -> None:
    assert aws.error("Access Denied").ask().suspected("permission-missing").step == "permission"


def test_google(gcp: Bundle) -> None:
    text = "Permission 'storage.objects.get' denied on resource '//storage.googleapis.com/projects/_/buckets/weights'"
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence, cause.cloud) == ("permission-missing", "proven", "gcp")
    assert "storage.objects.get" in cause.summary


GCS = "does not have storage.objects.get access to the Google Cloud Storage object."


def test_google_names_the_target_s_account(gcp: Bundle) -> None:
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error(f"403 {gcp.SERVICE_ACCOUNT} {GCS}").ask()
    assert ": the service account lacks storage.objects.get" in answer.first.summary
    assert gcp.SERVICE_ACCOUNT in answer.first.fix
    assert answer.state("impersonate") == "passed-by-error"


@pytest.mark.parametrize(
    ("text", "holder"),
    [
        (f"Caller {GCS}", "the federated principal lacks storage.objects.get"),
        (
            f"build@other.iam.gserviceaccount.com {GCS}",
            "the service account build@other.iam.gserviceaccount.com, which",
        ),
        (f"dev@example.com {GCS}", "dev@example.com, which is not "),
        ("Permission 'storage.objects.get' denied on resource (or it may not exist).", "the caller lacks storage."),
    ],
)
def test_google_names_somebody_else(gcp: Bundle, text: str, holder: str) -> None:
    answer = gcp.only("manifest.json", "oidc-doctor.toml").error(text).ask()
    cause = answer.first
    assert (cause.name, cause.confidence) == ("permission-missing", "proven")
    assert holder in cause.summary
    assert "the service account lacks" not in cause.summary
    assert answer.state("impersonate") != "passed-by-error"


@pytest.mark.parametrize(
    ("text", "permission", "resource"),
    [
        (
            "PERMISSION_DENIED: Permission 'iam.serviceaccounts.actAs' denied on service account w@p.example (or it",
            "iam.serviceaccounts.actAs",
            "w@p.example",
        ),
        (
            "403 Permission 'secretmanager.versions.access' denied for resource 'projects/7/secrets/key' (or it may",
            "secretmanager.versions.access",
            "projects/7/secrets/key",
        ),
        (
            'failed with: required "container.clusters.get" permission(s) for "projects/p/locations/l/clusters/c".',
            "container.clusters.get",
            "projects/p/locations/l/clusters/c",
        ),
        (
            (
                'msg="denied: Permission \\"artifactregistry.repositories.uploadArtifacts\\" denied on resource '
                '\\"projects/p/r\\" (or it may not exist)"'
            ),
            "artifactregistry.repositories.uploadArtifacts",
            "projects/p/r",
        ),
    ],
)
def test_any_service_of_google(gcp: Bundle, text: str, permission: str, resource: str) -> None:
    cause = gcp.error(text).ask().first
    assert (cause.name, cause.confidence) == ("permission-missing", "proven")
    assert f"lacks {permission} on `{resource}`" in cause.summary


@pytest.mark.parametrize(
    "text",
    [
        'Get "https://storage.googleapis.com/storage/v1/b/w/o": EOF',
        "404 GET https://storage.googleapis.com/storage/v1/b/w: The specified bucket does not exist.",
        "403 Forbidden https://artifactregistry.googleapis.com/v1/projects",
        "Caller does not have storage.googleapis.com access",
        "Permission 'storage.googleapis.com' denied",
    ],
)
def test_a_host_is_no_permission(gcp: Bundle, text: str) -> None:
    assert "permission-missing" not in gcp.error(text).ask().names


@pytest.mark.parametrize(
    "text", ["Not authorized to perform sts:AssumeRoleWithWebIdentity", "An unknown error occurred"]
)
def test_a_refused_exchange_is_another_matter(aws: Bundle, text: str) -> None:
    assert "permission-missing" not in aws.error(text).ask().names


def test_nothing_was_seen(aws: Bundle) -> None:
    aws.ask().skipped("permission-missing")


def test_a_caller_that_is_no_role_is_named(aws: Bundle) -> None:
    text = "User: arn:aws:iam::210987654321:user/ci is not authorized to perform: s3:GetObject on resource: x"
    assert "the caller `user/ci` lacks s3:GetObject" in aws.error(text).ask().first.summary


@pytest.mark.parametrize(
    ("operation", "permission"), [("ListObjectsV2", "s3:ListBucket"), ("GetObject", "s3:GetObject")]
)
def test_the_operation_stands_for_its_permission(aws: Bundle, operation: str, permission: str) -> None:
    text = f"An error occurred (AccessDenied) when calling the {operation} operation: Access Denied"
    cause = aws.error(text).ask().first
    assert (cause.name, cause.confidence) == ("permission-missing", "suspected")
    assert permission in cause.summary
