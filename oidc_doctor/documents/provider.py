"""Parse OIDC providers, pools, service accounts and allow policies from the JSON output of the AWS CLI and gcloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from oidc_doctor.documents import fields
from oidc_doctor.documents.json_text import load, part
from oidc_doctor.model import limits
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import UNKNOWN, Document, Gap, Json
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, Binding, GcpPool, GcpProvider, ServiceAccount
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.placeholder import account_is_redacted

if TYPE_CHECKING:
    from collections.abc import Callable

Resource = Literal["service-account", "bucket", "repository", "project", "folder", "organization"]
T = TypeVar("T")

_KINDS: tuple[Literal["oidc", "aws", "saml", "x509"], ...] = ("oidc", "aws", "saml", "x509")
_GCP_NAME = re.compile(
    r"(?:(?:https?:)?//[^/]+/)?projects/([^/]*)/locations/([^/]*)/workloadIdentityPools/([^/]*)(?:/providers/([^/]*))?/?"
)


def parse_aws_providers(text: str, file: str) -> tuple[AwsOidcProvider, ...]:
    """Parse get-open-id-connect-provider, with or without its Arn, or a list of such. Raises Unreadable."""
    document = load(text, file)
    return _read_resources(document, "", document.value, _aws_provider)


def parse_aws_provider_list(text: str, file: str) -> tuple[Document, tuple[str, ...], tuple[AwsOidcProvider, ...]]:
    """Parse list-open-id-connect-providers: the document, the ARNs, and entries completed by hand."""
    document = load(text, file)
    name = "OpenIDConnectProviderList"
    pointer, entries = _listed(document, name)
    fields.within(document, pointer, len(entries), limits.LISTED)
    arns: list[str] = []
    full: list[AwsOidcProvider] = []
    for index, entry in enumerate(entries):
        place = pointer + pointer_segment(index)
        if isinstance(entry, str):
            arns.append(entry)
            continue
        box = fields.members(document, place, entry, "a provider")
        arn = fields.text(document, place, box, "Arn")
        if arn is not None:
            arns.append(arn)
        if "Url" in box or "ClientIDList" in box:
            full.append(_aws_provider(document, place, entry))
    return document, tuple(arns), tuple(full)


def parse_gcp_providers(text: str, file: str) -> tuple[GcpProvider, ...]:
    """Parse a file's providers: `describe` or `list`. Raises Unreadable."""
    return gcp_providers_of(load(text, file))


def gcp_providers_of(document: Document) -> tuple[GcpProvider, ...]:
    """Return the providers of a list. Raises Unreadable."""
    return _read_resources(document, "", document.value, _gcp_provider, "workloadIdentityPoolProviders")


def parse_gcp_pools(text: str, file: str) -> tuple[GcpPool, ...]:
    """Parse a file's pools: `describe` or `list`. Raises Unreadable."""
    return gcp_pools_of(load(text, file))


def gcp_pools_of(document: Document) -> tuple[GcpPool, ...]:
    """Return the pools of a list. Raises Unreadable."""
    return _read_resources(document, "", document.value, _gcp_pool, "workloadIdentityPools")


def parse_service_account(text: str, file: str) -> ServiceAccount:
    """Parse `gcloud iam service-accounts describe`. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value, "a service account")
    fields.spelled(document, "", box, "a service account", ("name", "email", "uniqueId", "disabled"), beside=True)
    name = fields.text(document, "", box, "name") or ""
    if not {"name", "email", "uniqueId", "disabled", "projectId"} & box.keys():
        raise fields.wrong(document, "", "not a service account: no name or email in it")
    return ServiceAccount(
        email=fields.text(document, "", box, "email") or name.partition("/serviceAccounts/")[2] or None,
        unique_id=fields.text(document, "", box, "uniqueId"),
        disabled=fields.flag(document, "", box, "disabled"),
        document=document,
    )


def parse_allow_policy(text: str, file: str, resource: Resource) -> AllowPolicy:
    """Parse `get-iam-policy`. gcloud prints only the etag of a policy without bindings. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value, "an allow policy")
    fields.spelled(document, "", box, "an allow policy", ("bindings",), beside=True)
    if not {"bindings", "etag", "version", "auditConfigs"} & box.keys():
        raise fields.wrong(document, "", "no allow policy: one without bindings is printed with its etag")
    listed = box.get("bindings")
    entries = [] if listed is None else fields.elements(document, "/bindings", listed)
    bindings = tuple(
        _binding(document, "/bindings" + pointer_segment(index), entry) for index, entry in enumerate(entries)
    )
    members = sum(max(1, len(binding.members)) for binding in bindings)
    fields.within(document, "/bindings", members, limits.MEMBERS)
    return AllowPolicy(bindings, document, resource)


