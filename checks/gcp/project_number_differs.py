"""Project number differs

Symptom
    STS answers invalid_target, although pool and provider exist under these IDs.
Reason
    The name carries the number of another project: often the project where the workload's resources are, while the
    pool was created in a project of its own, or a number copied from another environment.
Confirm
    Run gcloud projects describe on the project that holds the pool and compare projectNumber with the number sent.
Fix
    Put the number of the pool's project into the client's provider name and into every member that names the pool.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; Manage workload identity pools and providers.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("GCP003", "project-number-differs", Kind.PROJECT_NUMBER_DIFFERS)
def project_number_differs(_refusal: Refusal) -> Words:
    return Words(
        "the provider name that the client sends carries the number of a project that does not hold the pool",
        "Put the number of the project that holds the pool after projects/ in that name.",
    )
