"""Role missing

Symptom
    AccessDenied `Not authorized to perform sts:AssumeRoleWithWebIdentity`, the same words as for a trust policy that
    does not match.
Reason
    No role has the ARN that was sent: another account, a misspelled name, other upper and lower case, or a path that is
    missing or superfluous.
Confirm
    `aws iam get-role --role-name NAME --query Role.Arn`, signed in to the account in the ARN.
Fix
    Send the ARN that this command prints, or create the role.
Source
    STS API reference; recorded STS calls, September 2026; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, role_name


@cause("AWS004", "role-missing", Kind.ROLE_MISSING)
def role_missing(refusal: Refusal) -> Words:
    """Say that the role is not there, and which one nearly has its ARN."""
    near = refusal.expected.value if refusal.expected else ""
    return Words(
        "no role has the ARN that was sent" + (", but one role has nearly the same" if near else ""),
        f"Send {near} as the role's ARN." if near else "Send the ARN of a role that exists, path and case included.",
        commands("aws iam get-role --role-name {} --query Role.Arn --output text", role_name(refusal))
        if near
        else commands("aws iam list-roles --query Roles[].Arn --output text"),
    )
