"""Group a target's attempts so that every revision decides all attempts of a group in the same way.

The attempts of one subject family are separated by their decisions: first the identities (and circumstances) of a
family, then families with the same tenant and the same decisions are merged.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.history.outages import UNDECIDED, Verdict, index_at
from oidc_doctor.logs.attempts.signatures import AttemptSelection, OutcomeRun
from oidc_doctor.model.in_words import as_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.history.replayer import Replayer
    from oidc_doctor.issuers.profile import Profile
    from oidc_doctor.logs.attempts.signatures import Cell
    from oidc_doctor.model.events import Attempt, Signature


class FamilyGroup(NamedTuple):
    """Attempts of one family that every revision decides in the same way."""

    step: str
    family: str | None
    sample: Attempt  # the newest
    vector: tuple[Verdict, ...]  # the verdict of each revision
    part: AttemptSelection
    runs: list[OutcomeRun]

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decision of each revision."""
        return tuple(verdict.decision for verdict in self.vector)


@dataclass
class AttemptGroup:
    """Attempts of families that every revision decides in the same way, with the logged outcomes of all of them."""

    step: str
    families: set[str | None]
    audiences: set[str | None]
    sample: Attempt  # the newest
    vector: tuple[Verdict, ...]  # the verdict of each revision
    runs: list[OutcomeRun]
    keys: tuple[int, ...]
    parts: list[AttemptSelection]

    @property
    def decisions(self) -> tuple[str, ...]:
        """The decision of each revision."""
        return tuple(verdict.decision for verdict in self.vector)

    @property
    def name(self) -> str:
        """Return the newest subject and the number of further families."""
        more = f" and {len(self.families) - 1} more" if len(self.families) > 1 else ""
        subject = as_value(self.sample.subject or self.sample.mapped_principal or "") or "no subject"
        return f"{subject}{more}"


def attempt_groups(replayer: Replayer) -> list[AttemptGroup]:
    """Return all groups of the target's attempts."""
    return _Grouping(replayer).groups()


def _impersonations(signatures: Iterable[Signature], *, named: bool) -> list[Signature]:
    return [
        signature
        for signature in signatures
        if signature.sample.step == "impersonate" and (signature.family is not None) == named and _is_decided(signature)
    ]


def _is_decided(signature: Signature) -> bool:
    return signature.sample.outcome != "unknown"


