"""Several writes between success and refusal, and refusals that no write brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import (
    FALSE,
    after_exchanges,
    clock,
    edit,
    exchanges,
    expires,
    impersonation,
    of_aws,
    set_policy,
    trust_edit,
)
from oidc_doctor.history import replayer

if TYPE_CHECKING:
    from evidence import Bundle


@pytest.mark.parametrize("minutes", [(20, 30), (30, 20)])
@pytest.mark.parametrize("harmless", ["AddClientIDToOpenIDConnectProvider", "TagRole", "UpdateRole"])
def test_a_write_of_another_field_hides_none_on_aws(aws: Bundle, harmless: str, minutes: tuple[int, int]) -> None:
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    request: dict[str, Any] = {"roleName": "ModelWeights", "maxSessionDuration": 7200}
    if harmless.startswith("Add"):
        request = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "clientID": aws.AUDIENCE}
    edit_at = clock(9, minutes[1])
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 9)),
            of_aws(aws, harmless, clock(9, minutes[0]), **request),
            trust_edit(aws, edit_at, "Another1"),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(10, 14)),
        ]
    )
    cause = aws.ask().first
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{edit_at}"
    assert cause.confidence == "predicted", "the state before the write was not seen"


@pytest.mark.parametrize("minutes", [(20, 30), (30, 20)])
def test_a_write_of_another_field_hides_none_on_google(gcp: Bundle, minutes: tuple[int, int]) -> None:
    gcp.gcp_provider(condition="assertion.team == 'Another1'")
    edit_at = clock(9, minutes[1])
    gcp.gcp_logs(
        [
            *exchanges(gcp, range(2, 9)),
            set_policy(gcp, clock(9, minutes[0]), f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}", gcp.MEMBER),
            edit(gcp, edit_at, "assertion.team == 'Another1'"),
            *exchanges(gcp, range(10, 16), FALSE),
        ]
    )
    cause = gcp.ask().first
    assert cause.name == "attribute-condition-false"
    assert cause.change is not None
    assert cause.change["event_id"] == f"edit-{edit_at}"


@pytest.mark.parametrize("written", [False, True])
def test_a_date_that_was_reached_blames_nobody_on_aws(aws: Bundle, written: bool) -> None:
    aws.remove("token.jwt").trust(aws.statement(expires(aws, clock(9))))
    harmless = of_aws(aws, "AddClientIDToOpenIDConnectProvider", clock(8, 50))
    harmless["requestParameters"] = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "clientID": aws.AUDIENCE}
    aws.cloudtrail(
        [
            *(aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 9)),
            *([harmless] if written else []),
            *(aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(10, 14)),
        ]
    )
    cause = aws.ask().first
    assert cause.change is None
    assert cause.boundary is not None
    assert "no write caused the refusal" in cause.boundary["note"]
    assert (cause.since, cause.timing.accepted_before) == (clock(10), 7)


def test_a_binding_that_ran_out_blames_nobody(gcp: Bundle) -> None:
    gcp.remove("token.jwt").service_account_policy(condition=f"request.time < timestamp('{clock(9)}')")
    entries = after_exchanges(gcp, range(2, 9), range(9, 14))
    cause = gcp.gcp_logs(entries).ask().first
    assert cause.name == "binding-condition-false"
    assert cause.change is None
    assert cause.boundary is not None
    assert "no write caused the refusal" in cause.boundary["note"]


def provider_edit(gcp: Bundle, at: str, **oidc: Any) -> dict[str, Any]:
    (name,) = oidc
    changed = {"oidc": {"allowedAudiences": oidc[name]}} if name == "audiences" else {name: oidc[name]}
    mask = {"audiences": "oidc.allowedAudiences", "attributeMapping": "attributeMapping"}.get(name, name)
    entry = edit(gcp, at, "")
    entry["protoPayload"]["request"] = {"updateMask": mask, "workloadIdentityPoolProvider": changed}
    return entry | {"insertId": f"{name}-{at}"}


@pytest.mark.parametrize("minutes", [(20, 30, 40), (40, 30, 20), (30, 20, 40), (30, 30, 30)])
def test_the_mapping_is_named_among_the_writes_of_its_provider(gcp: Bundle, minutes: tuple[int, int, int]) -> None:
    condition = f"assertion.team == '{gcp.TEAM}'"
    gcp.gcp_provider(mapping={"google.subject": "assertion.sub"}, condition=condition)
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/attribute.team/{gcp.TEAM}")
    mapped, audiences, conditioned = (clock(8, minute) for minute in minutes)
    entries = [
        provider_edit(gcp, mapped, attributeMapping={"google.subject": "assertion.sub"}),
        provider_edit(gcp, audiences, audiences=[gcp.AUDIENCE]),
        provider_edit(gcp, conditioned, attributeCondition=condition),
    ]
    for hour in range(2, 14):
        entries += [
            gcp.log_entry(at=clock(hour, 49), insert_id=f"exchange-{hour}"),
            impersonation(gcp, clock(hour, 50), "" if hour < 8 else "PERMISSION_DENIED"),
        ]
    cause = gcp.gcp_logs(entries).ask().first
    assert cause.change is not None
    assert cause.change["event_id"] == f"attributeMapping-{mapped}"
    assert not {"or", "with"} & cause.change.keys(), "neither of the others takes an attribute away"
    assert (cause.since, cause.timing.accepted_before) == (clock(8, 50), 6)


def test_callers_are_told_apart_by_what_the_policy_tests(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session name that is new in each call makes no workload of its own."""
    monkeypatch.setattr(replayer, "_LEAST_CELLS", 5)
    monkeypatch.setattr(replayer, "_MOST_DECISIONS_OF_CELLS", 5)
    source = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    aws.remove("token.jwt").trust(aws.statement(aws.subject("*") | source))
    events = []
    for minute in range(60):
        good = minute < 35
        asked = {"roleArn": aws.ROLE_ARN, "roleSessionName": f"call-{minute}"}
        at, caller = clock(9, minute), "203.0.113.7" if good else "192.0.2.77"
        make = aws.accepted_event if good else aws.event
        events.append(make(event_id=f"call-{minute}", at=at, sourceIPAddress=caller, requestParameters=asked))
    cause = aws.cloudtrail(events).ask().first
    assert cause.change is None
    assert cause.token_change is not None
    assert (cause.token_change["from"], cause.token_change["to"]) == ("203.0.113.7", "192.0.2.77")
    assert (cause.since, cause.timing.refused_since) == (clock(9, 35), 25)


