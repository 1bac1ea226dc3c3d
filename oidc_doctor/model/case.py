"""The unit of judgement: one cloud, one target's configuration, one token, one instant."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from oidc_doctor.model.access import Need
from oidc_doctor.model.evaluations import Evaluations
from oidc_doctor.model.events import Change
from oidc_doctor.model.evidence import TargetEvidence, Token
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import Cloud


class Reading(NamedTuple):
    """An interpreted error. `steps` are the steps that can return it; `kind` is set where the error names one fault."""

    cloud: Cloud | None
    steps: frozenset[str]
    text: str
    kind: Kind | None = None
    facts: Mapping[str, str] = MappingProxyType({})
    missing_claims: frozenset[str] = frozenset()
    proves: bool = True  # False: the sentence only hints at `kind`
    source: str = ""  # where it was read: error.txt, --error, an event id
    quoted_claims: Mapping[str, str] = MappingProxyType({})  # claims of the refused token, as the sentence quotes them
    speaker: str = ""  # who wrote the sentence, a key of model.speakers; "" if unknown
    known: bool = True  # False: the sentence is in no table, so it proves no refusal
    follows_steps: bool = True  # the sentence can only come after the steps before `steps`


class Case(NamedTuple):
    """The whole input of an evaluator. `at` is the instant judged at, epoch seconds UTC."""

    cloud: Cloud
    evidence: TargetEvidence
    token: Token
    at: float
    profile: Any = None  # the issuer's Profile, None for an unknown issuer
    readings: tuple[Reading, ...] = ()
    accepted_providers: frozenset[str] = frozenset()  # providers with a logged success: their ClientIDList works
    since_change: float | None = None  # seconds from the last change to the refusal, if it may not be effective yet
    shown_passed: frozenset[str] = frozenset()  # steps proven by an observed error and unaffected by edits
    asks_access: bool = False  # judge the permission step as well: for the present, not for replays
    refused_writes: tuple[Change, ...] = ()  # failed logged writes to its configuration that no later write made up for
    explain: bool = True  # False: only the states are needed, so refusing clauses are not compared
    at_asked: bool = False  # `at` was set by the user (--at): a token expired then is not a saved token
    traced: bool = True  # False: the values that a policy compares, and the loops of an expression, are not recorded
    contradictions: bool = False  # look for contradictory and impossible evidence even without explanations
    asked: tuple[Need, ...] = ()  # judge these calls in the permission step instead of those that the evidence names
    allowed: Evaluations | None = None  # what the answer that this case is part of may still take; None: any number
