"""Compare an issuer's discovery document and key set with those of the last time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from oidc_doctor.judge.keys import is_shortened, known_kids
from oidc_doctor.model.comparison import IssuerChange, apart
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import Earlier
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence

_ALGORITHMS = "id_token_signing_alg_values_supported"
_MATERIAL = ("kty", "n", "e", "crv", "x", "y")  # of a key: RFC 7518, section 6


def issuer_changes(evidence: TargetEvidence) -> tuple[IssuerChange, ...] | Missing:
    """Return the differences, or the reason why there is nothing to compare."""
    earlier = evidence.earlier
    if earlier is None:
        return Missing("earlier/issuer/", "there are no earlier documents of the issuer to compare with")
    then, now = earlier.evidence.issuer, evidence.issuer
    keys = (then.jwks, now.jwks)
    discovery = (then.discovery, now.discovery)
    if not (_are_read(keys) or _are_read(discovery)):
        return Missing("issuer/", "its documents were not read both times")
    changes: list[IssuerChange] = []
    if isinstance(then.discovery, Document) and isinstance(now.discovery, Document):
        changes += _of_discovery(then.discovery, now.discovery, earlier)
    if any(change.part == "issuer" for change in changes):
        return tuple(changes)  # the keys are those of another issuer
    if isinstance(then.jwks, Document) and isinstance(now.jwks, Document):
        changes += _of_keys(then.jwks, now.jwks, earlier)
    return tuple(changes)


def _are_read(sides: tuple[Any, Any]) -> bool:
    return all(isinstance(side, Document) for side in sides)


def _of_discovery(then: Document, now: Document, earlier: Earlier) -> Iterator[IssuerChange]:
    before, after = (_text(document, "issuer") for document in (then, now))
    if before and after and before != after:
        sides = apart(Side(before, then.at("/issuer")), Side(after, now.at("/issuer")))
        yield IssuerChange("issuer", *sides, earlier.at)
    before, after = (_text(document, "jwks_uri") for document in (then, now))
    if before and after and _host(before) != _host(after):
        sides = apart(Side(before, then.at("/jwks_uri")), Side(after, now.at("/jwks_uri")))
        yield IssuerChange("host", *sides, earlier.at)
    yield from _of_list("algorithms", f"/{_ALGORITHMS}", (then, _algorithms(then)), (now, _algorithms(now)), earlier)


def _of_keys(then: Document, now: Document, earlier: Earlier) -> Iterator[IssuerChange]:
    before, after = _single_keys(then), _single_keys(now)
    if any(is_shortened(document.value, _MATERIAL) for document in (then, now)):
        after = {}  # what was left out by hand is no other key
    for kid, (pointer, key) in after.items():
        was_at, was = before.get(kid, (pointer, key))
        name = next((name for name in _MATERIAL if _is_other(was.get(name), key.get(name))), None)
        if name is not None:
            sides = apart(
                Side(str(was.get(name)), then.at(f"{was_at}/{name}")),
                Side(str(key.get(name)), now.at(f"{pointer}/{name}")),
            )
            yield IssuerChange("key", *sides, earlier.at, name=kid)
    yield from _of_list("keys", "/keys", (then, known_kids(then.value)), (now, known_kids(now.value)), earlier)


def _of_list(
    part: Any, pointer: str, then: tuple[Document, list[str]], now: tuple[Document, list[str]], earlier: Earlier
) -> Iterator[IssuerChange]:
    before, after = then[1], now[1]
    gone = tuple(dict.fromkeys(value for value in before if value not in after))
    added = tuple(dict.fromkeys(value for value in after if value not in before))
    if (gone or added) and before and after:
        sides = [
            Side(", ".join(values), document.at(pointer), _spans(values, changed))
            for (document, values), changed in ((then, gone), (now, added))
        ]
        yield IssuerChange(part, sides[0], sides[1], earlier.at, gone, added)


def _spans(values: list[str], changed: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Return where these values are in the list as it is shown."""
    spans, start = [], 0
    for value in values:
        if value in changed:
            spans.append((start, start + len(value)))
        start += len(value) + len(", ")
    return tuple(spans)


def _text(document: Document, name: str) -> str:
    text = document.value.get(name) if isinstance(document.value, dict) else None
    return text if isinstance(text, str) else ""


def _algorithms(document: Document) -> list[str]:
    values = document.value.get(_ALGORITHMS) if isinstance(document.value, dict) else None
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return address


def _single_keys(document: Document) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return each key by its id, with its pointer. Of several keys with one id it is unknown which is meant."""
    value = document.value.get("keys") if isinstance(document.value, dict) else None
    found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for index, key in enumerate(value if isinstance(value, list) else ()):
        if isinstance(key, dict) and isinstance(key.get("kid"), str):
            found.setdefault(key["kid"], []).append((f"/keys/{index}", key))
    return {kid: alike[0] for kid, alike in found.items() if len(alike) == 1}


def _is_other(before: Any, after: Any) -> bool:
    """Whether a member of a key changed; one that is absent says nothing."""
    return isinstance(before, str) and isinstance(after, str) and before.rstrip("=") != after.rstrip("=")
