"""The members of an expectation's result in JSON: docs/expect.schema.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_doctor.report.parts.sentences import refusal_sentence

if TYPE_CHECKING:
    from oidc_doctor.model.expectations import ExpectationResult
    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import NamedRefusal

    AsJson = Callable[[Side | None], dict[str, Any] | None]


def of_result(result: ExpectationResult, side: AsJson) -> dict[str, Any]:
    """Return the members of a result, in the order of the schema; `side` writes a value with its place."""
    named = result.cause
    return {
        "expects": result.expects,
        "outcome": result.outcome,
        "decided": result.decided,
        "target": result.target,
        "cloud": result.cloud,
        "resource": result.resource or None,
        "name": result.name or None,
        "written": result.written,
        "subject": result.subject or None,
        "audience": result.audience or None,
        "audience_from": result.audience_from or None,
        "at": str(result.at),
        "reason": result.reason or (refusal_sentence(named) if named is not None else ""),
        "fix": result.fix,
        "commands": result.commands,
        "cause": None if named is None else _cause(named, side),
        "read_in": None if result.place is None else str(result.place),
        "tried": result.tried if result.expects == "strangers" else None,
        "strangers": [
            {
                "who": row.who,
                "subject": row.subject,
                "decision": row.decision,
                "issuer": row.issuer or None,
                "audience": row.audience or None,
            }
            for row in result.strangers
        ],
        "unknown_values": [
            {
                "address": row.address,
                "attribute": row.attribute,
                "settled_by": row.settled_by,
                "place": row.place,
            }
            for row in result.unknown_values
        ],
    }


def _cause(named: NamedRefusal, side: AsJson) -> dict[str, Any]:
    refusal = named.refusal
    return {
        "code": named.code,
        "name": named.name,
        "confidence": "predicted" if refusal.certain else "suspected",
        "step": refusal.step,
        "clause": str(refusal.clause) or None,
        "expected": side(refusal.expected),
        "actual": side(refusal.actual),
        "settle": refusal.settle or None,
    }
