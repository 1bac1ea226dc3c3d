"""GCP090: the bucket bills its readers, and the request names no project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

ERROR = (
    "google.api_core.exceptions.BadRequest: 400 GET https://storage.googleapis.com/storage/v1/b/shared-weights/o/m: "
    "Bucket is a requester pays bucket but no user project provided."
)


def test_the_bucket_is_named(gcp: Bundle) -> None:
    cause = gcp.error(ERROR).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("requester-pays", "proven", "permission")
    assert "shared-weights" in cause.summary
    assert "lacks" not in cause.summary
    assert cause.commands == ("gcloud storage buckets describe gs://shared-weights --format='value(requester_pays)'",)


@pytest.mark.parametrize(
    "error", ["Bucket is a requester pays bucket but no user project provided.", "<Code>UserProjectMissing</Code>"]
)
def test_without_a_name_there_is_no_command(gcp: Bundle, error: str) -> None:
    cause = gcp.error(error).ask().first
    assert (cause.name, cause.commands) == ("requester-pays", ())


def test_the_exchange_is_as_predicted(gcp: Bundle) -> None:
    assert gcp.error(ERROR).ask().exchange().prediction == "accepted"


def test_nothing_was_said(gcp: Bundle) -> None:
    assert gcp.ask().accepted
    gcp.ask().skipped("requester-pays")
