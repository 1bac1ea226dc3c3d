"""Derive facts about an unread provider from logged writes and accepted exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import cel

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.cel import Program
    from oidc_doctor.model.evidence import Token, WrittenProvider


def subject_of_entries(written: WrittenProvider, token: Token) -> str | None:
    """Return google.subject if the entries of accepted exchanges show that it is the token's sub.

    None if a write shows the mapping, if no entry shows both, or if the condition reads other parts of google.
    """
    subject = token.claim("sub")
    if isinstance(written.provider.mapping, dict) or not written.subject_is_sub or not isinstance(subject, str):
        return None
    try:
        references = cel.compile(written.provider.condition or "").references()
    except cel.CelError:
        return None
    read = {reference.keys[:2] for reference in references if reference.keys[0] == "google"}
    return subject if read == {("google", "subject")} else None


def is_decided(condition: str | None, bindings: dict[str, Any], claims: Callable[[Program], dict[str, Any]]) -> bool:
    """Whether the known claims and mapping are enough to evaluate the condition."""
    try:
        program = cel.compile(condition or "true")
    except cel.CelError:
        return False
    return program.trace({**bindings, "assertion": claims(program)}).error is None
