"""Bundles to snapshots: every file of the contract, what is missing, near misses, and where the target comes from."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.json_text import load as load_json
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.documents.truss import parse_truss
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import (
    AwsEvidence,
    AwsOidcProvider,
    GcpEvidence,
    GcpPool,
    GcpProvider,
    IssuerEvidence,
    Role,
    ServiceAccount,
    Snapshot,
    Target,
    TargetAws,
    TargetEvidence,
    TargetGcp,
)
from oidc_doctor.model.steps import STEPS

ACCOUNT = "210987654321"
ARN = f"arn:aws:iam::{ACCOUNT}:role/Weights"
POOL = "projects/123/locations/global/workloadIdentityPools/pool"
PROVIDER = f"{POOL}/providers/baseten"
EMAIL = "baseten-oidc@p.iam.gserviceaccount.com"
CLAIMS = {"iss": "https://oidc.baseten.co", "sub": "v=1:org=a", "aud": "oidc.baseten.co"}
ROLE = {"Role": {"RoleName": "Weights", "Arn": ARN, "AssumeRolePolicyDocument": {"Statement": []}}}
AWS_PROVIDER = {"Url": "oidc.baseten.co", "ClientIDList": ["oidc.baseten.co"]}
GCP_PROVIDER = {"name": PROVIDER, "oidc": {"issuerUri": "https://oidc.baseten.co"}}
JWT = ".".join(
    base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in ({"alg": "RS256"}, CLAIMS, "s")
)


def write(root: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return root


def load(root: Path, files: dict[str, Any], **options: Any) -> Snapshot:
    with open_bundle(write(root, files)) as bundle:
        return load_snapshot(bundle, **options)


def one(root: Path, files: dict[str, Any], **options: Any) -> TargetEvidence:
    (evidence,) = load(root, files, **options).targets
    return evidence


def toml(**clouds: dict[str, Any]) -> str:
    rows = ["[[target]]", 'name = "weights"']
    for cloud, values in clouds.items():
        rows += [f"[target.{cloud}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    return "\n".join(rows)


FULL: dict[str, Any] = {
    "oidc-doctor.toml": toml(aws={"role_session_name": "s"}, gcp={"gcs_bucket": "g"}),
    "manifest.json": {
        "collected_at": "2026-11-22T22:40:00Z",
        "reads": [
            {
                "path": "aws/rcps",
                "outcome": "denied",
                "call": "aws organizations list-policies",
                "code": "AccessDenied",
            },
            {
                "path": "aws/cloudtrail/us-east-1.json",
                "outcome": "ok",
                "from": "2026-11-21T00:00:00Z",
                "to": "2026-11-22T00:00:00Z",
                "truncated": True,
            },
        ],
    },
    "token.jwt": JWT + "\n",
    "claims.json": {"claims": CLAIMS},
    "tokens/other.json": {**CLAIMS, "sub": "v=1:org=b"},
    "tokens/third": JWT,
    "error.txt": "An error occurred (AccessDenied)\n",
    "truss/config.yaml": "model_name: x\n",
    "truss/whoami.txt": "Org ID: a\n",
    "setup/output.txt": "created\n",
    "issuer/openid-configuration.json": {"issuer": "https://oidc.baseten.co"},
    "issuer/jwks.json": {"keys": []},
    "issuer/chain.pem": "-----BEGIN CERTIFICATE-----\n",
    "aws/role.json": ROLE,
    "aws/oidc-provider.json": AWS_PROVIDER,
    "aws/oidc-providers.json": {"OpenIDConnectProviderList": [{"Arn": "arn:x"}]},
    "aws/role-policies/b.json": {"PolicyDocument": {"Statement": ["b"]}},
    "aws/role-policies/a.json": {"PolicyVersion": {"Document": {"Statement": ["a"]}}},
    "aws/caller-identity.json": {"Account": ACCOUNT},
    "aws/roles.json": {"Roles": []},
    "aws/role-policy-list.json": {"PolicyNames": []},
    "aws/attached-policies.json": {"AttachedPolicies": []},
    "aws/boundary.json": {"Statement": []},
    "aws/rcps/one.json": {"Policy": {"Content": '{"Statement": []}'}},
    "aws/bucket-policy.json": {"Policy": '{"Statement": []}'},
    "aws/bucket-encryption.json": {"ServerSideEncryptionConfiguration": {}},
    "aws/repository-policy.json": {"policyText": '{"Statement": []}'},
    "aws/key-policy.json": {"Policy": '{"Statement": []}'},
    "aws/cloudtrail/us-east-1.json": {"Records": []},
    "aws/cloudtrail/AWSLogs/1/CloudTrail/x/a.json.gz": "x",
    "gcp/provider.json": GCP_PROVIDER,
    "gcp/pool.json": {"name": POOL},
    "gcp/pools.json": [{"name": POOL}],
    "gcp/providers.json": [GCP_PROVIDER],
    "gcp/project.json": {"projectNumber": "123", "projectId": "p"},
    "gcp/services.json": {"sts.googleapis.com": "ENABLED"},
    "gcp/service-account.json": {"email": EMAIL},
    "gcp/service-account-policy.json": {"bindings": [{"role": "r", "members": ["m"]}]},
    "gcp/project-policy.json": {},
    "gcp/folder-policy.json": {},
    "gcp/organization-policy.json": {},
    "gcp/org-policies/a.json": {"name": "x"},
    "gcp/credentials.json": {"type": "external_account", "audience": f"//iam.googleapis.com/{PROVIDER}"},
    "gcp/logs/a.json": [],
}


def test_every_file_with_a_field_is_read_into_that_field() -> None:
    places: dict[str, Any] = {"aws": AwsEvidence, "gcp": GcpEvidence, "issuer": IssuerEvidence}
    for row in contract.FILES:
        evidence = places.get(row.path.partition("/")[0], TargetEvidence)
        assert not row.field or row.field in evidence._fields, row.path


def test_every_step_that_a_file_decides_exists_and_each_step_has_a_file() -> None:
    named = {step for row in contract.FILES for step in (*row.decides, *row.also)}
    assert named <= {f"{cloud}:{step.id}" for cloud, steps in STEPS.items() for step in steps}
    for cloud, steps in STEPS.items():
        files = contract.deciding(cloud)
        assert [step.id for step in steps if step.exchange and not files[step.id]] == []


def test_every_file_of_the_contract_is_read(tmp_path: Path) -> None:
    snapshot = load(tmp_path, FULL)
    (evidence,) = snapshot.targets
    assert [token.name for token in evidence.tokens] == ["token", "other", "third"]
    assert [error.text for error in evidence.observed] == ["An error occurred (AccessDenied)"]
    assert evidence.setup_output == "created\n"
    assert isinstance(evidence.truss, Document)
    assert isinstance(evidence.whoami, Document)
    assert isinstance(evidence.issuer.jwks, Document)
    assert isinstance(evidence.issuer.chain, str)
    aws, gcp = evidence.aws, evidence.gcp
    assert aws is not None
    assert gcp is not None
    for part in (aws, gcp, evidence.issuer):
        for name, value in part._asdict().items():
            if name == "documents":
                assert [path for path in value if path in FULL and isinstance(value[path], Missing)] == []
                continue
            assert not isinstance(value, Missing), name
            assert value is not None, name
    assert isinstance(aws.role, Role)
    assert isinstance(aws.provider, AwsOidcProvider)
    assert aws.provider_arns == ("arn:x",)
    assert aws.caller_account == ACCOUNT
    assert aws.documents.keys() == {row.path for row in contract.below("aws/") if not row.field}
    assert gcp.documents.keys() == {row.path for row in contract.below("gcp/") if not row.field}
    policies = aws.documents["aws/role-policies/*.json"]
    assert not isinstance(policies, Missing)
    assert [policy.value for policy in policies] == [{"Statement": ["a"]}, {"Statement": ["b"]}]
    assert (gcp.project_number, gcp.project_id) == ("123", "p")
    assert evidence.cloudtrail == ("aws/cloudtrail/AWSLogs/1/CloudTrail/x/a.json.gz", "aws/cloudtrail/us-east-1.json")
    assert evidence.gcp_logs == ("gcp/logs/a.json",)
    assert snapshot.collected_at == 1795387200.0
    rows = {row.what: row for row in snapshot.coverage}
    logs = {"aws/cloudtrail/AWSLogs/1/CloudTrail/x/a.json.gz", "gcp/logs/a.json"}
    assert FULL.keys() - logs <= rows.keys()
    assert {row.status for what, row in rows.items() if what not in FULL} <= {"missing", "denied"}
    assert {row.status for what, row in rows.items() if what in FULL} == {"read", "partial"}
    row = rows["aws/cloudtrail/us-east-1.json"]
    assert (row.status, row.since, row.until) == ("partial", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")
    assert rows["claims.json"].reason == "the claims of token.jwt once more"
    assert set(snapshot.reads) == {"aws/rcps"}


def test_each_file_alone_is_enough(tmp_path: Path) -> None:
    for index, (name, value) in enumerate(FULL.items()):
        files = {name: value}
        snapshot = load(tmp_path / str(index), files)
        (evidence,) = snapshot.targets
        assert (evidence.aws is not None) == (name.startswith("aws/") or name in ("oidc-doctor.toml", "manifest.json"))
        assert (evidence.gcp is not None) == (name.startswith("gcp/") or name == "oidc-doctor.toml")
        assert not [row for row in snapshot.coverage if row.named]


BROKEN = [
    name
    for name in FULL
    if name.endswith((".json", ".toml", ".yaml")) and "/logs/" not in name and "cloudtrail" not in name
]


@pytest.mark.parametrize(
    ("name", "text"),
    [(name, text) for name in BROKEN for text in ('{"a": 1\n "b": [}', "[[1", "\0")]
    + [(name, '"x"') for name in BROKEN if contract.row_of(name).parser not in (load_json, parse_truss)],
)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path: Path, name: str, text: str) -> None:
    files = {**FULL, name: text}
    with open_bundle(write(tmp_path, files)) as bundle:
        snapshot = load_snapshot(bundle)
    rows = {row.what: row for row in snapshot.coverage}
    others = {what: row for what, row in rows.items() if what != name and row.named}
    assert others == {}
    assert (rows[name].status, rows[name].named) == ("missing", True)
    assert rows[name].reason.isprintable()
    if name != "manifest.json":
        assert snapshot.collected_at is not None


def test_the_place_in_the_broken_file(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"aws/role.json": '{\n "Role": {\n  "a" 1', "claims.json": CLAIMS})
    row = next(row for row in snapshot.coverage if row.what == "aws/role.json")
    assert row.reason == "line 3 column 7: expected ':'"
    aws = snapshot.targets[0].aws
    assert aws is not None
    assert aws.role == Missing("aws/role.json", "line 3 column 7: expected ':'", "unreadable")


def test_a_broken_policy_text_leaves_the_role_and_is_named(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"aws/role.json": {"Arn": ARN, "AssumeRolePolicyDocument": "{"}})
    row = next(row for row in snapshot.coverage if row.what == "aws/role.json")
    assert (row.status, row.named) == ("partial", True)
    assert "the policy text at /AssumeRolePolicyDocument" in row.reason


def test_unknown_files_are_one_row(tmp_path: Path) -> None:
    extra = {f"aws/extra-{index}.json": "x" for index in range(10)}
    snapshot = load(tmp_path, {"claims.json": CLAIMS, "notes.txt": "x", "tokens/README.md": "x", **extra})
    row = next(row for row in snapshot.coverage if row.what == "other files")
    assert (row.status, row.count, row.named) == ("not-asked", 12, False)
    assert row.reason.startswith("no part of a bundle: aws/extra-0.json, ")
    assert row.reason.endswith(" and 4 more")
    assert snapshot.targets[0].aws is None


def test_the_diagnosis_that_lies_beside_a_sample_is_no_evidence(tmp_path: Path) -> None:
    files = {"claims.json": CLAIMS, "expected.json": "{}", "targets/a/expected.json": "{}", "aws/expected.json": "{}"}
    row = next(row for row in load(tmp_path, files).coverage if row.what == "other files")
    assert row.reason == "no part of a bundle: aws/expected.json"


def test_misspelled_keys_of_the_target_are_told(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"oidc-doctor.toml": '[[target]]\nnam = "x"\n', "claims.json": CLAIMS})
    row = next(row for row in snapshot.coverage if row.what == "oidc-doctor.toml")
    assert (row.status, row.reason) == ("partial", "line 2: unknown key nam; did you mean name?")


# -------- what is missing


def test_what_is_not_in_the_bundle_is_unknown(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"aws/role.json": ROLE})
    aws = snapshot.targets[0].aws
    assert aws is not None
    assert aws.provider == Missing("aws/oidc-provider.json", "not in the bundle")
    rows = {row.what: row for row in snapshot.coverage}
    assert (rows["aws/oidc-provider.json"].status, rows["aws/oidc-provider.json"].reason) == (
        "missing",
        "not in the bundle",
    )
    assert {"aws/rcps/", "aws/cloudtrail/", "token.jwt", "error.txt", "issuer/jwks.json"} <= rows.keys()
    assert not any(what.startswith("gcp/") or "truss" in what for what in rows)
    assert not any(row.named for row in rows.values())


def test_the_manifests_outcomes(tmp_path: Path) -> None:
    reads = [
        {"path": "aws/role.json", "call": "aws iam get-role", "outcome": "not_found", "code": "NoSuchEntity"},
        {"path": "aws/oidc-provider.json", "outcome": "denied", "code": "AccessDenied"},
        {"path": "aws/roles.json", "outcome": "throttled"},
        {"path": "aws/boundary.json", "outcome": "ok"},
    ]
    snapshot = load(tmp_path, {"manifest.json": {"reads": reads}, "claims.json": CLAIMS})
    aws = snapshot.targets[0].aws
    assert aws is not None
    assert isinstance(aws.role, Missing)
    assert isinstance(aws.provider, Missing)
    assert aws.role.proves_absence
    assert (aws.provider.outcome, aws.provider.reason) == ("denied", "AccessDenied")
    rows = {row.what: row for row in snapshot.coverage}
    assert rows["aws/role.json"].reason == "it does not exist (aws iam get-role: NoSuchEntity)"
    assert rows["aws/oidc-provider.json"].status == "denied"
    assert rows["aws/roles.json"].status == "missing"
    assert (rows["aws/boundary.json"].status, rows["aws/boundary.json"].named) == ("missing", True)
    assert set(snapshot.reads) == {"aws/role.json", "aws/oidc-provider.json", "aws/roles.json"}


def test_a_cloud_that_nothing_names_stays_out(tmp_path: Path) -> None:
    evidence = one(tmp_path, {"claims.json": CLAIMS, "error.txt": "x"})
    assert (evidence.aws, evidence.gcp, evidence.target.aws, evidence.target.gcp) == (None, None, None, None)


def test_an_empty_error_is_no_error(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"error.txt": "\n", "claims.json": CLAIMS})
    assert snapshot.targets[0].observed == ()
    assert next(row for row in snapshot.coverage if row.what == "error.txt").status == "partial"


def test_text_of_any_encoding(tmp_path: Path) -> None:
    write(tmp_path, {"claims.json": CLAIMS})
    (tmp_path / "error.txt").write_bytes(b"refus\xe9")
    (tmp_path / "token.jwt").write_bytes(JWT.encode("utf-16"))
    with open_bundle(tmp_path) as bundle:
        (evidence,) = load_snapshot(bundle).targets
    assert evidence.observed[0].text == "refus\ufffd"
    assert evidence.tokens[0].fault is None


@pytest.mark.parametrize("text", ["", "opaque", "null", "[1]", '"x"'])
def test_claims_that_hold_no_token_are_unreadable(tmp_path: Path, text: str) -> None:
    snapshot = load(tmp_path, {"claims.json": text, "error.txt": "x"})
    assert snapshot.targets[0].tokens == ()
    assert next(row for row in snapshot.coverage if row.what == "claims.json").named


def test_a_jwt_in_claims_json_is_a_jwt(tmp_path: Path) -> None:
    (token,) = one(tmp_path, {"claims.json": JWT}).tokens
    assert (token.kind, token.fault) == ("jwt", None)


def test_a_token_that_is_none_is_evidence_and_claims_that_are_none_are_not(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"token.jwt": "opaque", "claims.json": "{"})
    (token,) = snapshot.targets[0].tokens
    assert token.fault_kind == "not-a-jwt"
    rows = {row.what: row for row in snapshot.coverage}
    assert (rows["token.jwt"].status, rows["token.jwt"].named) == ("read", False)
    assert (rows["claims.json"].status, rows["claims.json"].named) == ("missing", True)


# -------- near misses


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        (ARN, True),
        ("arn:aws:iam::<account>:role/Weights", True),
        ("arn:aws:iam::ACCOUNT-ID:role/Weights", True),
        ("arn:aws:iam::123:role/Weights", True),
        ("$AWS_ROLE_ARN", True),
        ("arn:aws:iam::111122223333:role/Weights", False),
        (f"arn:aws:iam::{ACCOUNT}:role/weights", False),
        (f"arn:aws:iam::{ACCOUNT}:role/team/Weights", False),
        ("arn:aws:iam::<account>:role/Other", False),
        ("arn:aws:sts::{AccountID}:assumed-role/{RoleName}/{Session}", False),
    ],
)
def test_a_role_that_is_not_the_targets_is_near(tmp_path: Path, sent: str, own: bool) -> None:
    evidence = one(tmp_path, {"aws/role.json": ROLE, "oidc-doctor.toml": toml(aws={"role_arn": sent})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role) is own
    assert len(evidence.aws.near_roles) == (not own)
    if not own:
        assert evidence.aws.role == Missing("aws/role.json", f"{ARN} was read, which is not the target's role")


def test_what_a_manifest_records_as_read_holds_no_placeholders(tmp_path: Path) -> None:
    files = {"aws/role.json": ROLE, "oidc-doctor.toml": toml(aws={"role_arn": "arn:aws:iam::<account>:role/Weights"})}
    files["manifest.json"] = {"reads": [{"path": "aws/role.json", "outcome": "ok"}]}
    evidence = one(tmp_path, files)
    assert not evidence.target.pasted
    assert evidence.aws is not None
    assert len(evidence.aws.near_roles) == 1


def test_pasted_unless_every_configuration_file_was_read(tmp_path: Path) -> None:
    files: dict[str, Any] = {"aws/role.json": ROLE, "gcp/provider.json": GCP_PROVIDER}
    files["manifest.json"] = {"reads": [{"path": "aws/role.json", "outcome": "ok"}]}
    assert one(tmp_path / "a", files).target.pasted
    files["manifest.json"]["reads"].append({"path": "gcp/provider.json", "outcome": "ok"})
    assert not one(tmp_path / "b", files).target.pasted
    assert one(tmp_path / "c", {"claims.json": CLAIMS}).target.pasted


def test_a_trust_policy_alone_is_the_targets(tmp_path: Path) -> None:
    evidence = one(tmp_path, {"aws/role.json": {"Statement": []}, "oidc-doctor.toml": toml(aws={"role_arn": ARN})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role)
    assert evidence.aws.role.arn is None


def test_the_role_in_a_list(tmp_path: Path) -> None:
    moved = {"RoleName": "Weights", "Arn": f"arn:aws:iam::{ACCOUNT}:role/team/Weights"}
    other = {"RoleName": "Other", "Arn": f"arn:aws:iam::{ACCOUNT}:role/Other"}
    listed = {"Roles": [other, moved, ROLE["Role"]]}
    evidence = one(tmp_path / "a", {"aws/roles.json": listed, "oidc-doctor.toml": toml(aws={"role_arn": ARN})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Role)
    assert evidence.aws.role.origin.pointer == "/Roles/2"
    assert [role.arn for role in evidence.aws.near_roles] == [moved["Arn"]]
    listed = {"Roles": [other, moved]}
    evidence = one(tmp_path / "b", {"aws/roles.json": listed, "oidc-doctor.toml": toml(aws={"role_arn": ARN})})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.role, Missing)
    assert [role.arn for role in evidence.aws.near_roles] == [moved["Arn"]]


def test_the_aws_provider_of_the_issuer(tmp_path: Path) -> None:
    other = {"Url": "token.actions.githubusercontent.com"}
    files = {"aws/oidc-provider.json": [other, AWS_PROVIDER], "claims.json": CLAIMS}
    evidence = one(tmp_path / "a", files)
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    assert evidence.aws.provider.url == "oidc.baseten.co"
    assert [one.url for one in evidence.aws.other_providers] == ["token.actions.githubusercontent.com"]
    evidence = one(tmp_path / "b", {"aws/oidc-provider.json": other, "claims.json": CLAIMS})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    slash = {"Url": "oidc.baseten.co/"}
    evidence = one(tmp_path / "c", {"aws/oidc-provider.json": [other, slash], "claims.json": CLAIMS})
    assert evidence.aws is not None
    assert isinstance(evidence.aws.provider, AwsOidcProvider)
    assert evidence.aws.provider.url == "oidc.baseten.co/"


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        (PROVIDER, True),
        (f"//iam.googleapis.com/{PROVIDER}", True),
        (f"https://iam.googleapis.com/{PROVIDER}", True),
        (PROVIDER.replace("123", "<number>"), True),
        (PROVIDER.replace("123", "p"), True),  # the project's ID: one resource, badly named
        (POOL, True),
        ("${{ vars.PROVIDER }}", True),
        (PROVIDER.replace("123", "456"), False),
        (PROVIDER.replace("123", "other-project"), False),
        (PROVIDER.replace("baseten", "github"), False),
        (PROVIDER.replace("/pool/", "/pool2/"), False),
    ],
)
def test_a_gcp_provider_that_is_not_the_targets_is_near(tmp_path: Path, sent: str, own: bool) -> None:
    files = {"gcp/provider.json": GCP_PROVIDER, "oidc-doctor.toml": toml(gcp={"provider": sent})}
    files["gcp/project.json"] = {"projectNumber": "123", "projectId": "p"}
    evidence = one(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider) is own
    assert len(evidence.gcp.near_providers) == (not own)


def test_a_project_id_could_be_the_number_where_nobody_read_the_project(tmp_path: Path) -> None:
    sent = PROVIDER.replace("123", "my-project")
    evidence = one(tmp_path, {"gcp/provider.json": GCP_PROVIDER, "oidc-doctor.toml": toml(gcp={"provider": sent})})
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider)


def test_providers_and_pools_of_lists(tmp_path: Path) -> None:
    near = {**GCP_PROVIDER, "name": f"{POOL}/providers/github"}
    far = {**GCP_PROVIDER, "name": POOL.replace("pool", "other") + "/providers/x"}
    files = {
        "gcp/providers.json": [far, near, GCP_PROVIDER],
        "gcp/pools.json": [{"name": POOL + "2"}, {"name": POOL}],
        "oidc-doctor.toml": toml(gcp={"provider": PROVIDER}),
    }
    evidence = one(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider)
    assert evidence.gcp.provider.document.pointer == "/2"
    assert [one.name for one in evidence.gcp.near_providers] == [near["name"]]
    assert isinstance(evidence.gcp.pool, GcpPool)
    assert evidence.gcp.pool.name == POOL


def test_a_pool_and_an_account_that_are_not_the_targets(tmp_path: Path) -> None:
    files = {
        "gcp/pool.json": {"name": POOL + "2"},
        "gcp/service-account.json": {"email": "other@p.iam.gserviceaccount.com"},
        "oidc-doctor.toml": toml(gcp={"provider": PROVIDER, "service_account": EMAIL}),
    }
    evidence = one(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.pool, Missing)
    assert evidence.gcp.pool.reason == f"{POOL}2 was read, which is not the target's pool"
    assert isinstance(evidence.gcp.service_account, Missing)
    assert "other@p.iam.gserviceaccount.com" in evidence.gcp.service_account.reason


@pytest.mark.parametrize("sent", [EMAIL, "1234", "<sa>@p.iam.gserviceaccount.com"])
def test_the_targets_account(tmp_path: Path, sent: str) -> None:
    files = {
        "gcp/service-account.json": {"email": EMAIL, "uniqueId": "1234"},
        "oidc-doctor.toml": toml(gcp={"service_account": sent}),
    }
    evidence = one(tmp_path, files)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.service_account, ServiceAccount)


# -------- the derived target


def test_the_target_from_what_was_read(tmp_path: Path) -> None:
    files = {"aws/role.json": ROLE, "gcp/provider.json": GCP_PROVIDER, "gcp/service-account.json": {"email": EMAIL}}
    target = one(tmp_path, files).target
    assert target.aws == TargetAws(role_arn=ARN)
    assert target.gcp == TargetGcp(provider=PROVIDER, service_account=EMAIL)
    assert target.issuer == "https://oidc.baseten.co"
    assert {name: str(origin) for name, origin in target.origins.items()} == {
        "aws.role_arn": "aws/role.json:4",
        "gcp.provider": "gcp/provider.json:2",
        "gcp.service_account": "gcp/service-account.json:2",
        "issuer": "gcp/provider.json:4",
    }


IAMCREDENTIALS = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
CREDENTIALS = {
    "type": "external_account",
    "audience": f"//iam.googleapis.com/{POOL}/providers/typo",
    "service_account_impersonation_url": f"{IAMCREDENTIALS}/{EMAIL}:generateAccessToken",
    "service_account_impersonation": {"token_lifetime_seconds": 7200},
}


def test_the_clients_configuration_comes_before_what_was_read(tmp_path: Path) -> None:
    evidence = one(tmp_path, {"gcp/credentials.json": CREDENTIALS, "gcp/provider.json": GCP_PROVIDER})
    assert evidence.target.gcp == TargetGcp(
        provider=f"{POOL}/providers/typo",
        audience=f"//iam.googleapis.com/{POOL}/providers/typo",
        service_account=EMAIL,
        access_token_lifetime=7200,
    )
    assert str(evidence.target.origins["gcp.audience"]) == "gcp/credentials.json:3"
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, Missing)
    assert [one.name for one in evidence.gcp.near_providers] == [PROVIDER]


def test_an_audience_of_impossible_form_names_no_provider(tmp_path: Path) -> None:
    evidence = one(
        tmp_path, {"gcp/credentials.json": {"audience": "//iam.googleapis.com/..."}, "gcp/provider.json": GCP_PROVIDER}
    )
    assert evidence.target.gcp == TargetGcp(provider=PROVIDER, audience="//iam.googleapis.com/...")


@pytest.mark.parametrize(
    "value", [[], 3, {"audience": 3, "service_account_impersonation_url": [], "service_account_impersonation": 3}]
)
def test_credentials_of_another_kind(tmp_path: Path, value: Any) -> None:
    assert one(tmp_path, {"gcp/credentials.json": value}).target.gcp == TargetGcp()


TRUSS = f"""
base_image:
  docker_auth:
    auth_method: AWS_OIDC
    aws_oidc_role_arn: arn:aws:iam::{ACCOUNT}:role/Images
    aws_oidc_region: eu-west-1
