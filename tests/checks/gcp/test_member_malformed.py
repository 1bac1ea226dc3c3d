"""GCP033: a member has a form that matches nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Bundle
    from evidence.google_errors import Says


HERE = "iam.googleapis.com/projects/482910375566/locations/global/workloadIdentityPools/baseten-pool"


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (f"principal://{HERE}/*", "all of a pool is principalSet://"),
        (f"principalSet://{HERE}/subject/v=1", "one subject is principal://"),
        (f"principal://{HERE}/attribute.team/Tq7LmZ2x", "an attribute is principalSet://"),
        (f"principal://{HERE}/group/g", "a group is principalSet://"),
        (f"principalSet://{HERE}/providers/baseten-provider", "it names a provider"),
        (f"principalSet://{HERE}", "names no subject, group, attribute or *"),
        (f"principal://{HERE}/v=1:org=Org8Kd2P", "it names v=1:org=Org8Kd2P after the pool"),
        (f"principalSet://{HERE}/attribute.team/", "it names attribute.team after the pool"),
        (f"principalSet://{HERE}/attribute.team/Tq7LmZ2x/attribute.org/Org8Kd2P", "has two attributes"),
        (f"principalSet://{HERE}/attribute.repository/acme%2Fweights", "percent-encoded"),
        (f"principal://{HERE}/subject/v=1%3Aorg=Org8Kd2P", "percent-encoded"),
        (f"principalset://{HERE}/*", "begins with principal:// or principalSet://"),
        (f"principal:/{HERE}/subject/v=1", "begins with principal:// or principalSet://"),
        (f"serviceAccount:{HERE}/subject/v=1", "begins with principal:// or principalSet://"),
        (f"principalSet://{HERE.replace('iam.', 'sts.')}/*", "its host is not iam.googleapis.com"),
        (f"principalSet://{HERE.replace('/locations/global', '')}/*", "locations/global is missing"),
        (f"principalSet://{HERE.replace('global', 'us')}/*", "its location is us"),
    ],
)
def test_the_form_does_not_exist(gcp: Bundle, says: type[Says], member: str, reason: str) -> None:
    answer = gcp.service_account_policy(member).ask()
    assert answer.names == ["member-malformed"]
    assert answer.first.confidence == "predicted"
    assert reason in answer.first.summary
    assert answer.first.actual is not None
    assert answer.first.actual.value == member
    assert answer.first.location.endswith(member)
    assert answer.error() == says.DENIED


@pytest.mark.parametrize("value", ["acme/weights", "acme:weights", "a%b"])
def test_values_are_literal(gcp: Bundle, value: str) -> None:
    gcp.token(gcp.claims_of(repository=value))
    gcp.gcp_provider(mapping={"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"})
    answer = gcp.service_account_policy(f"principalSet://{HERE}/attribute.repository/{value}").ask()
    assert answer.accepted, answer.names
    assert answer.check("member-malformed").status == "passed"


def test_terraform_says_so(gcp: Bundle) -> None:
    answer = gcp.error('spec.member in body should match "^(user|principal|...)"').ask()
    assert answer.first.name == "member-malformed"
    assert answer.first.confidence == "proven"


def test_a_placeholder_is_well_formed(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(f"principalSet://{HERE}/<form>/<value>", gcp.MEMBER).ask()
    assert answer.accepted, answer.names


def test_a_placeholder_alone(gcp: Bundle) -> None:
    answer = gcp.service_account_policy(f"principalSet://{HERE}/<form>").ask()
    assert answer.exchange().prediction == "unknown"


def test_a_malformed_member_of_another_pool_is_far(gcp: Bundle) -> None:
    far = f"principalSet://{HERE.replace('baseten-pool', 'other')}/attribute.repository/acme%2Fweights"
    assert gcp.service_account_policy(far, gcp.MEMBER + "y").ask().names == ["member-attribute-differs"]
