"""A write that was not seen: the kinds of writes that matter, and the files, services, Regions and window searched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, edit, exchanges, of_aws, trust_edit
from oidc_doctor.logs.extract.file import Header, write_extract

if TYPE_CHECKING:
    from evidence import Answer, Bundle


def broke_at_nine(aws: Bundle, *writes: dict[str, Any], name: str = "events", **members: Any) -> Answer:
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour), **members) for hour in range(2, 8)]
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour), **members) for hour in range(9, 14)]
    return aws.cloudtrail([*writes, *good, *bad], name).remove("token.jwt").ask()


def between(answer: Answer) -> str:
    note: str = answer.first.boundary["note"]
    assert "in no log" not in note
    assert "in no file" not in note
    return note


def test_what_was_searched_on_aws(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    answer = broke_at_nine(aws)
    note = between(answer)
    assert f"has no UpdateAssumeRolePolicy, CreateRole or DeleteRole between {clock(7)} and {clock(9)}: " in note
    assert (
        f"aws/cloudtrail/events.json (11 records from {clock(2)} to {clock(13)} in us-east-1, with some of sts." in note
    )
    assert "None of them is a write of iam.amazonaws.com" in note
    assert answer.first.boundary["searched"] == {
        "writes": ["UpdateAssumeRolePolicy", "CreateRole", "DeleteRole"],
        "files": ["aws/cloudtrail/events.json"],
        "records": 11,
        "services": ["sts.amazonaws.com"],
        "regions": ["us-east-1"],
        "from": clock(2),
        "to": clock(13),
    }


@pytest.mark.parametrize("truncated", [True, False])
def test_records_that_were_left_out_when_the_logs_were_gathered(aws: Bundle, truncated: bool) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    aws.manifest([{"path": "aws/cloudtrail/events.json", "outcome": "ok", "truncated": truncated}])
    assert ("were left out when they were gathered" in between(broke_at_nine(aws))) == truncated


def test_the_region_of_iams_writes_may_be_missing(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    assert "None is of us-east-1" in between(broke_at_nine(aws, awsRegion="eu-west-1"))
    harmless = of_aws(aws, "TagRole", clock(8), roleName="ModelWeights")
    note = between(broke_at_nine(aws, harmless))
    assert "None is of" not in note
    assert "No write of iam" not in note


def test_another_step_has_other_writes(aws: Bundle) -> None:
    aws.aws_role(MaxSessionDuration=3600)
    asked = {"roleArn": aws.ROLE_ARN, "roleSessionName": "weights", "durationSeconds": 7200}
    said = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    good = [aws.accepted_event(event_id=f"g{h}", at=clock(h), requestParameters=asked) for h in range(2, 8)]
    refused = {"errorCode": "ValidationError", "errorMessage": said}
    bad = [aws.event(event_id=f"b{h}", at=clock(h), requestParameters=asked, **refused) for h in range(9, 13)]
    assert "has no UpdateRole or CreateRole between" in between(aws.cloudtrail(good + bad).remove("token.jwt").ask())


def test_what_was_searched_on_google(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(condition="assertion.team == 'Another1'")
    note = between(gcp.gcp_logs([*exchanges(gcp, range(2, 8)), *exchanges(gcp, range(9, 14), FALSE)]).ask())
    assert f"has no UpdateWorkloadIdentityPoolProvider between {clock(7)} and {clock(9)}" in note
    assert (
        f"gcp/logs/entries.json (11 records from {clock(2)} to {clock(13)}, with some of sts.googleapis.com)." in note
    )
    assert "None of them is a write of iam.googleapis.com" in note


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_configuration_that_differs_from_the_last_write_was_changed_unseen(
    aws: Bundle, gcp: Bundle, cloud: str
) -> None:
    """The last logged write accepts, what was read refuses: that is no reading that accepts."""
    if cloud == "aws":
        aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
        answer = broke_at_nine(aws, trust_edit(aws, clock(1), aws.TEAM))
    else:
        gcp.remove("token.jwt", "aws").gcp_provider(condition="assertion.team == 'Another1'")
        written = edit(gcp, clock(1), f"assertion.team == '{gcp.TEAM}'")
        answer = gcp.gcp_logs([written, *exchanges(gcp, range(2, 8)), *exchanges(gcp, range(9, 14), FALSE)]).ask()
    note = between(answer)
    assert note.startswith("The last logged write left a configuration that accepts this token")
    assert "The evidence that was read has no " in note
    assert answer.first.change is None
    assert (
        cloud == "gcp" or "in effect until a change that the evidence does not show" in answer.report.fixes[0].summary
    )


def test_logs_alone_name_the_search_as_well(bundle: Bundle) -> None:
    note = between(broke_at_nine(bundle))
    assert note.startswith("The same kind of token passed before")
    assert "has no UpdateAssumeRolePolicy, CreateRole or DeleteRole between" in note


def test_a_search_of_several_files_names_some(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    for number in range(6):
        aws.cloudtrail([of_aws(aws, "TagRole", clock(3, number), roleName="Other")], f"n{number}")
    assert "n1.json and 4 more (17 records" in between(broke_at_nine(aws))


def test_a_write_that_was_seen_is_not_denied(aws: Bundle) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    seen = [trust_edit(aws, clock(1), "Another1"), trust_edit(aws, clock(8), "Another1")]
    note = between(broke_at_nine(aws, *seen))
    assert "The write of that time, UpdateAssumeRolePolicy by arn:aws:sts::" in note
    assert f"/deploy-bot, {clock(8)} (event edit-{clock(8)})" in note
    assert "does not decide it by the evidence that was read. That evidence has no other UpdateAssumeRolePolicy" in note


def test_a_log_engine_that_returned_no_write_proves_nothing(aws: Bundle) -> None:
    """Its table may lack them; and a Region without an event of ours says nothing."""
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour), awsRegion="eu-west-1") for hour in range(2, 8)]
    bad = [aws.event(event_id=f"bad-{hour}", at=clock(hour), awsRegion="eu-west-1") for hour in range(9, 14)]
    extract = write_extract(Header("cloudtrail", selective=True), [*good, *bad])
    answer = aws.write("aws/cloudtrail/athena-1.extract.jsonl.gz", extract).remove("token.jwt").ask()
    note = between(answer)
    assert "A log engine returned no write of iam.amazonaws.com; whether its table has writes is not known." in note
    assert "None is of us-east-1" not in note
    assert "of a kind that omits" not in note
