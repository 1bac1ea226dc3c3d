"""Evaluate a provider's attribute mapping and attribute condition on the token's claims.

Limits and texts: Google Cloud documentation and measured notes of September 2026. A missing claim is reported by Google
as a rejection by the condition (measured); the judge names it a missing claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.judge import error_texts as texts
from oidc_doctor.judge.gcp.cel_clause import (
    deciding,
    failing,
    may_be_open,
    settled,
)
from oidc_doctor.judge.gcp.condition_refused import mapping_at, refuse_as_false, refuse_for_error, values_at_fault
from oidc_doctor.judge.gcp.constants import constant_of
from oidc_doctor.judge.gcp.mapped_once import settles_untraced, text_of
from oidc_doctor.judge.gcp.mapped_values import judge_values
from oidc_doctor.judge.gcp.mapping_keys import judge_keys_of_mapping
from oidc_doctor.judge.gcp.unread import BEYOND, beyond_bound, unread_claim, why_unevaluated
from oidc_doctor.judge.gcp.unsaved import suspect_condition, suspect_mapping
from oidc_doctor.judge.gcp.written import is_decided, subject_of_entries
from oidc_doctor.model.document import UNKNOWN, Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, CloudError, Side
from oidc_doctor.model.steps import REFUSED
from oidc_doctor.model.steps import UNKNOWN as UNDECIDED

if TYPE_CHECKING:
    from oidc_doctor.cel import CelError, Program
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.evidence import WrittenProvider


def judge_condition_and_mapping(exchange: GcpExchange) -> None:
    """Settle `condition` and `mapping`; fills `exchange.mapped`."""
    provider = exchange.provider
    if provider is None and exchange.gcp.written_provider is not None and not exchange.token.fault_kind:
        _judge_written_condition(exchange, exchange.gcp.written_provider)
    if provider is None or provider.kind not in ("oidc", "unknown"):
        return
    judge_keys_of_mapping(exchange, provider)
    if exchange.token.fault_kind:
        return
    mapped: dict[str, Any] = {}
    faults: list[tuple[str, CelError]] = []
    if isinstance(provider.mapping, dict):
        mapped, faults = _map(exchange, provider.mapping)
    bindings = _bindings(mapped, unmapped=not isinstance(provider.mapping, dict))
    _judge_condition(exchange, provider.condition, bindings, provider.document.at("/attributeCondition"))
    if isinstance(provider.mapping, dict):
        _judge_mapping(exchange, provider.mapping, mapped, faults)
    exchange.mapped = {name: value for name, value in mapped.items() if isinstance(value, str)}
    groups = mapped.get("google.groups")
    exchange.groups = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else None


def _judge_written_condition(exchange: GcpExchange, written: WrittenProvider) -> None:
    """Settle `condition` by a logged write if the provider was not read and the known facts decide."""
    provider, mapping = written.provider, written.provider.mapping
    if "condition" not in written.known:
        return
    bindings = _bindings(_map(exchange, mapping)[0] if isinstance(mapping, dict) else {}, unmapped=mapping is UNKNOWN)
    shown = subject_of_entries(written, exchange.token)
    if shown is not None:
        bindings["google"] = {"subject": shown}
    if not is_decided(provider.condition, bindings, lambda program: _claims(exchange, program)):
        return
    if shown is not None:
        exchange.assumed.append("that google.subject is the token's sub, as in the entries of accepted exchanges")
    _judge_condition(exchange, provider.condition, bindings, provider.document.at("/attributeCondition"))


def _claims(exchange: GcpExchange, program: Program) -> dict[str, Any]:
    """Return the token's claims, plus UNKNOWN for each unread claim that the expression reads."""
    token = exchange.token
    claims = {name: value for name, value in token.claims.items() if value is not None or token.kind == "jwt"}
    for reference in program.references():
        if len(reference.keys) > 1 and reference.keys[0] == "assertion" and token.may_have(reference.keys[1]):
            claims[reference.keys[1]] = cel.UNKNOWN
    return claims


