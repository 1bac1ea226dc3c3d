"""The targets of the evidence, each with the cases that the report judges, and the one that an expectation names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.target_file import NAME
from oidc_doctor.documents.trust_policy import roles_of
from oidc_doctor.judge.aws.arns import federated
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import GcpProvider, Role, TargetEvidence

if TYPE_CHECKING:
    from oidc_doctor.documents.expect_file import Expectation
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.model.case import Case

_MOST_LISTED = 12


class TargetError(Exception):
    """An expectation names no target, or none of several. The message is one line for users."""


class ExpectTarget(NamedTuple):
    """A target, and its case for each cloud, with the evidence in force at the examined instant."""

    name: str
    evidence: TargetEvidence
    cases: tuple[Case, ...]
    judged: tuple[Judged, ...] = ()  # the exchanges of the report, for `--learn`

    @property
    def role(self) -> Role | None:
        """The role that was read."""
        aws = self.evidence.aws
        return aws.role if aws is not None and isinstance(aws.role, Role) else None

    @property
    def _provider(self) -> GcpProvider | None:
        gcp = self.evidence.gcp
        return gcp.provider if gcp is not None and isinstance(gcp.provider, GcpProvider) else None

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which an expectation may choose it: its own, and its resources'."""
        target, role, provider = self.evidence.target, self.role, self._provider
        names = [self.name, target.aws.role_arn if target.aws else None, role.arn if role else None]
        names += [target.gcp.provider if target.gcp else None, provider.name if provider else None]
        names += [role.name if role else None, target.gcp.service_account if target.gcp else None]
        if self.name == NAME:  # a file that names nothing is known by its own name
            names += [_stem(file) for cloud in ("aws", "gcp") if (file := self._file(cloud))]
        return tuple(dict.fromkeys(name for name in names if name))

    def shown_name(self, cloud: str) -> str:
        """Return the name for a reader; of a target without one, that of its file without the ending."""
        file = self._file(cloud) if self.name == NAME else ""
        return _stem(file) if file else self.name

    def narrowed(self, name: str) -> ExpectTarget:
        """Return the target with the cloud alone whose resource this name is; with both for any other name."""
        cases = tuple(case for case in self.cases if name in self._resources(case.cloud))
        return self._replace(cases=cases or self.cases) if name != self.name else self

    def _file(self, cloud: str) -> str:
        """Return the file of the role or the provider; "" if none was read."""
        role, provider = self.role, self._provider
        if cloud == "aws":
            return role.origin.file if role is not None else ""
        return provider.document.file if provider is not None else ""

    def _resources(self, cloud: str) -> tuple[str, ...]:
        target, role = self.evidence.target, self.role
        if cloud == "aws":
            names = (self.resource(cloud), role.arn if role else None, role.name if role else None)
            return tuple(filter(None, names))
        account = target.gcp.service_account if target.gcp else None
        return tuple(filter(None, (self.resource(cloud), account)))

    def resource(self, cloud: str) -> str:
        """Return the role ARN, or the provider's name; "" if the evidence has none."""
        target, role, provider = self.evidence.target, self.role, self._provider
        if cloud == "aws":
            return (target.aws.role_arn if target.aws else None) or (role.arn if role else None) or ""
        return (target.gcp.provider if target.gcp else None) or (provider.name if provider else None) or ""


def _stem(file: str) -> str:
    return os.path.splitext(os.path.basename(file))[0]


def targets_of(judged: Iterable[Judged]) -> list[ExpectTarget]:
    """Return the targets of judged exchanges by name, each with one case for each cloud."""
    by_name: dict[str, list[Judged]] = {}
    for exchange in judged:
        by_name.setdefault(exchange.evidence.target.name, []).append(exchange)
    return [
        ExpectTarget(name, exchanges[0].evidence, tuple(_cases(exchanges)), tuple(exchanges))
        for name, exchanges in sorted(by_name.items())
    ]


def further_roles(target: ExpectTarget) -> list[str]:
    """Return the ARNs of the other roles of the target's file, such as a list of roles, that trust an OIDC provider.

    None where the target itself names its role.
    """
    aws, named_role = target.evidence.aws, target.evidence.target.aws
    if aws is None:
        return []
    if not isinstance(aws.role, Role):
        listed = roles_of(aws.roles) if isinstance(aws.roles, Document) else []
        is_named = named_role is not None and named_role.role_arn is not None
        return [] if is_named else [role.arn for role in listed if role.arn and _trusts_a_provider(role)]
    named = target.evidence.target.origins.get("aws.role_arn")
    file = aws.role.origin.file
    if named is not None and named.file != file:
        return []
    others = [role for role in aws.near_roles if role.origin.file == file and role.arn != aws.role.arn]
    return list(dict.fromkeys(role.arn for role in others if role.arn and _trusts_a_provider(role)))


def trusts_a_provider(target: ExpectTarget) -> bool:
    """Whether the role of the target trusts an OIDC provider."""
    return target.role is not None and _trusts_a_provider(target.role)


def _trusts_a_provider(role: Role) -> bool:
    return not isinstance(role.trust_policy, Missing) and bool(list(federated(role.trust_policy.value)))


def _cases(exchanges: Sequence[Judged]) -> list[Case]:
    """Return a case for each cloud, without what was observed of the report's own token."""
    cases = {exchange.diagnosis.case.cloud: exchange.diagnosis.case for exchange in reversed(exchanges)}
    return [
        case._replace(
            readings=(),
            since_change=None,
            shown_passed=frozenset(),
            asks_access=False,
            refused_writes=(),
            evidence=case.evidence._replace(observed=(), tokens=()),
        )
        for _, case in sorted(cases.items())
    ]


def chosen(table: Expectation, targets: Sequence[ExpectTarget]) -> list[ExpectTarget]:
    """Return the targets that a table is about. Raises TargetError."""
    there_are = _listed(targets)
    if not targets:
        raise TargetError("the evidence has no trust policy, provider or plan to judge")
    if not table.target:
        if len(targets) == 1:
            return list(targets)
        raise TargetError(
            f"{table.at}: the evidence has {len(targets)} targets: add target = to the table, one of {there_are}"
        )
    found = [target for target in targets if table.target == target.name]
    found = found or [target.narrowed(table.target) for target in targets if table.target in target.names]
    if not found:
        from difflib import get_close_matches  # late: only for an error

        near = get_close_matches(table.target, [name for target in targets for name in target.names], n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise TargetError(
            f"{table.at}: target {table.target}: the evidence has no such target; it has {there_are}{meant}"
        )
    return found


def _listed(targets: Sequence[ExpectTarget]) -> str:
    names = [target.name if target.name != NAME or len(target.names) == 1 else target.names[1] for target in targets]
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return ", ".join(f"'{name}'" for name in names[:_MOST_LISTED]) + more
