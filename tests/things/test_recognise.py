"""Things are recognised by their content: names, texts, and files."""

from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oidc_doctor.bundle import contract
from oidc_doctor.things.recognise import recognise_text, recognise_word
from oidc_doctor.things.thing import Kind

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
PROVIDER = "projects/123456789012/locations/global/workloadIdentityPools/baseten/providers/oidc"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/repo"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


JWT = f"{segment({'alg': 'RS256', 'kid': 'k'})}.{segment({'iss': 'https://x', 'sub': 'y'})}.{'c2ln' * 20}"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (ROLE, Kind.ROLE, ROLE),
        ("arn:aws:iam:210987654321:role/ModelWeights", Kind.ROLE, "arn:aws:iam:210987654321:role/ModelWeights"),
        ("arn:aws:iam::1:oidc-provider/x.example", Kind.AWS_PROVIDER, "arn:aws:iam::1:oidc-provider/x.example"),
        ("arn:aws:sts::210987654321:assumed-role/R/s", Kind.NOTHING, "arn:aws:sts::210987654321:assumed-role/R/s"),
        ("arn:aws:s3:::bucket", Kind.NOTHING, "arn:aws:s3:::bucket"),
        (PROVIDER, Kind.GCP_PROVIDER, PROVIDER),
        (f"//iam.googleapis.com/{PROVIDER}", Kind.GCP_PROVIDER, PROVIDER),
        (f"https://iam.googleapis.com/{PROVIDER}", Kind.GCP_PROVIDER, PROVIDER),
        (PROVIDER.partition("/providers/")[0], Kind.NOTHING, PROVIDER.partition("/providers/")[0]),
        ("sa@p.iam.gserviceaccount.com", Kind.SERVICE_ACCOUNT, "sa@p.iam.gserviceaccount.com"),
        ("serviceAccount:sa@p.iam.gserviceaccount.com", Kind.SERVICE_ACCOUNT, "sa@p.iam.gserviceaccount.com"),
        ("https://oidc.baseten.co", Kind.ISSUER, "https://oidc.baseten.co"),
        ("https://x.example/.well-known/openid-configuration", Kind.ISSUER, "https://x.example"),
        ("oidc.baseten.co", Kind.ISSUER, "https://oidc.baseten.co"),
        ("https://user:password@x.example/", Kind.NOTHING, "https://user:password@x.example/"),
        ("s3://bucket/AWSLogs", Kind.NOTHING, "s3://bucket/AWSLogs"),
        (IMAGE, Kind.NOTHING, IMAGE),
        ("v=1:org=Org8Kd2P:team=Tq7LmZ2x", Kind.SUBJECT, "v=1:org=Org8Kd2P:team=Tq7LmZ2x"),
        ("repo:octo-org/octo-repo:ref:refs/heads/main", Kind.SUBJECT, "repo:octo-org/octo-repo:ref:refs/heads/main"),
        ("system:serviceaccount:default:app", Kind.SUBJECT, "system:serviceaccount:default:app"),
        ("project_path:g/p:ref_type:branch:ref:main", Kind.SUBJECT, "project_path:g/p:ref_type:branch:ref:main"),
        (JWT, Kind.TOKEN, JWT),
        (f"Authorization: Bearer {JWT}", Kind.TOKEN, f"Authorization: Bearer {JWT}"),
        (JWT[:20], Kind.TOKEN, JWT[:20]),
        (json.dumps({"id_token": JWT}), Kind.TOKEN, json.dumps({"id_token": JWT})),
        ('{"sub": "x", "iss": "https://x"}', Kind.CLAIMS, '{"sub": "x", "iss": "https://x"}'),
        (REFUSED, Kind.ERROR, REFUSED),
        (f"{REFUSED}\nthe token was {JWT}", Kind.ERROR, f"{REFUSED}\nthe token was {JWT}"),
        ('{"error": "invalid_target"}', Kind.ERROR, '{"error": "invalid_target"}'),
        ('{"eventName": "AssumeRoleWithWebIdentity"}', Kind.LOG, '{"eventName": "AssumeRoleWithWebIdentity"}'),
        ('[{"protoPayload": {}}]', Kind.LOG, '[{"protoPayload": {}}]'),
        ('{"Role": {}}', Kind.DOCUMENT, '{"Role": {}}'),
        ("it does not work", Kind.NOTHING, "it does not work"),
        ("{oops", Kind.NOTHING, "{oops"),
        ('{"a": 1}', Kind.NOTHING, '{"a": 1}'),
        ("help", Kind.NOTHING, "help"),
        ("", Kind.NOTHING, ""),
    ],
)  # fmt: skip
def test_texts(text: str, kind: Kind, value: str) -> None:
    thing = recognise_text(text)
    assert (thing.kind, thing.value) == (kind, value)
    assert bool(thing.hint) is (kind is Kind.NOTHING)
    assert recognise_word(text) == thing or kind is Kind.NOTHING


