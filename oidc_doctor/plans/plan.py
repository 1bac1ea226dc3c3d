"""A plan's JSON → its resources, and their configuration.

Source: Terraform, JSON Output Format (Plan, State and Configuration Representation). OpenTofu writes the same form.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.documents.json_text import DEEPEST, levels
from oidc_doctor.model.limits import PLAN_FILE, PLAN_RESOURCES
from oidc_doctor.model.planned import PlanNote
from oidc_doctor.plans.addresses import Key, Module, read_module
from oidc_doctor.plans.configuration import Configuration, ConfiguredResource, ModuleNames
from oidc_doctor.plans.masked import TWICE, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.document import Json

_FORGET = ("forget",)  # a `removed` block: the resource stays in the cloud
_KNOWN_ACTIONS = frozenset(
    (("no-op",), ("create",), ("read",), ("update",), ("delete",), ("delete", "create"), ("create", "delete"), _FORGET)
)
_DOUBTS = {
    "twice": "the plan has two entries for this address",
    "actions": "the plan's actions for it are none that Terraform has",
    "shape": "its entry in the plan does not have the form of a resource",
}
_READ = re.compile(r"[01]\.[0-9]{1,4}")  # versions of the format; a minor version adds members only


class Resource(NamedTuple):
    """An instance of a resource or a data source. `before` and `after` are its values, None where it does not exist.

    An open value is an `Open`. `doubt` says why the plan's account of the resource is not used.
    """

    address: str
    module: Module
    mode: str  # managed or data
    type: str
    name: str
    key: Key
    actions: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    why: str = ""
    doubt: str = ""

    @property
    def config_name(self) -> str:
        """The name in the configuration of its module: `data.aws_iam_policy_document.trust`."""
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"

    @property
    def values(self) -> dict[str, Any]:
        """Its values after apply, or those before of one that is gone then; none where neither is known."""
        return self.after or self.before or {}

    @property
    def is_changed(self) -> bool:
        """Whether the plan changes it."""
        return self.actions not in (("no-op",), ("read",), _FORGET)


class Plan:
    """A plan, or a state in the same form. `notes` say what it lacks as evidence."""

    def __init__(
        self, resources: list[Resource], configuration: Configuration, notes: list[PlanNote], label: str
    ) -> None:
        self.label = label
        self.configuration = configuration
        self.notes = notes
        self.resources: dict[str, Resource] = {}
        for resource in resources:
            twice = resource.address in self.resources
            self.resources[resource.address] = resource._replace(doubt=_DOUBTS["twice"]) if twice else resource
        self._by_name: dict[tuple[Module, str], list[Resource]] = {}
        self._by_type: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.resources.values():
            self._by_name.setdefault((resource.module, resource.config_name), []).append(resource)
            self._by_type.setdefault((resource.mode, resource.type), []).append(resource)

    def block_of(self, resource: Resource) -> ConfiguredResource | None:
        """Return the block of a resource in the configuration; None if there is none, or more than one."""
        return self.configuration.resource(names_of(resource.module), resource.config_name)

    def expression_of(self, resource: Resource, attribute: str) -> Json:
        """Return the expression that gives an attribute its value; None where the plan shows none."""
        block = self.block_of(resource)
        return block.expressions.get(attribute) if block else None

    def instances(self, module: Module, config_name: str) -> list[Resource]:
        """Return the instances of a resource in a module's instance."""
        return self._by_name.get((module, config_name), [])

    def of_type(self, *types: str, mode: str = "managed") -> list[Resource]:
        """Return the resources of these types, each in the order of the plan."""
        return [resource for type_ in types for resource in self._by_type.get((mode, type_), ())]


def names_of(module: Module) -> ModuleNames:
    """Return the path of a module without the keys of instances."""
    return tuple(step.name for step in module)


def read_plan(text: str, label: str) -> Plan:
    """Read the JSON of a plan or a state. Raises BundleError for a text that is neither."""
    top = _load(text, label)
    version = top.get("format_version")
    values = top.get("values")
    listed = top.get("resource_changes")
    if not isinstance(version, str) or not any(
        isinstance(part, dict | list) for part in (values, listed, top.get("planned_values"))
    ):
        message = f"{label}: no plan: it has no format_version, or no resource_changes and no planned_values"
        raise BundleError(message)
    notes = list(_notes(top, label, version))
    resources = [resource for entry in _listed(listed) if (resource := _change(entry)) is not None]
    seen = {resource.address for resource in resources}
    prior = values if listed is None and isinstance(values, dict) else _box(top.get("prior_state")).get("values")
    resources += [resource for resource in _state(prior) if resource.address not in seen]
    seen = {resource.address for resource in resources}
    if len(resources) > PLAN_RESOURCES.most:
        message = f"{label}: {PLAN_RESOURCES.exceeded_by(len(resources))}"
        raise BundleError(message)
    planned_alone = [part.address for part in _state(_box(top.get("planned_values"))) if part.address not in seen]
    notes += [
        PlanNote(
            address, "it is in planned_values alone, where an absent and an unknown value look alike: not read", True
        )
        for address in planned_alone[:_MOST_NAMED]
    ]
    if len(planned_alone) > _MOST_NAMED:
        notes.append(PlanNote(label, f"{len(planned_alone) - _MOST_NAMED:,} more are in planned_values alone", True))
    return Plan(resources, Configuration(top.get("configuration")), notes, label)


