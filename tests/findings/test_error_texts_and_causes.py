"""Error texts that no table knows, and logs of retries: unknown is unknown, and never a refusal made of words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oidc_doctor.judge import error_texts
from oidc_doctor.judge.error_texts import read_error, read_unknown
from oidc_doctor.model.limits import ERROR_TEXT

if TYPE_CHECKING:
    from evidence import Bundle

OTHER_TEAM = "v=1:org=Org8Kd2P:team=Qw2Er4Ty:*"


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
@pytest.mark.parametrize(
    "text", ["Error: the cloud is having a bad day", "403", "Traceback (most recent call last):", "it does not work"]
)
def test_an_unknown_sentence_is_neither_healthy_nor_a_refusal(
    request: pytest.FixtureRequest, cloud: str, text: str
) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    answer = made.error(text).ask()
    assert answer.names == []
    assert (answer.report.verdict, answer.report.exit_code) == ("unknown", 3)
    assert answer.report.observed[0]["reading"] == "unknown"
    assert "said_by" not in answer.report.observed[0]


def test_an_unknown_sentence_alone_names_no_cloud(bundle: Bundle) -> None:
    answer = bundle.error("it does not work").ask()
    assert answer.report.exchanges == []
    assert answer.report.exit_code == 3


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("An error occurred (Teapot) when calling the GetObject operation: short and stout", "aws-service"),
        ("An error occurred (Teapot) when calling the AssumeRoleWithWebIdentity operation: short and stout", "aws-sts"),
        ("An error occurred (Teapot) when calling the UpdateAssumeRolePolicy operation: short and stout", "aws-iam"),
        ("googleapi: Error 418: short and stout", "google-service"),
    ],
)
def test_the_envelope_of_an_unknown_sentence_shows_its_speaker(bundle: Bundle, text: str, speaker: str) -> None:
    answer = bundle.error(text).ask()
    assert answer.report.observed[0]["said_by"] == speaker
    assert answer.names == []


def test_an_unknown_sentence_under_an_oauth_code_is_a_refusal_by_googles_sts(gcp: Bundle) -> None:
    text = '{"error":"invalid_grant","error_description":"A sentence that stands in no table."}'
    answer = gcp.error(text).ask()
    assert answer.report.observed[0]["said_by"] == "google-sts"
    assert (answer.first.name, answer.first.confidence) == ("refused-unexplained", "suspected")
    assert answer.report.verdict == "refused"


def test_the_last_fault_of_a_log_of_retries_decides(aws: Bundle) -> None:
    lines = [
        "Retry AssumeRole: attempt 1 of 12 failed: Could not assume role with OIDC: connect ETIMEDOUT 203.0.113.4:443",
        f"Retry AssumeRole: attempt 2 of 12 failed: Could not assume role with OIDC: {error_texts.DURATION_OVER_LIMIT}",
    ]
    assert aws.error("\n".join(lines)).ask().first.name == "session-duration-over-limit"
    assert aws.error("\n".join(reversed(lines))).ask().first.name == "endpoint-unreachable"


def test_an_unknown_sentence_beside_a_definite_refusal(aws: Bundle) -> None:
    answer = aws.condition(aws.subject(OTHER_TEAM)).error("HTTP 400").ask()
    assert answer.names == ["subject-segment-differs"]
    assert not answer.first.contradicts_observed


def test_an_unknown_sentence_beside_mere_suspicions_proves_nothing(aws: Bundle) -> None:
    answer = aws.condition(aws.subject("v=1:org=Org8Kd2P:team=<team>:*")).error("HTTP 400").ask()
    assert answer.causes
    assert (answer.report.verdict, answer.report.exit_code) == ("unknown", 3)


def test_credentials_of_another_partition_explain_an_invalid_token(bundle: Bundle) -> None:
    bundle.target(aws={"role_arn": "arn:aws-us-gov:iam::210987654321:role/ModelWeights", "region": "us-west-2"})
    answer = bundle.error("Error: The security token included in the request is invalid").ask()
    assert answer.names[0] == "endpoint-partition-differs"
    assert not answer.first.contradicts_observed
    assert "session-credentials-invalid" not in answer.names


def test_a_long_error_is_reported_in_full_up_to_its_bound(aws: Bundle) -> None:
    text = "line\n" * 3_000 + "the end"
    (row,) = aws.report(error=text).observed
    assert row["text"].endswith("the end")
    (row,) = aws.report(error="line\n" * 10_000).observed
    assert len(row["text"]) == ERROR_TEXT.most


def test_the_first_text_that_is_known_names_the_cloud(bundle: Bundle) -> None:
    bundle.error(error_texts.CONDITION_REJECTED)
    answer = bundle.ask(error="it does not work")
    assert answer.report.observed[0]["text"] == "it does not work"
    assert [exchange.cloud for exchange in answer.report.exchanges] == ["gcp"]


WORDS = st.lists(
    st.sampled_from(
        [
            "it",
            "the",
            "does",
            "not",
            "work",
            "fail",
            "job",
            "step",
            "403",
            "500",
            "error",
            "deploy",
            "cluster",
            "yesterday",
            "help",
            "please",
            "why",
        ]
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_words_that_no_table_knows_are_no_refusal(words: list[str]) -> None:
    assert read_error(" ".join(words)) is None
    reading = read_unknown(" ".join(words))
    assert (reading.cloud, reading.steps, reading.kind, reading.known) == (None, frozenset(), None, False)
