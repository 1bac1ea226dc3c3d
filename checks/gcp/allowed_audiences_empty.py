"""Allowed audiences empty

Symptom
    STS answers invalid_grant: The audience in ID Token [AUD] does not match the expected audience.
Reason
    The provider has no allowedAudiences, so Google expects its default: the provider's full name, with or without
    https: before it. An issuer with a fixed audience, such as Baseten with oidc.baseten.co, never sends that.
Confirm
    gcloud iam workload-identity-pools providers describe PROVIDER shows no allowedAudiences under oidc.
Fix
    Set the list to the audience that the token carries; or, where the workload may choose, request the default one.
    A list switches the default off, so add the provider's own name where other workloads use it.
Source
    Google Cloud, IAM API, field oidc.allowedAudiences; Baseten, OIDC, for its audience.
"""

from __future__ import annotations

import re

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands


@cause("GCP014", "allowed-audiences-empty", Kind.ALLOWED_AUDIENCES_EMPTY)
def allowed_audiences_empty(refusal: Refusal) -> Words:
    provider, audience = refusal.fact("provider"), refusal.actual.value if refusal.actual else ""
    # the flag is a list: a comma, or a caret at its start, inside an audience would be read as syntax
    plain = re.fullmatch(r"[A-Za-z0-9/][A-Za-z0-9_:/.@-]*", audience)
    update = "gcloud iam workload-identity-pools providers update-oidc {} --allowed-audiences={}"
    return Words(
        "the provider has no allowed audiences, so Google expects the provider's own name as the token's audience",
        "Add the token's audience to the provider's allowed audiences; a list switches the default audience off.",
        commands(update, provider, audience) if plain and provider.startswith("projects/") else (),
    )
