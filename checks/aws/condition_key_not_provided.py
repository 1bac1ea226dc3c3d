"""Condition key not provided

Symptom
    `Not authorized to perform sts:AssumeRoleWithWebIdentity`, although the token has the claim and the value is right.
Reason
    AWS makes condition keys only of some claims: aud, oaud, sub, amr and email for every OIDC provider, and a few more
    for a few issuers (GitHub, GitLab.com, Buildkite, CircleCI). There is no key for `iss`. That Baseten's `org`, `team`
    or `environment` have no key is inferred from AWS's list. Of the global keys, those about an AWS principal or about
    MFA are absent from this call; aws:SourceVpcArn, aws:VpceAccount, aws:VpceOrgID and aws:VpceOrgPaths are not
    supported for STS, so a condition on one of them never holds.
Confirm
    Look the key up in the list of condition keys for AWS STS, and in the list of global condition keys.
Fix
    Test the same thing inside `sub`; the issuer is pinned by the Federated principal already. For a VPC endpoint test
    aws:SourceVpce, aws:SourceVpc or aws:VpcSourceIp.
Source
    IAM User Guide, condition keys for web identity federation, and AWS global condition context keys; AWS's
    announcement of provider-specific claims, 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted, trust_policy_commands


@cause("AWS030", "condition-key-not-provided", Kind.CONDITION_KEY_NOT_PROVIDED)
def condition_key_not_provided(refusal: Refusal) -> Words:
    """Name the key that never has a value for this issuer."""
    key = given("{}", quoted(refusal.fact("key"), "")) or "a condition key"
    issuer = refusal.fact("issuer_title") or "this issuer"
    instead, provided = refusal.fact("instead"), given(" AWS provides {}.", refusal.fact("provided"))
    if instead:
        fix = f"Test {instead} instead: STS has those keys for a call through a VPC endpoint."
    elif refusal.fact("claim") == "iss":
        fix = f"Test the subject instead: the Federated principal pins the issuer already.{provided}"
    else:
        claim = given("`{}`", refusal.fact("claim")) or "the same thing"
        fix = f"Test {claim} inside the `sub` pattern instead of this key.{provided}"
    return Words(
        f"the trust policy tests {key}, a key that AWS never sets for tokens of {issuer}",
        fix,
        trust_policy_commands(refusal),
    )
