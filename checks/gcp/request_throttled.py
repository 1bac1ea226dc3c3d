"""Request throttled

Symptom
    HTTP 429 with quota_exceeded: The request was throttled due to rate limit: sts.googleapis.com/requests. Or from any
    API: Quota exceeded for quota metric … of service …, rateLimitExceeded. On AWS `Throttling: Rate exceeded`.
Reason
    The project made more exchanges than its quota, 6,000 a minute and as many in one region. Clients that exchange a
    token for every call, or many jobs that start at once, cause this. Nothing is wrong with the token.
Confirm
    Look at the quota of the Security Token Service API in the console, around the time of the failure.
Fix
    Keep the federated token until it expires, and retry with growing pauses; ask for more quota if it is real load.
Source
    Google Cloud, Troubleshoot Workload Identity Federation; IAM quotas and limits.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given


@cause("GCP048", "request-throttled", Kind.REQUEST_THROTTLED, other="AWS055")
def request_throttled(refusal: Refusal) -> Words:
    """Say whose rate is limited; AWS limits the calls of the account, Google those of the project."""
    if refusal.cloud == "aws":
        return Words(
            "the account made more calls than AWS allows in a short time, whatever the token says",
            "Retry with growing pauses, and reuse each session until it expires instead of exchanging for every call.",
        )
    if refusal.step != "target":
        return Words(
            f"the project made more calls{given(' of {}', refusal.fact('api'))} than its quota allows",
            "Wait some seconds and retry with growing pauses; then reuse each access token until it expires.",
        )
    return Words(
        "the project made more token exchanges than its quota allows, whatever the token says",
        "Wait some seconds and retry with growing pauses; then reuse each federated token until it expires.",
    )
