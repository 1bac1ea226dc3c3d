"""The Condition element: operators, keys and values, joined as IAM joins them."""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.context import ABSENT, UNKNOWN, Request, text_of
from oidc_doctor.iam.operators import NULL, STRING, operator
from oidc_doctor.iam.policy_values import KEY_UNKNOWN, PolicyValue
from oidc_doctor.iam.trace import AND, ANY, ERROR, NO, OR, TRUTH, YES, Node, deciding_reason, escape
from oidc_doctor.model.placeholder import Pasted, compare, has_placeholder, is_left_out, with_gaps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from oidc_doctor.iam.context import Context
    from oidc_doctor.iam.operators import Operator
    from oidc_doctor.iam.policy_values import Outcome
    from oidc_doctor.iam.trace import Reason

_BAD_REQUEST: Outcome = (ERROR, "unreadable-request-value", None)  # never a request value: not a string
_PLACEHOLDER: Outcome = (ANY, "placeholder", None)
_MULTIVALUED: Outcome = (NO, "multivalued-without-set-operator", None)
_EMPTY = Request({})


class Key:
    """A condition key under an operator, with its values."""

    __slots__ = (
        "_last_answer",
        "_last_compared",
        "_needs_two_texts",
        "comparisons",
        "folded",
        "how",
        "join",
        "name",
        "pasted",
        "pointer",
        "raw",
        "start",
        "values",
    )

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
        # Many requests differ in the subject alone: what other keys answered the last request, they answer the next.
        self._needs_two_texts = all(value.compare or value.fixed for value in self.values)  # nothing else decides
        self._last_answer: tuple[str, int] | None = None
        self._last_compared: tuple[str, tuple[int, Reason, tuple[Node, ...]]] | None = None

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

    def answer(self, request: Request) -> int:
        """Return the possible answers of `evaluate`, without a node for each policy value."""
        actual = request.values.get(self.folded, ABSENT)
        if type(actual) is not str:
            special = self._special(actual, request)
            if special is not None:
                return special[0]
            if isinstance(actual, (list, tuple)):
                every = self.how.quantifier == "forallvalues"
                start, join = (YES, AND) if every else (NO, OR)
                possible = start
                for element in actual:
                    possible = self._joined(possible, self._answer_to(element, request), start, join)
                return possible
        return self._answer_to(actual, request)

    def _answer_to(self, actual: object, request: Request) -> int:
        """Return the possible answers of `_against`."""
        if type(actual) is not str or not self._needs_two_texts or request.compared is not None:
            return self._answer_anew(actual, request)
        last = self._last_answer
        if last is None or last[0] != actual:
            last = self._last_answer = (actual, self._answer_anew(actual, request))
        return last[1]

    def _answer_anew(self, actual: object, request: Request) -> int:
        """Return the answers; values after the one that decides are not compared."""
        text = text_of(actual)
        if text is None:
            outcome = KEY_UNKNOWN if actual is UNKNOWN else _BAD_REQUEST
            return outcome[0] if self.values else self.start
        gaps = isinstance(actual, Pasted) and has_placeholder(actual)
        if self.comparisons is not None and not gaps:
            met = self._meets_any(text, self.comparisons, request.compared)
            return YES if met is not self.how.negated else NO
        possible, decided = self.start, NO if self.how.negated else YES
        for value in self.values:
            possible = self._joined(possible, value.judge(text, request, gaps=gaps)[0], self.start, self.join)
            if possible == decided:
                break
        return possible

    def _special(self, actual: object, request: Request) -> Outcome | None:
        """Return the outcome shared by all values if there is no request value to compare them with."""
        if actual is ABSENT or actual is None or actual in ([], ()):  # an empty list counts as absent
            return _PLACEHOLDER if self._may_be_present(request) else self._absent()
        if actual is UNKNOWN:
            return KEY_UNKNOWN
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
        if type(actual) is not str or not self._needs_two_texts:
            return self._each_value(actual, text, request, gaps=gaps)
        last = self._last_compared
        if last is None or last[0] != actual:
            last = self._last_compared = (actual, self._each_value(actual, text, request, gaps=gaps))
        return last[1]

    def _each_value(
        self, actual: object, text: str | None, request: Request, *, gaps: bool
    ) -> tuple[int, Reason, tuple[Node, ...]]:
        """Compare with one request value, whose text this is, and make a node for each policy value."""
        possible = self.start
        children = []
        for value in self.values:
            if text is not None:
                answers, reason, resolved = value.judge(text, request, gaps=gaps)
            else:
                answers, reason, resolved = KEY_UNKNOWN if actual is UNKNOWN else _BAD_REQUEST
            children.append(Node("value", value.name, answers, value.pointer, value.raw, actual, reason, (), resolved))
            possible = self._joined(possible, answers, self.start, self.join)
        return possible, deciding_reason(children, possible), tuple(children)

    def _meets_any(
        self,
        text: str,
        comparisons: dict[str, Callable[[str], bool | str]],
        compared: dict[tuple[object, str], tuple[set[str], set[str]]] | None,
    ) -> bool:
        """Whether the string meets a policy value. Each value is compared once, however many policies contain it."""
        if self.how.family is STRING:  # each value is compared by being the same text
            return text in comparisons
        if compared is None:
            return any(compare(text) for compare in comparisons.values())
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

    def answer(self, request: Request) -> int:
        """Return the possible answers of `evaluate`."""
        return self.evaluate(request).possible

    def evaluate(self, request: Request) -> Node:
        """The key's node, with a child for each value."""
        actual = request.values.get(self.folded, ABSENT)
        absent = actual is ABSENT or actual is None or actual in ([], ())
        unread: Outcome | None = None
        if actual is UNKNOWN:
            unread = KEY_UNKNOWN
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

    __slots__ = ("_spelled_once", "fixed", "keys", "lets_in", "name", "pointer", "raw")

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
        self._spelled_once: _SpelledOnce | None = None

    def answer(self, request: Request) -> int:
        """Return the possible answers of `evaluate`, without a node for each key."""
        if self.fixed is not None:
            return self.fixed.possible
        if self._spelled_once is None:
            self._spelled_once = _SpelledOnce(self)
        if request.gapped or self._spelled_once.keys is None:
            return self.evaluate(request).possible
        return self._spelled_once.answer(request)

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

    def answer_of(self, key: Key, request: Request) -> int:
        """Return the possible answers of one of its keys."""
        return self._evaluated(key, request).possible

    def _evaluated(self, key: Key, request: Request) -> Node:
        node = key.evaluate(request)
        if node.possible == self.lets_in and key.folded not in request.values and not is_key_name(key.name):
            return Node("key", key.name, ANY, key.pointer, key.raw, node.actual, "unreadable", node.children)
        return node


