"""Check the keys of an attribute mapping, as Google does when the provider is stored.

Sources: Google Cloud, IAM API, field attributeMapping (names of keys, their characters and length); a recorded refusal
of a key outside `attribute.` and `google.` (March 2026).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, CloudError, Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.evidence import GcpProvider

_GOOGLE_KEYS = ("subject", "groups", "display_name", "profile_photo", "posix_username", "email")
_KEY_LENGTH = 100  # characters of NAME in attribute.NAME
_ALIKE = 0.88  # minimum similarity of a key and its misspelling
_NAME = re.compile(r"[a-z0-9_]+")


def nearest_key(key: str, mapping: Iterable[str]) -> str:
    """Return the mapped key that an unmapped key probably misspells; empty if none is similar."""
    import difflib  # late: few keys are unmapped

    keys = {mapped.lower(): mapped for mapped in mapping if not _key_fault(mapped)[1]}
    near = difflib.get_close_matches(key.lower(), keys, n=1, cutoff=_ALIKE)
    return keys[near[0]] if near else ""


def judge_keys_of_mapping(exchange: GcpExchange, provider: GcpProvider) -> None:
    """Refuse `configure` for each key of the attribute mapping that Google would not have stored."""
    for key in provider.mapping if isinstance(provider.mapping, dict) else ():
        recorded, reason = _key_fault(key)
        if not reason or has_placeholder(key):
            continue
        # an exchange that was refused at a later step proves a stored provider, whose mapping differs from this text
        reached = any(
            reading.cloud == "gcp" and not reading.steps & {"configure", "obtain"} for reading in exchange.case.readings
        )
        exchange.refuse(
            Kind.MAPPING_KEY_INVALID,
            CloudError("INVALID_ARGUMENT", f"Invalid mapped attribute key: {key}.", certain=False),
            step="configure",
            actual=Side(key, provider.document.at("/attributeMapping" + pointer_segment(key))),
            expected=Side("google.subject, google.groups or attribute.NAME"),
            certain=recorded and exchange.pasted and not reached,
            location=Clause((key,)),
            settle="the answer of gcloud iam workload-identity-pools providers update-oidc to this mapping",
            key=key,
            reason=reason,
            near=next((name for name in ("google.subject", "google.groups") if name == key.strip().lower()), ""),
        )


def _key_fault(key: str) -> tuple[bool, str]:
    """Return whether the refusal of such a key was recorded, and its fault; an empty fault means a valid key."""
    prefix, dot, name = key.partition(".")
    if prefix == "google" and dot:
        if name in _GOOGLE_KEYS:
            return False, ""
        return False, "Google names google.subject and google.groups only"
    if prefix != "attribute" or not dot:
        return True, "it begins with neither google. nor attribute."
    if not name:
        return True, "it has no name after the dot"
    if len(name) > _KEY_LENGTH:
        return False, f"its name has {len(name)} characters, and {_KEY_LENGTH} are allowed"
    if not _NAME.fullmatch(name):
        strange = "".join(dict.fromkeys(letter for letter in name if not _NAME.fullmatch(letter)))
        return False, f"its name holds {strange}, and only a to z, 0 to 9 and _ are allowed"
    return False, ""
