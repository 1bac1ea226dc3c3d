"""Turn a collection into a bundle: its files over those of another bundle, with a combined manifest."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.files import Bundle, BundleMember
from oidc_doctor.documents.json_text import Unreadable, decode, load
from oidc_doctor.logs.extract.file import ENDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.model.document import Json


class Collection(Protocol):
    """A collector's final content; `reads` are the manifest's entries by path."""

    files: dict[str, bytes]
    reads: dict[str, dict[str, Json]]
    warnings: list[str]


def bundle_of(
    collector: Collection, base: Bundle | None, began: float, *, live: bool, places: Mapping[str, str] | None = None
) -> Bundle:
    """Return the files that were read, over those of `base`, with a combined manifest.

    `places` are the places of logs that the user named, by the paths of their files. A file of `base` is left out for a
    new read of its place, and kept beside that of another place.
    """
    members: dict[str, BundleMember] = {}
    reads: dict[str, dict[str, Json]] = {}
    if base is not None:
        members = {name: base.member(name) for name in base.names()}
        recorded = _manifest_of(base).get("reads")
        entries = [entry for entry in recorded if isinstance(entry, dict)] if isinstance(recorded, list) else []
        reads = {entry["path"]: entry for entry in entries if isinstance(entry.get("path"), str)}
    files, named = dict(collector.files), set()
    for read_path, recorded_entry in collector.reads.items():
        path, entry = read_path, recorded_entry
        if (place := (places or {}).get(path)) is not None:
            if path in members and reads.get(path, {}).get("place") != place:
                path = _unused(path, members)
                if read_path in files:
                    files[path] = files.pop(read_path)
            elif path in members and entry["outcome"] == "ok":
                collector.warnings.append(f"{path} of the bundle, an earlier read of {place}, is left out")
            entry = entry | {"path": path, "place": place}
            named.add(path)
        if entry["outcome"] == "ok" or path not in members:
            reads[path] = entry
        elif entry["outcome"] == "not_found":
            reads[path] = entry
            del members[path]
        else:  # the bundle's file is older than this run, but better than no file
            reason = ": ".join(str(entry[name]) for name in ("call", "code", "message") if name in entry)
            collector.warnings.append(f"{path} could not be read live ({reason}); the bundle's own is used")
    same = {data: _member(data) for data in files.values()}  # so that equal files are known as such
    members |= {path: same[data] for path, data in files.items()}
    stamp: Json = datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if not live:  # only files that were passed in: the instant is the base's, or unknown
        stamp = None if base is None else _manifest_of(base).get("collected_at")
    manifest = {"collected_at": stamp, "reads": list(reads.values())}
    members[contract.MANIFEST] = _member(json.dumps(manifest, indent=2).encode())
    refused = [] if base is None else list(base.refused)
    bundle = Bundle(
        "live" if base is None else f"{base.label} and live",
        members,
        refused,
        archive=base,
        saved=base is not None and base.saved,
        own_manifest=base is None or contract.MANIFEST not in base,
        loose=base is not None and base.loose,
    )
    bundle.paths = () if base is None else base.paths
    bundle.named = frozenset(named)
    if base is not None and base.is_plan:
        bundle.is_plan = True
        bundle.name({name: base.shown(name) for name in base.names()})
    return bundle


def _unused(path: str, members: Mapping[str, BundleMember]) -> str:
    """Return the path with a number that no file of the bundle has."""
    stem = path.removesuffix(ENDING)
    return next(name for number in itertools.count(2) if (name := f"{stem}-{number}{ENDING}") not in members)


def _manifest_of(base: Bundle) -> dict[str, Any]:
    """Return the base's own manifest; empty where it is broken, which the read of the base has reported."""
    if contract.MANIFEST not in base:
        return {}
    try:
        manifest = load(decode(base.read(contract.MANIFEST), contract.MANIFEST), contract.MANIFEST).value
    except Unreadable:
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _member(data: bytes) -> BundleMember:
    return BundleMember(len(data), lambda: io.BytesIO(data))
