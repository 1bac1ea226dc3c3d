"""The Condition element: operators, keys and values, joined as IAM joins them."""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam import variables
from oidc_doctor.iam.context import ABSENT, UNKNOWN, Request, text_of
from oidc_doctor.iam.operators import (
    ARN,
    FAILS_CLOSED,
    NEITHER,
    NEITHER_HOLDS,
    NULL,
    POLICY_EQUALS_NOTHING,
    REQUEST_EQUALS_NOTHING,
    is_arn,
    operator,
)
from oidc_doctor.iam.trace import AND, ANY, ERROR, NO, NOT, OR, TRUTH, YES, Node, deciding_reason, escape
from oidc_doctor.model.arns import POLICY_ACCOUNT, REQUEST_ACCOUNT, account_of, redact_account
from oidc_doctor.model.placeholder import Pasted, compare, has_placeholder, is_left_out, with_gaps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from oidc_doctor.iam.context import Context
    from oidc_doctor.iam.operators import Operator
    from oidc_doctor.iam.trace import Reason
    from oidc_doctor.iam.variables import Variable
    from oidc_doctor.iam.wildcards import Piece

    # The possible answers, the reason, and the policy value with its variables filled in.
    Outcome: TypeAlias = tuple[int, Reason, str | None]
    Outcomes: TypeAlias = dict[bool | str, Outcome]

_BAD_REQUEST: Outcome = (ERROR, "unreadable-request-value", None)  # never a request value: not a string
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
_KEY_UNKNOWN: Outcome = (ANY, "key-unknown", None)
_PLACEHOLDER: Outcome = (ANY, "placeholder", None)
_MULTIVALUED: Outcome = (NO, "multivalued-without-set-operator", None)


class PolicyValue:
    """A policy value under an operator. `compare` is None if the result depends on more than the two strings."""

    __slots__ = ("compare", "family", "fixed", "name", "negated", "outcomes", "parts", "pasted", "pointer", "raw")

    def __init__(self, raw: object, pointer: str, how: Operator, *, version: object, pasted: bool) -> None:
        self.raw = raw
        self.pointer = pointer
        self.family = how.family
        self.negated = how.negated
        self.pasted = pasted = pasted or (isinstance(raw, str) and is_left_out(raw))
        self.outcomes = _OUTCOMES[how.negated]
        self.compare: Callable[[str], bool | str] | None = None
        self.fixed: Outcome | None = None
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
        pieces = variables.resolve(self.parts, request)
        if isinstance(pieces, list):
            return self._judge_filled(pieces, actual, gaps=gaps)
        if pieces is UNKNOWN:
            return _KEY_UNKNOWN
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


