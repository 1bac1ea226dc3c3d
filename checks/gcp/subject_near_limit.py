"""Subject near limit

Symptom
    None yet. A longer environment, branch or model name would make STS answer invalid_request: The size of mapped
    attribute google.subject exceeds the 127 bytes limit.
Reason
    google.subject is the token's whole sub and comes close to 127 bytes. In a Baseten subject with IDs of eight
    characters, 28 are left for the environment's name in a model container, and 32 in a build; 40 are allowed.
Confirm
    Count the bytes of sub: printf %s 'SUB' | wc -c
Fix
    Map a shorter value to google.subject, such as assertion.model, and read assertion.sub in the condition; or keep
    names short. Change the members that name the subject accordingly.
Source
    Google Cloud, IAM quotas and limits; Baseten, OIDC, for the subject. That its IDs have one length is inferred.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, GcpProvider, NotReadError, Side, Token, weakness

NEAR, LIMIT, LONGEST_ENVIRONMENT = 110, 127, 40  # bytes, bytes, characters


@weakness("GCP073", "subject-near-limit", "note")
def subject_near_limit(gcp_provider: GcpProvider, token: Token) -> Iterator[Finding]:
    mapping, subject = gcp_provider.mapping, token.subject
    if not isinstance(mapping, dict) or subject is None:
        raise NotReadError("the attribute mapping and the token's subject are needed, and one of them was not read")
    if mapping.get("google.subject", "").strip() != "assertion.sub":
        return
    size = len(subject.encode("utf-8", "surrogatepass"))
    environment = re.match(r"v=1:org=.*:environment=([^:]*):", subject)
    room = LIMIT - size + len(environment[1].encode("utf-8", "surrogatepass")) if environment else LONGEST_ENVIRONMENT
    short = room < LONGEST_ENVIRONMENT
    if size <= LIMIT and (size >= NEAR or short):
        limit = f"; an environment name of more than {room} bytes would exceed it" if short else ""
        yield Finding(
            f"google.subject is {size} bytes long, and Google's limit is {LIMIT}{limit}",
            "Map a shorter value to google.subject, or keep the names in the subject short.",
            Side(f"at most {LIMIT} bytes"),
            Side(subject, token.origin),
        )
