"""Judge the permission step on Google Cloud: whether the principal may make each call that the workload needs.

IAM documentation, policy inheritance: a call is allowed if a binding on the resource, its project, folder or
organization grants the principal a role with the permission, and its condition is true. Bundles contain no deny
policies and no perimeters. The principal is the service account that the client impersonates, or the token's federated
principal, whose members are written as in a service account's policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.documents.truss import truss_sources
from oidc_doctor.issuers.characters import listed
from oidc_doctor.issuers.difference import compare_value
from oidc_doctor.judge.gcp.impersonate import uses_the_token_directly
from oidc_doctor.judge.gcp.member_index import EVERYONE
from oidc_doctor.judge.gcp.members import Miss, condition_holds, explain_miss, is_own, match, own_principal
from oidc_doctor.judge.gcp.names import OF_OTHER_SETS, Member, read_member
from oidc_doctor.judge.gcp.role_permissions import SMALLEST, holds
from oidc_doctor.judge.second_opinions import TROUBLESHOOTING, of_troubleshooter
from oidc_doctor.judge.typos import similarity
from oidc_doctor.model.access import AccessDecision, Decision, Need
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy, ServiceAccount, TargetEvidence, TargetGcp
from oidc_doctor.model.google_names import project_of_account
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.evidence import Binding

_IMAGE = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<repository>[^/:@]+)/.+")
# Artifact Registry documentation, transition from Container Registry: the repositories that serve gcr.io.
_GCR = re.compile(r"(?P<host>(?:(?:us|eu|asia)\.)?gcr\.io)/(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])/.+")
_GCR_LOCATIONS = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")  # Cloud Storage documentation, bucket names
# A member that stands for principals that a policy does not list.
_OF_MANY = ("group:", "domain:", *OF_OTHER_SETS)
_BASIC_ROLES = {"projectOwner": "roles/owner", "projectEditor": "roles/editor", "projectViewer": "roles/viewer"}
_NOUN_OF = {"storage": "bucket", "artifactregistry": "repository"}


def judge_access(exchange: GcpExchange) -> None:
    """Settle `permission` by the needed calls, if a policy that can grant them was read."""
    needs = list(exchange.case.asked) or needs_of(exchange.case.evidence)
    answers = [_Answer(exchange, need, of_resource=_own_policy(exchange, need, needs)) for need in needs]
    if not any(answer.policies for answer in answers):
        return
    lacking: dict[tuple[str, bool], list[_Answer]] = {}
    for answer in answers:
        exchange.accesses.append(answer.row())
        if answer.lacks is not None:
            lacking.setdefault((answer.need.wish, answer.lacks), []).append(answer)
    if any(answer.account and answer.need.service == "storage" for listed in lacking.values() for answer in listed):
        exchange.assumed.append("that no access control list of the bucket or its objects names the service account")
    for (_, certain), of_service in lacking.items():
        _refuse(exchange, of_service, certain=certain)
    unknown_project = any(answer.is_granted_above and answer.is_same_project is None for answer in answers)
    exchange.settle_permission(
        "that no deny policy, perimeter or access boundary forbids what the workload reads"
        + (", and that its buckets are in the project whose allow policy was read" if unknown_project else "")
    )


def needs_of(evidence: TargetEvidence) -> list[Need]:
    """Return the calls of the target and the Truss file with this provider or account, each call once."""
    return list({(need.action, need.resource): need for need in _needs(evidence)}.values())


def _needs(evidence: TargetEvidence) -> Iterator[Need]:
    request, truss = evidence.target.gcp or TargetGcp(), evidence.truss
    from_truss = "" if isinstance(truss, Missing) else truss.file
    for name, text in (("gcs_bucket", request.gcs_bucket), ("artifact_repository", request.artifact_repository)):
        at = evidence.target.origins.get(f"gcp.{name}")
        if text and at is not None and at.file != from_truss and not has_placeholder(text):
            yield from needs_of_text(f"gs://{text}" if name == "gcs_bucket" and "://" not in text else text, at)
    if isinstance(truss, Missing):
        return
    for source in truss_sources(truss):
        account = (source.auth or {}).get("gcp_oidc_service_account")
        named = request.service_account in (None, account)
        if source.method == "GCP_OIDC" and source.resource and named and not has_placeholder(source.resource):
            yield from needs_of_text(source.resource, truss.at(source.resource_pointer))


def _own_policy(exchange: GcpExchange, need: Need, needs: list[Need]) -> AllowPolicy | Missing:
    """Return the allow policy of the bucket or repository. The policy does not name it: it may belong to another."""
    gcp = exchange.gcp
    policy = gcp.bucket_policy if need.service == "storage" else gcp.repository_policy
    if len({other.resource for other in needs if other.service == need.service}) > 1:
        file = "gcp/bucket-policy.json" if need.service == "storage" else "gcp/repository-policy.json"
        return Missing(file, "several are asked for, and it does not say which one it is of")
    return policy


def needs_of_request(request: TargetGcp) -> list[Need]:
    """Return the calls needed to read a target's bucket and repository."""
    bucket = request.gcs_bucket
    texts = (f"gs://{bucket.removeprefix('gs://')}" if bucket else "", request.artifact_repository or "")
    return [need for text in texts for need in needs_of_text(text)]