class Key:
    """A condition key under an operator, with its values."""

    __slots__ = ("comparisons", "folded", "how", "join", "name", "pasted", "pointer", "raw", "start", "values")

    def __init__(self, name: str, raw: object, pointer: str, how: Operator, *, version: object, pasted: bool) -> None:
        self.name = name
        self.folded = name.lower()
        self.raw = raw
        self.pointer = pointer
        self.how = how
        self.pasted = (pasted and has_placeholder(name)) or is_left_out(name)
        if isinstance(raw, (list, tuple)):
            self.values = [
                PolicyValue(value, f"{pointer}/{index}", how, version=version, pasted=pasted)
                for index, value in enumerate(raw)
            ]
        else:
            self.values = [PolicyValue(raw, pointer, how, version=version, pasted=pasted)]
        # Documented: values are joined by OR, under a negated operator by NOR.
        self.start, self.join = (YES, AND) if how.negated else (NO, OR)
        # Each value's comparison, by policy value; None if a value needs more than the two strings.
        self.comparisons: dict[str, Callable[[str], bool | str]] | None = None
        if how.family.of_texts and all(value.compare is not None for value in self.values):
            self.comparisons = {value.name: value.compare for value in self.values if value.compare is not None}

    def evaluate(self, request: Request) -> Node:
        """The key's node, with a child for each value."""
        actual = request.values.get(self.folded, ABSENT)
        if type(actual) is str and len(self.values) == 1:  # nearly always
            value = self.values[0]
            if value.compare is None:
                possible, reason, resolved = value.judge(actual, request, gaps=False)
            else:
                possible, reason, resolved = value.outcomes[value.compare(actual)]
            child = Node("value", value.name, possible, value.pointer, value.raw, actual, reason, (), resolved)
            return Node("key", self.name, possible, self.pointer, self.raw, actual, reason, (child,))
        if type(actual) is not str:
            special = self._special(actual, request)
            if special is not None:
                return self._same_for_all(special, None if actual is ABSENT else actual)
            if isinstance(actual, (list, tuple)):
                return self._each(actual, request)
        possible, reason, children = self._against(actual, request)
        return Node("key", self.name, possible, self.pointer, self.raw, actual, reason, children)

    def _special(self, actual: object, request: Request) -> Outcome | None:
        """Return the outcome shared by all values if there is no request value to compare them with."""
        if actual is ABSENT or actual is None or actual in ([], ()):  # an empty list counts as absent
            return _PLACEHOLDER if self._may_be_present(request) else self._absent()
        if actual is UNKNOWN:
            return _KEY_UNKNOWN
        if isinstance(actual, (list, tuple)):
            # Measured: a multivalued key without a set operator never matches, whether positive, negated or IfExists.
            return None if self.how.quantifier else _MULTIVALUED
        return _BAD_REQUEST if text_of(actual) is None else None

    def _absent(self) -> Outcome:
        # Documented: for an absent key, ForAllValues, IfExists and negated operators are true, all others false.
        # Measured: ForAnyValue is false, even if negated.
        how = self.how
        if how.if_exists or how.quantifier == "forallvalues" or (how.negated and not how.quantifier):
            return YES, "vacuous", None
        return NO, "key-absent", None

    def _may_be_present(self, request: Request) -> bool:
        """Whether a placeholder in this key's name, or in a key of the request, could make the two equal."""
        names = request.values if self.pasted else request.gapped
        written = with_gaps(self.name).lower() if self.pasted else self.folded
        return any(
            compare([(written, False, self.pasted)], name, text_gaps=name in request.gapped) is not False
            for name in names
        )

    def _same_for_all(self, outcome: Outcome, actual: object) -> Node:
        possible, reason, _ = outcome
        children = tuple(
            Node("value", value.name, possible, value.pointer, value.raw, actual, reason) for value in self.values
        )
        return Node("key", self.name, possible, self.pointer, self.raw, actual, reason, children)

    def _each(self, actual: list[Any] | tuple[Any, ...], request: Request) -> Node:
        """Evaluate a multivalued key under a set operator: a node per element, with a child for each policy value."""
        every = self.how.quantifier == "forallvalues"
        start, join = (YES, AND) if every else (NO, OR)
        possible = start
        members = []
        for index, element in enumerate(actual):
            answers, reason, children = self._against(element, request)
            members.append(Node("element", str(index), answers, self.pointer, self.raw, element, reason, children))
            possible = self._joined(possible, answers, start, join)
        reason = deciding_reason(members, possible)
        return Node("key", self.name, possible, self.pointer, self.raw, actual, reason, tuple(members))

    def _against(self, actual: object, request: Request) -> tuple[int, Reason, tuple[Node, ...]]:
        """Compare all policy values with one request value."""
        text = text_of(actual)
        gaps = isinstance(actual, Pasted) and has_placeholder(actual)
        if request.compared is not None and self.comparisons is not None and text is not None and not gaps:
            met = self._meets_any(text, self.comparisons, request.compared)
            return YES if met is not self.how.negated else NO, "match" if met else "no-match", ()
        possible = self.start
        children = []
        for value in self.values:
            if text is not None:
                answers, reason, resolved = value.judge(text, request, gaps=gaps)
            else:
                answers, reason, resolved = _KEY_UNKNOWN if actual is UNKNOWN else _BAD_REQUEST
            children.append(Node("value", value.name, answers, value.pointer, value.raw, actual, reason, (), resolved))
            possible = self._joined(possible, answers, self.start, self.join)
        return possible, deciding_reason(children, possible), tuple(children)

    def _meets_any(
        self,
        text: str,
        comparisons: dict[str, Callable[[str], bool | str]],
        compared: dict[tuple[object, str], tuple[set[str], set[str]]],
    ) -> bool:
        """Whether the string meets a policy value. Each value is compared once, however many policies contain it."""
        compared_values, met = compared.setdefault((self.how.family, text), (set(), set()))
        for written in comparisons.keys() - compared_values:
            compared_values.add(written)
            if comparisons[written](text):
                met.add(written)
        return not met.isdisjoint(comparisons)

    def _joined(self, possible: int, answers: int, start: int, join: tuple[int, ...]) -> int:
        """Combine the answers so far with the next one; the next is evaluated only after the answer `start`."""
        if not self.how.family.in_order:
            return join[possible << 3 | answers]
        return possible & ~start | (answers if possible & start else 0)


