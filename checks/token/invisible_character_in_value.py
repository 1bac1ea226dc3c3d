"""Invisible character in a value

Symptom
    Two values look alike on the screen and the cloud calls them different.
Reason
    A space at the end, a line break, a no-break space or a zero-width character came along when the value was pasted.
    Both clouds compare character by character and neither trims what is configured.
Confirm
    Print the value with `| od -c` and look for anything but the visible characters.
Fix
    Remove the character and store the value again, typed rather than pasted.
Source
    IAM User Guide, condition operators; whitespace in a client ID is a known cause of a refused audience.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("TOK016", "invisible-character-in-value", Kind.INVISIBLE_CHARACTER_IN_VALUE)
def invisible_character_in_value(refusal: Refusal) -> Words:
    """Name the value, the character and its place."""
    name = refusal.fact("value_name", "configured value")
    character, position = refusal.fact("character"), refusal.fact("position")
    return Words(
        f"the {name} holds an invisible character{given(' ({})', character)}{given(' at position {}', position)}",
        f"Remove the character from the {name} and store it again, typed by hand.",
    )
