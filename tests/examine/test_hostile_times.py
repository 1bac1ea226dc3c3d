"""Times that are none, wherever a stranger writes one: a report, and no answer from what nobody reads so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evidence import Bundle
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import FORMATS, render

pytestmark = pytest.mark.sweep

HUGE = ["1" + "0" * 400, "-1" + "0" * 400, "9" * 5_000, "1e999", "-1e999", "NaN", "Infinity", str(2**63), "1e308"]
ODD = ["true", "[]", "{}", '""', '"soon"', '"\\ud800"', '"' + "9" * 5_000 + '"', '"' + "9" * 19 + '"']
FAR = ["-1", "0", str(10**12), str(10**15), str(2**62), str(-(2**63)), "253402300800", "-62135596801"]
TEXTS = [
    '"9999-12-31T23:59:59-23:59"', '"0001-01-01T00:00:00+23:59"', '"99999-01-01T00:00:00Z"', '"2026-11-22T24:00:00Z"',
    '"2026-12-31T23:59:60Z"', '"2026-11-22T22:40:00+99:99"', '"2026-W47-4"', '"2026-11-22"', '"1795387200000"',
]  # fmt: skip
EVERY = [*HUGE, *ODD, *FAR, *TEXTS]


def shown(report: Report) -> Report:
    """The report, which can be printed in every format."""
    for how in FORMATS:
        render(report, how, width=80, color=False, verbose=True, quiet=False)
    assert report.exit_code in (0, 1, 2, 3)
    assert not [row for row in report.checks if row.status == "broken"]
    return report


def with_member(made: Bundle, path: str, name: str, raw: str) -> None:
    """Write a member of a JSON file as `raw` says, which may be no JSON of Python's."""
    document = made.read(path) if (made.root / path).exists() else {}
    inner = document.get("Role", document.get("claims", document)) if isinstance(document, dict) else document[0]
    inner[name] = "@here@"
    (made.root / path).write_text(json.dumps(document).replace('"@here@"', raw), encoding="utf-8")


@pytest.mark.parametrize("raw", EVERY, ids=lambda raw: raw[:24])
@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_claim(cloud: str, raw: str, request: pytest.FixtureRequest) -> None:
    made: Bundle = request.getfixturevalue(cloud)
    for claim in ("exp", "iat", "nbf", "auth_time"):
        made.claims()
        with_member(made, "claims.json", claim, raw)
        report = made.report()
        (exchange,) = (shown(report) if claim in ("exp", "auth_time") else report).exchanges  # iat, nbf: as exp
        if raw in HUGE and claim in ("exp", "iat"):
            assert exchange.prediction != "accepted", claim
        if claim == "auth_time" and len(raw) < 4_000:
            assert exchange.prediction == "accepted"


@pytest.mark.parametrize("raw", EVERY, ids=lambda raw: raw[:24])
def test_the_instant_and_the_dates_of_documents(raw: str, aws: Bundle) -> None:
    with_member(aws, "aws/role.json", "CreateDate", raw)
    shown(aws.report())
    with_member(aws, "manifest.json", "collected_at", raw)
    shown(aws.report())
    reads = '{"path": "aws/role.json", "outcome": "ok", "at": RAW, "from": RAW, "to": RAW, "seconds": RAW}'
    (aws.root / "manifest.json").write_text(f'{{"reads": [{reads.replace("RAW", raw)}]}}', encoding="utf-8")
    shown(aws.report())


@pytest.mark.parametrize("raw", EVERY, ids=lambda raw: raw[:24])
def test_events(raw: str, aws: Bundle, gcp: Bundle) -> None:
    aws.cloudtrail([aws.event(eventTime="@time@")])
    gcp.gcp_logs([gcp.log_entry(timestamp="@time@", receiveTimestamp="@time@")])
    for place in aws.root.rglob("*.json"):
        text = place.read_text(encoding="utf-8")
        place.write_text(text.replace('"@time@"', raw), encoding="utf-8")
    shown(aws.report())


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
@pytest.mark.parametrize("other", [{"iat": 10**15, "exp": 10**15 + 5}, {"iat": -(10**15), "exp": -5}, {"iat": 10**400}])
def test_a_token_to_compare_with(cloud: str, other: dict[str, Any], request: pytest.FixtureRequest) -> None:
    from oidc_doctor.documents.token import parse_token
    from oidc_doctor.model.document import Origin

    made: Bundle = request.getfixturevalue(cloud)
    text = json.dumps({"iss": made.ISSUER, "sub": "a", "aud": "b"} | other)
    shown(made.report(compare=parse_token(text, Origin("x"), "x")))


@pytest.mark.parametrize(
    ("value", "prediction"),
    [
        (1_795_387_200 + 600.5, "refused"),  # recorded: a fraction is no timestamp
        (float(1_795_387_200 + 600), "accepted"),  # decoded claims, as another program printed a whole number
        (10**400, "unknown"),
        ("9" * 30, "unknown"),
        ("tomorrow", "unknown"),  # a decoder printed it: not what was sent
        ("2026-11-22T23:50:00+00:00", "accepted"),  # some decoders print dates
        ("2026-11-22 23:50:00.000Z", "accepted"),
        ("2026-11-22T20:50:00Z", "refused"),
        ("2026-11-22T23:50:00", "unknown"),  # of which zone?
    ],
)
def test_only_recorded_answers_of_aws_are_certain(value: Any, prediction: str, aws: Bundle) -> None:
    aws.claims(aws.claims_of(exp=value))
    assert aws.report().exchanges[0].prediction == prediction


@pytest.mark.parametrize(
    ("seconds", "prediction"), [(600.5, "unknown"), (-600.5, "refused"), (600, "accepted"), (float("nan"), "unknown")]
)
def test_a_fraction_is_no_pass_on_google(seconds: float, prediction: str, gcp: Bundle) -> None:
    gcp.claims(gcp.claims_of(iat=gcp.NOW - 3_600, exp=gcp.NOW + seconds))
    assert gcp.report().exchanges[0].prediction == prediction