weights:
  - source: s3://my-bucket/x
    auth:
      auth_method: AWS_OIDC
      aws_oidc_role_arn: {ARN}
      aws_oidc_region: us-east-1
  - source: gs://g-bucket/x
    auth:
      gcp_oidc_service_account: {EMAIL}
      gcp_oidc_workload_id_provider: {PROVIDER}
"""


def test_the_target_from_a_truss_configuration(tmp_path: Path) -> None:
    target = one(tmp_path / "a", {"truss/config.yaml": TRUSS}).target
    assert target.aws == TargetAws(role_arn=f"arn:aws:iam::{ACCOUNT}:role/Images", region="eu-west-1")
    assert target.gcp == TargetGcp(provider=PROVIDER, service_account=EMAIL, gcs_bucket="g-bucket")
    assert str(target.origins["aws.role_arn"]) == "truss/config.yaml:5"
    evidence = one(tmp_path / "b", {"truss/config.yaml": TRUSS, "aws/role.json": ROLE})
    assert evidence.target.aws == TargetAws(role_arn=ARN, region="us-east-1", s3_bucket="my-bucket")
    assert str(evidence.target.origins["aws.s3_bucket"]) == "truss/config.yaml:8"


def test_a_truss_identity_beside_another_role_or_provider_adds_nothing(tmp_path: Path) -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/Other"
    said = toml(aws={"role_arn": other}, gcp={"provider": f"{POOL}/providers/other"})
    target = one(tmp_path / "a", {"truss/config.yaml": TRUSS, "oidc-doctor.toml": said}).target
    assert target.aws == TargetAws(role_arn=other)
    assert target.gcp == TargetGcp(provider=f"{POOL}/providers/other")
    files = {"truss/config.yaml": TRUSS, "gcp/credentials.json": CREDENTIALS, "oidc-doctor.toml": said}
    target = one(tmp_path / "b", files).target
    assert target.gcp == TargetGcp(
        provider=f"{POOL}/providers/other", service_account=EMAIL, access_token_lifetime=7200
    )


@pytest.mark.parametrize(
    ("files", "issuer", "origin"),
    [
        (
            {"claims.json": {**CLAIMS, "iss": "https://t"}, "aws/oidc-provider.json": AWS_PROVIDER},
            "https://t",
            "claims.json",
        ),
        ({"aws/oidc-provider.json": {"Url": "host/Path"}}, "https://host/Path", "aws/oidc-provider.json:2"),
        (
            {"issuer/openid-configuration.json": {"issuer": "https://d"}},
            "https://d",
            "issuer/openid-configuration.json:2",
        ),
        ({"truss/whoami.txt": "Issuer: https://w"}, "https://w", "truss/whoami.txt#/issuer"),
        ({"claims.json": {"sub": "x"}}, None, None),
        (
            {"oidc-doctor.toml": '[[target]]\nissuer = "https://o"', "claims.json": CLAIMS},
            "https://o",
            "oidc-doctor.toml:2",
        ),
    ],
)
def test_the_issuer(tmp_path: Path, files: dict[str, Any], issuer: str | None, origin: str | None) -> None:
    target = one(tmp_path, files).target
    assert target.issuer == issuer
    assert (str(target.origins["issuer"]) if "issuer" in target.origins else None) == origin


def test_the_command_line_goes_over_the_bundle(tmp_path: Path) -> None:
    over = Target("", None, TargetAws(role_arn="arn:aws:iam::1:role/x"), None, {"aws.role_arn": Origin("--role")})
    token = hypothetical("v=1:org=z")
    files = {"claims.json": CLAIMS, "error.txt": "from the file", "oidc-doctor.toml": toml(aws={"role_arn": ARN})}
    evidence = one(tmp_path, files, overrides=over, error_text="from the flag", extra_tokens=[token])
    assert evidence.target.name == "weights"
    assert evidence.target.aws == TargetAws(role_arn="arn:aws:iam::1:role/x")
    assert str(evidence.target.origins["aws.role_arn"]) == "--role"
    assert [error.text for error in evidence.observed] == ["from the flag", "from the file"]
    assert evidence.tokens[0] is token
    assert len(evidence.tokens) == 2


def test_without_a_bundle() -> None:
    snapshot = load_snapshot(
        None, overrides=Target("", None, TargetAws(role_arn=ARN)), extra_tokens=[hypothetical("x")]
    )
    (evidence,) = snapshot.targets
    assert evidence.target.aws == TargetAws(role_arn=ARN)
    assert evidence.aws is not None
    assert evidence.gcp is None


# -------- several targets


def test_several_tables_share_the_files(tmp_path: Path) -> None:
    files = {
        "oidc-doctor.toml": f"""
            [[target]]
            name = "a"
            aws.role_arn = "{ARN}"
            [[target]]
            name = "b"
            aws.role_arn = "{ARN}2"
            [[target]]
            [[target]]
        """,
        "aws/role.json": ROLE,
        "claims.json": CLAIMS,
    }
    targets = load(tmp_path, files).targets
    assert [evidence.target.name for evidence in targets] == ["a", "b", "target", "target-2"]
    assert [isinstance(evidence.aws and evidence.aws.role, Role) for evidence in targets] == [True, False, True, True]
    assert targets[0].tokens == targets[1].tokens


def test_folders_of_targets(tmp_path: Path) -> None:
    files = {
        "manifest.json": {"collected_at": 1, "reads": [{"path": "targets/a/aws/roles.json", "outcome": "denied"}]},
        "issuer/jwks.json": {"keys": ["shared"]},
        "aws/cloudtrail/x.json": {"Records": []},
        "targets/a/aws/role.json": ROLE,
        "targets/a/claims.json": CLAIMS,
        "targets/a/issuer/jwks.json": {"keys": ["own"]},
        "targets/b/gcp/provider.json": GCP_PROVIDER,
        "targets/b/oidc-doctor.toml": '[[target]]\nname = "images"\n',
        "targets/b/error.txt": "no",
        "targets/b/manifest.json": {"collected_at": 2, "reads": [{"path": "gcp/pool.json", "outcome": "not_found"}]},
        "targets/c/tokens/x.jwt": JWT,
    }
    snapshot = load(tmp_path, files)
    a, b, c = snapshot.targets
    assert [one.target.name for one in snapshot.targets] == ["a", "images", "c"]
    assert snapshot.collected_at == 1.0
    assert (a.aws is not None, a.gcp is not None) == (True, False)
    assert (b.aws is not None, b.gcp is not None) == (False, True)
    assert (c.aws is not None, c.gcp is not None) == (True, False)  # nothing but the shared logs speaks of a cloud
    assert (a.cloudtrail, b.cloudtrail, c.cloudtrail) == (("aws/cloudtrail/x.json",), (), ("aws/cloudtrail/x.json",))
    assert isinstance(a.issuer.jwks, Document)
    assert isinstance(b.issuer.jwks, Document)
    assert (a.issuer.jwks.value, b.issuer.jwks.value) == ({"keys": ["own"]}, {"keys": ["shared"]})
    assert a.aws is not None
    assert isinstance(a.aws.role, Role)
    assert str(a.aws.role.origin) == "targets/a/aws/role.json:2"
    assert isinstance(a.aws.roles, Missing)
    assert a.aws.roles.outcome == "denied"
    assert b.gcp is not None
    assert isinstance(b.gcp.pool, Missing)
    assert b.gcp.pool.proves_absence
    assert [error.origin.file for error in b.observed] == ["targets/b/error.txt"]


def test_tables_of_the_top_belong_to_the_folders_of_their_names(tmp_path: Path) -> None:
    files = {
        "oidc-doctor.toml": '[[target]]\nname = "a"\naws.region = "r"\n[[target]]\nname = "top"\n',
        "targets/a/oidc-doctor.toml": '[[target]]\naws.role_session_name = "s"\n',
        "targets/a/aws/role.json": ROLE,
    }
    top, a = load(tmp_path, files).targets
    assert (top.target.name, top.target.aws) == ("top", None)
    assert (a.target.name, a.target.aws) == ("a", TargetAws(role_arn=ARN, region="r", role_session_name="s"))


def test_the_top_is_a_target_beside_folders_where_it_has_files(tmp_path: Path) -> None:
    targets = load(tmp_path, {"aws/role.json": ROLE, "targets/a/claims.json": CLAIMS}).targets
    assert [evidence.target.name for evidence in targets] == ["target", "a"]


# -------- everything else


def test_the_same_snapshot_from_an_archive(tmp_path: Path) -> None:
    root = write(tmp_path / "bundle", FULL)
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in FULL:
            archive.write(root / name, f"bundle/{name}")
    with open_bundle(root) as bundle:
        expected = load_snapshot(bundle)
    with open_bundle(path) as bundle:
        found = load_snapshot(bundle)
    assert found.targets[0].aws == expected.targets[0].aws
    assert found.targets[0].tokens == expected.targets[0].tokens
    assert sorted(found.coverage, key=repr) == sorted(expected.coverage, key=repr)


def test_a_provider_alone(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(GCP_PROVIDER))
    with open_bundle(tmp_path / "p.json") as bundle:
        (evidence,) = load_snapshot(bundle).targets
    assert evidence.target.gcp == TargetGcp(provider=PROVIDER)
    assert evidence.gcp is not None
    assert isinstance(evidence.gcp.provider, GcpProvider)
    assert str(evidence.gcp.provider.document.at("/name")) == "p.json:1"


def test_importing_it_imports_no_archive_or_yaml_library() -> None:
    code = "import sys; import oidc_doctor.bundle.snapshot; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert "oidc_doctor.documents.token" in loaded
    assert not loaded & {
        "zipfile",
        "tarfile",
        "gzip",
        "yaml",
        "tomllib",
        "urllib.parse",
        "threading",
        "difflib",
        "boto3",
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=4)
    | st.sampled_from([ARN, PROVIDER, EMAIL, "https://x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Role",
                    "Arn",
                    "Url",
                    "name",
                    "oidc",
                    "bindings",
                    "role",
                    "reads",
                    "path",
                    "claims",
                    "sub",
                    "iss",
                    "audience",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(FULL)),
        st.binary(max_size=30) | JSON.map(lambda value: json.dumps(value).encode()),
        min_size=1,
        max_size=6,
    )
)
def test_no_bundle_raises_anything_but_bundle_error(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    root = tmp_path_factory.mktemp("any")
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    try:
        with open_bundle(root) as bundle:
            snapshot = load_snapshot(bundle)
    except BundleError as error:
        assert str(error).isprintable()
        return
    assert snapshot.targets
    for row in snapshot.coverage:
        assert row.what.isprintable()
        assert row.reason.isprintable()
