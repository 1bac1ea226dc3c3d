"""A Google client's external_account configuration: what is kept of it as evidence, and the token that it names.

google-auth library, "External Account Credentials": the source of the token is a file, an address, an executable or a
certificate. Only a file is read: an address and an executable would be a stranger's, where the configuration is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.documents.token import parse_token
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.secret_texts import without_secrets_in


class Configuration(NamedTuple):
    """A configuration without possible secrets; `content` is None for another file, and `reason` may say why."""

    content: bytes | None
    reason: str = ""  # in brackets, after a space


class Named(NamedTuple):
    """The token that a configuration names, its text, and why there is none."""

    token: Token | None = None
    text: str = ""
    warning: str = ""


def configuration_of(data: bytes, path: str) -> Configuration:
    """Return an external_account configuration without possible secrets."""
    try:
        value, reason = load(decode(data, path), path).value, ""
    except Unreadable as error:
        value, reason = None, f" ({error.reason})"
    if not isinstance(value, dict) or value.get("type") != "external_account":
        return Configuration(None, reason)
    value.pop("client_secret", None)
    source = value.get("credential_source")
    if isinstance(source, dict) and isinstance(source.get("headers"), dict):
        source["headers"] = dict.fromkeys(source["headers"], "(not kept)")
    if isinstance(source, dict) and isinstance(source.get("executable"), dict):
        source["executable"] = {"command": "(not kept)"}
    return Configuration(json.dumps(without_secrets_in(value), indent=2).encode())


def token_of(
    configuration: bytes, path: str, label: str, read: Callable[[str, str], bytes], *, anywhere: bool = False
) -> Named:
    """Return the token in the file that the configuration at `path` names. `read` takes a path and what it is.

    A stranger may have written the configuration, and name any file: one outside the configuration's own folder is not
    read, unless `anywhere`, and what is no OIDC token is not shown. Raises what `read` raises.
    """
    value: dict[str, Any] = json.loads(configuration or b"{}")
    source = value.get("credential_source")
    file = source.get("file") if isinstance(source, dict) else None
    if not isinstance(source, dict) or not isinstance(file, str) or not _is_file(file):
        return Named()
    place = os.path.realpath(file)
    inside = os.path.relpath(place, os.path.dirname(os.path.realpath(path)))
    is_outside = path == "-" or any(part.startswith(".") for part in inside.split(os.sep))  # above it, or hidden below
    if is_outside and not anywhere:
        outside = f"{label}: its token file {file} lies outside its folder, and was not read"
        return Named(warning=f"{outside}; --token reads the file that you name")
    text: Any = read(place, f"{label}: the token's file").decode("utf-8", "surrogateescape")
    shape = source.get("format")
    if isinstance(shape, dict) and shape.get("type") == "json":
        try:
            text = load(text, file).value[shape["subject_token_field_name"]]
        except (Unreadable, KeyError, TypeError):
            text = None
    token = parse_token(text, Origin(label), "token") if isinstance(text, str) else None
    if token is None or not is_oidc(token):
        return Named(warning=f"{label}: its token file {file} holds no OIDC token, and is not shown")
    return Named(token, str(text))


def is_oidc(token: Token) -> bool:
    """Whether a text is a compact JWT with the claims of an OIDC token."""
    named = isinstance(token.claims.get("iss"), str) and ("sub" in token.claims or "aud" in token.claims)
    return token.kind == "jwt" and bool(token.signing_input) and token.header is not None and named


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL in the name
        return False
