"""What kept a run from reading Google Cloud: no login, or one that may read nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.live.obstacles import obstacles_of

if TYPE_CHECKING:
    import pytest


def test_without_a_login_the_obstacle_names_the_command(
    doctor: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    collected = doctor.collect()
    (obstacle,) = obstacles_of(collected, None)
    assert (obstacle.cloud, obstacle.commands) == ("gcp", ("gcloud auth application-default login",))
    assert obstacle.text.startswith("No Google Cloud login: there are no application default credentials")
    rows = [row for row in doctor.report(collected.bundle).coverage if row.local]
    assert rows
    assert {row.status for row in rows} == {"missing"}


def test_a_login_that_may_read_nothing_is_told_from_none(doctor: Any, google: Any) -> None:
    denied = (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "Permission denied on project"}})
    google.fault = lambda _, path, __: denied if path != "/token" else None
    (obstacle,) = obstacles_of(doctor.collect(), None)
    assert (obstacle.kind, obstacle.commands) == ("permission", ("oidc-doctor permissions gcp",))
