"""The bundled scenarios: each is diagnosed as its expected.json says, and shown in every format."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import jwt
import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.cli.main import main
from oidc_doctor.documents.manifest import parse_manifest
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.findings.packs import bundled
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.report.json import to_json
from reports.programs import READERS

SAMPLES = Path(bundled("_samples", "sample_logs"))
SCENARIOS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())
SCHEMA = Path(__file__).resolve().parent.parent / "docs" / "report.schema.json"
KEYS = {"verdict", "exit_code", "exchanges", "first_cause", "confidence", "also", "summary"}
# What the logs say of the causes: `history` of the first, `history_past` of outages that are over; `clues` are the ids
# of refused writes and `session_events` of what a session was denied, which the report has to name.
LOG_KEYS = {"history", "history_past", "clues", "session_events"}

# What the set has to show, and the scenario that shows it.
COVERED = {
    "nothing wrong, AWS": "healthy-aws",
    "nothing wrong, Google Cloud": "healthy-gcp",
    "a set-up that stopped half way": "aws-setup-stopped",
    "an empty client ID list, untried": "aws-baseten-script",
    "an empty client ID list, refused": "aws-baseten-script-refused",
    "an empty client ID list that works": "aws-baseten-script-works",
    "an audience that is not registered": "aws-audience-only-sts",
    "another team": "aws-wrong-team",
    "an old subject format of Baseten": "aws-env-policy",
    "an old subject format of GitHub": "aws-github-immutable",
    "a wildcard under StringEquals": "aws-wildcard-string-equals",
    "a build token and a container policy": "aws-build-token-container-policy",
    "a claim that is no condition key": "aws-custom-claim-key",
    "an expired token": "aws-token-expired",
    "a trust that is open to any tenant": "aws-any-tenant",
    "a false attribute condition": "gcp-condition-false",
    "an unanchored contains": "gcp-contains-production",
    "no allowed audiences": "gcp-allowed-audiences-empty",
    "a subject over the limit": "gcp-subject-over-limit",
    "a member that matches nobody": "gcp-member-cannot-match",
    "no binding for the impersonation": "gcp-impersonation-binding-missing",
    "two clouds that differ": "two-clouds",
    "an edit of the trust policy": "aws-broken-by-policy-edit",
    "an outage that was mended, and another": "aws-fixed-and-broken-again",
    "a subject that the issuer writes in another form": "aws-issuer-changed-subject",
    "a provider created again without its client ID": "aws-provider-recreated-without-client-id",
    "an outage that is over": "aws-outage-mended",
    "a session whose permissions are missing": "aws-session-denied-s3",
    "a permission that a write of the role took away": "aws-permission-removed",
    "a tightened attribute condition": "gcp-condition-tightened",
    "a removed binding": "gcp-impersonation-binding-removed",
}
# The configuration was changed while the logs were written: on what was read, older successes look like contradictions.
CHANGED = {
    "aws-wrong-team",
    "aws-wildcard-string-equals",
    "aws-fixed-and-broken-again",
    "gcp-condition-false",
    "gcp-impersonation-binding-missing",
}

SECRET = re.compile(r"-----BEGIN|PRIVATE KEY|private_key|aws_secret_access_key|SecretAccessKey", re.IGNORECASE)
DOCUMENTATION_ACCOUNTS = {"111122223333", "123456789012", "210987654321", "444455556666", "999988887777"}
DOCUMENTATION_NETWORKS = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


@cache
def report_of(name: str) -> Report:
    with open_bundle(SAMPLES / name) as bundle:
        return run(bundle, Question())


@cache
def expected_of(name: str) -> dict[str, Any]:
    value = json.loads((SAMPLES / name / "expected.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


@cache
def schema() -> Any:
    """The validator of docs/report.schema.json."""
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(published)
    validator.check_schema(published)
    return validator(published)


@cache
def texts_of(name: str) -> dict[str, str]:
    """Every file of the scenario by its name, unpacked."""
    found = {}
    for path in sorted((SAMPLES / name).rglob("*")):
        if path.is_file():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            found[path.relative_to(SAMPLES / name).as_posix()] = data.decode("utf-8")
    return found


def test_the_set_is_complete() -> None:
    assert set(COVERED.values()) <= set(SCENARIOS)
    assert len(SCENARIOS) >= 14
    healthy = {name for name in SCENARIOS if name.startswith("healthy-")}
    assert healthy == {"healthy-aws", "healthy-gcp"}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name) for name in SCENARIOS)


@pytest.mark.parametrize("name", SCENARIOS)
def test_diagnosis_is_the_expected_one(name: str) -> None:
    report, expected = report_of(name), expected_of(name)
    first = report.causes[0] if report.causes else None
    assert set(expected) - LOG_KEYS == KEYS
    assert {
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "exchanges": [{"cloud": one.cloud, "prediction": one.prediction, "step": one.step} for one in report.exchanges],
        "first_cause": first.name if first else None,
        "confidence": first.confidence if first else None,
    } == {key: expected[key] for key in KEYS - {"also", "summary"}}
    assert first is None or first.position == "first"
    assert re.fullmatch(r"[A-Z][^\n]{40,300}\.", expected["summary"])


@pytest.mark.parametrize("name", SCENARIOS)
def test_weaknesses_and_notes_are_the_expected_ones(name: str) -> None:
    failed = {row.name for row in report_of(name).checks if row.status == "failed" and row.effect != "blocks"}
    unexpected = failed - set(expected_of(name)["also"])
    if name in CHANGED:
        unexpected -= {"prediction-contradicted"}
    assert not unexpected
    assert set(expected_of(name)["also"]) <= failed


HISTORIES = [name for name in SCENARIOS if "history" in expected_of(name)]


def seconds(text: str) -> int:
    """Google writes fractions, CloudTrail does not."""
    return int(datetime.fromisoformat(text).timestamp())


def agrees(cause: dict[str, Any], expected: dict[str, Any]) -> None:
    """A cause of the JSON report is the expected one, since the expected moment and by the expected change."""
    told = {key: cause[key] for key in ("name", "status", "since_basis", "confidence")}
    assert told == {"name" if key == "cause" else key: expected[key] for key in expected.keys() & {"cause", *told}}
    assert seconds(cause["since"]) == seconds(expected["since"])
    if expected["until"] is None:
        assert cause["until"] is None
    else:  # between the last refusal and the first success after it
        earliest, latest = map(seconds, expected["until"])
        assert earliest <= seconds(cause["until"]) <= latest
    assert bool(cause["token_change"]) == expected["token_change"]
    if expected["change"] is None:
        assert cause["change"] is None
    else:
        assert cause["change"]["event_id"] == expected["change"]["event_id"]
        assert expected["change"]["by"] in cause["change"]["by"]
        shown = f"{cause['change']['what']}\n{cause['change']['diff']}"
        assert all(word in shown for word in expected["change"]["what"]), shown


@pytest.mark.parametrize("name", HISTORIES)
def test_what_changed_before_it_broke(name: str) -> None:
    report, expected = to_json(report_of(name)), expected_of(name)
    agrees(report["causes"][0], expected["history"])
    past = [cause for cause in report["causes"][1:] if cause["status"] == "past"]
    for one in expected.get("history_past", []):
        agrees(next(cause for cause in past if cause["name"] == one["cause"]), one)
    assert len(past) == len(expected.get("history_past", []))
    assert not [row for row in report["checks"] if row["name"] == "prediction-contradicted" and row["findings"]]


@pytest.mark.parametrize("name", HISTORIES)
def test_events_that_matter_are_named(name: str) -> None:
    expected, text = expected_of(name), json.dumps(to_json(report_of(name)))
    stories = (expected["history"], *expected.get("history_past", []))
    changes = [one["change"]["event_id"] for one in stories if one["change"]]
    for event in [*changes, *expected.get("clues", []), *expected.get("session_events", [])]:
        assert event in text
    timeline = json.dumps(report_of(name).timeline)
    assert all(event in timeline for event in changes)


@pytest.mark.parametrize("name", SCENARIOS)
def test_everything_in_the_bundle_is_read(name: str) -> None:
    unread = [row for row in report_of(name).coverage if row.named and row.status != "read"]
    assert not unread
    assert not [row for row in report_of(name).checks if row.status == "broken"]


@pytest.mark.sweep
@pytest.mark.parametrize("name", SCENARIOS)
def test_demo_shows_the_scenario(name: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code = main(["--demo", name, "--report"])
    out, err = capfdbinary.readouterr()
    assert code == expected_of(name)["exit_code"]
    assert err == b""
    report = replace(report_of(name), command=f"oidc-doctor --demo {name} --report")
    assert out.decode("utf-8") == render(report, "text", width=80, color=False)


@pytest.mark.sweep
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_every_format_shows_the_scenario(name: str, form: str) -> None:
    text = render(report_of(name), form, width=80, color=False)
    expected = expected_of(name)
    assert not re.search(r"eyJ[\w-]{20,}\.", text)
    if form == "json":
        value = json.loads(text)
        assert (value["verdict"], value["exit_code"]) == (expected["verdict"], expected["exit_code"])
        schema().validate(value)
    elif form in READERS:
        seen = READERS[form](text)
        assert expected["verdict"] != "refused" or report_of(name).causes[0].code in text
        assert seen
    elif expected["first_cause"]:
        assert expected["first_cause"] in text
        assert report_of(name).causes[0].code in text
    else:
        assert "accepts this token" in text


def test_demo_alone_shows_a_refusal(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["--demo"]) == 1
    assert "refuses this token" in capfdbinary.readouterr().out.decode("utf-8")


# The files


@pytest.mark.parametrize("name", SCENARIOS)
def test_manifest_tells_of_every_file_that_was_read(name: str) -> None:
    files = texts_of(name)
    manifest = parse_manifest(files["manifest.json"], "manifest.json")
    assert manifest.collected_at is not None
    told = {read.path for read in manifest.reads if read.outcome == "ok"}
    given = {"gcp/credentials.json"}  # the client's own file: nobody's API gave it
    assert told <= files.keys()
    assert {path for path in files if path.startswith(("aws/", "gcp/", "issuer/"))} - given == told


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_key_and_no_secret(name: str) -> None:
    for path, text in texts_of(name).items():
        assert not SECRET.search(text), path
        keys = set(re.findall(r"\bA[KS]IA[A-Z0-9]{16}\b", text))
        assert all("EXAMPLE" in key for key in keys), path
        assert all(token.endswith("EXAMPLE") for token in re.findall(r'sessionToken\\*":\\*"([^"\\]+)', text)), path
        if path.endswith("jwks.json"):
            assert all(key.keys() <= {"kty", "use", "alg", "kid", "n", "e"} for key in json.loads(text)["keys"]), path
        assert path == "token.jwt" or not re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}\.", text), path


@pytest.mark.parametrize("name", SCENARIOS)
def test_nobody_real_is_in_it(name: str) -> None:
    for path, text in texts_of(name).items():
        assert set(re.findall(r"arn:aws:\w+:[\w-]*:(\d{12}):", text)) <= DOCUMENTATION_ACCOUNTS, path
        mails = re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text)
        assert all(mail.endswith(".iam.gserviceaccount.com") for mail in mails), path
        for address in re.findall(r'(?:sourceIPAddress|callerIp)\\*":\s*\\*"(\d[\d.]+)', text):
            assert any(ip_address(address) in network for network in DOCUMENTATION_NETWORKS), (path, address)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if (SAMPLES / name / "token.jwt").is_file()])
def test_compact_tokens_are_really_signed(name: str) -> None:
    files = texts_of(name)
    token = files["token.jwt"].strip()
    keys = jwt.PyJWKSet.from_dict(json.loads(files["issuer/jwks.json"]))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="oidc.baseten.co", options={"verify_exp": False})
    collected = parse_manifest(files["manifest.json"], "manifest.json").collected_at
    assert collected is not None
    assert claims["iat"] < collected
    works = name.startswith("healthy-") or name == "aws-permission-removed"  # the exchange works there as well
    assert (claims["exp"] > collected) == works
    assert claims["iss"] == json.loads(files["issuer/openid-configuration.json"])["issuer"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_logs_hold_a_working_day(name: str) -> None:
    """A few dozen events over hours, of which only some are exchanges."""
    report = report_of(name)
    for what in ("aws/cloudtrail", "gcp/logs"):
        logs = [row for row in report.coverage if row.what == what and row.count]
        if any(path.startswith(what) for path in texts_of(name)):
            assert len(logs) == 1
            assert 20 <= (logs[0].count or 0) <= 120
    attempts = sum(row.count for row in report.attempts)
    assert attempts < sum(row.count or 0 for row in report.coverage if row.what in ("aws/cloudtrail", "gcp/logs"))
