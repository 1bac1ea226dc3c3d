"""Suspect policies besides the trust policy that may deny the exchange: resource control and VPC endpoint policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.judge.aws.compiled import resource_controls
from oidc_doctor.judge.aws.request_context import ASSUME, request_context
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.judge.aws.state import AwsExchange

_THROUGH = "vpcEndpointId in the CloudTrail events of the exchange: whether the call goes through the endpoint"


def suspect_resource_controls(exchange: AwsExchange) -> None:
    """Suspect a resource control policy that denies the call; whether it is attached to this account is unknown."""
    for document in exchange.aws.rcps:
        if document.duplicates:
            exchange.refuse(
                Kind.OUTSIDE_THE_TRUST_POLICY,
                where=document.at(document.duplicates[0]),
                certain=False,
                location=Clause(document=document.file),
                settle="aws organizations describe-policy: the policy's text",
                reason=f"the resource control policy {document.file} has a member twice, and may deny it",
            )
    _suspect_denials(
        exchange,
        Kind.OUTSIDE_THE_TRUST_POLICY,
        exchange.aws.rcps,
        ("resource control policy", "if it is attached to this account"),
        "aws organizations list-targets-for-policy: whether the policy is attached to this account",
    )
    _suspect_unread(
        exchange,
        Kind.OUTSIDE_THE_TRUST_POLICY,
        exchange.aws.unread_rcps,
        ("resource control policy", "resource control policies", ""),
        "aws organizations describe-policy: the policy's text",
    )


def suspect_endpoints(exchange: AwsExchange) -> None:
    """Suspect a VPC endpoint's policy that denies the call; whether the call goes through the endpoint is not known."""
    _suspect_unread(
        exchange,
        Kind.ENDPOINT_POLICY_DENIES_EXCHANGE,
        [file for file in exchange.aws.unread_controls if "/endpoint-policies/" in f"/{file}"],
        ("VPC endpoint policy", "VPC endpoint policies", ", if the call goes through such an endpoint"),
        _THROUGH,
    )
    documents = exchange.documents("aws/endpoint-policies/*.json")
    if isinstance(documents, Missing) or not documents:
        return
    # one that lacks an Allow for STS may be of an endpoint of another service
    exchange.assumed.append("that the call goes through no VPC endpoint whose policy does not allow it")
    _suspect_denials(
        exchange,
        Kind.ENDPOINT_POLICY_DENIES_EXCHANGE,
        documents,
        ("VPC endpoint policy", "if the call goes through this endpoint"),
        _THROUGH,
    )


def _suspect_denials(
    exchange: AwsExchange, kind: Kind, documents: tuple[Document, ...], words: tuple[str, str], settle: str
) -> None:
    """Suspect the statements of these policies that deny the call, or may; `words`: the policy, and when it applies."""
    controls = resource_controls(documents)
    context = request_context(exchange, controls.together) if controls.statements else {}
    for document, statement in controls.statements:
        denies = statement.denies(ASSUME, context)
        if denies is False:
            continue
        clauses = statement.clauses
        operator, key = clauses[0] if clauses else ("", "")
        by = f" by {', '.join(f'{name} · {tested}' for name, tested in clauses)}" if clauses else ""
        verb = f"denies it{by}" if denies else f"has a statement of which it is not known whether it denies it{by}"
        exchange.refuse(
            kind,
            where=document.at(statement.pointer),
            certain=False,
            location=Clause(statement=statement.index, operator=operator, key=key, document=document.file),
            settle=settle,
            reason=f"the {words[0]} {document.file} {verb}, {words[1]}",
        )


def _suspect_unread(
    exchange: AwsExchange, kind: Kind, places: Iterable[str], words: tuple[str, str, str], settle: str
) -> None:
    """Suspect files that could not be read, or folders with too many; `words`: a policy, several, when they apply."""
    one, several, when = words
    for place in places:
        unread = (
            f"the {several} in {place} were not read" if place.endswith("/") else f"the {one} {place} could not be read"
        )
        exchange.refuse(
            kind,
            where=Origin(place),
            certain=False,
            location=Clause(document=place),
            settle=settle,
            reason=f"{unread}, and may deny it{when}",
        )
