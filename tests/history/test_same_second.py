"""Writes of one second: their order, those that cannot be told apart, and a provider that was made again."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import FALSE, after_exchanges, clock, edit, exchanges, of_aws, set_policy, trust_edit
from oidc_doctor.history.write_order import in_shown_order
from oidc_doctor.history.writes import FieldWrite
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Change
from oidc_doctor.report.formats import render

if TYPE_CHECKING:
    from evidence import Answer, Bundle


def text(answer: Answer) -> str:
    return " ".join(render(answer.report, "text", width=120, color=False).split())


def attempts(aws: Bundle) -> list[dict[str, Any]]:
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 8)]
    return good + [aws.event(event_id=f"bad-{hour}", at=clock(hour)) for hour in range(9, 14)]


@pytest.mark.parametrize("last", ["Another1", "Another2"])
@pytest.mark.parametrize("ids", [("aaa", "bbb"), ("bbb", "aaa")])
def test_two_edits_of_one_second_that_each_explain_it(aws: Bundle, last: str, ids: tuple[str, str]) -> None:
    """What was read shows which of them is the last, whatever the order of the ids; either alone refuses."""
    edits = [
        trust_edit(aws, clock(8), team) | {"eventID": name}
        for team, name in zip(("Another1", "Another2"), ids, strict=True)
    ]
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team={last}:*")))
    answer = aws.cloudtrail([trust_edit(aws, clock(1), aws.TEAM), *edits, *attempts(aws)]).ask()
    change = answer.first.change
    first = ids[1] if last == "Another1" else ids[0]
    assert change["event_id"] == first
    assert [other["event_id"] for other in change["or"]] == [name for name in ids if name != first]
    assert answer.first.confidence == "predicted", "which of the two it was is not shown"
    assert " or UpdateAssumeRolePolicy by deploy-bot" in answer.first.summary
    assert "of the same second: each alone explains the refusal" in text(answer)
    assert answer.report.timeline[-2]["time"] == clock(8)


def test_an_edit_of_the_same_second_that_explains_nothing_is_not_named(aws: Bundle) -> None:
    broken = trust_edit(aws, clock(8), "Another1") | {"eventID": "bbb"}
    request = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "clientID": aws.AUDIENCE}
    harmless = [of_aws(aws, "AddClientIDToOpenIDConnectProvider", clock(8), **request) | {"eventID": n} for n in "az"]
    aws.remove("token.jwt").trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    before = trust_edit(aws, clock(1), aws.TEAM)
    change = aws.cloudtrail([before, broken, *harmless, *attempts(aws)]).ask().first.change
    assert change["event_id"] == "bbb"
    assert "or" not in change
    assert "with" not in change


def mapping_edit(gcp: Bundle, at: str, value: str) -> dict[str, Any]:
    entry = edit(gcp, at, "")
    mapping = {"google.subject": "assertion.sub", "attribute.team": value}
    body = {"updateMask": "attributeMapping", "workloadIdentityPoolProvider": {"attributeMapping": mapping}}
    entry["protoPayload"]["request"] = body
    return entry | {"insertId": f"mapping-{at}"}


def test_two_edits_of_one_second_on_google(gcp: Bundle) -> None:
    """Google's times have fractions, of the clock of each server: within a second they show no order."""
    gcp.remove("token.jwt").gcp_provider(
        condition="attribute.team == 'Q'",
        mapping={"google.subject": "assertion.sub", "attribute.team": "assertion.org"},
    )
    condition = edit(gcp, clock(8), "attribute.team == 'Q'") | {"timestamp": clock(8).replace("00Z", "00.4Z")}
    before = [edit(gcp, clock(1), f"attribute.team == '{gcp.TEAM}'"), mapping_edit(gcp, clock(1), "assertion.team")]
    answer = gcp.gcp_logs(
        [*before, *exchanges(gcp, range(2, 8)), mapping_edit(gcp, clock(8), "assertion.org"), condition,
         *exchanges(gcp, range(9, 14), FALSE)]
    ).ask()  # fmt: skip
    change = answer.first.change
    assert {change["event_id"], *(other["event_id"] for other in change["or"])} == {
        f"mapping-{clock(8)}",
        f"edit-{clock(8)}",
    }
    assert answer.first.confidence == "predicted"


