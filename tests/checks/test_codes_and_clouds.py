"""The letters of a code are those of the cloud, or of the part, that a finding speaks of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.cli.main import main
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.findings import packs
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.steps import CLOUDS

if TYPE_CHECKING:
    from evidence import Bundle

ROOT = Path(__file__).parents[2]
OF_CLOUD = {"AWS": {"aws"}, "GCP": {"gcp"}}
AREAS = {"aws": "AWS", "gcp": "GCP", "token": "TOK", "issuer": "ISS", "access": "ACC", "logs": "LOG"}
CHECKS = {check.name: check for check in packs.all_checks()}


@pytest.mark.parametrize("name", CHECKS)
def test_a_code_has_the_letters_of_its_folder(name: str) -> None:
    area = Path(CHECKS[name].function.__code__.co_filename).parent.name
    assert CHECKS[name].code[:3] == AREAS[area]


@pytest.mark.parametrize("name", [name for name, check in CHECKS.items() if check.code[:3] in OF_CLOUD and check.kind])
def test_the_code_of_one_cloud_is_of_a_kind_of_that_cloud(name: str) -> None:
    check = CHECKS[name]
    assert check.kind is not None
    clouds = {cloud for cloud, _ in check.kind.steps}
    assert clouds == set.union(*(OF_CLOUD[code[:3]] for code in check.codes))
    assert {check.code_in(cloud) for cloud in clouds} == set(check.codes)


@pytest.mark.parametrize("name", sorted(name for name, check in CHECKS.items() if check.other and check.kind))
@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_words_of_a_kind_of_both_clouds_are_about_the_one_that_refuses(name: str, cloud: str) -> None:
    check = CHECKS[name]
    assert check.kind is not None
    step = next(step for place, step in check.kind.steps if place == cloud)
    words = check.function(Refusal(cloud, step, check.kind))  # type: ignore[arg-type]
    text = f"{words.headline} {words.fix}"
    (other,) = {"aws", "gcp"} - {cloud}
    assert CLOUDS[other] not in text  # type: ignore[index]


@pytest.mark.parametrize("folder", sorted(path.parent for path in ROOT.glob("sample_logs/*/expected.json")), ids=str)
def test_what_a_sample_reports_is_of_the_cloud_of_its_code(folder: Path) -> None:
    with open_bundle(folder) as files:
        report = run(files, Question())
    assert json.loads((folder / "expected.json").read_text("utf-8"))
    spoken = [(cause.code, cause.cloud) for cause in report.causes]
    spoken += [(row.code, part.cloud) for row in report.checks for part in row.findings if part.cloud]
    spoken += [
        (fix.for_, report.exchanges[0].cloud)
        for fix in report.fixes
        if len({row.cloud for row in report.exchanges}) == 1
    ]
    for code, cloud in spoken:
        assert cloud in OF_CLOUD.get(code[:3], {"aws", "gcp"}), (code, cloud)


def test_a_finding_about_google_cloud_has_its_code(gcp: Bundle) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.gcp_provider(condition="assertion.aud == 'oidc.baseten.co'")
    rows = [row for row in gcp.ask().report.checks if row.status == "failed"]
    assert {row.code for row in rows} >= {"GCP065"}
    assert "AWS070" not in {row.code for row in rows}
    assert next(row.name for row in rows if row.code == "GCP065") == "trust-any-tenant"


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_check_without_a_finding_has_the_code_of_the_only_cloud(request: pytest.FixtureRequest, cloud: str) -> None:
    report = request.getfixturevalue(cloud).ask().report
    codes = {row.name: row.code for row in report.checks if row.status in ("passed", "skipped")}
    of_both = {name for name in codes if CHECKS[name].other}
    assert {"trust-any-tenant", "request-throttled"} <= of_both
    for name in of_both:
        assert codes[name][:3] in (cloud.upper(), "TOK", "ISS", "ACC", "LOG"), name


def test_a_second_code_is_explained_and_selects_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "GCP065"]) == 0
    assert capsys.readouterr().out.startswith("AWS070 or GCP065 trust-any-tenant")
    assert main(["--list-checks", "--check", "GCP065"]) == 0
    assert "GCP065  weakens  trust-any-tenant" in capsys.readouterr().out


def test_a_pattern_of_codes_is_about_one_cloud(gcp: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    gcp.service_account_policy(f"principalSet://iam.googleapis.com/{gcp.POOL}/*")
    gcp.gcp_provider(condition="assertion.aud == 'oidc.baseten.co'")
    for selected in (("--skip", "AWS*"), ("--check", "GCP*"), ("--check", "AWS070")):
        main(["--report", "--from", str(gcp.root), "--format", "json", *selected])
        rows = json.loads(capsys.readouterr().out)["checks"]
        assert "GCP065" in {row["code"] for row in rows}, selected
    assert main(["--list-checks", "--check", "GCP*"]) == 0
    assert {line[:3] for line in capsys.readouterr().out.splitlines()} == {"GCP"}
