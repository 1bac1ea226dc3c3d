"""Redact what an extract has beside its records: the file's name, and the first line with its counts."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

from oidc_doctor.capture.documented import has_documented_form
from oidc_doctor.logs.extract.file import ENDING, header_line, header_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.capture.redact_texts import Texts
    from oidc_doctor.model.events import Source

_LONGEST_HEADER = 1 << 20  # characters
# As the readers of engines and archives name them: the kind of place, its number, the account of several, and a number
# beside a file of the bundle (live/collected_bundle.py).
_OWN_NAME = re.compile(r"((?:s3|gs|athena|cloudwatch|bigquery|loganalytics)-\d{1,4})(?:-(\d{12}))?(-\d{1,4})?")


def extract_name(name: str, texts: Texts) -> str:
    """Return an extract's file name, which shows what the file is. `name` ends so."""
    stem = name.removesuffix(ENDING)
    own = _OWN_NAME.fullmatch(stem)
    if own is None:
        return texts.value(stem) + ENDING
    return own[1] + (f"-{texts.value(own[2])}" if own[2] else "") + (own[3] or "") + ENDING


def split_header(pieces: Iterator[str], source: Source, texts: Texts) -> tuple[str, Iterator[str]]:
    """Return the redacted first line, "" where the file has no header, and the other pieces as they are."""
    first = ""
    for piece in pieces:
        first += piece
        if "\n" in first or len(first) > _LONGEST_HEADER:
            break
    line, _, rest = first.partition("\n")
    try:
        header = header_of(json.loads(line), source)
    except (ValueError, RecursionError):
        header = None
    if header is None:
        return "", itertools.chain((first,), pieces)
    services = tuple(_kept("eventSource", service, texts) for service in header.services)
    regions = tuple(_kept("awsRegion", region, texts) for region in header.regions)
    redacted = header_line(header._replace(services=services, regions=regions)).decode()
    return redacted, itertools.chain((rest,), pieces)


def _kept(name: str, value: str, texts: Texts) -> str:
    return value if has_documented_form(name, value) else texts.value(value)
