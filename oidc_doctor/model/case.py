"""The unit of judgement: one cloud, one target's configuration, one token, one instant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oidc_doctor.model.evidence import TargetEvidence, Token
from oidc_doctor.model.exchange import Cloud
from oidc_doctor.model.trace import Kind


@dataclass(frozen=True)
class Reading:
    """What an observed error says. `steps` are those that can say it; `kind` is set where it names one fault."""

    cloud: Cloud | None
    steps: frozenset[str]
    text: str
    kind: Kind | None = None
    facts: dict[str, str] = field(default_factory=dict)
    missing_claims: frozenset[str] = frozenset()
    proves: bool = True  # False: the sentence only hints at `kind`
    source: str = ""  # where it was read: error.txt, --error, an event id


@dataclass(frozen=True)
class Case:
    """Everything that the evaluator may look at. `at` is the instant judged at, epoch seconds UTC."""

    cloud: Cloud
    evidence: TargetEvidence
    token: Token
    at: float
    profile: Any = None  # the issuer's Profile, None for an unknown issuer
    readings: tuple[Reading, ...] = ()
    accepted_providers: frozenset[str] = frozenset()  # providers with a logged success: their ClientIDList works
