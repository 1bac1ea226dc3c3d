"""The configuration at any moment, out of what was read and what the logs say was written."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import Bundle
from oidc_doctor.history.diffs import diff_of
from oidc_doctor.history.revisions import Basis, History, history_of
from oidc_doctor.logs.records.cloudtrail_writes import change as aws_change
from oidc_doctor.logs.records.gcp_writes import change as gcp_change
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, TargetEvidence

ISSUER = frozenset({"oidc.baseten.co"})
ROLE = "ModelWeights"
START = 1_790_000_000.0


def policy(subject: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Condition": {"StringLike": {"sub": subject}}}]}


def aws_event(number: int, name: str, request: Any, **more: Any) -> Any:
    record = {
        "eventID": f"event-{number}",
        "eventTime": f"2026-09-21T1{number}:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "requestParameters": request,
        **more,
    }
    found = aws_change(record, Origin("trail.json"))
    assert found is not None
    return found


def aws_history(aws: Bundle, *events: Any) -> History:
    return history_of("aws", aws.evidence(), list(events), ISSUER, START + 1e7)


def trust_of(history: History, index: int) -> Any:
    role = history.revisions[index].evidence.aws
    assert role is not None
    assert isinstance(role.role, Role)
    return role.role.trust_policy


def clients_of(evidence: TargetEvidence) -> Any:
    assert evidence.aws is not None
    provider = evidence.aws.provider
    assert isinstance(provider, AwsOidcProvider)
    return provider.client_ids


def test_without_writes_there_is_what_was_read(aws: Bundle) -> None:
    history = aws_history(aws)
    assert len(history.revisions) == 1
    assert history.revisions[0].basis == Basis.READ


def test_a_policy_before_its_first_logged_write_is_unknown(aws: Bundle) -> None:
    event = aws_event(1, "UpdateAssumeRolePolicy", {"roleName": ROLE, "policyDocument": json.dumps(policy("a"))})
    history = aws_history(aws, event)
    assert isinstance(trust_of(history, 0), Missing)
    assert trust_of(history, 1).value == policy("a")
    assert history.revisions[-1].change is None, "what was read is another policy: a write that is in no log"
    assert "not seen in the logs" in diff_of(history, 1)


def test_writes_of_others_are_nobodys(aws: Bundle) -> None:
    other = aws_event(1, "UpdateAssumeRolePolicy", {"roleName": "Another", "policyDocument": "{}"})
    account = aws_event(2, "DeleteRole", {"roleName": ROLE}, recipientAccountId="999988887777")
    assert len(aws_history(aws, other, account).revisions) == 1


def test_a_refused_write_is_a_clue_and_changes_nothing(aws: Bundle) -> None:
    event = aws_event(
        1,
        "UpdateAssumeRolePolicy",
        {"roleName": ROLE, "policyDocument": "{}"},
        errorCode="MalformedPolicyDocumentException",
    )
    history = aws_history(aws, event)
    assert len(history.revisions) == 1
    assert [one.event_id for one in history.refused] == ["event-1"]


def test_a_denied_write_names_its_role_in_the_reason(aws: Bundle) -> None:
    event = aws_event(
        1,
        "UpdateAssumeRolePolicy",
        None,
        errorCode="AccessDenied",
        errorMessage=f"User: x is not authorized to perform: iam:UpdateAssumeRolePolicy on resource: role {ROLE} "
        "because no identity-based policy allows the iam:UpdateAssumeRolePolicy action",
    )
    assert [one.event_id for one in aws_history(aws, event).refused] == ["event-1"]


def test_client_ids_are_rolled_back_from_what_was_read(aws: Bundle) -> None:
    arn = aws.PROVIDER_ARN
    aws.aws_provider(["oidc.baseten.co"])
    added = aws_event(
        1, "AddClientIDToOpenIDConnectProvider", {"openIDConnectProviderArn": arn, "clientID": "oidc.baseten.co"}
    )
    history = aws_history(aws, added)
    assert [clients_of(one.evidence) for one in history.revisions] == [(), ("oidc.baseten.co",)]
    assert "+ oidc.baseten.co" in diff_of(history, 1)


def test_what_a_write_made_is_not_undone_by_what_the_next_one_presupposes(aws: Bundle) -> None:
    """A role that was deleted, made again by a write that is in no log, and then edited."""
    deleted = aws_event(1, "DeleteRole", {"roleName": ROLE})
    edited = aws_event(2, "UpdateAssumeRolePolicy", {"roleName": ROLE, "policyDocument": json.dumps(policy("a"))})
    history = aws_history(aws, deleted, edited)
    roles = [one.evidence.aws.role for one in history.revisions if one.evidence.aws is not None]
    assert isinstance(roles[1], Missing)
    assert roles[1].proves_absence
    assert isinstance(roles[2], Role)
    assert [one.fields["role"].value for one in history.revisions[:3]] == [True, False, True]


def test_a_provider_that_was_deleted_and_made_again(aws: Bundle) -> None:
    arn = aws.PROVIDER_ARN
    aws.aws_provider([])
    events = (
        aws_event(1, "DeleteOpenIDConnectProvider", {"openIDConnectProviderArn": arn}),
        aws_event(2, "CreateOpenIDConnectProvider", {"url": "https://oidc.baseten.co", "thumbprintList": []}),
    )
    history = aws_history(aws, *events)
    before, between, after = (one.evidence.aws for one in history.revisions)
    assert before is not None
    assert between is not None
    assert after is not None
    assert isinstance(between.provider, Missing)
    assert between.provider.proves_absence
    assert clients_of(history.revisions[2].evidence) == ()


def test_a_role_that_was_made_without_a_duration_allows_an_hour(aws: Bundle) -> None:
    made = {"roleName": ROLE, "assumeRolePolicyDocument": json.dumps(aws.policy())}
    history = aws_history(aws, aws_event(1, "CreateRole", made))
    assert history.revisions[1].fields["duration"].value == 3600
    assert len(history.revisions) == 2, "what was read is what was made"


def test_thumbprints_are_compared_in_lower_case(aws: Bundle) -> None:
    prints = [one.upper() for one in aws.read("aws/oidc-provider.json")["ThumbprintList"]]
    request = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "thumbprintList": prints}
    history = aws_history(aws, aws_event(1, "UpdateOpenIDConnectProviderThumbprint", request))
    assert len(history.revisions) == 2, "no write is missing between this one and what was read"


def test_a_write_whose_account_was_redacted_is_the_roles(aws: Bundle) -> None:
    request = {"roleName": ROLE, "policyDocument": json.dumps(policy("a"))}
    event = aws_event(1, "UpdateAssumeRolePolicy", request, recipientAccountId="XXXXXXXXXXXX")
    assert trust_of(aws_history(aws, event), 1).value == policy("a")


def test_what_differs_from_the_last_write_is_dated_by_the_reading_and_never_before_that_write(aws: Bundle) -> None:
    request = {"roleName": ROLE, "policyDocument": json.dumps(policy("a"))}
    event = aws_event(1, "UpdateAssumeRolePolicy", request)
    for read_at, start in ((event.time + 60, event.time + 60), (event.time - 60, event.time)):
        history = history_of("aws", aws.evidence(), [event], ISSUER, read_at)
        assert [one.start for one in history.revisions] == [0.0, event.time, start]


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=6))
def test_every_revision_has_the_policy_that_was_written_last(aws: Bundle, subjects: list[str]) -> None:
    events = [
        aws_event(number, "UpdateAssumeRolePolicy", {"roleName": ROLE, "policyDocument": json.dumps(policy(one))})
        for number, one in enumerate(subjects)
    ]
    history = aws_history(aws, *events)
    assert [trust_of(history, index + 1).value for index in range(len(subjects))] == [policy(one) for one in subjects]
    for event, subject in zip(events, subjects, strict=True):
        assert trust_of(history, history.index_at(event.time)).value == policy(subject)


# Google


def gcp_event(number: int, method: str, request: Any, name: str, **more: Any) -> Any:
    entry = {
        "insertId": f"entry-{number}",
        "timestamp": f"2026-09-21T1{number}:00:00Z",
        "protoPayload": {
            "serviceName": "iam.googleapis.com",
            "methodName": method,
            "resourceName": name,
            "request": request,
            "status": {},
        },
        **more,
    }
    found = gcp_change(entry, Origin("logs.json"))
    assert found is not None
    return found


def gcp_provider(evidence: TargetEvidence) -> GcpProvider | Missing:
    assert evidence.gcp is not None
    return evidence.gcp.provider


def test_a_masked_update_tells_the_masked_field_alone(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="new")
    update = "google.iam.v1.WorkloadIdentityPools.UpdateWorkloadIdentityPoolProvider"
    first = gcp_event(
        1, update, {"updateMask": "attribute_condition", "workloadIdentityPoolProvider": {"attributeCondition": "old"}},
        gcp.GCP_PROVIDER,
    )  # fmt: skip
    second = gcp_event(
        2, update, {"updateMask": "attributeCondition", "workloadIdentityPoolProvider": {"attributeCondition": "new"}},
        gcp.GCP_PROVIDER,
    )  # fmt: skip
    history = history_of("gcp", gcp.evidence(), [second, first], frozenset(), START + 1e7)
    unknown, old, new = (gcp_provider(one.evidence) for one in history.revisions)
    assert isinstance(unknown, Missing), "the condition before the first write is in no log"
    assert isinstance(old, GcpProvider)
    assert isinstance(new, GcpProvider)
    assert (old.condition, new.condition) == ("old", "new")
    assert old.mapping == new.mapping


def test_the_two_entries_of_an_operation_are_one_write(gcp: Bundle) -> None:
    delete = "google.iam.v1.WorkloadIdentityPools.DeleteWorkloadIdentityPoolProvider"
    last = gcp_event(1, delete, {}, gcp.GCP_PROVIDER, operation={"id": "o", "last": True})
    first = gcp_event(1, delete, {"name": gcp.GCP_PROVIDER}, gcp.GCP_PROVIDER, operation={"id": "o", "first": True})
    first = first.__class__(**{**{name: getattr(first, name) for name in first.__slots__}, "event_id": "first"})
    history = history_of("gcp", gcp.evidence(), [last, first], frozenset(), START + 1e7)
    assert [one.change.event_id for one in history.revisions if one.change] == ["first"]


@pytest.mark.parametrize("whole", [True, False])
def test_bindings_are_rolled_back_over_their_differences(gcp: Bundle, whole: bool) -> None:
    member = f"principalSet://iam.googleapis.com/{gcp.POOL}/*"
    gcp.service_account_policy("serviceAccount:other@example.iam.gserviceaccount.com")
    evidence = gcp.evidence()
    assert evidence.gcp is not None
    policy_now = evidence.gcp.service_account_policy
    assert not isinstance(policy_now, Missing)
    request = {"policy": {"bindings": policy_now.document.value["bindings"]}} if whole else {}
    change = gcp_event(
        1, "google.iam.admin.v1.SetIAMPolicy", request, "projects/-/serviceAccounts/1",
        resource={"type": "service_account", "labels": {"email_id": gcp.SERVICE_ACCOUNT}},
    )  # fmt: skip
    change.record["protoPayload"]["serviceData"] = {
        "policyDelta": {
            "bindingDeltas": [{"action": "REMOVE", "role": "roles/iam.workloadIdentityUser", "member": member}]
        }
    }
    history = history_of("gcp", evidence, [change], frozenset(), START + 1e7)
    before = history.revisions[0].evidence.gcp
    assert before is not None
    assert not isinstance(before.service_account_policy, Missing)
    assert any(member in one.members for one in before.service_account_policy.bindings)
    assert f"- roles/iam.workloadIdentityUser {member}" in diff_of(history, 1)


def binding_write(gcp: Bundle, *differences: tuple[str, str]) -> Any:
    change = gcp_event(
        1, "google.iam.admin.v1.SetIAMPolicy", {}, "projects/-/serviceAccounts/1",
        resource={"type": "service_account", "labels": {"email_id": gcp.SERVICE_ACCOUNT}},
    )  # fmt: skip
    change.record["protoPayload"]["serviceData"] = {
        "policyDelta": {
            "bindingDeltas": [
                {"action": action, "role": "roles/iam.workloadIdentityUser", "member": member}
                for action, member in differences
            ]
        }
    }
    return change


def test_differences_of_a_policy_are_undone_from_the_last_to_the_first(gcp: Bundle) -> None:
    change = binding_write(gcp, ("ADD", "user:a@example.com"), ("REMOVE", "user:a@example.com"))
    history = history_of("gcp", gcp.evidence(), [change], frozenset(), START + 1e7)
    before = history.revisions[0].fields["account-bindings"].value
    assert [one["members"] for one in before] == [[gcp.MEMBER]]


def test_a_mask_that_names_oidc_sets_all_of_its_fields(gcp: Bundle) -> None:
    update = "google.iam.v1.WorkloadIdentityPools.UpdateWorkloadIdentityPoolProvider"
    oidc = gcp.read("gcp/provider.json")["oidc"] | {"allowedAudiences": ["new"]}
    gcp.gcp_provider(oidc=oidc)
    request = {"updateMask": "oidc", "workloadIdentityPoolProvider": {"oidc": oidc}}
    history = history_of(
        "gcp", gcp.evidence(), [gcp_event(1, update, request, gcp.GCP_PROVIDER)], frozenset(), START + 1e7
    )
    before, after = history.revisions
    assert "audiences" not in before.fields, "the audiences before the write are in no log"
    assert after.fields["audiences"].value == ["new"]
