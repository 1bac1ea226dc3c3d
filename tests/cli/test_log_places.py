"""Places of logs that are no files, as people type them."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from oidc_doctor.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--report --offline --cloudtrail s3://bucket/AWSLogs", "s3://bucket/AWSLogs: --offline reads files only"),
        ("--report --demo --cloudtrail s3://bucket/AWSLogs", "s3://bucket/AWSLogs: --demo reads files only"),
        ("--report --cloudtrail athena:logs", "--cloudtrail athena:logs: not of the form athena:DATABASE.TABLE"),
        ("--report --cloudtrail athena:a.b;c", "not of the form athena:DATABASE.TABLE"),
        ("--report --gcp-logs bigquery:data", "not of the form bigquery:PROJECT.DATASET"),
        ("--report --gcp-logs athena:a.b", "athena:DATABASE.TABLE is a place of --cloudtrail"),
        ("--report --cloudtrail gs://a-bucket/logs", "gs://BUCKET/PREFIX is a place of --gcp-logs"),
        ("--report --max-bytes lots", "'lots' is not a size such as 500GB or 2TiB"),
    ],
)
def test_usage(arguments: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments.split())
    assert (code, out.getvalue()) == (2, "")
    assert says in " ".join(err.getvalue().split())
