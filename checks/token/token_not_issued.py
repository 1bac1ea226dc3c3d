"""Token not issued

Symptom
    The client stops before the cloud is asked: `Could not load credentials from any providers`,
    `ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set`, `OIDC token file is not readable`.
Reason
    The workload's platform issues a token only on request: a GitHub job needs the permission `id-token: write` (in
    the called workflow and in its caller), a Baseten model the runtime token (`runtime.oidc.enabled`), a pod an
    annotated service account.
    Some runs get none at all: GitHub issues no token to a pull request from a public fork.
Confirm
    Inside the workload, look for the token: its file, or the variables with which it is requested. In a CI job,
    `oidc-doctor ci` does so, and says which setting is missing.
Fix
    Switch the token on for this workload.
Source
    Public reports with confirmed fixes; GitHub Docs, OpenID Connect reference and GITHUB_TOKEN reference; GitLab Docs,
    ID tokens; Baseten's published OIDC recipes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("TOK014", "token-not-issued", Kind.TOKEN_NOT_ISSUED)
def token_not_issued(refusal: Refusal) -> Words:
    """Say how the workload would get its token."""
    hint = refusal.fact("hint").rstrip(". ")
    usual = (
        f"Switch the token on for this workload: {hint}."
        if hint
        else "Switch the token on for this workload, for instance with `permissions: id-token: write` in a GitHub job "
        "or `runtime.oidc.enabled: true` in a Truss config.yaml."
    )
    return Words(
        refusal.fact("because") or "the workload received no OIDC token to send", refusal.fact("order") or usual
    )
