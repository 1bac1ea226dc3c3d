"""Select the signatures that concern a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.records.gcp_audit import full_name
from oidc_doctor.model.arns import without_redacted_accounts
from oidc_doctor.model.events import Attempt, Signature
from oidc_doctor.model.placeholder import may_equal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

JOIN_WITHIN = 10.0  # seconds from an exchange to the impersonation after it; 0.07 to 0.17 in published entries

SHARED_CALLERS = ("private", "gce-internal-ip")  # Google's text where it withholds the address
_PRINCIPAL = "principal://iam.googleapis.com/"


def for_target(
    signatures: Iterable[Signature],
    target: Target,
    claims: Mapping[str, Json] | None = None,
) -> list[Signature]:
    """Return the signatures that concern the target, in their order.

    Texts with placeholders and redacted account ids concern the target where they may be the same. An event without a
    role or provider concerns the target unless its subject is another than that of `claims`.
    """
    subject = (claims or {}).get("sub")
    subject = subject if isinstance(subject, str) else None
    return [signature for signature in signatures if _concerns(signature.sample, target, subject)]


def _concerns(attempt: Attempt, target: Target, subject: str | None) -> bool:
    is_possible = not subject or not attempt.subject or _may_be_same(attempt.subject, subject, pasted=target.pasted)
    if attempt.cloud == "aws":
        return target.aws is not None and _concerns_role(
            attempt, target.aws, pasted=target.pasted, is_possible=is_possible
        )
    if target.gcp is None:
        return False
    if attempt.step == "impersonate":
        return _concerns_account(attempt, target.gcp, pasted=target.pasted, is_possible=is_possible)
    if not attempt.provider or not target.gcp.provider:
        return is_possible
    return same_provider(attempt.provider, target.gcp.provider, pasted=target.pasted)


def _concerns_role(attempt: Attempt, target: TargetAws, *, pasted: bool, is_possible: bool) -> bool:
    if not attempt.target or not target.role_arn:
        return is_possible
    return _may_be_same(*without_redacted_accounts(attempt.target, target.role_arn), pasted=pasted)


def _concerns_account(attempt: Attempt, target: TargetGcp, *, pasted: bool, is_possible: bool) -> bool:
    """Whether an impersonation concerns the target: by service account, unless another pool or provider is named."""
    if target.provider and attempt.provider and not same_provider(attempt.provider, target.provider, pasted=pasted):
        return False
    if target.provider and attempt.mapped_principal and attempt.mapped_principal.startswith(_PRINCIPAL):
        pool = full_name(target.provider).partition("/providers/")[0]
        logged_pool = attempt.mapped_principal.removeprefix(_PRINCIPAL).partition("/subject/")[0]
        if not same_provider(logged_pool, pool, pasted=pasted):
            return False
    if not target.service_account:  # a target without a known impersonation: only joined impersonations concern it
        return bool(target.provider and attempt.provider)
    if not attempt.service_account:
        return is_possible
    return _may_be_same(attempt.service_account.casefold(), target.service_account.casefold(), pasted=pasted)


def same_provider(logged: str, sent: str, *, pasted: bool) -> bool:
    """Whether the full names, of providers or of pools, may be the same.

    Entries have the project number. Where the target has the project ID, only the path below the project is compared.
    """
    logged_name, sent_name = full_name(logged), full_name(sent)
    (number, logged_path), (project, sent_path) = _project(logged_name), _project(sent_name)
    if number and project and number.isdigit() != project.isdigit():
        logged_name, sent_name = logged_path, sent_path
    return _may_be_same(logged_name, sent_name, pasted=pasted)


def _project(name: str) -> tuple[str, str]:
    """Return the project of `projects/PROJECT/PATH`, and the path; empty strings for a name of another form."""
    head, _, tail = name.partition("/")
    project, _, path = tail.partition("/")
    return (project, path) if head == "projects" else ("", "")


def _may_be_same(logged: str, sent: str, *, pasted: bool) -> bool:
    """Whether the texts are equal or, where they were pasted, could be equal with their placeholders filled in."""
    return logged == sent or (pasted and may_equal(logged, sent) is not False)
