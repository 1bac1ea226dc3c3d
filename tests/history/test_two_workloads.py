"""Two workloads are two: a kind of token that appears is no change, and counts say whose they are."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, policy_edit, set_policy, trust_edit
from oidc_doctor.model.steps import CLOUDS
from oidc_doctor.report.formats import render
from oidc_doctor.report.json import to_json
from oidc_doctor.report.parts import attempts, sentences
from oidc_doctor.report.rows import log_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from evidence import Answer, Bundle
    from oidc_doctor.model.report import Report


def subject(bundle: Bundle, **parts: str) -> str:
    names = dict(part.split("=") for part in bundle.SUBJECT.split(":"))
    return ":".join(f"{name}={value}" for name, value in (names | parts).items())


def texts(report: Report) -> list[str]:
    return [render(report, form, width=100, color=False, verbose=True) for form in ("text", "markdown", "json")]


def accepted_and_refused(aws: Bundle, old: str, new: str, hours: tuple[range, range], **changes: Any) -> Answer:
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"old-{hour}", at=clock(hour), subject=old) for hour in hours[0]),
            *(aws.event(event_id=f"new-{hour}", at=clock(hour), subject=new, **changes) for hour in hours[1]),
        ]
    )
    return aws.remove("token.jwt").ask()


BESIDE, AFTER = (range(2, 16), range(8, 14)), (range(2, 8), range(8, 14))
OTHER = [
    ("*:type=model_container", {"type": "model_build"}, "type model_build"),
    ("*:environment=production:*", {"environment": "staging"}, "environment staging"),
    ("model=mWq41ZpK:*", {"model": "mZz90AbC", "deployment": "9fe0a11"}, "model mZz90AbC"),
]


@pytest.mark.parametrize("hours", [BESIDE, AFTER])
@pytest.mark.parametrize(("pattern", "parts", "said"), OTHER)
def test_another_workload_is_a_new_kind_of_token_on_aws(
    aws: Bundle, pattern: str, parts: dict[str, str], said: str, hours: tuple[range, range]
) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:{pattern}")))
    answer = accepted_and_refused(aws, aws.SUBJECT, subject(aws, **parts), hours)
    seen = answer.first.token_change
    assert seen is not None
    assert (seen["kind"], seen["first_seen"]) == ("new-kind", clock(8))
    assert seen["old_last_seen"] == clock(hours[0][-1])
    assert said in seen["text"]
    between = "next to" if hours is BESIDE else "after"
    assert f"{said} {between} " in seen["text"]
    assert "since 22 Nov 2026 08:00 UTC, when a new kind of token first appeared: " in answer.first.summary
    assert all("token changed" not in text for text in texts(answer.report))
    assert "a new kind of token, first seen 22 Nov 08:00 UTC" in texts(answer.report)[0]


@pytest.mark.parametrize("parts", [{"type": "model_build"}, {"environment": "staging"}])
def test_another_workload_is_a_new_kind_of_token_on_google(gcp: Bundle, parts: dict[str, str]) -> None:
    ((name, _),) = parts.items()
    gcp.remove("token.jwt").gcp_provider(condition=f"assertion.{name} == '{dict(MEMBERS)[name]}'")
    gcp.gcp_logs(
        [
            *(gcp.log_entry(insert_id=f"old-{hour}", at=clock(hour)) for hour in range(2, 16)),
            *(
                gcp.log_entry(insert_id=f"new-{hour}", at=clock(hour), message=FALSE, subject=subject(gcp, **parts))
                for hour in range(8, 14)
            ),
        ]
    )
    answer = gcp.ask()
    assert answer.first.token_change["kind"] == "new-kind"
    assert "since 22 Nov 2026 08:00 UTC, when a new kind of token first appeared" in answer.first.summary
    assert all("token changed" not in text for text in texts(answer.report))


MEMBERS = [("type", "model_container"), ("environment", "production")]


@pytest.mark.parametrize(("hours", "kind"), [(AFTER, "changed"), (BESIDE, "new-kind")])
def test_a_new_form_is_a_change_only_where_the_old_one_stopped(
    aws: Bundle, hours: tuple[range, range], kind: str
) -> None:
    old = aws.SUBJECT.replace("environment=", "env=")
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:env=production:*")))
    seen = accepted_and_refused(aws, old, subject(aws, deployment="9fe0a11"), hours).first.token_change
    assert (seen["what"], seen["kind"]) == ("subject-form", kind)


@pytest.mark.parametrize("other", [{"environment": "staging"}, {"model": "mZz90AbC"}])
def test_a_new_form_of_another_workload_is_no_change(aws: Bundle, other: dict[str, str]) -> None:
    old = aws.SUBJECT.replace("environment=", "env=")
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:env=production:*")))
    assert accepted_and_refused(aws, old, subject(aws, **other), AFTER).first.token_change["kind"] == "new-kind"


def test_another_kind_of_run_is_no_change(github: Bundle) -> None:
    host = github.GITHUB.removeprefix("https://")
    arn = f"arn:aws:iam::{github.ACCOUNT}:oidc-provider/{host}"

    def run(**changes: Any) -> dict[str, Any]:
        token = changes.pop("subject")
        who = {"principalId": f"{arn}:sts.amazonaws.com:{token}", "userName": token, "identityProvider": arn}
        response = {"responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLEEXAMPLE00"}}}
        good = {"errorCode": ..., "errorMessage": ...} | response if changes.pop("good") else {}
        return github.event(subject=token, **{"userIdentity": {"type": "WebIdentityUser"} | who} | good | changes)

    request = "repo:octo-org/weights:pull_request"
    github.cloudtrail(
        [
            *(run(good=True, event_id=f"a{hour}", at=clock(hour), subject=github.GITHUB_SUBJECT) for hour in AFTER[0]),
            *(run(good=False, event_id=f"b{hour}", at=clock(hour), subject=request) for hour in AFTER[1]),
        ]
    )
    assert github.remove("token.jwt").ask().first.token_change["kind"] == "new-kind"


@pytest.mark.parametrize(("hours", "kind"), [(AFTER, "changed"), (BESIDE, "new-kind")])
def test_another_address_is_a_change_only_where_the_old_one_stopped(
    aws: Bundle, hours: tuple[range, range], kind: str
) -> None:
    inside = {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}
    aws.trust(aws.statement(inside | aws.subject(aws.PATTERN)))
    answer = accepted_and_refused(aws, aws.SUBJECT, aws.SUBJECT, hours, sourceIPAddress="203.0.113.9")
    assert answer.first.token_change["kind"] == kind
    assert ("request changed" in texts(answer.report)[0]) == (kind == "changed")
    assert ("a new kind of request, first seen 22 Nov 08:00 UTC" in texts(answer.report)[0]) == (kind == "new-kind")


@pytest.mark.parametrize(("hours", "kind"), [(AFTER, "changed"), (BESIDE, "new-kind")])
def test_another_deployment_is_a_change_only_where_the_old_one_stopped(
    aws: Bundle, hours: tuple[range, range], kind: str
) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:deployment=4be1c07:*")))
    answer = accepted_and_refused(aws, aws.SUBJECT, subject(aws, deployment="9fe0a11"), hours)
    assert answer.first.token_change["kind"] == kind


def test_logs_alone_show_a_new_kind_of_token(bundle: Bundle) -> None:
    """Nothing of the role was read: what refuses is not known, and that the kind of token is new is."""
    build = subject(bundle, type="model_build")
    events = [bundle.accepted_event(event_id=f"old-{hour}", at=clock(hour)) for hour in range(2, 16)]
    events += [bundle.event(event_id=f"new-{hour}", at=clock(hour, 5), subject=build) for hour in range(8, 16)]
    cause = bundle.cloudtrail(events).ask().first
    assert (cause.name, cause.confidence, cause.change) == ("refused-unexplained", "suspected", None)
    assert (cause.token_change["kind"], cause.token_change["first_seen"]) == ("new-kind", clock(8, 5))


def test_a_kind_that_was_accepted_before_did_not_come_now(aws: Bundle) -> None:
    """The role was edited where no log shows it: the staging tokens that are refused now were accepted before."""
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:environment=production:*")))
    staging = subject(aws, environment="staging")
    events = [aws.accepted_event(event_id=f"old-{hour}", at=clock(hour)) for hour in range(1, 20)]
    events += [aws.accepted_event(event_id=f"ok-{hour}", at=clock(hour, 5), subject=staging) for hour in range(1, 8)]
    events += [aws.event(event_id=f"bad-{hour}", at=clock(hour, 5), subject=staging) for hour in range(8, 20)]
    cause = aws.cloudtrail(events).remove("token.jwt").ask().first
    assert cause.token_change is None
    assert (cause.change, cause.since) == (None, clock(8, 5))


def test_refusals_of_another_workload_are_not_this_ones(aws: Bundle) -> None:
    """The newest attempt on the role is another workload's, and was refused; this token's own was accepted."""
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:type=model_container")))
    build = subject(aws, type="model_build")
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 9)),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour), subject=build) for hour in range(9, 12)),
        ]
    )
    answer = aws.ask()
    assert not sentences.seen_refused(answer.report, answer.exchange())
    said = attempts.logged(answer.report, answer.exchange())
    assert said.startswith("7 accepted (last 22 Nov 08:00 UTC)")
    assert "exchanges of another kind of token: 3 refused" in said


Counts = Counter[tuple[str, str, str, str]]  # cloud, step, type of workload, outcome
_COUNTED = re.compile(r"([\d,]+) (exchange|impersonation)s? with (AWS|Google Cloud) (accepted|refused)\b")
_TYPE = re.compile(r"type=\s*(model_\w+)")


def in_words(text: str) -> Counts:
    """The counts that a part of a report states: each with its cloud, its step, and whose they are."""
    joined = " ".join(text.split())
    found: Counts = Counter()
    hits = list(_COUNTED.finditer(joined))
    for hit, following in zip(hits, [*hits[1:], None], strict=True):
        rest = joined[hit.end() : following.start() if following else len(joined)]
        kind = _TYPE.search(rest)
        assert kind, f"a count does not say whose it is: {hit[0]}{rest[:80]}"
        found[hit[3], hit[2], kind[1], hit[4]] += int(hit[1].replace(",", ""))
    return found


def in_rows(rows: Iterable[tuple[str, str, str | None, str, int]]) -> Counts:
    found: Counts = Counter()
    for cloud, step, name, outcome, count in rows:
        kind = _TYPE.search(name or "")
        assert kind
        step_name = "impersonation" if step == "impersonate" else "exchange"
        found[CLOUDS[cloud], step_name, kind[1], outcome] += count
    return found


def two_workloads(bundle: Bundle) -> Answer:
    """Containers that are accepted in both clouds, and builds that appear and are refused, at the same seconds."""
    bundle.aws_provider().target(
        aws={"role_arn": bundle.ROLE_ARN, "role_session_name": "weights", "region": "us-east-1"},
        gcp={
            "provider": bundle.GCP_PROVIDER,
            "audience": f"//iam.googleapis.com/{bundle.GCP_PROVIDER}",
            "service_account": bundle.SERVICE_ACCOUNT,
        },
    )
    bundle.trust(bundle.statement(bundle.subject(f"v=1:org={bundle.ORG}:team={bundle.TEAM}:*:type=model_container")))
    bundle.gcp_provider(condition="google.subject.endsWith(':type=model_container')")
    build = subject(bundle, type="model_build")
    principal = f"principal://iam.googleapis.com/{bundle.POOL}/subject/{bundle.SUBJECT}"
    records, entries = [], []
    for hour in range(2, 18):
        records.append(bundle.accepted_event(event_id=f"a{hour}", at=clock(hour)))
        entries.append(bundle.log_entry(insert_id=f"g{hour}", at=clock(hour)))
        impersonation = {
            "methodName": "GenerateAccessToken",
            "serviceName": "iamcredentials.googleapis.com",
            "metadata": {"identityDelegationChain": [f"projects/-/serviceAccounts/{bundle.SERVICE_ACCOUNT}"]},
            "authenticationInfo": {"principalSubject": principal},
            "resourceName": "projects/-/serviceAccounts/109876543210987654321",
            "request": {},
        }
        entries.append(bundle.log_entry(impersonation, insert_id=f"i{hour}", at=clock(hour)))
        if hour > 9:
            records.append(bundle.event(event_id=f"b{hour}", at=clock(hour), subject=build))
        if hour > 11:
            entries.append(bundle.log_entry(insert_id=f"h{hour}", at=clock(hour), subject=build, message=FALSE))
    return bundle.cloudtrail(records).gcp_logs(entries).remove("token.jwt").ask()


def test_counts_are_equal_wherever_they_are_shown(gcp: Bundle) -> None:
    report = two_workloads(gcp).report
    expected = Counter(
        {
            ("AWS", "exchange", "model_container", "accepted"): 16,
            ("AWS", "exchange", "model_build", "refused"): 8,
            ("Google Cloud", "exchange", "model_container", "accepted"): 16,
            ("Google Cloud", "exchange", "model_build", "refused"): 6,
            ("Google Cloud", "impersonation", "model_container", "accepted"): 16,
        }
    )
    text, markdown, _ = texts(report)
    shown = to_json(report)
    runs = [entry for entry in shown["timeline"] if entry["kind"] == "attempts"]
    assert (
        in_rows((r["cloud"], r["step"], r["family"], r["outcome"], r["count"]) for r in shown["attempts"]) == expected
    )
    assert in_rows((r["cloud"], r["step"], r["subject"], r["outcome"], r["count"]) for r in runs) == expected
    for whole in (text, markdown):
        course = re.split(r"Timeline", whole)[1].partition("Also")[0]
        assert in_words(course) == expected
        assert in_words(whole.partition("Logged attempts")[2].partition("  Checks")[0]) == expected
    screen = [row for row in log_rows.rows(report) if row.attempt is not None]
    assert in_words("\n".join(log_rows.label(report, row) for row in screen)) == expected
    series = log_rows.series(report)
    assert series is not None
    totals = {(lane.cloud, lane.call, lane.outcome): sum(numbers) for lane, numbers in series.counts.items()}
    assert totals == {
        ("aws", "exchange", "accepted"): 16,
        ("aws", "exchange", "refused"): 8,
        ("gcp", "exchange", "accepted"): 16,
        ("gcp", "exchange", "refused"): 6,
        ("gcp", "impersonation", "accepted"): 16,
        ("gcp", "impersonation", "refused"): 0,
    }
    assert {cause.cloud: cause.timing.refused_since for cause in report.causes} == {"aws": 8, "gcp": 6}
    assert "8 refused since" in text
    assert "6 refused since" in text


def test_a_count_of_several_workloads_says_how_many_are_this_ones(aws: Bundle) -> None:
    """One edit refuses two workloads: the outage counts both, and says whose."""
    staging = subject(aws, environment="staging", deployment="9fe0a11")
    good, bad = [], []
    for hour in range(2, 8):
        good += [
            aws.accepted_event(event_id=f"a{hour}{n}", at=clock(hour, n), subject=s) for n, s in both(aws, staging)
        ]
    for hour in range(9, 12):
        bad += [aws.event(event_id=f"b{hour}{n}", at=clock(hour, n), subject=s) for n, s in both(aws, staging)]
    bad.append(aws.event(event_id="last", at=clock(13)))
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    first, edit = trust_edit(aws, clock(1), aws.TEAM), trust_edit(aws, clock(8, 30), "Another1")
    answer = aws.cloudtrail([first, *good, edit, *bad]).remove("token.jwt").ask()
    timing = answer.first.cause.timing
    assert (timing.refused_since, timing.kinds, timing.refused_of_kind) == (7, 2, 4)
    since = attempts.since(answer.report, answer.exchange(), answer.report.causes[0])
    assert since.endswith("7 refused since, 12 accepted before (exchanges of 2 kinds of token, 4 refused of this one)")
    refused = [row for row in answer.report.attempts if row.outcome == "refused"]
    assert sorted(row.count for row in refused) == [3, 4]
    shown = [entry for entry in answer.report.timeline if entry.get("outcome") == "refused"]
    assert sum(entry["count"] for entry in shown) == 7
    assert [len(entry["families"]) for entry in shown] == [2]
    assert "7 refused, of 2 kinds of token" in texts(answer.report)[0]


def test_another_workload_that_is_refused_for_its_own_reason_is_named(aws: Bundle) -> None:
    """An edit refuses one workload; another one was refused all along, and was seen last: the edit comes first."""
    build = subject(aws, type="model_build")
    container = aws.policy(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={aws.TEAM}:*:type=model_container")))
    edited = aws.policy(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*:type=model_container")))
    events = [policy_edit(aws, clock(1), container), policy_edit(aws, clock(8, 30), edited)]
    events += [aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(2, 8)]
    events += [aws.event(event_id=f"b{hour}", at=clock(hour)) for hour in range(9, 12)]
    events += [aws.event(event_id=f"c{hour}", at=clock(hour, 5), subject=build) for hour in range(2, 14)]
    answer = aws.aws_role(edited).cloudtrail(events).remove("token.jwt").ask()
    assert answer.exchange().subject == aws.SUBJECT
    assert answer.first.change is not None
    cause = answer.report.causes[0]
    assert attempts.since(answer.report, answer.exchange(), cause).endswith("3 refused since, 6 accepted before")
    said = attempts.others(answer.report, answer.exchange(), cause)
    assert said.startswith("exchanges of another kind of token: 12 refused (last 22 Nov 13:05 UTC)")
    assert build in said
    asked = aws.ask(subject=build)
    assert asked.first.change is None


def test_a_run_names_the_kinds_that_it_counts(aws: Bundle) -> None:
    staging = subject(aws, environment="staging", deployment="9fe0a11")
    good = [aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(2, 8)]
    bad = [
        aws.event(event_id=f"b{hour}{n}", at=clock(hour, n), subject=s)
        for hour in (9, 10)
        for n, s in both(aws, staging)
    ]
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    first, edit = trust_edit(aws, clock(1), aws.TEAM), trust_edit(aws, clock(8, 30), "Another1")
    report = aws.cloudtrail([first, *good, edit, *bad]).remove("token.jwt").ask().report
    runs = [
        (entry["outcome"], entry["count"], len(entry["families"])) for entry in report.timeline if "outcome" in entry
    ]
    assert runs == [("accepted", 6, 1), ("refused", 4, 2)]


def both(aws: Bundle, other: str) -> list[tuple[int, str]]:
    return [(0, aws.SUBJECT), (10, other)]


def test_many_workloads_are_as_many_in_each_part(aws: Bundle) -> None:
    models = [subject(aws, model=f"m{number:02}") for number in range(30)]
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    good = [aws.accepted_event(event_id=f"a{n}", at=clock(2, n), subject=s) for n, s in enumerate(models)]
    bad = [aws.event(event_id=f"b{n}", at=clock(9, n), subject=s) for n, s in enumerate(models)]
    first, edit = trust_edit(aws, clock(1), aws.TEAM), trust_edit(aws, clock(8, 30), "Another1")
    text = " ".join(texts(aws.cloudtrail([first, *good, edit, *bad]).remove("token.jwt").ask().report)[0].split())
    assert "30 refused since, 30 accepted before (exchanges of 30 kinds of token, 1 refused of this one)" in text
    assert "30 accepted, of 30 kinds of token" in text
    assert "30 refused, of 30 kinds of token" in text


def test_impersonations_without_a_caller_are_counted_once(gcp: Bundle) -> None:
    """Two workloads whose callers are named, and successes that name the account alone: those may be of either."""
    entries = []
    other = subject(gcp, type="model_build")
    for hour in range(2, 8):
        for minute, name in ((0, gcp.SUBJECT), (10, other)):
            at = clock(hour, minute)
            principal = f"principal://iam.googleapis.com/{gcp.POOL}/subject/{name}"
            entries.append(gcp.log_entry(insert_id=f"e{at}", at=at, subject=name))
            entries.append(impersonation(gcp, at, {"principalSubject": principal}))
        entries.append(impersonation(gcp, clock(hour, 30), {"principalEmail": gcp.SERVICE_ACCOUNT}))
    report = gcp.gcp_logs(entries).remove("token.jwt").ask().report
    counted = Counter({("exchange"): 0})
    for entry in report.timeline:
        counted[entry["step"]] += entry["count"]
    rows: Counter[str] = Counter()
    for row in report.attempts:
        rows[row.step] += row.count
    assert counted == rows == {"exchange": 12, "impersonate": 18}


def impersonation(gcp: Bundle, at: str, caller: dict[str, str]) -> dict[str, Any]:
    payload = {
        "methodName": "GenerateAccessToken",
        "serviceName": "iamcredentials.googleapis.com",
        "metadata": {"identityDelegationChain": [f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"]},
        "authenticationInfo": caller,
        "resourceName": "projects/-/serviceAccounts/109876543210987654321",
        "request": {},
    }
    return gcp.log_entry(payload, insert_id=f"i{at}", at=at)


def test_attempts_of_unknown_outcome_are_not_refusals(aws: Bundle) -> None:
    events = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    events += [aws.event(event_id=f"cut-{hour}", at=clock(hour), errorCode=..., errorMessage=...) for hour in (7, 8)]
    report = aws.cloudtrail(events).ask().report
    assert {(entry["outcome"], entry["count"]) for entry in report.timeline} == {("accepted", 4), ("unknown", 2)}


@pytest.mark.parametrize("both_break", [False, True])
def test_workloads_that_do_not_break_together_are_apart_where_nothing_was_read(
    bundle: Bundle, both_break: bool
) -> None:
    """Without a configuration nothing tells what decides on them; their outcomes tell that it differs."""
    build = subject(bundle, type="model_build")
    events = [bundle.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(2, 8)]
    later = bundle.event if both_break else bundle.accepted_event
    events += [later(event_id=f"a{hour}", at=clock(hour)) for hour in range(9, 16)]
    events += [bundle.accepted_event(event_id=f"b{hour}", at=clock(hour, 5), subject=build) for hour in range(2, 8)]
    events += [bundle.event(event_id=f"c{hour}", at=clock(hour, 5), subject=build) for hour in range(9, 16)]
    answer = bundle.cloudtrail(events).ask()
    timing = answer.first.cause.timing
    expected = (clock(9), 14, 12, 2) if both_break else (clock(9, 5), 7, 6, 1)
    assert (timing.since, timing.refused_since, timing.accepted_before, timing.kinds) == expected
    assert len(answer.report.timeline) == (2 if both_break else 3)


def impersonated(gcp: Bundle, hour: int, name: str, *, refused: bool) -> dict[str, Any]:
    principal = f"principal://iam.googleapis.com/{gcp.POOL}/subject/{name}"
    entry = impersonation(gcp, clock(hour, 5 if "build" in name else 0), {"principalSubject": principal})
    entry["protoPayload"]["status"] = {"code": 7, "message": "PERMISSION_DENIED"} if refused else {}
    return entry


def test_a_binding_taken_from_one_of_two_principals_is_named_from_logs_alone(bundle: Bundle) -> None:
    build = subject(bundle, type="model_build")
    entries = [impersonated(bundle, hour, bundle.SUBJECT, refused=hour > 8) for hour in range(2, 14)]
    entries += [impersonated(bundle, hour, build, refused=False) for hour in range(2, 14)]
    member = f"principal://iam.googleapis.com/{bundle.POOL}/subject/{bundle.SUBJECT}"
    taken = set_policy(bundle, clock(8, 30), f"projects/-/serviceAccounts/{bundle.SERVICE_ACCOUNT}", member)
    taken["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"][0]["action"] = "REMOVE"
    taken["resource"]["labels"] = {"email_id": bundle.SERVICE_ACCOUNT}
    answer = bundle.gcp_logs([*entries, taken]).ask()
    assert answer.report.verdict == "refused"
    cause = answer.first
    assert cause.change["event_id"] == taken["insertId"]
    assert cause.change["diff"].endswith(f"- roles/iam.workloadIdentityUser {member}")
    assert (cause.cause.timing.refused_since, cause.cause.timing.accepted_before) == (5, 7)
    text = "".join(texts(answer.report)[0].split())
    assert f"principal{member}" in text


def test_copies_are_said_beside_the_records_that_were_read(aws: Bundle) -> None:
    events = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 6)]
    answer = aws.cloudtrail(events, "a").cloudtrail(events[:3], "b").ask()
    assert [row.count for row in answer.report.attempts] == [4]
    (row,) = [row for row in answer.report.coverage if row.what == "aws/cloudtrail"]
    assert (row.count, row.reason) == (7, "3 of them are copies of another, and count once")
    (row,) = [row for row in aws.remove("aws/cloudtrail/b.json").report().coverage if row.what == "aws/cloudtrail"]
    assert row.reason == ""


@pytest.mark.parametrize(("logged", "is_confirmed"), [("another model", True), ("another case", False)])
def test_a_workload_that_is_refused_for_another_reason_confirms_nothing(
    aws: Bundle, logged: str, is_confirmed: bool
) -> None:
    """The token's own workload is not in the logs: another one may stand for it only where both fail alike."""
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    parts = {"another model": {"model": "mZz90AbC"}, "another case": {"team": "another1"}}[logged]
    aws.cloudtrail([aws.event(event_id="other", at=clock(9), subject=subject(aws, **parts))])
    first = aws.ask().first
    assert first.name == "subject-segment-differs"
    assert (first.confirmed_by == ["other"]) is is_confirmed
    assert (first.timing.refused_since == 1) is is_confirmed
