"""The places of logs that are no local files: a bucket, or a table of a log engine, as a user names them."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from oidc_doctor.model.events import Source
from oidc_doctor.model.limits import SCANNED

Engine = Literal["s3", "athena", "cloudwatch", "gs", "bigquery", "loganalytics"]


class LogPlace(NamedTuple):
    """A place, as written and in its parts. Nothing of it was looked up."""

    text: str
    engine: Engine
    parts: tuple[str, ...]  # see _FORMS


class LogOptions(NamedTuple):
    """The options of reading such places."""

    max_bytes: int | None = None  # that an engine may scan; None: the user named no number
    workgroup: str | None = None  # of Athena
    output: str | None = None  # s3://…, where Athena writes results if its workgroup names no place
    cache: str | None = None  # the folder of the cache of archives; None: no cache

    @property
    def ceiling(self) -> int:
        """The bytes that an engine may scan."""
        return SCANNED.most if self.max_bytes is None else self.max_bytes


def folder_above(path: str, name: str) -> str:
    """Return the folders above the one with a name, "" or with a slash at the end: people paste the whole path."""
    above = f"/{path.strip('/')}/".partition(f"/{name}/")[0].strip("/")
    return f"{above}/" if above else ""


class _Form(NamedTuple):
    source: Source
    pattern: str
    shown: str


_NAME = r"[^\s\x00-\x1f\x7f-\x9f`'\"\\./;*?$]{1,255}"
_BUCKET = r"(?s)([a-z0-9][a-z0-9._-]{1,221})(?:/(.*))?"
_PROJECT = r"((?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9])"
# Patterns are compiled where they are used: most runs have no such place.
# Glue and Athena: any name of up to 255 bytes; quotes, backticks, backslashes, white space and control characters would
# need escapes in some dialect, and *, ? and ${ would name other tables in the resource of a grant.
_FORMS: dict[str, tuple[Engine, _Form]] = {
    "s3://": ("s3", _Form("cloudtrail", _BUCKET, "s3://BUCKET/PREFIX")),
    "athena:": ("athena", _Form("cloudtrail", rf"({_NAME})\.({_NAME})", "athena:DATABASE.TABLE")),
    "cloudwatch:": ("cloudwatch", _Form("cloudtrail", r"([\w./#-]{1,512})", "cloudwatch:LOG_GROUP")),
    "gs://": ("gs", _Form("gcp-logs", _BUCKET, "gs://BUCKET/PREFIX")),
    "bigquery:": ("bigquery", _Form("gcp-logs", rf"(?a){_PROJECT}\.(\w{{1,1024}})", "bigquery:PROJECT.DATASET")),
    "loganalytics:": (
        "loganalytics",
        _Form(
            "gcp-logs",
            rf"(?a){_PROJECT}\.([a-z0-9-]{{1,63}})\.([\w-]{{1,100}})(?:\.([\w-]{{1,100}}))?",
            "loganalytics:PROJECT.LOCATION.BUCKET or loganalytics:PROJECT.LOCATION.BUCKET.VIEW",
        ),
    ),
}


def log_place(text: str, source: Source) -> LogPlace | None:
    """Return the place that a text names; None where it is a file's name. Raises ValueError with the right form."""
    for scheme, (engine, form) in _FORMS.items():
        if not text.startswith(scheme):
            continue
        if form.source != source:
            option = "--cloudtrail" if form.source == "cloudtrail" else "--gcp-logs"
            raise ValueError(f"{form.shown} is a place of {option}")
        match = re.fullmatch(form.pattern, text[len(scheme) :])
        if match is None:
            raise ValueError(f"not of the form {form.shown}")
        return LogPlace(text, engine, tuple(part or "" for part in match.groups()))
    return None
