"""What holds of every policy and every request, and agreement with the standard library where it knows the type."""

from __future__ import annotations

import datetime as dt
import fnmatch
import ipaddress
import re
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.iam import UNKNOWN, AskedOfMany, Node, SharedStatements, compile_policy, conditions_hold
from oidc_doctor.iam.conditions import is_key_name
from oidc_doctor.iam.trace import AND, ANY, ERROR, NO, NOT, OR, YES
from oidc_doctor.iam.values import address, in_network, instant, network, number, order_numbers
from oidc_doctor.iam.wildcards import matcher
from oidc_doctor.model.placeholder import Pasted

if TYPE_CHECKING:
    from decimal import Decimal

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com"
ACTION = "sts:AssumeRoleWithWebIdentity"

BASES = [
    ("StringEquals", "StringNotEquals"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("StringLike", "StringNotLike"),
    ("NumericEquals", "NumericNotEquals"),
    ("DateEquals", "DateNotEquals"),
    ("IpAddress", "NotIpAddress"),
    ("ArnLike", "ArnNotLike"),
    ("ArnEquals", "ArnNotEquals"),
]
NAMES = [name for pair in BASES for name in pair] + [
    "Bool",
    "BinaryEquals",
    "Null",
    "NumericLessThan",
    "DateGreaterThan",
]
OPERATORS = st.builds(
    "{}{}{}".format, st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"]), st.sampled_from(NAMES),
    st.sampled_from(["", "", "IfExists"]),
)  # fmt: skip
KEYS = st.sampled_from(["a", "A", "b", "aws:c", "<p>:d", "x:d", "k/~"])
TEXTS = st.sampled_from([
    "", "a", "A", "ab", "a*", "*", "?", "1", "1.0", "true", "false", "2026", "2026-01-01T00:00:00Z", "10.0.0.1",
    "10.0.0.0/8", "::1", "arn:aws:iam::123456789012:role/x", "arn:aws:iam::12:role/x", "arn:*:*:*:*:*", "${aws:c}",
    "${*}", "${b, 'ab'}", "<x>", "***", "a<x>", "QUJD", "...",
]) | st.text(max_size=6)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
VALUES = TEXTS | st.lists(TEXTS | st.booleans() | st.integers(0, 9), max_size=3)
BLOCKS = st.dictionaries(OPERATORS, st.dictionaries(KEYS, VALUES, max_size=2), max_size=3)
CONTEXT_VALUES = TEXTS | st.lists(TEXTS, max_size=2) | TEXTS.map(Pasted)
CONTEXT_KEYS = st.sampled_from(["a", "b", "aws:c", "x:d", "k/~"])
CONTEXTS = st.dictionaries(CONTEXT_KEYS, CONTEXT_VALUES, max_size=4)
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Principal": st.sampled_from([{"Federated": PROVIDER}, {"Federated": PROVIDER}, {"AWS": "*"}, "*"]),
        "Action": st.sampled_from([ACTION, "sts:*", ["sts:TagSession"]]),
    },
    optional={"Condition": BLOCKS},
)
POLICIES = st.fixed_dictionaries(
    {"Version": st.sampled_from(["2012-10-17", "2008-10-17"]), "Statement": st.lists(STATEMENTS, max_size=3)}
)
ELEMENTS = st.sampled_from(
    ["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition", "Resource", "Sid"]
)
ALLOWING = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION}
MET_TWICE = {**ALLOWING, "Condition": {"StringEquals": {"a": "a", "b": ["x", "b"]}, "StringNotEquals": {"b": "c"}}}
STORED_OR_NOT = POLICIES | st.fixed_dictionaries(
    {"Version": JSON, "Statement": JSON | st.lists(STATEMENTS | st.dictionaries(ELEMENTS, JSON) | JSON, max_size=4)}
)  # also what IAM would not store


def on_key(name: str, value: str = "a") -> dict[str, Any]:
    return {**ALLOWING, "Condition": {"StringEquals": {name: value}}}


LinesRun = Callable[[Callable[[], object]], int]


def nodes(root: Node) -> list[Node]:
    return [root, *(found for child in root.children for found in nodes(child))]


@given(JSON | st.dictionaries(OPERATORS, st.dictionaries(KEYS, JSON) | JSON), JSON | st.dictionaries(KEYS, JSON), JSON)
def test_conditions_never_raise(block: Any, context: Any, version: Any) -> None:
    assert conditions_hold(block, context, version) in {True, False, None}


