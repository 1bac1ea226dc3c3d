"""The policies of a planned role, and of the buckets, repositories and keys that name it, for the permission step.

Source: hashicorp/aws, Resources aws_iam_role (inline_policy, managed_policy_arns), aws_iam_role_policy,
aws_iam_role_policy_attachment, aws_iam_policy_attachment, aws_iam_policy, aws_s3_bucket_policy,
aws_ecr_repository_policy, aws_kms_key and aws_kms_key_policy. A new role has the policies of the plan alone; of an
existing one the refreshed state has them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.json_text import value_of
from oidc_doctor.model.document import texts_in
from oidc_doctor.plans.gaps import Symbolic
from oidc_doctor.plans.masked import Open, first_open
from oidc_doctor.plans.references import source_of

if TYPE_CHECKING:
    from oidc_doctor.plans.gaps import Gaps
    from oidc_doctor.plans.plan import Plan, Resource
    from oidc_doctor.plans.target_files import TargetFiles

    # A policy attribute of a resource: its text, its value with open parts, or an Open.
    PolicyOf = Callable[[Resource, str], Any]
    # The same of an expression of the resource, for a value that is open.
    Rebuilt = Callable[[Resource, Any, Open], Any]

_INLINE, _ATTACHED, _FOR_ROLES = "aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_iam_policy_attachment"
_POLICY = "aws_iam_policy"
_LIST_FILE, _ATTACHED_FILE, _BOUNDARY_FILE = (
    "aws/role-policy-list.json",
    "aws/attached-policies.json",
    "aws/boundary.json",
)


class _Named(NamedTuple):
    """A policy of the role: its name and text, either of which may be open, and the resource that has it."""

    name: Any
    policy: Any
    resource: Resource
    shown: str = ""


class Permissions:
    """The policies of a plan's roles and resources."""

    def __init__(self, plan: Plan, gaps: Gaps, policy_of: PolicyOf, rebuilt: Rebuilt) -> None:
        self.plan = plan
        self.gaps = gaps
        self._policy_of = policy_of
        self._rebuilt = rebuilt
        self._managed = {
            (policy.after or {}).get("arn"): policy for policy in plan.of_type(_POLICY) if _has_arn(policy)
        }
        self._named: dict[str, dict[str, list[Resource]]] = {}
        self._owners: dict[str, dict[str, list[Resource]] | None] = {}

    def put(self, part: TargetFiles, role: Resource, name: Any) -> None:
        """Write the policies of a role."""
        inline, attached = self._inline(role, name), self._attached(role, name)
        for number, policy in enumerate([*(inline or ()), *(attached or ())]):
            self._put_policy(part, policy, number)
        if inline is not None:
            part.put(_LIST_FILE, {"PolicyNames": [policy.name for policy in inline]}, role, named=False)
        if attached is not None:
            listed = [{"PolicyName": policy.name} for policy in attached]
            part.put(_ATTACHED_FILE, {"AttachedPolicies": listed}, role, named=False)
        self._put_boundary(part, role)

    def _put_policy(self, part: TargetFiles, policy: _Named, number: int) -> None:
        text = self._text(part, policy.policy, policy.resource)
        if text is not None and isinstance(policy.name, str):
            box = {"PolicyName": policy.name, "PolicyDocument": text}
            part.put(f"aws/role-policies/{number}.json", box, policy.resource, policy.shown)

    def _text(self, part: TargetFiles, policy: Any, resource: Resource) -> Any:
        """Return a policy as a text; None if more of it is open than single texts."""
        if isinstance(policy, dict):
            filled, opened = self.gaps.filled(policy, resource.address)
            part.name_open(opened, resource, "aws/role-policies/")
            return Symbolic(json.dumps(filled))
        if isinstance(policy, Open):
            part.name_unknown(resource, policy, "aws/role-policies/")
        return policy if isinstance(policy, str) and policy else None

    # Which policies

    def _inline(self, role: Resource, name: Any) -> list[_Named] | None:
        """Return the inline policies; None if the plan does not show all of them."""
        values = role.after or {}
        listed = values.get("inline_policy")
        is_new = "create" in role.actions
        if not isinstance(listed, list) and not is_new:
            return None
        blocks = listed if isinstance(listed, list) else []
        if not all(isinstance(block, dict) and isinstance(block.get("name"), str | None) for block in blocks):
            return None
        policies = [
            _Named(block["name"], self._of_block(role, block), role, f"{role.address}.inline_policy[{index}]")
            for index, block in enumerate(blocks)
            if block.get("name")
        ]
        own = self._of_role(_INLINE, "role", role, name)
        if own is None:
            return None
        taken = {(resource.before or {}).get("name") for resource in own if resource.after is None}
        planned = {(resource.after or {}).get("name") for resource in own if resource.after is not None}
        policies = [policy for policy in policies if policy.name not in taken | planned]
        policies += [
            _Named((resource.after or {}).get("name"), self._policy_of(resource, "policy"), resource)
            for resource in own
            if resource.after is not None
        ]
        return policies if len({*map(str, (policy.name for policy in policies))}) == len(policies) else None

    def _of_block(self, role: Resource, block: dict[str, Any]) -> Any:
        """Return the policy of an inline_policy block. Its block in the configuration is the one of the same name."""
        policy = block.get("policy")
        if not isinstance(policy, Open) or policy.why != "unknown":
            return policy
        written = self.plan.expression_of(role, "inline_policy")
        same = [
            part
            for part in (written if isinstance(written, list) else [])
            if isinstance(part, dict) and part.get("name") == {"constant_value": block.get("name")}
        ]
        return self._rebuilt(role, same[0].get("policy"), policy) if len(same) == 1 else policy

    def _attached(self, role: Resource, name: Any) -> list[_Named] | None:
        """Return the managed policies; None if the plan does not show all of them. One outside the plan has no text."""
        values = role.after or {}
        listed = values.get("managed_policy_arns")
        if not isinstance(listed, list) and "create" not in role.actions:
            return None
        own = self._of_role(_ATTACHED, "role", role, name)
        for_roles = [resource for resource in self.plan.of_type(_FOR_ROLES) if self._may_name(resource, name)]
        if own is None or for_roles:
            return None
        gone = {(resource.before or {}).get("policy_arn") for resource in own if resource.after is None}
        arns: list[tuple[Any, Resource]] = [
            (arn, role) for arn in (listed if isinstance(listed, list) else []) if arn not in gone
        ]
        arns += [((resource.after or {}).get("policy_arn"), resource) for resource in own if resource.after is not None]
        known = dict.fromkeys(arn for arn, _ in arns if isinstance(arn, str))
        policies = [self._managed_by_arn(arn, role) for arn in known]
        for arn, resource in arns:
            if not isinstance(arn, str):
                policies.append(self._managed_by_reference(arn, resource))
        return policies

    def _managed_by_arn(self, arn: str, role: Resource) -> _Named:
        if arn in self._managed:
            return self._managed_policy(self._managed[arn])
        return _Named(arn.rpartition("/")[2], None, role)

    def _managed_by_reference(self, arn: Any, resource: Resource) -> _Named:
        source = source_of(self.plan, resource, "policy_arn")
        if source is not None and source.resource.type == _POLICY and source.is_attribute("arn", "id"):
            return self._managed_policy(source.resource)
        return _Named(arn if isinstance(arn, Open) else Open("policy_arn", "shape"), None, resource)

    def _managed_policy(self, policy: Resource) -> _Named:
        return _Named((policy.after or {}).get("name"), self._policy_of(policy, "policy"), policy)

    def _of_role(self, type_: str, attribute: str, role: Resource, name: Any) -> list[Resource] | None:
        """Return the resources that are the role's; None if it is open whose one of them is."""
        if type_ not in self._owners:
            self._owners[type_] = self._owners_of(type_, attribute)
        owners = self._owners[type_]
        if owners is None:
            return None
        by_name = owners.get(name, []) if isinstance(name, str) and not isinstance(name, Symbolic) else []
        return [*by_name, *owners.get(f" {role.address}", [])]

    def _owners_of(self, type_: str, attribute: str) -> dict[str, list[Resource]] | None:
        """Return the resources by the name of their role, or by its address after a space; None if one is open."""
        owners: dict[str, list[Resource]] = {}
        for resource in self.plan.of_type(type_):
            owner = resource.values.get(attribute)
            if not isinstance(owner, str) and not resource.doubt:
                source = source_of(self.plan, resource, attribute)
                owner = None if source is None else f" {source.resource.address}"
            if resource.doubt or not isinstance(owner, str):
                return None
            owners.setdefault(owner, []).append(resource)
        return owners

    def _may_name(self, resource: Resource, name: Any) -> bool:
        roles = resource.values.get("roles")
        if roles in (None, []):
            return False
        return (
            not isinstance(roles, list) or not isinstance(name, str) or name in roles or first_open(roles) is not None
        )

    def _put_boundary(self, part: TargetFiles, role: Resource) -> None:
        boundary = (role.after or {}).get("permissions_boundary")
        if boundary in (None, ""):
            return
        if isinstance(boundary, str):
            policy = self._managed_by_arn(boundary, role)
        else:
            source = source_of(self.plan, role, "permissions_boundary")
            if source is None or source.resource.type != _POLICY:
                return
            policy = self._managed_policy(source.resource)
        text = self._text(part, policy.policy, policy.resource)
        if text is not None:
            part.put(_BOUNDARY_FILE, {"PolicyDocument": text}, policy.resource)

    # The policies of what it uses

    def put_resources(self, part: TargetFiles, arn: str) -> None:
        """Write the policy of the bucket, the repository and the key that names the role, if only one does."""
        for path, (types, wrap) in _OF_RESOURCES.items():
            if path not in self._named:
                self._named[path] = self._by_text(types)
            named = self._named[path].get(arn, [])
            if len(named) == 1:
                text = self._text(part, self._policy_of(named[0], "policy"), named[0])
                if text is not None:
                    part.put(path, wrap(named[0], text), named[0])

    def _by_text(self, types: tuple[str, ...]) -> dict[str, list[Resource]]:
        """Return the resources of these types by each text of their policies, such as the ARN of a role."""
        named: dict[str, list[Resource]] = {}
        for resource in self.plan.of_type(*types):
            policy = None if resource.doubt or resource.after is None else self._policy_of(resource, "policy")
            value = value_of(policy) if isinstance(policy, str) else policy
            for text in dict.fromkeys(texts_in(value)):
                named.setdefault(text, []).append(resource)
        return named


def _bucket(_: Resource, text: Any) -> dict[str, Any]:
    return {"Policy": text}


def _repository(resource: Resource, text: Any) -> dict[str, Any]:
    name = (resource.after or {}).get("repository")
    return {"policyText": text} | ({"repositoryName": name} if isinstance(name, str) else {})


_OF_RESOURCES: dict[str, tuple[tuple[str, ...], Callable[[Resource, Any], dict[str, Any]]]] = {
    "aws/bucket-policy.json": (("aws_s3_bucket_policy",), _bucket),
    "aws/repository-policy.json": (("aws_ecr_repository_policy",), _repository),
    "aws/key-policy.json": (("aws_kms_key", "aws_kms_key_policy"), _bucket),
}


def _has_arn(policy: Resource) -> bool:
    return not policy.doubt and isinstance((policy.after or {}).get("arn"), str)
