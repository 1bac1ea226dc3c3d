"""Narrow a trust that strangers pass, proven by the subjects in use according to the logs.

A candidate keeps the configuration's own values, and adds the tenant and team of the subjects in use, the separator
after a name, or an operator that requires a value. It is proposed if the token still passes, each subject accepted in
the logs passes, other workloads of the same teams that pass now still pass, and a weakness check no longer reports its
finding. Subject heads are tried from wide to narrow, so that no team loses more than the opening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.fixes.documents import changes, objections, rows_of
from oidc_doctor.findings.fixes.edit import NARROWED_STEPS
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.strangers import as_stranger, other_tokens, refuses, refuses_token
from oidc_doctor.issuers.heads import heads, owner_head, same_team
from oidc_doctor.issuers.strangers import longer, with_value
from oidc_doctor.judge import evaluate
from oidc_doctor.model import limits
from oidc_doctor.model.report import FixRow, Tried
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.checkkit import Opening
    from oidc_doctor.findings.google_reach import GoogleReach
    from oidc_doctor.findings.policy_reach import PolicyReach
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Trace

_MOST_LOGGED = limits.FIX_SUBJECTS.most  # distinct logged subjects that an edit is tried on
_MOST_OWNERS = 8  # tenants and teams listed in one edit
_MOST_CLOSED = 6  # strangers named in a row

# Counts the findings about the exchange by check code, with other evidence.
Weaknesses = Callable[["TargetEvidence"], Mapping[str, int]]


class Used(NamedTuple):
    """The subjects that the exchange's configuration still has to accept."""

    logged: Sequence[str] = ()  # accepted in the logs, the newest first
    tokens: Sequence[str] = ()  # of other tokens of the report for the same role or provider


def narrow(case: Case, used: Used, weaknesses: Weaknesses) -> list[FixRow]:
    """Return the rows of the edit that fixes the most weaknesses; empty without a proof."""
    case = case._replace(readings=())
    weaknesses_found = weaknesses(case.evidence)
    search = _Search(case, used)
    if not weaknesses_found or not search.possible:
        return []
    best: tuple[int, TargetEvidence, list[str]] | None = None
    for evidence in search.candidates():
        if objections(case.evidence, evidence) or not search.keeps(evidence):
            continue
        left = weaknesses(evidence)
        closed = [code for code, number in weaknesses_found.items() if left.get(code, 0) < number]
        number = sum(left.values())
        grown = any(left.get(code, 0) > weaknesses_found.get(code, 0) for code in left)
        if closed and not grown and (best is None or number < best[0]):
            best = (number, evidence, closed)
            if not number:
                break
    return search.rows(best[1], best[2]) if best is not None else []


