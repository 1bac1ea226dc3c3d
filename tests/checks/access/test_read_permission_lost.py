"""ACC045: a read that the last run was allowed is denied now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "read-permission-lost"
ROLE = {"path": "aws/role-policy-list.json", "call": "iam:ListRolePolicies"}
ATTACHED = {"path": "aws/attached-policies.json", "call": "iam:ListAttachedRolePolicies"}


def read(outcome: str, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**entry, "outcome": outcome, "code": outcome} for entry in entries]


def test_permissions_of_aws(aws: Bundle) -> None:
    aws.keep_as_earlier(*read("ok", ROLE, ATTACHED)).manifest(read("denied", ROLE, ATTACHED))
    answer = aws.ask()
    (message,) = answer.found(CHECK)
    assert message == (
        "AWS denies this reader iam:ListRolePolicies and iam:ListAttachedRolePolicies, and allowed them "
        "on 21 Nov 2026 22:40 UTC"
    )
    (finding,) = answer.check(CHECK).findings
    assert f"on {aws.ROLE_ARN} again: `oidc-doctor permissions aws --role {aws.ROLE_ARN}`" in finding.fix
    assert finding.actual is not None
    assert finding.actual.value == "iam:ListRolePolicies: denied"
    assert answer.report.causes == []


def test_permissions_of_google(gcp: Bundle) -> None:
    entry = {"path": "gcp/folder-policy.json", "call": "resourcemanager.folders.getIamPolicy"}
    gcp.keep_as_earlier(*read("ok", entry)).manifest(read("denied", entry))
    (message,) = gcp.ask().found(CHECK)
    assert message.startswith("Google Cloud denies this reader resourcemanager.folders.getIamPolicy, and allowed it on")
    assert "`oidc-doctor permissions gcp`" in gcp.ask().check(CHECK).findings[0].fix


@pytest.mark.parametrize("outcome", ["throttled", "timeout", "failed", "not_found", "ok"])
def test_another_outcome_is_no_lost_permission(aws: Bundle, outcome: str) -> None:
    aws.keep_as_earlier(*read("ok", ROLE)).manifest(read(outcome, ROLE)).ask().passed(CHECK)


def test_what_was_denied_before_as_well(aws: Bundle) -> None:
    aws.keep_as_earlier(*read("denied", ROLE)).manifest(read("denied", ROLE)).ask().passed(CHECK)


def test_credentials_that_expired_here(aws: Bundle) -> None:
    local = [{**entry, "local": "credentials"} for entry in read("denied", ROLE)]
    aws.keep_as_earlier(*read("ok", ROLE)).manifest(local).ask().passed(CHECK)


def test_an_issuer_that_answers_403_has_no_permissions(aws: Bundle) -> None:
    entry = {"path": "issuer/jwks.json", "call": "GET"}
    aws.keep_as_earlier(*read("ok", entry)).remove("issuer/jwks.json").manifest(read("denied", entry))
    aws.ask().passed(CHECK)


def test_nothing_to_compare_with(aws: Bundle) -> None:
    aws.manifest(read("denied", ROLE)).ask().skipped(CHECK)
