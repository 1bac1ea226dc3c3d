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


def is_session_of(session_arn: str, role_arn: str) -> bool:
    """Whether `arn:…:sts::ACCOUNT:assumed-role/NAME/SESSION` is a session of the role, whose path it lacks."""
    session, role = session_arn.split(":", ARN_FIELDS - 1), role_arn.split(":", ARN_FIELDS - 1)
    if len(session) != ARN_FIELDS or len(role) != ARN_FIELDS:
        return False
    names = session[5].split("/")
    kind, _, path = role[5].partition("/")
    same_name = names[0] == "assumed-role" and kind == "role" and names[1:2] == [path.rpartition("/")[2]]
    return same_name and (session[1], session[4]) == (role[1], role[4])
