"""Find tokens that pass a trust policy although its clauses do not seem to name them.

Every result comes from the judge: a subject, or a token without a claim, is evaluated, and a neighbour for comparison.
Clauses are read here only to build subjects that are worth trying.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError, Opening
from oidc_doctor.findings.strangers import as_stranger
from oidc_doctor.findings.trust_reach import TrustReach
from oidc_doctor.findings.trust_reach_bases import Base, client_ids, with_audience
from oidc_doctor.findings.trust_reach_traces import (
    allowing,
    claim,
    keys,
    lenient,
    open_question,
    statement_name,
    subject_clauses,
)
from oidc_doctor.issuers import condition_keys, shared_issuer_control
from oidc_doctor.issuers.grammar import Segment
from oidc_doctor.issuers.lookalikes import look_alikes as resembling
from oidc_doctor.issuers.strangers import Stranger, Who, another, changed, is_closed, labelled, strangers, written
from oidc_doctor.judge import evaluate
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.iam import Node
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.refusal import Trace

_JOINTS = ("-", "_", ".", "/")  # an owner's names with a common prefix up to such a character are meant to be alike
_PROBE = "Zq7"  # no configuration contains this name by chance
_BRANCHES = ("main", "master", "trunk", "production", "prod")  # whole names: `main*` is not intended as a prefix
_ALL_BRANCHES = "refs/heads/"
_PRODUCTION = {"production", "prod", "prd", "live"}
_REVIEW = ("preview", "pull-request", "pr", "review", "development", "dev", "test")
_ENVIRONMENTS = ("environment", "env")
_UNLISTED = "audience-of-nobody"


class PolicyReach(TrustReach):
    """Finds who else passes a role's trust policy, and the provider's ClientIDList."""

    def openings(self, *who: Who) -> list[Opening]:
        """Return the accepted strangers of these kinds, with a subject in the issuer's own form if one passes."""
        openings = super().openings(*who)
        if not any(opening.who == "anyone" for opening in openings):
            return openings
        try:
            formed = {
                (team_opening.clause, team_opening.pattern): team_opening.subject
                for team_opening in super().openings("team")
            }
        except NotReadError:
            return openings
        return [
            opening._replace(subject=formed.get((opening.clause, opening.pattern), opening.subject))
            if opening.who == "anyone"
            else opening
            for opening in openings
        ]

    def _strangers(self, base: Base) -> list[Stranger]:
        """Add a tenant that shares the ids below it: unshared ids are only inferred."""
        derived, profile = super()._strangers(base), base.profile
        if profile is None or profile.tenancy.tenant is None or profile.tenancy.in_issuer:
            return derived
        parsed = profile.parse_subject(base.subject)
        value = parsed.value(profile.tenancy.tenant)
        shared = [part.name for part in labelled(parsed) if part.name in profile.tenancy.unique]
        shared = [name for name in shared if name != profile.tenancy.tenant]
        if value and shared:
            subject = changed(parsed, {profile.tenancy.tenant: None})
            return [*derived, Stranger(subject, "tenant", profile.tenancy.tenant, shared[0])]
        return derived

    def names_alike(self) -> list[Opening]:
        """Find accepted values that merely start or end like the intended one, in any part of the subject."""
        return self.look_alikes("longer", "before")

    def twins(self) -> list[Opening]:
        """Find accepted names that differ from the intended one in single characters or in case."""
        return self._beside_wider(self.look_alikes("twin", "case"))

    def _beside_wider(self, openings: list[Opening]) -> list[Opening]:
        """Omit clauses that accept every tenant, since that finding is more important."""
        try:
            wider = (
                {(wider_opening.clause, wider_opening.pattern) for wider_opening in self.openings("anyone", "tenant")}
                if openings
                else set()
            )
        except NotReadError:
            wider = set()
        return [opening for opening in openings if (opening.clause, opening.pattern) not in wider]

    def look_alikes(self, *who: Who) -> list[Opening]:
        """Find accepted values similar to the intended one, in parts of the subject where another value is refused."""
        self._policy()
        openings: list[Opening] = []
        tried: list[Trace] = []
        for base in self._all_bases():
            profile = base.profile
            if profile is None or self._admits(base, base.subject) is False:
                continue
            candidates = self._shared_traces.look_alikes(base.subject, profile, base.texts)
            others = {
                (candidate.segment, candidate.shares): candidate.subject
                for candidate in candidates
                if candidate.who == "other"
            }
            for stranger in candidates:
                other = others.get((stranger.segment, stranger.shares))
                if stranger.who not in who or other is None:
                    continue
                trace = self._trace(base, stranger.subject)
                tried.append(trace)
                if not self._accepted(trace) or self._admits(base, other) is not False:
                    continue
                if self._is_open_ended(base, stranger) and not self._is_meant(base, stranger):
                    whole = _closed(base, stranger.segment)
                    openings += [opening._replace(intended=whole) for opening in self._openings(base, stranger, trace)]
        return self._concluded(openings, tried)

    def _is_open_ended(self, base: Base, stranger: Stranger) -> bool:
        """Whether a value that no list contains by chance is accepted as well."""
        if stranger.who not in ("longer", "before"):
            return True
        value = _value(base, base.subject, stranger.segment)
        folder, slash, name = value.rpartition("/")
        probe = value + _PROBE if stranger.who == "longer" else f"{folder}{slash}{_PROBE}{name}"
        return self._admits(base, _with(base, stranger, probe)) is True

    def _is_meant(self, base: Base, stranger: Stranger) -> bool:
        """Whether the accepted names are a family within one tenant: `app-*`, `release*`, `*-eu`."""
        profile: Profile = base.case.profile
        if stranger.segment == profile.tenancy.tenant or stranger.who == "case":
            return False
        value = _value(base, base.subject, stranger.segment)
        if stranger.who == "twin":
            return _differs_between_joints(value, _value(base, stranger.subject, stranger.segment))
        fixed = self._fixed_part(base, stranger, value)
        if stranger.segment.endswith("ref"):
            return fixed.rpartition("/")[2] not in _BRANCHES
        return not fixed or (fixed.endswith(_JOINTS) if stranger.who == "longer" else fixed.startswith(_JOINTS))

    def _fixed_part(self, base: Base, stranger: Stranger, value: str) -> str:
        """Return the shortest prefix of the value (or suffix of its last name) with which any name is accepted."""
        folder, slash, name = value.rpartition("/") if stranger.who == "before" else ("", "", value)
        low, high = 0, len(name)
        while low < high:
            middle = (low + high) // 2
            part = name[:middle] + _PROBE if stranger.who == "longer" else _PROBE + name[len(name) - middle :]
            accepted = self._admits(base, _with(base, stranger, folder + slash + part))
            low, high = (low, middle) if accepted else (middle + 1, high)
        return name[:low] if stranger.who == "longer" else name[len(name) - low :]

    def left_open(self) -> list[Opening]:
        """Find parts of the subject that a clause requires, but accepts with any value."""
        self._policy()
        openings: list[Opening] = []
        for base in self._all_bases():
            profile = base.profile
            if profile is None:
                continue
            parsed = profile.parse_subject(base.subject)
            for segment in labelled(parsed):
                values = _other_values(profile, segment) if segment.name in profile.tenancy.scopes else []
                if not values or not self._admits(base, base.subject) or not self._asked_for(base, segment):
                    continue
                others = [Stranger(changed(parsed, {segment.name: value}), "other", segment.name) for value in values]
                unlisted = changed(parsed, {segment.name: segment.value + _PROBE})
                if all(self._admits(base, subject) for subject in (unlisted, *(other.subject for other in others))):
                    openings += self._openings(base, others[0], self._trace(base, others[0].subject))
        return self._concluded(openings, ())

    def _asked_for(self, base: Base, segment: Segment) -> bool:
        """Whether the subject is accepted only with this part: not if the part has another key."""
        if not segment.labelled or not segment.start:
            return False
        text = base.subject
        return self._admits(base, f"{text[: segment.start]}x{text[segment.start :]}") is not True

    def beside_production(self) -> list[Opening]:
        """Find accepted previews and pull requests, if production is accepted by name."""
        self._policy()
        reported: list[Opening] = []
        for base in self._all_bases():
            profile = base.profile
            if profile is None:
                continue
            parsed = profile.parse_subject(base.subject)
            for segment in labelled(parsed):
                if not _names_production(profile, segment) or not self._admits(base, base.subject):
                    continue
                other = changed(parsed, {segment.name: another(segment.value)})
                if self._admits(base, other) is not False or not self._asked_for(base, segment):
                    continue  # another value is accepted too, so production is not named
                for subject in self._reviews(base, segment):
                    if self._admits(base, subject):
                        stranger = Stranger(subject, "other", segment.name)
                        openings = self._openings(base, stranger, self._trace(base, subject))
                        reported += [opening._replace(intended=base.subject, segment="preview") for opening in openings]
        return self._concluded(reported, ())

    def _reviews(self, base: Base, segment: Segment) -> Iterator[str]:
        """Yield subjects of previews and pull requests of the same owner and repository."""
        profile: Profile = base.case.profile
        parsed = profile.parse_subject(base.subject)
        before = {part.name: part.value for part in parsed.segments if part.known}
        owners = [name for name in (profile.tenancy.tenant, profile.tenancy.team) if name]
        for form in profile.grammar.forms:
            flags = [name for name in form.segments if _is_flag(profile, name)]
            if flags and set(form.segments) - set(flags) <= set(before):
                yield written(profile.grammar, form, before)
        if segment.name not in _ENVIRONMENTS:
            return  # a branch is unrelated to environments
        yield from (changed(parsed, {segment.name: word}) for word in _REVIEW)
        for other in self._all_bases():
            values = {part.name: part.value for part in profile.parse_subject(other.subject).segments if part.known}
            review = any(_words(values.get(name, "")) & set(_REVIEW) for name in _ENVIRONMENTS)
            if other.issuer == base.issuer and review and all(values.get(name) == before.get(name) for name in owners):
                yield other.subject

    def undone(self) -> list[Opening]:
        """Find clauses that accept everything that another clause accepts, and more."""
        policy = self._policy()
        bases = self._all_bases()
        pairs: dict[
            tuple[str, str], Opening | None
        ] = {}  # narrow and wide clause; None if the narrow one adds something
        for base in bases:
            profile = base.profile
            if profile is None or not self._admits(base, base.subject):
                continue
            present = subject_clauses(self._trace(base, base.subject))
            for stranger in _neighbours(base, profile, bases) if len(present) > 1 else ():
                if stranger.subject == self.case.token.subject:
                    continue
                trace = self._trace(base, stranger.subject)
                if not self._accepted(trace):
                    continue
                clauses = subject_clauses(trace)
                for narrow in [clause for clause in present if clause not in clauses]:
                    for wide in [clause for clause in present if clause in clauses]:
                        statement, text, operator, pointer = present[wide]
                        opening = Opening(
                            stranger.subject,
                            stranger.who,
                            stranger.segment.replace("_", " "),
                            statement_name(statement),
                            text,
                            operator,
                            policy.at(pointer),
                            base.customers,
                            intended=present[narrow][1] or statement_name(present[narrow][0]),
                        )
                        pairs.setdefault((narrow, wide), opening)
                for narrow in clauses:
                    pairs |= {(narrow, wide): None for wide in present.keys() - clauses.keys()}
        return self._beside_wider(self._concluded([opening for opening in pairs.values() if opening is not None], ()))

    def audiences(self) -> list[Opening]:
        """Find accepted tokens for another audience of the provider, if no condition tests the audience."""
        policy = self._policy()
        openings: list[Opening] = []
        unread = ""
        for base in self._all_bases():
            own = base.case.token.claims.get("aud")
            fixed = base.profile.audience.fixed if base.profile else None
            if fixed or not isinstance(own, str) or "aud" in shared_issuer_control(base.issuer):
                continue  # the issuer's tokens all have the same audience, or it names the tenant
            unlisted = evaluate(as_stranger(with_audience(base.case, _UNLISTED), base.subject))
            if unlisted.step("authorise").state != PASSED or unlisted.step("provider").state == REFUSED:
                continue
            ids = client_ids(base.case, base.issuer)
            if ids is None:
                unread = f"not read: the ClientIDList of {base.issuer}, of which each audience passes the trust policy"
            for audience in ids or ():
                trace = evaluate(as_stranger(with_audience(base.case, audience), base.subject))
                if audience != own and self._accepted(trace):
                    openings += [
                        Opening(
                            base.subject,
                            "audience",
                            "audience",
                            statement_name(statement),
                            audience,
                            at=policy.at(statement.pointer),
                            customers=base.customers,
                            intended=own,
                        )
                        for statement in allowing(trace)
                    ]
        if not openings and unread:
            raise NotReadError(unread)
        by_clause: dict[str, Opening] = {}
        for opening in openings:
            by_clause.setdefault(opening.clause, opening)
        return list(by_clause.values())

    def vacuous(self) -> list[Opening]:
        """Find clauses that are true without the tested claim, with a stranger who passes that way."""
        self._policy()
        holding: dict[str, Opening] = {}
        apt: set[str] = set()  # clauses whose stranger differs in the tested part
        unknown: Trace | None = None
        for base in self._all_bases():
            if not any(_lenient_keys(base, self._trace(base, base.subject))):
                continue
            for stranger, trace in self._tokens_without(base):
                accepted = self._accepted(trace)
                if accepted is None and any(key.result is None for _, _, key in _lenient_keys(base, trace)):
                    unknown = unknown or trace
                for clause in _held(base, trace) if accepted else ():
                    key = clause[2]
                    if key.pointer not in holding or (stranger.segment == claim(key) and key.pointer not in apt):
                        holding[key.pointer] = self._lenient_opening(base, stranger, clause)
                    apt |= {key.pointer} if stranger.segment == claim(key) else set()
        if not holding and unknown is not None:
            raise NotReadError(f"whether a synthetic subject is accepted depends on {open_question(unknown)}")
        return list(holding.values())

    def _tokens_without(self, base: Base) -> Iterator[tuple[Stranger, Trace]]:
        """Yield other subjects, and the base's in forms without a tested claim."""
        profile = base.profile
        candidates = list(self._shared_traces.strangers(base.subject, profile))
        if profile is None:
            yield from ((candidate, self._trace(base, candidate.subject)) for candidate in candidates)
            return
        candidates += [
            candidate
            for candidate in self._shared_traces.look_alikes(base.subject, profile, base.texts)
            if candidate.who == "other"
        ]
        yield from (
            (candidate, self._trace(base, candidate.subject))
            for candidate in candidates
            if candidate.who not in ("key", "longer")
        )
        values = {part.name: part.value for part in profile.parse_subject(base.subject).segments if part.known}
        tested = {claim(key) for _, name, key in keys(self._trace(base, base.subject)) if lenient(name)}
        for name, template in profile.implied:
            for form in profile.grammar.forms if name in tested and template == f"{{{name}}}" else ():
                if name not in form.segments:
                    subject = written(profile.grammar, form, values)
                    yield Stranger(subject, "other", name), evaluate(as_stranger(base.case, subject, lacking=name))

    def not_required(self) -> list[Opening]:
        """Find clauses that would be true without the tested claim, with no known stranger who uses this."""
        self._policy()
        try:
            used = {opening.at for opening in self.vacuous()}
        except NotReadError:
            used = set()
        holding: dict[str, Opening] = {}
        for base in self._all_bases():
            complete = self._trace(base, base.subject)
            claims = {claim(key) for _, name, key in keys(complete) if lenient(name)}
            for name in ("", *sorted(claims)):
                trace = evaluate(as_stranger(base.case, base.subject, lacking=name)) if name else complete
                if trace.step("authorise").state != PASSED:
                    continue
                for statement, operator, key in _held(base, trace):
                    about = Stranger(base.subject, "other", name)
                    opening = self._lenient_opening(base, about, (statement, operator, key))
                    if opening.at not in used:
                        holding.setdefault(key.pointer, opening)
        return list(holding.values())

    def _lenient_opening(self, base: Base, stranger: Stranger, clause: tuple[Node, str, Node]) -> Opening:
        statement, operator, key = clause
        exported = key.name.lower() in {
            f"{base.issuer}:{name}".lower() for name in condition_keys(base.profile, base.issuer)
        }
        return Opening(
            stranger.subject,
            "lacking",
            claim(key) if exported else "",
            statement_name(statement),
            key.name,
            lenient(operator),
            self._policy().at(key.pointer),
            base.customers,
            intended=operator,
        )