_MOST_NAMED = 20


def _load(text: str, label: str) -> dict[str, Any]:
    """Parse the text; a member that an object has twice becomes TWICE. Raises BundleError."""
    if len(text) > PLAN_FILE.most:
        message = f"{label}: {PLAN_FILE.exceeded_by(len(text))}"
        raise BundleError(message)

    def pairs(members: list[tuple[str, Json]]) -> dict[str, Any]:
        value: dict[str, Any] = dict(members)
        if len(value) != len(members):
            names: set[str] = set()
            for name, _ in members:
                if name in names:
                    value[name] = TWICE
                names.add(name)
        return value

    try:
        top = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        message = f"{label}: line {error.lineno} column {error.colno}: not JSON"
        raise BundleError(message) from None
    except RecursionError:
        message = f"{label}: nested more than {DEEPEST} levels deep"
        raise BundleError(message) from None
    except ValueError:
        message = f"{label}: a number in it is too long to be read"
        raise BundleError(message) from None
    if levels(top) > DEEPEST:  # it is walked by recursion
        message = f"{label}: nested more than {DEEPEST} levels deep"
        raise BundleError(message)
    if not isinstance(top, dict):
        message = f"{label}: no plan: its JSON is no object"
        raise BundleError(message)
    return top


def _notes(top: dict[str, Any], label: str, version: str) -> Iterator[PlanNote]:
    if not _READ.fullmatch(version):
        yield PlanNote(
            label, f"its format_version is {version[:20]}, newer than 1.x: a part of it may be misread", True
        )
    if top.get("errored") not in (None, False):
        yield PlanNote(label, "planning ended with an error (errored), so that the plan lacks changes", True)
    if top.get("complete") not in (None, True):
        yield PlanNote(
            label,
            "the plan is not complete (complete is false), as with -target: what it does not list may change as well",
            True,
        )


def _change(entry: Json) -> Resource | None:
    """Return a resource of `resource_changes`; None for a deposed object, and for an entry without an address."""
    if not isinstance(entry, dict) or entry.get("deposed"):
        return None
    address = entry.get("address")
    if not isinstance(address, str) or not address:
        return None
    change = _box(entry.get("change"))
    listed = change.get("actions")
    actions = tuple(action for action in listed if isinstance(action, str)) if isinstance(listed, list) else ()
    why = entry.get("action_reason")
    resource = _resource(entry, address, actions, why if isinstance(why, str) else "")
    if resource.doubt:
        return resource
    if actions not in _KNOWN_ACTIONS or len(actions) != len(_listed(listed)):
        return resource._replace(doubt=_DOUBTS["actions"])
    before = masked(change.get("before"), None, change.get("before_sensitive"))
    after = masked(change.get("after"), change.get("after_unknown"), change.get("after_sensitive"))
    if actions == _FORGET and after is None:
        after = before
    is_created, is_deleted = "create" in actions, "delete" in actions
    exists_before, exists_after = before is not None, after is not None
    if (
        (before is not None and not isinstance(before, dict))
        or (after is not None and not isinstance(after, dict))
        or exists_after != (is_created or not is_deleted)
        or (resource.mode == "managed" and exists_before != (is_deleted or not is_created))
    ):
        return resource._replace(doubt=_DOUBTS["shape"])
    return resource._replace(before=before, after=after)


def _state(values: Json) -> Iterator[Resource]:
    """Yield the resources of `prior_state.values`, `planned_values` or a state's `values`, child modules included."""
    waiting = [_box(_box(values).get("root_module"))]
    while waiting:
        module = waiting.pop()
        for entry in _listed(module.get("resources")):
            address = entry.get("address") if isinstance(entry, dict) else None
            if not isinstance(address, str) or not address or entry.get("deposed_key"):
                continue
            in_module = entry if "module_address" in entry else entry | {"module_address": module.get("address")}
            resource = _resource(in_module, address, ("no-op",), "")
            known = masked(entry.get("values"), None, entry.get("sensitive_values"))
            if not isinstance(known, dict):
                resource = resource._replace(doubt=resource.doubt or _DOUBTS["shape"])
            else:
                resource = resource._replace(before=known, after=known)
            yield resource
        waiting += [child for child in _listed(module.get("child_modules")) if isinstance(child, dict)]


def _resource(entry: dict[str, Any], address: str, actions: tuple[str, ...], why: str) -> Resource:
    """Return the resource of an entry without its values; with a doubt if its names do not make up its address."""
    key, place = entry.get("index"), entry.get("module_address")
    module = read_module(place) if isinstance(place, str) else () if place is None else None
    mode, type_, name = (_text(entry.get(part)) for part in ("mode", "type", "name"))
    is_key = key is None or isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool))
    resource = Resource(address, module or (), mode, type_, name, key if is_key else None, actions, None, None, why)
    plain = f"{place}.{resource.config_name}" if place else resource.config_name
    keyed = address.startswith(f"{plain}[") and address.endswith("]")  # Terraform escapes more in a key than JSON does
    is_whole = all((mode, type_, name)) and (address == plain if resource.key is None else keyed)
    if module is None or not is_key or not is_whole or mode not in ("managed", "data"):
        return resource._replace(doubt=_DOUBTS["shape"])
    return resource


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _box(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
