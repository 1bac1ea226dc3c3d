"""Log archives with one planted change each, in the layout that the clouds deliver, for tests and benchmarks.

`make_archive(folder, seed, plant=…)` writes a bundle: present configuration, the target, and a trail or a sink's files
with steady attempts of several roles, the planted change, harmless edits by others, and noise. What it gives back says
what happened: `Planted`. Nothing here knows how oidc-doctor finds it out.

The truth is simple: an attempt is accepted while the configuration in force accepts its token. Each plant says what
the configuration was before and after, and whether the cloud writes an event for the refusals that follow
(CloudTrail writes none for tokens that STS calls invalid; Google none for providers that it does not find: inferred).

    python tests/logs/archives.py FOLDER --seed 7 --plant aws-subject-mistyped --events 1000000 --jobs 2
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

import log_shapes as shapes
from log_noise import Noise, day_path
from log_shapes import CONDITION_FALSE, Json

START = 1_795_046_400  # 2026-11-19T00:00:00Z, when the logs begin
HOURS = 36
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-southeast-2")
MORE_REGIONS = (
    *REGIONS, "us-east-2", "us-west-1", "eu-central-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1",
    "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "sa-east-1", "ca-central-1",
)  # fmt: skip
INVALID = (
    "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: The web identity "
    "token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements."
)
TOO_LONG = (
    "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: The requested "
    "DurationSeconds exceeds the MaxSessionDuration set for this role."
)
NO_TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or '
    "provider is disabled or deleted or because it doesn't exist."
)


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
class _Signal:
    """A record that is not noise."""

    at: float
    record: Json
    region: str = "us-east-1"  # of AWS
    log: str = "data_access"  # of Google
    account: str = ""


@dataclass
class _World:
    """An archive in the making."""

    rng: Random
    plant: str
    folder: Path
    result: Planted
    signals: list[_Signal] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)  # bundle path → JSON value or text
    absent: dict[str, str] = field(default_factory=dict)  # bundle path → code of a not_found
    subject: str = ""  # of the newest refused attempt, logged or not; else of the newest accepted one
    refused_seen: bool = False
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
class _Family:
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


def _baseten(rng: Random, *, key: str = "environment", environment: str = "") -> _Family:
    org, team, model = (shapes.letters(rng, 8, "ABCDEFGHJKMNPQRSTUVWabcdefghjkmnpqrstuvw23456789") for _ in range(3))
    environment = environment or rng.choice(("production", "staging"))
    wrong = team[:-1] + ("7" if team[-1] != "7" else "4")

    def subject(made: Random) -> str:
        deployment = shapes.letters(made, 8)
        kind = made.choice(("model_container", "model_container", "model_build"))
        return f"v=1:org={org}:team={team}:model={model}:deployment={deployment}:{key}={environment}:type={kind}"

    claims = {"org": org, "team": team, "model": model, "environment": environment}
    head = f"v=1:org={org}:team="
    return _Family("oidc.baseten.co", "oidc.baseten.co", f"{head}{team}:*", f"{head}{wrong}:*", subject, claims)


def _github(rng: Random) -> _Family:
    owner = "acme-" + shapes.letters(rng, 4)
    repository = rng.choice(("weights", "inference", "training"))

    def subject(made: Random) -> str:
        branch = made.choice(("main", "main", f"release-{made.randrange(9)}"))
        return f"repo:{owner}/{repository}:ref:refs/heads/{branch}"

    claims = {"repository": f"{owner}/{repository}", "repository_owner": owner}
    host = "token.actions.githubusercontent.com"
    pattern, wrong = f"repo:{owner}/{repository}:*", f"repo:{owner}/{repository}s:*"
    return _Family(host, "sts.amazonaws.com", pattern, wrong, subject, claims)


def _kubernetes(rng: Random) -> _Family:
    host = f"oidc.eks.us-east-1.amazonaws.com/id/{shapes.letters(rng, 32, '0123456789ABCDEF')}"
    name = "weights-" + shapes.letters(rng, 4)
    subject = f"system:serviceaccount:serving:{name}"
    return _Family(host, "sts.amazonaws.com", subject, subject + "-ro", lambda _: subject, {})


# ------------------------------------------------------------------------------------------------------------------ AWS


class _Aws:
    """One account, one role, one provider; and the neighbours."""

    def __init__(self, world: _World) -> None:
        rng = world.rng
        self.world = world
        self.account = str(rng.randrange(10**11, 10**12))
        self.role_name = rng.choice(("ModelWeights", "BasetenOIDCRole", "deploy-weights"))
        self.role = f"arn:aws:iam::{self.account}:role/{self.role_name}"
        self.region = rng.choice(REGIONS)
        self.family = rng.choice((_baseten, _github, _kubernetes))(rng)
        self.duration: int | None = None
        self.noise = Noise.aws(self.account, self.role_name)

    @property
    def provider(self) -> str:
        """The provider's ARN."""
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.family.host}"

    def statement(self, pattern: str = "", **changes: Any) -> Json:
        """The Allow that trusts the family."""
        family = self.family
        return {
            "Effect": "Allow",
            "Principal": {"Federated": self.provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {f"{family.host}:aud": family.audience},
                **self._subject(pattern or family.pattern),
            },
        } | changes

    def _subject(self, pattern: str) -> Json:
        family = self.family
        if family.operator == "StringEquals":
            return {"StringEquals": {f"{family.host}:aud": family.audience, f"{family.host}:sub": pattern}}
        return {"StringLike": {f"{family.host}:sub": pattern}}

    @staticmethod
    def policy(*statements: Json) -> Json:
        """A trust policy."""
        return {"Version": "2012-10-17", "Statement": list(statements)}

    def write(self, at: float, name: str, request: Json | None, *, innocent: str = "", **members: Any) -> str:
        """An IAM write in the trail; its event id."""
        by = members.pop("by", "PlatformAdmin/platform-admin")
        record = shapes.iam_write(self.world.rng, at, self.account, by, name, request, **members)
        self.world.signals.append(_Signal(at, record))
        if innocent:
            self.world.result.innocent[record["eventID"]] = innocent
        return str(record["eventID"])

    def update(self, at: float, policy: Json, *, innocent: str = "", text: str = "", **members: Any) -> str:
        """UpdateAssumeRolePolicy of the role."""
        request = {"roleName": self.role_name, "policyDocument": text or shapes.compact(policy)}
        return self.write(at, "UpdateAssumeRolePolicy", request, innocent=innocent, **members)

    def attempt(self, at: float, *, accepted: bool, subject: str = "", logged: bool = True) -> None:
        """The workload asks for the role."""
        world = self.world
        subject = subject or self.family.subject(world.rng)
        if not accepted and not logged:
            world.subject = subject
            return
        world.asked(subject, accepted=accepted)
        record = shapes.web_identity(
            world.rng, at, self.provider, self.family.audience, subject, self.role,
            accepted=accepted, region=self.region, global_endpoint=world.rng.random() < 0.2, duration=self.duration,
        )  # fmt: skip
        world.signals.append(_Signal(at, record, record["awsRegion"]))

    def present(self, policy: Json | None, client_ids: list[str] | None, longest: int = 3600) -> None:
        """The configuration at the end, as aws iam get-… prints it; None for what is not there."""
        files, absent, host = self.world.files, self.world.absent, self.family.host
        if policy is None:
            absent["aws/role.json"] = "NoSuchEntity"
        else:
            files["aws/role.json"] = {
                "Role": {
                    "Path": "/",
                    "RoleName": self.role_name,
                    "RoleId": shapes.key_id(self.world.rng, "AROA"),
                    "Arn": self.role,
                    "CreateDate": "2026-03-02T09:15:00+00:00",
                    "AssumeRolePolicyDocument": policy,
                    "MaxSessionDuration": longest,
                }
            }
        arns = [f"arn:aws:iam::{self.account}:oidc-provider/oidc.example.com"]
        if client_ids is None:
            absent["aws/oidc-provider.json"] = "NoSuchEntity"
        else:
            arns.append(self.provider)
            files["aws/oidc-provider.json"] = {
                "Arn": self.provider,
                "Url": host,
                "ClientIDList": client_ids,
                "ThumbprintList": ["06b25927c42a721631c1efd9431e648fa62e1e39"],
                "CreateDate": "2026-03-02T09:10:00+00:00",
            }
        files["aws/oidc-providers.json"] = {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]}
        target = ['[[target]]\nname = "weights"', f'issuer = "https://{host}"', "[target.aws]"]
        target.append(f'role_arn = "{self.role}"\nregion = "{self.region}"')
        if self.duration:
            target.append(f"duration_seconds = {self.duration}")
        files["oidc-doctor.toml"] = "\n".join(target) + "\n"


