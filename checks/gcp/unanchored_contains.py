"""Unanchored contains

Symptom
    None: the exchange works, for more subjects than meant.
Reason
    contains() looks for its text anywhere. contains('environment=production') is true for environment=production-eu
    as well: nothing says that the value ends there, or that the key begins there.
Confirm
    Look in attributeCondition for contains('KEY=VALUE') on the subject without a separator on both sides.
Fix
    Close the text with the separators of the subject: contains(':environment=production:'). The first segment needs
    startsWith, the last one endsWith(':type=model_build').
Source
    CEL specification, contains; Baseten, OIDC, for the subject's form. That such names get a token is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, Side, weakness

CONTAINS = re.compile(
    r"""(?<![!\w.])(google\.subject|assertion\.sub|assertion\[["']sub["']\])\s*\.\s*contains\(\s*(["'])([^"']*)\2\s*\)"""
)
SEPARATORS = ":/,;|"


@weakness("GCP071", "unanchored-contains")
def unanchored_contains(gcp_provider: GcpProvider) -> Iterator[Finding]:
    condition = gcp_provider.condition or ""
    for found in CONTAINS.finditer(condition):
        subject, _, text = found.groups()
        if condition[: found.start()].rstrip(" (").endswith("!"):
            continue  # what is excluded too widely lets nobody in
        segment = text.strip(SEPARATORS)
        if "=" not in segment or (text[0] in SEPARATORS and text[-1] in SEPARATORS):
            continue
        # `type` is the last segment of a Baseten subject: no separator follows it
        closed = f"endsWith(':{segment}')" if segment.startswith("type=") else f"contains(':{segment}:')"
        longer = f"{segment}-eu" if "environment=" in segment else f"{segment}2"
        other = f"x{segment}" if text[-1] in SEPARATORS else longer
        yield Finding(
            f"contains('{text}') is also true for a subject with {other}",
            f"Write {subject}.{closed}, so that the whole segment has to be equal.",
            Side(closed),
            Side(f"contains('{text}')", gcp_provider.document.at("/attributeCondition")),
        )
