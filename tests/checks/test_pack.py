"""The pack as a whole: every file of checks/ keeps the form that the engine and the pages are built on."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from oidc_doctor.checkkit import Check, Words
from oidc_doctor.findings import packs
from oidc_doctor.model.document import Origin
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Refusal, Side
from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from evidence import Bundle
    from oidc_doctor.model.report import CheckRow, Report

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "checks"
FILES = sorted(FOLDER.glob("*/*.py"))
HEADINGS = ["Symptom", "Reason", "Confirm", "Fix", "Source"]

CHECKS = packs.all_checks()
CAUSES = [check for check in CHECKS if check.kind is not None]


def identity(value: object) -> str:
    return value.relative_to(FOLDER).as_posix() if isinstance(value, Path) else getattr(value, "name", str(value))


# Codes and names


def test_every_file_holds_one_check_of_its_name() -> None:
    assert sorted(check.name for check in CHECKS) == sorted(path.stem.replace("_", "-") for path in FILES)


def test_no_code_and_no_name_is_used_twice() -> None:
    assert len({check.code for check in CHECKS}) == len({check.name for check in CHECKS}) == len(CHECKS)


def test_the_codes_of_a_folder_share_three_letters_of_their_own() -> None:
    letters: dict[str, set[str]] = {}
    for path in FILES:
        code = next(check.code for check in CHECKS if check.name == path.stem.replace("_", "-"))
        assert re.fullmatch(r"[A-Z]{3}\d{3}", code)
        letters.setdefault(path.parent.name, set()).add(code[:3])
    assert all(len(found) == 1 for found in letters.values()), letters
    assert len(set.union(*letters.values())) == len(letters), letters


@pytest.mark.parametrize("check", CHECKS, ids=identity)
def test_a_name_is_words_with_hyphens(check: Check) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", check.name)


def test_every_kind_of_refusal_has_exactly_one_cause_check() -> None:
    assert sorted(check.kind for check in CAUSES if check.kind) == sorted(Kind)
    assert {check.name for check in CAUSES} == {str(kind) for kind in Kind}
    assert all(check.name == check.kind and check.effect == "blocks" for check in CAUSES)


@pytest.mark.parametrize("check", [check for check in CHECKS if check.kind is None], ids=identity)
def test_the_others_block_nothing_and_need_something(check: Check) -> None:
    """What logs say is a note; a weakness may be one, and its parameters say what it must have read."""
    assert check.effect in (("note",) if check.code.startswith("LOG") else ("weakens", "note"))
    assert check.needs


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_says_at_which_steps_it_is_met(kind: Kind) -> None:
    assert kind.steps or kind is Kind.REFUSED_UNEXPLAINED


# Pages


@pytest.mark.parametrize("check", CHECKS, ids=identity)
def test_a_page_has_a_title_and_five_headings_in_order(check: Check) -> None:
    title, blank, *lines = check.page.splitlines()
    assert title
    assert title == title.strip()
    assert title[-1] not in ".:"
    assert not blank
    assert [line for line in lines if line and not line.startswith(" ")] == HEADINGS
    for heading, following in itertools.pairwise(lines):
        if heading in HEADINGS:
            assert re.match(r"    \S", following), f"nothing stands under {heading}"
    assert all(re.match(r"    \S", line) for line in lines if line and line not in HEADINGS)


@pytest.mark.parametrize("check", CHECKS, ids=identity)
def test_a_page_is_plain_text(check: Check) -> None:
    assert max(len(line) for line in check.page.splitlines()) <= 120
    assert check.page.isascii() or "…" in check.page
    assert "\t" not in check.page


# Imports


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_check_imports_the_kit_and_the_standard_library_only(path: Path) -> None:
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            modules.append(node.module or "")
    allowed = {"oidc_doctor.checkkit"}
    strangers = [one for one in modules if one not in allowed and one.split(".")[0] not in sys.stdlib_module_names]
    assert strangers == []


@pytest.mark.parametrize("path", FILES, ids=identity)
def test_a_check_reads_and_calls_nothing(path: Path) -> None:
    forbidden = {"open", "exec", "eval", "compile", "__import__", "print", "input"}
    modules = {"os", "subprocess", "socket", "urllib", "http", "pathlib", "shutil", "ctypes"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in forbidden
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            assert not {name.split(".")[0] for name in names} & modules


# Words


def clouds(kind: Kind) -> list[Any]:
    return sorted({cloud for cloud, _ in kind.steps}) or ["aws", "gcp"]


def say(check: Check, refusal: Refusal) -> Words:
    words = check.function(refusal)
    assert isinstance(words, Words)
    return words


PLAIN = [(check, cloud) for check in CAUSES if check.kind for cloud in clouds(check.kind)]


@pytest.mark.parametrize(("check", "cloud"), PLAIN, ids=identity)
def test_the_words_read_well_without_a_single_fact(check: Check, cloud: Any) -> None:
    assert check.kind is not None
    words = say(check, Refusal(cloud, "authorise" if cloud == "aws" else "condition", check.kind))
    for text in (words.headline, words.fix):
        assert text == text.strip()
        assert not re.search(r"[{}]|\bNone\b|  |\(\)|``|''|\"\"| [,.;)]|[(] |,,|\.\.|: *$|\n", text), text
    first = words.headline.split()[0]
    assert first[0].islower() or first[0] == "`" or first.rstrip("'s").isupper()  # a name such as STS
    assert words.headline[-1] not in ".,:;"
    assert words.fix[0].isupper() or words.fix[0] == "`"
    assert re.search(r"(\.|: \S+)$", words.fix)
    assert len(words.headline) < 200
    assert len(words.fix) < 300
    assert not any("{" in run or "None" in run for run in words.commands)  # one without names may be run as it is


HOSTILE = [
    "",
    " ",
    "\x1b[31mred\x1b[0m",
    "a\nb",
    "`; rm -rf ~; `",
    "$(touch x)",
    "--profile=x",
    "file:///etc/passwd",
    "http://127.0.0.1/",
    "--flags-file=/etc/passwd",
    "@x",
    "x" * 10_000,
    "\u202eabc",
    "{0.__class__}",
    "%s",
    "[bold]x[/bold]",
    "\ud800",
]


class Everywhere(dict[str, str]):
    """Facts of which each, whatever its name, has the same value."""

    def __init__(self, value: str) -> None:
        super().__init__()
        self.value = value

    def get(self, _name: str, _default: object = None) -> Any:
        return self.value


@pytest.mark.parametrize("check", CAUSES, ids=identity)
def test_values_from_tokens_and_policies_are_only_passed_on(check: Check) -> None:
    assert check.kind is not None
    for cloud in clouds(check.kind):
        for value in HOSTILE:
            side = Side(value, Origin("x"))
            refusal = Refusal(cloud, "authorise", check.kind, side, side, facts=Everywhere(value))
            for text in say(check, refusal).commands:
                parts = shlex.split(text)
                assert parts[0] in {"aws", "gcloud", "curl", "oidc-doctor", "pip"}
                values = [part for part in parts if part == value]
                assert not any(part.startswith(("-", "@", "file:", "http:")) for part in values)


# Loading


def test_an_empty_pack_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packs, "bundled", lambda *_: str(tmp_path))
    with pytest.raises(packs.PackError, match="no checks were loaded"):
        packs._pack.__wrapped__()


@pytest.mark.parametrize("names", [{"_PACKAGE": "nowhere"}, {"_PACKAGE": "pkg"}])
def test_a_missing_pack_is_an_error(names: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "checks" / "aws").mkdir(parents=True)
    for name, value in names.items():
        monkeypatch.setattr(packs, name, type(getattr(packs, name))(tmp_path / value))
    with pytest.raises(packs.PackError, match="install oidc-doctor again"):
        packs.bundled("_checks", "checks")


def test_the_bundled_folder_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "checks").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(packs, "_PACKAGE", type(packs._PACKAGE)(tmp_path / "pkg"))
    assert Path(packs.bundled("_checks", "checks")) == tmp_path / "checks"
    (tmp_path / "pkg" / "_checks").mkdir()
    assert Path(packs.bundled("_checks", "checks")) == tmp_path / "pkg" / "_checks"


MARKED = "raise SystemExit('loaded from the current directory')\n"


def test_the_pack_is_never_loaded_from_the_current_directory(tmp_path: Path) -> None:
    for name in ("checks/aws/evil.py", "_checks/aws/evil.py", "oidc_doctor_checks/aws/evil.py"):
        place = tmp_path / name
        place.parent.mkdir(parents=True)
        place.write_text(MARKED, encoding="utf-8")
    (tmp_path / "checks" / "__init__.py").write_text(MARKED, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'oidc-doctor'\n", encoding="utf-8")
    program = "from oidc_doctor.findings import packs; print(len(packs.all_checks()))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(CHECKS)


def test_two_checks_of_one_code_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [CHECKS[0], CHECKS[0]._replace(name="another", kind=None)]
    monkeypatch.setattr(packs, "load_folder", lambda *_: twice)
    with pytest.raises(packs.PackError, match="two checks claim"):
        packs._pack.__wrapped__()


CHECK = """
from oidc_doctor.checkkit import Finding, GcpProvider, TargetEvidence, weakness

