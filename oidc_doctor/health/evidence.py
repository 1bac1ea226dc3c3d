"""The evidence of a target that a run read, and the configuration that is kept for the next run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import Unreadable, load
from oidc_doctor.health.observed import kept
from oidc_doctor.model.secret_texts import contains_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.examine import Examined

_LARGEST = 256 * 1024  # bytes of a document that is kept for the next run
_KEPT = (contract.ISSUER, "aws/", "gcp/")
_NOT_KEPT = (contract.CLOUDTRAIL, contract.GCP_LOGS, "gcp/credentials.json")
_OF_A_READ = ("call", "outcome", "at")


_NONE: Mapping[str, str] = MappingProxyType({})


class Evidence(NamedTuple):
    """`read` are the files and folders of a bundle that were read, or certainly do not exist; `failed` says why not.

    A folder whose files have names of their own, such as logs, counts as one file.
    """

    read: tuple[str, ...] = ()
    failed: Mapping[str, str] = _NONE

    def lacks(self, read: Iterable[str]) -> bool:
        """Return whether this run lacks anything that another had read."""
        return bool(self.lacking(read))

    def lacking(self, read: Iterable[str]) -> list[str]:
        """Return what another run had read and this one had not."""
        return sorted(set(read) - set(self.read))

    def reason_of(self, path: str) -> str:
        """Return why a file was not read, as one sentence."""
        return f"{path} could not be read: {self.failed.get(path, 'the last run had read it')}"


def evidence_of(bundle: Bundle, examined: Examined) -> Evidence:
    """Return the evidence of a bundle of one target."""
    failed = {_part(path): reason for path, reason in examined.unread.items()}
    read = {_part(name) for name in bundle.names() if contract.is_known(name)}
    read |= {_part(path) for path in examined.absent} | set(contract.OPEN_FOLDERS)
    read = {path for path in read - set(failed) if not path.startswith(contract.EARLIER)}
    return Evidence(tuple(sorted(read)), failed)


def documents_of(bundle: Bundle, examined: Examined, earlier: Mapping[str, str]) -> dict[str, str]:
    """Return the configuration for the next run's comparison: texts by their paths in a bundle of one target.

    A document that could not be read is the one of the `earlier` run, and so is the manifest's entry of its read: it
    says when the read succeeded. One that certainly does not exist is left out. So is one with a secret.
    """
    gone = {contract.split_target(path)[1] for path in examined.absent}
    documents = {path: text for path, text in earlier.items() if path not in gone}
    for name in bundle.names():
        path = contract.split_target(name)[1]
        if (
            not contract.is_known(name)
            or not path.startswith(_KEPT)
            or path.startswith(_NOT_KEPT)
            or kept(path) != path
        ):
            continue
        text = _text(bundle, name)
        if text is not None and not contains_secret(text):
            documents[path] = text
    manifest = _manifest(bundle, earlier.get(contract.MANIFEST))
    return documents | ({contract.MANIFEST: manifest} if manifest else {})


def _text(bundle: Bundle, name: str) -> str | None:
    """Return a document's text; None for one that is too large or cannot be read, which the report says."""
    try:
        return bundle.read(name).decode() if bundle.size(name) <= _LARGEST else None
    except (Unreadable, UnicodeError):
        return None


def _manifest(bundle: Bundle, earlier: str | None) -> str:
    """Return the manifest of the last successful reads; of one that failed since, the earlier entry."""
    entries = _reads(None if contract.MANIFEST not in bundle else _text(bundle, contract.MANIFEST))
    for path, before in _reads(earlier).items():
        if entries.get(path, {}).get("outcome") not in ("ok", "not_found") and before.get("outcome") == "ok":
            entries[path] = before
    reads = [{"path": path, **entry} for path, entry in entries.items()]
    return kept(json.dumps({"reads": reads})) if reads else ""


def _reads(manifest: str | None) -> dict[str, dict[str, Any]]:
    """Return call, outcome and time of a manifest's reads, by path in a bundle of one target; none of a broken one."""
    try:
        value = load(manifest or "{}", contract.MANIFEST).value
    except Unreadable:
        return {}
    listed = value.get("reads") if isinstance(value, dict) else None
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return {
        contract.split_target(entry["path"])[1]: {name: entry[name] for name in _OF_A_READ if name in entry}
        for entry in entries
        if isinstance(entry.get("path"), str)
    }


def _part(path: str) -> str:
    """Return a path without its target's folder; only the folder, where the contract does not fix the names in it."""
    path = contract.split_target(path)[1]
    return next((folder for folder in contract.OPEN_FOLDERS if path.startswith(folder)), path)