@given(
    JSON | st.fixed_dictionaries({"Version": JSON, "Statement": JSON | st.lists(st.dictionaries(ELEMENTS, JSON))}),
    st.dictionaries(KEYS, JSON),
    st.booleans(),
)
def test_policies_never_raise(document: Any, context: Any, pasted: bool) -> None:
    decision = compile_policy(document, pasted=pasted).decide(PROVIDER, ACTION, context)
    decision.trace.to_json()
    assert all(node.reason for node in nodes(decision.trace))


@given(st.sampled_from(BASES), TEXTS | st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_a_negated_operator_is_the_negation(names: tuple[str, str], expected: Any, actual: str) -> None:
    positive, negative = (conditions_hold({name: {"a": expected}}, {"a": actual}) for name in names)
    readable = {"IpAddress": address(actual) is not None, "ArnLike": actual.count(":") > 4}
    if readable.get(names[0].replace("Equals", "Like"), True):
        assert negative is (None if positive is None else not positive)
    else:
        assert positive is negative is False


@given(
    st.sampled_from([name for name in NAMES if name[:3] not in {"Arn", "Bin"}]),
    st.sampled_from(["", "ForAllValues:", "ForAnyValue:"]),
    st.text(max_size=9) | st.lists(st.text(max_size=9), max_size=3),
    st.text(max_size=9),
)
def test_texts_always_have_an_answer(name: str, quantifier: str, expected: Any, actual: str) -> None:
    """Nonsense on either side is true or false; only an ARN pattern and base64 of a policy leave it open."""
    name = name if name == "Null" else quantifier + name
    assert conditions_hold({name: {"a": expected}}, {"a": actual}) is not None


@given(st.sampled_from(NAMES[10:16]), st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_the_first_pattern_that_matches_or_cannot_be_read_decides(name: str, expected: list[str], actual: str) -> None:
    answers = [conditions_hold({name: {"a": value}}, {"a": actual}) for value in expected]
    if name.startswith("Arn") and actual.count(":") > 4:
        passed = "Not" in name
        first = next((answer for answer in answers if answer is not passed), passed)
        assert conditions_hold({name: {"a": expected}}, {"a": actual}) is first


@settings(max_examples=share_of(300))
@given(POLICIES, CONTEXTS, st.data())
def test_more_evidence_never_contradicts(document: Any, context: dict[str, Any], data: st.DataObject) -> None:
    """A definite answer on partial evidence stays, whatever the rest turns out to be, absent included."""
    unread = data.draw(st.sets(CONTEXT_KEYS, min_size=1, max_size=2))
    policy = compile_policy(document)
    partial = policy.decide(PROVIDER, ACTION, {**context, **dict.fromkeys(unread, UNKNOWN)})
    rest = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(unread), CONTEXT_VALUES)))
    read = {name: value for name, value in context.items() if name not in unread}
    full = policy.decide(PROVIDER, ACTION, {**read, **rest})
    if partial.granted is not None:
        assert full.granted is partial.granted
    for before, after in zip(partial.statements, full.statements, strict=True):
        if before.condition is not None:
            assert before.condition is after.condition
        if before.applies is not None:
            assert before.applies is after.applies


@given(POLICIES, CONTEXTS, st.booleans())
def test_the_trace_agrees_with_the_decision(document: Any, context: Any, pasted: bool) -> None:
    decision = compile_policy(document, pasted=pasted).decide(PROVIDER, ACTION, context)
    assert decision.trace.result is decision.granted
    assert decision.trace.reason == decision.effect
    assert {"allow": True, "unknown": None}.get(decision.effect, False) is decision.granted
    statements = [node for node in decision.trace.children if node.level == "statement"]
    assert [result.node for result in decision.statements] == statements
    for node in nodes(decision.trace):
        assert node.reason
        found: Any = document
        for step in node.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else found[name]
        if node.level == "value":
            assert node.expected is found
        if node.level == "statement":
            expected = YES
            for child in node.children:
                expected = AND[expected << 3 | child.possible]
            assert node.possible == expected
        if node.level == "operator" and node.children:
            assert (node.result is True) == all(child.result is True for child in node.children)
            if node.result is False:
                assert any(child.result is False for child in node.children)


