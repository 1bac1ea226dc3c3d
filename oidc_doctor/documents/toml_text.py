"""Parse TOML text into tables. No message quotes unreadable text."""

from __future__ import annotations

import re
from typing import Any

from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.model.limits import TOML, TOML_PARTS, Limit

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_PART = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')"""
# A dotted name with too many parts, for which tomllib needs quadratic time and memory.
_TOO_DEEP = re.compile(
    rf"(?:^[ \t]*\[{{0,2}}|[{{,])[ \t]*{_PART}(?:[ \t]*\.[ \t]*{_PART}){{{TOML_PARTS.most}}}", re.MULTILINE
)


def load_toml(text: str, file: str, limit: Limit = TOML) -> dict[str, Any]:
    """Parse TOML text of at most `limit` characters as a document. Raises only Unreadable, whatever the text."""
    import tomllib  # late: 13 ms, and many bundles have no such file

    text = text.removeprefix("\ufeff")
    if len(text) > limit.most:
        raise Unreadable(file, None, None, limit.exceeded_by(len(text)))
    deep = _TOO_DEEP.search(text)
    if deep:
        raise Unreadable(file, text.count("\n", 0, deep.end()) + 1, None, TOML_PARTS.exceeded_by())
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        position = _AT.search(str(error))
        line, column = (int(position[1]), int(position[2])) if position and position[1] else (None, None)
        message = _AT.sub("", str(error))
        raise Unreadable(file, line, column, f"not TOML: {message[:1].lower()}{message[1:]}") from None
    except (RecursionError, ValueError):
        raise Unreadable(file, None, None, "not TOML: nested too deep, or a number of too many digits") from None
