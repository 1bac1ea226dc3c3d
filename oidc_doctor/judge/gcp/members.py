"""Impersonation: whether any member of the service account's (or project's) policy is the mapped principal.

Roles: roles/iam.workloadIdentityUser (documented); roles/iam.serviceAccountTokenCreator carries the same permission
(inferred). A binding on the project, folder or organisation applies to the service accounts below it (inferred from
IAM inheritance). Members that can never match are accepted by setIamPolicy and grant nothing (measured).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor import cel
from oidc_doctor.documents.provider import service_states
from oidc_doctor.issuers.difference import compare_subject, compare_value
from oidc_doctor.judge import error_texts as texts
from oidc_doctor.judge.exchange import plain_note, same, without_gaps
from oidc_doctor.judge.gcp.names import Member, ProviderName, read_member
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, Binding, ServiceAccount
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import CloudError, Side
from oidc_doctor.model.steps import REFUSED, UNKNOWN

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange

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
    if exchange.provider is not None and exchange.provider.kind not in ("oidc", "unknown"):
        return
    if _uses_the_token_directly(exchange):
        _direct_access(exchange)
        return
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


def _uses_the_token_directly(exchange: GcpExchange) -> bool:
    """The client's configuration names no account, and what was read of one was not meant by the target either."""
    credentials = exchange.gcp.credentials
    if isinstance(credentials, Missing) or not isinstance(credentials.value, dict):
        return False
    named = exchange.case.evidence.target.origins.get("gcp.service_account")
    by_client = named is not None and not named.file.startswith("gcp/")
    return not credentials.value.get("service_account_impersonation_url") and not by_client


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
    elif service_states(services).get("sts.googleapis.com") == "DISABLED":
        # inferred: no raw refusal for this was found, and it is the pool's project that counts
        exchange.refuse(
            "target",
            Kind.API_DISABLED,
            CloudError("PERMISSION_DENIED", "", certain=False),
            where=services.at(),
            certain=exchange.seen_at("target"),
            settle="an exchange, or gcloud services list in the pool's project",
            api="sts.googleapis.com",
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )
    if lifetime is None:
        exchange.unseen.add(Kind.ACCESS_TOKEN_LIFETIME_OVER_LIMIT)
    if exchange.request.scopes is None:
        exchange.unseen.add(Kind.SCOPE_MISSING)
    if isinstance(services, Document) and service_states(services).get(_API) == "DISABLED":
        exchange.refuse(
            "impersonate",
            Kind.API_DISABLED,
            CloudError(
                "PERMISSION_DENIED",
                "IAM Service Account Credentials API has not been used in project "
                f"{exchange.gcp.project_number or '<number>'} before or it is disabled.",
                certain=False,
            ),
            where=services.at(),
            api=_API,
            project=exchange.gcp.project_id or exchange.gcp.project_number or "",
        )


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
    misses: list[Miss] = []
    for policy in policies:
        for binding in policy.bindings:
            for index, text in enumerate(binding.members):
                member = read_member(text)
                if member is None:
                    continue
                found = _judge_member(exchange, member, binding, policy, f"{binding.pointer}/members/{index}")
                if found == "granted":
                    at = policy.document.at(f"{binding.pointer}/members/{index}")
                    exchange.passed("impersonate", "", at)
                    exchange.assumed.append("that no deny policy or access boundary forbids the impersonation")
                    return
                if isinstance(found, Miss):
                    misses.append(found)
    if isinstance(own, Missing) and own.proves_absence:
        exchange.refuse(
            "impersonate",
            Kind.SERVICE_ACCOUNT_MISSING,
            CloudError("NOT_FOUND", f"Not found; Gaia id not found for email {account}", certain=False),
            where=exchange.case.evidence.target.origins.get("gcp.service_account") or Origin(own.what),
            service_account=account,
        )
    elif isinstance(own, Missing) and not misses:
        exchange.settle("impersonate", "unknown", f"the policy of the service account was not read ({own.reason})")
    elif misses:
        _missed(exchange, misses, account, complete=not isinstance(own, Missing))
    elif isinstance(own, AllowPolicy):
        _no_binding(exchange, own, account)


