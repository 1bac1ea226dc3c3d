"""Fetch a document over HTTPS, from an address that an attacker may have written.

https only; the host is checked as written, then resolved once, every address is checked, and the connection uses a
checked address, so that a second DNS response has no effect. Time, size and redirects are bounded, and each redirect is
checked like the first address. A proxy resolves the name itself: the host is checked as written, and by its addresses
resolved here, if any.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from oidc_doctor import __version__
from oidc_doctor.live.addresses import is_address, is_public, refusal_of_host
from oidc_doctor.live.collect import CallError

MOST_BYTES = 1024 * 1024  # bytes per document; a key set of a hundred keys has 50 KB
MOST_REDIRECTS = 3
# Hosts of two operators that an exchange needs anyway: a network that allows only one is detected by the other.
CONTROLS = ("https://sts.amazonaws.com", "https://sts.googleapis.com")
_MOST_SECONDS = 10.0
_MOST_ADDRESSES = 4  # addresses tried per host
_RESOLVING = 2.0  # seconds for a name that a proxy will resolve as well
_CHUNK = 64 * 1024
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_NO_ROUTE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL))


class Page(NamedTuple):
    """A response with status 200. `seconds` from the first packet to the last byte, redirects included."""

    body: bytes
    content_type: str
    seconds: float
    redirects: tuple[str, ...]  # the addresses that redirects led to
    headers: Mapping[str, str] = MappingProxyType({})  # names in lower case


class Rules(NamedTuple):
    """Rules for the addresses that may be connected to."""

    private: bool = False  # allow addresses that are not public
    ca_file: str | None = None  # instead of the public certificate authorities


def fetch(url: str, rules: Rules, seconds: float = _MOST_SECONDS, bearer: str | None = None) -> Page:
    """Return the document at `url`. `bearer` is a secret for that address only, not redirects. Raises CallError."""
    began = time.monotonic()
    deadline = began + min(seconds, _MOST_SECONDS)
    redirects: list[str] = []
    while True:
        status, headers, body = _get(url, rules, deadline, bearer)
        if bearer is not None or status not in (301, 302, 303, 307, 308):
            break
        target = headers.get("location")
        if not target:
            raise CallError("failed", f"HTTP{status}", "a redirect to nowhere")
        if len(redirects) >= MOST_REDIRECTS:
            raise CallError(
                "failed", "TooManyRedirects", f"more than {MOST_REDIRECTS}, the last to {urljoin(url, target)}"
            )
        url = urljoin(url, target)
        redirects.append(url)
    if status != http.client.OK:
        raise _not_ok(status)
    return Page(body, headers.get("content-type", ""), time.monotonic() - began, tuple(redirects), headers)


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> int:
    """Send `body` to an address that the user wrote, and return the status. Raises CallError.

    The address may be private; http:// is accepted for this machine alone. Redirects are not followed, and of the
    response only the status is read. A CallError names the host, and no other part of the address.
    """
    deadline = time.monotonic() + seconds
    parts = _checked(url, local=True)
    rules = Rules(private=True)
    connection = _Connection(parts, rules, None if parts.scheme == "http" else _trusting(rules), deadline)
    sent = {"User-Agent": f"oidc-doctor/{__version__}", **headers}
    watch = connection.watch()
    try:
        connection.request("POST", _path(parts), body=body, headers=sent)
        with connection.getresponse() as answer:
            return answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(error, parts, deadline, connected=connection.connected) from None
    finally:
        watch.cancel()
        connection.close()


class HostCertificates(NamedTuple):
    """A host's certificates in DER, the host's own first, and whether a client trusts them."""

    certificates: list[bytes]
    tls13_only: bool
    untrusted: str  # why a client with public certificate authorities refuses them; empty if it accepts them


def chain(url: str, rules: Rules, seconds: float = _MOST_SECONDS) -> HostCertificates:
    """Return the host's certificates, trusted or not. Two or three handshakes, no request. Raises CallError."""
    deadline = time.monotonic() + min(seconds, _MOST_SECONDS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # untrusted chains are read too: no request is sent to the host
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        certificates = _chain_of(url, rules, context, deadline)
    except CallError as failure:
        if failure.code != "TLS":
            raise
        context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
        return HostCertificates(_chain_of(url, rules, context, deadline), True, _untrusted(url, rules, deadline))
    return HostCertificates(certificates, False, _untrusted(url, rules, deadline))


def _untrusted(url: str, rules: Rules, deadline: float) -> str:
    """Return why the host's certificate does not verify against public certificate authorities."""
    import certifi

    try:
        _chain_of(url, rules, ssl.create_default_context(cafile=certifi.where()), deadline)
    except CallError as failure:
        return failure.message if failure.code == "CertificateNotTrusted" else ""
    return ""


def control(address: str, seconds: float = _MOST_SECONDS) -> CallError | None:
    """Return why this machine has no trusted connection to one of CONTROLS either; None if it has.

    Only a handshake is made: it distinguishes a network fault from a fault of the other side.
    """
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    try:
        _chain_of(address, Rules(), context, time.monotonic() + seconds)
    except CallError as failure:
        return failure
    return None


# ------------------------------------------------------------------------------------------------------- one request


def _get(url: str, rules: Rules, deadline: float, bearer: str | None) -> tuple[int, dict[str, str], bytes]:
    parts = _checked(url)
    connection = _Connection(parts, rules, _trusting(rules), deadline)
    headers = {"Accept": "application/json", "User-Agent": f"oidc-doctor/{__version__}", "Accept-Encoding": "identity"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    watch = connection.watch()
    try:
        connection.request("GET", _path(parts), headers=headers)
        with connection.getresponse() as answer:
            fields = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, fields, _body(answer, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(error, parts, deadline, connected=connection.connected) from None
    finally:
        watch.cancel()
        connection.close()


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _body(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = answer.read1(_CHUNK)
        if (
            time.monotonic() >= deadline
        ):  # also where the watch closed the connection, which looks like the end of the response
            raise TimeoutError
        if not piece:
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
            return b"".join(pieces)
        size += len(piece)
        if size > MOST_BYTES:
            raise CallError("failed", "TooLarge", f"the document is larger than {MOST_BYTES // 1024} KiB")
        pieces.append(piece)


class _Connection(http.client.HTTPSConnection):
    """A connection to a checked address, through the environment's proxy if any.

    Without a context: plain http to this machine, without a proxy.
    """

    def __init__(self, parts: SplitResult, rules: Rules, context: ssl.SSLContext | None, deadline: float) -> None:
        assert parts.hostname is not None  # noqa: S101 - _checked
        super().__init__(parts.hostname, parts.port or (80 if context is None else 443), context=context)
        self._rules = rules
        self._tls = context
        self._deadline = deadline
        self._raw: socket.socket | None = None

    @property
    def connected(self) -> bool:
        """Whether the host, or the proxy on its behalf, accepted a connection."""
        return self._raw is not None

    def watch(self) -> threading.Timer:
        """Closes the connection at the deadline: a socket's own timeout restarts with each byte."""

        def end() -> None:
            if self._raw is not None:
                with contextlib.suppress(OSError):  # already closed
                    self._raw.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(_seconds_left(self._deadline), end)
        timer.daemon = True
        timer.start()
        return timer

    def connect(self) -> None:
        """Open the connection without the base class, which would resolve the name again."""
        _check_name(self.host, self._rules)
        if self._tls is None:
            addresses = _addresses(self.host, self.port, self._rules)
            loopback = [address for address in addresses if ipaddress.ip_address(address[4][0]).is_loopback]
            self.sock = self._raw = _connected(loopback, self._deadline)
            return
        proxy = _proxy(self.host)
        if proxy is None:
            raw = _connected(_addresses(self.host, self.port, self._rules), self._deadline)
        else:
            _check_from_here(self.host, self.port, self._rules)
            raw = _through(proxy, self.host, self.port, self._deadline)
        self._raw = raw
        try:
            raw.settimeout(_seconds_left(self._deadline))
            self.sock = self._raw = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def _chain_of(url: str, rules: Rules, context: ssl.SSLContext, deadline: float) -> list[bytes]:
    parts = _checked(url)
    connection = _Connection(parts, rules, context, deadline)
    watch = connection.watch()
    try:
        connection.connect()
        stream: Any = connection.sock
        # public since 3.13, where it returns bytes; earlier it is a method of the object below
        getter = getattr(stream, "get_unverified_chain", None) or stream._sslobj.get_unverified_chain  # noqa: SLF001
        certificates = getter() or []
        encoding = 2  # of a certificate object: _ssl.ENCODING_DER
        return [
            bytes(certificate if isinstance(certificate, bytes) else certificate.public_bytes(encoding))
            for certificate in certificates
        ]
    except (OSError, ValueError) as error:
        raise _failure(error, parts, deadline, connected=connection.connected) from None
    finally:
        watch.cancel()
        connection.close()


def _checked(url: str, *, local: bool = False) -> SplitResult:
    """Split the URL. Raises CallError for a URL that is never fetched. `local`: allow http to this machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise CallError("failed", "NotAnAddress", "not an address that can be fetched") from None
    if parts.scheme != "https" and not (local and parts.scheme == "http" and host in _THIS_MACHINE):
        raise CallError("failed", "NotHttps", f"{parts.scheme or 'no scheme'} instead of https")
    if not host or parts.username is not None or port == 0 or not url.isascii() or any(c <= " " for c in url):
        raise CallError("failed", "NotAnAddress", "not an address that can be fetched")
    return parts


def _addresses(host: str, port: int, rules: Rules) -> list[tuple[Any, ...]]:
    """Return the host's addresses. Raises CallError for a non-public address, which an attacker may target."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CallError("failed", "NoSuchHost", f"{host} cannot be resolved from here", unreached=True) from None
    if not rules.private:
        hidden = [str(address[4][0]) for address in addresses if not is_public(str(address[4][0]))]
        if hidden:
            raise _not_public(host, f"{hidden[0]}, not a public address", rules)
    return [tuple(address) for address in addresses[:_MOST_ADDRESSES]]


def _check_name(host: str, rules: Rules) -> None:
    """Raise CallError for a host that must not be called, as written."""
    reason = refusal_of_host(host, private=rules.private)
    if reason:
        raise _not_public(host, reason, rules)


def _check_from_here(host: str, port: int, rules: Rules) -> None:
    """Raise CallError for a name that this machine resolves to a private address, even if a proxy will resolve it.

    Behind a proxy a machine often cannot resolve internet names: no response in time proves nothing.
    """
    if rules.private or is_address(host):
        return
    failures: list[CallError] = []

    def resolve() -> None:
        try:
            _addresses(host, port, rules)
        except CallError as failure:
            failures.append(failure)

    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(_RESOLVING)
    for failure in failures:
        if failure.code == "NotPublic":
            raise failure


def _not_public(host: str, reason: str, rules: Rules) -> CallError:
    hint = "" if rules.private else " (--private-issuer calls it)"
    message = f"{host[:200]} is {reason}; the clouds cannot reach it, and it was not called{hint}"
    return CallError("failed", "NotPublic", message)


def _connected(addresses: list[tuple[Any, ...]], deadline: float) -> socket.socket:
    """Connect to the first address that accepts a connection."""
    last: OSError = OSError("no address")
    for number, (family, kind, protocol, _, place) in enumerate(addresses):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(_seconds_left(deadline) / (len(addresses) - number))
            raw.connect(place)
        except OSError as error:
            raw.close()
            last = error
        else:
            return raw
    raise last


def _proxy(host: str) -> SplitResult | None:
    address = getproxies().get("https")
    if not address or proxy_bypass(host):
        return None
    return urlsplit(address if "://" in address else f"http://{address}")


def _through(proxy: SplitResult, host: str, port: int, deadline: float) -> socket.socket:
    """Open a tunnel through the http proxy of the user's environment."""
    import base64

    if proxy.scheme != "http" or not proxy.hostname:
        raise CallError("failed", "Proxy", "only a proxy with an http:// address can be used", local="network")
    try:
        raw = socket.create_connection((proxy.hostname, proxy.port or 80), timeout=_seconds_left(deadline))
    except OSError as error:
        message = f"the proxy {proxy.hostname[:200]} cannot be reached: {error.strerror or 'no connection'}"
        raise CallError("failed", "Proxy", message, local="network") from None
    name = f"[{host}]" if ":" in host else host
    head = f"CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n"
    if proxy.username is not None:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        head += f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}\r\n"
    try:
        raw.sendall(head.encode() + b"\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _CHUNK:
            raw.settimeout(_seconds_left(deadline))
            piece = raw.recv(1)  # byte by byte, without reading past the header
            if not piece:
                break
            answer += piece
    except BaseException:
        raw.close()
        raise
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        raw.close()
        if status and status[0] in (b"502", b"503", b"504"):  # it tried: the host or its own network is at fault
            raise CallError("failed", "Proxy", f"the proxy could not reach {host[:200]}", unreached=True)
        raise CallError("failed", "Proxy", "the proxy refuses the connection", local="network")
    return raw


def _trusting(rules: Rules) -> ssl.SSLContext:
    """Trust public certificate authorities, or those set in the user's environment, as requests and OpenSSL do."""
    variables = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    authorities = rules.ca_file or next(filter(None, variables), None)
    if not authorities:
        import certifi

        authorities = certifi.where()
    try:
        if os.path.isdir(authorities):
            return ssl.create_default_context(capath=authorities)
        return ssl.create_default_context(cafile=authorities)
    except OSError:
        raise CallError(
            "failed",
            "NoAuthorities",
            f"the file of certificate authorities {authorities} cannot be read",
            local="network",
        ) from None


def _seconds_left(deadline: float) -> float:
    return max(0.05, deadline - time.monotonic())


def _not_ok(status: int) -> CallError:
    code = f"HTTP{status}"
    reason = http.client.responses.get(status, "")
    message = f"the answer is {status} {reason}".strip()
    if status in (404, 410):
        return CallError("not_found", code, message)
    if status in (401, 403, 407):
        return CallError("denied", code, message)
    if status == http.client.TOO_MANY_REQUESTS:
        return CallError("throttled", code, message, heals=True)
    return CallError("failed", code, message, heals=status >= http.client.INTERNAL_SERVER_ERROR)


def _failure(error: Exception, parts: SplitResult, deadline: float, *, connected: bool) -> CallError:
    """Return the CallError for a fault below HTTP."""
    host = parts.hostname
    if time.monotonic() >= deadline:
        return CallError("timeout", "Timeout", f"{host} took too long", unreached=not connected)
    if isinstance(error, ssl.SSLCertVerificationError):
        return CallError("failed", "CertificateNotTrusted", f"{host}: {error.verify_message}")
    if isinstance(error, TimeoutError):
        return CallError("timeout", "Timeout", f"{host} took too long", heals=True, unreached=not connected)
    if isinstance(error, ssl.SSLError):
        return CallError("failed", "TLS", f"{host}: no TLS connection ({error.reason or 'closed'})")
    if isinstance(error, OSError):
        no_route = not connected and error.errno in _NO_ROUTE
        return CallError(
            "failed", "NoConnection", f"{host}: {error.strerror or 'no connection'}", heals=True, unreached=no_route
        )
    return CallError("failed", "Malformed", f"{host} sent no answer that can be read ({type(error).__name__})")
