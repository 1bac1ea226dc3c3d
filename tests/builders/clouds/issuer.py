"""An issuer on this machine: an HTTPS host with a certificate authority of its own."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import socket
import ssl
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from clouds.servers import QuietServer

ISSUER_HOST = "localhost"


@dataclass
class Site:
    """The answers of the issuer's host, by path: (status, headers, body), or a function that writes to the socket."""

    port: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ca_file: str = ""
    thumbprint: str = ""  # of the last certificate that it sends

    @property
    def issuer(self) -> str:
        return f"https://{ISSUER_HOST}:{self.port}"

    def serve(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers[path] = (status, sent, data)

    def good(self, keys: dict[str, Any] | None = None) -> None:
        """A right discovery document and a key set."""
        document = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.serve("/.well-known/openid-configuration", document)
        self.serve("/jwks", keys or {"keys": []})


@dataclass
class Authority:
    """A certificate authority of a test, with an intermediate; all keys are made at run time."""

    folder: Path
    days: int = 30

    def __post_init__(self) -> None:
        self.root, self.root_key = self.issue("Test Root", None, None, ca=True)
        self.middle, self.middle_key = self.issue("Test Middle", self.root, self.root_key, ca=True)
        self.ca_file = self.folder / "root.pem"
        self.ca_file.write_bytes(self.pem(self.root))

    def issue(
        self, name: str, above: Any, above_key: Any, *, ca: bool = False, days: int | None = None
    ) -> tuple[Any, Any]:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        end = now + dt.timedelta(days=self.days if days is None else days)
        signer = above_key or key
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(above.subject if above else own)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if not ca:
            names = [x509.DNSName(ISSUER_HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            server = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(server, critical=False)
        return builder.sign(signer, hashes.SHA256()), key

    @staticmethod
    def pem(certificate: Any) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding

        return bytes(certificate.public_bytes(Encoding.PEM))

    def server_files(self, kind: str = "good") -> tuple[str, str]:
        """Chain and key of a host: good, expired, self-signed, out-of-order or no-intermediate."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        if kind == "self-signed":
            leaf, key = self.issue(ISSUER_HOST, None, None)
            chain = [leaf]
        else:
            leaf, key = self.issue(ISSUER_HOST, self.middle, self.middle_key, days=-1 if kind == "expired" else None)
            chain = {"out-of-order": [leaf, self.root, self.middle], "no-intermediate": [leaf]}.get(
                kind, [leaf, self.middle]
            )
        chain_file, key_file = self.folder / f"{kind}.pem", self.folder / f"{kind}.key"
        chain_file.write_bytes(b"".join(self.pem(certificate) for certificate in chain))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return str(chain_file), str(key_file)


class TlsServer(QuietServer):
    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        raw, address = self.socket.accept()
        raw.settimeout(10)
        return self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address


def site_handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            site.asked.append(self.path)
            answer = site.answers.get(unquote(self.path))
            if callable(answer):
                with contextlib.suppress(OSError):
                    answer(self)
                return
            status, headers, body = answer or (404, {}, b"not here")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    return Handler
