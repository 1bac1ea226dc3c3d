"""Causes in time, through the whole pipeline: what the logs say of when, and of why."""

from __future__ import annotations

import json
from typing import Any

from evidence import Bundle
from evidence.timed import FALSE, clock, edit, exchanges, trust_edit


def test_claims_that_the_subject_implies_are_replayed(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(condition="assertion.team == 'Another1'")
    gcp.gcp_logs(
        [
            edit(gcp, clock(1), f"assertion.team == '{gcp.TEAM}'"),
            *exchanges(gcp, range(2, 9)),
            edit(gcp, clock(9, 30), "assertion.team == 'Another1'"),
            *exchanges(gcp, range(10, 16), FALSE),
        ]
    )
    cause = gcp.ask().first
    assert (cause.name, cause.confidence, cause.since) == ("attribute-condition-false", "proven", clock(10))
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{clock(9, 30)}"
    assert cause.change["replay"] == {"before": "accepted", "after": "refused"}
    assert cause.summary.endswith("since 22 Nov 2026 10:00 UTC, after UpdateWorkloadIdentityPoolProvider by deploy.")


def test_the_only_write_of_what_the_error_is_about(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(condition="assertion.ticket == 'b'")
    gcp.gcp_logs(
        [
            edit(gcp, clock(1), "assertion.ticket == 'a'"),
            *exchanges(gcp, range(2, 9)),
            edit(gcp, clock(9, 30), "assertion.ticket == 'b'"),
            *exchanges(gcp, range(10, 16), FALSE),
        ]
    )
    cause = gcp.ask().first
    assert cause.confidence != "predicted", "the claim that decides is in no log"
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{clock(9, 30)}"


def test_two_writes_that_cannot_be_told_apart_blame_neither(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(condition="assertion.ticket == 'c'")
    gcp.gcp_logs(
        [
            edit(gcp, clock(1), "assertion.ticket == 'a'"),
            *exchanges(gcp, range(2, 9)),
            edit(gcp, clock(9, 30), "assertion.ticket == 'b'"),
            edit(gcp, clock(9, 40), "assertion.ticket == 'c'"),
            *exchanges(gcp, range(10, 16), FALSE),
        ]
    )
    cause = gcp.ask().first
    assert cause.change is None
    assert cause.boundary is not None
    assert [one["event_id"] for one in cause.boundary["changes"]] == [f"edit-{clock(9, 30)}", f"edit-{clock(9, 40)}"]


def mended(aws: Bundle) -> Bundle:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*")))
    return aws.cloudtrail(
        [
            trust_edit(aws, clock(1), aws.TEAM),
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)),
            trust_edit(aws, clock(6, 30), "Another1"),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(7, 11)),
            trust_edit(aws, clock(11, 30), aws.TEAM),
        ]
    )


def test_an_outage_that_is_mended_is_past_though_nobody_came_since(aws: Bundle) -> None:
    answer = mended(aws).ask()
    assert answer.report.verdict == "healthy"
    assert answer.report.exit_code == 0
    (cause,) = answer.causes
    assert (cause.status, cause.since, cause.until) == ("past", clock(7), clock(11, 30))
    assert cause.change is not None
    assert cause.mended_by is not None
    assert (cause.change["event_id"], cause.mended_by["event_id"]) == (f"edit-{clock(6, 30)}", f"edit-{clock(11, 30)}")
    assert answer.check("prediction-contradicted").status == "passed"


def test_of_two_outages_that_are_over_the_newest_is_first(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*")))
    records = [trust_edit(aws, clock(1), aws.TEAM)]
    for start in (2, 12):
        records += [
            aws.accepted_event(event_id=f"good-{start}", at=clock(start)),
            trust_edit(aws, clock(start, 30), "Another1"),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(start + 1, start + 4)),
            trust_edit(aws, clock(start + 4), aws.TEAM),
        ]
    causes = aws.cloudtrail(records).ask().causes
    assert [(cause.status, cause.since) for cause in causes] == [("past", clock(13)), ("past", clock(3))]


