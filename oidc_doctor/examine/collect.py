"""The state of a run, and its logs: reading, instant, window, and the signatures of a target."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from oidc_doctor.bundle import contract
from oidc_doctor.documents.json_text import printable
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.shared_traces import SharedTraces
from oidc_doctor.findings.widened import WidenedTries
from oidc_doctor.judge.times import on_calendar, rfc3339, seconds_of
from oidc_doctor.model.evidence import (
    NOT_GIVEN,
    NOT_IN_BUNDLE,
    NOT_READ,
    Coverage,
    Snapshot,
    TargetEvidence,
    Token,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import BinaryIO

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.logs.attempts.columns import Rows
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.events import Change, LogCoverage, SessionDenial, Signature

_ASKED = "a log engine was asked only for the events that a report reads"


@dataclass
class Run:
    """The state of a run between the stages."""

    question: Question
    snapshot: Snapshot
    rows: Rows | None = None
    attempts: Attempts | None = None
    signatures: list[Signature] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    denials: list[SessionDenial] = field(default_factory=list)
    replayed: dict[tuple[str, str], ReplayedLogs] = field(default_factory=dict)  # by target and cloud
    logs: dict[str, LogCoverage] = field(default_factory=dict)
    at: float = 0.0
    coverage: list[Coverage] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    shared_traces: SharedTraces = field(default_factory=SharedTraces)
    widened_tries: WidenedTries = field(default_factory=WidenedTries)
    open_log: Callable[[str], BinaryIO] = open_regular  # reopens a log file by the name in an event's origin

    @property
    def notices(self) -> list[str]:
        """The warnings, and a line for each file that the user named and that was not read, or not as a whole."""
        return [*self.warnings, *(f"{row.what}: {row.reason}" for row in self.coverage if row.named_unread)]

    def name_logged_targets(self) -> None:
        """Use the roles and providers of the logs as targets if no other evidence names a target."""
        if self.signatures:
            from oidc_doctor.examine.logged_targets import with_logged_targets

            self.snapshot, warnings = with_logged_targets(self.snapshot, self.signatures)
            self.warnings += warnings


def renew_tokens(run: Run) -> None:
    """Replace expired sample tokens by those of the instant, if the question asks for it or is about a change.

    A change concerns the tokens to come. An instant that the user set is that of the tokens as they are.
    """
    if run.question.renewed or (run.question.proposed and run.question.at is None):
        from oidc_doctor.findings.saved_token import renewed

        targets = (
            evidence._replace(tokens=tuple(renewed(token, run.at) for token in evidence.tokens))
            for evidence in run.snapshot.targets
        )
        run.snapshot = run.snapshot._replace(targets=tuple(targets))


def files_of(question: Question) -> list[Coverage]:
    """Return a row for each file of a token or an error text that the question names: no bundle has one for it."""
    places = [token.origin.file for token in question.tokens]
    places += [question.error_place] if question.error_text is not None else []
    return [Coverage(printable(place), "read") for place in dict.fromkeys(places) if not place.startswith("--")]


def read_logs(run: Run, bundle: Bundle | None) -> None:
    """Read every log file of the bundle and of the command line into the run."""
    targets = run.snapshot.targets
    names = {
        "cloudtrail": list(dict.fromkeys(name for evidence in targets for name in evidence.cloudtrail)),
        "gcp-logs": list(dict.fromkeys(name for evidence in targets for name in evidence.gcp_logs)),
    }
    extra = {"cloudtrail": run.question.cloudtrail, "gcp-logs": run.question.gcp_logs}
    if not any(names.values()) and not any(extra.values()):
        return
    from oidc_doctor.logs.reading.scan import scan
    from oidc_doctor.logs.reading.scope import scope_of

    scope = scope_of(targets)
    on_disk = frozenset((*extra["cloudtrail"], *extra["gcp-logs"]))

    def open_file(name: str) -> BinaryIO:
        if name in on_disk or bundle is None:
            return open_regular(name)
        return bundle.open(name)

    def path_of(name: str) -> str | None:
        return name if name in on_disk or bundle is None else bundle.local(name)

    shared = None
    if bundle is not None and bundle.parts is not None:  # one of several targets
        from oidc_doctor.logs.reading.shared_scans import SharedScans

        shared = bundle.parts.scans = bundle.parts.scans or SharedScans()

    def key_of(name: str) -> Hashable | None:
        return None if name in on_disk or bundle is None or bundle.parts is None else bundle.parts.key_of(name)

    run.open_log = open_file
    for source in ("cloudtrail", "gcp-logs"):
        files = [*names[source], *extra[source]]
        if not files:
            continue
        harvest = scan(
            *(open_file, files, source),
            scope=scope,
            on_disk=path_of,
            progress=run.question.progress,
            shared=shared,
            key_of=key_of,
        )
        if run.rows is None:
            run.rows = harvest.rows
        else:
            run.rows.extend(harvest.rows)
        run.changes += harvest.changes
        run.denials += harvest.denials
        is_cut = any(row.status == "partial" and row.path in names[source] for row in run.coverage)
        run.logs[source] = replace(harvest.coverage, is_cut=is_cut)
        if extra[source]:
            run.coverage = [row for row in run.coverage if not _is_absent(row, source)]
        run.coverage.append(_log_coverage(source, harvest.coverage, named=bool(extra[source])))


def _is_absent(row: Coverage, source: str) -> bool:
    """Whether a row only reports that there are no logs from this source."""
    folder = contract.CLOUDTRAIL if source == "cloudtrail" else contract.GCP_LOGS
    return row.path == folder and row.reason in (NOT_GIVEN, NOT_IN_BUNDLE, NOT_READ)


def _log_coverage(source: str, covered: LogCoverage, *, named: bool) -> Coverage:
    what = "aws/cloudtrail" if source == "cloudtrail" else "gcp/logs"
    return Coverage(
        what,
        "partial" if covered.problems else "read",
        "; ".join((*covered.problems, *covered.notes, *_copies(covered), *([_ASKED] if covered.selective else []))),
        rfc3339(covered.first) if covered.first is not None else None,
        rfc3339(covered.last) if covered.last is not None else None,
        covered.events,
        named=named or bool(covered.problems),
        selective=covered.selective,
    )


def _copies(covered: LogCoverage) -> list[str]:
    """Report how many records were copies from overlapping files."""
    number = covered.duplicates
    if not number:
        return []
    return [f"{number:,} of them {'is a copy' if number == 1 else 'are copies'} of another, and count once"]


def _instant(run: Run) -> float:
    """--at, else when the evidence was collected, else (with logs) the newest attempt or the token's iat, else now."""
    if run.question.at is not None:
        return run.question.at
    if run.snapshot.collected_at is not None:
        return run.snapshot.collected_at
    now = time.time()
    if not run.logs:
        return now
    times = [signature.last_seen for evidence in _asked_about(run) for signature in signatures_of(run, evidence)]
    for evidence in run.snapshot.targets:
        for token in evidence.tokens:
            issued = seconds_of(token.claims.get("iat"))
            if issued is not None and on_calendar(issued):
                times.append(float(issued))
    return min(max(times), now) if times else now


