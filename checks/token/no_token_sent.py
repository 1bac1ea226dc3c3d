"""No token sent

Symptom
    The service complains of missing credentials: `no credentials configured: need either OIDC config or secret_id`,
    `secret_id is required`, or Google's `Unauthenticated request`.
Reason
    The client was never configured to use OIDC for this resource, so it sends no token. For Baseten weights that is
    a source without an `auth` section; for Google Cloud a client without a credential configuration.
Confirm
    Read the client's configuration for this one resource and look for the OIDC method.
Fix
    Name the OIDC method, the role or service account, and the provider in that configuration.
Source
    Baseten's documentation of weights; public reports.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("TOK015", "no-token-sent", Kind.NO_TOKEN_SENT)
def no_token_sent(refusal: Refusal) -> Words:
    """Name the setting that makes the client send a token."""
    hint = refusal.fact("hint").rstrip(". ")
    method = "GCP_OIDC" if refusal.cloud == "gcp" else "AWS_OIDC"
    entry, unsupported = refusal.fact("entry"), refusal.fact("unsupported")
    if entry:
        return Words(
            f"{entry} of the Truss configuration has no `auth:` for {quoted(refusal.fact('source'), 'its source')}"
            f"{given(': {}', unsupported)}",
            f"Move the source to `weights:` with `auth:` and `auth_method: {method}`."
            if unsupported
            else f"Add `auth:` with `auth_method: {method}` and its two keys to {entry}.",
        )
    return Words(
        "the request carried no token",
        f"Make the client send one: {hint}."
        if hint
        else f"Configure the client to use OIDC for this resource; for Baseten weights and images that is "
        f"`auth_method: {method}` with its role or provider.",
    )
