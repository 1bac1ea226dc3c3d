"""Values of the early warnings: what works now, and is known to stop working."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from oidc_doctor.model.document import Origin
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.steps import Cloud


class Certificate(NamedTuple):
    """A certificate of the chain that the issuer's host sent. Names are as its authority wrote them."""

    name: str  # the common name, or the whole subject
    place: int  # in the chain, from 0, the host's own
    begins: float  # epoch seconds
    ends: float
    is_root: bool  # self-signed
    at: Origin


class KeyDifference(NamedTuple):
    """A key that only one of two key sets has, or that differs between them."""

    kid: str
    at: Origin
    altered: bool = False  # both sets have the kid, with other numbers


class UploadedKeys(NamedTuple):
    """The key set that was uploaded to a Google provider, next to the one that the issuer publishes."""

    provider: str  # its full name; empty if unknown
    jwks_uri: str  # as the discovery document says; empty if that was not read
    lacking: tuple[KeyDifference, ...]  # published, and tokens signed with it are refused for the uploaded set
    withdrawn: tuple[KeyDifference, ...]  # uploaded, and no longer published
    published: tuple[str, ...]  # the kids
    uploaded: tuple[str, ...]


class Line(NamedTuple):
    """A value that an edit adds to the configuration, and the place that it is added to, in words."""

    text: str
    place: str


class ComingSubject(NamedTuple):
    """A subject that passes now, and that the configuration refuses in the coming form of its issuer.

    An id that no evidence names is written in capitals: OWNER_ID. The lines are proven: they add no one but the bearers
    of the ids to those who pass now. Empty where no edit could be proven.
    """

    subject: str  # that passes now
    seen_in: str  # token's, or logged
    coming: str
    wanted: Side  # the first line, else the coming subject; marked where it has more than `accepts`
    accepts: Side  # the configured value that accepts the subject now
    refuses: str  # trust policy, attribute condition, allow policy, mapping
    issuer: str
    when: str  # completes: once …
    since: str  # as the issuer's profile says
    lines: tuple[Line, ...] = ()
    unknown: tuple[str, ...] = ()  # the ids that are to be filled in: OWNER_ID
    find: tuple[str, ...] = ()  # commands that print them
    size: str = ""  # Google: 145 bytes, or at least 130 bytes: of google.subject, if that is over the limit
    more: int = 0  # further subjects of the same configuration


class Coming(Protocol):
    """Answers which subjects stop passing in the coming form of the issuer. May raise NotReadError."""

    @property
    def cloud(self) -> Cloud:
        """The cloud of the exchange."""

    @property
    def resource(self) -> str:
        """The role's ARN or the provider's name; empty where the target names none."""

    def refused(self) -> ComingSubject | None:
        """The first subject that passes now and is refused in the coming form; None where there is none."""
