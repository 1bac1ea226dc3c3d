"""What is planted in AWS archives: one account with a role, an OIDC provider, and the neighbours of both."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aws_shapes
import log_shapes as shapes
from archive_world import (
    HOURS,
    REGIONS,
    START,
    SUBJECT_CAUSES,
    Signal,
    World,
    baseten,
    every,
    github,
    kubernetes,
    timeline,
)
from log_noise import Noise
from log_shapes import Json

INVALID = (
    "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: The web identity "
    "token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements."
)
TOO_LONG = (
    "An error occurred (ValidationError) when calling the AssumeRoleWithWebIdentity operation: The requested "
    "DurationSeconds exceeds the MaxSessionDuration set for this role."
)


class AwsArchive:
    """One account, one role, one provider; and the neighbours."""

    def __init__(self, world: World) -> None:
        rng = world.rng
        self.world = world
        self.account = str(rng.randrange(10**11, 10**12))
        self.role_name = rng.choice(("ModelWeights", "BasetenOIDCRole", "deploy-weights"))
        self.role = f"arn:aws:iam::{self.account}:role/{self.role_name}"
        self.region = rng.choice(REGIONS)
        self.family = rng.choice((baseten, github, kubernetes))(rng)
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
        record = aws_shapes.iam_write(self.world.rng, at, self.account, by, name, request, **members)
        self.world.signals.append(Signal(at, record))
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
        record = aws_shapes.web_identity(
            world.rng, at, self.provider, self.family.audience, subject, self.role,
            accepted=accepted, region=self.region, global_endpoint=world.rng.random() < 0.2, duration=self.duration,
        )  # fmt: skip
        world.signals.append(Signal(at, record, record["awsRegion"]))

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
                    "RoleId": aws_shapes.role_id(self.role),
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


def _created(aws: AwsArchive, policy: Json, *, chance: float = 0.65) -> None:
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


def _harmless(aws: AwsArchive, at: float, policy: Json) -> None:
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


def _strangers(aws: AwsArchive) -> None:
    """Somebody whom this role never admits asks again and again: with a token at hand, it is not our exchange."""
    world, rng = aws.world, aws.world.rng
    subject = aws.family.subject(rng).replace("org=", "org=x").replace("repo:", "repo:z").replace("weights-", "other-")
    for at in every(world, 0.02, 0.98, (90, 400)):
        record = aws_shapes.web_identity(
            rng, at, aws.provider, aws.family.audience, subject, aws.role, accepted=False, region=aws.region,
        )  # fmt: skip
        world.signals.append(Signal(at, record, record["awsRegion"]))
        world.strange.append(record["eventID"])


def _aws_neighbours(aws: AwsArchive, present: Json | None) -> None:
    """Other roles and issuers at work, and others' writes; some close to the change."""
    world, rng = aws.world, aws.world.rng
    others = [(name, make(rng)) for name, make in (("InvoiceExporter", kubernetes), ("DocsPublisher", github))]
    for name, family in others:
        provider = f"arn:aws:iam::{aws.account}:oidc-provider/{family.host}"
        role = f"arn:aws:iam::{aws.account}:role/{name}"
        at, broken = world.between(0, 0.04), rng.random() < 0.3
        while at < START + HOURS * 3600:
            record = aws_shapes.web_identity(
                rng, at, provider, family.audience, family.subject(rng), role, accepted=not broken, region=aws.region
            )
            world.signals.append(Signal(at, record, record["awsRegion"]))
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
    record = aws_shapes.iam_write(rng, world.change_at - 9, elsewhere, "Admin/admin", "UpdateAssumeRolePolicy", request)
    world.signals.append(Signal(world.change_at - 9, record, account=elsewhere))
    world.result.innocent[record["eventID"]] = "an edit of another account's role"
    if world.with_claims and rng.random() < 0.5:
        _strangers(aws)
    if present is not None:
        for _ in range(rng.randrange(3)):
            _harmless(aws, world.between(0.85, 0.98), present)


@dataclass
class AwsOutcome:
    """How an AWS plant ends."""

    policy: Json | None
    client_ids: list[str] | None
    blamed: tuple[str, ...]
    causes: frozenset[str]
    error: str = ""  # of a refusal that leaves no event


def _aws_mistyped(aws: AwsArchive) -> AwsOutcome:
    after = aws.policy(aws.statement(aws.family.wrong))
    return AwsOutcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), SUBJECT_CAUSES)


