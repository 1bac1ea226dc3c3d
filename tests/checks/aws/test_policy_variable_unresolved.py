"""AWS033: a variable that has no value, or is none in this Version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("version", ["2008-10-17", ...])
def test_an_old_version_has_no_variables(aws: Bundle, version: Any) -> None:
    condition = aws.subject("v=1:org=${aws:PrincipalAccount}:*")
    answer = aws.trust(aws.statement(condition), Version=version).ask()
    cause = answer.refused("policy-variable-unresolved", "authorise", aws.NOT_AUTHORIZED)
    assert "2012-10-17" in cause.summary


def test_a_key_that_the_request_does_not_have(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=${aws:PrincipalTag/org}:*")).ask()
    answer.refused("policy-variable-unresolved", "authorise", aws.NOT_AUTHORIZED)


def test_the_variable_is_named(aws: Bundle) -> None:
    summary = aws.condition(aws.subject("v=1:org=${aws:PrincipalTag/org}:*")).ask().first.summary
    assert "`${aws:PrincipalTag/org}`" in summary


@pytest.mark.parametrize(
    "pattern",
    [
        "v=1:org=${aws:PrincipalTag/org, 'Org8Kd2P'}:*",
        "v=1:org=Org8Kd2P:*${oidc.baseten.co:aud, 'x'}*",
        "${oidc.baseten.co:sub}",
    ],
)
def test_variables_with_a_value(aws: Bundle, pattern: str) -> None:
    aws.token(aws.claims_of(sub="v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=oidc.baseten.co:environment=x"))
    answer = aws.condition(aws.subject(pattern)).ask()
    assert answer.exchange().prediction == "accepted", answer.names
    answer.passed("policy-variable-unresolved")


def test_an_escaped_star_is_a_star(aws: Bundle) -> None:
    subject = aws.SUBJECT.replace("production", "a*b")
    aws.condition(aws.subject("v=1:*:environment=a${*}b:*"))
    assert aws.token(aws.claims_of(sub=subject)).ask().accepted
    assert aws.token(aws.claims_of(sub=subject.replace("a*b", "axb"))).ask().exchange().prediction == "refused"


def test_the_value_of_a_variable_is_no_pattern(aws: Bundle) -> None:
    aws.condition({"StringLike": {"sts:RoleSessionName": "${oidc.baseten.co:sub}"}})
    answer = aws.token(aws.claims_of(sub="wei*")).ask()
    assert answer.exchange().prediction == "refused"


def test_a_variable_whose_value_is_not_known(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("${aws:SourceIp}")).ask()
    assert "policy-variable-unresolved" not in answer.names
    assert answer.exchange().prediction == "unknown"


def test_no_policy_was_read(aws: Bundle) -> None:
    aws.remove("aws/role.json").ask().skipped("policy-variable-unresolved")
