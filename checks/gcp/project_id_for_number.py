"""Project ID for number

Symptom
    STS answers invalid_target: The target service indicated by the "audience" parameters is invalid. A provider that is
    missing, disabled or deleted gets the same sentence.
Reason
    In the name of a provider STS accepts only the project's number. The project ID is accepted in many other places, so
    it is easily carried over; a client that delays the exchange reports the mistake late.
Confirm
    Look at what follows projects/ in the audience: digits alone are a number, anything else is an ID.
Fix
    Read the number with gcloud projects describe PROJECT --format='value(projectNumber)' and use it in the name.
Source
    Google Cloud, Configure Workload Identity Federation with other providers; google-github-actions/auth issue 202.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP002", "project-id-for-number", Kind.PROJECT_ID_FOR_NUMBER)
def project_id_for_number(refusal: Refusal) -> Words:
    project, wanted = refusal.fact("project"), refusal.fact("wanted")
    project_id = f"the project ID {project}" if project else "a project ID"
    fix = "Write the project number instead of the project ID in the client's provider name"
    describe = "gcloud projects describe {} --format=value(projectNumber)"
    return Words(
        f"the provider is named with {project_id}, where Google accepts only the project number",
        f"{fix}: {wanted}" if wanted else f"{fix}.",
        commands(describe, project) if project[:1].isalnum() and not wanted else (),
    )
