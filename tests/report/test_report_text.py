"""The text report: the verdict first, its evidence, the coverage; no control characters, no line too wide."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.report import CheckRow, FindingRow, FixRow, Report
from oidc_doctor.report.parts.lines import columns
from oidc_doctor.report.text import render_text
from reports.rows import change_cause

Sample = Callable[[str], Report]
STYLE = re.compile(r"\x1b\[[0-9;]*m")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


def lines(report: Report, width: int = 80, *, verbose: bool = False) -> list[str]:
    return render_text(report, width=width, color=False, verbose=verbose).splitlines()


def without_commands(report: Report) -> Report:
    """Return the report without its commands, which may be wider than the screen."""
    for index in range(len(report.causes)):
        change_cause(report, index, commands=())
    for fix in report.fixes:
        fix.commands, fix.verify, fix.undo, fix.terraform = [], [], [], ""
    return report


@pytest.mark.parametrize("width", [20, 40, 61, 80, 110, 300])
@pytest.mark.parametrize("verbose", [False, True])
def test_no_line_is_too_wide(any_report: Report, width: int, verbose: bool) -> None:
    limit = max(40, min(width, 120))
    for line in lines(without_commands(any_report), width, verbose=verbose):
        is_word = len(line.removesuffix(" \\").split()) == 1  # of a command: broken, it could not be pasted
        if "https://" not in line and not is_word:  # an address is not broken, so that it can be opened
            assert columns(line) <= limit, line


@pytest.mark.parametrize("verbose", [False, True])
def test_text_has_no_control_or_invisible_characters(any_report: Report, verbose: bool) -> None:
    text = render_text(any_report, width=80, color=False, verbose=verbose)
    assert all(line.isprintable() for line in text.split("\n"))
    assert not re.search("[\u0590-\u08ff\u0300-\u036f\u3164]", text)
    text.encode()


@pytest.mark.parametrize("verbose", [False, True])
def test_colour_adds_only_escape_codes(any_report: Report, verbose: bool) -> None:
    plain = render_text(any_report, width=80, color=False, verbose=verbose)
    coloured = render_text(any_report, width=80, color=True, verbose=verbose)
    assert coloured != plain
    assert [line.rstrip() for line in STYLE.sub("", coloured).split("\n")] == plain.split("\n")


def test_the_verdict_comes_first(any_report: Report) -> None:
    report_lines = [line for line in lines(any_report) if line]
    first = next(line for line in report_lines if line[:2] in ("✗ ", "✓ ", "? ", "! "))
    assert report_lines.index(first) < 12
    assert all(not line.startswith(" " * 4) for line in report_lines[: report_lines.index(first)])


def test_refused_report(sample: Sample) -> None:
    report_lines = lines(sample("refused"))
    text = "\n".join(report_lines)
    assert report_lines[0] == "oidc-doctor 0.1.0 · weights · 22 Nov 2026 22:40 UTC"
    assert report_lines[3].startswith("✗ AWS refuses this token: the trust policy expects another team, since")
    assert report_lines[3].endswith("proven")
    assert report_lines[4] == "  22 Nov 13:27 UTC, after UpdateAssumeRolePolicy by dana.ops."
    assert report_lines[6].startswith("    changed ")
    expects = next(line for line in report_lines if line.startswith("    expects"))
    token = report_lines[report_lines.index(expects) + 1]
    carets = report_lines[report_lines.index(expects) + 2]
    at = carets.index("^")
    assert (expects[at], token[at]) == ("y", "x")
    assert carets.endswith("^ team differs in its last character")
    for part in (
        "cause     AWS021 subject-segment-differs (proven: ",
        "read in   aws/role.json:14 (expected) · claims.json:4 (token)",
        "returns   AccessDenied: Not authorized to perform",
        "(as seen in error.txt)",
        "since     22 Nov 13:27 UTC, 9 h ago: 87 refused since, 231 accepted before",
        "changed   22 Nov 13:27:04 UTC, UpdateAssumeRolePolicy by",
        "- v=1:org=Org8Kd2P:team=Tq7LmZ2x:*",
        "+ v=1:org=Org8Kd2P:team=Tq7LmZ2y:*",
        "confirmed by event 5c0e5a0e-9d5f-4a7e-8a3c-1f0f8a1f2b11 and 2 more",
        "fix       Put back the earlier trust policy of ModelWeights.",
        "checked   318 subjects seen are accepted, 60 synthetic ones are refused",
        "opens to  3 synthetic workloads that its patterns cover (-v)",
        "verify    aws iam get-role --role-name ModelWeights \\",
        "undo      -v shows the command that stores the present document again",
        "token ~ assumed →",
        "trust policy ✗ refused",
        "duration, permission – not reached",
        "!  AWS072  any model and environment of the team is trusted",
        "?  ISS010  signature not checked",
        "CloudTrail us-east-1 (2,731",
        "In part   CloudTrail eu-west-1 (12 events, 3 of 5 files unreadable)",
        "Not read  issuer (offline)",
        "role permissions (access denied, iam:ListRolePolicies)",
    ):
        assert part in text, part
    assert text.count("--policy-document") == 1
    assert report_lines[-1] == "  More      oidc-doctor explain AWS021 · --format markdown for a ticket"


def test_suspicion_is_never_worded_as_a_fact(sample: Sample) -> None:
    report_lines = lines(sample("suspected"))
    text = " ".join(" ".join(report_lines).split())
    assert "✗ AWS refused a token with this subject, perhaps because the account" in text
    assert "?  AWS031  perhaps the trust policy" in "\n".join(report_lines)
    assert "suspected" in report_lines[2]
    assert "To confirm: the trust policy without redaction, as aws iam get-role prints it" in text
    assert "if so Compare the account id" in text
    assert " fix " not in text
    assert "request, token = implied →" in text
    assert "seen Error: Not authorized to perform sts:AssumeRoleWithWebIdentity for the 2nd time (error.txt:1)" in text


def test_suspicion_without_an_observed_refusal(sample: Sample) -> None:
    report = sample("suspected")
    report.observed = []
    assert lines(report)[2].startswith("? No evidence that was read refuses a token with this subject. Not")


def test_accepted_report(sample: Sample) -> None:
    text = "\n".join(lines(sample("healthy")))
    assert "✓ AWS accepts this token." in text
    assert "assumed   the signature and the times: the claims were pasted" in text
    assert "Not read  issuer (offline)" in text


def test_unknown_report_names_the_settling_evidence(sample: Sample) -> None:
    text = "\n".join(lines(sample("unknown")))
    assert "? Not enough was read to say whether AWS accepts this token." in text
    assert "unknown   provider: the provider was looked at" in text
    assert "and add its output as aws/oidc-provider.json (decides: provider)" in text
    assert "get-open-id-connect-provider --open-id-connect-provider-arn" in " ".join(text.split())
    assert "and add its output as aws/role.json (decides: trust policy)" in text
    assert text.count("To confirm, run:\n") == 2
    assert "get-role --role-name ModelWeights" in " ".join(text.split())


def test_two_exchanges_have_a_summary_and_a_block_each(sample: Sample) -> None:
    report_lines = lines(sample("two"))
    text = "\n".join(report_lines)
    assert report_lines[2] == "✗ 2 exchanges. Refused: Google Cloud; accepted: AWS."
    assert "✗ Google Cloud refuses this token: the attribute condition wants" in report_lines[4]
    assert "✓ AWS accepts this token." in text
    assert text.index("Google Cloud refuses") < text.index("AWS accepts")
    assert "returns   probably unauthorized_client" in text
    assert "✗  GCP060  Google Cloud: next: no binding" in text
    assert "but       this does not explain the error that was seen" in text


def test_many_exchanges_are_counted(sample: Sample) -> None:
    report = sample("two")
    report.exchanges *= 10
    assert lines(report)[2] == "✗ 20 exchanges. 10 refused; 10 accepted."


def test_observed_error_in_json_is_recognised(sample: Sample) -> None:
    report = sample("two")
    report.exchanges[1].error = {"code": "invalid_target", "message": 'The "audience" is invalid.', "certain": True}
    report.observed = [{"text": '{"error_description":"The \\"audience\\"\nis invalid."}', "at": "error.txt"}]
    text = "\n".join(lines(report))
    assert 'returns   invalid_target: The "audience" is invalid. (as seen in error.txt)' in text
    assert "seen  " not in text


def test_unknown_predicted_error_is_omitted(sample: Sample) -> None:
    report = sample("two")
    report.exchanges[1].error = {"code": "", "message": "", "certain": False}
    assert "returns" not in "\n".join(lines(report))


def test_unread_files_name_each_folder_once(sample: Sample) -> None:
    report = sample("healthy")
    names = ("error.txt", *(f"aws/{name}.json" for name in ("roles", "boundary", "key-policy", "bucket-policy")))
    report.coverage = [Coverage(name, "missing", "not in the bundle") for name in names]
    folded = " ".join("\n".join(lines(report, verbose=True)).split())
    assert "Not read error.txt; in aws/: roles.json, boundary.json, key-policy.json, bucket-policy.json (not" in folded


@pytest.mark.parametrize(
    ("step", "confidence", "sentence"),
    [
        ("obtain", "proven", "✗ The exchange was never reached: the job asks for no token."),
        ("obtain", "suspected", "? The exchange may never have been reached: perhaps the job asks for no token."),
        ("configure", "proven", "✗ AWS refuses the set-up: the job asks for no token."),
        ("permission", "proven", "✗ AWS refuses the workload's own request: the job asks for no token."),
        ("permission", "suspected", "? AWS may refuse the workload's own request: perhaps the job asks for no"),
        ("authorise", "suspected", "? AWS may refuse this token: perhaps the job asks for no token."),
    ],
)
def test_refusal_sentences(sample: Sample, step: str, confidence: Any, sentence: str) -> None:
    report = sample("unknown")
    report.causes = [sample("refused").causes[0]]
    change_cause(report, step=step, confidence=confidence, headline="the job asks for no token")
    assert lines(report, 110)[2].startswith(sentence.removesuffix("."))


def test_past_causes_do_not_change_the_verdict(sample: Sample) -> None:
    text = "\n".join(lines(sample("past")))
    assert "✓ AWS accepts this token." in text
    assert "–  AWS021  AWS refused this token until 22 Nov 15:30 UTC: the" in text
    assert "since     22 Nov 13:27 UTC, 9 h ago" in text
    assert "fix " not in text


def test_broken_check_is_reported_first(sample: Sample) -> None:
    report_lines = lines(sample("broken"))
    assert report_lines[2] == "! A check of oidc-doctor itself broke, so this report may be incomplete."
    assert any("AWS050  this check broke, a fault of oidc-doctor: KeyError: 'Effect'" in line for line in report_lines)
    assert not any("Traceback" in line for line in report_lines)
    assert any("Traceback" in line for line in lines(sample("broken"), verbose=True))
    assert any(line.startswith("  Warning   aws/role.json appears twice") for line in report_lines)


def test_report_without_a_target(sample: Sample) -> None:
    assert lines(sample("nothing"))[2] == "? Not enough evidence: a decision needs a token and a role or provider."


def test_a_refused_permission_is_not_a_refused_token(sample: Sample) -> None:
    assert lines(sample("permission"))[2].startswith("✗ AWS accepts this token, but the role may not read the bucket.")


def test_a_given_headline_is_the_first_line(sample: Sample) -> None:
    report = sample("refused")
    report.headline = "AWS refuses this deployment: another team is expected."
    assert lines(report)[3].startswith("✗ AWS refuses this deployment: another team is expected.")


def test_quiet_prints_only_the_verdict(sample: Sample) -> None:
    quiet = render_text(sample("refused"), width=80, color=False, quiet=True)
    assert quiet.startswith("✗ AWS refuses this token: the trust policy expects another team, since ")
    assert quiet.count("\n") == 2


def test_verbose_adds_steps_checks_and_attempts(sample: Sample) -> None:
    text = "\n".join(lines(sample("refused"), 110, verbose=True))
    assert "✗ refused      trust policy    the trust policy was looked at (aws/authorise.json:3)" in text
    assert "– skipped  no Google logs were given: LOG001" in text
    assert "✗  87 exchanges with AWS refused, 22 Nov 13:28 – 22:31 UTC, AccessDenied, AWS021:" in text
    assert "iss = https://oidc.baseten.co" in text


def test_cut_values_are_repeated_in_full(sample: Sample) -> None:
    value = sample("lengths").causes[0].expected
    assert value is not None
    assert value.value in "".join(line.strip() for line in lines(sample("lengths")))
    report = sample("lengths")
    report.fixes = [FixRow(report.causes[0].code, f"- {value.value}\n+ x", [], "")]  # the edit shows the value as well
    assert not any(line.startswith("    in full   expects") for line in lines(report))
    assert any(line.startswith("    in full   expects") for line in lines(report, verbose=True))


@pytest.mark.parametrize("verbose", [False, True])
def test_no_token_is_shown(sample: Sample, verbose: bool) -> None:
    report = sample("refused")
    report.exchanges[0].subject = f"x {TOKEN}"
    report.observed = [{"text": f"curl -d token={TOKEN}", "at": "error.txt"}]
    report.fixes = []
    change_cause(
        report,
        commands=(f"curl -H 'Authorization: Bearer {TOKEN}' https://x",),
        actual=Side("a" * 90 + TOKEN, Origin("claims.json"), ((2, 3), (95, 120))),
    )
    text = re.sub(r"\s", "", render_text(report, width=60, color=False, verbose=verbose))
    assert "[tokenremoved]" in text
    assert not any(part in text for part in (TOKEN[:20], TOKEN.split(".")[1], TOKEN.split(".")[2]))


def test_since_has_no_counts_if_signatures_overlap(sample: Sample) -> None:
    report = sample("refused")
    report.attempts[1].last_seen = "2026-11-22T14:00:00Z"
    assert any(line.endswith("since     22 Nov 13:27 UTC, 9 h ago") for line in lines(report))


def test_since_counts_the_subject_if_others_are_unaffected(sample: Sample) -> None:
    report = sample("refused")
    report.attempts[1].subject = "v=1:org=other"
    report.attempts[1].last_seen = "2026-11-22T14:00:00Z"
    assert any(
        "since     22 Nov 13:27 UTC, 9 h ago: of this subject 87 refused since" in line for line in lines(report)
    )


def test_since_counts_impersonations_of_the_service_account(sample: Sample) -> None:
    report = sample("two")
    report.target = [{"name": "weights", "gcp": {"service_account": "a@b.iam.gserviceaccount.com"}}]
    rows = sample("refused").attempts
    for row in rows:
        row.cloud, row.target = "gcp", "a@b.iam.gserviceaccount.com"
    report.attempts = rows
    report.causes = report.causes[1:]
    change_cause(report, since="2026-11-22T13:27:04Z")
    assert any("9 h ago: 87 refused since, 231 accepted before" in line for line in lines(report))


@pytest.mark.parametrize(
    ("since", "ago"),
    [
        ("22:39:30", "30 s ago"),
        ("21:41:00", "59 min ago"),
        ("21:40:20", "1 h ago"),
        ("20:55:00", "2 h ago"),
        ("13:27:04", "9 h ago"),
    ],
)
def test_how_long_ago_has_one_style(sample: Sample, since: str, ago: str) -> None:
    report = sample("refused")
    change_cause(report, since=f"2026-11-22T{since}Z")
    assert any(f"UTC, {ago}" in line for line in lines(report) if line.startswith("    since"))


OPEN = [
    ("aws", "any Baseten customer", "! AWS accepts this token, and would accept any Baseten customer's."),
    ("aws", "a stranger", "! AWS accepts this token, and would accept a stranger's."),
    ("gcp", "any GitHub customer", "! Google Cloud accepts this token, and would accept any GitHub customer's."),
    ("gcp", "", ""),
]


@pytest.mark.parametrize(("cloud", "whom", "line"), OPEN)
def test_too_wide_trust_is_reported_with_the_verdict(sample: Sample, cloud: Any, whom: str, line: str) -> None:
    report = sample("two")
    report.causes = []
    resource = next(exchange.resource for exchange in report.exchanges if exchange.cloud == cloud)
    finding = FindingRow("it is open", fix="Name your own.", cloud=cloud, target=resource or "", opens_to=whom)
    report.checks = [CheckRow("ZZZ001", "any-name", "failed", "weakens", "", [finding], opens_trust=True)]
    for exchange in report.exchanges:
        exchange.prediction = "accepted"
    accepted = [text for text in lines(report) if text.startswith(("✓", "!"))]
    assert [text for text in accepted if "would accept" in text] == ([line] if line else [])
    assert any(line.strip() == "fix       Name your own." for line in lines(report)), "it is the one next step"


@pytest.mark.parametrize("change", [{"target": "another"}, {"cloud": None}])
def test_too_wide_trust_of_another_resource_is_not_reported(sample: Sample, change: dict[str, Any]) -> None:
    report = sample("two")
    report.causes = []
    finding = FindingRow("it is open", cloud="aws", target=report.exchanges[0].resource or "", opens_to="a stranger")
    report.checks = [
        CheckRow("ZZZ001", "x", "failed", "weakens", "", [finding._replace(**change)], opens_trust=True),
        CheckRow("ZZZ002", "y", "failed", "weakens", "", [finding]),
    ]
    for exchange in report.exchanges:
        exchange.prediction = "accepted"
    assert "would accept" not in "\n".join(lines(report))


def test_suspicion_from_read_files_is_not_worded_as_perhaps(sample: Sample) -> None:
    report = sample("suspected")
    report.causes = report.causes[:1]
    change_cause(report, kind=Kind.CLIENT_ID_LIST_EMPTY, headline="the list is empty")
    assert lines(report)[2].startswith("✗ AWS refused a token with this subject: the list is empty.")
    report.observed = []
    assert lines(report)[2].startswith("? AWS may refuse a token with this subject: the list is empty.")


def test_current_time_is_labelled_now(sample: Sample) -> None:
    report = sample("refused")
    change_cause(report, expected=Side("used before then"), actual=Side(report.evaluated_at))
    assert f"    now       {report.evaluated_at}" in lines(report)


def test_error_seen_with_other_numbers_is_shown_once(sample: Sample) -> None:
    report = sample("refused")
    report.exchanges[0].error = {"code": "Expired", "message": "it is 1795209000 and not 1795198442", "certain": True}
    report.observed = [{"text": "Expired: it is 1795208947 and not 1795198442", "at": "error.txt"}]
    report_lines = "\n".join(lines(report))
    assert "returns" not in report_lines
    assert "seen      Expired: it is 1795208947" in report_lines


def test_values_in_the_clause_are_not_repeated(sample: Sample) -> None:
    report = sample("refused")
    change_cause(report, expected=Side("oidc.baseten.co:sub", Origin("aws/role.json", "", 14)), actual=None)
    report_lines = lines(report)
    assert not any(line.startswith("    expects") for line in report_lines)
    assert "    read in   aws/role.json:14" in report_lines
    # a pair with carets is shown
    change_cause(report, expected=Side("oidc.baseten.co:sub", None, ((0, 4),)))
    report_lines = lines(report)
    assert "    clause    Statement[0] · StringLike" in report_lines
    assert "    expects   oidc.baseten.co:sub" in report_lines
    change_cause(report, clause=Clause(("assertion.a == 'b'",)), headline="assertion.a == 'b' is false")
    assert not any(line.startswith("    clause") for line in lines(report))


def test_cut_subject_is_shown_in_full_above(sample: Sample) -> None:
    def subjects(width: int) -> int:
        return sum(line.startswith("    subject") for line in lines(sample("refused"), width))

    assert (subjects(80), subjects(120)) == (1, 0)


def test_values_with_nothing_in_common_have_no_carets(sample: Sample) -> None:
    report = sample("refused")
    change_cause(report, expected=Side("aaa", None, ((0, 3),)), actual=Side("b" * 90, None, ((0, 90),)))
    report_lines = "\n".join(lines(report))
    assert "^" not in report_lines
    assert "…" not in report_lines


def test_event_that_replaces_the_token_is_named_once(sample: Sample) -> None:
    report = sample("refused")
    event = report.causes[0].confirmed_by[0]
    report.exchanges[0].claims_from = event
    change_cause(report, actual=Side("v=1", Origin("aws/cloudtrail/a-long-name.json.gz", "", None, event)))
    report_lines = "\n".join(lines(report))
    assert report_lines.count(event) == 1
    assert "read in   aws/role.json:14 (expected) · the token's event (token)" in report_lines
    assert "confirmed by the token's event and 2 more" in report_lines
    assert "a-long-name" in "\n".join(lines(report, verbose=True))


def test_fewer_events_than_refusals_are_explained(sample: Sample) -> None:
    report = sample("refused")
    confirmed = len(report.causes[0].confirmed_by)
    report.causes[0] = report.causes[0]._replace(timing=report.causes[0].timing._replace(refused_since=29))
    assert f"(--format json names {confirmed} of the 29 refusals)" in " ".join("\n".join(lines(report)).split())
    report.causes[0] = report.causes[0]._replace(timing=report.causes[0].timing._replace(refused_since=confirmed))
    assert "of the 29 refusals" not in " ".join("\n".join(lines(report)).split())


def test_second_cause_of_the_same_kind_is_short(sample: Sample) -> None:
    report = sample("refused")
    report.causes.append(sample("refused").causes[0])
    clause = Clause(statement=0, operator="X", key="y")
    change_cause(report, 1, position="next", clause=clause, expected=None, actual=None)
    report_lines = lines(report)
    also = report_lines[report_lines.index("  Also") + 1 : report_lines.index("  Also") + 4]
    assert also[0].startswith("    ✗  AWS021  next: the trust policy expects another team")
    assert also[1:] == ["               clause    Statement[0] · X · y", "               read in   aws/role.json:14"]
    assert "\n".join(report_lines).count("--policy-document") == 1
    assert "\n".join(lines(report, verbose=True)).count("--policy-document") == 3  # with the one that undoes it


def test_irrelevant_assumption_is_omitted_for_a_refusal(sample: Sample) -> None:
    report = sample("refused")
    assert any(line.startswith("    assumed") for line in lines(report))
    report.exchanges[0].steps = [
        step._replace(state="passed" if step.state == "assumed" else step.state) for step in report.exchanges[0].steps
    ]
    assert not any(line.startswith("    assumed") for line in lines(report))
    assert any(line.startswith("    assumed") for line in lines(report, verbose=True))


def test_first_line_is_wrapped_between_its_parts(sample: Sample) -> None:
    report = sample("refused")
    report.window = {"from": "2026-11-21T03:10:00Z", "to": "2026-11-22T20:00:00Z"}
    report.exchanges[0].target_name = "a-longer-name-of-a-target"
    assert lines(report)[:2] == [
        "oidc-doctor 0.1.0 · a-longer-name-of-a-target · 22 Nov 2026 22:40 UTC",
        "logs 21 Nov 03:10 – 22 Nov 20:00 UTC",
    ]
    report.window["from"] = "2026-09-03T03:10:00Z"
    assert lines(report)[0].endswith(" · logs of 3 Sep – 22 Nov") or lines(report)[1] == "logs of 3 Sep – 22 Nov"


def test_rendering_is_fast(sample: Sample) -> None:
    report = sample("refused")
    render_text(report, width=80, color=True)
    started = time.process_time()
    for _ in range(20):
        render_text(report, width=80, color=True)
    assert (time.process_time() - started) / 20 < 0.02


def test_renderers_import_few_modules() -> None:
    """The model and json are allowed: every program with a report has imported them."""
    script = (
        "import json, sys; import oidc_doctor.model.report; before = set(sys.modules);"
        "import oidc_doctor.report.text, oidc_doctor.report.json;"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [
        name for name in run.stdout.split() if not name.startswith(("oidc_doctor.report", "oidc_doctor.model."))
    ] == ["binascii"]  # built into Python
