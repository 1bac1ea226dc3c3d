"""Truss configurations, and the tables that Baseten's tools print."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.truss import parse_truss, parse_whoami, truss_auths

CONFIG = """
base_image:
  image: 210987654321.dkr.ecr.us-east-1.amazonaws.com/models/base:1
  docker_auth:
    auth_method: aws_oidc
    registry: 210987654321.dkr.ecr.us-east-1.amazonaws.com
    aws_oidc_role_arn: arn:aws:iam::210987654321:role/Images
    aws_oidc_region: us-east-1
weights:
  - source: hf://org/model
    mount_location: /a
  - source: gs://my-bucket/weights
    mount_location: /b
    auth:
      auth_method: GCP_OIDC
      gcp_oidc_service_account: baseten-oidc@p.iam.gserviceaccount.com
      gcp_oidc_workload_id_provider: projects/1/locations/global/workloadIdentityPools/baseten-pool/providers/x
"""


def test_the_identities_of_a_configuration() -> None:
    document = parse_truss(CONFIG, "truss/config.yaml")
    image, weights = truss_auths(document)
    assert (image.auth_method, image.aws_role_arn, image.aws_region) == (
        "AWS_OIDC",
        "arn:aws:iam::210987654321:role/Images",
        "us-east-1",
    )
    assert image.resource == "210987654321.dkr.ecr.us-east-1.amazonaws.com/models/base:1"
    assert (weights.gcp_service_account, weights.resource) == (
        "baseten-oidc@p.iam.gserviceaccount.com",
        "gs://my-bucket/weights",
    )
    assert document.at(weights.pointer + "/gcp_oidc_service_account").line == 16


@pytest.mark.parametrize(
    "text", ["weights: x", "weights: [3, {auth: 3}]", "base_image: {docker_auth: [1]}", "base_image: x"]
)
def test_configurations_without_identities(text: str) -> None:
    assert truss_auths(parse_truss(text, "f")) == ()


@pytest.mark.parametrize("text", ["", "# a comment", "[]", "3", "<html>sign in</html>"])
def test_a_text_that_is_no_configuration(text: str) -> None:
    with pytest.raises(Unreadable, match="the top: expected an object"):
        parse_truss(text, "f")


def test_values_that_are_no_text_are_left_out() -> None:
    (auth,) = truss_auths(
        parse_truss("weights: [{auth: {aws_oidc_role_arn: [x], auth_method: 3, aws_oidc_region: ''}}]", "f")
    )
    assert (auth.aws_role_arn, auth.auth_method, auth.aws_region) == (None, None, None)


NARROW = """my-workspace\\me@example.com
          OIDC Configuration for Workload Identity
╭───────────────────────┬──────────────────────────────────╮
│ Org ID                │ Mvg9jrRd                         │
│ Teams                 │ AviIZ0y3 (Platform Team),        │
│                       │ wgeyxoq (Research), wlpny2q (A   │
│                       │ team with a rather long name)    │
│ Issuer                │ https://oidc.baseten.co          │
│ Audience              │ oidc.baseten.co                  │
│ Workload Type Options │ model_container, model_build     │
├───────────────────────┼──────────────────────────────────┤
│ Subject Claim Format  │ v=1:org=Mvg9jrRd:team=<team_id>: │
│                       │ model=<model_id>:deployment=<dep │
│                       │ loyment_id>:type=<workload_type> │
╰───────────────────────┴──────────────────────────────────╯
Learn more: https://docs.baseten.co/organization/oidc
"""
DESCRIBED = """Org ID:               Mvg9jrRd
Name:                 Example
Teams:                AviIZ0y3 (Platform Team)
                      wgeyxoq (Research), wlpny2q (A team with a rather long name)
Issuer:               https://oidc.baseten.co
Audience:             oidc.baseten.co
Workload Types:       model_container, model_build
Subject Claim Format: v=1:org=Mvg9jrRd:team=<team_id>:model=<model_id>:deployment=<deployment_id>:type=<workload_type>
AWS AssumeRole: not enabled for this organization
"""


PLAIN = NARROW.replace("│", "|").replace("─", "-")  # the borders of a terminal without Unicode


@pytest.mark.parametrize("text", [NARROW, PLAIN, DESCRIBED])
def test_whoami(text: str) -> None:
    document = parse_whoami(text, "truss/whoami.txt")
    value = dict(document.value)
    subject = value.pop("subject_format")
    assert value.pop("org_name") in {"my-workspace", "Example"}
    assert subject.startswith("v=1:org=Mvg9jrRd:team=<team_id>:model=<model_id>:deployment=<dep")
    assert " " not in subject
    assert value == {
        "org_id": "Mvg9jrRd",
        "teams": [
            {"id": "AviIZ0y3", "name": "Platform Team"},
            {"id": "wgeyxoq", "name": "Research"},
            {"id": "wlpny2q", "name": "A team with a rather long name"},
        ],
        "issuer": "https://oidc.baseten.co",
        "audience": "oidc.baseten.co",
        "workload_types": ["model_container", "model_build"],
    }
    assert str(document.at("/org_id")) == "truss/whoami.txt#/org_id"


def test_whoami_with_a_row_cut_by_the_terminal() -> None:
    text = "│ Org ID │ a │\n│ Issuer │ https://oidc.base… │\n│ Teams │ [ ] │\n"
    assert parse_whoami(text, "f").value == {"org_id": "a", "teams": []}


def test_the_json_form() -> None:
    assert parse_whoami('{"org_id": "a", "name": "b", "x": 3}', "f").value == {"org_id": "a", "org_name": "b"}
    with pytest.raises(Unreadable):
        parse_whoami('{"org_id": ', "f")


@settings(max_examples=share_of(200), deadline=None)
@given(st.text("│| OrgIDTeams:(),\n x…{", max_size=60))
def test_no_text_raises_anything_but_unreadable(text: str) -> None:
    for parse in (parse_whoami, parse_truss):
        try:
            document = parse(text, "f")
        except Unreadable:
            continue
        truss_auths(document)


def test_whoami_in_a_panel_whose_columns_only_spaces_separate() -> None:
    rows = [
        "             OIDC Configuration for Workload Identity            ",
        "  Org ID                 Mvg9jrRd                                ",
        "  Teams                  Lm2Kv9Zd (default), Zz9Kv9Zd            ",
        "                         (research team)                         ",
        "  Issuer                 https://oidc.baseten.co                 ",
        " ─────────────────────────────────────────────────────────────── ",
        "  Audience               oidc.baseten.co                         ",
    ]
    frame = "─" * len(rows[0])
    text = "\n".join(["acme\\dev", f"╭{frame}╮", *(f"│{row}│" for row in rows), f"╰{frame}╯"])
    assert parse_whoami(text, "whoami.txt").value == {
        "org_id": "Mvg9jrRd",
        "teams": [{"id": "Lm2Kv9Zd", "name": "default"}, {"id": "Zz9Kv9Zd", "name": "research team"}],
        "issuer": "https://oidc.baseten.co",
        "audience": "oidc.baseten.co",
    }
