"""No events found

Symptom
    The logs that were read contain no attempt of this workload.
Reason
    Silence has several meanings. AWS normally records no event for a token that it calls invalid (a missing provider, a
    wrong audience, an unknown key), while a refusal by the trust policy is recorded. CloudTrail delivers after about
    five minutes, in the Region of the endpoint that was called. Google Cloud records exchanges only where Data Access
    logs are on. The window, the account or the Region may also be the wrong one.
Confirm
    Compare the time of a known attempt with the window that was read, allow for delivery, and look in us-east-1 too.
Fix
    Read the right window and Region; if nothing is there after fifteen minutes, look at provider, audience and keys.
Source
    AWS knowledge center on InvalidIdentityToken; IAM User Guide, cloudtrail-integration; CloudTrail documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, Silence, log_check

_FIXES = {  # the most useful first
    "window-does-not-cover": "Read the logs for a window and a Region that contain the attempt.",
    "not-logged-by-vendor": "Check the steps before the trust policy: provider, audience and keys.",
    "delivery-delay": "Read the logs again in a quarter of an hour.",
    "no-events-found": "Widen the window, and read the Region of the STS endpoint as well as us-east-1.",
}


@log_check("LOG001", "no-events-found", about="evidence")
def no_events_found(silence: Iterable[Silence]) -> Iterator[Finding]:
    """Report all missing events, and their meaning, as a single finding."""
    notes = [note for note in silence if note.kind in _FIXES]
    if notes:
        kinds = {note.kind for note in notes}
        sentences = (text for note in notes for text in (note.headline, note.detail) if text)
        yield Finding(" ".join(sentences), next(fix for kind, fix in _FIXES.items() if kind in kinds))
