"""Trust policy write refused

Symptom
    CreateRole or UpdateAssumeRolePolicy answers MalformedPolicyDocument: `Trust policy with trusted principal … must
    evaluate, using StringEquals, StringLike or StringEqualsIgnoreCase, … which is not scoped to all.` Or another
    message, such as `Federated principals must be valid domain names or SAML metadata ARNs`.
Reason
    For a list of issuers shared by many customers (GitHub, GitLab.com, HCP Terraform, Buildkite and others) IAM stores
    only trust policies that test a given key, mostly `sub`, with a positive string operator and a value that is not
    just a wildcard. Roles written before June 2025 were not touched until edited. Baseten's issuer is not in that list,
    as far as is known. A message about principals means that `Principal` has a value which is not the ARN of an
    identity provider: an empty variable, the issuer's URL, or the ARN of another resource.
Confirm
    Look for failed UpdateAssumeRolePolicy events in CloudTrail: the role then still has its former policy.
Fix
    Add the condition that the message names, mostly StringLike on `sub` with more than `*`, or write the ARN of the
    OIDC provider as `Federated`. Then write the policy again.
Source
    IAM User Guide, id_roles_providers_oidc_secure-by-default; recorded policy writes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, trust_policy_commands


@cause("AWS050", "trust-policy-write-refused", Kind.TRUST_POLICY_WRITE_REFUSED)
def trust_policy_write_refused(refusal: Refusal) -> Words:
    """Say that the edit never took effect."""
    return Words(
        f"IAM did not store what was written{given(': {}', refusal.fact('message'))}",
        "Change what IAM's message names in the trust policy, and write the policy again; the role keeps its former "
        "policy until then.",
        trust_policy_commands(refusal),
    )
