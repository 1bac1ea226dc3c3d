"""Errors and logged refusals as readings: what was said, and the steps that can say it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from oidc_doctor.judge.error_texts import read_error
from oidc_doctor.model.case import Reading
from oidc_doctor.model.evidence import (
    TargetEvidence,
)
from oidc_doctor.model.steps import Cloud

if TYPE_CHECKING:
    from oidc_doctor.model.events import Attempt, SessionDenial, Signature
from oidc_doctor.examine.collect import Run

_IDS_KEPT = 20


def observed(evidence: TargetEvidence) -> list[Reading]:
    """The observed errors of a target as readings."""
    # a sentence that is not in the table still says that something was refused
    return [
        read_error(one.text, str(one.origin)) or Reading(None, frozenset(), one.text, source=str(one.origin))
        for one in evidence.observed
        if one.text.strip()
    ]


def steps_of(sample: Attempt) -> frozenset[str]:
    """The steps that a logged refusal can come from."""
    reading = reading_of(sample)
    return reading.steps if reading is not None else frozenset()


def reading_of(sample: Attempt) -> Reading | None:
    """What a logged refusal says. CloudTrail's text for a denial is the same for every cause."""
    if sample.outcome != "refused":
        return None
    source = f"event {sample.event_id}"
    message = sample.error_message or ""
    seen = f"An error occurred ({sample.error_code}): {message}" if sample.error_code else message
    reading = read_error(message, source) or read_error(seen, source)
    if sample.cloud == "gcp" and sample.step == "impersonate" and not _says(reading, "gcp", "impersonate"):
        reading = Reading("gcp", frozenset({"impersonate"}), seen, source=source)
    if sample.cloud == "aws" and sample.error_code == "AccessDenied" and not _says(reading, "aws", "authorise"):
        # CloudTrail's text for a denial says nothing, whatever the clause
        reading = Reading("aws", frozenset({"authorise"}), seen, source=source)
    # an event that is a refusal stays one, whatever its words
    return (
        reading._replace(text=seen) if reading is not None else Reading(sample.cloud, frozenset(), seen, source=source)
    )


def _says(reading: Reading | None, cloud: Cloud, step: str) -> bool:
    return reading is not None and reading.cloud == cloud and step in reading.steps


def refused_use(state: Run, evidence: TargetEvidence, cloud: Cloud, newest: Signature | None) -> SessionDenial | None:
    """The newest call that a session of this target was refused: the federation worked, the permission did not."""
    own = [one for one in state.uses if one.cloud == cloud and _uses_target(one, evidence)]
    found = max(own, key=lambda one: one.time, default=None)
    if found is None or (newest is not None and newest.sample.outcome != "accepted"):
        return None
    # The same call by other sessions, whose names stand in the error's text.
    same = [
        one
        for one in own
        if (one.service, one.action, one.error_code) == (found.service, found.action, found.error_code)
    ]
    same.sort(key=lambda one: -one.time)
    return replace(
        found,
        first_seen=min(one.first_seen for one in same),
        count=sum(one.count for one in same),
        event_ids=tuple(dict.fromkeys(event for one in same for event in one.event_ids))[:_IDS_KEPT],
    )


def reading_of_use(found: SessionDenial) -> Reading:
    """A session's refused call as a reading of the permission step."""
    source = f"event {found.event_ids[0]}" if found.event_ids else ""
    message = f"An error occurred ({found.error_code}) when calling the {found.action} operation: {found.error_message}"
    reading = read_error(found.error_message or "", source) or read_error(message, source)
    if reading is None or "permission" not in reading.steps:
        reading = Reading(found.cloud, frozenset({"permission"}), message, source=source)
    facts = {"resource": found.resource} if found.resource else {}
    facts["permission"] = f"{found.service.partition('.')[0]}:{found.action}" if found.cloud == "aws" else found.action
    return reading._replace(text=message, facts={**facts, **reading.facts}, source=source)


# What the workloads ask for with their sessions: images and weights, and the keys that these are encrypted with.
_USED = ("s3.", "ecr.", "kms.", "storage.", "artifactregistry.")


def _uses_target(used: SessionDenial, evidence: TargetEvidence) -> bool:
    if not used.service.startswith(_USED):
        return False
    target = evidence.target
    if used.cloud == "aws":
        return target.aws is not None and used.target == target.aws.role_arn
    account = target.gcp.service_account if target.gcp else None
    if account:
        return used.target == account
    provider = (target.gcp.provider if target.gcp else None) or ""
    pool = provider.partition("/providers/")[0]
    return bool(pool) and f"/{pool.partition('projects/')[2]}/" in (used.session or "")
