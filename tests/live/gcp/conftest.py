"""Fixtures of live runs against Google: the real client libraries, whose endpoints are the loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouds.google import ACCOUNT, ISSUER, NOW, PROVIDER, SERVICES, SUBJECT, Google, key_file, serving_google
from evidence import private_key
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Pacer, collect
from oidc_doctor.live.gcp import readers as gcp
from oidc_doctor.model.evidence import Target, TargetGcp


class Doctor:
    """Live collections against the loopback."""

    def __init__(self, google: Google) -> None:
        self.google = google
        self.narrated: list[str] = []

    def readers(self, **how: Any) -> list[Any]:
        target = Target("weights", gcp=TargetGcp(provider=PROVIDER, service_account=ACCOUNT))
        target = how.pop("target", target)
        wanted = gcp.GcpScope(target, since=NOW - 86_400, until=NOW, **how)
        return gcp.readers(gcp.GcpClients(PROVIDER, pacer=Pacer(0.0)), wanted)

    def collect(self, timeout: float = 30.0, **how: Any) -> Any:
        return collect(self.readers(**how), timeout=timeout, narrate=self.narrated.append, given=[
            ("claims.json", json.dumps({"iss": ISSUER, "sub": SUBJECT, "aud": "oidc.baseten.co", "team": "Tq7LmZ2x"})),
            ("oidc-doctor.toml", f'[[target]]\n[target.gcp]\nprovider = "{PROVIDER}"\nservice_account = "{ACCOUNT}"\n'),
        ])  # fmt: skip

    def report(self, bundle: Any) -> Any:
        return run(bundle, Question(at=NOW))

    def reads(self, collected: Any) -> dict[str, Any]:
        return {one["path"]: one for one in collected.reads}


@pytest.fixture
def google() -> Google:
    return Google()


@pytest.fixture
def doctor(google: Google, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    """A doctor whose Google is the loopback, with a real login and the real client libraries at full speed."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving_google(google) as base:
        for service in SERVICES:
            monkeypatch.setenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", base)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file(tmp_path, base, private_key("rsa"))))
        yield Doctor(google)
