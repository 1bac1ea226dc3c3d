"""Edits of a trust policy that keep its structure and limit it to tenants, teams and names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.trust_policy import PATTERN_SIGNS, condition_key, issuer_host, with_policy
from oidc_doctor.iam.operators import operator
from oidc_doctor.issuers.heads import within
from oidc_doctor.judge.aws.arns import federated, split_provider

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Opening
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

_IF_EXISTS = "ifexists"
_FOR_ALL = "forallvalues:"
Change = Callable[[dict[str, Any], bool], bool]  # of a statement: whether it is open; returns whether it was changed

_MOST_PATTERNS = 32  # values per key that heads are written into: a longer list is for its author to narrow


def edits(
    case: Case,
    levels: Sequence[Sequence[str]],
    subjects: Sequence[str],
    openings: Sequence[Opening],
    is_open: Callable[[str], bool],
) -> Iterator[TargetEvidence]:
    """Yield the evidence with narrower trust policies: smallest changes first, wider heads first.

    `levels` are heads of subjects that must stay accepted, `openings` the patterns that strangers match; `is_open`
    tells whether a stranger matches a statement.
    """
    key = condition_key(case, "sub")
    met = {opening.pattern for opening in openings}

    def renamed(statement: dict[str, Any], _open: bool) -> bool:
        return _plain_operators(statement)

    def closed(heads: Sequence[str], *, add: bool) -> Change:
        def change(statement: dict[str, Any], open_: bool) -> bool:
            return open_ and (
                _close(statement, key, heads, subjects, met) or (add and _add(statement, key, heads, subjects))
            )

        return change

    def both(first: Change, second: Change) -> Change:
        return lambda statement, open_: any([first(statement, open_), second(statement, open_)])

    yield from _edited(case, renamed, is_open)
    for heads in levels:
        for add in (False, True):
            change = closed(heads, add=add)
            yield from _edited(case, change, is_open)
            yield from _edited(case, both(renamed, change), is_open)


def with_subjects(case: Case, patterns: Sequence[str]) -> TargetEvidence | None:
    """Return the evidence with these patterns in the issuer's statements; None if there is no such statement."""
    key = condition_key(case, "sub")

    def change(statement: dict[str, Any], _open: bool) -> bool:
        block = statement.setdefault("Condition", {})
        for name, keys in list(block.items()) if isinstance(block, dict) else ():
            how = operator(name)
            if isinstance(keys, dict) and how is not None and not how.negated:
                block[name] = {other: value for other, value in keys.items() if other.lower() != key.lower()}
        return isinstance(block, dict) and _add(statement, key, patterns, patterns)

    return next(_edited(case, change, lambda _pointer: True), None)


def _edited(case: Case, change: Change, is_open: Callable[[str], bool]) -> Iterator[TargetEvidence]:
    """Yield the evidence with the change in each Allow statement for the token's issuer; nothing without a change."""

    def changed(policy: dict[str, Any]) -> bool:
        own = [(pointer, statement) for pointer, statement in _statements(policy) if _is_for(case, statement)]
        done = [change(statement, is_open(pointer)) for pointer, statement in own]  # each of them, not up to the first
        return any(done)

    evidence = with_policy(case, changed)
    if evidence is not None:
        yield evidence


def _statements(policy: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    listed = policy.get("Statement")
    if isinstance(listed, dict):
        return [("/Statement", listed)]
    parts = listed if isinstance(listed, list) else []
    return [(f"/Statement/{place}", part) for place, part in enumerate(parts) if isinstance(part, dict)]


def _is_for(case: Case, statement: dict[str, Any]) -> bool:
    """Whether an Allow statement is only for the token's issuer: a change would affect other issuers' workloads."""
    providers = [split_provider(arn) for arn, _ in federated({"Statement": [statement]})]
    hosts = {provider[2] if provider else "" for provider in providers}
    principal = statement.get("Principal")
    return hosts == {issuer_host(case)} and isinstance(principal, dict) and set(principal) == {"Federated"}


def _plain_operators(statement: dict[str, Any]) -> bool:
    """Remove IfExists and ForAllValues from operators that require a value, if no other condition conflicts."""
    block = statement.get("Condition")
    changed = False
    for name in list(block) if isinstance(block, dict) else ():
        how, plain = operator(name), name
        if plain.lower().startswith(_FOR_ALL):
            plain = plain[len(_FOR_ALL) :]
        if plain.lower().endswith(_IF_EXISTS):
            plain = plain[: -len(_IF_EXISTS)]
        keys = block[name] if isinstance(block, dict) else None
        if plain == name or how is None or how.negated or not isinstance(keys, dict) or not isinstance(block, dict):
            continue
        there = block.get(plain, {})
        if not isinstance(there, dict) or {key.lower() for key in there} & {key.lower() for key in keys}:
            continue
        block[plain] = there | block.pop(name)
        changed = True
    return changed


def _close(
    statement: dict[str, Any], key: str, heads: Sequence[str], subjects: Sequence[str], met: Collection[str]
) -> bool:
    """Write the heads into the patterns that strangers match. Patterns that match no head are unchanged."""
    block = statement.get("Condition")
    changed = False
    for name, keys in block.items() if isinstance(block, dict) else ():
        how = operator(name)
        if how is None or how.negated or "like" not in name.lower() or not isinstance(keys, dict):
            continue
        for own in [own for own in keys if own.lower() == key.lower()]:
            was = keys[own] if isinstance(keys[own], list) else [keys[own]]
            if not all(isinstance(value, str) for value in was) or len(was) > _MOST_PATTERNS:
                continue
            now = [text for value in was for text in (_inside(value, heads, subjects) if value in met else [value])]
            now = list(dict.fromkeys(now))
            if now != was:
                keys[own] = now[0] if len(now) == 1 and not isinstance(keys[own], list) else now
                changed = True
    return changed


def _inside(value: Any, heads: Sequence[str], subjects: Sequence[str]) -> list[Any]:
    if not isinstance(value, str) or "$" in value or not PATTERN_SIGNS & set(value):
        return [value]
    narrowed = [text for head in heads for text in within(value, head, subjects)]
    return narrowed or [value]


def _add(statement: dict[str, Any], key: str, heads: Sequence[str], subjects: Sequence[str]) -> bool:
    """Require the heads if the statement tests no subject."""
    block = statement.setdefault("Condition", {})
    if not isinstance(block, dict):
        return False
    for name, keys in block.items():
        how = operator(name)
        plain = how is not None and not how.negated and not name.lower().startswith("null")
        if plain and isinstance(keys, dict) and key.lower() in (other.lower() for other in keys):
            return False
    patterns = [head if head in subjects or "*" in head else f"{head}*" for head in heads]
    like = block.setdefault("StringLike" if any("*" in pattern for pattern in patterns) else "StringEquals", {})
    if not isinstance(like, dict) or not patterns:
        return False
    like[key] = patterns[0] if len(patterns) == 1 else patterns
    return True
