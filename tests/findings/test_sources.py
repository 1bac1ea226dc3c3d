"""The addresses of cited documents: each is of a document that a page cites, and a page shows those of its own."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.findings import packs
from oidc_doctor.findings.sources import ADDRESSES, links_for, links_of
from oidc_doctor.issuers import profile_for


def test_every_title_is_cited() -> None:
    cited = [" ".join(check.page.split()) for check in packs.all_checks()]
    assert [title for title in ADDRESSES if not any(title in page for page in cited)] == []


@pytest.mark.parametrize(
    ("issuer", "page"),
    [
        ("https://oidc.baseten.co", "https://docs.baseten.co/organization/oidc"),
        ("https://token.actions.githubusercontent.com", "https://docs.github.com/en/actions/reference/security/oidc"),
        ("https://gitlab.com", "https://docs.gitlab.com/ci/secrets/id_token_authentication"),
    ],
)
def test_the_links_of_a_cause_have_the_page_of_the_tokens_issuer_and_of_no_other(issuer: str, page: str) -> None:
    profile = profile_for(issuer)
    assert profile is not None
    issuers = ("https://docs.baseten.co", "https://docs.github.com", "https://docs.gitlab.com")
    for check in packs.all_checks():
        own = [address for address in links_for(check, profile).values() if address.startswith(issuers)]
        assert own
        assert {address.split("/")[2] for address in own} == {page.split("/")[2]}
    named = next(check for check in packs.all_checks() if check.name == "claim-missing")
    assert page in links_for(named, profile).values()
    assert not any(address.startswith(issuers) for address in links_for(named, None).values())


@pytest.mark.parametrize("address", ADDRESSES.values())
def test_every_link_is_https_at_the_vendor(address: str) -> None:
    parts = urlsplit(address)
    assert parts.scheme == "https"
    assert parts.netloc in ("docs.aws.amazon.com", "cloud.google.com", "docs.baseten.co", "docs.github.com")
    assert parts.query + parts.fragment == ""


def test_a_page_shows_the_addresses_of_its_documents_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for check in packs.all_checks():
        main(["explain", check.code])
        page = capsys.readouterr().out
        links = links_of(check)
        assert ("\nLinks\n" in page) == bool(links)
        assert {address for address in ADDRESSES.values() if f"{address}\n" in page} == set(links.values())


@pytest.mark.parametrize("layout", [("-v",), ("--format", "markdown")])
def test_a_report_shows_the_addresses_of_its_cause(layout: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    sample = os.path.join(packs.bundled("_samples", "sample_logs"), "aws-wrong-team")
    main(["--report", "--from", sample, *layout])
    assert ADDRESSES["IAM User Guide, condition operators"] in capsys.readouterr().out
    main(["--report", "--from", sample])
    assert "docs.aws.amazon.com" not in capsys.readouterr().out
