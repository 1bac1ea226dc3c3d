"""Many AWS targets in one run: what is read once, what each receives, and that a broken one stops nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from clouds.aws import REGION, Broken, Cloud, error_of
from clouds.aws_set_up import SUBJECT, AwsSetUp, exchange_event
from clouds.issuer import Site
from oidc_doctor.bundle.of_target import bundle_of_target
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.live.collect import Collected
from oidc_doctor.live.plan import CollectionRequest, Goal, gather
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.report import Report

EVENT = "AssumeRoleWithWebIdentity"


class Many(NamedTuple):
    """Roles that trust the issuer, and a run over targets named after them."""

    roles: list[AwsSetUp]

    def gather(self, arns: Sequence[str] = (), **how: Any) -> Collected:
        targets = {f"t{number}": arn for number, arn in enumerate(arns or [made.role for made in self.roles])}
        tables = [f'[[target]]\nname = "{name}"\naws.role_arn = "{arn}"\n' for name, arn in targets.items()]
        goals = tuple(Goal(Target(name, aws=TargetAws(arn))) for name, arn in targets.items())
        given = (("oidc-doctor.toml", "".join(tables)),)
        narrate = how.pop("narrate", lambda _: None)
        return gather(CollectionRequest(goals, True, given, private=True, back=7 * 86_400, **how), narrate)


@pytest.fixture
def many(cloud: Cloud, set_up: Callable[..., AwsSetUp]) -> Callable[[int], Many]:
    """A function that makes so many roles."""
    import boto3

    def make(number: int) -> Many:
        first = set_up()
        iam = boto3.client("iam", REGION)
        trust = json.dumps(iam.get_role(RoleName="Weights")["Role"]["AssumeRolePolicyDocument"])
        roles = [first]
        for index in range(1, number):
            made = iam.create_role(RoleName=f"Weights{index}", AssumeRolePolicyDocument=trust)["Role"]
            roles.append(replace(first, role=made["Arn"]))
        cloud.calls.clear()
        return Many(roles)

    return make


def report_of(collected: Collected, name: str) -> Report:
    token = hypothetical(SUBJECT, origin=Origin("--subject"))
    later = time.time() + 3600  # when the roles are no longer new
    return run(bundle_of_target(collected.bundle, name), Question(tokens=(token,), at=later))


def entry(collected: Collected, path: str) -> dict[str, Any]:
    return next(read for read in collected.reads if read["path"] == path)


def events_in(collected: Collected, path: str) -> list[str]:
    return [event["EventId"] for event in json.loads(collected.bundle.read(path))["Events"]]


@pytest.mark.parametrize(("number", "lookups"), [(1, 3), (2, 1 + 2 + 1), (30, 1 + 13 + 1)])
def test_what_targets_share_is_read_once(
    number: int, lookups: int, cloud: Cloud, site: Site, many: Callable[[int], Many]
) -> None:
    collected = many(number).gather()
    once = ("sts:GetCallerIdentity", "iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider")
    assert [cloud.calls[call] for call in once] == [1, 1, 1]
    assert (cloud.calls["iam:GetRole"], cloud.calls["cloudtrail:LookupEvents"]) == (number, lookups)
    assert sorted(site.asked) == ["/.well-known/openid-configuration", "/jwks"]
    for name in ("aws/oidc-provider.json", "issuer/jwks.json", f"aws/cloudtrail/{REGION}/role-changes.json"):
        assert f"targets/t{number - 1}/{name}" in collected.bundle
    assert set(collected.seconds) == {f"t{index}" for index in range(number)}


def test_each_target_has_the_events_of_its_role(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(3)
    a, b, c = (exchange_event(role, index, error="AccessDenied") for index, role in enumerate(made.roles))
    stranger = exchange_event(replace(made.roles[0], role=f"{made.roles[0].role}Other"), 6)
    cloud.events[REGION, EVENT] = [a, b, c, stranger]
    collected = made.gather()
    for index in range(3):
        path = f"targets/t{index}/aws/cloudtrail/{REGION}/exchanges.json"
        assert events_in(collected, path) == [f"event-{REGION}-{index}"]
        assert entry(collected, path)["filter"] == f"EventName={EVENT}, of these roleArn={made.roles[index].role}"
    cloud.events[REGION, made.roles[1].role] = [b]
    alone = made.gather([made.roles[1].role])
    together, single = report_of(collected, "t1"), report_of(alone, "t0")
    assert [cause.name for cause in together.causes] == [cause.name for cause in single.causes]
    assert [attempt.target for attempt in together.attempts] == [made.roles[1].role]


def test_a_broken_target_stops_nothing(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(3)

    def fault(name: str, _: int) -> Broken | None:
        is_third = b"RoleName=Weights2" in cloud.last_body
        return error_of(name, "AccessDenied", 403) if name == "iam:GetRole" and is_third else None

    cloud.fault = fault
    arns = [made.roles[0].role, "${ROLE_ARN}", made.roles[1].role + "z", made.roles[2].role]
    arns.append(made.roles[1].role.replace("123456789012", "999999999999"))
    collected = made.gather([*arns, made.roles[1].role])
    assert [report_of(collected, f"t{index}").exchanges[0].prediction for index in (0, 5)] == ["accepted"] * 2
    assert entry(collected, "targets/t2/aws/role.json")["outcome"] == "not_found"
    assert entry(collected, "targets/t3/aws/role.json")["outcome"] == "denied"
    assert entry(collected, "targets/t4/aws/role.json")["code"] == "OtherAccount"
    assert report_of(collected, "t2").causes[0].name == "role-missing"


def test_an_event_without_a_role_concerns_a_missing_role_alone(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(2)
    unnamed = exchange_event(made.roles[0], 5, error="InvalidIdentityToken")
    record = json.loads(unnamed["CloudTrailEvent"]) | {"requestParameters": None}
    missing = replace(made.roles[0], role=f"{made.roles[0].role}z")
    named = exchange_event(missing, 6, error="AccessDenied")
    cloud.events[REGION, EVENT] = [unnamed | {"Resources": [], "CloudTrailEvent": json.dumps(record)}, named]
    collected = made.gather([made.roles[0].role, made.roles[1].role, missing.role])
    folder = f"aws/cloudtrail/{REGION}"
    assert events_in(collected, f"targets/t2/{folder}/exchanges.json") == [named["EventId"]]
    assert events_in(collected, f"targets/t2/{folder}/exchanges-by-event.json") == [unnamed["EventId"]]
    logs = [path for path in collected.bundle.names() if unnamed["EventId"].encode() in collected.bundle.read(path)]
    assert logs == [f"targets/t2/{folder}/exchanges-by-event.json"]


def test_what_was_cut_off_is_named_for_each_target(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(3)
    cloud.page_size = 2
    cloud.events[REGION, EVENT] = [exchange_event(made.roles[0], index, error="AccessDenied") for index in range(9)]
    collected = made.gather(max_pages=2)
    for index, events in enumerate((4, 0, 0)):
        path = f"targets/t{index}/aws/cloudtrail/{REGION}/exchanges.json"
        assert len(events_in(collected, path)) == events
        row = next(row for row in report_of(collected, f"t{index}").coverage if row.what == path)
        assert row.status == "partial"
        assert "--max-pages 2 pages" in row.reason
        assert "of all roles together, back to 20" in row.reason


def test_roles_are_looked_up_one_by_one_if_that_is_cheaper(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(2)
    cloud.page_size = 2
    cloud.events[REGION, EVENT] = [exchange_event(made.roles[0], index) for index in range(9)]
    cloud.events[REGION, made.roles[1].role] = [exchange_event(made.roles[1], 1)]
    collected = made.gather(max_pages=40)
    path = f"targets/t1/aws/cloudtrail/{REGION}/exchanges.json"
    assert entry(collected, path)["filter"] == f"ResourceName={made.roles[1].role}"
    assert len(events_in(collected, path)) == 1
    assert cloud.calls["cloudtrail:LookupEvents"] == 1 + 2 + 2 + 1


def test_a_denied_log_is_asked_for_once(cloud: Cloud, many: Callable[[int], Many]) -> None:
    made = many(4)
    cloud.fault = lambda name, _: error_of(name, "AccessDeniedException", 400) if "Lookup" in name else None
    collected = made.gather()
    row = entry(collected, f"targets/t3/aws/cloudtrail/{REGION}/exchanges.json")
    assert (row["outcome"], row["message"][:31]) == ("denied", "allow cloudtrail:LookupEvents (")
    assert cloud.calls["cloudtrail:LookupEvents"] == 1 + 4 + 1


def test_progress_counts_targets(cloud: Cloud, many: Callable[[int], Many]) -> None:
    told: list[str] = []
    many(3).gather(narrate=told.append, logs=False)
    counted = [text for text in told if re.fullmatch("[123] of 3 targets read", text)]
    assert counted == ["1 of 3 targets read", "2 of 3 targets read", "3 of 3 targets read"]
