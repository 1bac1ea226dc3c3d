"""The projects of a plan's Google resources: their numbers, which names of pools contain, and their ids.

A plan has the number where a resource of the project exists, or where data "google_project" was read. Source:
hashicorp/google, Data Source google_project; Resources google_iam_workload_identity_pool and its provider.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.plans.gaps import Symbolic

if TYPE_CHECKING:
    from oidc_doctor.plans.plan import Plan, Resource

_NUMBERED = re.compile(r"projects/([0-9]{1,20})/")
_PROJECT = ("google_project",)
_CLIENT = "google_client_config"


class Projects:
    """The projects of a plan, by the `project` of a resource, or by the provider configuration that has the default."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers: dict[str, set[str]] = {}
        self._ids: dict[str, set[str]] = {}
        self._names: dict[str, str] = {}
        for resource in plan.resources.values():
            values = resource.after or resource.before
            if not resource.type.startswith("google_") or values is None or resource.doubt:
                continue
            project = _text(values.get("project_id")) or _text(values.get("project"))
            if resource.type == _CLIENT and _text(values.get("project")):
                self._ids.setdefault(self._default_of(resource), set()).add(values["project"])
            if resource.type in _PROJECT and project and _text(values.get("number")).isdecimal():
                self._numbers.setdefault(project, set()).add(values["number"])
            numbered = _NUMBERED.match(_text(values.get("name")))
            if numbered:
                self._numbers.setdefault(self.key_of(resource), set()).add(numbered[1])
                if _text(values.get("project")) and self._is_default(resource):
                    self._ids.setdefault(self._default_of(resource), set()).add(values["project"])

    def key_of(self, resource: Resource) -> str:
        """Return the project's id or number, or a key for the default project of the provider configuration."""
        project = _text(resource.values.get("project"))
        if project:
            return project
        default = self._default_of(resource)
        ids = self._ids.get(default, set())
        return next(iter(ids)) if len(ids) == 1 else default

    def number(self, resource: Resource) -> str:
        """Return the number of a resource's project, or its placeholder."""
        key = self.key_of(resource)
        if key.isdecimal():
            return key
        known = self._numbers.get(key, set())
        if len(known) == 1:
            return next(iter(known))
        if key not in self._names:
            count = len(self._names)
            self._names[key] = Symbolic(f"<project number{f' {count + 1}' if count else ''}, known after apply>")
        return self._names[key]

    def id(self, resource: Resource) -> str:
        """Return the id of a resource's project; "" if the plan does not show it."""
        key = self.key_of(resource)
        return "" if key.startswith(" ") or key.isdecimal() else key

    def _default_of(self, resource: Resource) -> str:
        block = self._plan.block_of(resource)
        return f" {block.provider if block and block.provider else resource.address}"

    def _is_default(self, resource: Resource) -> bool:
        """Whether a resource's own block leaves its project to the provider configuration."""
        block = self._plan.block_of(resource)
        return block is not None and "project" not in block.expressions


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
