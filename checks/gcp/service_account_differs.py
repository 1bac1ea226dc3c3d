"""Service account differs

Symptom
    Impersonation fails with Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist),
    or with 404 Not found; Gaia id not found, although the binding on the service account looks right.
Reason
    The client asks for another service account than the one that was set up: a typo in its address, another project
    after the @, or the account of another environment. The binding that was read says nothing about the account that
    the client asks for.
Confirm
    Compare service_account_impersonation_url of the credential configuration, or the account that the client names,
    with gcloud iam service-accounts list --project=PROJECT.
Fix
    Correct the address in the client's configuration; or, where the client is right, read that account and its policy.
Source
    Google Cloud, Workload Identity Federation with other providers, credential configurations; IAM API, on the wildcard
    project, where a missing account and a missing role get the same answer.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, as_value, cause, commands


@cause("GCP058", "service-account-differs", Kind.SERVICE_ACCOUNT_DIFFERS)
def service_account_differs(refusal: Refusal) -> Words:
    asked, read = refusal.fact("service_account"), refusal.fact("read")
    return Words(
        f"the client asks for the service account {as_value(asked)}, and what was read is about {as_value(read)}"
        if asked and read
        else "the client asks for another service account than the one that was read",
        f"Name {as_value(read) or 'the account that was set up'} in the client's configuration; if "
        f"{as_value(asked) or 'the other one'} is meant, read its own allow policy.",
        commands("gcloud iam service-accounts describe {}", asked) if asked[:1].isalnum() else (),
    )