def _compile(exchange: GcpExchange, text: str, which: str, step: str, at: Origin) -> Program | CelError:
    """Compile an expression. Google refuses an expression with an error, unless the error is our own limit."""
    try:
        return cel.compile(text)
    except cel.CelError as error:
        if error.code == BEYOND:
            return error
        exchange.refuse(
            Kind.EXPRESSION_INVALID,
            CloudError(
                "unauthorized_client",
                texts.CONDITION_REJECTED if step == "condition" else texts.NO_SUBJECT,
                certain=False,
            ),
            step=step,
            actual=Side(text, at, ((error.start, error.end),) if 0 <= error.start < error.end else ()),
            # Google refuses to save such an expression, so the stored one may differ from the pasted one
            certain=not has_placeholder(text),
            settle="the expression as Google has it",
            which=which,
            message=error.message,
        )
        return error


def _map(exchange: GcpExchange, mapping: dict[str, str]) -> tuple[dict[str, Any], list[tuple[str, CelError]]]:
    mapped: dict[str, Any] = {}
    faults: list[tuple[str, CelError]] = []
    traces: dict[str, Any] = {}
    for name, text in mapping.items():
        at = mapping_at(exchange, name)
        program = _compile(exchange, text, name, "mapping", at)
        if isinstance(program, cel.CelError):
            if program.code == BEYOND:
                mapped[name] = cel.UNKNOWN
                faults.append((name, program))
            continue
        claims = _claims(exchange, program)
        counted = None if exchange.case.explain or program.has_loops() else text_of(program, claims)
        if counted is not None and counted[1] <= exchange.cel_work:
            exchange.cel_work -= counted[1]
            value: object = counted[0]
        else:
            node = program.trace({"assertion": claims}, **exchange.bounds)
            exchange.cel_work -= min(node.work, exchange.cel_work)
            traces[name] = node
            if node.error is not None:
                if node.error.code in ("unknown", BEYOND):
                    mapped[name] = cel.UNKNOWN
                if node.error.lacks:
                    exchange.detail["lacks"] = node.error.lacks
                faults.append((name, node.error))
                continue
            value = node.value
        mapped[name] = value
        constant = constant_of(name, program, value, exchange.token)
        if constant is not None:
            exchange.constants[name] = constant
    exchange.detail["mapping"] = traces
    exchange.beyond = {name: fault for name, fault in faults if fault.code == BEYOND}
    return mapped, faults


def _bindings(mapped: dict[str, Any], *, unmapped: bool) -> dict[str, Any]:
    if unmapped:
        return {"google": cel.UNKNOWN, "attribute": cel.UNKNOWN}
    google: dict[str, Any] = {}
    attribute: dict[str, Any] = {}
    for name, value in mapped.items():
        prefix, _, key = name.partition(".")
        if prefix == "google":
            google[key] = value
        elif prefix == "attribute":
            attribute[key] = value
    return {"google": google, "attribute": attribute}


def _judge_condition(exchange: GcpExchange, text: str | None, bindings: dict[str, Any], at: Origin) -> None:
    if not text or not text.strip():
        exchange.passed("condition", "the provider has none: every token of the issuer passes")
        return
    program = _compile(exchange, text, "attributeCondition", "condition", at)
    if isinstance(program, cel.CelError):
        if program.code == BEYOND:
            exchange.settle("condition", "unknown", beyond_bound("the attribute condition", program), at)
        return
    from oidc_doctor.cel.checker import WORKLOAD_IDENTITY_TYPES

    saving = program.check(WORKLOAD_IDENTITY_TYPES, result="bool") if exchange.case.explain else []
    exchange.detail["save_time"] = [
        {"message": fault.message, "start": fault.start, "end": fault.end} for fault in saving
    ]
    unconfirmed = [name for name, _, _ in program.unconfirmed_functions()]
    exchange.detail["unconfirmed_functions"] = unconfirmed
    values = {**bindings, "assertion": _claims(exchange, program)}
    if settles_untraced(exchange, program, values, at):
        return
    node = program.trace(values, **exchange.bounds)
    exchange.detail["condition"] = node
    if node.error is not None:
        refuse_for_error(exchange, text, node, at)
        return

    def part(text: str) -> Any:
        try:
            return cel.compile(text).trace(values)
        except cel.CelError:
            return None

    pasted = exchange.either_pasted and may_be_open(program, values)
    answer = settled(node, pasted=pasted, evaluate=part)
    if unconfirmed:
        exchange.assumed.append(
            f"that Google offers {', '.join(unconfirmed)} here (not confirmed by its documentation)"
        )
    if node.value is True:
        if answer is True:
            suspect_condition(exchange, text, at)
            exchange.passed("condition", "", at)
        else:
            hidden = "whether it is true depends on the values behind the placeholders"
            exchange.settle("condition", "unknown", hidden, at)
        return
    if node.value is not False:
        exchange.refuse(
            Kind.EXPRESSION_INVALID,
            step="condition",
            actual=Side(text, at),
            which="attributeCondition",
            message="it returns neither true nor false",
        )
        return

    def surely_false(child: Any) -> Any:
        again = child if child.evaluated else part(child.text)
        is_false = again is not None and settled(again, pasted=pasted, evaluate=part) is False
        return again if is_false else None

    if exchange.case.explain:
        refuse_as_false(exchange, deciding(node, surely_false), at, certain=answer is False)
    else:
        exchange.settle("condition", REFUSED if answer is False else UNDECIDED)


