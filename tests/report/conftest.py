"""Fixtures for tests of the renderers: the reports of tests/builders/reports."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oidc_doctor.model.report import Report
from reports import situations
from reports.hostile import hostile

SAMPLES: dict[str, Callable[[], Report]] = {
    situation.__name__: situation
    for situation in (
        situations.refused,
        situations.suspected,
        situations.healthy,
        situations.unknown,
        situations.two,
        situations.past,
        situations.broken,
        situations.nothing,
        situations.permission,
        situations.lengths,
        hostile,
    )
}


@pytest.fixture(params=sorted(SAMPLES))
def any_report(request: pytest.FixtureRequest) -> Report:
    """Return each sample in turn."""
    return SAMPLES[request.param]()


@pytest.fixture
def sample() -> Callable[[str], Report]:
    """Return a function that builds a sample by name."""
    return lambda name: SAMPLES[name]()
