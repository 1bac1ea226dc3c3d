"""Parse the targets to examine: oidc-doctor.toml, and overriding command line values."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

from oidc_doctor.documents.fields import kind
from oidc_doctor.documents.json_text import Unreadable, printable
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp
from oidc_doctor.model.json_pointer import pointer_segment

FILE = "oidc-doctor.toml"
NAME = "target"  # for a target without a name

_FILE = {"target": "table", "keys": "table", "theme": "text", "suppress": "table", "notify": "table"}
_OF_THE_USER = ("keys", "theme")  # settings of the UI: a bundle, which may be untrusted, cannot change them
_TOP = {"name": "text", "from": "text", "subject": "text", "issuer": "text", "aws": "table", "gcp": "table"}
_AWS = {
    "role_arn": "text",
    "role_session_name": "text",
    "duration_seconds": "number",
    "provider_id": "text",
    "region": "text",
    "s3_bucket": "text",
    "ecr_repository": "text",
    "policy": "text",
    "context": "map",
}
_GCP = {
    "provider": "text",
    "audience": "text",
    "service_account": "text",
    "artifact_repository": "text",
    "gcs_bucket": "text",
    "access_token_lifetime": "number",
    "scopes": "list",
}
_WANTED = {
    "text": "text in quotation marks",
    "number": "a whole number",
    "map": "a table of texts",
    "list": "a list of texts",
    "table": "a table",
}
_REPEATED = ("target", "suppress", "notify", "expect")  # tables in double brackets
_HEADER = re.compile(r"\s*\[\[?([^][]+)\]")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")

_MOST_NAMED = 20  # unknown keys of a table
Toml = Any  # a value as tomllib returns it
Cloud = TypeVar("Cloud", TargetAws, TargetGcp)


def parse_targets(text: str, file: str = FILE) -> tuple[list[Target], list[str]]:
    """Return the [[target]] tables of oidc-doctor.toml, and a warning line for each unknown key.

    Raises Unreadable for text that is not TOML and for a value of a wrong type. A target without a name is called
    `target`.
    """
    text = text.removeprefix("\ufeff")
    document = load_toml(text, file)
    reader = TableReader(file, lines_of(text))
    return reader.targets(document), reader.warnings


def to_toml(target: Target) -> str:
    """Return a [[target]] table, which `parse_targets` reads. JSON strings, numbers and lists are valid TOML."""
    lines = ["[[target]]", f"name = {json.dumps(target.name)}"]
    lines += [f"issuer = {json.dumps(target.issuer)}"] if target.issuer else []
    for cloud, part in (("aws", target.aws), ("gcp", target.gcp)):
        if part is None:
            continue
        lines.append(f"[target.{cloud}]")
        for name, value in part._asdict().items():
            if isinstance(value, str | int | tuple) and value != ():
                lines.append(f"{name} = {json.dumps(value)}")
            elif isinstance(value, dict) and value:
                pairs = ", ".join(f"{json.dumps(key)} = {json.dumps(text)}" for key, text in value.items())
                lines.append(f"{name} = {{ {pairs} }}")
    return "\n".join(lines) + "\n"


def merge(base: Target, over: Target) -> Target:
    """Return `base` overridden by the values of `over`, with their origins. The name is `base`'s."""
    return base._replace(
        issuer=base.issuer if over.issuer is None else over.issuer,
        aws=_merge_cloud(base.aws, over.aws),
        gcp=_merge_cloud(base.gcp, over.gcp),
        origins=base.origins | over.origins,
    )


def _merge_cloud(base: Cloud | None, over: Cloud | None) -> Cloud | None:
    if base is None or over is None:
        return base or over
    values = over._asdict()
    return base._replace(**{name: value for name, value in values.items() if value is not None and value != {}})