class _Search:
    """The candidates of one exchange, and their proofs."""

    def __init__(self, case: Case, used: Used) -> None:
        self.case = case
        self.steps = NARROWED_STEPS[case.cloud]
        self.reach = reach_of(case)
        self.profile: Profile | None = case.profile
        self.subject = case.token.subject or ""
        self.logged = [
            subject for subject in self._of_each_owner(used.logged)[:_MOST_LOGGED] if self._passes(case, subject)
        ]
        tokens = [
            subject
            for subject in dict.fromkeys((self.subject, *used.tokens))
            if subject and self._passes(case, subject)
        ]
        self.in_use = list(dict.fromkeys((*tokens, *self.logged)))
        self.owners = self._owners()

    @property
    def possible(self) -> bool:
        """Whether the token passes now, and every subject in use names its owner."""
        trace = evaluate(self.case)
        passed = all(trace.step(step).state == PASSED for step in self.steps)
        return passed and self.subject in self.in_use and 0 < len(self.owners) <= _MOST_OWNERS and "" not in self.owners

    def _of_each_owner(self, subjects: Sequence[str]) -> list[str]:
        """Return distinct subjects; the first of each tenant and team comes before the rest."""
        firsts: dict[str, str] = {}
        if self.profile is not None:
            for subject in subjects:
                firsts.setdefault(owner_head(subject, self.profile), subject)
        return [kept for kept in dict.fromkeys((*firsts.values(), *subjects)) if kept]

    def _owners(self) -> dict[str, list[str]]:
        """Group the subjects in use by the head that names tenant and team."""
        owners: dict[str, list[str]] = {}
        for subject in self.in_use:
            head = owner_head(subject, self.profile) if self.profile is not None else ""
            owners.setdefault("" if set("*?$") & set(head) else head, []).append(subject)
        return owners

    def _passes(self, case: Case, subject: str) -> bool:
        return not refuses(case, subject, *self.steps)

    def _with(self, evidence: TargetEvidence) -> Case:
        return self.case._replace(evidence=evidence)

    # Candidates

    def candidates(self) -> Iterator[TargetEvidence]:
        """Yield the evidence after each edit."""
        levels = [list(self.owners), self._deeper()]
        levels = [level for place, level in enumerate(levels) if level and level not in levels[:place]]
        subjects = [*self.in_use, *self._neighbours()]
        reach = self.reach
        if self.case.cloud == "gcp":
            from oidc_doctor.findings.fixes.narrow_gcp import edits  # late: one cloud does not load the other's modules

            yield from edits(self.case, levels, self.in_use, [*_found(reach.names_alike), *_found(reach.values_alike)])
            return
        from oidc_doctor.findings.fixes.narrow_aws import edits as aws_edits

        openings = _openings(reach)
        met = {at for opening in openings for at in self._statements(opening.subject)}
        yield from aws_edits(self.case, levels, subjects, openings, met.__contains__)

    def _deeper(self) -> list[str]:
        """Return the heads up to the names of the workloads in use."""
        if self.profile is None:
            return []
        profile = self.profile
        return list(dict.fromkeys(heads(subject, profile)[-1] for subject in self.in_use if heads(subject, profile)))

    def _statements(self, stranger: str) -> list[str]:
        """Return the pointers of the Allow statements that match this subject."""
        policy = evaluate(as_stranger(self.case, stranger)).detail.get("policy")
        children = policy.children if policy is not None else ()
        return [node.pointer for node in children if node.expected == "Allow" and node.result]

    # Proof

    def keeps(self, evidence: TargetEvidence) -> bool:
        """Whether everything in use, and all workloads of these teams that pass now, pass with the edit."""
        edited = self._with(evidence)
        trace = evaluate(edited)
        if any(trace.step(step).state != PASSED for step in self.steps):
            return False
        return all(self._passes(edited, subject) for subject in (*self.in_use, *self._neighbours()))

    def _neighbours(self) -> list[str]:
        """Return other workloads of the teams in use that pass now."""
        if self.profile is None:
            return []
        neighbours = [other for subjects in self.owners.values() for other in same_team(subjects[0], self.profile)]
        return [other for other in dict.fromkeys(neighbours) if self._passes(self.case, other)]

    def rows(self, evidence: TargetEvidence, codes: list[str]) -> list[FixRow]:
        """Return the rows of a proven edit, one per document."""
        edited = self._with(evidence)
        refused = [other for other in other_tokens(self.case) if refuses_token(self.case, other)]
        closes = self._closes(edited)
        if not closes or any(not refuses_token(edited, other) for other in refused):
            return []
        tried = Tried(sum(other.outsider for other in refused), 0, len(self.logged), 0)
        return rows_of(
            changes(self.case.evidence, evidence),
            codes,
            "correct",
            self._proof(closes[0]),
            tried,
            closes_to=[f"{who}: {subject}" if subject else who for who, subject in closes],
        )

    def _closes(self, edited: Case) -> list[tuple[str, str]]:
        """Return who passes now and is refused with the edit, with a subject: strangers, and tokens without a claim."""
        opened = [
            opening._replace(subject=subject)
            for opening in _openings(self.reach)
            for subject in self._alike(opening)
            if self._passes(self.case, subject) and not self._passes(edited, subject)
        ]
        closes = [
            ("a stranger" if opening.who in ("anyone", "tenant") else f"another {opening.segment}", opening)
            for opening in opened
        ]
        lacking = [opening for opening in _found(self.reach.vacuous) if opening.segment]
        closed = [(who, opening.subject) for who, opening in closes]
        closed += [
            (f"a token without {opening.segment}", "")
            for opening in lacking
            if _is_refused(evaluate(as_stranger(edited, opening.subject, lacking=opening.segment)), self.steps)
        ]
        return list(dict.fromkeys(closed))[:_MOST_CLOSED]

    def _alike(self, opening: Opening) -> list[str]:
        """Return the opening's subject; if it is in use itself, a subject with a longer, unused name."""
        if opening.subject not in self.in_use or self.profile is None:
            return [opening.subject]
        parts = self.profile.parse_subject(opening.subject).segments
        return [
            with_value(opening.subject, self.profile, part.name, longer(part.value))
            for part in parts
            if part.known and part.name.replace("_", " ") == opening.segment
        ]

    def _proof(self, closed: tuple[str, str]) -> str:
        """Describe the proof."""
        many = "the one subject" if len(self.logged) == 1 else f"the {len(self.logged)} subjects"
        verb = "passes" if len(self.logged) == 1 else "pass"
        foreign = [head for head, subjects in self.owners.items() if self.subject not in subjects]
        kept = ", ".join(foreign)
        words = [f"the logs show {kept} accepted too, so it stays: remove it unless it is yours"] if foreign else []
        beside = self._admitted_by_opening()
        if beside:
            words.append(
                f"{beside} passes only by this opening and is in use, so it stays: remove it unless it is intended"
            )
        words.append("the token passes after this change")
        if self.logged:
            words.append(f"{many} that the logs show as accepted still {verb}")
        who, subject = closed
        words.append(f"{who}{f' such as {subject}' if subject else ''} passes now and is refused after this change")
        if not self.logged:
            words.append(f"no log shows who else uses it, so the edit names only the token's own {self._owner_names()}")
        return "; ".join(words)

    def _admitted_by_opening(self) -> str:
        """Return the first subject in use that the condition refuses once its comparisons require whole values."""
        if self.case.cloud != "gcp":
            return ""
        from oidc_doctor.findings.fixes.narrow_gcp import edits

        closed = next(edits(self.case, [], (), _found(self.reach.values_alike)), None)
        refused = (
            subject for subject in self.in_use if closed is not None and not self._passes(self._with(closed), subject)
        )
        return next(refused, "")

    def _owner_names(self) -> str:
        tenancy = self.profile.tenancy if self.profile is not None else None
        names = [tenancy.tenant, tenancy.team] if tenancy is not None else []
        return " and ".join(name.replace("_", " ") for name in names if name)


def _openings(reach: PolicyReach | GoogleReach) -> list[Opening]:
    """Return strangers who pass, the widest first."""
    openings = [
        *_found(lambda: reach.openings("anyone", "tenant")),
        *_found(lambda: reach.openings("team")),
        *_found(reach.names_alike),
        *_found(reach.values_alike),
    ]
    return list(dict.fromkeys(openings))


def _found(question: Callable[[], list[Opening]]) -> list[Opening]:
    try:
        return question()
    except NotReadError:
        return []


def _is_refused(trace: Trace, steps: Sequence[str]) -> bool:
    return any(trace.step(step).state == REFUSED for step in steps)
