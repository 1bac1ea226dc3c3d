"""AWS101, GCP104: a trust accepts tokens that it refused the last time, or before a logged write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evidence.timed import clock, policy_edit
from oidc_doctor.findings import widened

if TYPE_CHECKING:
    from evidence import Answer, Bundle

CHECK = "trust-became-wider"
OTHER = "v=1:org=Zz99Yy88:team=Ab12Cd34:*"


def only(answer: Answer) -> str:
    (message,) = answer.found(CHECK)
    return message


def test_a_wildcard_for_the_team(aws: Bundle) -> None:
    aws.keep_as_earlier().condition(aws.subject(f"v=1:org={aws.ORG}:team=*:*"))
    answer = aws.ask()
    message = only(answer)
    assert message.startswith(
        "Statement[0] accepts tokens of another team, which were refused on 21 Nov 2026 22:40 UTC"
    )
    assert f"v=1:org={aws.ORG}:team=" in message
    (finding,) = answer.check(CHECK).findings
    assert aws.marked(finding.expected) == f"v=1:org={aws.ORG}:team=[{aws.TEAM}]:*"
    assert aws.marked(finding.actual) == f"v=1:org={aws.ORG}:team=[*]:*"
    assert (finding.cloud, finding.target) == ("aws", aws.ROLE_ARN)
    assert str(finding.expected and finding.expected.at).startswith("earlier/aws/role.json:")
    assert str(finding.actual and finding.actual.at).startswith("aws/role.json:")


def test_a_statement_for_another_organization(aws: Bundle) -> None:
    aws.keep_as_earlier().trust(aws.statement(), aws.statement(aws.subject(OTHER)))
    message = only(aws.ask())
    assert message.startswith("Statement[1] accepts tokens of another org")
    assert "Zz99Yy88" in message


def test_a_deny_that_is_gone(aws: Bundle) -> None:
    wide = aws.statement(aws.subject(f"v=1:org={aws.ORG}:*"))
    operator = {"StringNotLike": {aws.SUB_KEY: aws.PATTERN}}
    aws.trust(wide, aws.statement(operator, Effect="Deny")).keep_as_earlier().trust(wide)
    assert only(aws.ask()).startswith("Statement[0] accepts tokens of another team")


def test_a_client_id_of_another_audience(aws: Bundle) -> None:
    aws.trust(aws.statement({"StringLike": {aws.SUB_KEY: aws.PATTERN}})).keep_as_earlier()
    aws.aws_provider((aws.AUDIENCE, "another-audience"))
    message = only(aws.ask())
    assert message.startswith("the ClientIDList accepts tokens with another audience")
    assert message.endswith("with the audience another-audience")


def test_only_a_claim_that_is_tested_less(aws: Bundle) -> None:
    """A neighbour of the same team counts where the exchange's own token passed both times."""
    one = aws.SUBJECT.partition(":deployment=")[0] + ":*"
    aws.condition(aws.subject(one)).keep_as_earlier().condition(aws.subject(aws.PATTERN))
    assert "accepts tokens of another model, which were refused" in only(aws.ask())


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("v=1:org=Org8Kd2P:team=Tq7LmZ2x:*", id="unchanged"),
        pytest.param("v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:*", id="narrower"),
        pytest.param("v=1:org=Org8Kd2P:team=Zz99Yy88:*", id="another workload in place of the own one"),
    ],
)
def test_what_is_not_wider(aws: Bundle, pattern: str) -> None:
    aws.keep_as_earlier().condition(aws.subject(pattern)).ask().passed(CHECK)


def test_a_repair_of_the_own_workload(aws: Bundle) -> None:
    aws.condition(aws.subject(OTHER)).keep_as_earlier().condition(aws.subject(aws.PATTERN)).ask().passed(CHECK)
    aws.condition(aws.subject(f"v=1:org={aws.ORG}:team=*:*"))
    assert "another team" in only(aws.ask()), "outsiders count even then"


