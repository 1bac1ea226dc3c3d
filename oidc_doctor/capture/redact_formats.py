"""Redact the files of a bundle that are not JSON: the target, the Truss configuration, certificates, key sets."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from oidc_doctor.capture.redact_files import is_json, json_text
from oidc_doctor.capture.redact_texts import SECRET, LeftOut, Texts
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.truss import truss_version
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.model.secret_texts import PRIVATE_KEY_MEMBERS, is_secret_member, secret_or

_LARGEST_TOML: Final = 1024 * 1024  # characters
_LARGEST_YAML: Final = 1024 * 1024  # characters, aliases included
_LONGEST_NAME: Final = 200
_NAME_AT_END = re.compile(r"[\w:-]{1,200}\Z")

_TOML = re.compile(
    r"(?P<comment>#[^\n]*)|(?P<string>\"\"\"(?:\\.|[^\\])*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*')"
    r"(?P<key>\s*[=.\]])?",
    re.DOTALL,
)


def toml_text(text: str, texts: Texts) -> str:
    """Redact oidc-doctor.toml: every string but the keys is redacted, comments are removed."""
    if len(text) > _LARGEST_TOML:
        raise LeftOut(f"longer than {_LARGEST_TOML // 1024} KiB")
    pieces, end, name = [], 0, ""
    for match in _TOML.finditer(text):
        between = text[end : match.start()]
        pieces.append(texts.without_secrets(between))
        end = match.end()
        name = _name_before(between) or name
        if match["comment"]:
            texts.removed["a comment"] = texts.removed.get("a comment", 0) + 1
            continue
        body = match["string"]
        if match["key"]:
            name = body.strip("\"'")[:_LONGEST_NAME]
            pieces.append(f'"{texts.name(name)}"{match["key"]}' if "Tag/" in name else match[0])
            continue
        pieces.append(_toml_string(body, name, texts))
    return "".join([*pieces, texts.without_secrets(text[end:])])


def _name_before(text: str) -> str:
    """Return the last bare key in the text between two strings; empty if there is none."""
    sign = text.rfind("=")
    if sign < 0:
        return ""
    match = _NAME_AT_END.search(text[:sign].rstrip()[-_LONGEST_NAME:])
    return match[0] if match else ""


def _toml_string(token: str, name: str, texts: Texts) -> str:
    import tomllib

    try:
        text = tomllib.loads(f"v = {token}")["v"]
    except tomllib.TOMLDecodeError:
        return texts.value(token)
    if is_secret_member(name, text):
        return json.dumps(texts.secret(name))
    if texts.cipher is None:
        if name == "issuer":
            texts.collected.issuer(text)
        elif name == "audience":
            texts.collected.audience(text)
    redacted = json_text(text, texts) if name == "policy" and is_json(text) else texts.value(text)
    return token if redacted == text else json.dumps(redacted, ensure_ascii=False)


def yaml_text(text: str, texts: Texts) -> str:
    """Redact a Truss configuration: only identities and their resources remain."""
    import yaml  # type: ignore[import-untyped,unused-ignore]

    try:
        configuration: Any = load_yaml(text, "truss/config.yaml").value
    except Unreadable as error:
        raise LeftOut(f"it cannot be read as YAML ({error.reason})") from None
    identities: dict[str, object] = {}
    image = configuration.get("base_image") if isinstance(configuration, dict) else None
    if isinstance(image, dict):
        identities["base_image"] = {name: image[name] for name in ("image", "docker_auth") if name in image}
    weights = configuration.get("weights") if isinstance(configuration, dict) else None
    if isinstance(weights, list):
        identities["weights"] = [
            {name: weight[name] for name in ("source", "auth") if name in weight}
            for weight in weights
            if isinstance(weight, dict)
        ]
    others = (
        sorted(str(name) for name in configuration if name not in identities) if isinstance(configuration, dict) else []
    )
    if others:
        texts.removed["other parts of the Truss configuration"] = len(others)
    _check_size(identities, [_LARGEST_YAML])

    class WithoutAliases(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return data is not None

    dumped: str = yaml.dump(_walked(identities, texts, ""), Dumper=WithoutAliases, sort_keys=False, allow_unicode=True)
    return dumped


def _check_size(value: object, left: list[int]) -> None:
    """Raise LeftOut for a configuration whose aliases repeat a text too often."""
    left[0] -= len(value) + 1 if isinstance(value, str) else 1
    if left[0] < 0:
        raise LeftOut("its aliases expand to more than 1 MiB")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_size(key, left)
            _check_size(inner, left)
    elif isinstance(value, list):
        for inner in value:
            _check_size(inner, left)


def _walked(value: object, texts: Texts, name: str) -> object:
    if isinstance(value, dict):
        return {
            _key(str(key), texts): texts.secret(str(key))
            if isinstance(inner, str) and secret_or(str(key), inner, value)
            else _walked(inner, texts, str(key))
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_walked(inner, texts, name) for inner in value]
    if is_secret_member(name, value):
        return texts.secret(name)
    if not isinstance(value, str) or (name == "auth_method" and _METHOD.fullmatch(value)):
        return value
    return texts.value(value)


_METHOD = re.compile(r"(?i)[a-z]{2,12}(?:_[a-z]{2,12}){1,3}")
_KEY = re.compile(r"[a-z_0-9]{1,60}")


def _key(key: str, texts: Texts) -> str:
    return key if _KEY.fullmatch(key) else texts.value(key)


_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*+-----END CERTIFICATE-----")


def chain_text(text: str, texts: Texts) -> str:
    """Keep the certificates, which are public, and remove the lines that openssl prints about the session."""
    certificates = _CERTIFICATE.findall(text)
    if certificates and _CERTIFICATE.sub("", text).strip():
        texts.removed["lines around the certificates"] = 1
    return "\n".join(certificates) + "\n" if certificates else texts.sentence(text)


def public_text(text: str, texts: Texts) -> str:
    """Keep a document that the issuer publishes; remove secrets and private key parts published by mistake."""
    names = "|".join(sorted(PRIVATE_KEY_MEMBERS - {"oth"}))
    text, several = re.subn(r'("oth"\s{0,64}:\s{0,64})\[[^\]]*\]', r"\1[]", text)
    text, count = re.subn(rf'("(?:{names})"\s{{0,64}}:\s{{0,64}})"(?!\[removed\])[^"]*"', rf'\1"{SECRET}"', text)
    if count + several:
        texts.removed["a private key"] = texts.removed.get("a private key", 0) + count + several
    return texts.without_secrets(text)


def version_text(text: str) -> str:
    """Return only the truss version; empty for a text without one."""
    version = truss_version(text)
    return f"truss, version {'.'.join(map(str, version))}\n" if version else ""
