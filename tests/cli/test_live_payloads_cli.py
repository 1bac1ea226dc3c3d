"""Live payloads in what the command line prints beside a report: messages, names, `capture`, lists, pages, errors."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from evidence.planting import everywhere, files_of, whole
from oidc_doctor.cli import commands
from oidc_doctor.cli.main import main
from oidc_doctor.documents.json_text import printable
from oidc_doctor.report.parts.escape import visible
from reports.consumers import for_a_program, in_a_ticket, on_a_terminal
from reports.payloads import ALL, FORGED, PAYLOADS, some

pytestmark = pytest.mark.sweep

NUMBERS = range(0, len(ALL) // 3 + 1, 2)
Captured = pytest.CaptureFixture[str]


def of_a_command_line(text: str) -> str:
    """The text as an argument can be: without NUL, and without what UTF-8 cannot say."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def of_a_file(text: str) -> str:
    """The text as a file's name can be."""
    return of_a_command_line(text).replace("/", ":")[:80]


def printed(capsys: Captured, *arguments: str) -> str:
    """What the command prints, checked as a terminal reads it; it did not end in a defect of ours."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert code in (0, 1, 2, 3), err
    on_a_terminal(err)
    for line in err.splitlines():
        assert (
            line.startswith(("oidc-doctor: ", "  oidc-doctor ", "report written", "checked: "))
            or "capture" in arguments
        ), line
    return out


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file of the contract, payloads in every text of the files that are not decided on."""
    folder = tmp_path_factory.mktemp("planted") / "bundle"
    folder.mkdir()
    values = whole(folder)
    for number, name in enumerate(values):
        if name not in ("oidc-doctor.toml", "manifest.json", "aws/role.json", "gcp/provider.json"):
            values[name] = everywhere(values[name], lambda text, number=number: text + some(number, 2))
    bundle = files_of(values)
    for name in values:
        (folder / name).write_bytes(bundle.read(name))
    for number in range(0, len(ALL) // 3, 12):
        (folder / "tokens").mkdir(exist_ok=True)
        (folder / "tokens" / f"{of_a_file(some(number))}.json").write_text('{"sub": "s"}', "utf-8")
        (folder / of_a_file(some(number))).write_text("{}", "utf-8")
    return folder


@pytest.mark.parametrize("number", NUMBERS)
def test_arguments(number: int, capsys: Captured, tmp_path: Path) -> None:
    words = of_a_command_line(some(number))
    (tmp_path / "claims.json").write_text(json.dumps({"iss": words, "sub": words, "aud": words}), "utf-8")
    claims = str(tmp_path / "claims.json")
    asked = ("--report", "--check", words, "--skip", words, f"--subject={words}", f"--error={words}")
    on_a_terminal(printed(capsys, *asked, "-v", f"--issuer={words}", "--compare", claims))
    in_a_ticket(printed(capsys, *asked, "--format", "markdown"))
    for_a_program(printed(capsys, *asked, "--format", "json"))
    for wrong in (
        (words,),
        ("--report", f"--at={words}"),
        ("--report", f"--from={words}"),
        ("--report", f"--demo={words}"),
        ("--report", f"--format={words}"),
        ("--report", f"--{words}"),
        ("capture", f"--output={words}/x/y"),
        ("permissions", words),
    ):
        if wrong != (words,) or not words.startswith("-"):
            assert printed(capsys, *wrong) == ""
    on_a_terminal(printed(capsys, "explain", f"x{words}"))  # its words may be those of a page
    place = tmp_path / of_a_file(words)
    assert printed(capsys, "--report", "--format=text", f"--output={place}", "--claims", claims) == ""
    assert place.exists()


def test_lists_and_pages(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of another package, whose words no test of ours has read."""
    from oidc_doctor.findings import packs

    checks = packs.all_checks()
    hostile = [
        check._replace(page=some(number).replace(FORGED, "") + check.page) for number, check in enumerate(checks)
    ]
    monkeypatch.setattr(packs, "all_checks", lambda: hostile)
    on_a_terminal(printed(capsys, "--list-checks"))
    on_a_terminal(printed(capsys, "explain", "--all"))


def test_a_folder_and_archives_of_a_stranger(planted: Path, capsys: Captured, tmp_path: Path) -> None:
    places = [planted, tmp_path / "a.zip", tmp_path / "a.tar.gz"]
    with zipfile.ZipFile(places[1], "w") as archive:
        for place in filter(Path.is_file, planted.rglob("*")):
            archive.writestr(place.relative_to(planted).as_posix(), place.read_bytes())
        for number, payload in enumerate(ALL):
            name = payload.encode("utf-8", "ignore").decode()
            archive.writestr(f"aws/{name}", b"{}")
            archive.writestr(f"../{name}" if number % 16 else f"targets/{name}/claims.json", b'{"sub": "s"}')
    with tarfile.open(places[2], "w:gz") as tar:
        tar.add(planted, arcname="bundle")
        for payload in ALL:
            payload = payload.encode("utf-8", "ignore").decode()  # noqa: PLW2901
            for name in (f"bundle/{payload}", f"/{payload}", f"bundle/aws/cloudtrail/{payload}.json"):
                member = tarfile.TarInfo(name)
                member.size = 2
                tar.addfile(member, io.BytesIO(b"{}"))
    for place in places:
        on_a_terminal(printed(capsys, "--report", "-v", "--from", str(place)))
        in_a_ticket(printed(capsys, "--report", "--format", "markdown", "--from", str(place)))
        for_a_program(printed(capsys, "--report", "--format", "json", "--from", str(place)))
    on_a_terminal(printed(capsys, "--dry-run", "--from", str(planted)))


def test_capture_and_the_differences_of_two_bundles(planted: Path, capsys: Captured, tmp_path: Path) -> None:
    place = str(tmp_path / of_a_file(some(0)))
    on_a_terminal(printed(capsys, "capture", "--from", str(planted), "-o", place))
    on_a_terminal(printed(capsys, "capture", "--from", str(planted), "-o", str(tmp_path / "kept"), "--no-redact"))
    other = tmp_path / "other"
    other.mkdir()
    whole(other)
    for pair in ((planted, other), (other, planted), (tmp_path / "kept", planted)):
        shown = printed(capsys, "capture", "--diff", *map(str, pair))
        on_a_terminal(shown)
        assert r"\\u001b]0;title" not in shown


def test_a_defect_of_ours_hands_nothing_on(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_options: object) -> int:
        raise RuntimeError("".join(PAYLOADS["terminal"]))

    monkeypatch.setattr(commands, "report", broken)
    assert main(["--report", "-v", "--demo"]) == 4
    out, err = capsys.readouterr()
    assert not out
    on_a_terminal(err)


@pytest.mark.parametrize("payload", PAYLOADS["terminal"])
def test_a_message_is_escaped_once(payload: str) -> None:
    shown = visible(printable(payload))
    assert "\\\\x" not in shown
    assert shown.isprintable()
