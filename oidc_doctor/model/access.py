"""The workload's calls after the exchange, and whether the session may make them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from oidc_doctor.model.document import Origin
from oidc_doctor.model.steps import Cloud

Decision = Literal["allowed", "denied", "unknown"]


class Need(NamedTuple):
    """A call that the workload makes with its session.

    `resource` is an ARN, or `*` for an action without resources. It is `placeholder.Pasted` if a part of it is unknown:
    `arn:aws:s3:::weights/llama/<key>` is any object below a prefix.
    """

    cloud: Cloud
    service: str  # s3, ecr, kms
    action: str  # s3:GetObject
    resource: str
    asked_by: Origin | None  # where the need was read
    wish: str  # as written there: s3://weights/llama
    context: Mapping[str, str] = MappingProxyType({})  # condition keys specific to this call


class SecondOpinion(NamedTuple):
    """The result of a cloud's own simulator on a call."""

    by: str  # the API
    decision: Decision
    at: Origin


class AccessDecision(NamedTuple):
    """The decision on one needed call."""

    need: Need
    decision: Decision
    by: str = ""  # the deciding kind of policy (PRINCIPAL, RESOURCE, …); empty if there is none
    location: Origin | None = None  # of the statement that decides
    note: str = ""  # for users: the reason, or the evidence that would settle it
    trace: tuple[dict[str, Any], ...] = ()  # each policy's own trace, as JSON
    second: SecondOpinion | None = None
