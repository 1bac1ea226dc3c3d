"""Edits of an attribute condition that keep its tests and limit it to tenants, teams and names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from oidc_doctor import cel
from oidc_doctor.findings.fixes.gcp_evidence import mapping_of, provider_of, with_gcp

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Opening
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence

_LOOSE = ("or", "conditional")  # operations with lower precedence than &&


def edits(
    case: Case,
    levels: Sequence[Sequence[str]],
    in_use: Sequence[str],
    openings: Sequence[Opening],
) -> Iterator[TargetEvidence]:
    """Yield the evidence with narrower conditions: closed comparisons first, then with a test of the heads.

    `levels` are heads of subjects that must stay accepted, `openings` the accepted values similar to intended ones.
    """
    provider = provider_of(case)
    if provider is None:
        return
    condition = (provider.condition or "").strip()
    closed = condition
    for opening in openings:
        closed = _with_end(closed, opening, in_use, case.profile)
    if closed != condition:
        yield _with_condition(case, closed)
    for heads in levels:
        test = _test(case, heads, in_use)
        for text in dict.fromkeys((condition, closed)):
            if test:
                yield _with_condition(case, joined(text, test))


def joined(condition: str, *tests: str) -> str:
    """Join the condition and tests with AND."""
    parts = [part for part in (condition, *tests) if part]
    return " && ".join(f"({part})" if len(parts) > 1 and _is_loose(part) else part for part in parts)


def with_tests(case: Case, *tests: str) -> TargetEvidence | None:
    """Return the evidence with these tests added to the condition."""
    provider = provider_of(case)
    return _with_condition(case, joined((provider.condition or "").strip(), *tests)) if provider is not None else None


def subject_name(case: Case) -> str:
    """Return the condition's name for the subject, preferably as in the issuer's documentation."""
    mapped = (mapping_of(case) or {}).get("google.subject") == "assertion.sub"
    return "google.subject" if mapped else "assertion.sub"


def is_quotable(text: str) -> bool:
    """Whether the text needs no escape between single quotes."""
    return text.isprintable() and "'" not in text and "\\" not in text


def _with_condition(case: Case, condition: str) -> TargetEvidence:
    provider = provider_of(case)
    return with_gcp(case, provider=provider._replace(condition=condition)) if provider is not None else case.evidence


def _is_loose(condition: str) -> bool:
    try:
        return cel.compile(condition).tree.op in _LOOSE
    except cel.CelError:
        return True


def _test(case: Case, heads: Sequence[str], in_use: Sequence[str]) -> str:
    if not all(map(is_quotable, heads)):
        return ""
    name = subject_name(case)
    return " || ".join(f"{name} == '{head}'" if head in in_use else f"{name}.startsWith('{head}')" for head in heads)


def _with_end(condition: str, opening: Opening, in_use: Sequence[str], profile: Profile | None) -> str:
    """Close the opening's comparison: the whole segment, or the separator after the string."""
    if opening.whole:
        wholes = list(dict.fromkeys((opening.whole, *_wholes(opening, in_use, profile))))
        text = " || ".join(wholes)
        return condition.replace(opening.pattern, f"({text})" if len(wholes) > 1 else text)
    if profile is None or not opening.pattern or opening.operator != "startsWith":
        return condition
    for quote in ("'", '"'):
        start, mark, _ = opening.pattern.rpartition(f"{quote})")
        call, opened, text = start.partition(quote)
        if mark and opened and opening.pattern.endswith(mark):
            ends = dict.fromkeys(_ends(text, opening, in_use, profile))
            calls = " || ".join(f"{call}{quote}{end}{mark}" for end in ends if is_quotable(end))
            return condition.replace(opening.pattern, f"({calls})" if " || " in calls else calls or opening.pattern)
    return condition


def _wholes(opening: Opening, in_use: Sequence[str], profile: Profile | None) -> Iterator[str]:
    """Return the expression that requires a whole segment, with each segment value in use."""
    texts = cel.compile(opening.whole).texts()
    for subject in in_use if profile is not None and texts else ():
        for part in profile.parse_subject(subject).segments if profile is not None else ():
            if part.known and part.name.replace("_", " ") == opening.segment and is_quotable(part.value):
                sign = profile.grammar.separator if profile is not None else ""
                bare = texts[0].strip(sign)
                own = part.value if bare == texts[0] and sign not in texts[0] else subject[part.start : part.end]
                yield opening.whole.replace(f"'{texts[0]}'", f"'{texts[0].replace(bare, own)}'")


def _ends(text: str, opening: Opening, in_use: Sequence[str], profile: Profile) -> Iterator[str]:
    """Extend the string to the end of its name and the separator, as in each subject in use."""
    used = [subject for subject in in_use if subject.startswith(text)]
    for subject in used or [opening.subject]:
        for part in profile.parse_subject(subject).segments:
            if part.start < len(text) <= part.end:
                own = subject[: part.end] if used else text
                yield own + subject[part.end : part.end + 1]