@given(POLICIES, CONTEXTS, st.booleans())
def test_a_decision_without_a_trace_is_the_same(document: Any, context: Any, pasted: bool) -> None:
    policy = compile_policy(document, pasted=pasted)
    traced, bare = (policy.decide(PROVIDER, ACTION, context, traced=traced) for traced in (True, False))
    assert (traced.effect, traced.granted) == (bare.effect, bare.granted)


@given(POLICIES, STATEMENTS, CONTEXTS, st.booleans())
def test_a_further_deny_never_grants(document: Any, extra: Any, context: Any, pasted: bool) -> None:
    more = {**document, "Statement": [*document["Statement"], {**extra, "Effect": "Deny"}]}
    before = compile_policy(document, pasted=pasted).decide(PROVIDER, ACTION, context)
    after = compile_policy(more, pasted=pasted).decide(PROVIDER, ACTION, context)
    assert after.granted in ({False} if before.granted is False else {False, before.granted, None})
    assert not (after.granted and before.granted is not True)


@given(BLOCKS, CONTEXTS)
def test_both_entrances_agree(block: Any, context: dict[str, Any]) -> None:
    context = {name: value for name, value in context.items() if type(value) is not Pasted}
    statement = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "*", "Condition": block}
    decision = compile_policy({"Version": "2012-10-17", "Statement": statement}).decide(PROVIDER, ACTION, context)
    condition, held = decision.statements[0].condition, conditions_hold(block, context)
    names = [name for operands in block.values() if isinstance(operands, dict) for name in operands]
    # an Allow that a key of impossible form lets in is unknown: conditions_hold does not know the effect
    assert condition is held or (condition is None and held and not all(is_key_name(name) for name in names))


@settings(max_examples=share_of(500))
@given(st.text("ab*?", max_size=12), st.text("ab\n", max_size=14))
def test_wildcards_agree_with_fnmatch(pattern: str, text: str) -> None:
    reference = re.fullmatch(fnmatch.translate(pattern), text) is not None
    assert matcher([(pattern, True, False)])(text) is reference


@given(st.text("a\U0001f600*?", max_size=9), st.text("a\U0001f600\u20ac", max_size=9))
def test_wildcards_count_utf_16_units(pattern: str, text: str) -> None:
    def as_units(value: str) -> str:
        data = value.encode("utf-16-be")
        return "".join(chr(int.from_bytes(data[at : at + 2])) for at in range(0, len(data), 2))

    reference = re.fullmatch(fnmatch.translate(as_units(pattern)), as_units(text)) is not None
    assert matcher([(pattern, True, False)])(text) is reference


@given(st.text("aA\u03a3\u0130\u00df\U00010400\U0001d400 .", max_size=9))
def test_case_is_ignored_within_the_bmp_only(text: str) -> None:
    operator = "StringEqualsIgnoreCase"
    lowered = text.lower()
    if max(text, default="") <= "\uffff":
        assert conditions_hold({operator: {"a": lowered}}, {"a": text}) is (lowered.lower() == lowered)
    beyond = any(character > "\uffff" and character.lower() != character for character in text)
    if beyond:
        assert conditions_hold({operator: {"a": lowered}}, {"a": text}) is False
    assert conditions_hold({operator: {"a": text}}, {"a": text}) is True


@given(
    st.lists(st.tuples(st.text("ab*?", max_size=4), st.booleans()), min_size=1, max_size=4), st.text("ab*?", max_size=9)
)
def test_literal_parts_agree_with_escapes(parts: list[tuple[str, bool]], text: str) -> None:
    pattern = "".join(part if active else re.sub(r"([*?])", r"[\1]", part) for part, active in parts)
    reference = re.fullmatch(fnmatch.translate(pattern), text) is not None
    assert matcher([(part, active, False) for part, active in parts])(text) is reference


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_agree_with_decimal(one: Decimal, other: Decimal) -> None:
    first, second = number(str(one)), number(str(other))
    assert first is not None
    assert second is not None
    order = order_numbers(first, second)
    assert (order > 0) - (order < 0) == (one > other) - (one < other)