def needs_of_text(text: str, at: Origin | None = None) -> Iterator[Need]:
    """Return the calls needed to read a bucket (gs://…) or an image; none for any other string."""
    image, old = _IMAGE.fullmatch(text), _GCR.fullmatch(text)
    if text.lower().startswith("gs://"):
        bucket = text[len("gs://") :].partition("/")[0]
        if _BUCKET.fullmatch(bucket):
            for permission in ("storage.objects.list", "storage.objects.get"):
                yield Need("gcp", "storage", permission, f"projects/_/buckets/{bucket}", at, text)
        return
    if image is not None:
        resource = f"projects/{image['project']}/locations/{image['location']}/repositories/{image['repository']}"
    elif old is not None:
        place = f"projects/{old['project']}/locations/{_GCR_LOCATIONS[old['host']]}"
        resource = f"{place}/repositories/{old['host']}"
    else:
        return
    yield Need("gcp", "artifactregistry", "artifactregistry.repositories.downloadArtifacts", resource, at, text)


class _Grant(NamedTuple):
    """A binding that grants, or may grant, the permission."""

    policy: AllowPolicy
    binding: Binding
    pointer: str
    why: str = ""  # why it is open; empty if it grants


class _Near(NamedTuple):
    """A binding that nearly grants the permission, and why it does not. The smallest `near` is the closest."""

    near: int
    policy: AllowPolicy
    binding: Binding
    pointer: str
    reason: str
    kind: Kind = Kind.PERMISSION_MISSING
    miss: Miss | None = None  # for a member of the pool


def _near_of(miss: Miss) -> _Near:
    return _Near(miss.near, miss.policy, miss.binding, miss.pointer, "", miss.kind, miss)


