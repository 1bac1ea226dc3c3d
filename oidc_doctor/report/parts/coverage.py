"""The files read and not read, and the files and commands that would settle an unknown step."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from oidc_doctor.commands import as_word, is_plain
from oidc_doctor.model.evidence import NOT_GIVEN, NOT_IN_BUNDLE, NOT_READ
from oidc_doctor.model.report import DecidingFile
from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.parts.escape import as_lines, visible
from oidc_doctor.report.parts.targets import service_account_of, stated_issuer
from oidc_doctor.report.parts.times import parse, period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.model.evidence import Coverage
    from oidc_doctor.model.report import Exchange, Report

TOKEN = "token.jwt"
TARGET = "oidc-doctor.toml"
_LOGS = {"aws": "aws/cloudtrail/", "gcp": "gcp/logs/"}
_ERROR = "error.txt"
_OPEN = ("refused", "unknown", "assumed")  # states of a step that more evidence could settle
_NAME = re.compile(r"\{(\w+)\}")
_FEW = 3  # files that are listed with what was found in them
_MOST = 24  # files that are listed by name, of those that were not read for each reason
_LOCAL = {  # why nothing of a side was read, by the fault of this machine
    "credentials": "no usable {side} credentials",
    "network": "this machine could not reach {side}",
}
_UNASKED = (NOT_IN_BUNDLE, NOT_GIVEN, NOT_READ)
_SIDES = {**CLOUDS, "issuer": "the issuer"}


def settling(report: Report, exchange: Exchange) -> list[tuple[str, list[str], str]]:
    """Return the evidence that would settle the unknown steps: file, ids of the decided steps, and command.

    A file that was read and left a step open does not settle it: then the token is missing, or is not complete. Where
    it is complete as well, nothing that could be given is known to settle the step.
    """
    read = {_place(row) for row in report.coverage if row.status == "read"}
    names = _names(report, exchange)
    wanted: dict[str, tuple[list[str], str]] = {}
    for step in exchange.steps:
        files = exchange.decided_by.get(step.id)
        if step.state != "unknown" or not files:
            continue
        file = next((file for file in files if file.path not in read | {TOKEN}), DecidingFile(TOKEN))
        if file.path == TOKEN and exchange.token.get("kind") == "jwt":
            continue
        if file.planned_by:
            continue
        steps, _ = wanted.setdefault(file.path, ([], _filled(file.printed_by, names)))
        steps.append(step.id)
    return [(file, steps, command) for file, (steps, command) in wanted.items()]


def planning(report: Report, exchange: Exchange) -> dict[str, list[str]]:
    """Return what would put the evidence for unknown steps into a plan: a sentence, and the ids of the steps.

    A step with a note has none: the note says what the plan leaves open.
    """
    read = {_place(row) for row in report.coverage if row.status == "read"}
    wanted: dict[str, list[str]] = {}
    for step in exchange.steps:
        files = exchange.decided_by.get(step.id, ()) if step.state == "unknown" and not step.note else ()
        file = next((file for file in files if file.path not in read | {TOKEN}), None)
        if file is not None and file.planned_by:
            wanted.setdefault(file.planned_by, []).append(step.id)
    return wanted


def _filled(command: str, names: dict[str, str]) -> str:
    """Return the command with each name replaced, once: a value may say {name} too, inside its quotes."""
    return as_lines(_NAME.sub(lambda found: names.get(found[1], found[0]), command))


def issuer_of(report: Report, exchange: Exchange) -> str | None:
    """Return the issuer of an exchange: the target's, the token's, or the one that the configuration trusts."""
    missing = exchange.missing_token
    return stated_issuer(report, exchange) or (missing.issuer if missing is not None else "") or None


def _names(report: Report, exchange: Exchange) -> dict[str, str]:
    """Return the values for the commands, quoted for a shell; unknown and unsafe values are names in capitals."""
    resource = exchange.resource or ""
    issuer = issuer_of(report, exchange)
    known = {
        "issuer": issuer.rstrip("/") if isinstance(issuer, str) and issuer.startswith("https://") else "",
        "role": resource.rpartition("/")[2] if ":role/" in resource else "",
        "provider_arn": _provider_arn(resource, issuer),
        "provider": resource if "/providers/" in resource else "",
        "pool": resource.partition("/providers/")[0] if "/providers/" in resource else "",
        "account": service_account_of(report, exchange),
    }
    return {
        name: as_word(value) if is_plain(value, of_aws=name != "issuer") else name.upper()
        for name, value in known.items()
    }


def _provider_arn(role: str, issuer: object) -> str:
    """Return the ARN of the issuer's OIDC provider in the account of the role."""
    parts = role.split(":")
    if not isinstance(issuer, str) or not issuer.startswith("https://") or len(parts) < 6:  # noqa: PLR2004 - of an ARN
        return ""
    return f"{':'.join(parts[:5])}:oidc-provider/{issuer.removeprefix('https://').rstrip('/')}"


