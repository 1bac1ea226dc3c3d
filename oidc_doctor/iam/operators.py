"""The condition operators: the type that each compares, and its comparison of a policy value with a request value."""

from __future__ import annotations

from oidc_doctor.iam import values, wildcards
from oidc_doctor.iam.trace import ANY, ERROR, NO, YES
from oidc_doctor.model import placeholder
from oidc_doctor.model.arns import ARN_FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from oidc_doctor.iam.wildcards import Piece

    # True or False, or None for a request value that is not of the operator's type.
    Compare: TypeAlias = Callable[[str], bool | None]
    # None for a policy value that is not of the operator's type.
    Build: TypeAlias = Callable[[Sequence[Piece]], Compare | None]
    # The same comparison where either side may hold placeholders: the answers it could have.
    May: TypeAlias = Callable[[Sequence[Piece], str, bool], int]


class Family:
    """Operators with the same comparison, except for negation, quantifier and IfExists."""

    __slots__ = ("build", "may", "takes_variables")

    def __init__(self, build: Build, may: May, *, takes_variables: bool = False) -> None:
        self.build = build
        self.may = may
        self.takes_variables = takes_variables


def _joined(pieces: Sequence[Piece]) -> str:
    return pieces[0][0] if len(pieces) == 1 else "".join(text for text, _, _ in pieces)


def _equals(pieces: Sequence[Piece]) -> Compare:
    return _joined(pieces).__eq__


def _equals_ignoring_case(pieces: Sequence[Piece]) -> Compare:
    # Measured: the comparison of both sides lowered, so the Kelvin sign equals k and sharp s does not equal ss.
    expected = _joined(pieces).lower()
    return lambda actual: actual.lower() == expected


def _typed(read: Callable[[str], Any], test: Callable[[Any, Any], bool]) -> Build:
    """Parse both sides as a type; `test` is called with the request's value first."""

    def build(pieces: Sequence[Piece]) -> Compare | None:
        expected = read(_joined(pieces))
        if expected is None:
            return None

        def compare(text: str) -> bool | None:
            actual = read(text)
            return None if actual is None else test(actual, expected)

        return compare

    return build


def _arn(pieces: Sequence[Piece]) -> Compare | None:
    fields = _fields(pieces)
    if len(fields) == ARN_FIELDS:
        matchers = [wildcards.matcher(field) for field in fields]
    elif len(pieces) == 1 and pieces[0][:2] == ("*", True):
        # Not verified: the documentation says only that each of the six fields may be a wildcard. As in a Resource
        # element, a star alone matches every ARN.
        matchers = []
    else:
        return None

    def compare(text: str) -> bool | None:
        actual = text.split(":", ARN_FIELDS - 1)
        if len(actual) != ARN_FIELDS:
            return None
        return all(matches(field) for matches, field in zip(matchers, actual, strict=False))

    return compare


