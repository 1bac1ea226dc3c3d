"""An archive in the making: what was planted, the log records so far, and the tokens of three issuers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import log_shapes as shapes
from log_shapes import Json

START = 1_795_046_400  # 2026-11-19T00:00:00Z, when the logs begin
HOURS = 36
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2")
MORE_REGIONS = (
    *REGIONS, "us-east-2", "us-west-1", "eu-central-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1",
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "sa-east-1", "ca-central-1",
)  # fmt: skip
SUBJECT_CAUSES = frozenset({"subject-segment-differs", "subject-form-differs", "condition-value-differs"})


@dataclass
class Planted:
    """What an archive holds, and what a reader of it should say."""

    plant: str
    seed: int
    cloud: str
    bundle: Path
    blamed: tuple[str, ...] = ()  # event ids (insertIds) of which one is to be named; none: no change may be named
    by: str = ""  # part of the name of who made the change
    token_change: bool = False
    causes: frozenset[str] = frozenset()  # names of which one comes first; none: nothing is wrong now
    status: str = "active"
    basis: str = "first-failure"  # first-failure, change or last-success
    since: tuple[float, float] = (0.0, 0.0)  # the earliest and the latest right answer
    until: tuple[float, float] | None = None  # of an outage that is over
    known_before: bool = True  # whether the logs hold a write from which the configuration before the change is known
    innocent: dict[str, str] = field(default_factory=dict)  # event id → what it was: never to be blamed
    refused: int = 0  # attempts of the target that were refused and logged
    accepted: int = 0
    events: int = 0  # records written, duplicates included
    wanted_files: int = 0  # files that hold a record which is not noise
    files: int = 0


@dataclass
class Signal:
    """A record that is not noise."""

    at: float
    record: Json
    region: str = "us-east-1"  # of AWS
    log: str = "data_access"  # of Google
    account: str = ""


@dataclass
class World:
    """An archive in the making."""

    rng: Random
    plant: str
    folder: Path
    result: Planted
    signals: list[Signal] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)  # bundle path → JSON value or text
    absent: dict[str, str] = field(default_factory=dict)  # bundle path → code of a not_found
    subject: str = ""  # of the newest refused attempt, logged or not; else of the newest accepted one
    refused_seen: bool = False
    with_claims: bool = False
    strange: list[str] = field(default_factory=list)  # event ids of attempts that are not the target token's
    change_at: float = 0.0
    lag: float = 0.0

    def between(self, low: float, high: float) -> float:
        """A moment, as a part of the time that the logs cover."""
        return START + HOURS * 3600 * self.rng.uniform(low, high)

    def asked(self, subject: str, *, accepted: bool) -> None:
        """Count an attempt."""
        if not accepted or not self.refused_seen:
            self.subject = subject
        self.refused_seen |= not accepted
        if accepted:
            self.result.accepted += 1
        else:
            self.result.refused += 1

    def accepted_at(self, at: float) -> bool:
        """Whether the configuration before the change still decides."""
        return at < self.change_at + self.lag


# ------------------------------------------------------------------------------------------------------------- subjects


@dataclass(frozen=True)
class Family:
    """An issuer's tokens for one workload, and a trust in them."""

    host: str
    audience: str
    pattern: str  # what the policy says
    wrong: str  # the same with a mistake in it
    subject: Callable[[Random], str]
    claims: Json

    @property
    def operator(self) -> str:
        """The operator that fits the pattern."""
        return "StringLike" if "*" in self.pattern else "StringEquals"


def baseten(rng: Random, *, key: str = "environment", environment: str = "") -> Family:
    org, team, model = (shapes.letters(rng, 8, "ABCDEFGHJKMNPQRSTUVWabcdefghjkmnpqrstuvw23456789") for _ in range(3))
    environment = environment or rng.choice(("production", "staging"))
    wrong = team[:-1] + ("7" if team[-1] != "7" else "4")

    def subject(made: Random) -> str:
        deployment = shapes.letters(made, 8)
        kind = made.choice(("model_container", "model_container", "model_build"))
        return f"v=1:org={org}:team={team}:model={model}:deployment={deployment}:{key}={environment}:type={kind}"

    claims = {"org": org, "team": team, "model": model, "environment": environment}
    head = f"v=1:org={org}:team="
    return Family("oidc.baseten.co", "oidc.baseten.co", f"{head}{team}:*", f"{head}{wrong}:*", subject, claims)


def github(rng: Random) -> Family:
    owner = "acme-" + shapes.letters(rng, 4)
    repository = rng.choice(("weights", "inference", "training"))

    def subject(made: Random) -> str:
        branch = made.choice(("main", "main", f"release-{made.randrange(9)}"))
        return f"repo:{owner}/{repository}:ref:refs/heads/{branch}"

    claims = {"repository": f"{owner}/{repository}", "repository_owner": owner}
    host = "token.actions.githubusercontent.com"
    pattern, wrong = f"repo:{owner}/{repository}:*", f"repo:{owner}/{repository}s:*"
    return Family(host, "sts.amazonaws.com", pattern, wrong, subject, claims)


def kubernetes(rng: Random) -> Family:
    host = f"oidc.eks.us-east-1.amazonaws.com/id/{shapes.letters(rng, 32, '0123456789ABCDEF')}"
    name = "weights-" + shapes.letters(rng, 4)
    subject = f"system:serviceaccount:serving:{name}"
    return Family(host, "sts.amazonaws.com", subject, subject + "-ro", lambda _: subject, {})


# ---------------------------------------------------------------------------------------------------------------- times


def every(world: World, low: float, high: float, minutes: tuple[float, float]) -> list[float]:
    """Moments between two parts of the time, and a few close to the change, as a workload that retries makes them."""
    at, found = world.between(low, low), []
    end = world.between(high, high)
    while at < end:
        found.append(at)
        at += 60 * world.rng.uniform(*minutes)
    return found


def timeline(world: World) -> list[float]:
    """When the workload asks: all day, and around the change."""
    around = [world.change_at + offset for offset in (-95.0, -31.0, 2.0, 41.0, 75.0, 130.0)]
    return sorted([*every(world, 0.01, 0.99, (20, 70)), *around])
