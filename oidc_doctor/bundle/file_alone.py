"""Recognise a single file as a file of the contract, by its content."""

from __future__ import annotations

import json
import os
import re
import zlib
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.documents.manifest import parse_manifest
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.limits import EVIDENCE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.document import Json

    # Text and shown name of a file to its contract path, None for no file of the contract; raises Unreadable.
    Tell = Callable[[str, str], str | None]

_LOG_ALONE = {
    f"{contract.CLOUDTRAIL}**": f"{contract.CLOUDTRAIL}events.json",
    f"{contract.GCP_LOGS}**": f"{contract.GCP_LOGS}entries.json",
}
_OF_ERRORS = frozenset({"error", "Error"})  # of an answer of Google's STS, of an API, of AWS
_JWT = re.compile(r"\s*(?:Bearer\s+)?[\"']?eyJ[\w=-]+\.[\w=-]+\.[\w=-]*[\"']?\s*", re.IGNORECASE)
BEGINNING = 64 * 1024  # first bytes that show whether a file is an archive or a log
_GZIP = b"\x1f\x8b"


def path_of(text: str, file: str) -> str | None:
    """Return the contract path of a file that was passed alone; None for a file outside the contract.

    Its content decides. Its name decides where the content leaves it open: several policies have the same members, and
    some files have none of their own. Raises Unreadable for broken JSON.
    """
    path = _path_of_content(text, file)
    rows = [row for row in contract.FILES if row.path.rpartition("/")[2] == os.path.basename(file)]
    if path is None or path in _POLICIES:
        top = "" if path is None else path.partition("/")[0] + "/"
        return next((row.path for row in rows if row.path.startswith(top) and _reads(row, text, file)), path)
    return path


_POLICIES = ("aws/role.json", "gcp/service-account-policy.json")  # what a policy alone is, by its members


def _reads(row: contract.File, text: str, file: str) -> bool:
    """Whether the parser of a row reads the text. A row for any text does so for an error text alone."""
    parser = parse_manifest if row.path == contract.MANIFEST else row.parser
    if parser is None or (row.lenient and row.path != contract.ERROR):
        return False
    try:
        parser(text, file)
    except Unreadable:
        return False
    return bool(text.strip())


def _path_of_content(text: str, file: str) -> str | None:
    if _JWT.fullmatch(text):
        return contract.TOKEN_FILES[0]
    if re.match(r"\s*\[\[?target\b", text) or re.search(r"^\[\[target\]\]", text, re.MULTILINE):
        return contract.TARGET_FILE
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return None
    try:
        value = load(text, file).value
    except Unreadable as error:
        try:
            path = _path_of_lines(text, file)
        except Unreadable:
            raise error from None  # it is no JSON lines either, of which the first line would be at fault
        if path in _LOG_ALONE.values() or file.endswith((".jsonl", ".ndjson")):
            return path
        raise
    return _path_of_value(value)


def _path_of_lines(text: str, file: str) -> str | None:
    """Return the path of JSON lines by their first one. A log sink of Google Cloud writes them as `.json`."""
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
    path = next((_LOG_ALONE.get(row.path, row.path) for row in rows if first.keys() & row.members), None)
    return path or (contract.ERROR if first is value and first.keys() & _OF_ERRORS else None)


def read_beginning(path: str) -> tuple[bytes, int]:
    """Return the first bytes of a regular file and its size. Raises OSError."""
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(BEGINNING)
    return head, size


def is_archive(path: str, head: bytes) -> bool:
    """Return whether a file is a zip or tar archive, by its first bytes or its name; a gzipped log is none."""
    name = path.lower()
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06") or name.endswith((".zip", ".tar.gz", ".tgz", ".tar")):
        return True
    return (_unzipped(head) if head[:2] == _GZIP else head)[257:262] == b"ustar"


def log_of(path: str, head: bytes, size: int) -> str | None:
    """Return the contract path of a log that is gzipped, or too large to be read at once; None for all other files.

    The members of the logs' rows of the contract are looked for in its first bytes.
    """
    zipped = head[:2] == _GZIP
    if not zipped and size <= EVIDENCE_FILE.most:
        return None
    folder = _folder_of_members(_unzipped(head) if zipped else head)
    return f"{folder}{log_name(os.path.basename(path), zipped=zipped)}" if folder else None


def log_folder(head: bytes) -> str | None:
    """Return the folder of a bundle for a log, gzipped or not, by its first bytes; "" for an empty list, else None.

    Of a value that ends within them the members decide, of a longer one those of the logs' rows that are among them.
    """
    beginning = _unzipped(head) if head[:2] == _GZIP else head
    try:
        value, _ = json.JSONDecoder().raw_decode(beginning.decode("utf-8-sig", "replace").lstrip())
    except (ValueError, RecursionError):
        return _folder_of_members(beginning) if beginning.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else None
    if value == []:
        return ""
    path = _path_of_value(value) or ""
    return path.rpartition("/")[0] + "/" if path in _LOG_ALONE.values() else None


def _folder_of_members(beginning: bytes) -> str | None:
    for row in contract.BY_MEMBERS:
        if row.path in _LOG_ALONE and any(f'"{member}"'.encode() in beginning for member in row.members):
            return row.folder
    return None


def log_name(path: str, *, zipped: bool) -> str:
    """Return a log's name in the contract: with `.json` or similar, and `.gz`."""
    name = path.removesuffix(".gz")
    name = name if name.lower().endswith((".json", ".jsonl", ".ndjson")) else f"{name}.json"
    return name + (".gz" if zipped else "")


def _unzipped(head: bytes) -> bytes:
    """Return the beginning of the unpacked bytes, at most as many as were read; b"" where they cannot be unpacked."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, BEGINNING)
    except zlib.error:
        return b""
