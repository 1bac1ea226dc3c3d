"""Match a change to the targets of the evidence, by the names of roles, providers, pools and service accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle.choose import same_name
from oidc_doctor.examine.proposed.account import same_but_account
from oidc_doctor.examine.proposed.lay import ChangeError
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AwsOidcProvider, GcpPool, GcpProvider, Role, ServiceAccount
from oidc_doctor.model.placeholder import may_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from oidc_doctor.model.evidence import AwsEvidence, GcpEvidence, TargetEvidence
    from oidc_doctor.model.steps import Cloud


class Change(NamedTuple):
    """A file of the user with the evidence in it: one target, or the targets of a plan or a folder."""

    file: str
    targets: tuple[TargetEvidence, ...]
    notes: tuple[str, ...] = ()  # limits of the change as evidence


class Match(NamedTuple):
    """What a change has for one target and cloud: its evidence is laid over the target's."""

    file: str
    cloud: Cloud
    target: str  # of the evidence
    evidence: TargetEvidence


def match(change: Change, targets: Sequence[TargetEvidence]) -> list[Match]:
    """Return what the change has for each target. Raises ChangeError if it has nothing for any, or says not for which.

    A file without a name of its own, such as a trust policy alone, needs evidence with one role or service account.
    """
    matches: list[Match] = []
    names: list[str] = []
    for part in change.targets:
        for cloud in _clouds_of(part):
            of_cloud = [one for one in targets if _side(one, cloud) is not None]
            found = _aws(change, part, of_cloud) if cloud == "aws" else _gcp(change, part, of_cloud)
            matches += [Match(change.file, cloud, one.target.name, _without(part, cloud)) for one in found]
            names += _names(part, cloud)
        if _has_issuer(part) and not any(_side(part, cloud) is not None for cloud in ("aws", "gcp")):
            matches += [
                Match(change.file, cloud, one.target.name, part)
                for one in targets
                for cloud in ("aws", "gcp")
                if _side(one, cloud) is not None
            ]
    if not matches:
        known = list(dict.fromkeys(name for one in targets for cloud in ("aws", "gcp") for name in _names(one, cloud)))
        about = f"is about {_listed(names)}" if names else "names no role and no provider"
        add = "add the present document, which the change replaces"
        has = (
            f"the evidence is about {_listed(known)}" if known else f"the evidence names no role and no provider: {add}"
        )
        message = f"{change.file} {about}; {has}"
        raise ChangeError(message)
    return matches


_MOST = 6  # names in a message


def _listed(names: Iterable[str]) -> str:
    different = list(dict.fromkeys(names))
    more = f" and {len(different) - _MOST} more" if len(different) > _MOST else ""
    return ", ".join(different[:_MOST]) + more


def _side(evidence: TargetEvidence, cloud: str) -> AwsEvidence | GcpEvidence | None:
    return evidence.aws if cloud == "aws" else evidence.gcp


def _clouds_of(part: TargetEvidence) -> list[Cloud]:
    clouds: list[Cloud] = []
    if part.aws is not None:
        clouds.append("aws")
    if part.gcp is not None:
        clouds.append("gcp")
    return clouds


def _without(part: TargetEvidence, cloud: Cloud) -> TargetEvidence:
    """Return the part without the other cloud, which is matched on its own."""
    return part._replace(gcp=None) if cloud == "aws" else part._replace(aws=None)


def _has_issuer(part: TargetEvidence) -> bool:
    return any(isinstance(document, Document) for document in (part.issuer.jwks, part.issuer.discovery))


def _names(evidence: TargetEvidence, cloud: str) -> list[str]:
    """Return the name by which a target is known: the role's ARN, the provider's name; empty without one."""
    names: list[str | None] = []
    if cloud == "aws" and evidence.aws is not None:
        role, provider = evidence.aws.role, evidence.aws.provider
        names = [_arn(evidence), role.name if isinstance(role, Role) else None, _named_by_policy(evidence.aws)]
        names += [f"the OIDC provider {provider.url}"] if isinstance(provider, AwsOidcProvider) else []
    if cloud == "gcp" and evidence.gcp is not None:
        pool, account = evidence.gcp.pool, evidence.gcp.service_account
        names = [_provider(evidence), pool.name if isinstance(pool, GcpPool) else None, _account(evidence)]
        names += [account.email] if isinstance(account, ServiceAccount) else []
    return [name for name in names if name][:1]


# --- AWS


def _arn(evidence: TargetEvidence) -> str | None:
    role = evidence.aws.role if evidence.aws is not None else None
    stated = evidence.target.aws.role_arn if evidence.target.aws is not None else None
    return stated or (role.arn if isinstance(role, Role) else None)


