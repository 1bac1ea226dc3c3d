"""GCP024: the mapping gives no google.subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


@pytest.mark.parametrize("mapping", [{}, {"attribute.team": "assertion.team"}, {"google.Subject": "assertion.sub"}])
def test_there_is_no_subject(gcp: Bundle, says: type[Says], mapping: Any) -> None:
    answer = gcp.gcp_provider(condition=..., mapping=mapping).ask()
    assert answer.first.name == "mapping-missing-subject"
    assert answer.first.confidence == "predicted"
    assert answer.error() == says.NO_SUBJECT
    assert answer.error_is_certain()
    assert answer.exchange().step == "mapping"


def test_there_is_one(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(mapping={"google.subject": "assertion.sub", "attribute.team": "assertion.team"}).ask()
    assert answer.accepted
    assert answer.check("mapping-missing-subject").status == "passed"


def test_the_mapping_was_not_read(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=..., mapping=...).ask()
    assert "mapping-missing-subject" not in answer.names
    assert answer.state("mapping") == "unknown"
    assert answer.exchange().prediction == "unknown"
    assert answer.check("mapping-missing-subject").status == "skipped"