def _fields(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the six fields of an ARN; the last may contain colons."""
    fields: list[list[Piece]] = [[]]
    for text, active, gaps in pieces:
        first, *later_fields = text.split(":", ARN_FIELDS - len(fields))
        fields[-1].append((first, active, gaps))
        fields.extend([(field, active, gaps)] for field in later_fields)
    return fields


def _answers(result: bool | None) -> int:
    return YES | NO if result is None else YES if result else NO


def _may_equal(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    if _joined(pieces) == actual:
        return YES
    return _answers(placeholder.compare([(text, False, may_be) for text, _, may_be in pieces], actual, text_gaps=gaps))


def _may_equal_ignoring_case(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    return _may_equal([(text.lower(), False, may_be) for text, _, may_be in pieces], actual.lower(), gaps)


def _may_be_like(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    if _joined(pieces) == actual:
        return YES
    return _answers(placeholder.compare(pieces, actual, text_gaps=gaps))


def _may_be_arn_like(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    """Compare texts with gaps: a gap may hold colons, so fields are unclear and only identical texts surely match."""
    expected = _joined(pieces)
    if expected == actual:
        return YES
    if placeholder.compare(pieces, actual, text_gaps=gaps) is not False:
        return ANY
    readable = min(expected.count(":"), actual.count(":")) >= ARN_FIELDS - 1
    return NO if readable else NO | ERROR


def _may_be_anything(_pieces: Sequence[Piece], _actual: str, _gaps: bool) -> int:
    return ANY


def _ordered(test: Callable[[int], bool]) -> Family:
    return Family(
        _typed(values.number, lambda actual, expected: test(values.order_numbers(actual, expected))), _may_be_anything
    )


def _in_time(test: Callable[[int], bool]) -> Family:
    return Family(
        _typed(values.instant, lambda actual, expected: test((actual > expected) - (actual < expected))),
        _may_be_anything,
    )


def _equal(actual: object, expected: object) -> bool:
    return actual == expected


STRING = Family(_equals, _may_equal, takes_variables=True)
STRING_IGNORING_CASE = Family(_equals_ignoring_case, _may_equal_ignoring_case, takes_variables=True)
LIKE = Family(wildcards.matcher, _may_be_like, takes_variables=True)
ARN = Family(_arn, _may_be_arn_like, takes_variables=True)
BOOL = Family(_typed(values.truth, _equal), _may_be_anything, takes_variables=True)
BINARY = Family(_typed(values.binary, _equal), _may_be_anything)
IP = Family(_typed(values.network, values.in_network), _may_be_anything)
NULL = Family(_typed(values.truth, _equal), _may_be_anything)

_ORDERS: dict[str, Callable[[int], bool]] = {
    "Equals": lambda order: order == 0,
    "LessThan": lambda order: order < 0,
    "LessThanEquals": lambda order: order <= 0,
    "GreaterThan": lambda order: order > 0,
    "GreaterThanEquals": lambda order: order >= 0,
}

# Name in lower case: the family, and whether the operator is its negation.
_OPERATORS: dict[str, tuple[Family, bool]] = {
    "stringequals": (STRING, False),
    "stringnotequals": (STRING, True),
    "stringequalsignorecase": (STRING_IGNORING_CASE, False),
    "stringnotequalsignorecase": (STRING_IGNORING_CASE, True),
    "stringlike": (LIKE, False),
    "stringnotlike": (LIKE, True),
    "arnequals": (ARN, False),
    "arnnotequals": (ARN, True),
    "arnlike": (ARN, False),
    "arnnotlike": (ARN, True),
    "bool": (BOOL, False),
    "binaryequals": (BINARY, False),
    "ipaddress": (IP, False),
    "notipaddress": (IP, True),
    "numericnotequals": (_ordered(_ORDERS["Equals"]), True),
    "datenotequals": (_in_time(_ORDERS["Equals"]), True),
    **{f"numeric{name.lower()}": (_ordered(test), False) for name, test in _ORDERS.items()},
    **{f"date{name.lower()}": (_in_time(test), False) for name, test in _ORDERS.items()},
}


class Operator:
    """An operator as written in a policy; `quantifier` is "", "forallvalues" or "foranyvalue"."""

    __slots__ = ("family", "if_exists", "negated", "quantifier")

    def __init__(self, family: Family, *, negated: bool, quantifier: str, if_exists: bool) -> None:
        self.family = family
        self.negated = negated
        self.quantifier = quantifier
        self.if_exists = if_exists


def operator(name: str) -> Operator | None:
    """Return the operator of this name, None if there is none.

    Case is ignored: the documentation does not say whether it matters, but IAM has accepted the name of a policy in
    force. Null allows neither a quantifier nor IfExists (IAM Access Analyzer, NULL_WITH_IF_EXISTS).
    """
    base = name.lower()
    if base == "null":
        return Operator(NULL, negated=False, quantifier="", if_exists=False)
    quantifier, colon, base_name = base.partition(":")
    if not colon:
        quantifier, base_name = "", base
    elif quantifier not in {"forallvalues", "foranyvalue"}:
        return None
    if_exists = base_name.endswith("ifexists")
    row = _OPERATORS.get(base_name[: -len("ifexists")] if if_exists else base_name)
    if row is None:
        return None
    return Operator(row[0], negated=row[1], quantifier=quantifier, if_exists=if_exists)
