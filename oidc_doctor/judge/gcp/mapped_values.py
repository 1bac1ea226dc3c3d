"""Check types and sizes of the values that an attribute mapping returns.

Limits and texts: Google Cloud documentation and recorded answers; that a workload pool requires google.groups to be a
list of strings, and the error sentences, are inferred from workforce pools and from a library that follows the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor import cel
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder, spans
from oidc_doctor.model.refusal import CloudError, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.document import Origin

SUBJECT_LIMIT = 127  # bytes of google.subject
ATTRIBUTES_LIMIT = 8192  # bytes of all mapped attributes
GROUPS_LIMIT = 400

# google-github-actions/auth issue 378; the two of groups follow loicsikidi/wif-go
_NOT_A_STRING = "The mapped attribute '{}' must be of type STRING."
_GROUPS_NOT_A_LIST = "The mapped attribute 'google.groups' must be of type LIST<STRING>."
_GROUP_NOT_A_STRING = "The elements in mapped attribute 'google.groups' must be of type STRING."

_TYPES = {int: "int", float: "double", list: "list", dict: "map", type(None): "null", str: "string", bool: "bool"}


def type_name(value: object) -> str:
    """Return a value's CEL type name."""
    return _TYPES.get(type(value), type(value).__name__.lower())


def judge_values(exchange: GcpExchange, mapped: dict[str, Any], at: Origin | None) -> None:
    """Judge types and sizes of the mapped values; `at` is the place of the mapping."""
    total = 0
    for name, value in mapped.items():
        if value is cel.UNKNOWN:
            continue
        if name == "google.groups":
            total += _judge_groups(exchange, value, at)
        elif isinstance(value, str):
            total += _size(value)
        else:
            # recorded for google.subject of a workload pool; for other attributes documented for workforce pools
            error = CloudError("unauthorized_client", _NOT_A_STRING.format(name), certain=name == "google.subject")
            certain = name == "google.subject" or exchange.seen_at("mapping")
            _wrong_type(exchange, name, value, "a string", error, certain=certain)
    _judge_subject_size(exchange, mapped.get("google.subject"), at)
    if total > ATTRIBUTES_LIMIT:
        exchange.refuse(
            Kind.ATTRIBUTES_OVER_LIMIT,
            CloudError(
                "invalid_request", "The size of the entire mapped attributes exceeds the 8 KB limit.", certain=False
            ),
            where=at,
            what="all mapped attributes",
            size=str(total),
            limit=str(ATTRIBUTES_LIMIT),
        )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _wrong_type(
    exchange: GcpExchange, name: str, value: object, wanted: str, error: CloudError, *, certain: bool
) -> None:
    provider = exchange.provider
    exchange.refuse(
        Kind.MAPPED_ATTRIBUTE_NOT_STRING,
        error,
        actual=Side(
            str(value), provider.document.at("/attributeMapping" + pointer_segment(name)) if provider else None
        ),
        certain=certain,
        settle="an exchange: the rule is documented for workforce pools",
        attribute=name,
        type=type_name(value),
        wanted=wanted,
    )


def _judge_groups(exchange: GcpExchange, groups: object, at: Origin | None) -> int:
    """Judge google.groups; return its size in bytes."""
    observed = exchange.seen_at("mapping")
    if not isinstance(groups, list):
        error = CloudError("unauthorized_client", _GROUPS_NOT_A_LIST, certain=False)
        _wrong_type(exchange, "google.groups", groups, "a list of strings", error, certain=observed)
        return 0
    strange = next((group for group in groups if not isinstance(group, str) and group is not cel.UNKNOWN), None)
    if strange is not None:
        error = CloudError("unauthorized_client", _GROUP_NOT_A_STRING, certain=False)
        _wrong_type(exchange, "google.groups", groups, "a list of strings", error, certain=observed)
    if len(groups) > GROUPS_LIMIT:
        exchange.refuse(
            Kind.ATTRIBUTES_OVER_LIMIT,
            CloudError("invalid_request", "", certain=False),
            where=at,
            certain=observed,
            settle="an exchange: the limit is documented for workforce pools",
            what="google.groups",
            size=str(len(groups)),
            limit=str(GROUPS_LIMIT),
        )
    return sum(_size(group) for group in groups if isinstance(group, str))


def _judge_subject_size(exchange: GcpExchange, subject: object, at: Origin | None) -> None:
    if not isinstance(subject, str):
        return
    size = _size(subject)
    gap = exchange.token_pasted and has_placeholder(subject)
    if gap:
        hidden = sum(end - start for start, end in spans(subject))
        if size - hidden <= SUBJECT_LIMIT:
            return
    if size > SUBJECT_LIMIT:
        name = next((name for name, claim in exchange.token.claims.items() if claim == subject), "sub")
        exchange.refuse(
            Kind.SUBJECT_OVER_LIMIT,
            expected=Side(f"at most {SUBJECT_LIMIT} bytes", at),
            actual=Side(subject, exchange.claim_origin(name)),
            bytes=str(size),
            limit=str(SUBJECT_LIMIT),
        )
