"""Report on a single error text: its author, its step, possible causes, and commands that distinguish them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.commands import command
from oidc_doctor.examine.alone import words
from oidc_doctor.findings.likely import answer_for
from oidc_doctor.judge.error_texts import nearest, read_error, read_unknown
from oidc_doctor.model.alone import Alone, Line, Part, PossibleCause
from oidc_doctor.model.speakers import SPEAKERS
from oidc_doctor.model.steps import CLOUDS, STEPS, Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_doctor.model.case import Reading
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.report import Cause, Report

# The API that the speaker's errors come from
_APIS = {
    "aws-sts": "AWS STS, AssumeRoleWithWebIdentity",
    "google-sts": "Google's Security Token Service (sts.googleapis.com), the token exchange",
    "google-iam-credentials": "Google's IAM Credentials API, generateAccessToken",
}
_ASKS: dict[Cloud, str] = {
    "aws": "Which role? Add it to this command: --role ARN (with credentials), or --from role.json",
    "gcp": "Which provider? Add it to this command: --gcp-provider NAME (with credentials), or --from provider.json",
}
# Names in the sentences, in the form that the commands need
_SAME_NAMES = {"service_account": "account", "login": "account", "bucket": "bucket", "issuer": "issuer", "pool": "pool"}


def of_error(evidence: TargetEvidence, report: Report) -> Alone:
    """Return the report on an error text, which is untrusted."""
    error = next(observed for observed in evidence.observed if observed.text.strip())
    reading = read_error(error.text, str(error.origin)) or read_unknown(error.text, str(error.origin))
    if not reading.known:
        return _unknown(error.text)
    cause = next(iter(report.causes), None)
    cloud = reading.cloud or (cause.cloud if cause is not None else None)
    if cloud is None:
        return _unknown(error.text)
    names = {**names_in(reading), **_names_of(evidence)}
    answer = answer_for(cloud, reading.steps, names)
    named = (
        cause if cause is not None and reading.kind is not None and cause.named.refusal.kind is reading.kind else None
    )
    causes = _with_named(words.possible(answer, cloud), named, proves=reading.proves)
    proven = named is not None and reading.proves
    listed = {possible.code for possible in causes}
    further = () if proven else tuple(code for code in words.codes(answer.further, cloud) if code not in listed)
    return Alone(
        "error",
        _headline(reading, cloud, causes, named, len(causes) + len(further), is_ranked=bool(answer.basis)),
        (Part("The error text", tuple(_lines(reading, cloud, named))),),
        causes,
        further,
        words.order_of(answer) if len(causes) > 1 else "",
        words.next_commands(answer),
        _ask(cloud, names),
    )


def _names_of(evidence: TargetEvidence) -> dict[str, str]:
    """Return the target's names, in the form that the commands need."""
    aws, gcp = evidence.target.aws, evidence.target.gcp
    role = (aws.role_arn or "").rpartition("/")[2] if aws else ""
    provider, account = ((gcp.provider or ""), (gcp.service_account or "")) if gcp else ("", "")
    return {name: value for name, value in (("role", role), ("provider", provider), ("account", account)) if value}


def _ask(cloud: Cloud, names: Mapping[str, str]) -> str:
    """Ask for the role or provider, or for its document if it is named."""
    if cloud == "aws" and names.get("role"):
        fetch = command("aws", "iam", "get-role", "--role-name", names["role"])
        return f"{fetch} > role.json, then oidc-doctor --report role.json with this text" if fetch else _ASKS[cloud]
    if cloud == "gcp" and names.get("provider"):
        words = ("gcloud", "iam", "workload-identity-pools", "providers", "describe", names["provider"])
        fetch = command(*words, "--format=json")
        return f"{fetch} > provider.json, then oidc-doctor --report provider.json with this text"
    return _ASKS[cloud]


def _with_named(causes: tuple[PossibleCause, ...], named: Cause | None, *, proves: bool) -> tuple[PossibleCause, ...]:
    """Put the cause that the sentence names first; without others if the sentence is unambiguous."""
    if named is None:
        return causes
    says = "the error names this fault" if proves else "the error points to this fault"
    first = PossibleCause(named.code, named.name, says)
    return (first,) if proves else (first, *(cause for cause in causes if cause.code != named.code))


def _headline(
    reading: Reading,
    cloud: Cloud,
    causes: tuple[PossibleCause, ...],
    named: Cause | None,
    possible: int,
    *,
    is_ranked: bool,
) -> str:
    if named is not None and reading.proves:
        said = "refused the call" if SPEAKERS[reading.speaker].cloud else "reports a failure"
        return f"{_speaker(reading)} {said}: {named.named.headline}."
    if not is_ranked and named is None and possible > 1:
        return f"{_speaker(reading)} refused the call, and the error does not say at which step: {possible} causes fit."
    at = _titles(cloud, reading.steps)
    if not causes:
        return f"{_speaker(reading)} refused the call at the {at}."
    number = f"{possible} causes fit this error, most likely" if possible > 1 else "the cause is likely"
    return f"{_speaker(reading)} refused the call at the {at}: {number} {causes[0].code} {causes[0].name}."


def _speaker(reading: Reading) -> str:
    name = SPEAKERS[reading.speaker].name if reading.speaker else "A cloud"
    return name[:1].upper() + name[1:]


def _titles(cloud: Cloud, steps: frozenset[str]) -> str:
    titles = [step.title for step in STEPS[cloud] if step.id in steps]
    noun = "step" if len(titles) == 1 else "steps"
    return f"{noun} {' or '.join(titles)}" if titles else "exchange"


def _lines(reading: Reading, cloud: Cloud, named: Cause | None) -> list[Line]:
    lines = [Line("text", reading.text.strip()), Line("said by", _APIS.get(reading.speaker) or _speaker(reading))]
    lines += [Line("step", f"{step.title}: {step.question}") for step in STEPS[cloud] if step.id in reading.steps]
    if reading.follows_steps:
        lines.append(Line("so far", "this error comes after the earlier steps of the exchange; nothing else was read"))
    lines += [Line(name.replace("_", " "), value) for name, value in sorted(reading.facts.items()) if value]
    if named is not None and named.named.fix:
        lines.append(Line("fix", named.named.fix))
    return [*lines, Line("cloud", CLOUDS[cloud])] if reading.speaker in ("client", "network") else lines


def names_in(reading: Reading) -> Mapping[str, str]:
    """Return the names in a sentence that a command can use."""
    names = {_SAME_NAMES[fact]: value for fact, value in reading.facts.items() if fact in _SAME_NAMES}
    issuer = reading.quoted_claims.get("iss")
    if issuer:
        names.setdefault("issuer", issuer)
    role = _role_of(reading.facts.get("caller", ""))
    if role:
        names |= {"role": role}
    return {name: value.rstrip("/") if name == "issuer" else value for name, value in names.items()}


def _role_of(caller: str) -> str:
    """The role's name in `arn:…:sts::ACCOUNT:assumed-role/NAME/SESSION`; empty for other callers."""
    kind, _, rest = caller.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else ""


def _unknown(text: str) -> Alone:
    lines = [Line("text", text.strip())]
    lines += [Line("closest", f"{said} ({SPEAKERS[speaker].name})") for said, speaker in nearest(text)]
    return Alone(
        "error",
        "This text is not a known AWS or Google error.",
        (Part("The error text", tuple(lines)),),
        ask="Paste the whole message, with the line before and after it: oidc-doctor --report --error -",
    )
