"""Evidence that contradicts itself: two readings of one thing of which at most one can be what the cloud holds.

Such evidence is never the ground of an acceptance. Which of the two is right is not guessed: the step that it decides
becomes unknown, with both places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from oidc_doctor.judge.exchange import ExchangeBuilder, shown
from oidc_doctor.model.document import Document, Json, Missing, Origin
from oidc_doctor.model.json_pointer import segments
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.steps import UNKNOWN


class Contradiction(NamedTuple):
    """Two readings of one thing. `about` completes "the evidence disagrees about …"."""

    step: str
    about: str
    one: Side
    other: Side | None = None  # None where one place has both
    settle: str = "the document as the cloud holds it now"


def suspect(exchange: ExchangeBuilder, contradictions: Iterator[Contradiction]) -> None:
    """Suspect the step that each contradiction leaves open, and whatever refuses there by one of the readings.

    To be called after all steps are settled.
    """
    for found in contradictions:
        result = exchange.results[found.step]
        result.refusals = [
            refusal._replace(certain=False, settle=refusal.settle or found.settle) for refusal in result.refusals
        ]
        result.state = UNKNOWN
        exchange.refuse(
            Kind.EVIDENCE_CONTRADICTS,
            step=found.step,
            expected=found.one,
            actual=found.other,
            certain=False,
            location=Clause((found.about,)),
            settle=found.settle,
            rank=8,  # after what the step itself finds
            about=found.about,
        )


def repeated_members(
    document: Document | Missing | None, steps: Mapping[str, str], step: str
) -> Iterator[Contradiction]:
    """Members that a document has twice, or in two spellings. `steps` are those of its members, `step` the others'."""
    if not isinstance(document, Document):
        return
    for pointer in document.duplicates:
        name = place_in_words(pointer) or place_in_words(document.pointer)
        where = Side(name, document.at(pointer))
        yield Contradiction(_step_of(pointer, steps, step), f"{name}, which {document.file} has twice", where)
    for name, spelling in _two_spellings(document.value):
        about = f"{name}, which {document.file} has as {spelling} as well"
        one, other = (Side(shown(document.value[member]), document.at(f"/{member}")) for member in (name, spelling))
        yield Contradiction(_step_of(f"/{name}", steps, step), about, one, other)


def place_in_words(pointer: str) -> str:
    """`Statement[1].Principal` for `/Statement/1/Principal`."""
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in segments(pointer)).removeprefix(".")


def _step_of(pointer: str, steps: Mapping[str, str], step: str) -> str:
    folded = {name.casefold(): place for name, place in steps.items()}
    return next((folded[name.casefold()] for name in segments(pointer) if name.casefold() in folded), step)


def _two_spellings(value: Json) -> Iterator[tuple[str, str]]:
    """Members of an object whose names differ in letter case or underscores alone, and whose values differ."""
    if not isinstance(value, dict):
        return
    seen: dict[str, str] = {}
    for name in value:
        first = seen.setdefault(name.replace("_", "").casefold(), name)
        if first != name and value[first] != value[name] and None not in (value[first], value[name]):
            yield first, name


def repeated_claims(exchange: ExchangeBuilder) -> Iterator[Contradiction]:
    """Claims that the token has twice: which of the two a cloud reads was never recorded."""
    for name in exchange.token.duplicates:
        side = Side(name, exchange.claim_origin(name))
        yield Contradiction("token", f"the claim {name}, which the token has twice", side, settle="a token without it")


def different(
    step: str, about: str, values: tuple[Json, Json], places: tuple[Origin, Origin]
) -> Iterator[Contradiction]:
    """A contradiction where two readings of one thing differ."""
    if values[0] != values[1]:
        one, other = (Side(shown(value), at) for value, at in zip(values, places, strict=True))
        yield Contradiction(step, about, one, other)
