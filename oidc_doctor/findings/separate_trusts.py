"""Find a trust that serves several environments, types or models, and patterns that would separate them.

The logs show what was served, the judge what the trust accepts. Each proposed pattern is tried on every logged subject:
together they accept all, and each accepts only its own share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError, Separation, Share
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.strangers import as_stranger, refuses
from oidc_doctor.issuers.heads import owner_head, same_team
from oidc_doctor.issuers.strangers import another, with_value
from oidc_doctor.judge import evaluate
from oidc_doctor.model.document import Document, Origin
from oidc_doctor.model.evidence import GcpProvider, Role
from oidc_doctor.model.steps import REFUSED, UNKNOWN

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.issuers.grammar import Segment
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Signature
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.steps import Cloud

_STEPS = {"aws": ("authorise",), "gcp": ("condition", "mapping")}
_MOST_SUBJECTS = 60  # distinct logged subjects
_MOST_SHARES = 4
_ENVIRONMENTS = ("environment", "env")  # the segments with these names
_SIGNS = set("*?$'\\")  # characters that are special in a pattern or a quoted string


class SeparateTrusts:
    """Finds what a role or provider serves, by its logs, and how it could be separated."""

    def __init__(self, case: Case, signatures: Sequence[Signature]) -> None:
        self.case = case._replace(readings=())
        self.signatures = signatures
        self.steps = _STEPS[case.cloud]

    @property
    def cloud(self) -> Cloud:
        """The cloud of the exchange."""
        return self.case.cloud

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name; empty if unknown."""
        return reach_of(self.case).resource

    def separation(self) -> Separation | None:
        """Return the first working separation: by environment, type, then model. None if only one is served."""
        profile: Profile | None = self.case.profile
        if profile is None:
            raise NotReadError("the parts of the issuer's subjects are not known")
        served = self._served(profile)
        for key in _keys(profile):
            shares: dict[str, list[str]] = {}
            for subject in served:
                shares.setdefault(key(subject), []).append(subject)
            if 1 < len(shares) <= _MOST_SHARES and "" not in shares:
                proven = self._proven(profile, shares, served)
                if proven is not None:
                    return proven
        return None

    def _served(self, profile: Profile) -> dict[str, int]:
        """Return the subjects of the token's team that were accepted in the logs and pass now, with their attempts."""
        accepted = [
            signature
            for signature in self.signatures
            if signature.sample.outcome == "accepted" and signature.sample.step == "exchange"
        ]
        if not accepted:
            raise NotReadError("no log shows an accepted attempt")
        counts: dict[str, int] = {}
        for signature in accepted:
            subject = signature.sample.subject or ""
            if subject.isprintable() and subject and not _SIGNS & set(subject):
                counts[subject] = counts.get(subject, 0) + signature.count
        owners: dict[str, int] = {}
        for subject, count in counts.items():
            head = owner_head(subject, profile)
            owners[head] = owners.get(head, 0) + count
        owners.pop("", None)
        own = owner_head(self.case.token.subject or "", profile)
        head = own if own in owners else max(owners, key=lambda owner: owners[owner], default="")
        mine = [subject for subject in counts if head and owner_head(subject, profile) == head][:_MOST_SUBJECTS]
        states = {subject: self._states(subject) for subject in mine}
        if any(UNKNOWN in results and REFUSED not in results for results in states.values()):
            raise NotReadError("whether the subjects in the logs pass now depends on what was not read")
        return {subject: counts[subject] for subject, results in states.items() if REFUSED not in results}

    def _states(self, subject: str) -> list[str]:
        trace = evaluate(as_stranger(self.case, subject)._replace(traced=False))
        return [trace.step(step).state for step in self.steps]

    def _proven(self, profile: Profile, shares: dict[str, list[str]], served: dict[str, int]) -> Separation | None:
        separations = []
        for name, subjects in shares.items():
            texts = self._texts(profile, name, subjects)
            evidence = self._with(texts)
            if evidence is None or not self._separates(profile, evidence, subjects, list(served)):
                return None
            separations.append(Share(name, sum(served[subject] for subject in subjects), texts))
        if sum(len(share.patterns) for share in separations) > _MOST_SHARES:
            return None
        return Separation(
            tuple(sorted(separations, key=lambda share: -share.attempts)), *self._place(next(iter(served)))
        )

    def _separates(self, profile: Profile, evidence: TargetEvidence, own: list[str], served: list[str]) -> bool:
        """Whether a trust with these patterns accepts only its own share, and nobody whom the present trust refuses."""
        edited = self.case._replace(evidence=evidence)
        if any(refuses(edited, subject, *self.steps) != (subject not in own) for subject in served):
            return False
        refused = [neighbour for neighbour in same_team(own[0], profile) if refuses(self.case, neighbour, *self.steps)]
        return all(refuses(edited, neighbour, *self.steps) for neighbour in refused)

    # The proposed texts

    def _with(self, texts: tuple[str, ...]) -> TargetEvidence | None:
        if self.cloud == "gcp":
            from oidc_doctor.findings.fixes.narrow_gcp import with_tests  # late: one cloud does not load the other's

            return with_tests(self.case, *texts)
        from oidc_doctor.findings.fixes.narrow_aws import with_subjects

        return with_subjects(self.case, texts)

    def _texts(self, profile: Profile, name: str, subjects: list[str]) -> tuple[str, ...]:
        """Return subject patterns for AWS, or an additional test for a Google condition."""
        if self.cloud == "gcp":
            return self._tests(profile, name, subjects)
        pinned = self._pinned(profile, subjects[0])
        patterns = [self._pattern(profile, name, subject, pinned, subjects) for subject in subjects]
        return tuple(dict.fromkeys(patterns))

    def _tests(self, profile: Profile, name: str, subjects: list[str]) -> tuple[str, ...]:
        from oidc_doctor.findings.fixes.narrow_gcp import subject_name

        sign, path = profile.grammar.separator, subject_name(self.case)
        part = _segment(profile, name, subjects[0])
        text = _written(profile, name, subjects[0], subjects).removesuffix("*")
        if part.end < len(subjects[0]):
            return (f"{path}.contains('{sign}{text}{sign}')",)
        return (f"{path}.{'endsWith' if text[-1:] != sign else 'contains'}('{sign}{text}')",)

    def _pinned(self, profile: Profile, subject: str) -> set[str]:
        """Return the segments for which the present trust refuses other values."""
        head = owner_head(subject, profile)
        pinned = set()
        for part in profile.parse_subject(subject).segments:
            if part.known and part.value and part.start >= len(head):
                other = with_value(subject, profile, part.name, another(part.value))
                if other == subject or refuses(self.case, other, *self.steps):
                    pinned.add(part.name)
        return pinned

    def _pattern(self, profile: Profile, name: str, subject: str, pinned: set[str], subjects: list[str]) -> str:
        """Return the subject with its owner, its share and parts fixed by the present trust; * for everything else."""
        head, share = owner_head(subject, profile), _segment(profile, name, subject)
        text, done, wild = head, len(head), False
        for part in profile.parse_subject(subject).segments:
            if part.start < len(head):
                continue
            if part.name == share.name:
                literal = _written(profile, name, subject, subjects)
            else:
                literal = subject[part.start : part.end] if part.name in pinned and part.value else ""
            if literal:
                text += subject[done : part.start] + literal
            elif not wild:
                text += subject[done : part.start] + "*"
            done, wild = part.end, not literal
        return text

    def _place(self, subject: str) -> tuple[str, Origin | None]:
        """Return the statement or condition that accepts a subject, and its origin."""
        aws, gcp = self.case.evidence.aws, self.case.evidence.gcp
        if self.cloud == "gcp":
            provider = gcp.provider if gcp is not None else None
            if not isinstance(provider, GcpProvider):
                return "", None
            return provider.condition or "", provider.document.at("/attributeCondition" if provider.condition else "")
        policy = evaluate(as_stranger(self.case, subject)).detail.get("policy")
        nodes = [node for node in (policy.children if policy else ()) if node.expected == "Allow" and node.result]
        role = aws.role if aws is not None else None
        if not nodes or not isinstance(role, Role) or not isinstance(role.trust_policy, Document):
            return "", None
        index = nodes[0].pointer.rpartition("/")[2]
        return f"Statement[{index if index.isdigit() else 0}]", role.trust_policy.at(nodes[0].pointer)