def _asked_about(run: Run) -> tuple[TargetEvidence, ...]:
    """Return the targets whose attempts count: for logs only, the targets (or service accounts) that they name."""
    if not run.signatures:
        return run.snapshot.targets
    from oidc_doctor.examine.logged_targets import with_logged_targets

    return with_logged_targets(run.snapshot, run.signatures)[0].targets


def apply_window(run: Run) -> None:
    """Keep the signatures of the requested window, and set the instant, which may depend on them."""
    question = run.question
    if run.rows is None or not len(run.rows):
        run.at = _instant(run)
        return
    from oidc_doctor.logs.attempts.signatures import Attempts

    run.attempts = Attempts(run.rows)
    run.signatures = run.attempts.signatures()
    run.at = _instant(run)
    since = question.since if question.since_back is None else run.at - question.since_back
    if since is not None or question.until is not None:
        run.attempts = Attempts(run.rows, since, question.until)
        run.signatures = run.attempts.signatures()


def signatures_of(run: Run, evidence: TargetEvidence, token: Token | None = None) -> list[Signature]:
    """Return the signatures of this target's attempts, the newest first; with a token, only its possible own."""
    if not run.signatures:
        return []
    from oidc_doctor.logs.attempts.matching import for_target

    return list(for_target(run.signatures, evidence.target, token.claims if token else None))
