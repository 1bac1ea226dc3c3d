"""ISS010: a certificate of the issuer's chain ends soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

CHAIN = "issuer/chain.pem"


def certificate(made: Bundle, name: str, *, begins: float, ends: float, by: str = "Example CA 7") -> str:
    """A certificate in PEM; begin and end in days from the bundle's instant."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.x509.oid import NameOID

    key = made.key("ec-chain")
    now = datetime.fromtimestamp(made.NOW, UTC)
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, by))
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), 5)
    builder = builder.not_valid_before(now + timedelta(days=begins)).not_valid_after(now + timedelta(days=ends))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_three_weeks_are_left(aws: Bundle) -> None:
    leaf = certificate(aws, "oidc.baseten.co", begins=-69, ends=21)
    above = certificate(aws, "Example CA 7", begins=-400, ends=900, by="Example Root")
    answer = aws.write(CHAIN, leaf + above).ask()
    row = answer.check("certificate-ends-soon")
    (finding,) = row.findings
    assert (row.effect, row.early) == ("note", True)
    assert "the TLS certificate of the issuer's host (oidc.baseten.co) ends on 13 Dec 2026" in finding.message
    assert finding.message.endswith("in 21 days")
    assert str(finding.actual and finding.actual.at) == f"{CHAIN}:1"
    show = "openssl s_client -connect oidc.baseten.co:443 -servername oidc.baseten.co"
    assert finding.commands == (f"{show} </dev/null | openssl x509 -noout -enddate",)
    assert answer.accepted


def test_an_intermediate_ends(aws: Bundle) -> None:
    leaf = certificate(aws, "oidc.baseten.co", begins=-10, ends=80)
    above = certificate(aws, "Example CA 7", begins=-700, ends=1.5, by="Example Root")
    (finding,) = aws.write(CHAIN, leaf + above).ask().check("certificate-ends-soon").findings
    assert "intermediate certificate of the issuer's host (Example CA 7)" in finding.message
    assert finding.message.endswith("in 1 day")
    assert str(finding.actual and finding.actual.at) == f"{CHAIN}:{leaf.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        (-59, 31),  # not yet
        (-3, 3),  # of a certificate of six days, the last third has not begun
        (-93, -3),  # expired: thumbprint-mismatch and certificate-untrusted are about that
    ],
)
def test_no_warning(aws: Bundle, begins: float, ends: float) -> None:
    chain = certificate(aws, "oidc.baseten.co", begins=begins, ends=ends)
    aws.write(CHAIN, chain).ask().passed("certificate-ends-soon")


def test_a_certificate_of_a_few_days_has_a_third_of_them_as_notice(aws: Bundle) -> None:
    chain = certificate(aws, "oidc.baseten.co", begins=-5, ends=1)
    assert aws.write(CHAIN, chain).ask().check("certificate-ends-soon").status == "failed"


def test_a_root_is_not_reported(aws: Bundle) -> None:
    leaf = certificate(aws, "oidc.baseten.co", begins=-10, ends=80, by="Example Root")
    root = certificate(aws, "Example Root", begins=-7000, ends=9, by="Example Root")
    aws.write(CHAIN, leaf + root).ask().passed("certificate-ends-soon")


def test_an_uploaded_key_set_needs_no_host(gcp: Bundle) -> None:
    gcp.write(CHAIN, certificate(gcp, "oidc.baseten.co", begins=-69, ends=21))
    assert gcp.ask().check("certificate-ends-soon").status == "failed"
    import json

    gcp.gcp_provider(oidc={"jwksJson": json.dumps({"keys": [gcp.jwk()]})})
    gcp.ask().passed("certificate-ends-soon")


@pytest.mark.parametrize("chain", [None, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no PEM"])
def test_no_chain_was_read(aws: Bundle, chain: str | None) -> None:
    if chain is not None:
        aws.write(CHAIN, chain)
    aws.ask().skipped("certificate-ends-soon")


def test_a_host_that_is_no_word_of_a_command(aws: Bundle) -> None:
    aws.write(CHAIN, certificate(aws, "oidc.baseten.co", begins=-69, ends=21)).discovery(issuer="https://-x\n/")
    (finding,) = aws.ask().check("certificate-ends-soon").findings
    assert finding.commands == ()
