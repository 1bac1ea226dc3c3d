"""Find tokens that a trust accepts now and that an earlier configuration refused, by judging both.

The earlier configuration is that of the last time, or a revision that the logs show. A token counts if every step that
depends on the trust passes now, and one of them certainly refused it then: what is unknown is no finding. An edit that
repairs the exchange's own token accepts its neighbours again as well, so of such an edit only outsiders count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.shared_traces import BoundReachedError, SharedTraces
from oidc_doctor.findings.strangers import NAMED, OtherToken, declared_tokens, other_tokens, with_token
from oidc_doctor.findings.trust_reach_bases import policy_of, provider_of
from oidc_doctor.findings.trust_reach_traces import statement_name, subject_clauses
from oidc_doctor.issuers.heads import owner_head
from oidc_doctor.judge import evaluate
from oidc_doctor.model.comparison import Widening, apart
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evaluations import Evaluations, NoEvaluationsLeftError
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpProvider, Role
from oidc_doctor.model.json_pointer import segments
from oidc_doctor.model.limits import WIDENED
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.steps import PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Change
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.refusal import Trace
    from oidc_doctor.model.steps import Cloud

# The steps by which a trust distinguishes tokens, and those of them that certainly have to pass.
OF_TRUST: dict[Cloud, tuple[str, ...]] = {
    "aws": ("audience", "authorise"),
    "gcp": ("issuer", "audience", "condition", "mapping", "impersonate"),
}
DECIDING = ("authorise", "condition", "impersonate")
# The steps before them, which accept every token of the issuer or none.
BEFORE: dict[Cloud, tuple[str, ...]] = {"aws": ("provider",), "gcp": ("target",)}
_MOST_BASES = 4  # subjects that the configuration's own values suggest
_MOST_LOGGED = 40  # subjects from the logs
_MOST_CONFIGURATIONS = 12  # of the logs, the newest: every token is judged on each
_POLICIES = ("service_account_policy", "project_policy", "folder_policy", "organization_policy")


class EarlierConfiguration(NamedTuple):
    """A configuration that was in force before. `change` is the logged write that ended it, if there is one."""

    evidence: TargetEvidence
    at: float | None  # when it was read or written, epoch seconds
    change: Change | None = None


class WidenedTries:
    """The tokens that the exchanges of a report try on earlier configurations: each once, and so many in all."""

    def __init__(self) -> None:
        self.traces = SharedTraces()
        self.allowed = Evaluations(WIDENED.most)


class Widened:
    """Compares the trust of an exchange with earlier ones. `last` is that of the last time; `logged` those of the logs.

    `logged` are in order of time. `subjects` are those of logged attempts. The exchanges of a report share `tries`.
    """

    def __init__(
        self,
        case: Case,
        last: EarlierConfiguration | None,
        logged: Sequence[EarlierConfiguration],
        subjects: Sequence[str],
        tries: WidenedTries,
    ) -> None:
        self.case = case._replace(readings=(), asks_access=False, allowed=tries.allowed)
        self._traces = tries.traces
        self.last = last
        self.logged = logged[-_MOST_CONFIGURATIONS:]
        self.subjects = list(subjects)
        self.reach = reach_of(self.case, tries.traces)
        self.cloud = case.cloud

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name; empty if the target names none."""
        return self.reach.resource

    def widenings(self) -> list[Widening]:
        """Return the widest kind of token for each clause that accepts it now. Raises NotReadError.

        BoundReachedError where the report tried as many tokens as it may: whether this trust became wider is unknown.
        """
        try:
            return self._widenings()
        except NoEvaluationsLeftError:
            raise BoundReachedError(
                f"tokens were tried on earlier configurations {WIDENED.most:,} times, as often as a report does "
                f"({WIDENED.source}); whether this trust accepts more than before is unknown"
            ) from None

    def _widenings(self) -> list[Widening]:
        policy_of(self.case) if self.cloud == "aws" else provider_of(self.case)
        if self.last is None and not self.logged:
            raise NotReadError("neither earlier/ nor the logs have an earlier configuration to compare with")
        earlier = self.logged if self.last is None else [self.last]
        now = _documents(self.case.evidence, self.cloud)
        then = [_documents(one.evidence, self.cloud) for one in earlier]
        needed = "trust" if self.cloud == "aws" else "provider"
        if not any(needed in documents for documents in then):
            raise NotReadError("the earlier configuration of the trust was not read")
        different = [
            one
            for one, documents in zip(earlier, then, strict=True)
            if any(now.get(name, value) != value for name, value in documents.items())
        ]
        if not different:
            return []
        bases = [base for base in (self.case, *self.reach.own_cases()[:_MOST_BASES]) if base.token.subject]
        named = [*(base.token.subject for base in bases if base.token.subject), *self.subjects[:_MOST_LOGGED]]
        found: dict[tuple[str, str], Widening] = {}
        for base in bases:
            own = self.case if self.case.token.subject else base
            for other in self._tokens(base, own, named):
                widening = self._of_token(base, own, other, different)
                if widening is not None:
                    self._add(found, widening)
        return list(found.values())

    def _add(self, found: dict[tuple[str, str], Widening], widening: Widening) -> None:
        """Add the widening to those of its clause, of which the first is the widest."""
        key = (widening.clause, widening.now.value)
        first = found.setdefault(key, widening)
        if widening.who not in (first.who, *first.others):
            found[key] = first._replace(others=(*first.others, widening.who))

    def _tokens(self, base: Case, own: Case, subjects: Sequence[str]) -> Iterator[OtherToken]:
        """Yield the tokens to try, outsiders first: those that derive from the base's, and those with the subjects."""
        others = other_tokens(base)
        declared = declared_tokens(base, evaluate(base._replace(explain=True)), others)
        named = [OtherToken("", subject) for subject in subjects]
        tokens = [self._classified(own, other) for other in (*others, *declared, *named)]
        of_others = (token for token in tokens if token.subject != own.token.subject or token.audience or token.issuer)
        distinct = dict.fromkeys(of_others)
        yield from sorted(distinct, key=lambda token: not token.outsider)

    def _classified(self, own: Case, other: OtherToken) -> OtherToken:
        """Return the token with the part of the subject that differs from the own one, which says who may have it."""
        profile: Profile | None = own.profile
        if other.audience or other.issuer or profile is None:
            configured = not other.who or other.who == NAMED  # whose it is, is not known
            return other._replace(who="another workload", outsider=False) if configured else other
        before, after = (profile.parse_subject(subject) for subject in (own.token.subject or "", other.subject))
        values = {part.name: part.value for part in after.segments if part.known}
        differing = next(
            (part.name for part in before.segments if part.known and values.get(part.name) != part.value), ""
        )
        head = owner_head(own.token.subject or "", profile)
        outsider = not head or owner_head(other.subject, profile) != head
        return other._replace(who=f"another {differing.replace('_', ' ') or 'workload'}", outsider=outsider)

    def _of_token(
        self, base: Case, own: Case, other: OtherToken, earlier: Sequence[EarlierConfiguration]
    ) -> Widening | None:
        present = with_token(base, other)
        if not self._passes(self._traces.trace(present._replace(traced=False))):
            return None
        refusing = next((one for one in reversed(earlier) if self._refused(base, other, one)), None)
        if refusing is None or self._is_replaced(refusing):
            return None
        if not other.outsider and not self._accepted(own, refusing.evidence):
            return None
        now, then = evaluate(present), evaluate(self._case_then(base, other, refusing.evidence))
        step = next(step for step in (*BEFORE[self.cloud], *self._steps()) if then.step(step).state == REFUSED)
        if now.step(step).state != PASSED:
            return None
        clause, side, before = self._clauses(step, now, then, refusing.evidence)
        if before is not None:
            before, side = apart(before, side)
        write = refusing.change or self._write(base, other, refusing)
        return Widening(
            other.who,
            other.subject,
            clause,
            side,
            before,
            other.audience,
            other.issuer,
            at=write.time if write is not None else refusing.at,
            by=(write.by or "") if write is not None else "",
            call=write.what if write is not None else "",
            event_id=write.event_id if write is not None else "",
        )

    def _passes(self, now: Trace) -> bool:
        """Whether no step of the trust refuses a token now, and those that have to pass it do."""
        steps = (*BEFORE[self.cloud], *self._steps())
        return all(now.step(step).state == PASSED for step in self._steps() if step in DECIDING) and not any(
            now.step(step).state == REFUSED for step in steps
        )

    def _steps(self) -> tuple[str, ...]:
        """Return the steps that have to pass. Without a policy of the service account its members are not known."""
        gcp = self.case.evidence.gcp
        read = gcp is not None and isinstance(gcp.service_account_policy, AllowPolicy)
        return tuple(step for step in OF_TRUST[self.cloud] if step != "impersonate" or read)

    def _case_then(self, base: Case, other: OtherToken, evidence: TargetEvidence) -> Case:
        evidence = evidence._replace(target=self.case.evidence.target)
        return with_token(base._replace(evidence=evidence), other)._replace(explain=True)

    def _refused(self, base: Case, other: OtherToken, one: EarlierConfiguration) -> bool:
        """Whether the earlier trust certainly refused the token, although its provider could accept others."""
        return self._certainly_refuses(self._states_then(base, other, one.evidence))

    def _states_then(self, base: Case, other: OtherToken, evidence: TargetEvidence) -> Trace:
        """Judge without explanations, unless a step's state may depend on them."""
        case = self._case_then(base, other, evidence)
        if isinstance(evidence.truss, Missing):
            case = case._replace(explain=False, traced=False, contradictions=True)
        return self._traces.trace(case)

    def _certainly_refuses(self, then: Trace) -> bool:
        if any(then.step(step).state == REFUSED for step in BEFORE[self.cloud]):
            return False
        return any(then.step(step).state == REFUSED for step in self._steps())

    def _is_replaced(self, one: EarlierConfiguration) -> bool:
        """Whether the trust refuses the exchange's own token since: others were not added, but put in its place."""
        own = self.case
        if not own.token.subject or self._accepted(own, own.evidence):
            return False
        return self._accepted(own, one.evidence)

    def _accepted(self, own: Case, evidence: TargetEvidence) -> bool:
        """Whether a trust does not refuse the own token. If it did, an edit may be the repair of that."""
        then = self._states_then(own, OtherToken("", own.token.subject or ""), evidence)
        return all(then.step(step).state != REFUSED for step in self._steps())

    def _write(self, base: Case, other: OtherToken, read: EarlierConfiguration) -> Change | None:
        """Return the logged write since which the token is accepted; None if none is logged after the last time."""
        refusing = next((one for one in reversed(self.logged) if self._refused(base, other, one)), None)
        write = refusing.change if refusing is not None else None
        return write if write is not None and (read.at is None or write.time > read.at) else None

    def _clauses(self, step: str, now: Trace, then: Trace, evidence: TargetEvidence) -> tuple[str, Side, Side | None]:
        """Return the clause that accepts the token, in words, its text, and the text that refused it at `step`."""
        present = self.case.evidence
        if step == "authorise":
            policy = policy_of(self.case)
            statement, text, _, pointer = next(iter(subject_clauses(now).values()))
            refusal = next((found for found in then.step(step).refusals if found.certain), None)
            now_side = Side(text or "(no condition on the subject)", policy.at(pointer))
            then_side = None
            if refusal is not None and refusal.expected is not None:
                then_side = refusal.expected._replace(at=refusal.expected.at or refusal.where)
            return statement_name(statement), now_side, then_side
        if step == "impersonate":
            member = now.step(step).at
            policies = [policy.document for policy in _policies(present)]
            read = next((policy for policy in policies if member is not None and policy.file == member.file), None)
            text = _text_at(read, member.pointer) if read is not None and member is not None else "(a member)"
            before = next((policy.document for policy in _policies(evidence)), None)
            then_side = Side("(no member for it)", before.at("/bindings")) if before is not None else None
            return "a member of an allow policy", Side(text, member), then_side
        name, pointer, absent = _FIELDS[self.cloud, step]
        sides = [
            Side(_text_at(document, pointer) or absent, document.at(pointer))
            for document in (_provider(present, self.cloud), _provider(evidence, self.cloud))
            if document is not None
        ]
        return name, sides[0], sides[1] if len(sides) > 1 else None


