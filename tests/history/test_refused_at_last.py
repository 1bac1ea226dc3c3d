"""Refusals on a configuration that accepts by all that was read: the headline follows what happened last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, edit, exchanges, impersonation, of_aws, set_policy
from oidc_doctor.report.parts.sentences import verdict

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.answer import Answer

DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


def headline(answer: Answer) -> tuple[str, str]:
    return verdict(answer.report, answer.exchange())


def impersonations(gcp: Bundle, hours: range, refused: str = "", **told: Any) -> list[dict[str, Any]]:
    return [impersonation(gcp, clock(hour).replace("00Z", "01Z"), refused, **told) for hour in hours]


@pytest.mark.parametrize("message", [DENIED, "PERMISSION_DENIED", "The caller does not have permission"])
@pytest.mark.parametrize("caller", [False, True])
@pytest.mark.parametrize("exchanged", [False, True])
def test_an_impersonation_that_is_refused_without_any_change(
    gcp: Bundle, message: str, caller: bool, exchanged: bool
) -> None:
    gcp.remove("token.jwt").service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    accounts = [*impersonations(gcp, range(2, 9)), *impersonations(gcp, range(9, 14), message, caller=caller)]
    answer = gcp.gcp_logs([*(exchanges(gcp, range(2, 14)) if exchanged else []), *accounts]).ask()
    sign, sentence = headline(answer)
    assert sign == "✗"
    assert sentence.startswith(f"Google Cloud refused this token at the impersonation of {gcp.SERVICE_ACCOUNT}: ")
    assert (answer.first.name, answer.first.step) == ("outside-the-allow-policy", "impersonate")
    assert (answer.first.confidence, answer.first.since) == ("suspected", "2026-11-22T09:00:01Z")
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_an_exchange_that_is_refused_without_any_change(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_logs([*exchanges(gcp, range(2, 9)), *exchanges(gcp, range(9, 14), FALSE)])
    answer = gcp.ask()
    assert headline(answer)[1].startswith("Google Cloud refused this token at the exchange: no evidence that was read")
    assert (answer.first.name, answer.first.step) == ("refused-unexplained", "condition")


def test_a_later_exchange_does_not_end_a_refused_impersonation(gcp: Bundle) -> None:
    accounts = [*impersonations(gcp, range(2, 9)), *impersonations(gcp, range(9, 14), DENIED)]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 16)), *accounts]).ask()
    assert headline(answer)[0] == "✗"
    last = answer.exchange().last_attempt
    assert last is not None
    assert (last["step"], last["outcome"], last["time"]) == ("impersonate", "refused", "2026-11-22T13:00:01Z")


def test_a_refused_exchange_is_not_ended_by_an_impersonation_from_an_earlier_one(gcp: Bundle) -> None:
    bad = [gcp.log_entry(insert_id=f"bad-{hour}", at=clock(hour), message=FALSE) for hour in range(9, 12)]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 9)), *impersonations(gcp, range(2, 14)), *bad]).ask()
    assert headline(answer)[1].startswith("Google Cloud refused this token at the exchange")


def test_the_success_of_another_workload_does_not_end_it(gcp: Bundle) -> None:
    build = gcp.SUBJECT.replace("model_container", "model_build")
    others = [gcp.log_entry(insert_id=f"other-{hour}", at=clock(hour, 30), subject=build) for hour in range(9, 16)]
    logs = [*exchanges(gcp, range(2, 9)), *exchanges(gcp, range(9, 14), FALSE), *others]
    for given in (gcp.gcp_logs(logs), gcp.remove("token.jwt")):
        answer = given.ask()
        assert answer.exchange().subject == gcp.SUBJECT
        assert headline(answer)[0] == "✗"
    answer = gcp.remove("token.jwt").gcp_logs([*exchanges(gcp, range(2, 9), FALSE), *others]).ask(subject=build)
    assert headline(answer)[0] == "✓", "and the refusals of one are not another's"


@pytest.mark.parametrize("given", [True, False])
def test_callers_that_google_names_are_told_apart_without_any_exchange(gcp: Bundle, given: bool) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    build = gcp.SUBJECT.replace("model_container", "model_build")
    good = [impersonation(gcp, clock(hour)) for hour in range(2, 14)]
    other = [impersonation(gcp, clock(hour, 5), DENIED if hour > 8 else "", subject=build) for hour in range(2, 14)]
    answer = gcp.gcp_logs([*good, *other]).ask()
    assert headline(answer)[0] == "✓", "it is not this token's refusal"
    assert answer.causes == []
    answer = (gcp.token(gcp.claims_of(sub=build)) if given else gcp.remove("token.jwt")).ask()
    assert headline(answer)[0] == "✗"
    assert (answer.first.name, answer.first.since) == ("outside-the-allow-policy", clock(9, 5))
    assert (answer.first.refused_since, answer.first.accepted_before) == (5, 7)


def test_a_refusal_without_a_caller_is_not_of_a_workload_that_was_accepted_since(gcp: Bundle) -> None:
    """Two workloads share an address, so that the denials are joined to no exchange of either."""
    build = gcp.SUBJECT.replace("model_container", "model_build")
    shared: dict[str, Any] = {"callerIp": "private"}
    own = [gcp.log_entry(at=clock(hour), insert_id=f"own-{hour}") for hour in range(2, 14)]
    others = [gcp.log_entry(at=clock(hour, 5), insert_id=f"build-{hour}", subject=build) for hour in range(2, 14)]
    good = impersonations(gcp, range(2, 14))
    denied = [impersonation(gcp, clock(hour, 6), DENIED, caller=False) for hour in range(9, 14)]
    for entry in (*own, *others, *good, *denied):
        entry["protoPayload"]["requestMetadata"] = shared
    answer = gcp.gcp_logs([*own, *others, *good, *denied]).ask()
    assert headline(answer)[0] == "✓"
    assert answer.causes == []
    answer = gcp.gcp_logs([*own, *others, *good[:7], *denied]).ask()
    assert headline(answer)[0] == "✗", "it may be this token's as well, and none was accepted since"


def test_what_is_over_is_past(gcp: Bundle) -> None:
    logs = [*exchanges(gcp, range(2, 18)), *impersonations(gcp, range(2, 9))]
    logs += [*impersonations(gcp, range(9, 12), DENIED), *impersonations(gcp, range(12, 18))]
    answer = gcp.gcp_logs(logs).ask()
    assert headline(answer)[0] == "✓"
    (cause,) = answer.causes
    assert (cause.name, cause.step, cause.status) == ("outside-the-allow-policy", "impersonate", "past")
    assert (cause.since, cause.until) == ("2026-11-22T09:00:01Z", "2026-11-22T12:00:01Z")
    assert (answer.report.verdict, answer.report.exit_code) == ("healthy", 0)


def test_many_like_outages_that_are_over_are_one_cause(gcp: Bundle) -> None:
    logs = [*exchanges(gcp, range(2, 18))]
    for hour in range(2, 18):
        logs += impersonations(gcp, range(hour, hour + 1), "" if hour % 3 else DENIED)
    answer = gcp.gcp_logs(logs).ask()
    assert [(cause.name, cause.since) for cause in answer.causes] == [
        ("outside-the-allow-policy", "2026-11-22T15:00:01Z")
    ]


def test_what_the_sentence_named_is_named_when_it_is_over(gcp: Bundle) -> None:
    said = "The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds."
    logs = [*exchanges(gcp, range(2, 9)), *exchanges(gcp, range(9, 11), said), *exchanges(gcp, range(11, 14))]
    answer = gcp.gcp_logs(logs).ask()
    assert [(cause.name, cause.status) for cause in answer.causes] == [("request-throttled", "past")]
    assert headline(answer)[0] == "✓"


def test_refusals_that_go_on_after_the_mending_write_are_another_outage(gcp: Bundle) -> None:
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    removed = set_policy(gcp, clock(6, 30), account, gcp.MEMBER)
    removed["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"][0]["action"] = "REMOVE"
    logs = [*exchanges(gcp, range(2, 16)), *impersonations(gcp, range(2, 6)), removed]
    logs += [*impersonations(gcp, range(7, 16), DENIED), set_policy(gcp, clock(9, 40), account, gcp.MEMBER)]
    answer = gcp.gcp_logs(logs).ask()
    now, past = answer.causes
    assert (now.name, now.since, now.refused_since) == ("outside-the-allow-policy", "2026-11-22T10:00:01Z", 6)
    assert (past.name, past.status, past.until) == ("impersonation-binding-missing", "past", clock(9, 40))
    assert (past.since, past.refused_since) == ("2026-11-22T07:00:01Z", 3)


def test_what_a_write_mended_is_past_though_nobody_came_since(gcp: Bundle) -> None:
    right = f"google.subject.startsWith('v=1:org={gcp.ORG}:team={gcp.TEAM}:')"
    gcp.remove("token.jwt").gcp_logs(
        [
            *exchanges(gcp, range(2, 6)),
            edit(gcp, clock(6, 30), "google.subject.startsWith('v=1:org=Another1:')"),
            *exchanges(gcp, range(7, 11), FALSE),
            edit(gcp, clock(11, 30), right),
        ]
    )
    answer = gcp.ask()
    sign, sentence = headline(answer)
    assert sign == "✓"
    assert sentence.startswith(
        "Google Cloud refused this token until 22 Nov 11:30 UTC; the configuration since then accepts it"
    )
    assert [(cause.status, cause.until) for cause in answer.causes] == [("past", clock(11, 30))]
    last = answer.exchange().last_attempt
    assert last is not None
    assert (last["outcome"], last["over"]) == ("refused", True)


@pytest.mark.parametrize(
    ("minutes", "name"), [(2, "propagation-delay"), (8, "propagation-delay"), (25, "outside-the-allow-policy")]
)
def test_a_change_is_too_new_for_minutes_only(gcp: Bundle, minutes: int, name: str) -> None:
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    written = set_policy(gcp, clock(8, 60 - minutes), account, gcp.MEMBER)
    logs = [*impersonations(gcp, range(2, 8), DENIED), written, *impersonations(gcp, range(9, 10), DENIED)]
    answer = gcp.remove("token.jwt").gcp_logs([*exchanges(gcp, range(2, 10)), *logs]).ask()
    assert answer.first.name == name
    assert headline(answer)[0] == "✗"
    assert answer.first.boundary is not None
    named = f"SetIamPolicy by ops@acme.example, {clock(8, 60 - minutes)}" in answer.first.boundary["note"]
    assert named is (name == "propagation-delay")


def test_a_young_write_before_which_it_was_accepted_is_no_delay(gcp: Bundle) -> None:
    """The binding of somebody else was written: what binds this principal is as old as before."""
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    written = set_policy(gcp, clock(8, 58), account, "user:ops@acme.example")
    accounts = [*impersonations(gcp, range(2, 8)), written, *impersonations(gcp, range(9, 10), DENIED)]
    gcp.service_account_policy(gcp.MEMBER, "user:ops@acme.example")
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 10)), *accounts]).ask()
    assert answer.names == ["outside-the-allow-policy"]


def test_a_write_that_the_refused_step_does_not_depend_on_is_no_delay_on_google(gcp: Bundle) -> None:
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    good = exchanges(gcp, range(2, 8))
    written = set_policy(gcp, clock(8, 58), account, gcp.MEMBER)
    answer = gcp.gcp_logs([*good, written, *exchanges(gcp, range(9, 10), FALSE)]).ask()
    assert answer.names == ["refused-unexplained"]
    right = edit(gcp, clock(8, 58), f"google.subject.startsWith('v=1:org={gcp.ORG}:team={gcp.TEAM}:')")
    accounts = [*impersonations(gcp, range(2, 8)), right, *impersonations(gcp, range(9, 10), DENIED)]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 10)), *accounts]).ask()
    assert answer.names == ["outside-the-allow-policy"]


def test_a_write_that_the_refused_step_does_not_depend_on_is_no_delay_on_aws(aws: Bundle) -> None:
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 9)]
    written = of_aws(aws, "UpdateRole", clock(9), roleName="ModelWeights", maxSessionDuration=7200)
    answer = aws.cloudtrail([*good, written, aws.event(event_id="bad", at=clock(9, 1))]).ask()
    assert answer.first.name == "outside-the-trust-policy"
    assert answer.attempt("bad").cause == "outside-the-trust-policy"


def test_the_sentence_of_a_perimeter_is_of_the_call_that_the_event_names(gcp: Bundle) -> None:
    said = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: qV7w2dN0"
    gcp.gcp_logs([*exchanges(gcp, range(2, 9)), *exchanges(gcp, range(9, 14), said)])
    answer = gcp.ask()
    assert (answer.first.name, answer.first.step) == ("service-perimeter", "target")
    assert headline(answer)[1].startswith("Google Cloud refuses this token: ")
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 14)), *impersonations(gcp, range(9, 14), said)]).ask()
    assert (answer.first.name, answer.first.step) == ("service-perimeter", "impersonate")


@pytest.mark.parametrize("through", ["account", "principal"])
def test_a_refused_call_of_the_session_is_in_the_headline(gcp: Bundle, through: str) -> None:
    principal = f"principal://iam.googleapis.com/{gcp.POOL}/subject/{gcp.SUBJECT}"
    delegated = {
        "principalEmail": gcp.SERVICE_ACCOUNT,
        "serviceAccountDelegationInfo": [{"principalSubject": principal}],
    }
    payload = {
        "serviceName": "storage.googleapis.com",
        "methodName": "storage.objects.get",
        "resourceName": "projects/_/buckets/weights/objects/a",
        "authenticationInfo": delegated if through == "account" else {"principalSubject": principal},
        "metadata": {},
        "status": {"code": 7, "message": "PERMISSION_DENIED"},
    }
    refused = [gcp.log_entry(payload, at=clock(hour, 1), insert_id=f"read-{hour}") for hour in range(9, 12)]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 12)), *refused]).ask()
    sign, sentence = headline(answer)
    assert sign == "✗"
    assert sentence.startswith(
        "Google Cloud denied a call after the exchange, storage.objects.get (storage.googleapis.com, 3 "
    )
    assert answer.first.confirmed_by == ["read-11", "read-10", "read-9"]