def test_what_is_not_known_is_no_finding(aws: Bundle) -> None:
    """The earlier trust depended on an address that no file shows, or had a part that was left out."""
    address = aws.subject(f"v=1:org={aws.ORG}:*") | {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    aws.condition(address).keep_as_earlier().condition(aws.subject(f"v=1:org={aws.ORG}:*")).ask().passed(CHECK)
    aws.condition(aws.subject("v=1:org=…:team=***:*")).keep_as_earlier()
    aws.condition(aws.subject(f"v=1:org={aws.ORG}:*")).ask().passed(CHECK)


def test_without_an_earlier_configuration(aws: Bundle) -> None:
    assert "neither earlier/ nor the logs" in aws.ask().skipped(CHECK).reason
    aws.write("earlier/issuer/jwks.json", aws.read("issuer/jwks.json"))
    assert "was not read" in aws.ask().skipped(CHECK).reason


def test_a_provider_that_was_missing_made_nothing_narrower(aws: Bundle) -> None:
    aws.aws_provider(url="issuer.example", arn=aws.PROVIDER_ARN.replace(aws.AUDIENCE, "issuer.example"))
    aws.keep_as_earlier().aws_provider().ask().passed(CHECK)


def edits(aws: Bundle, *patterns: str) -> Bundle:
    """One write each hour from 1 o'clock, and the last one as the present policy."""
    policies = [aws.policy(aws.statement(aws.subject(pattern))) for pattern in patterns]
    aws.cloudtrail([policy_edit(aws, clock(hour), policy) for hour, policy in enumerate(policies, 1)])
    return aws.aws_role(policies[-1])


def test_a_logged_write(aws: Bundle) -> None:
    wide = f"v=1:org={aws.ORG}:team=*:*"
    message = only(edits(aws, aws.PATTERN, wide).ask())
    assert "since UpdateAssumeRolePolicy on 22 Nov 2026 02:00 UTC by arn:aws:" in message
    assert message.count("refused before") == 1
    aws.write("earlier/aws/role.json", {"Role": {"Arn": aws.ROLE_ARN, "AssumeRolePolicyDocument": aws.policy()}})
    assert only(aws.ask()) == message, "one finding for both sources"


def test_a_write_that_the_last_time_knew_already(aws: Bundle) -> None:
    edits(aws, aws.PATTERN, f"v=1:org={aws.ORG}:team=*:*").keep_as_earlier().ask().passed(CHECK)


def test_a_member_for_the_whole_pool(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=f"assertion.org == '{gcp.ORG}'").keep_as_earlier()
    gcp.service_account_policy(gcp.MEMBER, f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    answer = gcp.ask()
    assert only(answer).startswith("a member of an allow policy accepts tokens of another team")
    row = answer.check(CHECK)
    assert row.code == "GCP104"
    assert row.findings[0].actual is not None
    assert row.findings[0].actual.value.endswith("/*")


def test_an_attribute_condition(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.keep_as_earlier().gcp_provider(condition=f"google.subject.startsWith('v=1:org={gcp.ORG}:')")
    answer = gcp.ask()
    assert only(answer).startswith("the attribute condition accepts tokens of another team")
    expected = answer.check(CHECK).findings[0].expected
    assert expected is not None
    assert gcp.TEAM in expected.value


def test_a_condition_whose_members_still_refuse(gcp: Bundle) -> None:
    gcp.keep_as_earlier().gcp_provider(condition=f"google.subject.startsWith('v=1:org={gcp.ORG}:')").ask().passed(CHECK)


def test_a_provider_that_was_disabled(gcp: Bundle) -> None:
    gcp.gcp_provider(disabled=True).keep_as_earlier().gcp_provider().ask().passed(CHECK)


def test_without_a_token_the_configured_values_are_tried(aws: Bundle) -> None:
    aws.remove("token.jwt").keep_as_earlier().trust(aws.statement(), aws.statement(aws.subject(OTHER)))
    assert only(aws.ask()).startswith("Statement[1] accepts tokens of another org")


def test_a_repair_next_to_another_workloads_statement(aws: Bundle) -> None:
    """The own workload is no other one, from wherever its subject comes."""
    other = aws.statement(aws.subject(OTHER))
    aws.trust(other).keep_as_earlier().trust(other, aws.statement()).ask().passed(CHECK)


def test_a_workload_of_an_issuer_without_a_profile(aws: Bundle) -> None:
    arn = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/issuer.example"

    def statement(*subjects: str) -> dict[str, object]:
        condition = {"StringLike": {"issuer.example:sub": list(subjects)}}
        return aws.statement(condition, Principal={"Federated": arn})

    aws.token(claims={"iss": "https://issuer.example", "sub": "build-runner"}).remove("issuer")
    aws.aws_provider(url="issuer.example", arn=arn).trust(statement("build-runner")).keep_as_earlier()
    aws.trust(statement("build-runner", "deploy-*"))
    assert "accepts tokens of another workload, which were refused" in only(aws.ask())


def test_beyond_the_bound_of_tries_the_check_is_skipped_and_says_so(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.keep_as_earlier().condition(aws.subject(f"v=1:org={aws.ORG}:team=*:*"))
    monkeypatch.setattr(widened, "WIDENED", widened.WIDENED._replace(most=1))
    row = aws.ask().check(CHECK)
    assert row.status == "skipped"
    assert row.reason == (
        "tokens were tried on earlier configurations 1 times, as often as a report does (oidc-doctor's bound); "
        "whether this trust accepts more than before is unknown"
    )


def test_a_token_is_tried_once_for_all_exchanges(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[object] = []
    from oidc_doctor.findings import shared_traces
    from oidc_doctor.judge import evaluate

    monkeypatch.setattr(shared_traces, "evaluate", lambda case: judged.append(case) or evaluate(case))
    aws.keep_as_earlier().condition(aws.subject(f"v=1:org={aws.ORG}:team=*:*"))
    aws.ask()
    one = len(judged)
    for number in range(4):
        aws.write(f"tokens/t{number}.json", {"claims": aws.claims_of()})
    judged.clear()
    aws.ask()
    assert len(judged) <= one + 10
