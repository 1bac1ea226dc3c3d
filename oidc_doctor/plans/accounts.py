"""The account and partition in which a resource of AWS is, and ARNs of resources that have none yet.

A plan does not name the account of its credentials. The resources of one provider configuration are in one account, so
an ARN, or a data source aws_caller_identity, of the same configuration shows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.plans.gaps import Symbolic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.plans.plan import Plan, Resource

_OF_OWN_ACCOUNT = ("aws_iam_role", "aws_iam_openid_connect_provider", "aws_iam_policy", "aws_iam_user")
_ACCOUNT = re.compile(r"[0-9]{12}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")


class Accounts:
    """The accounts and partitions of a plan's provider configurations."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._accounts: dict[str, set[str]] = {}
        self._partitions: dict[str, set[str]] = {}
        for resource in plan.resources.values():
            if resource.type.startswith("aws_"):
                self._learn(resource)
        self._names: dict[str, str] = {}

    def _learn(self, resource: Resource) -> None:
        key = self.key_of(resource)
        for values in (resource.after, resource.before):
            if values is None or resource.doubt:
                continue
            if resource.type == "aws_caller_identity" and _is_account(values.get("account_id")):
                self._accounts.setdefault(key, set()).add(values["account_id"])
            if resource.type == "aws_partition" and isinstance(values.get("partition"), str):
                self._partitions.setdefault(key, set()).add(values["partition"])
            arn = values.get("arn")
            fields = arn.split(":", ARN_FIELDS - 1) if isinstance(arn, str) else []
            is_own = resource.type in (*_OF_OWN_ACCOUNT, "aws_caller_identity")
            if is_own and len(fields) == ARN_FIELDS and _is_account(fields[4]):
                self._accounts.setdefault(key, set()).add(fields[4])
                self._partitions.setdefault(key, set()).add(fields[1])

    def key_of(self, resource: Resource) -> str:
        """Return the provider configuration of a resource; its own address where the plan does not say which."""
        block = self._plan.block_of(resource)
        return block.provider if block and block.provider else f" {resource.address}"

    def account(self, resource: Resource) -> str:
        """Return the account, or the placeholder of the resource's provider configuration."""
        key = self.key_of(resource)
        known = self._accounts.get(key, set())
        if len(known) == 1:
            return next(iter(known))
        if key not in self._names:
            name = _NOT_PLAIN.sub("-", key.strip())[:60]
            is_first = not self._names
            self._names[key] = (
                "<account, known after apply>"
                if is_first
                else (f"<account of {name} ({len(self._names) + 1}), known after apply>")
            )
        return self._names[key]

    def is_known(self, resource: Resource) -> bool:
        """Whether the plan shows the account."""
        return len(self._accounts.get(self.key_of(resource), ())) == 1

    def share_account(self, resource: Resource, other: Resource) -> bool:
        """Whether two resources are in the same account, or in accounts that the plan shows."""
        return self.key_of(resource) == self.key_of(other) or (self.is_known(resource) and self.is_known(other))

    def arn(self, resource: Resource, kind: str, name: str) -> str:
        """Return the ARN that an IAM resource has or will have: `kind` is role, `name` has its path."""
        values = resource.values
        arn = values.get("arn")
        if isinstance(arn, str) and arn:
            return arn
        partitions = self._partitions.get(self.key_of(resource), set())
        partition = next(iter(partitions)) if len(partitions) == 1 else "aws"
        return Symbolic(f"arn:{partition}:iam::{self.account(resource)}:{kind}{name}")


def issuer_of(url: str) -> str:
    """Return the issuer as IAM keeps it: without scheme, and without the port 443, which it drops (measured)."""
    host, slash, path = url.removeprefix("https://").partition("/")
    return f"{host.removesuffix(':443')}{slash}{path}"


def has_issuer(principal: str) -> bool:
    """Whether a Federated principal names its issuer: built in, or by an ARN whose issuer is known."""
    issuer = principal.partition(":oidc-provider/")[2]
    return not has_placeholder(issuer or principal) and (bool(issuer) or ":" not in principal)


def may_be_named(arn: str | None, principals: Iterable[str]) -> bool:
    """Whether one of the principals may be the provider with this ARN; accounts that are not known may be equal."""
    if arn is None:
        return True
    account, _, issuer = arn.partition(":oidc-provider/")
    for principal in principals:
        other, _, named = principal.partition(":oidc-provider/")
        if named == issuer and (other == account or has_placeholder(other) or has_placeholder(account)):
            return True
    return False


def _is_account(value: object) -> bool:
    return isinstance(value, str) and _ACCOUNT.fullmatch(value) is not None
