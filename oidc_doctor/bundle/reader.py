"""Read the files of a bundle, and record what was read and what was not."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.bounds import too_many
from oidc_doctor.documents.json_text import Unreadable, decode, printable
from oidc_doctor.documents.manifest import Manifest, ManifestRead, parse_manifest
from oidc_doctor.documents.target_file import parse_targets
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import NOT_GIVEN, NOT_IN_BUNDLE, NOT_READ, Coverage, Target
from oidc_doctor.model.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from oidc_doctor.bundle.files import Bundle

    Status = Literal["read", "partial", "missing", "denied", "not-asked"]

T = TypeVar("T")

# Lists that prove the absence of unlisted resources, unless truncated.
_LISTS = frozenset(
    (
        *("aws/oidc-providers.json", "aws/role-policy-list.json", "aws/attached-policies.json"),
        *("gcp/providers.json", "gcp/pools.json"),
    )
)
# With these outcomes the manifest does not describe the present file, whose time and source are unknown.
_OTHERWISE = {
    "not_found": "the cloud has no such resource",
    "denied": "the read was denied",
    "throttled": "the read was throttled",
    "timeout": "the read timed out",
    "failed": "the read failed",
}
_FROM_USER = (*contract.TOKEN_FILES, contract.ERROR)  # files that are never read from a cloud
_NAMES_SHOWN = 8


class BundleReader:
    """A bundle being read. `reads` contains the manifest entries by path; `coverage` has one row for each path."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.coverage: dict[str, Coverage] = {}
        self.reads: dict[str, ManifestRead] = {}
        self.collected_at: float | None = None
        self.earlier_at: dict[str, float] = {}  # folder of the target → when its earlier configuration was read
        self.names: dict[str, list[str]] = {"": list(bundle.names())}  # paths below each target's folder, and all paths
        self.known: list[str] = []  # paths of files of the contract
        self.log_names: dict[str, list[str]] = {}  # by the folder of their target, "" for the top
        self._unknown: list[str] = []
        self._manifests: list[str] = []
        for name in bundle.names():
            self._sort(name)
        self.too_many = too_many(self.known)
        self.manifest: Manifest | Missing | None = None  # that of the top
        self._read_manifests()
        self._ordered_reads = sorted(self.reads)
        named = (*self.known, *self.reads)
        self._earlier = sorted(name for name in named if contract.EARLIER in name and contract.is_known(name))

    def _sort(self, name: str) -> None:
        prefix, path = contract.split_target(name)
        if prefix:
            self.names.setdefault(prefix, []).append(name)
        if contract.is_log(path):
            self.log_names.setdefault(prefix, []).append(name)
        elif not contract.is_known(name):
            if path != contract.EXPECTED:
                self._unknown.append(name)
            return
        self.known.append(name)
        if path.startswith(contract.EARLIER):
            self.names.setdefault(prefix + contract.EARLIER, []).append(name)
        if path in (contract.MANIFEST, contract.EARLIER + contract.MANIFEST):
            self._manifests.append(name)

    def parsed(self, path: str, parse: Callable[[str, str], T], *, lenient: bool = False) -> T | Missing:
        """Return the file's parsed content, or why there is none. `lenient` accepts bytes that are not UTF-8."""
        if path not in self.bundle or not contract.is_known(path):
            return self.missing(path)
        shown = self.bundle.shown(path)
        read = self.reads.get(path)
        if read is not None and read.outcome != "ok" and read.stated:
            reason = f"the file exists, although the manifest says that {_OTHERWISE[read.outcome]}"
            self.cover(path, "missing", reason, named=True)
            return Missing(shown, reason, "unreadable")
        try:
            value = parse(self._text(path, shown, lenient=lenient), shown)
        except Unreadable as error:
            self.cover(path, "missing", error.reason, named=True)
            return Missing(shown, error.reason, "unreadable")
        if read and read.truncated:
            if contract.split_earlier(contract.split_target(path)[1])[1] in _LISTS:
                self.cover(path, "partial", read.cut_off)
                return Missing(shown, f"the list was cut off ({read.cut_off})", "failed")
            self.cover(path, "partial", read.cut_off, named=not contract.is_log(contract.split_target(path)[1]))
        else:
            self.cover(path, "read")
        return value

    def each(self, prefix: str, folder: str, parse: Callable[[str, str], T]) -> tuple[T, ...]:
        """Apply `parse` to every JSON file of a target's folder; an unreadable file is reported and skipped."""
        if prefix + folder in self.too_many:
            self.cover(prefix + folder, "missing", self.too_many[prefix + folder].reason, named=True)
            return ()
        below = (name for name in self.names.get(prefix, ()) if name.startswith(prefix + folder))
        paths = sorted(name for name in below if contract.is_known(name))
        values = (self.parsed(path, parse) for path in paths)
        return tuple(value for value in values if not isinstance(value, Missing))

    def has_reads_in(self, folder: str) -> bool:
        """Whether the manifest names reads of single files of a folder."""
        return _has_below(self._ordered_reads, folder)

    def has_earlier(self, prefix: str) -> bool:
        """Whether a target's folder has files or reads of `earlier/`, or shares those of the issuer."""
        places = (prefix + contract.EARLIER, contract.EARLIER + contract.ISSUER)
        return any(_has_below(self._earlier, place) for place in places)

    def unread(self, prefix: str, folder: str) -> tuple[str, ...]:
        """Return the unreadable files of a target's folder, by display name; `each` has read it.

        Of a folder with too many files none is read: then the folder is returned.
        """
        if prefix + folder in self.too_many:
            paths = [prefix + folder]
        else:
            paths = sorted(name for name in self.names.get(prefix, ()) if name.startswith(prefix + folder))
        rows = (self.coverage[path] for path in paths if path in self.coverage)
        return tuple(row.what for row in rows if row.status == "missing")

    def missing(self, path: str) -> Missing:
        """Return why a file is missing: the manifest's outcome of the call, or simply that it is not in the bundle."""
        read = self.reads.get(path)
        if read is None and self.bundle.saved:
            return Missing(path, NOT_GIVEN if self.bundle.loose else NOT_IN_BUNDLE)
        if read is None:
            return Missing(path, NOT_GIVEN if contract.split_target(path)[1] in _FROM_USER else NOT_READ)
        if read.outcome == "ok":
            return Missing(path, f"{NOT_IN_BUNDLE}, although the manifest says that it was read", "failed")
        return Missing(path, read.reason, read.outcome, read.local)

    def targets(self, prefix: str) -> list[Target]:
        """Return the tables of a folder's oidc-doctor.toml."""
        path = prefix + contract.TARGET_FILE
        if not prefix and self.bundle.tables is not None and path in self.bundle:
            self.cover(path, "read")
            return list(self.bundle.tables)
        parsed = self.parsed(path, parse_targets)
        if isinstance(parsed, Missing):
            return []
        targets, warnings = parsed
        if warnings:
            self.cover(path, "partial", "; ".join(warnings))
        return targets

    def cover(self, path: str, status: Status, reason: str = "", *, named: bool = False) -> None:
        """Write the row of `path`, replacing any earlier one."""
        read = self.reads.get(path)
        self.coverage[path] = Coverage(
            printable(self.bundle.shown(path)),
            status,
            reason,
            named=named,
            path=contract.split_target(path)[1],
            local=read.local if read is not None and status in ("missing", "denied") else "",
        )

    def cover_missing(self, path: str) -> None:
        """Write the row of a file or folder that is absent, unless it has one already."""
        if path in self.coverage:
            return
        missing = self.missing(path)
        if path.endswith("/") and path in self.reads and self.reads[path].outcome == "ok":
            self.cover(path, "read", "there are none")
            return
        reason = f"does not exist ({missing.reason})" if missing.proves_absence else missing.reason
        lost = path in self.reads and self.reads[path].outcome == "ok"
        denied = missing.outcome == "denied" and not missing.local
        self.cover(path, "denied" if denied else "missing", reason, named=lost)

    def cover_the_rest(self) -> None:
        """Add rows for the logs in the manifest, the refused members, and the unknown files."""
        for path, read in self.reads.items():
            if contract.split_target(path)[1].startswith((contract.CLOUDTRAIL, contract.GCP_LOGS)):
                if read.outcome == "ok" and not path.endswith("/") and path not in self.bundle:
                    self.cover_missing(path)
                elif read.outcome == "ok":
                    self.cover(path, "partial" if read.truncated else "read", read.cut_off or read.remark)
                else:
                    denied = read.outcome == "denied" and not read.local
                    self.cover(path, "denied" if denied else "missing", read.reason, named=path in self.bundle.named)
                self.coverage[path] = replace(self.coverage[path], since=read.since, until=read.until)
            elif contract.split_earlier(contract.split_target(path)[1])[0]:
                continue  # what could not be read the last time says nothing about this run
            elif read.outcome != "ok" or (path not in self.bundle and contract.is_known(path) and path[-1:] != "/"):
                self.cover_missing(path)
        if self.bundle.own_manifest:
            self.coverage.pop(contract.MANIFEST, None)
        for name, reason in self.bundle.refused:
            self.cover(name, "missing", reason, named=True)
        unknown = self._unknown
        if unknown:
            shown = ", ".join(printable(name, 80) for name in unknown[:_NAMES_SHOWN])
            others = f" and {len(unknown) - _NAMES_SHOWN} more" if len(unknown) > _NAMES_SHOWN else ""
            reason = f"not part of a bundle: {shown}{others}"
            self.coverage["other files"] = Coverage("other files", "not-asked", reason, count=len(unknown))

    def cover_earlier(self) -> None:
        """Replace the rows of the files of `earlier/` that were read by a row for each such folder."""
        folders: dict[str, None] = {}
        for path, row in list(self.coverage.items()):
            prefix, rest = contract.split_target(path)
            if contract.split_earlier(rest)[0] and row.status == "read":
                del self.coverage[path]
                folders[prefix] = None
        for prefix in folders:
            at = self.earlier_at.get(prefix, self.earlier_at.get(""))
            time = rfc3339(at) if at is not None else None
            self.coverage[prefix + contract.EARLIER] = Coverage(
                printable(prefix + contract.EARLIER), "read", since=time, until=time, path=contract.EARLIER
            )

    def _text(self, path: str, shown: str, *, lenient: bool) -> str:
        data = self.bundle.read(path)
        try:
            return decode(data, shown)
        except Unreadable:
            if not lenient:
                raise
            return data.decode("utf-8", "replace")

    def _read_manifests(self) -> None:
        """The manifest of the top, and those of folders under targets/, whose paths count from there."""
        for name in self._manifests:
            prefix, path = contract.split_target(name)
            is_earlier = path != contract.MANIFEST
            manifest = self.parsed(name, parse_manifest)
            if name == contract.MANIFEST:
                self.manifest = manifest
            if not isinstance(manifest, Manifest):
                continue
            for read in manifest.reads:
                place = contract.place_in_earlier(prefix, read.path) if is_earlier else prefix + read.path
                other = self.reads.get(place)
                if other is None or other.outcome != "not_found":  # the stricter of two outcomes
                    self.reads[place] = read
            if manifest.collected_at is not None and is_earlier:
                self.earlier_at[prefix] = manifest.collected_at
            elif manifest.collected_at is not None and (not prefix or self.collected_at is None):
                self.collected_at = manifest.collected_at


def _has_below(ordered: list[str], folder: str) -> bool:
    """Whether one of the sorted paths is below the folder."""
    place = bisect_right(ordered, folder)
    return place < len(ordered) and ordered[place].startswith(folder)
