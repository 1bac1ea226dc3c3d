"""Placeholder left in

Symptom
    The configuration holds a text such as `<ACCOUNT_ID>`, `${PROJECT_NUMBER}` or `YOUR_ORG`.
Reason
    A template or a page of documentation was applied unchanged, or a variable was not expanded, so the cloud compares
    the token with the placeholder itself.
Confirm
    Read the value back from the cloud, not from the template.
Fix
    Put the real value in and apply the configuration again.
Source
    Public reports with confirmed causes.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, quoted


@cause("TOK017", "placeholder-left-in", Kind.PLACEHOLDER_LEFT_IN)
def placeholder_left_in(refusal: Refusal) -> Words:
    """Name the value and the placeholder in it."""
    name = refusal.fact("value_name", "configured value")
    placeholder = refusal.fact("placeholder")
    named = f"the placeholder {quoted(placeholder, '')}".rstrip() if placeholder else "a placeholder"
    return Words(
        f"the {name} still holds {named}",
        "Replace the placeholder with the real value and apply the configuration again.",
    )
