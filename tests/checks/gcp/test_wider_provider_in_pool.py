"""GCP074: another provider of the pool is wider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

GITHUB = "https://token.actions.githubusercontent.com"


def with_other(gcp: Bundle, rest: str, condition: Any = ..., mapping: Any = None, **members: Any) -> Bundle:
    """The healthy set-up, with a second provider in the list of the pool."""
    own = gcp.read("gcp/provider.json")
    issuer = members.pop("issuer", gcp.ISSUER)
    other = {
        "name": f"{gcp.POOL}/providers/second",
        "state": "ACTIVE",
        "attributeMapping": mapping or own["attributeMapping"],
        "oidc": {"issuerUri": issuer, "allowedAudiences": [gcp.AUDIENCE]},
    } | members
    gcp.write("gcp/providers.json", [own, other if condition is ... else other | {"attributeCondition": condition}])
    scheme = "principal" if rest.startswith("subject/") else "principalSet"
    return gcp.service_account_policy(f"{scheme}://iam.googleapis.com/{gcp.POOL}/{rest}")


@pytest.mark.parametrize(
    ("rest", "condition", "issuer", "mapping"),
    [
        ("*", ..., None, None),
        ("*", "assertion.environment == 'production'", None, None),
        ("*", "assertion.org == 'Org8Kd2P'", None, None),  # the own provider fixes the team
        ("*", "assertion.ref == 'refs/heads/main'", GITHUB, {"google.subject": "assertion.sub"}),
        ("attribute.team/Tq7LmZ2x", ..., GITHUB, {"google.subject": "assertion.sub",
                                                  "attribute.team": "assertion.environment"}),
        ("attribute.team/Tq7LmZ2x", ..., GITHUB, {"google.subject": "assertion.sub", "attribute.team": "'Tq7LmZ2x'"}),
    ],
)  # fmt: skip
def test_strangers_of_another_provider(gcp: Bundle, rest: str, condition: Any, issuer: Any, mapping: Any) -> None:
    answer = with_other(gcp, rest, condition, mapping, issuer=issuer or gcp.ISSUER).ask()
    assert answer.accepted
    (message,) = answer.found("wider-provider-in-pool")
    assert "provider second" in message
    assert ("repo:" if issuer else "v=1:org=") in message


@pytest.mark.parametrize(
    ("rest", "condition", "members"),
    [
        ("*", "google.subject.startsWith('v=1:org=Org8Kd2P:team=Tq7LmZ2x:')", {}),
        ("*", ..., {"disabled": True}),
        ("*", ..., {"state": "DELETED"}),
        ("*", ..., {"name": "projects/482910375566/locations/global/workloadIdentityPools/other/providers/second"}),
        ("attribute.team/Tq7LmZ2x", ..., {}),
        ("attribute.team/Tq7LmZ2x", ..., {"issuer": GITHUB, "mapping": {"google.subject": "assertion.sub"}}),
        ("subject/somebody", ..., {}),
    ],
)
def test_the_other_provider_lets_no_stranger_in(gcp: Bundle, rest: str, condition: Any, members: Any) -> None:
    assert with_other(gcp, rest, condition, **members).ask().check("wider-provider-in-pool").findings == []


def test_it_is_no_wider_than_the_target_s_own(gcp: Bundle) -> None:
    gcp.gcp_provider(condition=...)
    answer = with_other(gcp, "*").ask()
    assert answer.found("pool-wide-member")
    answer.passed("wider-provider-in-pool")


def test_the_other_providers_were_not_read(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    assert "gcp/providers.json" in gcp.ask().skipped("wider-provider-in-pool").reason