def _missed(exchange: GcpExchange, misses: list[Miss], account: str, *, complete: bool) -> None:
    """No member matches for certain. One that may match leaves the step open; a refusal seen there is a suspicion."""
    open_ = any(not miss.known for miss in misses) or exchange.provider is None
    if open_ and not exchange.token.given and not exchange.seen_at("impersonate"):
        exchange.settle("impersonate", "unknown", "whether a member matches depends on values that were not given")
        return
    nearest = min(misses, key=lambda miss: (not miss.known, miss.near))
    if exchange.case.explain:
        _explain(exchange, nearest, account, certain=complete and not open_)
    else:
        exchange.settle("impersonate", REFUSED if complete and not open_ else UNKNOWN)


def _no_binding(exchange: GcpExchange, own: AllowPolicy, account: str) -> None:
    name, subject = exchange.provider_name, exchange.mapped.get("google.subject", "")
    exchange.refuse(
        "impersonate",
        Kind.IMPERSONATION_BINDING_MISSING,
        DENIED,
        expected=Side(GRANTING[0], own.document.at("/bindings")),
        service_account=account,
        principal=principal_of(name, subject) if name and subject else "",
        roles=", ".join(sorted({binding.role for binding in own.bindings})),
    )


def _judge_member(
    exchange: GcpExchange, member: Member, binding: Binding, policy: AllowPolicy, pointer: str
) -> Miss | Literal["granted"] | None:
    """Whether this member grants the impersonation; None where its binding has nothing to do with it."""
    miss = _match(exchange, member, binding, policy, pointer)
    if binding.role in GRANTING:
        if miss is not None:
            return miss
        held = _condition_holds(exchange, binding)
        return (
            "granted"
            if held
            else Miss(1, Kind.BINDING_CONDITION_FALSE, member, binding, policy, pointer, held is False)
        )
    if miss is not None:
        return None
    if binding.role.startswith(_MAY_GRANT):
        return Miss(2, Kind.IMPERSONATION_BINDING_MISSING, member, binding, policy, pointer, known=False)
    if policy.resource == "service-account" and binding.role.startswith("roles/iam."):
        return Miss(50, Kind.IMPERSONATION_BINDING_MISSING, member, binding, policy, pointer, known=True)
    return Miss(60, Kind.ROLE_GRANTED_ON_WRONG_RESOURCE, member, binding, policy, pointer, known=True)


def _match(exchange: GcpExchange, member: Member, binding: Binding, policy: AllowPolicy, pointer: str) -> Miss | None:
    """None where the member is the mapped principal; else why it is not, or may not be (`known` False)."""

    def miss(near: int, kind: Kind, known: bool = True) -> Miss:
        return Miss(near, kind, member, binding, policy, pointer, known)

    name = exchange.provider_name
    elsewhere: bool | None = False  # in another pool than the token's
    if name is not None and member.pool:
        project = same(member.project, name.project, pasted=exchange.pasted)
        if not member.project.isdigit() and not exchange.gap(member.project):
            project = None if name.project_is_number else project
        pool = same(member.pool, name.pool, pasted=exchange.pasted)
        elsewhere = True if project is False or pool is False else None if project is None or pool is None else False
    if member.fault:
        return miss(34 if elsewhere else 4, Kind.MEMBER_MALFORMED)
    if member.deleted:
        return miss(33 if elsewhere else 3, Kind.BINDING_NAMES_DELETED_PRINCIPAL)
    if not member.project.isdigit() and not exchange.gap(member.project):
        return miss(32 if elsewhere else 3, Kind.MEMBER_PROJECT_ID_FOR_NUMBER)
    if elsewhere:
        return miss(20, Kind.MEMBER_POOL_DIFFERS, exchange.provider is not None)
    found = _match_value(exchange, member, miss)
    if found is not None:
        return found
    return miss(1, Kind.MEMBER_POOL_DIFFERS, False) if elsewhere is None or name is None else None


