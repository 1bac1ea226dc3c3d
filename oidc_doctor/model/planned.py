"""A plan of Terraform or OpenTofu as it concerns one target: its changes, and the values that it leaves open."""

from __future__ import annotations

from typing import NamedTuple

from oidc_doctor.model.unknown_value import UnknownValue

PLACEHOLDER = "known after apply"  # in the text that stands for an open value: `<name, known after apply>`
FILE = "planned.json"  # in the folder of a target, and at the top for the plan as a whole


class PlannedChange(NamedTuple):
    """A change of a resource that the target relies on. Names come from the plan's author.

    `before` and `after` are the resource's identity in the cloud, such as an ARN, an issuer's host or an address of a
    service account; "" where it does not exist, or is known only after apply.
    """

    address: str  # as Terraform prints it: module.ci["a"].aws_iam_role.deploy[0]
    type: str  # aws_iam_role
    actions: tuple[str, ...]  # no-op, create, read, update, delete, or two of them in the order of the work
    place: str  # the file of the bundle that holds the resource, from the folder of its target: aws/role.json
    why: str = ""  # Terraform's action_reason: replace_because_cannot_update
    before: str = ""
    after: str = ""

    @property
    def is_replacement(self) -> bool:
        """Whether the plan deletes the resource and creates it again, in either order."""
        return "delete" in self.actions and "create" in self.actions

    @property
    def creates_first(self) -> bool:
        """Whether a replacement creates the new resource before it deletes the old one."""
        return self.actions[:1] == ("create",)

    @property
    def is_tainted(self) -> bool:
        """Whether the resource is replaced because it is marked as tainted."""
        return "tainted" in self.why

    @property
    def in_place(self) -> str:
        """The next step that changes the resource without replacing it, in a sentence."""
        if self.is_tainted:
            return "Untaint it, and plan again."
        if self.why == "replace_by_request":
            return "Plan again without -replace."
        return "Keep the argument that forces the replacement, which terraform show PLAN marks, and plan again."

    @property
    def is_deletion(self) -> bool:
        """Whether the resource is gone after apply."""
        return "delete" in self.actions and "create" not in self.actions


class PlanNote(NamedTuple):
    """A limit of the plan as evidence, in one line."""

    what: str  # the plan, or the address of a resource
    reason: str
    named: bool = False  # the plan lacks what was asked for, so that a report on it is not complete


class Planned(NamedTuple):
    """The part of a plan that is no document of a cloud."""

    changes: tuple[PlannedChange, ...] = ()
    unknown_values: tuple[UnknownValue, ...] = ()
    assumed: tuple[str, ...] = ()  # what the files assume of the plan's configuration, as clauses after "assumed:"
    notes: tuple[PlanNote, ...] = ()
