"""The clouds' sentences: those that the judge expects, and the reader of those that were observed.

The table of observed sentences, old and new, is in sentences/; it is loaded with the first error that is read.
AWS texts of July 2026 and later collapse the older ones for a missing provider and a wrong audience into one; the
older ones are still quoted everywhere and stay in the table. Sources: the STS API reference, recorded calls of
September 2026, the knowledge-center articles; Google's troubleshooting page for workload identity federation and
measured notes of September 2026; issuers' and SDKs' own messages as quoted in public threads.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any, NamedTuple

from oidc_doctor.model.case import Reading
from oidc_doctor.model.kinds import Kind
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
    """Whether a refusal of Cloud Storage was written for a federated principal, and for no service account."""
    return _FEDERATED_CALLER.search(text) is not None


class _SentenceRow(NamedTuple):
    pattern: str  # named groups become facts
    speaker: Cloud | None
    steps: frozenset[str]
    kind: Kind | None
    proves: bool
    claim: str  # the claim that the sentence calls missing without naming it
    token: dict[str, str]  # the claims that the sentence quotes: claim to the name of its group

    @property
    def regex(self) -> re.Pattern[str]:
        return _compiled(self.pattern)


def table() -> list[dict[str, Any]]:
    """Read the rows as the files of sentences/ hold them, in the order of the files' names."""
    import tomllib

    rows = []
    for name in sorted(os.listdir(_SENTENCES)):
        with open(os.path.join(_SENTENCES, name), "rb") as file:
            rows += tomllib.load(file)["sentence"]
    return rows


@cache
def _rows() -> tuple[_SentenceRow, ...]:
    """Compile the table; KeyError or ValueError where a row is malformed."""
    return tuple(
        _SentenceRow(
            "|".join(row["patterns"]),
            row.get("speaker"),
            frozenset(row["steps"].split()),
            Kind(row["kind"]) if "kind" in row else None,
            row.get("proves", True),
            row.get("claim", ""),
            row.get("token", {}),
        )
        for row in table()
    )


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # on demand: most texts are found long before the last row, and compiling all is slower than all searches
    return re.compile(pattern, re.DOTALL)


# A sentence is long, a log dump is longer: what was pasted beyond this is not searched.
_LONGEST = 20_000


def _match(text: str) -> tuple[_SentenceRow, re.Match[str]] | None:
    """Return the first row that is found in the text."""
    text = text[:_LONGEST]
    for row in _rows():
        match = row.regex.search(text)
        if match:
            return row, match
    return None


def patterns() -> list[str]:
    """Return the regular expressions of the table: their words are those of the clouds' sentences."""
    return [row.pattern for row in _rows()]


def spoken(text: str) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return the span of the sentence that decides how `text` is read, and the spans of the facts in it."""
    match = _match(text)
    if match is None:
        return (0, 0), []
    sentence = match[1]
    return sentence.span(), [sentence.span(name) for name in sentence.re.groupindex if sentence[name]]


def read_error(text: str, source: str = "") -> Reading | None:
    """Read an observed error, which may be anybody's text; None where the sentence is not known."""
    match = _match(text)
    if match is None:
        return None
    row, sentence = match
    facts = {name: value for name, value in sentence.groupdict().items() if value}
    if facts.pop("absent", None):
        facts["claim"] = row.claim  # Google prints null or [] for a claim that the token does not have
    missing = frozenset({facts["claim"]}) if row.kind is Kind.CLAIM_MISSING else frozenset[str]()
    quoted = {claim: facts[group] for claim, group in row.token.items() if group in facts}
    return Reading(
        row.speaker,
        row.steps,
        text[:_LONGEST],
        row.kind,
        facts,
        missing,
        proves=row.proves,
        source=source,
        quoted_claims=quoted,
    )


def before(cloud: Cloud, steps: frozenset[str]) -> frozenset[str]:
    """The steps that an error of `steps` shows to have passed: those before the earliest of them."""
    order = [step.id for step in STEPS[cloud]]
    positions = [order.index(step) for step in steps if step in order]
    return frozenset(order[: min(positions)]) if positions else frozenset()


# How SDKs and tools wrap what a cloud answered; the first that fits has code and message.
_WRAPPED = (
    r'"error": *"(?P<code>\w+)", *"error_description": *"(?P<message>(?:[^"\\]|\\.)*)"',
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
    """Code and message of an observed error without what an SDK put around them; the code may be empty."""
    text = text[:_LONGEST]
    for pattern in _WRAPPED:
        wrapped = re.search(pattern, text)
        if wrapped:
            message = _AFTER.sub("", wrapped["message"].strip()).replace('\\"', '"')
            return wrapped.groupdict().get("code") or "", message[:_LONGEST_MESSAGE]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    sentence = next((line for line in lines if read_error(line) is not None), lines[0] if lines else "")
    return "", sentence[:_LONGEST_MESSAGE]
