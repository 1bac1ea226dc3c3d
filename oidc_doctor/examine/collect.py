"""The state of one run, and its logs: reading them, the instant judged at, the window, the signatures of a target."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oidc_doctor.judge.times import rfc3339, seconds_of
from oidc_doctor.model.evidence import (
    Coverage,
    Snapshot,
    TargetEvidence,
    Token,
)

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.history.replayed_logs import ReplayedLogs
    from oidc_doctor.logs.attempts.columns import Rows
    from oidc_doctor.logs.attempts.signatures import Attempts
    from oidc_doctor.model.events import Change, LogCoverage, SessionDenial, Signature
from oidc_doctor.examine.question import Question


@dataclass
class Run:
    """One run's state between the stages."""

    question: Question
    snapshot: Snapshot
    rows: Rows | None = None
    attempts: Attempts | None = None
    groups: list[Signature] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    uses: list[SessionDenial] = field(default_factory=list)
    pasts: dict[tuple[str, str], ReplayedLogs] = field(default_factory=dict)  # by target and cloud
    logs: dict[str, LogCoverage] = field(default_factory=dict)
    at: float = 0.0
    coverage: list[Coverage] = field(default_factory=list)


def read_logs(state: Run, bundle: Bundle | None) -> None:
    """Read every log file of the bundle and of the command line into the state."""
    targets = state.snapshot.targets
    names = {
        "cloudtrail": list(dict.fromkeys(name for one in targets for name in one.cloudtrail)),
        "gcp-logs": list(dict.fromkeys(name for one in targets for name in one.gcp_logs)),
    }
    extra = {"cloudtrail": state.question.cloudtrail, "gcp-logs": state.question.gcp_logs}
    if not any(names.values()) and not any(extra.values()):
        return
    from oidc_doctor.logs.reading.scan import scan
    from oidc_doctor.logs.reading.scope import scope_of

    scope = scope_of(targets)
    for source in ("cloudtrail", "gcp-logs"):
        files = [*names[source], *extra[source]]
        if not files:
            continue
        on_disk = frozenset(extra[source])

        def open_file(name: str, on_disk: frozenset[str] = on_disk) -> Any:
            if name in on_disk or bundle is None:
                return open(name, "rb")
            return bundle.open(name)

        def path_of(name: str, on_disk: frozenset[str] = on_disk) -> str | None:
            return name if name in on_disk or bundle is None else bundle.local(name)

        found = scan(open_file, files, source, scope=scope, on_disk=path_of, progress=state.question.progress)
        if state.rows is None:
            state.rows = found.rows
        else:
            state.rows.extend(found.rows)
        state.changes += found.changes
        state.uses += found.denials
        state.logs[source] = found.coverage
        state.coverage.append(_log_coverage(source, found.coverage, named=bool(extra[source])))


def _log_coverage(source: str, covered: LogCoverage, *, named: bool) -> Coverage:
    what = "aws/cloudtrail" if source == "cloudtrail" else "gcp/logs"
    return Coverage(
        what,
        "partial" if covered.problems else "read",
        "; ".join((*covered.problems, *covered.notes)),
        rfc3339(covered.first) if covered.first is not None else None,
        rfc3339(covered.last) if covered.last is not None else None,
        covered.events,
        named=named or bool(covered.problems),
    )


def _instant(state: Run) -> float:
    """--at, else when the evidence was collected, else (with logs) the newest attempt or the token's iat, else now."""
    if state.question.at is not None:
        return state.question.at
    if state.snapshot.collected_at is not None:
        return state.snapshot.collected_at
    now = time.time()
    if not state.logs:
        return now
    times = [found.last_seen for one in state.snapshot.targets for found in of_target(state, one)]
    for one in state.snapshot.targets:
        for token in one.tokens:
            issued = seconds_of(token.claims.get("iat"))
            if issued is not None:
                times.append(float(issued))
    return min(max(times), now) if times else now


def apply_window(state: Run) -> None:
    """The signatures of the window that was asked for. The instant may hang on them, and the window on it."""
    question = state.question
    if state.rows is None or not len(state.rows):
        state.at = _instant(state)
        return
    from oidc_doctor.logs.attempts.signatures import Attempts

    state.attempts = Attempts(state.rows)
    state.groups = state.attempts.signatures()
    state.at = _instant(state)
    since = question.since if question.since_back is None else state.at - question.since_back
    if since is not None or question.until is not None:
        state.attempts = Attempts(state.rows, since, question.until)
        state.groups = state.attempts.signatures()


def of_target(state: Run, evidence: TargetEvidence, token: Token | None = None) -> list[Signature]:
    """The signatures of this target's attempts, the newest first; with a token, only those that can be its own."""
    if not state.groups:
        return []
    from oidc_doctor.logs.attempts.matching import for_target

    return list(for_target(state.groups, evidence.target, token.claims if token else None))
