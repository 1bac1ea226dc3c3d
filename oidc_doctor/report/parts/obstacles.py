"""The reasons why a live run could not read the clouds: the first lines of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts.commands import visible_command
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import shortened

if TYPE_CHECKING:
    from oidc_doctor.model.obstacle import Obstacle
    from oidc_doctor.report.parts.lines import Sheet

_LONG = 400  # characters of a sentence, which may quote a service
_INSTEAD = {  # files that need no login, by cloud
    "aws": "oidc-doctor --report --from role.json --token token.jwt",
    "gcp": "oidc-doctor --report --from provider.json --token token.jwt",
}


def sentence(obstacle: Obstacle) -> str:
    """Return the reason in one visible sentence."""
    return shortened(visible(obstacle.text), _LONG)


def next_steps(obstacle: Obstacle) -> list[tuple[str, str]]:
    """Return a label and a command for each way on: what removes the obstacle, and the run on files."""
    listed = [command for command in obstacle.commands if visible_command(command)]
    steps = [("run" if not index else "", command) for index, command in enumerate(listed)]
    return [*steps, ("or, from files" if steps else "from files", _INSTEAD[obstacle.cloud])]


def in_short(obstacle: Obstacle) -> str:
    """Return the reason and the first next step as one paragraph."""
    label, command = next_steps(obstacle)[0]
    return f"! {sentence(obstacle)} {label.capitalize()}: {command}"


def write(sheet: Sheet, obstacle: Obstacle, *, quiet: bool = False) -> None:
    """Write the obstacle with its next steps; `quiet` without them."""
    sheet.say(sentence(obstacle), lead="! ", style="yellow", bold=True)
    if not quiet:
        for label, command in next_steps(obstacle):
            sheet.say(command, indent=4, lead=f"{label:<16}")
        sheet.gap()
