"""What a logged write did to the fields of a target's configuration.

A field is followed under a short name: see `fields.py`. Sources: the IAM API reference, CloudTrail's published events;
Google's IAM API (Workload Identity Federation resources, SetIamPolicy) and its published audit entries.
"""

from __future__ import annotations

import copy
import enum
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.iam.arns import account_of
from oidc_doctor.logs.attempts.matching import same_provider
from oidc_doctor.logs.records.cloudtrail import members, text
from oidc_doctor.logs.records.cloudtrail_writes import OF_PROVIDER, OF_ROLE, Members, policy_text
from oidc_doctor.logs.records.gcp_writes import SET_POLICY, deltas_of, operation_of, policy_of
from oidc_doctor.model.placeholder import account_is_redacted

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence


class Unseen(enum.Enum):
    """No write and no reading tells the value."""

    UNSEEN = "unseen"


UNSEEN = Unseen.UNSEEN
DEFAULT_DURATION = 3600  # MaxSessionDuration of a role that names none [IAM API reference]


class Edit(NamedTuple):
    """One field's change: its value after the write, or how to get one side from the other."""

    field: str
    value: Json | Unseen = UNSEEN
    before: Json | Unseen = UNSEEN
    forward: Callable[[Json], Json] | None = None
    backward: Callable[[Json], Json] | None = None


# ---------------------------------------------------------------------------------------------------------------- AWS


def aws_edits(change: Change, evidence: TargetEvidence, issuers: frozenset[str]) -> list[Edit] | None:
    """What the write did, [] for a write of the target's resources that no step depends on, None for another's."""
    if change.what in OF_ROLE:
        return _role_edits(change) if _is_role(change, evidence) else None
    if change.what in OF_PROVIDER:
        return _provider_edits(change) if _is_provider(change, evidence, issuers) else None
    return []  # a managed policy's version: of the permission, which is no step of the exchange


def role_account(evidence: TargetEvidence) -> str | None:
    """The account of the target's role, as far as it is known."""
    arn = (evidence.target.aws.role_arn if evidence.target.aws else None) or ""
    account = account_of(arn)
    return account if account and account.isdigit() else None


def _is_role(change: Change, evidence: TargetEvidence) -> bool:
    names = set()
    if evidence.target.aws and evidence.target.aws.role_arn:
        names.add(evidence.target.aws.role_arn.rpartition("/")[2].casefold())
    role = evidence.aws.role if evidence.aws else None
    name = getattr(role, "name", None)
    if name:
        names.add(name.casefold())
    return change.resource.rpartition("/")[2].casefold() in names and _same_account(change.account, evidence)


def _is_provider(change: Change, evidence: TargetEvidence, issuers: frozenset[str]) -> bool:
    return provider_path(change.resource) in issuers and _same_account(change.account, evidence)


def provider_path(name: str) -> str:
    """The issuer's address without scheme, of a provider's ARN or URL."""
    return name.partition(":oidc-provider/")[2] or name.removeprefix("https://")


def _same_account(account: str | None, evidence: TargetEvidence) -> bool:
    own = role_account(evidence)
    return own is None or account is None or account_is_redacted(account) or own == account


def _role_edits(change: Change) -> list[Edit]:
    request = Members(change.record.get("requestParameters"))
    what = change.what
    if what == "DeleteRole":
        return [Edit("role", value=False, before=True)]
    if what == "CreateRole":
        made = Members(Members(change.record.get("responseElements")).get("role"))
        document = request.get("assumeRolePolicyDocument") or made.get("assumeRolePolicyDocument")
        duration = request.get("maxSessionDuration") or made.get("maxSessionDuration")
        return [
            Edit("role", value=True, before=False),
            Edit("trust", value=_document(document)),
            Edit("duration", value=_whole(duration) or DEFAULT_DURATION),
        ]
    if what == "UpdateAssumeRolePolicy":
        return [Edit("role", value=True, before=True), Edit("trust", value=_document(request.get("policyDocument")))]
    if what == "UpdateRole" and request.get("maxSessionDuration") is not None:
        return [
            Edit("role", value=True, before=True),
            Edit("duration", value=_whole(request.get("maxSessionDuration"))),
        ]
    return []


