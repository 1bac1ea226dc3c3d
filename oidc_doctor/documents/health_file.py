"""Parse the user's own oidc-doctor.toml for scheduled health checks: targets, suppressions, receivers of messages.

Suppressions and receivers count only in the file that the user runs a health check with. A bundle's file, which a
stranger may have written, has neither.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import Unreadable, printable
from oidc_doctor.documents.target_file import FILE, TableReader, Toml, lines_of
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target
from oidc_doctor.model.health import Suppression
from oidc_doctor.model.json_pointer import pointer_segment

_SUPPRESS = ("code", "resource", "reason", "owner", "until", "target")
_OPTIONAL = ("target",)
_NOTIFY = ("url", "url_env", "secret_env", "apprise_env")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_VARIABLE = re.compile(r"[A-Za-z_]\w{0,254}", re.ASCII)
_KEY = re.compile(r"[\w-]{1,60}")  # any other is a value in the wrong place, such as an address, and is not shown


class HealthTarget(NamedTuple):
    """A [[target]] table. `source` is the path of its bundle as written, empty for a live target.

    `subject` is that of a token to judge, empty if the evidence has tokens or logged attempts.
    """

    target: Target
    source: str = ""
    subject: str = ""
    subject_at: Origin = Origin(FILE)


class Receiver(NamedTuple):
    """A [[notify]] table: a webhook, or the environment variable with an address of Apprise."""

    url: str = ""
    url_env: str = ""  # the variable with the webhook's address
    secret_env: str = ""  # the variable with the key that signs the webhook's messages
    apprise_env: str = ""
    at: str = ""  # where it was read


class HealthFile(NamedTuple):
    """The content of the file, and a warning line for each unknown key of a target."""

    targets: tuple[HealthTarget, ...]
    suppressions: tuple[Suppression, ...]
    receivers: tuple[Receiver, ...]
    warnings: tuple[str, ...]


def parse_health_file(text: str, file: str = FILE) -> HealthFile:
    """Return the content of the file. Raises Unreadable.

    Unlike a target's, an unknown key of [[suppress]] or [[notify]] is an error: a misspelled one would silence or send
    something else than the user meant. So are targets without a name of their own: state and suppressions use it.
    """
    text = text.removeprefix("\ufeff")
    document = load_toml(text, file)
    reader = _HealthReader(file, lines_of(text))
    targets = reader.health_targets(document)
    names = [target.target.name for target in targets]
    suppressions = [
        reader.suppression(table, f"/suppress/{index}", names)
        for index, table in enumerate(reader.tables(document, "suppress"))
    ]
    receivers = [
        reader.receiver(table, f"/notify/{index}") for index, table in enumerate(reader.tables(document, "notify"))
    ]
    warnings = tuple(f"{printable(file)}: {warning}" for warning in reader.warnings)
    return HealthFile(tuple(targets), tuple(suppressions), tuple(receivers), warnings)


class _HealthReader(TableReader):
    """Reads the tables that only a health check uses."""

    def health_targets(self, document: dict[str, Any]) -> list[HealthTarget]:
        tables = self.tables(document, "target")
        found = [
            HealthTarget(
                target, table.get("from", ""), table.get("subject", ""), self.origin(f"/target/{index}/subject")
            )
            for index, (target, table) in enumerate(zip(self.targets(document), tables, strict=True))
        ]
        names: set[str] = set()
        for index, (table, target) in enumerate(zip(tables, found, strict=True)):
            if "\0" in target.source:
                raise self.fault(f"/target/{index}/from", "[[target]]: from: no path has the character NUL")
            name = table.get("name", "")
            if not name and len(found) > 1:
                raise self.fault(f"/target/{index}", "[[target]]: each of several targets needs a name")
            if target.target.name in names:
                shown = printable(target.target.name)
                raise self.fault(f"/target/{index}/name", f"[[target]]: another target is already called {shown}")
            names.add(target.target.name)
        return found

    def suppression(self, table: Toml, pointer: str, targets: list[str]) -> Suppression:
        values = self.texts(table, pointer, "[[suppress]]", _SUPPRESS)
        for name in _SUPPRESS:
            if name not in _OPTIONAL and not values.get(name, "").strip():
                raise self.fault(pointer, f"[[suppress]]: {name} is missing")
        if not _is_day(values["until"]):
            raise self.fault(
                f"{pointer}/until", "[[suppress]]: until: expected the last day as a date, such as 2027-01-31"
            )
        named = values.get("target", "")
        if named and named not in targets:
            message = f"[[suppress]]: there is no target {printable(named)}{_meant(named, targets)}"
            raise self.fault(f"{pointer}/target", message)
        return Suppression(
            values["code"],
            values["resource"],
            values["reason"],
            values["owner"],
            values["until"],
            named,
            self.place(pointer),
        )

    def receiver(self, table: Toml, pointer: str) -> Receiver:
        values = self.texts(table, pointer, "[[notify]]", _NOTIFY)
        addresses = [name for name in ("url", "url_env", "apprise_env") if values.get(name)]
        if len(addresses) != 1:
            raise self.fault(pointer, "[[notify]]: expected exactly one of url, url_env and apprise_env")
        if values.get("apprise_env") and values.get("secret_env"):
            raise self.fault(pointer, "[[notify]]: secret_env signs a webhook, and apprise_env names none")
        for name in ("url_env", "secret_env", "apprise_env"):  # not shown: it may be the address or the secret itself
            if values.get(name) and not _VARIABLE.fullmatch(values[name]):
                message = f"[[notify]]: {name}: expected the name of an environment variable, such as ALERTS_URL"
                raise self.fault(f"{pointer}/{name}", message)
        return Receiver(**values, at=self.place(pointer))

    def texts(self, table: Toml, pointer: str, name: str, known: tuple[str, ...]) -> dict[str, str]:
        """Return the members of a table as texts; a date as YYYY-MM-DD."""
        if not isinstance(table, dict):
            raise self.wrong(pointer, name, "a table", table)
        for key in table:
            if key not in known:
                shown = f"unknown key {printable(key)}{_meant(key, known)}" if _KEY.fullmatch(key) else "an unknown key"
                raise self.fault(pointer + pointer_segment(key), f"{name}: {shown}; known are {', '.join(known)}")
        values = {}
        for key, value in table.items():
            is_date = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
            if not isinstance(value, str) and not (is_date and key == "until"):
                raise self.wrong(f"{pointer}/{key}", f"{name}: {key}", "text in quotation marks", value)
            values[key] = value.isoformat() if isinstance(value, dt.date) else value
        return values

    def place(self, pointer: str) -> str:
        return f"{self.file}:{self.origin(pointer).line or 1}"

    def fault(self, pointer: str, message: str) -> Unreadable:
        return Unreadable(self.file, self.origin(pointer).line, None, message)


def _is_day(text: str) -> bool:
    try:
        return bool(_DAY.fullmatch(text)) and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def _meant(name: str, known: list[str] | tuple[str, ...]) -> str:
    from difflib import get_close_matches  # late: only for an error

    near = get_close_matches(name, known, n=1)
    return f"; did you mean {printable(near[0])}?" if near else ""
