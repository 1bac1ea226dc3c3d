"""Role interrupted by a plan

Symptom
    None yet: the plan is not applied. While it is applied, or from then on, the workload cannot assume the role.
Reason
    The plan deletes the role, or replaces it: Terraform replaces a role when its name, name_prefix or path changes,
    when it is tainted, and when -replace asks for it. Under another name the role has another ARN, which the workload
    does not send. Under the same name it is missing for a time, and it is another principal: a resource policy that
    names the role's ARN was stored with the unique id of the old role, and does not match the new one.
Confirm
    Run terraform show PLAN and look for the role's address: "must be replaced", "will be destroyed".
Fix
    Keep name and path, or add a second role, change the workload to its ARN, and remove the first one in a later
    apply. If only the address in the configuration changed, add a moved block, or run terraform state mv.
Source
    Terraform, Plans; Terraform Registry, hashicorp/aws, Resource aws_iam_role; AWS, IAM User Guide, AWS JSON policy
    elements: Principal (a role that is deleted and created again); AWS, IAM API, CreateRole (EntityAlreadyExists).
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, PlannedChange, Side, commands, weakness

_TYPE = "aws_iam_role"


@weakness("AWS103", "role-interrupted-by-plan", about="change")
def role_interrupted_by_plan(planned: tuple[PlannedChange, ...]) -> Iterator[Finding]:
    """Report the role of the target if the plan deletes or replaces it."""
    for change in planned:
        if change.type != _TYPE or not (change.is_deletion or change.is_replacement):
            continue
        new = next((other for other in planned if _is_same_elsewhere(other, change)), None)
        message, fix, lines = _moved(change, new) if new else _of_one(change)
        actual = Side(change.after or f"{change.address} ({', '.join(change.actions)})")
        yield Finding(message, fix, Side(change.before), actual, cloud="aws", target=change.before, commands=lines)


def _is_same_elsewhere(other: PlannedChange, change: PlannedChange) -> bool:
    created = other.type == _TYPE and other.actions == ("create",)
    return created and other.address != change.address and other.after == change.before and bool(other.after)


def _moved(change: PlannedChange, new: PlannedChange) -> tuple[str, str, tuple[str, ...]]:
    return (
        (
            f"the plan deletes {change.address} and creates {new.address} with the same ARN, in either order: IAM "
            "refuses the second role of a name, or the workload cannot assume the role in between"
        ),
        f"Keep the role: add a moved block from {change.address} to {new.address}, and plan again.",
        commands("terraform state mv {} {}", change.address, new.address),
    )


def _of_one(change: PlannedChange) -> tuple[str, str, tuple[str, ...]]:
    if change.is_deletion:
        return (
            f"the plan deletes {change.address}: no workload can assume {change.before or 'the role'} after apply",
            (
                "Keep the role until no workload names its ARN; if another configuration manages it, forget it with a "
                "removed block (destroy = false)."
            ),
            (),
        )
    actions = ", ".join(change.actions)
    if change.after != change.before:
        return (
            (
                f"the plan replaces {change.address} ({actions}) by a role with another ARN: a workload that sends "
                f"{change.before or 'the former ARN'} is refused once the old role is deleted"
            ),
            (
                "Keep name and path; or add the second role, change the workload to its ARN, and remove the first "
                "one in a later apply."
            ),
            (),
        )
    if change.creates_first:
        return (
            (
                f"the plan creates {change.address} before it deletes the old one, with the same name: IAM refuses the "
                "second role of a name (EntityAlreadyExists), so the apply fails"
            ),
            change.in_place,
            _untaint(change),
        )
    return (
        (
            f"the plan deletes {change.address} and then creates it again: no workload can assume the role in "
            "between, and resource policies that name it do not match the new role"
        ),
        change.in_place,
        _untaint(change),
    )


def _untaint(change: PlannedChange) -> tuple[str, ...]:
    return commands("terraform untaint {}", change.address) if change.is_tainted else ()