def _closed(base: Base, segment: str) -> str:
    """Return the subject's part with its separators: `:environment=production:`, `repo:acme/`."""
    profile: Profile = base.case.profile
    part = next(part for part in profile.parse_subject(base.subject).segments if part.name == segment)
    return base.subject[max(part.start - 1, 0) : part.end + 1]


def _with(base: Base, stranger: Stranger, value: str) -> str:
    """Return the stranger's subject with another value of the differing part."""
    profile: Profile = base.case.profile
    return changed(profile.parse_subject(stranger.subject), {stranger.segment: value})


def _value(base: Base, subject: str, segment: str) -> str:
    profile: Profile = base.case.profile
    return profile.parse_subject(subject).value(segment) or ""


def _differs_between_joints(value: str, twin: str) -> bool:
    start = next((place for place, (left, right) in enumerate(zip(value, twin, strict=False)) if left != right), 0)
    end = next(
        (place for place, (left, right) in enumerate(zip(value[::-1], twin[::-1], strict=False)) if left != right), 0
    )
    before, after = value[:start], value[len(value) - end :]
    return before.endswith(_JOINTS) if before else after.startswith(_JOINTS)


def _other_values(profile: Profile, segment: Segment) -> list[str]:
    """Return the other values of a closed list, else another value; none if each run has its own value."""
    rule = profile.segment_rule(segment.name)
    if rule is None or any(segment.value.startswith(prefix) for prefix in rule.varies):
        return []
    if rule.values:
        return [value for value in rule.values if value != segment.value]
    start = _ALL_BRANCHES if segment.value.startswith(_ALL_BRANCHES) else ""
    return [start + another(segment.value.removeprefix(start))]


