"""The configuration of a target as it was read the last time, from `earlier/` in the folder of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.bundle.folder import Folder
from oidc_doctor.model.evidence import Earlier, LostRead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.bundle.reader import BundleReader
    from oidc_doctor.model.evidence import Target


class EarlierFolder:
    """`earlier/` of a folder: read as the folder is, into evidence of its own."""

    def __init__(self, reader: BundleReader, prefix: str) -> None:
        self.reader = reader
        self.prefix = prefix
        self.place = prefix + contract.EARLIER
        self._folder: Folder | None = None

    def evidence(self, target: Target) -> Earlier | None:
        """Return the target's configuration of the last time; None if the bundle has none."""
        if not self.reader.has_earlier(self.prefix):
            return None
        if self._folder is None:
            self._folder = Folder(self.reader, self.place, shared=contract.EARLIER)
        at = self.reader.earlier_at.get(self.prefix, self.reader.earlier_at.get(""))
        return Earlier(self._folder.evidence_of_then(target), at, tuple(self._lost()))

    def _lost(self) -> Iterator[LostRead]:
        """Yield the reads of the clouds that succeeded the last time and that were denied now."""
        for place, then in self.reader.reads.items():
            path = place.removeprefix(self.place)
            if not place.startswith(self.place) or not path.startswith(("aws/", "gcp/")) or then.outcome != "ok":
                continue
            now = self.reader.reads.get(self.prefix + path)
            if now is not None and now.outcome == "denied" and not now.local:
                yield LostRead(path, now.call or then.call, now.reason, then.at)