class NullKey(Key):
    """A key under the Null operator, which tests only whether the key is present."""

    __slots__ = ()

    def evaluate(self, request: Request) -> Node:
        """The key's node, with a child for each value."""
        actual = request.values.get(self.folded, ABSENT)
        absent = actual is ABSENT or actual is None or actual in ([], ())
        unread: Outcome | None = None
        if actual is UNKNOWN:
            unread = _KEY_UNKNOWN
        elif absent and self._may_be_present(request):
            unread = _PLACEHOLDER
        shown = None if actual is ABSENT else actual
        possible = NO
        children = []
        for value in self.values:
            answers, reason, _ = unread or value.judge("true" if absent else "false", request, gaps=False)
            if answers in {YES, NO}:
                reason = "key-absent" if absent else "key-present"
            children.append(Node("value", value.name, answers, value.pointer, value.raw, shown, reason))
            possible = OR[possible << 3 | answers]
        reason = deciding_reason(children, possible)
        return Node("key", self.name, possible, self.pointer, self.raw, shown, reason, tuple(children))


# A key starts with its vendor or provider and a colon ("Conditions must be prefaced by a vendor", IAM's refusal).
_KEY_NAME = r"[A-Za-z0-9][A-Za-z0-9._~%/@+=,-]*(?::[A-Za-z0-9._~%/@+=,-]+)+"
_TAG_KEY = r"(?is)[a-z0-9-]+:[a-z]*tag/.+"  # tag keys may contain spaces


def is_key_name(name: str) -> bool:
    """Whether IAM could store this as the name of a condition key."""
    import re  # late: importing it costs more than this package

    return bool(re.fullmatch(_KEY_NAME, name) or re.fullmatch(_TAG_KEY, name))


