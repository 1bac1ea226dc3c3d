"""The set-ups that the other tests change are healthy: without that, they would show nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("name", ["aws", "gcp", "github"])
def test_healthy(name: str, request: pytest.FixtureRequest) -> None:
    bundle: Bundle = request.getfixturevalue(name)
    answer = bundle.ask()
    assert answer.accepted, (answer.names, answer.steps())
    assert answer.report.exit_code == 0
    assert not [row.name for row in answer.report.checks if row.status == "failed" and row.effect != "note"]
