"""self-test judges the bundled scenarios, and a wrong diagnosis is exit code 4."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from oidc_doctor.cli.main import main
from oidc_doctor.examine.self_test import faults_of
from oidc_doctor.findings import packs

if TYPE_CHECKING:
    import pytest

SAMPLES = Path(packs.bundled("_samples", "sample_logs"))


def two_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("healthy-aws", "gcp-condition-false"):
        shutil.copytree(SAMPLES / name, tmp_path / name)
    bundled = packs.bundled
    monkeypatch.setattr(
        packs, "bundled", lambda inside, beside: str(tmp_path) if inside == "_samples" else bundled(inside, beside)
    )
    return tmp_path


def test_an_installation_is_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    two_samples(tmp_path, monkeypatch)
    assert main(["self-test"]) == 0
    out = capfd.readouterr().out
    assert "✓ gcp-condition-false\n✓ healthy-aws\n" in out
    assert "✓ 2 of 2 scenarios have the expected diagnosis" in out
    assert "boto3 1." in out


def test_another_diagnosis_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    place = two_samples(tmp_path, monkeypatch) / "healthy-aws" / "expected.json"
    place.write_text(json.dumps(json.loads(place.read_text()) | {"verdict": "refused"}))
    assert faults_of(str(place.parent)) == ['verdict is "healthy" instead of "refused"']
    assert main(["self-test"]) == 4
    out = capfd.readouterr().out
    assert '✗ healthy-aws\n    verdict is "healthy" instead of "refused"\n' in out
    assert "✗ 1 of 2 scenarios" in out
