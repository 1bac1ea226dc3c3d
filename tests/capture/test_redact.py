"""Whole bundles: nothing that names anybody is left, and every decision stays."""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.capture import Redacted, redact_bundle
from oidc_doctor.capture.pseudonyms import Cipher
from oidc_doctor.capture.redact_texts import CollectedNames, Texts, kept_starts
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.iam import conditions_hold
from oidc_doctor.model.kinds import Kind

KEY = b"k" * 32
OF_KEYS = {str(kind) for kind in Kind if any(step == "keys" for _, step in kind.steps)}


def redacted(source: Path, target: Path, **how: Any) -> Redacted:
    def write(name: str, pieces: Iterator[bytes]) -> None:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"".join(pieces))

    with open_bundle(source) as bundle:
        return redact_bundle(bundle, write, KEY, **how)


def answer(folder: Path) -> Any:
    with open_bundle(folder) as bundle:
        report = run(bundle, Question())
    return (
        [(one.cloud, one.prediction, one.step) for one in report.exchanges],
        [(one.code, one.confidence, one.step, one.status) for one in report.causes],
        # a copy says that the signature held, which a report assumes: the checks of it are then skipped
        [(one.code, one.status) for one in report.checks if one.name not in OF_KEYS or one.status == "failed"],
    )


def everything(folder: Path) -> str:
    """All names and contents, unpacked."""
    texts = []
    for place in sorted(folder.rglob("*")):
        texts.append(place.relative_to(folder).as_posix())
        if place.is_file():
            data = place.read_bytes()
            texts.append((gzip.decompress(data) if place.suffix == ".gz" else data).decode())
    return "\n".join(texts)


def texts_for(*values: str, cel: tuple[str, ...] = ()) -> Texts:
    """Texts that have learned what these values and expressions teach."""
    collected = CollectedNames()
    learner = Texts(collected)
    for value in values:
        learner.value(value)
    for expression in cel:
        learner.cel(expression)
    return Texts(collected, Cipher(KEY, "prefix", kept_starts(collected)))


SEGMENT = st.from_regex(r"[A-Za-z][A-Za-z0-9]{5,11}", fullmatch=True)
PATTERN = st.sampled_from(
    [
        "v=1:org={org}:team={team}:*",
        "v=1:org={org}:team={team}*",
        "v=1:org={org}:*",
        "v=1:org={org}:team={half}*:*",
        "v=1:org={org}:team=*{end}:model=*",
        "v=1:org={org}:team={gap}:*",
        "*:team={team}:*",
        "v=1:org={team}:team={org}:*",
        "v=1:org={upper}:*",
        "v=1:org=*:team=*:*environment=prod*",
        "*{middle}*",
    ]
)


@given(org=SEGMENT, team=SEGMENT, model=SEGMENT, other=SEGMENT, pattern=PATTERN, same=st.booleans())
@settings(max_examples=60)
def test_like_patterns_match_what_they_matched(
    org: str, team: str, model: str, other: str, pattern: str, same: bool
) -> None:
    subject = f"v=1:org={org}:team={team}:model={model}:deployment=d{other}:environment=production:type=model_build"
    shown = team if same else other
    made = pattern.format(
        org=org, team=shown, half=shown[:4], end=shown[-4:], middle=shown[2:6], gap=shown[:3] + "?" + shown[4:],
        upper=org.upper(),
    )  # fmt: skip
    texts = texts_for(subject, made)
    key = "oidc.baseten.co:sub"
    before = conditions_hold({"StringLike": {key: made}}, {key: subject})
    after = conditions_hold({"StringLike": {key: texts.value(made)}}, {key: texts.value(subject)})
    assert before == after, (subject, made, texts.value(subject), texts.value(made))


