"""Health runs for tests of the renderers."""

from __future__ import annotations

from collections.abc import Callable

from oidc_doctor.model.health import Health, HealthFinding, Suppression, TargetHealth
from oidc_doctor.report.parts.found import found
from reports import situations

NOW, BEFORE, LONG_AGO = "2026-11-22T16:40:00Z", "2026-11-22T15:40:00Z", "2026-11-13T15:40:00Z"
TOOL = {"name": "oidc-doctor", "version": "1.0.0"}
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
SUPPRESSION = Suppression(
    "AWS070", ROLE, "accepted until the teams are split", "platform", "2026-12-01", at="oidc-doctor.toml:12", used=1
)


def finding(code: str = "AWS025", change: str = "new", **more: object) -> HealthFinding:
    """A finding of a target; every field can be changed."""
    fields = {
        "name": "subject-segment-differs",
        "resource": ROLE,
        "effect": "blocks",
        "headline": "AWS refuses this token: the trust policy expects another team.",
        "since": LONG_AGO if change in ("continuing", "resolved") else NOW,
        "fingerprint": "ab" * 32,
        "cloud": "aws",
        "confidence": "proven",
        "fix": "Admit the team tq7 in the trust policy.",
        "at": "aws/role.json:14",
        "checked": NOW,
        "until": NOW if change == "resolved" else "",
    }
    return HealthFinding(code=code, change=change, **(fields | more))  # type: ignore[arg-type]


def failing() -> TargetHealth:
    """A target that began to fail in this run, with a report."""
    report = situations.refused()
    (row, *_) = found(report)
    new = finding(row.code, name=row.name, resource=row.resource, headline=row.headline, fingerprint=row.fingerprint)
    held = finding("GCP073", "continuing", name="subject-near-limit", effect="note", headline="a note", confidence=None)
    return TargetHealth(
        "weights",
        [ROLE],
        "failing",
        NOW,
        [new, held],
        was="healthy",
        was_since=LONG_AGO,
        last_read=NOW,
        seconds=1.25,
        source="bundles/weights",
        report=report,
        attempts=[3, 4],
        refused=[0, 4],
    )


def changed() -> Health:
    """A run with a target of each state, and a finding of each change."""
    wide = finding("AWS070", "continuing", name="trust-any-tenant", effect="weakens", confidence=None)
    targets = [
        failing(),
        TargetHealth(
            "open", [ROLE], "healthy", LONG_AGO, [wide._replace(suppressed=SUPPRESSION)], last_read=NOW, seconds=0.5
        ),
        TargetHealth(
            "moved",
            [ROLE],
            "failing",
            LONG_AGO,
            [finding("AWS025", "changed", was="AWS refuses this token: the trust policy expects another model.")],
            last_read=NOW,
        ),
        TargetHealth(
            "mended",
            [ROLE],
            "healthy",
            NOW,
            [finding("AWS013", "resolved", name="client-id-list-empty", confidence=None)],
            was="failing",
            was_since=LONG_AGO,
            last_read=NOW,
        ),
        TargetHealth(
            "away",
            [ROLE],
            "unread",
            NOW,
            [finding("AWS070", "continuing", name="trust-any-tenant", effect="weakens", checked=BEFORE)],
            was="healthy",
            was_since=LONG_AGO,
            reason="iam:GetRole was denied",
            last_read=BEFORE,
        ),
        TargetHealth("open question", [], "unknown", LONG_AGO, reason="no token was supplied", last_read=NOW),
        TargetHealth("ours", [], "broken", NOW, reason="a check itself failed", traceback="Traceback: KeyError"),
    ]
    return Health(
        4,
        NOW,
        TOOL,
        targets,
        last_run=BEFORE,
        seconds=3.75,
        suppressions=[SUPPRESSION, SUPPRESSION._replace(code="AWS071", until="2026-11-01", expired=True, used=0)],
        gone=["old"],
        warnings=["oidc-doctor.toml:30: the suppression of AWS071 ended on 2026-11-01"],
        undelivered=2,
    )


def quiet() -> Health:
    """A run in which nothing changed."""
    return Health(0, NOW, TOOL, [TargetHealth("weights", [ROLE], "healthy", LONG_AGO, last_read=NOW)], last_run=BEFORE)


def first() -> Health:
    """The first run, which makes the baseline."""
    target = failing()
    target.was, target.was_since = None, ""
    return Health(1, NOW, TOOL, [target], first=True)


def nothing() -> Health:
    """A run without targets."""
    return Health(0, NOW, TOOL, [], last_run=BEFORE)


RUNS: dict[str, Callable[[], Health]] = {run.__name__: run for run in (changed, quiet, first, nothing)}
