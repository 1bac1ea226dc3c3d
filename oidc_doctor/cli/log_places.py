"""The places of logs on the command line: those of --cloudtrail and --gcp-logs, and what a mistyped one may mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import UsageError
from oidc_doctor.model.log_place import log_place

if TYPE_CHECKING:
    import argparse

    from oidc_doctor.model.events import Source
    from oidc_doctor.model.log_place import LogPlace

_OPTIONS: tuple[tuple[str, Source], ...] = (("--cloudtrail", "cloudtrail"), ("--gcp-logs", "gcp-logs"))
_SCANNING = ("athena", "cloudwatch", "bigquery", "loganalytics")
_IDLE = (  # an option, its name there, and the engines that it is for
    ("--max-bytes", "max_bytes", _SCANNING),
    ("--athena-workgroup", "athena_workgroup", ("athena",)),
    ("--athena-output", "athena_output", ("athena",)),
    ("--no-log-cache", "no_log_cache", ("s3", "gs")),
)
_RULES: dict[Source, dict[str, str]] = {
    "cloudtrail": {
        "s3://": "a bucket's name has 3 to 63 characters: a-z, 0-9, - and .",
        "athena:": "such as athena:default.cloudtrail_logs",
        "cloudwatch:": "such as cloudwatch:aws-cloudtrail-logs",
    },
    "gcp-logs": {
        "gs://": "a bucket's name has at least 3 characters: a-z, 0-9, -, _ and .",
        "bigquery:": "a project ID has 6 to 30 characters: a-z, 0-9 and -; a dataset's name has no -",
        "loganalytics:": "such as loganalytics:my-project.global._Default",
    },
}
_RESULTS = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[\x20-\x7e]*)?"
_LOG_BUCKET = r"projects/([^/]+)/locations/([^/]+)/buckets/([^/]+)"
# What people type or copy from a console, and the place that it is; log_place judges the place. The patterns are
# compiled where a text is no file and no place.
_MEANT = (
    (r"(?:cloudwatch:)?arn:aws[\w-]*:logs:[\w-]*:\d*:log-group:([^:*]+)(?::\*)?", r"cloudwatch:\1"),
    (r"cloudwatch:([^:*]+):\*", r"cloudwatch:\1"),
    (r"(?:athena:)?arn:aws[\w-]*:glue:[\w-]*:\d*:table/([^/]+)/([^/]+)", r"athena:\1.\2"),
    (r"athena:(?:AwsDataCatalog[./])?([^./]+)[./]([^./]+)", r"athena:\1.\2"),
    (r"(?:s3:)?/{0,2}arn:aws[\w-]*:s3:::([^*]+?)(?:/?\*)?", r"s3://\1"),
    (r"s3:/{0,2}([^/:].*)", r"s3://\1"),
    (r"gc?s:/{0,2}([^/:].*)", r"gs://\1"),
    (r"https://(?:[\w-]+\.)?console\.aws\.amazon\.com/s3/buckets/([\w.-]+)(?:[/?].*)?", r"s3://\1"),
    (r"https://console\.cloud\.google\.com/storage/browser/([\w.-]+)(?:[/;?].*)?", r"gs://\1"),
    (r"https://storage\.(?:cloud\.google|googleapis)\.com/([\w.-]+)(?:/.*)?", r"gs://\1"),
    (r"(?:bigquery|bq|gcp):([^.:]+)[.:]([^.:]+)(?:\..*)?", r"bigquery:\1.\2"),
    (rf"(?:loganalytics:)?(?:logging\.googleapis\.com/)?{_LOG_BUCKET}", r"loganalytics:\1.\2.\3"),
    (rf"(?:loganalytics:)?(?:logging\.googleapis\.com/)?{_LOG_BUCKET}/views/([^/]+)", r"loganalytics:\1.\2.\3.\4"),
    (r"loganalytics:(.*)", r"loganalytics:\1"),
)


def log_places(options: argparse.Namespace) -> list[LogPlace]:
    """Return the places of --cloudtrail and --gcp-logs that are no files. Raises UsageError."""
    places: list[LogPlace] = []
    for name, source in _OPTIONS:
        for text in getattr(options, name[2:].replace("-", "_")):
            place = place_of(text, source, name)
            places += [] if place is None else [place]
    if places and (options.offline or options.demo is not None):
        option = "--offline" if options.offline else "--demo"
        raise UsageError(f"{places[0].text}: {option} reads files only")
    return places


def place_of(text: str, source: Source, name: str) -> LogPlace | None:
    """Return the place; None where the text is a file's name. `name` begins the message of the UsageError."""
    try:
        return log_place(text, source)
    except ValueError as error:
        raise UsageError(f"{name} {text}: {error}{_advice(text, source)}") from None


def meant(text: str, source: Source) -> str:
    """Return "; did you mean PLACE?" for a text that is no file and no place but resembles one; else ""."""
    for pattern, form in _MEANT:
        found = re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII)
        if found is None:
            continue
        scheme, _, rest = found.expand(form).partition(":")
        place = f"{scheme}:{rest.lower() if scheme in ('s3', 'gs') and '/' not in rest[2:] else rest}"
        for option, of in _OPTIONS:
            try:
                if log_place(place, of) is not None:
                    return f"; did you mean {'' if of == source else f'{option} '}{place}?"
            except ValueError:
                continue
    return ""


def check_idle(options: argparse.Namespace) -> None:
    """Raise UsageError for an option of log engines that has no effect: no place that it is for is named."""
    engines = {place.engine for place in log_places(options)}
    for option, name, of in _IDLE:
        if getattr(options, name) and not engines & set(of):
            places = ", ".join(f"{engine}://" if engine in ("s3", "gs") else f"{engine}:" for engine in of)
            raise UsageError(f"{option} would have no effect: it is for logs at {places}")
    output = options.athena_output
    if output is not None and not re.fullmatch(_RESULTS, output):
        raise UsageError(f"--athena-output {output}: not of the form s3://BUCKET/PREFIX")


def _advice(text: str, source: Source) -> str:
    rule = next((f" ({rule})" for scheme, rule in _RULES[source].items() if text.startswith(scheme)), "")
    return meant(text, source) or rule
