"""The clouds' error sentences: the ones that the judge expects, and a reader for observed ones.

The table of observed sentences, old and new, is in sentences/; it is loaded when the first error is read.
AWS texts of July 2026 and later collapse the older ones for a missing provider and a wrong audience into one; the
older ones are still quoted everywhere and stay in the table. Sources: the STS API reference, recorded calls of
September 2026, the knowledge-center articles; Google's troubleshooting page for workload identity federation and
measured notes of September 2026; issuers' and SDKs' own messages as quoted in public threads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

from oidc_doctor.judge.speakers import speaker_of_envelope
from oidc_doctor.model.case import Reading
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.limits import ERROR_TEXT
from oidc_doctor.model.speakers import SPEAKERS
from oidc_doctor.model.steps import STEPS, Cloud

_SENTENCES = os.path.join(os.path.dirname(__file__), "sentences")

# AWS, on the wire
COULD_NOT_VALIDATE = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
THUMBPRINT_DIFFERS = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
NO_VERIFICATION_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
DURATION_OVER_LIMIT = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
MORE_THAN_ONE_AUDIENCE = "Token audience contains more than one audience while authorized party is not present"
INVALID_TIMESTAMP = "Invalid timestamp in token claims."
ROLES_EXCLUDE = "The target role ARN is not present in the roles claim of the identity token"
ROLES_NO_VALID = "The roles claim contains no valid role ARNs"
ROLES_FORMAT = "The roles claim is not in a supported format"
TAGS_FORMAT = "Session tags passed in claim are not in correct format."
PRINCIPAL_TAGS_FORMAT = "principal_tags passed in claim is not in correct format."

# Google, on the wire
INVALID_TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool '
    "or provider is disabled or deleted or because it doesn't exist."
)
INVALID_AUDIENCE = (
    'Invalid value for "audience". This value should be the full resource name of the Identity Provider. See '
    "https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats."
)
ISSUER_DIFFERS = "The issuer in ID Token {} does not match the expected one in config: {}."
CONDITION_REJECTED = "The given credential is rejected by the attribute condition."
NO_SUBJECT = "Could not obtain a value for google.subject from the given credential."
ISSUER_CONNECTION = "Error connecting to the given credential's issuer."
SIGNATURE_UNVERIFIED = "Unable to verify the ID Token signature."
UNPARSABLE = "Unable to parse the ID Token."
SUBJECT_TOO_LONG = (
    "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping "
    "or the incoming assertion to produce a mapped attribute that is less than 127 bytes."
)
IMPERSONATION_DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


# Cloud Storage writes "Caller" for a federated principal, and a service account's e-mail address (public threads).
_FEDERATED_CALLER = re.compile(r"(?<![\w@.-])Caller does not have storage\.")


def is_of_federated_principal(text: str) -> bool:
    """Whether a Cloud Storage refusal is about a federated principal, not a service account."""
    return _FEDERATED_CALLER.search(text) is not None


class _SentenceRow(NamedTuple):
    patterns: tuple[str, ...]  # one of them has to match; named groups become facts
    speaker: str  # a key of SPEAKERS
    cloud: Cloud | None
    steps: frozenset[str]
    kind: Kind | None
    proves: bool
    call: str  # for AWS STS, the call that returns the sentence
    follows_steps: bool  # the sentence can only come after the steps before those of the row
    claim: str  # the claim that the sentence calls missing without naming it
    token: dict[str, str]  # the claims that the sentence quotes: claim to the name of its group

    def search(self, text: str, start: int, end: int) -> re.Match[str] | None:
        matches = (_compiled(pattern).search(text, start, end) for pattern in self.patterns)
        return next((match for match in matches if match), None)


def table() -> list[dict[str, Any]]:
    """Read the rows of all files in sentences/, sorted by file name.

    A file's `fragments` are shared parts of its patterns, which refer to them as <NAME>.
    """
    return [row for name in sorted(os.listdir(_SENTENCES)) for row in _content(name)]


def _content(name: str) -> list[dict[str, Any]]:
    import tomllib

    with open(os.path.join(_SENTENCES, name), "rb") as file:
        content = tomllib.load(file)
    rows: list[dict[str, Any]] = content["sentence"]
    for row in rows:
        for fragment, pattern in content.get("fragments", {}).items():
            row["patterns"] = [text.replace(f"<{fragment}>", pattern) for text in row["patterns"]]
    return rows


def _rows() -> Iterator[_SentenceRow]:
    """Yield the rows, in order. A file is read only if the rows before it did not match: parsing TOML is slow."""
    for name in sorted(os.listdir(_SENTENCES)):
        yield from _rows_of(name)


@cache
def _rows_of(name: str) -> tuple[_SentenceRow, ...]:
    """Return the rows of one file; KeyError or ValueError if a row is malformed."""
    return tuple(
        _SentenceRow(
            tuple(row["patterns"]),
            row["speaker"],
            row.get("cloud") or SPEAKERS[row["speaker"]].cloud,
            frozenset(row["steps"].split()),
            Kind(row["kind"]) if "kind" in row else None,
            row.get("proves", True),
            row.get("call", _EXCHANGE),
            row.get("follows_steps", SPEAKERS[row["speaker"]].follows_steps),
            row.get("claim", ""),
            row.get("token", {}),
        )
        for row in _content(name)
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # on demand: most errors match an early row, and compiling all patterns takes longer than all searches
    return re.compile(pattern, re.DOTALL)


# Characters beyond this limit are not searched: no sentence is that long, but a pasted log may be.
_LINE = re.compile(r"[^\n]+")
_WARNING = re.compile(r"\bwarn(?:ing)?\b|you can ignore", re.IGNORECASE)
_RETRY = re.compile(r"\b(?:retry|retries|retrying|attempt:? \d+)\b", re.IGNORECASE)
# The call that a line names: botocore's, Go's and IAM's own forms.
_CALL = re.compile(
    r"when calling the (\w+) operation|\boperation error \w+: (\w+)|not authorized to perform:? *([\w:-]+)"
)
_FIRST_LINES, _LAST_LINES = 50, 150  # of a long text, those that are read one by one
_LONG_WORD = 5  # letters
_ALIKE = 0.25  # share of the words that two texts have in common, from which one may represent the other
_WORD = re.compile(r"[a-z]{3,}")
_OFTEN_LOGGED = 500  # maximum characters of a text whose match is kept
_SHORT = 30  # maximum characters of a sentence that other products also use
_EXCHANGE = "AssumeRoleWithWebIdentity"
# An STS sentence comes first, or after the words of an SDK, a runner or a log.
_AWS_PREFIX = re.compile(r"aws|sts\b|oidc|assum|credential|error|exception|invalid|denied|web.?identity", re.IGNORECASE)


def _match(text: str) -> tuple[_SentenceRow, re.Match[str]] | None:
    """Return the row that determines how a text is read, and its match."""
    return _match_of_short(text) if len(text) <= _OFTEN_LOGGED else _match_of(text)


@lru_cache(maxsize=256)  # a log has the same few sentences thousands of times
def _match_of_short(text: str) -> tuple[_SentenceRow, re.Match[str]] | None:
    return _match_of(text)


def _match_of(text: str) -> tuple[_SentenceRow, re.Match[str]] | None:
    """Match a text.

    Lines are read one by one. A sentence that names a fault or a step decides before a hint, and in a text without
    retries a cloud's before a client's; of several, the last: the earlier ones come from repeated attempts. After a
    refused exchange a client may go on with other credentials: in a text without retries, a denial of another caller
    does not replace the exchange's error.
    """
    end = min(len(text), ERROR_TEXT.most)
    if "\n" not in text[:end].strip():
        return _first(text, 0, end)
    lines = [line.span() for line in _LINE.finditer(text, 0, end) if not _WARNING.search(line[0])]
    candidates = tuple(row for row in _rows() if row.search(text, 0, end))  # few rows match a text at all
    lines = [*lines[:_FIRST_LINES], *lines[_FIRST_LINES:][-_LAST_LINES:]]
    read = (_first(text, *span, rows=candidates) for span in reversed(lines))
    matches = [match for match in read if match is not None]
    definite = [match for match in matches if match[0].follows_steps or (match[0].kind and match[0].proves)]
    if not _RETRY.search(text, 0, end):
        of_clouds = [match for match in definite if SPEAKERS[match[0].speaker].cloud or match[0].speaker == "registry"]
        exchange = [match for match in of_clouds if match[0].follows_steps]
        if exchange and of_clouds[0][1].groupdict().get("caller"):
            return exchange[0]
        definite = of_clouds or definite
    return next(iter(definite), None) or next(iter(matches), None) or _first(text, 0, end, rows=candidates)


def _first(
    text: str, start: int, end: int, *, rows: Iterable[_SentenceRow] | None = None
) -> tuple[_SentenceRow, re.Match[str]] | None:
    calls: set[str] | None = None
    for row in _rows() if rows is None else rows:
        match = row.search(text, start, end)
        if match is None:
            continue
        if calls is None:
            calls = {name for call in _CALL.findall(text, start, end) for name in call if name}
        if _answers(row, calls) and (row.speaker != "aws-sts" or _is_of_aws(match)):
            return row, match
    return None


def _answers(row: _SentenceRow, calls: set[str]) -> bool:
    """Whether the row's speaker can have answered the calls that the text names."""
    if row.speaker == "aws-sts":
        return not calls or any(row.call in call or _EXCHANGE in call for call in calls)
    of_session = row.speaker in ("aws-service", "aws-sts-call") and row.steps == {"permission"}
    return not of_session or not any(_EXCHANGE in call for call in calls)


