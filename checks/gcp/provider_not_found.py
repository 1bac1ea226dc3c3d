"""Provider not found

Symptom
    STS answers invalid_target: The target service indicated by the "audience" parameters is invalid.
Reason
    Project number, pool ID and provider ID together name no provider: a typo, a provider never created, or one that was
    purged after its deletion. STS does not say which, and answers the same for a disabled one.
Confirm
    List the pool's providers, deleted ones too: gcloud iam workload-identity-pools providers list --location=global
    --workload-identity-pool=POOL --show-deleted
Fix
    Correct the name in the client's configuration, or create the provider that it names.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; google-github-actions/auth issue 202.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, as_value, cause, commands


@cause("GCP004", "provider-not-found", Kind.PROVIDER_NOT_FOUND)
def provider_not_found(refusal: Refusal) -> Words:
    pool, _, provider = refusal.fact("name").rpartition("/providers/")
    name = f"provider {as_value(provider)}" if provider else "provider"
    listing = "gcloud iam workload-identity-pools providers list --show-deleted --location=global"
    return Words(
        f"there is no {name} under the name in the request",
        "Send the name of the provider that exists."
        if refusal.expected
        else "Correct the provider name that the client sends, or create that provider.",
        commands(f"{listing} --workload-identity-pool={{}}", pool) if pool.startswith("projects/") else (),
    )
