"""A failing CI job: its tokens, what it lacks, and what to write into a policy. The form of job.json, oidc-doctor.ci/1.

Texts may quote claims and names of the job, and are not escaped. They never contain a token.
"""

from __future__ import annotations

from typing import NamedTuple

from oidc_doctor.model.steps import Cloud

SCHEMA = "oidc-doctor.ci/1"


class JobToken(NamedTuple):
    """A token of the job: where it was found, and its claims. A claim that is missing is None."""

    place: str  # the variable, the file or the program
    issuer: str | None
    subject: str | None
    audience: tuple[str, ...] | None
    whose: str = ""  # the issuer's title, of a known issuer
    form: str = ""  # of the subject, of a known issuer
    because: str = ""  # when the issuer builds this form: "because the job has a deployment environment"
    expires: str = ""  # in words
    fault: str = ""  # why it is not a token that a cloud could read


class Lack(NamedTuple):
    """A missing token, in the words of its cause check."""

    code: str
    name: str
    headline: str  # a full sentence
    fix: str  # a full sentence
    certain: bool
    file: str = ""  # of the repository
    line: int | None = None


class Conditions(NamedTuple):
    """What to write for a cloud. `text` is ready to paste, of one or more lines; empty where `why_not` says why."""

    cloud: Cloud
    place: str  # the document that it belongs to
    text: str = ""
    why_not: str = ""


class ToWrite(NamedTuple):
    """The conditions that accept the workload of one token and no other."""

    token: str  # the place of the token
    conditions: tuple[Conditions, ...]


class Job(NamedTuple):
    """Everything that is known of the job besides the report on its evidence."""

    platform: str  # its name: github, gitlab, …; "" for none that is known
    title: str
    tokens: tuple[JobToken, ...] = ()
    lacks: tuple[Lack, ...] = ()
    to_write: tuple[ToWrite, ...] = ()
    notes: tuple[str, ...] = ()
    assumed_audience: str = ""  # of a token that was requested: the job may ask for another one
