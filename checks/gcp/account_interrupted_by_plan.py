"""Service account interrupted by a plan

Symptom
    None yet: the plan is not applied. From then on, the workload cannot impersonate the service account, or its calls
    are denied.
Reason
    The plan deletes or replaces the service account. An account that is created again with the same address is another
    account: allow policies that name it keep the old one, as deleted:serviceAccount:…?uid=…, and grant the new one
    nothing. Or the plan removes the binding that lets the federated principal impersonate the account.
Confirm
    Run terraform show PLAN and look for the address: "must be replaced", "will be destroyed".
Fix
    Keep the account: its address is made of account_id and project, and a change of either replaces it. If only the
    address in the configuration changed, add a moved block, or run terraform state mv. A deleted account is restored
    with gcloud iam service-accounts undelete within 30 days.
Source
    Google Cloud, Delete and undelete service accounts; Google Cloud, Policies with deleted principals; Terraform
    Registry, hashicorp/google, Resources google_service_account and google_service_account_iam.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, PlannedChange, Side, commands, weakness

_ACCOUNT = "google_service_account"
_GRANTS = f"{_ACCOUNT}_iam_"


@weakness("GCP106", "account-interrupted-by-plan", about="change")
def account_interrupted_by_plan(planned: tuple[PlannedChange, ...]) -> Iterator[Finding]:
    """Report the account of the target if the plan deletes or replaces it, and bindings that the plan removes."""
    accounts = [change for change in planned if change.type == _ACCOUNT]
    gone = [change for change in accounts if change.is_deletion or change.is_replacement]
    for change in gone:
        message, fix = _words(change)
        actual = Side(f"{change.address} ({', '.join(change.actions)})")
        yield Finding(message, fix, Side(change.before), actual, cloud="gcp")
    if gone:
        return
    for change in planned:
        if change.type.startswith(_GRANTS) and change.is_deletion and not _is_given_again(change, planned):
            yield Finding(
                f"the plan deletes {change.address}, which lets {change.before or 'its members'} impersonate the "
                "service account",
                "Keep the binding until no workload needs it; if only its address changed, add a moved block.",
                Side(change.before),
                Side(f"{change.address} ({', '.join(change.actions)})"),
                cloud="gcp",
                commands=commands("terraform state show {}", change.address),
            )


def _is_given_again(change: PlannedChange, planned: tuple[PlannedChange, ...]) -> bool:
    """Whether another resource of the plan has the same members after apply."""
    others = [other for other in planned if other.type.startswith(_GRANTS) and other.address != change.address]
    members = {member for other in others for member in other.after.split(", ") if other.after}
    return bool(change.before) and {*change.before.split(", ")} <= members


def _words(change: PlannedChange) -> tuple[str, str]:
    if change.is_deletion:
        return (
            (
                f"the plan deletes {change.address}: no workload can impersonate {change.before or 'the account'} "
                "after apply"
            ),
            (
                "Keep the account until no workload uses it; if another configuration manages it, forget it with a "
                "removed block (destroy = false)."
            ),
        )
    if change.after != change.before:
        return (
            (
                f"the plan replaces {change.address} ({', '.join(change.actions)}) by an account of another address: "
                f"workloads that impersonate {change.before or 'the former address'} are refused once it is deleted"
            ),
            (
                "Add the new account next to the old one, change the workloads to it, and remove the old one in a "
                "later apply."
            ),
        )
    return (
        (
            f"the plan replaces {change.address} ({', '.join(change.actions)}): the account that is created again "
            "with the same address is another one, and allow policies outside the plan still name the old one"
        ),
        change.in_place,
    )
