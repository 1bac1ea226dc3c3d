"""Evaluate a role's trust policy for a token: the decision, and for a refusal the deciding clause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from oidc_doctor import iam
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.aws.arns import federated, split_provider
from oidc_doctor.judge.aws.clauses import FailedCondition, explain_clause, present_in
from oidc_doctor.judge.aws.compiled import trust_policy
from oidc_doctor.judge.aws.other_denials import suspect_endpoints, suspect_resource_controls
from oidc_doctor.judge.aws.request_context import ASSUME, request_context
from oidc_doctor.judge.aws.session_claims import session_tags, source_identity
from oidc_doctor.judge.contradictions import place_in_words
from oidc_doctor.judge.exchange import plain_note, same, shown
from oidc_doctor.model.document import Document, Json, Origin
from oidc_doctor.model.json_pointer import segments
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import CLAUSES
from oidc_doctor.model.placeholder import is_left_out
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.steps import REFUSED
from oidc_doctor.model.steps import UNKNOWN as UNDECIDED

if TYPE_CHECKING:
    from oidc_doctor.iam import Decision, Node, StatementResult
    from oidc_doctor.judge.aws.state import AwsExchange

_Part = TypeVar("_Part")

TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"


def judge_trust(exchange: AwsExchange, document: Document) -> None:
    """Settle `authorise` by the trust policy, for the assume call and further actions that the claims need."""
    principal = exchange.provider_arn
    if principal is None:
        return
    policy = trust_policy(document, pasted=exchange.pasted)
    context = request_context(exchange, document.value)
    if not (exchange.case.explain or exchange.case.traced):
        _decided(exchange, policy, principal, context, document)
        return
    decision = policy.decide(principal, ASSUME, context, traced=exchange.case.traced)
    exchange.detail["policy"] = decision.trace
    exchange.detail["document"] = document
    if decision.effect == "allow":
        _allowed(exchange, policy, principal, context, document, document.at(_allowing(decision)))
    elif decision.effect == "explicit-deny":
        _denied(exchange, decision, document)
    else:
        _not_allowed(exchange, decision, document, context)


def _decided(
    exchange: AwsExchange, policy: iam.Policy, principal: str, context: dict[str, Any], document: Document
) -> None:
    """Settle `authorise` for a case of which only the states are needed."""
    effect, pointer = policy.prepared_for(principal, ASSUME).decide(context)
    if effect == "allow":
        _allowed(exchange, policy, principal, context, document, document.at(pointer))
    elif effect == "explicit-deny":
        exchange.settle("authorise", REFUSED if exchange.grounded else UNDECIDED)
    else:
        _settle_not_allowed(exchange, effect, has_allow=policy.has_allow)


def _settle_not_allowed(exchange: AwsExchange, effect: str, *, has_allow: bool) -> None:
    sure = effect == "implicit-deny" and (exchange.grounded or not has_allow)
    exchange.settle("authorise", REFUSED if sure else UNDECIDED)


def _allowed(
    exchange: AwsExchange, policy: iam.Policy, principal: str, context: dict[str, Any], document: Document, at: Origin
) -> None:
    """Settle `authorise` for an exchange that a statement of the trust policy allows."""
    if _allowed_besides(exchange, policy, principal, context, document):
        suspect_resource_controls(exchange)
        suspect_endpoints(exchange)
        exchange.passed("authorise", "", at)
        exchange.assumed.append("that no resource control policy or other organization control denies it")


def _allowing(decision: Decision) -> str:
    return next(
        (
            statement.node.pointer
            for statement in decision.statements
            if statement.effect == "Allow" and statement.applies
        ),
        "",
    )


def _allowed_besides(
    exchange: AwsExchange, policy: iam.Policy, principal: str, context: dict[str, Any], document: Document
) -> bool:
    """Whether the policy also allows sts:TagSession and sts:SetSourceIdentity where the token's claims need them."""
    tags, identity = session_tags(exchange.token), source_identity(exchange.token)
    good = True
    for kind, action in needed_besides(exchange):
        decision = policy.decide(principal, action, context, traced=exchange.case.traced)
        if decision.effect == "allow":
            continue
        good = False
        exchange.refuse(
            kind,
            step="authorise",
            expected=Side(action),
            where=document.at("/Statement"),
            certain=decision.effect != "unknown",
            settle="the values that the trust policy's conditions need",
            tags=", ".join(tags),
            source_identity=identity or "",
        )
    return good


