"""The edits of each kind of refusal by Google Cloud, the best first."""

from __future__ import annotations

from oidc_doctor.findings.fixes.edit import Maker
from oidc_doctor.findings.fixes.gcp_condition import CONDITION_EDITS, own_beside, repaired_condition
from oidc_doctor.findings.fixes.gcp_mapping import MAPPING_EDITS, repaired_mapping
from oidc_doctor.findings.fixes.gcp_members import LADDER, MEMBER_EDITS, near_member
from oidc_doctor.findings.fixes.gcp_provider import PROVIDER_EDITS
from oidc_doctor.findings.fixes.target import TARGET_EDITS
from oidc_doctor.model.kinds import Kind

GCP_EDITS: dict[Kind, tuple[Maker, ...]] = {
    **{kind: makers for kind, makers in TARGET_EDITS.items() if ("gcp" in dict(kind.steps))},
    **PROVIDER_EDITS,
    **CONDITION_EDITS,
    **MAPPING_EDITS,
    **MEMBER_EDITS,
    # kinds that several documents can cure
    Kind.PROVIDER_NOT_FOUND: (*TARGET_EDITS[Kind.PROVIDER_NOT_FOUND], *PROVIDER_EDITS[Kind.PROVIDER_NOT_FOUND]),
    Kind.WORKLOAD_POOL_MISSING: (
        *TARGET_EDITS[Kind.WORKLOAD_POOL_MISSING],
        *PROVIDER_EDITS[Kind.WORKLOAD_POOL_MISSING],
    ),
    Kind.EXPRESSION_INVALID: (repaired_condition, repaired_mapping, own_beside),
    Kind.MAPPING_MISSING_ATTRIBUTE: (*MAPPING_EDITS[Kind.MAPPING_MISSING_ATTRIBUTE], near_member, *LADDER),
}
