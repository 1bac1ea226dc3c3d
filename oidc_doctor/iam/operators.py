"""The condition operators: what each compares, and how one policy value is compared with one request value."""

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

    # Whether a request value is met by the policy's, or one of the answers below.
    Compare: TypeAlias = Callable[[str], bool | str]
    Build: TypeAlias = Callable[[Sequence[Piece]], Compare]
    # The same comparison where either side may hold placeholders: the answers it could have.
    May: TypeAlias = Callable[[Sequence[Piece], str, bool], int]

# Answers about a text that is not of the operator's type. Recorded evaluations (github.com/radkawar/stackd,
# testdata/aws/iam, September 2026): an unreadable number or date equals nothing, an unreadable address or ARN of a
# request meets neither an operator nor its negation, and an unreadable ARN pattern of a policy fails closed.
REQUEST_EQUALS_NOTHING = "request-equals-nothing"
POLICY_EQUALS_NOTHING = "policy-equals-nothing"
NEITHER_HOLDS = "neither-holds"
FAILS_CLOSED = "fails-closed"

BOOLEANS = frozenset(("true", "false"))
NEITHER = 8
"""Beside YES, NO and ERROR among the answers that a comparison with placeholders could have."""


class Family:
    """Operators that compare in the same way, up to negation, quantifier and IfExists.

    `in_order`: the first policy value that matches or cannot be read decides, and those after it are not looked at.
    `of_texts`: any text can be compared with any other, so that a comparison is true or false and nothing else.
    """

    __slots__ = ("build", "in_order", "may", "of_texts", "takes_variables")

    def __init__(
        self, build: Build, may: May, *, takes_variables: bool = False, in_order: bool = False, of_texts: bool = False
    ) -> None:
        self.build = build
        self.may = may
        self.takes_variables = takes_variables
        self.in_order = in_order
        self.of_texts = of_texts


def _joined(pieces: Sequence[Piece]) -> str:
    return pieces[0][0] if len(pieces) == 1 else "".join(text for text, _, _ in pieces)


def _equals(pieces: Sequence[Piece]) -> Compare:
    return _joined(pieces).__eq__


def _lowered(text: str) -> str:
    """The text in lower case, characters beyond U+FFFF as they were.

    Measured on the real engine, so the Kelvin sign equals k and sharp s does not equal ss. A character beyond U+FFFF
    counts as a letter next to a final sigma all the same.
    """
    lowered = text.lower()
    if text.isascii() or max(text) <= wildcards.LAST_OF_BMP:
        return lowered
    kept = []
    position = 0
    for character in text:
        length = len(character.lower())  # next to its neighbours a sigma changes, and not in length
        kept.append(character if character > wildcards.LAST_OF_BMP else lowered[position : position + length])
        position += length
    return "".join(kept)


def _equals_ignoring_case(pieces: Sequence[Piece]) -> Compare:
    expected = _lowered(_joined(pieces))
    return lambda actual: _lowered(actual) == expected


def _truth_equals(pieces: Sequence[Piece]) -> Compare:
    written = _joined(pieces)
    expected = values.truth(written)

    def compare(text: str) -> bool | str:
        if values.truth(text) is expected:
            return True
        if text.lower() not in BOOLEANS:
            return REQUEST_EQUALS_NOTHING
        return False if written.lower() in BOOLEANS else POLICY_EQUALS_NOTHING

    return compare


def _base64_equals(pieces: Sequence[Piece]) -> Compare:
    """Measured: the two texts are compared, so another padding differs. IAM stores no value that is no base64."""
    expected = _joined(pieces)
    return expected.__eq__ if values.is_base64(expected) else lambda _: FAILS_CLOSED


def _compared(read: Callable[[str], Any], test: Callable[[Any, Any], bool]) -> Build:
    """Both sides read as a number or date; `test` is asked with the request's value first."""

    def build(pieces: Sequence[Piece]) -> Compare:
        expected = read(_joined(pieces))
        if expected is None:
            return lambda _: POLICY_EQUALS_NOTHING

        def compare(text: str) -> bool | str:
            actual = read(text)
            return REQUEST_EQUALS_NOTHING if actual is None else test(actual, expected)

        return compare

    return build


def _in_network(pieces: Sequence[Piece]) -> Compare:
    expected = values.network(_joined(pieces))

    def compare(text: str) -> bool | str:
        actual = values.address(text)
        if actual is None:
            return NEITHER_HOLDS
        return POLICY_EQUALS_NOTHING if expected is None else values.in_network(actual, expected)

    return compare