def coverage(
    report: Report, *, logs: bool = False, missing: bool = False, brief: bool = False, lister: str = "-v"
) -> list[tuple[str, str]]:
    """Return label and sentence of the files that were read, and of those that were not.

    `logs` names each log file, `missing` each file that is not in the bundle; by default, only those that bear on
    the verdict are named. `brief` omits the facts on the files that were read if they are many. `lister` names what
    lists them all.
    """
    now = report.evaluated_at
    read = [row for row in report.coverage if row.status == "read"]
    others = [row for row in read if not _log_folder(row.what) and row.count is None]
    if brief and len(others) > _FEW:
        of_logs = _read([row for row in read if row not in others], now, logs=logs)
        many = len(others) > _MOST
        files = _count(len(others), "file") if many else _by_folder([visible(row.what) for row in others])
        text = ", ".join([*of_logs, files]) + (f"; {lister} names the files" if many else "")
        lines = [("Read", text)]
    else:
        lines = [("Read", text) for text in _read(report.coverage, now, logs=logs)]
    most = len(report.coverage) if missing else _MOST
    in_part = [row for row in report.coverage if row.status == "partial"]
    lines += [("In part", _with(visible(row.what), _facts(row, now))) for row in in_part[:most]]
    if len(in_part) > most:
        lines.append(("In part", f"and {_count(len(in_part) - most, 'other file')} ({lister} lists them)"))
    unread_by_reason: dict[str, list[Coverage]] = {}
    unnamed = 0
    bearing = set(_bearing(report))
    for row in report.coverage:
        if row.status in ("read", "partial"):
            continue
        if row.reason in _UNASKED and not missing and _place(row) not in bearing:
            unnamed += 1
            continue
        if row.local:
            side = _place(row).partition("/")[0]
            unread_by_reason.setdefault(_LOCAL[row.local].format(side=_SIDES.get(side, side)), []).append(row)
            continue
        why = visible(row.reason)
        status = {"denied": "access denied", "not-asked": "not asked for", "missing": "missing"}[row.status]
        if row.status == "denied":
            why = f"{status}, {why if missing else _denial(why)}" if why else status
        unread_by_reason.setdefault(why or status, []).append(row)
    not_read = [_with(_named(rows, most, lister), why) for why, rows in unread_by_reason.items()]
    if unnamed and not_read:
        not_read.append(f"and {_count(unnamed, 'other file')} that a bundle can hold ({lister} lists them)")
    elif unnamed:
        not_read.append(
            f"{_count(unnamed, 'file')} that a bundle can hold, none of which matters here ({lister} lists them)"
        )
    return lines + [("Not read", text) for text in not_read]


def _named(rows: list[Coverage], most: int, lister: str) -> str:
    """Return the names of the files, of many the first `most` and the number of the others."""
    names = _by_folder([visible(row.what) for row in rows[:most]])
    return names if len(rows) <= most else f"{names} and {_count(len(rows) - most, 'other file')}, which {lister} lists"


def _denial(why: str) -> str:
    """Return call and code of a denied read and the missing permission, without the service's own words."""
    call_and_code, further = why.split(": ")[:2], ": ".join(why.split(": ")[2:])
    if further.startswith(("allow ", "enable ", "renew ")):
        call_and_code.append(further.partition(" (")[0])
    return ": ".join(call_and_code)


