"""Derive targets from logs: each role and provider of logged attempts, if no other evidence names a target.

An impersonation without its exchange names only the service account. Values come from the events: a role's ARN
as the caller sent it, a provider's full name as Google wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.logs.records.gcp_audit import full_name
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, TargetAws, TargetGcp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.document import Origin
    from oidc_doctor.model.events import Attempt, Signature
    from oidc_doctor.model.evidence import Snapshot, TargetEvidence
    from oidc_doctor.model.steps import Cloud

MOST_TARGETS = 20


def with_logged_targets(snapshot: Snapshot, logged: Sequence[Signature]) -> tuple[Snapshot, list[str]]:
    """Return the snapshot with a target for each role and provider in the logs, and a warning for those beyond a bound.

    Targets whose newest attempt was refused come first. Nothing is added if the evidence names a role, a provider or a
    service account: then the user did not ask about others.
    """
    if len(snapshot.targets) != 1:
        return snapshot, []
    (evidence,) = snapshot.targets
    clouds: tuple[Cloud, ...] = ("aws", "gcp")
    unnamed = {cloud for cloud in clouds if not _is_named(evidence, cloud)}
    signatures = [signature for signature in logged if signature.sample.cloud in unnamed]
    subjects = {token.subject for token in evidence.tokens if token.subject}
    own = [signature for signature in signatures if signature.sample.subject in subjects]
    by_target: dict[tuple[Cloud, str], list[Signature]] = {}
    for signature in own or signatures:
        name = _name_of(signature.sample)
        if name:
            by_target.setdefault((signature.sample.cloud, name), []).append(signature)
    of_providers = {signature.sample.service_account for listed in by_target.values() for signature in listed}
    for signature in own or signatures:  # impersonations without an exchange, of accounts that no exchange led to
        account = signature.sample.service_account
        if account and not _name_of(signature.sample) and account not in of_providers:
            by_target.setdefault(("gcp", account), []).append(signature)
    by_account = {key: listed for item in by_target.items() for key, listed in _by_account(*item).items()}
    ordered = sorted(
        by_account.items(), key=lambda item: (item[1][0].sample.outcome != "refused", -item[1][0].last_seen)
    )
    targets = [
        _target(evidence, cloud, name, of_it, account) for (cloud, name, account), of_it in ordered[:MOST_TARGETS]
    ]
    if not targets:
        return snapshot, []
    left = list(dict.fromkeys(name for (_, name, _), _ in ordered[MOST_TARGETS:]))
    warning = f"{len(left)} more roles and providers occur in the logs, and are not judged: {', '.join(left)}"
    return snapshot._replace(targets=_distinct(targets)), [warning] if left else []


def _by_account(key: tuple[Cloud, str], signatures: list[Signature]) -> dict[tuple[Cloud, str, str], list[Signature]]:
    """Return a role's or provider's signatures, separately per service account if a provider leads to several."""
    cloud, name = key
    accounts = list(dict.fromkeys(account for signature in signatures if (account := signature.sample.service_account)))
    if cloud == "aws" or len(accounts) < 2:  # noqa: PLR2004 - several
        return {(cloud, name, ""): signatures}
    exchanges = [signature for signature in signatures if signature.sample.service_account is None]
    return {
        (cloud, name, account): [
            *(signature for signature in signatures if signature.sample.service_account == account),
            *exchanges,
        ]
        for account in accounts
    }


def _is_named(evidence: TargetEvidence, cloud: Cloud) -> bool:
    """Whether evidence other than logs names the resource of the exchange with this cloud."""
    target, aws, gcp = evidence.target, evidence.aws, evidence.gcp
    if cloud == "aws":
        read = aws is not None and (isinstance(aws.role, Role) or isinstance(aws.provider, AwsOidcProvider))
        return read or (target.aws is not None and target.aws.role_arn is not None)
    read = gcp is not None and isinstance(gcp.provider, GcpProvider)
    asked = target.gcp or TargetGcp()
    return read or bool(asked.provider or asked.audience or asked.service_account)


def _name_of(attempt: Attempt) -> str:
    """Return the requested role or provider; an impersonation belongs to its exchange's provider."""
    return (attempt.target if attempt.cloud == "aws" else full_name(attempt.provider or "")) or ""


def _target(
    evidence: TargetEvidence, cloud: Cloud, name: str, signatures: Sequence[Signature], of_account: str
) -> TargetEvidence:
    """Return the target for a role or provider. `of_account`: the service account if the provider leads to several."""
    newest = signatures[0].sample
    at = _of_event(newest)
    target = evidence.target
    short = name.rpartition("/")[2] or name
    short += f"-{of_account.partition('@')[0]}" if of_account else ""
    if cloud == "aws":
        request = (target.aws or TargetAws())._replace(role_arn=name)
        origins = {**target.origins, "aws.role_arn": at}
        return evidence._replace(target=target._replace(name=short, aws=request, gcp=None, origins=origins), gcp=None)
    if newest.cloud == "gcp" and name == newest.service_account:
        origins = {**target.origins, "gcp.service_account": at}
        asked = (target.gcp or TargetGcp())._replace(service_account=name)
        return evidence._replace(target=target._replace(name=short, aws=None, gcp=asked, origins=origins), aws=None)
    origins = {**target.origins, "gcp.provider": at}
    impersonation = next((signature.sample for signature in signatures if signature.sample.service_account), None)
    if impersonation is not None:
        origins["gcp.service_account"] = _of_event(impersonation)
    account = impersonation.service_account if impersonation is not None else None
    of_google = (target.gcp or TargetGcp())._replace(provider=name, service_account=account)
    return evidence._replace(target=target._replace(name=short, aws=None, gcp=of_google, origins=origins), aws=None)


def _of_event(attempt: Attempt) -> Origin:
    return attempt.origin._replace(event_id=attempt.event_id)


def _distinct(targets: Sequence[TargetEvidence]) -> tuple[TargetEvidence, ...]:
    """Give the targets unique names: roles in two accounts may share a name."""
    taken: dict[str, int] = {}
    distinct = []
    for evidence in targets:
        name = evidence.target.name
        taken[name] = taken.get(name, 0) + 1
        number = f"-{taken[name]}" if taken[name] > 1 else ""
        distinct.append(evidence._replace(target=evidence.target._replace(name=name + number)))
    return tuple(distinct)