@given(st.datetimes(timezones=st.just(dt.UTC)), st.integers(-1439, 1439))
def test_dates_agree_with_datetime(moment: dt.datetime, minutes: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    try:
        there = moment.astimezone(zone)
    except OverflowError:
        return
    read = instant(there.isoformat())
    assert read is not None
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    whole = moment.replace(microsecond=0) - epoch
    assert read == (whole.days * 86400 + whole.seconds, f"{moment.microsecond:06}"[:3].rstrip("0"))


@given(st.ip_addresses(), st.integers(0, 128), st.ip_addresses())
def test_networks_agree_with_ipaddress(base: Any, prefix: int, other: Any) -> None:
    prefix = min(prefix, base.max_prefixlen)
    reference = ipaddress.ip_network(f"{base}/{prefix}", strict=False)
    read, there = network(f"{reference}"), address(str(other))
    assert read is not None
    assert there is not None
    mapped = getattr(other, "ipv4_mapped", None) or other
    assert in_network(there, read) is (mapped.version == base.version and mapped in reference)
    unreadable = base.version == 6 and base != reference.network_address
    assert (network(f"{base}/{prefix}") is None) is unreadable


@given(st.text("0123456789abf:./", max_size=20))
def test_what_ipaddress_reads_is_read_alike(text: str) -> None:
    try:
        reference = ipaddress.ip_address(text)
    except ValueError:
        return
    read = address(text)
    if reference.version == 6 and "." in text and not text.lower().startswith("::ffff:"):
        assert read is None
        return
    plain = getattr(reference, "ipv4_mapped", None) or reference
    assert read is not None
    assert read[:2] == (plain.version, int(plain))


def test_connectives() -> None:
    for first in (YES, NO, ERROR):
        assert NOT[NOT[first]] == first
        assert AND[first << 3 | NO] == NO
        assert OR[first << 3 | YES] == YES
        assert AND[first << 3 | YES] == OR[first << 3 | NO] == first
        for second in (YES, NO, ERROR):
            assert NOT[AND[first << 3 | second]] == OR[NOT[first] << 3 | NOT[second]]
    assert AND[ANY << 3 | ERROR] == NO | ERROR
    assert OR[ANY << 3 | ERROR] == YES | ERROR


def test_import_is_light() -> None:
    """The heavy parts of the standard library cost more than this package together."""
    code = "import sys; before = set(sys.modules); import oidc_doctor.iam; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not {"re", "typing", "dataclasses", "datetime", "decimal", "ipaddress", "enum"} & {*run.stdout.split()}


@given(st.lists(STORED_OR_NOT, min_size=1, max_size=4), CONTEXTS, st.booleans())
def test_many_policies_asked_at_once_decide_as_each_alone(policies: list[Any], context: Any, pasted: bool) -> None:
    shared, asked = SharedStatements(pasted=pasted), AskedOfMany(PROVIDER, ACTION, context)
    for policy in [*policies, *policies]:
        decision = compile_policy(policy, pasted=pasted).decide(PROVIDER, ACTION, context)
        assert asked.effect(shared.policy(policy)) == decision.effect
        assert shared.policy(policy).has_allow == any(one.effect == "Allow" for one in decision.statements)


@given(st.lists(st.lists(TEXTS, max_size=4), min_size=1, max_size=4), st.sampled_from(NAMES), TEXTS)
def test_a_value_is_compared_as_each_policy_alone_compares_it(lists: list[Any], operator: str, actual: str) -> None:
    shared, asked = SharedStatements(pasted=False), AskedOfMany(PROVIDER, ACTION, {"x:d": actual})
    for values in lists:
        statement = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION}
        policy = {"Version": "2012-10-17", "Statement": {**statement, "Condition": {operator: {"x:d": values}}}}
        decision = compile_policy(policy).decide(PROVIDER, ACTION, {"x:d": actual})
        assert asked.effect(shared.policy(policy)) == decision.effect