class _Answer:
    """The decision on one needed call."""

    def __init__(self, exchange: GcpExchange, need: Need, *, of_resource: AllowPolicy | Missing) -> None:
        self.exchange = exchange
        self.need = need
        gcp = exchange.gcp
        request = exchange.request
        # an account that the client does not impersonate makes no calls
        self.account = "" if uses_the_token_directly(exchange) else request.service_account or ""
        self.project = _project_of(need, of_resource)
        self.is_same_project = self._is_in_project_read()
        above = [gcp.project_policy, gcp.folder_policy, gcp.organization_policy]
        if self.is_same_project is False:
            reason = f"of the project of the {_NOUN_OF[need.service]}, {self.project}"
            above = [Missing(f"the allow policy {reason}", "not in the bundle")]
        self.read = (of_resource, *above)
        self.policies = [policy for policy in self.read if isinstance(policy, AllowPolicy)]
        rows = [row for policy in self.policies for row in self._rows(policy)]
        grants = [row for row in rows if isinstance(row, _Grant)]
        self.grant = next((grant for grant in grants if not grant.why), None)
        self.open = next((grant for grant in grants if grant.why), None)
        self.nearest = min((row for row in rows if isinstance(row, _Near)), key=lambda row: row.near, default=None)
        self.unread = [policy for policy in self.read if isinstance(policy, Missing) and not policy.proves_absence]

    def _is_in_project_read(self) -> bool | None:
        """Whether the resource is in the project whose allow policy was read: the account's, else the provider's."""
        gcp, provider = self.exchange.gcp, self.exchange.provider_name
        same_project = {name for name in (gcp.project_id, gcp.project_number) if name}
        of_account = project_of_account(self.account)
        names = {of_account} if of_account else set()
        if not names and provider is not None:
            names = {provider.project}
        names |= same_project if names & same_project or not names else set()
        is_contradicted = bool(gcp.project_id) and gcp.project_id not in names and gcp.project_number not in names
        if not self.project or not names or is_contradicted:
            return None
        # an ID and a number cannot be compared unless the project was read
        alike = any(listed.isdigit() == self.project.isdigit() for listed in names)
        return True if self.project in names else False if alike else None

    @property
    def is_absent(self) -> bool:
        """Whether the service reported that the bucket or repository does not exist."""
        policy = self.read[0]
        return isinstance(policy, Missing) and policy.proves_absence

    @property
    def is_granted_above(self) -> bool:
        """Whether the grant is on the project or above it."""
        return self.grant is not None and self.grant.policy.resource not in ("bucket", "repository")

    @property
    def lacks(self) -> bool | None:
        """True if certainly no policy allows the call, False if only an unread policy may, None otherwise."""
        if self.grant is not None or self.open is not None or not self.holder or self.is_absent:
            return None
        if not self.unread and self.is_same_project:
            return True
        # without the policy of the resource or its project, almost nothing is known
        both = isinstance(self.read[0], AllowPolicy) and isinstance(self.read[1], AllowPolicy)
        return False if both else None

    @property
    def holder(self) -> str:
        """The principal that makes the call: the service account or the federated principal."""
        return f"serviceAccount:{self.account}" if self.account else self.principal

    @property
    def principal(self) -> str:
        """The token's federated principal; empty if unknown."""
        return own_principal(self.exchange)

    def _rows(self, policy: AllowPolicy) -> Iterator[_Grant | _Near]:
        for binding in policy.bindings:
            has = holds(binding.role, self.need.action)
            for index, member in enumerate(binding.members):
                pointer = f"{binding.pointer}/members/{index}"
                miss = self._miss(member, binding, policy, pointer)
                if has is False:
                    if miss is None:
                        reason = f"{binding.role}, which it has on {_words_of(policy)}, does not include that"
                        yield _Near(2, policy, binding, pointer, reason)
                elif isinstance(miss, _Near):
                    yield miss
                elif miss != "another":
                    yield self._grant(policy, binding, pointer, member if miss == "open" else "", has=has)

    def _grant(
        self, policy: AllowPolicy, binding: Binding, pointer: str, may_hold: str, *, has: bool | None
    ) -> _Grant | _Near:
        """Return the grant of a binding whose member is, or may be, the holder."""
        condition = condition_holds(self.exchange, binding)
        if condition is False:
            member = Member(binding.members[int(pointer.rpartition("/")[2])])
            miss = Miss(1, Kind.BINDING_CONDITION_FALSE, member, binding, policy, pointer, known=True)
            return _near_of(miss)
        why = ""
        if has is None:
            why = f"gcloud iam roles describe {binding.role}: whether it includes {self.need.action}"
        elif may_hold:
            why = f"whether {self.holder} is in {may_hold}"
        elif condition is None:
            why = f"whether the condition of {binding.role} is true for this call"
        return _Grant(policy, binding, pointer, why)

    def _miss(
        self, member: str, binding: Binding, policy: AllowPolicy, pointer: str
    ) -> _Near | Literal["open", "another"] | None:
        """Return why the member is not the holder, or may not be; None if it is the holder."""
        if member in (EVERYONE, self.holder) or (member == "allAuthenticatedUsers" and self.account):
            return None
        if member.startswith(tuple(_BASIC_ROLES)):
            return self._miss_of_basic_role(member)
        if member.startswith(_OF_MANY) or has_placeholder(member) or member == "allAuthenticatedUsers":
            return "open"
        pool_member = read_member(member)
        if self.account:
            return self._miss_of_account(member, pool_member, binding, policy, pointer)
        if pool_member is None:
            account = self.exchange.gcp.service_account
            own = isinstance(account, ServiceAccount) and member == f"serviceAccount:{account.email}"
            if not own:
                return "another"
            reason = f"{binding.role} on {_words_of(policy)} is granted to `{member}`"
            return _Near(0, policy, binding, pointer, reason, Kind.IMPERSONATION_NOT_CONFIGURED)
        miss = match(self.exchange, pool_member, binding, policy, pointer)
        if miss is None or not miss.known:
            return None if miss is None else "open"
        return _near_of(miss)

    def _miss_of_basic_role(self, member: str) -> Literal["open", "another"] | None:
        """Check for the basic role on the project: projectViewer:PROJECT means everyone with that role.

        Cloud Storage documentation, convenience values: the principals with the role on the project itself.
        """
        kind, _, project = member.partition(":")
        policy = self.read[1]
        if not isinstance(policy, AllowPolicy) or not self.is_same_project or project != self.project:
            return "open"
        holders = {listed for row in policy.bindings if row.role == _BASIC_ROLES[kind] for listed in row.members}
        if self.holder in holders or EVERYONE in holders:
            return None
        return "open" if any(map(_may_hold, holders)) else "another"

    def _miss_of_account(
        self, member: str, pool_member: Member | None, binding: Binding, policy: AllowPolicy, pointer: str
    ) -> _Near | Literal["another"]:
        """Return why a member is not the service account that makes the call."""
        where = f"{binding.role} on {_words_of(policy)}"
        if member.removeprefix("deleted:").partition("?uid=")[0] == self.holder:
            miss = Miss(3, Kind.BINDING_NAMES_DELETED_PRINCIPAL, Member(member), binding, policy, pointer, known=True)
            return _near_of(miss)
        if member.startswith("serviceAccount:") and similarity(member, self.holder) >= _ALIKE:
            return _Near(4, policy, binding, pointer, f"{where} is granted to `{member}`")
        if pool_member is not None and match(self.exchange, pool_member, binding, policy, pointer) is None:
            reason = f"{where} is granted to the federated principal, and the client impersonates the service account"
            return _Near(5, policy, binding, pointer, reason)
        return "another"

    def row(self) -> AccessDecision:
        """Return the decision as a row of the report."""
        grant = self.grant or self.open
        near = self.nearest if grant is None else None
        place = grant or near
        location = place.policy.document.at(place.pointer) if place is not None else None
        decision: Decision = "allowed" if self.grant is not None else "denied" if self.lacks else "unknown"
        by = self.grant.policy.resource if self.grant is not None else ""
        note = self.settled_by() if decision == "unknown" else ""
        read = self.exchange.gcp.documents.get(TROUBLESHOOTING, Missing(TROUBLESHOOTING, "not in the bundle"))
        second = of_troubleshooter(read, self.need, self.account) if self.account else None
        return AccessDecision(self.need, decision, by, location, note, second=second)

    def settled_by(self) -> str:
        """Return the evidence that would settle an open call."""
        if self.open is not None:
            return self.open.why
        if not self.holder:
            return "the service account that the client impersonates"
        if isinstance(self.read[0], Missing) and self.is_absent:
            return f"{self.read[0].what}: the service answers that there is no such {_NOUN_OF[self.need.service]}"
        settled = list(dict.fromkeys(policy.what for policy in self.unread))
        if self.need.service == "storage" and not self.project:
            settled.append("the project of the bucket, gcloud storage buckets describe")
        return "; ".join(settled)