# The fields of the provider that a step compares a token with: words, JSON pointer, and the words for its absence.
_FIELDS = {
    ("aws", "audience"): ("the ClientIDList", "/ClientIDList", "(no ClientIDList)"),
    ("gcp", "issuer"): ("the provider", "/oidc/issuerUri", "(no issuer)"),
    ("gcp", "audience"): ("the allowed audiences", "/oidc/allowedAudiences", "(the default audience)"),
    ("gcp", "condition"): ("the attribute condition", "/attributeCondition", "(no attribute condition)"),
    ("gcp", "mapping"): ("the attribute mapping", "/attributeMapping", "(no attribute mapping)"),
}


def _provider(evidence: TargetEvidence, cloud: Cloud) -> Document | None:
    side = evidence.aws if cloud == "aws" else evidence.gcp
    provider = side.provider if side is not None else None
    return provider.document if isinstance(provider, AwsOidcProvider | GcpProvider) else None


def _policies(evidence: TargetEvidence) -> list[AllowPolicy]:
    policies = (getattr(evidence.gcp, name) for name in _POLICIES) if evidence.gcp is not None else ()
    return [policy for policy in policies if isinstance(policy, AllowPolicy)]


def _documents(evidence: TargetEvidence, cloud: Cloud) -> dict[str, Any]:
    """Return the values of the documents that a trust consists of, without those that were not read."""
    documents: dict[str, Document | None] = {"provider": _provider(evidence, cloud)}
    role = evidence.aws.role if evidence.aws is not None else None
    if cloud == "aws" and isinstance(role, Role) and isinstance(role.trust_policy, Document):
        documents["trust"] = role.trust_policy
    documents |= {policy.resource: policy.document for policy in _policies(evidence)} if cloud == "gcp" else {}
    return {name: document.value for name, document in documents.items() if document is not None}


def _text_at(document: Document, pointer: str) -> str:
    """Return the text of a value: a string as it is, others as JSON; empty if there is none."""
    value = document.value
    for name in segments(pointer.removeprefix(document.pointer)):
        inner = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            inner = value[int(name)]
        value = inner
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
