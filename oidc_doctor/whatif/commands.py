"""The commands that a user runs to store an edited text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import command
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role
from oidc_doctor.whatif.edits import string_list

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.whatif.parts import PartId

_OPTIONS: dict[PartId, str] = {  # of gcloud iam workload-identity-pools providers update-oidc
    "condition": "attribute-condition",
    "mapping": "attribute-mapping",
    "allowed-audiences": "allowed-audiences",
}


def commands_of(evidence: TargetEvidence, part: PartId, text: str, file: str) -> list[str]:
    """Return the commands that store the exported file, or its value if a command accepts no file."""
    aws, gcp = evidence.aws, evidence.gcp
    if part == "trust-policy":
        role = aws.role.name if aws is not None and isinstance(aws.role, Role) else None
        options = ("--role-name", role or "ROLE_NAME", "--policy-document", f"file://{file}")
        return [command("aws", "iam", "update-assume-role-policy", *options)]
    if part == "client-ids" and aws is not None and isinstance(aws.provider, AwsOidcProvider):
        return _client_id_commands(aws.provider, string_list(text, file, "ClientIDList"))
    provider = gcp.provider if gcp is not None else None
    if part in _OPTIONS and isinstance(provider, GcpProvider):
        option = f"--{_OPTIONS[part]}={_option_value(part, text, file)}"
        name = provider.name or "PROVIDER"
        return [command("gcloud", "iam", "workload-identity-pools", "providers", "update-oidc", name, option)]
    if part == "service-account-policy":
        account = evidence.target.gcp.service_account if evidence.target.gcp else None
        return [command("gcloud", "iam", "service-accounts", "set-iam-policy", account or "SERVICE_ACCOUNT", file)]
    if part == "project-policy":
        project = gcp.project_id or gcp.project_number if gcp is not None else None
        return [command("gcloud", "projects", "set-iam-policy", project or "PROJECT_ID", file)]
    return [command("oidc-doctor", "--report", "--claims", file)]


def _client_id_commands(provider: AwsOidcProvider, ids: tuple[str, ...]) -> list[str]:
    present = provider.client_ids if isinstance(provider.client_ids, tuple) else ()
    changes = [("add-client-id-to", client_id) for client_id in ids if client_id not in present]
    changes += [("remove-client-id-from", client_id) for client_id in present if client_id not in ids]
    return [
        command(
            "aws",
            "iam",
            f"{verb}-open-id-connect-provider",
            "--open-id-connect-provider-arn",
            provider.arn or "PROVIDER_ARN",
            "--client-id",
            client_id,
        )
        for verb, client_id in changes
    ]


def _option_value(part: PartId, text: str, file: str) -> str:
    if part == "condition":
        return text.strip()
    if part == "allowed-audiences":
        return _joined(list(string_list(text, file, "allowedAudiences")))
    return _joined([f"{name}={value}" for name, value in json.loads(text).items()])


def _joined(values: list[str]) -> str:
    """Return a list for gcloud, with another separator if a value contains a comma (gcloud topic escaping)."""
    if not any("," in value for value in values):
        return ",".join(values)
    separator = next((sign for sign in ";|#~!@" if not any(sign in value for value in values)), ";")
    return f"^{separator}^" + separator.join(values)
