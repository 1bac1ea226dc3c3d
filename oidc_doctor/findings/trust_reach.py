"""Find who else passes a trust policy or attribute condition, by judging synthetic subjects.

An unknown result is neither a finding nor a pass: `NotReadError` then says what it depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError, Opening
from oidc_doctor.findings.shared_traces import BoundReachedError, SharedTraces
from oidc_doctor.findings.strangers import as_stranger
from oidc_doctor.findings.trust_reach_bases import Base, bases_of, policy_of, provider_of
from oidc_doctor.findings.trust_reach_traces import deciding, open_question, statement_name, subject_clauses
from oidc_doctor.issuers.lookalikes import narrow
from oidc_doctor.issuers.strangers import Stranger, Who, with_value
from oidc_doctor.judge.aws.request_context import compared_in
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.limits import STRANGERS
from oidc_doctor.model.steps import ASSUMED, PASSED, REFUSED

if TYPE_CHECKING:
    from oidc_doctor.cel.trace import Node as CelNode
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace

_JOINTS = ("-", "_", ".")  # a string with this ending is a prefix of names: `app-*`
_PROBE = "Zq7"  # inserted after the start or before the end of a name


class TrustReach:
    """Finds who else passes an exchange. Each subject is evaluated once, on demand.

    The methods raise NotReadError if the configuration was not read, if no subject could be derived, and if no subject
    is certainly accepted while some results are unknown.
    """

    def __init__(self, case: Case, *, shared_traces: SharedTraces | None = None) -> None:
        self.case = case
        self._shared_traces = shared_traces or SharedTraces()
        self.cloud = case.cloud
        self._bases: list[Base] | None = None
        self._traces: dict[tuple[str, object, str], Trace] = {}
        self._values: int | None = None  # of the trust policy
        self._work = 0  # comparisons and steps of all evaluations so far

    # The protocol that checks use

    @property
    def resource(self) -> str:
        """The role's ARN, or the provider's name, as requested in the exchange."""
        target, gcp = self.case.evidence.target, self.case.evidence.gcp
        if self.cloud == "aws":
            return (target.aws.role_arn if target.aws else None) or ""
        read = gcp.provider.name if gcp and isinstance(gcp.provider, GcpProvider) else None
        return (target.gcp.provider if target.gcp else None) or read or ""

    @property
    def condition(self) -> str:
        """The attribute condition; empty if the provider has none."""
        return (self._provider().condition or "").strip()

    @property
    def example(self) -> str:
        """An example attribute condition that admits one tenant."""
        base = next(iter(self._all_bases()), None)
        profile = base.profile if base else None
        if base is None or profile is None:
            return "assertion.sub.startsWith('TENANT')"
        if profile.tenancy.condition:
            return profile.tenancy.condition
        tenants = [part for part in profile.parse_subject(base.subject).segments if part.name == profile.tenancy.tenant]
        start = base.subject[: tenants[0].end] if tenants else "TENANT"
        return f"assertion.sub.startsWith('{start}{profile.grammar.separator}')"

    def openings(self, *who: Who) -> list[Opening]:
        """Return the accepted strangers of these kinds: the widest per accepting clause."""
        tried = [
            (base, stranger, self._trace(base, stranger.subject))
            for base in self._all_bases()
            for stranger in self._strangers(base)
            if stranger.who in who
        ]
        if not tried:
            raise NotReadError("the form of the issuer's subjects is not known, so no synthetic subject could be made")
        passed = [
            opening
            for base, stranger, trace in tried
            if self._accepted(trace)
            for opening in self._openings(base, stranger, trace)
        ]
        return self._concluded(passed, (trace for _, _, trace in tried))

    def accepted_subjects(self) -> list[str]:
        """Return passing subjects, derived from the configuration. NotReadError if unknown."""
        traces = [(base.subject, self._trace(base, base.subject)) for base in self._all_bases()]
        accepted = [subject for subject, trace in traces if self._accepted(trace)]
        for _, trace in traces if not accepted else ():
            if self._accepted(trace) is None:
                raise NotReadError(f"whether a subject is accepted depends on {open_question(trace)}")
        return accepted

    def own_cases(self) -> list[Case]:
        """Return the case with each token that the configuration's own values suggest, and a fixed audience if any."""
        cases = []
        for base in self._all_bases():
            case = as_stranger(base.case, base.subject)
            fixed = base.profile.audience.fixed if base.profile else None
            claims = {**case.token.claims, **({"aud": fixed} if fixed else {})}
            cases.append(case._replace(token=case.token._replace(claims=claims), explain=True))
        return cases

    def names_alike(self) -> list[Opening]:
        """Find accepted tenant, team and workload names that merely start like the intended name."""
        openings = self._alike(("longer",), names_only=True)
        return [opening for opening in openings if opening.operator != "contains"]

    def values_alike(self) -> list[Opening]:
        """Find further values that contains() accepts because the end of the intended value is not fixed."""
        conditions = [self._trace(base, base.subject).detail.get("condition") for base in self._all_bases()]
        calls = (node.function for condition in conditions if condition is not None for node in condition.walk())
        if "contains" not in calls:
            return []
        openings = self._alike(("longer", "key"), names_only=False)
        return [opening for opening in openings if opening.operator == "contains"]

    def _strangers(self, base: Base) -> list[Stranger]:
        """Return a base's strangers that `openings` tries."""
        return self._shared_traces.strangers(base.subject, base.profile)

    # Evaluating

    def _all_bases(self) -> list[Base]:
        """Return the subjects that strangers are derived from."""
        if self._bases is None:
            self._bases = list(self._derive_bases())
        return self._bases

    def _derive_bases(self) -> Iterator[Base]:
        yield from bases_of(self.case, self._shared_traces)

    def _policy(self) -> Document:
        return policy_of(self.case)

    def _provider(self) -> GcpProvider:
        return provider_of(self.case)

    def _trace(self, base: Base, subject: str) -> Trace:
        """Evaluate the exchange with a token of this subject, otherwise like the base's."""
        key = (base.issuer, str(base.case.token.claims.get("aud")), subject)
        if key not in self._traces:
            self._traces[key] = self._counted(lambda: self._shared_traces.stranger(base.case, subject))
        return self._traces[key]

    def _counted(self, judge: Callable[[], Trace]) -> Trace:
        """Judge a stranger. NotReadError if earlier ones took too much work, whoever asked for them first."""
        if self._work > STRANGERS.most:
            raise BoundReachedError(
                f"{len(self._traces):,} synthetic subjects were tried, as many as such a long text allows "
                f"({STRANGERS.source})"
            )
        trace = judge()
        self._work += self._work_of(trace)
        return trace

    def _work_of(self, trace: Trace) -> int:
        if self.cloud == "aws":
            if self._values is None:
                self._values = compared_in([self._policy().value])
            return 1 + self._values
        expressions = [trace.detail.get("condition"), *trace.detail.get("mapping", {}).values()]
        steps: int = sum(root.work + root.parts for root in expressions if root is not None)
        return 1 + steps

    def _accepted(self, trace: Trace) -> bool | None:
        """Whether the exchange accepts this token; None if unknown.

        The stranger chooses the request, and has its own token with valid signature and times.
        """
        if self.cloud == "aws":
            if REFUSED in (trace.step("provider").state, trace.step("audience").state):
                return False
            return {PASSED: True, REFUSED: False}.get(trace.step("authorise").state)
        condition, mapping = trace.step("condition").state, trace.step("mapping").state
        if REFUSED in (condition, mapping):
            return False
        return True if condition == PASSED else None

    def _admits(self, base: Base, subject: str) -> bool | None:
        """Whether the exchange accepts a token of this subject, otherwise like the base's."""
        return self._accepted(self._trace(base, subject))

    def _alike(self, who: tuple[Who, ...], *, names_only: bool) -> list[Opening]:
        """Find accepted values similar to the base's, in segments where another value is refused."""
        alike: list[Opening] = []
        tried: list[Trace] = []
        for base in self._all_bases():
            candidates = self._shared_traces.strangers(base.subject, base.profile)
            for stranger in candidates:
                if stranger.who not in who or (names_only and stranger.segment not in _names_of(base.profile)):
                    continue
                trace = self._trace(base, stranger.subject)
                if stranger.who != "key":  # its segment is not the issuer's, so its claims are unknown
                    tried.append(trace)
                if not self._accepted(trace) or self._is_listed(base, stranger):
                    continue
                other = next(
                    candidate
                    for candidate in candidates
                    if candidate.who == "other" and candidate.segment == stranger.segment
                )
                against = self._trace(base, other.subject)
                if self._accepted(against) is False and not (names_only and self._is_scheme(base, stranger.segment)):
                    alike += self._openings(base, stranger, trace, against)
        return self._concluded(alike, tried)

    def _is_listed(self, base: Base, stranger: Stranger) -> bool:
        """Whether a longer name is accepted only because it is listed, while other longer names are refused."""
        if stranger.who != "longer" or base.profile is None:
            return False
        value = base.profile.parse_subject(base.subject).value(stranger.segment) or ""
        probe = with_value(base.subject, base.profile, stranger.segment, value + _PROBE)
        return self._accepted(self._trace(base, probe)) is False

    def _is_scheme(self, base: Base, segment: str) -> bool:
        """Whether the accepted names share a deliberate prefix within one tenant."""
        in_tenant = base.profile is not None and segment != base.profile.tenancy.tenant
        return in_tenant and self._beginning(base, segment).endswith(_JOINTS)

    def _beginning(self, base: Base, segment: str) -> str:
        """Return the shortest accepted prefix of the segment's value, with any continuation."""
        if base.profile is None:
            return ""
        value = base.profile.parse_subject(base.subject).value(segment) or ""
        low, high = 0, len(value)
        while low < high:
            middle = (low + high) // 2
            probe = with_value(base.subject, base.profile, segment, value[:middle] + _PROBE)
            low, high = (low, middle) if self._admits(base, probe) else (middle + 1, high)
        return value[:low]

    def _concluded(self, openings: list[Opening], tried: Iterable[Trace]) -> list[Opening]:
        """Return the first opening of each clause. NotReadError if there is none and some result is unknown."""
        if not openings:
            for trace in tried:
                if self.cloud == "aws" and trace.step("authorise").state == PASSED and not self._accepted(trace):
                    step = "audience" if trace.step("audience").state == REFUSED else "provider"
                    raise NotReadError(
                        f"no token of the issuer passes the step {step} now; the trust policy alone would accept others"
                    )
                if self._accepted(trace) is None:
                    raise NotReadError(f"whether a synthetic subject is accepted depends on {open_question(trace)}")
        by_clause: dict[tuple[str, str, str], Opening] = {}
        for opening in openings:
            by_clause.setdefault((opening.clause, opening.pattern, opening.segment), opening)
        return list(by_clause.values())

    def _openings(
        self, base: Base, stranger: Stranger, trace: Trace, against: Trace | None = None
    ) -> Iterator[Opening]:
        """Yield the clauses that accept the stranger."""
        profile = base.profile
        segment: str | None = stranger.segment
        if stranger.who == "anyone" and profile is not None:
            segment = profile.tenancy.team if profile.tenancy.in_issuer else profile.tenancy.tenant
        about = Opening(
            stranger.subject,
            stranger.who,
            (segment or "").replace("_", " "),
            customers=base.customers,
            narrow=narrow(profile, self.case.token.subject or "") if profile is not None else "",
            shares=stranger.shares,
            documented=profile is not None and self.cloud == "aws" and stranger.segment in profile.tenancy.open,
            audience=self._other_audience(base),
        )
        if self.cloud == "gcp":
            provider = self._provider()
            node = deciding(trace, against) if against else None
            text, function = (node.text, node.function or node.op) if node else (self.condition, "")
            bindings = {PASSED: True, ASSUMED: True, REFUSED: False}.get(trace.step("impersonate").state)
            at = provider.document.at("/attributeCondition") if text else provider.document.at()
            whole = self._whole(base, stranger.segment, node) if node and function == "contains" else ""
            yield about._replace(pattern=text, operator=function, at=at, bound=bindings, whole=whole)
            return
        policy = self._policy()
        for statement, text, name, pointer in subject_clauses(trace).values():
            yield about._replace(clause=statement_name(statement), pattern=text, operator=name, at=policy.at(pointer))

    def _other_audience(self, base: Base) -> str:
        """Return the audience that the stranger requests, if it differs from the exchange token's."""
        own, audience = self.case.token.claims.get("aud"), base.case.token.claims.get("aud")
        return str(audience) if self.cloud == "aws" and own is not None and audience != own else ""

    def _whole(self, base: Base, segment: str, call: CelNode) -> str:
        """Return the expression that requires the whole segment instead of this contains() call."""
        if base.profile is None:
            return ""
        parsed = base.profile.parse_subject(base.subject)
        part = next(part for part in parsed.segments if part.name == segment)
        beginning, separator = self._beginning(base, segment), base.profile.grammar.separator
        operand = call.children[0]
        if separator not in str(operand.value):  # a claim, or an attribute mapped from it, with only the segment
            return f"{operand.text} == '{beginning}'"
        text = parsed.text[part.start : part.value_start] + beginning
        if part.end == len(parsed.text):
            return f"{operand.text}.endsWith('{separator}{text}')"
        if not part.start:
            return f"{operand.text}.startsWith('{text}{separator}')"
        return f"{operand.text}.contains('{separator}{text}{separator}')"


def _names_of(profile: Profile | None) -> tuple[str | None, ...]:
    """Return the segments that name a tenant, a team or a workload."""
    if profile is None:
        return ()
    return (profile.tenancy.tenant, profile.tenancy.team, *profile.tenancy.names)
