"""What the fuzz targets share: the form of one, bytes as other inputs, and the files of the samples."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.findings.packs import bundled
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.parts.escape import contains_jwt

SAMPLES = Path(bundled("_samples", "sample_logs"))
NOW = 1_795_387_200.0  # the instant that is judged at


class Target(NamedTuple):
    """Something to be fuzzed: what is run on any bytes, and inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def text_of(data: bytes) -> str:
    """Bytes as a text of any characters, lone surrogates included."""
    return data.decode("utf-8", "surrogateescape")


def json_of(data: bytes) -> Any:
    """Bytes as the JSON value that the product's own reader makes of them; None where there is none."""
    try:
        return load(decode(data, "x.json"), "x.json").value
    except Unreadable:
        return None


@cache
def sample_files() -> tuple[tuple[str, str, bytes], ...]:
    """Sample, name in its bundle and content of every file of the bundled scenarios."""
    places = sorted(place for place in SAMPLES.rglob("*") if place.is_file() and place.name != contract.EXPECTED)
    named = [(place.relative_to(SAMPLES).as_posix(), place) for place in places]
    return tuple((name.partition("/")[0], name.partition("/")[2], place.read_bytes()) for name, place in named)


def files_named(*endings: str) -> Iterator[bytes]:
    """The contents of the sample files whose names end so."""
    return (data for _, name, data in sample_files() if name.endswith(endings))


def is_clear(text: str) -> None:
    """Assert that nothing in a rendered text acts on a terminal or is not seen."""
    for character in text:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp"), repr(
            character
        )


def shown_report(report: Report) -> None:
    """Render a report in every format. Assert that no check broke, and that no refusal and nothing unknown passes."""
    assert report.exit_code in (0, 1, 3), [row.traceback for row in report.checks if row.status == "broken"]
    assert not (report.exit_code == 0 and any(exchange.prediction != "accepted" for exchange in report.exchanges))
    for form in FORMATS:
        text = render(report, form, width=80, color=False, verbose=True)
        assert not contains_jwt(text)
        if form in ("json", "sarif"):
            json.loads(text)
        else:
            is_clear(text)