def _provider_edits(change: Change) -> list[Edit]:
    request = Members(change.record.get("requestParameters"))
    what = change.what
    url = Edit("url", value=provider_path(change.resource), before=provider_path(change.resource))
    if what == "DeleteOpenIDConnectProvider":
        return [Edit("provider", value=False, before=True), url]
    if what == "CreateOpenIDConnectProvider":
        return [
            Edit("provider", value=True, before=False),
            url,
            Edit("clients", value=_texts(request.get("clientIDList"))),
            Edit("thumbprints", value=_thumbprints(request) or UNSEEN),  # without one, IAM fetches it [API reference]
        ]
    there = Edit("provider", value=True, before=True)
    client = request.text("clientID")
    if what == "AddClientIDToOpenIDConnectProvider" and client:
        return [
            there,
            url,
            Edit(
                "clients",
                forward=lambda ids: [*ids, *([] if client in ids else [client])],
                backward=lambda ids: [one for one in ids if one != client],
            ),
        ]
    if what == "RemoveClientIDFromOpenIDConnectProvider" and client:
        return [
            there,
            url,
            Edit(
                "clients",
                forward=lambda ids: [one for one in ids if one != client],
                backward=lambda ids: [*ids, *([] if client in ids else [client])],
            ),
        ]
    if what == "UpdateOpenIDConnectProviderThumbprint":
        return [there, url, Edit("thumbprints", value=_thumbprints(request))]
    return []


def _document(value: Json) -> Json | Unseen:
    """A policy as a JSON value; as it stands where it is none; unseen where the event was cut."""
    found = policy_text(value)
    if found is None:
        return UNSEEN
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return UNSEEN  # CloudTrail cuts a request that is too large, and then it is no JSON


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _thumbprints(request: Members) -> list[str]:
    """IAM keeps them in lower case (measured)."""
    return [one.lower() for one in _texts(request.get("thumbprintList"))]


def _whole(value: Json) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# ------------------------------------------------------------------------------------------------------------- Google

_SNAKE = re.compile(r"_([a-z])")
# Path of an update mask → field.
_MASKS = {
    "attributeCondition": "condition", "attributeMapping": "mapping", "disabled": "disabled",
    "oidc.allowedAudiences": "audiences", "oidc.issuerUri": "issuer", "oidc.jwksJson": "jwks",
}  # fmt: skip
_OIDC = ("audiences", "issuer", "jwks")


def joined_operations(changes: list[Change]) -> list[Change]:
    """Long-running writes once each: the first entry, which holds the request; failed where one of the two did."""
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
        known = out[place]
        kept, dropped = (change, known) if first else (known, change)
        if kept.error_code is None and dropped.error_code is not None:
            kept = _failed(kept, dropped)
        out[place] = kept
    return out


def _failed(kept: Change, dropped: Change) -> Change:
    from dataclasses import replace

    return replace(kept, error_code=dropped.error_code, error_message=dropped.error_message)


def gcp_edits(change: Change, evidence: TargetEvidence) -> list[Edit] | None:
    """What the write did, [] for one of the target's resources that no step depends on, None for another's."""
    if change.what.endswith("WorkloadIdentityPoolProvider"):
        return _gcp_provider_edits(change) if _is_gcp_provider(change, evidence) else None
    if change.what.endswith("WorkloadIdentityPool"):
        return _pool_edits(change) if _is_pool(change, evidence) else None
    if change.what == SET_POLICY:
        kind = _policy_kind(change, evidence)
        return None if kind is None else _policy_edits(change, kind)
    return _account_edits(change) if _is_account(change, evidence) else None


