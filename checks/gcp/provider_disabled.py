"""Provider disabled

Symptom
    STS answers invalid_target, as it does for a provider that does not exist. The refusals start at once: an exchange
    one second after the switch was measured as refused.
Reason
    Somebody disabled the provider. Federated tokens that were issued before keep working until they expire.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows disabled: true; the Admin Activity log holds
    an UpdateWorkloadIdentityPoolProvider entry that says who and when.
Fix
    Find out why it was disabled, then enable it: gcloud iam workload-identity-pools providers update-oidc PROVIDER
    --no-disabled
Source
    Google Cloud, IAM API, projects.locations.workloadIdentityPools.providers; published measurements, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP005", "provider-disabled", Kind.PROVIDER_DISABLED)
def provider_disabled(refusal: Refusal) -> Words:
    name = refusal.fact("name")
    short = name.rpartition("/")[2] or "that the request names"
    enable = "gcloud iam workload-identity-pools providers update-oidc {} --no-disabled"
    return Words(
        f"the provider {short} is disabled",
        "Enable the provider, once it is clear why it was disabled.",
        commands(enable, name) if name.startswith("projects/") else (),
    )