def _bearing(report: Report) -> Iterator[str]:
    """Return the files that could change or confirm a verdict of this report."""
    for exchange in report.exchanges:
        if exchange.claims_from != "token":
            yield TOKEN
        for step in exchange.steps:
            if step.state in _OPEN:
                yield from (file.path for file in exchange.decided_by.get(step.id, ()))
        if exchange.prediction != "accepted":
            yield _LOGS[exchange.cloud]
            yield from () if report.observed else (_ERROR,)


def _read(rows: Iterable[Coverage], now: str, *, logs: bool) -> list[str]:
    """Describe the files read, one text per folder; log files are counted unless `logs`."""
    folders: dict[str, list[Coverage]] = {}
    for row in rows:
        if row.status == "read":
            folder = _log_folder(row.what) or row.what.rpartition("/")[0]
            folders.setdefault(folder, []).append(row)
    lines: list[str] = []
    above: list[str] = []
    for folder, rows_of_folder in folders.items():
        if _log_folder(folder) and not logs:
            lines.append(_with(f"{visible(folder)}/", _log_facts(rows_of_folder, folder, now)))
        elif not folder or len(rows_of_folder) == 1:
            above += [_with(visible(row.what), _facts(row, now)) for row in rows_of_folder]
        else:
            names = (
                _with(visible(row.what[len(folder) + 1 :] or "in all"), _facts(row, now)) for row in rows_of_folder
            )
            lines.append(f"{visible(folder)}/: {', '.join(names)}")
    return [", ".join(dict.fromkeys(above)), *lines] if above else lines


def _place(row: Coverage) -> str:
    """Return the file's name in the contract: without the folder of its target, whatever the file itself is called."""
    return row.path or (row.what.split("/", 2)[-1] if row.what.startswith("targets/") else row.what)


def _log_folder(name: str) -> str:
    """Return the folder of logs that contains `name` or equals it; "" for other names."""
    for folder in _LOGS.values():
        start = f"{name}/".find(folder)
        if start == 0 or (start > 0 and name[start - 1] == "/"):
            return name[: start + len(folder) - 1]
    return ""


def _log_facts(rows: list[Coverage], folder: str, now: str) -> str:
    """Describe the number of files and events and their period."""
    files = sum(row.what != folder for row in rows)
    facts = [_count(files, "file")] if files else []
    counts = [row.count for row in rows if row.count is not None]
    facts += [_count(sum(counts), "event")] if counts else []
    dated_rows = [row for row in rows if row.count is not None] or rows
    starts = sorted(filter(None, (row.since for row in dated_rows)), key=_instant)
    ends = sorted(filter(None, (row.until for row in dated_rows)), key=_instant)
    facts += [period(starts[0], ends[-1], now)] if starts and ends else []
    facts += ["from a log engine that was asked only for these"] if any(row.selective for row in rows) else []
    return ", ".join(facts)


def _instant(text: str) -> float:
    moment = parse(text)
    return moment.timestamp() if moment is not None else 0.0


def _facts(row: Coverage, now: str) -> str:
    facts = [_count(row.count, "event")] if row.count is not None else []
    if row.since and row.until:
        facts.append(period(row.since, row.until, now))
    if row.status == "partial":
        facts.append(visible(row.reason))
    return ", ".join(filter(None, facts))


def _by_folder(names: list[str]) -> str:
    """Format file names, with each folder named once: "error.txt; in aws/: roles.json, boundary.json"."""
    folders: dict[str, list[str]] = {}
    sizes = Counter(name.partition("/")[0] for name in names if "/" in name)
    for name in names:
        folder, slash, file = name.partition("/")
        many = slash and file and sizes[folder] > _FEW
        folders.setdefault(folder + slash if many else "", []).append(file if many else name)
    return "; ".join((f"in {folder}: " if folder else "") + ", ".join(files) for folder, files in folders.items())


def _with(what: str, facts: str) -> str:
    return f"{what} ({facts})" if facts else what


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
