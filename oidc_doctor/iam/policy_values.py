"""A value of a condition key in a policy, and its comparison with one value of the request."""

from __future__ import annotations

from oidc_doctor.iam import variables
from oidc_doctor.iam.context import UNKNOWN, text_of
from oidc_doctor.iam.operators import (
    ARN,
    FAILS_CLOSED,
    LIKE,
    NEITHER,
    NEITHER_HOLDS,
    POLICY_EQUALS_NOTHING,
    REQUEST_EQUALS_NOTHING,
    STRING,
    is_arn,
)
from oidc_doctor.iam.trace import ANY, ERROR, NO, NOT, YES
from oidc_doctor.model.arns import POLICY_ACCOUNT, REQUEST_ACCOUNT, account_of, redact_account
from oidc_doctor.model.placeholder import ends_of, has_placeholder, is_left_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from oidc_doctor.iam.context import Request
    from oidc_doctor.iam.operators import Operator
    from oidc_doctor.iam.trace import Reason
    from oidc_doctor.iam.variables import Variable
    from oidc_doctor.iam.wildcards import Piece

    # The possible answers, the reason, and the policy value with its variables filled in.
    Outcome: TypeAlias = tuple[int, Reason, str | None]
    Outcomes: TypeAlias = dict[bool | str, Outcome]

_OUTCOMES: dict[bool, Outcomes] = {
    negated: {
        True: (NO if negated else YES, "match" if not negated else "no-match", None),
        False: (YES if negated else NO, "no-match" if not negated else "match", None),
        REQUEST_EQUALS_NOTHING: (YES if negated else NO, "unreadable-request-value", None),
        POLICY_EQUALS_NOTHING: (YES if negated else NO, "unreadable-policy-value", None),
        NEITHER_HOLDS: (NO, "unreadable-request-value", None),
        FAILS_CLOSED: (ERROR, "unreadable-policy-value", None),
    }
    for negated in (False, True)
}
KEY_UNKNOWN: Outcome = (ANY, "key-unknown", None)


class PolicyValue:
    """A policy value under an operator. `compare` is None if the result depends on more than the two strings."""

    __slots__ = (
        "compare",
        "ends",
        "family",
        "fixed",
        "name",
        "negated",
        "outcomes",
        "parts",
        "pasted",
        "pointer",
        "raw",
    )

    def __init__(self, raw: object, pointer: str, how: Operator, *, version: object, pasted: bool) -> None:
        self.raw = raw
        self.pointer = pointer
        self.family = how.family
        self.negated = how.negated
        self.pasted = pasted = pasted or (isinstance(raw, str) and is_left_out(raw))
        self.outcomes = _OUTCOMES[how.negated]
        self.compare: Callable[[str], bool | str] | None = None
        self.fixed: Outcome | None = None
        self.ends: tuple[str, str] | None = None  # of each text that meets a value with a placeholder
        self.parts: list[Piece | Variable] = []
        text = text_of(raw)
        self.name = "" if text is None else text
        if text is None:
            self.fixed = (ANY, "unreadable", None)
            return
        pieces: list[Piece] = [(text, True, pasted)]
        self.parts = [*pieces]
        if how.family.takes_variables and "${" in text:
            if version == variables.SUPPORTING_VERSION:
                parts = variables.parse(text, pasted=pasted)
                if parts is not None:
                    self.parts = parts
                    return
            else:
                no_match: Outcome = (YES if how.negated else NO, "variable-literal-in-old-version", None)
                self.outcomes = {**self.outcomes, False: no_match}
        if pasted and (has_placeholder(text) or how.family is ARN):
            if how.family in {STRING, LIKE}:
                self.ends = ends_of(text, how.family is LIKE)
            return
        self.compare = how.family.build(pieces)

    def judge(self, actual: str, request: Request, *, gaps: bool) -> Outcome:
        """Compare with one request value, which may contain placeholders if `pasted` says so."""
        if self.fixed is not None:
            return self.fixed
        if self.compare is not None and not gaps:
            return self.outcomes[self.compare(actual)]
        if self.family is ARN and not gaps and not is_arn(actual):  # the policy value is irrelevant
            return self.outcomes[NEITHER_HOLDS]
        if self.ends is not None and not gaps:
            begin, end = self.ends
            if not (actual.startswith(begin) and actual.endswith(end)):  # nearly always
                return self.outcomes[False]
        pieces = variables.resolve(self.parts, request)
        if isinstance(pieces, list):
            return self._judge_filled(pieces, actual, gaps=gaps)
        if pieces is UNKNOWN:
            return KEY_UNKNOWN
        # Documented: a variable with no value equals nothing, so a negated operator is met.
        return YES if self.negated else NO, "variable-unresolved", None

    def _judge_filled(self, pieces: list[Piece], actual: str, *, gaps: bool) -> Outcome:
        written = "".join(piece[0] for piece in pieces)
        resolved = None if written == self.name else written
        if self.family is ARN and self.pasted:
            pieces, actual, gaps = _without_redacted_account(pieces, actual, gaps=gaps)
        if gaps or any(may_be and has_placeholder(text) for text, _, may_be in pieces):
            answers = self.family.may(pieces, actual, gaps)
            if answers == NEITHER:
                return (*self.outcomes[NEITHER_HOLDS][:2], resolved)
            if answers in {YES, NO}:
                return (*self.outcomes[answers == YES][:2], resolved)
            possible = NOT[answers & ANY] if self.negated else answers & ANY
            return possible | (NO if answers & NEITHER else 0), "placeholder", resolved
        return (*self.outcomes[self.family.build(pieces)(actual)][:2], resolved)


def _without_redacted_account(pieces: list[Piece], actual: str, *, gaps: bool) -> tuple[list[Piece], str, bool]:
    """Turn a pasted account id that is not 12 digits, and so redacted, into a gap, unless both sides agree."""
    written = "".join(piece[0] for piece in pieces)
    if len(pieces) != 1 or written == actual:
        return pieces, actual, gaps
    expected_account, other_account = account_of(written), account_of(actual)
    if expected_account == other_account:
        return pieces, actual, gaps
    if expected_account is not None and not ({"*", "?"} & {*expected_account}):
        pieces = [(redact_account(written, POLICY_ACCOUNT), True, True)]
    redacted = redact_account(actual, REQUEST_ACCOUNT)
    return pieces, redacted, gaps or redacted != actual
