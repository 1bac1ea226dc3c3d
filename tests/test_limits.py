"""Every bound says what it did not read, and an exhausted one is unknown: never accepted, and never refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from oidc_doctor.bundle import bounds
from oidc_doctor.bundle import snapshot as snapshots
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.reader import BundleReader
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents import expect_file, yaml_text
from oidc_doctor.documents.expect_file import parse_expectations
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.toml_text import load_toml
from oidc_doctor.documents.trust_policy import parse_policy, policy_size
from oidc_doctor.documents.yaml_text import load_yaml
from oidc_doctor.findings import trust_reach
from oidc_doctor.judge.certificates import _marks
from oidc_doctor.model import limits
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import ObservedError
from oidc_doctor.model.json_pointer import line_of
from oidc_doctor.model.refusal import Refusal
from oidc_doctor.model.secret_texts import beginning_without_secrets, without_secrets
from oidc_doctor.report.formats import render
from tests.conftest import Bundle

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"
LinesRun = Callable[[Callable[[], object]], int]


def _policy_of(size: int, aws: Bundle) -> Bundle:
    """A trust policy of so many characters, as IAM counts them: it trusts the token, whatever its Sid."""
    statement = aws.statement(aws.subject(aws.SUBJECT), Sid="")
    return aws.trust({**statement, "Sid": "S" * (size - policy_size(aws.policy(statement)))})


AWS = {
    "trust policy": (lambda b: _policy_of(8_193, b), "authorise", "8,193 characters without white space: a role's"),
    "client ids": (
        lambda b: b.aws_provider([b.AUDIENCE, *(f"a{n}" for n in range(100))]),
        "audience",
        "101 entries: a Client",
    ),
    "claims": (lambda b: b.claims(b.claims_of(note="x" * 20_000)), "authorise", "a file of claims has at most 20,000"),
    "token": (
        lambda b: b.write("token.jwt", "eyJ" + "a" * 70_000),
        "authorise",
        "70,003 characters without white space: a compact",
    ),
}
GCP = {
    "condition": (
        lambda b: b.gcp_provider(condition="true || google.subject == '" + "a" * 4_096 + "'"),
        "condition",
        "characters: an attribute condition has at most 4,096 characters",
    ),
    "expression": (
        lambda b: b.gcp_provider(mapping={"google.subject": "assertion.sub + '" + "a" * 2_048 + "'"}),
        "mapping",
        "an attribute's expression has at most 2,048 characters",
    ),
    "attributes": (
        lambda b: b.gcp_provider(
            mapping={"google.subject": "assertion.sub"} | {f"attribute.a{n}": "'x'" for n in range(51)}
        ),
        "mapping",
        "51 custom attributes: an attribute mapping has at most 50 custom attributes",
    ),
    "audiences": (
        lambda b: b.gcp_provider(audiences=(b.AUDIENCE, *(f"a{n}" for n in range(10)))),
        "audience",
        "11 entries: allowedAudiences has at most 10 entries",
    ),
    "members": (
        lambda b: b.service_account_policy(b.MEMBER, *(f"user:u{n}@example.com" for n in range(1_500))),
        "impersonate",
        "1,501 members in all bindings: an allow policy has at most 1,500",
    ),
}


@pytest.mark.parametrize("case", AWS)
def test_beyond_a_quota_of_aws(case: str, aws: Bundle) -> None:
    change, step, line = AWS[case]
    _is_unknown(change(aws), step, line)


@pytest.mark.parametrize("case", GCP)
def test_beyond_a_quota_of_google(case: str, gcp: Bundle) -> None:
    change, step, line = GCP[case]
    _is_unknown(change(gcp), step, line)


def _is_unknown(bundle: Bundle, step: str, line: str) -> None:
    answer = bundle.ask()
    assert answer.exchange().prediction == "unknown"
    assert answer.state(step) == "unknown"
    assert [row.reason for row in answer.report.coverage if line in row.reason and "so it was not read" in row.reason]
    assert answer.report.exit_code != 0


def test_a_trust_policy_within_the_quota_is_judged(aws: Bundle) -> None:
    assert _policy_of(8_192, aws).ask().exchange().prediction == "accepted"


def test_tokens_beyond_the_bound_are_named(aws: Bundle) -> None:
    for number in range(limits.TOKENS.most + 1):
        aws.write(f"tokens/t{number:03}.json", {"claims": aws.claims_of()})
    answer = aws.ask()
    assert len(answer.report.exchanges) == limits.TOKENS.most + 1  # with token.jwt
    assert any("51 tokens: tokens/ has at most 50 tokens" in row.reason for row in answer.report.coverage)
    assert answer.report.exit_code == 3


@pytest.mark.parametrize("name", ["role-policies", "rcps", "scps", "endpoint-policies"])
def test_a_folder_of_too_many_policies_is_not_read(name: str, aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "POLICIES", limits.POLICIES._replace(most=3))
    for number in range(4):
        aws.write(f"aws/{name}/{number}.json", '{"Statement": []}')
    answer = aws.ask()
    (row,) = [row for row in answer.report.coverage if row.what == f"aws/{name}/"]
    assert row.status == "missing"
    assert "4 files: a folder of policies has at most 3 files" in row.reason
    assert answer.report.exit_code == 3
    snapshot = load_snapshot(open_bundle(aws.root))
    evidence = snapshot.targets[0].aws
    assert evidence is not None
    assert not evidence.documents.get(f"aws/{name}/*.json")
    unread = {
        "rcps": evidence.unread_rcps,
        "scps": evidence.unread_controls,
        "endpoint-policies": evidence.unread_controls,
    }
    assert name not in unread or unread[name] == (f"aws/{name}/",)


def test_targets_beyond_the_bound_are_read_no_further(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "TARGETS", limits.TARGETS._replace(most=3))
    for number in range(6):
        bundle.write(f"targets/t{number}/oidc-doctor.toml", "")
        bundle.write(f"targets/t{number}/aws/role.json", "{}")
    read: list[str] = []
    monkeypatch.setattr(BundleReader, "targets", lambda _, prefix: read.append(prefix) or [])
    assert len(load_snapshot(open_bundle(bundle.root)).targets) == 3
    assert read == ["", "targets/t0/", "targets/t1/", "targets/t2/"]


def test_targets_beyond_the_bound_are_named(bundle: Bundle) -> None:
    for number in range(limits.TARGETS.most + 1):
        bundle.write(f"targets/t{number:03}/error.txt", "x")
    answer = bundle.ask()
    assert len(answer.report.target) == limits.TARGETS.most
    assert any("501 targets: a bundle has at most 500 targets" in row.reason for row in answer.report.coverage)
    assert answer.report.exit_code == 3


def test_an_error_text_beyond_the_bound_is_read_in_part(aws: Bundle) -> None:
    answer = aws.error("x " * 10_001).ask()
    reasons = [row.reason for row in answer.report.coverage if row.what == "error.txt"]
    assert reasons == ["the first 20,000 of its 20,001 characters (oidc-doctor's bound)"]


def test_the_output_of_a_script_beyond_the_bound_is_read_in_part(aws: Bundle) -> None:
    aws.write("setup/output.txt", "x " * 10_001)
    (row,) = [row for row in aws.ask().report.coverage if row.what == "setup/output.txt"]
    assert (row.status, row.reason) == ("partial", "the first 20,000 of its 20,002 characters (oidc-doctor's bound)")


def test_a_long_text_of_a_json_file_is_not_read(gcp: Bundle) -> None:
    audience = "//iam.googleapis.com/" + "a/" * 150_000
    answer = gcp.write("gcp/credentials.json", {"type": "external_account", "audience": audience}).ask()
    (row,) = [row for row in answer.report.coverage if row.what == "gcp/credentials.json"]
    assert row.status == "missing"
    assert "300,021 characters: a text or a name in a JSON file that is not a log has at most 262,144" in row.reason
    assert answer.report.exit_code != 0


def test_a_configuration_too_long_to_try_all_edits_gets_none_and_says_so(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.trust(aws.statement(aws.subject("v=1:org=other")))
    assert aws.ask().report.fixes
    monkeypatch.setattr(limits, "FIX_WORK", limits.FIX_WORK._replace(most=1))
    report = aws.ask().report
    assert not report.fixes
    assert (report.verdict, report.exit_code) == ("refused", 1)
    assert [line for line in report.warnings if "no edit was proven, because the configuration is too long" in line]


def test_the_causes_of_very_many_attempts_are_looked_for_among_the_newest(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.cloudtrail(
        [
            aws.event(subject=f"v=1:org=o{hour}", at=f"2026-11-22T0{hour}:00:00Z", event_id=f"{hour}")
            for hour in range(3)
        ]
    )
    assert all(row.cause for row in aws.ask().report.attempts)
    monkeypatch.setattr(limits, "EXPLAINED", limits.EXPLAINED._replace(most=1))
    report = aws.ask().report
    assert [bool(row.cause) for row in report.attempts] == [True, False, False]
    assert {row.replay["decision"] for row in report.attempts if row.replay} == {"refused"}
    assert "3 kinds of refused attempt: the cause of the newest 1 was looked for" in " ".join(report.warnings)
    monkeypatch.setattr(limits, "EXPLAINED", limits.EXPLAINED._replace(most=2 * 200))  # one takes 200 at least
    assert [bool(row.cause) for row in aws.ask().report.attempts] == [True, True, False]


def test_the_edits_of_a_report_share_their_evaluations(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        aws.write(f"tokens/t{number}.json", {"claims": aws.claims_of(sub=f"{aws.SUBJECT}{number}")})
    aws.trust(aws.statement(aws.subject("v=1:org=other"))).remove("token.jwt")
    whole = aws.ask().report
    assert len({row.exchange for row in whole.fixes}) == 3
    monkeypatch.setattr(limits, "FIXES_WORK", limits.FIXES_WORK._replace(most=300_000))  # enough for one
    report = aws.ask().report
    (proven,) = {row.exchange for row in report.fixes}
    left_out = [line for line in report.warnings if "because the exchanges before it took most of the work" in line]
    assert {line.partition(":")[0] for line in left_out} == {row.id for row in report.exchanges} - {proven}
    assert report.exit_code == whole.exit_code == 1


def test_edits_of_many_refused_exchanges_are_bounded(aws: Bundle) -> None:
    for number in range(9):
        aws.write(f"tokens/t{number}.json", {"claims": aws.claims_of(sub=f"{aws.SUBJECT}{number}")})
    aws.trust(aws.statement(aws.subject("v=1:org=other"))).remove("token.jwt")
    warnings = aws.ask().report.warnings
    assert "edits were proven only for the first 8 of 9 refused exchanges" in warnings


def test_a_manifest_of_too_many_reads_is_not_read(aws: Bundle) -> None:
    reads = [
        {"path": f"aws/role-policies/{number}.json", "outcome": "ok"} for number in range(limits.MANIFEST.most + 1)
    ]
    answer = aws.manifest(reads).ask()
    (row,) = [row for row in answer.report.coverage if row.what == "manifest.json"]
    assert row.status == "missing"
    assert "50,001 reads: manifest.json has at most 50,000 reads" in row.reason
    assert len(answer.report.coverage) < 100


def test_a_truss_configuration_of_too_many_sources_is_not_read(aws: Bundle) -> None:
    sources = "- source: s3://acme/weights\n" * (limits.TRUSS_SOURCES.most + 1)
    answer = aws.write("truss/config.yaml", f"weights:\n{sources}").ask()
    (row,) = [row for row in answer.report.coverage if row.what == "truss/config.yaml"]
    assert "101 images and sources: a Truss configuration has at most 100" in row.reason


def test_a_yaml_text_is_composed_once_for_all_of_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    texts: list[str] = []
    compose = yaml.compose
    monkeypatch.setattr(yaml, "compose", lambda text, **more: texts.append(text) or compose(text, **more))
    document = load_yaml("a:\n- b: 1\n  b: 2\n- c\n", "x.yaml")
    assert [document.at(place).line for place in ("", "/a", "/a/0/b", "/a/1", "/a/2", "/x")] == [1, 1, 3, 4, None, None]
    assert len(texts) == 1


def test_an_error_text_loses_its_secrets_before_it_is_cut(aws: Bundle) -> None:
    secret = "aGk3Vb9xQ2mZpL8sT4wY7cN1"
    error = ObservedError.read("x " * 9_985 + f"password={secret} and so on", Origin("error.txt"))
    assert len(error.text) <= limits.ERROR_TEXT.most
    assert secret[:4] not in error.text


def test_outages_of_many_values_are_looked_for_among_the_newest_families(
    aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "COMPARED", limits.COMPARED._replace(most=20))
    others = [f"v=1:org={name}:team=t:model=m:environment=production:type=model" for name in ("A", "B", "C")]
    aws.cloudtrail(
        [
            aws.event(subject=subject, at=f"2026-11-22T0{hour}:00:00Z", event_id=f"{hour}")
            for hour, subject in enumerate(others)
        ]
    )
    aws.trust(aws.statement(aws.subject(*(f"v=1:org=x{number}" for number in range(20)))))
    lines = [line for line in aws.ask().report.warnings if "families of subjects" in line]
    assert len(lines) == 1
    assert "among the newest 1; whether the others had one is unknown" in lines[0]


def test_beyond_the_bound_of_strangers_a_weakness_is_skipped(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.trust(aws.statement(aws.subject("v=1:*")))
    assert aws.ask().check("trust-any-tenant").status == "failed"
    monkeypatch.setattr(trust_reach, "STRANGERS", limits.STRANGERS._replace(most=1))
    row = aws.ask().check("trust-any-tenant")
    assert row.status == "skipped"
    assert "synthetic subjects were tried, as many as such a long text allows" in row.reason


ONES = f"[{', '.join(['1'] * 40)}]"
LOOPS = f"string({ONES}.map(a, {ONES}.map(b, a))[0][0])"


def test_the_expressions_of_an_exchange_share_their_work(gcp: Bundle) -> None:
    subject = {"google.subject": f"{LOOPS} == '1' ? assertion.sub : 'x'"}
    assert gcp.gcp_provider(mapping=subject).ask().state("mapping") == "passed"
    answer = gcp.gcp_provider(mapping={f"attribute.a{number}": LOOPS for number in range(9)} | subject).ask()
    (mapping,) = [step for step in answer.exchange().steps if step.id == "mapping"]
    assert mapping.state == "unknown"
    assert "google.subject is beyond what oidc-doctor evaluates" in mapping.note
    assert answer.report.exit_code != 0


def test_a_condition_beyond_the_bound_of_work_is_unknown(gcp: Bundle) -> None:
    condition = f"{ONES}.all(a, {ONES}.all(b, {ONES}.all(c, a + b + c < 3)))"
    answer = gcp.gcp_provider(condition=condition.replace("<", ">=")).ask()
    assert (answer.state("condition"), answer.exchange().prediction) == ("unknown", "unknown")


@pytest.mark.parametrize(
    "text",
    [".".join(["a"] * 9) + " = 1", "[" + ".".join(["a"] * 9) + "]", "x = {" + ".".join(["a"] * 30_000) + " = 1}"],
)
def test_a_dotted_name_of_many_parts(text: str) -> None:
    with pytest.raises(Unreadable, match=r"line 2: a name in oidc-doctor.toml has at most 8 parts"):
        load_toml("name = 'x'\n" + text, "oidc-doctor.toml")


def test_dots_in_a_value_are_no_name() -> None:
    assert load_toml("x = '" + ".".join(["a"] * 20) + "'", "oidc-doctor.toml") == {"x": ".".join(["a"] * 20)}


def test_a_policy_of_a_resource_is_bounded() -> None:
    with pytest.raises(Unreadable, match="a policy of AWS has at most 32,768 characters"):
        parse_policy('{"Statement": "' + "x" * 32_768 + '"}', "aws/key-policy.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no FIFOs")
def test_what_is_no_regular_file_is_not_waited_for(aws: Bundle, tmp_path: Path) -> None:
    from oidc_doctor.cli.evidence import _files

    logs = tmp_path / "logs"
    logs.mkdir()
    os.mkfifo(logs / "a.json")
    (logs / "b.json").symlink_to("/dev/zero")
    answer = aws.ask(cloudtrail=_files([str(logs)], "--cloudtrail"))
    (row,) = [row for row in answer.report.coverage if row.what == "aws/cloudtrail"]
    assert "not a regular file, so it was not read" in row.reason
    assert row.status == "partial"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("aws/role.json", '[{"RoleName": "a"}, 1, 1]'),
        ("aws/roles.json", '{"Roles": [1, 1, 1]}'),
        ("aws/oidc-provider.json", "[1, 1, 1]"),
        ("aws/oidc-providers.json", '{"OpenIDConnectProviderList": ["", "", ""]}'),
        ("gcp/providers.json", "[1, 1, 1]"),
        ("gcp/pools.json", '{"workloadIdentityPools": [1, 1, 1]}'),
        ("gcp/services.json", "[1, 1, 1]"),
    ],
)
def test_a_list_is_counted_before_its_entries_are_read(
    name: str, text: str, aws: Bundle, gcp: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LISTED", limits.LISTED._replace(most=2))
    answer = (aws if name.startswith("aws") else gcp).write(name, text).ask()
    (row,) = [row for row in answer.report.coverage if row.what == name]
    assert row.status == "missing"
    assert "3 entries: a list of roles, providers, pools or services has at most 2 entries" in row.reason


def test_expectations_are_counted_before_their_lines_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_for: list[object] = []
    monkeypatch.setattr(
        expect_file._ExpectReader, "_line_of", lambda _, value, first: looked_for.append(value) or first
    )
    entries = "[[expect]]\naccepted = [\n" + '"\\u0061",\n' * 501 + "]\n"
    for text in (entries, '[[expect]]\nstrangers = "refused"\n' * 501):
        with pytest.raises(Unreadable, match="501 entries: a file of expectations has at most 500 entries"):
            parse_expectations(text)
    assert not looked_for


def test_a_chain_of_too_many_certificates_is_not_read(aws: Bundle) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (row,) = [
        row for row in aws.write("issuer/chain.pem", pem * 11).ask().report.coverage if row.what == "issuer/chain.pem"
    ]
    assert row.status == "missing"
    assert "11 certificates: issuer/chain.pem has at most 10 certificates" in row.reason
    assert list(_marks(pem * 3)) == [0, len(pem), 2 * len(pem)]


def test_the_lines_of_a_document_are_found_in_one_pass(lines_run: LinesRun) -> None:
    def ask(count: int) -> None:
        text = "[" + ",\n".join(f'{{"a": {number}}}' for number in range(count)) + "]"
        assert [line_of(text, f"/{number}/a") for number in range(count)] == list(range(1, count + 1))

    small, large = lines_run(lambda: ask(50)), lines_run(lambda: ask(500))
    assert large < 15 * small


def test_the_page_shows_the_table() -> None:
    rows = [f"| {row.of} | {row.most:,} {row.unit} | {row.source} |" for row in limits.LIMITS]
    table = "\n".join(["| what | at most | source |", "|---|---|---|", *rows]) + "\n"
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if os.environ.get("UPDATE_README"):
        PAGE.write_text(page.partition("| what |")[0] + table, encoding="utf-8")
    else:
        assert page.endswith(table), "run it again with UPDATE_README=1"


def test_no_more_of_a_yaml_text_is_composed_than_a_document_has(
    lines_run: LinesRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(text: str, message: str) -> None:
        with pytest.raises(Unreadable, match=message):
            load_yaml(text, "truss/config.yaml")

    depth = limits.YAML_DEPTH.most
    assert load_yaml("[" * depth + "]" * depth, "x.yaml").value
    refused("[" * (depth + 2) + "]" * (depth + 2), f"line 1: nested more than {depth} levels deep")
    monkeypatch.setattr(yaml_text, "YAML_VALUES", limits.YAML_VALUES._replace(most=20))
    assert len(load_yaml("{" + "a, " * 19 + "}", "x.yaml").value) == 1
    many = lines_run(lambda: refused("[" + "a," * 30_000 + "]", "at most 20 values"))
    assert many < 1.1 * lines_run(lambda: refused("[" + "a," * 3_000 + "]", "at most 20 values"))


@pytest.mark.parametrize("before", ["x ", "password=aGk3Vb9xQ2mZ "])
def test_of_a_long_error_text_only_the_beginning_is_looked_through(before: str) -> None:
    looked_through: list[int] = []

    def remove(text: str) -> str:
        looked_through.append(len(text))
        return without_secrets(text)

    text = before * 300 + "x " * 9_985 + "password=Zk3Vb9xQ2mZpL8sT4wY7cN1" + " and so on " * 50_000
    kept, is_all = beginning_without_secrets(text, 20_000, remove)
    assert kept == without_secrets(text[:100_000])[:20_000]
    assert not is_all
    assert looked_through[0] < 250_000 < len(text)


def test_the_beginning_of_an_error_text_ends_with_a_whole_word() -> None:
    text = "f" * 500_000
    assert beginning_without_secrets(text, 20_000, lambda part: part) == ("f" * 20_000, False)
    assert beginning_without_secrets(text, 20_000, lambda part: "" if part == text else part) == ("", True)
    assert beginning_without_secrets("short", 20_000) == ("short", True)
    mostly_secrets = "x " * 250_000
    assert beginning_without_secrets(mostly_secrets, 20_000, lambda part: part[:1_000]) == ("", False)
    kept, _ = beginning_without_secrets(mostly_secrets, 20_000, lambda part: "[" * 2_000 + part[:100_000])
    assert len(kept) == 2_000 + 100_000 - 64 * 1024 - 2_000 * 16


def test_many_repeated_members_are_each_suspected_once(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[Refusal] = []
    replace = Refusal._replace
    monkeypatch.setattr(
        Refusal, "_replace", lambda refusal, **more: replaced.append(refusal) or replace(refusal, **more)
    )
    keys = ",".join(['{"a":0,"a":1}'] * 100)
    aws.write("issuer/jwks.json", f"[{keys}]")
    assert aws.ask().exchange().prediction == "unknown"
    assert len(replaced) < 100


def test_of_many_unread_files_the_first_are_named(aws: Bundle) -> None:
    reads = [{"path": f"aws/role-policies/{number:03}.json", "outcome": "ok"} for number in range(100)]
    aws.write("manifest.json", {"collected_at": "2026-11-22T22:40:00Z", "reads": reads})
    said = " ".join(render(aws.ask().report, "text", width=80, color=False, verbose=False).split())
    assert "role-policies/023.json and 76 other files, which -v lists (not in the bundle" in said
    assert "role-policies/024.json" not in said
    assert "role-policies/099.json" in render(aws.ask().report, "text", width=80, color=False, verbose=True)
