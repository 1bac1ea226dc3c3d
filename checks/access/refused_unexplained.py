"""Refused, unexplained

Symptom
    The cloud refused, or the tool's own reading says that it would, and no known cause fits.
Reason
    Either the decisive document was not read, or the fault is one that this tool does not know. The report shows such a
    refusal, since it needs more attention than an explained one.
Confirm
    Read the report's list of evidence that was not read, and run again with the missing evidence.
Fix
    Add the evidence that the report names as missing; if nothing is missing, report the case with its redacted bundle.
Source
    None: no known cause fits, so there is no source to cite.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, given

_PLACES = {
    "authorise": "the trust policy",
    "impersonate": "the service account",
    "condition": "the attribute condition",
}


@cause("ACC009", "refused-unexplained", Kind.REFUSED_UNEXPLAINED)
def refused_unexplained(refusal: Refusal) -> Words:
    """Say at which step, and that nothing read explains it."""
    step = refusal.fact("step")
    place = given(" (at {})", _PLACES.get(step, "") or given("the step `{}`", step))
    reason = given(": {}", refusal.fact("reason"))
    return Words(
        f"no evidence that was read explains it{place}{reason}",
        "Add the evidence that the report lists as not read, with the verbatim error, and run again.",
    )
