"""A redacted copy of an extract has the same counts, and is still known as one."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from archives import make_archive

from extracts import NAMES, counted, extracts, report_of, whole, with_extract
from oidc_doctor.cli.main import main
from oidc_doctor.logs.extract.file import ENDING, count_of, header_of


@pytest.mark.parametrize("plant", ["gcp-healthy"])
def test_a_copy_of_an_extract_is_one(plant: str, tmp_path: Path) -> None:
    """Its name, its header and its counts are kept: they say how much was read."""
    make_archive(tmp_path / "logs", 2, plant=plant, events=60)
    records = extracts(tmp_path / "logs")
    records[3] = counted(records[3], 1_234_567)
    header = whole(tmp_path / "logs")._replace(events=7_654_321, files=12_345)
    bundle = with_extract(tmp_path / "logs", tmp_path / "bundle", header=header, instead=records)
    path = NAMES[header.source]
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["reads"].append({"path": path, "call": "athena:StartQueryExecution", "outcome": "ok"})
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    assert main(["capture", "-q", "-o", str(tmp_path / "copy"), "--from", str(bundle)]) == 0
    (place,) = (tmp_path / "copy").rglob(f"*{ENDING}")
    first, *lines = gzip.decompress(place.read_bytes()).decode().splitlines()
    copied = header_of(json.loads(first), header.source)
    assert copied is not None
    assert copied._replace(services=()) == header._replace(services=())
    assert [count_of(json.loads(line)) for line in lines] == [count_of(record) for record in records]
    reads = json.loads((tmp_path / "copy/manifest.json").read_text())["reads"]
    assert place.relative_to(tmp_path / "copy").as_posix() in [read["path"] for read in reads]
    reports = [report_of(folder) for folder in (bundle, tmp_path / "copy")]
    assert [row["count"] for row in reports[0]["attempts"]] == [row["count"] for row in reports[1]["attempts"]]
    assert [row["count"] for row in reports[0]["coverage"]] == [row["count"] for row in reports[1]["coverage"]]


@pytest.mark.parametrize(
    "line",
    [
        b'{"oidcDoctorExtract":1,"source":"cloudtrail","services":["acme-internal"],"note":"acme-internal"}\n',
        b'{"oidcDoctorExtract":1,"source":"cloudtrail"}',
        b'{"oidcDoctorExtract":2}\n',
        b"[" * 100_000 + b"\n",
        b"\xff\xfe\n",
        b"",
    ],
)
def test_a_header_that_a_stranger_wrote_is_redacted(line: bytes, aws: Any, tmp_path: Path) -> None:
    aws.write("aws/cloudtrail/x.extract.jsonl.gz", gzip.compress(line + json.dumps(aws.event()).encode()))
    main(["capture", "-q", "-o", str(tmp_path / "copy"), "--from", str(aws.root)])
    copies = list((tmp_path / "copy").rglob(f"*{ENDING}"))
    assert len(copies) == (0 if line.startswith(b"[") else 1)  # the other is nested too deeply, and left out
    assert not any(b"acme-internal" in gzip.decompress(copy.read_bytes()) for copy in copies)