def parse_caller_identity(text: str, file: str) -> str:
    """Parse `aws sts get-caller-identity`: the account of the credentials. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value)
    account, arn = fields.text(document, "", box, "Account"), fields.text(document, "", box, "Arn")
    if account is None:
        raise fields.wrong(document, "", "no Account in it")
    of_arn = account_of(arn or "")
    if of_arn and of_arn != account and not (account_is_redacted(of_arn) or account_is_redacted(account)):
        raise fields.wrong(document, "/Arn", f"the Arn is of account {of_arn}, the Account is {account}")
    return account


def parse_project(text: str, file: str) -> tuple[str | None, str | None, str | None]:
    """Parse `gcloud projects describe`: the project's number, ID and lifecycleState. Raises Unreadable."""
    document = load(text, file)
    box = fields.members(document, "", document.value, "a project")
    if not {"projectNumber", "projectId", "name", "lifecycleState", "state"} & box.keys():
        raise fields.wrong(document, "", "no project in it")
    number = box.get("projectNumber")
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if number is None:
        number = re.sub(r"^projects/(?=[0-9]+$)", "", fields.text(document, "", box, "name") or "")
        number = number if number.isdecimal() else None
    if number is not None and not isinstance(number, str):
        raise fields.wrong(document, "/projectNumber", f"expected a number, found {fields.kind(number)}")
    state = box.get("lifecycleState", box.get("state"))  # v1, which gcloud prints, and v3 of the API
    if state is not None and not isinstance(state, str):
        raise fields.wrong(document, "/lifecycleState", f"expected text, found {fields.kind(state)}")
    return number, fields.text(document, "", box, "projectId"), state


def parse_services(text: str, file: str) -> Document:
    """Parse `gcloud services list`: a list of services, with or without the REST API's wrapper. Raises Unreadable."""
    document = load(text, file)
    value = document.value
    if not value or (isinstance(value, dict) and value.get("services") == []):
        raise fields.wrong(document, "", "no service in it: a project in use has some enabled")
    if not isinstance(value, dict) or "services" in value:  # otherwise a plain map of names to states
        listed, place = (value["services"], "/services") if isinstance(value, dict) else (value, "")
        entries = fields.elements(document, place, listed)
        fields.within(document, place, len(entries), limits.LISTED)
        for index, entry in enumerate(entries):
            fields.members(document, place + pointer_segment(index), entry, "a service")
    if not service_states(document):
        raise fields.wrong(document, "", "no service with its state in it")
    return document


def service_states(document: Document) -> dict[str, str]:
    """Map service names to states, from `gcloud services list` or a plain map. Omits entries without name or state."""
    value = document.value
    if isinstance(value, dict) and not isinstance(value.get("services"), list):
        return {name: state for name, state in value.items() if isinstance(state, str)}
    states: dict[str, str] = {}
    for entry in value if isinstance(value, list) else value["services"] if isinstance(value, dict) else ():
        if not isinstance(entry, dict):
            continue
        config = entry.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        name = name or str(entry.get("name") or "").rpartition("/")[2]
        state = entry.get("state")
        if isinstance(name, str) and name and isinstance(state, str):
            states[name] = state
    return states


def split_name(name: str) -> tuple[str, str, str, str | None] | None:
    """Split a pool's or provider's name into project, location, pool and provider, with or without a leading host."""
    match = _GCP_NAME.fullmatch(name)
    return (match[1], match[2], match[3], match[4]) if match else None


def _read_resources(
    document: Document, pointer: str, value: Json, read: Callable[[Document, str, Json], T], wrapper: str = ""
) -> tuple[T, ...]:
    """Apply `read` to a resource or to each resource of a list, with or without the REST API's wrapper."""
    if wrapper and isinstance(value, dict) and wrapper in value:
        pointer += pointer_segment(wrapper)
        value = fields.elements(document, pointer, value[wrapper])
    if isinstance(value, list):
        fields.within(document, pointer, len(value), limits.LISTED)
        return tuple(read(document, pointer + pointer_segment(index), item) for index, item in enumerate(value))
    return (read(document, pointer, value),)


def _listed(document: Document, name: str) -> tuple[str, list[Json]]:
    if isinstance(document.value, list):
        return "", document.value
    box = fields.members(document, "", document.value, "a list of providers")
    if name not in box:
        raise fields.wrong(document, "", f"no {name} in it")
    return pointer_segment(name), fields.elements(document, pointer_segment(name), box[name])


