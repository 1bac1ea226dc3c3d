"""What `truss whoami` shows of a refusal: the ids of another workspace, names in their place, swapped ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

WHOAMI = "truss/whoami.txt"
ORG, TEAM = "Hq4Lm8Tz", "Rw7Cx2Vb"
SUBJECT = f"v=1:org={ORG}:team={TEAM}:model=Kd3Fg6Jn:deployment=Ps5Yb9Qm:environment=production:type=model_build"


def whoami(org: str = ORG, *teams: str) -> str:
    listed = ", ".join(teams or (f"{TEAM} (Vision Lab)",))
    return f"acme\\ada@acme.example\nOrg ID:  {org}\nTeams:   {listed}\nIssuer:  https://oidc.baseten.co\n"


@pytest.fixture
def baseten(aws: Bundle) -> Bundle:
    """A role for Baseten, with the ids of `truss whoami` and a token of the same workspace."""
    aws.claims(iss="https://oidc.baseten.co", sub=SUBJECT, aud="oidc.baseten.co").remove("token.jwt")
    return aws.write(WHOAMI, whoami())


def pattern(aws: Bundle, org: str, team: str) -> Bundle:
    return aws.condition(
        {
            "StringEquals": {"oidc.baseten.co:aud": "oidc.baseten.co"},
            "StringLike": {"oidc.baseten.co:sub": f"v=1:org={org}:team={team}:*"},
        },
        Principal={"Federated": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"},
    ).aws_provider(("oidc.baseten.co",), "oidc.baseten.co", "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co")


FAULTS = [
    ("Xx9Yy8Zz", TEAM, f"truss whoami names the org {ORG}"),
    (ORG, "Nn3Mm2Kk", "truss whoami names no team Nn3Mm2Kk"),
    (TEAM, ORG, "org and team are swapped in it"),
    (ORG, "vision-lab", f"vision-lab is the name of the team whose id is {TEAM}"),
    ("Acme", TEAM, f"Acme is the name of the org whose id is {ORG}"),
]


@pytest.mark.parametrize(("org", "team", "words"), FAULTS)
@pytest.mark.parametrize("with_token", [True, False])
def test_the_first_cause_says_what_the_ids_show(
    baseten: Bundle, org: str, team: str, words: str, with_token: bool
) -> None:
    if not with_token:
        baseten.remove("claims.json")
    answer = pattern(baseten, org, team).ask()
    assert (answer.first.name, answer.first.confidence) == ("subject-segment-differs", "predicted")
    assert words in answer.first.summary


def test_ids_are_swapped_whoever_asked(baseten: Bundle) -> None:
    answer = pattern(baseten.remove(WHOAMI), TEAM, ORG).ask()
    assert "org and team are swapped in it" in answer.first.summary


def test_a_policy_of_the_own_workspace_refuses_another_s_token(baseten: Bundle) -> None:
    answer = pattern(baseten.write(WHOAMI, whoami("Zz5Xx4Cc", "Vv6Bb7Nn (Ops)")), "Zz5Xx4Cc", "Vv6Bb7Nn").ask()
    assert "it is for the org of truss whoami, and the token is another's" in answer.first.summary


def test_another_team_of_the_same_workspace_is_named(baseten: Bundle) -> None:
    baseten.write(WHOAMI, whoami(ORG, f"{TEAM} (Vision Lab)", "Bb1Cc2Dd (Speech)"))
    assert "Bb1Cc2Dd is the team Speech" in pattern(baseten, ORG, "Bb1Cc2Dd").ask().first.summary


def test_the_ids_alone_accept_nothing(baseten: Bundle) -> None:
    answer = pattern(baseten.remove("claims.json"), ORG, TEAM).ask()
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize("teams", [("Bb1Cc2Dd (Speech)", f"{TEAM} (Vision Lab)"), ("[ ]",)])
def test_one_team_that_may_pass_is_enough(baseten: Bundle, teams: tuple[str, ...]) -> None:
    baseten.remove("claims.json").write(WHOAMI, whoami(ORG, *teams))
    assert "subject-segment-differs" not in {
        cause.name for cause in pattern(baseten, ORG, TEAM).ask().causes if cause.confidence != "suspected"
    }


def test_a_redacted_id_shows_nothing(baseten: Bundle) -> None:
    baseten.remove("claims.json").write(WHOAMI, whoami("<org_id>"))
    assert pattern(baseten, "Xx9Yy8Zz", TEAM).ask().exchange().prediction == "unknown"


@pytest.mark.parametrize(("org", "team", "words"), FAULTS)
def test_google_s_condition(gcp: Bundle, org: str, team: str, words: str) -> None:
    gcp.claims(iss="https://oidc.baseten.co", sub=SUBJECT, aud="oidc.baseten.co").remove("token.jwt")
    provider = gcp.read("gcp/provider.json")
    provider["attributeCondition"] = f"assertion.sub.startsWith('v=1:org={org}:team={team}:')"
    provider["oidc"] = {"issuerUri": "https://oidc.baseten.co", "allowedAudiences": ["oidc.baseten.co"]}
    answer = gcp.write("gcp/provider.json", provider).write(WHOAMI, whoami()).ask()
    assert answer.first.name == "attribute-condition-false"
    assert words in answer.first.summary


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (f"assertion.org == '{TEAM}' && assertion.team == '{ORG}'", f"{TEAM} is the id of the token's team"),
        ("assertion.team == 'Vision Lab'", f"Vision Lab is the name of the team whose id is {TEAM}"),
        ("assertion.org == 'acme'", f"acme is the name of the org whose id is {ORG}"),
    ],
)
def test_google_s_condition_on_one_claim(gcp: Bundle, condition: str, words: str) -> None:
    gcp.claims(sub=SUBJECT, org=ORG, team=TEAM).remove("token.jwt").write(WHOAMI, whoami())
    answer = gcp.gcp_provider(condition=condition).ask()
    assert answer.first.name == "attribute-condition-false"
    assert words in answer.first.summary


def test_google_s_member_with_a_name(gcp: Bundle) -> None:
    gcp.service_account_policy(gcp.MEMBER.replace(gcp.TEAM, "Vision Lab"))
    answer = gcp.write(WHOAMI, whoami(gcp.ORG, f"{gcp.TEAM} (Vision Lab)")).ask()
    assert answer.first.name == "member-attribute-differs"
    assert f"Vision Lab is the name of the team whose id is {gcp.TEAM}" in answer.first.summary


def test_ids_are_swapped_of_any_team(baseten: Bundle) -> None:
    baseten.remove("claims.json").write(WHOAMI, whoami(ORG, "Bb1Cc2Dd (Speech)", f"{TEAM} (Vision Lab)"))
    assert "org and team are swapped in it" in pattern(baseten, TEAM, ORG).ask().first.summary


@pytest.mark.parametrize("subject", ["repo:acme/api:ref:refs/heads/main", "repo:acme/web:ref:refs/heads/main"])
def test_the_ids_say_nothing_of_another_issuer_s_tokens(aws: Bundle, subject: str) -> None:
    github = "token.actions.githubusercontent.com"
    arn = f"arn:aws:iam::210987654321:oidc-provider/{github}"
    aws.claims(iss=f"https://{github}", sub=subject, aud="sts.amazonaws.com").remove("token.jwt")
    aws.condition(
        {"StringLike": {f"{github}:sub": "repo:other/web:*"}, "StringEquals": {f"{github}:aud": "sts.amazonaws.com"}},
        Principal={"Federated": arn},
    ).aws_provider(("sts.amazonaws.com",), github, arn)
    answer = aws.write(WHOAMI, whoami()).ask()
    assert answer.first.name == "subject-segment-differs"
    assert ORG not in answer.first.summary + answer.first.fix
    assert not [row for row in answer.report.checks if row.name == "workspace-differs" and row.status == "failed"]


def test_the_ids_of_another_workspace_are_no_advice(baseten: Bundle) -> None:
    answer = pattern(baseten.write(WHOAMI, whoami("Zz5Xx4Cc", "Vv6Bb7Nn (Ops)")), ORG, "Nn3Mm2Kk").ask()
    assert "truss whoami names another org, Zz5Xx4Cc" in answer.first.summary
    assert "Zz5Xx4Cc" not in answer.first.fix
