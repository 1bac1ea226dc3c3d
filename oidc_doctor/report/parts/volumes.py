"""The attempts of each workload by day, as rows of numbers: an outage of several days shows without the logs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts.attempts import call_of, short_names
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import clip, shortened

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

_INDENT = 4
_LABEL = 10
_OUTCOMES = ("accepted", "refused", "unknown")


def lines(report: Report, width: int) -> list[str]:
    """Return a heading row with the days, and for each workload its name and a row of counts for each outcome.

    Of more days than the width has room for, the newest are shown.
    """
    numbers = [f"{count:,}" for volume in report.volumes for name in _OUTCOMES for count in volume[name]]
    cell = max(7, *(len(number) + 2 for number in numbers))  # "22 Nov" and a space
    most = max(1, (width - _INDENT - _LABEL) // cell)
    first = date.fromisoformat(report.volumes[0]["first_day"])
    length = len(report.volumes[0]["accepted"])
    days = [first + timedelta(days=number) for number in range(length)][-most:]
    shown = [" " * (_INDENT + _LABEL) + "".join(f"{day:%d %b}".lstrip("0").rjust(cell) for day in days)]
    names = short_names(sorted({volume["family"] for volume in report.volumes if volume["family"]}))
    for volume in report.volumes:
        whose = names.get(volume["family"], "subjects that are not known")
        call = f"{CLOUDS[volume['cloud']]} {call_of(volume['step'])}"
        name = f"{call}, {whose}, {visible(volume['target'] or 'an unknown target')}"
        shown.append(" " * _INDENT + clip(shortened(name, width - _INDENT), width - _INDENT))
        shown += [
            " " * _INDENT + f"  {outcome:<{_LABEL - 2}}" + "".join(f"{count:,}".rjust(cell) for count in counts[-most:])
            for outcome in _OUTCOMES
            if any(counts := volume[outcome])
        ]
    return shown
