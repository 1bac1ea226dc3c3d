"""Derive the effects of Google's logged writes on a provider, its pool, the service account and allow policies.

Sources: Google's IAM API (Workload Identity Federation resources, SetIamPolicy) and its published audit entries.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_doctor.history.writes import UNSEEN, FieldWrite, strings
from oidc_doctor.logs.attempts.matching import same_provider
from oidc_doctor.logs.records.cloudtrail import members, text
from oidc_doctor.logs.records.gcp_writes import SET_POLICY, deltas_of, operation_of, policy_of
from oidc_doctor.model.google_names import project_of_account

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence

_SNAKE = re.compile(r"_([a-z])")
# Path of an update mask → field.
_MASKS = {
    "attributeCondition": "condition", "attributeMapping": "mapping", "disabled": "disabled",
    "oidc.allowedAudiences": "audiences", "oidc.issuerUri": "issuer", "oidc.jwksJson": "jwks",
}  # fmt: skip
_OIDC = ("audiences", "issuer", "jwks")


def joined_operations(changes: list[Change]) -> list[Change]:
    """Join the entries of each long-running write: keep the first, which has the request; failed if either failed."""
    out: list[Change] = []
    by_operation: dict[str, int] = {}
    for change in changes:
        operation, first = operation_of(change)
        if operation is None:
            out.append(change)
            continue
        place = by_operation.get(operation)
        if place is None:
            by_operation[operation] = len(out)
            out.append(change)
            continue
        earlier = out[place]
        joined, dropped = (change, earlier) if first else (earlier, change)
        if joined.error_code is None and dropped.error_code is not None:
            joined = _failed(joined, dropped)
        out[place] = joined
    return out


def _failed(write: Change, dropped: Change) -> Change:
    return replace(write, error_code=dropped.error_code, error_message=dropped.error_message)


def gcp_field_writes(change: Change, evidence: TargetEvidence) -> list[FieldWrite] | None:
    """Return the write's effects: [] if no step depends on them, None for another target's resources."""
    if change.what.endswith("WorkloadIdentityPoolProvider"):
        return _provider_writes(change) if _is_provider(change, evidence) else None
    if change.what.endswith("WorkloadIdentityPool"):
        return _pool_writes(change) if _is_pool(change, evidence) else None
    if change.what == SET_POLICY:
        kind = policy_kind(change, evidence)
        return None if kind is None else policy_writes(change, kind)
    return _account_writes(change) if _is_account(change, evidence) else None


def _provider_name(evidence: TargetEvidence) -> str | None:
    """Return the provider's name as configured in the client, else as read."""
    gcp = evidence.target.gcp
    name = (gcp.provider or gcp.audience) if gcp else None
    return name or getattr(evidence.gcp.provider if evidence.gcp else None, "name", None)


def _is_provider(change: Change, evidence: TargetEvidence) -> bool:
    name = _provider_name(evidence)
    return name is not None and same_provider(change.resource, name, pasted=False)


def _is_pool(change: Change, evidence: TargetEvidence) -> bool:
    name = _provider_name(evidence)
    if name is None:
        return False
    pool = change.resource.partition("/providers/")[0]
    return same_provider(pool, name.partition("/providers/")[0], pasted=False)


def _account_names(evidence: TargetEvidence) -> set[str]:
    names = {(evidence.target.gcp.service_account if evidence.target.gcp else None) or ""}
    account = evidence.gcp.service_account if evidence.gcp else None
    names |= {getattr(account, "email", None) or "", getattr(account, "unique_id", None) or ""}
    return {name.casefold() for name in names if name}


def _is_account(change: Change, evidence: TargetEvidence) -> bool:
    return change.resource.casefold() in _account_names(evidence)


def policy_kind(change: Change, evidence: TargetEvidence) -> str | None:
    """Return the kind of the written allow policy: `account`, `project`, or None for a policy of another target."""
    if _is_account(change, evidence):
        return "account"
    project = change.resource.removeprefix("projects/")
    projects = {evidence.gcp.project_id, evidence.gcp.project_number} if evidence.gcp else set()
    account = next((name for name in _account_names(evidence) if "@" in name), "")
    projects.add(project_of_account(account) or None)
    return "project" if project in projects - {None} else None


