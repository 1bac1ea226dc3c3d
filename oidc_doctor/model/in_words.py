"""A stranger's value inside a sentence of ours."""

from __future__ import annotations

import json


def as_value(text: str) -> str:
    r"""Return a value for a sentence: in quotation marks where it has white space, since it may read like a sentence.

    A subject, an ARN or a name has none. Inside the marks `"` and `\` are escaped, so no value ends them.
    """
    return json.dumps(text, ensure_ascii=False) if len(text.split()) > 1 else text
