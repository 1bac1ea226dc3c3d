"""Pool interrupted by a plan

Symptom
    None yet: the plan is not applied. From then on, Google Cloud refuses every token that names the provider.
Reason
    The plan deletes or replaces the workload identity pool, or the provider. Google Cloud keeps a deleted pool or
    provider for 30 days, and its id cannot be used again in that time: creating it again fails, whether Terraform
    deletes or creates first. Under another id, the members of allow policies and the audience that the client sends
    name the old pool, and match nothing.
Confirm
    Run terraform show PLAN and look for the address: "must be replaced", "will be destroyed".
Fix
    Keep the pool and the provider. If only the address in the configuration changed, add a moved block, or run
    terraform state mv. To stop the exchange for a time, set disabled = true. A pool that was deleted is restored with
    gcloud iam workload-identity-pools undelete, and then imported.
Source
    Google Cloud, Manage workload identity pools and providers (deletion); Terraform Registry, hashicorp/google,
    Resources google_iam_workload_identity_pool and google_iam_workload_identity_pool_provider.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, PlannedChange, Side, commands, weakness

_NOUNS = {
    "google_iam_workload_identity_pool": "pool",
    "google_iam_workload_identity_pool_provider": "provider",
}


@weakness("GCP105", "pool-interrupted-by-plan", about="change")
def pool_interrupted_by_plan(planned: tuple[PlannedChange, ...]) -> Iterator[Finding]:
    """Report the pool and the provider of the target if the plan deletes or replaces them."""
    for change in planned:
        noun = _NOUNS.get(change.type)
        if noun is None or not (change.is_deletion or change.is_replacement):
            continue
        new = next((other for other in planned if _is_same_elsewhere(other, change)), None)
        message, fix = _words(change, noun, new)
        yield Finding(
            message,
            fix,
            Side(change.before),
            Side(f"{change.address} ({', '.join(change.actions)})"),
            cloud="gcp",
            target=change.before,
            commands=commands("terraform state mv {} {}", change.address, new.address) if new else (),
        )


def _is_same_elsewhere(other: PlannedChange, change: PlannedChange) -> bool:
    created = other.type == change.type and other.actions == ("create",)
    return (
        created and other.address != change.address and bool(change.before) and _ids(other.after) == _ids(change.before)
    )


def _ids(name: str) -> str:
    """The name of a pool or provider without its project, whose number a new one does not show."""
    return name.partition("/locations/")[2]


def _words(change: PlannedChange, noun: str, new: PlannedChange | None) -> tuple[str, str]:
    kept = "Google Cloud keeps its id for 30 days, so that"
    if new is not None:
        return (
            (
                f"the plan deletes {change.address} and creates {new.address} with the same id: {kept} the creation "
                f"fails, and every exchange with the {noun} is refused"
            ),
            f"Keep the {noun}: add a moved block from {change.address} to {new.address}, and plan again.",
        )
    if change.is_deletion:
        return (
            (
                f"the plan deletes {change.address}: Google Cloud refuses every exchange with the {noun} after "
                "apply, and its id cannot be used again for 30 days"
            ),
            (
                f"Keep the {noun}; to stop the exchange for a time, set disabled = true. If another configuration "
                "manages it, forget it with a removed block (destroy = false)."
            ),
        )
    if _ids(change.after) == _ids(change.before):
        return (
            (
                f"the plan replaces {change.address} ({', '.join(change.actions)}) under the same id: {kept} the "
                f"creation fails, and every exchange with the {noun} is refused"
            ),
            change.in_place,
        )
    return (
        (
            f"the plan replaces {change.address} ({', '.join(change.actions)}) by a {noun} of another name: clients "
            "and members that name the old one match nothing once it is deleted"
        ),
        (
            f"Add the new {noun} next to the old one, change clients and members to it, and remove the old one in a "
            "later apply."
        ),
    )
