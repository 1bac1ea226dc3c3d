"""The headline of a change: one sentence on who gains, who loses and who else is accepted. Not escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.model.steps import CLOUDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.model.proposed import Decision, Proposed, WorkloadEffect

_MOST_NAMES = 2  # calls and files in the headline


def headline_of(proposed: Proposed, *, decides: bool, given: Sequence[Decision] = ()) -> str:
    """Return the answer in one sentence. `decides`: the change differs from the present in what a step reads.

    `given` are the decisions on the given tokens where the change does not decide the exchange.
    """
    files = [file.rpartition("/")[2] or file for file in proposed.files]
    named = " and ".join(files[:_MOST_NAMES]) + (f" and {len(files) - _MOST_NAMES} more" if files[_MOST_NAMES:] else "")
    if proposed.objections:
        return f"{_saver(proposed)} would not save {named}: {proposed.objections[0].rstrip('. ')}."
    if not decides:
        also = "; a given token is still refused" if "refused" in given else ""
        return f"{named} changes nothing: the present documents say the same{also}."
    logs_show_more = any(not row.given for row in proposed.workloads)  # than the given tokens
    parts = [
        _of_logs([row for row in proposed.workloads if row.accepted or row.refused] if logs_show_more else []),
        _of_given([row for row in proposed.workloads if row.given]),
        _of_calls(proposed),
        _of_others(proposed),
    ]
    if not proposed.workloads and proposed.tried:
        parts.insert(0, "no token was given, and no subject is logged")
    return f"With {named}: {'; '.join(filter(None, parts))}."


def _saver(proposed: Proposed) -> str:
    clouds = {"IAM" if "trust policy" in row.what else CLOUDS["gcp"] for row in proposed.documents}
    return " or ".join(sorted(clouds)) or "The cloud"


def _of_logs(rows: Sequence[WorkloadEffect]) -> str:
    if not rows:
        return ""
    noun = "subject" if all(row.subjects == 1 for row in rows) else "kind of token"
    numbers = {effect: sum(row.effect == effect for row in rows) for effect in ("loses", "gains", "keeps", "unknown")}
    for effect, number in numbers.items():
        if number == len(rows):
            whose = f"{_all(number, noun)} seen in the logs"
            if effect == "unknown":
                return f"the decision on {whose} is unknown"
            return f"{whose} {effect if number == 1 else effect.removesuffix('s')} access"
    first = next((effect for effect in ("loses", "gains") if numbers[effect]), "")
    of_all = f"of {_counted(len(rows), noun)} seen in the logs"
    words = []
    if first:
        number = numbers[first]
        words.append(f"{number} {of_all} {first if number == 1 else first.removesuffix('s')} access")
    if first == "loses" and numbers["gains"]:
        words.append(f"{numbers['gains']} {'gains' if numbers['gains'] == 1 else 'gain'}")
    if numbers["unknown"]:
        are = "is" if numbers["unknown"] == 1 else "are"
        words.append(f"{numbers['unknown']} {are} unknown" if words else f"{numbers['unknown']} {of_all} {are} unknown")
    if words:
        return ", ".join(words)
    neither = "neither gains nor loses access" if len(rows) == 1 else "neither gain nor lose access"
    return f"the {_counted(len(rows), noun).removeprefix('1 ')} seen in the logs {neither}"


def _all(number: int, noun: str) -> str:
    return f"the {noun}" if number == 1 else f"all {_counted(number, noun)}"


def _counted(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} kinds of token" if noun.startswith("kind") else f"{number:,} {noun}s"


def _of_given(rows: Sequence[WorkloadEffect]) -> str:
    verbs = {
        "loses": "loses access", "gains": "gains access", "keeps": "keeps access", "refused": "is still refused",
        "unknown": "is unknown",
    }  # fmt: skip
    if len(rows) == 1 and rows[0].effect == "unknown":
        return "the decision on the given token is unknown"
    if len(rows) == 1:
        return f"the given token {verbs[rows[0].effect]}"
    numbers = {effect: sum(row.effect == effect for row in rows) for effect in verbs}
    words = [f"{number} {_plural(verbs[effect])}" for effect, number in numbers.items() if number]
    return f"of {len(rows)} given tokens {', '.join(words)}" if rows else ""


def _plural(verb: str) -> str:
    return verb.replace("loses", "lose").replace("gains", "gain").replace("keeps", "keep").replace("is ", "are ")


def _of_calls(proposed: Proposed) -> str:
    parts = []
    for effect, words in (("loses", "denied"), ("gains", "allowed"), ("unknown", "unknown")):
        calls = list(dict.fromkeys(row.action for row in proposed.accesses if row.effect == effect))
        if calls:
            names = ", ".join(calls[:_MOST_NAMES])
            more = f" and {len(calls) - _MOST_NAMES} more" if calls[_MOST_NAMES:] else ""
            parts.append(f"{names}{more} {'is' if len(calls) == 1 else 'are'} {words} afterwards")
    if proposed.accesses and not parts:
        number = len(proposed.accesses)
        parts.append(f"{'the call is' if number == 1 else f'all {number} calls are'} decided as before")
    return ", ".join(parts)


def _of_others(proposed: Proposed) -> str:
    accepted = sum(row.number for row in proposed.others if row.stranger and row.effect == "gains")
    unknown = sum(row.number for row in proposed.others if row.stranger and row.effect == "unknown")
    parts = []
    if accepted:
        parts.append(f"{accepted:,} of {_of_strangers(proposed.tried)} {'is' if accepted == 1 else 'are'} accepted")
    if unknown:
        parts.append(f"the decision on {_of_strangers(unknown)} is unknown")
    if not parts and proposed.tried:
        parts.append(f"none of {_of_strangers(proposed.tried)} is accepted")
    return ", ".join(parts)


def _of_strangers(number: int) -> str:
    return f"{number:,} synthetic token{'' if number == 1 else 's'} of strangers"
