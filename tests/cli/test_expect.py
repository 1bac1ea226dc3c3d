"""`oidc-doctor expect` on the command line: the file among the things, exit codes, formats, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from oidc_doctor.cli import main
from reports.consumers import expect_for_a_program
from reports.programs import on_a_test_page
from runners import github_commands
from trusts import MAIN, POLICIES

Captured = pytest.CaptureFixture[str]
GREEN = f'[[expect]]\naccepted = ["{MAIN}"]\nstrangers = "refused"\n'
RED = GREEN + 'refused = ["' + MAIN + '"]\n'


class Ran:
    """The command in this process, in a folder with a trust policy and files of expectations."""

    def __init__(self, capsys: Captured) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        try:
            code = main.main(["expect", *arguments])
        except SystemExit as end:  # argparse, after --help
            code = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def ran(capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    Path("trust.json").write_text(POLICIES["branch"].text)
    Path("expect.toml").write_text(GREEN)
    Path("red.toml").write_text(RED)
    return Ran(capsys)


def test_the_file_is_found_wherever_it_is_among_the_arguments(ran: Ran) -> None:
    assert ran("trust.json")[0] == 0
    for arguments in (("red.toml", "trust.json"), ("trust.json", "red.toml"), ("-q", "trust.json", "./red.toml")):
        code, out, err = ran(*arguments)
        assert (code, err) == (1, "")
        assert out.splitlines()[-1].endswith("1 broken, 0 unknown")


def test_quiet_prints_what_is_not_met_and_the_last_line(ran: Ran) -> None:
    assert ran("-q", "trust.json")[1] == "expectations: 2 met, 0 broken, 0 unknown\n"
    out = ran("-q", "red.toml", "trust.json")[1]
    assert "✗ must be refused" in out
    assert "✓" not in out
    assert "assumed" not in out


def test_the_exit_code_of_every_format_is_the_same(ran: Ran) -> None:
    for form in ("text", "markdown", "json", "junit", "github"):
        code, out, _ = ran("red.toml", "trust.json", "--format", form)
        assert code == 1
        assert out.strip()
    assert expect_for_a_program(ran("red.toml", "trust.json", "--format", "json")[1])["exit_code"] == 1
    outcomes = on_a_test_page(ran("red.toml", "trust.json", "--format", "junit")[1])
    assert list(outcomes["trust"].values()) == ["passed", "failure", "passed"]
    assert list(outcomes["trust"])[-1].endswith("strangers must be refused")  # the same when more are tried
    (error, notice) = github_commands(ran("red.toml", "trust.json", "--format", "github")[1])
    assert (error.name, error.properties["file"], error.properties["line"]) == ("error", "red.toml", "4")
    assert (notice.name, notice.properties["file"]) == ("notice", "trust.json")


def test_an_annotation_names_files_of_the_working_folder_alone(ran: Ran, aws: Bundle, tmp_path: Path) -> None:
    entry = aws.SUBJECT.replace(aws.TEAM, "Another1")
    Path("expect.toml").write_text(f'[[expect]]\naccepted = ["{entry}"]\n')
    (error,) = github_commands(ran(str(aws.root), "--format", "github")[1])
    assert error.properties["file"] == "expect.toml"
    (error,) = github_commands(ran(str(tmp_path / "expect.toml"), str(aws.root), "--format", "github")[1])
    assert "file" not in error.properties


def test_the_ending_of_the_output_chooses_the_format(ran: Ran) -> None:
    for name, beginning in (("o.xml", "<?xml"), ("o.json", "{"), ("o.md", "## "), ("o.txt", "AWS")):
        assert ran("trust.json", "-o", name)[0] == 0
        assert Path(name).read_text().startswith(beginning)
        assert ran("trust.json", "-o", name)[0] == 2
        assert ran("trust.json", "-o", name, "--force")[0] == 0
    code, _, err = ran("trust.json", "-o", "o.html")
    assert code == 2
    assert "no format has this ending; use one of .txt, .md, .json, .xml" in err


def test_what_is_unknown_is_exit_3(ran: Ran) -> None:
    Path("expect.toml").write_text('[[expect]]\naccepted = [{ repository = "quince/orchard" }]\n')
    code, out, _ = ran("trust.json")
    assert (code, out.splitlines()[-1]) == (3, "expectations: 0 met, 0 broken, 1 unknown")


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("[[expect]]\nacepted = []\n", ("trust.json",), "expect.toml: line 2: [[expect]]: unknown key acepted"),
        ('[[expect]]\ntarget = "other"\nstrangers = "refused"\n', ("trust.json",), "it has 'trust'"),
        (GREEN, (), "no evidence: name a trust policy"),
        (GREEN, ("missing.toml", "trust.json"), "missing.toml: no such file"),
        ("# none yet\n", ("trust.json",), "no [[expect]] table; add a line [[expect]]"),
        (GREEN, ("red.toml", "expect.toml", "trust.json"), "two files of expectations"),
        (GREEN, ("nothing.json",), "nothing.json"),
        (GREEN, ("-c", "oidc-doctor.toml", "trust.json"), "only where no evidence is named"),
        (GREEN, ("trust.json", MAIN), "a token or a subject has no effect here"),
        (GREEN, ("trust.json", "--error", "Not authorized"), "an error text has no effect here"),
        (GREEN, ("--learn", "red.toml", "trust.json"), "the expectations are written, not read"),
        (GREEN, ("--learn", "--format", "json", "trust.json"), "the expectations are written, not read"),
        (GREEN, ("--format", "html", "trust.json"), "invalid choice: 'html'"),
    ],
)
def test_wrong_usage_is_exit_2_with_one_line(ran: Ran, text: str, arguments: tuple[str, ...], words: str) -> None:
    Path("expect.toml").write_text(text)
    code, out, err = ran(*arguments)
    assert (code, out) == (2, ""), err
    assert words in err.splitlines()[0]


@pytest.mark.parametrize("name", ["expect.toml", "oidc-doctor.toml"])
def test_a_file_that_is_a_fifo_does_not_keep_the_run_waiting(ran: Ran, name: str) -> None:
    Path(name).unlink(missing_ok=True)
    os.mkfifo(name)
    signal.alarm(30)
    try:
        code, _, err = ran(*(["trust.json"] if name == "expect.toml" else []))
    finally:
        signal.alarm(0)
    assert code == 2
    assert "not a regular file" in err


def test_an_empty_file_is_one_of_expectations_and_a_missing_thing_has_examples_of_expect(ran: Ran) -> None:
    Path("empty.toml").write_text("\n")
    assert "no [[expect]] table" in ran("empty.toml", "trust.json")[2]
    err = ran("red.toml", "nothing.json")[2]
    assert "  oidc-doctor expect trust-policy.json" in err.splitlines()


def test_a_target_may_be_named_by_its_file_or_its_arn(ran: Ran, aws: Bundle) -> None:
    Path("expect.toml").write_text(f'[[expect]]\ntarget = "trust"\naccepted = ["{MAIN}"]\n')
    assert ran("trust.json")[0] == 0
    for name in (aws.ROLE_ARN, "weights"):
        Path("expect.toml").write_text(f'[[expect]]\ntarget = "{name}"\naccepted = ["{aws.SUBJECT}"]\n')
        assert ran(str(aws.root))[0] == 0


def test_a_table_on_a_role_arn_is_about_aws_alone(ran: Ran) -> None:
    scenario = Path(main.__file__).parents[2] / "sample_logs" / "two-clouds"
    code, text, _ = ran("--learn", str(scenario))
    assert code == 0
    Path("expect.toml").write_text(text)
    value = json.loads(ran(str(scenario), "--format", "json")[1])
    assert value["exit_code"] == 0
    assert {row["cloud"] for row in value["expectations"]} <= {"aws", "gcp"}


def test_without_evidence_the_targets_of_the_working_folder_are_judged(ran: Ran, aws: Bundle) -> None:
    saved = os.path.relpath(aws.root)
    Path("mine.toml").write_text(f'[[target]]\nname = "weights"\nfrom = "{saved}"\n')
    Path("expect.toml").write_text(f'[[expect]]\ntarget = "weights"\naccepted = ["{aws.SUBJECT}"]\n')
    assert ran("-c", "mine.toml")[0] == 0
    Path("mine.toml").write_text('[[target]]\nname = "weights"\nfrom = "gone"\n')
    code, _, err = ran("-c", "mine.toml")
    assert code == 2
    assert "gone: no such file or directory" in err


def test_what_was_learnt_is_green_and_never_written_over_a_file(ran: Ran) -> None:
    code, _, err = ran("--learn", "trust.json", MAIN, "-o", "expect.toml")
    assert code == 2
    assert "expect.toml" in err
    assert Path("expect.toml").read_text() == GREEN
    assert ran("--learn", "trust.json", MAIN, "-o", "expect.toml", "--force")[0] == 0
    assert MAIN in Path("expect.toml").read_text()
    assert ran("trust.json")[0] == 0
    assert ran("--learn", "trust.json", MAIN)[1] == Path("expect.toml").read_text()


def test_a_token_is_learnt_without_any_piece_of_it(ran: Ran, aws: Bundle) -> None:
    claims = {"iss": "https://token.actions.githubusercontent.com", "sub": MAIN, "aud": "sts.amazonaws.com"}
    aws.token(claims)
    token = (aws.root / "token.jwt").read_text()
    Path("token.jwt").write_text(token)
    code, out, err = ran("--learn", "trust.json", "token.jwt")
    assert code == 0, err
    assert MAIN in out
    for piece in token.strip().split("."):
        assert piece[:24] not in out + err


def test_nothing_to_learn_says_so(ran: Ran) -> None:
    code, out, err = ran("--learn", "trust.json", MAIN.replace("orchard", "pantry"))
    assert (code, out) == (3, "")
    assert "nothing to write" in err
    assert "AWS refuses it now" in err


def test_help_has_an_example_and_the_exit_codes(ran: Ran) -> None:
    code, out, _ = ran("--help")
    assert code == 0
    assert "oidc-doctor expect --learn BUNDLE -o expect.toml" in out
    assert "1 one is broken" in out


def test_no_input_ends_in_a_traceback(ran: Ran) -> None:
    values: list[Any] = [
        "\x00",
        "[[expect]]\n" * 3,
        "[[expect]]\naccepted = ['" + "a:" * 4000 + "']\n",
        "x = " + "[" * 9000,
    ]
    for text in values:
        Path("expect.toml").write_text(text)
        code, _, err = ran("trust.json")
        assert code in (1, 2, 3), err
        assert "Traceback" not in err


def test_a_list_of_roles_is_a_target_for_each(ran: Ran) -> None:
    roles = [
        {"RoleName": name, "Arn": f"arn:aws:iam::210987654321:role/{name}", "AssumeRolePolicyDocument": document}
        for name, document in (
            ("service", {"Version": "2012-10-17", "Statement": []}),
            ("narrow", POLICIES["branch"].document),
            ("wide", POLICIES["all branches"].document),
        )
    ]
    Path("roles.json").write_text(json.dumps({"Roles": roles}))
    code, _, err = ran("roles.json")
    assert code == 2
    assert "'arn:aws:iam::210987654321:role/narrow'" in err
    assert "role/service" not in err
    other = MAIN.replace("main", "dev")
    ran("--learn", "roles.json", "--subject", MAIN, "-o", "learnt.toml")
    assert ran("learnt.toml", "roles.json")[0] == 0
    assert 'target = "arn:aws:iam::210987654321:role/narrow"' in Path("learnt.toml").read_text()
    for target, exit_code in (("narrow", 0), ("arn:aws:iam::210987654321:role/wide", 1), ("wide", 1)):
        Path("expect.toml").write_text(f'[[expect]]\ntarget = "{target}"\nrefused = ["{other}"]\n')
        assert ran("-q", "roles.json")[0] == exit_code
    Path("oidc-doctor.toml").write_text('[[target]]\nname = "own"\nfrom = "roles.json"\n')
    Path("expect.toml").write_text(f'[[expect]]\nrefused = ["{other}"]\n')
    code, _, err = ran()
    assert (code, "add role_arn" in err) == (2, True)
    with Path("oidc-doctor.toml").open("a") as file:
        file.write('[target.aws]\nrole_arn = "arn:aws:iam::210987654321:role/wide"\n')
    assert ran()[0] == 1
    Path("roles.json").write_text(json.dumps({"Roles": roles[:2]}))
    Path("expect.toml").write_text(f'[[expect]]\naccepted = ["{MAIN}"]\n')
    assert ran("roles.json")[0] == 0


def test_what_a_table_of_claims_lacks_is_added_to_it(ran: Ran) -> None:
    document = json.loads(POLICIES["branch"].text)
    document["Statement"][0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:actor"] = "x"
    Path("trust.json").write_text(json.dumps(document))
    Path("expect.toml").write_text(f'[[expect]]\naccepted = [{{ sub = "{MAIN}" }}]\n')
    assert 'Add actor = "…" to the entry.' in ran("trust.json")[1]


def test_a_toml_that_expects_nothing_is_named(ran: Ran) -> None:
    Path("expect.toml").unlink()
    Path("mine.toml").write_text("")
    code, _, err = ran("mine.toml", "trust.json")
    assert code == 2
    assert err.startswith("oidc-doctor: mine.toml: ")


def test_a_value_of_the_request_is_named_with_its_place(ran: Ran) -> None:
    document = json.loads(POLICIES["branch"].text)
    document["Statement"][0]["Condition"]["StringEquals"]["sts:RoleSessionName"] = "deploy"
    Path("trust.json").write_text(json.dumps(document))
    code, out, _ = ran("trust.json")
    assert code == 3
    assert "role_session_name" in out
    Path("oidc-doctor.toml").write_text(
        '[[target]]\nname = "own"\nfrom = "trust.json"\n[target.aws]\nrole_session_name = "deploy"\n'
    )
    assert ran()[0] == 0
