"""Words shared by several reports: a subject in parts, causes under their checks, and an issuer's names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from oidc_doctor.commands import command
from oidc_doctor.findings import packs, run_checks
from oidc_doctor.model.alone import Line, NextCommand, PossibleCause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from oidc_doctor.findings.likely import Answer
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.kinds import Kind
    from oidc_doctor.model.steps import Cloud

_ANY = "*"
_LISTING_ROLES = (
    "aws iam list-roles --query \"Roles[?contains(to_string(AssumeRolePolicyDocument), '{}')].Arn\" --output text"
)


def possible(answer: Answer, cloud: Cloud) -> tuple[PossibleCause, ...]:
    """Return the ranked causes under the codes and names of their checks."""
    checks = run_checks.by_kind(packs.all_checks())
    return tuple(
        PossibleCause(checks[cause.kind].code_in(cloud), checks[cause.kind].name, cause.when)
        for cause in answer.causes
        if cause.kind in checks
    )


def codes(kinds: Iterable[Kind], cloud: Cloud) -> tuple[str, ...]:
    """Return the codes of the checks of these kinds, in their order."""
    checks = run_checks.by_kind(packs.all_checks())
    return tuple(sorted(checks[kind].code_in(cloud) for kind in kinds if kind in checks))


def order_of(answer: Answer) -> str:
    """Return the basis of the order of the causes; empty without an order."""
    if len(answer.causes) < 2 or not answer.basis:  # noqa: PLR2004 - one cause has no order
        return ""
    return f"{answer.basis} ({answer.source})"


def next_commands(answer: Answer) -> tuple[NextCommand, ...]:
    """Return the commands that distinguish the causes."""
    return tuple(NextCommand(command.run, command.why) for command in answer.commands)


def moment(seconds: float) -> str:
    """Format epoch seconds, which must be on the calendar, for a sentence: 21 Nov 2026 13:27:04 UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %b %Y %H:%M:%S UTC").lstrip("0")


def subject_lines(subject: str, profile: Profile | None) -> Iterator[Line]:
    """Yield the subject, then each part under the issuer's name for it."""
    yield Line("subject", subject)
    if profile is None:
        return
    parsed = profile.parse_subject(subject)
    for part in parsed.segments:
        rule = profile.segment_rule(part.name)
        if rule is not None and rule.values == (part.value,):
            continue  # the version of the format, which is independent of the workload
        if not part.known:
            yield Line(part.name or "part", f"{part.value} (not a part of {profile.title}'s subjects)", "?")
        elif part.value or not part.labelled:
            yield Line(part.name.replace("_", " "), part.value or part.name)
    if parsed.leftover:
        yield Line("rest", parsed.leftover, "?")


def pattern_in_words(pattern: str, profile: Profile | None) -> str:
    """Return a subject pattern of IAM in words: `org O, team T, any model`; empty if its parts are unknown.

    It only names the parts of the text. Only the judge decides whether a subject passes.
    """
    if profile is None:
        return ""
    parts = profile.parse_subject(pattern).segments
    named_parts = [part for part in parts if part.known and (part.value or not part.labelled)]
    if not named_parts:
        return ""
    said = [
        f"any {part.name.replace('_', ' ')}" if part.value == _ANY else f"{part.name.replace('_', ' ')} {part.value}"
        for part in named_parts
        if part.name != "v"
    ]
    open_end = pattern.endswith(_ANY) and not pattern.endswith("=" + _ANY)
    return ", ".join([*said, *(["and anything after that"] if open_end and named_parts[-1].value != _ANY else [])])


def tried(subjects: Sequence[str], paths: Sequence[str]) -> tuple[NextCommand, ...]:
    """Return the command that tries the first of these subjects on the evidence at `paths`, as the user named them.

    There is none where the evidence is no file, as with a policy that came on stdin.
    """
    evidence = [word for path in paths for word in ("--from", path)]
    words = command("oidc-doctor", "--report", *evidence, "--subject", subjects[0]) if subjects and evidence else ""
    return (NextCommand(words, "whether a subject passes: use yours instead of this one"),) if words else ()


def listing_of_roles(address: str) -> tuple[str, bool]:
    """Return the command that lists the roles which trust the issuer at this address, and whether it names the issuer.

    The address may be an attacker's: a host that is unsafe in a shell is not named, and then the command lists the
    roles that trust any OIDC provider.
    """
    host = address.partition("/")[0]
    is_plain = bool(host) and host.isascii() and all(letter.isalnum() or letter in ".-" for letter in host)
    return _LISTING_ROLES.format(host if is_plain else "AssumeRoleWithWebIdentity"), is_plain


def ask_for_token(profile: Profile | None) -> str:
    """Ask for the token or its subject, and say which command shows the ids of the user's own organization."""
    ids = profile.workspace_command if profile is not None else ""
    shown = f"; {ids} shows the ids of your organization and teams" if ids else ""
    return f"Which token? Add --token FILE or --subject SUBJECT{shown}"
