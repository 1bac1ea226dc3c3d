"""Describe the subjects that a trust policy or attribute condition allows, in terms of the issuer's grammar.

The judge decides: a part of an accepted subject is required if the subject with a different value there is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.shared_traces import SharedTraces
from oidc_doctor.findings.trust_reach import TrustReach
from oidc_doctor.findings.trust_reach_bases import Base
from oidc_doctor.findings.trust_reach_traces import subject_clauses
from oidc_doctor.issuers.strangers import another, with_value
from oidc_doctor.model.case import Case
from oidc_doctor.model.refusal import Trace
from oidc_doctor.model.report import AllowedSubjects


def allowed_subjects(case: Case, shared_traces: SharedTraces | None = None) -> tuple[AllowedSubjects, ...]:
    """Return what the configuration allows, without repeats; () if it was not read or the result is unknown."""
    try:
        return tuple(dict.fromkeys(_Allowed(case, shared_traces=shared_traces).all()))
    except NotReadError:
        return ()


class _Allowed(TrustReach):
    """The accepted subjects among those that the configuration's own values suggest."""

    def all(self) -> Iterator[AllowedSubjects]:
        for base in self._all_bases():
            trace = self._trace(base, base.subject)
            if not self._accepted(trace):
                continue
            required = tuple(self._required(base))
            open_to = tuple(name for name in self._owners(base) if name not in dict(required))
            for pattern, at in self._patterns(trace):
                yield AllowedSubjects(required, open_to, pattern, at)

    def _required(self, base: Base) -> Iterator[tuple[str, str]]:
        """Yield the parts of the subject, with their values, for which a different value is refused."""
        if base.profile is None:
            return
        for part in base.profile.parse_subject(base.subject).segments:
            rule = base.profile.segment_rule(part.name)
            if part.known and part.value and not (rule is not None and len(rule.values) == 1):
                other = with_value(base.subject, base.profile, part.name, another(part.value))
                if self._admits(base, other) is False:
                    yield part.name, part.value

    def _owners(self, base: Base) -> tuple[str, ...]:
        tenancy = base.profile.tenancy if base.profile else None
        return tuple(filter(None, (tenancy.tenant, tenancy.team))) if tenancy else ()

    def _patterns(self, trace: Trace) -> Iterator[tuple[str, str]]:
        """Yield the configured values that accept the subject, each with its origin."""
        if self.cloud == "gcp":
            provider = self._provider()
            yield "", str(provider.document.at("/attributeCondition" if self.condition else ""))
            return
        policy = self._policy()
        for _, text, _, pointer in subject_clauses(trace).values():
            yield text, str(policy.at(pointer))
