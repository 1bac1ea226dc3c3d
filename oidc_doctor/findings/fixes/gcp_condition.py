"""Edit the attribute condition: correct a clause that matches no token, else add the workload.

Every edit is made at a part's position in the syntax tree. The judge decides whether a part is true for the token, by
evaluating it as the condition.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor import cel
from oidc_doctor.findings.fixes import cel_text
from oidc_doctor.findings.fixes.edit import Candidate, Maker, Scope
from oidc_doctor.findings.fixes.gcp_evidence import edited_provider, holds, provider_of, saying
from oidc_doctor.findings.fixes.own_workload import conditions, glob, known_subject, parts_of
from oidc_doctor.judge import evaluate
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal

if TYPE_CHECKING:
    from oidc_doctor.cel.syntax import Expr
    from oidc_doctor.model.case import Case

_MOST_CLAUSES = 12  # parts of a condition that are judged individually
_NEAR = 0.8  # minimum similarity of a name and its misspelling
_TESTS = ("==", "in", "startsWith", "endsWith", "contains", "matches")


def _condition(case: Case) -> str:
    provider = provider_of(case)
    return (provider.condition or "").strip() if provider is not None else ""


def _edited(case: Case, condition: str, scope: Scope, *, correct: bool = False) -> Iterator[Candidate]:
    yield from edited_provider(case, "correct" if correct else "add", scope, condition=condition)


# --- a clause that can match no token --------------------------------------------------------------------------------


def corrected(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct the clause as intended, if it is true then: without a wildcard or quotes, in the claim's case."""
    text, clause = _condition(case), refusal.fact("clause")
    for part in cel_text.found(text, clause):
        for new in _meant(case, refusal, text, part):
            if new and new != clause and holds(case, new):
                wrapped = f"({new})" if text != clause and re.search(r" (&&|\|\|) ", new) else new
                yield from _edited(case, cel_text.put(text, part.start, part.end, wrapped), "declared", correct=True)


def _meant(case: Case, refusal: Refusal, text: str, part: Expr) -> Iterator[str]:
    quoted = refusal.fact("quoted")
    if quoted:
        for literal in cel_text.walk(part):
            if literal.op == "literal" and literal.value == quoted:
                yield _within(text, part, literal, quoted)
        return
    sides = cel_text.sides(part)
    if sides is None or part.name not in _TESTS:
        return
    read, wanted = sides
    path = cel_text.written(text, read)
    globs = [literal.value for literal in cel_text.literals(wanted) if isinstance(literal.value, str)]
    if any("*" in value for value in globs) and len(globs) == len(cel_text.literals(wanted)):
        yield " || ".join(_without_wildcard(part.name, path, value) or "false" for value in globs)
    value = _value_of(case, path)
    for literal in cel_text.literals(wanted):
        own = cel_text.written(text, literal)
        if isinstance(value, str) and isinstance(literal.value, str) and literal.value.lower() == value.lower():
            yield _within(text, part, literal, cel_text.like(own, value))
        elif _same_but_for_type(literal.value, value):
            yield _within(text, part, literal, cel.quote(value) if isinstance(value, str) else str(value).lower())


def _within(text: str, part: Expr, literal: Expr, new: str) -> str:
    return text[part.start : literal.start] + new + text[literal.end : part.end]


def _same_but_for_type(wanted: object, value: object) -> bool:
    """Whether a string and a number or Boolean look the same: '1' and 1."""
    kinds = {type(wanted), type(value)}
    return str in kinds and len(kinds) == 2 and str(wanted).lower() == str(value).lower()  # noqa: PLR2004 - two types


def _without_wildcard(function: str, path: str, pattern: str) -> str:
    """Return the test intended by a pattern with *, which is literal in CEL; empty if it tests nothing."""
    parts = pattern.split("*")
    if function == "matches" and re.search(r"[\\^$.+(\[]", pattern):
        return ""  # a regular expression, where * is no wildcard
    if function == "startsWith":
        parts = [*parts, ""] if parts[-1] else parts
    elif function == "endsWith":
        parts = ["", *parts] if parts[0] else parts
    elif function == "contains":
        parts = ["", *parts, ""]
    return f"{path} == {cel.quote(pattern)}" if len(parts) == 1 else glob(path, parts)