def _body(change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the request and the resource in it."""
    request = members(members(change.record.get("protoPayload")).get("request"))
    kind = "workloadIdentityPoolProvider" if change.what.endswith("Provider") else "workloadIdentityPool"
    return request, members(request.get(kind))


def _provider_writes(change: Change) -> list[FieldWrite]:
    request, body = _body(change)
    if change.what.startswith("Delete"):
        return [FieldWrite("state", value="DELETED", before="ACTIVE")]
    if change.what.startswith("Undelete"):
        return [FieldWrite("state", value="ACTIVE", before="DELETED")]
    fields = provider_fields(body)
    if change.what.startswith("Create"):
        if not body:
            return [FieldWrite("state", value="ACTIVE", before="ABSENT")]
        fields["mapping"] = fields.get("mapping") or {}
        return [
            FieldWrite("state", value="ACTIVE", before="ABSENT"),
            *(FieldWrite(name, value=value) for name, value in fields.items()),
        ]
    exists = FieldWrite("state", value="ACTIVE", before="ACTIVE")
    masked = _masked(request.get("updateMask"))
    if masked is None:  # all members of the request (inferred)
        masked = {name for path, name in _MASKS.items() if _at(body, path) is not None}
    if not body and masked:
        return [exists, *(FieldWrite(name) for name in masked)]  # written, but the value is not in the entry
    return [exists, *(FieldWrite(name, value=fields.get(name)) for name in sorted(masked))] if masked else []


def provider_fields(body: dict[str, Any]) -> dict[str, Json]:
    """Return the fields of a described provider, with the vendor's default for a field that is left out."""
    oidc = members(body.get("oidc"))
    mapping = body.get("attributeMapping")
    return {
        "condition": text(body.get("attributeCondition")) or "",
        "mapping": dict(mapping) if isinstance(mapping, dict) else None,
        "disabled": body.get("disabled") is True,
        "audiences": strings(oidc.get("allowedAudiences")),
        "issuer": text(oidc.get("issuerUri")) or "",
        "jwks": text(oidc.get("jwksJson")) or "",
    }


def _masked(mask: Json) -> set[str] | None:
    """Return the fields of an update mask, a text with commas or an object with paths; None without an update mask."""
    if isinstance(mask, dict):
        mask = ",".join(path for path in mask.get("paths") or () if isinstance(path, str))
    if not isinstance(mask, str) or not mask:
        return None
    fields: set[str] = set()
    for path in mask.split(","):
        camel = _SNAKE.sub(lambda hit: hit[1].upper(), path.strip())
        if camel in {"oidc", "*"}:
            fields |= set(_OIDC)
        if camel == "*":
            fields |= set(_MASKS.values())
        fields |= {name for path, name in _MASKS.items() if camel == path or camel.startswith(path + ".")}
    return fields


def _at(body: dict[str, Any], path: str) -> Json:
    value: Json = body
    for name in path.split("."):
        value = members(value).get(name)
    return value


def _pool_writes(change: Change) -> list[FieldWrite]:
    request, body = _body(change)
    if change.what.startswith("Delete"):
        return [FieldWrite("pool", value="DELETED", before="ACTIVE")]
    if change.what.startswith("Undelete"):
        return [FieldWrite("pool", value="ACTIVE", before="DELETED")]
    disabled = body.get("disabled") is True
    if change.what.startswith("Create"):
        return [FieldWrite("pool", value="ACTIVE", before="ABSENT"), FieldWrite("pool-disabled", value=disabled)]
    masked = _masked(request.get("updateMask"))
    if (masked is None and "disabled" in body) or (masked and "disabled" in masked):
        return [FieldWrite("pool", value="ACTIVE", before="ACTIVE"), FieldWrite("pool-disabled", value=disabled)]
    return []


def _account_writes(change: Change) -> list[FieldWrite]:
    writes = {
        "CreateServiceAccount": [
            FieldWrite("account", value=True, before=False), FieldWrite("account-disabled", value=False),
        ],
        "DeleteServiceAccount": [FieldWrite("account", value=False, before=True)],
        "UndeleteServiceAccount": [FieldWrite("account", value=True, before=False)],
        "DisableServiceAccount": [
            FieldWrite("account", value=True, before=True), FieldWrite("account-disabled", value=True, before=False),
        ],
        "EnableServiceAccount": [
            FieldWrite("account", value=True, before=True), FieldWrite("account-disabled", value=False, before=True),
        ],
    }  # fmt: skip
    return writes.get(change.what, [])


def policy_writes(change: Change, kind: str) -> list[FieldWrite]:
    """Return the writes of an allow policy's bindings, logged as the whole policy, its differences, or both."""
    policy = policy_of(change)
    deltas = deltas_of(change)
    value = UNSEEN if policy is None else policy.get("bindings", [])
    if value is UNSEEN and not deltas:
        return [FieldWrite(f"{kind}-bindings")]
    swap = {"ADD": "REMOVE", "REMOVE": "ADD"}
    undone = [{**delta, "action": swap.get(delta["action"], "")} for delta in reversed(deltas)]
    return [
        FieldWrite(
            f"{kind}-bindings",
            value=value,
            forward=lambda bindings: _with_deltas(bindings, deltas),
            # A policy without differences: the previous policy is unknown.
            backward=(lambda bindings: _with_deltas(bindings, undone)) if deltas else None,
        )
    ]


def _with_deltas(bindings: Json, deltas: list[dict[str, str]]) -> Json:
    """Return the bindings after adding and removing members."""
    out: list[dict[str, Any]] = [copy.deepcopy(binding) for binding in bindings if isinstance(binding, dict)]
    for delta in deltas:
        changed = next((binding for binding in out if _is_binding(binding, delta)), None)
        if delta["action"] == "ADD":
            if changed is None:
                changed = {"role": delta["role"], "members": []}
                if delta["condition"]:
                    changed["condition"] = {"expression": delta["condition"]}
                out.append(changed)
            if delta["member"] not in changed.get("members", []):
                changed["members"] = [*changed.get("members", []), delta["member"]]
        elif delta["action"] == "REMOVE" and changed is not None:
            changed["members"] = [binding for binding in changed.get("members", []) if binding != delta["member"]]
            if not changed["members"]:
                out.remove(changed)
    return out


def _is_binding(binding: dict[str, Any], delta: dict[str, str]) -> bool:
    condition = text(members(binding.get("condition")).get("expression")) or ""
    return binding.get("role") == delta["role"] and condition == delta["condition"]