@weakness("{code}", "{name}", opens_trust=False)
def found(evidence: TargetEvidence):
    "Title"
    yield Finding("house rule of {name}")
"""


@pytest.fixture
def with_packs(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a report where a package with four packs is installed."""
    info = tmp_path / "house-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: house\nVersion: 1.0\n", encoding="utf-8")
    modules = {
        "good": CHECK.format(code="HSE001", name="house-rule"),
        "code": CHECK.format(code="AWS021", name="house-other"),
        "named": CHECK.format(code="HSE002", name="token-expired"),
        "raises": "raise SystemError('not today')",
    }
    points = ["[oidc_doctor.checks]", *(f"{name} = house_{name}" for name in modules)]
    (info / "entry_points.txt").write_text("\n".join(points), encoding="utf-8")
    for name, text in modules.items():
        (tmp_path / f"house_{name}.py").write_text(text, encoding="utf-8")

    def doctor(*names: str) -> subprocess.CompletedProcess[str]:
        named = [argument for name in names for argument in ("--pack", name)]
        command = [sys.executable, "-P", "-m", "oidc_doctor", "--report", "--demo", "healthy-aws", "--format", "json"]
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        return subprocess.run([*command, *named], env=environment, capture_output=True, text=True, check=False)

    return doctor


def test_an_installed_pack_is_loaded_only_where_it_is_named(
    with_packs: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    assert "HSE001" not in with_packs().stdout
    done = with_packs("good")
    assert "house rule of house-rule" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("code", "two checks claim AWS021"),
        ("named", "token-expired"),
        ("raises", "not today"),
        ("absent", "no installed"),
    ],
)
def test_a_pack_fails_alone(
    with_packs: Callable[..., subprocess.CompletedProcess[str]], name: str, reason: str
) -> None:
    done = with_packs(name, "good")
    report = json.loads(done.stdout)
    row = next(row for row in report["coverage"] if row["what"] == f"pack {name}")
    assert reason in row["reason"]
    assert "house rule of house-rule" in done.stdout
    assert {row["code"] for row in report["checks"]} == {check.code_in("aws") for check in CHECKS} | {"HSE001"}
    assert done.returncode == 3