class TableReader:
    """Reads TOML values into targets, with the places of errors."""

    def __init__(self, file: str, lines: dict[str, int]) -> None:
        self.file = file
        self.lines = lines
        self.warnings: list[str] = []

    def targets(self, document: dict[str, Any]) -> list[Target]:
        """Return the [[target]] tables."""
        self.warn_of_unknown(document, _FILE, "")
        for name in document:
            if name in _OF_THE_USER:
                line = self.lines.get(pointer_segment(name))
                place = "" if line is None else f"line {line}: "
                self.warnings.append(f"{place}{name} is read from your own configuration file only, and ignored here")
        return [self.target(table, f"/target/{index}") for index, table in enumerate(self.tables(document, "target"))]

    def tables(self, document: dict[str, Any], name: str) -> list[Toml]:
        """Return the [[name]] tables; [name] counts as one."""
        tables = document.get(name, [])
        if isinstance(tables, dict):
            tables = [tables]
        if not isinstance(tables, list):
            raise self.wrong(f"/{name}", f"[[{name}]]", "a table", tables)
        return tables

    def target(self, table: Toml, pointer: str) -> Target:
        """Return one of them."""
        if not isinstance(table, dict):
            raise self.wrong(pointer, "[[target]]", "a table", table)
        top = self.values(table, _TOP, pointer, "")
        origins: dict[str, Origin] = {}
        clouds: dict[str, dict[str, Any]] = {}
        for name, shape in (("aws", _AWS), ("gcp", _GCP)):
            if name in top:
                clouds[name] = self.values(top[name], shape, pointer + pointer_segment(name), f"{name}.")
                for key in clouds[name]:
                    origins[f"{name}.{key}"] = self.origin(pointer + pointer_segment(name) + pointer_segment(key))
        if "issuer" in top:
            origins["issuer"] = self.origin(pointer + "/issuer")
        if "scopes" in clouds.get("gcp", {}):
            clouds["gcp"]["scopes"] = tuple(clouds["gcp"]["scopes"])
        return Target(
            name=top.get("name") or NAME,
            issuer=top.get("issuer"),
            aws=TargetAws(**clouds["aws"]) if "aws" in clouds else None,
            gcp=TargetGcp(**clouds["gcp"]) if "gcp" in clouds else None,
            origins=origins,
        )

    def values(self, table: dict[str, Any], shape: dict[str, str], pointer: str, prefix: str) -> dict[str, Any]:
        """Return the known members of `table`, with type checks."""
        self.warn_of_unknown(table, shape, pointer)
        values = {}
        for name, expected in shape.items():
            if name in table:
                if not _is(table[name], expected):
                    raise self.wrong(pointer + pointer_segment(name), prefix + name, _WANTED[expected], table[name])
                values[name] = table[name]
        return values

    def warn_of_unknown(self, table: dict[str, Any], shape: dict[str, str], pointer: str) -> None:
        """Warn about members outside `shape`: a misspelled key would be silently ignored."""
        unknown = [name for name in table if name not in shape]
        for name in unknown[:_MOST_NAMED]:
            from difflib import get_close_matches  # late: only for an error

            near = get_close_matches(name, shape, n=1)
            line = self.lines.get(pointer + pointer_segment(name))
            place = "" if line is None else f"line {line}: "
            suggestion = f"; did you mean {near[0]}?" if near else ""
            self.warnings.append(printable(f"{place}unknown key {name}{suggestion}"))
        if len(unknown) > _MOST_NAMED:
            self.warnings.append(f"and {len(unknown) - _MOST_NAMED:,} more unknown keys")

    def origin(self, pointer: str) -> Origin:
        """Return where a key, or else its table, is in the file."""
        line = self.lines.get(pointer) or self.lines.get(pointer.rpartition("/")[0])
        return Origin(self.file, pointer, line)

    def wrong(self, pointer: str, name: str, expected: str, value: Toml) -> Unreadable:
        """Return the error for a value of a wrong type."""
        actual = kind(value) if isinstance(value, str | dict | list | int | float) else "a date or time"
        actual = actual.replace("an object", "a table")
        also = "" if expected.startswith(actual) else f", found {actual}"  # a list is right, its elements are not
        return Unreadable(self.file, self.origin(pointer).line, None, f"{name}: expected {expected}{also}")


def _is(value: Toml, expected: str) -> bool:
    if expected == "text":
        return isinstance(value, str)
    if expected == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if expected == "table":
        return isinstance(value, dict)
    if expected == "map":
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def lines_of(text: str) -> dict[str, int]:
    """Map JSON pointers to lines, for tables and keys at the start of a line. tomllib reports no positions."""
    lines: dict[str, int] = {}
    table, counts = "", dict.fromkeys(_REPEATED, -1)
    for number, line in enumerate(text.split("\n"), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            names = [name.strip() for name in header[1].split(".")]
            if len(names) == 1 and names[0] in counts:
                counts[names[0]] += 1
            first = [names[0], str(max(counts[names[0]], 0))] if names[0] in counts else names[:1]
            table = "".join(pointer_segment(name) for name in first + names[1:])
            lines.setdefault(table, number)
        elif key:
            lines.setdefault(table + "".join(pointer_segment(name) for name in key[1].split(".")), number)
    return lines
