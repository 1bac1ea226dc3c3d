"""AWS090: one role or provider serves several environments, types or models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

OWN = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:"


def subject(model: str = "mWq41ZpK", environment: str = "production", kind: str = "model_container") -> str:
    return f"{OWN}model={model}:deployment=4be1c07:environment={environment}:type={kind}"


def used(made: Bundle, *subjects: str) -> Bundle:
    """The bundle with one accepted attempt of each of the subjects."""
    return made.cloudtrail([made.accepted_event(event_id=f"e-{n}", subject=one) for n, one in enumerate(subjects)])


def test_two_environments(aws: Bundle) -> None:
    used(aws, subject(), subject(), subject(environment="staging"))
    row = aws.ask().check("trust-serves-several")
    (finding,) = row.findings
    assert row.effect == "note"
    assert "environment production (2) and environment staging (1)" in finding.message
    assert f"{OWN}*:environment=production:* and {OWN}*:environment=staging:*" in finding.message
    assert (finding.cloud, finding.target) == ("aws", aws.ROLE_ARN)
    assert finding.actual is not None
    assert finding.actual.value == "Statement[0]"
    assert str(finding.actual.at).startswith("aws/role.json:")


def test_build_and_runtime(aws: Bundle) -> None:
    used(aws, subject(), subject(kind="model_build"))
    (message,) = aws.ask().found("trust-serves-several")
    assert f"{OWN}*:type=model_build" in message
    assert f"{OWN}*:type=model_container" in message


def test_two_models(aws: Bundle) -> None:
    used(aws, subject(), subject(model="nXr2"))
    (message,) = aws.ask().found("trust-serves-several")
    assert f"{OWN}model=mWq41ZpK:* and {OWN}model=nXr2:*" in message or f"{OWN}model=nXr2:* and" in message


def test_environments_come_before_types(aws: Bundle) -> None:
    used(aws, subject(), subject(environment="staging", kind="model_build"))
    (message,) = aws.ask().found("trust-serves-several")
    assert "type=" not in message


def test_an_environment_without_a_name(aws: Bundle) -> None:
    used(aws, subject(), subject(environment="<none>"))
    assert ":environment=<none>:*" in aws.ask().found("trust-serves-several")[0]


def test_what_the_trust_fixes_stays_fixed(aws: Bundle) -> None:
    aws.condition(aws.subject(f"{OWN}model=mWq41ZpK:*:type=model_container"))
    used(aws, subject(), subject(environment="staging"))
    (message,) = aws.ask().found("trust-serves-several")
    assert f"{OWN}model=mWq41ZpK:*:environment=staging:type=model_container" in message


def test_many_environments_are_separated_by_type(aws: Bundle) -> None:
    environments = [subject(environment=f"preview-{number}") for number in range(6)]
    used(aws, *environments, subject(kind="model_build"))
    assert "type=model_build" in aws.ask().found("trust-serves-several")[0]


@pytest.mark.parametrize(
    "subjects",
    [
        [subject()],
        [subject(), subject().replace("4be1c07", "5cf2d18")],
        [subject(), subject(environment="staging").replace("Tq7LmZ2x", "Uv5NpR8c")],
        [subject(), subject(environment="staging").replace("Org8Kd2P", "Gh4Jk6Lm")],
    ],
)
def test_one_is_served(aws: Bundle, subjects: list[str]) -> None:
    used(aws, *subjects).ask().passed("trust-serves-several")


def test_a_value_that_is_refused_now(aws: Bundle) -> None:
    aws.condition(aws.subject(f"{OWN}*:environment=production:*"))
    used(aws, subject(), subject(environment="staging")).ask().passed("trust-serves-several")


def test_a_refused_attempt_is_not_served(aws: Bundle) -> None:
    events = [aws.accepted_event(event_id="a"), aws.event(event_id="b", subject=subject(environment="staging"))]
    aws.cloudtrail(events).ask().passed("trust-serves-several")


def test_no_logs(aws: Bundle) -> None:
    assert "none were read" in aws.ask().skipped("trust-serves-several").reason


def test_a_redacted_policy(aws: Bundle) -> None:
    policy = aws.policy(aws.statement(aws.subject("<pattern>")))
    used(aws.write("aws/role.json", policy), subject(), subject(environment="staging"))
    assert aws.ask().check("trust-serves-several").findings == []


def test_github(github: Bundle) -> None:
    host = github.GITHUB.removeprefix("https://")
    arn = f"arn:aws:iam::{github.ACCOUNT}:oidc-provider/{host}"
    condition = {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com"}, "StringLike": {f"{host}:sub": "repo:octo-org/weights:*"},
    }  # fmt: skip
    github.trust(github.statement(condition, Principal={"Federated": arn}))
    forms = ["environment:production", "pull_request", "ref:refs/heads/main", "ref:refs/heads/try-it"]
    events = []
    for number, form in enumerate(forms):
        event = github.accepted_event(event_id=f"e-{number}", subject=f"repo:octo-org/weights:{form}")
        event["userIdentity"] |= {"identityProvider": arn, "principalId": f"{arn}:sts.amazonaws.com:{form}"}
        event["responseElements"] |= {"provider": arn, "audience": "sts.amazonaws.com"}
        events.append(event)
    (message,) = github.cloudtrail(events).ask().found("trust-serves-several")
    assert "repo:octo-org/weights:environment:production" in message
    assert "repo:octo-org/weights:pull_request" in message
    assert "repo:octo-org/weights:ref:*" in message


def test_google(gcp: Bundle) -> None:
    entries = [gcp.log_entry(insert_id="a"), gcp.log_entry(insert_id="b", subject=subject(environment="staging"))]
    row = gcp.gcp_logs(entries).ask().check("trust-serves-several")
    (finding,) = row.findings
    assert "google.subject.contains(':environment=production:')" in finding.message
    assert "google.subject.contains(':environment=staging:')" in finding.message
    assert (finding.cloud, finding.target) == ("gcp", gcp.GCP_PROVIDER)


def test_google_by_the_last_part(gcp: Bundle) -> None:
    entries = [gcp.log_entry(insert_id="a"), gcp.log_entry(insert_id="b", subject=subject(kind="model_build"))]
    (message,) = gcp.gcp_logs(entries).ask().found("trust-serves-several")
    assert "google.subject.endsWith(':type=model_build')" in message