def _project_of(need: Need, policy: AllowPolicy | Missing) -> str:
    """Return a repository's project; for a bucket, the project in its default bindings (projectOwner:PROJECT)."""
    if need.service != "storage":
        return need.resource.removeprefix("projects/").partition("/")[0]
    members = (
        (member for binding in policy.bindings for member in binding.members) if not isinstance(policy, Missing) else ()
    )
    named = {member.partition(":")[2] for member in members if member.startswith(tuple(_BASIC_ROLES))}
    return named.pop() if len(named) == 1 else ""


def _may_hold(member: str) -> bool:
    """Whether a member of a basic role may represent a principal that it does not name."""
    return member.startswith((*_OF_MANY, "principal")) or has_placeholder(member)


_ALIKE = 0.95  # how similar two addresses are of which one is a slip of the other


def _words_of(policy: AllowPolicy) -> str:
    return f"the {policy.resource}"


def _refuse(exchange: GcpExchange, answers: list[_Answer], *, certain: bool) -> None:
    """Record one refusal for the calls on a resource that no binding allows."""
    first = answers[0]
    need, near = first.need, first.nearest
    actions = list(dict.fromkeys(answer.need.action for answer in answers))
    permissions = listed(actions)
    role = SMALLEST[need.action]
    place = {
        "permission": permissions,
        "calls": " ".join(actions),
        "resource": need.resource,
        "holder": first.holder,
        "is_own": is_own(exchange),
        "grants": role,
        "shown_by": "policies",
        "on": f"`{need.wish}`",
        "bound_on": _words_of(near.policy) if near is not None else "",
        "bucket": need.resource.rpartition("/")[2] if need.service == "storage" else "",
        "reason": near.reason if near is not None else "",
    }
    if near is not None and near.miss is not None:
        explain_miss(exchange, near.miss, place, certain=certain, settle=first.settled_by(), step="permission")
        return
    policy = near.policy if near is not None else first.policies[0]
    where = policy.document.at(near.pointer if near is not None else "/bindings")
    expected, actual = Side(role, where), Side(first.holder)
    if near is not None and near.kind is Kind.PERMISSION_MISSING and holds(near.binding.role, need.action):
        bound = near.binding.members[int(near.pointer.rpartition("/")[2])]
        difference = compare_value([bound], first.holder, wildcards=False, pasted=exchange.pasted)
        expected = Side(bound, where, difference.expected_spans)
        actual = Side(first.holder, None, difference.actual_spans)
    exchange.refuse(
        near.kind if near is not None else Kind.PERMISSION_MISSING,
        step="permission",
        expected=expected,
        actual=actual,
        certain=certain,
        location=Clause((permissions,)),
        where=where,
        settle=first.settled_by(),
        facts={**place, "role": role, "principal": first.principal},
    )
