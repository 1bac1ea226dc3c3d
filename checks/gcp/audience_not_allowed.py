"""Audience not allowed

Symptom
    STS answers invalid_grant: The audience in ID Token [AUD] does not match the expected audience.
Reason
    The token's aud is not in the provider's allowedAudiences. Once that list has an entry, the default audience (the
    provider's own name) no longer counts; a client setting that is never read looks the same.
Confirm
    Decode the token and look for its aud, letter by letter, in oidc.allowedAudiences of the provider.
Fix
    Request the token for a listed audience where the issuer lets the workload choose; where the issuer fixes it, as
    Baseten does with oidc.baseten.co, add it to the list. The flag replaces the list, so repeat what is in it.
Source
    Google Cloud, IAM API, field oidc.allowedAudiences; published measurements, September 2026.
"""

from __future__ import annotations

import re

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP013", "audience-not-allowed", Kind.AUDIENCE_NOT_ALLOWED)
def audience_not_allowed(refusal: Refusal) -> Words:
    provider, actual = refusal.fact("provider"), refusal.actual
    note = "" if actual and actual.spans else refusal.fact("note")  # the pair shows what differs
    sides = [side.value if side else "" for side in (refusal.expected, refusal.actual)]
    audiences = [*re.split(r", *", sides[0]), sides[1]]
    # the flag is a list: a comma, or a caret at its start, inside an audience would be read as syntax
    plain = all(re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9_:/.@-]*", audience) for audience in audiences)
    update = "gcloud iam workload-identity-pools providers update-oidc {} --allowed-audiences={}"
    return Words(
        "the token's audience is not one that the provider allows" + (f" ({note})" if note else ""),
        "Request the token for an audience that the provider allows, or allow the token's audience as well.",
        commands(update, provider, ",".join(audiences)) if plain and provider.startswith("projects/") else (),
    )
