"""Certificate ends soon

Symptom
    None yet. When the certificate has expired, clients no longer trust the issuer's host: AWS compares thumbprints
    instead, and Google Cloud cannot fetch the keys.
Reason
    A certificate of the chain that the issuer's host sends ends within 30 days, or within the last third of its
    lifetime where that is shorter: certificates of a few days are renewed daily. Most hosts renew their own certificate
    about then, by themselves; an intermediate is replaced by whoever configured the chain. A root is not reported, and
    nothing is where the provider has an uploaded key set, for which Google Cloud fetches nothing.
Confirm
    openssl s_client -showcerts -connect HOST:443 -servername HOST prints the chain; openssl x509 -noout -enddate prints
    the end of one certificate.
Fix
    Renew the certificate, or replace the intermediate, and capture the chain again. An issuer of a vendor is renewed by
    the vendor: ask for the date if it comes near.
Source
    IAM User Guide, id_roles_providers_create_oidc, for the fallback to thumbprints; Google Cloud, Troubleshoot Workload
    Identity Federation. The number of days is this tool's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from oidc_doctor.checkkit import Certificate, Document, Finding, GcpProvider, Side, TargetEvidence, commands, warning

DAY = 86_400  # seconds
SOON = 30 * DAY


@warning("ISS010", "certificate-ends-soon")
def certificate_ends_soon(
    certificates: Sequence[Certificate], instant: float, evidence: TargetEvidence
) -> Iterator[Finding]:
    provider = evidence.gcp.provider if evidence.gcp is not None else None
    if evidence.aws is None and isinstance(provider, GcpProvider) and provider.jwks_json is not None:
        return  # Google Cloud fetches no key from this host
    for certificate in certificates:
        left = certificate.ends - instant
        soon = min(SOON, (certificate.ends - certificate.begins) / 3)
        if certificate.is_root or not 0 <= left <= soon:
            continue
        end = datetime.fromtimestamp(certificate.ends, UTC)
        what = "TLS certificate" if certificate.place == 0 else "intermediate certificate"
        yield Finding(
            f"the {what} of the issuer's host ({certificate.name}) ends on {end:%d %b %Y, %H:%M} UTC, in {_span(left)}",
            "Renew it before then; a host that renews by itself is due now." + _look(evidence),
            Side("renewed before it ends"),
            Side(f"ends {end:%Y-%m-%dT%H:%M:%SZ}", certificate.at),
        )


def _span(left: float) -> str:
    days = int(left // DAY)
    return f"{days} days" if days > 1 else "1 day" if days else f"{int(left // 3600)} hours"


def _look(evidence: TargetEvidence) -> str:
    """The command that shows the host's present certificate; empty where no document names the host."""
    discovery = evidence.issuer.discovery
    document = discovery.value if isinstance(discovery, Document) else None
    issuer = document.get("issuer") if isinstance(document, dict) else None
    host = issuer.removeprefix("https://").partition("/")[0] if isinstance(issuer, str) else ""
    host, _, port = host.partition(":")
    look = commands("openssl s_client -connect {} -servername {}", f"{host}:{port or 443}", host) if host else ()
    return f" See what it sends now: {look[0]} </dev/null | openssl x509 -noout -enddate" if look else ""