def test_two_edits_of_one_second_that_explain_it_only_together(gcp: Bundle) -> None:
    """The condition admits two values of the attribute: one edit takes one away, the other the token's from it."""
    first = f"attribute.team == '{gcp.TEAM}' || attribute.team == '{gcp.ORG}'"
    second = edit(gcp, clock(8), f"attribute.team == '{gcp.TEAM}'")
    gcp.remove("token.jwt").gcp_provider(
        condition=f"attribute.team == '{gcp.TEAM}'",
        mapping={"google.subject": "assertion.sub", "attribute.team": "assertion.org"},
    )
    before = [edit(gcp, clock(1), first), mapping_edit(gcp, clock(1), "assertion.team")]
    answer = gcp.gcp_logs(
        [*before, *exchanges(gcp, range(2, 8)), second, mapping_edit(gcp, clock(8), "assertion.org"),
         *exchanges(gcp, range(9, 14), FALSE)]
    ).ask()  # fmt: skip
    change = answer.first.change
    named = {change["event_id"], *(other["event_id"] for other in change["with"])}
    assert named == {f"mapping-{clock(8)}", f"edit-{clock(8)}"}
    assert "or" not in change
    assert "neither alone explains the refusal, and both together do" in text(answer)


def taken(gcp: Bundle, resource: str, name: str) -> dict[str, Any]:
    entry = set_policy(gcp, clock(8, 30), resource, gcp.MEMBER) | {"insertId": name}
    entry["protoPayload"]["serviceData"]["policyDelta"]["bindingDeltas"][0]["action"] = "REMOVE"
    return entry


@pytest.mark.parametrize("order", [1, -1])
def test_an_account_disabled_and_a_binding_taken_in_one_second(gcp: Bundle, order: int) -> None:
    """Google says the same of both: either write explains the refusal."""
    account = f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}"
    gcp.remove("token.jwt").write("gcp/service-account-policy.json", {"bindings": [], "version": 3})
    gcp.service_account(disabled=True)
    disabled = taken(gcp, account, "z")
    disabled["protoPayload"] |= {"methodName": "google.iam.admin.v1.DisableServiceAccount", "serviceData": {}}
    writes = [disabled, taken(gcp, account, "a")][::order]
    change = gcp.gcp_logs([*after_exchanges(gcp, range(2, 9), range(9, 14)), *writes]).ask().first.change
    assert {change["event_id"], *(other["event_id"] for other in change["or"])} == {"a", "z"}
    assert "after" not in change


def test_the_last_two_bindings_taken_in_one_second(gcp: Bundle) -> None:
    gcp.remove("token.jwt").write("gcp/service-account-policy.json", {"bindings": [], "version": 3}).project_policy()
    of_account = taken(gcp, f"projects/-/serviceAccounts/{gcp.SERVICE_ACCOUNT}", "a")
    of_project = taken(gcp, f"projects/{gcp.PROJECT_ID}", "b")
    answer = gcp.gcp_logs([*after_exchanges(gcp, range(2, 9), range(9, 14)), of_account, of_project]).ask()
    change = answer.first.change
    assert {change["event_id"], *(other["event_id"] for other in change["with"])} == {"a", "b"}
    assert " with SetIamPolicy by ops@acme.example" in answer.first.summary


@pytest.mark.parametrize("listed", [True, False])
def test_two_client_id_lists_of_one_second_whose_refusals_leave_no_event(aws: Bundle, listed: bool) -> None:
    """The provider loses the audience, and the role is deleted: only the former explains the error that was seen."""
    aws.aws_provider(client_ids=("sts.amazonaws.com",)).error(": ".join(aws.COULD_NOT_VALIDATE))
    removed = of_aws(
        aws, "RemoveClientIDFromOpenIDConnectProvider", clock(8), openIDConnectProviderArn=aws.PROVIDER_ARN,
        clientID=aws.AUDIENCE,
    ) | {"eventID": "b"}  # fmt: skip
    other = trust_edit(aws, clock(8), aws.TEAM) | {"eventID": "a"}
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 8)]
    change = aws.cloudtrail([*good, removed, *([other] if listed else [])]).ask().first.change
    assert change["event_id"] == "b"
    assert "or" not in change


def test_several_writes_of_an_unknown_state_are_named(gcp: Bundle) -> None:
    gcp.remove("token.jwt").gcp_provider(
        condition="attribute.team == 'Q'",
        mapping={"google.subject": "assertion.sub", "attribute.team": "assertion.org"},
    )
    edits = [edit(gcp, clock(8, 10), "attribute.team == 'Q'"), mapping_edit(gcp, clock(8, 30), "assertion.org")]
    answer = gcp.gcp_logs([*exchanges(gcp, range(2, 8)), *edits, *exchanges(gcp, range(9, 14), FALSE)]).ask()
    assert answer.first.change is None
    note = answer.first.boundary["note"]
    assert all(f"(event {entry['insertId']})" in note for entry in edits)


