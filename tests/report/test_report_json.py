"""The JSON report follows its schema and contains no control characters."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from oidc_doctor.model.document import Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Side
from oidc_doctor.model.report import SCHEMA, DecidingFile, Report
from oidc_doctor.report.json import render_json, to_json
from reports.rows import change_cause

Sample = Callable[[str], Report]
PUBLISHED = json.loads((pathlib.Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8"))
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


def test_published_schema_is_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)
    assert PUBLISHED["properties"]["schema"]["const"] == SCHEMA


def test_every_report_is_valid(any_report: Report) -> None:
    jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(render_json(any_report)))


def undescribed(value: Any, schema: dict[str, Any], place: str = "") -> list[str]:
    """Return the members of `value` that the schema does not name or does not describe."""
    if "$ref" in schema:
        schema = PUBLISHED["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        return [] if value is None else undescribed(value, schema["anyOf"][0], place)
    places: list[str] = []
    if isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            known = schema["properties"].get(key)
            if known is None or not ("description" in known or "$ref" in known):
                places.append(f"{place}/{key}")
            else:
                places += undescribed(item, known, f"{place}/{key}")
    if isinstance(value, list) and "items" in schema:
        for item in value:
            places += undescribed(item, schema["items"], place)
    return places


def test_schema_describes_every_member(any_report: Report) -> None:
    assert undescribed(to_json(any_report), PUBLISHED) == []


def test_json_contract(sample: Sample) -> None:
    document = to_json(sample("refused"))
    assert document["schema"] == "oidc-doctor.report/1"
    assert (document["verdict"], document["exit_code"]) == ("refused", 1)
    assert list(document["exchanges"][0])[:11] == [
        "id",
        "cloud",
        "target_name",
        "resource",
        "subject",
        "claims_from",
        "prediction",
        "step",
        "error",
        "assumed",
        "steps",
    ]
    cause = document["causes"][0]
    assert cause["differs"]["expected"] == {
        "value": "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*",
        "spans": [[29, 30]],
        "at": "aws/role.json:14",
    }
    assert cause["change"]["by"] == "PlatformAdmin/dana.ops"
    assert document["fixes"][0]["for"] == "AWS021"
    assert document["coverage"][3] == {
        "what": "CloudTrail us-east-1",
        "status": "read",
        "reason": "",
        "from": "2026-11-21T16:40:00Z",
        "to": "2026-11-22T22:40:00Z",
        "count": 2731,
    }
    assert document["checks"][1]["findings"] == [
        {"message": "the trust policy expects another team", "expected": None, "actual": None, "fix": ""}
    ]


def test_differs_is_null_without_values(sample: Sample) -> None:
    assert to_json(sample("permission"))["causes"][0]["differs"] is None
    assert to_json(sample("suspected"))["causes"][0]["differs"]["actual"] is None


def test_output_is_deterministic(any_report: Report) -> None:
    any_report.exchanges = [item for item in any_report.exchanges if item.trace.setdefault("s", {"b", "a", "c"})]
    first = render_json(any_report)
    assert first == render_json(any_report)
    assert json.loads(first) == json.loads(json.dumps(to_json(any_report)))


def test_any_value_is_converted_to_json(sample: Sample) -> None:
    report = sample("healthy")
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    other_keys: dict[Any, Any] = {7: "key", Kind.ROLE_MISSING: 1}
    report.exchanges[0].trace = other_keys | {
        "nan": float("nan"),
        "inf": -float("inf"),
        "bytes": b"\xffa",
        "origin": Origin("a.json", "/b", 3),
        "kind": Kind.ROLE_MISSING,
        "pair": (1, 2.5, True, None),
        "set": frozenset({"b", "a"}),
        "big": 10**30,
        "deep": deep,
        "surrogate": "a\ud800b",
    }
    text = render_json(report)
    text.encode()
    trace = json.loads(text)["exchanges"][0]["trace"]
    assert trace["nan"] == "nan"
    assert trace["inf"] == "-inf"
    assert trace["bytes"] == "\\xffa"
    assert trace["origin"] == "a.json:3"
    assert trace["kind"] == "role-missing"
    assert trace["pair"] == [1, 2.5, True, None]
    assert trace["set"] == ["a", "b"]
    assert trace["big"] == 10**30
    assert trace["7"] == "key"
    assert trace["role-missing"] == 1
    assert trace["surrogate"] == "a\ud800b"
    assert "nested too deep" in text


def test_json_has_no_control_characters(any_report: Report) -> None:
    text = render_json(any_report)
    text.encode()
    assert not set(text) & set("\x1b\x07\x9b\x7f\u200b\u202e\u2066\ufeff\xad\u2028\U000e0041")


def test_letters_are_not_escaped(sample: Sample) -> None:
    report = sample("healthy")
    report.exchanges[0].subject = "übung 漢字"
    assert '"subject": "übung 漢字"' in render_json(report)


@pytest.mark.parametrize("text", [TOKEN, f"Bearer {TOKEN}", f"\n{TOKEN}\n", f'"{TOKEN}"', f"\u200b{TOKEN}"])
def test_no_token_is_written(sample: Sample, text: str) -> None:
    report = sample("refused")
    report.exchanges[0].trace = {text: [text.encode(), {"a": text}]}
    report.observed = [{"text": text, "at": text}]
    change_cause(report, actual=Side(text, Origin(text), ((0, 2),)))
    rendered = render_json(report)
    assert not any(part in rendered for part in TOKEN.split("."))
    assert json.loads(rendered)["causes"][0]["differs"]["actual"]["spans"] == []
    jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(rendered))


def test_what_settles_an_unknown_step_is_named(sample: Sample) -> None:
    """A program can ask for it: the file, the steps that it decides, and the vendor's command that prints it."""
    report = sample("refused")
    assert "settled_by" not in to_json(report)["exchanges"][0]
    exchange = report.exchanges[0]
    exchange.steps = [step._replace(state="unknown") if step.id == "keys" else step for step in exchange.steps]
    exchange.decided_by = {"keys": (DecidingFile("issuer/jwks.json", "curl -s {issuer}"), DecidingFile("another.json"))}
    exchange.token = {}
    report.coverage = []
    (row,) = to_json(report)["exchanges"][0]["settled_by"]
    assert row == {"file": "issuer/jwks.json", "steps": ["keys"], "command": row["command"]}
    assert row["command"].startswith("curl -s ")
    exchange.decided_by = {"keys": (DecidingFile("issuer/chain.pem"),)}
    assert to_json(report)["exchanges"][0]["settled_by"] == [
        {"file": "issuer/chain.pem", "steps": ["keys"], "command": None}
    ]
    jsonschema.Draft202012Validator(PUBLISHED).validate(json.loads(render_json(report)))
    assert undescribed(to_json(report), PUBLISHED) == []
    (cause, *_) = report.causes
    refusal = cause.named.refusal._replace(step="keys", certain=False, settle="a logged success")
    report.causes = [cause._replace(named=cause.named._replace(refusal=refusal), exchange=exchange.id)]
    assert "settled_by" not in to_json(report)["exchanges"][0]