def _names_production(profile: Profile, segment: Segment) -> bool:
    if segment.name in _ENVIRONMENTS and not is_closed(profile, segment.name):
        return bool(_words(segment.value) & _PRODUCTION)
    return segment.name.endswith("ref") and segment.value.rpartition("/")[2] in _BRANCHES


def _is_flag(profile: Profile, name: str) -> bool:
    rule = profile.segment_rule(name)
    return rule is not None and rule.flag


def _words(value: str) -> set[str]:
    return set(re.split(r"[^a-z]+", value.lower()))


def _neighbours(base: Base, profile: Profile, bases: list[Base]) -> Iterator[Stranger]:
    parsed = profile.parse_subject(base.subject)
    for stranger in (*strangers(base.subject, profile), *resembling(base.subject, profile, base.texts)):
        if stranger.who != "key":
            yield stranger
    for segment in labelled(parsed):
        rule = profile.segment_rule(segment.name)
        if rule is not None and rule.values:
            for value in _other_values(profile, segment):
                yield Stranger(changed(parsed, {segment.name: value}), "other", segment.name)
    for other in bases:
        if other.issuer == base.issuer and other.subject != base.subject:
            yield Stranger(other.subject, "other")


def _lenient_keys(base: Base, trace: Trace, *, applied: bool = False) -> Iterator[tuple[Node, str, Node]]:
    """Yield single-valued keys under an operator that requires a value, but is true without one."""
    types = condition_keys(base.profile, base.issuer)
    for statement, operator, key in keys(trace, applied=applied):
        of_issuer = "." in key.name.rpartition(":")[0] and types.get(claim(key), "single") != "multi"
        if of_issuer and lenient(operator):
            yield statement, operator, key


def _held(base: Base, trace: Trace) -> Iterator[tuple[Node, str, Node]]:
    """Yield those keys that are true because the request lacks them."""
    yield from (lenient for lenient in _lenient_keys(base, trace, applied=True) if lenient[2].reason == "vacuous")
