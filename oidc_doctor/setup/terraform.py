"""Write a set-up in Terraform's JSON syntax, for main.tf.json.

Terraform, JSON configuration syntax: a resource is `resource.KIND.NAME`, and a member "//" is a comment. The arguments
are those of the registry's documentation of hashicorp/aws and hashicorp/google. A text is a template in which `${` and
`%{` begin a sequence; no value of a set-up has either.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.setup import aws, gcp
from oidc_doctor.setup.wanted import AUDIENCE, ISSUER

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import AwsWanted, GcpWanted

_NAME = "baseten"
_EXISTING = "Terraform manages an existing resource only after it is imported. Run the line of each one that exists:"


def _printed(configuration: dict[str, Any]) -> str:
    return json.dumps(configuration, indent=2) + "\n"


def aws_terraform(wanted: AwsWanted) -> str:
    """Return the resources of hashicorp/aws."""
    policy = aws.role_policy(wanted)
    role: dict[str, Any] = {
        "name": wanted.role_name,
        "assume_role_policy": json.dumps(aws.trust_policy(wanted)),
        "depends_on": [f"aws_iam_openid_connect_provider.{_NAME}"],
    }
    if wanted.max_session_duration:
        role["max_session_duration"] = wanted.max_session_duration
    resources: dict[str, Any] = {
        "aws_iam_openid_connect_provider": {_NAME: {"url": ISSUER, "client_id_list": [AUDIENCE]}},
        "aws_iam_role": {_NAME: role},
    }
    if policy:
        inline = {
            "name": aws.POLICY_NAME,
            "role": f"${{aws_iam_role.{_NAME}.name}}",
            "policy": json.dumps(policy),
        }
        resources["aws_iam_role_policy"] = {_NAME: inline}
    provider: dict[str, Any] = {"allowed_account_ids": [wanted.account]}
    if wanted.region:
        provider["region"] = wanted.region
    imports = [
        f"terraform import aws_iam_openid_connect_provider.{_NAME} {wanted.provider_arn}",
        f"terraform import aws_iam_role.{_NAME} {wanted.role_name}",
    ]
    return _printed(
        {
            "//": [_EXISTING, *imports],
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": provider},
            "resource": resources,
        }
    )


def gcp_terraform(wanted: GcpWanted) -> str:
    """Return the resources of hashicorp/google."""
    holder = f"serviceAccount:{wanted.email}"
    needs_account = {"depends_on": [f"google_service_account.{_NAME}"]}
    needs_api = {"depends_on": ["google_project_service.iam"]}
    pool = f"google_iam_workload_identity_pool.{_NAME}"
    resources: dict[str, Any] = {
        "google_project_service": {
            name.partition(".")[0]: {"service": name, "disable_on_destroy": False} for name in gcp.SERVICES
        },
        "google_service_account": {_NAME: {"account_id": wanted.service_account} | needs_api},
        "google_iam_workload_identity_pool": {_NAME: {"workload_identity_pool_id": wanted.pool} | needs_api},
        "google_iam_workload_identity_pool_provider": {
            _NAME: {
                "workload_identity_pool_id": f"${{{pool}.workload_identity_pool_id}}",
                "workload_identity_pool_provider_id": wanted.provider,
                "attribute_mapping": gcp.mapping(wanted),
                "attribute_condition": gcp.condition(wanted),
                "oidc": {"issuer_uri": ISSUER, "allowed_audiences": [AUDIENCE]},
            }
        },
        "google_service_account_iam_member": {
            _NAME: {
                "service_account_id": f"${{google_service_account.{_NAME}.name}}",
                "role": gcp.USER,
                "member": gcp.member(wanted),
                "depends_on": [pool],
            }
        },
    }
    if wanted.bucket:
        grant = {"bucket": wanted.bucket, "role": gcp.VIEWER, "member": holder}
        resources["google_storage_bucket_iam_member"] = {_NAME: grant | needs_account}
    repository = wanted.artifact_repository
    if repository:
        grant = {
            "project": repository.project,
            "location": repository.location,
            "repository": repository.name,
            "role": gcp.READER,
            "member": holder,
        }
        resources["google_artifact_registry_repository_iam_member"] = {_NAME: grant | needs_account}
    # by the project's id: imported by its number, the pool would be replaced (terraform-provider-google issue 14805)
    full_name = f"projects/{wanted.project}/locations/global/workloadIdentityPools/{wanted.pool}"
    account = f"projects/{wanted.project}/serviceAccounts/{wanted.email}"
    restore = f"gcloud iam workload-identity-pools undelete {wanted.pool} --location=global --project={wanted.project}"
    imports = [
        f"terraform import google_service_account.{_NAME} {account}",
        f"terraform import {pool} {full_name}",
        f"terraform import google_iam_workload_identity_pool_provider.{_NAME} {full_name}/providers/{wanted.provider}",
    ]
    return _printed(
        {
            "//": [
                _EXISTING,
                *imports,
                "A pool that was deleted keeps its name for 30 days. Restore it before it is imported:",
                restore,
            ],
            "terraform": {"required_providers": {"google": {"source": "hashicorp/google"}}},
            "provider": {"google": {"project": wanted.project}},
            "resource": resources,
        }
    )
