"""Successes stopped

Symptom
    A workload that exchanged its token regularly no longer does, and no refusal of it is logged.
Reason
    The workload no longer runs, has another identity or uses other credentials; or its attempts fail before
    anything is logged: AWS normally records no event for a token that it calls invalid, and a client that cannot
    reach the endpoint leaves none. The longest pause between its successes so far is the measure: a pause counts
    only if chance would cause it less than once in a million times. Where the successes cover less than a week, a
    weekend's pause counts as seen before. Logs that do not reach the present, or that were cut off, show no stop.
Confirm
    Check whether the workload runs, and what its client logs.
Fix
    If it should run, try its token with oidc-doctor; if it was retired, remove its trust.
Source
    The logs themselves; AWS knowledge center on InvalidIdentityToken, for what is not logged.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import Finding, Origin, Side, Stop, Stopped, commands, log_check, on

_LOOKUP = (
    "aws cloudtrail lookup-events --region {} --lookup-attributes "
    "AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity"
)
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


@log_check("LOG015", "successes-stopped")
def successes_stopped(stopped: Stopped) -> Iterator[Finding]:
    """Report the workloads that stopped."""
    for stop in stopped.stops():
        yield Finding(
            f"{stop.workload} exchanged its token {_rate(stop)} until {on(stop.last).removeprefix('on ')}, and not "
            f"since: {_span(stop.until - stop.last)} without an attempt, where no pause before was longer than "
            f"{_span(stop.longest)}",
            f"Check whether the workload runs, and what its client logs{_look(stop)}.",
            Side(f"a success at least every {_span(stop.longest)}"),
            Side(f"none for {_span(stop.until - stop.last)}", Origin(stop.at.file) if stop.at else None),
            target=stop.target,
        )


def _rate(stop: Stop) -> str:
    """How often, in the unit in which it is one or more."""
    pauses, seconds = stop.successes - 1, stop.last - stop.first
    for unit, name in ((_HOUR, "an hour"), (_DAY, "a day")):
        if pauses * unit >= 2 * seconds:
            return f"about {pauses * unit / seconds:,.0f} times {name}" if seconds else f"{stop.successes} times"
    return f"{stop.successes} times in {_span(seconds)}"


def _span(seconds: float) -> str:
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} seconds"


def _look(stop: Stop) -> str:
    lookup = commands(_LOOKUP, stop.region)
    return f": `{lookup[0]}` prints the newest attempts of all roles" if lookup else ""
