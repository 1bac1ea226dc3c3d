"""One target's part of a bundle with several, as a bundle of its own that shares the files."""

from __future__ import annotations

import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import Bundle, BundleError, BundleMember
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.documents.target_file import parse_targets
from oidc_doctor.model.evidence import Target

if TYPE_CHECKING:
    from collections.abc import Hashable

_ALWAYS = (contract.MANIFEST, contract.TARGET_FILE, *contract.SHARED)


def bundle_of_target(bundle: Bundle, name: str) -> Bundle:
    """Return the target's folder, the shared files, and their entries in the manifest; all under their own paths.

    A target without a folder, which is a table of the top's oidc-doctor.toml, has all files of the top. The manifest
    and oidc-doctor.toml are parsed once for all targets. Raises BundleError if no folder and no table has this name.
    """
    if bundle.divided is None:
        bundle.divided = _Parts(bundle)
    parts: _Parts = bundle.divided
    return parts.of(name)


class _Parts:
    """The files and entries of a bundle by target."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.names: dict[str, list[str]] = {"": []}
        for path in bundle.names():
            self.names.setdefault(contract.split_target(path)[0], []).append(path)
        self.tables = _tables_of(bundle)
        self._by_table: dict[str, str] | None = None
        self.manifest = _manifest_of(bundle)
        self.reads: dict[str, list[Any]] = {}
        for entry in self.manifest["reads"] if self.manifest else ():
            path = str(entry.get("path") or "") if isinstance(entry, dict) else ""
            self.reads.setdefault(contract.split_target(path)[0], []).append(entry)
        self.opened = Counter(bundle.member(path).open for path in bundle.names())
        self.scans: Any = None  # of the log files that targets share, kept by the first that is examined

    def key_of(self, path: str) -> Hashable | None:
        """Return a key for a log file that targets share, the same for files of the same bytes; None for others.

        It is "" for the files of the top, which each target has.
        """
        prefix, below = contract.split_target(path)
        if not prefix:
            return ""
        opener = self.bundle.member(path).open
        return (opener, below) if self.opened[opener] > 1 else None

    def _folder_of_table(self, name: str) -> str:
        """Return the folder whose own oidc-doctor.toml names the target so, as a plan's do; "" if there is none."""
        if self._by_table is None:
            self._by_table = {}
            for prefix in self.names:
                if prefix and prefix + contract.TARGET_FILE in self.bundle:
                    for table in _tables_of(self.bundle, prefix) or ():
                        self._by_table.setdefault(table.name, prefix)
        return self._by_table.get(name, "")

    def of(self, name: str) -> Bundle:
        prefix = f"{contract.TARGETS}{name}/"
        prefix = prefix if prefix in self.names else self._folder_of_table(name) or prefix
        tables = None if self.tables is None else [table for table in self.tables if table.name == name]
        has_folder = prefix in self.names
        if not has_folder and not tables:
            message = f"no target {name}: neither a folder {prefix} nor a table of {contract.TARGET_FILE}"
            raise BundleError(message)
        paths = [path for path in self.names[""] if not has_folder or path.startswith(_ALWAYS)]
        paths += self.names.get(prefix, [])
        members = {path: self.bundle.member(path) for path in paths}
        if self.manifest is not None:
            top = [entry for entry in self.reads.get("", ()) if not has_folder or _is_shared(entry)]
            reads = [*top, *self.reads.get(prefix, ())]
            data = json.dumps(self.manifest | {"reads": reads}).encode()
            members[contract.MANIFEST] = BundleMember(len(data), lambda: io.BytesIO(data))
        part = Bundle(
            self.bundle.label,
            members,
            [(path, reason) for path, reason in self.bundle.refused if contract.split_target(path)[0] in ("", prefix)],
            archive=_Kept(self.bundle),
            shown={path: self.bundle.shown(path) for path in paths},
            saved=self.bundle.saved,
            own_manifest=self.bundle.own_manifest,
            loose=self.bundle.loose,
        )
        part.paths = self.bundle.paths
        part.named = self.bundle.named
        part.is_plan = self.bundle.is_plan
        part.parts = self
        part.tables = None if tables is None else tuple(tables)
        return part


class _Kept:
    """The whole bundle, which stays open as long as a part of it is used."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def close(self) -> None:
        """Close nothing: other targets read the same archive."""


def _is_shared(entry: Any) -> bool:
    path = entry.get("path") if isinstance(entry, dict) else None
    return isinstance(path, str) and path.startswith(_ALWAYS)


def _tables_of(bundle: Bundle, prefix: str = "") -> list[Target] | None:
    """Return the tables of an oidc-doctor.toml; None if it cannot be read, which each part then reports."""
    path = prefix + contract.TARGET_FILE
    if path not in bundle:
        return []
    try:
        return parse_targets(decode(bundle.read(path), path), bundle.shown(path))[0]
    except Unreadable:
        return None


def _manifest_of(bundle: Bundle) -> dict[str, Any] | None:
    """Return the manifest; None if it has none that can be divided, which each part then reports."""
    if contract.MANIFEST not in bundle:
        return None
    try:
        document = load(decode(bundle.read(contract.MANIFEST), contract.MANIFEST), contract.MANIFEST)
    except Unreadable:
        return None
    value = document.value
    is_whole = isinstance(value, dict) and isinstance(value.get("reads"), list) and not document.duplicates
    return value if is_whole and isinstance(value, dict) else None