def needed_besides(exchange: AwsExchange) -> list[tuple[Kind, str]]:
    """Return the actions that the token's claims need in addition to the assume call, each with its kind of refusal."""
    needed = []
    if session_tags(exchange.token):
        needed.append((Kind.SESSION_TAGS_NOT_ALLOWED, TAG_SESSION))
    if source_identity(exchange.token) is not None:
        needed.append((Kind.SOURCE_IDENTITY_NOT_ALLOWED, SET_SOURCE_IDENTITY))
    return needed


def _denied(exchange: AwsExchange, decision: Decision, document: Document) -> None:
    statement = next(candidate for candidate in decision.statements if candidate.effect == "Deny" and candidate.applies)
    raw = _at_pointer(document.value, statement.node.pointer)
    undecided = any(not operator.children for operator in operators_of(statement))
    applying = [
        (operator.name, key.name)
        for operator in operators_of(statement)
        for key in operator.children
        if key.result is not False
    ]
    exchange.refuse(
        Kind.EXPLICIT_DENY,
        where=document.at(statement.node.pointer),
        location=Clause(statement=statement.index, operator=applying[0][0], key=applying[0][1])
        if applying
        else Clause(statement=statement.index),
        actual=_deciding_value(statement),
        certain=exchange.grounded,
        settle="the token, or its provider",
        facts=_caught(statement),
        statement=_statement_name(statement),
        sid=str(raw.get("Sid", "")) if isinstance(raw, dict) else "",
        clause=", ".join(map(" · ".join, applying))
        or ("a condition that IAM cannot decide" if undecided else "no condition"),
    )


def _deciding_value(statement: StatementResult) -> Side | None:
    for operator in operators_of(statement):
        for key in operator.children:
            if key.result is not False and isinstance(key.actual, str):
                return Side(str(key.actual))
    return None


def _caught(statement: StatementResult) -> dict[str, str]:
    """Describe what in the request the Deny clause matches, and whether its operator lists exceptions (is negated)."""
    for operator in operators_of(statement):
        for key in operator.children:
            negated = "not" in operator.name.lower()
            shown = [node for node in key.children if node.level == "value" and (negated or node.result is True)]
            values = ", ".join(dict.fromkeys(str(node.expected) for node in shown))
            if key.result is False or not values or operator.name.lower().startswith("null"):
                continue
            if not isinstance(key.actual, str):
                return {"caught": "the request has no value for it"} if key.actual is None else {}
            if negated:
                return {"caught": f"the request's value is none of {values}", "exempts": "yes"}
            return {"caught": f"the request's value is covered by {values}"}
    return {}


def operators_of(statement: StatementResult) -> list[Node]:
    """Return the condition operators of a statement from its trace."""
    return [child for child in statement.node.children if child.level == "operator"]


def _statement_name(statement: StatementResult) -> str:
    index = statement.node.pointer.rsplit("/", 1)[-1]
    return f"Statement[{index if index.isdigit() else 0}]"


def _at_pointer(value: Json, pointer: str) -> Json:
    for name in segments(pointer):
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict):
            value = value.get(name)
    return value


def _nearness(statement: StatementResult) -> tuple[int, int, int]:
    """Sort key: matching principal and action first, then the fewest unmet conditions."""
    wrong = sum(key.result is not True for operator in operators_of(statement) for key in operator.children)
    return statement.principal is False, statement.action is False, wrong


