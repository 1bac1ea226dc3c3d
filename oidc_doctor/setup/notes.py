"""Notes on a set-up, in addition to its commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.setup import aws
from oidc_doctor.setup.wanted import TYPES, AwsWanted

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import GcpWanted


def notes_on(wanted: AwsWanted | GcpWanted, *, are_commands: bool = True) -> list[str]:
    """Return a line for each note: replaced resources, permissions that others have to add, and config.yaml.

    Commands replace parts of what exists; Terraform only of what was imported, which its own comment says.
    """
    lines = [_replaced(wanted)] if are_commands else []
    lines += _of_aws(wanted) if isinstance(wanted, AwsWanted) else _of_gcp(wanted)
    if wanted.workload.types != TYPES:
        lines.append(f"only {' and '.join(wanted.workload.types)} tokens are accepted; --type chooses another")
    if wanted.workload.environment:
        lines.append(
            "images and weights may be fetched before the deployment is in its environment (inferred): where a push is "
            "refused, leave --environment out"
        )
    return lines


def _replaced(wanted: AwsWanted | GcpWanted) -> str:
    if isinstance(wanted, AwsWanted):
        policy = f" and the policy {aws.POLICY_NAME}" if aws.role_policy(wanted) else ""
        return f"a role {wanted.role_name} that exists gets this trust policy{policy}; its other policies stay"
    return (
        f"a provider {wanted.provider} that exists gets this issuer, audience, mapping and condition; bindings and "
        "roles that were granted before stay"
    )


def _of_aws(wanted: AwsWanted) -> list[str]:
    region = f", aws_oidc_region: {wanted.region}" if wanted.region else ""
    lines = [
        f"config.yaml: auth_method: AWS_OIDC, aws_oidc_role_arn: {wanted.role_arn}{region}",
    ]
    of_repository = aws.repository_policy(wanted)
    if of_repository:
        statement = json.dumps(of_repository["Statement"][0])
        lines.append(f"the repository is in another account; its owner adds to the repository's policy: {statement}")
    if wanted.kms_key:
        own = wanted.kms_key.split(":")[4] == wanted.account
        what = "IAM policies of the account, as the usual one does" if own else f"kms:Decrypt to {wanted.role_arn}"
        lines.append(f"the policy of the key has to allow {what}")
    return lines


def _of_gcp(wanted: GcpWanted) -> list[str]:
    keys = f"gcp_oidc_service_account: {wanted.email}, gcp_oidc_workload_id_provider: {wanted.provider_name}"
    return [f"config.yaml: auth_method: GCP_OIDC, {keys}"]
