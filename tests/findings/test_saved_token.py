"""A token that expired since it was saved: the cause that a new token meets as well comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Bundle

OTHER_TEAM = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"


@pytest.fixture
def refused(aws: Bundle) -> Bundle:
    """An expired token that the trust policy refuses in any case."""
    return aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600)).condition(aws.subject(OTHER_TEAM))


def _text(bundle: Bundle) -> str:
    return " ".join(render_text(bundle.report(), width=80, color=False).split())


def test_the_lasting_cause_is_first(refused: Bundle) -> None:
    answer = refused.ask()
    assert answer.names == ["subject-segment-differs", "token-expired"]
    assert "expects another team" in answer.first.summary
    assert answer.report.exit_code == 1
    # of this token, the cloud's answer is still that of the expiry
    assert answer.error()[0] == "ExpiredTokenException"


def test_the_expiry_is_a_remark_with_its_time(refused: Bundle) -> None:
    text = _text(refused)
    assert f"note the saved token expired at {refused.times(-3600)}, and a new one would be refused as well" in text
    assert "ExpiredTokenException" not in text
    assert "TOK004" not in text


def test_the_edit_is_proven_with_a_new_token(refused: Bundle) -> None:
    (fix,) = refused.ask().report.fixes
    assert fix.proof.startswith("a new token passes after this change")
    assert fix.for_ == "AWS025"


def test_the_same_on_google_cloud(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(iat=gcp.NOW - 7200, exp=gcp.NOW - 3600)).gcp_provider(condition="assertion.team_id == 'x'")
    answer = gcp.ask()
    assert answer.names == ["condition-claim-missing", "token-expired"]
    assert all(fix.proof.startswith("a new token passes") for fix in answer.report.fixes)


def test_a_key_that_was_withdrawn_since_is_no_lasting_cause(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600)).jwks(aws.jwk("rsa-other", kid="k2"))
    assert aws.ask().names == ["token-expired", "key-id-unknown"]
    aws.condition(aws.subject(OTHER_TEAM))
    assert aws.ask().names[0] == "subject-segment-differs"


def test_an_expiry_alone_is_the_cause(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600))
    assert aws.ask().names == ["token-expired"]


def test_an_expiry_comes_before_a_suspicion(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600)).remove("aws/role.json")
    assert aws.ask().names[0] == "token-expired"


def test_the_observed_expiry_is_the_cause(refused: Bundle) -> None:
    refused.error("ExpiredTokenException: Token expired: current date/time 1 must be before 2")
    answer = refused.ask()
    assert answer.names[0] == "token-expired"
    assert (answer.first.confidence, answer.first.is_remark) == ("proven", False)


def test_the_logged_expiry_is_the_cause(refused: Bundle) -> None:
    message = "Token expired: current date/time 1 must be before the expiration date/time 2"
    refused.cloudtrail([refused.event(errorCode="ExpiredTokenException", errorMessage=message)])
    assert refused.ask().names[0] == "token-expired"


def test_the_instant_that_was_asked_for_is_meant(refused: Bundle) -> None:
    assert refused.ask(at=float(refused.NOW)).names[0] == "token-expired"


def test_a_signature_that_is_wrong_now_is_no_lasting_cause(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600)).jwks(aws.jwk("rsa-other"))
    assert aws.ask().names == ["token-expired", "signature-invalid"]


def test_a_call_after_the_exchange_is_no_lasting_cause(aws: Bundle) -> None:
    aws.token(aws.claims_of(iat=aws.NOW - 7200, exp=aws.NOW - 3600))
    aws.target(aws={"role_arn": aws.ROLE_ARN, "s3_bucket": "weights"})
    aws.write(
        "aws/role-policies/denies.json",
        {
            "RoleName": aws.ROLE_ARN.rpartition("/")[2],
            "PolicyName": "denies",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
            },
        },
    )
    answer = aws.ask()
    assert answer.first.name == "token-expired"
    assert not answer.report.causes[0].is_remark
