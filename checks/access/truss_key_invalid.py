"""Truss key invalid

Symptom
    `truss push` fails on the configuration, or weights and images cannot be fetched although role and provider are
    right.
Reason
    The `auth` or `docker_auth` of an entry names a method that Truss does not have, lacks a key that the method needs,
    or has a key that the method does not read. Truss refuses most of these when it loads or pushes the configuration.
Confirm
    Compare the entry of config.yaml with the keys of its method.
Fix
    Write the method and its keys as documented: two keys for AWS_OIDC, two for GCP_OIDC.
Source
    The published truss package, 0.18.36, run and read; Baseten's documentation of weights and private registries. That
    a secret next to an OIDC method is read or ignored is not documented.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("ACC025", "truss-key-invalid", Kind.TRUSS_KEY_INVALID)
def truss_key_invalid(refusal: Refusal) -> Words:
    """Name the key of the entry, and its value."""
    key, entry = refusal.fact("key", "a key"), refusal.fact("entry", "an entry")
    why = given(": {}", refusal.fact("reason"))
    absent = refusal.fact("absent")
    wanted = refusal.expected.value if refusal.expected else ""
    if absent:
        return Words(
            f"the Truss configuration lacks {key} in the auth of {entry}{why}",
            f"Add {key} next to auth_method.",
        )
    found = refusal.actual.value if refusal.actual else ""
    value = given(" {}", quoted("" if found == key else found, ""))
    return Words(
        f"the Truss configuration has {key}{value} in the auth of {entry}{why}",
        f"Write {wanted} instead." if wanted else f"Remove {key} from this entry, or choose the method that reads it.",
    )
