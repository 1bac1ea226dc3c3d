"""Compare the members of the allow policies on and above the service account with the mapped principal.

Roles: roles/iam.workloadIdentityUser (documented); roles/iam.serviceAccountTokenCreator carries the same permission
(inferred). A binding on the project, folder or organization applies to the service accounts below it (inferred from
IAM inheritance). Members that can never match are accepted by setIamPolicy and grant nothing (measured).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor import cel
from oidc_doctor.issuers.difference import compare_subject, compare_value
from oidc_doctor.judge.exchange import plain_note, same, segment_noun, without_gaps
from oidc_doctor.judge.gcp.constants import constant_facts
from oidc_doctor.judge.gcp.mapping_keys import nearest_key
from oidc_doctor.judge.gcp.member_index import MemberIndex
from oidc_doctor.judge.gcp.names import OF_GKE, Member, ProviderName, gke_member
from oidc_doctor.judge.gcp.unread import beyond_bound
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, Binding
from oidc_doctor.model.json_pointer import pointer_segment
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder, is_left_out
from oidc_doctor.model.refusal import Clause, CloudError, Side
from oidc_doctor.model.steps import REFUSED, UNKNOWN

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange

_MEMBER = re.compile(
    r"(?:deleted:)?[A-Za-z]+:.+|all(?:Authenticated)?Users", re.DOTALL
)  # Google Cloud, principal identifiers
_ROLE = re.compile(r"(?:roles|(?:projects|organizations)/[^/]+/roles)/[A-Za-z0-9_.]+|deleted:.+", re.DOTALL)
# A policy that was read as version 1 has such a name instead of a condition (Google Cloud, troubleshooting conditions)
_HIDDEN_CONDITION = "_withcond_"
GRANTING = ("roles/iam.workloadIdentityUser", "roles/iam.serviceAccountTokenCreator")
# Basic and custom roles may grant the permission too; a bundle does not show a custom role's permissions.
_MAY_GRANT = ("projects/", "organizations/", "roles/owner", "roles/iam.serviceAccountAdmin")


# Google Cloud, IAM roles and permissions: the roles of IAM that lack iam.serviceAccounts.getAccessToken.
_WITHOUT = frozenset(
    f"roles/iam.{name}"
    for name in (
        *("serviceAccountUser", "serviceAccountOpenIdTokenCreator", "serviceAccountViewer", "serviceAccountCreator"),
        *("serviceAccountDeleter", "serviceAccountKeyAdmin", "securityAdmin", "securityReviewer", "roleAdmin"),
        *("roleViewer", "workloadIdentityPoolAdmin", "workloadIdentityPoolViewer"),
    )
)


def _may_grant(role: str) -> bool:
    """Whether a role that is not one of `GRANTING` may hold the permission: its permissions are not in the evidence."""
    of_iam = role.startswith("roles/iam.") and role not in (*GRANTING, *_WITHOUT)
    return role.startswith(_MAY_GRANT) or of_iam or role.endswith(".serviceAgent")


class Miss(NamedTuple):
    """The reason why a member does not match; the smaller `near`, the closer the match."""

    near: int
    kind: Kind
    member: Member
    binding: Binding
    policy: AllowPolicy
    pointer: str
    known: bool


def principal_of(name: ProviderName, subject: str) -> str:
    """Return the principal identifier for a mapped subject."""
    if name.pool.endswith(OF_GKE) and subject.startswith("ns/"):
        return gke_member(name.pool, subject)
    return f"principal://iam.googleapis.com/{name.pool_name}/subject/{subject}"


def is_own(exchange: GcpExchange) -> str:
    """Return `yes` if google.subject is the token's complete subject, which is unique; else empty."""
    subject = exchange.mapped.get("google.subject")
    return "yes" if exchange.gke is not None or (subject and subject == exchange.token.subject) else ""


def own_principal(exchange: GcpExchange) -> str:
    """Return the token's federated principal; empty if provider or subject is unknown."""
    name, subject = exchange.provider_name, exchange.mapped.get("google.subject", "")
    return principal_of(name, subject) if name and subject else ""


