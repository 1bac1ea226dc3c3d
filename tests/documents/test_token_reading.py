"""Tokens as people hand them over: every mistake has its words, and nothing raises."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import share_of
from oidc_doctor.documents.token import hypothetical, parse_token
from oidc_doctor.model.document import ABSENT, UNKNOWN, Origin
from oidc_doctor.model.evidence import Token

ORIGIN = Origin("token.jwt", of_token=True)
HEADER = {"alg": "RS256", "kid": "k1"}
CLAIMS = {"iss": "https://oidc.baseten.co", "sub": "v=1:org=a", "aud": "oidc.baseten.co", "exp": 1}
SIGNED = ".".join(
    [*(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (HEADER, CLAIMS)), "AAAA"]
)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(header: Any = None, claims: Any = None, signature: bytes = b"signature") -> str:
    parts = (HEADER if header is None else header, CLAIMS if claims is None else claims)
    encoded = [b64(one if isinstance(one, bytes) else json.dumps(one).encode()) for one in parts]
    return ".".join([*encoded, b64(signature)])


def read(text: str) -> Token:
    return parse_token(text, ORIGIN, "sample")


def test_a_clean_jwt() -> None:
    text = jwt()
    token = read(text)
    assert (token.kind, token.complete, token.fault, token.fault_kind) == ("jwt", True, None, "")
    assert (token.header, token.claims, token.name, token.origin) == (HEADER, CLAIMS, "sample", ORIGIN)
    assert token.size == len(text)
    assert token.signing_input == text.rpartition(".")[0].encode()
    assert token.signature == b"signature"
    assert token.claim("nbf") is ABSENT


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_an_editors_line_end_is_no_fault_and_not_counted(end: str) -> None:
    token = read(jwt() + end)
    assert token.fault is None
    assert token.size == len(jwt())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"Bearer {jwt()}", "`Bearer`"),
        (f"Authorization: bearer {jwt()}\n", "`Bearer`"),
        (f'"{jwt()}"', "quotation marks"),
        (f"'{jwt()}'", "quotation marks"),
        (f" {jwt()}", "white space or empty lines around"),
        (f"{jwt()} \n", "white space or empty lines around"),
        (jwt()[:30] + "\n" + jwt()[30:], "a line break inside"),
        (f"1a4\r\n{jwt()}\r\n0\r\n\r\n", "chunk sizes"),
        (jwt().replace(".", "==.", 1), "padding"),
        (json.dumps({"count": 1, "value": jwt()}), "its member value"),
        (json.dumps({"id_token": jwt(), "access_token": "opaque"}), "its member id_token"),
        (json.dumps({"kind": "TokenRequest", "status": {"token": jwt()}}), "its member status.token"),
    ],
)
def test_what_stands_around_a_token_is_a_fault_with_readable_claims(text: str, words: str) -> None:
    token = read(text)
    assert token.claims == CLAIMS
    assert token.header == HEADER
    assert (token.kind, token.fault_kind) == ("jwt", "not-a-jwt")
    assert words in (token.fault or "")


def test_several_faults_are_all_told() -> None:
    token = read(f'"Bearer {jwt()}" ')
    assert token.fault == (
        "white space or empty lines around the token; it is in quotation marks; "
        "it begins with `Bearer`, which belongs to the HTTP header and not to the token"
    )
    assert token.claims == CLAIMS


def test_standard_base64_is_told_and_read() -> None:
    claims = {**CLAIMS, "x": "???>>>~~~ÿÿ"}
    text = jwt(claims=json.dumps(claims, ensure_ascii=False).encode())
    wrong = text.replace("-", "+").replace("_", "/")
    assert wrong != text
    token = read(wrong)
    assert token.claims == claims
    assert "standard base64" in (token.fault or "")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        (jwt(header=b"no json"), "header", "the header is not JSON"),
        (jwt(header=[1]), "header", "the header is not a JSON object but a list"),
        (jwt(claims=b"no json"), "claims", "the claims are not JSON"),
        (jwt(claims="text"), "claims", "the claims are not a JSON object but text"),
        (jwt(claims=[1]), "claims", "not a JSON object but a list"),
        (jwt(claims=b"\xff\xfe"), "claims", "the claims are not UTF-8 text"),
        (jwt(claims=b'{"a":' * 300 + b"1" + b"}" * 300), "claims", "nested more than"),
        (jwt(claims=b'{"exp":' + b"9" * 5000 + b"}"), "claims", "a number of more than 4300 digits"),
        (jwt(signature=b""), "signature", "the signature segment is empty"),
        (jwt().rpartition(".")[0], "whole", "2 segments instead of three"),
        (jwt() + ".x", "whole", "4 segments instead of three"),
        (jwt().replace("eyJ", "ey%", 1), "header", "`%` at position 3"),
        (jwt() + "\u200b", "signature", "`U+200B` at position"),
        (jwt() + "a", "signature", "cut off"),
        ("." + jwt().split(".", 1)[1], "header", "the header segment is empty"),
        ("eyJhbGciOiJkaXIifQ..a.b.c", "whole", "an encrypted token (JWE)"),
    ],
)
def test_what_is_no_jwt(text: str, where: str, words: str) -> None:
    token = read(text)
    assert token.fault_where == where
    assert token.fault_kind == "not-a-jwt"
    assert words in (token.fault or "")


def test_readable_parts_of_a_broken_token_are_kept() -> None:
    token = read(jwt(header=b"x"))
    assert (token.header, token.claims) == (None, CLAIMS)
    token = read(jwt().rpartition(".")[0] + ".%%%")
    assert (token.header, token.claims, token.signature) == (HEADER, CLAIMS, b"")


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        ("ya29.a0AfH6SMBx", "a Google access token", "not-a-jwt"),
        ("ghs_16C7e42F292c6912E7710c838347Ae178B4a", "a GitHub access token", "not-a-jwt"),
        ("AKIAIOSFODNN7EXAMPLE", "an AWS access key", "not-a-jwt"),
        ("IQoJb3JpZ2luX2VjEXAMPLE", "an AWS session token", "not-a-jwt"),
        ("[default]\naws_access_key_id = x", "an AWS credentials file", "not-a-jwt"),
        ("/var/run/secrets/eks.amazonaws.com/serviceaccount/token", "the path of a file", "not-a-jwt"),
        ("./token.jwt", "the path of a file", "not-a-jwt"),
        ("../a/b", "the path of a file", "not-a-jwt"),
        ("~/oidc/token", "the path of a file", "not-a-jwt"),
        ("$RUNNER_TEMP/token", "the path of a file", "not-a-jwt"),
        ("file:///run/token", "the path of a file", "not-a-jwt"),
        ("C:\\\\oidc\\\\token.jwt".replace("\\\\", "\\"), "the path of a file", "not-a-jwt"),
        ("-----BEGIN PRIVATE KEY-----\nx", "a PEM key", "not-a-jwt"),
        ("<html><body>login</body></html>", "a web page", "not-a-jwt"),
        ("Error: no token", "an error message", "not-a-jwt"),
        ("0123456789abcdef0123456789abcdef", "an opaque access token", "not-a-jwt"),
        ('{"Credentials": {"AccessKeyId": "x"}}', "AWS credentials", "not-a-jwt"),
        ('{"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "y"}', "AWS credentials", "not-a-jwt"),
        ('{"type": "service_account", "private_key": "x"}', "a Google credentials file (service_account)", "not-a-jwt"),
        ('{"type": "external_account", "audience": "x"}', "a Google credentials file (external_account)", "not-a-jwt"),
        ('{"access_token": "opaque", "expires_in": 3600}', "an access token and no ID token", "not-a-jwt"),
        ('{"error": "invalid_grant"}', "an error answer", "no-token"),
        ("", "the file is empty", "no-token"),
        (" \n", "the file is empty", "no-token"),
        ("$AWS_TOKEN", "a variable name", "no-token"),
        ("${{ steps.x.outputs.token }}", "a variable name", "no-token"),
        ("null", "a variable name or a null", "no-token"),
    ],
)
def test_what_was_handed_over_instead_is_named(text: str, words: str, kind: str) -> None:
    token = read(text)
    assert words in (token.fault or "")
    assert (token.kind, token.fault_kind, token.claims) == ("jwt", kind, {})


def test_repeated_claims_are_noted_and_the_last_counts() -> None:
    token = read(jwt(claims=b'{"sub":"a","sub":"b","a/b":1,"a/b":2,"n":{"x":1,"x":2}}'))
    assert token.claims["sub"] == "b"
    assert token.duplicates == ("a/b", "sub")


def test_decoded_claims_with_their_header() -> None:
    text = json.dumps(
        {"header": HEADER, "claims": CLAIMS, "verified": {"signature": True, "kid": "k1", "alg": "RS256"}}
    )
    token = read(text)
    assert (token.kind, token.complete, token.header, token.claims) == ("decoded", True, HEADER, CLAIMS)
    assert token.verified == {"signature": True, "kid": "k1", "alg": "RS256"}
    assert token.size is None
    assert token.claim("nbf") is ABSENT
    assert token.claim("iat") is UNKNOWN
    assert token.header_value("typ") is UNKNOWN


def test_decoded_claims_know_their_lines() -> None:
    token = read("\n" + json.dumps({"header": HEADER, "claims": CLAIMS}, indent=1))
    assert token.document is not None
    assert str(token.document.at("/sub")) == "token.jwt:9"
    assert token.document.value == CLAIMS
    token = read('{\n"sub": "x"}')
    assert token.document is not None
    assert token.document.at("/sub").line == 2
    assert read(jwt()).document is None


def test_bare_claims() -> None:
    token = read(json.dumps(CLAIMS))
    assert (token.kind, token.complete, token.header, token.verified) == ("decoded", True, None, None)
    assert token.header_value("kid") is UNKNOWN


@pytest.mark.parametrize(
    ("value", "complete"),
    [
        ({"claims": {"sub": "a", "aud": "b"}}, False),
        ({"claims": {"sub": "a", "aud": "b"}, "complete": True}, True),
        ({"claims": {"iss": "i", "sub": "a", "aud": "b"}}, True),
        ({"claims": {"iss": "i", "sub": "a", "aud": "b"}, "complete": False}, False),
        ({"claims": {"iss": "i", "sub": None, "aud": "b"}}, False),
        ({"claims": {}}, False),
        ({"claims": {"sub": "a"}, "complete": True}, True),
        ({"sub": "a", "aud": "b"}, False),
        ({"iss": "i"}, False),
        ({}, False),
    ],
)
def test_when_a_decoded_token_is_complete(value: dict[str, Any], complete: bool) -> None:
    token = read(json.dumps(value))
    assert (token.kind, token.complete) == ("decoded", complete)


def test_what_a_decoded_null_means() -> None:
    token = read('{"claims": {"sub": "a", "aud": null, "iat": null}}')
    assert token.claim("aud") is ABSENT
    assert token.claim("iat") is ABSENT
    assert token.claim("iss") is UNKNOWN


def test_the_output_of_jwt_tools() -> None:
    token = read(json.dumps({"header": HEADER, "payload": CLAIMS, "signature": "x"}))
    assert (token.header, token.claims) == (HEADER, CLAIMS)


def test_a_claim_called_claims_is_a_claim() -> None:
    token = read(json.dumps({"iss": "i", "sub": "s", "aud": "a", "claims": {"x": 1}}))
    assert token.claims["claims"] == {"x": 1}


@pytest.mark.parametrize("text", ['{"sub": "v=1:org=a"}', '{"claims": {"sub": "v=1:org=a"}}'])
def test_a_subject_alone_is_hypothetical(text: str) -> None:
    token = read(text)
    assert (token.kind, token.subject, token.origin) == ("hypothetical", "v=1:org=a", ORIGIN)
    assert token.claim("aud") is UNKNOWN


def test_hypothetical() -> None:
    token = hypothetical("s", issuer="https://i")
    assert token.claims == {"iss": "https://i", "sub": "s"}
    assert token.claim("exp") is UNKNOWN
    assert token.claim("https://aws.amazon.com/source_identity") is UNKNOWN
    assert token.header_value("kid") is UNKNOWN
    assert str(token.origin) == "--subject"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"iss": "x",}', "line 1 column 13: a comma before the closing bracket"),
        ("[1]", "expected a JSON object with claims, found a list"),
        ('{"claims": [1]}', "claims: expected an object, found a list"),
        ('{"claims": {}, "header": "x"}', "header: expected an object, found text"),
    ],
)
def test_a_file_that_holds_no_claims_is_no_fault_of_the_token(text: str, words: str) -> None:
    token = read(text)
    assert (token.fault, token.fault_kind, token.kind) == (words, "", "decoded")
    assert token.claim("sub") is UNKNOWN


SECRET = "c2VjcmV0LXNpZ25hdHVyZQ"


@pytest.mark.parametrize("text", [f"Bearer eyJx.{SECRET}.{SECRET}%", f"{SECRET}.{SECRET}", f'{{"a": {SECRET}}}'])
def test_no_fault_quotes_the_token(text: str) -> None:
    assert SECRET not in (read(text).fault or "")
    assert SECRET not in repr(read(text))


@settings(max_examples=share_of(400), deadline=None)
@given(
    st.text(max_size=40)
    | st.text('eyJ0.=+/-_" {}[]:,\n\ud800', max_size=40)
    | st.binary(max_size=30).map(lambda data: jwt(claims=data))
    | st.tuples(st.text("eyJ.=", max_size=3), st.text(max_size=3)).map(lambda ends: ends[0] + jwt() + ends[1])
)
def test_no_text_raises(text: str) -> None:
    token = read(text)
    assert isinstance(token.claims, dict)
    assert (token.fault_kind == "") or token.fault
    assert token.fault is None or token.fault.isprintable()
    assert bool(token.fault) == bool(token.fault_where)


@settings(max_examples=share_of(200), deadline=None)
@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=4),
    st.binary(max_size=8),
)
def test_every_clean_jwt_is_read_back(claims: dict[str, Any], signature: bytes) -> None:
    token = read(jwt(claims=claims, signature=b"s" + signature))
    assert (token.claims, token.fault, token.signature) == (claims, None, b"s" + signature)


@pytest.mark.parametrize("word", ["REDACTED", "<signature>", "***", "xxxxx", "...", "signature-removed", "AbC0..."])
def test_a_signature_that_was_left_out(word: str) -> None:
    header, claims, _ = SIGNED.split(".")
    token = parse_token(f"{header}.{claims}.{word}", Origin("token.jwt"))
    assert (token.kind, token.complete, token.recorded, token.fault) == ("decoded", True, True, None)
    assert token.claim("sub")
    assert token.header_value("alg") != UNKNOWN


@pytest.mark.parametrize("text", ["REDACTED", "<token>", "...", "████", "xxxx"])
def test_a_token_that_was_left_out_is_no_fault_of_the_token(text: str) -> None:
    token = parse_token(text, Origin("token.jwt"))
    assert token.fault_kind == ""
    assert "left out" in (token.fault or "")


@pytest.mark.parametrize("name", ["iss", "exp", "iat"])
@pytest.mark.parametrize("word", ["REDACTED", "...", "<hidden>"])
def test_a_claim_that_was_left_out_is_not_known(name: str, word: str) -> None:
    claims = {"iss": "https://oidc.example.com", "sub": "a", "aud": "b", "exp": 2, "iat": 1, name: word}
    assert parse_token(json.dumps({"claims": claims}), Origin("claims.json")).claim(name) is UNKNOWN


def test_times_that_a_decoder_printed_with_a_fraction() -> None:
    claims = {"iss": "https://oidc.example.com", "sub": "a", "aud": "b", "exp": 1795107731.0, "iat": 1.5}
    token = parse_token(json.dumps(claims), Origin("claims.json"))
    assert (token.claim("exp"), token.claim("iat")) == (1795107731, 1.5)


@pytest.mark.parametrize("member", ["claims", "header", "verified"])
def test_a_part_that_stands_twice(member: str) -> None:
    text = json.dumps({"claims": {"iss": "a", "sub": "b", "aud": "c"}, "header": {}, "verified": {}})
    token = parse_token(text.replace(f'"{member}"', f'"{member}": {{}}, "{member}"', 1), Origin("claims.json"))
    assert "twice" in (token.fault or "")
