"""Things of the command line: any number, in any order, each recognised by its content."""

from __future__ import annotations

import io
import itertools
import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from evidence.timed import clock
from oidc_doctor.cli import live, main
from oidc_doctor.cli.options import make_parser
from oidc_doctor.cli.screens import with_port
from oidc_doctor.cli.things import take_things

if TYPE_CHECKING:
    from pathlib import Path

    from evidence import Bundle

ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/pool/providers/oidc"
REFUSED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
Captured = pytest.CaptureFixture[str]


def examined(capsys: Captured, *arguments: str) -> dict[str, Any]:
    code = main.main(["--format", "json", *arguments])
    done = capsys.readouterr()
    assert done.out, done.err
    report: dict[str, Any] = json.loads(done.out)
    assert code == report["exit_code"]
    return report


def refused(capsys: Captured, *arguments: str) -> str:
    code = main.main(list(arguments))
    done = capsys.readouterr()
    assert (code, done.out) == (2, ""), done
    return done.err.splitlines()[0]


def causes(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cause["name"], cause["confidence"]) for cause in report["causes"]]


@pytest.fixture
def side_by_side(aws: Bundle, tmp_path: Path) -> Path:
    """The files of a refused exchange side by side, without the contract's layout."""
    aws.trust(aws.statement(aws.subject(f"v=1:org={aws.ORG}:team=Another1:*")))
    folder = tmp_path / "plain"
    folder.mkdir()
    for path, name in (
        ("aws/role.json", "my-role.json"),
        ("aws/oidc-provider.json", "idp.json"),
        ("token.jwt", "tok.txt"),
    ):
        (folder / name).write_bytes((aws.root / path).read_bytes())
    (folder / "err.log").write_text(f"An error occurred (AccessDenied): {REFUSED}\n")
    (folder / "event.json").write_text(json.dumps(aws.event(at=clock(9))))
    (folder / "notes.md").write_text(f"AWS says {REFUSED}\n")
    return folder


def test_files_in_any_order_are_one_bundle(side_by_side: Path, capsys: Captured) -> None:
    names = ("my-role.json", "tok.txt", "err.log", "idp.json")
    paths = [str(side_by_side / name) for name in names]
    reports = [examined(capsys, *order, "--at", str(clock(9))) for order in itertools.permutations(paths)]
    assert causes(reports[0])[0][0] == "subject-segment-differs"
    assert {json.dumps(causes(report)) for report in reports} == {json.dumps(causes(reports[0]))}
    assert reports[0]["observed"][0]["text"].startswith("An error occurred")


def test_every_file_that_was_given_is_named(side_by_side: Path, capsys: Captured) -> None:
    report = examined(capsys, *(str(side_by_side / name) for name in ("my-role.json", "tok.txt", "err.log")))
    read = [os.path.basename(row["what"]) for row in report["coverage"] if row["status"] == "read"]
    assert sorted(read) == ["err.log", "my-role.json", "tok.txt"]
    assert os.path.basename(report["observed"][0]["at"]) == "err.log"
    assert "not in the bundle" not in json.dumps(report), "files that were named one by one are no bundle"


def test_the_command_to_try_names_each_file(side_by_side: Path, capsys: Captured) -> None:
    role, provider = (str(side_by_side / name) for name in ("my-role.json", "idp.json"))
    assert main.main(["--report", role, provider]) == 3
    printed = capsys.readouterr().out.partition("instead of this one\n")[2].partition("\n\n")[0]
    command = shlex.split(printed.replace("\\\n", " "))
    assert main.main(command[1:]) == 0, "the subject that the policy accepts"
    assert [command[at + 1] for at, word in enumerate(command) if word == "--from"] == [role, provider]


def test_a_plain_folder_is_told_by_content(side_by_side: Path, capsys: Captured) -> None:
    report = examined(capsys, str(side_by_side))
    assert causes(report)[0][0] == "subject-segment-differs"
    read = {row["what"] for row in report["coverage"] if row["status"] == "read"}
    assert {"my-role.json", "idp.json", "tok.txt", "err.log"} <= read
    assert [row["count"] for row in report["attempts"]] == [1]
    (other,) = (row for row in report["coverage"] if row["what"] == "other files")
    assert other["reason"] == "not part of a bundle: notes.md"


def test_the_layout_of_the_contract_keeps_its_meaning(aws: Bundle, side_by_side: Path, capsys: Captured) -> None:
    """A file beside the layout is no part of a bundle, whatever it holds: an old role does not become evidence."""
    (aws.root / "old.json").write_text('{"Statement": [], "Version": "2012-10-17"}')
    report = examined(capsys, str(aws.root))
    (other,) = (row for row in report["coverage"] if row["what"] == "other files")
    assert other["reason"] == "not part of a bundle: old.json"
    assert causes(report)[0][0] == "subject-segment-differs"