def judge_bindings(exchange: GcpExchange, account: str, policies: list[AllowPolicy]) -> None:
    """Settle `impersonate` by the members of these policies; `account` is the service account's e-mail address."""
    account_policy = exchange.gcp.service_account_policy
    misses: list[Miss] = []
    for policy in policies:
        members = _index_of(policy).members
        for member, binding, pointer in members.to_compare(_values(exchange, members)):
            if member is None:
                if binding.role in GRANTING and condition_holds(exchange, binding):
                    exchange.passed("impersonate", "", policy.document.at(pointer))
                    return
                continue
            if member.pool.endswith(OF_GKE) and not _is_of_kubernetes(exchange):
                continue
            answer = _judge_member(exchange, member, binding, policy, pointer)
            if answer == "granted":
                exchange.passed("impersonate", "", policy.document.at(pointer))
                exchange.assumed.append("that no deny policy or access boundary forbids the impersonation")
                return
            if isinstance(answer, Miss):
                misses.append(answer)
    if isinstance(account_policy, Missing) and account_policy.proves_absence:
        exchange.refuse(
            Kind.SERVICE_ACCOUNT_MISSING,
            CloudError("NOT_FOUND", f"Not found; Gaia id not found for email {account}", certain=False),
            where=exchange.case.evidence.target.origins.get("gcp.service_account") or Origin(account_policy.what),
            service_account=account,
        )
    elif isinstance(account_policy, Missing) and not misses:
        reason = account_policy.reason
        exchange.settle("impersonate", "unknown", f"the policy of the service account was not read ({reason})")
    elif misses:
        complete = not isinstance(account_policy, Missing) and not any(_index_of(policy).is_cut for policy in policies)
        _missed(exchange, misses, account, complete=complete)
    elif isinstance(account_policy, AllowPolicy):
        _no_binding(exchange, account_policy, account, certain=not any(_index_of(policy).is_cut for policy in policies))


class _Index(NamedTuple):
    """The parts of an allow policy's evaluation that do not depend on the token."""

    policy: AllowPolicy  # kept, so that the id of its bindings is not reused
    members: MemberIndex
    is_cut: bool


_INDICES: dict[int, _Index] = {}  # by the id of a policy's bindings: the policy is evaluated for every synthetic token
_MOST_INDICES = 64


def _index_of(policy: AllowPolicy) -> _Index:
    key = id(policy.bindings)
    if key not in _INDICES:
        if len(_INDICES) >= _MOST_INDICES:
            _INDICES.clear()
        _INDICES[key] = _Index(policy, MemberIndex(policy), _is_cut(policy))
    return _INDICES[key]


def _values(exchange: GcpExchange, members: MemberIndex) -> dict[tuple[str, str], Sequence[str] | None]:
    """Return the token's values for these members' forms and attributes; None if they may equal other strings."""
    values: dict[tuple[str, str], Sequence[str] | None] = {}
    for form, attribute in members.compared():
        key = f"attribute.{attribute}" if form == "attribute" else "google.subject"
        value = exchange.mapped.get(key)
        own = exchange.groups or () if form == "group" else () if value is None else (value,)
        is_open = any(has_placeholder(text) or is_left_out(text) for text in own)
        values[form, attribute] = None if is_open or (form != "group" and key in exchange.constants) else own
    return values


def _is_cut(policy: AllowPolicy) -> bool:
    """Whether a possibly granting binding has a role or member that Google would not store: part of it was left out."""
    for binding in policy.bindings:
        if not _ROLE.fullmatch(binding.role) or is_left_out(binding.role):
            return True
        may_grant = binding.role in GRANTING or _may_grant(binding.role)
        if may_grant and any(not _MEMBER.fullmatch(member) or is_left_out(member) for member in binding.members):
            return True
    return False


def _is_of_kubernetes(exchange: GcpExchange) -> bool:
    """Whether a GKE member can apply to this token: it never applies to tokens of other issuers."""
    subject = exchange.token.subject
    return subject is None or subject.startswith("system:serviceaccount:")


def _missed(exchange: GcpExchange, misses: list[Miss], account: str, *, complete: bool) -> None:
    """Settle the step if no member matches for certain; a possible match leaves it open or suspected."""
    open_ = any(not miss.known for miss in misses) or (exchange.provider is None and exchange.gke is None)
    if open_ and not exchange.token.given and not exchange.seen_at("impersonate"):
        exchange.settle("impersonate", "unknown", "whether a member matches depends on values that were not given")
        return
    nearest = min(misses, key=lambda miss: (not miss.known, miss.near))
    if exchange.case.explain:
        place = account if nearest.policy.resource == "service-account" else f"the {nearest.policy.resource}"
        explain_miss(
            exchange,
            nearest,
            {"service_account": account, "resource": place},
            certain=complete and not open_,
            settle="the values that were not given, and the allow policy of the service account",
        )
    else:
        exchange.settle("impersonate", REFUSED if complete and not open_ else UNKNOWN)


