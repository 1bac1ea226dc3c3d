"""The file of the contract that a file passed alone is, told by its content."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, load

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json

_LOG_ALONE = {
    f"{contract.CLOUDTRAIL}**": f"{contract.CLOUDTRAIL}events.json",
    f"{contract.GCP_LOGS}**": f"{contract.GCP_LOGS}entries.json",
}
_OF_ERRORS = frozenset({"error", "Error"})  # of an answer of Google's STS, of an API, of AWS
_HEAD = 4096  # characters of a text in which its words are looked for
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]{2,}")  # of AccessDenied two
_FEWEST_WORDS = 2
_JWT = re.compile(r"\s*(?:Bearer\s+)?[\"']?eyJ[\w=-]+\.[\w=-]+\.[\w=-]*[\"']?\s*", re.IGNORECASE)


def path_of(text: str, file: str) -> str | None:
    """Return the contract path of a file that was passed alone, by its content; None for a file outside the contract.

    Raises Unreadable for broken JSON.
    """
    if _JWT.fullmatch(text):
        return contract.TOKEN_FILES[0]
    if re.match(r"\s*\[\[?target\b", text) or re.search(r"^\[\[target\]\]", text, re.MULTILINE):
        return contract.TARGET_FILE
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return contract.ERROR if _is_prose(text) else None
    try:
        value = load(text, file).value
    except Unreadable:
        if file.endswith((".jsonl", ".ndjson")):
            return _path_of_lines(text, file)
        raise
    return _path_of_value(value)


def _is_prose(text: str) -> bool:
    """Whether a text has words, as an error of a cloud has: the reader of errors says whether it is a known one."""
    return bool(text.strip()) and "\x00" not in text and len(_WORDS.findall(text[:_HEAD])) >= _FEWEST_WORDS


def _path_of_lines(text: str, file: str) -> str | None:
    return _path_of_value(load(text.lstrip("\ufeff \t\r\n").partition("\n")[0], file).value)


def _path_of_value(value: Json) -> str | None:
    first: Any = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return None
    name = first.get("name")
    if isinstance(name, str) and "/workloadIdentityPools/" in name:
        is_list = isinstance(value, list)
        kind = "provider" if "/providers/" in name else "pool"
        return f"gcp/{kind}{'s' if is_list else ''}.json"
    rows = contract.BY_MEMBERS
    found = next((_LOG_ALONE.get(row.path, row.path) for row in rows if first.keys() & row.members), None)
    return found or (contract.ERROR if first is value and first.keys() & _OF_ERRORS else None)
