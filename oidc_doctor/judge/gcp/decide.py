"""Decide the exchange at Google's Security Token Service and the impersonation after it, as Google does.

Order: target, token, issuer, audience, times, keys, condition, mapping, impersonation (the mapping is computed before
the condition and its errors are reported after it: measured). Sources: Google Cloud documentation and measured notes of
September 2026; inferred rules are marked and never lead to a certain refusal.
"""

from __future__ import annotations

from oidc_doctor.judge.contradictions import suspect
from oidc_doctor.judge.gcp.access import judge_access
from oidc_doctor.judge.gcp.audience import judge_audience
from oidc_doctor.judge.gcp.contradictions import contradictions
from oidc_doctor.judge.gcp.impersonate import judge_impersonation, judge_permission
from oidc_doctor.judge.gcp.issuer import judge_issuer
from oidc_doctor.judge.gcp.mapping import judge_condition_and_mapping
from oidc_doctor.judge.gcp.state import GcpExchange
from oidc_doctor.judge.gcp.target import judge_credentials, judge_project, judge_target
from oidc_doctor.judge.gcp.times import judge_times
from oidc_doctor.judge.gcp.token import judge_token
from oidc_doctor.judge.issuer import judge_keys
from oidc_doctor.judge.setup import judge_setup
from oidc_doctor.judge.truss import judge_truss
from oidc_doctor.judge.workspace import explain_by_workspace
from oidc_doctor.model.case import Case
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side, Trace


def evaluate_gcp(case: Case) -> Trace:
    """Judge the exchange with Google for one case."""
    exchange = GcpExchange(case)
    _judge_obtain(exchange)
    exchange.settle("configure", "unknown", "set-up is not part of the exchange")
    judge_target(exchange)
    judge_token(exchange)
    judge_issuer(exchange)
    judge_audience(exchange)
    judge_times(exchange)
    uploaded = None
    if exchange.provider and exchange.provider.jwks_json is not None:
        uploaded = (exchange.provider.jwks_json, exchange.provider.document.at("/oidc/jwksJson"))
    issuer_uri = None
    if exchange.provider and exchange.provider.issuer_uri:
        issuer_uri = Side(exchange.provider.issuer_uri, exchange.provider.document.at("/oidc/issuerUri"))
    judge_keys(exchange, exchange.issuer, uploaded, issuer_uri=issuer_uri)
    judge_condition_and_mapping(exchange)
    judge_impersonation(exchange)
    if case.asks_access:
        judge_access(exchange)
    judge_permission(exchange)
    judge_truss(exchange)
    judge_project(exchange)
    if case.explain:
        explain_by_workspace(exchange)
        judge_setup(exchange)
    if case.explain or case.contradictions:
        suspect(exchange, contradictions(exchange))
    return exchange.trace()


def _judge_obtain(exchange: GcpExchange) -> None:
    token, gcp = exchange.token, exchange.gcp
    if token.fault_kind == "no-token":
        exchange.refuse(Kind.NO_TOKEN_SENT, where=token.origin)
    judge_credentials(exchange, gcp.credentials)
    if exchange.results["obtain"].state == "unknown" and (token.kind in ("jwt", "event") or token.claims):
        exchange.passed("obtain", "", token.origin)
