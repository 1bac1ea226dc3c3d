"""Health runs made by hand, with the real reports of scenarios of sample_logs/."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from oidc_doctor.api import examine
from oidc_doctor.model.health import Health, HealthFinding, Suppression, TargetHealth
from oidc_doctor.model.report import Report

SAMPLES = Path(__file__).resolve().parents[3] / "sample_logs"
NOW, LAST = "2026-11-22T22:40:00Z", "2026-11-22T22:25:00Z"
TOOL = {"name": "oidc-doctor", "version": "0.1.0"}
ROLE = "arn:aws:iam::123456789012:role/ModelWeights"
PROVIDER = "projects/481516234210/locations/global/workloadIdentityPools/baseten-builds/providers/baseten-provider"


@cache
def report_on(scenario: str) -> Report:
    """The report on a scenario, examined once."""
    return examine(SAMPLES / scenario)


def quiet() -> Health:
    """Two healthy targets, compared with the last run: nothing changed."""
    names = {"weights": "healthy-aws", "images": "healthy-gcp"}
    return Health(
        exit_code=0,
        evaluated_at=NOW,
        tool=TOOL,
        targets=[
            TargetHealth(name, [ROLE], "healthy", "2026-11-01T08:00:00Z", last_read=NOW, report=report_on(scenario))
            for name, scenario in names.items()
        ],
        last_run=LAST,
    )


def nothing() -> Health:
    """The first run, on no target."""
    return Health(2, NOW, TOOL, [], first=True)


def every_state() -> Health:
    """A target in each state and a finding of each change, one of them suppressed."""
    accepted_risk = Suppression(
        "AWS072", ROLE, "one team owns every model of this organization", "platform@acme.example", "2026-12-31",
        at="oidc-doctor.toml:31", used=1,
    )  # fmt: skip
    outdated = Suppression("GCP073", PROVIDER, "names are short", "", "2026-10-01", "builds", expired=True)
    weights = TargetHealth(
        "weights", [ROLE], "failing", NOW, was="healthy", was_since="2026-11-01T08:00:00Z", last_read=NOW, seconds=2.4,
        report=report_on("aws-broken-by-policy-edit"),
        attempts=[3, 4, 4, 5, 4, 4, 5, 4], refused=[0, 0, 0, 0, 0, 2, 5, 4],
        findings=[
            HealthFinding(
                "AWS022", "subject-case-differs", ROLE, "blocks",
                "AWS refuses this token: the trust policy's subject differs only in upper and lower case, in the team.",
                "new", NOW, "a1", "aws", "proven", "Put back the trust policy of 20 November.",
                "aws/role.json:22", NOW,
            ),
            HealthFinding(
                "AWS072", "trust-any-model", ROLE, "weakens", "any model and environment of the team is trusted",
                "continuing", "2026-11-01T08:00:00Z", "a2", "aws", checked=NOW, suppressed=accepted_risk,
            ),
        ],
    )  # fmt: skip
    builds = TargetHealth(
        "builds", [PROVIDER, "arn:aws:iam::111122223333:role/BasetenBuildRole"], "failing", "2026-11-21T14:30:00Z",
        last_read=NOW, report=report_on("two-clouds"), attempts=[8, 8, 10], refused=[0, 0, 10],
        findings=[
            HealthFinding(
                "GCP020", "attribute-condition-false", PROVIDER, "blocks",
                "Google Cloud refuses this token: this clause of the attribute condition is false: "
                "google.subject.endsWith(':type=model_container').",
                "changed", "2026-11-21T14:30:00Z", "b1", "gcp", "predicted",
                "If this workload should have access: admit it in the attribute condition.", "gcp/provider.json:2", NOW,
                was="Google Cloud refuses this token: the audience is not allowed.",
            ),
            HealthFinding(
                "ACC031", "bucket-missing", "", "note", "the bucket of the target does not exist",
                "resolved", "2026-11-19T07:00:00Z", "b2", until=NOW,
            ),
        ],
    )  # fmt: skip
    return Health(
        exit_code=4,
        evaluated_at=NOW,
        tool=TOOL,
        targets=[
            weights,
            builds,
            TargetHealth("images", [PROVIDER], "healthy", LAST, last_read=NOW, report=report_on("healthy-gcp")),
            TargetHealth(
                "training", [ROLE], "unknown", LAST, reason="The trust policy was not read.", last_read=NOW,
                report=report_on("aws-baseten-script"), source="bundles/training",
            ),
            TargetHealth(
                "archive", [ROLE], "unread", LAST, was="failing", was_since="2026-11-20T00:00:00Z",
                reason="AWS denied iam:GetRole (AccessDenied).", last_read="2026-11-22T20:00:00Z",
                findings=[
                    HealthFinding(
                        "AWS010", "role-missing", ROLE, "blocks", "AWS refuses this token: the role does not exist.",
                        "continuing", "2026-11-20T00:00:00Z", "c1", "aws", "proven", "Create the role.", "",
                        "2026-11-22T20:00:00Z",
                    )
                ],
            ),
            TargetHealth("broken", [], "broken", NOW, reason="A check of oidc-doctor broke."),
        ],
        last_run=LAST,
        seconds=9.5,
        suppressions=[accepted_risk, outdated],
        gone=["old-target"],
        warnings=["oidc-doctor.toml:40: a [[suppress]] table has passed its last day"],
        undelivered=2,
    )  # fmt: skip
