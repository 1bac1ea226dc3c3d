"""Write the values that accept a subject now in the coming form as well, next to the present ones.

Every edit keeps the present values, so that no token that passes now is refused. Callers prove that it accepts no one
else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.findings.trust_reach_traces import statement_name, subject_clauses
from oidc_doctor.model.document import Missing
from oidc_doctor.model.early import Line
from oidc_doctor.model.evidence import AllowPolicy
from oidc_doctor.model.json_pointer import pointer_segment, segments
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.steps import REFUSED

if TYPE_CHECKING:
    from oidc_doctor.cel.syntax import Expr
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Trace

# Returns a configured text in the coming form, empty if it has none; `closed`: the text is the beginning of a subject.
Writer = Callable[[str, bool], str]

_TESTS = ("==", "in", "startsWith", "contains", "endsWith")  # calls and operators with a literal side


class Accepted(NamedTuple):
    """A subject that passes now, the judge's trace of it, and of its coming form."""

    trace: Trace
    coming: Trace
    write: Writer


def accepting(case: Case, accepted: Accepted) -> Side:
    """Return the value that accepts the subject now, and that its coming form fails."""
    if case.cloud == "aws":
        role = case.evidence.aws.role if case.evidence.aws is not None else None
        policy = getattr(role, "trust_policy", None)
        for _, text, _, pointer in subject_clauses(accepted.trace).values():
            return Side(text, None if isinstance(policy, Missing) or policy is None else policy.at(pointer))
        return Side("")
    from oidc_doctor.findings.fixes.gcp_evidence import provider_of

    provider, policy = provider_of(case), case.evidence.gcp.service_account_policy if case.evidence.gcp else None
    if accepted.coming.step("condition").state == REFUSED and provider is not None:
        return Side(provider.condition or "", provider.document.at("/attributeCondition"))
    if accepted.coming.step("mapping").state == REFUSED and provider is not None and isinstance(provider.mapping, dict):
        place = "/attributeMapping" + pointer_segment("google.subject")
        return Side(provider.mapping.get("google.subject", ""), provider.document.at(place))
    at = policy.document.at("/bindings") if isinstance(policy, AllowPolicy) else None
    return next((Side(member, at) for _, _, member, _, at in _members(case, accepted.write)), Side("", at))


def with_lines(case: Case, subjects: Sequence[Accepted]) -> tuple[TargetEvidence, list[Line]]:
    """Return the evidence with the values of all subjects in the coming form, and each added value."""
    lines: list[Line] = []
    for accepted in subjects:
        edit = _in_trust_policy if case.cloud == "aws" else _at_google
        evidence, added = edit(case, accepted)
        case = case._replace(evidence=evidence)
        lines += [line for line in added if line not in lines]
    return case.evidence, lines


# --- AWS -------------------------------------------------------------------------------------------------------------


def _in_trust_policy(case: Case, accepted: Accepted) -> tuple[TargetEvidence, list[Line]]:
    from oidc_doctor.findings.fixes.trust_policy import with_policy  # late: one cloud does not load the other's

    lines: list[Line] = []

    def change(policy: Any) -> bool:
        changed = False
        for statement, text, operator, pointer in subject_clauses(accepted.trace).values():
            new = accepted.write(text, False) if text and not set("?$") & set(text) else ""
            place = segments(pointer)
            if new and "Condition" in place:
                key = place[place.index("Condition") + 2]
                lines.append(Line(new, f"the values of {key} under {operator} in {statement_name(statement)}"))
                changed |= _put_after(policy, place[: place.index("Condition") + 3], text, new)
        return changed

    return with_policy(case, change) or case.evidence, lines


def _put_after(policy: Any, path: Sequence[str], text: str, new: str) -> bool:
    """Add a value to those at `path`, behind `text`; False where it is there already."""
    box = policy
    for name in path[:-1]:
        box = box[int(name)] if isinstance(box, list) else box[name]
    values = box[path[-1]] if isinstance(box[path[-1]], list) else [box[path[-1]]]
    if new in values:
        return False
    place = values.index(text) + 1
    box[path[-1]] = [*values[:place], new, *values[place:]]
    return True


# --- Google Cloud ----------------------------------------------------------------------------------------------------