@given(one=SEGMENT, other=SEGMENT)
@settings(max_examples=30)
def test_cel_keeps_what_its_strings_ask_for(one: str, other: str) -> None:
    from oidc_doctor.cel import compile as compile_cel

    assume(one.lower() != other.lower())
    subject = f"v=1:org={one}:team={other}:environment=production-eu:type=model_container"
    for expression in (
        f"google.subject.startsWith('v=1:org={one}:') && google.subject.contains('team={other[:4]}')",
        f'google.subject.contains("{other[1:5]}") && google.subject.contains(":environment=production")',
        f"google.subject.extract('org={{org}}:') == '{one}'",
        f"google.subject.split(':')[1] == 'org={one}'",
        f"google.subject.endsWith('{one[-3:]}')",
        f"google.subject.lowerAscii() == '{subject.lower()}'",
        f"size(google.subject) == {len(subject)} && google.subject in ['{subject}', 'x']",
        f"google.subject.matches('^v=1:org=({one}|nobody):team=[A-Za-z0-9]+:.*$')",
    ):
        texts = texts_for(subject, cel=(expression,))
        new, shown = texts.cel(expression), texts.value(subject)
        before = compile_cel(expression).evaluate({"google": {"subject": subject}})
        after = compile_cel(new).evaluate({"google": {"subject": shown}})
        assert before == after, (expression, new)
        assert len(shown.encode()) == len(subject.encode())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized", True),
        ("2026-11-22T13:00:00Z", True),
        ("roles/iam.workloadIdentityUser", True),
        ("projects/acme-prod/roles/TokenMinter", False),
        ("us-east-1", True),
        ("us-central1", True),
        ("urn:ietf:params:oauth:token-type:jwt", True),
        ("arn:aws:iam::111122223333:role/Weights", False),
    ],
)
def test_vendors_words_stay(text: str, kept: bool) -> None:
    assert (texts_for(text).sentence(text) == text) is kept


@pytest.mark.parametrize("subject", ["abc:dead:beef", "a::b", "10:03:19x:7", "fe:ed:beef99:x", "1:2:30000:4"])
def test_segments_that_look_like_an_address_are_segments(subject: str) -> None:
    texts = texts_for(subject)
    for part, shown in zip(subject.split(":"), texts.value(subject).split(":"), strict=True):
        assert texts.value(part) == shown


@pytest.mark.parametrize("text", ["203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"])
def test_replaced_addresses_are_addresses(text: str) -> None:
    import ipaddress

    shown = Texts(CollectedNames(), Cipher(KEY), addresses_stay=False).value(text)
    assert shown != text or text.endswith("/32")
    ipaddress.ip_network(shown, strict=False)


def test_a_mail_address_and_an_arn_keep_their_shape() -> None:
    texts = texts_for("someone@acme-prod.iam.gserviceaccount.com", "arn:aws:iam::111122223333:role/path/Weights")
    mail = texts.value("someone@acme-prod.iam.gserviceaccount.com")
    assert re.fullmatch(r"[a-z]{7}@[a-z]{4}-[a-z]{4}\.iam\.gserviceaccount\.com", mail)
    arn = texts.value("arn:aws:iam::111122223333:role/path/Weights")
    assert re.fullmatch(r"arn:aws:iam::[1-9]\d{11}:role/[a-z]{4}/[A-Z][a-z]{6}", arn)
    assert "111122223333" not in arn


SECRETS = [
    '"sessionToken": "IQoJb3JpZ2luX2VjEXAMPLEEXAMPLEEXAMPLE"',
    "Authorization: Bearer abcdef0123456789abcdef",
    "password=hunter2hunter2",
    "ghp_0123456789abcdefghijABCDEFGHIJ012345",
    "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("stay", [True, False])
def test_a_secret_goes_whatever_is_asked(text: str, stay: bool) -> None:
    texts = Texts(CollectedNames(), Cipher(KEY), names_stay=stay)
    shown = texts.sentence("the tool said " + text)
    core = re.findall(r"IQoJ\w+|abcdef\d+\w+|hunter2hunter2|ghp_\w+|MIIabc", text)[0]
    assert core not in shown
    assert texts.removed


# ------------------------------------------------------------------------------------------------------ whole bundles


@given(org=SEGMENT, team=SEGMENT, role=SEGMENT, wrong=st.booleans())
@settings(max_examples=15)
def test_no_segment_of_an_identity_is_left(org: str, team: str, role: str, wrong: bool) -> None:
    words = {org, team, role}
    assume(len({word.lower() for word in words}) == 3)
    subject = f"v=1:org={org}:team={team}:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
    condition = {"StringLike": {"oidc.baseten.co:sub": f"v=1:org={org}:team={org if wrong else team}:*"}}
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
            }
        ],
    }
    arn = f"arn:aws:iam::210987654321:role/{role}"
    event = {
        "eventTime": "2026-11-22T22:00:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "eventID": "6f1c1d6e-0000-4000-8000-000000000001",
        "awsRegion": "us-east-1",
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {org} is not authorized to perform: sts:AssumeRoleWithWebIdentity on resource: {arn}",
        "userIdentity": {"type": "WebIdentityUser", "userName": subject},
        "requestParameters": {"roleArn": arn, "policy": json.dumps({"Statement": [{"Resource": f"arn:x/{team}"}]})},
    }
    with tempfile.TemporaryDirectory() as folder:
        source, target, again = Path(folder) / "a", Path(folder) / "b", Path(folder) / "c"
        for name, value in {
            "claims.json": {"iss": "https://oidc.baseten.co", "aud": "oidc.baseten.co", "sub": subject, "org": org},
            "aws/role.json": {"Role": {"Arn": arn, "RoleName": role, "AssumeRolePolicyDocument": policy}},
            "aws/cloudtrail/events.json": {"Records": [event]},
            f"aws/role-policies/{role}.json": {"PolicyName": role, "PolicyDocument": policy},
            "manifest.json": {
                "collected_at": "2026-11-22T22:40:00Z",
                "reads": [{"path": f"aws/role-policies/{role}.json", "outcome": "ok"}],
            },
        }.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(json.dumps(value), encoding="utf-8")
        toml = f'# of {team}\n[[target]]\nname = "{team}"\n[target.aws]\nrole_arn = "{arn}"\n'
        (source / "oidc-doctor.toml").write_text(toml, encoding="utf-8")
        (source / "error.txt").write_text(f"{team}: AccessDenied for {arn}\n", encoding="utf-8")
        result = redacted(source, target)
        text = everything(target)
        assert not [word for word in words if word in text]
        assert "210987654321" not in text
        assert answer(source) == answer(target)
        redacted(target, again)
        assert answer(again) == answer(source)
        assert words <= result.images.keys()


