"""The permission step on Google Cloud: each call that is asked for, decided on the allow policies that were read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from evidence import Bundle

if TYPE_CHECKING:
    from evidence import Answer

IMAGE = "us-docker.pkg.dev/weights-prod/ml/serve:1"
POLICIES = ("gcp/bucket-policy.json", "gcp/repository-policy.json", "gcp/project-policy.json")
ACCOUNT = Bundle.SERVICE_ACCOUNT
OTHER = "serviceAccount:another@weights-prod.iam.gserviceaccount.com"
# Each bucket begins with such bindings, which name its project.
LEGACY = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:weights-prod"]}
VIEWER, READER = "roles/storage.objectViewer", "roles/artifactregistry.reader"


def binding(role: str, *members: str, condition: str = "") -> dict[str, Any]:
    condition_of = {"condition": {"expression": condition, "title": "t"}} if condition else {}
    return {"role": role, "members": [*members], **condition_of}


def asks(made: Bundle, *, bucket: Any = (), repository: Any = (), project: Any = (), read: bool = True) -> Bundle:
    """The Truss file asks for weights and an image; every policy above them was read, and has these bindings."""
    account, provider = made.SERVICE_ACCOUNT, made.GCP_PROVIDER
    auth = [
        "auth_method: GCP_OIDC",
        f"gcp_oidc_service_account: {account}",
        f"gcp_oidc_workload_id_provider: {provider}",
    ]
    lines = ["base_image:", f"  image: {IMAGE}", "  docker_auth:", *(f"    {line}" for line in auth)]
    lines += ["weights:", "  - source: gs://llama-weights/llama", "    mount_location: /models/llama", "    auth:"]
    made.write("truss/config.yaml", "\n".join([*lines, *(f"      {line}" for line in auth)]) + "\n")
    if read:
        for path, bindings in zip(POLICIES, ([LEGACY, *bucket], repository, project), strict=True):
            made.write(path, {"bindings": [*bindings], "etag": "x"})
        for path in ("gcp/folder-policy.json", "gcp/organization-policy.json"):
            made.write(path, {"bindings": [], "etag": "x"})
    return made


def decisions(answer: Answer) -> dict[str, str]:
    return {row.need.action: row.decision for exchange in answer.report.exchanges for row in exchange.accesses}


def test_bindings_of_the_resource_or_above_it(gcp: Bundle) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    for where in ({"bucket": [binding(VIEWER, me)]}, {"project": [binding(VIEWER, me)]}):
        answer = asks(gcp, repository=[binding(READER, me)], **where).ask()
        assert answer.accepted
        assert set(decisions(answer).values()) == {"allowed"}


@pytest.mark.parametrize(
    ("bindings", "denied"),
    [
        ([], {"storage.objects.list", "storage.objects.get"}),
        ([("roles/storage.objectCreator", "me")], {"storage.objects.list", "storage.objects.get"}),
        ([("roles/storage.legacyObjectReader", "me")], {"storage.objects.list"}),
        ([("roles/storage.legacyBucketReader", "me")], {"storage.objects.get"}),
        ([(VIEWER, OTHER)], {"storage.objects.list", "storage.objects.get"}),
    ],
)
def test_what_no_binding_grants(gcp: Bundle, bindings: Any, denied: set[str]) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    rows = [binding(role, me if member == "me" else member) for role, member in bindings]
    answer = asks(gcp, bucket=rows, repository=[binding(READER, me)]).ask()
    assert {action for action, decision in decisions(answer).items() if decision == "denied"} == denied
    assert (answer.first.name, answer.first.confidence) == ("permission-missing", "predicted")
    assert answer.report.exit_code == 1
    assert any("no access control list" in text for text in answer.report.exchanges[0].assumed)
    (command,) = answer.report.causes[0].named.commands
    words = shlex.split(command)
    assert words[:5] == ["gcloud", "storage", "buckets", "add-iam-policy-binding", "gs://llama-weights"]
    role = next(word for word in words if word.startswith("--role=")).removeprefix("--role=")
    after = asks(gcp, bucket=[*rows, binding(role, me)], repository=[binding(READER, me)]).ask()
    assert set(decisions(after).values()) == {"allowed"}


@pytest.mark.parametrize(
    ("member", "name", "words"),
    [
        (f"deleted:serviceAccount:{ACCOUNT}?uid=10987654", "binding-names-deleted-principal", "on the bucket names"),
        (f"serviceAccount:{ACCOUNT.replace('oidc', 'oicd')}", "permission-missing", "is granted to `serviceAccount:"),
        (Bundle.MEMBER, "permission-missing", "and the client impersonates the service account"),
    ],
)
def test_members_that_come_near_the_account(gcp: Bundle, member: str, name: str, words: str) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    answer = asks(gcp, bucket=[binding(VIEWER, member)], repository=[binding(READER, me)]).ask()
    assert answer.first.name == name
    assert words in answer.first.summary
    (fix,) = answer.report.fixes
    assert fix.file == "gcp/bucket-policy.json"
    assert f"--member={me}" in fix.commands[0]
    assert "the token passes after this change" in fix.proof
    asks(gcp, bucket=[binding(VIEWER, member)], repository=[binding(READER, me)]).write(fix.file, fix.document)
    assert set(decisions(gcp.ask()).values()) == {"allowed"}


def test_the_policy_of_one_of_two_buckets_decides_for_neither(gcp: Bundle) -> None:
    made = asks(gcp).target(gcp={"provider": gcp.GCP_PROVIDER, "service_account": gcp.SERVICE_ACCOUNT})
    text = (made.root / "truss/config.yaml").read_text()
    again = text[text.index("  - source:") :].replace("llama", "mistral")
    made.write("truss/config.yaml", text + again)
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    made.write("gcp/bucket-policy.json", {"bindings": [binding(VIEWER, me)], "etag": "x"})
    made.write("gcp/repository-policy.json", {"bindings": [binding(READER, me)], "etag": "x"})
    of_buckets = [row for row in made.ask().report.exchanges[0].accesses if row.need.service == "storage"]
    assert {row.decision for row in of_buckets} == {"unknown"}
    assert len({row.need.resource for row in of_buckets}) == 2


@pytest.mark.parametrize(
    "row",
    [
        binding("projects/weights-prod/roles/reader", "me"),
        binding("roles/viewer", "me"),
        binding(VIEWER, "group:ml@example.com"),
        binding(VIEWER, "principalSet://cloudresourcemanager.googleapis.com/projects/482910375566/type/ServiceAccount"),
        binding(VIEWER, "projectViewer:another-project"),
        binding(VIEWER, "me", condition="resource.name.startsWith('projects/_/buckets/llama')"),
    ],
)
def test_what_a_bundle_cannot_tell_is_open(gcp: Bundle, row: dict[str, Any]) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    row["members"] = [me if member == "me" else member for member in row["members"]]
    answer = asks(gcp, bucket=[row], repository=[binding(READER, me)]).ask()
    assert decisions(answer)["storage.objects.get"] == "unknown"
    assert answer.names == []


@pytest.mark.parametrize(
    ("project", "decision"),
    [
        ([], "denied"),
        ([binding("roles/viewer", "serviceAccount:baseten-oidc@weights-prod.iam.gserviceaccount.com")], "allowed"),
        ([binding("roles/viewer", "group:ml@example.com")], "unknown"),
        ([binding("roles/editor", "serviceAccount:baseten-oidc@weights-prod.iam.gserviceaccount.com")], "unknown"),
    ],
)
def test_the_holders_of_a_basic_role(gcp: Bundle, project: Any, decision: str) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    rows = [binding(VIEWER, "projectViewer:weights-prod")]
    answer = asks(gcp, bucket=rows, repository=[binding(READER, me)], project=project).ask()
    assert decisions(answer)["storage.objects.get"] == decision


def test_a_bucket_of_another_project(gcp: Bundle) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    granted = [binding(VIEWER, me)]
    made = asks(gcp, repository=[binding(READER, me)], project=granted)
    elsewhere = {"role": "roles/storage.legacyBucketOwner", "members": ["projectOwner:another-project"]}
    made.write("gcp/bucket-policy.json", {"bindings": [elsewhere], "etag": "x"})
    answer = made.ask()
    (row,) = [row for row in answer.report.exchanges[0].accesses if row.need.action == "storage.objects.get"]
    assert (row.decision, row.note) == ("unknown", "the allow policy of the project of the bucket, another-project")
    assert answer.names == []


def test_a_bucket_whose_project_is_not_known(gcp: Bundle) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    made = asks(gcp, repository=[binding(READER, me)], project=[binding(VIEWER, me)])
    made.write("gcp/bucket-policy.json", {"bindings": [], "etag": "x"})
    answer = made.ask()
    assert decisions(answer)["storage.objects.get"] == "allowed"
    assert any("buckets are in the project" in text for text in answer.report.exchanges[0].assumed)
    made.write("gcp/project-policy.json", {"bindings": [], "etag": "x"})
    answer = made.ask()
    assert decisions(answer)["storage.objects.get"] == "unknown"
    assert (answer.first.name, answer.first.confidence) == ("permission-missing", "suspected")


@pytest.mark.parametrize(
    ("image", "resource"),
    [
        ("gcr.io/weights-prod/serve:1", "projects/weights-prod/locations/us/repositories/gcr.io"),
        ("eu.gcr.io/weights-prod/team/serve", "projects/weights-prod/locations/europe/repositories/eu.gcr.io"),
        ("asia.gcr.io/weights-prod/serve@sha256:1", "projects/weights-prod/locations/asia/repositories/asia.gcr.io"),
    ],
)
def test_an_image_of_gcr(gcp: Bundle, image: str, resource: str) -> None:
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    made = asks(gcp, bucket=[binding(VIEWER, me)], repository=[binding(READER, me)])
    text = (made.root / "truss/config.yaml").read_text().replace(IMAGE, image)
    made.write("truss/config.yaml", text)
    answer = made.ask()
    assert resource in {row.need.resource for row in answer.report.exchanges[0].accesses}
    assert set(decisions(answer).values()) == {"allowed"}


def test_policies_that_were_not_read(gcp: Bundle) -> None:
    assert decisions(asks(gcp, read=False).ask()) == {}
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    made = asks(gcp, repository=[binding(READER, me)])
    (made.root / "gcp/organization-policy.json").unlink()
    answer = made.ask()
    assert answer.first.name == "permission-missing"
    assert answer.first.confidence == "suspected"
    assert answer.report.exit_code == 3
    (made.root / "gcp/bucket-policy.json").unlink()
    assert made.ask().names == []


@pytest.mark.parametrize("action", ["storage.objects.get", "storage.objects.list"])
def test_an_error_and_the_policies_are_one_cause(gcp: Bundle, action: str) -> None:
    """The policies deny two calls together, and the error names one of them."""
    me = f"serviceAccount:{gcp.SERVICE_ACCOUNT}"
    error = (
        f"403 {gcp.SERVICE_ACCOUNT} does not have {action} access to the Google Cloud Storage object. "
        f"Permission '{action}' denied on resource (or it may not exist)."
    )
    answer = asks(gcp, repository=[binding(READER, me)]).ask(error=error)
    (cause,) = [cause for cause in answer.causes if cause.name == "permission-missing"]
    assert cause.confidence == "proven"
    assert "`gs://llama-weights/llama`" in cause.summary
