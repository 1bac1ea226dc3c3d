"""Commands of the AWS CLI and gcloud that store, print and undo an edit, safe to paste into bash or zsh."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from oidc_doctor.checkkit import command, is_plain

_LINE = 84  # columns of a line of a JSON document, where its texts allow
_STEP = "  "
_SEPARATORS = ";|#~!@%&*+"  # of a list of gcloud
_LAST_SEPARATOR = "\x1f"  # no value that gcloud accepts contains it
_OPTIONS = {  # of the AWS CLI, by the API's name of the parameter
    "RoleName": "--role-name",
    "PolicyDocument": "--policy-document",
    "MaxSessionDuration": "--max-session-duration",
    "OpenIDConnectProviderArn": "--open-id-connect-provider-arn",
    "Url": "--url",
    "ClientID": "--client-id",
    "ClientIDList": "--client-id-list",
}


# --- the AWS CLI -----------------------------------------------------------------------------------------------------


def aws_iam(operation: str, *, query: str = "", **parameters: str | int | Sequence[str]) -> str:
    """A command `aws iam OPERATION`. The parameters have the API's names; one in `_DOCUMENTS` is a text of JSON.

    Where the CLI would read a value as an option or as the name of a file or page (`is_plain`), all parameters are
    given as JSON, in which it reads a value as it is.
    """
    words = ["aws", "iam", operation]
    if all(_is_read_as_it_is(name, value) for name, value in parameters.items()):
        for name, value in parameters.items():
            values = [str(value)] if isinstance(value, str | int) else value
            document = name in _DOCUMENTS and quoted_json(json.loads(str(value)))
            words += [_OPTIONS[name], document or command(*values)]
    else:
        words += ["--cli-input-json", quoted_json(parameters)]
    return " ".join([*words, *(["--query", command(query)] if query else [])])


_DOCUMENTS = {"PolicyDocument"}


def _is_read_as_it_is(name: str, value: str | int | Sequence[str]) -> bool:
    """Whether the CLI reads every text of a parameter as it is. `--url` takes a URL (see `is_plain`)."""
    if name in _DOCUMENTS:
        return True
    texts = [str(value)] if isinstance(value, str | int) else value
    return bool(texts) and all(is_plain(text, of_aws=name != "Url") for text in texts)


def quoted_json(value: Any) -> str:
    r"""A JSON value as one word of a shell: in single quotes, with ' and all but ASCII as \uXXXX."""
    return "'" + laid_out(value).replace("'", "\\u0027").replace("\x7f", "\\u007f") + "'"


def laid_out(value: Any, margin: str = "", lead: int = 0) -> str:
    """JSON with an object or a list on one line where it fits behind `lead` characters: a policy takes few lines."""
    line = json.dumps(value)
    if not isinstance(value, dict | list) or not value or len(margin) + lead + len(line) < _LINE:
        return line
    inner = margin + _STEP
    if isinstance(value, dict):
        keys = {json.dumps(key): item for key, item in value.items()}
        items = [f"{key}: {laid_out(item, inner, len(key) + 2)}" for key, item in keys.items()]
    else:
        items = [laid_out(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(items) + f"\n{margin}{closing}"


# --- gcloud ----------------------------------------------------------------------------------------------------------


def gcloud_list(values: Iterable[str]) -> str:
    """A list for gcloud, with another separator where a value contains a comma (gcloud topic escaping)."""
    texts = list(values)
    if not any("," in text or text.startswith("^") for text in texts):
        return ",".join(texts)
    free = (sign for sign in _SEPARATORS if not any(sign in text for text in texts))
    separator = next(free, _LAST_SEPARATOR)
    return f"^{separator}^{separator.join(texts)}"


def gcloud_map(values: dict[str, str]) -> str:
    """A map for gcloud: NAME=VALUE, separated as a list is."""
    return gcloud_list(f"{name}={text}" for name, text in values.items())