@pytest.mark.parametrize("broken", ['{"a": "Tq7LmZ2x', "[1, Tq7LmZ2x]", '{"a" "Tq7LmZ2x"}', "Tq7LmZ2x", '{"Tq7": tr'])
def test_what_is_no_json_is_redacted_as_text(tmp_path: Path, broken: str) -> None:
    (tmp_path / "a" / "aws").mkdir(parents=True)
    (tmp_path / "a" / "aws" / "role.json").write_text(broken)
    (tmp_path / "a" / "claims.json").write_text('{"sub": "org=Tq7LmZ2x"}')
    redacted(tmp_path / "a", tmp_path / "b")
    assert "Tq7LmZ2x" not in everything(tmp_path / "b")


def test_a_compact_token_loses_its_signature_and_nothing_else(aws: Any, tmp_path: Path) -> None:
    compact = (aws.root / "token.jwt").read_text().strip()
    for number, stay in enumerate((False, True)):
        target = tmp_path / f"copy-{number}"
        redacted(aws.root, target, names_stay=stay)
        text = everything(target)
        box = json.loads((target / "claims.json").read_text())
        assert box["verified"] == {"signature": True, "kid": aws.KID, "alg": "RS256"}
        assert box["complete"] is True
        assert compact.split(".")[2][:20] not in text
        assert compact.split(".")[1][:40] not in text
        assert not (target / "token.jwt").exists()
        assert answer(target) == answer(aws.root)


@pytest.mark.parametrize("spoil", ["Bearer {}", "  {}\n\n", "{}.x", "{}\nghp_no", '"{}"', "not a token at all"])
def test_a_faulty_token_stays_the_same_fault(aws: Any, tmp_path: Path, spoil: str) -> None:
    aws.write("token.jwt", spoil.format((aws.root / "token.jwt").read_text().strip()))
    redacted(aws.root, tmp_path / "copy")
    assert answer(tmp_path / "copy") == answer(aws.root)


def test_a_capture_can_be_redacted_again(aws: Any, tmp_path: Path) -> None:
    redacted(aws.root, tmp_path / "one")
    redacted(tmp_path / "one", tmp_path / "two")
    assert json.loads((tmp_path / "two" / "claims.json").read_text())["verified"]["signature"] is True
    assert answer(tmp_path / "two") == answer(aws.root)


def test_a_wrong_signature_stays_wrong(aws: Any, tmp_path: Path) -> None:
    head, claims, signature = (aws.root / "token.jwt").read_text().strip().split(".")
    aws.write("token.jwt", f"{head}.{claims}.{signature[:-6]}AAAAAA")
    assert answer(aws.root)[1][0][0] == "ISS006" or answer(aws.root)[0][0][1] == "refused"
    redacted(aws.root, tmp_path / "copy")
    assert answer(tmp_path / "copy") == answer(aws.root)


