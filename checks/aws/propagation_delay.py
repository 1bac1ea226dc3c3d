"""Propagation delay

Symptom
    The first attempts after a change are refused, later ones with the same token and configuration are accepted.
Reason
    Changes take time to propagate. Recorded on AWS: a role was refused for the first 4 to 8 seconds of its life. Google
    Cloud documents about two minutes, possibly seven or more, for allow policies, and up to five minutes are advised
    after changes of pools and providers.
Confirm
    Compare the time of the change with the time of the refused attempt.
Fix
    Wait and try again; in automation, retry the exchange for a minute or two after creating its resources.
Source
    Recorded STS calls, September 2026; Google's page on access change propagation; measured notes, September 2026.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, cloud_name, given, seconds


@cause("AWS051", "propagation-delay", Kind.PROPAGATION_DELAY, other="GCP050")
def propagation_delay(refusal: Refusal) -> Words:
    """Say how young the change was at the attempt."""
    what, age = refusal.fact("what", "the configuration"), seconds(refusal.fact("seconds"))
    changed = what if what.startswith("the ") else f"the {what}"
    young = given("was {} old at this attempt", age)
    headline = f"{changed} {young}, and changes take time to propagate in {cloud_name(refusal)}"
    if not young:
        headline = f"{changed} may be so new that it has not yet taken effect everywhere in {cloud_name(refusal)}"
    return Words(
        headline,
        f"Try again in {'a few minutes' if refusal.cloud == 'gcp' else 'half a minute'}, without changing anything.",
    )
