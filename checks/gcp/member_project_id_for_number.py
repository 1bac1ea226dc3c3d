"""Member project ID for number

Symptom
    Impersonation fails: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).
    Adding the binding returned no error.
Reason
    The member names the pool's project by its ID. Members accept the project number only; IAM stores the other form
    too, but it matches no principal.
Confirm
    gcloud iam service-accounts get-iam-policy SERVICE_ACCOUNT, and look at what follows projects/ in the member.
Fix
    Read the number with gcloud projects describe PROJECT --format='value(projectNumber)' and bind the member with it.
Source
    Google Cloud, Principal identifiers; Workload Identity Federation with other providers.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP037", "member-project-id-for-number", Kind.MEMBER_PROJECT_ID_FOR_NUMBER)
def member_project_id_for_number(refusal: Refusal) -> Words:
    project = refusal.fact("project")
    project_id = f"the project ID {project}" if project else "a project ID"
    return Words(
        f"the binding's member holds {project_id}, where only the project number matches",
        "Bind the same member with the project number instead of the project ID.",
        commands("gcloud projects describe {} --format=value(projectNumber)", project) if project[:1].isalnum() else (),
    )
