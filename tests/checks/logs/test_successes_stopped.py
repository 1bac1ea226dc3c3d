"""LOG015: a workload exchanged its token regularly, and does so no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.logs.extract.file import COUNT, Header, write_extract

if TYPE_CHECKING:
    from evidence import Bundle

CHECK = "successes-stopped"
FILE = "us-east-1/exchanges"
HOUR, DAY = 3_600, 86_400


def successes(aws: Bundle, first: int, last: int, each: int = 2 * HOUR, **event: Any) -> list[dict[str, Any]]:
    """A success every two hours. Times are seconds before the bundle's instant."""
    return [
        aws.accepted_event(at=aws.times(-ago), event_id=f"00000000-0000-4000-8000-{ago:012d}", **event)
        for ago in range(first, last - 1, -each)
    ]


def logged(aws: Bundle, records: list[Any], *, until: int = 0, **read: Any) -> Bundle:
    """The records as the manifest says they were read: until so many seconds before the bundle's instant."""
    entry = {"path": f"aws/cloudtrail/{FILE}.json", "call": "cloudtrail:LookupEvents", "outcome": "ok"}
    window = {"from": aws.times(-90 * DAY), "to": aws.times(-until)}
    return aws.cloudtrail(records, FILE).manifest([entry | window | read])


def test_a_workload_that_stopped(aws: Bundle) -> None:
    answer = logged(aws, successes(aws, 30 * DAY, 8 * DAY)).ask()
    (message,) = answer.found(CHECK)
    assert message == (
        f"{aws.SUBJECT.replace('4be1c07', '*')} exchanged its token about 12 times a day until 14 Nov 2026 22:40 UTC, "
        "and not since: 8 days without an attempt, where no pause before was longer than 2 hours"
    )
    row = answer.check(CHECK)
    assert row.effect == "note"
    assert row.findings[0].target == aws.ROLE_ARN
    assert "aws cloudtrail lookup-events --region us-east-1" in row.findings[0].fix
    assert answer.report.exit_code == 0


def test_one_that_goes_on(aws: Bundle) -> None:
    logged(aws, successes(aws, 30 * DAY, HOUR)).ask().passed(CHECK)


def test_logs_that_do_not_reach_the_present(aws: Bundle) -> None:
    records = successes(aws, 30 * DAY, 8 * DAY)
    row = logged(aws, records, until=7 * DAY).ask().skipped(CHECK)
    assert "only known to reach 2026-11-15T22:40:00Z" in row.reason
    logged(aws, records, truncated=True).ask().skipped(CHECK)
    aws.manifest().ask().skipped(CHECK)
    logged(aws, records).ask(until=aws.NOW - 5 * DAY).skipped(CHECK)


def test_another_workload_of_the_role_shows_how_far_they_reach(aws: Bundle) -> None:
    other = successes(aws, 30 * DAY - HOUR, HOUR, subject=aws.SUBJECT.replace("production", "staging"))
    answer = aws.cloudtrail([*successes(aws, 30 * DAY, 8 * DAY), *other], FILE).manifest().ask()
    (message,) = answer.found(CHECK)
    assert "environment=production" in message


def test_files_of_a_trail_show_it_too(aws: Bundle) -> None:
    name = f"AWSLogs/{aws.ACCOUNT}_CloudTrail_us-east-1_{{}}_a1b2c3d4e5f6g7h8"
    aws.manifest().cloudtrail(successes(aws, 30 * DAY, 8 * DAY), name.format("20261115T0000Z"))
    aws.ask().skipped(CHECK)
    aws.cloudtrail([], name.format("20261122T2235Z")).ask().found(CHECK)


@pytest.mark.parametrize("who", ["itself", "no one", "another role"])
def test_a_refusal_since_is_a_cause_already(aws: Bundle, who: str) -> None:
    event: dict[str, Any] = {"no one": {"userIdentity": {"type": "WebIdentityUser"}}}.get(who, {})
    if who == "another role":
        event["role"] = aws.ROLE_ARN + "2"
    records = [*successes(aws, 30 * DAY, 8 * DAY), aws.event(at=aws.times(-7 * DAY), **event)]
    answer = logged(aws, records).ask()
    assert answer.check(CHECK).status == ("failed" if who == "another role" else "passed")


def test_a_new_name_of_the_same_workload(aws: Bundle) -> None:
    renamed = successes(aws, 8 * DAY - HOUR, 5 * DAY, subject=aws.SUBJECT.replace("production", "prod"))
    answer = logged(aws, [*successes(aws, 30 * DAY, 8 * DAY), *renamed]).ask()
    assert not [found for found in answer.check(CHECK).findings if "=production" in found.message]


def test_too_few_successes(aws: Bundle) -> None:
    logged(aws, successes(aws, 86 * DAY, 80 * DAY, each=DAY)).ask().passed(CHECK)


def test_no_logs(aws: Bundle) -> None:
    aws.ask().skipped(CHECK)


def test_google(gcp: Bundle) -> None:
    entries = [
        gcp.log_entry(at=gcp.times(-ago), insert_id=f"at-{ago}") for ago in range(30 * DAY, 8 * DAY - 1, -2 * HOUR)
    ]
    read = {"path": "gcp/logs/entries.json", "call": "logging.entries.list", "outcome": "ok", "to": gcp.times(0)}
    (message,) = gcp.gcp_logs(entries).manifest([read]).ask().found(CHECK)
    assert "exchanged its token about 12 times a day" in message
    gcp.manifest([read | {"truncated": True}]).ask().skipped(CHECK)


def extracted(aws: Bundle, records: list[Any], **read: Any) -> Bundle:
    """The records as a log engine returned them, for a window that reaches the bundle's instant."""
    path = "aws/cloudtrail/athena-1.extract.jsonl.gz"
    entry = {"path": path, "call": "athena:StartQueryExecution", "outcome": "ok"}
    window = {"from": aws.times(-90 * DAY), "to": aws.times(0)}
    aws.write(path, write_extract(Header("cloudtrail", selective=True), records))
    return aws.manifest([entry | window | read])


def test_a_log_engine_does_not_show_how_far_its_table_reaches(aws: Bundle) -> None:
    """A trail that stopped looks like a workload that stopped, unless another workload was logged since."""
    records = successes(aws, 30 * DAY, 8 * DAY)
    row = extracted(aws, records).ask().skipped(CHECK)
    assert "only known to reach" in row.reason
    other = successes(aws, 30 * DAY - HOUR, HOUR, subject=aws.SUBJECT.replace("production", "staging"))
    assert len(extracted(aws, [*records, *other]).ask().found(CHECK)) == 1


def test_pauses_are_those_between_the_attempts_that_were_returned(aws: Bundle) -> None:
    """Of a record that stands for several, the pauses in between are shorter than the one that is seen."""
    records = successes(aws, 30 * DAY, 8 * DAY)
    other = successes(aws, 30 * DAY - HOUR, HOUR, subject=aws.SUBJECT.replace("production", "staging"))
    records[7] |= {COUNT: 5_000}
    del records[8:11]
    (message,) = extracted(aws, [*records, *other]).ask().found(CHECK)
    assert message.endswith("8 days without an attempt, where no pause before was longer than 8 hours")
    assert "about 10 times an hour" in message
