"""Service perimeter

Symptom
    403: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: ID, with the reason
    SECURITY_POLICY_VIOLATED.
Reason
    A service perimeter (VPC Service Controls) protects the project, and this caller, network or service may not cross
    it. Roles make no difference here. The exchange itself needs ingress to sts.googleapis.com, impersonation needs
    ingress to iamcredentials.googleapis.com.
Confirm
    Look the identifier up in the log cloudaudit.googleapis.com/policy: violationReason names the rule, for example
    NO_MATCHING_ACCESS_LEVEL.
Fix
    Let the perimeter's owner add an ingress rule for this identity and this service, or make the call from inside.
Source
    VPC Service Controls, Troubleshooting and Ingress rules; recorded answers in public threads.
"""

from __future__ import annotations

import re

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given

_CALLS = {
    "target": "the token exchange (sts.googleapis.com)",
    "impersonate": "the impersonation call (iamcredentials.googleapis.com)",
}


@cause("GCP091", "service-perimeter", Kind.SERVICE_PERIMETER)
def service_perimeter(refusal: Refusal) -> Words:
    """Name the call that the perimeter stops, and the log entry of the violation."""
    identifier = refusal.fact("identifier")
    plain = re.fullmatch(r"[\w-]+", identifier, re.ASCII)  # it is in quotation marks of the filter
    entry = f'protoPayload.metadata.vpcServiceControlsUniqueId="{identifier}"'
    entry = f'log_id("cloudaudit.googleapis.com/policy") AND {entry}'
    return Words(
        f"a service perimeter (VPC Service Controls) stops {_CALLS.get(refusal.step, 'the call')}"
        f"{given(', identifier {}', identifier)}; no role is missing",
        "Read the violation in the policy log, then let the perimeter's owner decide on an ingress rule for this one "
        "identity and service.",
        commands("gcloud logging read {}", entry if plain else ""),
    )
