"""Logging of exchanges was switched off

Symptom
    Google Cloud's logs have no further ExchangeToken or GenerateAccessToken entries, neither of successes nor of
    refusals.
Reason
    An allow policy had Data Access logs (ADMIN_READ) for the service in its auditConfigs in the last run, and does
    not have them now. From then on no log shows who exchanges a token, and silence in the logs proves nothing. If
    the policy of the folder or of the organization was not read, it may still switch them on.
Confirm
    Compare auditConfigs in the two files that the finding names.
Fix
    Switch ADMIN_READ on again for sts.googleapis.com (exchanges) and iam.googleapis.com (impersonations).
Source
    Google's audit logging pages for STS and IAM; Cloud Audit Logs overview, on how the configurations combine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Earlier, Finding, LoggingOff, on, weakness


@weakness("LOG016", "exchange-logging-switched-off", "note", about="change")
def exchange_logging_switched_off(logging_off: Iterable[LoggingOff], earlier: Earlier) -> Iterator[Finding]:
    """Report the services whose logs were on."""
    for off in logging_off:
        more = "" if off.is_off else "; whether a policy above it does is not known"
        yield Finding(
            f"{off.calls} {'are' if off.is_off else 'may be'} no longer logged: the {off.place}'s policy switched "
            f"ADMIN_READ on for {off.service} {on(earlier.at)}, and does not now{more}",
            f"Add ADMIN_READ for {off.service} to auditConfigs of the {off.place}'s policy again.",
            off.then,
            off.now,
            cloud="gcp",
        )