def test_folders_files_and_texts_join(aws: Bundle, side_by_side: Path, capsys: Captured) -> None:
    aws.remove("token.jwt")
    for order in itertools.permutations([str(aws.root), str(side_by_side / "tok.txt"), REFUSED]):
        report = examined(capsys, *order)
        assert causes(report)[0][0] == "subject-segment-differs"
        assert report["observed"][0]["text"] == REFUSED


def test_repeated_from_adds(aws: Bundle, side_by_side: Path, capsys: Captured) -> None:
    role, token = (str(side_by_side / name) for name in ("my-role.json", "tok.txt"))
    expected = causes(examined(capsys, role, token))
    assert causes(examined(capsys, "--from", role, "--from", token)) == expected
    assert causes(examined(capsys, "--from", role, token)) == expected
    assert expected


def test_the_same_evidence_twice_is_once(side_by_side: Path, capsys: Captured) -> None:
    role = str(side_by_side / "my-role.json")
    copy = side_by_side / "copy.json"
    copy.write_bytes((side_by_side / "my-role.json").read_bytes())
    assert len(examined(capsys, role, str(copy), str(side_by_side / "tok.txt"))["exchanges"]) == 1


@pytest.mark.parametrize(
    ("things", "says"),
    [
        (("my-role.json", "other.json"), "my-role.json and other.json are both an IAM role, and a report covers one"),
        ((ROLE, ROLE + "2"), "a second role after"),
        ((PROVIDER, PROVIDER + "2"), "a second provider after"),
        (("a@p.iam.gserviceaccount.com", "b@p.iam.gserviceaccount.com"), "a second service account after"),
        (("https://a.example", "https://b.example"), "a second issuer after"),
        ((REFUSED, "AccessDenied"), "a second error text"),
        (('{"Role": {}}', '{"Role": {}}'), "a second document of its kind (an IAM role)"),
        (("--demo", "healthy-aws", "my-role.json"), "--demo has evidence of its own: leave out my-role.json"),
        (("ModelWeights",), "of a role's name: --role ModelWeights"),
        (("-", "--token", "-"), "stdin can be read only once"),
        (("--from", "-", "--error", "-"), "--error - and --from -: stdin can be read only once"),
        ((".",), "are both aws/role.json by their content"),
        (("my-rol.json",), "my-rol.json: no such file or folder; did you mean my-role.json?"),
        (("s3://bucket/AWSLogs",), "--cloudtrail s3://BUCKET/PREFIX"),
        (("us-docker.pkg.dev/acme/models/press",), "an image in a registry"),
        (("arn:aws:sts::210987654321:assumed-role/R/s",), "its role is arn:aws:iam::210987654321:role/R"),
    ],
)
def test_things_that_are_refused(
    things: tuple[str, ...], says: str, side_by_side: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(side_by_side)
    role = json.loads((side_by_side / "my-role.json").read_text())
    role["Role"]["Arn"] += "2"
    (side_by_side / "other.json").write_text(json.dumps(role))
    assert says in refused(capsys, "--report", *things)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--token", "my-role.json"), "my-role.json is an IAM role, not a token; oidc-doctor my-role.json reads it"),
        (("--token", ROLE), f"--token: {ROLE} is a role ARN, not a token; use --role"),
        (("--claims", "event.json"), "--claims: event.json is a CloudTrail event, not the claims of a token"),
        (("--role", "tok.txt"), "--role: tok.txt is a token, not a role ARN; oidc-doctor tok.txt reads it"),
        (("--role", PROVIDER), "is the name of a workload identity pool provider, not a role ARN; use --gcp-provider"),
        (("--role", "https://oidc.baseten.co"), "is an issuer URL, not a role ARN; use --issuer"),
        (("--gcp-provider", ROLE), "is a role ARN, not a provider's name; use --role"),
        (("--service-account", ROLE), "not a service account; use --role"),
        (("--issuer", ROLE), "not an issuer URL; use --role"),
        (("--issuer", "s3://bucket/AWSLogs"), "no issuer URL: logs in a bucket are read with --cloudtrail"),
        (("--issuer", "111122223333.dkr.ecr.us-east-1.amazonaws.com/repo"), "is read with --truss config.yaml"),
        (("--subject", "my-role.json"), "--subject: my-role.json is an IAM role, not a subject"),
        (("--error", "err.log"), "--error: err.log is a file; oidc-doctor err.log reads it"),
        (("--error", ROLE), "is a role ARN, not an error text; use --role"),
        (("--cloudtrail", "my-role.json"), "--cloudtrail: my-role.json is an IAM role, not a log"),
        (("--whoami", "tok.txt"), "--whoami: tok.txt is a token, not the output of truss whoami"),
        (("--truss", "my-role.json"), "--truss: my-role.json is an IAM role, not a Truss config.yaml"),
        (("--gcp-logs", "tok.txt"), "--gcp-logs: tok.txt is a token, not a log"),
        (("--role", "Nope", "my-role.json"), "--role Nope: a name, and no role of this name was read"),
    ],
)  # fmt: skip
def test_an_option_with_the_wrong_kind_of_thing(
    arguments: tuple[str, ...], says: str, side_by_side: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(side_by_side)
    assert says in refused(capsys, "--report", "--offline", *arguments)


def test_a_token_as_a_value_is_understood_and_never_shown(aws: Bundle, side_by_side: Path, capsys: Captured) -> None:
    token = (aws.root / "token.jwt").read_text().strip()
    role = str(side_by_side / "my-role.json")
    expected = causes(examined(capsys, role, str(side_by_side / "tok.txt")))
    pieces = [piece for piece in token.split(".") if len(piece) > 12]
    assert pieces
    for arguments in ((role, token), (token, role), (role, "--token", token), (role, "--compare", token, token)):
        code = main.main(["--format", "json", *arguments])
        done = capsys.readouterr()
        assert code in {0, 1, 3}
        assert causes(json.loads(done.out))[: len(expected)] == expected
        assert not any(piece in done.out + done.err for piece in pieces)
    assert "history" in done.err
    for wrong in (("--role", token), ("--issuer", token), ("--error", token), ("--subject", token)):
        assert main.main(["--report", "--offline", *wrong]) == 2
        done = capsys.readouterr()
        assert not any(piece in done.out + done.err for piece in pieces)


@pytest.mark.parametrize("how", [("-",), ("--from", "-"), ("--token", "-"), ()])
def test_a_token_on_stdin(
    how: tuple[str, ...], side_by_side: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unnamed, it is read where there is nothing else: then it alone decides nothing, which is no usage error."""
    files = [str(side_by_side / "my-role.json")] if how else []
    expected = causes(examined(capsys, *files, str(side_by_side / "tok.txt")))
    token = (side_by_side / "tok.txt").read_text()
    read, write = os.pipe()
    os.write(write, token.encode())
    os.close(write)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        report = examined(capsys, *files, *how)
    assert causes(report) == expected
    assert bool(expected) is bool(how)


def test_stdin_beside_other_evidence_is_named_and_not_read(aws: Bundle, capsys: Captured) -> None:
    command = [sys.executable, "-P", "-m", "oidc_doctor", "--report", str(aws.root)]
    done = subprocess.run(command, input=b"eyJ", capture_output=True, check=False)
    assert b"stdin was not read; add - to read it as well" in done.stderr
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert b"stdin" not in done.stderr


def test_an_event_on_stdin(bundle: Bundle, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(bundle.event(at=clock(9)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert examined(capsys, "-")["exchanges"][0]["resource"] == bundle.ROLE_ARN


# Live or offline


@pytest.mark.parametrize(
    ("arguments", "is_live"),
    [
        ((ROLE,), True),
        ((f"//iam.googleapis.com/{PROVIDER}",), True),
        (("a@p.iam.gserviceaccount.com",), True),
        (("https://oidc.baseten.co",), True),
        (("arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",), True),
        ((ROLE, "v=1:org=a:team=b"), True),
        ((ROLE, "tok.txt"), True),
        ((ROLE, REFUSED), True),
        ((ROLE, "my-role.json"), False),
        ((ROLE, "event.json"), False),
        ((ROLE, "."), False),
        ((ROLE, '{"Role": {}}'), False),
        ((ROLE, "my-role.json", "--live"), True),
        ((ROLE, "--offline"), False),
        ((ROLE, "--demo"), False),
        (("tok.txt",), False),
        (("my-role.json", "tok.txt"), False),
        ((REFUSED,), False),
        (('{"iss": "https://attacker.example", "sub": "repo:x"}',), False),  # a URL inside evidence is not fetched
    ],
)
def test_names_are_read_live_and_evidence_is_not(
    arguments: tuple[str, ...], is_live: bool, side_by_side: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(side_by_side)
    options = make_parser().read(list(arguments))
    take_things(options, reads_stdin=False)
    assert live.is_live(options) is is_live
    if "attacker" in arguments[0]:
        assert options.issuer is None


def test_names_become_their_options() -> None:
    aws_provider, account = "arn:aws:iam::210987654321:oidc-provider/oidc.example/id/A", "a@p.iam.gserviceaccount.com"
    options = make_parser().read([aws_provider, f"https://iam.googleapis.com/{PROVIDER}", account])
    take_things(options, reads_stdin=False)
    assert options.issuer == "https://oidc.example/id/A"
    assert (options.gcp_provider, options.service_account) == (PROVIDER, "a@p.iam.gserviceaccount.com")
    options = make_parser().read(["--gcp-provider", f"//iam.googleapis.com/{PROVIDER}"])
    take_things(options, reads_stdin=False)
    assert options.gcp_provider == PROVIDER


def test_the_name_of_a_role_that_was_read(side_by_side: Path, capsys: Captured) -> None:
    files = [str(side_by_side / name) for name in ("my-role.json", "tok.txt")]
    arn = json.loads((side_by_side / "my-role.json").read_text())["Role"]["Arn"]
    report = examined(capsys, "--role", arn.rpartition("/")[2], *files)
    assert report["exchanges"][0]["resource"] == arn
    assert causes(report) == causes(examined(capsys, *files))


# Options in any order


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        (["--web", "--demo", "X"], ["--web=8765", "--demo", "X"]),
        (["--demo", "X", "--web"], ["--demo", "X", "--web=8765"]),
        (["--web", "8766", "role.json", "7"], ["--web=8766", "role.json", "7"]),
        (["--web", "role.json"], ["--web=8765", "role.json"]),
        (["--web=8766", "8767"], ["--web=8766", "8767"]),
    ],
)
def test_nothing_after_web_is_dropped(arguments: list[str], joined: list[str]) -> None:
    assert with_port(arguments) == joined
    options = make_parser().read(joined)
    assert options.web in (8765, 8766)


def test_things_stand_among_options() -> None:
    options = make_parser().read(["a", "--at", "1", "b", "--report", "c", "-q", "-", "--", "-d"])
    assert options.things == ["a", "b", "c", "-", "-d"]
    assert (options.at, options.report, options.quiet) == ("1", True, True)


# The file of the report


def test_nothing_is_overwritten_without_force(side_by_side: Path, capsys: Captured) -> None:
    role, token = side_by_side / "my-role.json", side_by_side / "tok.txt"
    before = role.read_bytes()
    for arguments in (["--report", str(role)], ["-o", str(role), str(token)], ["-o", str(role), "--demo"]):
        main.main(arguments)
        capsys.readouterr()
        assert role.read_bytes() == before
    assert "already exists; --force replaces it" in refused(capsys, "--demo", "-o", str(role))
    assert main.main(["--demo", "-o", str(role), "--force"]) == 1
    assert json.loads(role.read_text())["schema"] == "oidc-doctor.report/1"


@pytest.mark.parametrize(
    ("name", "further", "beginning"),
    [
        ("report.md", (), "## "),
        ("report.json", (), "{"),
        ("report.txt", (), "oidc-doctor 0"),
        ("report", (), "oidc-doctor 0"),
        ("report.txt", ("--format", "markdown"), "## "),
    ],
)
def test_a_report_is_not_replaced_unasked(
    name: str, further: tuple[str, ...], beginning: str, tmp_path: Path, capsys: Captured
) -> None:
    """Somebody may have written notes into it."""
    path = tmp_path / name
    assert main.main(["--demo", "-o", str(path), *further]) == 1
    assert path.read_text().startswith(beginning)
    path.write_text(f"{path.read_text()}\nnotes\n")
    assert main.main(["--demo", "-o", str(path), *further]) == 2
    assert path.read_text().endswith("\nnotes\n")
    assert main.main(["--demo", "-o", str(path), *further, "--force"]) == 1
    assert "notes" not in path.read_text()
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_file_may_be_replaced_and_a_link_not(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "empty.txt").touch()
    assert main.main(["--demo", "-o", str(tmp_path / "empty.txt")]) == 1
    (tmp_path / "target").write_text("oidc-doctor 0.1.0")
    (tmp_path / "link.txt").symlink_to(tmp_path / "target")
    assert main.main(["--demo", "-o", str(tmp_path / "link.txt"), "--force"]) == 2
    assert (tmp_path / "target").read_text() == "oidc-doctor 0.1.0"


def test_the_file_is_refused_before_anything_is_read(tmp_path: Path, capsys: Captured) -> None:
    assert "no format has this ending" in refused(capsys, "nowhere.json", "-o", str(tmp_path / "x.pdf"))


# Help


def test_help_teaches_on_one_screen(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    assert any("oidc-doctor role.json token.jwt" in line for line in lines)
