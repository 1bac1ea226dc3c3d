"""Logs alone are enough to begin: the roles and providers that they name become targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.examine.logged_targets import MOST_TARGETS
from oidc_doctor.report.formats import render
from oidc_doctor.report.parts.sentences import verdict

if TYPE_CHECKING:
    from evidence import Answer, Bundle

ACCOUNT = "210987654321"
FALSE = "The given credential is rejected by the attribute condition."


def role(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def logs_alone(bundle: Bundle, records: list[dict[str, Any]]) -> Bundle:
    return bundle.cloudtrail(records)


def targets(answer: Answer) -> list[tuple[str, str | None]]:
    return [(exchange.target_name, exchange.resource) for exchange in answer.report.exchanges]


def test_the_roles_of_events_are_targets_the_failing_ones_first(bundle: Bundle) -> None:
    records = [
        bundle.accepted_event(role=role("Healthy"), event_id="a", at="2026-11-22T22:35:00Z"),
        bundle.event(role=role("Broken"), event_id="b", at="2026-11-22T22:20:00Z"),
        bundle.event(role=role("Worse"), event_id="c", at="2026-11-22T22:30:00Z"),
        bundle.accepted_event(role=role("Worse"), event_id="d", at="2026-11-22T22:10:00Z"),
    ]
    answer = logs_alone(bundle, records).ask()
    assert targets(answer) == [("Worse", role("Worse")), ("Broken", role("Broken")), ("Healthy", role("Healthy"))]
    assert [cause.name for cause in answer.causes] == ["refused-unexplained"] * 2
    first = answer.report.exchanges[0]
    assert first.claims_from == "c"
    (read,) = first.decided_by["authorise"][:1]
    assert read.printed_by == "aws iam get-role --role-name {role}"
    assert answer.report.target[0]["origins"]["aws.role_arn"].endswith("event c")
    assert answer.report.warnings == []


def test_the_headline_says_what_happened(bundle: Bundle) -> None:
    report = logs_alone(bundle, [bundle.accepted_event(event_id="a", at="2026-11-22T22:35:00Z")]).ask().report
    sign, sentence = verdict(report, report.exchanges[0])
    assert sign == "?"
    assert sentence.startswith("AWS accepted this token (22 Nov 22:35 UTC")
    assert sentence.endswith("Not enough was read to say whether it still does.")


def test_two_roles_of_one_name_have_names_of_their_own(bundle: Bundle) -> None:
    records = [
        bundle.event(role=role("Same"), event_id="a", at="2026-11-22T22:30:00Z"),
        bundle.event(role=role("Same", "554433221100"), event_id="b", at="2026-11-22T22:20:00Z"),
    ]
    assert [name for name, _ in targets(logs_alone(bundle, records).ask())] == ["Same", "Same-2"]


def test_providers_with_the_account_that_they_lead_to(bundle: Bundle) -> None:
    bundle.gcp_logs(
        [
            bundle.log_entry(at="2026-11-22T20:00:00Z", insert_id="good"),
            bundle.log_entry(at="2026-11-22T22:30:00Z", insert_id="bad", message=FALSE),
        ]
    )
    answer = bundle.ask()
    assert targets(answer) == [("baseten-provider", bundle.GCP_PROVIDER)]
    assert answer.report.exchanges[0].prediction == "unknown"
    assert answer.first.name == "attribute-condition-false"
    assert answer.first.confidence != "predicted"


@pytest.mark.parametrize("named", ["role", "target", "provider"])
def test_evidence_that_names_a_role_is_the_target(bundle: Bundle, named: str) -> None:
    records = [bundle.event(role=role("Broken"), event_id="a"), bundle.event(role=bundle.ROLE_ARN, event_id="b")]
    made = logs_alone(bundle, records)
    if named == "role":
        made.aws_role()
    elif named == "provider":
        made.aws_provider()
    else:
        made.target(aws={"role_arn": made.ROLE_ARN})
    assert len(targets(made.ask())) == 1


def test_a_token_chooses_the_roles_of_its_subject(bundle: Bundle) -> None:
    records = [
        bundle.event(role=role("Mine"), event_id="a"),
        bundle.event(role=role("Another"), event_id="b", subject="repo:octo-org/site:ref:refs/heads/main"),
    ]
    made = logs_alone(bundle, records).token()
    assert [name for name, _ in targets(made.ask())] == ["Mine"]


def test_very_many_roles_are_named_and_not_judged(bundle: Bundle) -> None:
    records = [
        bundle.event(role=role(f"Role{number:02}"), event_id=f"e{number}", at=f"2026-11-22T21:{number:02}:00Z")
        for number in range(MOST_TARGETS + 2)
    ]
    answer = logs_alone(bundle, records).ask()
    assert len(targets(answer)) == MOST_TARGETS
    (warning,) = answer.report.warnings
    assert warning.startswith("2 more roles and providers occur in the logs, and are not judged: ")
    assert role("Role00") in warning


def test_logs_without_a_role_are_no_target(bundle: Bundle) -> None:
    made = logs_alone(bundle, [bundle.event(event_id="a") | {"requestParameters": None, "resources": []}])
    assert [name for name, _ in targets(made.ask())] == ["target"]


def impersonation(bundle: Bundle, at: str, subject: str | None, *, refused: bool = True) -> dict[str, Any]:
    principal = f"principal://iam.googleapis.com/{bundle.POOL}/subject/{subject}"
    payload = {
        "methodName": "GenerateIdToken",
        "serviceName": "iamcredentials.googleapis.com",
        "metadata": {"identityDelegationChain": [f"projects/-/serviceAccounts/{bundle.SERVICE_ACCOUNT}"]},
        "authenticationInfo": {"principalSubject": principal} if subject else {},
        "resourceName": "projects/-/serviceAccounts/109876543210987654321",
        "status": {"code": 7, "message": "PERMISSION_DENIED"} if refused else {},
        "request": {},
    }
    return bundle.log_entry(payload, insert_id=f"i-{at}", at=at)


@pytest.mark.parametrize("named", [True, False])
def test_a_refused_impersonation_without_its_exchange_is_an_attempt(bundle: Bundle, named: bool) -> None:
    entry = impersonation(bundle, "2026-11-22T22:30:00Z", bundle.SUBJECT if named else None)
    answer = bundle.gcp_logs([entry]).ask()
    assert answer.report.verdict == "refused"
    (exchange,) = answer.report.exchanges
    assert answer.report.target[0]["gcp"]["service_account"] == bundle.SERVICE_ACCOUNT
    (row,) = answer.report.attempts
    assert (row.step, row.outcome, row.count, row.subject) == ("impersonate", "refused", 1, None)
    expected = f"principal://iam.googleapis.com/{bundle.POOL}/subject/{bundle.SUBJECT}" if named else None
    assert row.principal == expected
    sign, sentence = verdict(answer.report, exchange)
    assert sign == "✗"
    assert sentence.startswith("Google Cloud refused this token")
    text = "".join(render(answer.report, "text", width=100, color=False).split())
    assert ((expected or "principal://") in text) == named


def test_two_principals_are_two_workloads(bundle: Bundle) -> None:
    other = bundle.SUBJECT.replace("model_container", "model_build")
    entries = [impersonation(bundle, f"2026-11-22T{hour:02}:00:00Z", bundle.SUBJECT, refused=False) for hour in (3, 4)]
    entries += [impersonation(bundle, f"2026-11-22T{hour:02}:10:00Z", other) for hour in (3, 4, 5)]
    report = bundle.gcp_logs(entries).ask().report
    assert sorted((row.outcome, row.count) for row in report.attempts) == [("accepted", 2), ("refused", 3)]
    runs = [(entry["outcome"], entry["count"]) for entry in report.timeline]
    assert sorted(runs) == [("accepted", 2), ("refused", 3)]


def test_the_principal_is_the_subject_where_the_mapping_takes_it_as_it_is(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_logs([impersonation(gcp, "2026-11-22T22:30:00Z", gcp.SUBJECT)])
    assert gcp.ask().exchange().subject == gcp.SUBJECT
    gcp.gcp_provider(
        mapping={"google.subject": "assertion.sub.extract('org={a}:')", "attribute.team": "assertion.team"}
    )
    assert gcp.ask().exchange().subject is None


def test_two_accounts_behind_one_provider_are_two_targets(bundle: Bundle) -> None:
    at = "2026-11-22T22:{}:00Z"
    refused = impersonation(bundle, at.format(32), None)
    second = "second@weights-prod.iam.gserviceaccount.com"
    refused["protoPayload"]["metadata"] = {"identityDelegationChain": [f"projects/-/serviceAccounts/{second}"]}
    entries = [
        bundle.log_entry(insert_id="e", at=at.format(30)),
        impersonation(bundle, at.format(30), bundle.SUBJECT, refused=False),
        bundle.log_entry(insert_id="f", at=at.format(32)),
        refused,
    ]
    report = bundle.gcp_logs(entries).ask().report
    assert [view["gcp"]["service_account"] for view in report.target] == [second, bundle.SERVICE_ACCOUNT]
    assert [exchange.target_name for exchange in report.exchanges] == [
        "baseten-provider-second",
        "baseten-provider-baseten-oidc",
    ]
    counted = sorted((row.step, row.outcome, row.count) for row in report.attempts)
    assert counted == [("exchange", "accepted", 2), ("impersonate", "accepted", 1), ("impersonate", "refused", 1)]
    runs = sorted((entry["step"], entry["outcome"], entry["count"]) for entry in report.timeline)
    assert runs == counted
    text = " ".join(render(report, "text", width=120, color=False).split())
    assert f"1 impersonation with Google Cloud refused on {second}" in text


def test_the_timeline_says_on_which_role(bundle: Bundle) -> None:
    records = [
        bundle.accepted_event(role=role("Healthy"), event_id="a", at="2026-11-22T22:35:00Z"),
        bundle.event(role=role("Broken"), event_id="b", at="2026-11-22T22:20:00Z"),
    ]
    text = render(logs_alone(bundle, records).ask().report, "text", width=120, color=False)
    assert "1 accepted on Healthy" in text
    assert "1 refused on Broken" in text


def test_an_account_that_an_exchange_leads_to_is_no_target_of_its_own(bundle: Bundle) -> None:
    at = "2026-11-22T22:30:00Z"
    entries = [
        bundle.log_entry(insert_id="e", at=at),
        impersonation(bundle, at.replace("00Z", "01Z"), None),
        impersonation(bundle, "2026-11-22T20:00:00Z", None),
    ]
    assert targets(bundle.gcp_logs(entries).ask()) == [("baseten-provider", bundle.GCP_PROVIDER)]
