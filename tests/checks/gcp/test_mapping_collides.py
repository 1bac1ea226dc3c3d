"""GCP077: another workload gets the value that a member names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evidence import Bundle

CLAIMS = {
    "iss": "https://token.actions.githubusercontent.com",
    "sub": "repo:quince/orchard:environment:production",
    "aud": "oidc.baseten.co",
    "repository": "quince/orchard",
    "repository_owner": "quince",
    "environment": "production",
    "ref": "refs/heads/main",
    "actor": "pip",
}
OWNER = "assertion.repository_owner == 'quince'"


def ask(gcp: Bundle, condition: Any, mapping: dict[str, str], rest: str, *, token: bool) -> Any:
    gcp.remove("token.jwt")
    if token:
        gcp.claims(CLAIMS | {"iat": gcp.NOW - 60, "exp": gcp.NOW + 600})
    gcp.gcp_provider(
        condition=condition,
        mapping={"google.subject": "assertion.sub"} | mapping,
        oidc={"issuerUri": CLAIMS["iss"]},
    )
    scheme = "principal" if rest.startswith("subject/") else "principalSet"
    return gcp.service_account_policy(f"{scheme}://iam.googleapis.com/{gcp.POOL}/{rest}").ask()


@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize(
    ("condition", "mapping", "rest"),
    [
        (OWNER, {"google.subject": "assertion.environment"}, "subject/production"),
        (OWNER, {"google.subject": "assertion.actor"}, "subject/pip"),
        (OWNER, {"google.subject": "assertion.repository_owner"}, "subject/quince"),
        (OWNER, {"google.subject": "assertion.sub.extract('repo:{owner}/')"}, "subject/quince"),
        (OWNER, {"attribute.team": "'fruit'"}, "attribute.team/fruit"),
        (..., {"google.subject": "assertion.environment"}, "subject/production"),
        (..., {"attribute.ok": "assertion.repository.startsWith('quince') ? 'yes' : 'no'"}, "attribute.ok/yes"),
        (..., {"attribute.ok": "assertion.repository.contains('quince') ? 'yes' : 'no'"}, "attribute.ok/yes"),
    ],
)
def test_another_workload_is_the_same_principal(
    gcp: Bundle, condition: Any, mapping: dict[str, str], rest: str, token: bool
) -> None:
    answer = ask(gcp, condition, mapping, rest, token=token)
    (message, *_) = answer.found("mapping-collides")
    assert "repo:" in message
    assert rest.partition("/")[2] in message


def test_names_that_join_to_the_same_text(gcp: Bundle) -> None:
    mapping = {"google.subject": "assertion.repository_owner + assertion.repository.extract('/{name}')"}
    (message,) = ask(gcp, ..., mapping, "subject/quinceorchard", token=True).found("mapping-collides")
    assert "repo:quinc/eorchard:" in message


@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize(
    ("condition", "mapping", "rest"),
    [
        (OWNER, {}, "subject/repo:quince/orchard:environment:production"),
        (..., {"google.subject": "assertion.repository"}, "subject/quince/orchard"),
        (OWNER, {"attribute.team": "'fruit'"}, "attribute.team/vegetable"),
        (OWNER, {"attribute.owner": "assertion.repository_owner"}, "attribute.owner/quince"),
        ("assertion.repository == 'quince/orchard'", {"attribute.team": "'fruit'"}, "attribute.team/fruit"),
        (..., {"attribute.ok": "assertion.repository == 'quince/orchard' ? 'yes' : 'no'"}, "attribute.ok/yes"),
        (OWNER, {"google.subject": "assertion.repository + '/' + assertion.environment"},
         "subject/quince/orchard/production"),
    ],
)  # fmt: skip
def test_the_value_is_of_one_workload_or_a_set_is_meant(
    gcp: Bundle, condition: Any, mapping: dict[str, str], rest: str, token: bool
) -> None:
    row = ask(gcp, condition, mapping, rest, token=token).check("mapping-collides")
    assert row.findings == []


def test_the_provider_was_not_read(gcp: Bundle) -> None:
    gcp.remove("gcp/provider.json").ask().skipped("mapping-collides")
