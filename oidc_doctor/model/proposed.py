"""What a changed document would do to the accesses that the evidence shows: the answer of `--with FILE`.

Subjects, files and messages are untrusted text and are not escaped. A decision is that of the judge on the documents,
or what the logs show of the present configuration; `unknown` is neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from oidc_doctor.model.steps import Cloud

Decision = Literal["accepted", "refused", "unknown"]
# What the change does to one token or call. `refused`: it was refused before, and is refused afterwards.
Effect = Literal["loses", "gains", "unknown", "keeps", "refused"]
EFFECTS: tuple[Effect, ...] = ("loses", "gains", "unknown", "keeps", "refused")


# A document of the change next to the present one. `open`: its content is known only after the change.
LaidState = Literal["changed", "new", "deleted", "open", "equal"]


class LaidDocument(NamedTuple):
    """A document that the change replaces, adds or removes, for one target."""

    file: str  # the file that the user named
    what: str  # the trust policy of ModelWeights
    target: str
    state: LaidState
    diff: str  # lines that start with `- `, `+ ` or two spaces; empty if the content is equal
    at: str = ""  # the first changed line of the file, as role.json:14
    replaces: str = ""  # where the present document was read; empty if it was not read or did not exist


class WorkloadEffect(NamedTuple):
    """A kind of token: of the logs, or given by the user; before and after the change."""

    target: str
    cloud: Cloud
    resource: str  # the role's ARN or the provider's name
    subject: str  # or the kind, with * for what is new in each run; "" if the event shows none
    audience: str
    effect: Effect
    before: Decision
    after: Decision
    given: bool = False  # a token that the user gave
    subjects: int = 1  # different subjects of this kind in the logs
    accepted: int = 0  # logged attempts
    refused: int = 0
    last_seen: str = ""  # RFC 3339, UTC
    last_outcome: str = ""  # of the newest logged attempt: accepted or refused
    why: str = ""  # of a loss or a refusal: what refuses it afterwards; of a gain: what refused it before
    at: str = ""  # where the clause of `why` was read
    settle: str = ""  # of an unknown decision: what would settle it
    contradiction: str = ""  # where the logs show another outcome than the documents that were read
    foreign: str = ""  # of a gain: whose it is, if no accepted or given token has this owner: another org


class AccessEffect(NamedTuple):
    """A call of the workload's session, before and after the change."""

    target: str
    cloud: Cloud
    action: str
    resource: str
    effect: Effect
    before: str  # allowed, denied, unknown
    after: str
    why: str = ""
    at: str = ""  # where the deciding statement was read
    refused: int = 0  # such calls that the logs show as refused


class OtherEffect(NamedTuple):
    """A kind of synthetic token, which no log shows, and what the change does to it, with one example."""

    target: str
    cloud: Cloud
    who: str  # another org, another team, another model
    example: str  # a subject, an audience or an issuer
    number: int  # tokens of this kind that were tried with this effect
    stranger: bool  # of another owner; otherwise another workload of a known owner
    effect: Effect = "gains"  # or loses, unknown


@dataclass
class Proposed:
    """The answer to one change. `exit_code` is that of the report."""

    files: tuple[str, ...]  # as the user named them
    headline: str
    sign: Literal["✓", "✗", "?", "!"]
    exit_code: int = 0
    objections: tuple[str, ...] = ()  # why the cloud would not save a document; nothing is judged then
    documents: list[LaidDocument] = field(default_factory=list)
    workloads: list[WorkloadEffect] = field(default_factory=list)
    accesses: list[AccessEffect] = field(default_factory=list)
    others: list[OtherEffect] = field(default_factory=list)
    tried: int = 0  # synthetic tokens of others that were refused before the change
    still_open: int = 0  # synthetic tokens of others that are accepted before and after the change
    unknown_values: list[str] = field(default_factory=list)  # what the change leaves open, and what would settle it
    notes: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)  # what was not judged, because there is too much of it
    present_command: str = ""  # the command line without the change, quoted for a shell; "" from the library
