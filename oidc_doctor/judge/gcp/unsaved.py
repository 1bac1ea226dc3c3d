"""Suspect parts of a condition or mapping that this token does not reach and that Google would not save.

A provider with such a part cannot exist as read: the stored text differs, so the token's acceptance is unknown. The
rules are those of `save_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from oidc_doctor.judge.save_rules import (
    Objection,
    of_condition,
    of_mapped_names,
    of_mapping_expression,
)
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.document import Origin


def suspect_condition(exchange: GcpExchange, text: str, at: Origin) -> None:
    """Suspect each part of the condition that Google would not save; the condition is true for the token."""
    if not (exchange.case.explain or exchange.case.contradictions):
        return
    mapping = exchange.provider.mapping if exchange.provider is not None else None
    objections = of_condition(text, None, None) + of_mapped_names(text, mapping if isinstance(mapping, dict) else None)
    _suspect(exchange, "condition", "attributeCondition", objections, text, at)


def suspect_mapping(exchange: GcpExchange, mapping: dict[str, str], names: Iterable[str]) -> None:
    """Suspect each of these attributes' expressions that Google would not save."""
    provider = exchange.provider
    if not (exchange.case.explain or exchange.case.contradictions) or provider is None:
        return
    at = provider.document.at("/attributeMapping")
    for name in names:
        objections = of_mapping_expression(name, mapping[name])
        place = provider.document.at("/attributeMapping" + pointer_segment(name)) if objections else at
        _suspect(exchange, "mapping", name, objections, mapping[name], place)


def _suspect(
    exchange: GcpExchange, step: str, which: str, objections: Iterable[Objection], text: str, at: Origin
) -> None:
    for objection in objections:
        if objection.unconfirmed:
            continue
        exchange.refuse(
            Kind.EXPRESSION_INVALID,
            step=step,
            actual=Side(text, at, (objection.span,) if objection.span else ()),
            location=Clause((which, objection.message)),
            certain=False,
            settle="the expression as Google stores it",
            rank=5,
            which=which,
            message=objection.message,
            saved="no",
        )
