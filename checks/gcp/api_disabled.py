"""API disabled

Symptom
    403 with reason SERVICE_DISABLED: IAM Service Account Credentials API has not been used in project NUMBER before or
    it is disabled. The same for the Security Token Service API.
Reason
    The exchange needs sts.googleapis.com, impersonation needs iamcredentials.googleapis.com, each enabled in the
    project that the message names. For the exchange this is the pool's project, as far as is known.
Confirm
    gcloud services list --enabled --project=PROJECT
Fix
    gcloud services enable API --project=PROJECT, then wait some minutes.
Source
    Google Cloud, Workload Identity Federation with other providers; recorded answers of iamcredentials.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, as_value, cause, commands

_APIS = {  # as the error names them
    "iam service account credentials": "iamcredentials.googleapis.com",
    "security token service": "sts.googleapis.com",
}


@cause("GCP043", "api-disabled", Kind.API_DISABLED)
def api_disabled(refusal: Refusal) -> Words:
    api, project = refusal.fact("api"), refusal.fact("project")
    name = _APIS.get(api.lower().removesuffix(" api"), api)
    where = f"project {as_value(project)}" if project else "the project"
    return Words(
        f"{as_value(api) or 'an API that the request needs'} is not enabled in {where}",
        f"Enable {as_value(api) or 'the API'} in {where} and try again after some minutes.",
        commands("gcloud services enable {} --project={}", name, project)
        if name.endswith(".googleapis.com") and name[0].isalnum()
        else (),
    )
