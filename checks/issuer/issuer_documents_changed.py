"""Issuer's documents changed

Symptom
    None: an issuer that rotates its keys publishes the new ones before it signs with them.
Reason
    The key ids or the signing algorithms that the issuer publishes differ from those of the last run. Issuers
    rotate their keys in this way. Where the clouds fetch the keys from the issuer, nothing depends on the former
    ones.
Confirm
    Compare the two files that the finding names, or read the issuer's documents with curl.
Fix
    None, unless the operator of the issuer did not mean it.
Source
    OpenID Connect Core 1.0, section 10.1.1, Rotation of Asymmetric Signing Keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, IssuerChange, on, quoted, weakness

_FEW = 3  # values that are named in a sentence
_FIXES = {
    "keys": "Do nothing if the issuer rotated its keys and the clouds fetch them; an upload needs the new keys.",
    "algorithms": "Do nothing if the issuer signs its tokens as before.",
}
_NOUNS = {"keys": ("key", "keys"), "algorithms": ("signing algorithm", "signing algorithms")}


@weakness("ISS020", "issuer-documents-changed", "note", about="change")
def issuer_documents_changed(issuer_changes: Iterable[IssuerChange]) -> Iterator[Finding]:
    """Report the keys and algorithms that came or went."""
    for change in issuer_changes:
        if change.part not in _NOUNS:
            continue
        parts = [("new", change.added), ("gone", change.gone)]
        words = [f"{_named(change.part, values)} {how}" for how, values in parts if values]
        yield Finding(
            f"the issuer publishes other {_NOUNS[change.part][1]} than {on(change.at)}: {' and '.join(words)}",
            _FIXES[change.part],
            change.then,
            change.now,
        )


def _named(part: str, values: tuple[str, ...]) -> str:
    noun = _NOUNS[part][len(values) > 1]
    shown = ", ".join(quoted(value, "(a long value)") for value in values[:_FEW])
    more = f" and {len(values) - _FEW} more" if len(values) > _FEW else ""
    return f"the {noun} {shown}{more} {'is' if len(values) == 1 else 'are'}"
