"""What-ifs of bundles and of the bundled scenarios, and their decisions in a form that can be compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import Examined, examine
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.packs import bundled
from oidc_doctor.model.report import FixRow
from oidc_doctor.report.parts.sentences import summary
from oidc_doctor.whatif.ask import Answer, WhatIf

if TYPE_CHECKING:
    from tests.conftest import Bundle

SAMPLES = Path(bundled("_samples", "sample_logs"))


@cache
def _examined_of(name: str) -> Examined:
    with open_bundle(SAMPLES / name) as bundle:
        return examine(bundle, Question())


def _what_ifs_of(name: str) -> list[WhatIf]:
    found = _examined_of(name)
    return [WhatIf(one, found.accepted[key], _fixes(found, key)) for key, one in found.diagnoses.items()]


def _fixes(found: Examined, key: str) -> list[FixRow]:
    return [row for row in found.report.fixes if row.exchange == key]


def _what_if_of(made: Bundle, cloud: str = "") -> WhatIf:
    """What-if of the only exchange of a bundle, or of the one with `cloud`."""
    with open_bundle(made.root) as bundle:
        found = examine(bundle, Question())
    (key,) = [key for key, one in found.diagnoses.items() if cloud in ("", one.case.cloud)]
    return WhatIf(found.diagnoses[key], found.accepted[key], _fixes(found, key))


def _without_places(value: Any) -> Any:
    """A trace without the places in which its values stand: those of an edited text are its own."""
    if isinstance(value, dict):
        return {key: _without_places(one) for key, one in value.items() if key not in ("at", "line", "read_at")}
    return [_without_places(one) for one in value] if isinstance(value, list) else value


def _decided(answer: Answer) -> tuple[Any, ...]:
    assert answer.diagnosis is not None, answer.problems
    exchange = answer.exchange
    assert exchange is not None
    return (
        exchange.prediction,
        exchange.step,
        exchange.error,
        [(row.id, row.state, row.note) for row in exchange.steps],
        _without_places(exchange.trace),
        [(cause.code, summary(cause), cause.confidence) for cause in answer.causes],
    )


def _condition(bundle: Bundle, pattern: str) -> dict[str, Any]:
    return {"StringEquals": {bundle.AUD_KEY: bundle.AUDIENCE}, "StringLike": {bundle.SUB_KEY: pattern}}


def _policy_with(what_if: WhatIf, change: dict[str, Any]) -> str:
    policy = json.loads(what_if.part("trust-policy").text)
    policy["Statement"][0] |= change
    return json.dumps(policy, indent=2)


@pytest.fixture(scope="session")
def examined_of() -> Callable[[str], Examined]:
    return _examined_of


@pytest.fixture(scope="session")
def what_ifs_of() -> Callable[[str], list[WhatIf]]:
    return _what_ifs_of


@pytest.fixture(scope="session")
def what_if_of() -> Callable[..., WhatIf]:
    return _what_if_of


@pytest.fixture(scope="session")
def decided() -> Callable[[Answer], tuple[Any, ...]]:
    return _decided


@pytest.fixture(scope="session")
def condition() -> Callable[..., dict[str, Any]]:
    return _condition


@pytest.fixture(scope="session")
def policy_with() -> Callable[..., str]:
    return _policy_with