def is_arn(text: str) -> bool:
    """Whether it has an ARN's six fields; whether the first must be `arn` was not recorded."""
    return text.count(":") >= ARN_FIELDS - 1


def _arn(pieces: Sequence[Piece]) -> Compare:
    fields = _fields(pieces)
    matchers: list[Callable[[str], bool]] | None = None
    if len(fields) == ARN_FIELDS:
        matchers = [wildcards.matcher(field) for field in fields]
    elif len(pieces) == 1 and pieces[0][:2] == ("*", True):
        # Not verified: the documentation says only that each of the six fields may be a wildcard. As in a Resource
        # element, a star alone matches every ARN.
        matchers = []

    def compare(text: str) -> bool | str:
        if not is_arn(text):
            return NEITHER_HOLDS
        if matchers is None:
            return FAILS_CLOSED
        actual = text.split(":", ARN_FIELDS - 1)
        return all(matches(field) for matches, field in zip(matchers, actual, strict=False))

    return compare


def _fields(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """The six fields of an ARN; the last keeps its colons."""
    fields: list[list[Piece]] = [[]]
    for text, active, gaps in pieces:
        first, *others = text.split(":", ARN_FIELDS - len(fields))
        fields[-1].append((first, active, gaps))
        fields.extend([(field, active, gaps)] for field in others)
    return fields


def _answers(result: bool | None) -> int:
    return YES | NO if result is None else YES if result else NO


def _may_equal(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    if _joined(pieces) == actual:
        return YES
    return _answers(placeholder.compare([(text, False, may_be) for text, _, may_be in pieces], actual, text_gaps=gaps))


def _may_equal_ignoring_case(pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    return _may_equal([(_lowered(text), False, may_be) for text, _, may_be in pieces], _lowered(actual), gaps)


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
    if not is_arn(actual):
        return NO | NEITHER | ERROR if gaps else NEITHER
    return NO if is_arn(expected) else NO | ERROR


def _may_be_either(_pieces: Sequence[Piece], _actual: str, _gaps: bool) -> int:
    return YES | NO


def _may_be_in_network(_pieces: Sequence[Piece], actual: str, gaps: bool) -> int:
    if gaps:
        return YES | NO | NEITHER
    return NEITHER if values.address(actual) is None else YES | NO


def _may_be_anything(_pieces: Sequence[Piece], _actual: str, _gaps: bool) -> int:
    return ANY


def _ordered(test: Callable[[int], bool]) -> Family:
    return Family(
        _compared(values.number, lambda actual, expected: test(values.order_numbers(actual, expected))), _may_be_either
    )


def _in_time(test: Callable[[int], bool]) -> Family:
    return Family(
        _compared(values.instant, lambda actual, expected: test((actual > expected) - (actual < expected))),
        _may_be_either,
    )


STRING = Family(_equals, _may_equal, takes_variables=True, of_texts=True)
STRING_IGNORING_CASE = Family(_equals_ignoring_case, _may_equal_ignoring_case, takes_variables=True, of_texts=True)
LIKE = Family(wildcards.matcher, _may_be_like, takes_variables=True, of_texts=True)
ARN = Family(_arn, _may_be_arn_like, takes_variables=True, in_order=True)
BOOL = Family(_truth_equals, _may_be_either, takes_variables=True)
BINARY = Family(_base64_equals, _may_be_anything)
IP = Family(_in_network, _may_be_in_network)
NULL = Family(_truth_equals, _may_be_either)

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
    """The operator of this name, None if there is none.

    In any case: the documentation does not say whether case counts, but a policy in force was accepted with the name it
    has. Null allows neither a quantifier nor IfExists (IAM Access Analyzer, NULL_WITH_IF_EXISTS).
    """
    base = name.lower()
    if base == "null":
        return Operator(NULL, negated=False, quantifier="", if_exists=False)
    quantifier, colon, rest = base.partition(":")
    if not colon:
        quantifier, rest = "", base
    elif quantifier not in {"forallvalues", "foranyvalue"}:
        return None
    if_exists = rest.endswith("ifexists")
    row = _OPERATORS.get(rest[: -len("ifexists")] if if_exists else rest)
    if row is None:
        return None
    return Operator(row[0], negated=row[1], quantifier=quantifier, if_exists=if_exists)
