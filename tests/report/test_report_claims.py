"""Claims with their uses, for every scenario and at any width."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.packs import bundled
from oidc_doctor.model.report import Cause, Exchange, Report
from oidc_doctor.report.parts.lines import Sheet, columns
from oidc_doctor.report.rows import claims
from oidc_doctor.report.rows.claims import Claim

SAMPLES = Path(bundled("_samples", "sample_logs"))
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


@cache
def report_of(name: str) -> Report:
    with open_bundle(SAMPLES / name) as bundle:
        return run(bundle, Question())


def exchanges(name: str) -> list[tuple[Exchange, list[Cause]]]:
    report = report_of(name)
    return [
        (exchange, [cause for cause in report.causes if cause.exchange == exchange.id]) for exchange in report.exchanges
    ]


def rows(name: str) -> dict[str, Claim]:
    (exchange_and_causes,) = exchanges(name)
    return {row.key: row for row in claims.claims(*exchange_and_causes)}


@pytest.mark.sweep
@pytest.mark.parametrize("width", [30, 80, 160])
@pytest.mark.parametrize("name", SCENARIOS)
def test_claim_lines_fit_the_width(name: str, width: int) -> None:
    for exchange, causes in exchanges(name):
        listed = claims.claims(exchange, causes)
        assert [row.key for row in listed if row.value or row.key in exchange.token["claims"]] == sorted(
            exchange.token["claims"], key=[row.key for row in listed].index
        )
        for row in listed:
            sheet = Sheet(width)
            claims.summary(sheet, row)
            assert len(sheet.lines) == 1
            assert columns(sheet.lines[0]) <= width
            claims.detail(sheet, exchange, row)
            assert all(line.isprintable() for line in sheet.lines)
        claims.header(Sheet(width), exchange)


@pytest.mark.parametrize(
    ("name", "key", "where", "says"),
    [
        ("aws-wrong-team", "sub", "trust policy, Statement 0 · StringLike · oidc.baseten.co:sub", "team=Tq7LmZ2y:*"),
        ("aws-audience-only-sts", "aud", "audience", "is not in the OIDC provider's client ID list"),
        ("aws-token-expired", "exp", "token", "the token expired 3 h ago"),
        ("gcp-condition-false", "sub", "attribute condition", "google.subject.contains(':environment=production:')"),
        ("gcp-allowed-audiences-empty", "aud", "audience", ""),
        ("gcp-subject-over-limit", "sub", "mapping", "bytes"),
    ],
)
def test_refused_claim_names_the_refusing_use(name: str, key: str, where: str, says: str) -> None:
    row = rows(name)[key]
    assert row.worst[0] == "✗"
    failing = [use for use in row.uses if use.answer is False or use.sign == "✗"]
    assert any(use.where == where and says in use.says for use in failing), failing


def test_other_claims_are_not_marked_as_refused() -> None:
    claim_rows = rows("aws-token-expired")
    assert claim_rows["iat"].worst[0] != "✗"
    assert claim_rows["iat"].words.startswith("issued ")
    assert rows("aws-wrong-team")["aud"].worst[0] == "✓"


def test_accepted_token_has_no_refused_claim() -> None:
    for name in ("healthy-aws", "healthy-gcp"):
        assert not [row for row in rows(name).values() if row.worst[0] in ("✗", "?")]


def test_refused_part_of_the_subject_is_marked() -> None:
    (exchange_and_causes,) = exchanges("aws-wrong-team")
    sheet = Sheet(80)
    claims.subject(sheet, exchange_and_causes[0], rows("aws-wrong-team")["sub"])
    assert [line.split()[0] for line in sheet.lines if "✗" in line] == ["✗"]
    assert any(line.split() == ["✗", "team", "Tq7LmZ2x"] for line in sheet.lines)
    assert any(line.split() == ["org", "Org8Kd2P"] for line in sheet.lines)


def test_claim_without_a_condition_key_is_reported() -> None:
    row = rows("aws-custom-claim-key")["org"]
    assert row.value == "Org4Rk9S"
    assert row.worst[0] == "✗"
    assert row.uses[0].says == "needs Org4Rk9S, and the request has no such key"
