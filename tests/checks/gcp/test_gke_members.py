"""Members of Google Kubernetes Engine: PROJECT.svc.id.goog is a pool without a provider of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evidence import Aim, Bundle
    from evidence.google_errors import Says

CLUSTER = "https://container.googleapis.com/v1/projects/quince-k8s/locations/europe-west1/clusters/blue"
POOL = "iam.googleapis.com/projects/482910375566/locations/global/workloadIdentityPools/quince-k8s.svc.id.goog"


@pytest.fixture
def gke(gcp: Bundle, says: type[Says]) -> Bundle:
    """A pod of a GKE cluster, refused at the impersonation."""
    gcp.remove("gcp/provider.json", "gcp/pool.json", "issuer", "token.jwt")
    gcp.target(gcp={"service_account": gcp.SERVICE_ACCOUNT})
    gcp.claims({"iss": CLUSTER, "sub": "system:serviceaccount:shop:web", "aud": "quince-k8s.svc.id.goog"})
    return gcp.error(says.DENIED[1])


@pytest.mark.parametrize(
    "member",
    [
        "serviceAccount:quince-k8s.svc.id.goog[shop/web]",
        f"principal://{POOL}/subject/ns/shop/sa/web",
        f"principalSet://{POOL}/namespace/shop",
        f"principalSet://{POOL}/kubernetes.cluster/{CLUSTER}",
        f"principalSet://{POOL}/*",
    ],
)
def test_a_member_that_matches(gke: Bundle, member: str) -> None:
    answer = gke.service_account_policy(member).ask()
    assert answer.state("impersonate") == "passed"
    assert answer.names == ["outside-the-allow-policy"]


@pytest.mark.parametrize(
    ("member", "name", "words"),
    [
        ("serviceAccount:quince-k8s.svc.id.goog[shop/webb]", "member-subject-differs", "another service account"),
        ("serviceAccount:quince-k8s.svc.id.goog[prod/web]", "member-subject-differs", "another namespace"),
        (f"principal://{POOL}/subject/ns/prod/sa/web", "member-subject-differs", "another namespace"),
        (
            f"principal://{POOL}/subject/ns/prod/sa/api",
            "member-subject-differs",
            "another namespace and another service account",
        ),
        ("serviceAccount:quince.svc.id.goog[shop/web]", "member-pool-differs", "another pool"),
        (f"principalSet://{POOL}/namespace/prod", "member-attribute-differs", "another value of namespace"),
        (f"principalSet://{POOL}/kubernetes.cluster/{CLUSTER}2", "member-attribute-differs", "kubernetes.cluster"),
        ("serviceAccount:quince-k8s.svc.id.goog[shop]", "member-malformed", "NAMESPACE/SERVICE_ACCOUNT"),
        ("serviceAccount:quince-k8s.svc.id.goog/shop/web", "member-malformed", "NAMESPACE/SERVICE_ACCOUNT"),
        ("serviceAccount:quince-k8s.svc.id.goog[*/web]", "wildcard-in-member", "ordinary character"),
        (f"principal://{POOL}/subject/system:serviceaccount:shop:web", "member-subject-differs", "another subject"),
    ],
)
def test_a_member_that_does_not(gke: Bundle, member: str, name: str, words: str) -> None:
    answer = gke.service_account_policy(member).ask()
    assert answer.names == [name]
    assert answer.first.confidence == "predicted"
    assert words in answer.first.summary


def test_an_account_by_its_unique_id_is_not_known(gke: Bundle) -> None:
    answer = gke.service_account_policy(f"principal://{POOL}/kubernetes.serviceaccount.uid/1f-2e").ask()
    assert all(cause.confidence == "suspected" for cause in answer.causes)


def test_no_binding(gke: Bundle) -> None:
    answer = gke.service_account_policy(bindings=[]).ask()
    assert answer.names == ["impersonation-binding-missing"]
    assert answer.first.commands[0].endswith("--member='serviceAccount:quince-k8s.svc.id.goog[shop/web]'")


def test_a_member_of_gke_is_no_binding_for_another_issuer(gcp: Bundle) -> None:
    answer = gcp.service_account_policy("serviceAccount:quince-k8s.svc.id.goog[shop/web]").ask()
    assert answer.names == ["impersonation-binding-missing"]


def test_a_cluster_that_has_a_provider_is_in_that_pool(gcp: Bundle) -> None:
    gcp.token(gcp.claims_of(sub="system:serviceaccount:shop:web")).gcp_provider(condition="")
    answer = gcp.service_account_policy("serviceAccount:quince-k8s.svc.id.goog[shop/web]").ask()
    assert answer.names == ["member-pool-differs"]
    answer = gcp.service_account_policy(
        f"principal://iam.googleapis.com/{gcp.POOL}/subject/system:serviceaccount:shop:web"
    ).ask()
    assert answer.accepted


def test_the_audience_of_gke_is_not_malformed(aim: Aim) -> None:
    answer = aim(provider=..., audience=f"identitynamespace:quince-k8s.svc.id.goog:{CLUSTER}").ask()
    assert "request-audience-malformed" not in answer.names
