"""The target of an exchange, as the report's `target` has it: one row per target, with a part per cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.model.steps import Cloud


def target_of(report: Report, exchange: Exchange) -> dict[str, Any]:
    """Return the row of the exchange's target; empty where the report has none."""
    return next((row for row in report.target if row.get("name") == exchange.target_name), {})


def part_of(report: Report, exchange: Exchange, cloud: Cloud) -> dict[str, Any]:
    """Return the target's part for a cloud; empty where the target has none."""
    part = target_of(report, exchange).get(cloud)
    return part if isinstance(part, dict) else {}


def service_account_of(report: Report, exchange: Exchange) -> str:
    """Return the service account that the target impersonates; "" for none."""
    account = part_of(report, exchange, "gcp").get("service_account")
    return account if isinstance(account, str) else ""


def stated_issuer(report: Report, exchange: Exchange) -> str:
    """Return the issuer of the target, else that of the token, which an attacker may have written; "" for neither."""
    claims = exchange.token.get("claims")
    issuer = target_of(report, exchange).get("issuer") or (claims.get("iss") if isinstance(claims, dict) else None)
    return issuer if isinstance(issuer, str) else ""
