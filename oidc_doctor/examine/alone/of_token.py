"""Report on a single token or subject: its content, what each cloud needs for it, and its own faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.examine.alone import words
from oidc_doctor.examine.token_view import describe
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.findings.causes import diagnose, name_refusals
from oidc_doctor.issuers import condition_keys, shared_issuer_control
from oidc_doctor.issuers.catalogue import normalised
from oidc_doctor.issuers.heads import owner_head
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.model.alone import Alone, Line, NextCommand, Part
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Document
from oidc_doctor.model.steps import CLOUDS, Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.alone import Sign
    from oidc_doctor.model.evidence import TargetEvidence, Token

_CLOUDS: tuple[Cloud, ...] = ("aws", "gcp")
# Steps that evaluate only the token, and the issuer's key set if available
_OF_TOKEN = ("token", "times", "session-claims", "keys")
_REGISTERED = ("iss", "sub", "aud", "azp", "iat", "nbf", "exp")
_MOST_CLAIMS = 30
_LISTING_PROVIDERS = (
    "for pool in $(gcloud iam workload-identity-pools list --location=global --format='value(name.basename())'); do "
    'gcloud iam workload-identity-pools providers list --workload-identity-pool="$pool" --location=global '
    "--format='table(name,oidc.issuerUri)'; done"
)
ASK_FOR_TARGET = (
    "Which role or provider? Add it to this command: --role ARN or --gcp-provider NAME (with credentials), or "
    "--from role.json or provider.json"
)


def of_token(evidence: TargetEvidence, at: float, *, own_workload: bool = False) -> Alone:
    """Return the report on a token, whose claims are untrusted, or on a subject.

    With `own_workload`, no condition is named that accepts other workloads of the tenant as well.
    """
    token_read = next(token for token in evidence.tokens if token.given)
    profile = profile_of(evidence, token_read)
    token = complete_hypothetical(token_read, profile, evidence)
    view = describe(token, profile, at, "aws")
    faults = faults_of(evidence, token, profile, at)
    supposed = token.kind == "hypothetical"
    parts = [Part("The subject" if supposed else "The token", tuple(_lines(token, profile, view, supposed=supposed)))]
    if faults:
        parts.append(Part("Faults of the token itself", tuple(faults)))
    if not token.fault_kind:
        parts += [
            Part(f"Requirements of {CLOUDS['aws']}", tuple(_aws_needs(token, profile, own_workload=own_workload)))
        ]
        parts += [
            Part(f"Requirements of {CLOUDS['gcp']}", tuple(_google_needs(token, profile, own_workload=own_workload)))
        ]
    return Alone(
        "subject" if supposed else "token",
        _headline(token, profile, view, faults),
        tuple(part for part in parts if part.lines),
        commands=tuple(finding_commands(token)) if not token.fault_kind else (),
        ask=ASK_FOR_TARGET,
    )


def _headline(token: Token, profile: Profile | None, view: dict[str, Any], faults: list[Line]) -> str:
    if token.fault_kind:
        return f"This is not a token that a cloud could read: {token.fault}."
    issuer = token.claim("iss")
    whose = profile.title if profile is not None else str(issuer) if isinstance(issuer, str) else "an unnamed issuer"
    noun = "A subject" if token.kind == "hypothetical" else "A token"
    if profile is None:
        noun, whose = f"{noun} of an issuer that is not among the known ones", f"({whose})"
    said = [f"{noun} of {whose}" if profile is not None else f"{noun} {whose}"]
    owner = owner_of(token.subject, profile)
    said += [f"of {owner}"] if owner else []
    expiry = next((row["words"] for row in view["times"] if row["claim"] == "exp"), "")
    refused = [line for line in faults if line.sign == "✗"]
    if refused:
        both = {line.label for line in refused} >= {CLOUDS[cloud] for cloud in _CLOUDS}
        who = "no cloud accepts it" if both else f"{refused[0].label} does not accept it"
        return f"{', '.join(said)}; {who}: {refused[0].text.partition(' (')[0]}."
    return f"{', '.join(said)}{f'; it {expiry}' if expiry else ''}."


def owner_of(subject: str | None, profile: Profile | None) -> str:
    """Return the tenant and team in a subject: `org O, team T`; empty if no profile can parse it."""
    if subject is None or profile is None:
        return ""
    parsed = profile.parse_subject(subject)
    names = [name for name in (profile.tenancy.tenant, profile.tenancy.team) if name and parsed.value(name)]
    return ", ".join(f"{name.replace('_', ' ')} {parsed.value(name)}" for name in names)


def _lines(token: Token, profile: Profile | None, view: dict[str, Any], *, supposed: bool) -> Iterator[Line]:
    issuer = token.claim("iss")
    if isinstance(issuer, str):
        issuer_kind = (
            f"{profile.title}, a known issuer" if profile is not None else "no known issuer: judged by the text alone"
        )
        yield Line("issuer", f"{issuer} ({'implied by the subject; ' if supposed else ''}{issuer_kind})")
    elif not token.fault_kind:
        yield Line("issuer", f"not given{f'; the subject has the form of {profile.title}' if profile else ''}", "?")
    if token.subject is not None:
        yield from words.subject_lines(token.subject, profile)
        yield from _form(token.subject, profile, view)
    audience = token.claim("aud")
    if isinstance(audience, str | list):
        fixed = " (the same in every token of this issuer)" if profile and profile.audience.fixed == audience else ""
        listed = ", ".join(map(str, audience)) if isinstance(audience, list) else audience
        yield Line("audience", f"{listed}{fixed}")
    elif not token.fault_kind:
        yield Line("audience", "not given", "?")
    for row in view["times"]:
        yield Line(row["claim"], f"{row['time']}: {row['words']}")
    header = view["header"] or {}
    shown = [f"{name} {header[name]}" for name in ("alg", "kid", "typ") if isinstance(header.get(name), str)]
    if shown:
        yield Line("header", ", ".join(shown))
    if not supposed:
        further = [name for name in view["claims"] if name not in _REGISTERED]
        for name in further[:_MOST_CLAIMS]:
            yield Line("claim", f"{name} = {view['claims'][name]}")
        if len(further) > _MOST_CLAIMS:
            yield Line("claim", f"and {len(further) - _MOST_CLAIMS} more")
    yield from (Line("twice", text, "!") for text in view.get("duplicates", ()))


def _form(subject: str, profile: Profile | None, view: dict[str, Any]) -> Iterator[Line]:
    """Yield the subject's form, and a later change of the issuer's format."""
    if profile is None:
        return
    form = view.get("form")
    grammar_form = profile.grammar.form(form)
    because = (
        f", which the issuer builds because {grammar_form.because}"
        if grammar_form is not None and grammar_form.because
        else ""
    )
    yield Line("form", f"{form}{because}" if form else f"not a form of {profile.title}'s subjects", "" if form else "?")
    names = {part.name for part in profile.parse_subject(subject).segments if part.known}
    for change in profile.changes:
        if change.old_key and change.old_key in names:
            yield Line("former", f"{change.old_key}= is the former name of {change.new_key}= ({change.since})", "!")


def faults_of(evidence: TargetEvidence, token: Token, profile: Profile | None, at: float) -> list[Line]:
    """Yield each cloud's refusals that depend only on the token, in the words of their checks."""
    checks = run_checks.by_kind(packs.all_checks())
    lines = []
    for cloud in _CLOUDS:
        case = Case(cloud, evidence, token, at, profile)
        for named in name_refusals(diagnose(case, evaluate(case)), checks):
            if named.refusal.step in _OF_TOKEN:
                sign: Sign = "✗" if named.refusal.certain else "?"
                perhaps = "" if named.refusal.certain else "perhaps "
                lines.append(Line(CLOUDS[cloud], f"{perhaps}{named.headline} ({named.code} {named.name})", sign))
    if isinstance(evidence.issuer.jwks, Document) and not lines and token.kind == "jwt":
        lines.append(Line("signature", "holds, by the key set that was read", "✓"))
    return lines