def test_policies_that_differ_in_their_sid_alone_are_one() -> None:
    shared = SharedStatements(pasted=False)
    statement = {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": ACTION}
    one, other = ({"Version": "2012-10-17", "Statement": [{**statement, "Sid": sid}]} for sid in ("A", "B"))
    assert shared.policy(one) is shared.policy(other)
    assert shared.policy(one) is not shared.policy({"Version": "2012-10-17", "Statement": [], "X": 1})


def test_a_text_with_a_gap_may_be_any_value_with_one() -> None:
    policy = compile_policy({"Statement": on_key("a", "b<x>")}, pasted=True)
    actuals = ["bc", "ab", Pasted("<y>"), Pasted("<y>c")]
    effects = [policy.decide(PROVIDER, ACTION, {"a": actual}).effect for actual in actuals]
    assert effects == ["unknown", "implicit-deny", "unknown", "unknown"]


@given(st.text("ab?*", max_size=14), st.text("ab", min_size=20, max_size=60))
@settings(deadline=None, max_examples=share_of(400))
def test_a_literal_part_at_many_places_of_a_text_is_looked_for_at_all(pattern: str, text: str) -> None:
    reference = re.fullmatch("".join({"*": ".*", "?": "."}.get(part, part) for part in pattern), text) is not None
    assert matcher([(pattern, True, False)])(text) is reference


def test_a_part_with_a_gap_is_compared_where_its_longest_text_is(lines_run: LinesRun) -> None:
    match = matcher([("*o?g9*", True, False)])
    assert match("org9") is True
    assert lines_run(lambda: match("v=1:org=o7:team=t:" * 200)) < 100


@given(STORED_OR_NOT, st.lists(CONTEXTS, min_size=1, max_size=3), st.booleans())
@example(policy={"Version": "2012-10-17", "Statement": [ALLOWING, 5]}, contexts=[{}], pasted=False)
@example(policy={"Statement": {**ALLOWING, "Principal": {"Federated": PROVIDER + "y"}}}, contexts=[{}], pasted=True)
@example(policy={"Statement": MET_TWICE}, contexts=[{"a": "a", "b": "b"}, {"a": "a"}, {"b": "c"}, {}], pasted=False)
@example(policy={"Statement": on_key("x:d")}, contexts=[{Pasted("<p>:d"): "a"}, {"x:d": "a"}], pasted=True)
@example(policy={"Statement": on_key("<p>:d")}, contexts=[{"x:d": "a"}, {}], pasted=True)
@example(
    policy={"Statement": on_key("a", "b<x>")}, contexts=[{"a": Pasted("<y>")}, {"a": "a"}, {"a": "bc"}], pasted=True
)
def test_a_prepared_policy_decides_as_with_a_trace(policy: Any, contexts: list[Any], pasted: bool) -> None:
    compiled = compile_policy(policy, pasted=pasted)
    names = [PROVIDER, PROVIDER + "<x>", PROVIDER + "y"]
    for principal in (*names, *map(Pasted, names)):
        for context in contexts:
            decision = compiled.decide(principal, ACTION, context)
            allowing = [row.node.pointer for row in decision.statements if row.effect == "Allow" and row.applies]
            asked = compiled.prepared_for(principal, ACTION)
            assert asked.decide(context) == (decision.effect, [*allowing, ""][0])
    assert compiled.has_allow == any(row.effect == "Allow" for row in decision.statements)


@settings(max_examples=share_of(150))
@given(POLICIES, st.lists(CONTEXTS, min_size=2, max_size=4), st.booleans())
def test_what_was_asked_before_changes_no_answer(policy: Any, contexts: list[Any], pasted: bool) -> None:
    kept = compile_policy(policy, pasted=pasted)
    for context in contexts:
        fresh = compile_policy(policy, pasted=pasted)
        traces = [one.decide(PROVIDER, ACTION, context).trace.to_json() for one in (kept, fresh)]
        assert traces[0] == traces[1]
        answers = [one.prepared_for(PROVIDER, ACTION).decide(context) for one in (kept, fresh)]
        assert answers[0] == answers[1]


def test_a_key_of_one_value_is_compared_once_for_all_requests(lines_run: LinesRun) -> None:
    def work(values: int, *, traced: bool) -> int:
        condition = {"ArnLike": {"k:arn": [f"arn:*:*:*:*:a{number}" for number in range(values)]}}
        statement = {"Effect": "Allow", "Principal": "*", "Action": ACTION, "Condition": condition}
        policy = compile_policy({"Version": "2012-10-17", "Statement": [statement]})

        def ask(subject: str) -> None:
            context = {"k:arn": PROVIDER, "x:sub": subject}
            if traced:
                policy.decide(PROVIDER, ACTION, context)
            else:
                policy.prepared_for(PROVIDER, ACTION).decide(context)

        ask("first")
        return lines_run(lambda: [ask(str(number)) for number in range(20)])

    for traced in (False, True):
        assert work(200, traced=traced) == work(10, traced=traced)