def _aws(change: Change, part: TargetEvidence, targets: Sequence[TargetEvidence]) -> list[TargetEvidence]:
    aws = part.aws
    if aws is None:
        return []
    role = aws.role
    arn = (role.arn if isinstance(role, Role) else None) or (part.target.aws.role_arn if part.target.aws else None)
    name = (role.name if isinstance(role, Role) else None) or _named_by_policy(aws)
    if arn:
        if targets and not any(map(_arn, targets)):  # trust policies alone
            return _single(change, targets, _arn, "role")
        return _only(change, arn, [one for one in targets if _is_role(_arn(one), arn)])
    if name:
        named = [one for one in targets if (_arn(one) or "").rpartition("/")[2] == name]
        return _only(change, name, named)
    if isinstance(role, Role) or any(_documents(aws)):
        return _single(change, targets, _arn, "role")
    if isinstance(aws.provider, AwsOidcProvider):
        return [one for one in targets if _uses_provider(one, aws.provider)]
    return []


def _is_role(present: str | None, changed: str) -> bool:
    """Whether the ARNs are of one role: of a plan, the account may be a placeholder."""
    return present is not None and same_but_account(present, changed)


def _only(change: Change, what: str, found: list[TargetEvidence]) -> list[TargetEvidence]:
    """Refuse a change that may be about several roles: the account of its ARN is not known."""
    arns = list(dict.fromkeys(_arn(one) or "" for one in found))
    if len(arns) > 1:
        message = f"{change.file}: {what} may be any of {_listed(arns)}; use the evidence of one account"
        raise ChangeError(message)
    return found


def _named_by_policy(aws: AwsEvidence) -> str | None:
    """Return the role that `aws iam get-role-policy` names next to the policy."""
    return next((name for document in _documents(aws) if (name := document.in_answer("RoleName"))), None)


def _documents(aws: AwsEvidence) -> Iterator[Document]:
    for documents in (*aws.documents.values(), aws.rcps, (aws.attached_policies,)):
        yield from (document for document in documents if isinstance(document, Document))


def _uses_provider(evidence: TargetEvidence, provider: AwsOidcProvider) -> bool:
    """Whether the target's tokens come through this OIDC provider, which is in the role's account."""
    own, other = account_of(_arn(evidence) or ""), account_of(provider.arn or "")
    if own and other and may_equal(own, other) is False:
        return False
    aws = evidence.aws
    read = aws.provider if aws is not None else None
    issuers = [read.url] if isinstance(read, AwsOidcProvider) else []
    issuers += [evidence.target.issuer or ""]
    issuers += [str(token.claims.get("iss") or "") for token in evidence.tokens]
    return any(may_equal(one.removeprefix("https://"), provider.url) is not False for one in issuers if one)


def _single(
    change: Change, targets: Sequence[TargetEvidence], name_of: Callable[[TargetEvidence], str | None], what: str
) -> list[TargetEvidence]:
    """Return the targets if they are one role or service account. Raises ChangeError otherwise, with the names."""
    names = list(dict.fromkeys(name_of(one) or one.target.name for one in targets))
    if len(names) > 1:
        message = (
            f"{change.file} names no {what}, and the evidence is about {len(names)}: {_listed(names)}; "
            f"use a file that names its {what}, or evidence of one target"
        )
        raise ChangeError(message)
    return list(targets)


# --- Google Cloud


def _gcp(change: Change, part: TargetEvidence, targets: Sequence[TargetEvidence]) -> list[TargetEvidence]:
    gcp = part.gcp
    if gcp is None:
        return []
    provider = gcp.provider.name if isinstance(gcp.provider, GcpProvider) else None
    pool = gcp.pool.name if isinstance(gcp.pool, GcpPool) else None
    account = gcp.service_account.email if isinstance(gcp.service_account, ServiceAccount) else None
    account = account or (part.target.gcp.service_account if part.target.gcp is not None else None)
    if provider:
        found = [one for one in targets if same_name(_provider(one) or provider, provider)]
        return [one for one in found if _is_account(_account(one), account)]
    if isinstance(gcp.provider, GcpProvider):
        return _single(change, targets, _provider, "provider")
    if pool:
        return [one for one in targets if _in_pool(_provider(one), pool)]
    if account:
        return [one for one in targets if _is_account(_account(one), account)]
    return _single(change, targets, lambda one: _account(one) or _provider(one), "service account")


def _provider(evidence: TargetEvidence) -> str | None:
    read = evidence.gcp.provider if evidence.gcp is not None else None
    stated = evidence.target.gcp.provider if evidence.target.gcp is not None else None
    return stated or (read.name if isinstance(read, GcpProvider) else None)


def _account(evidence: TargetEvidence) -> str | None:
    return evidence.target.gcp.service_account if evidence.target.gcp is not None else None


def _is_account(present: str | None, changed: str | None) -> bool:
    return not present or not changed or may_equal(present, changed) is not False


def _in_pool(provider: str | None, pool: str) -> bool:
    return provider is None or same_name(provider.partition("/providers/")[0], pool)