def _created(aws: _Aws, policy: Json, *, chance: float = 0.65) -> None:
    """The role's creation, or an edit before the story begins, in the logs; or neither: then the past is not known."""
    rng, world = aws.world.rng, aws.world
    drawn = rng.random()
    world.result.known_before = drawn < chance
    if drawn < chance / 2:
        request = {
            "path": "/",
            "roleName": aws.role_name,
            "assumeRolePolicyDocument": shapes.compact(policy),
            "maxSessionDuration": 7200 if aws.duration else 3600,
        }
        aws.write(START + 60, "CreateRole", request, innocent="the role's creation")
    elif drawn < chance:
        aws.update(START + 60, policy, innocent="an edit before everything")
        if aws.duration:
            request = {"roleName": aws.role_name, "maxSessionDuration": 7200}
            aws.write(START + 61, "UpdateRole", request, innocent="an edit before everything")


def _harmless(aws: _Aws, at: float, policy: Json) -> None:
    """An edit of the same role that keeps the decision."""
    rng = aws.world.rng
    kind = rng.choice(("tag", "description", "whitespace", "statement", "permissions", "refused", "malformed"))
    name = {"roleName": aws.role_name}
    if kind == "tag":
        aws.write(at, "TagRole", name | {"tags": [{"key": "team", "value": "ml"}]}, innocent="a tag")
    elif kind == "description":
        aws.write(at, "UpdateRole", name | {"description": "Weights"}, innocent="a description")
    elif kind == "whitespace":
        aws.update(at, policy, innocent="the same policy, laid out anew", text=json.dumps(policy, indent=4))
    elif kind == "permissions":
        request = name | {"policyName": "ReadWeights", "policyDocument": '{"Version":"2012-10-17","Statement":[]}'}
        aws.write(at, "PutRolePolicy", request, innocent="a permissions policy")
    elif kind == "refused":
        denied = f"User: dev is not authorized to perform: iam:UpdateAssumeRolePolicy on resource: role {aws.role_name}"
        aws.write(
            at, "UpdateAssumeRolePolicy", None, innocent="a write that was denied", by="Developer/dev-console",
            errorCode="AccessDenied", errorMessage=f"{denied} because no identity-based policy allows it",
        )  # fmt: skip
    elif kind == "malformed":
        aws.update(
            at, aws.policy(), innocent="a write that IAM refused", errorCode="MalformedPolicyDocumentException",
            errorMessage="Syntax errors in policy.",
        )  # fmt: skip


def _aws_neighbours(aws: _Aws, present: Json | None) -> None:
    """Other roles and issuers at work, and others' writes; some close to the change."""
    world, rng = aws.world, aws.world.rng
    others = [(name, make(rng)) for name, make in (("InvoiceExporter", _kubernetes), ("DocsPublisher", _github))]
    for name, family in others:
        provider = f"arn:aws:iam::{aws.account}:oidc-provider/{family.host}"
        role = f"arn:aws:iam::{aws.account}:role/{name}"
        at, broken = world.between(0, 0.04), rng.random() < 0.3
        while at < START + HOURS * 3600:
            record = shapes.web_identity(
                rng, at, provider, family.audience, family.subject(rng), role, accepted=not broken, region=aws.region
            )
            world.signals.append(_Signal(at, record, record["awsRegion"]))
            at += rng.uniform(0.5, 2.5) * 3600
    for near in (world.between(0, 1), world.between(0, 1), world.change_at - 20, world.change_at + 3):
        name, family = rng.choice(others)
        service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = aws.policy(service)
        request = {"roleName": rng.choice((name, aws.role_name + "-old")), "policyDocument": shapes.compact(document)}
        kind = "an edit of another role"
        aws.write(near, "UpdateAssumeRolePolicy", request, innocent=kind, by="Developer/dev-console")
    arn = f"arn:aws:iam::{aws.account}:oidc-provider/oidc.example.com"
    request = {"openIDConnectProviderArn": arn, "clientID": "sts.amazonaws.com"}
    kind = "an edit of another provider"
    aws.write(world.change_at - 40, "RemoveClientIDFromOpenIDConnectProvider", request, innocent=kind)
    # Another account's role of the same name, in the same organisation trail
    elsewhere = str(rng.randrange(10**11, 10**12))
    request = {"roleName": aws.role_name, "policyDocument": '{"Version":"2012-10-17","Statement":[]}'}
    record = shapes.iam_write(rng, world.change_at - 9, elsewhere, "Admin/admin", "UpdateAssumeRolePolicy", request)
    world.signals.append(_Signal(world.change_at - 9, record, account=elsewhere))
    world.result.innocent[record["eventID"]] = "an edit of another account's role"
    if present is not None:
        for _ in range(rng.randrange(3)):
            _harmless(aws, world.between(0.85, 0.98), present)


