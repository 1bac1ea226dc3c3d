"""Report on an IAM OIDC provider: its URL, client IDs and thumbprints in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.examine.alone import words
from oidc_doctor.findings import packs
from oidc_doctor.findings.causes import diagnose, name_refusals
from oidc_doctor.findings.run_checks import by_kind
from oidc_doctor.issuers import profile_for
from oidc_doctor.issuers.strangers import example
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.typos import invisible_in, left_in
from oidc_doctor.model.alone import Alone, Line, NextCommand, Part
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import AwsOidcProvider, Token

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.evidence import TargetEvidence

_FEW = 3  # audiences in the headline
_MOST = 100  # client IDs of a provider (IAM quota)


def of_oidc_provider(evidence: TargetEvidence) -> Alone:
    """Return the report on an IAM OIDC provider."""
    assert evidence.aws is not None  # noqa: S101 - `thing_given` saw it
    provider = evidence.aws.provider
    assert isinstance(provider, AwsOidcProvider)  # noqa: S101 - likewise
    issuer = provider.url.removeprefix("https://")
    profile = profile_for(f"https://{issuer}")
    lines = [Line("url", provider.url), *([Line("Arn", provider.arn)] if provider.arn else [])]
    issuer_kind = f"{profile.title}, a known issuer" if profile is not None else "no known issuer"
    lines.append(Line("issuer", f"tokens with iss https://{issuer} ({issuer_kind})"))
    faults = list(_faults(evidence, issuer, profile))
    lines += [*_client_ids(provider), *faults]
    lines += _thumbprints(provider)
    listing, _ = words.listing_of_roles(issuer)
    return Alone(
        "oidc-provider",
        _headline(provider, issuer, profile, faults),
        (Part("The OIDC provider", tuple(lines)),),
        commands=(NextCommand(listing, "the roles that may trust it: save one as role.json"),),
        ask="Which role? Add it: --role ARN (with credentials), or name role.json after this file",
    )


def _headline(provider: AwsOidcProvider, issuer: str, profile: Profile | None, faults: Sequence[Line]) -> str:
    whose = f" ({profile.title})" if profile is not None else ""
    said = f"This OIDC provider is for tokens of https://{issuer}{whose}"
    if faults:
        return f"{said}, and {faults[0].text}."
    ids = provider.client_ids
    if not isinstance(ids, tuple):
        return f"{said}; its ClientIDList is not in the file."
    if not ids:
        return f"{said}, and its ClientIDList is empty."
    return f"{said} with the audience {' or '.join(ids[:_FEW])}."


def _faults(evidence: TargetEvidence, issuer: str, profile: Profile | None) -> Iterator[Line]:
    """Yield why the judge refuses this issuer's tokens at the provider, if the issuer's tokens are known."""
    fixed = profile.audience.fixed if profile is not None else None
    if profile is None or not fixed:
        return
    claims = {"iss": f"https://{issuer}", "aud": fixed, "sub": example(profile)}
    token = Token("decoded", claims, None, complete=False, origin=Origin("(any token)"), name="none", recorded=True)
    checks = by_kind(packs.all_checks())
    case = Case("aws", evidence, token, 0.0, profile)
    for named in name_refusals(diagnose(case, evaluate(case)), checks):
        if named.refusal.step in ("provider", "audience") and named.refusal.certain:
            yield Line("fault", f"{named.headline} ({named.code} {named.name})", "✗")


def _client_ids(provider: AwsOidcProvider) -> Iterator[Line]:
    ids = provider.client_ids
    if not isinstance(ids, tuple):
        yield Line("ClientIDList", "not in the file", "?")
        return
    if not ids:
        yield Line("ClientIDList", "empty: it is not documented whether AWS accepts any audience then", "!")
    for client_id in ids[:_MOST]:
        yield Line("ClientIDList", client_id)
        unseen, placeholder = invisible_in([client_id]), left_in(client_id)
        if unseen:
            yield Line("typo", f"character {unseen[1]} of it is a {unseen[0]}", "!")
        if placeholder:
            yield Line("typo", f"{placeholder} is a placeholder of a guide that was not replaced", "!")
    if provider.url.endswith("/"):
        yield Line("url", "ends with a slash: it matches only tokens whose iss ends with a slash too", "!")


def _thumbprints(provider: AwsOidcProvider) -> Iterator[Line]:
    if not provider.thumbprints:
        yield Line("ThumbprintList", "empty: AWS trusts only public certificate authorities")
    for thumbprint in provider.thumbprints[:5]:
        yield Line("ThumbprintList", thumbprint)
    if provider.thumbprints:
        yield Line("", "AWS uses them only where the issuer's certificate is not from a public authority")
