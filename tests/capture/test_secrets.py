"""No secret that is planted in the evidence appears in anything that is written: reports, copies, maps, messages."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canaries import canaries, member_values, members
from disguises import disguises
from examples import share_of
from oidc_doctor.api import examine
from oidc_doctor.bundle import contract
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture.redact_bundle import redact_bundle
from oidc_doctor.cli.main import main
from oidc_doctor.findings.packs import bundled
from oidc_doctor.issuers.catalogue import all_profiles
from oidc_doctor.issuers.strangers import written
from oidc_doctor.model.secret_texts import contains_secret, without_secrets, without_secrets_in
from oidc_doctor.report.formats import FORMATS, render
from reports.programs import READERS
from vendor_canaries import vendor_canaries

SAMPLES = Path(bundled("_samples", "sample_logs"))
ALL = [*canaries(), *disguises(), *vendor_canaries()]
# Each name and each form once or twice, of all pairs of them
PLANTED = [canary for number, canary in enumerate(ALL) if " as " not in canary.kind or number % 7 == 0]
CHUNK, MUCH = 8, 4_000


@pytest.mark.parametrize("canary", ALL, ids=[canary.kind for canary in ALL])
@pytest.mark.parametrize("around", ["{}", "it said\n{}\nand ended", "\n{}\n"])
def test_a_secret_goes_and_the_rest_stays(canary: Any, around: str) -> None:
    text = around.format(canary.text)
    clean = without_secrets(text)
    assert not [piece for piece in canary.pieces if piece in clean], clean
    assert contains_secret(text)
    assert without_secrets(clean) == clean
    before, after = around.split("{}")
    assert clean.startswith(before)
    assert clean.endswith(after)
    inside = json.dumps({"note": text})
    assert json.loads(without_secrets(inside)).keys() == {"note"}
    assert not [piece for piece in canary.pieces if piece in without_secrets(inside)]


def test_members_go_by_their_names() -> None:
    box = members()
    clean = json.dumps(without_secrets_in(box))
    assert not [value for value in member_values(box) if value in clean]
    assert not [value for value in member_values(box) if value in without_secrets(json.dumps(box, indent=1))]


@pytest.mark.parametrize(
    "around",
    [
        *("sk={}", "APP_SK = {}", "seed={}", "WALLET_SEED={}", '"read\\nsession={}"'),
        'Authorization: Digest username="reader", nonce="1", response="{}"',
    ],
)
def test_short_names_of_secrets(around: str) -> None:
    secret = "aGk3Vb9xQ2mZpL8sT4wY7cN1"
    assert secret not in without_secrets(around.format(secret))
    assert without_secrets(around.format("42")) == around.format("42") or "Digest" in around


KEPT = [
    "repo:acme/app:repository_owner_id:65432:repository_id:74123456:environment:Prod42x",
    "trail.json:1042:9:error:Weights42",
    "repo:acme/token:ref:refs/heads/main",
    "repo:acme/api_key:environment:password",
    "repo:acme/secret:pull_request",
    "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container",
    "system:serviceaccount:token:reader",
    "system:serviceaccount:vault:secret",
    "arn:aws:iam::111122223333:role/secret-reader",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/password-AbCdEf",
    "projects/1/secrets/api-key/versions/3",
    "id-token: write",
    "permissions:\n  id-token: write\n  contents: read",
    "auth_secret_name: hf_access_token",
    "aws_secret_access_key_secret_name: aws_secret_access_key",
    "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "subject_token_type: urn:ietf:params:oauth:token-type:jwt",
    "https://oidc.example.com:8443/id/1",
    "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/system:sa:x@y",
    "AWS refuses this token: the team differs",
    "disk=aGk3Vb9xQ2mZpL8s risk=high task=build-42 seed=42 response=200",
    "token: expired",
    "pin=main mapping=482913 pinned=482913456 pin=1.2.3 session name",
    "AROAIOSFODNN7EXAMPLE:deploy of kid 482913",
    "kty: RSA",
    "image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "x-amzn-requestid: 4b1d2c3e-5f6a-7b8c-9d0e-1f2a3b4c5d6e",
    "AROAIOSFODNN7EXAMPLE:session-name-9aB3dE",
    'uniqueId: "114859200348756123456"',
    "etag: BwYx3kQpLm0=",
    '"private_key_id": "3f1c2b4a5d6e7f8091a2b3c4d5e6f708192a3b4c"',
    "spin=482913",
    "random seed is one of the many small words that may follow it in prose here today",
    "salt: minion",
    "responses=aB3dE6gH9kL2",
    "d: 3",
    "p: 0.5",
    "user_key: team",
    "device_code grant type urn:ietf:params:oauth:grant-type:device_code",
    "SAMLProvider arn:aws:iam::111122223333:saml-provider/Corp9aB3dE6gH",
    "pat=main",
    "compat=2026-11-22-aB3dE6",
    "docker login -u AWS --password-stdin 111122223333.dkr.ecr.us-east-1.amazonaws.com",
    "docker login failed: unauthorized -- see https://docs.example/p",
    "key-1234567890abcdefABCDEF",
    "https://discord.com/api/webhooks",
    "eu-west-1:5d2a7c1e-1234-4bcd-8f00-1a2b3c4d5e6f",
    "KeyId=1234abcd-12ab-34cd-56ef-1234567890ab",
    "v=1:org=Org8Kd2P:team=Tq7LmZ2x:key=app_key",
    "system:serviceaccount:app-key:default",
    "repo:acme/app_key:ref:refs/heads/main",
    "OTP required",
    "mfa 123456789012",
    "session_name: 1795107731",
    "phrase: the subject of the token is not the one that this policy accepts for this role",
    "login bob password expired",
    'the keys are {"kid": "key-3f1c2b4a5d6e7f8091a2b3c4d5e6f708"}, kid=key-3f1c2b4a5d6e7f8091a2b3c4d5e6f708',
    "kid key-3f1c2b4a5d6e7f8091a2b3c4d5e6f708 of app_key Team-A1, user_key: Weights42, saml_assertion: Success1",
    "arn:aws:sns:us-east-1:111122223333:AAbCdEfGhIjKlMnOpQrStUvWxYz0123456",
    "Token audience: sts.amazonaws.com",
    "6938fd4d98bab03faadb97b34396831e3780aea1",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    '{"kid": "key-1234567890abcdefABCDEF", "n": "sXchAQAB", "kty": "RSA", "e": "AQAB"}',
    "oidc-doctor --report --token token.jwt",
    "the password: must be set by the caller",
    "Cookie policy of the site",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "ASIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJSUzI1NiJ9 at sts.amazonaws.com failed",
    "kid 6f3Kd92LmQp0Zx81Vb7Nc5 of https://issuer.example has x5t dGhpcyBpcyBhIFNIQTEgaGFzaDE",
    "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC",
    "the token is 20,000 characters; the token is expired; token was Refused",
    "docker run -u 1000:1000 image",
    "ASIAIOSFODNN7EXAMPLE of 6938fd4d98bab03faadb97b34396831e3780aea1",
    "arn:aws:sts::111122223333:assumed-role/Reader/eyJ-session",
    "repo:acme/api:ref:refs/heads/pass:main",
    "MIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ",
    "https://issuer.example/.well-known/openid-configuration?v=2",
    "ns/token/sa/default of system:serviceaccount:token:default",
    '{"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "RoleArn": "arn:aws:iam::111122223333:role/password-reader"}',
]


@pytest.mark.parametrize("gap", ["\n", "\r\n", "\n    ", "\\n"])
def test_a_file_of_ansible_vault_goes(gap: str) -> None:
    lines = ["66386439653236336462626566653063336164", "3637663163653666383366383432", "61"]
    text = without_secrets(
        f"password: !vault |{gap}$ANSIBLE_VAULT;1.2;AES256;prod{gap}{gap.join(lines)}{gap}next: main"
    )
    assert not any(line in text for line in lines[:2])
    assert "next: main" in text


def test_a_key_of_mailgun_goes() -> None:
    key = "3f1c2b4a5d6e7f8091a2b3c4d5e6f708-1a2b3c4d-5e6f7081"
    assert key not in without_secrets(f"curl of {key} failed")


@pytest.mark.parametrize("text", KEPT)
def test_what_a_report_needs_stays(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("lead", ["2026-11-22T10:00:0{}Z app: ", "[INFO] ", "took {} ms | "])
@pytest.mark.parametrize("form", [str, json.dumps])
def test_the_last_line_of_a_key_is_known_by_the_words_before_it(lead: str, form: Any) -> None:
    full = "QUJD" * 16
    lines = ["-----BEGIN " + "PRIVATE KEY-----", full, full, "q7=="]
    text = "\n".join(lead.format(number) + line for number, line in enumerate(lines)) + "\n"
    clean = without_secrets(form({"message": text, "next": "aGk3Vb9x done"}))
    assert full not in clean
    assert "q7" not in clean
    assert "aGk3Vb9x done" in clean


def test_a_message_behind_a_key_stays() -> None:
    full = "QUJD" * 16
    text = "\n".join(f"[INFO] {line}" for line in ("-----BEGIN " + "PRIVATE KEY-----", full, "done", "next q7"))
    assert without_secrets(text).endswith("\n[INFO] done\n[INFO] next q7")


NAMES = [
    "token",
    "password",
    "secret",
    "api-key",
    "session",
    "auth",
    "Org8Kd2P",
    "main",
    "refs/heads/token",
    "a1" * 20,
    "7d968af1",
]
SENTENCES = [
    "{}",
    '{{"sub": "{}"}}',
    "{{'sub': '{}'}}",
    "Not authorized: the subject {} is refused",
    "sub = {}, aud = sts.amazonaws.com",
    "{}*",
    "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/subject/{}",
    "assertion.sub == '{}' || assertion.sub.startsWith(\"{}\")",
    "| sub | {} |",
    "https://issuer.example/{}",
]


@given(data=st.data())
@settings(max_examples=share_of(300))
def test_no_subject_of_an_issuer_is_taken_for_a_secret(data: st.DataObject) -> None:
    profile = data.draw(st.sampled_from([profile for profile in all_profiles() if profile.grammar.forms]))
    form = data.draw(st.sampled_from(profile.grammar.forms))
    plain = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,5}[0-9]", fullmatch=True) | st.uuids().map(str)
    value = plain | st.sampled_from(NAMES) | st.from_regex(r"[a-zA-Z][a-zA-Z0-9_-]{0,23}", fullmatch=True)
    # a word such as password at the very beginning, before a colon, would be its name
    values = {name: data.draw(value if number else plain) for number, name in enumerate(form.segments)}
    subject = written(profile.grammar, form, values)
    text = data.draw(st.sampled_from(SENTENCES)).format(subject, subject)
    assert without_secrets(text) == text
    assert without_secrets_in({"sub": subject, "condition": text}) == {"sub": subject, "condition": text}


# ------------------------------------------------------------------------------------------------------ whole bundles


def plant(folder: Path, chunks: list[str], box: dict[str, Any]) -> None:
    """Put the next of the texts and the members into every file of the bundle, and make the files that it lacks."""
    claims = {"iss": "https://oidc.baseten.co", "sub": "v=1:org=a:team=b", "aud": "sts.amazonaws.com"}
    (folder / "token.jwt").unlink(missing_ok=True)
    turn = itertools.cycle(chunks)
    text = next(turn)
    quoted = json.dumps(text)
    texts = {
        "error.txt": f"AccessDenied: no\n{text}\n",
        "setup/output.txt": text,
        "truss/version.txt": f"truss, version 0.18.36 {text}",
        "truss/whoami.txt": f"Workspace: x\nIssuer: https://oidc.baseten.co\n{text}\n",
        "issuer/chain.pem": text,
        "oidc-doctor.toml": f"[[target]]\nname = {quoted}\n[target.aws]\ncontext = {{ k = {quoted} }}\n",
        "truss/config.yaml": json.dumps({"weights": [{"source": text, "auth": box}], "secrets": box}),
        "claims.json": json.dumps(claims | box | {"note": text}),
        "tokens/other.json": json.dumps({"header": {"alg": "RS256", "note": text}, "claims": claims | {"n": [text]}}),
        "gcp/credentials.json": json.dumps(
            {
                "type": "external_account",
                "audience": text,
                "credential_source": {"url": text, "headers": box, "executable": {"command": text}},
            }
        ),
    }
    for name, content in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for path in contract_files():
        place = folder / path
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text("{}")
        if path not in texts:
            text = next(turn)
            document = json.loads(place.read_text())
            planted = planted_in(document, text, box)
            place.write_text(json.dumps(planted | box if isinstance(planted, dict) else planted))
    for place in sorted([*folder.glob("aws/cloudtrail/**/*.json*"), *folder.glob("gcp/logs/**/*.json*")]):
        text = next(turn)
        data = place.read_bytes()
        content = (gzip.decompress(data) if place.suffix == ".gz" else data).decode()
        document = in_logs(content, text, box)
        place.write_bytes(gzip.compress(document.encode()) if place.suffix == ".gz" else document.encode())


def in_logs(content: str, text: str, box: dict[str, Any]) -> str:
    try:
        document = json.loads(content)
    except ValueError:
        lines = [json.loads(line) for line in content.splitlines() if line.strip()]
        few = lines if len(text) < MUCH else lines[:2]
        return "\n".join(map(json.dumps, [planted_event(line, text, box) for line in few] + lines[len(few) :]))
    records = document.get("Records") if isinstance(document, dict) else document
    if not isinstance(records, list):
        return json.dumps(planted_event(document, text, box))
    few = records if len(text) < MUCH else records[:2]
    planted = [planted_event(record, text, box) for record in few] + records[len(few) :]
    return json.dumps({**document, "Records": planted} if isinstance(document, dict) else planted)


def planted_event(event: Any, text: str, box: dict[str, Any]) -> Any:
    event = dict(event)
    for name in ("userAgent", "errorMessage"):
        if name in event or name == "userAgent":
            event[name] = f"{event.get(name) or ''} {text}"
    for name in ("requestParameters", "responseElements", "protoPayload", "additionalEventData"):
        if isinstance(event.get(name), dict):
            event[name] = {**event[name], **box, "note": text}
    return event


def planted_in(value: Any, text: str, box: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        inner = text if len(text) < MUCH else ""  # every object holds a short text, the outermost a long one
        return {name: planted_in(item, inner, box) if inner else item for name, item in value.items()} | {"zz": text}
    if isinstance(value, list):
        return [
            planted_in(item, text, box) if not number or len(text) < MUCH else item for number, item in enumerate(value)
        ]
    return value


def contract_files() -> list[str]:
    rows = [row.path for row in contract.FILES if row.path.endswith(".json")]
    rows += ["earlier/manifest.json", "earlier/issuer/jwks.json", "earlier/aws/role.json"]
    return [path.replace("*", "one") for path in rows if "**" not in path and not path.startswith("tokens/")]


def everything(folder: Path) -> str:
    texts = []
    for place in sorted(folder.rglob("*")):
        texts.append(place.relative_to(folder).as_posix())
        if place.is_file():
            data = place.read_bytes()
            texts.append((gzip.decompress(data) if place.suffix == ".gz" else data).decode("utf-8", "replace"))
    return "\n".join(texts)


def found(text: str, pieces: list[str]) -> list[str]:
    """The pieces in a text, also where line breaks and frames were put between."""
    import re

    bare = re.sub(r"[\s│>|]+", "", text)
    return [piece for piece in pieces if piece in text or re.sub(r"[\s│>|]+", "", piece) in bare]


def pieces_of(some: list[Any]) -> list[str]:
    return [piece for canary in some for piece in canary.pieces] + member_values(members())


def in_chunks(some: list[Any]) -> list[str]:
    """The texts, a few together: a longer text is not read, so it would show nothing."""
    return ["\n\nthen\n".join(canary.text for canary in some[at : at + CHUNK]) for at in range(0, len(some), CHUNK)]


@pytest.mark.parametrize("redacted", [True, False])
@pytest.mark.parametrize("part", range(2))
def test_no_kind_of_secret_passes_any_file_into_a_copy(part: int, redacted: bool, tmp_path: Path) -> None:
    """Every file of the contract holds every second kind."""
    source = tmp_path / "source"
    shutil.copytree(SAMPLES / ("aws-wrong-team" if redacted else "gcp-condition-false"), source)
    some = PLANTED[part::2]
    plant(source, ["\n\nthen\n".join(canary.text for canary in some)], members())
    written: dict[str, bytes] = {}

    def write(name: str, pieces: Iterator[bytes]) -> None:
        data = b"".join(pieces)
        written[name] = gzip.decompress(data) if name.endswith(".gz") else data

    with open_bundle(str(source)) as bundle:
        redact_bundle(bundle, write, b"k" * 32, names_stay=not redacted)
    assert len(written) > len(contract_files())
    for name, data in written.items():
        assert found(name + data.decode("utf-8", "replace"), pieces_of(some)) == [], name


@pytest.mark.parametrize("sample", ["aws-wrong-team", "gcp-condition-false"])
def test_no_planted_secret_is_in_any_report(sample: str, tmp_path: Path) -> None:
    """Each file holds a few kinds, other ones in each of two rounds."""
    for turn in (0, 11):
        source = tmp_path / f"source{turn}"
        shutil.copytree(SAMPLES / sample, source)
        plant(source, in_chunks(PLANTED)[turn:] + in_chunks(PLANTED)[:turn], members())
        report = examine(str(source))
        for name, verbose in itertools.product(FORMATS, (False, True)):
            text = render(report, name, width=100, color=False, verbose=verbose)
            assert found(text, pieces_of(PLANTED)) == [], (name, verbose)
            READERS.get(name, str)(text)  # no part of its form went with a secret


def test_no_planted_secret_is_in_anything_that_the_commands_write(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    shutil.copytree(SAMPLES / "aws-wrong-team", source)
    plant(source, in_chunks(PLANTED), members())
    commands = [
        ["--report", "--from", str(source), "-v"],
        ["capture", "-o", str(tmp_path / "copy"), "--from", str(source)],
        ["capture", "-o", str(tmp_path / "kept.tar.gz"), "--from", str(source), "--no-redact"],
        ["capture", "--diff", str(source), str(SAMPLES / "aws-wrong-team")],
    ]
    for command in commands:
        main(command)
        told = capfd.readouterr()
        assert found(told.out + told.err, pieces_of(PLANTED)) == [], command
    with tarfile.open(tmp_path / "kept.tar.gz") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
        archive.extractall(tmp_path / "unpacked")  # noqa: S202 - our own archive
    shutil.rmtree(source)
    (tmp_path / "kept.tar.gz").unlink()
    assert (tmp_path / "copy.map.json").is_file()
    assert found(everything(tmp_path), pieces_of(PLANTED)) == []


def test_the_page_of_a_raw_event_shows_no_secret() -> None:
    from oidc_doctor.tui.raw_events import _write_event
    from oidc_doctor.tui.widgets.page_view import StyledSheet

    for text in (json.dumps, str):
        for canary in ALL[::3]:
            sheet = StyledSheet(60)
            box = members()
            _write_event(sheet, text({"eventName": "x", "userAgent": canary.text, "requestParameters": box}), ())
            shown = str(sheet.content())
            assert found(shown, list(canary.pieces)) == [], canary.kind
            assert text is not json.dumps or found(shown, member_values(box)) == []


# ------------------------------------------------------------------------------------------------------- any text

BITS = ["password", "token", "=", ":", "[", "]", "{", '"', "'", "\\", "eyJ", ".", "://", "@", "x", "-----"]
PARTS = st.sampled_from([*(canary.text for canary in ALL[::7]), " ", "\n", "[secret removed]", *BITS])


@given(parts=st.lists(PARTS | st.text(max_size=6), max_size=8))
@settings(max_examples=share_of(150))
def test_a_clean_text_stays_as_it_is(parts: list[str]) -> None:
    clean = without_secrets("".join(parts))
    assert without_secrets(clean) == clean


MEMBERS = st.sampled_from(["password", "kty", "d", "name", "value", "a"])
VALUES = st.recursive(
    st.none() | st.text(max_size=9) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=3),
)


@given(value=VALUES)
def test_a_value_keeps_its_shape(value: Any) -> None:
    clean = without_secrets_in(value)
    assert without_secrets_in(clean) == clean
    assert json.loads(without_secrets(json.dumps(clean))) is not ...


@pytest.mark.sweep
@pytest.mark.parametrize(
    "unit",
    [
        "password ",
        "password=",
        "authorization: x ",
        "eyJhbGciOiJSUzI1NiJ9\n",
        "eyJ.",
        "://a:b",
        "-----BEGIN PRIVATE KEY-----",
        "password='",
        'password=\\"',
        '{"kty": "d": "',
        "authorization: \n",
        "authorization: ",
        "x-amz-signature=",
        "cookie: a=[ ",
        "token,",
        "AKIAIOSFODNN7EXAMPLE ",
        "QUJD" * 19 + "\n",
        "token&quot;:&quot;",
        "value: abcdef name ",
        "redis-cli -",
        "\u200b.",
        "-----BEGIN PRIVATE KEY-----\n" + "QUJD" * 16 + "\n",
        "pin=",
        "login a ",
        "Private-Lines: 3\n" + "QUJD" * 16 + "\n",
        "[x] -----BEGIN PRIVATE KEY-----\n[x] ",
        "kty: d: ",
        "random_password ",
        "docker login a ",
        "mnemonic abandon ",
    ],
)
def test_the_work_grows_with_the_length(unit: str, lines_run: Any) -> None:
    small, large = (unit * (size // len(unit)) for size in (20_000, 80_000))
    without_secrets(small[1:])  # what is made once; texts that were seen are remembered
    assert lines_run(lambda: without_secrets(large)) < 8 * lines_run(lambda: without_secrets(small)) + 2_000
