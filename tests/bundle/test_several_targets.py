"""Several targets in one bundle: tables of oidc-doctor.toml, and folders below targets/."""

from __future__ import annotations

from pathlib import Path

from evidence.snapshots import ARN, CLAIMS, GCP_PROVIDER, JWT, ROLE, load
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import Role, TargetAws


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
        "manifest.json": {
            "collected_at": 1795000001,
            "reads": [{"path": "targets/a/aws/roles.json", "outcome": "denied"}],
        },
        "issuer/jwks.json": {"keys": ["shared"]},
        "aws/cloudtrail/x.json": {"Records": []},
        "targets/a/aws/role.json": ROLE,
        "targets/a/claims.json": CLAIMS,
        "targets/a/issuer/jwks.json": {"keys": ["own"]},
        "targets/b/gcp/provider.json": GCP_PROVIDER,
        "targets/b/oidc-doctor.toml": '[[target]]\nname = "images"\n',
        "targets/b/error.txt": "no",
        "targets/b/manifest.json": {
            "collected_at": 1795000002,
            "reads": [{"path": "gcp/pool.json", "outcome": "not_found"}],
        },
        "targets/c/tokens/x.jwt": JWT,
    }
    snapshot = load(tmp_path, files)
    a, b, c = snapshot.targets
    assert [one.target.name for one in snapshot.targets] == ["a", "images", "c"]
    assert snapshot.collected_at == 1795000001.0
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
