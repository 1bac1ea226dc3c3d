"""AWS091 and GCP096: what accepts a workload now refuses it in the coming form of its issuer's subjects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.issuers.coming import ComingForm

if TYPE_CHECKING:
    from evidence import Bundle
    from oidc_doctor.model.report import FindingRow

NAME = "coming-subject-refused"
HOST = "token.actions.githubusercontent.com"
OLD, NEW = "repo:octo-org/weights:ref:refs/heads/main", "repo:octo-org@1234/weights@5678:ref:refs/heads/main"
IDS = {"repository_owner_id": "1234", "repository_id": "5678"}


def signed(made: Bundle, subject: str = OLD, **changes: Any) -> Bundle:
    """The bundle with a token of GitHub that has both ids, and changed claims (`...` leaves one out)."""
    claims = {
        "iss": made.GITHUB,
        "sub": subject,
        "aud": "sts.amazonaws.com",
        "iat": made.NOW - 60,
        "exp": made.NOW + 240,
        "repository": "octo-org/weights",
        "repository_owner": "octo-org",
        "ref": "refs/heads/main",
        **IDS,
    } | changes
    return made.token({name: value for name, value in claims.items() if value is not ...})


def trusting(made: Bundle, *patterns: str, operator: str = "StringLike", more: Any = ()) -> Bundle:
    """The bundle with a trust policy of these subjects, and further statements."""
    values = patterns[0] if len(patterns) == 1 else list(patterns)
    condition: dict[str, Any] = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com"}}
    condition.setdefault(operator, {})[f"{HOST}:sub"] = values
    principal = {"Federated": f"arn:aws:iam::{made.ACCOUNT}:oidc-provider/{HOST}"}
    return made.trust(made.statement(condition, Principal=principal), *(one | {"Principal": principal} for one in more))


def logged(made: Bundle, *subjects: str, at: str = "2026-11-22T22:30:00Z") -> Bundle:
    """The bundle with an accepted attempt of each of these subjects."""
    arn = f"arn:aws:iam::{made.ACCOUNT}:oidc-provider/{HOST}"
    events = []
    for number, subject in enumerate(subjects):
        event = made.accepted_event(event_id=f"e-{number}", subject=subject, at=at)
        event["userIdentity"] |= {"identityProvider": arn, "principalId": f"{arn}:sts.amazonaws.com:{subject}"}
        event["responseElements"] |= {"provider": arn, "audience": "sts.amazonaws.com"}
        events.append(event)
    return made.cloudtrail(events)


def finding_of(made: Bundle) -> FindingRow:
    (finding,) = made.ask().check(NAME).findings
    return finding


def edited_policy(made: Bundle) -> Any:
    (fix,) = [fix for fix in made.ask().report.fixes if fix.for_ == "AWS091"]
    return fix, json.loads(fix.document)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("repo:octo-org/weights:*", "repo:octo-org@1234/weights@5678:*"),
        ("repo:octo-org/*", "repo:octo-org@1234/*"),
        ("repo:octo-org/*:ref:refs/heads/main", "repo:octo-org@1234/*:ref:refs/heads/main"),
        (OLD, NEW),
    ],
)
def test_the_line_has_the_reach_of_the_present_one(github: Bundle, pattern: str, line: str) -> None:
    signed(trusting(github, pattern))
    answer = github.ask()
    (finding,) = answer.check(NAME).findings
    assert answer.accepted
    assert "the trust policy will refuse this workload once the repository is renamed, transferred" in finding.message
    assert finding.message.endswith(f"the token's subject is then {NEW}")
    assert github.marked(finding.expected) == line.replace("@1234", "[@1234]").replace("@5678", "[@5678]")
    assert finding.actual is not None
    assert finding.actual.value == pattern
    assert str(finding.actual.at).startswith("aws/role.json:")
    assert finding.fix == f"Add {line} to the values of {HOST}:sub under StringLike in Statement[0]."
    assert finding.commands == ()
    fix, policy = edited_policy(github)
    assert policy["Statement"][0]["Condition"]["StringLike"][f"{HOST}:sub"] == [pattern, line]
    assert "synthetic tokens of other names, ids, issuers and audiences are still refused" in fix.proof


def test_the_edited_policy_accepts_the_bearers_of_the_ids(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/weights:*"))
    _, policy = edited_policy(github)
    signed(github.aws_role(policy)).ask().passed(NAME)
    assert signed(github, NEW).ask().accepted
    for id_, other in (("1234", "12345"), ("5678", "56789")):
        assert signed(github, NEW.replace(id_, other)).ask().state("authorise") == "refused"


def test_no_id_is_known(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/weights:*"), repository_id=..., repository_owner_id=...)
    finding = finding_of(github)
    line = "repo:octo-org@OWNER_ID/weights@REPOSITORY_ID:*"
    assert finding.fix.startswith(f"Fill in OWNER_ID and REPOSITORY_ID, and add {line} to")
    assert finding.commands == ("gh api repos/octo-org/weights --jq '.owner.id, .id'",)
    fix, policy = edited_policy(github)
    assert fix.gaps == ["OWNER_ID", "REPOSITORY_ID"]
    assert policy["Statement"][0]["Condition"]["StringLike"][f"{HOST}:sub"][1] == line
    # as it is, the line accepts no one
    github.aws_role(policy)
    assert signed(github, NEW).ask().state("authorise") == "refused"


def test_a_line_for_unknown_ids_may_be_there_already(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/weights:*", "repo:octo-org@1234/weights@5678:*"))
    github.ask().passed(NAME)
    signed(github, repository_id=..., repository_owner_id=...)
    assert "depends on what was not read" in github.ask().skipped(NAME).reason


def test_ids_of_the_logs(github: Bundle) -> None:
    signed(
        trusting(github, "repo:octo-org/*", "repo:octo-org@1234/apples@77:*"),
        repository_id=...,
        repository_owner_id=...,
    )
    logged(github, "repo:octo-org@1234/apples@77:ref:refs/heads/main")
    finding = finding_of(github)
    assert "the token's subject is then repo:octo-org@1234/weights@REPOSITORY_ID:ref:refs/heads/main" in finding.message
    assert finding.fix.startswith("Add repo:octo-org@1234/* to")  # the wildcard needs no id of the repository
    assert finding.commands == ()


def test_subjects_of_the_logs(github: Bundle) -> None:
    subjects = (OLD, "repo:octo-org/weights:environment:prod", "repo:octo-org/apples:pull_request")
    trusting(github, *subjects, operator="StringEquals").remove("token.jwt")
    finding = finding_of(logged(github, *subjects))
    assert "2 more subjects in the logs are refused likewise" in finding.message
    assert len(finding.commands) == 2
    _, policy = edited_policy(github)
    values = policy["Statement"][0]["Condition"]["StringEquals"][f"{HOST}:sub"]
    ids = {value.split("@")[2].split(":")[0] for value in values if "@" in value}
    assert len(values) == 6
    assert ids == {"REPOSITORY_ID", "REPOSITORY_ID_2"}  # of two repositories


def test_an_old_attempt_shows_no_use(github: Bundle) -> None:
    trusting(github, "repo:octo-org/*").remove("token.jwt")
    assert len(logged(github, OLD, at="2026-11-02T00:00:00Z").ask().check(NAME).findings) == 1
    signed(github, NEW, sub="repo:octo-org@1234/apples@7:pull_request")
    assert logged(github, OLD, at="2026-10-02T00:00:00Z").ask().check(NAME).findings == []


def test_a_workload_that_has_switched(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/weights:*"))
    logged(github, OLD, NEW)
    assert "in the coming form already" in github.ask().skipped(NAME).reason


def test_a_deny_that_no_line_undoes(github: Bundle) -> None:
    deny = github.statement({"StringNotLike": {f"{HOST}:sub": "repo:octo-org/*"}}, Effect="Deny")
    signed(trusting(github, "repo:octo-org/weights:*", more=[deny]))
    answer = github.ask()
    (finding,) = answer.check(NAME).findings
    assert finding.fix.endswith("no edit of it could be proven.")
    assert answer.report.fixes == []


def test_a_line_that_admits_a_stranger_is_not_proposed(github: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    write = ComingForm.write

    def too_wide(form: ComingForm, text: str, values: dict[str, str], *, closed: bool = False) -> str:
        written = write(form, text, values, closed=closed)
        return written.replace("@1234", "@*") if "*" in text else written

    monkeypatch.setattr(ComingForm, "write", too_wide)
    signed(trusting(github, "repo:octo-org/weights:*"))
    answer = github.ask()
    assert answer.check(NAME).findings[0].fix.endswith("no edit of it could be proven.")
    assert answer.report.fixes == []


@pytest.mark.parametrize("pattern", ["repo:octo-*:ref:refs/heads/main", "*"])
def test_a_pattern_that_covers_both_forms(github: Bundle, pattern: str) -> None:
    signed(trusting(github, pattern)).ask().passed(NAME)


def test_what_is_refused_now(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/apples:*"))
    assert github.ask().check(NAME).status == "skipped"


def test_a_claim_instead_of_the_subject(github: Bundle) -> None:
    principal = {"Federated": f"arn:aws:iam::{github.ACCOUNT}:oidc-provider/{HOST}"}
    keys = {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:repository": "octo-org/weights"}
    signed(github.trust(github.statement({"StringEquals": keys}, Principal=principal))).ask().passed(NAME)


def test_the_token_has_the_coming_form(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org@1234/weights@5678:*"), NEW).ask().passed(NAME)


def test_an_issuer_without_a_coming_form(aws: Bundle) -> None:
    assert "is known to be coming" in aws.ask().skipped(NAME).reason


def test_an_enterprise_server_has_no_such_form(github: Bundle) -> None:
    server = "github.example.com/_services/token"
    arn = f"arn:aws:iam::{github.ACCOUNT}:oidc-provider/{server}"
    keys = {f"{server}:aud": "sts.amazonaws.com", f"{server}:sub": OLD}
    github.trust(github.statement({"StringEquals": keys}, Principal={"Federated": arn}))
    github.aws_provider(client_ids=("sts.amazonaws.com",), url=server, arn=arn)
    signed(github, iss=f"https://{server}")
    assert "is known to be coming" in github.ask().skipped(NAME).reason


@pytest.mark.parametrize("claim", ["*", True, None, "5678/x@9"])
def test_an_id_of_the_token_that_is_none(github: Bundle, claim: Any) -> None:
    signed(trusting(github, "repo:octo-org/weights:*"), repository_id=claim)
    assert "repo:octo-org@1234/weights@REPOSITORY_ID:*" in finding_of(github).fix


def test_a_number_is_an_id(github: Bundle) -> None:
    signed(trusting(github, "repo:octo-org/weights:*"), repository_id=5678)
    assert "repo:octo-org@1234/weights@5678:*" in finding_of(github).fix


# --- Google Cloud -----------------------------------------------------------------------------------------------------


def at_google(made: Bundle, condition: str, *members: str, **claims: Any) -> Bundle:
    """A set-up of Google Cloud for GitHub."""
    signed(made, **{"aud": made.AUDIENCE} | claims).discovery(issuer=made.GITHUB)
    mapping = {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"}
    made.gcp_provider(condition=condition, mapping=mapping, oidc={"issuerUri": made.GITHUB})
    by_repository = f"principalSet://iam.googleapis.com/{made.POOL}/attribute.repository/octo-org/weights"
    return made.service_account_policy(*(members or (by_repository,)))


@pytest.mark.parametrize(
    ("condition", "edited"),
    [
        (
            "assertion.sub.startsWith('repo:octo-org/weights:')",
            (
                "assertion.sub.startsWith('repo:octo-org/weights:') || "
                "assertion.sub.startsWith('repo:octo-org@1234/weights@5678:')"
            ),
        ),
        (
            "google.subject.startsWith('repo:octo-org/') && assertion.ref == 'refs/heads/main'",
            (
                "(google.subject.startsWith('repo:octo-org/') || google.subject.startsWith('repo:octo-org@1234/')) && "
                "assertion.ref == 'refs/heads/main'"
            ),
        ),
        (  # the id at the end is closed: 56789 begins like 5678
            'assertion.sub.startsWith("repo:octo-org/weights")',
            (
                'assertion.sub.startsWith("repo:octo-org/weights") || '
                'assertion.sub.startsWith("repo:octo-org@1234/weights@5678:")'
            ),
        ),
        (
            f"assertion.sub in ['repo:octo-org/apples:pull_request', '{OLD}']",
            f"assertion.sub in ['repo:octo-org/apples:pull_request', '{OLD}', '{NEW}']",
        ),
        (f"assertion.sub == '{OLD}'", f"assertion.sub == '{OLD}' || assertion.sub == '{NEW}'"),
    ],
)
def test_a_condition(gcp: Bundle, condition: str, edited: str) -> None:
    answer = at_google(gcp, condition).ask()
    (finding,) = answer.check(NAME).findings
    assert "the attribute condition will refuse this workload" in finding.message
    assert finding.actual is not None
    assert finding.actual.value == condition
    assert (finding.cloud, finding.target) == ("gcp", gcp.GCP_PROVIDER)
    assert answer.check(NAME).code == "GCP096"
    (fix,) = [fix for fix in answer.report.fixes if fix.for_ == "GCP096"]
    assert json.loads(fix.document)["attributeCondition"] == edited


def test_a_member_that_is_the_subject(gcp: Bundle) -> None:
    member = f"principal://iam.googleapis.com/{gcp.POOL}/subject/"
    answer = at_google(gcp, "assertion.repository_owner == 'octo-org'", member + OLD).ask()
    (finding,) = answer.check(NAME).findings
    assert "the allow policy of the service account will refuse" in finding.message
    assert finding.fix == f"Add {member}{NEW} to the members of roles/iam.workloadIdentityUser on the service account."
    assert finding.actual is not None
    assert finding.actual.value == member + OLD
    assert gcp.marked(finding.expected).endswith("/subject/repo:octo-org[@1234]/weights[@5678]:ref:refs/heads/main")
    (fix,) = answer.report.fixes
    assert any("add-iam-policy-binding" in command and member + NEW in command for command in fix.commands)
    gcp.service_account_policy(member + OLD, member + NEW).ask().passed(NAME)
    assert signed(gcp, NEW, aud=gcp.AUDIENCE).ask().accepted


def test_condition_and_member(gcp: Bundle) -> None:
    member = f"principal://iam.googleapis.com/{gcp.POOL}/subject/"
    at_google(gcp, "assertion.sub.startsWith('repo:octo-org/weights:')", member + OLD)
    files = {fix.file for fix in gcp.ask().report.fixes}
    assert files == {"gcp/provider.json", "gcp/service-account-policy.json"}


def test_the_coming_form_is_too_long(gcp: Bundle) -> None:
    name, branch = "w" * 60, "refs/heads/" + "m" * 24
    claims = {"repository": f"octo-org/{name}", "ref": branch, "subject": f"repo:octo-org/{name}:ref:{branch}"}
    member = f"principalSet://iam.googleapis.com/{gcp.POOL}/attribute.repository/octo-org/{name}"
    condition = "assertion.repository_owner == 'octo-org'"
    assert at_google(gcp, condition, member, **claims).ask().check(NAME).status == "passed"
    finding = finding_of(
        at_google(gcp, condition, member, **claims, repository_id="987654321", repository_owner_id="123456789")
    )
    assert "google.subject is then 134 bytes long, and Google's limit is 127" in finding.message
    assert finding.fix.startswith("Map a shorter value to google.subject")
    unknown = {"repository_id": ..., "repository_owner_id": ...}
    assert at_google(gcp, condition, member, **claims, **unknown).ask().check(NAME).findings == []
    longer = claims | {"ref": f"{branch}yyyyyyyyyyyy", "subject": f"repo:octo-org/{name}:ref:{branch}yyyyyyyyyyyy"}
    assert "at least 130 bytes" in finding_of(at_google(gcp, condition, member, **longer, **unknown)).message


def test_a_claim_decides_at_google(gcp: Bundle) -> None:
    at_google(gcp, "assertion.repository == 'octo-org/weights'").ask().passed(NAME)


def test_a_regular_expression_has_no_line(gcp: Bundle) -> None:
    finding = finding_of(at_google(gcp, r"assertion.sub.matches('^repo:octo-org/weights:.*$')"))
    assert finding.fix.endswith("no edit of it could be proven.")
