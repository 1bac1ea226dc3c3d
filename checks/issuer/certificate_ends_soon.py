"""Certificate ends soon

Symptom
    None yet. Clients do not trust the issuer's host once its certificate has expired. Of hosts that they do not
    trust, AWS documents that it compares thumbprints, and Google Cloud that it cannot fetch the keys; that an
    expired certificate has these effects is inferred.
Reason
    A certificate of the chain that the issuer's host sends ends within 30 days, or, if its lifetime is short,
    within the last third of it. Most hosts renew their own certificate about then, by themselves; an intermediate
    is replaced by whoever configured the chain. A root is not reported. Where the provider has an uploaded key set,
    Google Cloud fetches nothing, and no certificate is reported.
Confirm
    openssl s_client -showcerts -connect HOST:443 -servername HOST prints the chain; openssl x509 -noout -enddate prints
    the end of one certificate.
Fix
    Renew the certificate, or replace the intermediate, and capture the chain again. Where a vendor runs the issuer,
    the vendor renews it: ask for the date if the end comes near.
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
_OF_HOST = (
    "Renew it before then, or ask whoever runs the host; a host that renews its certificate by itself is due now. The "
    "command prints the end of the certificate that the host sends now."
)
_OF_AUTHORITY = (
    "Configure the host to send its authority's present intermediate before then, or ask whoever runs the host. The "
    "command prints the chain that the host sends now."
)


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
            _OF_AUTHORITY if certificate.place else _OF_HOST,
            Side("renewed before it ends"),
            Side(f"ends {end:%Y-%m-%dT%H:%M:%SZ}", certificate.at),
            commands=_look(evidence, certificate),
        )


def _span(left: float) -> str:
    days = int(left // DAY)
    return f"{days} days" if days > 1 else "1 day" if days else f"{int(left // 3600)} hours"


def _look(evidence: TargetEvidence, certificate: Certificate) -> tuple[str, ...]:
    """The command that shows what the host sends now; () where no document names the host."""
    discovery = evidence.issuer.discovery
    document = discovery.value if isinstance(discovery, Document) else None
    issuer = document.get("issuer") if isinstance(document, dict) else None
    host, _, port = (
        (issuer if isinstance(issuer, str) else "").removeprefix("https://").partition("/")[0].partition(":")
    )
    address = f"{host}:{port or 443}" if host else ""
    if certificate.place:
        chain = commands("openssl s_client -showcerts -connect {} -servername {}", address, host)
        return tuple(f"{show} </dev/null" for show in chain)
    look = commands("openssl s_client -connect {} -servername {}", address, host)
    return tuple(f"{show} </dev/null | openssl x509 -noout -enddate" for show in look)
