"""A value of a plan that is known only after apply."""

from __future__ import annotations

from typing import NamedTuple


class UnknownValue(NamedTuple):
    """A leaf that a plan leaves open, and the document of the evidence that it would have been a part of."""

    address: str  # of the resource, as Terraform prints it: module.ci["a"].aws_iam_role.deploy[0]
    attribute: str  # path in the resource: assume_role_policy, statement[0].principals[0].identifiers[0]
    settled_by: str  # what would make it known, in one sentence that can be followed as it stands
    place: str  # the file of the bundle that lacks it, from the folder of its target: aws/role.json
    text: str = ""  # the placeholder that stands for it in that file; "" where the plan leaves the whole file open
    why: str = "known only after apply"  # or that the plan marks it sensitive, or has it in no form that can be read

    @property
    def name(self) -> str:
        """The value by its resource: `aws_iam_role.deploy: assume_role_policy`."""
        return f"{self.address}: {self.attribute}" if self.attribute else self.address

    @property
    def sentence(self) -> str:
        """What makes it known, and which value that is."""
        return f"{self.settled_by} {self.name} is {self.why}."


# The files of a bundle whose open values leave a step open.
DECIDING_FILES = {
    "provider": ("aws/oidc-provider.json",),
    "audience": ("aws/oidc-provider.json", "gcp/provider.json"),
    "authorise": ("aws/role.json",),
    "target": ("gcp/provider.json", "gcp/pool.json"),
    "issuer": ("gcp/provider.json",),
    "condition": ("gcp/provider.json",),
    "mapping": ("gcp/provider.json",),
    "impersonate": ("gcp/service-account-policy.json", "gcp/service-account.json", "gcp/project-policy.json"),
}
