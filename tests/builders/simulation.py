"""A simulated month: what happens hour by hour is drawn from a seed, and every word of each run is accounted for.

The world knows what it planted. A run may report only what it read and what was not reported yet; after a run that read
everything and reported it, what was told is what is true.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from month import HOUR, START, World
from oidc_doctor.model.health import Health, TargetHealth
from oidc_doctor.report.parts.health import news_of
from planted import AWS, GOOGLE, NOTES, ROLE, Planted, Setting, keys, renew_token, statements

KEYS = "issuer/jwks.json"
LOST_READ = "ACC045"  # the permission to read something was lost
SILENCE = "LOG015"  # for the reader's clock, the last attempt was long ago
_DAY = 24 * HOUR
_OUTCOMES = {"denied": "AccessDenied", "throttled": "Throttling", "timeout": "ReadTimeout"}


@dataclass
class Events:
    """What a kind of event has to be told: at least what is owed, and at most as often as it may have happened."""

    may: int = 0
    owed: set[tuple[str, str]] = field(default_factory=set)
    told: int = 0


@dataclass
class Target:
    """A target of the world, and what its readers were told of it."""

    planted: Planted
    folder: Path
    name: str
    setting: Setting
    originals: dict[str, str]
    manifest: dict[str, Any]
    keys: tuple[str, ...] = ()
    listed: bool = True
    gone: bool = False  # the folder cannot be found
    failed: tuple[str, str] = ("", "")  # path and outcome of the read that fails
    until: int = 0  # the hour at which it is read again
    neutral: int = 0
    attempts: list[Any] = field(default_factory=list)
    # what was told
    told: dict[str, str] | None = None
    told_state: str = ""
    hidden: set[str] = field(default_factory=set)
    silence: bool = False
    unreported: set[str] = field(default_factory=set)  # codes of the runs that were killed since
    seen: list[dict[str, str]] = field(default_factory=list)  # by the runs since the last that reported
    events: dict[str, Events] = field(default_factory=dict)
    before: tuple[Setting, tuple[str, ...]] | None = None  # of the last run
    read: tuple[Setting, tuple[str, ...]] | None = None  # of the last run that read everything

    @property
    def is_whole(self) -> bool:
        return not self.gone and not self.failed[0]

    def truth(self) -> dict[str, str]:
        lost = {LOST_READ: self.failed[0]} if self.failed[1] == "denied" and not self.gone else {}
        return self.setting.findings | lost

    def forget(self) -> None:
        """Begin anew: a target that was not in the last run."""
        self.told, self.told_state, self.hidden, self.seen, self.events = None, "", set(), [], {}
        self.before = self.read = None
        self.attempts, self.silence = [], False
        if self.setting.state:  # it is what it is because of what was before
            self.setting = self.planted.settings[0]


class Simulation:
    """A world, its random events, and the account of what was told."""

    def __init__(self, folder: Path, targets: dict[str, Planted], seed: int) -> None:
        self.choice = random.Random(seed)
        self.world = World(folder, {name: planted.sample for name, planted in targets.items()})
        self.hour = 0
        self.offset = 0.0
        self.first = True
        self.suppressions: list[tuple[str, str, str]] = []  # code, resource, last day
        self.left: set[str] = set()  # names that left the file and were not reported
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self.log: list[str] = []
        self.targets = [self._target(name, planted) for name, planted in targets.items()]

    def _target(self, name: str, planted: Planted) -> Target:
        folder = self.world.folder / name
        if (folder / "token.jwt").exists():
            (folder / KEYS).write_text(keys())
            renew_token(folder, START)
        paths = {setting.path for setting in planted.settings} | ({KEYS} if (folder / KEYS).exists() else set())
        originals = {path: (folder / path).read_text() for path in [*paths, *planted.decisive]}
        manifest = json.loads((folder / "manifest.json").read_text())
        return Target(planted, folder, name, planted.settings[0], originals, manifest)

    # ------------------------------------------------------------------ what happens

    def step(self) -> None:
        """Let an hour pass, and run."""
        draw = self.choice.random
        self.counts["runs"] += 1
        for target in self.targets:
            if target.until and target.until <= self.hour:
                self._heal(target)
            if draw() < 0.3:
                self._attempt(target)
            if draw() < 0.2:
                renew_token(self._place(target), self.now)
            if draw() < 0.12:
                self._plant(target)
            if draw() < 0.08:
                target.neutral = self.choice.randrange(4)
                self._note(target, f"neutral edit {target.neutral}")
            if draw() < 0.04 and KEYS in target.originals and (self._place(target) / "token.jwt").exists():
                target.keys = self.choice.choice([(), ("rsa-next",), ("rsa-third",), ("rsa-next", "rsa-third")])
                self._note(target, f"keys {target.keys}")
            if draw() < 0.06 and target.is_whole:
                self._outage(target)
        if draw() < 0.06:
            self._suppress()
        if draw() < 0.06:
            self._listing()
        if draw() < 0.08:
            self.offset = self.choice.choice([0.0, -5 * _DAY, 40 * _DAY, -90 * 60.0, 2 * HOUR, -300.0])
            self._note(None, f"clock {self.offset:+.0f}")
            self.counts["clock jumps"] += 1
        for target in self.targets:
            self._write(target)
        self._write_file()
        reported = draw() > 0.1
        health = self.last = self.world.run(self.now, report=reported)
        self.counts["killed runs"] += not reported
        self._account(health, reported=reported)
        self.hour += 1

    @property
    def now(self) -> float:
        return START + self.hour * HOUR + self.offset

    def _note(self, target: Target | None, text: str) -> None:
        self.log.append(f"{self.hour} {'' if target is None else target.name}: {text}")

    def _place(self, target: Target) -> Path:
        return target.folder.with_name(f"{target.folder.name}.gone") if target.gone else target.folder

    def _plant(self, target: Target) -> None:
        setting = self.choice.choice(target.planted.settings)
        self.counts["planted changes"] += setting is not target.setting
        target.setting = setting
        self._note(target, f"setting {setting.name}")

    def _attempt(self, target: Target) -> None:
        """Log an attempt of the workload half an hour ago, refused or accepted as the trust policy then was."""
        is_seen = target.listed and target.read is not None and target.read[0] is target.setting
        if target.planted is not AWS or target.setting.path != ROLE or not is_seen:
            return
        record = next(
            record
            for file in sorted((self._place(target) / "aws" / "cloudtrail").glob("1*.json"))
            for record in json.loads(file.read_text())["Records"]
            if record["eventName"] == "AssumeRoleWithWebIdentity" and "Runtime" in str(record["requestParameters"])
        )
        number = len(self.log) * 1000 + self.hour
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + self.hour * HOUR - 1800))
        record |= {"eventTime": moment, "eventID": f"00000000-0000-4000-8000-{number:012d}"}
        if "own" not in target.setting.accepts:
            denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
            record |= {"errorCode": "AccessDenied", "errorMessage": denied, "responseElements": None}
        target.attempts = [*target.attempts[-2:], record]
        self.counts["logged attempts"] += 1
        self._note(target, f"attempt {record.get('errorCode', 'accepted')}")

    def _outage(self, target: Target) -> None:
        target.until = self.hour + self.choice.randint(1, 5)
        self.counts["outages"] += 1
        if self.choice.random() < 0.3:
            target.folder.rename(target.folder.with_name(f"{target.folder.name}.gone"))
            target.gone = True
            self._note(target, f"folder gone until {target.until}")
            return
        path = self.choice.choice([*target.planted.decisive, *([KEYS] if target.planted in (AWS, GOOGLE) else [])])
        target.failed = (path, self.choice.choice(list(_OUTCOMES)))
        self._note(target, f"outage {target.failed} until {target.until}")

    def _heal(self, target: Target) -> None:
        if target.gone:
            self._place(target).rename(target.folder)
        target.gone, target.failed, target.until = False, ("", ""), 0
        self._note(target, "read again")

    def _write(self, target: Target) -> None:
        """Write the documents of a target as its readers would have read them now."""
        folder, (lost, outcome) = self._place(target), target.failed
        for path, original in target.originals.items():
            text = original
            if path == KEYS and (folder / "token.jwt").exists():
                text = keys(*target.keys)
            elif path == target.setting.path:
                value = json.loads(original)
                target.setting.edit(value)
                text = json.dumps(value, indent=4)
            if path != lost:
                (folder / path).write_text(_neutral(text, path, target.neutral))
            else:
                (folder / path).unlink(missing_ok=True)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now - 5))
        reads = [dict(read) for read in target.manifest["reads"]]
        (folder / "aws/cloudtrail/simulated.json").unlink(missing_ok=True)
        if target.attempts:
            (folder / "aws/cloudtrail/simulated.json").write_text(json.dumps({"Records": target.attempts}))
            log = next(read for read in reads if read["path"].startswith("aws/cloudtrail/"))
            reads.append({**log, "path": "aws/cloudtrail/simulated.json"})
        for read in reads:
            read.update({name: stamp for name in ("at", "to") if name in read})
            if read["path"] == lost:
                read.update(outcome=outcome, code=_OUTCOMES[outcome])
        manifest = target.manifest | {"collected_at": stamp, "reads": reads}
        (folder / "manifest.json").write_text(json.dumps(manifest))

    def _suppress(self) -> None:
        if self.suppressions and self.choice.random() < 0.4:
            self.suppressions.pop(self.choice.randrange(len(self.suppressions)))
            self._note(None, "a suppression less")
            return
        target = self.choice.choice(self.targets)
        code = self.choice.choice(sorted({code for setting in target.planted.settings for code in setting.findings}))
        resource = target.planted.resource_of(code) or target.name
        day = time.strftime("%Y-%m-%d", time.gmtime(self.now + self.choice.randint(-1, 3) * _DAY))
        if not any(row[:2] == (code, resource) for row in self.suppressions):
            self.suppressions.append((code, resource, day))
            self.counts["suppressions"] += 1
            self._note(None, f"suppression {self.suppressions[-1]}")

    def _listing(self) -> None:
        """Remove a target from the file, add it again, or rename it."""
        target = self.choice.choice(self.targets)
        self.counts["targets added, removed, renamed"] += 1
        if not target.listed:
            target.listed = True
        elif self.choice.random() < 0.5:
            if sum(other.listed for other in self.targets) > 1:
                target.listed = False
        else:
            self.left |= {target.name} if target.before is not None else set()
            target.name = f"{target.folder.name}-{self.hour}"
            target.forget()
        self._note(target, "listed" if target.listed else "not listed")

    def _write_file(self) -> None:
        text = "".join(
            f'[[target]]\nname = "{target.name}"\nfrom = "{target.folder.name}"\n'
            for target in self.targets
            if target.listed
        )
        for code, resource, day in self.suppressions:
            text += f'[[suppress]]\ncode = "{code}"\nresource = "{resource}"\nuntil = {day}\n'
            text += 'reason = "planted"\nowner = "platform"\n'
        self.world.write("oidc-doctor.toml", text)

    # ------------------------------------------------------------------ what was told

    def _problem(self, kind: str, target: Target | None, text: str) -> None:
        self.counts[kind] += 1
        self.problems.append(f"hour {self.hour} {'' if target is None else target.name}: {kind}: {text}")

    def _account(self, health: Health, *, reported: bool) -> None:
        if health.first != self.first:
            self._problem("wrong", None, f"a first run: {health.first}")
        rows = {row.name: row for row in health.targets}
        for target in self.targets:
            if target.listed:
                self._account_of(target, rows[target.name], reported=reported)
            elif target.before is not None:
                self.left.add(target.name)
        self._account_of_left(health, reported=reported)
        if self.first and not reported:
            for target in self.targets:
                target.forget()
        self.first = self.first and not reported

    def _account_of_left(self, health: Health, *, reported: bool) -> None:
        listed = {target.name for target in self.targets if target.listed}
        self.left -= listed
        if set(health.gone) != self.left:
            self._problem("wrong", None, f"gone: {health.gone}, and not {self.left}")
        if reported:
            self.counts["told once"] += len(self.left)
            self.left = set()
            for target in self.targets:
                if not target.listed:
                    target.forget()

    def _account_of(self, target: Target, row: TargetHealth, *, reported: bool) -> None:
        truth = target.truth()
        self._happened(target)
        self._check_state(target, row)
        self._check_listed(target, row, truth)
        target.seen.append(truth)
        if not reported:
            target.unreported |= {finding.code for finding in row.findings}
            return
        if self.first:
            target.told = dict(truth)
        self._told(target, row, truth)
        target.seen, target.unreported = [truth], set()

    def _happened(self, target: Target) -> None:
        """Note the events between the last run and this one."""
        now = (target.setting, target.keys)
        for before, is_owed in ((target.before, False), (target.read, target.is_whole)):
            if before is None:
                continue
            more = now[0].accepts - before[0].accepts
            if more - {"own"}:
                self._event(
                    target,
                    target.planted.widened,
                    before[0].name,
                    now[0].name,
                    owed=is_owed and "own" in before[0].accepts & now[0].accepts,
                )
            if set(now[1]) != set(before[1]):
                self._event(target, "ISS020", str(before[1]), str(now[1]), owed=is_owed)
        target.before = now
        if target.is_whole:
            target.read = now

    def _event(self, target: Target, code: str, before: str, now: str, *, owed: bool) -> None:
        events = target.events.setdefault(code, Events())
        events.may += 1
        if owed:
            events.owed.add((before, now))

    def _check_state(self, target: Target, row: TargetHealth) -> None:
        blocked = any(code not in (*NOTES, LOST_READ) for code in target.setting.findings)
        whole = target.setting.state or ("failing" if blocked else "healthy")
        last = target.attempts[-1] if target.attempts else {}
        if "own" in target.setting.accepts and "errorCode" in last:
            whole = "unknown"  # mended, and no attempt shows it
        allowed = {"unread"} if target.gone else {whole} if target.is_whole else {"unread", whole}
        if target.failed[0] in target.planted.decisive:
            allowed -= {"healthy"}
        if row.state not in allowed:
            self._problem("wrong", target, f"{row.state}, and not {allowed}")
        expected = target.told_state if target.told_state not in ("", row.state) else None
        if row.was != expected:
            self._problem("wrong", target, f"was {row.was}, and not {expected}")

    def _check_listed(self, target: Target, row: TargetHealth, truth: dict[str, str]) -> None:
        if target.is_whole:
            listed = {finding.code for finding in row.findings if finding.change != "resolved"} - _EVENTS - {SILENCE}
            if listed != set(truth):
                self._problem("wrong", target, f"lists {sorted(listed)}, and not {sorted(truth)}")

    def _told(self, target: Target, row: TargetHealth, truth: dict[str, str]) -> None:
        told = target.told = {} if target.told is None else target.told
        news = [] if self.first else news_of(row)
        self.counts["told once"] += row.was is not None
        target.told_state = row.state
        for finding in sorted(news, key=lambda finding: finding.change != "resolved"):
            code = finding.code
            if code in _EVENTS:
                events = target.events.setdefault(code, Events())
                events.told += 1
                if finding.change != "new":
                    self._problem("wrong", target, f"{finding.change} {code}, an event")
            elif code == SILENCE:
                if target.silence == (finding.change == "new") and SILENCE not in target.unreported:
                    self._problem("told twice", target, f"{finding.change} {code}")
                target.silence = finding.change != "resolved"
                continue
            elif not self._is_due(target, code, finding.change):
                kind = "told twice" if (code in told) == (finding.change != "resolved") else "invented"
                self._problem(kind, target, f"{finding.change} {code}: {finding.headline}")
            self.counts["told once"] += 1
            if finding.change == "resolved":
                told.pop(code, None)
                target.hidden.discard(code)
            elif code not in _EVENTS:
                told[code] = truth.get(code, told.get(code, ""))
                target.hidden.discard(code)
        if target.is_whole:
            self._check_all_told(target, truth)

    def _covered(self, target: Target) -> set[str]:
        """Return the codes that a suppression covers in this run."""
        today = time.strftime("%Y-%m-%d", time.gmtime(self.now))
        return {
            code
            for code, resource, day in self.suppressions
            if resource == (target.planted.resource_of(code) or target.name) and day >= today
        }

    def _check_all_told(self, target: Target, truth: dict[str, str]) -> None:
        """After a run that read and reported everything, what was told is what is true."""
        told, covered = target.told or {}, self._covered(target)
        for code in covered & (set(truth) | set(told)):
            target.hidden.add(code)
            told.pop(code, None)
            if code in truth:
                told[code] = truth[code]
        target.hidden &= set(truth)
        target.told = told
        lost = {code for code in truth if told.get(code) != truth[code] or code in target.hidden - covered}
        if lost | (set(told) - set(truth)):
            self._problem("lost", target, f"{sorted(lost)} and the end of {sorted(set(told) - set(truth))}")
            target.told = dict(truth)
            target.hidden = covered & set(truth)
        for code, events in target.events.items():
            if events.told > events.may:
                self._problem("invented", target, f"{code} {events}")
            if events.told < len(events.owed):
                self._problem("lost", target, f"{code} {events}")
        target.events = {}

    def _is_due(self, target: Target, code: str, change: str) -> bool:
        """Return whether a run since the last report saw this change."""
        told = target.told or {}
        if change == "resolved":
            return any(code not in seen for seen in target.seen)
        if change == "new":
            return code not in told and any(code in seen for seen in target.seen)
        return code in target.hidden or (
            code in told and any(seen.get(code, told[code]) != told[code] for seen in target.seen)
        )


_EVENTS = {"AWS101", "GCP104", "ISS020", "ISS021"}


def _neutral(text: str, path: str, number: int) -> str:
    """Write a document in another way that means the same."""
    value = json.loads(text)
    if number == 1:
        return json.dumps(value, sort_keys=True)
    if number == 2:
        return json.dumps(value, indent=8) + "\n\n"
    if number == 3 and path == ROLE:
        for index, statement in enumerate(statements(value)):
            statement["Sid"] = f"Simulated{index}"
    return json.dumps(value)
