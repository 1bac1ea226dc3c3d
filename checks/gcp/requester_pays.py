"""Requester pays

Symptom
    400 from Cloud Storage: Bucket is a requester pays bucket but no user project provided. The XML API's code is
    UserProjectMissing.
Reason
    The bucket's owner makes the caller pay for requests, and the request names no project to bill. Cloud Storage has
    not checked the roles on the bucket yet.
Confirm
    gcloud storage buckets describe gs://BUCKET, and look for requester_pays.
Fix
    Name a project to bill: userProject in the request, --billing-project with gcloud, user_project in the client
    library. The caller needs serviceusage.services.use on that project.
Source
    Cloud Storage, Requester Pays; recorded answers in public threads.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given


@cause("GCP090", "requester-pays", Kind.REQUESTER_PAYS)
def requester_pays(refusal: Refusal) -> Words:
    """Name the bucket, and where the project to bill is set."""
    bucket = refusal.fact("bucket")
    return Words(
        f"the bucket{given(' {}', bucket)} bills its readers, and the request names no project to bill",
        "Name a project to bill in the request (userProject, or --billing-project with gcloud) on which the caller has "
        "serviceusage.services.use.",
        commands("gcloud storage buckets describe {} --format=value(requester_pays)", bucket and f"gs://{bucket}"),
    )
