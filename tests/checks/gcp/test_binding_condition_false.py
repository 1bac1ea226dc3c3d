"""GCP032: the binding that names the principal has a condition that is false."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


def test_it_has_run_out(gcp: Bundle, says: type[Says]) -> None:
    condition = "request.time < timestamp('2026-11-22T22:39:59Z')"
    answer = gcp.service_account_policy(condition=condition).ask()
    assert answer.names == ["binding-condition-false"]
    assert answer.first.confidence == "predicted"
    assert condition in answer.first.summary
    assert answer.error() == says.DENIED


@pytest.mark.parametrize(
    "condition", ["request.time < timestamp('2026-11-22T22:40:01Z')", "request.time.getFullYear() == 2026", "true"]
)
def test_it_holds(gcp: Bundle, condition: str) -> None:
    answer = gcp.service_account_policy(condition=condition).ask()
    assert answer.accepted, answer.names
    assert answer.check("binding-condition-false").status == "passed"


@pytest.mark.parametrize(
    "condition",
    [
        "resource.name.startsWith('projects/x')",
        "resource.matchTag('a', 'b')",
        "<condition>",
        "",
        "true || nothing",
        "true || nothing.here == 'x'",
        "true || nothing(1)",
        "true || 'a'.matches('(')",
        "true || 1 + 'a' == 2",
    ],
)
def test_it_reads_what_is_not_known(gcp: Bundle, condition: str) -> None:
    answer = gcp.service_account_policy(condition=condition).ask()
    assert answer.first.name == "binding-condition-false"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
    assert answer.check("binding-condition-false").status == "skipped"


def test_another_binding_has_none(gcp: Bundle) -> None:
    role = "roles/iam.workloadIdentityUser"
    past = {"title": "past", "expression": "request.time < timestamp('2020-01-01T00:00:00Z')"}
    bindings = [{"role": role, "members": [gcp.MEMBER], "condition": past}, {"role": role, "members": [gcp.MEMBER]}]
    assert gcp.service_account_policy(bindings=bindings).ask().accepted


def test_it_may_hold_though_another_member_differs(gcp: Bundle) -> None:
    role = "roles/iam.workloadIdentityUser"
    open_ = {"title": "open", "expression": "resource.name == 'x'"}
    other = gcp.MEMBER.replace("Tq7LmZ2x", "other")
    bindings = [{"role": role, "members": [gcp.MEMBER], "condition": open_}, {"role": role, "members": [other]}]
    assert gcp.service_account_policy(bindings=bindings).ask().exchange().prediction == "unknown"
