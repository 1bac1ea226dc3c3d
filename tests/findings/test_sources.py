"""The addresses of cited documents: each is of a document that a page cites, and a page shows those of its own."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import pytest

from oidc_doctor.cli.main import main
from oidc_doctor.findings import packs
from oidc_doctor.findings.sources import ADDRESSES, links_of


def test_every_title_is_cited() -> None:
    assert {title for check in packs.all_checks() for title in links_of(check)} == ADDRESSES.keys()


@pytest.mark.parametrize("address", ADDRESSES.values())
def test_every_link_is_https_at_the_vendor(address: str) -> None:
    parts = urlsplit(address)
    assert parts.scheme == "https"
    assert parts.netloc in ("docs.aws.amazon.com", "cloud.google.com")
    assert parts.query + parts.fragment == ""


def test_a_page_shows_the_addresses_of_its_documents_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for check in packs.all_checks():
        main(["explain", check.code])
        page = capsys.readouterr().out
        links = links_of(check)
        assert ("\nLinks\n" in page) == bool(links)
        assert [address for address in ADDRESSES.values() if f"{address}\n" in page] == list(links.values())


@pytest.mark.parametrize("layout", [("-v",), ("--format", "markdown")])
def test_a_report_shows_the_addresses_of_its_cause(layout: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    sample = os.path.join(packs.bundled("_samples", "sample_logs"), "aws-wrong-team")
    main(["--report", "--from", sample, *layout])
    assert ADDRESSES["IAM User Guide, condition operators"] in capsys.readouterr().out
    main(["--report", "--from", sample])
    assert "docs.aws.amazon.com" not in capsys.readouterr().out
