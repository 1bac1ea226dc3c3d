"""Several tokens and nothing else: how they differ, and the faults of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped]

from oidc_doctor.documents.token import hypothetical, parse_token
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.report.formats import render
from oidc_doctor.report.json import to_json
from reports.alone import answer_of, signs, values

if TYPE_CHECKING:
    from evidence import Bundle
    from oidc_doctor.model.evidence import Token
    from oidc_doctor.model.report import Report

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text("utf-8"))


def of_tokens(*tokens: Token) -> Report:
    return run(None, Question(tokens=tokens))


def token_of(bundle: Bundle, name: str, **claims: object) -> Token:
    text = json.dumps({"claims": bundle.claims_of(**claims), "complete": True})
    return parse_token(text, origin=Origin(name), name=name)


def test_two_tokens_alone_are_compared(bundle: Bundle) -> None:
    other = bundle.SUBJECT.replace("Tq7LmZ2x", "Tq7LmZ2y")
    answer = answer_of(of_tokens(token_of(bundle, "a.json"), token_of(bundle, "b.json", sub=other)))
    assert answer.thing == "tokens"
    assert "differ in team" in answer.headline
    assert values(answer, "team") == ["a.json: Tq7LmZ2x", "b.json: Tq7LmZ2y"]
    assert values(answer, "model") == []
    assert "--role" in answer.ask


def test_a_token_and_a_subject_are_compared_in_what_both_have(bundle: Bundle) -> None:
    other = bundle.SUBJECT.replace("mWq41ZpK", "mOther")
    supposed = hypothetical(other, origin=Origin("--subject"))
    answer = answer_of(of_tokens(token_of(bundle, "a.json"), supposed))
    assert values(answer, "model") == ["a.json: mWq41ZpK", "--subject: mOther"]
    assert values(answer, "exp") == []


def test_tokens_of_one_workload_say_so(bundle: Bundle) -> None:
    first, second = token_of(bundle, "a.json"), token_of(bundle, "b.json", jti="another")
    assert "of one workload" in answer_of(of_tokens(first, second)).headline
    assert "without a difference" in answer_of(of_tokens(first, first)).headline


def test_each_token_has_its_own_faults(bundle: Bundle) -> None:
    expired = token_of(bundle, "b.json", iat=bundle.NOW - 9000, exp=bundle.NOW - 7200)
    report = run(None, Question(tokens=(token_of(bundle, "a.json"), expired), at=float(bundle.NOW)))
    assert all(text.startswith("b.json: ") for text in signs(answer_of(report), "✗"))
    assert signs(answer_of(report), "✗")


def test_a_hostile_claim_of_several_tokens_is_escaped_and_in_the_schema(bundle: Bundle) -> None:
    report = of_tokens(token_of(bundle, "a.json"), token_of(bundle, "b.json", extra="\x1b[31m" + "x" * 5000))
    assert "\x1b" not in render(report, "text", width=80, color=False, verbose=False, quiet=False)
    jsonschema.validate(to_json(report), SCHEMA)
