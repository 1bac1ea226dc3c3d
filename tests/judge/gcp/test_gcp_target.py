"""The audience of the request, and the provider and pool that it names."""

from __future__ import annotations

import pytest

from tests.conftest import Bundle
from tests.judge.gcp.changes import (
    AUDIENCE_FORM,
    HOST,
    NUMBER,
    POOL,
    TARGET,
    asks,
    audience,
    provider,
)
from tests.judge.rules import Rule, hold

RULES = {
    "healthy": Rule(lambda b: b, "target", "passed"),
    "https": Rule(
        audience("https:" + HOST + Bundle.GCP_PROVIDER), "target", "request-audience-malformed", AUDIENCE_FORM,
        {"reason": "it begins with https:, the STS audience begins with //iam.googleapis.com/"},
    ),
    "no host": Rule(
        audience(Bundle.GCP_PROVIDER), "target", "request-audience-malformed", AUDIENCE_FORM,
        {"reason": "it lacks the prefix //iam.googleapis.com/"},
    ),
    "host twice": Rule(audience(HOST + HOST + POOL), "target", "request-audience-malformed", AUDIENCE_FORM),
    "another host": Rule(
        audience("//sts.googleapis.com/" + Bundle.GCP_PROVIDER), "target", "request-audience-malformed", AUDIENCE_FORM,
        {"reason": "its host is sts.googleapis.com, it is iam.googleapis.com for every universe and project"},
    ),
    "the pool": Rule(
        audience(HOST + POOL), "target", "request-audience-malformed", AUDIENCE_FORM,
        {"reason": "it names the pool; /providers/PROVIDER_ID is missing at its end"},
    ),
    "a location": Rule(
        audience(HOST + Bundle.GCP_PROVIDER.replace("global", "eu")), "target", "request-audience-malformed",
        AUDIENCE_FORM, {"reason": "its location is eu, pools are in global"},
    ),
    "an empty part": Rule(
        audience(HOST + POOL + "/providers/"), "target", "request-audience-malformed", AUDIENCE_FORM,
        {"reason": "a part of the name is empty, as when a variable was not set"},
    ),
    "the project's id": Rule(
        audience(HOST + Bundle.GCP_PROVIDER.replace(NUMBER, Bundle.PROJECT_ID)), "target", "project-id-for-number",
        TARGET, {"project": Bundle.PROJECT_ID, "wanted": NUMBER},
    ),
    "another project": Rule(
        audience(HOST + Bundle.GCP_PROVIDER.replace(NUMBER, "111111111111")), "target", "project-number-differs?",
        TARGET, {}, (Bundle.GCP_PROVIDER, Bundle.GCP_PROVIDER.replace(NUMBER, "111111111111")),
    ),
    "another provider": Rule(
        audience(HOST + POOL + "/providers/other"), "target", "provider-not-found?", TARGET,
        {"name": POOL + "/providers/other"},
    ),
    "not found": Rule(
        lambda b: b.not_found("gcp/provider.json"), "target", "provider-not-found", TARGET,
        {"name": Bundle.GCP_PROVIDER},
    ),
    "seen": Rule(
        lambda b: audience(HOST + Bundle.GCP_PROVIDER.replace(NUMBER, "111111111111"))(b).error("invalid_target"),
        "target", "project-number-differs", TARGET,
    ),
    "denied": Rule(lambda b: b.denied("gcp/provider.json"), "target", "unknown"),
    "nothing asked": Rule(asks(audience=..., provider=...), "target", "passed"),
    "provider disabled": Rule(
        provider(disabled=True), "target", "provider-disabled", TARGET, {}, ("ACTIVE", "disabled: true")
    ),
    "provider deleted": Rule(
        provider(state="DELETED", expireTime="2026-12-20T00:00:00Z"), "target", "provider-deleted", TARGET,
        {"expires": "2026-12-20T00:00:00Z", "name": Bundle.GCP_PROVIDER}, ("ACTIVE", "DELETED"),
    ),
    "pool disabled": Rule(lambda b: b.gcp_pool(disabled=True), "target", "pool-disabled", TARGET, {"name": POOL}),
    "pool deleted": Rule(lambda b: b.gcp_pool(state="DELETED"), "target", "pool-deleted", TARGET, {"name": POOL}),
    "a provider of AWS": Rule(
        lambda b: b.write(
            "gcp/provider.json", {"name": b.GCP_PROVIDER, "state": "ACTIVE", "aws": {"accountId": "210987654321"}}
        ), "target", "unknown",
    ),
    "a provider of AWS, refused": Rule(
        lambda b: b.error(TARGET.partition(": ")[2]).write(
            "gcp/provider.json", {"name": b.GCP_PROVIDER, "state": "ACTIVE", "aws": {"accountId": "210987654321"}}
        ), "target", "provider-kind-differs?", "?" + TARGET, {"kind": "aws"},
    ),
    "STS disabled": Rule(
        lambda b: b.write("gcp/services.json", [{"config": {"name": "sts.googleapis.com"}, "state": "DISABLED"}]),
        "target", "api-disabled?", "?PERMISSION_DENIED: ", {"api": "sts.googleapis.com"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(gcp: Bundle, rule: Rule) -> None:
    hold(rule, gcp, "gcp")
