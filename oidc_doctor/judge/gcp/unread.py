"""Find out why an expression has no value: claims that were not read, or a missing library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.judge.gcp.cel_clause import failing
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.cel import CelError
    from oidc_doctor.cel.references import Reference
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.document import Origin

BEYOND = "limit"  # the error code for this evaluator's own limits


def unread_claim(exchange: GcpExchange, inner: Any) -> str:
    """Return the claim whose value a failing part needs, directly or through a mapped attribute."""
    for reference, failed in _reads(exchange, inner):
        if reference.keys[0] == "assertion" and len(reference.keys) > 1:
            return reference.keys[1]
        if failed is not None:
            return unread_claim(exchange, failed)
    return ""


def lacking(exchange: GcpExchange, inner: Any) -> str:
    """Return the missing library or exceeded limit because of which a failing part has no value; else empty."""
    if inner.error.lacks:
        return str(inner.error.lacks)
    for reference, failed in _reads(exchange, inner):
        name = ".".join(reference.keys[:2])
        if name in exchange.beyond:
            return beyond_bound(name, exchange.beyond[name])
        if failed and failed.error.lacks:
            return str(failed.error.lacks)
    return ""


def leave_unevaluated(exchange: GcpExchange, node: Any, inner: Any, at: Origin, lacks: str) -> None:
    """Settle a condition that this installation cannot evaluate. Suspect it only if Google's error names it."""
    exchange.detail["lacks"] = lacks
    if not exchange.seen_at("condition"):
        exchange.settle("condition", "unknown", lacks, at)
        return
    exchange.refuse(
        Kind.ATTRIBUTE_CONDITION_FALSE,
        expected=Side(node.text, at, ((inner.start, inner.end),)),
        certain=False,
        settle=lacks,
        note="it was not evaluated",
    )


def _reads(exchange: GcpExchange, inner: Any) -> Iterator[tuple[Reference, Any]]:
    """Yield the paths that a part reads, each with the failing part of the mapping behind it, or None."""
    try:
        references = cel.compile(inner.text).references()
    except cel.CelError:
        return
    for reference in references:
        mapping = exchange.detail.get("mapping", {}).get(".".join(reference.keys[:2]))
        yield reference, failing(mapping) if mapping is not None and mapping.error is not None else None


def beyond_bound(which: str, fault: CelError) -> str:
    """Report that an expression exceeds our limits, which proves nothing about Google's response."""
    return f"{which} is beyond what oidc-doctor evaluates: {fault.message}"


def why_unevaluated(which: str, fault: CelError | None) -> str:
    """Return the missing library or exceeded limit that left an expression without a value; empty for other faults."""
    if fault is None:
        return ""
    return beyond_bound(which, fault) if fault.code == BEYOND else str(fault.lacks or "")