def test_of_the_writes_before_a_refusal_the_one_that_explains_it_is_first(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(7, 11)]
    harmless, breaking = trust_edit(aws, clock(6, 10), "*"), trust_edit(aws, clock(6, 30), "Another1")
    cause = aws.cloudtrail([trust_edit(aws, clock(1), aws.TEAM), *good, harmless, breaking, *bad]).ask().first
    assert cause.boundary is not None
    changes = [(change["event_id"], change["flips"]) for change in cause.boundary["changes"]]
    assert changes == [(breaking["eventID"], True), (harmless["eventID"], False)]


def test_accepted_in_fact_and_refused_by_the_reading_is_shown(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject("v=1:org=Another1:*")))
    aws.cloudtrail([aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)])
    assert aws.ask().check("prediction-contradicted").status == "failed"


def denied_call(aws: Bundle, at: str) -> dict[str, Any]:
    return {
        "eventID": "denied-1",
        "eventTime": at,
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "errorCode": "AccessDenied",
        "errorMessage": "User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:1:key/2 "
        "because no identity-based policy allows the kms:Decrypt action",
        "userIdentity": {
            "type": "AssumedRole",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE00",
            "sessionContext": {
                "sessionIssuer": {"arn": aws.ROLE_ARN},
                "webIdFederationData": {"federatedProvider": aws.PROVIDER_ARN, "attributes": {}},
            },
        },
    }


def test_a_denied_call_of_the_session_is_tied_to_its_exchange(aws: Bundle) -> None:
    aws.cloudtrail([aws.accepted_event(event_id="given", at=clock(3)), denied_call(aws, clock(4))])
    cause = aws.ask().first
    assert (cause.name, cause.step, cause.since) == ("permission-missing", "permission", clock(4))
    assert cause.session is not None
    assert (cause.session["attempt"], cause.session["subject"]) == ("given", aws.SUBJECT)
    assert "kms:Decrypt" in cause.summary


def test_writes_of_the_permissions_before_the_first_denied_call_the_newest_first(aws: Bundle) -> None:
    def write(at: str) -> dict[str, Any]:
        request = {"roleName": "ModelWeights", "policyName": "read", "policyDocument": "{}"}
        return {**trust_edit(aws, at, aws.TEAM), "eventName": "PutRolePolicy", "requestParameters": request}

    writes = [write(clock(hour)) for hour in (1, 2, 5)]
    aws.cloudtrail([*writes, aws.accepted_event(event_id="good", at=clock(3)), denied_call(aws, clock(4))])
    cause = aws.ask().first
    assert cause.boundary is not None
    assert [one["time"] for one in cause.boundary["changes"]] == [clock(2), clock(1)]


def provider_write(aws: Bundle, at: str, what: str, **request: Any) -> dict[str, Any]:
    return {
        **trust_edit(aws, at, aws.TEAM),
        "eventName": what,
        "requestParameters": {"openIDConnectProviderArn": aws.PROVIDER_ARN, **request},
        "eventID": f"provider-{at}",
    }


def test_a_policy_that_only_the_logs_tell_is_judged_for_the_present(aws: Bundle) -> None:
    aws.remove("token.jwt", "aws/role.json", "aws/oidc-provider.json").target(aws={"role_arn": aws.ROLE_ARN})
    aws.cloudtrail(
        [
            trust_edit(aws, clock(1), aws.TEAM),
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)),
            trust_edit(aws, clock(6, 30), "Another1"),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(7, 11)),
        ]
    )
    answer = aws.ask()
    cause = answer.first
    assert cause.name == "subject-segment-differs"
    assert cause.change is not None
    assert cause.change["event_id"] == trust_edit(aws, clock(6, 30), "")["eventID"]
    assert any("only the logs show" in line for line in answer.exchange().assumed)


def test_a_provider_whose_deletion_only_the_logs_tell(aws: Bundle) -> None:
    aws.remove("aws/oidc-provider.json", "aws/oidc-providers.json")
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)),
            provider_write(aws, clock(6, 30), "DeleteOpenIDConnectProvider"),
        ]
    )
    cause = aws.ask().first
    assert (cause.name, cause.since, cause.since_basis) == ("provider-missing", clock(6, 30), "change")
    assert cause.change is not None