def test_what_was_not_replayed_counts_for_no_decision(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replayer, "_LEAST_CELLS", 2)
    monkeypatch.setattr(replayer, "_MOST_DECISIONS_OF_CELLS", 2)
    deployments = ["dAaa1111", "dBbb2222", "dCcc3333", "dDdd4444"]
    subjects = [f"v=1:org={aws.ORG}:team={aws.TEAM}:model=mWq41ZpK:deployment={name}" for name in deployments]
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"{subjects[2]}*")))
    events = []
    for place, subject in enumerate(subjects):
        make = aws.event if place == 3 else aws.accepted_event
        whole = f"{subject}:environment=production:type=model_container"
        events += [
            make(event_id=f"{place}-{minute}", at=clock(5 + place, minute), subject=whole) for minute in range(5)
        ]
    cause = aws.cloudtrail(events).ask().first
    assert cause.timing.accepted_before == 0, "the successes are of other deployments"
    assert cause.timing.refused_since == 5
    assert cause.change is None


def test_a_write_after_an_outage_did_not_bring_it(gcp: Bundle) -> None:
    """During the outage the decision hung on a claim that no log shows; a later write refuses the token."""
    gcp.gcp_provider(condition="assertion.other == 'x'", audiences=["another"])
    written = provider_edit(gcp, clock(10), audiences=["another"])
    log = [*exchanges(gcp, range(2, 4)), *exchanges(gcp, range(4, 6), FALSE), *exchanges(gcp, range(6, 8))]
    past = [cause for cause in gcp.gcp_logs([*log, written]).ask().report.causes if cause.status == "past"]
    assert past
    assert not any(cause.timing.change for cause in past)
