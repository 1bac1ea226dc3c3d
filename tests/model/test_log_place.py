"""The place of a log as a user names it: what would need an escape in a query is no name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.model.events import Source
from oidc_doctor.model.log_place import log_place

HOSTILE = [
    '"',
    "'",
    "`",
    "\\",
    ";",
    " ",
    "\n",
    "\t",
    "\0",
    "\x1b",
    "\x7f",
    "\u2028",
    "/",
    "--\n",
    "?'",
    "*",
    "?",
    "${a}",
    "\x9b",
]


@pytest.mark.parametrize(
    ("text", "source", "parts"),
    [
        ("s3://audit-logs/AWSLogs/o-1/", "cloudtrail", ("audit-logs", "AWSLogs/o-1/")),
        ("s3://audit-logs", "cloudtrail", ("audit-logs", "")),
        ("athena:logs.cloudtrail_2026", "cloudtrail", ("logs", "cloudtrail_2026")),
        ("athena:amazon_security_lake_glue_db_eu.t--2", "cloudtrail", ("amazon_security_lake_glue_db_eu", "t--2")),
        ("cloudwatch:/aws/trail#1", "cloudtrail", ("/aws/trail#1",)),
        ("gs://sink/cloudaudit", "gcp-logs", ("sink", "cloudaudit")),
        ("bigquery:acme-logs.audit", "gcp-logs", ("acme-logs", "audit")),
        ("bigquery:example.com:acme-logs.audit", "gcp-logs", ("example.com:acme-logs", "audit")),
        ("loganalytics:acme-logs.global._Default", "gcp-logs", ("acme-logs", "global", "_Default", "")),
        ("loganalytics:acme-logs.eu.b._AllLogs", "gcp-logs", ("acme-logs", "eu", "b", "_AllLogs")),
    ],
)
def test_places(text: str, source: Source, parts: tuple[str, ...]) -> None:
    place = log_place(text, source)
    assert place is not None
    assert (place.text, place.parts) == (text, parts)


@pytest.mark.parametrize(
    "text", ["trail/AWSLogs", "-", "", "S3://bucket", "http://example.com/athena:a.b", "logs.cloudtrail"]
)
def test_names_of_files(text: str) -> None:
    assert log_place(text, "cloudtrail") is None


@pytest.mark.parametrize(
    "text", ["athena:", "athena:t", "athena:a.b.c", "s3://", "s3://A", "cloudwatch:", "cloudwatch:a b"]
)
def test_other_forms_are_refused_with_the_right_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not of the form (?:athena|s3|cloudwatch):"):
        log_place(text, "cloudtrail")


@pytest.mark.parametrize(("text", "source"), [("gs://b", "cloudtrail"), ("athena:a.b", "gcp-logs")])
def test_the_other_clouds_places_name_their_option(text: str, source: Source) -> None:
    with pytest.raises(ValueError, match=r"is a place of --(?:cloudtrail|gcp-logs)$"):
        log_place(text, source)


@pytest.mark.parametrize("char", HOSTILE)
@pytest.mark.parametrize(
    ("form", "source"),
    [
        ("athena:a{}b.t", "cloudtrail"),
        ("athena:d.a{}b", "cloudtrail"),
        ("bigquery:acme-lo{}gs.audit", "gcp-logs"),
        ("bigquery:acme-logs.au{}dit", "gcp-logs"),
        ("loganalytics:acme-logs.glo{}bal.b", "gcp-logs"),
        ("loganalytics:acme-logs.global.b.v{}w", "gcp-logs"),
    ],
)
def test_a_name_that_would_need_an_escape_is_none(form: str, source: Source, char: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        log_place(form.format(char), source)


@given(name=st.text(max_size=300), source=st.sampled_from(["cloudtrail", "gcp-logs"]))
def test_no_text_is_more_than_a_place_a_file_or_a_mistake(name: str, source: Source) -> None:
    for form in ("athena:{}.t", "athena:d.{}", "bigquery:acme-logs.{}", "loganalytics:acme-logs.global.{}", "{}"):
        try:
            place = log_place(form.format(name), source)
        except ValueError:
            continue
        if place is not None and place.engine in ("athena", "bigquery", "loganalytics"):
            assert not set("".join(place.parts)) & set("\"'`\\;\0 \n\r\t\x1b")
