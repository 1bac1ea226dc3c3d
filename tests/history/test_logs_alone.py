"""Logs without files: what the entries tell of the configuration, and what silence after a write says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, clock, edit, exchanges, impersonation, trust_edit
from oidc_doctor.report.formats import render

if TYPE_CHECKING:
    from evidence import Answer, Bundle

TARGET = (
    'The target service indicated by the "audience" parameters is invalid. This might either be because the pool or '
    "provider is disabled or deleted or because it doesn't exist."
)
DENIED = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."


def words(answer: Answer) -> str:
    return " ".join(render(answer.report, "text", width=100, color=False, verbose=True).split())


def write(gcp: Bundle, at: str, method: str, body: dict[str, Any], mask: str = "") -> dict[str, Any]:
    of_pool = "Provider" not in method
    request = {"updateMask": mask, f"workloadIdentityPool{'' if of_pool else 'Provider'}": body} if mask else {}
    payload = {
        "methodName": f"google.iam.v1.WorkloadIdentityPools.{method}",
        "serviceName": "iam.googleapis.com",
        "request": request,
        "metadata": {},
        "resourceName": gcp.POOL if of_pool else gcp.GCP_PROVIDER,
        "authenticationInfo": {"principalEmail": "dana@weights-prod.iam.gserviceaccount.com"},
    }
    return gcp.log_entry(payload, insert_id=f"write-{at}", at=at)


@pytest.mark.parametrize("collected", [None, "2026-11-27T08:00:00Z"])
def test_refused_impersonations_alone_are_the_failure(bundle: Bundle, collected: str | None) -> None:
    bundle.manifest(collected_at=collected)
    accepted = [impersonation(bundle, clock(hour)) for hour in range(2, 8)]
    answer = bundle.gcp_logs([*accepted, *(impersonation(bundle, clock(hour), DENIED) for hour in range(8, 12))]).ask()
    assert answer.report.evaluated_at == (collected or clock(11))
    assert (answer.first.refused_since, answer.first.accepted_before) == (4, 6)
    assert "No refused" not in words(answer)
    assert answer.passed("no-events-found")


def test_an_older_refusal_is_not_that_of_an_error_that_was_given(gcp: Bundle) -> None:
    gcp.manifest(collected_at="2026-11-27T08:00:00Z").gcp_logs(exchanges(gcp, range(2, 6), FALSE))
    assert gcp.ask(error=FALSE).check("no-events-found").status == "failed"


@pytest.mark.parametrize("kind", ["pool-disabled", "provider-deleted"])
def test_refusals_that_were_read_have_left_their_entry(gcp: Bundle, kind: str) -> None:
    gcp.remove("token.jwt")
    if kind == "pool-disabled":
        gcp.gcp_pool(disabled=True)
        written = write(gcp, clock(8), "UpdateWorkloadIdentityPool", {"disabled": True}, "disabled")
    else:
        gcp.gcp_provider(state="DELETED")
        written = write(gcp, clock(8), "DeleteWorkloadIdentityPoolProvider", {})
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 8)), written, *exchanges(gcp, range(9, 14), TARGET)]).ask()
    assert answer.first.name == kind
    assert (answer.first.refused_since, answer.first.accepted_before) == (5, 6)
    assert "leave no entry" not in words(answer)
    assert "5 refused since, 6 accepted before" in words(answer)


def test_refusals_that_were_not_read_probably_left_none(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_pool(disabled=True)
    written = write(gcp, clock(8), "UpdateWorkloadIdentityPool", {"disabled": True}, "disabled")
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 8)), written]).ask()
    assert "refusals like this one probably leave no entry" in words(answer)


def test_silence_since_a_write_that_nobody_tried_says_nothing(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Other00:*")))
    tried = [aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(2, 8)]
    answer = aws.cloudtrail([*tried, trust_edit(aws, clock(8), "Other00")]).ask()
    assert answer.first.change["what"] == "UpdateAssumeRolePolicy"
    assert "A missing event usually points" not in words(answer)
    assert answer.passed("no-events-found")


def test_silence_where_somebody_failed_is_explained(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Other00:*")))
    tried = [aws.accepted_event(event_id=f"a{hour}", at=clock(hour)) for hour in range(2, 8)]
    aws.cloudtrail([*tried, trust_edit(aws, clock(8), "Other00")])
    error = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    assert aws.ask(error=f"AccessDenied: {error}").check("no-events-found").status == "failed"


@pytest.mark.parametrize(
    ("method", "body", "mask", "name"),
    [
        ("UpdateWorkloadIdentityPoolProvider", {"disabled": True}, "disabled", "provider-disabled"),
        ("DeleteWorkloadIdentityPoolProvider", {}, "", "provider-deleted"),
    ],
)
def test_a_provider_that_a_logged_write_switched_off_is_not_missing(
    bundle: Bundle, method: str, body: dict[str, Any], mask: str, name: str
) -> None:
    written = write(bundle, clock(8), method, body, mask)
    entries = [*exchanges(bundle, range(2, 8)), written, *exchanges(bundle, range(9, 14), TARGET)]
    answer = bundle.gcp_logs(entries).ask()
    assert "provider-not-found" not in answer.names
    first = answer.first
    assert (first.name, first.confidence, answer.exchange().step) == (name, "predicted", "target")
    assert first.change["event_id"] == f"write-{clock(8)}"
    assert first.refused_since == 5
    assert "that no later write changed the values that only the logs show: the provider" in answer.exchange().assumed


def test_a_provider_that_was_switched_on_again_passes_this_step_no_further(bundle: Bundle) -> None:
    off = write(bundle, clock(8), "UpdateWorkloadIdentityPoolProvider", {"disabled": True}, "disabled")
    on = write(bundle, clock(15), "UpdateWorkloadIdentityPoolProvider", {"disabled": False}, "disabled")
    entries = [*exchanges(bundle, range(2, 8)), off, *exchanges(bundle, range(9, 14), TARGET), on]
    answer = bundle.gcp_logs(entries).ask()
    assert answer.exchange().prediction == "unknown"
    assert {cause.status for cause in answer.causes} <= {"past"}


def other_team(bundle: Bundle) -> str:
    return f"google.subject.startsWith('v=1:org={bundle.ORG}:team=Other00:')"


def test_a_logged_condition_is_judged_on_the_subject_that_the_entries_show(bundle: Bundle) -> None:
    written = edit(bundle, clock(8), other_team(bundle))
    entries = [*exchanges(bundle, range(2, 8)), written, *exchanges(bundle, range(9, 14), FALSE)]
    answer = bundle.gcp_logs(entries).ask()
    first = answer.first
    assert (first.name, first.confidence) == ("attribute-condition-false", "predicted")
    assert (answer.exchange().prediction, answer.exchange().step) == ("refused", "condition")
    assert first.change["event_id"] == written["insertId"]
    assert first.settle is None or "attribute condition" not in first.settle
    assert (
        "that google.subject is the token's sub, as in the entries of accepted exchanges" in answer.exchange().assumed
    )


@pytest.mark.parametrize("why", ["mapped otherwise", "never accepted", "mapping written", "other attribute"])
def test_a_condition_on_what_no_entry_shows_stays_open(bundle: Bundle, why: str) -> None:
    condition = other_team(bundle)
    before = exchanges(bundle, range(2, 8))
    if why == "mapped otherwise":
        for entry in before:
            principal = f"principal://iam.googleapis.com/{bundle.POOL}/subject/team-{bundle.TEAM}"
            entry["protoPayload"]["metadata"] = {"mapped_principal": principal}
    elif why == "never accepted":
        before = []
    elif why == "mapping written":
        changed = edit(bundle, clock(7, 30), condition)
        changed["protoPayload"]["request"] = {"updateMask": "attributeMapping"}
        before.append(changed)
    else:
        condition = "attribute.team == 'Other00'"
    written = edit(bundle, clock(8), condition)
    answer = bundle.gcp_logs([*before, written, *exchanges(bundle, range(9, 14), FALSE)]).ask()
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