def _at_google(case: Case, accepted: Accepted) -> tuple[TargetEvidence, list[Line]]:
    lines: list[Line] = []
    if accepted.coming.step("condition").state == REFUSED:
        case, added = _in_condition(case, accepted.write)
        lines += added
    if accepted.coming.step("impersonate").state == REFUSED:
        case, added = _in_allow_policy(case, accepted.write)
        lines += added
    return case.evidence, lines


def _in_condition(case: Case, write: Writer) -> tuple[Case, list[Line]]:
    from oidc_doctor.findings.fixes import cel_text
    from oidc_doctor.findings.fixes.gcp_evidence import provider_of, with_gcp

    provider = provider_of(case)
    text = (provider.condition or "").strip() if provider is not None else ""
    tree = cel_text.parsed(text)
    if provider is None or tree is None:
        return case, []
    lines: list[Line] = []
    edited = text
    tests = [part for part in cel_text.walk(tree) if part.name in _TESTS and cel_text.sides(part) is not None]
    for part in sorted(tests, key=lambda part: -part.start):
        old = cel_text.written(text, part)
        new, added = _written_anew(text, part, write)
        if not added or new in text:
            continue
        if part.name == "in":
            beside = new
            lines[:0] = [Line(literal, f"the list of {old} in the attribute condition") for literal in added]
        else:
            beside = f"{old} || {new}" if (part.start, part.end) == (0, len(text)) else f"({old} || {new})"
            lines.insert(0, Line(new, f"the attribute condition, as an alternative to {old}"))
        edited = cel_text.put(edited, part.start, part.end, beside)
    if edited == text:
        return case, []
    return case._replace(evidence=with_gcp(case, provider=provider._replace(condition=edited))), lines


def _written_anew(text: str, part: Expr, write: Writer) -> tuple[str, list[str]]:
    """Return a comparison with its literal in the coming form (of `in`, with both), and the literals of that form."""
    from oidc_doctor.findings.fixes import cel_text

    sides = cel_text.sides(part)
    literals = cel_text.literals(sides[1]) if sides is not None else []
    new = cel_text.written(text, part)
    added: list[str] = []
    for literal in reversed(literals):
        value = literal.value
        coming = write(value, part.name in ("startsWith", "contains")) if isinstance(value, str) else ""
        if coming and "*" not in coming:
            own = cel_text.written(text, literal)
            anew = cel_text.like(own, coming)
            start, end = literal.start - part.start, literal.end - part.start
            new = cel_text.put(new, start, end, f"{own}, {anew}" if part.name == "in" else anew)
            added.insert(0, anew)
    return new, added


def _members(case: Case, write: Writer) -> Iterator[tuple[AllowPolicy, str, str, str, Any]]:
    """Yield the members of the service account that are one subject: policy, role, member, its coming form, origin."""
    from oidc_doctor.judge.gcp.members import GRANTING
    from oidc_doctor.judge.gcp.names import read_member

    policy = case.evidence.gcp.service_account_policy if case.evidence.gcp is not None else None
    if not isinstance(policy, AllowPolicy):
        return
    for binding in policy.bindings:
        for index, text in enumerate(binding.members):
            member = read_member(text)
            usable = binding.role in GRANTING and not binding.condition
            if usable and member is not None and not member.fault and member.form == "subject":
                coming = write(member.value, False)
                if coming and text.endswith(member.value):
                    at = policy.document.at(f"{binding.pointer}/members/{index}")
                    yield policy, binding.role, text, text.removesuffix(member.value) + coming, at


def _in_allow_policy(case: Case, write: Writer) -> tuple[Case, list[Line]]:
    from oidc_doctor.findings.fixes.gcp_evidence import with_gcp, with_member

    lines: list[Line] = []
    for policy, role, _, member, _ in list(_members(case, write)):
        if any(member in binding.members for binding in policy.bindings):
            continue
        present = case.evidence.gcp.service_account_policy if case.evidence.gcp is not None else policy
        wider = with_member(present if isinstance(present, AllowPolicy) else policy, role, member)
        case = case._replace(evidence=with_gcp(case, service_account_policy=wider))
        lines.append(Line(member, f"the members of {role} on the service account"))
    return case, lines
