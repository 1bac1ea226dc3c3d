"""Which subjects gain or lose access by a change: the logs outrank the documents, and what is unknown stays unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from evidence.changes import effects, proposed_of, saved
from oidc_doctor.examine.proposed.lay import ChangeError
from oidc_doctor.examine.proposed.workloads import Logged, effect_of
from oidc_doctor.model.proposed import Decision, Effect

OTHER = Bundle.SUBJECT.replace("Tq7LmZ2x", "Ur8MnA3y")
STAGING = Bundle.SUBJECT.replace("production", "staging")


def logged(aws: Bundle, *events: Any) -> Bundle:
    """The bundle with these events, each with an id of its own."""
    return aws.cloudtrail([event | {"eventID": f"event-{number}"} for number, event in enumerate(events)])


def role(aws: Bundle, *patterns: str, **changes: Any) -> dict[str, Any]:
    """A role as aws iam get-role prints it, with these patterns of the subject."""
    document: dict[str, Any] = aws.read("aws/role.json")
    document["Role"]["AssumeRolePolicyDocument"] = aws.policy(aws.statement(aws.subject(*patterns)))
    document["Role"] |= changes
    return document


def test_a_logged_subject_loses_and_another_gains(aws: Bundle, tmp_path: Path) -> None:
    logged(
        aws, aws.accepted_event(), aws.accepted_event(), aws.event(subject=OTHER), aws.accepted_event(subject=STAGING)
    )
    pattern = "v=1:org=Org8Kd2P:team=*:environment=production:*"
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, pattern)))
    assert effects(answer) == {Bundle.SUBJECT: "keeps", OTHER: "gains", STAGING: "loses"}
    (lost,) = (row for row in answer.workloads if row.effect == "loses")
    assert (lost.accepted, lost.last_seen, lost.last_outcome) == (1, "2026-11-22T22:30:00Z", "accepted")
    assert "environment" in lost.why
    assert lost.at.endswith("role.json:22")
    assert answer.exit_code == 1
    assert answer.headline.startswith("With role.json: 1 of 3 subjects seen in the logs loses access, 1 gains;")


def test_an_equal_document_changes_nothing(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event())
    answer = proposed_of(aws, saved(tmp_path, "role.json", aws.read("aws/role.json")))
    assert (answer.exit_code, answer.workloads, answer.others) == (0, [], [])
    assert answer.headline == "role.json changes nothing: the present documents say the same."
    assert [row.state for row in answer.documents] == ["equal"]


def test_a_given_token_that_stays_refused_is_no_pass(aws: Bundle, tmp_path: Path) -> None:
    evidence = aws.write("aws/role.json", role(aws, OTHER))
    equal = proposed_of(evidence, saved(tmp_path, "equal.json", role(aws, OTHER)))
    another = proposed_of(evidence, saved(tmp_path, "another.json", role(aws, OTHER, STAGING)))
    longer = proposed_of(evidence, saved(tmp_path, "longer.json", role(aws, OTHER, MaxSessionDuration=7200)))
    for answer in (equal, another, longer):
        assert (answer.exit_code, answer.sign) == (1, "✗"), answer.headline
        assert "given token is still refused" in answer.headline or answer is longer


@pytest.mark.parametrize("member", ["Role", "RoleName", "AssumeRolePolicyDocument", "Statement", "Effect", "Condition"])
def test_a_document_with_a_member_twice_is_not_judged(aws: Bundle, tmp_path: Path, member: str) -> None:
    text = json.dumps(aws.read("aws/role.json"))
    changed = tmp_path / "changed.json"
    changed.write_text(text.replace(f'"{member}":', f'"{member}": {{}}, "{member}":', 1))
    with pytest.raises(ChangeError, match=f"{member} is there twice"):
        proposed_of(aws, changed)


def test_a_logged_success_is_lost_although_the_documents_before_are_unknown(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event()).remove("aws/oidc-provider.json", "token.jwt")
    narrower = proposed_of(aws, saved(tmp_path, "role.json", role(aws, f"{Bundle.PATTERN[:-1]}model=another:*")))
    assert effects(narrower) == {Bundle.SUBJECT: "loses"}
    assert narrower.exit_code == 1


def test_a_logged_success_shows_the_steps_that_the_change_cannot_alter(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event()).remove("aws/oidc-provider.json", "token.jwt")
    wider = proposed_of(aws, saved(tmp_path, "role.json", role(aws, Bundle.PATTERN, Bundle.PATTERN + "x")))
    assert effects(wider) == {Bundle.SUBJECT: "keeps"}


def test_a_given_token_without_logs(aws: Bundle, tmp_path: Path) -> None:
    change = saved(tmp_path, "role.json", role(aws, OTHER))
    answer = proposed_of(aws, change)
    assert [(row.given, row.effect, row.accepted) for row in answer.workloads] == [(True, "loses", 0)]
    assert "the given token loses access" in answer.headline
    assert answer.exit_code == 1
    assert proposed_of(aws, change, fail_on="never").exit_code == 0


def test_a_given_token_that_the_logs_show_is_one_row(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event())
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, Bundle.PATTERN, OTHER)))
    assert [(row.given, row.effect, row.accepted) for row in answer.workloads] == [(True, "keeps", 1)]


def test_a_document_that_cannot_be_judged_is_unknown_and_never_keeps(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event()).from_the_cloud()
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, "v=1:org=<the organization>:*")))
    assert set(effects(answer).values()) == {"unknown"}
    assert answer.exit_code == 3
    assert all(row.settle for row in answer.workloads)


def test_a_session_name_that_only_the_change_tests_distinguishes_attempts(aws: Bundle, tmp_path: Path) -> None:
    request = {"roleArn": Bundle.ROLE_ARN, "roleSessionName": "other"}
    logged(aws, aws.accepted_event(), aws.accepted_event(requestParameters=request)).remove("token.jwt")
    document = role(aws, Bundle.PATTERN)
    statement = document["Role"]["AssumeRolePolicyDocument"]["Statement"][0]
    statement["Condition"]["StringEquals"]["sts:RoleSessionName"] = "weights"
    answer = proposed_of(aws, saved(tmp_path, "role.json", document))
    assert sorted(row.effect for row in answer.workloads) == ["keeps", "loses"]


def test_what_the_logs_show_otherwise_than_the_documents_is_said(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.event()).remove("token.jwt")  # refused, although the trust policy accepts it
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, Bundle.PATTERN, STAGING)))
    (row,) = answer.workloads
    assert row.effect == "unknown"
    assert row.contradiction == (
        "by the newest logged attempt it was refused, although the documents that were read accept it"
    )
    assert answer.exit_code == 3


def test_a_refusal_that_the_change_cannot_alter_says_nothing_of_it(aws: Bundle, tmp_path: Path) -> None:
    expired = {"errorCode": "ExpiredTokenException", "errorMessage": "Token expired: current date/time must be before"}
    logged(aws, aws.accepted_event(at="2026-11-22T20:00:00Z"), aws.event(**expired)).remove("token.jwt")
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, OTHER)))
    assert effects(answer) == {Bundle.SUBJECT: "loses"}


@pytest.mark.parametrize(
    ("logs", "before", "after", "effect"),
    [
        (None, "accepted", "accepted", "keeps"),
        (None, "accepted", "refused", "loses"),
        (None, "refused", "accepted", "gains"),
        (None, "refused", "refused", "refused"),
        (None, "unknown", "refused", "unknown"),
        (None, "unknown", "accepted", "unknown"),
        (None, "accepted", "unknown", "unknown"),
        (Logged("accepted", in_force=True), "unknown", "refused", "loses"),
        (Logged("accepted", in_force=True), "refused", "refused", "loses"),
        (Logged("accepted", in_force=True), "refused", "accepted", "keeps"),
        (Logged("accepted", in_force=True), "accepted", "unknown", "unknown"),
        (Logged("accepted", in_force=False), "unknown", "refused", "loses"),
        (Logged("accepted", in_force=False), "refused", "refused", "refused"),
        (Logged("accepted", in_force=False), "refused", "accepted", "gains"),
        (Logged("refused", in_force=True), "unknown", "accepted", "gains"),
        (Logged("refused", in_force=True), "accepted", "accepted", "unknown"),
        (Logged("refused", in_force=True), "accepted", "refused", "unknown"),
        (Logged("refused", in_force=False), "unknown", "accepted", "unknown"),
        (Logged("refused", in_force=False), "accepted", "refused", "loses"),
        (Logged("refused", in_force=True, elsewhere=True), "unknown", "accepted", "unknown"),
        (Logged("refused", in_force=True, elsewhere=True), "accepted", "accepted", "unknown"),
        (Logged("refused", in_force=True, elsewhere=True), "refused", "accepted", "unknown"),
        (Logged("refused", in_force=True, elsewhere=True), "refused", "refused", "refused"),
        (Logged("refused", in_force=True, elsewhere=True, of_token=True), "accepted", "accepted", "keeps"),
        (Logged("refused", in_force=True, elsewhere=True, of_token=True), "accepted", "refused", "loses"),
        (Logged("refused", in_force=True, elsewhere=True, of_token=True), "refused", "accepted", "gains"),
    ],
)
def test_the_effect_of_logs_and_documents(
    logs: Logged | None, before: Decision, after: Decision, effect: Effect
) -> None:
    assert effect_of(logs, before, after) == effect


def test_a_service_account_without_its_binding_loses_each_subject(gcp: Bundle, tmp_path: Path) -> None:
    gcp.gcp_logs([gcp.log_entry()])
    policy = gcp.read("gcp/service-account-policy.json") | {"bindings": []}
    answer = proposed_of(gcp, saved(tmp_path, "policy.json", policy))
    assert [row.effect for row in answer.workloads] == ["loses"]
    assert "impersonate" in answer.workloads[0].why
    assert answer.documents[0].what == "the allow policy of the service account"


def test_a_provider_that_google_would_not_save(gcp: Bundle, tmp_path: Path) -> None:
    provider = gcp.read("gcp/provider.json") | {"attributeCondition": "assertion.sub.startsWith("}
    answer = proposed_of(gcp, saved(tmp_path, "provider.json", provider))
    assert (answer.exit_code, answer.workloads) == (1, [])
    assert answer.headline.startswith("Google Cloud would not save provider.json: ")


def test_a_trust_policy_that_iam_would_not_save(aws: Bundle, tmp_path: Path) -> None:
    policy = aws.policy(aws.statement({"StringEqual": {Bundle.AUD_KEY: Bundle.AUDIENCE}}))
    answer = proposed_of(aws, saved(tmp_path, "trust.json", policy))
    assert (answer.exit_code, answer.sign) == (1, "✗")
    assert answer.headline.startswith("IAM would not save trust.json: ")


def test_a_list_of_client_ids_without_the_audience(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event())
    provider = aws.read("aws/oidc-provider.json") | {"ClientIDList": ["another"]}
    answer = proposed_of(aws, saved(tmp_path, "oidc-provider.json", provider))
    assert [row.effect for row in answer.workloads] == ["loses"]


def test_a_success_that_unchanged_documents_refuse_is_unknown(aws: Bundle, tmp_path: Path) -> None:
    aws.remove("aws/oidc-provider.json").not_found("aws/oidc-provider.json")
    logged(aws, aws.accepted_event()).remove("token.jwt")
    answer = proposed_of(aws, saved(tmp_path, "role.json", role(aws, Bundle.PATTERN, STAGING)))
    assert [(row.effect, bool(row.contradiction)) for row in answer.workloads] == [("unknown", True)]


def test_a_saved_token_is_judged_as_a_new_one(aws: Bundle, tmp_path: Path) -> None:
    change = saved(tmp_path, "role.json", role(aws, OTHER))
    later = float(Bundle.NOW + 7 * 86_400)
    aws.manifest(collected_at="2026-11-29T22:40:00Z")
    assert [row.effect for row in proposed_of(aws, change).workloads] == ["loses"]
    assert [row.effect for row in proposed_of(aws, change, at=later).workloads] == ["refused"]


def test_an_observed_error_is_no_refusal_by_the_change(gcp: Bundle, tmp_path: Path) -> None:
    provider = gcp.read("gcp/provider.json")
    gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=another:')")
    gcp.error("The given credential is rejected by the attribute condition.")
    answer = proposed_of(gcp, saved(tmp_path, "provider.json", provider))
    assert [row.effect for row in answer.workloads] == ["gains"]


def test_an_observed_error_of_a_step_that_stays_is_said(gcp: Bundle, tmp_path: Path) -> None:
    gcp.error("The audience in ID Token [other] does not match the expected audience.")
    policy = gcp.read("gcp/service-account-policy.json")
    policy["bindings"][0]["members"].append("user:someone@example.com")
    (row,) = proposed_of(gcp, saved(tmp_path, "policy.json", policy)).workloads
    assert row.effect == "unknown"
    assert row.contradiction == "by the observed error it was refused, although the documents that were read accept it"


def test_a_success_with_other_client_ids_shows_nothing_of_those_to_come(aws: Bundle, tmp_path: Path) -> None:
    logged(aws, aws.accepted_event()).remove("token.jwt")
    provider = aws.read("aws/oidc-provider.json")
    empty = proposed_of(aws, saved(tmp_path, "oidc-provider.json", provider | {"ClientIDList": []}))
    assert [row.effect for row in empty.workloads] == ["unknown"]  # as a report decides on an empty list
    del provider["ClientIDList"]
    unread = proposed_of(aws, saved(tmp_path, "oidc-provider.json", provider))
    assert [row.effect for row in unread.workloads] == ["unknown"]
