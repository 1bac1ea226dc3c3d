"""A file that is JSON, and nothing of its kind: no acceptance rests on it, and it refuses nothing for sure.

Only the healthy samples are changed, one value at a time.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.report import Report

pytestmark = pytest.mark.sweep

SAMPLES = Path(__file__).parents[2] / "sample_logs"
SHAPES: tuple[Any, ...] = ({}, [], None, "", 5, True, [None], ["x"], [{}], {"x": 1}, {"keys": 5})
FILES = [
    *((cloud, f"issuer/{name}.json") for cloud in ("aws", "gcp") for name in ("openid-configuration", "jwks")),
    *((cloud, "claims.json") for cloud in ("aws", "gcp")),
    *((cloud, "manifest.json") for cloud in ("aws", "gcp")),
    *(("aws", f"aws/{name}.json") for name in ("role", "oidc-provider", "caller-identity", "attached-policies")),
    ("aws", "aws/oidc-providers.json"),
    ("aws", "aws/role-policy-list.json"),
    *(("gcp", f"gcp/{name}.json") for name in ("provider", "pool", "service-account-policy", "services")),
    *(("gcp", f"gcp/{name}.json") for name in ("credentials", "service-account", "project", "project-policy")),
]
DISCOVERY = "issuer/openid-configuration.json"
# A value of a condition may be a number, a boolean or an empty list.
# (IAM User Guide, Grammar of the IAM JSON policy language; Access Analyzer, Empty array condition.)
OPERATORS = ("StringEquals", "StringLike")


@pytest.fixture
def sample(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file in a copy of a healthy sample; claims.json, where that is the file, instead of the token."""
    cloud, file = request.param
    root = tmp_path / "bundle"
    shutil.copytree(SAMPLES / f"healthy-{cloud}", root)
    if file == "claims.json":
        token = (root / "token.jwt").read_text().strip()
        claims = jwt.decode(token, options={"verify_signature": False})
        (root / file).write_text(json.dumps({"header": jwt.get_unverified_header(token), "claims": claims}))
        (root / "token.jwt").unlink()
    return root / file


def read(place: Path, value: Any) -> Report:
    place.write_text(json.dumps(value))
    root = next(folder for folder in place.parents if folder.name == "bundle")
    with open_bundle(root) as files:
        return run(files, Question())


def report_of(place: Path, value: Any) -> Report:
    report = read(place, value)
    assert not [row.traceback for row in report.checks if row.status == "broken"]
    assert "refused" not in [exchange.prediction for exchange in report.exchanges]
    assert [(cause.name, cause.confidence) for cause in report.causes if cause.confidence != "suspected"] == []
    assert report.verdict != "refused"
    return report


@pytest.mark.parametrize("value", SHAPES, ids=json.dumps)
@pytest.mark.parametrize(("sample", "file"), [(place, place[1]) for place in FILES], indirect=["sample"])
def test_a_file_of_another_shape(sample: Path, file: str, value: Any) -> None:
    report = report_of(sample, value)
    if file == "manifest.json" and isinstance(value, dict):
        return  # no member of a manifest is needed: this one says nothing
    assert report.exit_code == 3
    if report.exchanges[0].prediction == "accepted":
        (row,) = (row for row in report.coverage if row.what == file)
        assert row.status == "missing", "an acceptance rests on what the file does not hold"
        assert row.reason


def wrong_members(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each place of a document, and two values of other types for it. Of a list the first element stands for all.

    The types take turns, so that each is tried in a third of the places.
    """
    members = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, member in members:
        place = (*path, name)
        others = [other for other in (5, "", [], {}, True, ["x"]) if type(other) is not type(member)]
        turn = sum(map(ord, "/".join(map(str, place))))
        for step in (0, 2):
            yield place, others[(turn + step) % len(others)]
        yield from wrong_members(member, place)


def with_member(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    box = changed
    for name in path[:-1]:
        box = box[name]
    box[path[-1]] = value
    return changed


@pytest.mark.parametrize(("sample", "file"), [(place, place[1]) for place in FILES], indirect=["sample"])
def test_members_of_another_type(sample: Path, file: str) -> None:
    document = json.loads(sample.read_text())
    for path, value in wrong_members(document):
        is_list_allowed = path[-1] in ("Federated", "Action", "aud") and isinstance(value, list)
        is_own_claim = path[0] == "claims" and {*path[1:2]} - {*("iss", "sub", "aud", "exp", "iat", "nbf")}
        if not (is_list_allowed or is_own_claim or {*OPERATORS} & {*path[:-1]}):
            try:
                report_of(sample, with_member(document, path, value))
            except AssertionError as error:
                raise AssertionError(f"{file}: {path} as {value!r}") from error


@pytest.mark.parametrize("sample", [(cloud, "issuer/jwks.json") for cloud in ("aws", "gcp")], indirect=True)
def test_an_honest_key_set_without_keys_refuses(sample: Path) -> None:
    report = read(sample, {"keys": []})
    assert [exchange.prediction for exchange in report.exchanges] == ["refused"]
    assert report.causes[0].confidence == "predicted"


@pytest.mark.parametrize("sample", [(cloud, "issuer/jwks.json") for cloud in ("aws", "gcp")], indirect=True)
def test_a_key_set_with_nulls_is_one(sample: Path) -> None:
    """Some issuers write null for a member that a key has not."""
    keys = json.loads(sample.read_text())["keys"]
    report = read(sample, {"keys": [key | {"kid": "of-before", "crv": None, "use": None} for key in keys]})
    assert [exchange.prediction for exchange in report.exchanges] == ["refused"]


@pytest.mark.parametrize("sample", [("aws", "claims.json")], indirect=True)
def test_a_token_for_nobody_is_a_token(sample: Path) -> None:
    claims = json.loads(sample.read_text())["claims"]  # RFC 7519, section 4.1.3: a list of texts, which may be empty
    assert read(sample, {"claims": claims | {"aud": []}}).exchanges[0].prediction == "refused"


@pytest.mark.parametrize("member", ["issuer", "jwks_uri", "subject_types_supported"])
@pytest.mark.parametrize("sample", [(cloud, DISCOVERY) for cloud in ("aws", "gcp")], indirect=True)
def test_a_discovery_document_with_a_member_of_another_type(sample: Path, member: str) -> None:
    report = report_of(sample, json.loads(sample.read_text()) | {member: 5})
    assert report.exchanges[0].prediction == "unknown"
    assert [cause.name for cause in report.causes] == ["discovery-invalid"]