def _aws_provider(document: Document, pointer: str, value: Json) -> AwsOidcProvider:
    box = fields.members(document, pointer, value, "an OIDC provider")
    spelling = {name.lower(): name for name in box}  # CloudTrail writes url and clientIDList
    url_name, arn_name = spelling.get("url", "Url"), spelling.get("arn", "Arn")
    arn = fields.text(document, pointer, box, arn_name)
    url = fields.text(document, pointer, box, url_name)
    if url is None:
        url = arn.partition(":oidc-provider/")[2] if arn else ""
        if not url:
            raise fields.wrong(document, pointer, "not an OIDC provider: no Url in it")
    clients_name = spelling.get("clientidlist", "ClientIDList")
    clients = fields.texts(document, pointer, box, clients_name)
    fields.within(document, pointer + pointer_segment(clients_name), len(clients or ()), limits.CLIENT_IDS)
    return AwsOidcProvider(
        url=url.removeprefix("https://"),
        arn=arn,
        client_ids=UNKNOWN if clients is None else clients,
        thumbprints=fields.texts(document, pointer, box, spelling.get("thumbprintlist", "ThumbprintList")) or (),
        document=part(document, pointer, value),
    )


def _gcp_provider(document: Document, pointer: str, value: Json) -> GcpProvider:
    box = fields.members(document, pointer, value, "a provider")
    names = ("name", "state", "disabled", "attributeCondition", "attributeMapping", *_KINDS)
    fields.spelled(document, pointer, box, "a provider", names, beside=True)
    kinds = [name for name in _KINDS if box.get(name) is not None]
    if len(kinds) > 1:
        raise fields.wrong(document, pointer, f"a provider is of one kind, and this is of {' and '.join(kinds)}")
    kind = kinds[0] if kinds else None
    name = fields.text(document, pointer, box, "name")
    if kind is None and "attributeMapping" not in box and not (name and "/workloadIdentityPools/" in name):
        raise fields.wrong(document, pointer, "not a provider: no name, oidc or attributeMapping in it")
    oidc: dict[str, Any] = {}
    if box.get("oidc") is not None:
        oidc = fields.members(document, pointer + "/oidc", box["oidc"])
        names = ("issuerUri", "allowedAudiences", "jwksJson", "discoveryUri")
        fields.spelled(document, pointer + "/oidc", oidc, "an OIDC provider", names)
    condition = fields.text(document, pointer, box, "attributeCondition")
    fields.within(document, pointer + "/attributeCondition", len(condition or ""), limits.CONDITION)
    audiences = fields.texts(document, pointer + "/oidc", oidc, "allowedAudiences") or ()
    fields.within(document, pointer + "/oidc/allowedAudiences", len(audiences), limits.AUDIENCES)
    return GcpProvider(
        name=name,
        kind=kind or "unknown",
        state=fields.text(document, pointer, box, "state"),
        disabled=fields.flag(document, pointer, box, "disabled"),
        issuer_uri=fields.text(document, pointer + "/oidc", oidc, "issuerUri"),
        allowed_audiences=audiences,
        jwks_json=fields.text(document, pointer + "/oidc", oidc, "jwksJson"),
        mapping=_mapping(document, pointer + "/attributeMapping", box.get("attributeMapping")),
        condition=condition,
        document=part(document, pointer, value),
    )


def _mapping(document: Document, pointer: str, value: Json) -> dict[str, str] | Gap:
    if value is None:
        return UNKNOWN
    box = fields.members(document, pointer, value)
    for name in box:
        expression = fields.text(document, pointer, box, name)
        place = pointer + pointer_segment(name)
        if expression is None:
            raise fields.wrong(document, place, "expected text, found null")
        fields.within(document, place, len(expression), limits.MAPPING_EXPRESSION)
    custom = sum(name.startswith("attribute.") for name in box)
    fields.within(document, pointer, custom, limits.CUSTOM_ATTRIBUTES)
    return box


def _gcp_pool(document: Document, pointer: str, value: Json) -> GcpPool:
    box = fields.members(document, pointer, value, "a pool")
    fields.spelled(document, pointer, box, "a pool", ("name", "state", "disabled"), beside=True)
    name = fields.text(document, pointer, box, "name")
    if not {"name", "state", "disabled", "mode", "displayName"} & box.keys() or (name and "/providers/" in name):
        raise fields.wrong(document, pointer, "not a pool: no name or state of a pool in it")
    return GcpPool(
        name=name,
        state=fields.text(document, pointer, box, "state"),
        disabled=fields.flag(document, pointer, box, "disabled"),
        document=part(document, pointer, value),
    )


def _binding(document: Document, pointer: str, value: Json) -> Binding:
    box = fields.members(document, pointer, value, "a binding")
    fields.spelled(document, pointer, box, "a binding", ("role", "members", "condition"))
    role = fields.text(document, pointer, box, "role")
    if role is None:
        raise fields.wrong(document, pointer, "a binding without a role")
    condition = None
    if box.get("condition") is not None:
        place = pointer + "/condition"
        condition = fields.text(document, place, fields.members(document, place, box["condition"]), "expression")
        if condition is None:  # treating it as unconditional would claim access
            raise fields.wrong(document, place, "a condition without its expression")
    members = fields.texts(document, pointer, box, "members")
    if members is None and "members" in box:  # IAM's output has no null there
        raise fields.wrong(document, pointer + "/members", "expected a list, found null")
    return Binding(role, members or (), condition, pointer)