def _no_binding(exchange: GcpExchange, policy: AllowPolicy, account: str, *, certain: bool) -> None:
    exchange.refuse(
        Kind.IMPERSONATION_BINDING_MISSING,
        expected=Side(GRANTING[0], policy.document.at("/bindings")),
        certain=certain,
        settle="" if certain else "the allow policy of the service account, in full",
        service_account=account,
        principal=own_principal(exchange),
        is_own=is_own(exchange),
        roles=", ".join(sorted({binding.role for binding in policy.bindings})),
    )


def _judge_member(
    exchange: GcpExchange, member: Member, binding: Binding, policy: AllowPolicy, pointer: str
) -> Miss | Literal["granted"] | None:
    """Return whether this member grants the impersonation; None if its binding is irrelevant."""
    miss = match(exchange, member, binding, policy, pointer)
    if binding.role in GRANTING:
        if miss is not None:
            return miss
        holds = condition_holds(exchange, binding)
        return (
            "granted"
            if holds
            else Miss(1, Kind.BINDING_CONDITION_FALSE, member, binding, policy, pointer, holds is False)
        )
    if miss is not None:
        return None
    if binding.role.partition(_HIDDEN_CONDITION)[0] in GRANTING:
        return Miss(1, Kind.BINDING_CONDITION_FALSE, member, binding, policy, pointer, known=False)
    if _may_grant(binding.role):
        return Miss(2, Kind.IMPERSONATION_BINDING_MISSING, member, binding, policy, pointer, known=False)
    if policy.resource == "service-account" and binding.role.startswith("roles/iam."):
        return Miss(50, Kind.IMPERSONATION_BINDING_MISSING, member, binding, policy, pointer, known=True)
    return Miss(60, Kind.ROLE_GRANTED_ON_WRONG_RESOURCE, member, binding, policy, pointer, known=True)


def match(exchange: GcpExchange, member: Member, binding: Binding, policy: AllowPolicy, pointer: str) -> Miss | None:
    """Return why the member is not the mapped principal, or may not be (`known` False); None if it is."""

    def miss(near: int, kind: Kind, known: bool = True) -> Miss:
        return Miss(near, kind, member, binding, policy, pointer, known)

    name = exchange.provider_name
    elsewhere: bool | None = False  # in a pool other than the token's
    of_gke = member.pool.endswith(OF_GKE)  # such a pool's name contains the project id
    if name is not None and member.pool:
        project = same(member.project, name.project, pasted=exchange.pasted)
        if of_gke and not (member.project and name.project):
            project = True
        elif not member.project.isdigit() and not exchange.gap(member.project):
            project = None if name.project_is_number else project
        elif member.project.isdigit() and name.project_is_id:
            project = None
        pool = same(member.pool, name.pool, pasted=exchange.pasted)
        elsewhere = True if project is False or pool is False else None if project is None or pool is None else False
    if member.fault:
        return miss(34 if elsewhere else 4, Kind.MEMBER_MALFORMED)
    if member.deleted:
        return miss(33 if elsewhere else 3, Kind.BINDING_NAMES_DELETED_PRINCIPAL)
    if not member.project.isdigit() and not exchange.gap(member.project) and (member.project or not of_gke):
        return miss(32 if elsewhere else 3, Kind.MEMBER_PROJECT_ID_FOR_NUMBER)
    if elsewhere:
        return miss(20, Kind.MEMBER_POOL_DIFFERS, exchange.provider is not None or exchange.gke is not None)
    value_miss = _match_value(exchange, member, miss)
    if value_miss is not None:
        return value_miss
    return miss(1, Kind.MEMBER_POOL_DIFFERS, False) if elsewhere is None or name is None else None


