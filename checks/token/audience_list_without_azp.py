"""Audience list without azp

Symptom
    AWS: `Token audience contains more than one audience while authorized party is not present`.
Reason
    `aud` is a list of two or more values and there is no `azp` claim to say which of them the token is for. AWS refuses
    even when one of the values is registered. A list of one value is accepted.
Confirm
    Decode the middle part of the token: `aud` is a list with several entries, `azp` is absent.
Fix
    Request the token for one audience. Adding `azp` also works, but then `azp` alone is compared with the client IDs.
Source
    Recorded STS calls, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given, quoted


@cause("TOK010", "audience-list-without-azp", Kind.AUDIENCE_LIST_WITHOUT_AZP)
def audience_list_without_azp(refusal: Refusal) -> Words:
    """Show the audiences among which nothing chooses."""
    audiences = given(" ({})", quoted(refusal.fact("audiences"), ""))
    return Words(
        f"the token is for several audiences{audiences} and has no `azp` claim to choose between them",
        "Request the token for the one audience that the OIDC provider has registered.",
    )
