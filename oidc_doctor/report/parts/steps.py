"""The steps of an exchange, and the calls that the workload makes with its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.cut import PLACE, cut_place, cut_text
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import Sheet, clip

if TYPE_CHECKING:
    from oidc_doctor.model.access import AccessDecision
    from oidc_doctor.model.report import Exchange

_LEAST_ROOM = 30  # columns for a note after a step


def path(sheet: Sheet, exchange: Exchange, label: str) -> None:
    """Write the steps in the cloud's order. Neighbours with the same state share its sign and word."""
    steps_of_cloud = [
        step for step in exchange.steps if step.id not in ("configure", "obtain") or step.state == "refused"
    ]
    items: list[tuple[str, str]] = []
    for step, following in zip(steps_of_cloud, [*steps_of_cloud[1:], None], strict=True):
        sign, word, style = sentences.STATES[step.state]
        if following is not None and following.state == step.state:
            items.append((f"{sentences.title(exchange, step.id)},", ""))
        else:
            items.append((f"{sentences.title(exchange, step.id)} {sign} {word}", style))
            items += [("→", "dim")] * (following is not None)
    if items:
        sheet.flow(label, items)
    states = {step.state for step in steps_of_cloud}
    legend = [text for state, text in _LEGEND.items() if state in states]
    if legend:
        sheet.row("", "; ".join(legend))


_LEGEND = {
    "passed-by-error": "= implied: the cloud's answer, or its log, shows it",
    "assumed": "~ assumed: not read, taken as passed",
}
_DECISIONS = {"allowed": ("✓", "green"), "denied": ("✗", "bad"), "unknown": ("?", "yellow")}


def needs(sheet: Sheet, exchange: Exchange) -> None:
    """Write the calls that the workload makes with its session, each with the decision on it."""
    rows = list(dict.fromkeys((row.need.action, row.decision) for row in exchange.accesses))  # whatever the resource
    items: list[tuple[str, str]] = []
    for action, decision in rows:
        sign, style = _DECISIONS[decision]
        comma = "" if (action, decision) == rows[-1] else ","
        items.append((f"{clip(visible(action), PLACE)} {sign} {decision}{comma}", style))
    if items:
        sheet.flow("needs", items)
    for row in exchange.accesses:
        if row.second is not None and row.second.decision not in (row.decision, "unknown"):
            sheet.row(
                "",
                f"{cut_text(row.second.by)} says otherwise of {cut_text(row.need.action)}: {row.second.decision} "
                f"({cut_place(str(row.second.at))})",
            )


_SINGLE = frozenset(("PERMISSIONS_BOUNDARY", "SESSION"))  # of which a call has one at most


def accesses(sheet: Sheet, exchange: Exchange) -> None:
    """Write each needed call on its own lines, with its resource and what decides it."""
    for row in exchange.accesses:
        sign, style = _DECISIONS[row.decision]
        settled = f"; to confirm: {cut_text(row.note)}" if row.note else ""
        second = f"; {cut_text(row.second.by)} says: {row.second.decision}" if row.second is not None else ""
        decided = decided_by(row)
        words = f"on {cut_text(str(row.need.resource))}{decided and f': {decided}'}{settled}{second}"
        lead = f"{sign} {row.decision:<12} {clip(visible(row.need.action), 28):<28} "
        sheet.say(words, indent=sheet.indent, lead=lead, style=style)


def decided_by(row: AccessDecision) -> str:
    """Return the policy that decides a call, with its place; "" if it is not known."""
    by = sentences.POLICIES.get(row.by, row.by)
    if by and row.decision == "denied" and row.location is None:
        return f"the {by} does not allow it" if row.by in _SINGLE else f"no {by} allows it"
    return f"{by}{f' ({cut_place(str(row.location))})' if row.location else ''}" if by else ""


def steps(sheet: Sheet, exchange: Exchange) -> None:
    """Write every step on its own lines, with its note and the place of the deciding fact."""
    for step in exchange.steps:
        sign, word, style = sentences.STATES[step.state]
        note = " ".join(filter(None, (cut_text(step.note), f"({cut_place(step.at)})" if step.at else "")))
        lead = f"{sign} {word:<12} {clip(sentences.title(exchange, step.id), 15):<15}"
        hang = sheet.indent + len(lead) + 1
        if sheet.width - hang < _LEAST_ROOM:
            sheet.lines.append(" " * sheet.indent + sheet.paint(lead.rstrip(), style))
            sheet.say(note, indent=sheet.indent + 2)
        else:
            sheet.say(note, indent=sheet.indent, lead=f"{lead} ", style=style)
