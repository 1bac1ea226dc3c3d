"""Follow the reference that gives an attribute its value, through modules, to the instance of a resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.limits import PLAN_REFERENCES
from oidc_doctor.plans.addresses import Key, Module, Step
from oidc_doctor.plans.configuration import only_reference, references_in
from oidc_doctor.plans.plan import Plan, Resource, names_of

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json
    from oidc_doctor.plans.addresses import Reference


class Referenced(NamedTuple):
    """The resource that an expression names, and the attribute; "" where an index hides the attribute."""

    resource: Resource
    attribute: str
    by_own_key: bool = False  # the index is in the expression as each.key or count.index

    def is_attribute(self, *names: str) -> bool:
        """Whether it is one of these attributes, or may be: behind an index, the plan does not show which."""
        return self.attribute in names or (self.by_own_key and not self.attribute)


def referenced(plan: Plan, resource: Resource, expression: Json) -> Referenced | None:
    """Return what an expression of a resource's block refers to, if it has exactly one reference.

    The plan does not show functions: whether the value is the reference's own or computed from it is not known.
    """
    only = only_reference(expression)
    return None if only is None else _follow(plan, resource.module, resource.key, *only)


def source_of(plan: Plan, resource: Resource, attribute: str) -> Referenced | None:
    """Return what the expression of an attribute refers to, as `referenced` does."""
    return referenced(plan, resource, plan.expression_of(resource, attribute))


def all_referenced(plan: Plan, resource: Resource, expression: Json) -> list[Referenced] | None:
    """Return what an expression refers to, in its order; None if one of the references cannot be followed."""
    only = only_reference(expression)
    if only is not None:
        single = _follow(plan, resource.module, resource.key, *only)
        return None if single is None else [single]
    listed = references_in(expression)
    if not listed:
        return None
    followed = [_follow(plan, resource.module, resource.key, reference, False) for reference in listed]
    return [part for part in followed if part] if all(followed) else None


def late_sources(plan: Plan, resource: Resource, attribute: str) -> list[str]:
    """Return the addresses of the resources that the plan creates and that an open attribute is made from.

    `attribute` is an attribute path; the expressions of its whole block count, because a dynamic block has none.
    """
    addresses: dict[str, None] = {}
    waiting = [plan.expression_of(resource, attribute.partition(".")[0].partition("[")[0])]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            for source in all_referenced(plan, resource, part) or []:
                if source.resource.mode == "managed" and "create" in source.resource.actions:
                    addresses[source.resource.address] = None
    return list(addresses)


def _follow(plan: Plan, module: Module, key: Key, reference: Reference, own_key: bool) -> Referenced | None:
    for _ in range(PLAN_REFERENCES.most):
        if reference.kind == "resource":
            return _instance(plan, module, key, reference, own_key=own_key)
        if own_key:
            return None
        step = _up(plan, module, reference) or _down(plan, module, reference)
        if step is None:
            return None
        module, key, expression = step
        only = only_reference(expression)
        if only is None:
            return None
        reference, own_key = only
    return None


def _instance(plan: Plan, module: Module, key: Key, reference: Reference, *, own_key: bool) -> Referenced | None:
    wanted = key if own_key else reference.key
    if len(reference.rest) > 1 or (own_key and key is None):
        return None
    instances = [
        instance
        for instance in plan.instances(module, reference.name)
        if instance.key == wanted and type(instance.key) is type(wanted)
    ]
    if len(instances) != 1 or instances[0].doubt:
        return None
    return Referenced(instances[0], "".join(reference.rest), own_key)


def _up(plan: Plan, module: Module, reference: Reference) -> tuple[Module, Key, Json] | None:
    """Return the expression of the calling module that gives an input its value."""
    if reference.kind != "var" or not module or reference.key is not None or reference.rest:
        return None
    return module[:-1], module[-1].key, plan.configuration.input(names_of(module), reference.name)


def _down(plan: Plan, module: Module, reference: Reference) -> tuple[Module, Key, Json] | None:
    """Return the expression of a called module's output."""
    if reference.kind != "module" or len(reference.rest) != 1:
        return None
    child = (*module, Step(reference.name, reference.key))
    if plan.configuration.is_repeated(names_of(child)) != (reference.key is not None):
        return None
    return child, None, plan.configuration.output(names_of(child), reference.rest[0])
