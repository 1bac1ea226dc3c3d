"""Read the judge's traces of a trust policy or attribute condition: accepting clauses and deciding parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_doctor.cel.trace import Node as CelNode
    from oidc_doctor.iam import Node
    from oidc_doctor.model.refusal import Trace


def allowing(trace: Trace) -> list[Node]:
    """Return the Allow statements that apply."""
    policy = trace.detail.get("policy")
    statements = policy.children if policy else ()
    return [statement for statement in statements if statement.expected == "Allow" and statement.result]


def keys(trace: Trace, *, applied: bool = False) -> Iterator[tuple[Node, str, Node]]:
    """Yield statement, operator and key of each condition in Allow statements; `applied`: only in applying ones."""
    policy = trace.detail.get("policy")
    for statement in policy.children if policy else ():
        if statement.expected != "Allow" or (applied and not statement.result):
            continue
        for clause in statement.children:
            if clause.level == "operator":
                yield from ((statement, clause.name, key) for key in clause.children)


def claim(key: Node) -> str:
    """Return the claim of a condition key, in lower case."""
    return key.name.rpartition(":")[2].lower()


def statement_name(statement: Node) -> str:
    """Return the statement's name in reports: Statement[0]."""
    index = statement.pointer.rpartition("/")[2]
    return f"Statement[{index if index.isdigit() else 0}]"


def asks(name: str) -> bool:
    """Whether the operator requires a value, rather than excluding values or testing for presence."""
    from oidc_doctor.iam.operators import operator  # late: a report on Google alone does not load IAM

    how = operator(name)
    return how is not None and not how.negated and not name.lower().startswith("null")


def deciding(trace: Trace, against: Trace) -> CelNode | None:
    """Return the comparison that is true in `trace` and false in `against`; else the whole condition."""
    node: CelNode | None = trace.detail.get("condition")
    other = against.detail.get("condition")
    if node is None or other is None:
        return None
    false = {(part.start, part.end) for part in other.walk() if part.evaluated and part.value is False}
    for part in node.walk():
        plain = part.op not in ("and", "or", "not", "conditional")
        if plain and part.evaluated and part.value is True and (part.start, part.end) in false:
            return part
    return node


def literals(condition: str) -> list[str]:
    """Return the strings in a condition's comparisons, in order; none for an invalid expression."""
    from oidc_doctor import cel  # late: a report on AWS alone does not load CEL

    try:
        return cel.compile(condition).texts() if condition else []
    except cel.CelError:
        return []


def open_question(trace: Trace) -> str:
    """Name the keys and claims that the result depends on, as written in the configuration."""
    names = [key.name for _, _, key in keys(trace) if key.result is None]
    node = trace.detail.get("condition")
    if node is not None and node.error is not None and node.error.path:
        names.append(str(node.error.path))
    return f"the value of {', '.join(dict.fromkeys(names))}" if names else "what was not read"


def lenient(name: str) -> str:
    """Return ForAllValues or IfExists if this operator requires a value but is true without its key; else empty."""
    from oidc_doctor.iam.operators import operator  # late: a report on Google alone does not load IAM

    how = operator(name)
    if how is None or how.negated:
        return ""
    return "ForAllValues" if how.quantifier == "forallvalues" else "IfExists" if how.if_exists else ""


def subject_clauses(trace: Trace) -> dict[str, tuple[Node, str, str, str]]:
    """Return the clauses that accept the subject: statement, text, operator and pointer, by pointer."""
    clauses: dict[str, tuple[Node, str, str, str]] = {}
    for statement in allowing(trace):
        texts = [
            (value.name, name, value.pointer)
            for applied, name, key in keys(trace, applied=True)
            if applied is statement and claim(key) == "sub" and asks(name)
            for value in key.children
            if value.result
        ]
        for text, name, pointer in texts or [("", "", statement.pointer)]:
            clauses[pointer] = (statement, text, name, pointer)
    return clauses
