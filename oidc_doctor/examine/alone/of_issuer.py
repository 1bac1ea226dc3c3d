"""Report on an issuer's documents: whether AWS and Google can use each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import diagnose, name_refusals
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.certificates import read_chain
from oidc_doctor.judge.keys import ALGORITHMS, unusable
from oidc_doctor.model.alone import Alone, Line, Part
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document, Missing, Origin
from oidc_doctor.model.evidence import Token
from oidc_doctor.model.steps import CLOUDS, Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.examine.collect import Run
    from oidc_doctor.model.evidence import TargetEvidence

_CLOUDS: tuple[Cloud, ...] = ("aws", "gcp")
_MOST_KEYS = 20
_DOCUMENTS = 3
_NAMES = tuple(CLOUDS.values())


def of_issuer(evidence: TargetEvidence, run: Run) -> Alone:
    """Return the report on an issuer's documents, which the issuer wrote."""
    issuer = evidence.issuer
    discovery, jwks = issuer.discovery, issuer.jwks
    published = discovery.value if isinstance(discovery, Document) and isinstance(discovery.value, dict) else {}
    address = evidence.target.issuer or published.get("issuer")
    address = address if isinstance(address, str) else ""
    lines = [
        _document("discovery", discovery, issuer.seconds.get("issuer/openid-configuration.json")),
        *_published(published, address),
        _document("key set", jwks, issuer.seconds.get("issuer/jwks.json")),
        *_keys(jwks),
        *_algorithms(published),
        *_certificate(evidence, run.at),
    ]
    documents = (("discovery document", discovery), ("key set", jwks), ("certificate", issuer.chain))
    unread = [(label, part) for label, part in documents if isinstance(part, Missing)]
    faults = list(_faults(evidence, address, run.at))
    parts = [Part("The issuer", (Line("issuer", address or "not named"), *lines))]
    parts += [Part("Errors of AWS and Google Cloud", tuple(faults))] if faults else []
    parts += [Part("Requirements of the clouds", tuple(_needs(address)))]
    return Alone(
        "issuer",
        _headline(address, (*lines, *faults), unread),
        tuple(parts),
        ask="Add a token of this issuer, to check its signature and claims: --token FILE",
    )


def _headline(address: str, lines: Sequence[Line], unread: Sequence[tuple[str, Missing]]) -> str:
    name = address or "The issuer"
    fault = next((line for line in lines if line.sign == "✗"), None)
    if fault is not None:
        return f"{name} has a fault: {fault.label}: {fault.text}."
    if len(unread) == _DOCUMENTS:
        return f"{name} could not be read from here, which does not show whether a cloud can: {unread[0][1].reason}."
    risk = next((line for line in lines if line.sign == "!" or (line.sign == "?" and line.label in _NAMES)), None)
    if risk is not None:
        return f"{name} may be refused: {risk.label}: {risk.text}."
    if unread:
        return (
            f"The documents of {name} that were read are in order; not read: {', '.join(label for label, _ in unread)}."
        )
    return f"{name} is healthy: AWS and Google Cloud can use its discovery document and its keys."


def _document(label: str, document: Document | Missing, seconds: float | None) -> Line:
    if isinstance(document, Missing):
        # the issuer itself reported that it has none; any other failure may be the local network's
        return Line(label, f"not read: {document.reason}", "✗" if document.proves_absence else "?")
    took = f", in {seconds:.1f} s" if seconds is not None else ""
    return Line(label, f"read from {document.file}{took}", "✓")


def _published(published: dict[str, Any], address: str) -> Iterator[Line]:
    named = published.get("issuer")
    if isinstance(named, str) and address:
        same = named == address
        yield Line("names itself", named, "✓" if same else "!")
    uri = published.get("jwks_uri")
    if isinstance(uri, str):
        yield Line("jwks_uri", uri)


