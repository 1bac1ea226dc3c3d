"""Quota project permission

Symptom
    403: Caller does not have required permission to use project PROJECT. On generateAccessToken that happens although
    the binding on the service account is right, and even when the service account is made an owner.
Reason
    The client adds a quota project (header x-goog-user-project) to the call, and the caller lacks
    serviceusage.services.use on that project. In the impersonation call the caller is still the federated principal.
Confirm
    Look for quota_project_id in the credential configuration, and for billing or quota project settings of the client.
Fix
    Leave the quota project out of the impersonation call, or grant the federated principal
    roles/serviceusage.serviceUsageConsumer on that project.
Source
    cloud-custodian issue 7155; Google Cloud, Quota project overview.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP044", "quota-project-permission", Kind.QUOTA_PROJECT_PERMISSION)
def quota_project_permission(refusal: Refusal) -> Words:
    project, principal = refusal.fact("project"), refusal.fact("principal")
    name = f"project {project}, which" if project else "a project that"
    grant = "gcloud projects add-iam-policy-binding {} --role=roles/serviceusage.serviceUsageConsumer --member={}"
    return Words(
        f"the call charges its quota to {name} its caller may not use",
        "Leave the quota project (x-goog-user-project) out of the call, or grant its caller "
        f"roles/serviceusage.serviceUsageConsumer on {project or 'that project'}.",
        commands(grant, project, principal) if project[:1].isalnum() else (),
    )
