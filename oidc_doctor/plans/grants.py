"""The IAM members of a plan's Google resources, as the bindings of an allow policy.

Source: hashicorp/google, Resources google_service_account_iam (policy, binding, member) and google_project_iam: a
policy is authoritative for the resource, a binding for its role, a member adds to what is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.plans.masked import Open, first_open
from oidc_doctor.plans.references import all_referenced, source_of

if TYPE_CHECKING:
    from oidc_doctor.plans.plan import Plan, Resource

_POLICY = "google_iam_policy"  # the data source that renders policy_data


class Grant(NamedTuple):
    """A binding that a resource of the plan makes. Its texts may be open; `is_whole`: it is the whole allow policy."""

    resource: Resource
    bindings: list[dict[str, Any]]
    is_whole: bool
    is_gone: bool = False  # the plan removes it

    @property
    def members(self) -> list[Any]:
        """All members of its bindings."""
        return [member for binding in self.bindings for member in binding["members"]]


def grants_of(plan: Plan, prefix: str, *, before: bool = False) -> list[Grant]:
    """Return the grants by resources of the types `prefix`_member, _binding and _policy, as planned or as before."""
    grants = []
    for resource in plan.of_type(*(f"{prefix}_{form}" for form in ("member", "binding", "policy"))):
        values = resource.before if before else resource.after
        if values is None or resource.doubt:
            is_lost = not before and not resource.doubt and resource.before is not None
            if is_lost or resource.doubt:
                bindings = _bindings(plan, resource, resource.before or {}) if is_lost else [_open()]
                grants.append(Grant(resource, bindings, is_whole=False, is_gone=is_lost))
            continue
        grants.append(Grant(resource, _bindings(plan, resource, values), resource.type.endswith("_policy")))
    return grants


def is_of(plan: Plan, grant: Grant, target: Resource | None, attribute: str, names: frozenset[str]) -> bool | None:
    """Whether a grant is on the resource of one of these names; None where the plan leaves it open."""
    values = grant.resource.values
    value = values.get(attribute)
    if isinstance(value, str):
        return value in names
    source = source_of(plan, grant.resource, attribute)
    if source is None:
        return None
    return target is not None and source.resource.address == target.address


def refers_to(plan: Plan, grant: Grant, addresses: frozenset[str]) -> bool | None:
    """Whether open members of a grant are made from one of these resources; None where the plan leaves it open."""
    if not any(isinstance(member, Open) for member in grant.members):
        return False
    name = "member" if grant.resource.type.endswith("_member") else "members"
    sources = all_referenced(plan, grant.resource, plan.expression_of(grant.resource, name))
    if sources is None:
        return None
    return any(source.resource.address in addresses for source in sources)


def _open() -> dict[str, Any]:
    """Return a binding of which nothing is known."""
    return {"role": Open("role", "shape"), "members": [Open("member", "shape")]}


def _bindings(plan: Plan, resource: Resource, values: dict[str, Any]) -> list[dict[str, Any]]:
    if resource.type.endswith("_policy"):
        return _of_policy(plan, resource, values.get("policy_data"))
    members = [values.get("member")] if resource.type.endswith("_member") else values.get("members")
    return [_binding(values.get("role"), members, values.get("condition"), "member")]


def _binding(role: Any, members: Any, condition: Any, path: str) -> dict[str, Any]:
    """Return a binding. Where its condition is open, so is whether it applies, and its members are open."""
    texts = members if isinstance(members, list) else [members if isinstance(members, Open) else Open(path, "shape")]
    texts = [text if isinstance(text, str | Open) else Open(path, "shape") for text in texts]
    binding: dict[str, Any] = {
        "role": role if isinstance(role, str | Open) else Open("role", "shape"),
        "members": texts,
    }
    blocks = [] if condition is None else condition
    if blocks == []:
        return binding
    block = blocks[0] if isinstance(blocks, list) and len(blocks) == 1 else blocks
    expression = block.get("expression") if isinstance(block, dict) else block
    if isinstance(expression, str) and first_open(block) is None:
        title = block.get("title") if isinstance(block, dict) else None
        binding["condition"] = {"expression": expression, "title": title if isinstance(title, str) else ""}
    else:
        opened = expression if isinstance(expression, Open) else first_open(blocks) or Open("condition", "shape")
        binding["members"] = [opened]
    return binding


def _of_policy(plan: Plan, resource: Resource, data: Any) -> list[dict[str, Any]]:
    if isinstance(data, Open):
        return _rebuilt(plan, resource, data)
    if not isinstance(data, str):
        return [{"role": Open("policy_data", "shape"), "members": [Open("policy_data", "shape")]}]
    try:
        document = load(data, "policy_data")
    except Unreadable:
        return [{"role": Open("policy_data", "shape"), "members": [Open("policy_data", "shape")]}]
    listed = document.value.get("bindings", []) if isinstance(document.value, dict) else None
    if not isinstance(listed, list) or document.duplicates or not all(isinstance(part, dict) for part in listed):
        return [{"role": Open("policy_data", "shape"), "members": [Open("policy_data", "shape")]}]
    return [_binding(part.get("role"), part.get("members"), part.get("condition"), "policy_data") for part in listed]


def _rebuilt(plan: Plan, resource: Resource, data: Open) -> list[dict[str, Any]]:
    """Return the bindings of the data source google_iam_policy that renders the policy, where it is open."""
    source = source_of(plan, resource, "policy_data")
    values = source.resource.after if source is not None and source.resource.type == _POLICY else None
    listed = (values or {}).get("binding")
    rendered = (values or {}).get("policy_data")
    if data.why != "unknown" or not isinstance(listed, list) or not isinstance(rendered, Open):
        return [{"role": data, "members": [data]}]
    if not all(isinstance(part, dict) for part in listed):
        return [{"role": data, "members": [data]}]
    return [_binding(part.get("role"), part.get("members"), part.get("condition"), "binding") for part in listed]
