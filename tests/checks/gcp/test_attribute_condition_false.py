"""GCP020: which clause of the attribute condition is false, and by which characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


TEAM = "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')"


@pytest.mark.parametrize(
    ("condition", "clause", "expected", "actual"),
    [
        (
            f"{TEAM} && google.subject.contains(':environment=staging:')",
            "google.subject.contains(':environment=staging:')",
            ":environment=[staging]:",
            "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=[production]:type=model_container",
        ),
        (
            f"{TEAM} && google.subject.endsWith('type=model_build')",
            "google.subject.endsWith('type=model_build')",
            "type=model_[build]",
            "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_[container]",
        ),
        (
            "google.subject.startsWith('v=1:org=Org8Kd2P:team=tq7lmz2x:') && assertion.org == 'x'",
            "google.subject.startsWith('v=1:org=Org8Kd2P:team=tq7lmz2x:')",
            "v=1:org=Org8Kd2P:team=[tq7lmz]2x:",
            None,
        ),
        (
            "google.subject.contains(':env=production:')",
            "google.subject.contains(':env=production:')",
            ":[env]=production:",
            None,
        ),
        ("assertion.org == 'Org8Kd2Q'", "assertion.org == 'Org8Kd2Q'", "Org8Kd2[Q]", "Org8Kd2[P]"),
        ("'Org8Kd2Q' == assertion.org", "'Org8Kd2Q' == assertion.org", "Org8Kd2[Q]", "Org8Kd2[P]"),
        ("assertion['org'] == 'Org8Kd2Q'", "assertion['org'] == 'Org8Kd2Q'", "Org8Kd2[Q]", "Org8Kd2[P]"),
        ("attribute.team == 'Tq7LmZ2y'", "attribute.team == 'Tq7LmZ2y'", "Tq7LmZ2[y]", "Tq7LmZ2[x]"),
        (
            "assertion.org in ['other', 'org8Kd2P']",
            "assertion.org in ['other', 'org8Kd2P']",
            "[o]rg8Kd2P",
            "[O]rg8Kd2P",
        ),
        (
            "(assertion.org == 'Org8Kd2P' || true) && assertion.team == 'Tq7LmZ2y'",
            "assertion.team == 'Tq7LmZ2y'",
            "Tq7LmZ2[y]",
            "Tq7LmZ2[x]",
        ),
        (
            "assertion.sub.extract('team={team}:') == 'Tq7LmZ2y'",
            "assertion.sub.extract('team={team}:') == 'Tq7LmZ2y'",
            "Tq7LmZ2[y]",
            "Tq7LmZ2[x]",
        ),
        (
            "assertion.sub.split(':')[2] == 'team=Tq7LmZ2y'",
            "assertion.sub.split(':')[2] == 'team=Tq7LmZ2y'",
            "team=Tq7LmZ2[y]",
            "team=Tq7LmZ2[x]",
        ),
    ],
)
def test_the_clause_that_decides(
    gcp: Bundle, says: type[Says], condition: str, clause: str, expected: str, actual: str | None
) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.names == ["attribute-condition-false"]
    assert answer.first.confidence == "predicted"
    assert answer.first.location == clause
    assert clause in answer.first.summary
    assert answer.first.at is not None
    assert answer.first.at.startswith("gcp/provider.json:")
    assert gcp.marked(answer.first.expected) == expected
    assert actual is None or gcp.marked(answer.first.actual) == actual
    assert answer.error() == says.REJECTED
    assert answer.error_is_certain()


@pytest.mark.parametrize(
    "condition",
    [
        f"{TEAM} && google.subject.contains(':environment=production:')",
        "assertion.org in ['other', 'Org8Kd2P']",
        "assertion.org != 'other' && !(assertion.team == 'other')",
        "assertion.sub.matches('^v=1:org=[A-Za-z0-9]+:')",
        "assertion.sub.extract('team={team}:') == 'Tq7LmZ2x'",
        "attribute.team == assertion.team",
        "has(assertion.model) && assertion.model == 'mWq41ZpK'",
        "assertion.iat < assertion.exp && size(assertion.sub) > 8",
        "assertion.sub.split(':').exists(part, part == 'type=model_container')",
        "assertion.absent == 'x' || assertion.org == 'Org8Kd2P'",
        "true",
        "",
        "   ",
    ],
)
def test_it_is_true(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.accepted, answer.names
    assert answer.check("attribute-condition-false").status == "passed"


def test_a_false_clause_stands_over_a_failing_one(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.absent == 'x' && assertion.org == 'other'").ask()
    assert answer.names == ["attribute-condition-false"]
    assert answer.first.location == "assertion.org == 'other'"


def test_it_comes_before_what_the_mapping_lacks(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.gcp_provider(condition="assertion.org == 'x'", mapping={"google.subject": "assertion.absent"}).ask()
    assert answer.names[:2] == ["attribute-condition-false", "mapping-claim-missing"]
    assert answer.error() == says.REJECTED


def test_a_subject_alone(gcp: Bundle, says: type[Says]) -> None:
    gcp.remove("token.jwt").gcp_provider(mapping={"google.subject": "assertion.sub"})
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    assert gcp.ask(subject=gcp.SUBJECT).exchange().prediction == "accepted"
    answer = gcp.ask(subject=gcp.SUBJECT.replace("Tq7", "Tq8"))
    assert answer.first.name == "attribute-condition-false"
    assert answer.error() == says.REJECTED


@pytest.mark.parametrize(
    "condition",
    [
        "google.subject.startsWith('v=1:org=<org>:')",
        "google.subject == 'v=1:org=...'",
        "assertion.org in ['<org>', 'other']",
        "assertion.org.matches('<expression>')",
    ],
)
def test_a_placeholder(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.first.name == "attribute-condition-false"
    assert answer.first.confidence == "suspected"
    assert answer.exchange().prediction == "unknown"
    answer = gcp.from_the_cloud().ask()
    assert answer.first.name == "attribute-condition-false"
    assert answer.first.confidence == "predicted", "what was read from the cloud has no placeholders"


def test_no_filling_makes_it_true(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=<org>:team=Tq7LmZ2y:')").ask()
    assert answer.first.confidence == "predicted"
    assert gcp.marked(answer.first.expected) == "v=1:org=<org>:team=Tq7LmZ2[y]:"


def test_a_partial_token(gcp: Bundle, says: type[Says]) -> None:
    gcp.gcp_provider(condition="assertion.environment == 'staging'").claims({"sub": gcp.SUBJECT, "iss": gcp.ISSUER})
    answer = gcp.ask()
    assert answer.cause("attribute-condition-false").confidence == "suspected"
    assert answer.state("condition") == "unknown"
    assert answer.check("attribute-condition-false").status == "skipped"
    answer = gcp.gcp_provider(condition=f"{TEAM} || assertion.environment == 'staging'").ask()
    assert answer.state("condition") == "passed", "what is not known does not matter"


def test_the_provider_was_not_read(gcp: Bundle, says: type[Says]) -> None:
    answer = gcp.remove("gcp/provider.json").error(says.REJECTED[1]).ask()
    assert answer.first.name == "attribute-condition-false"
    assert answer.first.confidence == "suspected"
    assert answer.report.exit_code == 1


# What is not yet as it should be.


def test_a_negated_clause(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=f"{TEAM} && !(assertion.environment == 'production')").ask()
    assert answer.first.location == "!(assertion.environment == 'production')"


def test_a_value_that_must_not_be(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.environment != 'production'").ask()
    assert "nothing differs" not in answer.first.summary
    assert answer.first.expected is not None
    assert answer.first.expected.value != "production"


def test_a_number_is_no_string(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(repository_id="12345"))
    answer = gcp.gcp_provider(condition="assertion.repository_id == 12345").ask()
    assert "nothing differs" not in answer.first.summary
    assert answer.first.expected is not None
    assert answer.first.actual is not None
    assert answer.first.expected.value != answer.first.actual.value or "string" in answer.first.summary


def test_the_branch_of_a_conditional(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.type == 'model_build' ? true : assertion.org == 'other'").ask()
    assert answer.first.location == "assertion.org == 'other'"
    assert gcp.marked(answer.first.expected) == "[other]"


def test_a_macro(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="['one', 'two'].exists(team, assertion.team == team)").ask()
    assert answer.first.actual is None or answer.first.actual.value != "false"


def test_a_comparison_of_numbers(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="size(assertion.sub) < 10").ask()
    assert "goes on with" not in answer.first.summary


def test_a_regular_expression_has_no_marks(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="google.subject.matches('^v=1:org=Org8Kd2P:team=X.*')").ask()
    assert answer.first.actual is not None
    assert answer.first.actual.spans == ()


def test_the_clause_that_reads_an_unknown_claim(gcp: Bundle) -> None:
    gcp.gcp_provider(condition="assertion.environment == 'staging'").claims({"sub": gcp.SUBJECT, "iss": gcp.ISSUER})
    assert gcp.ask().cause("attribute-condition-false").location == "assertion.environment == 'staging'"


def test_a_clause_that_is_false_whatever_the_placeholder_stands_for(gcp: Bundle) -> None:
    condition = "assertion.team == '<team>' && google.subject.endsWith(':type=model_build')"
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.first.location == "google.subject.endsWith(':type=model_build')"
    assert answer.first.confidence == "predicted"


@pytest.mark.parametrize("condition", ["assertion.org != '<org>'", "!(assertion.org == '<org>')"])
def test_a_placeholder_that_may_be_the_excluded_value(gcp: Bundle, condition: str) -> None:
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.exchange().prediction == "unknown"


def test_a_quantifier_is_no_placeholder(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="assertion.sub.matches('^v=2:org=[A-Za-z0-9]{8}:')").ask()
    assert answer.first.confidence == "predicted"


def test_a_placeholder_in_pasted_claims(gcp: Bundle) -> None:
    answer = gcp.claims(gcp.claims_of(sub=gcp.SUBJECT.replace("Tq7LmZ2x", "***"))).from_the_cloud().ask()
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize(
    ("condition", "clause", "value"),
    [
        ("assertion.flag ? false : true", "assertion.flag ? false : true", "assertion.flag is true (bool)"),
        ("assertion.org == 'Org8Kd2P' ? assertion.n == 4 : false", "assertion.n == 4", "assertion.n is 3 (int)"),
        ("assertion.groups == 'a'", "assertion.groups == 'a'", "assertion.groups is ['a'] (list)"),
        ("assertion.n in ['3']", "assertion.n in ['3']", "assertion.n is 3 (int)"),
        ("!assertion.flag", "!assertion.flag", "assertion.flag is true (bool)"),
        ("assertion.flag == 'true'", "assertion.flag == 'true'", "assertion.flag is true (bool)"),
    ],
)
def test_the_value_and_its_type(gcp: Bundle, condition: str, clause: str, value: str) -> None:
    gcp.token(gcp.claims_of(flag=True, n=3, groups=["a"]))
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.first.name == "attribute-condition-false"
    assert f"is false: {clause} ({value})" in answer.first.summary


def test_a_claim_in_quotes(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition="'assertion.team' == 'Tq7LmZ2x'").ask()
    assert answer.first.name == "attribute-condition-false"
    assert "reads no claim, since assertion.team is between quotes" in answer.first.summary
    assert answer.first.fix == "Write assertion.team without quotes in that clause."
    (fix,) = answer.report.fixes  # the team alone would admit a tenant with a team of this name
    assert "assertion.sub.startsWith" in fix.document
    answer = gcp.gcp_provider(condition="'main' == 'master'").ask()
    (fix,) = answer.report.fixes
    assert "'main' == 'main'" not in fix.document, "two texts made equal would accept everybody"
