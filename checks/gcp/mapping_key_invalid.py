"""Mapping key invalid

Symptom
    Creating or updating the provider fails with INVALID_ARGUMENT: Invalid mapped attribute key: KEY. Custom mapped
    attributes must be in format 'attribute.{custom_attribute}'.
Reason
    The left side of an attribute mapping is google.subject, google.groups or attribute.NAME, where NAME has at most
    100 characters of a to z, 0 to 9 and _. A claim belongs on the right side. The provider was not stored like this.
Confirm
    Read the keys of the mapping that was sent, and the mapping that gcloud iam workload-identity-pools providers
    describe shows.
Fix
    Rename the key to attribute.NAME in small letters, and change the conditions and members that use it.
Source
    Google Cloud, IAM API, field attributeMapping; a recorded refusal, March 2026. That Google refuses other characters
    and longer names follows from its documentation and was not recorded.
"""

from __future__ import annotations

import re

from oidc_doctor.checkkit import Kind, Refusal, Words, cause

_LONGEST = 100


@cause("GCP056", "mapping-key-invalid", Kind.MAPPING_KEY_INVALID)
def mapping_key_invalid(refusal: Refusal) -> Words:
    key, reason = refusal.fact("key"), refusal.fact("reason")
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(".")[2]).lower()
    name = re.sub(r"[^a-z0-9_]+", "_", snake)[:_LONGEST].strip("_")
    return Words(
        f"{key or 'a key'} is not a valid key of an attribute mapping" + (f": {reason}" if reason else ""),
        f"Rename it to {refusal.fact('near') or 'attribute.' + (name or 'NAME')} in the mapping, and in the conditions "
        "and members that use it.",
    )
