"""An IAM OIDC provider alone: its URL, client IDs and thumbprints in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.issuers import profile_for
from oidc_doctor.judge.typos import invisible_in, left_in
from oidc_doctor.model.alone import Alone, Line, NextCommand, Part
from oidc_doctor.model.evidence import AwsOidcProvider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.evidence import TargetEvidence

_LISTING = (
    "aws iam list-roles --query \"Roles[?contains(to_string(AssumeRolePolicyDocument), '{}')].Arn\" --output text"
)
_MOST = 100  # client IDs of a provider (IAM quota)


def of_oidc_provider(evidence: TargetEvidence) -> Alone:
    """Return the answer to an IAM OIDC provider."""
    assert evidence.aws is not None  # noqa: S101 - `thing_given` saw it
    provider = evidence.aws.provider
    assert isinstance(provider, AwsOidcProvider)  # noqa: S101 - likewise
    issuer = provider.url.removeprefix("https://")
    profile = profile_for(f"https://{issuer}")
    lines = [Line("url", provider.url), *([Line("Arn", provider.arn)] if provider.arn else [])]
    known = f"{profile.title}, a known issuer" if profile is not None else "no known issuer"
    lines.append(Line("issuer", f"tokens with iss https://{issuer} ({known})"))
    lines += _client_ids(provider, profile)
    lines += _thumbprints(provider)
    host = issuer.partition("/")[0]
    plain = host.isascii() and bool(host) and all(letter.isalnum() or letter in ".-" for letter in host)
    listing = _LISTING.format(host if plain else "AssumeRoleWithWebIdentity")
    return Alone(
        "oidc-provider",
        _headline(provider, issuer, profile),
        (Part("The OIDC provider", tuple(lines)),),
        commands=(NextCommand(listing, "the roles that may trust it: give one as role.json"),),
        ask="Which role? Add it: --role ARN (with credentials), or give role.json beside this file",
    )


def _headline(provider: AwsOidcProvider, issuer: str, profile: Profile | None) -> str:
    whose = f" ({profile.title})" if profile is not None else ""
    said = f"This OIDC provider stands for the issuer https://{issuer}{whose}"
    fixed = profile.audience.fixed if profile is not None else None
    ids = provider.client_ids
    if ids == ():
        return f"{said}, and has no client IDs: it lists no audience that a token could have."
    if not isinstance(ids, tuple):
        return f"{said}; its ClientIDList is not in the file."
    if fixed and fixed not in ids:
        return f"{said}, and its ClientIDList does not hold {fixed}, the audience of all of its tokens."
    return f"{said} and the audience{'s' if len(ids) > 1 else ''} {', '.join(ids[:3])}."


def _client_ids(provider: AwsOidcProvider, profile: Profile | None) -> Iterator[Line]:
    ids = provider.client_ids
    if not isinstance(ids, tuple):
        yield Line("ClientIDList", "not in the file", "?")
        return
    fixed = profile.audience.fixed if profile is not None else None
    if not ids:
        yield Line("ClientIDList", "empty: it is not documented whether AWS accepts any audience then", "!")
    for client_id in ids[:_MOST]:
        yield Line("ClientIDList", client_id, "✓" if client_id == fixed else "")
        unseen, placeholder = invisible_in([client_id]), left_in(client_id)
        if unseen:
            yield Line("typo", f"character {unseen[1]} of it is a {unseen[0]}", "!")
        if placeholder:
            yield Line("typo", f"{placeholder} is a guide's placeholder that was left in", "!")
    if fixed and ids and fixed not in ids:
        yield Line("missing", f"{fixed}, the audience of all tokens of this issuer (AWS014)", "✗")
    if provider.url.endswith("/"):
        yield Line("url", "ends with a slash: it fits only tokens whose iss does so too", "!")


def _thumbprints(provider: AwsOidcProvider) -> Iterator[Line]:
    if not provider.thumbprints:
        yield Line("ThumbprintList", "empty: AWS trusts the public certificate authorities alone")
    for thumbprint in provider.thumbprints[:5]:
        yield Line("ThumbprintList", thumbprint)
    if provider.thumbprints:
        yield Line("", "they count only where the issuer's certificate is of no public authority")