def _not_allowed(exchange: AwsExchange, decision: Decision, document: Document, context: dict[str, Any]) -> None:
    allows = [statement for statement in decision.statements if statement.effect == "Allow"]
    if not exchange.case.explain:
        _settle_not_allowed(exchange, decision.effect, has_allow=bool(allows))
        return
    _suspect_unreadable(exchange, decision, document)
    if not allows and decision.effect == "unknown":
        return
    if not allows:
        exchange.refuse(
            Kind.NO_ALLOW_STATEMENT,
            where=document.at("/Statement"),
            location=Clause(("Statement",)),
            statements=str(len(decision.statements)),
        )
        return
    nearest = min(allows, key=_nearness)
    # A refusal is certain only where no other statement could still allow it
    sure = decision.effect == "implicit-deny" and exchange.grounded
    unreadable = {node.level for node in _unreadable(nearest)}
    if nearest.principal is not True and "principal" not in unreadable:
        _principal(exchange, nearest, document, sure=sure)
    if nearest.action is not True and "action" not in unreadable:
        _action(exchange, nearest, document, sure=sure)
    keys = [
        (operator, key)
        for operator in operators_of(nearest)
        for key in operator.children
        if operator.reason != "unreadable"
    ]
    unmet = [(operator, key) for operator, key in keys if key.result is not True]
    if len(unmet) > CLAUSES.most:  # those of a key that the request has say more
        unmet.sort(key=lambda pair: pair[1].actual is None)
    unmet.sort(key=lambda pair: pair[1].result is None)  # failed conditions, then open ones
    present = present_in(context)
    for operator, key in _named(exchange, unmet, "unmet conditions"):
        where = document.at(key.pointer)
        explain_clause(exchange, FailedCondition(nearest.index, operator, key, where, sure=sure), present)
    _broken_conditions(exchange, nearest, document, sure=sure)
    if not exchange.results["authorise"].refusals:
        _undecided_deny(exchange, decision, document)
    result = exchange.results["authorise"]
    if sure and result.state != "refused":
        # an unknown clause, with certain refusals in other statements: name the refusal anyway
        result.state = "refused"
    exchange.detail["nearest"] = nearest.node.pointer


def _named(exchange: AwsExchange, parts: list[_Part], what: str) -> list[_Part]:
    """Return the parts that are named as refusing. The step notes how many there are, if these are not all."""
    if len(parts) > CLAUSES.most:
        note = f"{len(parts):,} {what}, of which the first {CLAUSES.most} are named ({CLAUSES.source})"
        result = exchange.results["authorise"]
        result.note = "; ".join(filter(None, (result.note, note)))
    return parts[: CLAUSES.most]


def _unreadable(statement: StatementResult) -> list[Node]:
    """Return the elements of a statement that IAM would not store, if they leave open whether the statement applies."""
    if statement.applies is not None:
        return []
    parts = statement.node.children or (statement.node,)  # a statement that is no object has no elements
    return [node for node in parts if node.reason == "unreadable" and node.result is None]


def _suspect_unreadable(exchange: AwsExchange, decision: Decision, document: Document) -> None:
    """Suspect the parts that IAM would not store: the effective policy differs there and may refuse."""
    nodes = [node for node in decision.trace.children if node.level == "member"]
    nodes += [node for statement in decision.statements for node in _unreadable(statement)]
    for element in _named(exchange, nodes, "parts that IAM would not store"):
        node, value = _innermost(element)
        at = document.at(node.pointer)
        exchange.refuse(
            Kind.TRUST_POLICY_UNREADABLE,
            where=at,
            actual=Side(value, at),
            certain=False,
            location=Clause((place_in_words(node.pointer),)),
            settle="the trust policy as IAM stores it",
            rank=-1,
            part=place_in_words(node.pointer),
            absent="yes" if node.expected is None and node.level in ("principal", "action") else "",
            twice="yes" if _is_spelled_twice(node) else "",
        )


