"""Impersonation: does any member of the service account's (or project's) policy match the mapped principal?

Roles: roles/iam.workloadIdentityUser (documented); roles/iam.serviceAccountTokenCreator carries the same permission
(inferred). A binding on the project, folder or organisation applies to the service accounts below it (inferred from
IAM inheritance). Members that can never match are accepted by setIamPolicy and grant nothing (measured).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import cel
from oidc_doctor.evaluate import error_texts as texts
from oidc_doctor.evaluate.difference import compare_subject, compare_value
from oidc_doctor.evaluate.gcp_names import Member, ProviderName, read_member
from oidc_doctor.evaluate.steps import plain_note, same
from oidc_doctor.model.evidence import AllowPolicy, Binding, Document, Missing, Origin, ServiceAccount
from oidc_doctor.model.trace import CloudError, Kind, Side

if TYPE_CHECKING:
    from oidc_doctor.evaluate.gcp_sts import GcpExchange

GRANTING = ("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator")
# Basic and custom roles may grant the permission too; what a custom role holds is not in a bundle.
_MAY_GRANT = ("projects/", "organizations/", "roles/owner", "roles/iam.serviceAccountAdmin")
_API = "iamcredentials.googleapis.com"
_HOUR = 3600

DENIED = CloudError("PERMISSION_DENIED", texts.IMPERSONATION_DENIED)


class Miss(NamedTuple):
    """Why one member does not match; `near` is smaller the nearer it came."""

    near: int
    kind: Kind
    member: Member
    binding: Binding
    policy: AllowPolicy
    pointer: str
    known: bool


def principal_of(name: ProviderName, subject: str) -> str:
    """The principal identifier that Google makes of a mapped subject."""
    return f"principal://iam.googleapis.com/{name.pool_name}/subject/{subject}"


def judge_impersonation(exchange: GcpExchange) -> None:
    """Settle `impersonate`."""
    account = exchange.request.service_account
    gcp = exchange.gcp
    policies = [
        one
        for one in (gcp.service_account_policy, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
        if isinstance(one, AllowPolicy)
    ]
    if account is None and isinstance(gcp.service_account, ServiceAccount):
        account = gcp.service_account.email
    if account is None and isinstance(gcp.service_account_policy, Missing):
        _direct_access(exchange)
        return
    _judge_request(exchange)
    _judge_account(exchange, account or "")
    _judge_bindings(exchange, account or "", policies)


def _direct_access(exchange: GcpExchange) -> None:
    """No service account is named: the federated token is used as it is."""
    if exchange.seen_at("impersonate") or exchange.seen_at("permission"):
        credentials = exchange.gcp.credentials
        name = exchange.provider_name
        subject = exchange.mapped.get("google.subject", "")
        exchange.refuse(
            "impersonate",
            Kind.IMPERSONATION_NOT_CONFIGURED,
            CloudError("PERMISSION_DENIED", "The caller does not have permission", certain=False),
            where=credentials.at("/service_account_impersonation_url") if isinstance(credentials, Document) else None,
            certain=False,
            settle="the client's credential configuration",
            principal=principal_of(name, subject) if name and subject else "",
        )
        return
    exchange.passed("impersonate", "no service account is named: the federated token is used directly")


def _judge_request(exchange: GcpExchange) -> None:
    lifetime = exchange.request.access_token_lifetime
    origins = exchange.case.evidence.target.origins
    if lifetime is not None and lifetime > _HOUR:
        exchange.refuse(
            "impersonate",
            Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT,
            CloudError("INVALID_ARGUMENT", "", certain=False),
            actual=Side(str(lifetime), origins.get("gcp.access_token_lifetime")),
            expected=Side(f"at most {_HOUR}"),
            # the organisation may have lifted the limit for this account
            certain=exchange.seen_at("impersonate"),
            settle="the constraint iam.allowServiceAccountCredentialLifetimeExtension of the organisation",
            requested=str(lifetime),
            limit=str(_HOUR),
        )
    if exchange.request.scopes is not None and not exchange.request.scopes:
        exchange.refuse(
            "impersonate",
            Kind.SCOPE_MISSING,
            CloudError("INVALID_ARGUMENT", "Request contains an invalid argument."),
            where=origins.get("gcp.scopes"),
        )
    services = exchange.gcp.services
    if isinstance(services, Missing):
        exchange.unseen.add(Kind.API_DISABLED)
    if lifetime is None:
        exchange.unseen.add(Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT)
    if exchange.request.scopes is None:
        exchange.unseen.add(Kind.SCOPE_MISSING)
    if isinstance(services, Document) and _state(services, _API) == "DISABLED":
        exchange.refuse(
            "impersonate",
            Kind.API_DISABLED,
            CloudError(
                "PERMISSION_DENIED",
                f"IAM Service Account Credentials API has not been used in project {exchange.gcp.project_number or '<number>'} "
                "before or it is disabled.",
                certain=False,
            ),
            where=services.at(),
            api=_API,
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )


def _state(services: Document, api: str) -> str | None:
    value = services.value
    if isinstance(value, dict):
        state = value.get(api)
        return state if isinstance(state, str) else None
    for entry in value if isinstance(value, list) else ():
        if not isinstance(entry, dict):
            continue
        config = entry.get("config")
        name = config.get("name") if isinstance(config, dict) else entry.get("name")
        if isinstance(name, str) and name.endswith(api):
            state = entry.get("state")
            return state if isinstance(state, str) else None
    return None


def _judge_account(exchange: GcpExchange, account: str) -> None:
    read = exchange.gcp.service_account
    if isinstance(read, Missing):
        exchange.unseen |= {Kind.SERVICE_ACCOUNT_DISABLED, Kind.SERVICE_ACCOUNT_MISSING}
        if read.proves_absence:
            exchange.refuse(
                "impersonate",
                Kind.SERVICE_ACCOUNT_MISSING,
                CloudError("NOT_FOUND", f"Not found; Gaia id not found for email {account}", certain=False),
                where=exchange.case.evidence.target.origins.get("gcp.service_account"),
                service_account=account,
            )
    elif read.disabled:
        # the exact text for a disabled account was never recorded
        exchange.refuse(
            "impersonate",
            Kind.SERVICE_ACCOUNT_DISABLED,
            CloudError("PERMISSION_DENIED", texts.IMPERSONATION_DENIED, certain=False),
            where=read.document.at("/disabled"),
            service_account=account,
        )


def _judge_bindings(exchange: GcpExchange, account: str, policies: list[AllowPolicy]) -> None:
    own = exchange.gcp.service_account_policy
    result = exchange.results["impersonate"]
    misses: list[Miss] = []
    for policy in policies:
        for binding in policy.bindings:
            grants = binding.role in GRANTING
            for index, text in enumerate(binding.members):
                member = read_member(text)
                if member is None:
                    continue
                pointer = f"{binding.pointer}/members/{index}"
                miss = _match(exchange, member, binding, policy, pointer)
                if miss is not None:
                    if grants:
                        misses.append(miss)
                    continue
                if not grants:
                    if not binding.role.startswith(_MAY_GRANT):
                        misses.append(Miss(60, Kind.ROLE_GRANTED_ON_WRONG_RESOURCE, member, binding, policy, pointer, known=True))
                    continue
                held = _condition_holds(exchange, binding)
                if held is True:
                    if result.state != "refused":
                        exchange.passed("impersonate", "", policy.document.at(pointer))
                        exchange.assumed.append("that no deny policy or access boundary forbids the impersonation")
                    return
                misses.append(Miss(1, Kind.BINDING_CONDITION_FALSE, member, binding, policy, pointer, known=held is False))
    if not exchange.mapped and not misses and exchange.provider is None and isinstance(own, Missing):
        return
    if isinstance(own, Missing) and not misses:
        exchange.settle("impersonate", "unknown", f"the policy of the service account was not read ({own.reason})")
        return
    if misses:
        nearest = min(misses, key=lambda miss: (not miss.known, miss.near))
        if any(not miss.known for miss in misses) and not exchange.seen_at("impersonate"):
            exchange.settle("impersonate", "unknown", "whether a member matches depends on values that were not given")
            return
        _explain(exchange, nearest, account, complete=not isinstance(own, Missing))
    elif isinstance(own, AllowPolicy):
        name, subject = exchange.provider_name, exchange.mapped.get("google.subject", "")
        exchange.refuse(
            "impersonate",
            Kind.IMPERSONATION_BINDING_MISSING,
            DENIED,
            where=own.document.at("/bindings"),
            expected=Side(GRANTING[0], own.document.at("/bindings")),
            certain=_no_other_policy(exchange),
            settle="the allow policy of the project, which can grant the same",
            service_account=account,
            principal=principal_of(name, subject) if name and subject else "",
            roles=", ".join(sorted({binding.role for binding in own.bindings})),
        )


def _no_other_policy(exchange: GcpExchange) -> bool:
    """Whether nothing but the account's own policy could still grant: a project's binding is rare and only inferred."""
    return not isinstance(exchange.gcp.service_account_policy, Missing)


def _match(
    exchange: GcpExchange, member: Member, binding: Binding, policy: AllowPolicy, pointer: str
) -> Miss | None:
    """None where the member is the mapped principal; else why it is not."""

    def miss(near: int, kind: Kind, known: bool = True) -> Miss:
        return Miss(near, kind, member, binding, policy, pointer, known)

    pasted = exchange.pasted
    if member.fault:
        return miss(4, Kind.MEMBER_MALFORMED)
    name = exchange.provider_name
    if member.deleted:
        return miss(3, Kind.BINDING_NAMES_DELETED_PRINCIPAL)
    unsure = False
    if name is not None:
        if not (member.project.isdigit() or exchange.gap(member.project)) and name.project_is_number:
            return miss(3, Kind.MEMBER_PROJECT_ID_FOR_NUMBER)
        project = same(member.project, name.project, pasted=pasted)
        pool = same(member.pool, name.pool, pasted=pasted)
        if project is False or pool is False:
            return miss(30 if pool is False else 20, Kind.MEMBER_POOL_DIFFERS)
        unsure = project is None or pool is None
    elif not (member.project.isdigit() or exchange.gap(member.project)):
        return miss(3, Kind.MEMBER_PROJECT_ID_FOR_NUMBER)
    found = _match_value(exchange, member, miss)
    if found is not None:
        return found
    return miss(1, Kind.MEMBER_POOL_DIFFERS, known=False) if unsure and name is None else None


def _match_value(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    if member.form == "all":
        return None
    pasted = exchange.pasted
    if member.form == "attribute":
        key = f"attribute.{member.attribute}"
        provider = exchange.provider
        mapping = provider.mapping if provider else None
        if isinstance(mapping, dict) and key not in mapping:
            return miss(5, Kind.MAPPING_MISSING_ATTRIBUTE, True)
        value = exchange.mapped.get(key)
        if value is None:
            known = isinstance(mapping, dict) and _is_unset(exchange, key)
            return miss(6, Kind.MEMBER_ATTRIBUTE_DIFFERS, known)
        kind = Kind.MEMBER_ATTRIBUTE_DIFFERS
    elif member.form == "subject":
        value = exchange.mapped.get("google.subject")
        if value is None:
            return miss(6, Kind.MEMBER_SUBJECT_DIFFERS, False)
        kind = Kind.MEMBER_SUBJECT_DIFFERS
    else:
        return miss(40, Kind.MEMBER_ATTRIBUTE_DIFFERS, False)
    answer = same(member.value, value, pasted=pasted)
    if answer is True:
        return None
    if "*" in member.value and answer is False:
        return miss(4, Kind.WILDCARD_IN_MEMBER, True)
    return miss(10, kind, answer is False)


def _is_unset(exchange: GcpExchange, key: str) -> bool:
    """Whether the mapping of this attribute failed for a claim that is known to be absent."""
    node = exchange.detail.get("mapping", {}).get(key)
    return node is not None and node.error is not None and node.error.code != "unknown"


def _condition_holds(exchange: GcpExchange, binding: Binding) -> bool | None:
    """An IAM condition on the binding; None where it reads what a bundle cannot know."""
    if not binding.condition:
        return True
    try:
        value = cel.compile(binding.condition).evaluate(
            {"request": {"time": cel.Timestamp(int(exchange.case.at) * 1_000_000_000)}, "resource": cel.UNKNOWN}
        )
    except cel.CelError:
        return None
    return value if isinstance(value, bool) else None


def _explain(exchange: GcpExchange, miss: Miss, account: str, *, complete: bool) -> None:
    member, name = miss.member, exchange.provider_name
    subject = exchange.mapped.get("google.subject", "")
    at = miss.policy.document.at(miss.pointer)
    principal = principal_of(name, subject) if name and subject else ""
    facts = {
        "member": member.text,
        "reason": member.fault,
        "service_account": account,
        "principal": principal,
        "role": miss.binding.role,
        "resource": account or miss.policy.resource,
        "attribute": f"attribute.{member.attribute}" if member.attribute else "",
        "project": member.project,
        "condition": miss.binding.condition or "",
    }
    provider = exchange.provider
    if provider and isinstance(provider.mapping, dict):
        facts["mapped"] = ", ".join(provider.mapping)
    expected: Side | None = Side(member.text, at)
    actual = Side(principal) if principal else None
    if miss.kind is Kind.MEMBER_MALFORMED:
        expected, actual = None, Side(member.text, at)
    elif miss.kind in (Kind.MEMBER_ATTRIBUTE_DIFFERS, Kind.MEMBER_SUBJECT_DIFFERS):
        expected, actual = _value_sides(exchange, miss, at, facts)
    elif principal and miss.kind is Kind.MEMBER_POOL_DIFFERS:
        difference = compare_value([member.text], principal, wildcards=False, pasted=exchange.pasted)
        expected = Side(member.text, at, difference.expected_spans)
        actual = Side(principal, None, difference.actual_spans)
        facts["note"] = plain_note(difference)
    exchange.refuse(
        "impersonate",
        miss.kind,
        DENIED,
        expected=expected,
        actual=actual,
        certain=miss.known and complete,
        location=f"{miss.binding.role} · {member.text}",
        where=at,
        settle="the values that were not read" if complete else "the allow policy of the service account",
        facts=facts,
    )


def _value_sides(exchange: GcpExchange, miss: Miss, at: Origin, facts: dict[str, str]) -> tuple[Side, Side | None]:
    member = miss.member
    key = f"attribute.{member.attribute}" if member.form == "attribute" else "google.subject"
    value = exchange.mapped.get(key)
    if value is None:
        facts["note"] = f"{key} has no value for this token"
        return Side(member.value, at), None
    if member.form == "subject":
        difference = compare_subject([member.value], value, wildcards=False, profile=exchange.case.profile, pasted=exchange.pasted)
    else:
        difference = compare_value([member.value], value, wildcards=False, pasted=exchange.pasted)
    facts["note"], facts["segment"] = plain_note(difference), difference.segment or ""
    return Side(member.value, at, difference.expected_spans), Side(value, None, difference.actual_spans)
