"""Refused writes of a target's configuration, and what makes them good."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.history.refused_writes import refused_writes
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.events import Change
from oidc_doctor.model.evidence import AwsEvidence, IssuerEvidence, Target, TargetAws, TargetEvidence

ROLE = "arn:aws:iam::210987654321:role/team/Weights"
EVIDENCE = TargetEvidence(
    Target("x", "https://oidc.baseten.co", TargetAws(ROLE)),
    (),
    IssuerEvidence(),
    AwsEvidence(Missing("aws/role.json", "not read")),
    None,
)


def change(what: str, time: float, error: str | None = None, **changed: Any) -> Change:
    values: dict[str, Any] = {"resource": "Weights", "account": "210987654321"} | changed
    return Change("aws", time, what, by=None, event_id=f"{what}-{time}", origin=Origin("f"), error_code=error, **values)


def found(*changes: Change) -> list[str]:
    return [write.event_id for write in refused_writes("aws", changes, EVIDENCE)]


def test_the_oldest_comes_first() -> None:
    assert found(change("PutRolePolicy", 2, "AccessDenied"), change("CreateRole", 1, "AccessDenied")) == [
        "CreateRole-1",
        "PutRolePolicy-2",
    ]


@pytest.mark.parametrize("changed", [{"resource": "Other"}, {"account": "999988887777"}])
def test_a_write_of_another_target(changed: dict[str, str]) -> None:
    assert found(change("CreateRole", 1, "AccessDenied", **changed)) == []


@pytest.mark.parametrize(
    ("later", "good"),
    [("CreateRole", True), ("UpdateAssumeRolePolicy", True), ("PutRolePolicy", False), ("DeleteRole", False)],
)
def test_what_makes_a_refused_creation_good(later: str, good: bool) -> None:
    assert (found(change("CreateRole", 1, "AccessDenied"), change(later, 2)) == []) is good
    assert found(change(later, 0), change("CreateRole", 1, "AccessDenied")) == ["CreateRole-1"]


@pytest.mark.parametrize(("account", "good"), [("999988887777", False), (None, True), ("redacted", True)])
def test_a_role_of_the_same_name_in_another_account(account: str | None, good: bool) -> None:
    later = change("UpdateAssumeRolePolicy", 2, account=account)
    assert (found(change("CreateRole", 1, "AccessDenied"), later) == []) is good


def test_a_provider_that_was_there() -> None:
    for code in ("EntityAlreadyExists", "EntityAlreadyExistsException"):
        resource = "https://oidc.baseten.co"
        assert found(change("CreateOpenIDConnectProvider", 1, code, resource=resource)) == []
    denied = change("CreateOpenIDConnectProvider", 1, "AccessDenied", resource="https://oidc.baseten.co")
    assert found(denied) == ["CreateOpenIDConnectProvider-1"]