def test_the_event_that_is_the_token_is_the_request_as_well(aws: Bundle) -> None:
    aws.remove("token.jwt")
    aws.trust(
        aws.statement(
            {
                **aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*"),
                "IpAddress": {"aws:SourceIp": "198.51.100.0/24"},
            }
        )
    )
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)),
            *(
                aws.event(event_id=f"bad-{hour}", at=clock(hour), sourceIPAddress="203.0.113.50")
                for hour in range(7, 11)
            ),
        ]
    )
    cause = aws.ask().first
    assert (cause.name, cause.change) == ("condition-value-differs", None)
    assert cause.token_change is not None
    assert (cause.token_change["what"], cause.token_change["from"], cause.token_change["to"]) == (
        "request",
        "198.51.100.24",
        "203.0.113.50",
    )


def test_a_longer_session_than_the_role_allows_since_an_edit(aws: Bundle) -> None:
    aws.remove("token.jwt").aws_role(MaxSessionDuration=3600)
    asked = {"roleArn": aws.ROLE_ARN, "roleSessionName": "weights", "durationSeconds": 7200}
    said = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."

    def edit(at: str, seconds: int) -> dict[str, Any]:
        name = aws.ROLE_ARN.rpartition("/")[2]
        request = {"roleName": name, "maxSessionDuration": seconds}
        return {**provider_write(aws, at, "UpdateRole"), "requestParameters": request}

    aws.cloudtrail(
        [
            edit(clock(1), 7200),
            *(
                aws.accepted_event(event_id=f"good-{hour}", at=clock(hour), requestParameters=asked)
                for hour in range(2, 6)
            ),
            edit(clock(6, 30), 3600),
            *(
                aws.event(
                    event_id=f"bad-{hour}",
                    at=clock(hour),
                    requestParameters=asked,
                    errorCode="ValidationError",
                    errorMessage=said,
                )
                for hour in range(7, 11)
            ),
        ]
    )
    cause = aws.ask().first
    assert cause.name == "session-duration-over-limit"
    assert cause.change is not None
    assert cause.change["event_id"] == f"provider-{clock(6, 30)}"


def test_a_field_that_only_a_later_write_tells_hides_no_change(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(condition="assertion.team == 'Another1'")
    switched = edit(gcp, clock(9, 40), "")
    switched["protoPayload"]["request"] = {
        "updateMask": "disabled",
        "workloadIdentityPoolProvider": {"disabled": False},
    }
    gcp.gcp_logs(
        [
            edit(gcp, clock(1), f"assertion.team == '{gcp.TEAM}'"),
            *exchanges(gcp, range(2, 9)),
            edit(gcp, clock(9, 30), "assertion.team == 'Another1'"),
            switched,
            *exchanges(gcp, range(10, 16), FALSE),
        ]
    )
    cause = gcp.ask().first
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{clock(9, 30)}"


def test_files_without_a_date_were_read_after_the_logs(aws: Bundle) -> None:
    aws.remove("token.jwt", "manifest.json")
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*")))
    aws.cloudtrail(
        [
            trust_edit(aws, clock(1), aws.TEAM),
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)),
            trust_edit(aws, clock(6, 30), "Another1"),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(7, 11)),
        ]
    )
    causes = aws.report().causes
    assert [(one.name, one.status) for one in causes] == [("subject-segment-differs", "past")]


