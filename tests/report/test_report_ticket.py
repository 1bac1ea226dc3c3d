"""What a reader of a ticket needs beside the diagnosis: start, author, places, links, workloads, and the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.cli.command_line import as_typed
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.report import Report
from oidc_doctor.report.json import render_json
from oidc_doctor.report.markdown import render_markdown
from oidc_doctor.report.parts import sentences
from oidc_doctor.report.parts.lines import Sheet
from oidc_doctor.report.parts.links import links
from oidc_doctor.report.rows import log_rows
from oidc_doctor.report.text import render_text
from reports.consumers import in_a_ticket
from reports.rows import change_cause

Sample = Callable[[str], Report]
SAMPLE_LOGS = Path(__file__).parents[2] / "sample_logs"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


def text_of(report: Report) -> str:
    return " ".join(render_text(report, width=80, color=False).split())


def urls(report: Report) -> dict[str, str]:
    return dict(links(report, report.exchanges[0], report.causes[0]))


def test_text_markdown_and_json_have_one_headline(sample: Sample) -> None:
    report = sample("refused")
    sentence = (
        "AWS refuses this token: the trust policy expects another team, since 22 Nov 13:27 UTC, "
        "after UpdateAssumeRolePolicy by dana.ops."
    )
    written = json.loads(render_json(report))
    assert written["headline"] == written["causes"][0]["summary"] == sentence
    assert sentence in text_of(report).replace(" proven", "", 1)
    assert render_markdown(report).replace("`", "").startswith(f"## ✗ {sentence} (proven)\n")


def test_the_headline_is_never_empty(any_report: Report) -> None:
    assert json.loads(render_json(any_report))["headline"]


def test_the_first_logged_refusal_alone_is_no_start(sample: Sample) -> None:
    report = sample("refused")
    change_cause(report, change=None, token_change=None, accepted_before=0)
    assert sentences.verdict(report, report.exchanges[0])[1].endswith("expects another team.")


def test_an_outage_that_is_over_is_told_as_past(sample: Sample) -> None:
    (summary, *_) = [row["summary"] for row in json.loads(render_json(sample("past")))["causes"]]
    assert summary.startswith("AWS refused this token until 22 Nov 15:30 UTC: ")
    assert "refuses" not in summary


def test_the_change_and_the_pair_stand_before_the_fix_and_the_rest_after_it(sample: Sample) -> None:
    text = render_text(sample("refused"), width=80, color=False)
    order = ["changed ", "expects ", "fix ", "checked ", "verify ", "cause ", "account ", "path ", "Read ", "More "]
    places = [text.index(f"  {word}") for word in order]
    assert places == sorted(places)


@pytest.mark.sweep
@pytest.mark.parametrize("folder", sorted(path.parent for path in SAMPLE_LOGS.glob("*/expected.json")), ids=str)
def test_what_to_do_is_on_the_first_screen_of_a_refusal(folder: Path) -> None:
    with open_bundle(folder) as files:
        report = run(files, Question())
    text = render_text(report, width=80, color=False).split("\n")
    rows = {line[4:14].strip(): number for number, line in reversed(list(enumerate(text, 1)))}
    if "fix" not in rows or not report.causes:
        return
    assert rows["fix"] <= 27
    assert rows.get("checked", 0) <= 45
    assert rows["cause"] > rows["fix"]


def test_a_suspicion_says_what_confirms_it_before_its_fix(sample: Sample) -> None:
    text = render_text(sample("suspected"), width=80, color=False)
    assert text.index("To confirm: ") < text.index("    if so ")


def test_a_new_document_is_shown_once(sample: Sample) -> None:
    report = sample("refused")
    report.fixes[0] = replace(report.fixes[0], kind="add", diff='+ {\n+   "PolicyName": "P"\n+ }')
    command = report.fixes[0].commands
    assert '"PolicyName": "P"' not in render_text(report, width=80, color=False)
    report.fixes[0] = replace(report.fixes[0], commands=[])
    assert '"PolicyName": "P"' in render_text(report, width=80, color=False)
    report.fixes[0] = replace(report.fixes[0], commands=command, diff='  {\n- "a": 1\n+ "a": 2\n  },')
    shown = render_text(report, width=80, color=False).split("\n")
    assert not any(line.strip() in ("{", "},") for line in shown)


def test_account_and_region_have_lines_of_their_own(sample: Sample) -> None:
    report = sample("refused")
    report.target = [{"name": report.exchanges[0].target_name, "aws": {"region": "us-west-2"}}]
    report.profile = "audit"
    lines = render_text(report, width=80, color=False).split("\n")
    for line in ("    account   210987654321", "    region    us-west-2", "    profile   audit"):
        assert line in lines


@pytest.mark.parametrize(
    ("partition", "role", "event"),
    [
        ("aws", "https://console.aws.amazon.com/", "https://us-east-1.console.aws.amazon.com/"),
        ("aws-cn", "https://console.amazonaws.cn/", "https://cn-north-1.console.amazonaws.cn/"),
        ("aws-us-gov", "https://console.amazonaws-us-gov.com/", "https://us-gov-west-1.console.amazonaws-us-gov.com/"),
    ],
)
def test_links_go_to_the_console_of_the_partition(sample: Sample, partition: str, role: str, event: str) -> None:
    report = sample("refused")
    report.exchanges[0].resource = f"arn:{partition}:iam::210987654321:role/path/ModelWeights"
    found = urls(report)
    assert found["role"] == f"{role}iam/home#/roles/details/ModelWeights?section=trust_relationships"
    assert found["CloudTrail event of the change"].startswith(f"{event}cloudtrailv2/home?region=")
    assert found["CloudTrail event of the change"].endswith(f"#/events/{report.causes[0].timing.change['event_id']}")  # type: ignore[index]


@pytest.mark.parametrize(
    "name", ["a](https://evil.example) [b", "a b", "../../x", "x?y=z#q", "<b>", "é\u202e", "a@b|c"]
)
def test_no_name_makes_another_link(sample: Sample, name: str) -> None:
    report = sample("refused")
    report.exchanges[0].resource = f"arn:aws:iam::210987654321:role/{name.replace('/', '')}"
    change_cause(report, change={"event_id": name, "what": name, "by": name, "time": "2026-11-22T13:27:04Z"})
    in_a_ticket(render_markdown(report))
    for url in urls(report).values():
        assert set(url) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%:/?#=")


@pytest.mark.parametrize("resource", ["arn:aws:iam::<account>:role/x", "arn:other:iam::210987654321:role/x", "x", None])
def test_a_redacted_or_unknown_resource_has_no_links(sample: Sample, resource: str | None) -> None:
    report = sample("refused")
    report.exchanges[0].resource = resource
    assert urls(report) == {}


def test_google_s_links(sample: Sample) -> None:
    report = sample("two")
    google = next(exchange for exchange in report.exchanges if exchange.cloud == "gcp")
    account = "a@p-1.iam.gserviceaccount.com"
    report.target = [{"name": google.target_name, "gcp": {"service_account": account}}]
    google.resource = "projects/7/locations/global/workloadIdentityPools/pool/providers/x"
    report.exchanges, report.causes = [google], [next(cause for cause in report.causes if cause.cloud == "gcp")]
    change_cause(report, change={"event_id": 'a"b', "what": "w", "by": "c", "time": "2026-11-22T13:27:04Z"})
    found = urls(report)
    console = "https://console.cloud.google.com"
    assert found["pool of the provider"] == f"{console}/iam-admin/workload-identity-pools/pool/pool?project=7"
    assert found["service account"].endswith("/details/a%40p-1.iam.gserviceaccount.com?project=p-1")
    query = "insertId%3D%22a%5C%22b%22%20timestamp%3E%3D%222026-11-22T00%3A00%3A00Z%22"
    assert found["log entry of the change"] == f"{console}/logs/query;query={query}?project=7"


def test_the_kinds_of_token_that_a_cause_refuses_are_listed(sample: Sample) -> None:
    report = sample("refused")
    first = report.attempts[0]
    kinds = {"v=1:team=a:environment=staging": 5, "v=1:team=a:environment=production": 3}
    rows: list[Any] = []
    for kind, count in kinds.items():
        row = type(first)(**{**vars(first), "family": kind, "count": count, "outcome": "refused"})
        row.cause, row.subject = report.causes[0].name, kind
        rows.append(row)
    report.attempts = rows
    text = text_of(report)
    assert "affects …environment=staging (5 refused) …environment=production (3 refused)" in text


def test_counts_end_at_the_last_attempt_and_take_one_line(sample: Sample) -> None:
    report = sample("refused")
    report.attempts[0].counts = [0, 2, 0, 1, 0, 0]
    assert '"counts": [0, 2, 0, 1],\n' in render_json(report)


def test_the_command_is_in_every_form(sample: Sample) -> None:
    report = sample("refused")
    report.command = as_typed(["--report", "--from", "my bundle"])
    assert report.command == "oidc-doctor --report --from 'my bundle'"
    assert f"Command {report.command}" in text_of(report)
    assert f"```sh\n{report.command}\n```" in render_markdown(report)
    assert json.loads(render_json(report))["command"] == report.command


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["--token", "pyproject.toml"], "oidc-doctor --token pyproject.toml"),
        (["--token", "-"], "oidc-doctor --token -"),
        (["--token", "not-a-file-but-a-value"], "oidc-doctor --token TOKEN_FILE"),
        (["--token=not-a-file-but-a-value"], "oidc-doctor --token=TOKEN_FILE"),
        (["--token", TOKEN], "oidc-doctor --token TOKEN_FILE"),
        (["--subject", "a'; rm -rf $HOME"], "oidc-doctor --subject 'a'\"'\"'; rm -rf $HOME'"),
        (["--error", "a\x1b[31m"], "oidc-doctor --error $'a\\x1b[31m'"),
    ],
)
def test_the_command_line_has_quotes_and_no_tokens(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, arguments: list[str], command: str
) -> None:
    monkeypatch.chdir(request.config.rootpath)
    assert as_typed(arguments) == command


@pytest.mark.parametrize("before", [[], ["--error"], ["--from"]])
def test_a_token_anywhere_on_the_command_line_is_removed(before: list[str]) -> None:
    command = as_typed([*before, f"x {TOKEN}"])
    assert not any(part in command for part in TOKEN.split("."))


def test_calls_that_read_alike_are_one_row(sample: Sample) -> None:
    """Google writes one call in several forms, and each form is a signature of its own."""
    report = run(open_bundle(SAMPLE_LOGS / "gcp-impersonation-binding-removed"), Question())
    assert [row.count for row in report.attempts if (row.step, row.outcome) == ("impersonate", "accepted")] == [4, 3]
    for text in (render_text(report, width=200, verbose=True, color=False), render_markdown(report)):
        assert text.count("7 impersonations with Google Cloud accepted, 19 Nov 04:45 – 12:08 UTC") == 1
        assert "4 impersonations" not in text


def test_a_write_says_which_way_it_turned_the_decision() -> None:
    report = run(open_bundle(SAMPLE_LOGS / "aws-outage-mended"), Question())
    turned = [row["replay"] for row in json.loads(render_json(report))["timeline"] if "replay" in row]
    assert turned == [{"before": "accepted", "after": "refused"}, {"before": "refused", "after": "accepted"}]
    said = []
    for row in log_rows.changes(report):
        sheet = Sheet(200, color=False)
        log_rows.detail(sheet, report, row)
        said += [line for line in "\n".join(sheet.lines).split("\n") if "Replaying" in line]
    assert [line.strip().removeprefix("outcome   ") for line in said] == [
        "Replaying the token: accepted before this change, refused after.",
        "Replaying the token: refused before this change, accepted after.",
    ]


def test_a_created_provider_has_no_values_before_it() -> None:
    report = run(open_bundle(SAMPLE_LOGS / "aws-provider-recreated-without-client-id"), Question())
    created = [row["diff"] for row in report.timeline if row.get("what") == "CreateOpenIDConnectProvider"]
    assert created[0].split("\n")[:3] == ["OIDC provider", "- (does not exist)", "+ (exists)"]
    assert all("was not seen" not in diff for diff in created)


@pytest.mark.parametrize("name", ["aws-build-token-container-policy", "aws-issuer-changed-subject", "aws-wrong-team"])
def test_no_label_of_a_finding_is_there_twice(name: str) -> None:
    text = render_text(run(open_bundle(SAMPLE_LOGS / name), Question()), width=80, color=False)
    finding = text.partition("\n\n  ")[2].partition("\n  Timeline")[0].split("\n")
    labels = [line[4:14].strip() for line in finding if line[:4] == "    " and line[4:5] != " "]
    assert "token" in labels
    assert len(labels) == len(set(labels))
