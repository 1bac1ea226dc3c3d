"""Read the issuer's documents: discovery document, key set, and its host's certificates.

An address named only by a token or a bundle's file is not fetched unless the user allows it: a token in a ticket could
otherwise make this machine call any address of its author's choice.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from oidc_doctor.documents.json_text import printable
from oidc_doctor.issuers.catalogue import match_for, normalised, profile_for
from oidc_doctor.live.addresses import refusal_of_host
from oidc_doctor.live.collect import CallError, Collector, Reader
from oidc_doctor.live.https import Page, Rules, chain, fetch
from oidc_doctor.live.whose_fault import UNTRUSTED, Controls

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISCOVERY, _KEYS, _CHAIN = "issuer/openid-configuration.json", "issuer/jwks.json", "issuer/chain.pem"
_FEDERATED = re.compile(r":oidc-provider/([^\"\\\s]+)")


class IssuerScope(NamedTuple):
    """The issuer and the sources that name it."""

    named: str | None  # by the user, with --issuer
    claimed: tuple[str, ...] = ()  # by tokens and files, which may be untrusted; the first one is used
    claimed_by: str = "the token"  # the source of the first
    from_token: bool = False  # also fetch addresses named only by a token or a file
    rules: Rules = Rules()
    vouchers: tuple[str, ...] = ()  # readers whose results name issuers, from the account's own configuration
    prefix: str = ""


def readers(scope: IssuerScope) -> list[Reader]:
    """Discovery document, key set, certificates."""
    prefix = scope.prefix

    def trusted(collector: Collector) -> str | None:
        """Return the issuer if its address may be fetched."""
        configured = [candidate for name in scope.vouchers for candidate in _issuers_of(collector.answer(name))]
        issuer = scope.named or next(iter(scope.claimed), None) or next(iter(configured), None)
        if issuer is None or issuer == scope.named or scope.from_token or is_known(issuer):
            return issuer
        if normalised(issuer) in {normalised(candidate) for candidate in configured}:
            return issuer
        collector.warn(
            f"the issuer {issuer[:200]} is named by {scope.claimed_by} alone, so its address was not fetched; "
            "--fetch-token-issuer fetches it"
        )
        return None

    def discovery(collector: Collector) -> str | None:
        """The key set's address."""
        issuer = trusted(collector)
        if issuer is None:
            return None
        address = _address(issuer) + "/.well-known/openid-configuration"
        page = _fetched(collector, address, scope.rules, known=is_known(issuer))
        document = _document(page)
        collector.save(
            prefix + _DISCOVERY, _call(_DISCOVERY), page.body, **_remarks(collector, "the discovery document", page)
        )
        uri = document.get("jwks_uri")
        return uri if isinstance(uri, str) else None

    def keys(collector: Collector) -> None:
        collector.check_access(f"{prefix}issuer.discovery")
        uri = collector.answer(f"{prefix}issuer.discovery")
        if uri is None:
            return
        page = _fetched(collector, uri, scope.rules, known=is_known(uri))
        _document(page)
        collector.save(prefix + _KEYS, _call(_KEYS), page.body, **_remarks(collector, "the key set", page))

    def certificates(collector: Collector) -> None:
        issuer = trusted(collector)
        if issuer is None:
            return
        address = _address(issuer)
        sent = collector.shared(
            ("certificates", address, scope.rules, is_known(issuer)),
            lambda: _controls(collector).judged(
                lambda: collector.call(lambda: chain(address, scope.rules, collector.seconds_left(10))),
                known=is_known(issuer),
            ),
        )
        if sent.untrusted and _controls(collector).is_local(False, True, known=is_known(issuer)):
            raise CallError(
                "failed",
                UNTRUSTED,
                f"{sent.untrusted}; {_controls(collector).failed()} no trusted one either",
                local="network",
            )
        text = "".join(_pem(certificate) for certificate in sent.certificates)
        remarks = {"tls13_only": sent.tls13_only or None, "untrusted": sent.untrusted}
        collector.save(prefix + _CHAIN, _call(_CHAIN), text, **remarks)

    # an issuer known from the user or the catalogue need not wait for the clouds
    sure = scope.named is not None or scope.from_token or any(is_known(claimed) for claimed in scope.claimed[:1])
    needs = () if sure else scope.vouchers
    return [
        Reader(f"{prefix}issuer.discovery", prefix + _DISCOVERY, _call(_DISCOVERY), discovery, needs),
        Reader(f"{prefix}issuer.jwks", prefix + _KEYS, _call(_KEYS), keys, (f"{prefix}issuer.discovery",)),
        Reader(f"{prefix}issuer.chain", prefix + _CHAIN, _call(_CHAIN), certificates, needs),
    ]


