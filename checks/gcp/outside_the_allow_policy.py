"""Outside the allow policy

Symptom
    Impersonation fails, although the service account's allow policy grants the role to a member that matches.
Reason
    Something else refuses or has not caught up: a deny policy, a principal access boundary, VPC Service Controls, or
    another policy than the one that was read. The sentences of the first two are not published.
Confirm
    gcloud iam policies list --kind=denypolicies --attachment-point=cloudresourcemanager.googleapis.com/projects/ID
    For VPC Service Controls, look for vpcServiceControlsUniqueIdentifier in the error and in the Policy Denied log.
Fix
    Ask the organization's administrators which of these covers the service account, and have an exception made.
Source
    Google Cloud, Deny policies; Principal access boundary policies; Principal identifiers.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP049", "outside-the-allow-policy", Kind.OUTSIDE_THE_ALLOW_POLICY)
def outside_the_allow_policy(refusal: Refusal) -> Words:
    reason = refusal.fact("reason")
    return Words(
        "the allow policies that were read allow it, so something that was not read does not"
        + (f": {reason}" if reason else ""),
        "Look for a deny policy, a principal access boundary or VPC Service Controls on the service account's project.",
    )
