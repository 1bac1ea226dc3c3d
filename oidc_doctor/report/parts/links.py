"""Links of a report into the consoles of the clouds: the role, the provider, the account, the logged write.

Names come from policies, logs and bundles, so every one is percent-encoded and is in a path or query of a vendor's
console: none can choose the host, end the link or begin another one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.model.google_names import project_of_account
from oidc_doctor.model.planned import PLACEHOLDER
from oidc_doctor.report.parts.attempts import attempts_on
from oidc_doctor.report.parts.escape import contains_secret
from oidc_doctor.report.parts.targets import service_account_of, stated_issuer

if TYPE_CHECKING:
    from oidc_doctor.model.report import Cause, Exchange, Report


class Link(NamedTuple):
    """A label of ours and an address."""

    label: str
    url: str


# By partition: the console's host, and the Region to which the events of IAM go (IAM User Guide, Logging IAM and STS
# API calls with CloudTrail; AWS GovCloud and China user guides).
_CONSOLES = {
    "aws": ("console.aws.amazon.com", "us-east-1"),
    "aws-cn": ("console.amazonaws.cn", "cn-north-1"),
    "aws-us-gov": ("console.amazonaws-us-gov.com", "us-gov-west-1"),
}
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_GOOGLE = "https://console.cloud.google.com"
_PROVIDER = re.compile(r"projects/([^/]+)/locations/global/workloadIdentityPools/([^/]+)/providers/([^/]+)")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_OF_TRUST = ("request", "provider", "audience", "keys", "session-claims", "authorise", "duration")  # decided by IAM


def links(report: Report, exchange: Exchange, cause: Cause | None) -> list[Link]:
    """Return the console's pages of what the exchange was judged on, and of the write that a cause began with."""
    found = _of_aws(report, exchange, cause) if exchange.cloud == "aws" else _of_google(report, exchange, cause)
    of_plan = _word(PLACEHOLDER)  # a name that is known only after apply has no page
    return [Link(label, url) for label, url in found.items() if url and of_plan not in url and not contains_secret(url)]


def account_of(exchange: Exchange) -> str:
    """Return the AWS account, or Google's project, in which the exchange's resource is; "" if it is redacted."""
    resource = exchange.resource or ""
    if exchange.cloud == "gcp":
        provider = _PROVIDER.fullmatch(resource)
        return provider[1] if provider else ""
    fields = resource.split(":", ARN_FIELDS - 1)
    return fields[4] if len(fields) == ARN_FIELDS and _ACCOUNT_ID.fullmatch(fields[4]) else ""


def regions_of(report: Report, exchange: Exchange) -> list[str]:
    """Return the Regions of the logged attempts on the exchange's role, the most frequent first."""
    counts: dict[str, int] = {}
    for row in attempts_on(report, exchange):
        for entry in row.regions:
            counts[str(entry.get("region"))] = counts.get(str(entry.get("region")), 0) + int(entry.get("count") or 0)
    return sorted(counts, key=lambda region: -counts[region])


def _of_aws(report: Report, exchange: Exchange, cause: Cause | None) -> dict[str, str]:
    resource = exchange.resource or ""
    fields = resource.split(":", ARN_FIELDS - 1)
    if not account_of(exchange) or fields[1] not in _CONSOLES or not fields[5].startswith("role/"):
        return {}
    host, iam_region = _CONSOLES[fields[1]]
    role, tab = fields[5].rpartition("/")[2], "trust_relationships"
    if cause is not None and cause.step == "permission":
        tab = "permissions"
    pages = {"role": f"https://{host}/iam/home#/roles/details/{_word(role)}?section={tab}"}
    issuer = stated_issuer(report, exchange)
    if issuer.startswith("https://"):
        arn = f"{':'.join(fields[:5])}:oidc-provider/{issuer.removeprefix('https://').rstrip('/')}"
        pages["OIDC provider"] = f"https://{host}/iam/home#/identity_providers/details/OPENID/{_word(arn)}"
    of_provider = cause is not None and cause.step in ("provider", "audience", "keys")
    own = "OIDC provider" if of_provider and "OIDC provider" in pages else "role"
    found = {own: pages[own]}
    change = cause.timing.change if cause is not None else None
    if change is not None and cause is not None and cause.step in _OF_TRUST:
        found["CloudTrail event of the change"] = _event(host, iam_region, change.get("event_id"))
    row = next((row for row in attempts_on(report, exchange) if exchange.claims_from in row.event_ids), None)
    if row is not None and len(row.regions) == 1:  # of several, the event's own is not known
        found["CloudTrail event of the attempt"] = _event(host, str(row.regions[0]["region"]), exchange.claims_from)
    return found | pages


def _event(host: str, region: str, event_id: object) -> str:
    if not event_id or not _REGION.fullmatch(region):
        return ""
    return f"https://{region}.{host}/cloudtrailv2/home?region={region}#/events/{_word(str(event_id))}"


def _of_google(report: Report, exchange: Exchange, cause: Cause | None) -> dict[str, str]:
    provider = _PROVIDER.fullmatch(exchange.resource or "")
    account = service_account_of(report, exchange)
    project = project_of_account(account) or (provider[1] if provider else "")
    pages: dict[str, str] = {}
    if provider:
        place = f"/iam-admin/workload-identity-pools/pool/{_word(provider[2])}?project={_word(provider[1])}"
        pages["pool of the provider"] = _GOOGLE + place
    if account and project:
        pages["service account"] = (
            f"{_GOOGLE}/iam-admin/serviceaccounts/details/{_word(account)}?project={_word(project)}"
        )
    own = "service account" if cause is not None and cause.step == "impersonate" else "pool of the provider"
    found = {own: pages.get(own, "")}
    change = cause.timing.change if cause is not None else None
    if change is not None and cause is not None and change.get("event_id"):
        of_pool = provider[1] if provider and cause.step not in ("impersonate", "permission") else ""
        if where := of_pool or project:
            found["log entry of the change"] = _entry(where, str(change["event_id"]), str(change.get("time") or ""))
    return found | pages


def _entry(project: str, insert_id: str, time: str) -> str:
    """Return the logs' query of one entry. Its day is in the query: the page searches the last hour otherwise."""
    text = insert_id.replace("\\", "\\\\").replace('"', '\\"')
    day = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", time)
    query = f'insertId="{text}"' + (f' timestamp>="{day[0]}T00:00:00Z"' if day else "")
    return f"{_GOOGLE}/logs/query;query={_word(query)}?project={_word(project)}"


def _word(name: str) -> str:
    """Return a name percent-encoded, with nothing but letters, digits and -._~ as they are (RFC 3986, unreserved)."""
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in name.encode("utf-8", "replace"))