def _provider_name(evidence: TargetEvidence) -> str | None:
    """The provider as configured in the client; failing that, as it was read."""
    gcp = evidence.target.gcp
    named = (gcp.provider or gcp.audience) if gcp else None
    return named or getattr(evidence.gcp.provider if evidence.gcp else None, "name", None)


def _is_gcp_provider(change: Change, evidence: TargetEvidence) -> bool:
    name = _provider_name(evidence)
    return name is not None and same_provider(change.resource, name, pasted=False)


def _is_pool(change: Change, evidence: TargetEvidence) -> bool:
    name = _provider_name(evidence)
    if name is None:
        return False
    pool = change.resource.partition("/providers/")[0]
    return same_provider(pool, name.partition("/providers/")[0], pasted=False)


def _account_names(evidence: TargetEvidence) -> set[str]:
    found = {(evidence.target.gcp.service_account if evidence.target.gcp else None) or ""}
    account = evidence.gcp.service_account if evidence.gcp else None
    found |= {getattr(account, "email", None) or "", getattr(account, "unique_id", None) or ""}
    return {name.casefold() for name in found if name}


def _is_account(change: Change, evidence: TargetEvidence) -> bool:
    return change.resource.casefold() in _account_names(evidence)


def _policy_kind(change: Change, evidence: TargetEvidence) -> str | None:
    """Whose allow policy was written: `account`, `project`, or None for one that is not the target's."""
    if _is_account(change, evidence):
        return "account"
    project = change.resource.removeprefix("projects/")
    known = {evidence.gcp.project_id, evidence.gcp.project_number} if evidence.gcp else set()
    account = next((name for name in _account_names(evidence) if "@" in name), "")
    known.add(account.partition("@")[2].removesuffix(".iam.gserviceaccount.com") or None)
    return "project" if project in known - {None} else None


