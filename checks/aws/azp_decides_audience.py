"""azp decides the audience

Symptom
    The token's `aud` is registered and the trust policy expects it, yet the token is refused.
Reason
    When a token has an `azp` claim, AWS compares that instead of `aud`: ClientIDList must contain `azp`, and the
    condition key `<issuer>:aud` has the value of `azp`. The real `aud` is in `<issuer>:oaud`.
Confirm
    Decode the middle part of the token and look for `azp`.
Fix
    Register the value of `azp`, expect it under `:aud`, and test the real audience under `:oaud`.
Source
    IAM User Guide, condition keys for web identity federation; recorded STS calls, September 2026; a public report.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, quoted


@cause("AWS015", "azp-decides-audience", Kind.AZP_DECIDES_AUDIENCE)
def azp_decides_audience(refusal: Refusal) -> Words:
    """Report that azp is compared, and the value that it is compared with."""
    azp, provider = refusal.fact("azp"), refusal.fact("provider")
    add = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}"
    value = quoted(azp, "the token's `azp`")
    fault = "the token has an `azp` claim, which AWS compares instead of `aud`, and "
    if "policy" in refusal.fact("place"):
        fault += "the trust policy expects another value"
        return Words(fault, f"Expect {value} under the key for `aud`; the real `aud` has the key `oaud`.")
    return Words(
        fault + "the OIDC provider has not registered it",
        f"Add {value} to the client IDs of the OIDC provider.",
        commands(add, provider if provider.startswith("arn:") else "", azp),
    )
