"""One target's part of a bundle with several."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.snapshots import ARN, CLAIMS, ROLE
from oidc_doctor.bundle.files import Bundle, BundleError
from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot

TABLES = f"""
[[target]]
name = "a"
aws.role_arn = "{ARN}"
[[target]]
name = "b"
aws.role_arn = "{ARN}2"
"""


def opened(folder: Path, files: dict[str, object]) -> Bundle:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content))
    return open_bundle(str(folder))


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    reads = [
        {"path": "issuer/jwks.json", "outcome": "denied"},
        {"path": "claims.json", "outcome": "ok"},
        {"path": "targets/a/aws/role.json", "outcome": "ok"},
        {"path": "targets/b/aws/role.json", "outcome": "not_found"},
    ]
    return opened(
        tmp_path,
        {
            "oidc-doctor.toml": TABLES,
            "manifest.json": {"collected_at": "2026-11-22T22:40:00Z", "reads": reads},
            "claims.json": CLAIMS,
            "aws/cloudtrail/shared.json": {"Records": []},
            "targets/a/aws/role.json": ROLE,
            "targets/a/claims.json": CLAIMS,
            "targets/b/error.txt": "no",
        },
    )


def test_a_part_has_its_folder_and_the_shared_files(bundle: Bundle) -> None:
    part = bundle_of_target(bundle, "a")
    own = {"targets/a/aws/role.json", "targets/a/claims.json"}
    assert set(part.names()) == {"oidc-doctor.toml", "manifest.json", "aws/cloudtrail/shared.json", *own}
    paths = [read["path"] for read in json.loads(part.read("manifest.json"))["reads"]]
    assert paths == ["issuer/jwks.json", "targets/a/aws/role.json"]


def test_a_part_is_the_target_as_the_whole_has_it(bundle: Bundle) -> None:
    whole = load_snapshot(bundle)
    for name in ("a", "b"):
        part = load_snapshot(bundle_of_target(bundle, name))
        assert part.targets == tuple(found for found in whole.targets if found.target.name == name)
        assert part.collected_at == whole.collected_at
    assert str(part.targets[0].target.origins["aws.role_arn"]) == "oidc-doctor.toml:7"
    assert part.reads["targets/b/aws/role.json"].proves_absence
    assert "targets/a/aws/role.json" not in part.reads


def test_tables_without_folders_share_every_file(tmp_path: Path) -> None:
    bundle = opened(tmp_path, {"oidc-doctor.toml": TABLES, "aws/role.json": ROLE})
    part = load_snapshot(bundle_of_target(bundle, "b"))
    assert [found.target.name for found in part.targets] == ["b"]
    assert part.targets == load_snapshot(bundle).targets[1:]


def test_what_cannot_be_divided_is_reported_by_each_part(tmp_path: Path) -> None:
    files = {"oidc-doctor.toml": "[[target]\n", "manifest.json": "[", "targets/a/error.txt": "no"}
    part = load_snapshot(bundle_of_target(opened(tmp_path, files), "a"))
    broken = {row.what for row in part.coverage if row.status == "missing" and row.named}
    assert broken == {"oidc-doctor.toml", "manifest.json"}


def test_a_name_of_no_target(bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="no target c: neither a folder targets/c/ nor a table of oidc-doctor.toml"):
        bundle_of_target(bundle, "c")
