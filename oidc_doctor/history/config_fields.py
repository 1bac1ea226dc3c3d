"""Read the fields of a target's configuration from the evidence, and write them back into it.

AWS: role (exists), trust (the policy), duration (MaxSessionDuration); provider (exists), url, clients (ClientIDList),
thumbprints. Google: state, disabled, condition, mapping, audiences, issuer, jwks of the provider; pool, pool-disabled;
account (exists), account-disabled; account-bindings, project-bindings. Unknown fields are omitted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.provider import (
    parse_allow_policy,
    parse_aws_providers,
    parse_gcp_pools,
    parse_gcp_providers,
    parse_service_account,
)
from oidc_doctor.documents.trust_policy import parse_roles
from oidc_doctor.history.aws_writes import DEFAULT_DURATION
from oidc_doctor.history.gcp_writes import provider_fields
from oidc_doctor.model.document import UNKNOWN, Missing
from oidc_doctor.model.evidence import (
    AllowPolicy,
    AwsEvidence,
    AwsOidcProvider,
    GcpEvidence,
    GcpPool,
    GcpProvider,
    Role,
    ServiceAccount,
    WrittenProvider,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.document import Json
    from oidc_doctor.model.evidence import TargetEvidence

SourcedFields = dict[str, tuple[Any, str | None]]  # field → (value, the event that shows it; None for the evidence)

_LONGEST_SESSION = 43_200  # seconds [IAM API reference: MaxSessionDuration]
_DECIDING = ("condition", "mapping", "audiences", "issuer")
_PROVIDER = (*_DECIDING, "disabled", "jwks")


def aws_fields(evidence: TargetEvidence) -> dict[str, Json]:
    """Return the fields of the AWS side that the evidence shows."""
    aws = evidence.aws
    out: dict[str, Json] = {}
    if aws is None:
        return out
    if isinstance(aws.role, Role):
        out["role"] = True
        out["duration"] = aws.role.max_session_duration or DEFAULT_DURATION
        if not isinstance(aws.role.trust_policy, Missing):
            out["trust"] = aws.role.trust_policy.value
    elif aws.role.proves_absence:
        out["role"] = False
    if isinstance(aws.provider, AwsOidcProvider):
        out["provider"] = True
        out["url"] = aws.provider.url
        out["thumbprints"] = [thumbprint.lower() for thumbprint in aws.provider.thumbprints]
        if isinstance(aws.provider.client_ids, tuple):
            out["clients"] = list(aws.provider.client_ids)
    elif aws.provider.proves_absence:
        out["provider"] = False
    return out


def gcp_fields(evidence: TargetEvidence) -> dict[str, Json]:
    """Return the fields of the Google side that the evidence shows."""
    gcp = evidence.gcp
    out: dict[str, Json] = {}
    if gcp is None:
        return out
    if isinstance(gcp.provider, GcpProvider):
        out["state"] = gcp.provider.state or "ACTIVE"
        body = gcp.provider.document.value
        out |= {name: value for name, value in provider_fields(body).items() if name != "mapping" or value is not None}
    elif gcp.provider.proves_absence:
        out["state"] = "ABSENT"
    if isinstance(gcp.pool, GcpPool):
        out["pool"] = gcp.pool.state or "ACTIVE"
        out["pool-disabled"] = gcp.pool.disabled
    if isinstance(gcp.service_account, ServiceAccount):
        out["account"] = True
        out["account-disabled"] = gcp.service_account.disabled
    elif gcp.service_account.proves_absence:
        out["account"] = False
    return out | bindings_of({"account": gcp.service_account_policy, "project": gcp.project_policy})


def bindings_of(policies: dict[str, AllowPolicy | Missing]) -> dict[str, Json]:
    """Return the fields of the allow policies that were read: NAME-bindings."""
    out: dict[str, Json] = {}
    for name, policy in policies.items():
        if isinstance(policy, AllowPolicy):
            value = policy.document.value
            bindings = value.get("bindings") if isinstance(value, dict) else None
            out[f"{name}-bindings"] = bindings if isinstance(bindings, list) else []
    return out


def with_aws(evidence: TargetEvidence, fields: SourcedFields, present: dict[str, Json]) -> TargetEvidence:
    """The evidence as it would have been read when the fields had these values."""
    aws = evidence.aws or AwsEvidence(Missing("aws/role.json", "not in the bundle"))
    if differs(fields, present, ("role", "trust", "duration")):
        aws = aws._replace(role=_role(aws, fields, evidence))
    if differs(fields, present, ("provider", "url", "clients", "thumbprints")):
        aws = aws._replace(provider=_aws_provider(aws, fields), provider_arns=_NOT_THEN)
    return evidence._replace(aws=aws)


def with_gcp(evidence: TargetEvidence, fields: SourcedFields, present: dict[str, Json]) -> TargetEvidence:
    """The evidence as it would have been read when the fields had these values."""
    gcp = evidence.gcp or GcpEvidence(Missing("gcp/provider.json", "not in the bundle"))
    if differs(fields, present, ("state", *_PROVIDER)):
        gcp = gcp._replace(provider=_gcp_provider(gcp, fields, evidence), provider_list=_NOT_THEN)
        gcp = gcp._replace(written_provider=_written_provider(gcp, fields, evidence))
    if differs(fields, present, ("pool", "pool-disabled")):
        gcp = gcp._replace(pool=_pool(gcp, fields), pool_list=_NOT_THEN)
    if differs(fields, present, ("account", "account-disabled")):
        gcp = gcp._replace(service_account=_account(gcp, fields, evidence))
    if differs(fields, present, ("account-bindings",)):
        gcp = gcp._replace(service_account_policy=allow_policy(fields, "account-bindings", "service-account"))
    if differs(fields, present, ("project-bindings",)):
        gcp = gcp._replace(project_policy=allow_policy(fields, "project-bindings", "project"))
    return evidence._replace(gcp=gcp)


_NOT_THEN = Missing("the list of resources", "it was read later")


def differs(fields: SourcedFields, present: dict[str, Json], names: tuple[str, ...]) -> bool:
    """Return whether a field had a different value then, or was known at only one of the two times."""
    return any(
        (name in fields) != (name in present) or (name in fields and fields[name][0] != present[name]) for name in names
    )


def _source(fields: SourcedFields, *names: str) -> str:
    """Return the first event that shows one of the fields."""
    return next((fields[name][1] or "" for name in names if name in fields and fields[name][1]), "the logs")


def _read(parse: Callable[[str, str], Any], value: Json, source: str) -> Any:
    """Read evidence from a file with this JSON; return the reason if it is unreadable."""
    try:
        return parse(json.dumps(value), source)
    except Unreadable as error:
        return Missing(source, error.reason, "unreadable")


def _role(aws: AwsEvidence, fields: SourcedFields, evidence: TargetEvidence) -> Role | Missing:
    if fields.get("role", (None, None))[0] is False:
        return Missing("aws/role.json", f"it did not exist then ({_source(fields, 'role')})", "not_found")
    source = _source(fields, "trust", "duration", "role")
    arn = aws.role.arn if isinstance(aws.role, Role) else None
    arn = arn or (evidence.target.aws.role_arn if evidence.target.aws else None)
    if arn is None:
        return Missing("aws/role.json", "the role's ARN is not known")
    document: dict[str, Json] = {"Arn": arn, "RoleName": arn.rpartition("/")[2]}
    if "trust" in fields:
        document["AssumeRolePolicyDocument"] = fields["trust"][0]
    # Unknown if neither shows it. Assumed to be IAM's maximum, so that it does not refuse the token.
    document["MaxSessionDuration"] = fields["duration"][0] if "duration" in fields else _LONGEST_SESSION
    parsed = _read(parse_roles, {"Role": document}, source)
    if isinstance(parsed, Missing):
        return parsed
    role: Role = parsed[0]
    if isinstance(role.trust_policy, Missing):
        why = role.trust_policy
        reason = why.reason if why.outcome == "unreadable" else "the trust policy of that time was not seen in the logs"
        return role._replace(trust_policy=Missing("aws/role.json", reason))
    if "trust" in fields and fields["trust"][1] is None and isinstance(aws.role, Role):
        return role._replace(trust_policy=aws.role.trust_policy, origin=aws.role.origin)
    return role._replace(trust_policy=role.trust_policy._replace(inner=True))


def _aws_provider(aws: AwsEvidence, fields: SourcedFields) -> AwsOidcProvider | Missing:
    if fields.get("provider", (None, None))[0] is False:
        return Missing("aws/oidc-provider.json", f"it did not exist then ({_source(fields, 'provider')})", "not_found")
    if "url" not in fields:
        return Missing("aws/oidc-provider.json", "not in the bundle")
    document: dict[str, Json] = {"Url": fields["url"][0]}
    if isinstance(aws.provider, AwsOidcProvider) and aws.provider.arn:
        document["Arn"] = aws.provider.arn
    if "clients" in fields:
        document["ClientIDList"] = fields["clients"][0]
    if "thumbprints" in fields:
        document["ThumbprintList"] = fields["thumbprints"][0]
    parsed = _read(parse_aws_providers, document, _source(fields, "clients", "thumbprints", "provider"))
    if isinstance(parsed, Missing):
        return parsed
    provider: AwsOidcProvider = parsed[0]
    provider = provider._replace(document=provider.document._replace(inner=True))
    return provider if "clients" in fields else provider._replace(client_ids=UNKNOWN)


def _gcp_provider(gcp: GcpEvidence, fields: SourcedFields, evidence: TargetEvidence) -> GcpProvider | Missing:
    if fields.get("state", (None, None))[0] == "ABSENT":
        return Missing("gcp/provider.json", f"it did not exist then ({_source(fields, 'state')})", "not_found")
    source = _source(fields, *_PROVIDER, "state")
    if not all(name in fields for name in _DECIDING):
        return Missing("gcp/provider.json", "the logs do not show all of the provider of that time")
    name = getattr(gcp.provider, "name", None) or (evidence.target.gcp.provider if evidence.target.gcp else None)
    document: dict[str, Json] = {
        "name": name,
        "state": fields["state"][0] if "state" in fields else "ACTIVE",
        # Unknown if neither a write nor the evidence shows it. Assumed false, as for nearly every provider.
        "disabled": fields["disabled"][0] if "disabled" in fields else False,
        "attributeMapping": fields["mapping"][0],
        "attributeCondition": fields["condition"][0],
        "oidc": {"issuerUri": fields["issuer"][0], "allowedAudiences": fields["audiences"][0]},
    }
    if "jwks" in fields and fields["jwks"][0]:
        document["oidc"]["jwksJson"] = fields["jwks"][0]
    parsed = _read(parse_gcp_providers, {key: value for key, value in document.items() if value is not None}, source)
    if isinstance(parsed, Missing):
        return parsed
    provider: GcpProvider = parsed[0]
    return provider._replace(document=provider.document._replace(inner=True))


def _written_provider(gcp: GcpEvidence, fields: SourcedFields, evidence: TargetEvidence) -> WrittenProvider | None:
    """Return the known fields of a provider that writes describe partly; None if no deciding field is known."""
    deciding_fields = frozenset({"state", "disabled", "condition", "mapping"} & fields.keys())
    if isinstance(gcp.provider, GcpProvider) or gcp.provider.proves_absence or not deciding_fields:
        return None
    name = evidence.target.gcp.provider if evidence.target.gcp else None
    document: dict[str, Json] = {
        "name": name,
        "state": fields["state"][0] if "state" in deciding_fields else None,
        "disabled": fields["disabled"][0] if "disabled" in deciding_fields else None,
        "attributeMapping": fields["mapping"][0] if "mapping" in deciding_fields else None,
        "attributeCondition": fields["condition"][0] if "condition" in deciding_fields else None,
    }
    stated = {key: value for key, value in document.items() if value is not None}
    parsed = _read(parse_gcp_providers, stated, _source(fields, "condition", "mapping", "disabled", "state"))
    if isinstance(parsed, Missing):
        return None
    provider: GcpProvider = parsed[0]
    return WrittenProvider(provider._replace(document=provider.document._replace(inner=True)), deciding_fields)


def _pool(gcp: GcpEvidence, fields: SourcedFields) -> GcpPool | Missing:
    state = fields.get("pool", ("ACTIVE", None))[0]
    if state == "ABSENT":
        return Missing("gcp/pool.json", f"it did not exist then ({_source(fields, 'pool')})", "not_found")
    if "pool" not in fields:
        return Missing("gcp/pool.json", "the logs do not show its state then")
    document = {"name": getattr(gcp.pool, "name", None) or "", "state": state}
    document["disabled"] = fields.get("pool-disabled", (False, None))[0]
    parsed = _read(parse_gcp_pools, document, _source(fields, "pool", "pool-disabled"))
    if isinstance(parsed, Missing):
        return parsed
    pool: GcpPool = parsed[0]
    return pool._replace(document=pool.document._replace(inner=True))


def _account(gcp: GcpEvidence, fields: SourcedFields, evidence: TargetEvidence) -> ServiceAccount | Missing:
    if fields.get("account", (None, None))[0] is False:
        return Missing("gcp/service-account.json", f"it did not exist then ({_source(fields, 'account')})", "not_found")
    if "account-disabled" not in fields:
        return Missing("gcp/service-account.json", "the logs do not show whether it was disabled then")
    email = getattr(gcp.service_account, "email", None)
    email = email or (evidence.target.gcp.service_account if evidence.target.gcp else None)
    document = {"email": email, "disabled": fields["account-disabled"][0]}
    if unique := getattr(gcp.service_account, "unique_id", None):
        document["uniqueId"] = unique
    parsed = _read(parse_service_account, document, _source(fields, "account-disabled", "account"))
    return parsed if isinstance(parsed, Missing) else parsed._replace(document=parsed.document._replace(inner=True))


def allow_policy(fields: SourcedFields, name: str, resource: Any) -> AllowPolicy | Missing:
    """Return a resource's allow policy with this field's bindings."""
    if name not in fields:
        return Missing(f"gcp/{name.replace('bindings', 'policy.json')}", "the logs do not show it as it was then")
    value, source = fields[name]
    parsed = _read(
        lambda text, file: parse_allow_policy(text, file, resource), {"bindings": value}, source or "the logs"
    )
    return parsed if isinstance(parsed, Missing) else parsed._replace(document=parsed.document._replace(inner=True))