def _every(world: _World, low: float, high: float, minutes: tuple[float, float]) -> list[float]:
    """Moments between two parts of the time, and a few close to the change, as a workload that retries makes them."""
    at, found = world.between(low, low), []
    end = world.between(high, high)
    while at < end:
        found.append(at)
        at += 60 * world.rng.uniform(*minutes)
    return found


def _timeline(world: _World) -> list[float]:
    """When the workload asks: all day, and around the change."""
    around = [world.change_at + offset for offset in (-95.0, -31.0, 2.0, 41.0, 75.0, 130.0)]
    return sorted([*_every(world, 0.01, 0.99, (20, 70)), *around])


@dataclass
class _Outcome:
    """How an AWS plant ends."""

    policy: Json | None
    client_ids: list[str] | None
    blamed: tuple[str, ...]
    causes: frozenset[str]
    error: str = ""  # of a refusal that leaves no event


_SUBJECT = frozenset({"subject-segment-differs", "subject-form-differs", "condition-value-differs"})


def _aws_mistyped(aws: _Aws) -> _Outcome:
    after = aws.policy(aws.statement(aws.family.wrong))
    return _Outcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), _SUBJECT)


def _aws_audience(aws: _Aws) -> _Outcome:
    statement = copy.deepcopy(aws.statement())
    statement["Condition"]["StringEquals"][f"{aws.family.host}:aud"] = "https://" + aws.family.audience
    after = aws.policy(statement)
    causes = frozenset({"audience-condition-differs"})
    return _Outcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_operator(aws: _Aws) -> _Outcome:
    family = aws.family
    values = {f"{family.host}:aud": family.audience, f"{family.host}:sub": family.pattern}
    after = aws.policy(aws.statement(Condition={"StringEquals": values}))
    causes = frozenset({"wildcard-under-string-equals"})
    return _Outcome(after, [family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_principal(aws: _Aws) -> _Outcome:
    other = {"Federated": f"arn:aws:iam::{aws.account}:oidc-provider/oidc.example.com"}
    after = aws.policy(aws.statement(Principal=other))
    causes = frozenset({"principal-differs"})
    return _Outcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_deny(aws: _Aws) -> _Outcome:
    deny = aws.statement(Effect="Deny", Condition={"StringLike": {f"{aws.family.host}:sub": aws.family.pattern}})
    after = aws.policy(aws.statement(), deny)
    causes = frozenset({"explicit-deny"})
    return _Outcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_role_deleted(aws: _Aws) -> _Outcome:
    at, name = aws.world.change_at, {"roleName": aws.role_name}
    aws.write(at - 4, "DeleteRolePolicy", name | {"policyName": "ReadWeights"}, innocent="made ready for deletion")
    return _Outcome(None, [aws.family.audience], (aws.write(at, "DeleteRole", name),), frozenset({"role-missing"}))


def _aws_duration(aws: _Aws) -> _Outcome:
    request = {"roleName": aws.role_name, "maxSessionDuration": 3600}
    blamed = aws.write(aws.world.change_at, "UpdateRole", request)
    causes = frozenset({"session-duration-over-limit"})
    return _Outcome(aws.policy(aws.statement()), [aws.family.audience], (blamed,), causes, TOO_LONG)


def _aws_provider_deleted(aws: _Aws) -> _Outcome:
    request = {"openIDConnectProviderArn": aws.provider}
    blamed = aws.write(aws.world.change_at, "DeleteOpenIDConnectProvider", request)
    return _Outcome(aws.policy(aws.statement()), None, (blamed,), frozenset({"provider-missing"}), INVALID)


def _aws_provider_recreated(aws: _Aws) -> _Outcome:
    at = aws.world.change_at
    deleted = aws.write(at - 25, "DeleteOpenIDConnectProvider", {"openIDConnectProviderArn": aws.provider})
    request = {"url": f"https://{aws.family.host}", "thumbprintList": ["06b25927c42a721631c1efd9431e648fa62e1e39"]}
    response = {"openIDConnectProviderArn": aws.provider}
    made = aws.write(at, "CreateOpenIDConnectProvider", request, responseElements=response)
    causes = frozenset({"client-id-list-empty"})
    return _Outcome(aws.policy(aws.statement()), [], (made, deleted), causes, INVALID)


def _aws_client_id_removed(aws: _Aws) -> _Outcome:
    request = {"openIDConnectProviderArn": aws.provider, "clientID": aws.family.audience}
    blamed = aws.write(aws.world.change_at, "RemoveClientIDFromOpenIDConnectProvider", request)
    causes = frozenset({"audience-not-registered"})
    return _Outcome(aws.policy(aws.statement()), ["other-client"], (blamed,), causes, INVALID)


_AWS_CHANGES: dict[str, Callable[[_Aws], _Outcome]] = {
    "aws-subject-mistyped": _aws_mistyped,
    "aws-audience-condition": _aws_audience,
    "aws-operator": _aws_operator,
    "aws-principal": _aws_principal,
    "aws-deny-added": _aws_deny,
    "aws-role-deleted": _aws_role_deleted,
    "aws-duration-lowered": _aws_duration,
    "aws-provider-deleted": _aws_provider_deleted,
    "aws-provider-recreated": _aws_provider_recreated,
    "aws-client-id-removed": _aws_client_id_removed,
}


def _aws_change(world: _World) -> _Aws:
    """A change of the configuration breaks what worked."""
    aws = _Aws(world)
    if world.plant == "aws-operator":
        aws.family = world.rng.choice((_baseten, _github))(world.rng)
    if world.plant == "aws-duration-lowered":
        aws.duration = 7200
    before = aws.policy(aws.statement())
    _created(aws, before)
    for _ in range(world.rng.randrange(3)):
        _harmless(aws, world.between(0.05, 0.35), before)
    outcome = _AWS_CHANGES[world.plant](aws)
    for at in _timeline(world):
        aws.attempt(at, accepted=world.accepted_at(at), logged=not outcome.error)
    aws.present(outcome.policy, outcome.client_ids)
    _aws_neighbours(aws, outcome.policy)
    world.result.blamed, world.result.causes, world.result.by = outcome.blamed, outcome.causes, "platform-admin"
    if outcome.error:
        world.files["error.txt"] = outcome.error + "\n"
        world.result.basis = "change"
    return aws


def _aws_mended(world: _World) -> _Aws:
    """An edit breaks the trust, a later one mends it."""
    aws = _Aws(world)
    before, broken = aws.policy(aws.statement()), aws.policy(aws.statement(aws.family.wrong))
    _created(aws, before)
    blamed = aws.update(world.change_at, broken)
    mended_at = world.change_at + world.rng.uniform(2, 5) * 3600
    aws.update(mended_at, before, innocent="the mending edit")
    times = _timeline(world)
    for at in times:
        aws.attempt(at, accepted=world.accepted_at(at) or at >= mended_at + world.lag)
    aws.present(before, [aws.family.audience])
    _aws_neighbours(aws, before)
    world.result.blamed, world.result.causes, world.result.by = (blamed,), _SUBJECT, "platform-admin"
    world.result.status = "past"
    later = [at for at in times if at >= mended_at + world.lag]
    world.result.until = (max(at for at in times if at < mended_at + world.lag), min(later))
    return aws


def _aws_token(world: _World) -> _Aws:
    """The configuration stays, the tokens change: a new form of the subject, or another environment."""
    aws = _Aws(world)
    rng = world.rng
    if world.plant == "aws-new-environment":
        aws.family = old = _baseten(rng, environment="production")
        pattern = old.pattern[:-1] + "*:environment=production:*"
        causes = frozenset({"subject-segment-differs"})
    else:
        aws.family = old = _baseten(rng, key="env", environment="production")
        pattern = old.pattern[:-1] + "*:env=production:*"
        causes = frozenset({"subject-format-changed"})
    before = aws.policy(aws.statement(pattern))
    _created(aws, before)

    def changed(subject: str) -> str:
        if world.plant == "aws-new-environment":
            return subject.replace("environment=production", "environment=staging")
        return subject.replace(":env=", ":environment=")

    for at in _timeline(world):
        subject = old.subject(rng)
        fresh = at >= world.change_at
        if not fresh or world.plant == "aws-new-environment":
            aws.attempt(at, accepted=True, subject=subject)
        if fresh:
            aws.attempt(at + rng.uniform(1, 9), accepted=False, subject=changed(old.subject(rng)))
    aws.present(before, [old.audience])
    _aws_neighbours(aws, before)
    world.result.causes, world.result.token_change = causes, True
    return aws


def _aws_steady(world: _World) -> _Aws:
    """Nothing changes that matters: refused all along, or accepted all along, and harmless edits meanwhile."""
    aws = _Aws(world)
    good = world.plant == "aws-healthy"
    policy = aws.policy(aws.statement("" if good else aws.family.wrong))
    _created(aws, policy)
    for _ in range(world.rng.randrange(1, 4)):
        _harmless(aws, world.between(0.1, 0.9), policy)
    world.lag = 0
    for at in _timeline(world):
        aws.attempt(at, accepted=good)
    aws.present(policy, [aws.family.audience])
    _aws_neighbours(aws, policy)
    world.result.causes = frozenset() if good else _SUBJECT
    world.result.basis = "first-failure"
    return aws


# --------------------------------------------------------------------------------------------------------------- Google


class _Gcp:
    """One project with a pool, a provider and a service account."""

    def __init__(self, world: _World) -> None:
        rng = world.rng
        self.world = world
        self.project = f"acme-ml-{shapes.letters(rng, 5)}"
        self.number = str(rng.randrange(10**11, 10**12))
        self.pool = f"projects/{self.number}/locations/global/workloadIdentityPools/baseten-pool"
        self.provider = f"{self.pool}/providers/baseten"
        email = f"baseten-oidc@{self.project}.iam.gserviceaccount.com"
        self.account = (email, str(rng.randrange(10**20, 10**21)))
        self.family = _baseten(rng, environment="production")
        self.team, self.org = self.family.claims["team"], self.family.claims["org"]
        self.caller = shapes.address(rng)
        self.config: Json = {
            "name": self.provider,
            "displayName": "Baseten",
            "state": "ACTIVE",
            "attributeMapping": {
                "google.subject": "assertion.sub",
                "attribute.team": "assertion.sub.extract('team={value}:')",
            },
            "attributeCondition": f"google.subject.startsWith('v=1:org={self.org}:')",
            "oidc": {"issuerUri": "https://oidc.baseten.co", "allowedAudiences": ["oidc.baseten.co"]},
        }
        self.member = f"principalSet://iam.googleapis.com/{self.pool}/attribute.team/{self.team}"

    def bindings(self, *members: str) -> list[Json]:
        """The account's policy; the first binding is nobody's business here."""
        deployer = f"serviceAccount:deploy-pipeline@{self.project}.iam.gserviceaccount.com"
        found: list[Json] = [{"members": [deployer], "role": "roles/iam.serviceAccountUser"}]
        if members:
            found.append({"members": list(members), "role": "roles/iam.workloadIdentityUser"})
        return found

    def activity(self, *entries: Json, innocent: str = "", at: float) -> str:
        """Admin Activity entries; the insertId of the first."""
        for offset, entry in enumerate(entries):
            self.world.signals.append(_Signal(at + 2.4 * offset, entry, log="activity"))
            if innocent:
                self.world.result.innocent[entry["insertId"]] = innocent
        for entry in entries[1:]:
            self.world.result.innocent[entry["insertId"]] = "the second entry of an operation"
        return str(entries[0]["insertId"])

    def update(self, at: float, mask: str, changes: Json, *, innocent: str = "", masked: bool = False) -> str:
        """UpdateWorkloadIdentityPoolProvider; with `masked` the request holds only what the mask names."""
        rng = self.world.rng
        whole = {key: value for key, value in copy.deepcopy(self.config).items() if key != "state"} | changes
        sent = {"name": self.provider} | changes if masked else whole
        request = {"updateMask": mask, "workloadIdentityPoolProvider": sent}
        made = shapes.pool_write(
            rng, at, self.project, "deploy-pipeline", "UpdateWorkloadIdentityPoolProvider", self.provider, request
        )
        return self.activity(*made, innocent=innocent, at=at)

    def attempt(self, at: float, *, exchanged: str = "", impersonated: bool = True, subject: str = "") -> None:
        """An exchange, refused with a sentence where one is given, and the impersonation after it."""
        world, rng = self.world, self.world.rng
        subject = subject or self.family.subject(rng)
        entry = shapes.exchange(
            rng, at, self.project, self.provider, subject, message=exchanged, caller=self.caller
        )
        world.signals.append(_Signal(at, entry))
        world.asked(subject, accepted=impersonated and not exchanged)
        if exchanged:
            return
        after = at + rng.uniform(0.07, 0.17)
        principal = f"principal://iam.googleapis.com/{self.pool}/subject/{subject}"
        entry = shapes.impersonation(
            rng, after, self.project, self.account, principal, accepted=impersonated,
            inner_shape=rng.random() < 0.3, caller=self.caller,
        )  # fmt: skip
        world.signals.append(_Signal(after, entry))

    def present(self, *, members: tuple[str, ...], pool: Json | None = None, account: Json | None = None) -> None:
        """The configuration at the end, as gcloud prints it."""
        files = self.world.files
        files["gcp/provider.json"] = self.config
        files["gcp/pool.json"] = {"name": self.pool, "state": "ACTIVE"} | (pool or {})
        files["gcp/project.json"] = {"projectId": self.project, "projectNumber": self.number}
        audited = [{"logType": "ADMIN_READ"}]
        files["gcp/project-policy.json"] = {
            "bindings": [],
            "version": 1,
            "auditConfigs": [
                {"service": service, "auditLogConfigs": audited}
                for service in ("iam.googleapis.com", "sts.googleapis.com")
            ],
        }
        files["gcp/service-account.json"] = {
            "name": f"projects/{self.project}/serviceAccounts/{self.account[0]}",
            "email": self.account[0],
            "projectId": self.project,
            "uniqueId": self.account[1],
        } | (account or {})
        files["gcp/service-account-policy.json"] = {"bindings": self.bindings(*members), "etag": "BwYx=", "version": 1}
        files["oidc-doctor.toml"] = (
            '[[target]]\nname = "weights"\nissuer = "https://oidc.baseten.co"\n[target.gcp]\n'
            f'provider = "{self.provider}"\nservice_account = "{self.account[0]}"\n'
        )


def _gcp_created(gcp: _Gcp) -> None:
    """A first write in the logs from which the configuration before the change is known; or none."""
    world, rng = gcp.world, gcp.world.rng
    world.result.known_before = rng.random() < 0.65
    if not world.result.known_before:
        return
    whole = {key: value for key, value in copy.deepcopy(gcp.config).items() if key != "state"}
    request = {"workloadIdentityPoolProvider": whole, "workloadIdentityPoolProviderId": "baseten", "parent": gcp.pool}
    made = shapes.pool_write(
        rng, START + 60, gcp.project, "deploy-pipeline", "CreateWorkloadIdentityPoolProvider", gcp.provider, request
    )
    gcp.activity(*made, innocent="the provider's creation", at=START + 60)
    delta = {"action": "ADD", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
    entry = shapes.set_account_policy(
        rng, START + 90, gcp.project, "deploy-pipeline", gcp.account, gcp.bindings(gcp.member), [delta]
    )
    gcp.activity(entry, innocent="the first binding", at=START + 90)


def _gcp_neighbours(gcp: _Gcp) -> None:
    """Another provider, another account, other edits; some close to the change."""
    world, rng = gcp.world, gcp.world.rng
    other_pool = gcp.pool.replace("baseten-pool", "github-pool")
    other = f"{other_pool}/providers/github"
    at = world.between(0, 0.03)
    while at < START + HOURS * 3600:
        broken = CONDITION_FALSE if rng.random() < 0.1 else ""
        subject = f"repo:acme/site:ref:refs/heads/{rng.choice(('main', 'next'))}"
        entry = shapes.exchange(rng, at, gcp.project, other, subject, message=broken)
        world.signals.append(_Signal(at, entry))
        at += rng.uniform(0.4, 2) * 3600
    unrelated = (f"nightly-report@{gcp.project}.iam.gserviceaccount.com", str(rng.randrange(10**20, 10**21)))
    for near in (world.between(0.05, 0.95), world.change_at - 15, world.change_at + 4):
        request = {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": {
            "name": other, "attributeCondition": "assertion.repository_owner == 'acme'"}}  # fmt: skip
        made = shapes.pool_write(
            rng, near, gcp.project, "ci-admin", "UpdateWorkloadIdentityPoolProvider", other, request
        )
        gcp.activity(*made, innocent="an edit of another provider", at=near)
        delta = {"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
        entry = shapes.set_account_policy(rng, near + 1, gcp.project, "ci-admin", unrelated, gcp.bindings(), [delta])
        gcp.activity(entry, innocent="an edit of another account", at=near + 1)
    gcp.update(world.between(0.05, 0.95), "displayName", {"displayName": "Baseten"}, innocent="a name", masked=True)


def _gcp_change(world: _World) -> _Gcp:
    """A change of the configuration breaks what worked."""
    gcp = _Gcp(world)
    rng, at = world.rng, world.change_at
    _gcp_created(gcp)
    masked = rng.random() < 0.3
    members: tuple[str, ...] = (gcp.member,)
    message, impersonated, silent = "", True, False
    pool: Json = {}
    account: Json = {}
    changes: Json = {}
    plant = world.plant
    if plant == "gcp-condition-tightened":
        text = gcp.config["attributeCondition"] + " && google.subject.contains(':environment=staging:')"
        changes, message, causes = {"attributeCondition": text}, CONDITION_FALSE, {"attribute-condition-false"}
        blamed = gcp.update(at, "attributeCondition", changes, masked=masked)
    elif plant == "gcp-mapping-changed":
        mapping = gcp.config["attributeMapping"] | {"attribute.team": "assertion.sub.extract('org={value}:')"}
        changes, impersonated = {"attributeMapping": mapping}, False
        causes = {"member-attribute-differs", "impersonation-binding-missing"}
        blamed = gcp.update(at, "attributeMapping", changes, masked=masked)
    elif plant == "gcp-audiences-changed":
        changes = {"oidc": gcp.config["oidc"] | {"allowedAudiences": ["https://oidc.baseten.co"]}}
        message = "The audience in ID Token [oidc.baseten.co] does not match the expected audience."
        causes = {"audience-not-allowed"}
        blamed = gcp.update(at, "oidc.allowedAudiences", changes, masked=masked)
    elif plant == "gcp-provider-disabled":
        changes, silent, causes = {"disabled": True}, True, {"provider-disabled"}
        blamed = gcp.update(at, "disabled", changes, masked=masked)
    elif plant == "gcp-pool-disabled":
        pool, silent, causes = {"disabled": True}, True, {"pool-disabled"}
        request = {"updateMask": "disabled", "workloadIdentityPool": {"name": gcp.pool, "disabled": True}}
        made = shapes.pool_write(
            rng, at, gcp.project, "deploy-pipeline", "UpdateWorkloadIdentityPool", gcp.pool, request
        )
        blamed = gcp.activity(*made, at=at)
    elif plant == "gcp-binding-removed":
        members, impersonated, causes = (), False, {"impersonation-binding-missing"}
        delta = {"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": gcp.member}
        entry = shapes.set_account_policy(
            rng, at, gcp.project, "deploy-pipeline", gcp.account, gcp.bindings(), [delta]
        )
        blamed = gcp.activity(entry, at=at)
    else:
        account, impersonated, causes = {"disabled": True}, False, {"service-account-disabled"}
        blamed = gcp.activity(
            shapes.account_write(rng, at, gcp.project, "deploy-pipeline", gcp.account, "Disable"), at=at
        )
    for when in _timeline(world):
        if world.accepted_at(when):
            gcp.attempt(when)
        elif not silent:
            gcp.attempt(when, exchanged=message, impersonated=impersonated)
    _gcp_neighbours(gcp)
    gcp.config |= changes
    gcp.present(members=members, pool=pool, account=account)
    world.result.blamed, world.result.causes, world.result.by = (blamed,), frozenset(causes), "deploy-pipeline"
    if silent:
        body = {"error": "invalid_target", "error_description": NO_TARGET}
        said = f"('Error code invalid_target: {NO_TARGET}', '{json.dumps(body)}')"
        world.files["error.txt"] = f"google.auth.exceptions.OAuthError: {said}\n"
        world.result.basis = "change"
    return gcp


def _gcp_mended(world: _World) -> _Gcp:
    """A tightened condition, loosened again."""
    gcp = _Gcp(world)
    _gcp_created(gcp)
    text = gcp.config["attributeCondition"] + " && google.subject.contains(':environment=staging:')"
    blamed = gcp.update(world.change_at, "attributeCondition", {"attributeCondition": text})
    mended_at = world.change_at + world.rng.uniform(2, 5) * 3600
    back = {"attributeCondition": gcp.config["attributeCondition"]}
    gcp.update(mended_at, "attributeCondition", back, innocent="the mending edit")
    times = _timeline(world)
    for at in times:
        good = world.accepted_at(at) or at >= mended_at + world.lag
        gcp.attempt(at, exchanged="" if good else CONDITION_FALSE)
    _gcp_neighbours(gcp)
    gcp.present(members=(gcp.member,))
    world.result.blamed, world.result.by = (blamed,), "deploy-pipeline"
    world.result.causes, world.result.status = frozenset({"attribute-condition-false"}), "past"
    later = [at for at in times if at >= mended_at + world.lag]
    world.result.until = (max(at for at in times if at < mended_at + world.lag), min(later))
    return gcp


def _gcp_steady(world: _World) -> _Gcp:
    """Nothing changes in the configuration: accepted or refused all along, or only the subject's form changes."""
    gcp = _Gcp(world)
    rng = world.rng
    form = world.plant == "gcp-subject-format"
    if form:
        gcp.family = _baseten(rng, key="env", environment="production")
        gcp.team, gcp.org = gcp.family.claims["team"], gcp.family.claims["org"]
        gcp.member = f"principalSet://iam.googleapis.com/{gcp.pool}/attribute.team/{gcp.team}"
        text = f"google.subject.startsWith('v=1:org={gcp.org}:') && google.subject.contains(':env=production:')"
        gcp.config["attributeCondition"] = text
    elif world.plant == "gcp-denied-all-along":
        gcp.config["attributeCondition"] = f"google.subject.startsWith('v=1:org={gcp.org}X:')"
    _gcp_created(gcp)
    for at in _timeline(world):
        subject = gcp.family.subject(rng)
        message = "" if world.plant == "gcp-healthy" else CONDITION_FALSE
        if form and at < world.change_at:
            message = ""
        elif form:
            subject = subject.replace(":env=", ":environment=")
        gcp.attempt(at, exchanged=message, subject=subject)
    _gcp_neighbours(gcp)
    gcp.present(members=(gcp.member,))
    causes = {"gcp-healthy": set(), "gcp-denied-all-along": {"attribute-condition-false"}}
    world.result.causes = frozenset(causes.get(world.plant, {"attribute-condition-false", "subject-format-changed"}))
    world.result.token_change = form
    return gcp


# -------------------------------------------------------------------------------------------------------------- writing

PLANTS: dict[str, Callable[[_World], _Aws | _Gcp]] = {
    **dict.fromkeys(_AWS_CHANGES, _aws_change),
    "aws-mended": _aws_mended,
    "aws-subject-format": _aws_token,
    "aws-new-environment": _aws_token,
    "aws-denied-all-along": _aws_steady,
    "aws-healthy": _aws_steady,
    "gcp-condition-tightened": _gcp_change,
    "gcp-mapping-changed": _gcp_change,
    "gcp-audiences-changed": _gcp_change,
    "gcp-provider-disabled": _gcp_change,
    "gcp-pool-disabled": _gcp_change,
    "gcp-binding-removed": _gcp_change,
    "gcp-account-disabled": _gcp_change,
    "gcp-mended": _gcp_mended,
    "gcp-subject-format": _gcp_steady,
    "gcp-denied-all-along": _gcp_steady,
    "gcp-healthy": _gcp_steady,
}


def make_archive(
    folder: Path,
    seed: int,
    *,
    plant: str,
    events: int = 2_000,
    jobs: int = 1,
    everywhere: bool = False,
    organisation: bool | None = None,
    claims: bool | None = None,
    skew: float = 0.0,
    per_file: int | None = None,
    level: int = 6,
) -> Planted:
    """Write a bundle with about `events` log records to a new folder, the same for the same arguments.

    `everywhere`: every log file holds an attempt; else few of a large archive do. `organisation`: an organisation
    trail's folders; `claims`: a claims.json of the newest refused attempt; both drawn where None. `skew`: seconds by
    which the clock that stamps attempts is behind the one that stamps changes. `jobs`: processes that write. `level`:
    of gzip.
    """
    rng = Random(f"{plant}/{seed}")
    result = Planted(plant, seed, plant.partition("-")[0], folder)
    world = _World(rng, plant, folder, result)
    world.change_at = float(int(world.between(0.4, 0.7)))
    world.lag = rng.choice((0.0, 1.0, 3.0, 5.0))
    made = PLANTS[plant](world)
    _since(world, skew)
    if organisation is None:
        organisation = rng.random() < 0.3
    if isinstance(made, _Aws):
        files = _trail(world, made, events, organisation=organisation, everywhere=everywhere, per_file=per_file)
    else:
        files = _sink(world, made, events, everywhere=everywhere, per_file=per_file)
    if claims or (claims is None and rng.random() < 0.5):
        _claims(world, made.family)
    _write_bundle(world)
    for file in files:
        file.level = level
    if jobs > 1:
        # fork: the children know this module under whatever name it was loaded
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            counts = pool.map(_write_file, files, chunksize=8)
    else:
        counts = [_write_file(file) for file in files]
    result.events, result.files = sum(counts), len(files)
    result.wanted_files = sum(bool(file.signals) for file in files)
    return result


def _claims(world: _World, family: _Family) -> None:
    """claims.json of the token that is refused now, or the last that was accepted."""
    issued = START + HOURS * 3600 + 840
    claims = {"iss": f"https://{family.host}", "sub": world.subject, "aud": family.audience, "iat": issued}
    header = {"alg": "RS256", "kid": "key-1", "typ": "JWT"}
    world.files["claims.json"] = {"header": header, "claims": claims | {"exp": issued + 900} | family.claims}


def _since(world: _World, skew: float) -> None:
    """The right answers to "since when", once all attempts are made."""
    attempts = {"AssumeRoleWithWebIdentity", shapes.EXCHANGE, "GenerateAccessToken"}
    result = world.result
    refused = []
    for signal in world.signals:
        name = signal.record.get("eventName") or signal.record["protoPayload"]["methodName"]
        if name not in attempts:
            continue
        if skew:
            signal.at -= skew
            _restamp(signal)
        if _is_refused(signal.record) and _is_targets(world, signal.record):
            refused.append(signal.at)
    if not result.causes:
        return
    if result.basis == "change":
        result.since = (world.change_at - 30, world.change_at + 3)
    else:
        result.since = (min(refused) - 1, min(refused) + 1)


def _restamp(signal: _Signal) -> None:
    record = signal.record
    if "eventTime" in record:
        record["eventTime"] = shapes.stamp(signal.at)
    else:
        record["timestamp"] = shapes.fine_stamp(signal.at)
        record["protoPayload"]["requestMetadata"]["requestAttributes"]["time"] = record["timestamp"]


def _is_refused(record: Json) -> bool:
    return bool(record.get("errorCode") or record.get("protoPayload", {}).get("status", {}).get("code"))


def _is_targets(world: _World, record: Json) -> bool:
    target = world.files["oidc-doctor.toml"]
    if "eventName" in record:
        return f'"{record["requestParameters"]["roleArn"]}"' in target
    payload = record["protoPayload"]
    email = record["resource"]["labels"].get("email_id")
    return f'"{payload["resourceName"]}"' in target or f'"{email}"' in target


@dataclass
class _File:
    """A log file to be written."""

    path: Path
    seed: str
    times: list[float]  # of the noise
    noise: Noise
    signals: list[str]
    region: str = ""  # of a trail's file; a sink's file has none
    level: int = 6
    pretty: bool = False


def _write_file(file: _File) -> int:
    rng = Random(file.seed)
    texts = file.noise.texts(rng, file.times, file.region)
    for text in file.signals:
        texts.insert(rng.randrange(len(texts) + 1), text)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    if not file.region:
        file.path.write_text("\n".join(texts) + "\n", encoding="utf-8")
        return len(texts)
    whole = '{"Records":[' + ",".join(texts) + "]}"
    if file.pretty:
        whole = json.dumps(json.loads(whole), indent=2, ensure_ascii=True)
    data = whole.encode()
    if file.path.suffix == ".gz":
        data = gzip.compress(data, compresslevel=file.level, mtime=0)
    file.path.write_bytes(data)
    return len(texts)


def _odd(rng: Random, text: str) -> str:
    """The same JSON, spelled as nobody expects: an escape in a name, or spaces."""
    drawn = rng.random()
    if drawn < 0.02:
        return text.replace('"AssumeRoleWithWebIdentity"', '"AssumeRole\\u0057ithWebIdentity"')
    if drawn < 0.04:
        return json.dumps(json.loads(text))
    return text


def _trail(
    world: _World, aws: _Aws, events: int, *, organisation: bool, everywhere: bool, per_file: int | None
) -> list[_File]:
    """The files of a trail in all regions; each covers a stretch of time."""
    rng = world.rng
    small = events < 50_000
    regions = REGIONS if small else MORE_REGIONS
    per_file = per_file or (60 if small else 2_500)
    slots = max(2, round(events / per_file / len(regions)))
    length = HOURS * 3600 / slots
    root = world.folder / "aws/cloudtrail/AWSLogs"
    if organisation:
        root /= "o-" + shapes.letters(rng, 10)
    files: dict[tuple[str, str, int], _File] = {}

    def file(account: str, region: str, slot: int) -> _File:
        key = (account, region, slot)
        if key not in files:
            begin = START + slot * length
            delivered = begin + length + 300
            name = f"{account}_CloudTrail_{region}_{shapes.stamp(delivered).replace('-', '').replace(':', '')[:-3]}Z_"
            seed = f"{world.plant}/{world.result.seed}/{key}"
            name += shapes.letters(Random(seed), 16) + ".json.gz"
            path = root / account / "CloudTrail" / region / day_path(delivered) / name
            pretty = small and Random(seed).random() < 0.1
            if pretty:
                path = path.with_suffix("")
            quick = Random(seed)
            times = [begin + quick.random() * length for _ in range(per_file)] if account == aws.account else []
            files[key] = _File(path, seed, times, aws.noise, [], region, pretty=pretty)
        return files[key]

    for slot in range(slots):
        for region in regions:
            file(aws.account, region, slot)
    for signal in world.signals:
        slot = min(slots - 1, max(0, int((signal.at - START) // length)))
        text = _odd(rng, shapes.compact(signal.record)) if small else shapes.compact(signal.record)
        found = file(signal.account or aws.account, signal.region, slot)
        found.signals.append(text)
        if rng.random() < 0.03:  # delivered twice, as happens
            file(signal.account or aws.account, signal.region, min(slots - 1, slot + 1)).signals.append(text)
    if everywhere:
        _fill(rng, list(files.values()), lambda at, region: _other_attempt(rng, aws, at, region))
    return list(files.values())


def _fill(rng: Random, files: list[_File], make: Callable[[float, str], Json]) -> None:
    for file in files:
        if not file.signals and file.times:
            file.signals.append(shapes.compact(make(rng.choice(file.times), file.region)))


def _other_attempt(rng: Random, aws: _Aws, at: float, region: str) -> Json:
    provider = f"arn:aws:iam::{aws.account}:oidc-provider/oidc.example.com"
    role = f"arn:aws:iam::{aws.account}:role/Elsewhere"
    return shapes.web_identity(
        rng, at, provider, "sts.amazonaws.com", f"job:{rng.randrange(99)}", role, accepted=True, region=region
    )


def _sink(world: _World, gcp: _Gcp, events: int, *, everywhere: bool, per_file: int | None) -> list[_File]:
    """A Cloud Storage sink's files: a folder for each log and day, files by the hour, shards of an hour."""
    per_file = per_file or 2_500
    rng = world.rng
    noise = {
        log: Noise.gcp(gcp.project, gcp.number, gcp.account[0], log) for log in ("data_access", "activity")
    }
    files: dict[tuple[str, int], list[_File]] = {}
    for log, share in (("data_access", 0.8), ("activity", 0.2)):
        hourly = max(1, int(events * share / HOURS))
        shards = max(1, round(hourly / per_file))
        for hour in range(HOURS):
            begin = START + hour * 3600
            for shard in range(shards):
                name = f"{hour % 24:02}:00:00_{hour % 24:02}:59:59_S{shard}.json"
                path = world.folder / "gcp/logs/cloudaudit.googleapis.com" / log / day_path(begin) / name
                seed = f"{world.plant}/{world.result.seed}/{log}/{hour}/{shard}"
                quick = Random(seed)
                times = sorted(begin + quick.random() * 3600 for _ in range(max(1, hourly // shards)))
                files.setdefault((log, hour), []).append(_File(path, seed, times, noise[log], []))
    for signal in world.signals:
        hour = min(HOURS - 1, max(0, int((signal.at - START) // 3600)))
        some = files[signal.log, hour]
        text = shapes.compact(signal.record)
        rng.choice(some).signals.append(text)
        if rng.random() < 0.03:
            rng.choice(some).signals.append(text)
    found = [file for some in files.values() for file in some]
    if everywhere:
        other = gcp.pool.replace("baseten-pool", "other-pool") + "/providers/ci"
        _fill(rng, found, lambda at, _: shapes.exchange(rng, at, gcp.project, other, f"job-{rng.randrange(99)}"))
    return found


def _write_bundle(world: _World) -> None:
    """Everything but the logs."""
    end = START + HOURS * 3600 + 900
    reads = [
        {"path": path, "call": f"read {path}", "outcome": "ok", "at": shapes.stamp(end - 30)}
        for path in world.files
        if path.startswith(("aws/", "gcp/"))
    ]
    for path, code in world.absent.items():
        read = {"path": path, "call": f"read {path}", "outcome": "not_found", "code": code}
        reads.append(read | {"at": shapes.stamp(end - 30)})
    logs = "aws/cloudtrail" if world.result.cloud == "aws" else "gcp/logs"
    reads.append(
        {"path": logs, "call": "copy of the archive", "outcome": "ok", "from": shapes.stamp(START),
         "to": shapes.stamp(end), "truncated": False}
    )  # fmt: skip
    world.files["manifest.json"] = {"collected_at": shapes.stamp(end), "reads": reads}
    for name, value in world.files.items():
        path = world.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value, indent=2) + "\n"
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write one archive, and print what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plant", choices=sorted(PLANTS), default="aws-subject-mistyped")
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--everywhere", action="store_true", help="every file holds an attempt")
    args = parser.parse_args()
    print(
        make_archive(
            args.folder, args.seed, plant=args.plant, events=args.events, jobs=args.jobs, everywhere=args.everywhere
        )
    )


if __name__ == "__main__":
    main()
