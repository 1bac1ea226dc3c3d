"""Edit the conditions of a trust policy: subject, audience, other keys."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_doctor.findings.fixes.edit import Candidate, Scope
from oidc_doctor.findings.fixes.trust_policy import (
    PATTERN_SIGNS,
    as_list,
    audience_of,
    clause_of,
    condition_key,
    one_or_list,
    own_pattern,
    policy_edit,
    require_own,
    statement_of,
    without,
)
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import FixKind

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case


def _with_value(
    case: Case, refusal: Refusal, value: str, kind: FixKind, scope: Scope, *, keep: bool, words: str = ""
) -> Iterator[Candidate]:
    """Yield the policy with the failing pattern replaced by `value`, or (`keep`) with `value` added."""

    def change(policy: Any) -> bool:
        clause = clause_of(policy, refusal)
        if clause is None or refusal.expected is None:
            return False
        block, operator, key = clause
        old = as_list(block[operator][key])
        place = old.index(refusal.expected.value) if refusal.expected.value in old else 0
        values = [*old[: place + 1], value, *old[place + 1 :]] if keep else [*old[:place], value, *old[place + 1 :]]
        block[operator][key] = one_or_list(list(dict.fromkeys(values)), was=block[operator][key])
        return True

    yield from policy_edit(case, change, kind, scope, words)


def _is_like(refusal: Refusal) -> bool:
    return "Like" in refusal.clause.operator and "Not" not in refusal.clause.operator


def _corrected_pattern(case: Case, refusal: Refusal) -> str:
    """Return the policy's pattern, with the token's text where the two differ; empty if impossible."""
    expected, actual = refusal.expected, refusal.actual
    if expected is None or actual is None or PATTERN_SIGNS & set(actual.value):
        return ""
    if not expected.spans or len(expected.spans) != len(actual.spans):
        return ""
    pattern = expected.value
    for (low, high), (start, end) in zip(reversed(expected.spans), reversed(actual.spans), strict=True):
        pattern = pattern[:low] + actual.value[start:end] + pattern[high:]
    del case
    return pattern


def subject_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct the policy's own pattern with the token's values, if no token can match it or no workload needs it."""
    pattern = _corrected_pattern(case, refusal)
    if pattern:
        yield from _with_value(case, refusal, pattern, "correct", "declared", keep=False)


def subject_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the token's workload to the list of patterns."""
    pattern = own_pattern(case)
    if pattern and ("*" not in pattern or _is_like(refusal)):
        words = "If this workload should have access: add its pattern to the trust policy; the other patterns stay."
        yield from _with_value(case, refusal, pattern, "add", "own", keep=True, words=words)


def wildcard_under_like(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Move the key under StringLike, with unchanged values."""
    words = f"Move {refusal.clause.key} from StringEquals to StringLike."
    yield from policy_edit(case, partial(_under_like, refusal), "correct", "declared", words)


def _under_like(refusal: Refusal, policy: Any) -> bool:
    clause = clause_of(policy, refusal)
    if clause is None or not clause[1].endswith("StringEquals"):
        return False
    block, operator, key = clause
    like = operator.replace("StringEquals", "StringLike")
    if key in block.get(like, {}):
        return False  # the edit would overwrite an existing condition
    was = block[operator][key]
    without(block, operator, key)
    block.setdefault(like, {})[key] = was
    return True


def with_owner(case: Case, pattern: Any) -> Any:
    """Write the token's tenant and team into the pattern where its wildcards leave them open."""
    subject, profile = case.token.subject, case.profile
    if profile is None or not subject or not isinstance(pattern, str) or PATTERN_SIGNS & set(subject):
        return pattern
    owners = [name for name in (profile.tenancy.tenant, profile.tenancy.team) if name]
    owning = [
        segment for segment in profile.parse_subject(subject).segments if segment.known and segment.name in owners
    ]
    if not owning:
        return pattern
    beginning, end = pattern.removesuffix("*"), owning[-1].end
    if beginning != pattern and not PATTERN_SIGNS & set(beginning) and subject[:end].startswith(beginning):
        return f"{subject[:end]}{subject[end : end + 1]}*"  # the wildcard is before the team's end
    values = {segment.name: segment.value for segment in owning}
    text, done = "", 0
    for segment in profile.parse_subject(pattern).segments:
        if segment.known and segment.name in values and PATTERN_SIGNS & set(segment.value):
            text += pattern[done : segment.value_start] + values[segment.name]
            done = segment.end
    return text + pattern[done:]


def key_renamed(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Rename a misspelled key."""

    def change(policy: Any) -> bool:
        clause = clause_of(policy, refusal)
        return clause is not None and refusal.actual is not None and _renamed(clause, refusal.actual.value)

    yield from policy_edit(case, change, "correct", "declared")


def _renamed(clause: tuple[dict[str, Any], str, str], name: str) -> bool:
    block, operator, key = clause
    present = (other for keys in block.values() if isinstance(keys, dict) for other in keys)
    if name.lower() in (other.lower() for other in present if other != key):
        return False  # the edit would overwrite an existing condition, or test the key twice
    block[operator] = {name if other == key else other: value for other, value in block[operator].items()}
    return True


def subject_under_audience(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Move a subject pattern from the audience key to the subject key."""

    def change(policy: Any) -> bool:
        clause = clause_of(policy, refusal)
        return clause is not None and _renamed(clause, condition_key(case, "sub"))

    profile = case.profile
    expected = refusal.expected.value if refusal.expected is not None else ""
    if profile is None or not any(segment.known for segment in profile.parse_subject(expected).segments):
        return
    yield from policy_edit(case, change, "correct", "declared")


def audience_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the token's audience to the list of audiences."""
    audience = audience_of(case)
    if audience:
        words = "Add the token's audience next to the present one, which others may need."
        yield from _with_value(case, refusal, audience, "add", "declared", keep=True, words=words)


def audience_corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace the policy's audience by the token's, if no workload needs it."""
    audience = audience_of(case)
    if audience:
        yield from _with_value(case, refusal, audience, "correct", "declared", keep=False)


def value_beside(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Add the request's value to a condition on a key other than subject and audience."""
    value = refusal.actual.value if refusal.actual is not None else ""
    if value and value.isprintable() and not PATTERN_SIGNS & set(value) and "Not" not in refusal.clause.operator:
        yield from _with_value(case, refusal, value, "add", "declared", keep=True)


def subject_instead(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace a key that AWS never sets by the subject key: the original statement accepts no token."""

    def change(policy: Any) -> bool:
        clause, statement = clause_of(policy, refusal), statement_of(policy, refusal)
        if clause is None or statement is None:
            return False
        without(*clause)
        return require_own(case, statement)

    words = f"Test the subject instead of {refusal.clause.key}, a key that AWS never sets."
    yield from policy_edit(case, change, "correct", "declared", words)