def _judge_mapping(
    exchange: GcpExchange, mapping: dict[str, str], mapped: dict[str, Any], faults: list[tuple[str, CelError]]
) -> None:
    provider = exchange.provider
    at = provider.document.at("/attributeMapping") if provider else None
    if "google.subject" not in mapping:
        exchange.refuse(Kind.MAPPING_MISSING_SUBJECT, where=at)
    for name, fault in faults:
        if fault.code == BEYOND:
            continue
        claim = unread_claim(exchange, failing(exchange.detail["mapping"][name]))
        if fault.code == "unknown":
            if name == "google.subject" and exchange.token.inferred_complete and exchange.seen_at("mapping"):
                _subject_claim_missing(exchange, mapping, claim, certain=False)
            continue
        subject = name == "google.subject"
        if fault.code == "no_such_key" and subject:
            claim = (fault.path or str(fault.key)).removeprefix("assertion.")
            _subject_claim_missing(exchange, mapping, claim)
        elif fault.code == "no_such_key":
            # inferred: an attribute whose claim is absent is left unset and refuses no token by itself
            exchange.assumed.append(f"that {name} is left unset, since the token lacks its claim")
        else:
            exchange.refuse(
                Kind.EXPRESSION_INVALID,
                step="mapping",
                actual=Side(mapping[name], mapping_at(exchange, name)),
                location=Clause((name,)),
                certain=subject,
                settle="an exchange: whether Google then leaves the attribute unset is not recorded",
                which=name,
                message=fault.message,
                read=values_at_fault(fault, failing(exchange.detail["mapping"][name])),
            )
    judge_values(exchange, mapped, at)
    failed = {name for name, _ in faults}
    suspect_mapping(exchange, mapping, [name for name in exchange.detail["mapping"] if name not in failed])
    if mapped.get("google.subject") == "":
        exchange.refuse(
            Kind.MAPPING_MISSING_SUBJECT,
            where=mapping_at(exchange, "google.subject"),
            certain=False,
            settle="an exchange: the answer of Google to an empty google.subject was not recorded",
            value="empty",
        )
    result = exchange.results["mapping"]
    if result.state == "unknown" and not result.refusals:
        if mapped.get("google.subject") is cel.UNKNOWN:
            lacks = why_unevaluated("google.subject", dict(faults).get("google.subject"))
            exchange.settle("mapping", "unknown", lacks or "google.subject needs a claim that was not given")
        elif exchange.results["configure"].refusals:
            exchange.settle("mapping", "unknown", "Google stores no such mapping, and so has another one", at)
        else:
            exchange.passed("mapping", "", at)


def _subject_claim_missing(exchange: GcpExchange, mapping: dict[str, str], claim: str, *, certain: bool = True) -> None:
    name = "google.subject"
    exchange.refuse(
        Kind.MAPPING_CLAIM_MISSING,
        where=mapping_at(exchange, name),
        certain=certain,
        location=Clause((f"{name}={mapping[name]}",)),
        settle=f"the whole token: {claim} is not among the claims that were given",
        attribute=name,
        claim=claim,
        given="" if certain else "in part",
    )
