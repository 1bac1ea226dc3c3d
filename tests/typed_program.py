"""A program of a user of oidc_doctor.api: `mypy` checks its types strictly (pyproject.toml), tests/test_api.py runs it.

A comment that ignores an error is an error for mypy where there is none: each of them says what the types refuse.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from oidc_doctor import api


def why(report: api.Report) -> list[str]:
    """What a person may be told, by the confidence of each cause."""
    assert_type(report.verdict, api.Verdict)
    sentences: list[str] = []
    for cause in report.causes:
        assert_type(cause, api.Cause)
        assert_type(cause.confidence, api.Confidence)
        if cause.confidence == "suspected":
            sentences.append(f"{cause.code}: is it this? {cause.settle} would settle it")
        else:
            sentences.append(f"{cause.code}: {cause.headline}")
    return sentences


def unread(report: api.Report) -> dict[str, str]:
    """What is unknown, and why."""
    return {row.what: row.reason for row in report.coverage if row.status in ("missing", "denied")}


def refusing(exchange: api.Exchange) -> list[str]:
    """The steps that refuse. A comparison with a state that does not exist is an error of the types."""
    for step in exchange.steps:
        assert_type(step.state, api.State)
    return [step.id for step in exchange.steps if step.state == "refused"]


def main(role: Path, claims: Path) -> None:
    """Judge a token against a trust policy alone."""
    document: dict[str, object] = json.loads(role.read_text(encoding="utf-8"))
    at = datetime(2026, 11, 22, 13, tzinfo=UTC)
    report = api.examine(documents=document, token=json.loads(claims.read_text(encoding="utf-8")), at=at)
    print(report.verdict, refusing(report.exchanges[0]))
    print(*why(report), sep="\n")
    for fix in report.fixes:
        assert_type(fix, api.FixRow)
        print(fix.for_, fix.kind, fix.opens_to)
    print(*unread(report), sep=", ")
    data = api.to_json(report)
    assert_type(data, dict[str, object])
    print(data["schema"], len(api.render(report, "html")) > 1000)
    page = api.explain(report.causes[0].code)
    assert_type(page, api.CheckPage)
    print(page.name, page.effect, len(api.checks()) > 100)
    print(is_tested(role))


def is_tested(role: Path) -> bool:
    """Test a trust as a CI job does: an unknown expectation is no pass."""
    result = api.expect([{"accepted": ["v=1:org=a"], "strangers": "refused"}], role)
    assert_type(result, api.Expectations)
    for row in result.results:
        assert_type(row, api.ExpectationResult)
        print(row.outcome, row.why)
    return result.exit_code == 0


def refused_by_the_types(report: api.Report) -> None:
    """Calls that are mistakes. It is never called."""
    api.examine(documents=7)  # type: ignore[arg-type]
    api.examine(at="yesterday")  # type: ignore[arg-type]
    api.examine(fail_on="weak")  # type: ignore[arg-type]
    api.examine("role.json", "token.jwt")  # type: ignore[call-arg]
    api.render(report, "pdf")  # type: ignore[arg-type]
    api.explain(25)  # type: ignore[arg-type]
    api.save_refusal(None)  # type: ignore[arg-type]
    api.expect({"accepted": []}, "role.json")  # type: ignore[arg-type]
    print(report.verdict == "fine")  # type: ignore[comparison-overlap]
    print(report.no_such_field)  # type: ignore[attr-defined]
    print(report.causes[0].settle.nothing)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