def _body(change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request and the resource in it."""
    request = members(members(change.record.get("protoPayload")).get("request"))
    kind = "workloadIdentityPoolProvider" if change.what.endswith("Provider") else "workloadIdentityPool"
    return request, members(request.get(kind))


def _gcp_provider_edits(change: Change) -> list[Edit]:
    request, body = _body(change)
    if change.what.startswith("Delete"):
        return [Edit("state", value="DELETED", before="ACTIVE")]
    if change.what.startswith("Undelete"):
        return [Edit("state", value="ACTIVE", before="DELETED")]
    given = provider_fields(body)
    if change.what.startswith("Create"):
        if not body:
            return [Edit("state", value="ACTIVE", before="ABSENT")]
        given["mapping"] = given.get("mapping") or {}
        return [Edit("state", value="ACTIVE", before="ABSENT"), *(Edit(name, value=one) for name, one in given.items())]
    there = Edit("state", value="ACTIVE", before="ACTIVE")
    masked = _masked(request.get("updateMask"))
    if masked is None:  # all that the request holds (inferred)
        masked = {name for path, name in _MASKS.items() if _at(body, path) is not None}
    if not body and masked:
        return [there, *(Edit(name) for name in masked)]  # written, but the entry does not say what
    return [there, *(Edit(name, value=given.get(name)) for name in sorted(masked))] if masked else []


def provider_fields(body: dict[str, Any]) -> dict[str, Json]:
    """The fields of a provider as described, the vendor's defaults where it leaves one out."""
    oidc = members(body.get("oidc"))
    mapping = body.get("attributeMapping")
    return {
        "condition": text(body.get("attributeCondition")) or "",
        "mapping": dict(mapping) if isinstance(mapping, dict) else None,
        "disabled": body.get("disabled") is True,
        "audiences": _texts(oidc.get("allowedAudiences")),
        "issuer": text(oidc.get("issuerUri")) or "",
        "jwks": text(oidc.get("jwksJson")) or "",
    }


def _masked(mask: Json) -> set[str] | None:
    """The fields of an update mask: a text with commas, or an object with its paths; None where there is none."""
    if isinstance(mask, dict):
        mask = ",".join(path for path in mask.get("paths") or () if isinstance(path, str))
    if not isinstance(mask, str) or not mask:
        return None
    found: set[str] = set()
    for path in mask.split(","):
        camel = _SNAKE.sub(lambda hit: hit[1].upper(), path.strip())
        if camel in {"oidc", "*"}:
            found |= set(_OIDC)
        if camel == "*":
            found |= set(_MASKS.values())
        found |= {name for known, name in _MASKS.items() if camel == known or camel.startswith(known + ".")}
    return found


def _at(body: dict[str, Any], path: str) -> Json:
    value: Json = body
    for name in path.split("."):
        value = members(value).get(name)
    return value


def _pool_edits(change: Change) -> list[Edit]:
    request, body = _body(change)
    if change.what.startswith("Delete"):
        return [Edit("pool", value="DELETED", before="ACTIVE")]
    if change.what.startswith("Undelete"):
        return [Edit("pool", value="ACTIVE", before="DELETED")]
    disabled = body.get("disabled") is True
    if change.what.startswith("Create"):
        return [Edit("pool", value="ACTIVE", before="ABSENT"), Edit("pool-disabled", value=disabled)]
    masked = _masked(request.get("updateMask"))
    if (masked is None and "disabled" in body) or (masked and "disabled" in masked):
        return [Edit("pool", value="ACTIVE", before="ACTIVE"), Edit("pool-disabled", value=disabled)]
    return []


def _account_edits(change: Change) -> list[Edit]:
    made = {
        "CreateServiceAccount": [Edit("account", value=True, before=False), Edit("account-disabled", value=False)],
        "DeleteServiceAccount": [Edit("account", value=False, before=True)],
        "UndeleteServiceAccount": [Edit("account", value=True, before=False)],
        "DisableServiceAccount": [
            Edit("account", value=True, before=True), Edit("account-disabled", value=True, before=False),
        ],
        "EnableServiceAccount": [
            Edit("account", value=True, before=True), Edit("account-disabled", value=False, before=True),
        ],
    }  # fmt: skip
    return made.get(change.what, [])


def _policy_edits(change: Change, kind: str) -> list[Edit]:
    """An allow policy's bindings: the whole policy, its differences, or both."""
    policy = policy_of(change)
    deltas = deltas_of(change)
    value = UNSEEN if policy is None else policy.get("bindings", [])
    if value is UNSEEN and not deltas:
        return [Edit(f"{kind}-bindings")]
    swap = {"ADD": "REMOVE", "REMOVE": "ADD"}
    undone = [{**one, "action": swap.get(one["action"], "")} for one in reversed(deltas)]
    return [
        Edit(
            f"{kind}-bindings",
            value=value,
            forward=lambda bindings: _with_deltas(bindings, deltas),
            # A policy without differences: what it was before is not told.
            backward=(lambda bindings: _with_deltas(bindings, undone)) if deltas else None,
        )
    ]


def _with_deltas(bindings: Json, deltas: list[dict[str, str]]) -> Json:
    """The bindings after adding and removing members."""
    out: list[dict[str, Any]] = [copy.deepcopy(one) for one in bindings if isinstance(one, dict)]
    for delta in deltas:
        known = next((one for one in out if _is_binding(one, delta)), None)
        if delta["action"] == "ADD":
            if known is None:
                known = {"role": delta["role"], "members": []}
                if delta["condition"]:
                    known["condition"] = {"expression": delta["condition"]}
                out.append(known)
            if delta["member"] not in known.get("members", []):
                known["members"] = [*known.get("members", []), delta["member"]]
        elif delta["action"] == "REMOVE" and known is not None:
            known["members"] = [one for one in known.get("members", []) if one != delta["member"]]
            if not known["members"]:
                out.remove(known)
    return out


def _is_binding(binding: dict[str, Any], delta: dict[str, str]) -> bool:
    condition = text(members(binding.get("condition")).get("expression")) or ""
    return binding.get("role") == delta["role"] and condition == delta["condition"]
