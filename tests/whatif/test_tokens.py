"""Edits of claims, and other tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from oidc_doctor.report.parts.escape import contains_jwt
from oidc_doctor.whatif.ask import WhatIf
from oidc_doctor.whatif.parts import editable

if TYPE_CHECKING:
    from tests.conftest import Bundle


def test_another_subject_in_the_claims(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws)
    claims = json.loads(what_if.part("claims").text)
    claims["sub"] = aws.SUBJECT.replace(aws.TEAM, "Zz9LmZ2x")
    answer = what_if.ask({"claims": json.dumps(claims)})
    assert answer.diagnosis is not None
    assert (answer.diagnosis.prediction, answer.diagnosis.step) == ("refused", "authorise")
    assert [one.kind for one in answer.problems] == ["note"]
    assert "signed by the issuer" in answer.problems[0].message
    token = answer.diagnosis.case.token
    assert (token.signing_input, token.signature) == (b"", b"")


def test_a_claim_taken_away_is_absent_and_not_unknown(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws)
    claims = json.loads(what_if.part("claims").text)
    answer = what_if.ask({"claims": json.dumps({**claims, "exp": 1})})
    assert answer.causes[0].name == "token-expired"
    del claims["exp"]
    assert what_if.ask({"claims": json.dumps(claims)}).causes[0].name == "claim-missing"
    assert what_if.ask({"claims": "[]"}).problems[0].kind == "unreadable"
    assert what_if.ask({"claims": '{"iss": 1}'}).diagnosis is not None


def test_a_wrong_signature_stays_wrong_with_other_claims(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws.token(key="rsa-2"))
    assert what_if.present.causes[0].name == "signature-invalid"
    claims = json.loads(what_if.part("claims").text) | {"environment": "staging"}
    assert what_if.ask({"claims": json.dumps(claims)}).causes[0].name == "signature-invalid"


def test_a_pasted_token_leaves_no_raw_form(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws)
    raw = aws.compact(aws.claims_of(environment="staging"))
    text, token = what_if.pasted(raw)
    assert json.loads(text)["environment"] == "staging"
    assert token.fault is None
    assert (token.signing_input, token.signature) == (b"", b"")
    assert not contains_jwt(text + repr(token._asdict()))
    other = what_if.with_token(token)
    assert not contains_jwt(repr(other.case))
    assert other.present.exchange is not None
    assert other.present.exchange.token["claims"]["environment"] == "staging"
    assert other.present.exchange.prediction == "accepted"
    assert [part.id for part in other.parts] == [part.id for part in what_if.parts]


def test_what_is_pasted_may_be_anything(aws: Bundle, what_if_of: Callable[..., WhatIf]) -> None:
    what_if = what_if_of(aws)
    for text in ("", "nonsense", "a.b.c", '{"sub": "x"}', '["x"]', "null", "\x1b[31m", "x" * 100_000):
        shown, token = what_if.pasted(text)
        assert isinstance(shown, str)
        assert what_if.with_token(token).present.diagnosis is not None


def test_texts_to_be_edited_show_every_character() -> None:
    text = editable('a\u202eb\x1b[31m\u200b "é" \U000e0041\r\n\tz')
    assert text.isprintable() or set(text) & set("\n\t")
    assert json.loads(editable(json.dumps("a\u202e\U000e0041\x7f\u0085é", ensure_ascii=False))) == (
        "a\u202e\U000e0041\x7f\u0085é"
    )
