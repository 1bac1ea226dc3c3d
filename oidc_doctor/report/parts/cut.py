"""Texts that a stranger may have written, escaped and cut to the length that a report shows."""

from __future__ import annotations

from oidc_doctor.report.parts.escape import forbid_tokens, visible
from oidc_doctor.report.parts.lines import clip, shortened

_READ = 8_000  # characters that are escaped, of which LONG are shown
LONG = 600  # characters of a text; ARNs, subjects and errors are far shorter
PLACE = 160  # characters of a file and a place in it


def cut_place(text: str) -> str:
    """Return a file and a place in it, cut at its end."""
    return clip(visible(text), PLACE)


def cut_text(text: str) -> str:
    """Return a text; of a longer one its beginning, with its length."""
    if len(text) <= _READ:
        return shortened(visible(text), LONG)
    clean = forbid_tokens(text)  # of all of it: a secret may begin before the cut
    return shortened(visible(clean[:_READ]) + clean[_READ:], LONG)
