"""Wrong token presented

Symptom
    Every value in the configuration looks right, and yet the token is refused; the audit log shows a subject of another
    system, such as `system:serviceaccount:…`.
Reason
    The process found another token first. On Amazon EKS the variable AWS_WEB_IDENTITY_TOKEN_FILE is set in the pod and
    points to the pod's own token; a client that honours it never opens the intended token. Baseten's token is at
    the path in B10_OIDC_TOKEN_PATH and has to be handed to the SDK.
Confirm
    Inside the workload, print AWS_WEB_IDENTITY_TOKEN_FILE (or the file named in the Google credential configuration)
    and decode `iss` of the token there.
Fix
    Point the client at the token of the trusted issuer, or trust the issuer whose token is really sent.
Source
    Public reports with confirmed causes; Baseten's published OIDC recipes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK012", "wrong-token-presented", Kind.WRONG_TOKEN_PRESENTED)
def wrong_token_presented(refusal: Refusal) -> Words:
    """Name the issuer of the token and the one that is trusted."""
    sent, trusted = refusal.fact("issuer_title"), refusal.fact("other_title")
    setting = "the credential configuration" if refusal.cloud == "gcp" else "AWS_WEB_IDENTITY_TOKEN_FILE"
    return Words(
        given("the token is of {}, where {} is the trusted issuer", sent, trusted)
        or "the token comes from another issuer than the trusted one",
        f"Make the workload send {given('the {} token', trusted) or 'the token of the trusted issuer'}: "
        f"look at the file that {setting} names.",
    )