_CONTROLS: WeakKeyDictionary[Collector, Controls] = WeakKeyDictionary()  # of each run


def _controls(collector: Collector) -> Controls:
    return _CONTROLS.setdefault(collector, Controls())


def is_known(issuer: str) -> bool:
    """Whether the catalogue lists the address as the issuer's own, so that nobody else can respond there.

    Profiles also match addresses at which anyone may host an issuer: these are recognised, but not known.
    """
    profile = profile_for(issuer)
    match = match_for(profile, issuer) if profile else None
    try:
        parts = urlsplit(_address(issuer))
        host, port = parts.hostname or "", parts.port
    except (ValueError, CallError):
        return False
    plain = parts.scheme == "https" and parts.username is None and port in (None, 443)
    return match is not None and plain and not refusal_of_host(host) and match.is_of_issuer(host)


def _issuers_of(answer: Any) -> Iterator[str]:
    """Return the issuers in a reader's answer: AWS providers by ARN, a role, Google providers (one or a list)."""
    if isinstance(answer, list):
        for part in answer:
            yield from _issuers_of(part)
    elif isinstance(answer, dict):
        oidc = answer.get("oidc")
        if isinstance(oidc, dict) and isinstance(oidc.get("issuerUri"), str):
            yield oidc["issuerUri"]
        elif "AssumeRolePolicyDocument" in answer:
            for url in _FEDERATED.findall(json.dumps(answer["AssumeRolePolicyDocument"])):
                yield f"https://{url}"
        else:
            for part in answer.values():
                if isinstance(part, dict) and isinstance(part.get("Url"), str):
                    yield f"https://{part['Url'].removeprefix('https://')}"


def _address(issuer: str) -> str:
    if "?" in issuer or "#" in issuer:
        raise CallError("failed", "NotAnIssuer", "an issuer's address has no query and no fragment")
    return issuer.rstrip("/") if "://" in issuer else f"https://{issuer}".rstrip("/")


def _fetched(collector: Collector, url: str, rules: Rules, *, known: bool) -> Page:
    """Return the page, which is fetched once for all targets of the issuer."""

    def fetched() -> Page:
        page: Page = collector.call(lambda: fetch(url, rules, collector.seconds_left(10)))
        collector.clocks.hear("the issuer", page.headers, is_cloud=False)
        return page

    shared: Page = collector.shared(
        ("page", url, rules, known), lambda: _controls(collector).judged(fetched, known=known)
    )
    return shared


def _document(page: Page) -> dict[str, Any]:
    """Parse the body as a JSON object. Raises CallError."""
    try:
        document = json.loads(page.body)
    except (ValueError, RecursionError):
        kind = printable(page.content_type.partition(";")[0], 60) or "no content type"
        raise CallError("failed", "NotJson", f"the answer is not JSON ({len(page.body)} bytes of {kind})") from None
    if not isinstance(document, dict):
        raise CallError("failed", "NotJson", "the answer is JSON, but not an object")
    return document


def _remarks(collector: Collector, document: str, page: Page) -> dict[str, Any]:
    """Return the duration and redirects of a response, for the manifest."""
    kind = page.content_type.partition(";")[0].strip().lower()
    if kind and not (kind == "application/json" or kind.endswith("+json")):
        collector.warn(f"{document} is served as {kind[:60]}, not as application/json")
    remarks: dict[str, Any] = {"seconds": round(page.seconds, 3)}
    if page.redirects:
        remarks["redirects"] = [printable(address) for address in page.redirects]
    return remarks


def _pem(certificate: bytes) -> str:
    import ssl

    return ssl.DER_cert_to_PEM_cert(certificate)


def _call(path: str) -> str:
    return "TLS handshake" if path == _CHAIN else "GET"