def _keys(profile: Profile) -> Iterator[Callable[[str], str]]:
    """Yield ways to identify a subject's share: environment or form, closed values, workload names."""
    tenancy = profile.tenancy
    owners = (tenancy.tenant, tenancy.team, *_ENVIRONMENTS)
    rules = [rule for rule in profile.grammar.rules if rule.name not in owners and not rule.varies and not rule.after]
    closed = [rule.name for rule in rules if len(rule.values) > 1]
    names = [rule.name for rule in rules if rule.name in tenancy.names]
    yield lambda subject: _environment(profile, subject)
    for name in (*closed, *names):
        yield lambda subject, name=name: _valued(profile, subject, name)  # type: ignore[misc]


def _environment(profile: Profile, subject: str) -> str:
    """Return the environment with its value; without an environment, the name of the last segment."""
    segments = [part for part in profile.parse_subject(subject).segments if part.known]
    for part in segments:
        if part.name in _ENVIRONMENTS and part.value:
            return f"{part.name} {part.value}"
    return segments[-1].name if segments else ""


def _valued(profile: Profile, subject: str, name: str) -> str:
    segments = profile.parse_subject(subject).segments
    value = next((part.value for part in segments if part.known and part.name == name), "")
    return f"{name} {value}" if value else ""


def _segment(profile: Profile, share: str, subject: str) -> Segment:
    """Return the segment that assigns the subject to this share."""
    name = share.partition(" ")[0]
    return next(part for part in profile.parse_subject(subject).segments if part.known and part.name == name)


def _written(profile: Profile, share: str, subject: str, subjects: list[str]) -> str:
    """Write the segment for a pattern: whole, or with * for its value if the share has several."""
    part = _segment(profile, share, subject)
    rule = profile.segment_rule(part.name)
    values = {_segment(profile, share, member).value for member in subjects}
    flag = rule is not None and rule.flag
    if " " in share or flag or (len(values) == 1 and not (rule is not None and rule.varies)):
        return subject[part.start : part.end]
    return subject[part.start : part.value_start] + "*"
