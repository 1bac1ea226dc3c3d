"""Which cause comes first, how sure it is, and what an observed error does to the steps before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oidc_doctor.judge import error_texts
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.report import UNDATED, Cause, NamedRefusal, Report, Timing
from oidc_doctor.model.steps import STEPS

if TYPE_CHECKING:
    from evidence import Answer, Bundle


OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"


def steps_of(answer: Answer) -> list[str]:
    return [cause.step for cause in answer.causes]


# The order of causes


def test_a_refusal_that_the_error_allows_comes_before_an_earlier_step(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("other",)).condition(aws.subject(OTHER_TEAM)).error(aws.NOT_AUTHORIZED[1])
    answer = aws.ask()
    assert steps_of(answer) == ["authorise", "audience"]
    assert [cause.contradicts_observed for cause in answer.causes] == [False, True]
    assert [cause.position for cause in answer.causes] == ["first", "next"]
    assert answer.state("audience") == "passed-by-error"
    # the exchange is refused where it was seen to be refused
    assert answer.exchange().step == "authorise"
    assert answer.error_is_certain()


def test_without_an_error_the_steps_order_decides(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("other",)).condition(aws.subject(OTHER_TEAM))
    answer = aws.ask()
    assert steps_of(answer) == ["audience", "authorise"]
    assert not any(cause.contradicts_observed for cause in answer.causes)
    assert (answer.exchange().step, answer.state("authorise")) == ("audience", "refused")


def test_definite_before_suspected(aws: Bundle) -> None:
    """The audience is behind a placeholder, the subject is another for certain."""
    aws.aws_provider(client_ids=("<audience>",)).condition(aws.subject(OTHER_TEAM))
    answer = aws.ask()
    assert [(cause.step, cause.confidence) for cause in answer.causes] == [
        ("authorise", "predicted"),
        ("audience", "suspected"),
    ]
    # refused when any step is known to refuse, whatever earlier is unknown
    assert (answer.exchange().prediction, answer.exchange().step) == ("refused", "authorise")
    assert not answer.error_is_certain()


def test_inside_a_statement_principal_action_key_audience_subject_other(aws: Bundle) -> None:
    condition = {
        "StringEquals": {
            "aws:RequestedRegion": "eu-west-1",
            aws.AUD_KEY: "other",
            "oidc.baseten.co:subb": "x",
        },
        "StringLike": {aws.SUB_KEY: OTHER_TEAM},
    }
    statement = aws.statement(
        condition,
        Principal={"Federated": "arn:aws:iam::210987654321:oidc-provider/other.example"},
        Action="sts:AssumeRole",
    )
    aws.trust(statement).sends(context={"aws:RequestedRegion": "us-east-1"})
    assert aws.ask().names == [
        "principal-differs",
        "action-differs",
        "condition-key-misspelled",
        "audience-condition-differs",
        "subject-segment-differs",
        "condition-value-differs",
    ]


def test_a_deny_that_matches_comes_first(aws: Bundle) -> None:
    deny = aws.statement({"StringLike": {aws.SUB_KEY: "v=1:*"}}, Effect="Deny")
    answer = aws.trust(aws.statement(aws.subject(OTHER_TEAM)), deny).ask()
    assert answer.first.name == "explicit-deny"
    assert answer.first.location.startswith("Statement[1]")


def test_a_deny_that_does_not_match_is_nothing(aws: Bundle) -> None:
    deny = aws.statement({"StringLike": {aws.SUB_KEY: "v=2:*"}}, Effect="Deny")
    assert aws.trust(aws.statement(), deny).ask().accepted


@pytest.mark.parametrize("order", [0, 1])
def test_the_nearest_allow_has_principal_and_action_then_fewest_false_conditions(aws: Bundle, order: int) -> None:
    two_wrong = aws.statement({"StringEquals": {aws.AUD_KEY: "other", aws.SUB_KEY: "x"}})
    one_wrong = aws.statement(aws.subject(OTHER_TEAM))
    other_action = aws.statement(Action="sts:AssumeRole")
    statements = [two_wrong, one_wrong, other_action]
    answer = aws.trust(*(statements if order else statements[::-1])).ask()
    assert answer.names == ["subject-segment-differs"]
    assert answer.first.location.startswith("Statement[1]")


def test_of_equally_near_allows_the_first_in_the_document(aws: Bundle) -> None:
    same = aws.statement(aws.subject(OTHER_TEAM))
    assert aws.trust(same, same).ask().first.location.startswith("Statement[0]")


def test_causes_of_the_exchange_that_was_seen_failing_come_first(aws: Bundle, gcp: Bundle) -> None:
    """Both clouds refuse; AWS comes first by order, Google was seen."""
    aws.condition(aws.subject(OTHER_TEAM))
    gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=other:')")
    gcp.target(aws={"role_arn": aws.ROLE_ARN}, gcp={"provider": gcp.GCP_PROVIDER})
    answer = gcp.ask()
    assert next(cause.cloud for cause in answer.causes) == "aws"
    answer = gcp.ask(error=error_texts.CONDITION_REJECTED)
    assert [one.cloud for one in answer.report.exchanges] == ["gcp", "aws"]
    assert answer.first.cloud == "gcp"
    aws_causes = [cause for cause in answer.causes if cause.cloud == "aws"]
    assert aws_causes
    assert not any(cause.contradicts_observed for cause in aws_causes)


def test_a_refused_exchange_comes_before_an_unknown_one(aws: Bundle, gcp: Bundle) -> None:
    aws.remove("aws/role.json")
    gcp.gcp_provider(condition="google.subject.startsWith('v=1:org=other:')")
    gcp.target(aws={"role_arn": aws.ROLE_ARN}, gcp={"provider": gcp.GCP_PROVIDER})
    answer = gcp.ask()
    assert [(one.cloud, one.prediction) for one in answer.report.exchanges] == [("gcp", "refused"), ("aws", "unknown")]


def test_an_error_belongs_to_the_token_that_it_names(gcp: Bundle) -> None:
    gcp.token(name="second", claims=gcp.claims_of(iss="https://other.example"))
    answer = gcp.error(
        "invalid_grant: The issuer in ID Token https://other.example does not match the expected ones: "
        "[https://oidc.baseten.co]."
    ).ask()
    assert (answer.first.name, answer.first.confidence) == ("issuer-mismatch", "proven")
    assert answer.first.exchange.endswith("/second")
    assert [cause.exchange for cause in answer.causes] == [answer.first.exchange]


def test_two_readings_that_disagree_leave_no_definite_cause_beside_an_accepted_exchange(aws: Bundle) -> None:
    aws.aws_provider(client_ids=("other",)).error(aws.NOT_AUTHORIZED[1])
    code, text = aws.COULD_NOT_VALIDATE
    answer = aws.cloudtrail([aws.event(errorCode=code, errorMessage=text)]).ask()
    definite = [one for one in answer.causes if one.confidence != "suspected" and not one.contradicts_observed]
    assert not definite or answer.exchange().prediction == "refused"


def test_an_error_of_two_tokens_belongs_to_the_one_that_is_refused(aws: Bundle) -> None:
    aws.token(name="second", claims=aws.claims_of(sub=aws.SUBJECT.replace("Tq7LmZ2x", "Tq7LmZ2y")))
    answer = aws.error(aws.NOT_AUTHORIZED[1]).ask()
    assert (answer.first.name, answer.first.confidence) == ("subject-segment-differs", "predicted")
    assert answer.first.cause.contradicts_observed is False
    assert answer.report.observed[0]["exchange"] == answer.first.cause.exchange
    assert not [cause for cause in answer.report.causes if cause.name == "outside-the-trust-policy"]


@pytest.mark.parametrize("text", [error_texts.CONDITION_REJECTED, error_texts.UNPARSABLE])
def test_a_refusal_by_a_cloud_that_nothing_else_names_is_not_healthy(aws: Bundle, text: str) -> None:
    answer = aws.error(text).ask()
    assert answer.report.verdict != "healthy"
    assert answer.causes


# Passed by the error


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_steps_before_the_error_s_are_passed_by_it(request: pytest.FixtureRequest, cloud: str) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    made.only("oidc-doctor.toml", "manifest.json")
    text = made.NOT_AUTHORIZED[1] if cloud == "aws" else error_texts.CONDITION_REJECTED
    step = "authorise" if cloud == "aws" else "condition"
    answer = made.error(text).ask()
    names = [one.id for one in STEPS[cloud]]  # type: ignore[index]
    for name in names[: names.index(step)]:
        assert answer.state(name) in ("passed", "passed-by-error"), name
    for name in names[names.index(step) :]:
        assert answer.state(name) != "passed-by-error", name
    assert answer.state(step) != "passed"
    assert answer.causes
    assert all(cause.step == step and cause.confidence == "suspected" for cause in answer.causes)
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_a_step_that_was_read_and_passes_stays_passed(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(OTHER_TEAM)).error(aws.NOT_AUTHORIZED[1]).ask()
    assert (answer.state("audience"), answer.state("provider")) == ("passed", "passed")


# Refused in fact, and nothing that was read refuses

_ONE_STEP = [(one[1], one[2]) for one in (
    ("", "No OpenIDConnect provider found in your account for https://oidc.baseten.co", "provider"),
    ("", "Incorrect token audience", "audience"),
    ("", error_texts.COULD_NOT_VALIDATE, "provider audience keys"),
    ("", error_texts.NO_VERIFICATION_KEY, "keys"),
    ("", error_texts.NOT_AUTHORIZED, "authorise"),
    ("", error_texts.NOT_A_JWT, "token"),
    ("", error_texts.DURATION_OVER_LIMIT, "duration"),
    ("", "Request ARN is invalid", "request"),
    ("", error_texts.ROLES_EXCLUDE, "session-claims"),
)]  # fmt: skip


@pytest.mark.parametrize(("text", "steps"), _ONE_STEP, ids=[one[0][:30] for one in _ONE_STEP])
def test_aws_a_healthy_set_up_that_was_refused_has_a_cause(aws: Bundle, text: str, steps: str) -> None:
    answer = aws.error(text).ask()
    assert answer.causes
    assert all(cause.step in steps.split() and not cause.contradicts_observed for cause in answer.causes)
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)
    for cause in answer.causes:
        assert cause.confidence == "proven" or cause.settle


_OF_ANOTHER_REQUEST = [
    "Token expired: current date/time 1795387200 must be before the expiration date/time 1795380000",
    "Token issued in the future: 1795380000",
    "Token not yet valid: current date/time 1 must be after or equal to the not-before date/time 1795380000",
    "Missing a required claim: sub",
    error_texts.ROLES_EXCLUDE,
    "Request ARN is invalid",
]


@pytest.mark.parametrize("text", _OF_ANOTHER_REQUEST)
def test_an_error_of_another_token_or_request_proves_nothing_of_this_one(aws: Bundle, text: str) -> None:
    answer = aws.error(f"An error occurred (X) when calling the AssumeRoleWithWebIdentity operation: {text}").ask()
    assert answer.exchange().prediction == "accepted"
    assert {cause.confidence for cause in answer.causes} == {"suspected"}
    assert "of the moment of the error" in answer.first.settle
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


def test_a_signature_that_holds_is_not_refuted_by_an_error(gcp: Bundle) -> None:
    answer = gcp.error(error_texts.SIGNATURE_UNVERIFIED).ask()
    assert answer.exchange().prediction == "accepted"
    assert (answer.first.name, answer.first.confidence) == ("signature-invalid", "suspected")


def test_an_error_that_states_the_tokens_own_time(aws: Bundle) -> None:
    text = f"Token expired: current date/time {aws.NOW + 4000} must be before the expiration date/time {aws.NOW + 3600}"
    answer = aws.token(aws.claims_of(exp=aws.NOW + 3600)).error(text).ask()
    assert (answer.first.name, answer.first.confidence) == ("token-expired", "proven")


_GOOGLE = [
    (error_texts.INVALID_TARGET, "target"),
    ("The issuer in ID Token x does not match the expected ones: y", "issuer"),
    ("The audience in ID Token [x] does not match the expected audience.", "audience"),
    ("ID Token issued at 1795300000 is stale to sign-in.", "times"),
    (error_texts.ISSUER_CONNECTION, "keys"),
    (error_texts.SIGNATURE_UNVERIFIED, "keys"),
    (error_texts.UNPARSABLE, "token"),
    (error_texts.CONDITION_REJECTED, "condition"),
    (error_texts.NO_SUBJECT, "mapping"),
    (error_texts.IMPERSONATION_DENIED, "impersonate"),
    ("The caller does not have permission", "impersonate permission"),
    ("must reference one of the provider's claims", "configure"),
]


@pytest.mark.parametrize(("text", "steps"), _GOOGLE, ids=[one[0][:30] for one in _GOOGLE])
def test_google_a_healthy_set_up_that_was_refused_has_a_cause(gcp: Bundle, text: str, steps: str) -> None:
    answer = gcp.error(text).ask()
    assert answer.causes
    assert all(cause.step in steps.split() and not cause.contradicts_observed for cause in answer.causes)
    assert (answer.report.verdict, answer.report.exit_code) == ("refused", 1)


# Confidence


def test_a_sentence_that_names_one_fault_proves_it(aws: Bundle) -> None:
    text = "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
    cause = aws.error(text).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("thumbprint-mismatch", "proven", "keys")
    assert cause.settle == ""


def test_a_named_fault_that_was_also_evaluated_keeps_its_detail(aws: Bundle) -> None:
    expired = aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600)
    aws.token(expired).error("ExpiredTokenException: Token expired: current date/time 1 must be before 2")
    answer = aws.ask()
    assert answer.names.count("token-expired") == 1
    assert answer.first.confidence == "proven"
    assert answer.first.actual is not None or answer.first.at


def test_the_fault_that_the_error_names_comes_before_another_of_its_step(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600), header={"crit": ["b64"]})
    assert aws.ask().names == ["header-unsupported", "token-expired"]
    aws.error("ExpiredTokenException: Token expired: current date/time 1 must be before 2")
    assert aws.ask().names == ["token-expired", "header-unsupported"]
    assert [cause.confidence for cause in aws.ask().causes] == ["proven", "predicted"]


def test_the_error_proves_the_claim_that_it_names_and_no_other(aws: Bundle) -> None:
    claims = aws.claims_of(exp=...)
    aws.claims(claims, complete=True).error("Missing a required claim: sub")
    proven = [cause for cause in aws.ask().causes if cause.confidence == "proven"]
    assert proven
    assert all("sub" in cause.summary and "exp" not in cause.summary for cause in proven), proven


def test_a_hint_proves_nothing(aws: Bundle) -> None:
    cause = aws.error("Error: Could not load credentials from any providers").ask().first
    assert (cause.name, cause.confidence) == ("token-not-issued", "suspected")
    assert cause.settle


def test_a_hint_does_not_make_a_suspicion_of_the_same_fault_certain(aws: Bundle) -> None:
    aws.denied("issuer/openid-configuration.json").error("IDPCommunicationError")
    answer = aws.ask()
    assert (answer.first.name, answer.first.confidence) == ("issuer-unreachable", "suspected")
    assert answer.names.count("issuer-unreachable") == 1
    assert answer.state("keys") != "refused"


def test_every_value_known_is_predicted(aws: Bundle) -> None:
    assert aws.condition(aws.subject(OTHER_TEAM)).ask().first.confidence == "predicted"
    # an error that names the step, and no fault, does not make it proven
    assert aws.error(aws.NOT_AUTHORIZED[1]).ask().first.confidence == "predicted"


def test_a_value_behind_a_placeholder_is_suspected(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=<org>:*")).error(aws.NOT_AUTHORIZED[1]).ask()
    assert answer.first.confidence == "suspected"
    assert answer.first.settle


def test_every_suspicion_says_what_would_settle_it(aws: Bundle) -> None:
    aws.claims({"iss": aws.ISSUER, "sub": None, "aud": None, "azp": "client"})
    aws.condition({"Null": {aws.SUB_KEY: [aws.PATTERN, "${x}"]}})
    suspicions = [cause for cause in aws.ask().causes if cause.confidence == "suspected"]
    assert all(cause.settle for cause in suspicions)


def test_confidence_of_a_refusal() -> None:
    refusal = Refusal("aws", "keys", Kind.SIGNATURE_INVALID)

    def confidence(timing: Timing = UNDATED, **given: bool) -> str:
        return Cause("", NamedRefusal(refusal._replace(**given), "ISS001", "x", "x"), timing).confidence

    assert confidence() == "predicted"
    assert confidence(Timing(flips=True)) == "proven"
    assert confidence(named_by_error=True) == "proven"
    assert confidence(Timing(flips=True), named_by_error=True, certain=False) == "suspected"


def test_a_named_fault_of_the_other_cloud_is_not_this_exchange_s(aws: Bundle) -> None:
    aws.error(error_texts.UNPARSABLE)
    answer = aws.ask()
    by_cloud = {one.cloud: one for one in answer.report.exchanges}
    assert by_cloud["aws"].prediction == "accepted"
    assert [cause.cloud for cause in answer.causes if cause.name == "not-a-jwt"] == ["gcp"]


# The error


def test_the_named_error_is_as_on_the_wire(aws: Bundle) -> None:
    text = "Token expired: current date/time 1795387200 must be before the expiration date/time 1795380000"
    aws.remove("token.jwt").error(
        f"An error occurred (ExpiredTokenException) when calling the AssumeRoleWithWebIdentity operation: {text}"
    )
    assert aws.ask().error() == ("ExpiredTokenException", text)


@pytest.mark.parametrize(
    "prefix",
    [
        (
            "operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 400, RequestID: x, "
            "api error InvalidIdentityToken: "
        ),
        "InvalidIdentityToken: ",
        "Error: Could not assume role with OIDC: ",
        (
            "botocore.errorfactory.InvalidIdentityTokenException: An error occurred (InvalidIdentityToken) when calling "  # noqa: E501
            "the AssumeRoleWithWebIdentity operation: "
        ),
        'Traceback (most recent call last):\n  File "app.py", line 3, in <module>\n',
    ],
    ids=["go", "javascript", "action", "botocore", "traceback"],
)
def test_the_error_has_no_sdk_prefix(aws: Bundle, prefix: str) -> None:
    aws.remove("token.jwt").error(prefix + "Token issued in the future")
    assert aws.ask().error()[1] == "Token issued in the future"


def test_google_s_error_has_no_sdk_prefix(gcp: Bundle) -> None:
    text = error_texts.UNPARSABLE
    gcp.remove("token.jwt").error(
        f"google.auth.exceptions.OAuthError: ('Error code invalid_grant: {text}', "
        f'\'{{"error":"invalid_grant","error_description":"{text}"}}\')'
    )
    assert gcp.ask().error() == ("invalid_grant", text)


def exactly_when_refused(report: Report) -> None:
    for one in report.exchanges:
        assert (one.error is not None) == (one.prediction == "refused")
        assert (one.step is not None) == (one.prediction == "refused")


@pytest.mark.parametrize("text", [None, error_texts.NOT_AUTHORIZED, "?", error_texts.DURATION_OVER_LIMIT])
def test_error_and_step_stand_exactly_with_a_refusal(aws: Bundle, text: str | None) -> None:
    exactly_when_refused(aws.report(error=text))
    exactly_when_refused(aws.condition(aws.subject(OTHER_TEAM)).report(error=text))
    exactly_when_refused(aws.remove("aws/role.json").report(error=text))


def test_a_refused_error_is_never_empty(aws: Bundle) -> None:
    for text in ("Request ARN is invalid", error_texts.DURATION_OVER_LIMIT, "Token issued in the future"):
        answer = aws.ask(error=text)
        if answer.exchange().prediction == "refused":
            assert answer.error()[1], text


# A hostile error


@pytest.mark.parametrize(
    "text",
    ["A" * 100_000, "invalid_" * 12_500, "A_" * 50_000, "AError" * 16_000, "\x1b]0;x\x07 <script> " * 4_000,
     "An error occurred (" + "(" * 90_000],
    ids=["letters", "codes", "underscores", "errors", "escapes", "brackets"],
)  # fmt: skip
def test_a_hostile_error_is_quick_from_end_to_end(aws: Bundle, text: str) -> None:
    import time

    aws.report()
    start = time.process_time()
    report = aws.report(error=text + "\nToken issued in the future")
    assert time.process_time() - start < 1.5
    assert report.verdict in ("refused", "unknown")
