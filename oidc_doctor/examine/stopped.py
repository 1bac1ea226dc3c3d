"""Find the workloads of an exchange whose successes stopped, as far as the logs reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.logs.extract.file import ENDING
from oidc_doctor.model.arns import account_of
from oidc_doctor.model.comparison import Stop
from oidc_doctor.model.times import epoch_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.logs.attempts.pauses import Pause
    from oidc_doctor.model.events import Attempt, Signature

_TRAIL_FILE = re.compile(r"(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{8}T\d{4}Z)_[^/]*$")
_DELIVERY = 3_600.0  # seconds before the instant at which logs may end: entries are delivered later


class Stopped:
    """Answers which workloads of an exchange stopped. The logs have to reach the instant judged at."""

    def __init__(self, run: Run, exchange: Judged) -> None:
        self.run = run
        self.cloud = exchange.diagnosis.trace.cloud
        self.evidence = exchange.evidence
        self.signatures = exchange.signatures

    def stops(self) -> list[Stop]:
        """Return the workloads that stopped. Raises NotReadError if the logs do not show it."""
        run, source = self.run, "cloudtrail" if self.cloud == "aws" else "gcp-logs"
        if source not in run.logs or run.attempts is None:
            raise NotReadError("logs: none were read")
        if run.logs[source].problems:
            raise NotReadError("logs: a part of them could not be read")
        candidates = [signature for signature in self.signatures if _may_have_stopped(signature, run.at)]
        if not candidates:
            return []
        from oidc_doctor.logs.attempts.pauses import is_stop, pauses  # late: pandas takes a quarter of a second

        stops, ends = [], []
        for pause in pauses(run.attempts, [signature.number for signature in self.signatures]):
            newest = run.attempts.attempt(pause.row)
            until = min(run.at, self._reach(newest))
            rhythm = (pause.successes, pause.first, pause.last, pause.longest)
            if not is_stop(*rhythm, run.at):
                continue
            if until < run.at - _DELIVERY:
                ends.append(until)
            elif is_stop(*rhythm, until):
                stops.append(_stop(pause, until, newest))
        if ends and not stops:
            raise NotReadError(
                f"logs: those of a workload are only known to reach {rfc3339(max(ends))}, which is before the instant "
                f"judged at, {rfc3339(run.at)}"
            )
        return stops

    def _reach(self, newest: Attempt) -> float:
        """Return the time until which a further success would be in the logs that were read.

        It is what the manifest says of the file that has the newest success, unless it is an extract; the newest file
        of a trail, which has all events of its Region; or the newest attempt of any workload on the same role or
        provider, in the same Region.
        """
        question = self.run.question.until
        known = [*self._ends_of_reads(newest.origin.file), *self._trail_files(newest), self._newest_like(newest)]
        return min(max(known), question if question is not None else float("inf"))

    def _trail_files(self, newest: Attempt) -> Iterator[float]:
        for file in (*self.evidence.cloudtrail, *self.run.question.cloudtrail):
            named = _TRAIL_FILE.search(file)
            if named and (named[1], named[2]) == (account_of(newest.target or ""), newest.region):
                yield epoch_of(named[3]) or 0.0

    def _newest_like(self, newest: Attempt) -> float:
        like = (part for part in self.signatures if part.sample.target == newest.target)
        in_region = (part.last_seen for part in like if not newest.region or newest.region in dict(part.regions))
        return max(in_region, default=0.0)

    def _ends_of_reads(self, file: str) -> Iterator[float]:
        if file.endswith(ENDING):  # a table or a bucket may lag behind the window that it was asked for
            return
        for row in self.run.coverage:
            end = epoch_of(row.until) if row.count is None and row.status == "read" else None
            if end is not None and (file == row.what or (row.what.endswith("/") and file.startswith(row.what))):
                yield end


def _may_have_stopped(signature: Signature, at: float) -> bool:
    """Whether an accepted signature is older than it is long, by its mean pause: a test that needs no library."""
    if signature.sample.outcome != "accepted" or signature.sample.step != "exchange" or signature.count < 1:
        return False
    return at - signature.last_seen > (signature.last_seen - signature.first_seen) / max(signature.count - 1, 1)


def _stop(pause: Pause, until: float, newest: Attempt) -> Stop:
    return Stop(
        workload=pause.family,
        target=pause.target,
        successes=pause.successes,
        first=pause.first,
        last=pause.last,
        longest=pause.longest,
        until=until,
        region=newest.region or "",
        at=newest.origin,
    )
