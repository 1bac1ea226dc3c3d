"""The files of one target of a plan, and what the plan leaves open in them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle import contract
from oidc_doctor.documents.planned import to_json
from oidc_doctor.documents.target_file import to_toml
from oidc_doctor.model.limits import PLAN_UNKNOWN
from oidc_doctor.model.planned import FILE as PLANNED
from oidc_doctor.model.planned import Planned, PlannedChange, PlanNote
from oidc_doctor.model.unknown_value import UnknownValue
from oidc_doctor.plans.masked import Open
from oidc_doctor.plans.words import reason, settled_by

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import Target
    from oidc_doctor.plans.gaps import Gaps, OpenValue
    from oidc_doctor.plans.plan import Plan, Resource

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_FOLDER = 80


class TargetFiles:
    """Collects the files of a target, by their paths below its folder. A value may have open parts."""

    def __init__(self, target: Target, plan: Plan, gaps: Gaps) -> None:
        self.target = target
        self.files: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.reads: list[dict[str, Any]] = []
        self.unknown: list[UnknownValue] = []
        self.changes: list[PlannedChange] = []
        self.assumed: list[str] = []
        self.notes: list[PlanNote] = []
        self._plan = plan
        self._gaps = gaps

    def put(
        self,
        path: str,
        value: Any,
        resource: Resource,
        shown: str = "",
        *,
        earlier: bool = False,
        named: bool = True,
    ) -> Any:
        """Write a file of one resource, and return its content.

        Its open parts become placeholders, which are `named` as unknown.
        """
        filled, opened = self._gaps.filled(value, resource.address)
        place = (contract.EARLIER if earlier else "") + path
        self.files[place] = json.dumps(filled, ensure_ascii=False)
        self.shown[place] = shown or resource.address
        if named and not earlier:
            self.name_open(opened, resource, path)
        return filled

    def name_open(self, opened: list[OpenValue], resource: Resource, path: str) -> None:
        """Record the open parts of a file, and what settles each."""
        self.unknown += [
            UnknownValue(
                part.address,
                part.value.path,
                settled_by(self._plan, resource, part.value),
                path,
                part.text,
                reason(part.value),
            )
            for part in opened
        ]

    def put_all(self, path: str, values: list[tuple[Resource, Any]]) -> None:
        """Write a file that lists several resources; of one, the resource alone."""
        filled = [self.put(path, value, resource) for resource, value in values]
        if len(filled) > 1:
            self.files[path] = json.dumps(filled, ensure_ascii=False)
            self.shown[path] = ", ".join(resource.address for resource, _ in values)

    def put_bindings(self, path: str, bindings: list[tuple[Resource, dict[str, Any]]], shown: str) -> None:
        """Write an allow policy, of which each binding is that of a resource."""
        listed = []
        for resource, binding in bindings:
            filled, opened = self._gaps.filled(binding, resource.address)
            self.name_open(opened, resource, path)
            listed.append(filled)
        self.files[path] = json.dumps({"bindings": listed}, ensure_ascii=False)
        self.shown[path] = f"members of {shown}"

    def name_unknown(self, resource: Resource, value: Open | None, path: str) -> None:
        """Record an open value that has no placeholder in the file, which leaves its member out."""
        if value is not None:
            settled = settled_by(self._plan, resource, value)
            self.unknown.append(UnknownValue(resource.address, value.path, settled, path, why=reason(value)))

    def leave_open(self, path: str, resource: Resource, value: Open) -> None:
        """Record that the plan leaves a whole file open, and why."""
        self.name_unknown(resource, value, path)
        message = f"{resource.address}: {value.path} is {reason(value)}. {self.unknown[-1].settled_by}"
        self.reads.append({"path": path, "outcome": "failed", "message": message})

    def leave_out(self, path: str, resource: Resource) -> None:
        """Record that the plan's account of a resource is not used."""
        value = Open("its entry", "shape")
        self.unknown.append(
            UnknownValue(resource.address, "", settled_by(self._plan, resource, value), path, why=resource.doubt)
        )
        self.reads.append({"path": path, "outcome": "failed", "message": f"{resource.address}: {resource.doubt}"})

    def delete(self, path: str, address: str) -> None:
        """Record that the resource of a file is gone after apply."""
        self.reads.append({"path": path, "outcome": "not_found", "message": f"the plan deletes {address}"})

    def written(self, folder: str) -> dict[str, str]:
        """Return the texts of the files by their paths in the bundle."""
        if len(self.unknown) > PLAN_UNKNOWN.most:
            more = len(self.unknown) - PLAN_UNKNOWN.most
            self.notes.append(PlanNote(self.target.name, f"{more:,} more values are known only after apply"))
        planned = Planned(
            tuple(self.changes), tuple(self.unknown[: PLAN_UNKNOWN.most]), tuple(self.assumed), tuple(self.notes)
        )
        texts = {**self.files, PLANNED: to_json(planned), contract.TARGET_FILE: to_toml(self.target)}
        return {f"{folder}{path}": text for path, text in texts.items()}


def folder_of(address: str, taken: set[str]) -> str:
    """Return a folder's name for a target, which no other target of the plan has."""
    name = _NOT_PLAIN.sub("-", address).strip("-.")[:_LONGEST_FOLDER] or "target"
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique)
    return unique
