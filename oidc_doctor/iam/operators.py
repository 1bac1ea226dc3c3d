"""The condition operators: value types, and the comparison of one policy value with one request value."""

from __future__ import annotations

from functools import lru_cache

from oidc_doctor.iam import values, wildcards
from oidc_doctor.iam.trace import ANY, ERROR, NO, YES
from oidc_doctor.model import placeholder
from oidc_doctor.model.arns import ARN_FIELDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from oidc_doctor.iam.wildcards import Piece

    # Whether a request value meets the policy value, or one of the answers below.
    Compare: TypeAlias = Callable[[str], bool | str]
    Build: TypeAlias = Callable[[Sequence[Piece]], Compare]
    # The same comparison if either side may contain placeholders: all possible answers.
    May: TypeAlias = Callable[[Sequence[Piece], str, bool], int]

# Answers for a string that is not of the operator's type. Recorded evaluations (github.com/radkawar/stackd,
# testdata/aws/iam, September 2026): an unreadable number or date equals nothing, an unreadable address or ARN of a
# request meets neither an operator nor its negation, and an unreadable ARN pattern of a policy fails closed.
REQUEST_EQUALS_NOTHING = "request-equals-nothing"
POLICY_EQUALS_NOTHING = "policy-equals-nothing"
NEITHER_HOLDS = "neither-holds"
FAILS_CLOSED = "fails-closed"

BOOLEANS = frozenset(("true", "false"))
NEITHER = 8
"""A further possible answer of a comparison with placeholders, in addition to YES, NO and ERROR."""


class Family:
    """Operators with the same comparison, which differ only in negation, quantifier and IfExists.

    `in_order`: the first policy value that matches or cannot be read decides, and later values are ignored. `of_texts`:
    any two strings can be compared, so a comparison is either true or false.
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
    """Lower-case a string, except for characters beyond U+FFFF.

    Measured on the real engine: the Kelvin sign equals k and sharp s does not equal ss. A character beyond U+FFFF still
    counts as a letter next to a final sigma.
    """
    lowered = text.lower()
    if text.isascii() or max(text) <= wildcards.LAST_OF_BMP:
        return lowered
    kept = []
    position = 0
    for character in text:
        length = len(character.lower())  # a sigma's lower case depends on its neighbours; its length does not
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
    """Measured: the strings are compared, so different padding is a mismatch. IAM stores only valid base64."""
    expected = _joined(pieces)
    return expected.__eq__ if values.is_base64(expected) else lambda _: FAILS_CLOSED


def _compared(read: Callable[[str], Any], test: Callable[[Any, Any], bool]) -> Build:
    """Compare both sides as numbers or dates; `test` gets the request value first."""
    read = lru_cache(maxsize=64)(read)  # all values of a key are compared with one value of the request

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
    """Whether a string has an ARN's six fields. Whether the first must be `arn` was not recorded."""
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
    """Compare ARNs with placeholders, which may contain colons: fields are unclear, so only equal ARNs surely match."""
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

# Lower-case name: its family, and whether the operator is the family's negation.
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
    """Return the operator with this name, or None.

    Case is ignored: the documentation does not say whether it matters, but a policy that exists was accepted as
    written. Null allows neither a quantifier nor IfExists (IAM Access Analyzer, NULL_WITH_IF_EXISTS).
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