@pytest.mark.parametrize("minutes", [0, 2])
@pytest.mark.parametrize("ids", ["az", "za"])
def test_a_provider_made_again_with_other_client_ids(aws: Bundle, minutes: int, ids: str) -> None:
    aws.aws_provider(client_ids=("sts.amazonaws.com",)).error(": ".join(aws.COULD_NOT_VALIDATE))
    gone = of_aws(aws, "DeleteOpenIDConnectProvider", clock(8), openIDConnectProviderArn=aws.PROVIDER_ARN)
    again = of_aws(
        aws, "CreateOpenIDConnectProvider", clock(8, minutes), url=aws.ISSUER, clientIDList=["sts.amazonaws.com"]
    )
    gone["eventID"], again["eventID"] = ids
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in range(2, 8)]
    answer = aws.cloudtrail([*good, gone, again]).ask()
    cause = answer.first
    assert (cause.name, cause.since_basis) == ("audience-not-registered", "change")
    assert cause.change["event_id"] == ids[1]
    assert "sts.amazonaws.com" in cause.change["diff"]
    assert [entry["event_id"] for entry in cause.change["after"]] == [ids[0]]
    assert "DeleteOpenIDConnectProvider by" in text(answer)


def test_a_provider_made_again_as_it_was_breaks_nothing(aws: Bundle) -> None:
    gone = of_aws(aws, "DeleteOpenIDConnectProvider", clock(8), openIDConnectProviderArn=aws.PROVIDER_ARN)
    again = of_aws(aws, "CreateOpenIDConnectProvider", clock(8), url=aws.ISSUER, clientIDList=[aws.AUDIENCE])
    good = [aws.accepted_event(event_id=f"good-{hour}", at=clock(hour)) for hour in (2, 3, 10, 11)]
    assert aws.cloudtrail([*good, gone, again]).ask().accepted


@pytest.mark.parametrize(("name", "asked"), [
    ("UntagRole", {"tagKeys": ["open"]}), ("TagRole", {"tags": [{"key": "Open", "value": "no"}]}),
])  # fmt: skip
def test_tags_of_the_role_that_the_trust_policy_tests(aws: Bundle, name: str, asked: dict[str, Any]) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringEquals": {aws.AUD_KEY: aws.AUDIENCE, "aws:ResourceTag/open": "yes"}}
    aws.remove("token.jwt").trust(aws.statement(condition))
    write = of_aws(aws, name, clock(8), roleName="ModelWeights", **asked)
    cause = aws.cloudtrail([*attempts(aws), write]).ask().first
    assert cause.confidence == "suspected"
    assert f"/deploy-bot, {clock(8)} (event " in cause.boundary["note"]
    assert f"{name} by arn:aws:sts::" in cause.boundary["note"]
    assert "no decision is replayed" in cause.boundary["note"]
    assert [entry["event_id"] for entry in cause.boundary["changes"]] == [write["eventID"]]
    assert cause.change is None, "a write that is not replayed is not blamed"


@pytest.mark.parametrize("asked", [{"tagKeys": ["closed"]}, {"tags": "cut"}, {}])
def test_other_tags_of_the_role_are_not_named(aws: Bundle, asked: dict[str, Any]) -> None:
    condition = aws.subject(aws.PATTERN) | {"StringEquals": {"aws:ResourceTag/open": "yes"}}
    aws.remove("token.jwt").trust(aws.statement(condition))
    write = of_aws(aws, "UntagRole", clock(8), roleName="ModelWeights", **asked)
    note = aws.cloudtrail([*attempts(aws), write]).ask().first.boundary["note"]
    assert "UntagRole" not in note
    assert "The evidence that was read has no " in note


def test_a_tag_is_no_cause_where_another_clause_refuses(aws: Bundle) -> None:
    aws.remove("token.jwt").trust(aws.statement(aws.subject("v=1:org=${aws:PrincipalTag/org}:*")))
    write = of_aws(aws, "TagRole", clock(8), roleName="ModelWeights", tags=[{"key": "org", "value": "x"}])
    note = aws.cloudtrail([*attempts(aws), write]).ask().first.boundary["note"]
    assert "TagRole" not in note


def written(number: int, *fields: FieldWrite) -> tuple[Change, list[FieldWrite]]:
    return Change("aws", 5.0, "x", "r", None, None, str(number), Origin("f")), list(fields)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_writes_of_one_time_are_put_in_the_order_that_their_values_show(order: tuple[int, ...]) -> None:
    steps = [
        written(0, FieldWrite("provider", value=False, before=True)),
        written(1, FieldWrite("provider", value=True, before=False), FieldWrite("clients", value=["a"])),
        written(2, FieldWrite("clients", forward=lambda clients: [*clients, "b"])),
    ]
    given = [copy.copy(steps[number]) for number in order]
    found = in_shown_order(given, {"provider": True, "clients": ["a", "b"]})
    assert [change.event_id for change, _ in found] == ["0", "1", "2"]
