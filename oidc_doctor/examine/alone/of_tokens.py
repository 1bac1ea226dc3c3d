"""Report on several tokens or subjects: their differences, and each one's faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.examine.alone.of_token import ASK_FOR_TARGET, faults_of, finding_commands, owner_of
from oidc_doctor.examine.compare import NEW_EACH_TIME
from oidc_doctor.examine.token_view import describe
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.model.alone import Alone, Line, Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.evidence import TargetEvidence, Token

_ABSENT = "not given"
_MOST_DIFFERENCES = 40
_MOST_NAMED = 4  # differences in the headline


class _Read(NamedTuple):
    name: str  # its distinct origin
    token: Token
    profile: Profile | None
    view: dict[str, Any]


def of_tokens(evidence: TargetEvidence, at: float) -> Alone:
    """Return the report on several tokens, whose claims are untrusted."""
    read: list[_Read] = []
    for number, token_read in enumerate((token for token in evidence.tokens if token.given), 1):
        profile = profile_of(evidence, token_read)
        token = complete_hypothetical(token_read, profile, evidence)
        name = str(token.origin)
        if any(other.name == name for other in read):
            name = f"{name} ({number})"
        read.append(_Read(name, token, profile, describe(token, profile, at, "aws")))
    differing = dict(_differences(read))
    listed = list(differing.items())[:_MOST_DIFFERENCES]
    lines = [
        Line(label, f"{described.name}: {value}")
        for label, values in listed
        for described, value in zip(read, values, strict=True)
        if value is not None
    ]
    if len(listed) < len(differing):
        lines.append(Line("", f"and {len(differing) - len(listed)} more"))
    faults = [
        line._replace(text=f"{described.name}: {line.text}")
        for described in read
        for line in (
            [Line("token", str(described.token.fault), "✗")]
            if described.token.fault_kind
            else faults_of(evidence, described.token, described.profile, at)
        )
    ]
    parts = (
        Part("The tokens", tuple(Line("token", f"{described.name}: {_whose(described)}") for described in read)),
        Part("Differences", tuple(lines)),
        Part("Faults of the tokens themselves", tuple(faults)),
    )
    return Alone(
        "tokens",
        _headline(read, list(differing)),
        tuple(part for part in parts if part.lines),
        commands=tuple(finding_commands(read[0].token)) if not read[0].token.fault_kind else (),
        ask=ASK_FOR_TARGET,
    )


def _whose(described: _Read) -> str:
    if described.token.fault_kind:
        return "no token that a cloud could read"
    issuer = described.token.claim("iss")
    whose = (
        described.profile.title
        if described.profile is not None
        else issuer
        if isinstance(issuer, str)
        else "an unnamed issuer"
    )
    owner = owner_of(described.token.subject, described.profile)
    noun = "a subject" if described.token.kind == "hypothetical" else "a token"
    return f"{noun} of {whose}{f', of {owner}' if owner else ''}"


def _headline(read: Sequence[_Read], differing: list[str]) -> str:
    kinds = {described.token.kind == "hypothetical" for described in read}
    noun = "tokens and subjects" if len(kinds) > 1 else "subjects" if True in kinds else "tokens"
    lasting = [name for name in differing if name not in NEW_EACH_TIME]
    if not differing:
        return f"{len(read)} {noun} without a difference."
    if not lasting:
        return f"{len(read)} {noun} of one workload: only values that are new in each token differ."
    named = ", ".join(lasting[:_MOST_NAMED])
    more = f" and {len(lasting) - _MOST_NAMED} more" if len(lasting) > _MOST_NAMED else ""
    return f"{len(read)} {noun}, which differ in {named}{more}. No role or provider was given to judge them."


def _differences(read: Sequence[_Read]) -> Iterator[tuple[str, list[str | None]]]:
    """Yield each difference with each token's value: issuer, subject parts, claims; always-new claims last.

    A value is None if a bare subject cannot have it.
    """
    parts = [
        {part["name"]: str(part["value"] or "") for part in described.view.get("subject", ())} for described in read
    ]
    in_parts = len({described.profile.title for described in read if described.profile}) == 1 and all(parts)
    segments = dict.fromkeys(name for box in parts for name in box) if in_parts else ()
    differing = [name for name in segments if len({box.get(name) for box in parts}) > 1]
    yield from _unequal("iss", [_claim(described, "iss") for described in read])
    for name in differing:
        yield name.replace("_", " "), [box.get(name, _ABSENT) for box in parts]
    if not differing:
        yield from _unequal("sub", [_claim(described, "sub") for described in read])
    names = dict.fromkeys(name for described in read for name in described.view["claims"] or {})
    for name in sorted(names, key=lambda name: name in NEW_EACH_TIME):
        values = [_claim(described, name) for described in read]
        follows = name in differing and all(
            value in (None, _ABSENT, box.get(name)) for value, box in zip(values, parts, strict=True)
        )
        if name not in ("iss", "sub") and not follows:
            yield from _unequal(name, values)
    for name in ("alg", "kid", "typ"):
        yield from _unequal(f"header {name}", [_value(described, described.view["header"], name) for described in read])


def _unequal(name: str, values: list[str | None]) -> Iterator[tuple[str, list[str | None]]]:
    if len({value for value in values if value is not None}) > 1:
        yield name, values


def _claim(described: _Read, name: str) -> str | None:
    return _value(described, described.view["claims"], name)


def _value(described: _Read, box: dict[str, Any] | None, name: str) -> str | None:
    if not box or name not in box:
        return None if described.token.kind == "hypothetical" else _ABSENT
    return box[name] if isinstance(box[name], str) else json.dumps(box[name], ensure_ascii=False)
