"""Who else a change accepts: strangers by kind, neighbours, and the owners of the logged subjects that gain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evidence import Bundle
from evidence.changes import proposed_of, saved


def role(aws: Bundle, *patterns: str) -> dict[str, Any]:
    """A trust policy alone, with these patterns of the subject."""
    return aws.policy(aws.statement(aws.subject(*patterns)))


def test_strangers_of_another_team_are_accepted(aws: Bundle, tmp_path: Path) -> None:
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, "v=1:org=Org8Kd2P:team=*")))
    strangers = {row.who: row for row in answer.others if row.stranger and row.effect == "gains"}
    assert set(strangers) == {"another team"}
    assert "team=Tq7LmZ2x" not in strangers["another team"].example
    assert 0 < strangers["another team"].number < answer.tried
    assert answer.exit_code == 1
    assert (
        f"{strangers['another team'].number} of {answer.tried} synthetic tokens of strangers are accepted"
        in answer.headline
    )


def test_no_one_else_is_accepted(aws: Bundle, tmp_path: Path) -> None:
    narrower = f"{Bundle.PATTERN[:-1]}model=mWq41ZpK:*"
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, narrower)))
    assert not [row for row in answer.others if row.effect != "loses"]
    assert answer.tried > 20
    assert f"none of {answer.tried} synthetic tokens of strangers is accepted" in answer.headline
    assert answer.exit_code == 0


def test_a_named_owner_without_logs_is_a_stranger(aws: Bundle, tmp_path: Path) -> None:
    other = "v=1:org=Evil0000:team=Tq7LmZ2x:*"
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, Bundle.PATTERN, other)))
    assert any(row.stranger and "org=Evil0000" in row.example for row in answer.others)
    assert answer.exit_code == 1


def test_a_team_of_the_logs_that_gains_is_no_stranger(aws: Bundle, tmp_path: Path) -> None:
    other = Bundle.SUBJECT.replace("Tq7LmZ2x", "Ur8MnA3y")
    aws.cloudtrail([aws.event(subject=other)])
    patterns = (Bundle.PATTERN, Bundle.PATTERN.replace("Tq7LmZ2x", "Ur8MnA3y"))
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, *patterns)))
    assert answer.exit_code == 0
    assert [row.effect for row in answer.workloads if row.subject == other] == ["gains"]
    assert not any(row.stranger and row.effect == "gains" for row in answer.others)


def test_an_organization_of_the_logs_that_gains_is_a_stranger(aws: Bundle, tmp_path: Path) -> None:
    other = Bundle.SUBJECT.replace("Org8Kd2P", "Evil0000")
    aws.cloudtrail([aws.event(subject=other)])
    patterns = (Bundle.PATTERN, Bundle.PATTERN.replace("Org8Kd2P", "Evil0000"))
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, *patterns)))
    assert [row.foreign for row in answer.workloads if row.subject == other] == ["another org"]
    assert answer.exit_code == 1


def test_neighbours_count_with_fail_on_weakens(aws: Bundle, tmp_path: Path) -> None:
    aws.condition(aws.subject(f"{Bundle.PATTERN[:-1]}model=mWq41ZpK:*"))
    change = saved(tmp_path, "trust.json", role(aws, Bundle.PATTERN))
    assert any(not row.stranger and row.effect == "gains" for row in proposed_of(aws, change).others)
    assert proposed_of(aws, change).exit_code == 0
    assert proposed_of(aws, change, fail_on="weakens").exit_code == 1


def test_strangers_are_found_without_token_and_logs(aws: Bundle, tmp_path: Path) -> None:
    aws.remove("token.jwt")
    answer = proposed_of(aws, saved(tmp_path, "trust.json", role(aws, "v=1:org=Org8Kd2P:team=*")))
    assert any(row.stranger and row.effect == "gains" for row in answer.others)
    assert answer.headline.startswith("With trust.json: no token was given, and no subject is logged;")


def test_a_condition_of_google_that_ends_early(gcp: Bundle, tmp_path: Path) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{Bundle.POOL}/*")
    condition = f"google.subject.startsWith('v=1:org={Bundle.ORG}:team=')"
    provider = gcp.read("gcp/provider.json") | {"attributeCondition": condition}
    answer = proposed_of(gcp, saved(tmp_path, "provider.json", provider))
    assert {row.who for row in answer.others if row.stranger and row.effect == "gains"} == {"another team"}


def test_another_audience_needs_the_providers_list(aws: Bundle, tmp_path: Path) -> None:
    statement = aws.statement({"StringLike": {Bundle.SUB_KEY: Bundle.PATTERN}})  # no test of the audience any more
    change = saved(tmp_path, "trust.json", aws.policy(statement))
    assert not [row for row in proposed_of(aws, change).others if row.who == "another audience"]
    aws.remove("aws/oidc-provider.json")
    unknown = [row.effect for row in proposed_of(aws, change).others if row.who == "another audience"]
    assert unknown == ["unknown"]


def test_only_strangers_are_counted_as_tried(aws: Bundle, tmp_path: Path) -> None:
    change = saved(tmp_path, "trust.json", role(aws, Bundle.SUBJECT))
    of_team = proposed_of(aws, change).tried
    aws.condition(aws.subject(f"{Bundle.PATTERN[:-1]}model=mWq41ZpK:*"))
    assert proposed_of(aws, change).tried == of_team
