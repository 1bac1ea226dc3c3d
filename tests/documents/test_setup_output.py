"""What set-up scripts print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.documents.setup_output import read_setup_output

AWS = [
    "Creating OIDC identity provider...",
    "OIDC provider created.",
    "Creating IAM role Weights...",
    '{ "Role": { "Arn": "arn:aws:iam::210987654321:role/Weights" } }',
    "IAM role created.",
    "Attaching ECR read policy...",
    "Attaching S3 read policy...",
    "Setup complete. IAM role ARN:",
    "  arn:aws:iam::210987654321:role/Weights",
]


def states(text: str) -> dict[str, str]:
    output = read_setup_output(text)
    assert output is not None
    return {step.name: step.state for step in output.steps}


def test_a_run_to_the_end() -> None:
    output = read_setup_output("\n".join(AWS))
    assert output is not None
    assert (output.is_complete, output.role_arn) == (True, "arn:aws:iam::210987654321:role/Weights")
    assert {step.state for step in output.steps} == {"done"}


@pytest.mark.parametrize("end", range(1, len(AWS) - 2))
def test_a_run_that_was_cut(end: int) -> None:
    found = list(states("\n".join(AWS[:end])).values())
    reached = sum(line.startswith(("Creating", "Attaching")) for line in AWS[:end])
    assert found == ["done"] * (reached - 1) + ["unfinished"] + ["not-reached"] * (4 - reached)


OF_TERRAFORM = (
    "Error: creating IAM Role (Weights): operation error IAM: CreateRole, https response error StatusCode: 409, "
    "RequestID: 0d1, EntityAlreadyExists: Role with name Weights already exists."
)
OF_ACCOUNT = (
    "ERROR: (gcloud.iam.service-accounts.create) Resource in projects [p] is the subject of a conflict: Service "
    "account baseten-oidc already exists within project projects/p."
)
OF_CONDITION = (
    "ERROR: (gcloud.iam.workload-identity-pools.providers.create-oidc) INVALID_ARGUMENT: The attribute condition must "
    "reference one of the provider's claims."
)
OF_QUOTA = "An error occurred (LimitExceeded) when calling the CreateRole operation: Cannot exceed quota"


@pytest.mark.parametrize(
    ("line", "step", "code"),
    [
        (OF_QUOTA, "role", "LimitExceeded"),
        (OF_TERRAFORM, "role", "EntityAlreadyExists"),
        (OF_ACCOUNT, "service-account", ""),
        (OF_CONDITION, "pool-provider", "INVALID_ARGUMENT"),
        ("Error creating WorkloadIdentityPool: googleapi: Error 409: Requested entity already exists", "pool", "409"),
        ("Unable to locate credentials. You can configure credentials by running aws login", "provider", ""),
        ("setup.sh: line 3: gcloud: command not found", "service-account", ""),
    ],
)
def test_a_failure_belongs_to_its_call(line: str, step: str, code: str) -> None:
    output = read_setup_output(line)
    assert output is not None
    assert [(found.name, found.code) for found in output.steps if found.state == "failed"] == [(step, code)]


def test_only_a_script_comes_to_its_steps_in_turn() -> None:
    assert states(OF_QUOTA)["bucket-policy"] == "absent"
    assert states(AWS[2] + "\n" + OF_QUOTA)["bucket-policy"] == "not-reached"


@pytest.mark.parametrize(("at", "step"), [(5, "registry-policy"), (6, "bucket-policy")])
def test_a_policy_that_failed_is_the_one_that_was_announced(at: int, step: str) -> None:
    denied = "An error occurred (AccessDenied) when calling the PutRolePolicy operation: User: x is not authorized"
    assert states("\n".join([*AWS[: at + 1], denied]))[step] == "failed"


def test_a_provider_that_was_there_is_no_failure() -> None:
    line = (
        "An error occurred (EntityAlreadyExists) when calling the CreateOpenIDConnectProvider operation: Provider with "
        "url https://oidc.baseten.co already exists."
    )
    assert states(line)["provider"] == "existed"


def test_two_roles_name_none() -> None:
    output = read_setup_output("\n".join(AWS) + "\narn:aws:iam::210987654321:role/Other")
    assert output is not None
    assert output.role_arn is None


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    for start in ("", AWS[0] + "\n"):
        output = read_setup_output(start + text)
        assert output is None or {step.name for step in output.steps}
