"""Places of logs that are no files, as people type them, and the options that only such places have a use for."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from oidc_doctor.cli.log_places import meant
from oidc_doctor.cli.main import main

BUNDLE = "sample_logs/aws-wrong-team"


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


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("--cloudtrail", "athena:table", "form athena:DATABASE.TABLE (such as athena:default.cloudtrail_logs)"),
        ("--cloudtrail", "athena:db/table", "not of the form athena:DATABASE.TABLE; did you mean athena:db.table?"),
        ("--cloudtrail", "athena:AwsDataCatalog.db.t", "did you mean athena:db.t?"),
        ("--cloudtrail", "ATHENA:db.t", "no such file or folder; did you mean athena:db.t?"),
        ("--cloudtrail", "arn:aws:glue:us-east-1:123456789012:table/db/t", "did you mean athena:db.t?"),
        ("--cloudtrail", "s3:bucket", "no such file or folder; did you mean s3://bucket?"),
        ("--cloudtrail", "s3://Bucket", "not of the form s3://BUCKET/PREFIX; did you mean s3://bucket?"),
        ("--cloudtrail", "s3://b", "not of the form s3://BUCKET/PREFIX (a bucket's name has 3 to 63 characters"),
        ("--cloudtrail", "arn:aws:s3:::trail/Prefix/*", "did you mean s3://trail/Prefix?"),
        ("--cloudtrail", "https://us-east-1.console.aws.amazon.com/s3/buckets/trail?tab=objects", "mean s3://trail?"),
        ("--cloudtrail", "cloudwatch:/aws/trail:*", "form cloudwatch:LOG_GROUP; did you mean cloudwatch:/aws/trail?"),
        ("--cloudtrail", "arn:aws:logs:us-east-1:123456789012:log-group:trail:*", "did you mean cloudwatch:trail?"),
        ("--cloudtrail", "bigquery:p.d", "bigquery:PROJECT.DATASET is a place of --gcp-logs"),
        ("--cloudtrail", "gcs://bucket", "did you mean --gcp-logs gs://bucket?"),
        ("--cloudtrail", "gcp:x", "no such file or folder"),
        ("--gcp-logs", "bigquery:dataset", "not of the form bigquery:PROJECT.DATASET (a project ID has 6 to 30"),
        ("--gcp-logs", "bigquery:my-project:ds", "did you mean bigquery:my-project.ds?"),
        ("--gcp-logs", "bigquery:my-project.ds._AllLogs", "did you mean bigquery:my-project.ds?"),
        ("--gcp-logs", "gs:bucket", "did you mean gs://bucket?"),
        ("--gcp-logs", "projects/my-project/locations/eu/buckets/b", "did you mean loganalytics:my-project.eu.b?"),
        ("--gcp-logs", "projects/my-project/locations/eu/buckets/b/views/v", "mean loganalytics:my-project.eu.b.v?"),
    ],
)  # fmt: skip
def test_a_mistyped_place(capsys: pytest.CaptureFixture[str], option: str, text: str, message: str) -> None:
    assert main(["--report", "--from", BUNDLE, option, text]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"oidc-doctor: {option} {text}: ")
    assert message in captured.err


def test_nothing_is_made_up() -> None:
    for text in ("", "no-file", "trail.json.gz", "s3:", "https://example.com/x", "athena:", "athena:a b.c", "gs:/" * 5):
        assert meant(text, "cloudtrail") == "", text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-bytes", "1GB"], "would have no effect: it is for logs at athena:, cloudwatch:, bigquery:"),
        (["--max-bytes", "1GB", "--cloudtrail", "s3://trail"], "--max-bytes would have no effect"),
        (["--athena-workgroup", "w", "--cloudtrail", "cloudwatch:g"], "--athena-workgroup would have no effect"),
        (["--athena-output", "s3://results"], "--athena-output would have no effect"),
        (["--no-log-cache", "--cloudtrail", "athena:a.b"], "would have no effect: it is for logs at s3://, gs://"),
        (["--athena-output", "results", "--cloudtrail", "athena:a.b"], "--athena-output results: not of the form s3://"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [["--report"], ["capture", "-o", "nowhere"]])
def test_an_option_without_effect(
    capsys: pytest.CaptureFixture[str], command: list[str], options: list[str], message: str
) -> None:
    assert main([*command, "--from", BUNDLE, *options]) == 2
    assert message in capsys.readouterr().err


def test_permissions_of_the_other_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["permissions", "gcp", "--cloudtrail", "athena:a.b"]) == 2
    assert "permissions gcp: --cloudtrail would have no effect" in capsys.readouterr().err
    assert main(["permissions", "aws", "--gcp-logs", "bigquery:my-project.ds"]) == 2
    assert "permissions aws: --gcp-logs would have no effect" in capsys.readouterr().err
    assert main(["permissions", "aws", "--cloudtrail", "s3:trail"]) == 2
    assert "did you mean s3://trail?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "place", ["athena:a.b", "cloudwatch:g", "bigquery:my-project.d", "loganalytics:p.eu.b", "gs://b/x"]
)
def test_a_place_without_its_option(capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert main(["--report", place]) == 2
    option = "--cloudtrail" if place[0] in "ac" else "--gcp-logs"
    assert f"{place}: " in (said := capsys.readouterr().err)
    assert f"read with {option} {place[: place.index(':') + 1]}" in said