class _Grouping:
    """Groups the attempts of one target."""

    def __init__(self, replayer: Replayer) -> None:
        self.replayer = replayer
        self.starts = replayer.starts
        # Google's entries may hide the caller. With one named family such attempts are assumed to belong to it. With
        # several, the accepted ones may belong to any: they appear in each family's runs, and are counted in none.
        self.named = len({signature.family for signature in _impersonations(replayer.signatures, named=True)})
        self.nameless = _impersonations(replayer.signatures, named=False) if self.named else []
        if self.named > 1:
            self.nameless = [signature for signature in self.nameless if signature.sample.outcome == "accepted"]
        self.uncounted = frozenset(signature.number for signature in self.nameless if self.named > 1)
        self.cells: dict[int, list[Cell]] = {}
        for cell in replayer.own_attempts.cells(by_circumstance=replayer.by_circumstance):
            self.cells.setdefault(cell.key, []).append(cell)

    def groups(self) -> list[AttemptGroup]:
        """Return the groups, with families of the same decisions merged."""
        merged: dict[tuple[object, ...], list[FamilyGroup]] = {}
        unsure: list[FamilyGroup] = []  # never accepted, and part of the configuration at that time is unknown
        times = [
            time for signature in self.replayer.signatures for time in (signature.first_seen, signature.last_seen)
        ] or [0.0]
        busy = slice(index_at(self.starts, min(times)), index_at(self.starts, max(times)) + 1)
        for group in self._family_groups():
            is_nobodys = group.step == "impersonate" and group.family is None and self.named > 1
            if is_nobodys or self._contradicts_replay(group):
                merged[group.step, group.part] = [group]
            elif not UNDECIDED & set(group.decisions[busy]):
                merged.setdefault(self._decided(group), []).append(group)
            elif any(run.accepted for run in group.runs) or "unknown" not in group.decisions[busy]:
                fellows = merged.get(self._decided(group), [])
                turns = 0 if "unknown" in group.decisions[busy] else 1  # of workloads that a replay treats as alike
                key = self._decided(group) if _agree([*fellows, group], turns) else (group.step, group.part)
                merged.setdefault(key, []).append(group)
            else:
                unsure.append(group)
        for group in unsure:
            fellows = merged.get(self._decided(group), [])
            successes = [run.end for fellow in fellows for run in fellow.runs if run.accepted]
            broken = any(not fellow.runs[-1].accepted for fellow in fellows)
            began = group.runs[0].begin if group.runs else None
            if broken and successes and began is not None and began >= max(successes) - self.replayer.lag:
                fellows.append(group)
            else:
                merged[group.step, group.part] = [group]
        return [self._merge(groups) for groups in merged.values()]

    def _decided(self, group: FamilyGroup) -> tuple[object, ...]:
        """Return the key of a group: groups with the same key are merged."""
        return group.step, tenant_of(group.sample.subject, self.replayer.profile), group.decisions

    def _merge(self, groups: list[FamilyGroup]) -> AttemptGroup:
        newest = max(groups, key=lambda group: group.sample.time)
        parts = [group.part for group in groups]
        runs = groups[0].runs if len(groups) == 1 else self._runs(parts, nameless=newest.family is None)
        keys = tuple(key for part in parts for key in part.keys)
        families, audiences = {group.family for group in groups}, {group.sample.audience for group in groups}
        return AttemptGroup(newest.step, families, audiences, newest.sample, newest.vector, runs, keys, parts)

    def _runs(self, parts: list[AttemptSelection], *, nameless: bool) -> list[OutcomeRun]:
        uncounted = frozenset[int]() if nameless else self.uncounted
        return self.replayer.own_attempts.runs(parts, self.replayer.accepted, uncounted)

    def _contradicts_replay(self, group: FamilyGroup) -> bool:
        """Whether logs and replay disagree, apart from changes that were not effective everywhere yet."""
        for run in group.runs:
            for time in (run.begin, run.end):
                index = index_at(self.starts, time)
                opposite = "refused" if run.accepted else "accepted"
                in_force = not index or time > self.starts[index] + self.replayer.lag
                if group.vector[index].decision == opposite and in_force:
                    return True
        return False

    def _family_groups(self) -> list[FamilyGroup]:
        families: dict[tuple[object, ...], list[Signature]] = {}
        for signature in filter(_is_decided, self.replayer.signatures):
            sample = signature.sample
            name = (sample.step, sample.provider, signature.family, sample.audience, sample.service_account)
            families.setdefault(name, []).append(signature)
        also = tuple(sorted(signature.number for signature in self.nameless))
        out: list[FamilyGroup] = []
        looked_at = list(families.items())[: self.replayer.most_families]
        self.replayer.families_left_out = len(families) - len(looked_at)
        most = self.replayer.affordable_cells(len(looked_at))
        for key, family in looked_at:
            is_nameless = key[0] == "impersonate" and key[2] is None
            if is_nameless and self.named == 1:
                continue
            also_here = also if key[0] == "impersonate" and not is_nameless else ()
            out += self._groups_of(str(key[0]), family, also_here, most)
        return out

    def _groups_of(self, step: str, family: list[Signature], also: tuple[int, ...], most: int) -> list[FamilyGroup]:
        """Return a family's groups, one for identities (and circumstances) that all revisions decide the same way.

        `most`: the identities that are replayed.
        """
        keys = tuple(signature.number for signature in family)
        cells = sorted((cell for key in keys for cell in self.cells.get(key, ())), key=lambda cell: -cell.row)
        by_decisions: dict[tuple[str, ...], list[Cell]] = {}
        samples: dict[tuple[str, ...], tuple[Attempt, tuple[Verdict, ...]]] = {}
        for cell in cells[:most]:
            attempt = self.replayer.attempts.attempt(cell.row)
            vector = self.replayer.vector(attempt)
            decisions = tuple(str(verdict.decision) for verdict in vector)
            by_decisions.setdefault(decisions, []).append(cell)
            samples.setdefault(decisions, (attempt, vector))
        groups = []
        # if many were replayed with the same result, the others are assumed to have it too
        beyond = cells[most:] if len(by_decisions) > 1 or not self.replayer.is_telling(most) else []
        if beyond:
            unknown = (Verdict("unknown"),) * len(self.starts)
            by_decisions["beyond",] = beyond
            samples["beyond",] = (self.replayer.attempts.attempt(beyond[0].row), unknown)
        for decisions, (attempt, vector) in samples.items():
            part = self._part((*keys, *also), by_decisions, decisions)
            runs = self._runs([part], nameless=family[0].family is None)
            groups.append(FamilyGroup(step, family[0].family, attempt, vector, part, runs))
        return groups

    def _part(
        self, keys: tuple[int, ...], by_decisions: dict[tuple[str, ...], list[Cell]], decisions: tuple[str, ...]
    ) -> AttemptSelection:
        """Select the attempts with these decisions."""
        if len(by_decisions) == 1:
            return AttemptSelection(keys)
        if decisions == next(iter(by_decisions)):
            other_cells = [
                cell
                for other_decisions, cells in by_decisions.items()
                if other_decisions != decisions
                for cell in cells
            ]
            return AttemptSelection(keys, None, _identity_pairs(other_cells), self.replayer.by_circumstance)
        return AttemptSelection(
            keys, _identity_pairs(by_decisions[decisions]), frozenset(), self.replayer.by_circumstance
        )


def _agree(groups: list[FamilyGroup], turns: int) -> bool:
    """Whether the outcomes of several workloads changed together: otherwise they are different, even if unknown.

    `turns` is the number of changes that can occur without a change of any single workload: each may have started once.
    """
    runs = sorted((run for group in groups for run in group.runs), key=lambda run: run.begin)
    last = {True: float("-inf"), False: float("-inf")}  # times of the last accepted and last refused attempts
    for run in runs:
        if run.begin < last[not run.accepted]:
            return False
        last[run.accepted] = max(last[run.accepted], run.end)
    together = sum(run.accepted != following.accepted for run, following in itertools.pairwise(runs))
    return together <= max(turns, *(len(group.runs) - 1 for group in groups))


def _identity_pairs(cells: list[Cell]) -> frozenset[tuple[int, int]]:
    return frozenset((cell.identity, cell.circumstance) for cell in cells)


def tenant_of(subject: str | None, profile: Profile | None) -> tuple[str | None, ...]:
    """Return the segments that separate customers and their teams; none for an unknown issuer."""
    if profile is None or not subject:
        return ()
    parsed = profile.parse_subject(subject)
    return tuple(parsed.value(name) for name in (profile.tenancy.tenant, profile.tenancy.team) if name)