def _aws_audience(aws: AwsArchive) -> AwsOutcome:
    statement = copy.deepcopy(aws.statement())
    statement["Condition"]["StringEquals"][f"{aws.family.host}:aud"] = "https://" + aws.family.audience
    after = aws.policy(statement)
    causes = frozenset({"audience-condition-differs"})
    return AwsOutcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_operator(aws: AwsArchive) -> AwsOutcome:
    family = aws.family
    values = {f"{family.host}:aud": family.audience, f"{family.host}:sub": family.pattern}
    after = aws.policy(aws.statement(Condition={"StringEquals": values}))
    causes = frozenset({"wildcard-under-string-equals"})
    return AwsOutcome(after, [family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_principal(aws: AwsArchive) -> AwsOutcome:
    other = {"Federated": f"arn:aws:iam::{aws.account}:oidc-provider/oidc.example.com"}
    after = aws.policy(aws.statement(Principal=other))
    causes = frozenset({"principal-differs"})
    return AwsOutcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_deny(aws: AwsArchive) -> AwsOutcome:
    deny = aws.statement(Effect="Deny", Condition={"StringLike": {f"{aws.family.host}:sub": aws.family.pattern}})
    after = aws.policy(aws.statement(), deny)
    causes = frozenset({"explicit-deny"})
    return AwsOutcome(after, [aws.family.audience], (aws.update(aws.world.change_at, after),), causes)


def _aws_role_deleted(aws: AwsArchive) -> AwsOutcome:
    at, name = aws.world.change_at, {"roleName": aws.role_name}
    aws.write(at - 4, "DeleteRolePolicy", name | {"policyName": "ReadWeights"}, innocent="made ready for deletion")
    return AwsOutcome(None, [aws.family.audience], (aws.write(at, "DeleteRole", name),), frozenset({"role-missing"}))


def _aws_duration(aws: AwsArchive) -> AwsOutcome:
    request = {"roleName": aws.role_name, "maxSessionDuration": 3600}
    blamed = aws.write(aws.world.change_at, "UpdateRole", request)
    causes = frozenset({"session-duration-over-limit"})
    return AwsOutcome(aws.policy(aws.statement()), [aws.family.audience], (blamed,), causes, TOO_LONG)


def _aws_provider_deleted(aws: AwsArchive) -> AwsOutcome:
    request = {"openIDConnectProviderArn": aws.provider}
    blamed = aws.write(aws.world.change_at, "DeleteOpenIDConnectProvider", request)
    return AwsOutcome(aws.policy(aws.statement()), None, (blamed,), frozenset({"provider-missing"}), INVALID)


def _aws_provider_recreated(aws: AwsArchive) -> AwsOutcome:
    at = aws.world.change_at
    deleted = aws.write(at - 25, "DeleteOpenIDConnectProvider", {"openIDConnectProviderArn": aws.provider})
    request = {"url": f"https://{aws.family.host}", "thumbprintList": ["06b25927c42a721631c1efd9431e648fa62e1e39"]}
    response = {"openIDConnectProviderArn": aws.provider}
    made = aws.write(at, "CreateOpenIDConnectProvider", request, responseElements=response)
    causes = frozenset({"client-id-list-empty"})
    return AwsOutcome(aws.policy(aws.statement()), [], (made, deleted), causes, INVALID)


def _aws_edit_not_logged(aws: AwsArchive) -> AwsOutcome:
    """As where the trail of us-east-1 was not collected: nobody can be blamed."""
    return AwsOutcome(aws.policy(aws.statement(aws.family.wrong)), [aws.family.audience], (), SUBJECT_CAUSES)


def _aws_provider_lost(aws: AwsArchive) -> AwsOutcome:
    return AwsOutcome(aws.policy(aws.statement()), None, (), frozenset({"provider-missing"}), INVALID)


def _aws_client_id_removed(aws: AwsArchive) -> AwsOutcome:
    request = {"openIDConnectProviderArn": aws.provider, "clientID": aws.family.audience}
    blamed = aws.write(aws.world.change_at, "RemoveClientIDFromOpenIDConnectProvider", request)
    causes = frozenset({"audience-not-registered"})
    return AwsOutcome(aws.policy(aws.statement()), ["other-client"], (blamed,), causes, INVALID)


AWS_CHANGES: dict[str, Callable[[AwsArchive], AwsOutcome]] = {
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
    "aws-edit-not-logged": _aws_edit_not_logged,
    "aws-provider-lost-not-logged": _aws_provider_lost,
}


def aws_change(world: World) -> AwsArchive:
    """A change of the configuration breaks what worked."""
    aws = AwsArchive(world)
    if world.plant == "aws-operator":
        aws.family = world.rng.choice((baseten, github))(world.rng)
    if world.plant == "aws-duration-lowered":
        aws.duration = 7200
    before = aws.policy(aws.statement())
    _created(aws, before)
    for _ in range(world.rng.randrange(3)):
        _harmless(aws, world.between(0.05, 0.35), before)
    for offset in (-27, -6):  # between the last success and the change
        if world.rng.random() < 0.4:
            _harmless(aws, world.change_at + offset, before)
    outcome = AWS_CHANGES[world.plant](aws)
    if world.plant == "aws-subject-mistyped" and world.rng.random() < 0.3:
        outcome.policy = aws.policy(aws.statement(aws.family.wrong.replace(":*", "y:*")))
        aws.update(world.between(0.75, 0.84), outcome.policy, innocent="an edit that was meant to mend it")
    for at in timeline(world):
        aws.attempt(at, accepted=world.accepted_at(at), logged=not outcome.error)
    aws.present(outcome.policy, outcome.client_ids)
    _aws_neighbours(aws, outcome.policy)
    world.result.blamed, world.result.causes, world.result.by = outcome.blamed, outcome.causes, "platform-admin"
    if outcome.error:
        world.files["error.txt"] = outcome.error + "\n"
        world.result.basis = "change" if outcome.blamed else "last-success"
    return aws


def aws_mended(world: World) -> AwsArchive:
    """An edit breaks the trust, a later one mends it."""
    aws = AwsArchive(world)
    before, broken = aws.policy(aws.statement()), aws.policy(aws.statement(aws.family.wrong))
    _created(aws, before)
    blamed = aws.update(world.change_at, broken)
    mended_at = world.change_at + world.rng.uniform(2, 5) * 3600
    aws.update(mended_at, before, innocent="the mending edit")
    times = timeline(world)
    for at in times:
        aws.attempt(at, accepted=world.accepted_at(at) or at >= mended_at + world.lag)
    aws.present(before, [aws.family.audience])
    _aws_neighbours(aws, before)
    world.result.blamed, world.result.causes, world.result.by = (blamed,), SUBJECT_CAUSES, "platform-admin"
    world.result.status = "past"
    later = [at for at in times if at >= mended_at + world.lag]
    world.result.until = (max(at for at in times if at < mended_at + world.lag), min(later))
    return aws


def aws_token(world: World) -> AwsArchive:
    """The configuration stays, the tokens change: a new form of the subject, or another environment."""
    aws = AwsArchive(world)
    rng = world.rng
    if world.plant == "aws-new-environment":
        aws.family = old = baseten(rng, environment="production")
        pattern = old.pattern[:-1] + "*:environment=production:*"
        causes = frozenset({"subject-segment-differs"})
    else:
        aws.family = old = baseten(rng, key="env", environment="production")
        pattern = old.pattern[:-1] + "*:env=production:*"
        causes = frozenset({"subject-format-changed"})
    before = aws.policy(aws.statement(pattern))
    _created(aws, before)

    def changed(subject: str) -> str:
        if world.plant == "aws-new-environment":
            return subject.replace("environment=production", "environment=staging")
        return subject.replace(":env=", ":environment=")

    for at in timeline(world):
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


def aws_steady(world: World) -> AwsArchive:
    """Nothing changes that matters: refused all along, or accepted all along, and harmless edits meanwhile."""
    aws = AwsArchive(world)
    good = world.plant == "aws-healthy"
    policy = aws.policy(aws.statement("" if good else aws.family.wrong))
    _created(aws, policy)
    for _ in range(world.rng.randrange(1, 4)):
        _harmless(aws, world.between(0.1, 0.9), policy)
    world.lag = 0
    for at in timeline(world):
        aws.attempt(at, accepted=good)
    aws.present(policy, [aws.family.audience])
    _aws_neighbours(aws, policy)
    world.result.causes = frozenset() if good else SUBJECT_CAUSES
    world.result.basis = "first-failure"
    return aws
