"""A logged attempt as a token, and the difference between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.history.replay import token_of
from oidc_doctor.history.replayed_logs import Deduced
from oidc_doctor.history.token_change import request_change, token_change
from oidc_doctor.issuers import profile_for
from oidc_doctor.model.document import Origin
from oidc_doctor.model.events import Attempt

if TYPE_CHECKING:
    from evidence import Bundle

NOON = 1_795_348_800.0


def attempt(**members: Any) -> Attempt:
    base: dict[str, Any] = {
        "cloud": "aws",
        "step": "exchange",
        "time": NOON,
        "target": None,
        "provider": None,
        "subject": "s",
        "audience": "a",
        "outcome": "refused",
        "error_code": "AccessDenied",
        "error_message": None,
        "event_id": "event",
        "origin": Origin("trail.json"),
    }
    return Attempt(**(base | members))


def test_a_given_token_lends_the_claims_that_are_the_same_in_every_token(aws: Bundle) -> None:
    aws.token(aws.claims_of(azp="client"))
    logged = attempt(subject=aws.SUBJECT, audience="another", provider=aws.PROVIDER_ARN)
    claims = token_of(logged, aws.evidence(), Deduced()).claims
    assert (claims["aud"], claims["sub"], claims["iss"]) == ("another", aws.SUBJECT, aws.ISSUER)
    assert claims["team"] == aws.TEAM
    assert not {"azp", "iat", "exp", "nbf", "jti"} & claims.keys()


def test_a_given_token_of_another_subject_lends_nothing(aws: Bundle) -> None:
    assert token_of(attempt(), aws.evidence(), Deduced()).claims == {"sub": "s", "aud": "a"}


def test_the_session_name_of_the_target_stands_before_the_one_of_the_event(aws: Bundle) -> None:
    """The event is the token: what it shows of the request stands only where the target is silent."""
    condition = {"StringEquals": {"sts:RoleSessionName": "weights"}} | {"StringLike": {aws.SUB_KEY: aws.PATTERN}}
    aws.remove("token.jwt").condition(condition)
    request = {"roleArn": aws.ROLE_ARN, "roleSessionName": "other"}
    aws.cloudtrail([aws.event(at="2026-11-22T09:00:00Z", requestParameters=request)])
    assert aws.sends().ask().exchange().prediction != "refused"
    assert aws.sends(role_session_name=...).ask().names == ["condition-value-differs"]


def test_only_the_fields_that_decide_are_a_change_of_the_request() -> None:
    before, after = attempt(caller="192.0.2.1", region="us-east-1"), attempt(caller="192.0.2.2", region="eu-west-1")
    change = request_change(before, after, frozenset({"caller"}))
    assert change is not None
    assert change.segments == (("caller", "192.0.2.1", "192.0.2.2"),)
    assert request_change(before, before, frozenset({"caller"})) is None
    assert request_change(before, after, frozenset({"duration_seconds"})) is None


def test_a_subject_with_segments_that_an_issuer_is_known_to_add_has_its_new_form() -> None:
    profile = profile_for("https://token.actions.githubusercontent.com")
    assert profile is not None
    added = next(change for change in profile.changes if change.adds)
    before = attempt(subject="repo:octo-org/weights:ref:refs/heads/main")
    after = attempt(subject="repo:octo-org@1234/weights@5678:environment:production")
    change = token_change(before, after, profile)
    assert change is not None
    assert change.what == "subject-form"
    assert added.name in change.text