def _is_spelled_twice(node: Node) -> bool:
    """Whether an unreadable key or operator is one that IAM has: then the block has it in two spellings."""
    if node.level == "operator":
        return isinstance(node.expected, dict) and not is_left_out(node.name)
    return node.level == "key" and iam.is_key_name(node.name)


def _innermost(node: Node) -> tuple[Node, str]:
    """Return the innermost unreadable part and its text; for an invalid key name, with the operator."""
    inner = next((child for child in node.children if child.reason == "unreadable" and child.result is None), None)
    if inner is None:
        return node, shown(node.expected)
    if inner.level == "key" and not iam.is_key_name(inner.name):
        return node, inner.name
    return _innermost(inner)


def _broken_conditions(exchange: AwsExchange, statement: StatementResult, document: Document, *, sure: bool) -> None:
    """Refuse for operators that IAM does not have: no request meets them."""
    broken = [
        operator
        for operator in operators_of(statement)
        if not (operator.children or operator.result is True or operator.reason == "unreadable")
    ]
    for operator in _named(exchange, broken, "operators that IAM does not have"):
        exchange.refuse(
            Kind.CONDITION_OPERATOR_MISUSED,
            where=document.at(operator.pointer),
            certain=sure,
            location=Clause(("Condition",), statement.index, operator.name),
            rank=2,
            operator=operator.name,
            reason="IAM has no such operator",
        )


def _undecided_deny(exchange: AwsExchange, decision: Decision, document: Document) -> None:
    """Suspect a Deny where an Allow grants and the Deny depends on values that were not read."""
    undecided = [
        statement
        for statement in decision.statements
        if statement.effect == "Deny" and statement.applies is None and not _unreadable(statement)
    ]
    for statement in _named(exchange, undecided, "statements that may deny it"):
        open_keys = [
            (operator.name, key.name)
            for operator in operators_of(statement)
            for key in operator.children
            if key.result is None
        ]
        exchange.refuse(
            Kind.EXPLICIT_DENY,
            where=document.at(statement.node.pointer),
            certain=False,
            location=Clause(statement=statement.index),
            settle=_deny_settled_by(statement, [name for _, name in open_keys]),
            statement=_statement_name(statement),
            clause=", ".join(map(" · ".join, open_keys)),
        )


def _deny_settled_by(statement: StatementResult, keys: list[str]) -> str:
    """Return what would show whether the Deny applies: the values of these keys, or how IAM reads its principal."""
    if keys:
        return f"the value of {', '.join(keys)} in the request"
    waiting = list(statement.node.children)
    while waiting:
        node = waiting.pop()
        if node.reason == "wildcard-principal-unverified":
            return "an exchange that succeeded under this Deny; AWS documents no rule for this principal"
        waiting.extend(node.children)
    return "the text behind the placeholders"