class Clause:
    """An operator with its keys, joined by AND; `fixed` is the node of an unusable one.

    `lets_in` is the answer that lets the token pass: if only a key that IAM would not store yields it, the effective
    key is unknown.
    """

    __slots__ = ("fixed", "keys", "lets_in", "name", "pointer", "raw")

    def __init__(
        self, name: str, raw: object, pointer: str, *, version: object, pasted: bool, lets_in: int = ERROR
    ) -> None:
        self.name = name
        self.raw = raw
        self.pointer = pointer
        self.lets_in = lets_in
        self.keys: list[Key] = []
        self.fixed: Node | None = None
        how = operator(name)
        if not isinstance(raw, Mapping) or is_left_out(name):
            self.fixed = Node("operator", name, ANY, pointer, raw, None, "unreadable")
        elif how is None:
            self.fixed = Node("operator", name, ERROR, pointer, raw, None, "unknown-operator")
        else:
            kind = NullKey if how.family is NULL else Key
            self.keys = [
                kind(str(key), value, f"{pointer}/{escape(str(key))}", how, version=version, pasted=pasted)
                for key, value in raw.items()
            ]

    def evaluate(self, request: Request) -> Node:
        """The operator's node, with a child for each key."""
        if self.fixed is not None:
            return self.fixed
        children = [self._evaluated(key, request) for key in self.keys]
        if len(children) == 1:
            only = children[0]
            return Node("operator", self.name, only.possible, self.pointer, None, None, only.reason, (only,))
        if len({key.folded for key in self.keys}) < len(self.keys):
            children = self._undecided(children)
        possible = YES
        for child in children:
            possible = AND[possible << 3 | child.possible]
        reason = "match" if possible == YES else deciding_reason(children, possible)
        return Node("operator", self.name, possible, self.pointer, None, None, reason, tuple(children))

    def _undecided(self, children: list[Node]) -> list[Node]:
        """The nodes with those of one key in several spellings left open where they differ.

        Access Analyzer calls such a block an error; which of the two IAM reads was not recorded.
        """
        answers: dict[str, set[int]] = {}
        for key, node in zip(self.keys, children, strict=True):
            answers.setdefault(key.folded, set()).add(node.possible)
        return [
            Node("key", key.name, ANY, key.pointer, key.raw, node.actual, "unreadable", node.children)
            if len(answers[key.folded]) > 1
            else node
            for key, node in zip(self.keys, children, strict=True)
        ]

    def _evaluated(self, key: Key, request: Request) -> Node:
        node = key.evaluate(request)
        if node.possible == self.lets_in and key.folded not in request.values and not is_key_name(key.name):
            return Node("key", key.name, ANY, key.pointer, key.raw, node.actual, "unreadable", node.children)
        return node


def clauses(block: object, pointer: str, *, version: object, pasted: bool, lets_in: int = ERROR) -> list[Clause]:
    """Return the operators of a Condition element, to be joined by AND. Anything but an object is unreadable."""
    if not isinstance(block, Mapping):
        unusable = Clause("Condition", None, pointer, version=version, pasted=pasted)
        unusable.fixed = Node("operator", "Condition", ANY, pointer, block, None, "unreadable")
        return [unusable]
    made = [
        Clause(str(name), body, f"{pointer}/{escape(str(name))}", version=version, pasted=pasted, lets_in=lets_in)
        for name, body in block.items()
    ]
    spellings = [clause.name.lower() for clause in made]
    if len({*spellings}) < len(spellings):  # which of the two IAM reads, or whether it reads both, was not recorded
        for clause in made:
            if spellings.count(clause.name.lower()) > 1:
                clause.fixed = Node("operator", clause.name, ANY, clause.pointer, clause.raw, None, "unreadable")
    return made


def conditions_hold(block: Mapping[str, Any], context: Context, version: str = "2012-10-17") -> bool | None:
    """Whether a Condition element is met by a request.

    A context value is a str for a single-valued key and a list for a multivalued one; absent keys are omitted. None
    means undecidable: a key is UNKNOWN, an ARN is compared with an invalid pattern, or IAM would not store the block.
    An Allow does not grant then, and a Deny applies. Raises nothing on any JSON data.
    """
    return compile_conditions(block, version)(context)


def compile_conditions(block: object, version: str = "2012-10-17") -> Callable[[Context], bool | None]:
    """Return `conditions_hold` for this block, prepared for many requests."""
    compiled = clauses(block, "", version=version, pasted=False)

    def hold(context: Context) -> bool | None:
        if not isinstance(context, Mapping):
            return None  # type: ignore[unreachable]  # callers without types pass anything
        request = Request(context, traced=False)
        possible = YES
        for clause in compiled:
            possible = AND[possible << 3 | clause.evaluate(request).possible]
        return TRUTH[possible]

    return hold
