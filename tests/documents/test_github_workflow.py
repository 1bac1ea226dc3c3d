"""A workflow of GitHub Actions: its sign-in steps, and a job's permission to request a token."""

from __future__ import annotations

import contextlib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.github_workflow import permission_of_job, workflow_audiences, workflow_targets
from oidc_doctor.documents.json_text import Unreadable

ROLE = "arn:aws:iam::123456789012:role/Deploy"


@pytest.mark.parametrize(
    ("top", "own", "said"),
    [
        ("", "", ""),
        ("permissions: write-all", "", "write"),
        ("permissions: read-all", "", "read"),
        ("permissions: {}", "", "none"),
        ("permissions: {contents: read}", "", "none"),
        ("permissions: {id-token: write}", "", "write"),
        ("permissions: {id-token: write}", "permissions: {contents: read}", "none"),
        ("permissions: read-all", "permissions: {id-token: write}", "write"),
        ("", "permissions:", "none"),
    ],
)
def test_permission_of_a_job_replaces_that_of_the_workflow(top: str, own: str, said: str) -> None:
    text = f"{top}\njobs:\n  deploy:\n    runs-on: x\n    {own}\n"
    found = permission_of_job(text, "x.yml", "deploy")
    assert (found.has_job, found.id_token) == (True, said)
    assert found.line == (5 if own else 1 if top else 3)


def test_audience_of_each_sign_in_step() -> None:
    text = f"""
jobs:
  deploy:
    steps:
      - uses: aws-actions/configure-aws-credentials@v6
        with: {{role-to-assume: "{ROLE}"}}
      - uses: aws-actions/configure-aws-credentials@v6
        with: {{role-to-assume: "{ROLE}", audience: custom}}
      - uses: google-github-actions/auth@v3
        with: {{workload_identity_provider: x, audience: "${{{{ vars.AUDIENCE }}}}"}}
      - run: echo
  other:
    steps:
      - uses: aws-actions/configure-aws-credentials@v6
        with: {{audience: of-another-job}}
"""
    assert workflow_audiences(text, "x.yml", "deploy") == [None, "custom"]
    assert [target.aws.role_arn for target in workflow_targets(text, "x.yml", "deploy") if target.aws] == [ROLE, ROLE]


_LEAVES = st.none() | st.booleans() | st.integers() | st.sampled_from(["write", "write-all", "${{ x }}", ROLE, ""])
_NAMES = st.sampled_from(["jobs", "deploy", "permissions", "id-token", "steps", "uses", "with", "audience"])
_ACTIONS = st.sampled_from(["aws-actions/configure-aws-credentials@v6", "google-github-actions/auth@v3"])


@settings(max_examples=share_of(200))
@given(
    st.recursive(
        _LEAVES | _ACTIONS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.integers(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_shape_is_read_without_a_fault(value: object) -> None:
    for document in (value, {"jobs": {"deploy": value}}, {"jobs": {"deploy": {"steps": [value]}}}):
        text = yaml.safe_dump(document)
        permission_of_job(text, "x.yml", "deploy")
        with contextlib.suppress(Unreadable):
            assert all(isinstance(audience, str | None) for audience in workflow_audiences(text, "x.yml", "deploy"))
            list(workflow_targets(text, "x.yml"))
