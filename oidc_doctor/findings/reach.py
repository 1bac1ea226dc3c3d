"""Find the other tokens that pass an exchange, by cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.checkkit import NotReadError

if TYPE_CHECKING:
    from oidc_doctor.findings.google_reach import GoogleReach
    from oidc_doctor.findings.policy_reach import PolicyReach
    from oidc_doctor.findings.shared_traces import SharedTraces
    from oidc_doctor.model.case import Case


def own_cases_of(case: Case) -> list[Case]:
    """Return the case with each token that the configuration's own values name; none where it was not read."""
    try:
        return list(reach_of(case).own_cases())
    except NotReadError:
        return []


def reach_of(case: Case, shared_traces: SharedTraces | None = None) -> PolicyReach | GoogleReach:
    """Return the reach of a trust policy, or of a provider with its bindings."""
    if case.cloud == "aws":
        from oidc_doctor.findings.policy_reach import PolicyReach  # late: one cloud does not load the other's modules

        return PolicyReach(case, shared_traces=shared_traces)
    from oidc_doctor.findings.google_reach import GoogleReach

    return GoogleReach(case, shared_traces=shared_traces)
