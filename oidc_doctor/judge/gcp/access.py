"""The permission step on Google Cloud: whether the principal may make each call that the workload needs.

IAM documentation, policy inheritance: a call is allowed where a binding on the resource, its project, folder or
organisation has the principal and a role with the permission, and its condition is true. Deny policies and perimeters
are not in a bundle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.truss import truss_sources
from oidc_doctor.judge.gcp.members import EVERYONE, condition_holds, match, principal_of
from oidc_doctor.judge.gcp.names import read_member
from oidc_doctor.judge.gcp.role_permissions import SMALLEST, holds
from oidc_doctor.model.access import AccessDecision, Decision, Need
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AllowPolicy
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import Clause, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.gcp.state import GcpExchange
    from oidc_doctor.model.evidence import Binding

_IMAGE = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<repository>[^/:@]+)/.+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")  # Cloud Storage documentation, bucket names
# A member whose holders a policy does not list.
_OF_MANY = ("group:", "domain:", "projectOwner:", "projectEditor:", "projectViewer:")


def judge_access(exchange: GcpExchange) -> None:
    """Settle `permission` by what is asked for, where a policy that can grant it was read."""
    needs = list({(need.action, need.resource): need for need in _needs(exchange)}.values())
    answers = [_Answer(exchange, need) for need in needs]
    if not any(answer.policies for answer in answers):
        return
    lacking: dict[tuple[str, bool], list[_Answer]] = {}
    for answer in answers:
        exchange.accesses.append(answer.row())
        if answer.lacks is not None:
            lacking.setdefault((answer.need.service, answer.lacks), []).append(answer)
    for (_, certain), of_service in lacking.items():
        _refuse(exchange, of_service, certain=certain)
    exchange.settle_permission("that no deny policy, perimeter or access boundary forbids what the workload reads")


def _needs(exchange: GcpExchange) -> Iterator[Need]:
    """What the target and the Truss file read with this provider or account."""
    request, evidence = exchange.request, exchange.case.evidence
    truss = evidence.truss
    from_truss = "" if isinstance(truss, Missing) else truss.file
    for name, text in (("gcs_bucket", request.gcs_bucket), ("artifact_repository", request.artifact_repository)):
        at = evidence.target.origins.get(f"gcp.{name}")
        if text and at is not None and at.file != from_truss and not has_placeholder(text):
            yield from _of(text if name != "gcs_bucket" or "://" in text else f"gs://{text}", at)
    if isinstance(truss, Missing):
        return
    for source in truss_sources(truss):
        account = (source.auth or {}).get("gcp_oidc_service_account")
        named = request.service_account in (None, account)
        if source.method == "GCP_OIDC" and source.resource and named and not has_placeholder(source.resource):
            yield from _of(source.resource, truss.at(source.resource_pointer))


def _of(text: str, at: Origin) -> Iterator[Need]:
    image = _IMAGE.fullmatch(text)
    if text.lower().startswith("gs://"):
        bucket = text[len("gs://") :].partition("/")[0]
        if _BUCKET.fullmatch(bucket):
            for permission in ("storage.objects.list", "storage.objects.get"):
                yield Need("gcp", "storage", permission, f"projects/_/buckets/{bucket}", at, text)
    elif image is not None:
        resource = f"projects/{image['project']}/locations/{image['location']}/repositories/{image['repository']}"
        yield Need("gcp", "artifactregistry", "artifactregistry.repositories.downloadArtifacts", resource, at, text)


class _Grant(NamedTuple):
    """A binding that grants, or may grant, the permission."""

    policy: AllowPolicy
    binding: Binding
    pointer: str
    why: str = ""  # what leaves it open; empty where it grants


class _Answer:
    """The decision on one needed call."""

    def __init__(self, exchange: GcpExchange, need: Need) -> None:
        self.exchange = exchange
        self.need = need
        gcp = exchange.gcp
        of_resource = gcp.bucket_policy if need.service == "storage" else gcp.repository_policy
        self.read = (of_resource, gcp.project_policy, gcp.folder_policy, gcp.organization_policy)
        self.policies = [policy for policy in self.read if isinstance(policy, AllowPolicy)]
        grants = [grant for policy in self.policies for grant in self._grants(policy)]
        self.grant = next((grant for grant in grants if not grant.why), None)
        self.open = next((grant for grant in grants if grant.why), None)
        self.unread = [policy for policy in self.read if isinstance(policy, Missing) and not policy.proves_absence]

    @property
    def lacks(self) -> bool | None:
        """Whether no policy allows it: for certain, or False where only one that was not read may; None otherwise."""
        if self.grant is not None or self.open is not None or not self.holder:
            return None
        # without the resource's own policy or its project's, almost nothing is known
        both = isinstance(self.read[0], AllowPolicy) and isinstance(self.read[1], AllowPolicy)
        return True if not self.unread else False if both else None

    @property
    def holder(self) -> str:
        """The principal that makes the call: the service account, or the federated one."""
        account = self.exchange.request.service_account
        if account:
            return f"serviceAccount:{account}"
        name, subject = self.exchange.provider_name, self.exchange.mapped.get("google.subject", "")
        return principal_of(name, subject) if name and subject else ""

    def _grants(self, policy: AllowPolicy) -> Iterator[_Grant]:
        for binding in policy.bindings:
            has = holds(binding.role, self.need.action)
            if has is False:
                continue
            for index, member in enumerate(binding.members):
                pointer = f"{binding.pointer}/members/{index}"
                is_holder = self._is_holder(member, binding, policy, pointer)
                if is_holder is False:
                    continue
                condition = condition_holds(self.exchange, binding)
                if condition is False:
                    continue
                why = ""
                if has is None:
                    why = f"gcloud iam roles describe {binding.role}: whether it holds {self.need.action}"
                elif is_holder is None:
                    why = f"whether {self.holder} is in {member}"
                elif condition is None:
                    why = f"whether the condition of {binding.role} is true for this call"
                yield _Grant(policy, binding, pointer, why)

    def _is_holder(self, member: str, binding: Binding, policy: AllowPolicy, pointer: str) -> bool | None:
        account = self.exchange.request.service_account
        if member in (EVERYONE, self.holder):
            return True
        if member == "allAuthenticatedUsers":
            return True if account else None
        if member.startswith(_OF_MANY) or has_placeholder(member):
            return None
        if account:
            return False
        pool_member = read_member(member)
        if pool_member is None:
            return False
        miss = match(self.exchange, pool_member, binding, policy, pointer)
        return True if miss is None else False if miss.known else None

    def row(self) -> AccessDecision:
        """The decision as the report has it."""
        grant = self.grant or self.open
        location = grant.policy.document.at(grant.pointer) if grant is not None else None
        decision: Decision = "allowed" if self.grant is not None else "denied" if self.lacks else "unknown"
        by = grant.policy.resource if self.grant is not None and grant is not None else ""
        return AccessDecision(self.need, decision, by, location, self.settled_by() if decision == "unknown" else "")

    def settled_by(self) -> str:
        """The evidence that would settle an open call."""
        if self.open is not None:
            return self.open.why
        if not self.holder:
            return "the service account that the client impersonates"
        return "; ".join(policy.what for policy in self.unread)


def _refuse(exchange: GcpExchange, answers: list[_Answer], *, certain: bool) -> None:
    """One refusal for the calls of a service that no binding allows."""
    first = answers[0]
    permissions = list(dict.fromkeys(answer.need.action for answer in answers))
    role = SMALLEST[first.need.action]
    policy = first.policies[0]
    exchange.refuse(
        Kind.PERMISSION_MISSING,
        step="permission",
        expected=Side(role, policy.document.at("/bindings")),
        actual=Side(first.holder),
        certain=certain,
        location=Clause((", ".join(permissions),)),
        where=policy.document.at("/bindings"),
        settle=first.settled_by(),
        facts={
            "permission": " and ".join(permissions),
            "resource": first.need.resource,
            "holder": first.holder,
            "role": role,
            "shown_by": "policies",
            "on": f"`{first.need.wish}`",
            "bucket": first.need.resource.rpartition("/")[2] if first.need.service == "storage" else "",
        },
    )