def _match_value(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    """Whether subject, group or attribute of the member is the token's."""
    if member.form == "all":
        return None
    if member.form == "attribute":
        key, kind = f"attribute.{member.attribute}", Kind.MEMBER_ATTRIBUTE_DIFFERS
        mapping = exchange.provider.mapping if exchange.provider else None
        if isinstance(mapping, dict) and key not in mapping:
            return miss(5, Kind.MAPPING_MISSING_ATTRIBUTE, True)
        value = exchange.mapped.get(key)
        if value is None:
            return miss(6, kind, isinstance(mapping, dict) and _is_unset(exchange, key))
    elif member.form == "subject":
        key, kind = "google.subject", Kind.MEMBER_SUBJECT_DIFFERS
        value = exchange.mapped.get(key)
        if value is None:
            return miss(6, kind, False)
    elif member.form == "group":
        return _match_group(exchange, member, miss)
    else:
        return miss(40, Kind.MEMBER_MALFORMED, False)  # a placeholder stands for the form
    answer = same(member.value, value, pasted=exchange.either_pasted)
    if answer is True:
        return None
    if "*" in without_gaps(exchange, member.value) and answer is False:
        return miss(4, Kind.WILDCARD_IN_MEMBER, True)
    return miss(10, kind, answer is False)


def _match_group(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    mapping = exchange.provider.mapping if exchange.provider else None
    if isinstance(mapping, dict) and "google.groups" not in mapping:
        return miss(5, Kind.MAPPING_MISSING_ATTRIBUTE, True)
    if exchange.groups is None:
        return miss(7, Kind.MEMBER_ATTRIBUTE_DIFFERS, False)
    answers = [same(member.value, one, pasted=exchange.either_pasted) for one in exchange.groups]
    if True in answers:
        return None
    return miss(10, Kind.MEMBER_ATTRIBUTE_DIFFERS, None not in answers)


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


def _explain(exchange: GcpExchange, miss: Miss, account: str, *, certain: bool) -> None:
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
        "resource": account if miss.policy.resource == "service-account" else f"the {miss.policy.resource}",
        "attribute": f"attribute.{member.attribute}"
        if member.attribute
        else "google.groups"
        if member.form == "group"
        else "",
        "project": member.project,
        "condition": miss.binding.condition or "",
    }
    provider = exchange.provider
    if provider and isinstance(provider.mapping, dict):
        facts["mapped"] = ", ".join(provider.mapping)
    expected: Side | None = Side(member.text, at)
    actual = Side(principal) if principal else None
    if miss.kind is Kind.IMPERSONATION_BINDING_MISSING:
        facts["roles"] = miss.binding.role
    if miss.kind is Kind.MEMBER_MALFORMED:
        expected, actual = None, Side(member.text, at)
    elif miss.kind in (Kind.MEMBER_ATTRIBUTE_DIFFERS, Kind.MEMBER_SUBJECT_DIFFERS):
        expected, actual = _value_sides(exchange, miss, at, facts)
    elif name is not None and miss.kind is Kind.MEMBER_POOL_DIFFERS:
        expected = Side(member.text, at, _places(member.text, member, name))
        actual = Side(principal or name.pool_name, None, _places(principal or name.pool_name, name, member))
    exchange.refuse(
        "impersonate",
        miss.kind,
        DENIED,
        expected=expected,
        actual=actual,
        certain=certain,
        location=f"{miss.binding.role} · {member.text}",
        where=at,
        settle="the values that were not given, and the allow policy of the service account",
        facts=facts,
    )


def _places(text: str, own: Member | ProviderName, other: Member | ProviderName) -> tuple[tuple[int, int], ...]:
    """Where project and pool stand in `text`, of the two that differ."""
    spans = []
    for before, mine, theirs in (
        ("projects/", own.project, other.project),
        ("workloadIdentityPools/", own.pool, other.pool),
    ):
        start = text.find(before + mine)
        if mine != theirs and start >= 0:
            spans.append((start + len(before), start + len(before) + len(mine)))
    return tuple(spans)


def _value_sides(exchange: GcpExchange, miss: Miss, at: Origin, facts: dict[str, str]) -> tuple[Side, Side | None]:
    member = miss.member
    key = f"attribute.{member.attribute}" if member.form == "attribute" else "google.subject"
    if member.form == "group":
        groups = ", ".join(exchange.groups or ())
        return Side(member.value, at), Side(groups) if exchange.groups is not None else None
    value = exchange.mapped.get(key)
    if value is None:
        facts["note"] = f"{key} has no value for this token"
        return Side(member.value, at), None
    if member.form == "subject":
        difference = compare_subject(
            [member.value], value, wildcards=False, profile=exchange.case.profile, pasted=exchange.pasted
        )
    else:
        difference = compare_value([member.value], value, wildcards=False, pasted=exchange.pasted)
    facts["note"], facts["segment"] = plain_note(difference), difference.segment or ""
    return Side(member.value, at, difference.expected_spans), Side(value, None, difference.actual_spans)
