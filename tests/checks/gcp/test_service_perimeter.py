"""GCP091: a service perimeter stops the exchange, the impersonation or the call after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

SENTENCE = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: qV7-w2dN_0"


@pytest.mark.parametrize(
    ("error", "step"),
    [
        (f'Get "https://storage.googleapis.com/storage/v1/b/w/o": googleapi: Error 403: {SENTENCE}.', "permission"),
        (f"('Unable to acquire impersonated credentials', '{{\"message\": \"{SENTENCE}\"}}')", "impersonate"),
        (f'Post "https://iamcredentials.googleapis.com/v1/x": {SENTENCE}', "impersonate"),
        (f'Post "https://sts.googleapis.com/v1/token": {SENTENCE}', "target"),
    ],
)
def test_the_call_that_it_stops(gcp: Bundle, error: str, step: str) -> None:
    cause = gcp.error(error).ask().first
    assert (cause.name, cause.confidence, cause.step) == ("service-perimeter", "proven", step)
    assert "qV7-w2dN_0" in cause.summary
    assert 'vpcServiceControlsUniqueId="qV7-w2dN_0"' in cause.commands[0]


def test_no_permission_is_made_of_the_host(gcp: Bundle) -> None:
    answer = gcp.error(f"https://storage.googleapis.com/x: {SENTENCE}., vpcServiceControls").ask()
    assert "permission-missing" not in answer.names
    assert "googleapis.com" not in answer.first.summary


def test_without_an_identifier_there_is_no_command(gcp: Bundle) -> None:
    cause = gcp.error("403 Request is prohibited by organization's policy.").ask().first
    assert (cause.name, cause.commands) == ("service-perimeter", ())


def test_nothing_was_said(gcp: Bundle) -> None:
    gcp.ask().skipped("service-perimeter")
