"""The coverage of the evidence, and the files that would settle unknown steps."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.report import Report
from oidc_doctor.report.parts.coverage import coverage, settling

Sample = Callable[[str], Report]

NOT_THERE = "not in the bundle"


def coverage_rows(report: Report, label: str, *, logs: bool = False, missing: bool = False) -> list[str]:
    return [text for name, text in coverage(report, logs=logs, missing=missing) if name == label]


def missing(*names: str) -> list[Coverage]:
    return [Coverage(name, "missing", NOT_THERE) for name in names]


def test_coverage_has_a_row_for_each_folder(sample: Sample) -> None:
    report = sample("healthy")
    names = ("claims.json", "aws/role.json", "aws/oidc-provider.json", "truss/config.yaml", "targets/a/aws/role.json")
    report.coverage = [Coverage(name, "read") for name in names]
    assert coverage_rows(report, "Read") == [
        "claims.json, truss/config.yaml, targets/a/aws/role.json",
        "aws/: role.json, oidc-provider.json",
    ]


def test_log_files_are_counted(sample: Sample) -> None:
    report = sample("healthy")
    report.coverage = [
        Coverage(
            "aws/cloudtrail/AWSLogs/a.json.gz", "read", since="2026-11-22T06:00:00Z", until="2026-11-22T22:40:00Z"
        ),
        Coverage("aws/cloudtrail/b.json", "read"),
        Coverage("aws/cloudtrail", "read", "", "2026-11-22T07:01:00Z", "2026-11-22T21:00:00Z", 1234),
    ]
    assert coverage_rows(report, "Read") == ["aws/cloudtrail/ (2 files, 1,234 events, 22 Nov 07:01 – 21:00 UTC)"]
    (named,) = coverage_rows(report, "Read", logs=True)
    assert named == (
        "aws/cloudtrail/: AWSLogs/a.json.gz (22 Nov 06:00 – 22:40 UTC), b.json, in all (1,234 events, "
        "22 Nov 07:01 – 21:00 UTC)"
    )


def test_log_files_named_only_in_a_manifest(sample: Sample) -> None:
    report = sample("healthy")
    report.coverage = [Coverage("gcp/logs/a.json", "read", since="2026-11-22T06:00:00Z", until="2026-11-22T22:40:00Z")]
    assert coverage_rows(report, "Read") == ["gcp/logs/ (1 file, 22 Nov 06:00 – 22:40 UTC)"]


def test_missing_files_that_bear_on_the_verdict_are_named(sample: Sample) -> None:
    report = sample("unknown")
    report.coverage = missing("error.txt", "aws/oidc-provider.json", "aws/boundary.json", "aws/key-policy.json")
    report.coverage += missing("gcp/pool.json", "targets/a/aws/role.json", "aws/cloudtrail/")
    assert coverage_rows(report, "Not read") == [
        "error.txt, aws/oidc-provider.json, targets/a/aws/role.json, aws/cloudtrail/ (not in the bundle)",
        "and 3 other files that a bundle can hold (-v lists them)",
    ]


def test_accepted_token_names_no_missing_files(sample: Sample) -> None:
    report = sample("healthy")
    report.coverage = missing("error.txt", "aws/boundary.json")
    assert coverage_rows(report, "Not read") == [
        "2 files that a bundle can hold, none of which matters here (-v lists them)"
    ]
    assert coverage_rows(report, "Not read", missing=True) == ["error.txt, aws/boundary.json (not in the bundle)"]


def test_refused_impersonation_names_inherited_bindings(sample: Sample) -> None:
    report = sample("two")
    report.coverage = missing("gcp/project-policy.json", "gcp/folder-policy.json", "gcp/providers.json")
    google = next(exchange for exchange in report.exchanges if exchange.cloud == "gcp")
    google.steps = [step._replace(state="refused" if step.id == "impersonate" else "passed") for step in google.steps]
    assert coverage_rows(report, "Not read")[0] == "gcp/project-policy.json, gcp/folder-policy.json (not in the bundle)"


def test_missing_token_is_named_if_a_log_replaces_it(sample: Sample) -> None:
    report = sample("healthy")
    report.coverage = missing("token.jwt")
    assert "none of which" in coverage_rows(report, "Not read")[0]
    report.exchanges[0].claims_from = "5c0e5a0e"
    assert coverage_rows(report, "Not read") == ["token.jwt (not in the bundle)"]


def test_given_error_is_not_named_as_missing(sample: Sample) -> None:
    report = sample("unknown")
    report.coverage = missing("error.txt")
    assert coverage_rows(report, "Not read") == ["error.txt (not in the bundle)"]
    report.observed = [{"text": "x", "at": "--error"}]
    assert "none of which" in coverage_rows(report, "Not read")[0]


def test_denied_read_shows_call_and_code(sample: Sample) -> None:
    report = sample("healthy")
    reason = (
        "aws organizations list-policies: AccessDeniedException: You don't have permissions to access this resource."
    )
    report.coverage = [Coverage("aws/rcps/", "denied", reason)]
    short = "aws/rcps/ (access denied, aws organizations list-policies: AccessDeniedException)"
    assert coverage_rows(report, "Not read") == [short]
    assert reason in coverage_rows(report, "Not read", missing=True)[0]


@pytest.mark.parametrize("reason", ["it does not exist", "line 3: not JSON"])
def test_failed_reads_are_always_named(sample: Sample, reason: str) -> None:
    report = sample("healthy")
    report.coverage = [Coverage("aws/boundary.json", "missing", reason)]
    assert coverage_rows(report, "Not read") == [f"aws/boundary.json ({reason})"]


def test_file_and_command_for_each_unknown_step(sample: Sample) -> None:
    report = sample("unknown")
    report.target = [{"name": "weights", "issuer": "https://oidc.baseten.co", "aws": {}}]
    report.coverage = missing("aws/oidc-provider.json", "aws/role.json")
    arn = "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co"
    assert settling(report, report.exchanges[0]) == [
        (
            "aws/oidc-provider.json",
            ["provider"],
            f"aws iam get-open-id-connect-provider --open-id-connect-provider-arn {arn}",
        ),
        ("aws/role.json", ["authorise"], "aws iam get-role --role-name ModelWeights"),
    ]


def test_one_file_can_settle_several_steps(sample: Sample) -> None:
    report = sample("two")
    google = next(exchange for exchange in report.exchanges if exchange.cloud == "gcp")
    report.target = [{"name": "weights", "issuer": None, "gcp": {"service_account": "a@b.iam.gserviceaccount.com"}}]
    report.coverage = []
    google.steps = [
        step._replace(state="unknown" if step.id in ("condition", "mapping", "impersonate", "permission") else "passed")
        for step in google.steps
    ]
    provider, policy = settling(report, google)
    assert provider[:2] == ("gcp/provider.json", ["condition", "mapping"])
    assert provider[2].endswith("providers describe " + str(google.resource) + " --format=json")
    assert policy[2] == "gcloud iam service-accounts get-iam-policy a@b.iam.gserviceaccount.com --format=json"


def test_complete_token_is_named_if_all_files_were_read(sample: Sample) -> None:
    report = sample("unknown")
    report.coverage = [Coverage(name, "read") for name in ("aws/oidc-provider.json", "aws/oidc-providers.json")]
    report.coverage += [Coverage("aws/role.json", "read"), Coverage("token.jwt", "read")]
    assert settling(report, report.exchanges[0]) == [("token.jwt", ["provider", "authorise"], "")]


def test_unknown_names_are_placeholders_in_commands(sample: Sample) -> None:
    report = sample("unknown")
    report.coverage = []
    report.exchanges[0].resource = "arn:aws:iam::1:role/a b;rm -rf x"
    report.exchanges[0].token = {}
    commands = [command for _, _, command in settling(report, report.exchanges[0])]
    assert commands[0].endswith("--open-id-connect-provider-arn PROVIDER_ARN")
    assert commands[1] == "aws iam get-role --role-name 'a b;rm -rf x'"


def test_a_note_is_no_failed_check() -> None:
    from oidc_doctor.model.report import CheckRow
    from oidc_doctor.report.parts.sentences import checks

    rows = [CheckRow("A", "a", "failed", effect, "") for effect in ("blocks", "weakens", "note")]
    assert checks([*rows, CheckRow("B", "b", "passed", "note", "")]) == "1 passed, 2 failed, 1 with a note"


def test_files_that_were_read_are_named_unless_they_are_very_many(sample: Sample) -> None:
    report = sample("refused")
    names = ["token.jwt", "truss/whoami.txt", *(f"aws/{name}.json" for name in ("role", "roles", "rcps", "boundary"))]
    report.coverage = [Coverage(name, "read", "") for name in names]
    assert coverage(report, brief=True)[0] == (
        "Read",
        "token.jwt, truss/whoami.txt; in aws/: role.json, roles.json, rcps.json, boundary.json",
    )
    report.coverage = [Coverage(f"tokens/{number}.jwt", "read", "") for number in range(25)]
    assert coverage(report, brief=True)[0] == ("Read", "25 files; -v names the files")
