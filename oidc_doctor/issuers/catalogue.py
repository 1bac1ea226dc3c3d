"""The profiles that ship with the tool, and the lookup of an issuer's profile."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from oidc_doctor.issuers.grammar import Form, Grammar, SegmentRule, keyed
from oidc_doctor.issuers.profile import Audience, FormatChange, IssuerMatch, Profile, Tenancy, TokenSource

# Longer than any issuer that a cloud accepts: an IAM provider URL has at most 255 characters.
_LONGEST_ISSUER = 2048
_FOLDER = os.path.dirname(__file__)


@functools.cache
def all_profiles() -> tuple[Profile, ...]:
    """Return every profile, by name."""
    names = sorted(name for name in os.listdir(_FOLDER) if name.endswith(".toml"))
    return tuple(_profile(read_toml(name)) for name in names if not name.startswith("_"))


def read_toml(name: str) -> dict[str, Any]:
    """Read a data file of this package."""
    # a plain file: importlib.resources would cost 3 ms of start-up, and no installation imports this from a zip
    with open(os.path.join(_FOLDER, name), "rb") as stream:
        return tomllib.load(stream)


def profile_for(issuer: str | None, subject: str | None = None) -> Profile | None:
    """Return the profile of an issuer, as written in `iss` or in an IAM provider; the scheme may be missing.

    Issuers that anyone can host (a cluster, a GitLab server) have no fixed address, so for those the shape of the
    subject decides. Without a usable issuer the shape of the subject decides for all.
    """
    address = normalised(issuer)
    if address:
        for profile in all_profiles():
            if any(match.fits(address) for match in profile.matches):
                return profile
    if not subject:
        return None
    for profile in all_profiles():
        shape = profile.grammar.recognise
        if shape and (profile.self_hosted or not address) and re.match(shape, subject):
            return profile
    return None


def match_for(profile: Profile, issuer: str | None) -> IssuerMatch | None:
    """Return the profile's family of addresses that the issuer matches."""
    address = normalised(issuer)
    return next((match for match in profile.matches if address and match.fits(address)), None)


@functools.lru_cache(maxsize=256)  # one issuer's condition keys are asked for with every token
def normalised(issuer: str | None) -> str:
    """Normalise an issuer like the patterns: no scheme, host in lower case, no port 443, no slash at the end.

    Only for finding the profile of a token: both clouds compare issuers exactly. A
    placeholder for the whole issuer counts as no issuer.
    """
    if not issuer or len(issuer) > _LONGEST_ISSUER:
        return ""
    text = re.sub(r"^https?://", "", issuer.strip(), flags=re.IGNORECASE).rstrip("/")
    host, slash, path = text.partition("/")
    if re.fullmatch(r"<[^<>]*>|\$?\{[^{}]*\}|\$\w+|\*+|\.{3}", host):
        return ""
    return host.lower().removesuffix(":443") + slash + path


def subject_family(text: str, profile: Profile | None) -> str:
    """Replace each part of the subject that varies by `*`; return an unknown issuer's subject unchanged."""
    return profile.subject_family(text) if profile else text


def _profile(raw: Mapping[str, Any]) -> Profile:
    return Profile(
        name=raw["name"],
        title=raw["title"],
        url=raw.get("url"),
        matches=tuple(
            IssuerMatch(
                pattern=match["pattern"],
                title=match.get("title", raw["title"]),
                condition_keys=match.get("condition_keys", False),
                shared_control=tuple(match.get("shared_control", ())),
                in_issuer=match.get("in_issuer", False),
                domains=tuple(match.get("domains", ())),
                without_changes=tuple(match.get("without_changes", ())),
            )
            for match in raw.get("match", ())
        ),
        self_hosted=raw.get("self_hosted", False),
        audience=Audience(**raw.get("audience", {})),
        token_sources=tuple(TokenSource(**source) for source in raw.get("token", ())),
        tenancy=Tenancy(**_tuples(raw.get("tenancy", {}))),
        grammar=_grammar(raw["subject"]),
        changes=tuple(_change(change) for change in raw.get("change", ())),
        own_condition_keys=tuple(raw.get("condition_keys", ())),
        implied=tuple(raw.get("implied", {}).items()),
        claim_values={claim: tuple(values) for claim, values in raw.get("claim_values", {}).items()},
        sources=tuple(raw["sources"]),
        workspace_command=raw.get("workspace_command", ""),
    )


def _grammar(raw: Mapping[str, Any]) -> Grammar:
    rules = tuple(_rule(segment) for segment in raw["segment"])
    return Grammar(
        style=raw["style"],
        separator=raw["separator"],
        lead=raw.get("lead", ""),
        rules=rules,
        forms=tuple(
            Form(form["name"], tuple(form["segments"]), form.get("because", "")) for form in raw.get("form", ())
        ),
        custom_form=raw.get("custom_form"),
        bare=raw.get("bare"),
        escaped_separator=raw.get("escaped_separator"),
        recognise=raw.get("recognise"),
        keys=keyed(rules),
    )


def _rule(raw: Mapping[str, Any]) -> SegmentRule:
    return SegmentRule(**_tuples(raw))


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the arrays of TOML to the tuples of a profile."""
    return {name: tuple(fact) if isinstance(fact, list) else fact for name, fact in raw.items()}


def _change(raw: Mapping[str, Any]) -> FormatChange:
    rename = raw.get("rename", {})
    return FormatChange(
        name=raw["name"],
        since=raw["since"],
        token_new=raw["token_new"],
        token_old=raw["token_old"],
        detail_new=raw.get("detail_new", ""),
        detail_old=raw.get("detail_old", ""),
        adds=tuple(raw.get("adds", ())),
        old_key=rename.get("old"),
        new_key=rename.get("new"),
        coming=raw.get("coming", ""),
        find=tuple(raw.get("find", ())),
    )
