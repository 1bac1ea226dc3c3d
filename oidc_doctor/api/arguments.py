"""The arguments of the library's functions: their types, and what they become."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.documents.expect_file import Expectation
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import Token

Path: TypeAlias = str | os.PathLike[str]
Texts: TypeAlias = str | Sequence[str]
Tokens: TypeAlias = str | Mapping[str, object] | Sequence[str | Mapping[str, object]]
"""A compact JWT, the JSON text of decoded claims, or the claims; one, or several."""
Documents: TypeAlias = Mapping[str, object] | str | Sequence[Mapping[str, object] | str]
"""A document of a cloud as its tools print it, parsed or as text; one, or several."""
Instant: TypeAlias = float | datetime
"""Seconds since 1970, or a datetime with its zone."""

NO_EVIDENCE = "nothing to examine: pass a bundle, a document, a token, a subject or an error"
_YEARS = -62_135_596_800.0, 253_402_300_799.0  # seconds of the years 1 and 9999, which RFC 3339 can write


def open_evidence(things: Path | Sequence[Path] | None, documents: Documents) -> Bundle | None:
    """Open the evidence; None where there is none. Raises BundleError."""
    from oidc_doctor.things.open import open_paths

    paths = paths_of(things)
    single = [documents] if isinstance(documents, str | Mapping) else [*documents]
    if not paths and not single:
        return None
    texts = [(f"document {number}", _text(document)) for number, document in enumerate(single, 1)]
    return open_paths(paths, texts=texts)


def paths_of(things: Path | Sequence[Path] | None) -> list[str]:
    """Return the paths of one thing or several."""
    if things is None:
        return []
    return [os.fspath(thing) for thing in ([things] if isinstance(things, str | os.PathLike) else things)]


def expectations_of(expectations: Path | Sequence[Mapping[str, object]]) -> tuple[tuple[Expectation, ...], str]:
    """Return the tables, and the name of their file for messages. Raises ValueError."""
    from oidc_doctor.documents.expect_file import FILE, parse_expectations
    from oidc_doctor.documents.json_text import Unreadable, decode
    from oidc_doctor.documents.regular_file import open_regular
    from oidc_doctor.model.limits import TOML

    try:
        if isinstance(expectations, str | os.PathLike):
            name = os.fspath(expectations)
            with open_regular(name) as stream:
                return parse_expectations(decode(stream.read(TOML.most + 1), name), name), name
        import tomlkit  # late: only expectations without a file are written as one

        text = tomlkit.dumps({"expect": [dict(table) for table in expectations]})
        return parse_expectations(text, FILE), FILE
    except OSError as error:
        message = f"{error.filename or 'expectations'}: {(error.strerror or str(error)).lower()}"
        raise ValueError(message) from None
    except (Unreadable, TypeError, ValueError) as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("expectations: nested too deep") from None


def question_of(
    tokens: tuple[Token, ...], error: str | None, *, at: Instant | None, since: Instant | None, until: Instant | None
) -> Question:
    """Return the question of a call. Raises ValueError for an instant without a zone, or out of range."""
    from oidc_doctor.examine.question import Question

    return Question(
        error_text=error,
        error_place="error",
        tokens=tokens,
        at=_seconds(at, "at"),
        since=_seconds(since, "since"),
        until=_seconds(until, "until"),
    )


def tokens_of(token: Tokens | None, subject: Texts | None) -> tuple[Token, ...]:
    """Return the presented and the hypothetical tokens. Raises ValueError for claims that are not JSON."""
    from oidc_doctor.documents.token import hypothetical, parse_token
    from oidc_doctor.model.document import Origin

    presented = [] if token is None else [token] if isinstance(token, str | Mapping) else [*token]
    subjects = [] if subject is None else [subject] if isinstance(subject, str) else [*subject]
    return (
        *(parse_token(_text(each), Origin("token"), "token") for each in presented),
        *(hypothetical(each, origin=Origin("subject")) for each in subjects),
    )


def _text(document: Mapping[str, object] | str) -> str:
    """Return a document as JSON text. Raises ValueError for values that JSON does not have."""
    import json

    if isinstance(document, str):
        return document
    try:
        return json.dumps(dict(document), allow_nan=False)
    except (TypeError, RecursionError) as error:
        message = f"a document is not JSON: {error}"
        raise ValueError(message) from None


def _seconds(instant: Instant | None, name: str) -> float | None:
    if instant is None:
        return None
    if isinstance(instant, datetime):
        if instant.tzinfo is None:
            message = f"{name}: a datetime without a zone"
            raise ValueError(message)
        return instant.timestamp()
    if not _YEARS[0] <= instant <= _YEARS[1]:
        message = f"{name}: {instant} is not a time in seconds since 1970"
        raise ValueError(message)
    return float(instant)
