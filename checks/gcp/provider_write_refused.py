"""Provider write refused

Symptom
    Creating or changing the provider fails. Google: Invalid mapped attribute key, Input JWK is not in a valid json
    format, Only RSA, EC key types are supported, Invalid OIDC issuer URI. AWS: an error of CreateOpenIDConnectProvider
    or of an update of the provider.
Reason
    The cloud checks a provider when it is saved and did not accept this one. The configuration that was stored before
    is still in effect, so exchanges fail, or work, as before.
Confirm
    Describe the provider as it is now: gcloud iam workload-identity-pools providers describe, or aws iam
    get-open-id-connect-provider.
Fix
    Correct the field that the message names, and save again. Google's custom attributes are written
    attribute.NAME=assertion.CLAIM; an uploaded key set holds RSA or EC keys, without x5c and x5t where those are
    refused. An AWS account has one provider for an issuer: where it exists, use it (in Terraform as a data source, or
    import it).
Source
    Google Cloud, Troubleshoot Workload Identity Federation; measured notes of September 2026; gcloud's output and
    messages of AWS IAM in public threads.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("GCP093", "provider-write-refused", Kind.PROVIDER_WRITE_REFUSED, other="AWS056")
def provider_write_refused(refusal: Refusal) -> Words:
    """Repeat what the cloud objected to; it is about the provider as written, not about a token."""
    message, key, permission = refusal.fact("message"), refusal.fact("key"), refusal.fact("permission")
    reason = message.rstrip(". ") or given("the caller lacks {}", permission)
    if key:
        step = f"Write {key} as attribute.NAME=assertion.CLAIM (or as google.subject) in the mapping, and save again."
    elif refusal.fact("existing"):
        step = "Use the provider that the account has for this issuer, and add the audience to its ClientIDList."
    elif permission:
        step = f"Let an administrator who has {permission} save the provider."
    else:
        step = "Correct what the message names, and save the provider again."
    commands = ("aws iam list-open-id-connect-providers",) if refusal.fact("existing") else ()
    return Words(f"IAM did not store the provider as written{given(': {}', reason)}", step, commands)