def test_an_unknown_issuers_subjects_that_come_once_each_broke_together(aws: Bundle) -> None:
    provider = f"arn:aws:iam::{aws.ACCOUNT}:oidc-provider/idp.example.com"

    def trust(prefix: str) -> dict[str, Any]:
        condition = {"StringLike": {"idp.example.com:sub": f"{prefix}-*"}}
        return aws.policy(aws.statement(condition, Principal={"Federated": provider}))

    def write(at: str, prefix: str) -> dict[str, Any]:
        found = trust_edit(aws, at, prefix)
        found["requestParameters"] = {**found["requestParameters"], "policyDocument": json.dumps(trust(prefix))}
        return found

    def user(subject: str) -> dict[str, Any]:
        return {
            "type": "WebIdentityUser",
            "principalId": f"{provider}:aws:{subject}",
            "userName": subject,
            "identityProvider": provider,
        }

    aws.remove("token.jwt").target(aws={"role_arn": aws.ROLE_ARN}, issuer="https://idp.example.com")
    aws.aws_role(trust("other"))
    aws.cloudtrail(
        [
            write(clock(1), "user"),
            *(
                aws.accepted_event(event_id=f"good-{hour}", at=clock(hour), userIdentity=user(f"user-{hour}"))
                for hour in range(2, 6)
            ),
            write(clock(6, 30), "other"),
            *(
                aws.event(event_id=f"bad-{hour}", at=clock(hour), userIdentity=user(f"user-{hour}"))
                for hour in range(7, 11)
            ),
        ]
    )
    cause = aws.ask().first
    assert cause.since == clock(7)
    assert cause.change is not None


def test_another_source_address_is_the_requests_side(aws: Bundle) -> None:
    inside = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    aws.remove("token.jwt").trust(aws.statement(inside | aws.subject(aws.PATTERN)))
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 8)]
    elsewhere = {"sourceIPAddress": "203.0.113.9"}
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour), **elsewhere) for hour in range(9, 14)]
    cause = aws.cloudtrail(good + bad).ask().first
    assert cause.change is None
    assert cause.token_change is not None
    assert cause.token_change["to"] == "203.0.113.9"


def test_nothing_agrees_where_nothing_could_be_replayed(aws: Bundle) -> None:
    other = aws.accepted_event(role="arn:aws:iam::210987654321:role/Another")
    assert aws.cloudtrail([other]).ask().check("prediction-contradicted").status == "skipped"


def test_an_edit_that_a_refusal_follows_within_seconds_may_not_be_in_force(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*")))
    write = trust_edit(aws, clock(6, 30), aws.TEAM)
    soon = aws.cloudtrail([write, aws.event(event_id="bad", at="2026-11-22T06:30:03Z")]).ask()
    late = aws.cloudtrail([write, aws.event(event_id="bad", at=clock(10))]).ask()
    assert soon.names == ["propagation-delay"]
    assert "propagation-delay" not in late.names
    assert late.names


def test_a_refusal_that_the_policy_of_its_time_does_not_explain_is_not_mended_by_a_later_edit(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:*")))
    first = trust_edit(aws, clock(1), aws.TEAM)
    second = trust_edit(aws, clock(6, 30), "*")
    second["requestParameters"]["policyDocument"] = json.dumps(
        aws.policy(aws.statement(aws.subject(f"v=1:org={aws.ORG}:*")))
    )
    answer = aws.cloudtrail([first, aws.event(event_id="bad", at=clock(5)), second]).ask()
    assert answer.report.verdict != "healthy"


def test_a_success_right_after_an_edit_contradicts_nothing(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    late = aws.accepted_event(event_id="late", at="2026-11-22T06:30:03Z")
    aws.cloudtrail([trust_edit(aws, clock(1), aws.TEAM), *good, trust_edit(aws, clock(6, 30), "Another1"), late])
    assert aws.ask().check("prediction-contradicted").status == "passed"


def test_a_success_before_the_client_ids_were_emptied_accepts_no_empty_list(aws: Bundle) -> None:
    aws.aws_provider(())
    removed = provider_write(aws, clock(4), "RemoveClientIDFromOpenIDConnectProvider", clientID=aws.AUDIENCE)
    aws.cloudtrail([aws.accepted_event(event_id="good", at=clock(3)), removed])
    assert aws.ask().names == ["client-id-list-empty"]
    aws.cloudtrail([removed, aws.accepted_event(event_id="good", at=clock(5))])
    assert aws.ask().accepted


def test_the_name_of_a_service_is_no_source_address(aws: Bundle) -> None:
    inside = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    aws.remove("token.jwt").trust(aws.statement(inside | aws.subject(aws.PATTERN)))
    aws.cloudtrail([aws.event(event_id="bad", at=clock(9), sourceIPAddress="lambda.amazonaws.com")])
    (cause,) = aws.ask().causes
    assert (cause.name, cause.confidence) == ("condition-value-differs", "suspected")
