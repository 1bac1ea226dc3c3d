"""Judge the observed connection to the issuer: certificates, response time, redirects.

The observation was made from the user's network not from the cloud's, so it can only lead to suspicions.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from oidc_doctor.judge.answers import usual_error
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.early import Certificate
from oidc_doctor.model.evidence import AwsOidcProvider
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import CERTIFICATES

if TYPE_CHECKING:
    from oidc_doctor.judge.exchange import ExchangeBuilder

# IAM user guide and an AWS re:Post article on InvalidIdentityToken: AWS gives up after five seconds.
_AWS_TIMEOUT = 5.0
_CHAIN = "issuer/chain.pem"
_MARK = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
_Answer = TypeVar("_Answer")


class ObservedChain(NamedTuple):
    """The certificate chain of a host. `thumbprint` as AWS computes it: hex SHA-1 of the last certificate."""

    thumbprint: str
    fault: str | None  # why a client may not trust the chain, in words: expired, self-signed, out of order


def read_chain(text: str, at: float) -> ObservedChain | None:
    """Parse a PEM chain and check it at an instant in epoch seconds; None if it contains no certificate."""
    from cryptography.hazmat.primitives.serialization import Encoding

    def judged(certificates: list[Any]) -> ObservedChain | None:
        if not certificates:
            return None
        last = hashlib.sha1(certificates[-1].public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
        return ObservedChain(last, _fault(certificates, datetime.fromtimestamp(at, UTC)))

    return _of_chain(text, judged)


def read_certificates(text: str) -> tuple[Certificate, ...]:
    """Parse the certificates of a PEM chain, in its order; () if it has none or one of them cannot be read."""
    lines = [text.count("\n", 0, start) + 1 for start in islice(_marks(text), CERTIFICATES.most)]

    def listed(certificates: list[Any]) -> tuple[Certificate, ...]:
        return tuple(
            Certificate(
                _common_name(certificate),
                place,
                certificate.not_valid_before_utc.timestamp(),
                certificate.not_valid_after_utc.timestamp(),
                certificate.issuer == certificate.subject,
                Origin(_CHAIN, line=lines[place]),
            )
            for place, certificate in enumerate(certificates)
        )

    return _of_chain(text, listed) or ()


def _marks(text: str) -> Iterator[int]:
    start = text.find(_MARK)
    while start >= 0:
        yield start
        start = text.find(_MARK, start + 1)


def _of_chain(text: str, question: Callable[[list[Any]], _Answer]) -> _Answer | None:
    """Return the answer about the parsed certificates of a PEM chain; None if one of them cannot be read."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    pieces = (piece.partition(_END)[0] for piece in text.split(_MARK)[1 : CERTIFICATES.most + 1])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of faults in others' certificates
            return question([x509.load_pem_x509_certificate(f"{_MARK}{body}{_END}\n".encode()) for body in pieces])
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):  # a name is parsed only when accessed
        return None


def _common_name(certificate: Any) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else str(certificate.subject.rfc4514_string())


def _fault(certificates: list[Any], at: datetime) -> str | None:
    for number, certificate in enumerate(certificates):
        name = "the certificate" if number == 0 else f"certificate {number + 1} of the chain"
        if at > certificate.not_valid_after_utc:
            return f"{name} expired on {certificate.not_valid_after_utc:%d %b %Y}"
        if at < certificate.not_valid_before_utc:
            return f"{name} is valid from {certificate.not_valid_before_utc:%d %b %Y} on"
    if certificates[0].issuer == certificates[0].subject:
        return "the certificate is self-signed"
    for number, (certificate, above) in enumerate(pairwise(certificates)):
        if certificate.issuer != above.subject:
            return f"certificate {number + 2} of the chain is not the one that signed certificate {number + 1}"
    return None


def judge_connection(exchange: ExchangeBuilder, provider: AwsOidcProvider | None) -> None:
    """Suspect a host that is slow, redirects, or presents certificates that the cloud may not trust."""
    issuer = exchange.case.evidence.issuer
    if exchange.cloud == "aws":
        for path, kind in (
            ("issuer/openid-configuration.json", Kind.ISSUER_UNREACHABLE),
            ("issuer/jwks.json", Kind.JWKS_UNREACHABLE),
        ):
            seconds = issuer.seconds.get(path)
            if seconds is not None and seconds > _AWS_TIMEOUT:
                _doubt(exchange, kind, path, f"from here it took {seconds:.1f} s, and AWS gives up after 5 s")
    else:  # Google's troubleshooting page counts redirects among the causes; AWS's behaviour is unknown
        for path, targets in issuer.redirects.items():
            kind = Kind.JWKS_UNREACHABLE if "jwks" in path else Kind.ISSUER_UNREACHABLE
            _doubt(exchange, kind, path, f"it is redirected, to {targets[-1]}")
    if isinstance(issuer.chain, Missing):
        return
    chain = read_chain(issuer.chain, exchange.case.at)
    if chain is None:
        return
    fault = chain.fault or issuer.tls_fault or None
    if exchange.cloud == "gcp":
        if fault:
            _suspect(exchange, Kind.CERTIFICATE_UNTRUSTED, _CHAIN, fault)
        return
    # AWS uses the ThumbprintList only if its list of trusted authorities does not settle the check
    why = fault or ("the host supports TLS 1.3 only" if issuer.tls13_only else None)
    if why is None or provider is None:
        return
    if chain.thumbprint in {thumbprint.lower() for thumbprint in provider.thumbprints}:
        return
    _suspect(
        exchange,
        Kind.THUMBPRINT_MISMATCH,
        _CHAIN,
        f"{why}, so AWS compares thumbprints",
        thumbprints=", ".join(provider.thumbprints),
        thumbprint=chain.thumbprint,
        provider_arn=provider.arn or "",
    )


def _doubt(exchange: ExchangeBuilder, kind: Kind, path: str, doubt: str) -> None:
    _suspect(exchange, kind, path, "", doubt=doubt)


def _suspect(exchange: ExchangeBuilder, kind: Kind, path: str, reason: str, **more: str) -> None:
    error = usual_error(exchange.cloud, "keys", kind)
    exchange.refuse(
        kind,
        error._replace(certain=False) if error else None,
        step="keys",
        certain=False,
        where=Origin(path),
        settle="look at the host from outside your own network, as the cloud does",
        facts={"reason": reason, **more},
    )
