"""GCP012: a provider of a shared issuer cannot be saved without a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence import Bundle


ERROR = "INVALID_ARGUMENT: The attribute condition must reference one of the provider's claims."


def test_the_error_names_it(gcp: Bundle) -> None:
    answer = gcp.remove("gcp/provider.json").error(ERROR).ask()
    assert answer.first.name == "attribute-condition-required"
    assert answer.first.confidence == "proven"
    assert answer.first.step == "configure"


def test_a_provider_without_a_condition_is_not_refused(gcp: Bundle) -> None:
    answer = gcp.gcp_provider(condition=...).ask()
    assert answer.accepted, "which issuers Google counts as shared is not published"
    assert answer.check("attribute-condition-required").status == "skipped"
