"""A chain in PEM, as somebody pasted it: judged or passed over, whatever it holds."""

from __future__ import annotations

import base64
import datetime as dt
import functools

from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.judge.certificates import read_chain
from oidc_doctor.model.kinds import Kind
from tests.conftest import Bundle
from tests.judge.rules import trace_of

NOW = 1_795_000_000.0


@functools.cache
def certificate(days: int = 30) -> bytes:
    """A self-signed certificate, DER."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "oidc.example.com")])
    now = dt.datetime.fromtimestamp(NOW, dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - dt.timedelta(days=60))
    signed = builder.not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    return bytes(signed.public_bytes(Encoding.DER))


def pem(der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


def test_the_thumbprint_is_the_last_certificates() -> None:
    import hashlib

    found = read_chain("depth=1 O = Example\n" + pem(certificate(30)) + "s:CN\n" + pem(certificate(31)), NOW)
    assert found is not None
    assert found.thumbprint == hashlib.sha1(certificate(31), usedforsecurity=False).hexdigest()


def test_faults_in_words() -> None:
    for days, when, words in (
        (30, NOW, "the certificate is self-signed"),
        (-1, NOW, "the certificate expired on "),
        (30, NOW - 90 * 86_400, "the certificate is valid from "),
    ):
        found = read_chain(pem(certificate(days)), when)
        assert found is not None
        assert (found.fault or "").startswith(words)


def test_a_thumbprint_of_the_provider_counts_in_any_case(aws: Bundle) -> None:
    chain = pem(certificate())
    seen = read_chain(chain, aws.NOW)
    assert seen is not None
    aws.write("issuer/chain.pem", chain)
    for prints, suspected in (([seen.thumbprint.upper()], False), (["06b25927c42a721631c1efd9431e648fa62e1e39"], True)):
        refusals = trace_of(aws.aws_provider(ThumbprintList=prints), "aws").step("keys").refusals
        assert (Kind.THUMBPRINT_MISMATCH in [refusal.kind for refusal in refusals]) is suspected


@given(st.text() | st.text(max_size=200).map(lambda text: pem(text.encode())))
def test_any_text(text: str) -> None:
    assert read_chain(text, NOW) is None


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4))
def test_any_damage(changes: list[tuple[int, int]]) -> None:
    der = bytearray(certificate())
    for place, value in changes:
        der[place % len(der)] = value
    read_chain(pem(bytes(der)), NOW)
