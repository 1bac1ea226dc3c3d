"""The issuer's documents and every failure: what cannot be read is named, and it is never a key set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clouds.bodies import BODIES
from clouds.issuer import Site
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.live.https import Rules
from oidc_doctor.live.issuer import IssuerScope, readers

DISCOVERY = "/.well-known/openid-configuration"


def gather(site: Site) -> Collected:
    scope = IssuerScope(named=site.issuer, rules=Rules(private=True))
    return collect(readers(scope), timeout=15, given=[("oidc-doctor.toml", f'[[target]]\nissuer = "{site.issuer}"\n')])


def statuses(found: Collected) -> dict[str, str]:
    report = run(found.bundle, Question())
    assert report.exit_code in (0, 1, 3)
    assert not [row for row in report.checks if row.status == "broken"]
    return {row.what: row.status for row in report.coverage if row.what.startswith("issuer/")}


@pytest.mark.sweep
@pytest.mark.parametrize("path", [DISCOVERY, "/jwks"])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_cannot_be_read(body: str, path: str, site: Site) -> None:
    site.serve(path, BODIES[body])
    found = statuses(gather(site))
    if body != "lone surrogate":  # an object, if a strange one
        name = "openid-configuration.json" if path == DISCOVERY else "jwks.json"
        assert found[f"issuer/{name}"] == "missing"


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": 10**400, "jwks_uri": 5},
        {"jwks_uri": ["https://x"]},
        {"jwks_uri": "https://\ud800.example.com/"},
        {"jwks_uri": "https://" + "a" * 100_000},
        {"jwks_uri": "\n"},
        {"id_token_signing_alg_values_supported": float("inf")},
        {"jwks_uri": None, "issuer": None},
    ],
    ids="-".join,
)
def test_members_of_another_type(members: dict[str, Any], site: Site) -> None:
    good = json.loads(site.answers[DISCOVERY][2])
    site.serve(DISCOVERY, good | members)
    statuses(gather(site))
