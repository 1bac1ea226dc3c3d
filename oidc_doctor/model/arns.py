"""ARNs: six fields separated by colons; the last field may contain colons."""

from __future__ import annotations

from oidc_doctor.model.placeholder import account_is_redacted

ARN_FIELDS = 6
# Different names: whether two redacted accounts are the same is unknown.
POLICY_ACCOUNT = "<account id in the policy>"
REQUEST_ACCOUNT = "<account id in the request>"


def account_of(arn: str) -> str | None:
    """Return the account field of an ARN; None for a text that is no ARN."""
    fields = arn.split(":", ARN_FIELDS - 1)
    return fields[4] if len(fields) == ARN_FIELDS and fields[0] == "arn" else None


def without_redacted_accounts(arn: str, other_arn: str) -> tuple[str, str]:
    """Return both ARNs, without their accounts where either account is malformed and so redacted."""
    left, right = arn.split(":", ARN_FIELDS - 1), other_arn.split(":", ARN_FIELDS - 1)
    if len(left) == len(right) == ARN_FIELDS and (account_is_redacted(left[4]) or account_is_redacted(right[4])):
        left[4] = right[4] = ""
    return ":".join(left), ":".join(right)


def redact_account(arn: str, gap: str) -> str:
    """Replace a malformed account id of an ARN by this gap."""
    account = account_of(arn)
    if account is None or not account_is_redacted(account):
        return arn
    fields = arn.split(":", ARN_FIELDS - 1)
    fields[4] = gap
    return ":".join(fields)