def _keys(jwks: Document | Missing) -> Iterator[Line]:
    listed = jwks.value.get("keys") if isinstance(jwks, Document) and isinstance(jwks.value, dict) else None
    if not isinstance(listed, list):
        if isinstance(jwks, Document):
            yield Line("keys", "the document has no list of keys", "✗")
        return
    if not listed:
        yield Line("keys", "the key set is empty", "✗")
    for key in listed[:_MOST_KEYS]:
        if not isinstance(key, dict):
            yield Line("key", "is not an object", "✗")
            continue
        name = " ".join(str(key[member]) for member in ("kty", "alg", "use") if key.get(member))
        name = f"kid {key.get('kid')}: {name}"
        why = {cloud: unusable(cloud, key, str(key.get("kty"))) for cloud in _CLOUDS}
        refused = [f"{CLOUDS[cloud]} cannot use it: {reason}" for cloud, reason in why.items() if reason]
        yield Line("key", "; ".join([name, *refused]), "!" if refused else "✓")
    if len(listed) > _MOST_KEYS:
        yield Line("key", f"and {len(listed) - _MOST_KEYS} more")


def _algorithms(published: dict[str, Any]) -> Iterator[Line]:
    listed = published.get("id_token_signing_alg_values_supported")
    if not isinstance(listed, list):
        return
    for cloud in _CLOUDS:
        usable = [name for name in listed if isinstance(name, str) and name in ALGORITHMS[cloud]]
        if usable:
            yield Line("algorithms", f"{CLOUDS[cloud]} accepts {', '.join(usable)}", "✓")
            continue
        # AWS requires the member (IAM User Guide); no source says that a cloud compares its values with a token's alg.
        named = ", ".join(map(str, listed)) or "none"
        text = f"{CLOUDS[cloud]} accepts none of those that the discovery document lists ({named})"
        yield Line("algorithms", f"{text}; that it reads this list is inferred, the keys decide", "!")


def _certificate(evidence: TargetEvidence, at: float) -> Iterator[Line]:
    chain = evidence.issuer.chain
    if isinstance(chain, Missing):
        yield Line("certificate", f"not read: {chain.reason}", "?")
        return
    read = read_chain(chain, at)
    if read is None:
        yield Line("certificate", "what was read holds no certificate", "?")
        return
    fault = read.fault or evidence.issuer.tls_fault
    yield Line("certificate", fault or "in order, as seen from here", "!" if fault else "✓")
    yield Line("thumbprint", f"{read.thumbprint} (of the last certificate that was sent)")
    if evidence.issuer.tls13_only:
        yield Line("TLS", "the host supports TLS 1.3 only, so AWS compares thumbprints", "!")


def _faults(evidence: TargetEvidence, address: str, at: float) -> Iterator[Line]:
    """Yield what the judge finds at the step that fetches the issuer's documents, for a token of this issuer."""
    claims = {"iss": address} if address else {}
    token = Token("decoded", claims, None, complete=False, origin=Origin("--issuer"), name="none")
    checks = run_checks.by_kind(packs.all_checks())
    profile = profile_for(address)
    for cloud in _CLOUDS:
        case = Case(cloud, evidence, token, at, profile)
        for named in name_refusals(diagnose(case, evaluate(case)), checks):
            if named.refusal.step == "keys":
                certain = named.refusal.certain
                text = f"{'' if certain else 'perhaps '}{named.headline} ({named.code} {named.name})"
                yield Line(CLOUDS[cloud], text, "✗" if certain else "?")


def _needs(address: str) -> Iterator[Line]:
    path = address.removeprefix("https://")
    yield Line("AWS", f"an IAM OIDC provider with the URL {address}, and the audience in its ClientIDList")
    yield Line(
        "", f"a trust policy with arn:aws:iam::ACCOUNT:oidc-provider/{path} and conditions on {path}:aud and :sub"
    )
    yield Line("Google Cloud", f"a workload identity pool provider with issuerUri {address}, and allowedAudiences")