def test_files_that_begin_with_an_underscore_are_no_checks(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "_shared.py").write_text(MARKED, encoding="utf-8")
    (tmp_path / "aws" / "README.md").write_text("no check", encoding="utf-8")
    assert packs.load_folder(tmp_path, "other") == []


# What happens when a check is missing, or breaks


def run_with(bundle: Bundle, monkeypatch: pytest.MonkeyPatch, checks: list[Check]) -> Report:
    monkeypatch.setattr(packs, "all_checks", lambda: tuple(checks))
    return bundle.report()


def row_of(report: Report, name: str) -> CheckRow:
    return next(row for row in report.checks if row.name == name)


def refused(bundle: Bundle) -> Bundle:
    return bundle.condition(bundle.subject(bundle.PATTERN, operator="StringEquals"))


def test_a_refusal_that_nobody_claims_is_unexplained(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    others = [check for check in CHECKS if check.name != "wildcard-under-string-equals"]
    report = run_with(refused(aws), monkeypatch, others)
    (cause,) = report.causes
    assert (cause.code, cause.name, cause.confidence) == ("ACC009", "refused-unexplained", "predicted")
    assert str(cause.clause) == "Statement[0] · StringEquals · oidc.baseten.co:sub"
    assert (report.verdict, report.exit_code) == ("refused", 1)


def raising(*_: object) -> Any:
    message = "the check itself is at fault"
    raise ZeroDivisionError(message)


@pytest.mark.parametrize("name", ["wildcard-under-string-equals", "trust-any-tenant", "no-events-found"])
def test_a_check_that_raises_is_reported_as_broken(name: str, aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(aws).cloudtrail([aws.event(role=aws.ROLE_ARN + "2")])
    checks = [check._replace(function=raising) if check.name == name else check for check in CHECKS]
    report = run_with(aws, monkeypatch, checks)
    assert (report.verdict, report.exit_code) == ("broken", 4)
    row = row_of(report, name)
    assert row.status == "broken"
    assert "ZeroDivisionError: the check itself is at fault" in row.traceback
    # the others are not touched by it, and the prediction stands
    assert [row.name for row in report.checks if row.status == "broken"] == [name]
    assert report.exchanges[0].prediction == "refused"
    assert len(report.causes) == 1


def test_its_traceback_is_kept_out_of_the_text(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "wildcard-under-string-equals"
    checks = [check._replace(function=raising) if check.name == name else check for check in CHECKS]
    report = run_with(refused(aws), monkeypatch, checks)
    text = render_text(report, width=100, color=False)
    assert "Traceback" not in text
    assert "ZeroDivisionError" not in text
    assert "AWS021" in text
    assert "ZeroDivisionError" in render_text(report, width=100, color=False, verbose=True)


@pytest.mark.parametrize("answer", [None, "words", ("headline", "fix")])
def test_a_cause_check_that_gives_no_words_is_broken(
    answer: object, aws: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "wildcard-under-string-equals"
    checks = [check._replace(function=lambda _: answer) if check.name == name else check for check in CHECKS]
    report = run_with(refused(aws), monkeypatch, checks)
    assert row_of(report, name).status == "broken"
    assert report.exit_code == 4


def test_a_broken_check_that_is_not_met_is_never_called(aws: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "wildcard-under-string-equals"
    checks = [check._replace(function=raising) if check.name == name else check for check in CHECKS]
    report = run_with(aws, monkeypatch, checks)
    assert (report.verdict, report.exit_code) == ("healthy", 0)
