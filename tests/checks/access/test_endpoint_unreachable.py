"""ACC023: no cloud has answered, so that nothing is shown of token or policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize(
    ("text", "step", "host"),
    [
        ('Could not connect to the endpoint URL: "https://sts.eu-west-9.amazonaws.com/"', "request", "sts.eu-west-9"),
        ('Connect timeout on endpoint URL: "https://w.s3.us-east-1.amazonaws.com/l"', "permission", "w.s3.us-east-1"),
        ("Could not assume role with OIDC: connect ETIMEDOUT 203.0.113.4:443", "request", ""),
        ("dial tcp: lookup sts.us-east-1.amazonaws.com on 10.0.0.2:53: no such host", "request", "sts.us-east-1"),
    ],
)
def test_the_host_is_named(aws: Bundle, text: str, step: str, host: str) -> None:
    answer = aws.error(text).ask()
    assert (answer.first.name, answer.first.step) == ("endpoint-unreachable", step)
    assert host in answer.first.summary
    assert answer.first.summary.startswith("No answer arrived")


def test_a_fault_of_the_network_shows_no_step(bundle: Bundle) -> None:
    answer = bundle.target(aws={"role_arn": "arn:aws:iam::210987654321:role/ModelWeights"})
    states = answer.error('Connect timeout on endpoint URL: "https://w.s3.us-east-1.amazonaws.com/l"').ask()
    assert "passed-by-error" not in states.steps()["weights/aws"].values()


def test_without_a_host_it_is_a_suspicion(aws: Bundle) -> None:
    cause = aws.error("Error: connect ECONNREFUSED 169.254.170.23:80").ask().first
    assert (cause.name, cause.confidence) == ("endpoint-unreachable", "suspected")


def test_what_a_cloud_says_of_the_issuer_is_not_the_clients_network(aws: Bundle) -> None:
    text = "Couldn't retrieve verification key from your identity provider"
    assert "endpoint-unreachable" not in aws.error(text).ask().names