def _aws_needs(token: Token, profile: Profile | None, *, own_workload: bool) -> Iterator[Line]:
    """Yield the principal and the condition keys with which a trust policy accepts this token, and the ClientIDList."""
    issuer = token.claim("iss")
    address = normalised(issuer) if isinstance(issuer, str) else ""
    if not address:
        yield Line("principal", "the OIDC provider of the token's issuer, which was not given", "?")
        return
    yield Line("provider", f"an IAM OIDC provider with the URL https://{address} in the role's account")
    audience = _audience(token)
    if audience:
        yield Line("ClientIDList", f"must contain {audience}")
    yield Line("Principal", f'"Federated": "arn:aws:iam::ACCOUNT:oidc-provider/{address}"')
    if audience:
        yield Line("StringEquals", f'"{address}:aud": "{audience}"')
    if token.subject is not None and "${" in token.subject:
        yield Line("sub", "contains ${, which IAM reads as a policy variable: write ${$} instead of $", "!")
    elif token.subject is not None:
        yield Line("StringEquals", f'"{address}:sub": "{token.subject}"')
        head = owner_head(token.subject, profile) if profile is not None and not own_workload else ""
        if head and not set(head) & set("*?"):  # the token's author would control the breadth of the pattern
            yield Line(
                "or wider",
                f'StringLike "{address}:sub": "{head}*" (every workload of {owner_of(token.subject, profile)})',
            )
    keys = [f"{address}:{claim}" for claim in condition_keys(profile, issuer if isinstance(issuer, str) else None)]
    yield Line("keys", f"AWS sets these for this issuer, and no others: {', '.join(keys)}")
    wanted = shared_issuer_control(issuer if isinstance(issuer, str) else None)
    if wanted:
        yield Line("must test", f"IAM stores no policy for this shared issuer that does not test {' or '.join(wanted)}")


