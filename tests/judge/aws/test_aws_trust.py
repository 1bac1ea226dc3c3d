"""The role and its trust policy: principal, action, statements, and what the token's claims need besides."""

from __future__ import annotations

import pytest

from oidc_doctor.judge import evaluate
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import Token
from tests.conftest import Bundle
from tests.judge.aws.changes import (
    AUD,
    DENIED,
    IDENTITY,
    OTHER_PROVIDER,
    ROLES,
    SUB,
    TAGS,
    statement,
    token,
)
from tests.judge.rules import Rule, decides_alike, hold, trace_of

BY_IDP = "sts:RoleAuthorizedByIdp"

RULES = {
    "healthy": Rule(lambda b: b, "authorise", "passed"),
    "authorised by the issuer": Rule(
        lambda b: b.token(b.claims_of(**{ROLES: [b.ROLE_ARN]})).condition({"Bool": {BY_IDP: "true"}}), "authorise",
        "passed",
    ),
    "a role that the issuer did not authorise, before the policy": Rule(
        lambda b: b.token(b.claims_of(**{ROLES: [b.ROLE_ARN + "2"]})).condition({"Bool": {BY_IDP: "true"}}),
        "session-claims", "roles-claim-excludes-role", "InvalidIdentityToken: The target role ARN is not present",
    ),
    "authorised by the issuer for another role": Rule(
        lambda b: b.token(b.claims_of(**{ROLES: [b.ROLE_ARN + "2"]})).condition({"Bool": {BY_IDP: "true"}}),
        "authorise", "condition-value-differs", DENIED, {}, ("true", "false"),
    ),
    "role not found": Rule(lambda b: b.not_found("aws/role.json"), "authorise", "role-missing", DENIED),
    "another path": Rule(
        lambda b: b.aws_role(Arn=Bundle.ROLE_ARN.replace("role/", "role/team/")), "authorise", "role-missing", DENIED,
        {}, (Bundle.ROLE_ARN.replace("role/", "role/team/"), Bundle.ROLE_ARN),
    ),
    "another name": Rule(
        lambda b: b.aws_role(Arn=b.ROLE_ARN + "2", RoleName="ModelWeights2"), "authorise", "unknown"
    ),
    "only a deny": Rule(
        lambda b: b.trust(b.statement({"StringEquals": {AUD: "x"}}, Effect="Deny")), "authorise", "no-allow-statement",
        DENIED, {"statements": "1"},
    ),
    "a deny": Rule(
        lambda b: b.trust(b.statement(), b.statement({"StringEquals": {AUD: b.AUDIENCE}}, Effect="Deny", Sid="No")),
        "authorise", "explicit-deny", DENIED,
        {"statement": "Statement[1]", "sid": "No", "clause": f"StringEquals · {AUD}"},
    ),
    "a deny that may apply": Rule(
        lambda b: b.trust(b.statement(), b.statement({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, Effect="Deny")),
        "authorise", "explicit-deny?", DENIED,
        {"statement": "Statement[1]", "clause": "IpAddress · aws:SourceIp"},
    ),
    "two statements": Rule(
        lambda b: b.trust(b.statement({"StringEquals": {SUB: "x"}}), b.statement()), "authorise", "passed"
    ),
    "another account": Rule(
        statement(Principal={"Federated": OTHER_PROVIDER}), "authorise", "provider-in-other-account", DENIED,
        {"role_account": Bundle.ACCOUNT, "provider_account": Bundle.OTHER_ACCOUNT}, (OTHER_PROVIDER,
        Bundle.PROVIDER_ARN),
    ),
    "another issuer": Rule(
        statement(Principal={"Federated": Bundle.PROVIDER_ARN.replace("baseten.co", "example.com")}), "authorise",
        "principal-differs", DENIED,
    ),
    "another issuer that is known": Rule(
        statement(Principal={"Federated": Bundle.PROVIDER_ARN.replace("oidc.baseten.co", "gitlab.com")}), "authorise",
        "wrong-token-presented", DENIED, {"issuer_title": "Baseten", "other_title": "GitLab CI/CD"},
    ),
    "a service": Rule(
        statement(Principal={"Service": "ec2.amazonaws.com"}), "authorise", "principal-differs", DENIED,
        {}, ('{"Service": "ec2.amazonaws.com"}', Bundle.PROVIDER_ARN),
    ),
    "AssumeRole": Rule(
        statement(Action="sts:AssumeRole"), "authorise", "action-differs", DENIED, {},
        ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"),
    ),
    "NotAction": Rule(
        statement(Action=..., NotAction="sts:*"), "authorise", "action-differs", DENIED,
        {"note": "the policy excludes it"},
    ),
    "tags": Rule(
        token(**{TAGS: {"principal_tags": {"team": ["a"]}}}), "authorise", "session-tags-not-allowed", "?" + DENIED,
        {"tags": "team"},
    ),
    "tags allowed": Rule(
        lambda b: b.token(b.claims_of(**{TAGS: {"principal_tags": {"team": ["a"]}}})).trust(
            b.statement(Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"])
        ), "authorise", "passed",
    ),
    "source identity": Rule(
        token(**{IDENTITY: "ann"}), "authorise", "source-identity-not-allowed", "?" + DENIED,
        {"source_identity": "ann"},
    ),
    "a control of the organization": Rule(
        lambda b: b.write("aws/rcps/deny.json", {"Statement": [{"Effect": "Deny", "Action": "sts:*"}]}), "authorise",
        "outside-the-trust-policy?", DENIED,
    ),
    "a control of something else": Rule(
        lambda b: b.write("aws/rcps/deny.json", {"Statement": [{"Effect": "Deny", "Action": "s3:*"}]}), "authorise",
        "passed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule(aws: Bundle, rule: Rule) -> None:
    hold(rule, aws, "aws")


def test_the_nearest_statement_is_explained(aws: Bundle) -> None:
    far = aws.statement({"StringEquals": {AUD: "x", SUB: "y"}})
    near = aws.statement({"StringEquals": {AUD: aws.AUDIENCE}, "StringLike": {SUB: "v=1:org=other:*"}})
    aws.trust(far, near)
    (refusal,) = trace_of(aws, "aws").step("authorise").refusals
    assert refusal.clause.statement == 1
    assert str(refusal.where).startswith("aws/role.json")


@pytest.mark.parametrize("second", [{"Effect": "Deny"}, {"Action": "sts:AssumeRole"}])
def test_without_a_token_and_a_provider_no_refusal_is_certain(aws: Bundle, second: dict[str, str]) -> None:
    first = [aws.statement()] if second.get("Effect") else []
    evidence = aws.trust(*first, {**aws.statement(), "Condition": {}, **second}).evidence()
    assert evidence.aws is not None
    missing = Missing("aws/oidc-provider.json", "not in the bundle")
    bare = evidence._replace(aws=evidence.aws._replace(provider=missing), target=evidence.target._replace(issuer=None))
    token = Token("decoded", {}, None, complete=False, origin=Origin("token.jwt"))
    case = Case("aws", bare, token, aws.NOW, None)
    trace = evaluate(case)
    assert trace.step("authorise").state == "unknown"
    assert trace.step("authorise").refusals
    decides_alike(case, trace)


def test_what_is_assumed_is_said(aws: Bundle) -> None:
    assert trace_of(aws, "aws").assumed == [
        "that the cloud reaches the issuer and trusts its certificate",
        "that no resource control policy or other organization control denies it",
    ]


def test_of_very_many_unmet_conditions_the_first_are_named_and_counted(aws: Bundle) -> None:
    keys = {f"x:{number}": "a" for number in range(60)}
    aws.trust(aws.statement({"StringEquals": {**keys, SUB: "v=1:org=other"}}))
    step = trace_of(aws, "aws").step("authorise")
    assert step.state == "refused"
    assert len(step.refusals) == 40
    assert SUB in {refusal.clause.key for refusal in step.refusals}
    assert step.note == "61 unmet conditions, of which the first 40 are named (oidc-doctor's bound)"


def test_of_very_many_unreadable_parts_the_first_are_named_and_counted(aws: Bundle) -> None:
    step = trace_of(aws.trust(*({"Effect": "Deny"} for _ in range(50))), "aws").step("authorise")
    assert step.state != "passed"
    assert len([refusal for refusal in step.refusals if not refusal.certain]) == 40
    assert "of which the first 40 are named" in step.note