TWELVE_DIGITS = "0123456789abcdef1234567890120123456789ab"  # as in an account id, amid forty hex digits


def test_a_thumbprint_and_an_event_id_hold_no_account(aws: Any, tmp_path: Path) -> None:
    event_id = "6f1c1d6e-0000-4000-8000-123456789012"
    provider = aws.read("aws/oidc-provider.json") | {"ThumbprintList": [TWELVE_DIGITS]}
    request = {"openIDConnectProviderArn": aws.PROVIDER_ARN, "thumbprintList": [TWELVE_DIGITS]}
    change = {
        "eventID": event_id,
        "eventTime": "2026-11-22T22:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "UpdateOpenIDConnectProviderThumbprint",
        "requestParameters": request,
    }
    aws.write("aws/oidc-provider.json", provider).cloudtrail([change])
    redacted(aws.root, tmp_path / "copy")
    text = everything(tmp_path / "copy")
    assert text.count(TWELVE_DIGITS) == 2
    assert event_id in text
    assert aws.ACCOUNT not in text


def test_the_name_of_a_public_key_stays_wherever_it_stands(aws: Any, tmp_path: Path) -> None:
    """A key set is public and stays as a whole, so the token's header must go on naming the same key."""
    kid = f"key-{TWELVE_DIGITS}"
    aws.jwks(aws.jwk(kid=kid)).token(kid=kid)
    assert answer(aws.root)[0] == [("aws", "accepted", None)]
    redacted(aws.root, tmp_path / "one")
    redacted(tmp_path / "one", tmp_path / "two")
    for copy in ("one", "two"):
        assert answer(tmp_path / copy) == answer(aws.root)
        assert json.loads((tmp_path / copy / "claims.json").read_text())["header"]["kid"] == kid


def test_a_repeated_member_and_the_lines_stay(aws: Any, tmp_path: Path) -> None:
    text = (aws.root / "aws/role.json").read_text().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"')
    aws.write("aws/role.json", text)
    redacted(aws.root, tmp_path / "copy")
    copy = (tmp_path / "copy" / "aws/role.json").read_text()
    assert copy.count('"Effect"') == text.count('"Effect"')
    assert copy.count("\n") == text.count("\n")


def test_large_logs_are_streamed(tmp_path: Path) -> None:
    import tracemalloc

    folder = tmp_path / "a" / "aws" / "cloudtrail"
    folder.mkdir(parents=True)
    parameters = {"k": "Tq7LmZ2x/" * 40}
    event = {"eventName": "GetObject", "eventTime": "2026-11-22T22:00:00Z", "requestParameters": parameters}
    with gzip.open(folder / "big.json.gz", "wt", compresslevel=1) as stream:
        stream.write('{"Records":[' + ",".join([json.dumps(event)] * 8000) + "]}")
    tracemalloc.start()
    redacted(tmp_path / "a", tmp_path / "b")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 * 1024 * 1024
    (name,) = (tmp_path / "b" / "aws" / "cloudtrail").iterdir()
    assert len(json.loads(gzip.decompress(name.read_bytes()))["Records"]) == 8000


def test_values_that_the_vendor_documents_stay(github: Any, tmp_path: Path) -> None:
    claims = {"event_name": "workflow_dispatch", "runner_environment": "self-hosted", "ref_type": "tag"}
    github.token(github.claims_of() | claims | {"workflow": "Acme rollout"})
    text = (redacted_folder(github, tmp_path) / "claims.json").read_text()
    copied = json.loads(text)["claims"]
    assert {name: copied[name] for name in claims} == claims
    assert copied["workflow"] != "Acme rollout"


@pytest.mark.parametrize(("stays", "shown"), [(True, "198.51.100.24"), (False, None)])
def test_addresses_are_replaced_on_request_alone(stays: bool, shown: str | None, aws: Any, tmp_path: Path) -> None:
    aws.cloudtrail([aws.event()])
    result = redacted(aws.root, tmp_path / "copy", addresses_stay=stays)
    assert ("198.51.100.24" in everything(tmp_path / "copy")) is stays
    assert result.addresses == ([shown] if shown else [])
    assert answer(tmp_path / "copy") == answer(aws.root)


def redacted_folder(bundle: Any, tmp_path: Path) -> Path:
    redacted(bundle.root, tmp_path / "copy")
    return tmp_path / "copy"
