"""LOG016: an allow policy no longer switches Data Access logs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "exchange-logging-switched-off"
AUDIT = [{"service": "sts.googleapis.com", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}]


def test_the_projects_policy(gcp: Bundle) -> None:
    gcp.project_policy(auditConfigs=AUDIT).keep_as_earlier().project_policy()
    (message,) = gcp.ask().found(CHECK)
    assert message == (
        "Exchanges may be no longer logged: the project's policy switched ADMIN_READ on for sts.googleapis.com on "
        "21 Nov 2026 22:40 UTC, and does not now; whether a policy above it does is not known"
    )
    for place in ("folder", "organization"):
        gcp.write(f"gcp/{place}-policy.json", {"bindings": [], "version": 1})
    (message,) = gcp.ask().found(CHECK)
    assert message.startswith("Exchanges are no longer logged: ")
    assert message.endswith("and does not now")


def test_the_organization_does_it_now(gcp: Bundle) -> None:
    gcp.project_policy(auditConfigs=AUDIT).keep_as_earlier().project_policy()
    gcp.write("gcp/organization-policy.json", {"bindings": [], "auditConfigs": AUDIT}).ask().passed(CHECK)


def test_a_policy_that_was_not_read_now(gcp: Bundle) -> None:
    gcp.project_policy(auditConfigs=AUDIT).keep_as_earlier().remove("gcp/project-policy.json")
    gcp.ask().passed(CHECK)


def test_nothing_was_on(gcp: Bundle) -> None:
    gcp.project_policy().keep_as_earlier().ask().passed(CHECK)


def test_nothing_to_compare_with(gcp: Bundle) -> None:
    gcp.project_policy().ask().skipped(CHECK)
