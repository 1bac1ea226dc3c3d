"""Derive an edit's changes to allow policies: of the service account, project, bucket or repository.

Source: gcloud reference, add-iam-policy-binding and get-iam-policy of iam service-accounts, projects, storage buckets
and artifacts repositories; Terraform's google provider, the iam_member resources of the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.commands import command
from oidc_doctor.findings.fixes import terraform
from oidc_doctor.findings.fixes.commands import as_text, gaps, gcloud_map, known
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.judge.gcp.access import needs_of
from oidc_doctor.model.evidence import AllowPolicy, Binding
from oidc_doctor.model.google_names import project_of_account, repository_of

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence


class _Place(NamedTuple):
    """A resource with an allow policy, named as in gcloud and Terraform."""

    words: tuple[str, ...]  # the gcloud command group
    name: str
    options: tuple[str, ...]
    terraform: str
    arguments: dict[str, str]
    about: str
    takes_condition: bool = True


def allow_policies(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    """Yield the allow policies with different grants."""
    if before.gcp is None or after.gcp is None:
        return
    policies = (
        (before.gcp.service_account_policy, after.gcp.service_account_policy),
        (before.gcp.project_policy, after.gcp.project_policy),
        (before.gcp.bucket_policy, after.gcp.bucket_policy),
        (before.gcp.repository_policy, after.gcp.repository_policy),
    )
    for old, new in policies:
        if isinstance(old, AllowPolicy) and isinstance(new, AllowPolicy) and set(_grants(old)) != set(_grants(new)):
            yield _change(_place_of(old, after), old, new)


def _place_of(policy: AllowPolicy, evidence: TargetEvidence) -> _Place:
    gcp, target = evidence.gcp, evidence.target.gcp
    if policy.resource == "service-account":
        account = known(target.service_account if target else None, "SERVICE_ACCOUNT")
        full = f"projects/{project_of_account(account) or '-'}/serviceAccounts/{account}"
        kind = "google_service_account_iam_member"
        words = ("iam", "service-accounts")
        return _Place(words, account, (), kind, {"service_account_id": full}, f"the service account {account}")
    service = {"bucket": "storage", "repository": "artifactregistry"}.get(policy.resource)
    resource = next((need.resource for need in needs_of(evidence) if need.service == service), "")
    if policy.resource == "bucket":
        bucket = resource.rpartition("/")[2]
        kind, words = "google_storage_bucket_iam_member", ("storage", "buckets")
        return _Place(words, f"gs://{bucket}", (), kind, {"bucket": bucket}, f"the bucket {bucket}")
    if policy.resource == "repository":
        project, location, repository = repository_of(resource)
        return _Place(
            ("artifacts", "repositories"),
            repository,
            (f"--project={project}", f"--location={location}"),
            "google_artifact_registry_repository_iam_member",
            {"project": project, "location": location, "repository": repository},
            f"the repository {repository}",
            takes_condition=False,
        )
    project = known((gcp.project_id or gcp.project_number) if gcp else None, "PROJECT_ID")
    kind = "google_project_iam_member"
    return _Place(("projects",), project, (), kind, {"project": project}, f"the project {project}")


def _change(place: _Place, old: AllowPolicy, new: AllowPolicy) -> DocumentChange:
    before, after = dict.fromkeys(_grants(old)), dict.fromkeys(_grants(new))
    added = [grant for grant in after if grant not in before]
    removed = [grant for grant in before if grant not in after]

    def one(verb: str, grant: _Grant) -> str:
        role, member, condition = grant
        words = ("gcloud", *place.words, f"{verb}-iam-policy-binding", place.name, *place.options)
        # if the policy has conditions, gcloud prompts for one unless told that there is none
        of_condition = (f"--condition={condition or 'None'}",) if place.takes_condition else ()
        return command(*words, f"--role={role}", f"--member={member}", *of_condition)

    return DocumentChange(
        old.document.file,
        as_text(old.document.value),
        as_text(new.document.value),
        [*(one("add", grant) for grant in added), *(one("remove", grant) for grant in removed)],
        "\n\n".join(_terraform(place, grant) for grant in added),
        [command("gcloud", *place.words, "get-iam-policy", place.name, *place.options)],
        [*(one("add", grant) for grant in removed), *(one("remove", grant) for grant in added)],
        gaps(place.name),
        f"the allow policy of {place.name}",
    )


_Grant = tuple[str, str, str]  # role, member, and the condition for gcloud


def _grants(policy: AllowPolicy) -> list[_Grant]:
    return [
        (binding.role, member, _condition(policy, binding)) for binding in policy.bindings for member in binding.members
    ]


def _condition(policy: AllowPolicy, binding: Binding) -> str:
    """Return a binding's condition for gcloud: title and expression."""
    if not binding.condition:
        return ""
    written = _written_condition(policy, binding)
    parts = {"expression": binding.condition, "title": str(written.get("title") or "condition")}
    if written.get("description"):
        parts["description"] = str(written["description"])
    return gcloud_map(parts)


def _written_condition(policy: AllowPolicy, binding: Binding) -> dict[str, Any]:
    listed = policy.document.value.get("bindings") if isinstance(policy.document.value, dict) else None
    place = binding.pointer.rpartition("/")[2]
    entry = listed[int(place)] if isinstance(listed, list) and place.isdigit() and int(place) < len(listed) else {}
    condition = entry.get("condition") if isinstance(entry, dict) else None
    return condition if isinstance(condition, dict) else {}


def _terraform(place: _Place, grant: _Grant) -> str:
    role, member, condition = grant
    if condition:
        return f"# {role} with a condition: see the command"
    return terraform.resource(place.terraform, f"A grant on {place.about}", **place.arguments, role=role, member=member)
