"""Every role of an AWS account, for --account."""

from __future__ import annotations

from oidc_doctor.live.aws.account import Account
from oidc_doctor.live.collect import Collector, Grant, Reader


class Roles(Account):
    """All roles of the AWS account."""

    def roles(self) -> Reader:
        """Their trust policies, as iam list-roles prints them."""
        path, call = self.path("roles.json"), "iam:ListRoles"

        def read(collector: Collector) -> None:
            self.require_own_account(collector)
            collector.save(path, call, {"Roles": self.listed(collector, "list_roles", "Roles")})

        return Reader(self.name("roles"), path, call, read, (self.name("caller"),), (Grant(call),))
