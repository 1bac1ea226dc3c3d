"""Folders of logs without the layout of a bundle: a trail's, a log sink's, and a folder of anything, which is none."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from oidc_doctor.bundle.files import BundleError
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.things.open import open_paths
from tests.bundle.test_files import MAKERS, Maker, folder

RECORD = b'{"eventName": "AssumeRoleWithWebIdentity", "eventSource": "sts.amazonaws.com", "eventID": "%s"}'
ENTRY = b'{"protoPayload": {"serviceName": "sts.googleapis.com"}, "insertId": "%s"}\n'
TRAIL = "111122223333_CloudTrail_us-east-1_20261120T1540Z_F3lHZBzMBOEGao9P.json.gz"
DIGEST = "111122223333_CloudTrail-Digest_us-east-1_x_us-east-1_20261120T1540Z.json.gz"
ONE_RECORD = b'{"Records": [%s]}' % (RECORD % b"a")
LOGS = {
    "a trail": (
        {
            f"AWSLogs/1/CloudTrail/us-east-1/2026/11/20/{TRAIL}": gzip.compress(ONE_RECORD),
            f"AWSLogs/1/CloudTrail-Digest/us-east-1/2026/11/20/{DIGEST}": gzip.compress(b'{"digestStartTime": "x"}'),
            "AWSLogs/1/Config/us-east-1/history.json.gz": gzip.compress(b'{"configurationItems": []}'),
        },
        1,
    ),
    "files of any name": ({"a/20/events.json": ONE_RECORD, "a/21/events.json": RECORD % b"b", "a/no.json": b"[]"}, 2),
    "a log sink": ({f"x/2026/11/{day}/22:00:00_22:59:59_S0.json": ENTRY % b"c" + ENTRY % b"d" for day in (1, 2)}, 2),
    "a flat folder": ({f"{number}.json.gz": gzip.compress(ONE_RECORD) for number in range(201)}, 201),
    "logs beside a role": (
        {"role.json": b'{"Statement": []}', "a/events.json": ONE_RECORD},
        1,
    ),
    "names that differ by an ending": ({"a/e.log": ONE_RECORD, "a/e.log.json": ONE_RECORD}, 2),
}


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("kind", LOGS)
def test_logs_in_folders_are_read_without_the_layout_of_a_bundle(tmp_path: Path, make: Maker, kind: str) -> None:
    files, number = LOGS[kind]
    with open_bundle(make(tmp_path, files)) as bundle:
        evidence = load_snapshot(bundle).targets[0]
        assert len(evidence.cloudtrail) + len(evidence.gcp_logs) == number
        assert bool(evidence.gcp_logs) == (kind == "a log sink")
        assert {os.path.basename(bundle.shown(name)) for name in bundle.names()} == set(map(os.path.basename, files))


def test_a_folder_of_anything_is_no_folder_of_logs(tmp_path: Path) -> None:
    files = {"a/events.json": ONE_RECORD, "b/package.json": b'{"name": "x"}'}
    with pytest.raises(BundleError, match="no evidence in it"):
        open_bundle(folder(tmp_path / "some", files))


def test_two_folders_of_logs_are_one_bundle(tmp_path: Path) -> None:
    paths = [str(folder(tmp_path / name, {f"x/{name}/S0.json": ENTRY % name.encode()})) for name in ("one", "two")]
    with open_paths(paths) as bundle:
        assert len(load_snapshot(bundle).targets[0].gcp_logs) == 2