FILES = sorted([*SAMPLES.glob("*/*/*.json"), *SAMPLES.glob("*/*.*")])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"Role": {"Description": "AccessDenied"}}\n{"eventName": "x", "errorCode": "AccessDenied"}', Kind.NOTHING),
        ('{"Version": "2012-10-17", "Statement": [{"Sid": "AccessDenied"},]}', Kind.NOTHING),
        (f'{{"level": "error", "text": "AccessDenied: {REFUSED}"}}\n{{"level": "info", "text": "ended"}}', Kind.ERROR),
        (f"[ERROR] AccessDenied: {REFUSED}", Kind.ERROR),
    ],
)
def test_the_words_of_a_broken_document_are_no_error(text: str, kind: Kind) -> None:
    assert recognise_text(text).kind is kind


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SAMPLES).as_posix())
def test_every_file_of_the_samples_is_recognised_alone(path: Path) -> None:
    """A file that was taken out of its bundle has the place in a bundle from which it came."""
    thing = recognise_word(str(path))
    place = path.relative_to(SAMPLES).as_posix().partition("/")[2]
    if place == contract.EXPECTED:
        assert thing.kind is Kind.NOTHING
    elif contract.is_log(place):
        assert thing.kind is Kind.LOG
    else:
        assert thing.place == place


def test_a_name_decides_only_where_the_content_leaves_it_open(tmp_path: Path) -> None:
    policy = '{"Version": "2012-10-17", "Statement": []}'
    files = {
        "boundary.json": (policy, "aws/boundary.json"),
        "mine.json": (policy, "aws/role.json"),
        "role.json": ('{"sub": "x", "iss": "y"}', "claims.json"),
        "jwks.json": ('{"Role": {}}', "aws/role.json"),
        "project-policy.json": ('{"bindings": []}', "gcp/project-policy.json"),
        "error.txt": ("my own words", "error.txt"),
        "version.txt": ("my own words", ""),
    }
    for name, (text, place) in files.items():
        (tmp_path / name).write_text(text)
        assert recognise_word(str(tmp_path / name)).place == place, name


def test_a_file_does_not_hide_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's unpacked bundle is the working folder, and one of its files has the name of the user's role."""
    monkeypatch.chdir(tmp_path)
    Path("arn:aws:iam::210987654321:role").mkdir()
    Path(ROLE).write_text("{}")
    assert recognise_word(ROLE).kind is Kind.ROLE
    Path("v=1:org=a").write_text('{"Role": {}}')
    assert recognise_word("v=1:org=a").file == "v=1:org=a"


def test_archives_folders_and_packed_logs(tmp_path: Path) -> None:
    event = {"Records": [{"eventName": "AssumeRoleWithWebIdentity"}]}
    (tmp_path / "trail.json.gz").write_bytes(gzip.compress(json.dumps(event).encode()))
    (tmp_path / "trail.gz").write_bytes(gzip.compress(json.dumps(event).encode()))
    (tmp_path / "other.gz").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04")
    assert recognise_word(str(tmp_path)).kind is Kind.BUNDLE
    assert recognise_word(str(tmp_path / "x.zip")).kind is Kind.BUNDLE
    assert recognise_word(str(tmp_path / "trail.json.gz")).place == "aws/cloudtrail/trail.json.gz"
    assert recognise_word(str(tmp_path / "trail.gz")).place == "aws/cloudtrail/trail.json.gz"
    assert recognise_word(str(tmp_path / "other.gz")).kind is Kind.NOTHING
    os.mkfifo(tmp_path / "pipe")
    assert recognise_word(str(tmp_path / "pipe")).kind is Kind.NOTHING


def test_a_mistyped_file_has_a_neighbour(tmp_path: Path) -> None:
    (tmp_path / "role.json").write_text("{}")
    assert "did you mean " + str(tmp_path / "role.json") in recognise_word(str(tmp_path / "rol.json")).hint
    assert "no such file" in recognise_word(str(tmp_path / "quite-another.json")).hint


texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet='eyJ.{}[]":=/ \n-_arnws0@', max_size=80),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["sub", "iss", "Role", "error", "keys", "oidc", "token", "Statement"]), inner, max_size=4
        ),
        max_leaves=12,
    ).map(json.dumps),
)  # fmt: skip


@given(texts, st.text(alphabet=" \t\r\n", max_size=3), st.text(alphabet=" \t\r\n", max_size=3))
@example("[[target]]", "", "")
@example("arn:aws:sts::1:assumed-role", "", "")
@example("{}\x00", " ", "\n")
def test_any_text_has_one_kind_whatever_white_space_is_around_it(text: str, before: str, after: str) -> None:
    thing, spaced = recognise_text(text), recognise_text(before + text + after)
    assert (thing.kind, thing.place) == (spaced.kind, spaced.place)
    recognise_word(text)


@given(
    st.text(alphabet=" \n\"'{}[]:,.=xé", max_size=10),
    st.sampled_from([JWT, JWT[10:], JWT[:-3], JWT.replace(".", ".\n")]),
    st.text(alphabet=" \n\"'{}[]:,.=xé", max_size=10),
)
@example("arn:aws:sts::1:assumed-role/", JWT, "/x")
@example("./", JWT, ".json")
def test_no_token_is_echoed(before: str, token: str, after: str) -> None:
    thing = recognise_word(before + token + after)
    pieces = [piece for piece in token.replace("\n", "").split(".") if len(piece) > 8]
    shown = thing.hint + thing.noun + (repr(thing) if thing.kind in (Kind.TOKEN, Kind.NOTHING) else "")
    assert not any(piece in shown for piece in pieces)