def _principal(exchange: AwsExchange, statement: StatementResult, document: Document, *, sure: bool) -> None:
    wanted = exchange.provider_arn or ""
    principals = [(arn, at) for arn, at in federated(document.value) if at.startswith(statement.node.pointer + "/")]
    certain = statement.principal is False and sure
    name = _statement_name(statement)
    target = split_provider(wanted)
    for arn, at in principals:
        parts = split_provider(arn)
        if not parts or not target:
            continue
        alike = same(parts[2], target[2], pasted=exchange.pasted) is True
        if alike and parts[1] != target[1] and parts[0] == target[0]:
            difference = compare_value([arn], wanted, wildcards=False, pasted=exchange.pasted)
            exchange.refuse(
                Kind.PROVIDER_IN_OTHER_ACCOUNT,
                step="authorise",
                expected=Side(arn, document.at(at), difference.expected_spans),
                actual=Side(wanted, exchange.claim_origin("iss"), difference.actual_spans),
                certain=certain,
                location=Clause(("Principal", "Federated"), statement.index),
                settle="the account id that was redacted",
                rank=0,
                role_account=target[1],
                provider_account=parts[1],
                issuer=target[2],
            )
            return
    arns = [arn for arn, _ in principals]
    nearest = compare_value(arns, wanted, wildcards=False, pasted=exchange.pasted) if arns else None
    text = nearest.expected if nearest else _raw_principal(document, statement)
    otherwise = principals[0][1] if principals else statement.node.pointer + "/Principal"
    at = next((pointer for arn, pointer in principals if arn == text), otherwise)
    token_profile, trusted = exchange.case.profile, split_provider(text)
    other = profile_for("https://" + trusted[2]) if trusted else None
    wrong_token = token_profile is not None and other is not None and other.name != token_profile.name
    exchange.refuse(
        Kind.WRONG_TOKEN_PRESENTED if wrong_token else Kind.PRINCIPAL_DIFFERS,
        step="authorise",
        expected=Side(text, document.at(at), nearest.expected_spans if nearest else ()),
        actual=Side(wanted, exchange.claim_origin("iss"), nearest.actual_spans if nearest else ()),
        certain=certain,
        location=Clause(("Principal",), statement.index),
        settle="a try: how IAM reads a bare * here was never verified"
        if text.strip('"') == "*" or '"*"' in text
        else "the values behind the placeholders",
        rank=0,
        note=plain_note(nearest) if nearest else "",
        partition=trusted[0] if trusted and target and trusted[0] != target[0] else "",
        role_partition=target[0] if target else "",
        assumed_by="" if principals else _assuming_role(document, statement),
        statement=name,
        issuer_title=token_profile.title if token_profile else "",
        other_title=other.title if other else "",
    )


def _assuming_role(document: Document, statement: StatementResult) -> str:
    """Return the role that may assume this role, if the statement names a role and no provider."""
    raw = _at_pointer(document.value, statement.node.pointer)
    principal = raw.get("Principal") if isinstance(raw, dict) else None
    named = principal.get("AWS") if isinstance(principal, dict) else None
    names = named if isinstance(named, list) else [named]
    return next((name for name in names if isinstance(name, str) and ":role/" in name), "")


def _raw_principal(document: Document, statement: StatementResult) -> str:
    import json

    raw = _at_pointer(document.value, statement.node.pointer)
    principal = raw.get("Principal") if isinstance(raw, dict) else None
    return json.dumps(principal) if principal is not None else "(no Principal)"


def _action(exchange: AwsExchange, statement: StatementResult, document: Document, *, sure: bool) -> None:
    raw = _at_pointer(document.value, statement.node.pointer)
    element = "NotAction" if isinstance(raw, dict) and "NotAction" in raw else "Action"
    value = raw.get(element) if isinstance(raw, dict) else None
    actions = [action for action in (value if isinstance(value, list) else [value]) if isinstance(action, str)]
    difference = (
        compare_value(actions, ASSUME, wildcards=True, pasted=exchange.pasted)
        if actions and element == "Action"
        else None
    )
    exchange.refuse(
        Kind.ACTION_DIFFERS,
        expected=Side(
            ", ".join(actions) or "(no Action)",
            document.at(f"{statement.node.pointer}/{element}"),
            difference.expected_spans if difference and len(actions) == 1 else (),
        ),
        actual=Side(ASSUME, None, difference.actual_spans if difference and len(actions) == 1 else ()),
        certain=statement.action is False and sure,
        location=Clause((element,), statement.index),
        rank=1,
        note="the policy excludes it" if element == "NotAction" else "",
    )


def node_json(node: Node, document: Document) -> dict[str, Any]:
    """Return a trace node as JSON, with the line of each element."""
    data = node.to_json()
    _add_lines(data, document)
    return data


def _add_lines(data: dict[str, Any], document: Document) -> None:
    origin = document.at(str(data.get("pointer", "")))
    data["at"] = str(origin)
    data["line"] = origin.line
    for child in data.get("children", ()):
        _add_lines(child, document)
