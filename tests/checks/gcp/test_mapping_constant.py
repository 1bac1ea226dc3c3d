"""GCP055: a mapped attribute reads no claim, and a condition or a member compares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says

SUBJECT = {"google.subject": "assertion.sub"}


@pytest.mark.parametrize(
    ("expression", "unquoted"),
    [
        ("'assertion.team'", "assertion.team"),
        ('"assertion.team"', "assertion.team"),
        ("'team'", "assertion.team"),
        ("'assertion.' + 'team'", "assertion.team"),
        ("'org'", "assertion.org"),
        ("\"assertion['team']\"", "assertion['team']"),
        ("'assertion.team.extract(\"{x}\")'", 'assertion.team.extract("{x}")'),
        ("\"'assertion.team'\"", "assertion.team"),
        ("' assertion.team '", "assertion.team"),
        ("'claims.team'", "assertion.team"),
        ("true ? 'assertion.team' : ''", "assertion.team"),
        ("'[assertion.team]'", ""),
        ("string(1)", ""),
        ("'nothing-of-the-token'", ""),
    ],
)
def test_a_condition_compares_it(gcp: Bundle, says: type[Says], expression: str, unquoted: str) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": expression}, condition=f"attribute.team == '{gcp.TEAM}'")
    answer = gcp.ask()
    assert answer.names == ["mapping-constant"]
    assert answer.first.confidence == "predicted"
    assert f"attribute.team={expression}" in answer.first.summary
    assert answer.error() == says.REJECTED
    if unquoted:
        assert answer.first.fix.endswith(f"attribute.team={unquoted}")
    else:
        assert "assertion.NAME" in answer.first.fix


def test_a_claim_whose_name_is_no_identifier(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(**{"ci.example/project-id": "p1"}))
    gcp.gcp_provider(
        mapping=SUBJECT | {"attribute.project": "'ci.example/project-id'"}, condition="attribute.project == 'p1'"
    )
    assert gcp.ask().first.fix.endswith("attribute.project=assertion['ci.example/project-id']")


@pytest.mark.parametrize(
    "condition",
    [
        "attribute.team in ['Tq7LmZ2x', 'other']",
        "attribute.team.startsWith('Tq7')",
        "assertion.org == 'Org8Kd2P' && attribute.team == 'Tq7LmZ2x'",
        "attribute.team == 'Tq7LmZ2x' || attribute.team == 'other'",
        "attribute.team == assertion.team",
    ],
)
def test_every_comparison_of_it(gcp: Bundle, condition: str) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "'assertion.team'"}, condition=condition)
    assert gcp.ask().first.name == "mapping-constant"


def test_the_subject_in_quotes(gcp: Bundle) -> None:
    gcp.gcp_provider(mapping={"google.subject": "'assertion.sub'"})
    answer = gcp.ask()
    assert answer.first.name == "mapping-constant"
    assert answer.first.fix.endswith("google.subject=assertion.sub")


def test_a_member_compares_it(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "'assertion.team'"})
    answer = gcp.ask()
    assert answer.names == ["mapping-constant"]
    assert answer.error() == says.DENIED
    assert answer.first.expected is not None
    assert answer.first.actual is not None
    assert (answer.first.expected.value, answer.first.actual.value) == (gcp.TEAM, "assertion.team")
    assert "provider.json" in str(answer.first.actual.at)


def test_a_constant_that_is_meant(gcp: Bundle) -> None:
    member = gcp.MEMBER.replace("attribute.team/Tq7LmZ2x", "attribute.stage/production")
    gcp.service_account_policy(member).gcp_provider(mapping=SUBJECT | {"attribute.stage": "'production'"})
    assert gcp.ask().accepted
    answer = gcp.service_account_policy(member.replace("production", "producton")).ask()
    assert answer.names == ["member-attribute-differs"], "the slip is in the member"
    answer = gcp.gcp_provider(
        mapping=SUBJECT | {"attribute.stage": "'production'"}, condition="attribute.stage == 'Production'"
    ).ask()
    assert answer.names[0] == "attribute-condition-false", "the slip is in the condition"


def test_a_constant_that_nothing_compares(gcp: Bundle) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "assertion.team", "attribute.x": "'assertion.x'"})
    answer = gcp.ask()
    assert answer.accepted
    assert answer.check("mapping-constant").status == "passed"


@pytest.mark.parametrize("expression", ["assertion.team", "'x' + assertion.team", "has(assertion.team) ? 'a' : 'b'"])
def test_an_expression_that_reads_a_claim(gcp: Bundle, expression: str) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": expression}, condition="attribute.team == 'other'")
    assert gcp.ask().first.name == "attribute-condition-false"


def test_a_redacted_mapping(gcp: Bundle) -> None:
    gcp.gcp_provider(mapping=SUBJECT | {"attribute.team": "'<team>'"}, condition="attribute.team == 'Tq7LmZ2x'")
    assert "mapping-constant" not in gcp.ask().names


def test_the_edit_takes_the_quotes_away(gcp: Bundle) -> None:
    gcp.gcp_provider(
        mapping=SUBJECT | {"attribute.team": "'assertion.team'"},
        condition=f"attribute.team == '{gcp.TEAM}' && assertion.sub.startsWith('v=1:org={gcp.ORG}:')",
    )
    (fix,) = gcp.ask().report.fixes
    assert fix.commands[0].endswith("--attribute-mapping=google.subject=assertion.sub,attribute.team=assertion.team")


def test_a_condition_that_would_admit_another_tenant_is_narrowed_with_it(gcp: Bundle) -> None:
    gcp.gcp_provider(
        mapping=SUBJECT | {"attribute.team": "'assertion.team'"}, condition=f"attribute.team == '{gcp.TEAM}'"
    )
    (fix,) = gcp.ask().report.fixes
    assert " && assertion.sub.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:')" in fix.document
