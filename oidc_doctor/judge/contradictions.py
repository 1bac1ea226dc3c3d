"""Contradictory evidence: two readings of one resource, of which at most one can match the cloud.

An acceptance never rests on such evidence. The judge does not guess which reading is right: the step that depends on it
becomes unknown, with both origins.
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
    """Two readings of one resource. `about` completes "the evidence disagrees about …"."""

    step: str
    about: str
    one: Side
    other: Side | None = None  # None where one place has both
    settle: str = "the document as the cloud stores it now"


def suspect(exchange: ExchangeBuilder, contradictions: Iterator[Contradiction]) -> None:
    """Suspect the step that each contradiction leaves open, and any refusal there that rests on one of the readings.

    Call after all steps are settled.
    """
    suspected: set[str] = set()
    for contradiction in contradictions:
        result = exchange.results[contradiction.step]
        if contradiction.step not in suspected:  # what is added below is suspected already
            suspected.add(contradiction.step)
            result.refusals = [
                refusal._replace(certain=False, settle=refusal.settle or contradiction.settle)
                for refusal in result.refusals
            ]
        result.state = UNKNOWN
        exchange.refuse(
            Kind.EVIDENCE_CONTRADICTS,
            step=contradiction.step,
            expected=contradiction.one,
            actual=contradiction.other,
            certain=False,
            location=Clause((contradiction.about,)),
            settle=contradiction.settle,
            rank=8,  # after the step's own refusals
            about=contradiction.about,
        )


def repeated_members(
    document: Document | Missing | None, steps: Mapping[str, str], step: str
) -> Iterator[Contradiction]:
    """Find members that occur twice or in two spellings. `steps` maps members to steps; `step` is the default."""
    if not isinstance(document, Document):
        return
    for pointer in document.duplicates:
        name = place_in_words(pointer) or place_in_words(document.pointer)
        where = Side(name, document.at(pointer))
        yield Contradiction(_step_of(pointer, steps, step), f"{name}, which {document.file} has twice", where)
    for name, spelling in _two_spellings(document.value):
        about = f"{name}, which {document.file} has as {spelling} as well"
        first, second = (Side(shown(document.value[member]), document.at(f"/{member}")) for member in (name, spelling))
        yield Contradiction(_step_of(f"/{name}", steps, step), about, first, second)


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
    """Find duplicate claims of the token: which of the two a cloud reads was never recorded."""
    for name in exchange.token.duplicates:
        side = Side(name, exchange.claim_origin(name))
        yield Contradiction("token", f"the claim {name}, which the token has twice", side, settle="a token without it")


def different(
    step: str, about: str, values: tuple[Json, Json], places: tuple[Origin, Origin]
) -> Iterator[Contradiction]:
    """Return a contradiction if two readings differ."""
    if values[0] != values[1]:
        first, second = (Side(shown(value), at) for value, at in zip(values, places, strict=True))
        yield Contradiction(step, about, first, second)
