"""Report on a role or trust policy: allowed subjects, their breadth, and what IAM would not store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.examine.alone import words
from oidc_doctor.examine.alone.reached import fault_lines, reached, width_lines
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.aws.arns import split_provider
from oidc_doctor.judge.save_rules import of_trust_policy as objections_to
from oidc_doctor.judge.typos import invisible_in, left_in
from oidc_doctor.model.alone import Alone, Line, Part
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AwsOidcProvider, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.examine.alone.reached import Reached
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.iam import Node
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.report import AllowedSubjects, Report

_MOST_VALUES = 12  # per condition key
_MOST_STATEMENTS = 20
_FEW = 3  # issuers in the headline
_SHORT = 60  # characters of a role's name in the headline


def of_trust_policy(exchange: Judged, report: Report, paths: Sequence[str]) -> Alone:
    """Return the answer to a trust policy, whose owner wrote it."""
    case = exchange.diagnosis.case
    aws = case.evidence.aws
    role = aws.role if aws is not None else None
    policy = role.trust_policy if isinstance(role, Role) else None
    node = exchange.diagnosis.trace.detail.get("policy")
    statements = [child for child in node.children if child.level == "statement"] if node is not None else []
    reach = reached(case)
    lines = [Line("role", role.arn)] if isinstance(role, Role) and role.arn else []
    said = [line for statement in statements[:_MOST_STATEMENTS] for line in _statement(statement)]
    if len(statements) > _MOST_STATEMENTS:
        said.append(Line("", f"and {len(statements) - _MOST_STATEMENTS} more statements"))
    issuers = _issuers(statements)
    judged = fault_lines(reach, report) if issuers else ()  # a role for other callers is not at fault
    faults = [*_saving(policy), *judged, *_typos(statements)]
    allowed = [_in_words(row) for row in report.exchanges[0].allows] if report.exchanges else []
    provider = aws.provider if aws is not None else None
    parts = [
        Part("Who is allowed", (*lines, *said)),
        Part("How wide", tuple(width_lines(reach, _owners(case.profile)))),
        Part("Faults", tuple(faults)),
        Part("Accepted by it, for example", tuple(Line("subject", subject) for subject in reach.accepted[:2])),
    ]
    return Alone(
        "trust-policy",
        _headline(role, issuers, reach, list(dict.fromkeys(filter(None, allowed))), faults),
        tuple(part for part in parts if part.lines),
        commands=words.tried(reach.accepted, paths),
        ask=words.ask_for_token(case.profile)
        + ("" if isinstance(provider, AwsOidcProvider) else "; oidc-provider.json decides the steps before the policy"),
    )


def _headline(
    role: object, issuers: Sequence[str], reach: Reached, allowed: Sequence[str], faults: Sequence[Line]
) -> str:
    """Return the judge's result for the subjects that the policy names; without subjects, only the policy's issuers."""
    name = role.name if isinstance(role, Role) and role.name else ""
    policy = f"The trust policy of {name}" if name and len(name) <= _SHORT else "This trust policy"
    if not issuers:
        return f"{policy} names no OIDC provider; whether a token of an issuer passes it is not known."
    if any(line.sign == "✗" for line in faults):
        return f"{policy} cannot work as written: {next(line.text for line in faults if line.sign == '✗')}."
    named = " and ".join(issuers[:_FEW])
    if reach.unknown:
        return f"{policy} names {named}; who passes it is not known: {reach.unknown}."
    if not reach.accepted:
        return f"{policy} names {named}, and none of the subjects that were tried passes it."
    whom = allowed[0] if len(allowed) == 1 else f"one of {len(allowed)} subject patterns" if allowed else ""
    said = f"{policy} allows tokens of {named}{f' with {whom}' if whom else ''}"
    wide = next(iter(reach.openings), None)
    if wide is not None:
        return f"{said}, and is too wide: tokens of another {wide.segment or 'subject'} pass it too."
    return f"{said}."


def _in_words(row: AllowedSubjects) -> str:
    """Describe the subjects that the judge allows: `org O, team T, any model`."""
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in row.required]
    return ", ".join([*parts, *(f"any {name.replace('_', ' ')}" for name in row.open_to)])


def _issuers(statements: Sequence[Node]) -> list[str]:
    """Return the issuers of the OIDC providers that the Allow statements name."""
    named = [
        _issuer_of(value.expected)
        for statement in statements
        if statement.expected == "Allow"
        for value in _principals(statement)
    ]
    return list(dict.fromkeys(issuer for issuer in named if issuer))


def _principals(statement: Node) -> Iterator[Node]:
    for part in statement.children:
        if part.level == "principal":
            yield from part.children


def _conditions(statement: Node) -> Iterator[tuple[str, Node]]:
    for part in statement.children:
        if part.level == "operator":
            yield from ((part.name, key) for key in part.children)


def _issuer_of(principal: object) -> str:
    provider = split_provider(principal) if isinstance(principal, str) else None
    return provider[2] if provider else ""


def _statement(statement: Node) -> Iterator[Line]:
    """Yield a statement in words: effect, principals, actions, conditions."""
    index = statement.pointer.rpartition("/")[2]
    effect = {"Allow": "allows", "Deny": "denies"}.get(str(statement.expected), "has an unknown Effect for")
    principals = [str(value.expected) for value in _principals(statement)]
    yield Line(
        "statement", f"Statement[{index if index.isdigit() else 0}] {effect} {', '.join(principals) or 'no principal'}"
    )
    actions = [
        str(action.expected) for part in statement.children if part.level == "action" for action in part.children
    ]
    yield Line("action", ", ".join(actions))
    issuer = next((_issuer_of(name) for name in principals if _issuer_of(name)), "")
    for operator, key in _conditions(statement):
        values = [str(value.expected) for value in key.children]
        for value in values[:_MOST_VALUES]:
            profile = profile_for(f"https://{issuer}", value) if issuer else None
            meant = words.pattern_in_words(value, profile) if key.name.lower().endswith(":sub") else ""
            yield Line(operator, f"{key.name} = {value}")
            if meant:
                yield Line("", f"that is: {meant}")
        if len(values) > _MOST_VALUES:
            yield Line(operator, f"{key.name}: and {len(values) - _MOST_VALUES} more values")


def _saving(policy: object) -> Iterator[Line]:
    """Yield what IAM would refuse to store."""
    if not isinstance(policy, Document):
        return
    for objection in objections_to(policy.value):
        at = f" ({policy.at(objection.pointer)})" if objection.pointer else ""
        refuses = "IAM refuses to store it" if objection.certain else "IAM may refuse to store it"
        yield Line("saving", f"{refuses}: {objection.message}{at}", "✗" if objection.certain else "?")


def _typos(statements: Sequence[Node]) -> Iterator[Line]:
    for statement in statements:
        for _, key in _conditions(statement):
            for value in key.children:
                text = str(value.expected)
                placeholder, unseen = left_in(text), invisible_in([text])
                if placeholder:
                    yield Line(
                        "typo", f"{key.name}: {placeholder} is a placeholder of a guide that was not replaced", "!"
                    )
                if unseen:
                    yield Line("typo", f"{key.name}: character {unseen[1]} of {text} is a {unseen[0]}", "!")


def _owners(profile: Profile | None) -> str:
    names = (profile.tenancy.tenant, profile.tenancy.team) if profile is not None else ()
    return " and ".join(_plural(name.replace("_", " ")) for name in names if name) or "subjects"


def _plural(noun: str) -> str:
    return f"{noun.removesuffix('y')}ies" if noun.endswith("ory") else f"{noun}s"
