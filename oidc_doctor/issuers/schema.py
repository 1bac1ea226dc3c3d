"""The schema of a profile's TOML file: the keys and values that it may hold, and which of them have to agree.

The catalogue reads the files that ship without it, for speed; the tests check each of them, and
`python -P -m oidc_doctor.issuers.schema FILE…` checks a profile that is being written.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from oidc_doctor.issuers.grammar import Form, SegmentRule, Style
from oidc_doctor.issuers.profile import Audience, IssuerMatch, Tenancy, TokenSource

_SEGMENTS_OF_TENANCY = ("names", "unique", "unique_in_tenant", "open", "scopes")


class ProfileError(ValueError):
    """A profile that does not follow the schema. The message has one line for each fault."""


class _Examples(NamedTuple):
    subjects: tuple[str, ...]
    issuers: tuple[str, ...] = ()


class _Rename(NamedTuple):
    old: str
    new: str


class _Change(NamedTuple):
    name: str
    since: str
    token_new: str
    token_old: str
    detail_new: str = ""
    detail_old: str = ""
    adds: tuple[str, ...] = ()
    rename: _Rename | None = None
    coming: str = ""
    find: tuple[str, ...] = ()


class _Subject(NamedTuple):
    style: Style
    separator: str
    segment: tuple[SegmentRule, ...]
    lead: str = ""
    form: tuple[Form, ...] = ()
    custom_form: str | None = None
    bare: str | None = None
    escaped_separator: str | None = None
    recognise: str | None = None


class _ProfileFile(NamedTuple):
    name: str
    title: str
    sources: tuple[str, ...]
    token: tuple[TokenSource, ...]
    tenancy: Tenancy
    subject: _Subject
    examples: _Examples
    url: str | None = None
    workspace_command: str | None = None
    self_hosted: bool = False
    condition_keys: tuple[str, ...] = ()
    audience: Audience | None = None
    match: tuple[IssuerMatch, ...] = ()
    implied: Mapping[str, str] | None = None
    claim_values: Mapping[str, tuple[str, ...]] | None = None
    change: tuple[_Change, ...] = ()


def check_profile(raw: Mapping[str, Any]) -> None:
    """Raise ProfileError where the content of a TOML file is no profile."""
    faults = list(_table(raw, _ProfileFile, ""))
    if not faults:  # a malformed file cannot be compared
        faults = [*_expressions(raw), *_references(raw)]
    if faults:
        raise ProfileError("\n".join(faults))


def _table(raw: Any, form: type[Any], place: str) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield f"{place or 'the file'}: a table is expected, not {raw!r}"
        return
    hints = get_type_hints(form)
    for name in raw:
        if name not in hints:
            yield f"{place}{name}: unknown key; known are {', '.join(sorted(hints))}"
    for name, hint in hints.items():
        if name in raw:
            yield from _value(raw[name], hint, f"{place}{name}")
        elif name not in form._field_defaults:
            yield f"{place}{name}: missing"


def _value(value: Any, hint: Any, place: str) -> Iterator[str]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        hint = next(part for part in parts if part is not type(None))  # TOML has no null: a key is there or not
        origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in parts:
            yield f"{place}: {value!r} is not one of {', '.join(parts)}"
    elif origin is tuple:
        if not isinstance(value, list):
            yield f"{place}: an array is expected, not {value!r}"
            return
        for index, entry in enumerate(value):
            yield from _value(entry, parts[0], f"{place}[{index}]")
    elif origin is not None:  # a table of the issuer's own names
        for name, entry in value.items() if isinstance(value, Mapping) else [("", value)]:
            yield from _value(entry, parts[1], f"{place}.{name}")
    elif hasattr(hint, "_fields"):
        yield from _table(value, hint, f"{place}.")
    elif type(value) is not hint:
        yield f"{place}: {hint.__name__} is expected, not {value!r}"


def _expressions(raw: Mapping[str, Any]) -> Iterator[str]:
    patterns = {f"match[{index}].pattern": match["pattern"] for index, match in enumerate(raw.get("match", ()))}
    if "recognise" in raw["subject"]:
        patterns["subject.recognise"] = raw["subject"]["recognise"]
    for place, pattern in patterns.items():
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{place}: not a regular expression: {error}"


def _references(raw: Mapping[str, Any]) -> Iterator[str]:
    """Find names of segments that the subject does not have, and parts that a profile must have."""
    subject, tenancy = raw["subject"], raw["tenancy"]
    segments = {segment["name"] for segment in subject["segment"]} | {subject.get("bare")}
    used = [("tenancy." + name, tenancy[name]) for name in ("tenant", "team") if name in tenancy]
    used += [(f"tenancy.{key}", name) for key in _SEGMENTS_OF_TENANCY for name in tenancy.get(key, ())]
    used += [("tenancy.follows", name) for name in tenancy.get("follows", {}).values()]
    for form in subject.get("form", ()):
        used += [(f"subject.form {form['name']}", name) for name in form["segments"]]
    for change in raw.get("change", ()):
        names = [*change.get("adds", ()), *change.get("rename", {}).values()]
        found = [name for word in change.get("find", ()) for name in re.findall(r"\{(\w+)\}", word)]
        used += [(f"change {change['name']}", name) for name in (*names, *found)]
    for claim, template in raw.get("implied", {}).items():
        used += [(f"implied.{claim}", name) for name in re.findall(r"\{(\w+)\}", template)]
    yield from (f"{place}: the subject has no segment {name}" for place, name in used if name not in segments)
    changes = {change["name"]: change for change in raw.get("change", ())}
    for change in changes.values():
        if change.get("coming") and not change.get("adds"):
            yield f"change {change['name']}: coming, and it adds no segment"
    for match in raw.get("match", ()):
        for name in match.get("without_changes", ()):
            if name not in changes:
                yield f"match {match['pattern']}: the subject has no change {name}"
    if "tenant" not in tenancy and not tenancy.get("in_issuer"):
        yield "tenancy: neither a tenant nor in_issuer, so that nothing would keep customers apart"
    for name in ("sources", "token"):
        if not raw[name]:
            yield f"{name}: empty"
    if not raw["examples"]["subjects"]:
        yield "examples.subjects: empty"


def main(paths: list[str]) -> int:
    """Print the faults of each file; return 1 where there are any."""
    status = 0
    for path in paths:
        try:
            check_profile(tomllib.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            status = 1
            for line in str(error).splitlines():
                sys.stdout.write(f"{path}: {line}\n")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
