"""Prediction contradicted

Symptom
    A recorded attempt had another outcome than the same attempt has on the configuration that was read.
Reason
    The record is right and the prediction is wrong: the configuration changed between the attempt and the reading, a
    policy that was not read decided, or this tool judges a rule differently from the cloud.
Confirm
    Look for a change of role or provider between the attempt and the time of reading.
Fix
    Read the configuration again and with its history; if the contradiction stays, report it with a redacted bundle.
Source
    None: the recorded outcome itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from oidc_doctor.checkkit import Finding, log_check


@log_check("LOG003", "prediction-contradicted", about="evidence")
def prediction_contradicted(contradictions: Iterable[str]) -> Iterator[Finding]:
    """Pass on the first contradiction between prediction and record, and how many there are."""
    sentences = list(contradictions)
    if sentences:
        more = f" ({len(sentences) - 1} more of this kind)" if len(sentences) > 1 else ""
        yield Finding(
            sentences[0] + more,
            "Trust the record: read the configuration again, and look for a change in between.",
        )
