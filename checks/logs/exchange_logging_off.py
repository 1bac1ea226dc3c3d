"""Logging of exchanges is off

Symptom
    Google Cloud's logs show changes of the provider but no ExchangeToken entry, neither good nor bad.
Reason
    Token exchanges and impersonations are Data Access records of type ADMIN_READ, off by default. They have to be
    switched on for sts.googleapis.com (exchanges) and iam.googleapis.com (impersonations), in the project, a folder or
    the organization.
    An entry that was read shows that its project logs. A project's policy without auditConfigs proves nothing as long
    as those of its folders and organization were not read.
Confirm
    Read auditConfigs in `gcloud projects get-iam-policy PROJECT`, and in those of the folders and the organization.
Fix
    Switch ADMIN_READ on for both services and try again: refused exchanges are then recorded with the exact sentence.
Source
    Google's audit logging pages for STS and IAM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, NotReadError, Silence, TargetEvidence, log_check


@log_check("LOG002", "exchange-logging-off")
def exchange_logging_off(silence: Iterable[Silence], evidence: TargetEvidence) -> Iterator[Finding]:
    """Say that exchanges are not recorded."""
    if evidence.gcp is None:
        msg = "no target in Google Cloud was examined"
        raise NotReadError(msg)
    for note in silence:
        if note.kind == "exchange-logging-off":
            yield Finding(
                " ".join(filter(None, (note.headline, note.detail))),
                "Switch on Data Access logs (ADMIN_READ) for sts.googleapis.com and iam.googleapis.com in the project, "
                "unless its folder or organization does.",
            )