class _SpelledOnce:
    """The keys of an operator by name, and their answers where the request has none of them.

    `keys` is None where two keys differ in letter case alone, and where a gap in a name may be any key.
    """

    __slots__ = ("absent", "counts", "keys")

    def __init__(self, clause: Clause) -> None:
        keys = {key.folded: key for key in clause.keys}
        is_plain = len(keys) == len(clause.keys) and not any(key.pasted for key in clause.keys)
        self.keys = keys if is_plain else None
        self.absent = {name: clause.answer_of(key, _EMPTY) for name, key in keys.items()}
        self.counts = [list(self.absent.values()).count(answers) for answers in range(ANY + 1)]

    def answer(self, request: Request) -> int:
        """Return the possible answers of the keys together. A key that the request has not is not looked at."""
        assert self.keys is not None  # noqa: S101 - as in Clause.answer
        possible, counts = YES, self.counts
        present = request.values.keys() & self.absent.keys()
        if present:
            counts = [*counts]
            for name in present:
                counts[self.absent[name]] -= 1
                possible = AND[possible << 3 | self.keys[name].answer(request)]
        for answers, count in enumerate(counts):
            if count:
                possible = AND[possible << 3 | answers]
        return possible


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
            possible = AND[possible << 3 | clause.answer(request)]
        return TRUTH[possible]

    return hold
