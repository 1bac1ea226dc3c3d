"""Endpoint unreachable

Symptom
    `Could not connect to the endpoint URL`, `connect ETIMEDOUT`, `no such host`, `i/o timeout`, `connection
    refused`, HTTP 502 to 504.
Reason
    The request reached no cloud, or none answered: name resolution, a firewall or proxy, a VPC endpoint, a Region
    that does not exist, or an outage. The failure says nothing about the token, the trust policy or a permission.
Confirm
    Open the same host from the same network: `curl -sS -o /dev/null -w '%{http_code}' https://HOST/`.
Fix
    Correct the Region or host name, open the network path to it, or retry after an outage.
Source
    Messages of HTTP clients and SDKs; AWS General Reference, service endpoints.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause, commands, given, quoted


@cause("ACC023", "endpoint-unreachable", Kind.ENDPOINT_UNREACHABLE)
def endpoint_unreachable(refusal: Refusal) -> Words:
    """Name the host that was not reached."""
    scheme, mark, rest = refusal.fact("url").rpartition("://")
    host = rest.partition("/")[0].rpartition("@")[2]  # a proxy's address can hold a password
    return Words(
        f"the client reached no endpoint{given(' at {}', quoted(host, ''))}: the network, a proxy or a wrong Region "
        "is at fault, and no cloud has answered",
        "Check the host name and Region, name resolution and the path through firewall and proxy, then retry.",
        commands(
            "curl -gsS -o /dev/null -w %{http_code} {}", f"{scheme if mark else 'https'}://{host}/" if host else ""
        ),
    )