def _google_needs(token: Token, profile: Profile | None, *, own_workload: bool) -> Iterator[Line]:
    """Yield the fields of a workload identity pool provider with which Google accepts this token."""
    issuer = token.claim("iss")
    if isinstance(issuer, str):
        yield Line("issuerUri", issuer)
    audience = _audience(token)
    if audience:
        yield Line("audiences", f"allowedAudiences must contain {audience} (if empty: the provider's own full name)")
    yield Line("mapping", "google.subject=assertion.sub")
    size = len((token.subject or "").encode("utf-8", "surrogatepass"))
    if size > 127:  # noqa: PLR2004 - Google's limit of google.subject, in bytes
        yield Line("subject", f"has {size} bytes, and google.subject may have 127: map a part of it", "!")
    if own_workload:
        return
    head = owner_head(token.subject, profile) if token.subject is not None and profile is not None else ""
    if head and "'" not in head and "\\" not in head:
        yield Line("condition", f"assertion.sub.startsWith('{head}')")
    elif profile is not None and profile.tenancy.condition:
        yield Line("condition", profile.tenancy.condition)


def _audience(token: Token) -> str:
    audience = token.claim("aud")
    first = audience[0] if isinstance(audience, list) and audience else audience
    return first if isinstance(first, str) else ""


def finding_commands(token: Token) -> Iterator[NextCommand]:
    """Yield the commands that find the role or provider."""
    issuer = token.claim("iss")
    listing, names_issuer = words.listing_of_roles(normalised(issuer) if isinstance(issuer, str) else "")
    whose = "whose trust policy names this issuer" if names_issuer else "that trust any OIDC provider"
    yield NextCommand(listing, f"the roles {whose}")
    yield NextCommand("aws iam list-open-id-connect-providers", "whether the account has a provider for the issuer")
    yield NextCommand(_LISTING_PROVIDERS, "the providers of the Google Cloud project, with their issuers")
