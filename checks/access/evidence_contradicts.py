"""Evidence contradicts itself

Symptom
    The report cannot say whether the cloud accepts the token, although every document was read.
Reason
    Two readings of one thing differ, and at most one of them is what the cloud holds: a member that appears twice in a
    document, one role or provider in two files, a provider or pool that the account's own list lacks or has in another
    state, an answer of another account, a client's configuration that names another provider, another address or no
    service account, or a provider whose discoveryUri is not the issuer's usual place. The report judges neither as
    true.
Confirm
    Read both places that the finding names.
Fix
    Read the document again from the cloud, and leave the other one out of the evidence.
Source
    RFC 8259, section 4, on names that are not unique; AWS STS, which looks for role and provider in one account.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ACC024", "evidence-contradicts", Kind.EVIDENCE_CONTRADICTS)
def evidence_contradicts(refusal: Refusal) -> Words:
    """Name both places of the contradiction."""
    return Words(
        f"the evidence disagrees about {refusal.fact('about', 'a value')}",
        "Read the document again from the cloud and keep only that reading.",
    )
