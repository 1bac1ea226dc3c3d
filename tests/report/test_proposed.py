"""The answer to a change as a reader sees it, and what a stranger writes into a changed document."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from evidence import Bundle
from evidence.changes import laid_over, saved
from oidc_doctor.model.proposed import AccessEffect
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.html import render_html
from oidc_doctor.report.json import to_json
from reports.consumers import for_a_program, in_a_ticket, on_a_terminal
from reports.payloads import FORGED, PAYLOADS


@pytest.fixture
def change(aws: Bundle, tmp_path: Path) -> Path:
    """A trust policy for another team, whose logged subject gains."""
    other = Bundle.SUBJECT.replace("Tq7LmZ2x", "Ur8MnA3y")
    aws.cloudtrail([aws.accepted_event(event_id="one"), aws.event(event_id="two", subject=other)])
    return saved(
        tmp_path, "trust.json", aws.policy(aws.statement(aws.subject(Bundle.PATTERN.replace("Tq7LmZ2x", "Ur8*"))))
    )


def test_the_text(aws: Bundle, change: Path) -> None:
    text = render(laid_over(aws, change), "text", width=80, color=False)
    headline, _, rest = text.partition("\n  Change\n")
    assert "✗ With trust.json: 1 of 2 subjects seen in the logs loses access, 1 gains;" in headline
    parts = [line.strip() for line in rest.splitlines() if line.startswith("  ") and line[2] != " "]
    assert parts[:3] == ["Subjects", "Other workloads, by synthetic tokens", "Without the change"]
    assert "    ✗  loses     v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:" in rest
    assert "the given token; logged: 1 accepted, last accepted 22 Nov 22:30" in rest
    assert "with the change: the trust policy expects another team" in rest
    assert '+   "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Ur8*:*"' in rest
    assert max(map(len, text.splitlines())) <= 80


def test_the_json_is_that_of_the_schema(aws: Bundle, change: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    report = laid_over(aws, change)
    assert report.proposed is not None
    report.proposed.accesses.append(AccessEffect("weights", "aws", "s3:GetObject", "*", "keeps", "allowed", "allowed"))
    plain = to_json(report)
    jsonschema.validate(plain, schema)
    members = schema["properties"]["proposed"]["properties"]
    assert set(plain["proposed"]) == set(members)
    for name in ("documents", "workloads", "accesses", "others"):
        assert set(plain["proposed"][name][0]) == set(members[name]["items"]["properties"])


def test_the_page_has_what_the_text_has(aws: Bundle, change: Path) -> None:
    page = render_html(laid_over(aws, change))
    for words in (
        "With trust.json: 1 of 2 subjects",
        "<h2>Subjects</h2>",
        "<h2>Without the change</h2>",
        "<ins>",
        "<del>",
    ):
        assert words in page


@pytest.mark.sweep
@pytest.mark.parametrize("payload", [payload for payloads in PAYLOADS.values() for payload in payloads])
def test_a_payload_in_a_changed_document(aws: Bundle, tmp_path: Path, payload: str) -> None:
    condition = aws.subject(Bundle.PATTERN, f"v=1:org={payload}:*")
    role = aws.read("aws/role.json")
    role["Role"]["AssumeRolePolicyDocument"] = aws.policy(aws.statement(condition, Sid=payload))
    report = laid_over(aws, saved(tmp_path, "role.json", role))
    texts = {form: render(report, form, width=80, color=False) for form in FORMATS}
    on_a_terminal(texts["text"])
    in_a_ticket(texts["markdown"])
    for_a_program(texts["json"])
    ET.fromstring(texts["junit"])  # noqa: S314 - written here
    lines = texts["text"].splitlines()
    assert not [line for line in lines if line.startswith(("✓", "✗", "$")) and FORGED in line]
    assert "<script" not in texts["html"].lower()