def _value_of(case: Case, path: str) -> object:
    """Return the judge's value of a path that the condition reads; None without a value."""
    for candidate in edited_provider(case, "correct", condition=f"{path} == ''"):
        node = evaluate(case._replace(evidence=candidate.evidence, explain=False)).detail.get("condition")
        if node is not None and node.children and node.children[0].evaluated and node.children[0].error is None:
            value: object = node.children[0].value
            return value
    return None


def near_claim(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace a missing claim by the token's claim that it misspells."""
    text, claim = _condition(case), refusal.fact("claim")
    tree = cel_text.parsed(text)
    near = difflib.get_close_matches(claim, list(case.token.claims), n=1, cutoff=_NEAR)
    if tree is None or not near or not near[0].isidentifier():
        return
    for part in reversed(list(cel_text.walk(tree))):
        if part.op in ("select", "has") and part.name == claim and part.children[0].name == "assertion":
            text = cel_text.put(text, *part.name_at, near[0])
    yield from _edited(case, text, "declared", correct=True)


def near_attribute(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Replace an unmapped attribute by the mapped attribute that it misspells."""
    text, attribute, near = _condition(case), refusal.fact("attribute"), refusal.fact("near")
    for part in reversed(cel_text.found(text, attribute)) if near and refusal.step == "condition" else ():
        text = cel_text.put(text, part.start, part.end, near)
    if near:
        yield from _edited(case, text, "declared", correct=True)


# --- the workload next to the others ----------------------------------------------------------------------------------


def value_beside(scope: Scope) -> Maker:
    """Add the token's value to the list of each false comparison, so that the other clauses still apply."""

    def make(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
        text = _condition(case)
        tree = cel_text.parsed(text)
        if tree is None or _excludes(case, text, tree):
            return
        edited = text
        for part in reversed(_open(case, text, tree)):
            new = _listed(case, text, part)
            if not new:
                return
            edited = cel_text.put(edited, part.start, part.end, new)
        if edited != text:
            yield from _edited(case, edited, scope)

    return make


def _listed(case: Case, text: str, part: Expr) -> str:
    """Return a comparison with another value; empty if it has no list, or the value names a deployment."""
    sides = cel_text.sides(part)
    if sides is None or part.name not in ("==", "in"):
        return ""
    read, wanted = sides
    path, old = cel_text.written(text, read), [cel_text.written(text, literal) for literal in cel_text.literals(wanted)]
    value = _value_of(case, path)
    if (
        not isinstance(value, str)
        or not value.isprintable()
        or not all(literal.startswith(("'", '"')) for literal in old)
    ):
        return ""
    if value == case.token.subject and len(parts_of(case)) > 1:
        return ""
    return f"{path} in [{', '.join([*old, cel_text.like(old[0], value) if old else cel.quote(value)])}]"


def own_beside(case: Case, _refusal: Refusal) -> Iterator[Candidate]:
    """Admit the token's own workload as an alternative to the refusing clauses; the other clauses still apply."""
    text = _condition(case)
    tree = cel_text.parsed(text)
    if tree is None or not known_subject(case) or _excludes(case, text, tree):
        return
    parts = cel_text.joined_by(tree, "and")
    refusing = _open(case, text, tree)
    if not refusing:
        return  # the condition holds: another step refuses
    for own in conditions(case):
        whole = f"({own})" if " && " in own else own
        if len(refusing) == len(parts):
            yield from _edited(case, f"{text} || {whole}" if tree.op == "or" else f"({text}) || {whole}", "own")
            continue
        start, end = _outer(text, refusing[0].start, refusing[-1].end)
        between = text[start:end]
        near = [part for part in parts if refusing[0].start <= part.start <= refusing[-1].start]
        if near == refusing and cel_text.parsed(between) is not None:
            yield from _edited(case, cel_text.put(text, start, end, f"({between} || {whole})"), "own")
        else:
            own_parts = [cel_text.written(text, part) for part in parts if part not in refusing]
            yield from _edited(case, f"({text}) || ({' && '.join([own, *map(_grouped, own_parts)])})", "own")


def _grouped(clause: str) -> str:
    return f"({clause})" if "||" in clause or "?" in clause else clause


def _outer(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a part's span, including surrounding parentheses."""
    while text[:start].rstrip().endswith("(") and text[end:].lstrip().startswith(")"):
        low, high = text.rindex("(", 0, start), text.index(")", end)
        if re.search(r"\w\s*$", text[:low]):
            break  # the parentheses of a function
        start, end = low, high + 1
    return start, end


def _open(case: Case, text: str, tree: Expr) -> list[Expr]:
    """Return the clauses joined by && that are not true for the token; all if there are very many."""
    parts = cel_text.joined_by(tree, "and")
    if len(parts) > _MOST_CLAUSES:
        return parts
    return [part for part in parts if holds(case, cel_text.written(text, part)) is not True]


def _excludes(case: Case, text: str, tree: Expr) -> bool:
    """Whether the condition excludes the token by name: an exclusion is never edited away."""
    tests = [part for part in cel_text.walk(tree) if part.name == "!=" or (part.op == "not" and _no_guard(part))]
    return any(holds(case, cel_text.written(text, part)) is not True for part in tests[:_MOST_CLAUSES])


def _no_guard(part: Expr) -> bool:
    return part.children[0].op != "has"


# --- an expression that Google would not take ------------------------------------------------------------------------

_QUOTES = str.maketrans(
    dict.fromkeys("\u2018\u2019", "'") | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
)  # as word processors write them
_WORDS = (
    (r"===", "=="),
    (r"(?<![=!<>])=(?!=)", "=="),
    (r"(?<!&)&(?!&)", "&&"),
    (r"(?<!\|)\|(?!\|)", "||"),
    (r"\b(?i:and)\b", "&&"),
    (r"\b(?i:or)\b", "||"),
    (r"\b(?i:not)\s+", "!"),
    (r"(?i)\.starts_?with\(", ".startsWith("),
    (r"(?i)\.ends_?with\(", ".endsWith("),
    (r"(?i)\.contains\(", ".contains("),
    (r"(?i)\.(?:match|matches)\(", ".matches("),
    (r"\b(?:claims?|token|jwt|assertions|Assertion)\.(?=[A-Za-z_])", "assertion."),
)
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


def repaired(text: str) -> Iterator[str]:
    """Yield corrections of syntax borrowed from other languages, outside string literals, the fewest changes first."""
    plain = text.translate(_QUOTES)
    yield plain
    for pattern, new in _WORDS:
        yield _outside_texts(plain, pattern, new)
    every = plain
    for pattern, new in _WORDS:
        every = _outside_texts(every, pattern, new)
    yield every
    for candidate in (plain, every):
        bare = _TEXT.sub("", candidate)
        missing = bare.count("(") - bare.count(")")
        if missing:
            yield candidate + ")" * missing if missing > 0 else candidate.removesuffix(")" * -missing)


def _outside_texts(text: str, pattern: str, new: str) -> str:
    out, done = "", 0
    for literal in _TEXT.finditer(text):
        out += re.sub(pattern, new, text[done : literal.start()]) + literal.group()
        done = literal.end()
    return out + re.sub(pattern, new, text[done:])


def repaired_condition(case: Case, refusal: Refusal) -> Iterator[Candidate]:
    """Correct an invalid condition's typo, only if the token then passes the step."""
    text = _condition(case)
    if refusal.step != "condition" or refusal.fact("which") not in ("", "attributeCondition"):
        return
    for new in dict.fromkeys(repaired(text)):
        if new != text and holds(case, new):
            yield from _edited(case, new, "declared", correct=True)


_VALUE = "If this token should have access: add its value to those that the attribute condition admits."
_WORKLOAD = "If this workload should have access: admit it in the attribute condition, which still admits the others."
CONDITION_FALSE = (
    corrected,
    saying(_VALUE, value_beside("own")),
    saying(_WORKLOAD, own_beside),
    saying(_VALUE, value_beside("declared")),
)

CONDITION_EDITS: dict[Kind, tuple[Maker, ...]] = {
    Kind.ATTRIBUTE_CONDITION_FALSE: CONDITION_FALSE,
    Kind.WILDCARD_IN_CEL: CONDITION_FALSE,
    Kind.CONDITION_CLAIM_MISSING: (near_claim, *CONDITION_FALSE),
}
