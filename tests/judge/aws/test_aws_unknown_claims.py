"""Claims that nobody has seen: unknown, or what everything else leaves them, and never absent."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_doctor.documents.token import hypothetical
from oidc_doctor.model.document import Origin
from tests.conftest import Bundle

DENIED = (
    "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: " + Bundle.NOT_AUTHORIZED[1]
)
ACCOUNT = "arn:aws:iam::210987654321"
# One issuer each: its host and path, a subject, a pattern that covers it, one that does not, an audience.
ISSUERS = {
    "github": (
        "token.actions.githubusercontent.com", "repo:quince/orchard:ref:refs/heads/main", "repo:quince/orchard:*",
        "repo:quince/meadow:*", "sts.amazonaws.com",
    ),
    "gitlab": (
        "gitlab.com", "project_path:quince/orchard:ref_type:branch:ref:main", "project_path:quince/orchard:*",
        "project_path:quince/meadow:*", "https://gitlab.com",
    ),
    "eks": (
        "oidc.eks.eu-west-2.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789", "system:serviceaccount:kitchen:cook",
        "system:serviceaccount:kitchen:*", "system:serviceaccount:cellar:*", "sts.amazonaws.com",
    ),
    "terraform": (
        "app.terraform.io", "organization:quince:project:p:workspace:w:run_phase:plan",
        "organization:quince:project:p:workspace:w:run_phase:*", "organization:other:*", "aws.workload.identity",
    ),
    "buildkite": (
        "agent.buildkite.com", "organization:quince:pipeline:orchard:ref:refs/heads/main:commit:9f8e:step:deploy",
        "organization:quince:pipeline:orchard:*", "organization:quince:pipeline:meadow:*", "sts.amazonaws.com",
    ),
    "circleci": (
        "oidc.circleci.com/org/0b1f", "org/0b1f/project/77aa/user/99", "org/0b1f/project/77aa/user/*",
        "org/0b1f/project/88bb/user/*", "0b1f",
    ),
    "vercel": (
        "oidc.vercel.com/quince", "owner:quince:project:shop:environment:production",
        "owner:quince:project:shop:environment:*", "owner:quince:project:blog:environment:*",
        "https://vercel.com/quince",
    ),
    "unknown": ("idp.example.com/a", "job:blue:7", "job:blue:*", "job:red:*", "mine"),
}  # fmt: skip


def trusting(bundle: Bundle, issuer: str, condition: Any, principal: str = "") -> Bundle:
    bundle.remove("token.jwt").remove("aws/oidc-provider.json").remove("issuer/jwks.json")
    bundle.remove("issuer/openid-configuration.json").target(aws={"role_arn": bundle.ROLE_ARN})
    provider = principal or f"{ACCOUNT}:oidc-provider/{issuer}"
    return bundle.condition(condition, Principal={"Federated": provider})


def of(bundle: Bundle, name: str, *, fits: bool, client_ids: tuple[str, ...] | None = None) -> Bundle:
    issuer, _, pattern, other, audience = ISSUERS[name]
    condition = {
        "StringEquals": {f"{issuer}:aud": audience},
        "StringLike": {f"{issuer}:sub": pattern if fits else other},
    }
    trusting(bundle, issuer, condition)
    return bundle.aws_provider(client_ids or (audience,), issuer, f"{ACCOUNT}:oidc-provider/{issuer}")


@pytest.mark.parametrize("name", ISSUERS)
def test_a_subject_that_fits(aws: Bundle, name: str) -> None:
    answer = of(aws, name, fits=True).ask(subject=ISSUERS[name][1])
    assert answer.accepted, (answer.names, answer.steps())
    assert answer.state("audience") == "assumed"


@pytest.mark.parametrize("name", ISSUERS)
@pytest.mark.parametrize("provider", [True, False])
def test_a_subject_that_does_not_fit(aws: Bundle, name: str, provider: bool) -> None:
    of(aws, name, fits=False)
    if not provider:
        aws.remove("aws/oidc-provider.json")
    answer = aws.ask(subject=ISSUERS[name][1])
    assert answer.first.confidence == "predicted"
    assert answer.first.name.startswith("subject-")
    assert "audience-condition-differs" not in answer.names


def test_several_client_ids_leave_the_audience_open(aws: Bundle) -> None:
    answer = of(aws, "github", fits=True, client_ids=("sts.amazonaws.com", "other")).ask(subject=ISSUERS["github"][1])
    answer.suspected("audience-condition-differs")


def test_an_audience_that_no_accepted_token_has(aws: Bundle) -> None:
    answer = of(aws, "github", fits=True, client_ids=("https://github.com/quince",)).ask(subject=ISSUERS["github"][1])
    cause = answer.refused("audience-condition-differs", "authorise")
    assert cause.actual is not None
    assert cause.actual.value == "https://github.com/quince"


@pytest.mark.parametrize("name", ISSUERS)
def test_access_denied_and_no_token_suspects_the_subject_alone(aws: Bundle, name: str) -> None:
    answer = of(aws, name, fits=True).error(DENIED).ask()
    assert answer.names == ["subject-segment-differs"]
    answer.suspected("subject-segment-differs")


def test_without_the_provider_the_subject_is_suspected_first(aws: Bundle) -> None:
    answer = of(aws, "github", fits=True).remove("aws/oidc-provider.json").error(DENIED).ask()
    assert answer.names == ["subject-segment-differs", "audience-condition-differs"]


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:RequestTag/team": "x"}},
        {"StringLike": {"aws:requesttag/team": "x*"}},
        {"StringEquals": {"sts:SourceIdentity": "x"}},
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}},
        {"Null": {"aws:RequestTag/team": "true"}},
        {"Null": {"aws:RequestTag/team": "false"}},
        {"Bool": {"sts:RoleAuthorizedByIdp": "true"}},
        {"StringEquals": {"token.actions.githubusercontent.com:workflow": "deploy"}},
    ],
)
@pytest.mark.parametrize("subject", [ISSUERS["github"][1], None])
def test_a_key_of_a_claim_that_was_not_given_is_open(aws: Bundle, condition: Any, subject: str | None) -> None:
    trusting(aws, ISSUERS["github"][0], condition).error(DENIED)
    answer = aws.ask(subject=subject)
    assert answer.names == ["condition-value-differs"]
    answer.suspected("condition-value-differs")


def test_a_whole_token_without_tags_has_none(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: aws.AUDIENCE, "aws:RequestTag/team": "x"}}
    aws.condition(condition).ask().refused("session-tag-missing", "authorise")


@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"])
def test_nothing_is_predicted_of_a_policy_alone(aws: Bundle, action: str) -> None:
    issuer = ISSUERS["github"][0]
    trusting(aws, issuer, {"StringEquals": {f"{issuer}:iss": "x"}})
    statement = aws.statement({"StringEquals": {f"{issuer}:iss": "x"}}, Action=action)
    aws.trust(statement | {"Principal": {"Federated": f"{ACCOUNT}:oidc-provider/{issuer}"}}).error(DENIED)
    answer = aws.ask()
    assert answer.names
    assert all(cause.confidence == "suspected" for cause in answer.causes)


def test_steps_that_nothing_shows_are_assumed(aws: Bundle) -> None:
    answer = of(aws, "github", fits=True).ask()
    assert [answer.state(step) for step in ("token", "session-claims", "duration", "audience")] == [
        "assumed", "assumed", "assumed", "unknown",
    ]  # fmt: skip


def test_googles_built_in_name_and_a_provider_of_ones_own(aws: Bundle) -> None:
    google, claims = "accounts.google.com", {"iss": "https://accounts.google.com", "sub": "104", "aud": "app"}
    condition = {"StringEquals": {f"{google}:aud": "app"}}
    assert trusting(aws, google, condition, google).claims(claims).ask().accepted
    trusting(aws, google, condition).aws_provider(("app",), google, f"{ACCOUNT}:oidc-provider/{google}")
    assert aws.claims(claims).ask().accepted
    aws.aws_provider(("other",), google, f"{ACCOUNT}:oidc-provider/{google}")
    aws.ask().refused("audience-not-registered", "audience")
    aws.remove("aws/oidc-provider.json").aws_providers(f"{ACCOUNT}:oidc-provider/idp.example.com")
    aws.ask().refused("provider-missing", "provider")


def test_an_empty_client_id_list_is_suspected_without_an_audience_too(aws: Bundle) -> None:
    of(aws, "github", fits=True).aws_provider(
        (), ISSUERS["github"][0], f"{ACCOUNT}:oidc-provider/{ISSUERS['github'][0]}"
    )
    aws.ask(subject=ISSUERS["github"][1]).suspected("client-id-list-empty")
    assert "client-id-list-empty" not in aws.error(DENIED).ask().names


@pytest.mark.parametrize(
    ("issuer", "subject"),
    [
        ("git.example.com", ISSUERS["gitlab"][1]),
        ("token.actions.githubusercontent.com/quince", ISSUERS["github"][1]),
        ("ghes.example.com/_services/token", ISSUERS["github"][1]),
        ("tfe.example.com", ISSUERS["terraform"][1]),
    ],
)
def test_a_subject_belongs_to_the_address_that_the_policy_trusts(aws: Bundle, issuer: str, subject: str) -> None:
    trusting(aws, issuer, {"StringEquals": {f"{issuer}:sub": subject}})
    assert aws.ask(subject=subject).state("authorise") == "passed"
    aws.aws_provider(("x",), issuer, f"{ACCOUNT}:oidc-provider/{issuer}")
    assert aws.ask(subject=subject).accepted


def test_a_subject_of_another_issuer_than_the_trusted_one(aws: Bundle) -> None:
    trusting(aws, "gitlab.com", {"StringLike": {"gitlab.com:sub": "project_path:quince/*"}})
    answer = aws.ask(subject=ISSUERS["github"][1])
    assert answer.first.name == "wrong-token-presented"


def test_an_implied_audience_makes_no_token(aws: Bundle) -> None:
    condition = {"StringEquals": {aws.AUD_KEY: "sts.amazonaws.com"}}
    trusting(aws, aws.AUDIENCE, condition).error(DENIED)
    answer = aws.ask()
    answer.suspected("audience-condition-differs")
    assert answer.state("duration") == "assumed"


def test_claims_that_the_subject_implies(aws: Bundle) -> None:
    issuer, subject = ISSUERS["github"][:2]
    trusting(aws, issuer, {"StringEquals": {f"{issuer}:repository": "quince/orchard"}})
    assert aws.ask(subject=subject).state("authorise") == "passed"
    trusting(aws, issuer, {"StringEquals": {f"{issuer}:repository": "quince/meadow"}})
    aws.ask(subject=subject).refused("condition-value-differs", "authorise")


@pytest.mark.parametrize("client_ids", [("sts.amazonaws.com",), ("sts.amazonaws.com", "other")])
def test_an_audience_that_was_refused_is_not_implied(aws: Bundle, client_ids: tuple[str, ...]) -> None:
    of(aws, "github", fits=True, client_ids=client_ids).error("InvalidIdentityToken: Incorrect token audience")
    answer = aws.ask(subject=ISSUERS["github"][1])
    assert answer.first.name == "audience-not-registered"
    assert answer.state("audience") == "unknown"
    assert answer.exchange().prediction == "unknown"


@pytest.mark.parametrize("name", ["github", "eks", "unknown"])
@pytest.mark.parametrize("redacted", ["https://<issuer>", "https://xxxx", "https://{start}…"])
def test_a_redacted_issuer_is_the_only_one_configured(aws: Bundle, name: str, redacted: str) -> None:
    issuer, subject, pattern, other, audience = ISSUERS[name]
    claims = {"iss": redacted.replace("{start}", issuer[:6]), "sub": subject, "aud": audience}

    def decided(covered: str) -> tuple[str, bool]:
        condition = {"StringEquals": {f"{issuer}:aud": audience}, "StringLike": {f"{issuer}:sub": covered}}
        (exchange,) = trusting(aws, issuer, condition).claims(claims).ask().report.exchanges
        return exchange.prediction, f"the token's issuer is https://{issuer}" in exchange.assumed

    assert decided(pattern) == ("unknown", True)  # the provider was not read
    assert decided(other) == ("refused", True)


def test_a_redacted_issuer_that_may_be_any_of_several_is_unknown(aws: Bundle) -> None:
    first, second = (f"{ACCOUNT}:oidc-provider/{ISSUERS[name][0]}" for name in ("github", "gitlab"))
    bundle = trusting(aws, "", {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}).condition(
        {"StringEquals": {"gitlab.com:aud": "https://gitlab.com"}}, Principal={"Federated": [first, second]}
    )
    claims = {"iss": "https://<issuer>", "sub": ISSUERS["github"][1], "aud": "sts.amazonaws.com"}
    (exchange,) = bundle.claims(claims).ask().report.exchanges
    assert exchange.prediction == "unknown"


def test_a_redacted_issuer_that_none_configured_can_be_is_refused(aws: Bundle) -> None:
    issuer, subject, pattern, _, audience = ISSUERS["github"]
    claims = {"iss": "https://gitlab.<company>.com", "sub": subject, "aud": audience}
    bundle = trusting(aws, issuer, {"StringLike": {f"{issuer}:sub": pattern}})
    (exchange,) = bundle.claims(claims).ask().report.exchanges
    assert exchange.prediction == "refused"


def test_a_redacted_provider_is_not_taken_for_a_redacted_issuer(aws: Bundle) -> None:
    claims = {"iss": "https://oidc.eks.eu-west-2.amazonaws.com/id/...", "sub": ISSUERS["eks"][1]}
    bundle = trusting(aws, "", {"StringEquals": {"<host>:aud": "x"}}, f"{ACCOUNT}:oidc-provider/<host>").claims(claims)
    (exchange,) = bundle.ask().report.exchanges
    assert not any("the token's issuer is" in what for what in exchange.assumed)


def test_a_subject_of_another_known_issuer_is_not_the_providers(aws: Bundle) -> None:
    host, subject = "app.terraform.io", ISSUERS["github"][1]
    bundle = trusting(aws, host, {"StringEquals": {f"{host}:sub": [subject, ISSUERS["terraform"][1]]}})
    bundle.aws_provider(("aws.workload.identity",), url=host, arn=f"{ACCOUNT}:oidc-provider/{host}")

    def predicted(text: str) -> str:
        (exchange,) = bundle.ask(tokens=(hypothetical(text, origin=Origin("--subject")),)).report.exchanges
        return exchange.prediction

    assert predicted(subject) == "refused"
    assert predicted(ISSUERS["terraform"][1]) == "accepted"