def _match_value(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    """Compare the member's subject, group or attribute with the token's."""
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
    elif member.form == "kubernetes":
        return _match_kubernetes(exchange, member, miss)
    else:
        return miss(40, Kind.MEMBER_MALFORMED, False)  # a placeholder hides the form
    answer = same(member.value, value, pasted=exchange.either_pasted)
    if answer is True:
        return None
    if answer is False and "*" in member.value and "*" in without_gaps(exchange, member.value):
        return miss(4, Kind.WILDCARD_IN_MEMBER, True)
    constant = exchange.constants.get(key)
    if constant is not None and constant.causes([member.value]):
        return miss(9, Kind.MAPPING_CONSTANT, answer is False)
    return miss(10, kind, answer is False)


def _match_kubernetes(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    """Compare a token with a GKE set's namespace or cluster; an account's unique id is not read."""
    subject, issuer = exchange.mapped.get("google.subject", ""), exchange.token.claim("iss")
    actual = {
        "namespace": subject.removeprefix("ns/").partition("/")[0],
        "kubernetes.cluster": issuer if isinstance(issuer, str) else "",
    }.get(member.attribute, "")
    answer = same(member.value, actual, pasted=exchange.either_pasted) if actual else None
    return None if answer else miss(10, Kind.MEMBER_ATTRIBUTE_DIFFERS, answer is False)


def _match_group(exchange: GcpExchange, member: Member, miss: Callable[[int, Kind, bool], Miss]) -> Miss | None:
    mapping = exchange.provider.mapping if exchange.provider else None
    if isinstance(mapping, dict) and "google.groups" not in mapping:
        return miss(5, Kind.MAPPING_MISSING_ATTRIBUTE, True)
    if exchange.groups is None:
        return miss(7, Kind.MEMBER_ATTRIBUTE_DIFFERS, False)
    answers = [same(member.value, group, pasted=exchange.either_pasted) for group in exchange.groups]
    if True in answers:
        return None
    return miss(10, Kind.MEMBER_ATTRIBUTE_DIFFERS, None not in answers)


def _is_unset(exchange: GcpExchange, key: str) -> bool:
    """Whether the mapping of this attribute failed because a claim is known to be absent."""
    node = exchange.detail.get("mapping", {}).get(key)
    return node is not None and node.error is not None and node.error.code not in ("unknown", "limit")


def condition_holds(exchange: GcpExchange, binding: Binding) -> bool | None:
    """Whether the binding's IAM condition is true.

    None if it reads values that no bundle contains, or if a part of it is invalid: IAM compiles the whole condition
    when it is stored (inferred), so the stored condition must differ.
    """
    return True if binding.condition is None else _holds_at(binding.condition, int(exchange.case.at))


@functools.lru_cache(maxsize=4096)  # an allow policy is evaluated for every synthetic token
def _holds_at(condition: str, at: int) -> bool | None:
    program = _valid(condition)
    if program is None:
        return None
    try:
        value = program.evaluate({"request": {"time": cel.Timestamp(at * 1_000_000_000)}, "resource": cel.UNKNOWN})
    except cel.CelError:
        return None
    return value if isinstance(value, bool) else None


# What a condition of an allow policy reads (Google Cloud, attribute reference for IAM Conditions)
_OF_CONDITIONS = dict.fromkeys(("request", "resource", "destination", "api"), "dyn")


@functools.lru_cache(maxsize=2048)  # an allow policy has at most 1,500, and each is evaluated at several times
def _valid(condition: str) -> cel.Program | None:
    try:
        program = cel.compile(condition)
        return None if program.check(_OF_CONDITIONS, result="bool") else program
    except cel.CelError:
        return None


def explain_miss(
    exchange: GcpExchange,
    miss: Miss,
    place: dict[str, str],
    *,
    certain: bool,
    settle: str,
    step: str = "impersonate",
) -> None:
    """Refuse `step` because this member does not match; `place` are the facts about the policy's resource."""
    member, name = miss.member, exchange.provider_name
    at = miss.policy.document.at(miss.pointer)
    principal = own_principal(exchange)
    facts = {
        "member": member.text,
        "reason": member.fault,
        "principal": principal,
        "is_own": is_own(exchange),
        "role": miss.binding.role,
        "attribute": member.attribute
        if member.form == "kubernetes"
        else f"attribute.{member.attribute}"
        if member.attribute
        else "google.groups"
        if member.form == "group"
        else "",
        "project": member.project,
        "condition": miss.binding.condition or "",
    } | place
    provider = exchange.provider
    if provider and isinstance(provider.mapping, dict):
        facts["mapped"] = ", ".join(provider.mapping)
        facts["near"] = nearest_key(facts["attribute"], provider.mapping) if facts["attribute"] else ""
    expected: Side | None = Side(member.text, at)
    actual = Side(principal) if principal else None
    if miss.kind is Kind.IMPERSONATION_BINDING_MISSING:
        facts["roles"] = miss.binding.role
    where, clause = at, Clause((miss.binding.role, member.text))
    if miss.kind is Kind.MAPPING_CONSTANT:
        constant = exchange.constants[_key_of(member)]
        facts |= constant_facts(constant)
        clause = Clause((f"{constant.attribute}={constant.expression}",))  # one cause, whatever makes the comparison
        if exchange.provider is not None:
            where = exchange.provider.document.at("/attributeMapping" + pointer_segment(constant.attribute))
        expected, actual = Side(member.value, at), Side(constant.value, where)
    elif miss.kind is Kind.MEMBER_MALFORMED:
        expected, actual = None, Side(member.text, at)
    elif miss.kind in (Kind.MEMBER_ATTRIBUTE_DIFFERS, Kind.MEMBER_SUBJECT_DIFFERS):
        expected, actual = _value_sides(exchange, miss, at, facts)
    elif name is not None and miss.kind is Kind.MEMBER_POOL_DIFFERS:
        expected = Side(member.text, at, _places(member.text, member, name))
        actual = Side(principal or name.pool_name, None, _places(principal or name.pool_name, name, member))
    exchange.refuse(
        miss.kind,
        step=step,
        expected=expected,
        actual=actual,
        certain=certain,
        location=clause,
        where=where,
        settle=settle,
        facts=facts,
    )


def _places(text: str, name: Member | ProviderName, other: Member | ProviderName) -> tuple[tuple[int, int], ...]:
    """Return the spans of project and pool in `text` where they differ."""
    spans = []
    for before, part, other_part in (
        ("projects/", name.project, other.project),
        ("workloadIdentityPools/", name.pool, other.pool),
    ):
        start = text.find(before + part)
        if part != other_part and start >= 0:
            spans.append((start + len(before), start + len(before) + len(part)))
    return tuple(spans)


def _key_of(member: Member) -> str:
    """Return the mapped attribute that a member compares."""
    return f"attribute.{member.attribute}" if member.form == "attribute" else "google.subject"


def _why_without_value(exchange: GcpExchange, key: str, *, known: bool) -> str:
    if known:
        return f"{key} has no value for this token"
    if key in exchange.beyond:
        return beyond_bound(key, exchange.beyond[key])
    provider = exchange.provider
    unread = provider is None or not isinstance(provider.mapping, dict)
    return "the provider's mapping was not read" if unread else f"the claim of {key} was not given"


def _value_sides(exchange: GcpExchange, miss: Miss, at: Origin, facts: dict[str, str]) -> tuple[Side, Side | None]:
    member = miss.member
    key = _key_of(member)
    if member.form == "kubernetes":
        claim = "iss" if member.attribute == "kubernetes.cluster" else "sub"
        return Side(member.value, at), exchange.claim_side(claim)
    if member.form == "group":
        groups = ", ".join(exchange.groups or ())
        return Side(member.value, at), Side(groups) if exchange.groups is not None else None
    value = exchange.mapped.get(key)
    if value is None:
        facts["note"] = _why_without_value(exchange, key, known=miss.known)
        return Side(member.value, at), None
    if member.form == "subject" and member.pool.endswith(OF_GKE) and member.value.startswith("ns/"):
        difference = compare_value([member.value], value, wildcards=False, pasted=exchange.pasted)
        namespaces, accounts = zip(*(text.partition("/sa/")[::2] for text in (member.value, value)), strict=True)
        differ = {"namespace": len({*namespaces}) > 1, "service account": len({*accounts}) > 1}
        facts["segment"] = " and another ".join(name for name, differs in differ.items() if differs)
        return Side(member.value, at, difference.expected_spans), Side(value, None, difference.actual_spans)
    if member.form == "subject":
        difference = compare_subject(
            [member.value], value, wildcards=False, profile=exchange.case.profile, pasted=exchange.pasted
        )
    else:
        difference = compare_value([member.value], value, wildcards=False, pasted=exchange.pasted)
    facts["note"], facts["segment"] = plain_note(difference), segment_noun(difference)
    return Side(member.value, at, difference.expected_spans), Side(value, None, difference.actual_spans)
