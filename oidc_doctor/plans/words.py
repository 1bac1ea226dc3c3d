"""Sentences about a value that a plan does not show: why, and what settles it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from oidc_doctor.model.planned import PLACEHOLDER
from oidc_doctor.plans.gaps import UNMANAGED
from oidc_doctor.plans.references import late_sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.plans.masked import Open
    from oidc_doctor.plans.plan import Plan, Resource

_REASONS = {
    "unknown": "known only after apply",
    "sensitive": "marked sensitive, so not read",
    "twice": "in the plan twice",
    "shape": "not of a form that this attribute has",
    "unmanaged": "not in the plan as a whole",
    "url": "made from the url of a provider that the plan creates, which loses https:// on apply",
}
_AGAIN = "Make the plan's JSON again: terraform show -json PLAN > plan.json."
_AFTER = "Judge the target after apply, from its live configuration."
_TRUST = 'Write the trust policy with data "aws_iam_policy_document", whose statements a plan shows'
_ARN = (
    'Refer to the provider by its resource or by data "aws_iam_openid_connect_provider", or write its ARN with '
    'data "aws_caller_identity", and plan again.'
)
_URL = 'Write the issuer as a literal, or with replace(PROVIDER.url, "https://", ""), and plan again.'
ACCOUNT = (
    'Add data "aws_caller_identity" "current" {} to the configuration and plan again, or pass the role with --role ARN.'
)
_FIRST = "Apply the resource that the value comes from first, with -target, and plan again."
_LONGEST = 200  # characters of the addresses in a command
_NAME = "Set the name instead of name_prefix, and plan again."


def reason(value: Open) -> str:
    """Return why a value is not there, as a predicate: `known only after apply`."""
    return _REASONS[value.why]


def settled_by(plan: Plan, resource: Resource, value: Open) -> str:
    """Return what makes an open value known, as a sentence that can be followed."""
    if value.why in ("twice", "shape"):
        return _AGAIN
    if value.why == "sensitive":
        return _AFTER
    if value.why == "url":
        return _URL
    if value.why == "unmanaged":
        return _laid_over(resource)
    first = _applied_first(late_sources(plan, resource, value.path))
    if value.path == "assume_role_policy":
        return f"{_TRUST}, and plan again." if first == _FIRST else f"{_TRUST}; or {first[0].lower()}{first[1:]}"
    if ".identifiers" in value.path:
        return _ARN
    has_prefix = isinstance((resource.after or {}).get("name_prefix"), str)
    if value.path == "name" and resource.type == "aws_iam_role" and has_prefix:
        return _NAME
    return first


def _laid_over(resource: Resource) -> str:
    """Return the command that reads the whole allow policy, with the account or project where the plan names it."""
    values = resource.after or {}
    if resource.type.startswith("google_project_iam"):
        project = values.get("project")
        return _live_policy(f"projects get-iam-policy {_word(project, 'PROJECT')}")
    account = values.get("email") or values.get("service_account_id")
    email = account.rpartition("/")[2] if isinstance(account, str) else ""
    return _live_policy(f"iam service-accounts get-iam-policy {_word(email, 'ACCOUNT')}")


def _live_policy(command: str) -> str:
    return (
        "The plan adds members to an allow policy that may have others. Save the live policy with "
        f"gcloud {command} --format=json, and add the plan with --with."
    )


def _word(value: object, otherwise: str) -> str:
    return shlex.quote(value) if isinstance(value, str) and 0 < len(value) <= _LONGEST else otherwise


def _applied_first(addresses: list[str]) -> str:
    """Return the order to apply these resources before the rest, with the command where it is short."""
    line = " ".join(f"-target={shlex.quote(address)}" for address in addresses)
    if not addresses or len(line) > _LONGEST:
        return _FIRST
    return f"Run terraform apply {line} first, and plan again."


def assumed_of(document: str, named: Sequence[str], *, by_own_key: bool) -> Iterator[str]:
    """Yield what a plan does not show of a trust policy that is rebuilt, each the end of "assumed: …".

    `document` and `named` are the addresses of its data source and of the providers that its open identifiers are.
    """
    yield f"that the trust policy is {document}, unchanged by a function of the configuration"
    if by_own_key:
        yield "that its index is the role's own key"
    if named:
        yield f"that it names {' and '.join(named)} by {'its ARN' if len(named) == 1 else 'their ARNs'}"


_TYPES = (
    "aws_iam_role aws_iam_openid_connect_provider aws_iam_policy_document aws_iam_role_policy aws_iam_policy "
    "aws_iam_role_policy_attachment aws_s3_bucket_policy aws_ecr_repository_policy aws_kms_key aws_kms_key_policy "
    "aws_caller_identity google_iam_workload_identity_pool google_iam_workload_identity_pool_provider "
    "google_service_account google_service_account_iam_member google_service_account_iam_binding "
    "google_service_account_iam_policy google_project_iam_member google_project_iam_binding google_project_iam_policy"
)
_ATTRIBUTES = (
    "data module assume_role_policy name name_prefix path arn url client_id_list statement principals identifiers "
    "condition values variable test effect actions resources version oidc issuer_uri allowed_audiences jwks_json "
    "attribute_condition attribute_mapping disabled member members role policy_data source_policy_documents account "
    "override_policy_documents inline_policy managed_policy_arns max_session_duration project number email value "
    "no-op create read update delete forget replace_because_tainted replace_by_request replace_because_cannot_update"
)


def vocabulary() -> str:
    """Return the words that a plan's file of a bundle has beside names: a redacted copy keeps them."""
    assumed = [text for count in (1, 2) for text in assumed_of("DOCUMENT", ["PROVIDER"] * count, by_own_key=True)]
    policy = _live_policy("iam service-accounts get-iam-policy ACCOUNT")
    sentences = (_AGAIN, _AFTER, _TRUST, _ARN, _URL, policy, ACCOUNT, _FIRST, _NAME, *_REASONS.values(), *assumed)
    more = "PROJECT projects or run terraform apply target first the plan deletes does not exist"
    return " ".join((*sentences, more, _TYPES, _ATTRIBUTES, UNMANAGED, PLACEHOLDER))
