"""A fingerprint is the same in each run until the configuration changes, and differs between findings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from evidence import Bundle
from oidc_doctor.api import examine
from oidc_doctor.model.document import Origin
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import CheckRow, FindingRow, Report
from oidc_doctor.model.times import epoch_of
from oidc_doctor.report.parts.fingerprint import fingerprint_of_cause, fingerprint_of_finding

SAMPLES = Path(__file__).parents[2] / "sample_logs"
Fingerprints = Counter[tuple[str, str]]  # code and fingerprint


def fingerprints(report: Report) -> Fingerprints:
    """Those of every cause and every finding of another check."""
    resources = {exchange.id: exchange.resource or "" for exchange in report.exchanges}
    causes = [(cause.code, fingerprint_of_cause(cause, resources[cause.exchange])) for cause in report.causes]
    codes = {code for code, _ in causes}
    return Counter(causes) + Counter(
        (row.code, fingerprint_of_finding(row, one))
        for row in report.checks
        if row.code not in codes
        for one in row.findings
    )


@pytest.mark.sweep
@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.iterdir() if path.is_dir()))
def test_a_fingerprint_is_the_same_an_hour_later(sample: str) -> None:
    report = examine(SAMPLES / sample)
    now = epoch_of(report.evaluated_at)
    assert now is not None
    before, after = fingerprints(report), fingerprints(examine(SAMPLES / sample, at=now + 3600))
    # An hour later a saved token has expired as well, or a logged attempt has left the window.
    assert {found for found in before if found[0] != "LOG001"} <= set(after)
    assert {code for code, _ in set(after) - set(before)} <= {"TOK004", "LOG001"}
    assert set(before.values()) <= {1}, "two findings have one fingerprint"


def test_another_value_of_the_trust_policy_has_another_fingerprint(aws: Bundle) -> None:
    one, other = (
        fingerprints(aws.trust(aws.statement(aws.subject(pattern))).report())
        for pattern in ("v=1:org=Other:*", "v=1:org=Another:*")
    )
    assert {code for code, _ in one} == {code for code, _ in other} >= {"AWS025"}
    assert not set(one) & set(other)


def test_neither_another_token_nor_a_further_statement_changes_it(aws: Bundle) -> None:
    refusing = aws.statement(aws.subject("v=1:org=Other:*"))
    aws.trust(refusing)
    first = fingerprints(aws.report(subject="v=1:org=A:team=B:model=C:deployment=D:environment=E:type=model_container"))
    aws.trust(aws.statement(aws.subject("v=1:org=Z:*"), Principal={"AWS": "arn:aws:iam::123456789012:root"}), refusing)
    other = fingerprints(aws.report(subject="v=1:org=A:team=B:model=F:deployment=G:environment=H:type=model_container"))
    assert first
    assert first == other


def test_the_same_fault_of_another_role_has_another_fingerprint(aws: Bundle) -> None:
    (cause,) = aws.trust(aws.statement(aws.subject("v=1:org=Other:*"))).report().causes
    one, other = (fingerprint_of_cause(cause, f"arn:aws:iam::123456789012:role/{name}") for name in "ab")
    assert one != other


@pytest.mark.parametrize(
    "file", ["aws/cloudtrail/us-east-1/a.json", "targets/t/gcp/logs/a.json", "claims.json", "tokens/a.jwt", "--claims"]
)
def test_what_logs_and_tokens_hold_is_no_part_of_it(file: str) -> None:
    row = CheckRow("LOG015", "successes-stopped", "failed", "note", "")
    one, other = (
        fingerprint_of_finding(row, FindingRow("", actual=Side(value, Origin(file)), target="role"))
        for value in ("none for 9 days", "none for 10 days")
    )
    assert one == other
    kept = fingerprint_of_finding(
        row, FindingRow("", actual=Side("x", Origin("targets/t/aws/role.json")), target="role")
    )
    assert kept != one
