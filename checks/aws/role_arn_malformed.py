"""Role ARN malformed

Symptom
    ValidationError `Request ARN is invalid`, or a complaint about `roleArn`.
Reason
    The text sent as RoleArn is not the ARN of an IAM role: an extra or missing colon, a session ARN
    (`arn:aws:sts::…:assumed-role/…`), an account that is not 12 digits, or only the role's name.
Confirm
    Compare it with `aws iam get-role --role-name NAME --query Role.Arn`.
Fix
    Send `arn:aws:iam::ACCOUNT:role/NAME`, path included where the role has one.
Source
    STS API reference; AWS knowledge center on IRSA errors; a public report with its confirmed fix.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("AWS003", "role-arn-malformed", Kind.ROLE_ARN_MALFORMED)
def role_arn_malformed(refusal: Refusal) -> Words:
    """Say what is wrong with the role ARN."""
    reason = given(": {}", refusal.fact("reason")) or given(" ({})", quoted(refusal.fact("found"), ""))
    return Words(
        f"the role ARN in the request is not the ARN of an IAM role{reason}",
        "Send the role's own ARN, of the form arn:aws:iam::ACCOUNT:role/NAME.",
    )