def _is_of_aws(match: re.Match[str]) -> bool:
    """Whether no words before a short sentence, which other products also use, show another speaker."""
    line_start = match.string.rfind("\n", 0, match.start()) + 1
    prefix = match.string[line_start : match.start()].strip()
    is_short_sentence = len(match[0]) < _SHORT and match[0][:1].isupper()
    return not is_short_sentence or not prefix or _AWS_PREFIX.search(prefix) is not None


def patterns() -> list[str]:
    """Return the regular expressions of the table, whose words are those of the clouds' sentences."""
    return [pattern for row in _rows() for pattern in row.patterns]


def spoken(text: str) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return the span of the sentence that determines how `text` is read, and the spans of its facts."""
    match = _match(text)
    if match is None:
        return (0, 0), []
    sentence = match[1]
    return sentence.span(), [sentence.span(name) for name in sentence.re.groupindex if sentence[name]]


def read_error(text: str, source: str = "") -> Reading | None:
    """Read an observed error, which is untrusted text; None if the sentence is unknown."""
    match = _match(text)
    if match is None:
        return None
    row, sentence = match
    facts = {name: value for name, value in sentence.groupdict().items() if value}
    if facts.pop("absent", None):
        facts["claim"] = row.claim  # Google prints null or [] for a claim that the token lacks
    missing = frozenset({facts["claim"]}) if row.kind is Kind.CLAIM_MISSING else frozenset[str]()
    quoted = {claim: facts[group] for claim, group in row.token.items() if group in facts}
    return Reading(
        row.cloud,
        row.steps,
        text[: ERROR_TEXT.most],
        row.kind,
        facts,
        missing,
        proves=row.proves,
        source=source,
        quoted_claims=quoted,
        speaker=row.speaker,
        follows_steps=row.follows_steps,
    )


def nearest(text: str, most: int = 3) -> list[tuple[str, str]]:
    """Return known sentences that resemble an unknown one, the most similar first, each with its speaker.

    Similarity proves no fault: it is a hint for users who truncated or mistyped a sentence. It is the share of common
    words.
    """
    asked = set(_WORD.findall(text[:_LONGEST_MESSAGE].lower()))
    scored = []
    for row in table() if asked else ():
        for _, sample in row["samples"]:
            said = set(_WORD.findall(sample.lower()))
            common = len(asked & said) / max(len(asked | said), 1)
            if common >= _ALIKE and any(len(word) >= _LONG_WORD for word in asked & said):
                scored.append((common, sample, row["speaker"]))
    scored.sort(key=lambda candidate: -candidate[0])
    return list(dict.fromkeys((sample, speaker) for _, sample, speaker in scored))[:most]


def read_unknown(text: str, source: str = "") -> Reading:
    """Read an unknown sentence: it names no step, and a cloud only if its envelope shows the speaker."""
    speaker = speaker_of_envelope(text[: ERROR_TEXT.most]) or ""
    if speaker == "google-sts":  # its error code is a refusal of the exchange, whatever the other words
        steps = frozenset(step.id for step in STEPS["gcp"] if step.exchange and step.id != "impersonate")
        return Reading("gcp", steps, text, source=source, speaker=speaker, follows_steps=False)
    cloud = SPEAKERS[speaker].cloud if speaker else None
    return Reading(cloud, frozenset(), text, source=source, speaker=speaker, known=False)


def before(cloud: Cloud, steps: frozenset[str]) -> frozenset[str]:
    """Return the steps that an error at `steps` proves to have passed: all before the earliest of `steps`."""
    order = [step.id for step in STEPS[cloud]]
    positions = [order.index(step) for step in steps if step in order]
    return frozenset(order[: min(positions)]) if positions else frozenset()


# How SDKs and tools wrap a cloud's response; the first match has code and message.
_WRAPPED = (
    r'"error": *"(?P<code>\w+)", *"error_description": *"(?P<message>(?:[^"\\]|\\.)*)"',
    r'"error": *\{[^{}]*?"message": *"(?P<message>(?:[^"\\]|\\.)*)"(?:[^{}]*?"status": *"(?P<code>\w+)")?',
    r"<Code>(?P<code>\w+)</Code>\s*<Message>(?P<message>[^<]+)",
    r"An error occurred \((?P<code>\w+)\)(?: when calling the \w+ operation)?[^:\n]*: (?P<message>[^\n]+)",
    r"api error (?P<code>\w+): (?P<message>[^\n]+)",
    r"Could not assume role with OIDC: (?P<message>[^\n]+)",
    r"Error code (?P<code>\w+): (?P<message>[^'\n]+)",
    r"(?:^|[\s.,])(?P<code>[A-Z]\w*(?:Exception|Error|Denied|Token|Claim|TooLarge|Failure)): (?P<message>[^\n]+)",
)
_AFTER = re.compile(r" \(Service: \w+, Status Code.*$")
_LONGEST_MESSAGE = 300


def on_the_wire(text: str) -> tuple[str, str]:
    """Return code and message of an observed error without an SDK's wrapping; the code may be empty."""
    text = text[: ERROR_TEXT.most]
    for pattern in _WRAPPED:
        wrapped = re.search(pattern, text)
        if wrapped:
            message = _AFTER.sub("", wrapped["message"].strip()).replace('\\"', '"')
            return wrapped.groupdict().get("code") or "", message[:_LONGEST_MESSAGE]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    sentence = next((line for line in lines if read_error(line) is not None), lines[0] if lines else "")
    return "", sentence[:_LONGEST_MESSAGE]
