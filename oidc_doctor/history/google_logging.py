"""Determine from log entries and auditConfigs whether Google Cloud logs exchanges and impersonations.

Both are Data Access records of type ADMIN_READ, off by default. They are enabled per service in the project that owns
the resource, or in a folder or organization above it; the configurations combine (Google, Cloud Audit Logs overview).
The service is sts.googleapis.com for exchanges, and iam.googleapis.com for the impersonations that
iamcredentials.googleapis.com writes (Google's audit logging pages for STS and IAM Credentials).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.logs.records.gcp_audit import IAM_CREDENTIALS, STS, full_name
from oidc_doctor.model.comparison import LoggingOff
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AllowPolicy, GcpProvider, ServiceAccount
from oidc_doctor.model.google_names import project_of_account
from oidc_doctor.model.refusal import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.logs.attempts.columns import SignatureKey
    from oidc_doctor.model.evidence import TargetEvidence

_IAM = "iam.googleapis.com"


class CallLogging(NamedTuple):
    """What is known about the log entries of one kind of call."""

    impersonating: bool
    on: bool | None = None  # according to the audit configurations; None if an unread one may enable it
    unread: tuple[str, ...] = ()  # the audit configurations that were not read: of the project, folder, organization
    own: frozenset[str] = frozenset()  # id and number of the project that would hold the entries, as far as known
    seen: frozenset[str] = frozenset()  # ids or numbers of projects whose entries for these calls were read

    @property
    def calls(self) -> str:
        """The calls, as the subject of a sentence."""
        return "Impersonations" if self.impersonating else "Exchanges"

    @property
    def writer(self) -> str:
        """The service that writes the entries."""
        return IAM_CREDENTIALS if self.impersonating else STS

    @property
    def switch(self) -> str:
        """The service for which the entries are enabled."""
        return _IAM if self.impersonating else STS

    @property
    def was_seen(self) -> bool:
        """Whether an entry for such a call in the target's own project was read."""
        return bool(self.own & self.seen)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Projects whose entries were read, if none of them can be the target's own project."""
        if not self.own or not self.seen or self.was_seen:
            return ()
        forms = {name.isdigit() for name in self.own}
        return tuple(sorted(self.seen)) if all(name.isdigit() in forms for name in self.seen) else ()


def call_logging(evidence: TargetEvidence, keys: Iterable[SignatureKey], *, impersonating: bool) -> CallLogging:
    """Return what is known about log entries for the target's calls. `keys` are those of all read attempts."""
    own = _own_project(evidence, impersonating=impersonating)
    seen = {_project_of(key) for key in keys if (key.step == "impersonate") == impersonating and key.cloud == "gcp"}
    service = _IAM if impersonating else STS
    on, unread = _switched_on(evidence, own, service)
    return CallLogging(impersonating, on, unread, own, frozenset(filter(None, seen)))


def _project_of(key: SignatureKey) -> str:
    if key.step == "impersonate":
        return project_of_account(key.service_account or "")
    return _project_in(key.provider or "")


def _project_in(name: str) -> str:
    """Return PROJECT of projects/PROJECT/…, an id or a number."""
    head, _, rest = full_name(name).partition("/")
    return rest.partition("/")[0] if head == "projects" else ""


def _own_project(evidence: TargetEvidence, *, impersonating: bool) -> frozenset[str]:
    """Return all known names of the project of the provider or service account."""
    target, gcp = evidence.target.gcp, evidence.gcp
    if impersonating:
        account = (target.service_account if target else None) or ""
        if not account and gcp is not None and isinstance(gcp.service_account, ServiceAccount):
            account = gcp.service_account.email or ""
        own = project_of_account(account)
    else:
        own = _project_in((target and (target.provider or target.audience)) or "")
        if not own and gcp is not None and isinstance(gcp.provider, GcpProvider):
            own = _project_in(gcp.provider.name or "")
    if not own:
        return frozenset()
    read = {gcp.project_id, gcp.project_number} - {None} if gcp is not None else set()
    return frozenset({own, *(filter(None, read) if own in read else ())})


def _switched_on(evidence: TargetEvidence, own: frozenset[str], service: str) -> tuple[bool | None, tuple[str, ...]]:
    """Return whether ADMIN_READ is enabled for the service, and the configurations that were not read."""
    gcp = evidence.gcp
    if gcp is None:
        return None, ("project", "folder", "organization")
    read_project = {gcp.project_id, gcp.project_number} - {None}
    of_another = bool(own and read_project and not own & read_project and _comparable(own, read_project))
    policies: dict[str, AllowPolicy | Missing] = {
        "project": Missing("gcp/project-policy.json", "of another project") if of_another else gcp.project_policy,
        "folder": gcp.folder_policy,
        "organization": gcp.organization_policy,
    }
    read = {name: policy for name, policy in policies.items() if not isinstance(policy, Missing)}
    if any(_is_on(policy.document.value, service) for policy in read.values()):
        return True, ()
    unread = tuple(name for name in policies if name not in read)
    return (None, unread) if unread else (False, ())


def switched_off(then: TargetEvidence, now: TargetEvidence) -> Iterator[LoggingOff]:
    """Yield the services whose Data Access logs a policy switched on then, and no longer does, though it was read."""
    for impersonating in (False, True):
        present = call_logging(now, (), impersonating=impersonating)
        if present.on:
            continue
        for place in ("project", "folder", "organization"):
            before, after = (getattr(evidence.gcp, f"{place}_policy", None) for evidence in (then, now))
            if place in present.unread or not isinstance(before, AllowPolicy) or not isinstance(after, AllowPolicy):
                continue
            if _is_on(before.document.value, present.switch) and not _is_on(after.document.value, present.switch):
                yield LoggingOff(
                    present.calls,
                    present.switch,
                    place,
                    present.on is False,
                    Side("ADMIN_READ", before.document.at("/auditConfigs")),
                    Side("(not switched on)", after.document.at()),
                )


def _comparable(own: frozenset[str], others: set[Any]) -> bool:
    """Whether both sides have a name of the same form: an id and a number may mean the same project."""
    return bool({name.isdigit() for name in own} & {str(name).isdigit() for name in others})


def _is_on(policy: Any, service: str) -> bool:
    """Whether auditConfigs enable ADMIN_READ for the service, with no exempted members [API reference, AuditConfig]."""
    configs = policy.get("auditConfigs") if isinstance(policy, dict) else None
    for config in configs if isinstance(configs, list) else ():
        if not isinstance(config, dict) or config.get("service") not in (service, "allServices"):
            continue
        kinds = config.get("auditLogConfigs")
        for kind in kinds if isinstance(kinds, list) else ():
            if isinstance(kind, dict) and kind.get("logType") == "ADMIN_READ" and not kind.get("exemptedMembers"):
                return True
    return False
