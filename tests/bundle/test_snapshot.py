"""Bundles to snapshots: every file of the contract, broken files, and what is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.snapshots import (
    ACCOUNT,
    ARN,
    AWS_PROVIDER,
    CLAIMS,
    EMAIL,
    GCP_PROVIDER,
    JWT,
    POOL,
    PROVIDER,
    ROLE,
    load,
    only_target,
    toml,
    write,
)
from examples import share_of
from oidc_doctor.bundle import bounds, contract
from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.json_text import load as load_json
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.documents.truss import parse_truss
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import (
    AwsEvidence,
    AwsOidcProvider,
    GcpEvidence,
    GcpProvider,
    IssuerEvidence,
    Role,
    TargetEvidence,
    TargetGcp,
)
from oidc_doctor.model.steps import STEPS

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
    "truss/version.txt": "truss, version 0.18.36\n",
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
    "gcp/project.json": {"projectNumber": "123", "projectId": "p", "lifecycleState": "ACTIVE"},
    "gcp/services.json": {"sts.googleapis.com": "ENABLED"},
    "gcp/service-account.json": {"email": EMAIL},
    "gcp/service-account-policy.json": {"bindings": [{"role": "r", "members": ["m"]}]},
    "gcp/project-policy.json": {"etag": "ACAB"},
    "gcp/folder-policy.json": {"etag": "ACAB"},
    "gcp/organization-policy.json": {"etag": "ACAB"},
    "gcp/bucket-policy.json": {"etag": "ACAB"},
    "gcp/repository-policy.json": {"etag": "ACAB"},
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
    assert evidence.truss_version == "truss, version 0.18.36\n"
    assert isinstance(evidence.truss, Document)
    assert isinstance(evidence.whoami, Document)
    assert isinstance(evidence.issuer.jwks, Document)
    assert isinstance(evidence.issuer.chain, str)
    aws, gcp = evidence.aws, evidence.gcp
    assert aws is not None
    assert gcp is not None
    for part in (aws, gcp, evidence.issuer):
        for name, value in part._asdict().items():
            if name == "written_provider":  # what logged writes tell, which no file of the contract holds
                continue
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
    assert rows["claims.json"].reason == "a second copy of the claims of token.jwt"
    assert set(snapshot.reads) == {"aws/rcps"}


def test_each_file_alone_is_enough(tmp_path: Path) -> None:
    for index, (name, value) in enumerate(FULL.items()):
        files = {name: value}
        snapshot = load(tmp_path / str(index), files)
        (evidence,) = snapshot.targets
        assert (evidence.aws is not None) == (name.startswith("aws/") or name in ("oidc-doctor.toml", "manifest.json"))
        assert (evidence.gcp is not None) == (name.startswith("gcp/") or name == "oidc-doctor.toml")
        promised = [row.what for row in snapshot.coverage if row.named]  # by the manifest alone
        assert promised == (["aws/cloudtrail/us-east-1.json"] if name == "manifest.json" else [])


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


def test_what_the_collector_remarked_on_a_log_is_shown(tmp_path: Path) -> None:
    log = "aws/cloudtrail/a.json"
    for truncated, status, reason in (
        (False, "read", "experimental<U+001B>[31m"),
        (True, "partial", "cut off when it was gathered: experimental<U+001B>[31m"),
    ):
        read = {"path": log, "outcome": "ok", "truncated": truncated, "message": "experimental\x1b[31m"}
        snapshot = load(tmp_path, {"manifest.json": {"reads": [read]}, log: {"Records": []}})
        row = next(row for row in snapshot.coverage if row.what == log)
        assert (row.status, row.reason) == (status, reason)


def test_unknown_files_are_one_row(tmp_path: Path) -> None:
    extra = {f"aws/extra-{index}.json": "x" for index in range(10)}
    snapshot = load(tmp_path, {"claims.json": CLAIMS, "notes.txt": "x", "tokens/README.md": "x", **extra})
    row = next(row for row in snapshot.coverage if row.what == "other files")
    assert (row.status, row.count, row.named) == ("not-asked", 12, False)
    assert row.reason.startswith("not part of a bundle: aws/extra-0.json, ")
    assert row.reason.endswith(" and 4 more")
    assert snapshot.targets[0].aws is None


def test_the_diagnosis_that_lies_beside_a_sample_is_no_evidence(tmp_path: Path) -> None:
    files = {"claims.json": CLAIMS, "expected.json": "{}", "targets/a/expected.json": "{}", "aws/expected.json": "{}"}
    row = next(row for row in load(tmp_path, files).coverage if row.what == "other files")
    assert row.reason == "not part of a bundle: aws/expected.json"


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
    assert rows["aws/role.json"].reason == "does not exist (aws iam get-role: NoSuchEntity)"
    assert rows["aws/oidc-provider.json"].status == "denied"
    assert rows["aws/roles.json"].status == "missing"
    assert (rows["aws/boundary.json"].status, rows["aws/boundary.json"].named) == ("missing", True)
    assert set(snapshot.reads) == {"aws/role.json", "aws/oidc-provider.json", "aws/roles.json"}


@pytest.mark.parametrize("path", ["aws/cloudtrail/a.json", "gcp/logs/b.json"])
def test_logs_that_only_the_manifest_has(tmp_path: Path, path: str) -> None:
    reads = [{"path": path, "outcome": "ok", "from": "2026-11-22T00:00:00Z", "to": "2026-11-22T12:00:00Z"}]
    files = {"manifest.json": {"reads": reads}, "aws/role.json": ROLE}
    row = next(row for row in load(tmp_path, files).coverage if row.what == path)
    assert (row.status, row.named) == ("missing", True)
    assert "although the manifest says that it was read" in row.reason
    row = next(row for row in load(tmp_path, {**files, path: {}}).coverage if row.what == path)
    assert row.status == "read"


def test_a_cloud_that_nothing_names_stays_out(tmp_path: Path) -> None:
    evidence = only_target(tmp_path, {"claims.json": CLAIMS, "error.txt": "x"})
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
    (token,) = only_target(tmp_path, {"claims.json": JWT}).tokens
    assert (token.kind, token.fault) == ("jwt", None)


def test_a_token_that_is_none_is_evidence_and_claims_that_are_none_are_not(tmp_path: Path) -> None:
    snapshot = load(tmp_path, {"token.jwt": "opaque", "claims.json": "{"})
    (token,) = snapshot.targets[0].tokens
    assert token.fault_kind == "not-a-jwt"
    rows = {row.what: row for row in snapshot.coverage}
    assert (rows["token.jwt"].status, rows["token.jwt"].named) == ("read", False)
    assert (rows["claims.json"].status, rows["claims.json"].named) == ("missing", True)


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


@settings(max_examples=share_of(150), deadline=None)
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


def test_tokens_of_one_name_are_numbered() -> None:
    """They name the exchanges, and a cause belongs to an exchange."""
    tokens = tuple(hypothetical(subject) for subject in ("a:1", "a:2", "a:3"))
    (evidence,) = load_snapshot(None, extra_tokens=tokens).targets
    assert [token.name for token in evidence.tokens] == ["subject", "subject-2", "subject-3"]


@pytest.mark.parametrize(
    ("folder", "field"),
    [("rcps", "unread_rcps"), ("scps", "unread_controls"), ("endpoint-policies", "unread_controls")],
)
def test_policies_of_which_there_are_too_many_are_unread_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, field: str
) -> None:
    monkeypatch.setattr(bounds, "POLICIES", bounds.POLICIES._replace(most=2))
    policy = {"Policy": {"Content": '{"Statement": []}'}}
    names = [f"aws/{folder}/{number}.json" for number in range(3)]
    with open_bundle(write(tmp_path, {**FULL, **dict.fromkeys(names, policy)})) as bundle:
        (evidence,) = load_snapshot(bundle).targets
    assert evidence.aws is not None
    assert getattr(evidence.aws, field) == (f"aws/{folder}/",)
