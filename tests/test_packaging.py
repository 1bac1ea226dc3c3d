"""What is in the wheel, and where an installation looks for its checks. Nothing is fetched: hatchling is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from configparser import ConfigParser
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from oidc_doctor import __version__
from oidc_doctor.findings import packs
from oidc_doctor.model.kinds import Kind

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {"_checks": "checks", "_samples": "sample_logs"}


def hatchling(target: str, source: Path, into: Path) -> Path:
    """The one file that a build gives."""
    into.mkdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="module")
def sdist(folder: Path) -> Path:
    return hatchling("sdist", ROOT, folder / "sdist")


@pytest.fixture(scope="module")
def unpacked(sdist: Path, folder: Path) -> Path:
    """The sdist as a folder, which has no version control around it."""
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
        archive.extractall(folder / "unpacked")  # noqa: S202 - our own archive
    (inside,) = (folder / "unpacked").iterdir()
    return inside


@pytest.fixture(scope="module")
def wheel(unpacked: Path, folder: Path) -> Path:
    """The wheel made from the sdist, as an installer makes it."""
    return hatchling("wheel", unpacked, folder / "wheel")


def test_a_wheel_is_the_same_wherever_and_whenever_it_is_built(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(unpacked, tmp_path / "elsewhere", copy_function=shutil.copyfile))
    for place in elsewhere.rglob("*"):
        os.utime(place, (1_000_000_000, 1_000_000_000))
    again = hatchling("wheel", elsewhere, tmp_path / "wheel")
    assert (again.name, again.read_bytes()) == (wheel.name, wheel.read_bytes())


def test_the_lock_has_what_the_project_asks_for() -> None:
    text = (ROOT / ".ci" / "requirements-dev.txt").read_text(encoding="utf-8")
    locked = {canonicalize_name(name): version for name, version in re.findall(r"^(\S+?)==(\S+)", text, re.MULTILINE)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    for wanted in map(
        Requirement, [*project["dependencies"], *extras["full"], *extras["web"], *extras["test"], *extras["dev"]]
    ):
        if wanted.name != "oidc-doctor":
            assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), wanted
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files(folder: Path) -> set[str]:
    """Every file that belongs to the project, relative to the folder."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in names if not any(part.startswith((".", "__pycache__")) for part in name.split("/"))}


@pytest.mark.parametrize(("inside", "beside"), FOLDERS.items())
def test_the_wheel_has_every_check_and_sample(inside: str, beside: str, names: set[str]) -> None:
    prefix = f"oidc_doctor/{inside}/"
    packed = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    assert packed == files(ROOT / beside)
    assert packed


def test_the_wheel_has_the_whole_package_and_nothing_else(names: set[str]) -> None:
    info = f"oidc_doctor-{__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"oidc_doctor", info}
    packed = {name.removeprefix("oidc_doctor/") for name in names if name.startswith("oidc_doctor/")}
    assert {name for name in packed if name.partition("/")[0] not in FOLDERS} == files(ROOT / "oidc_doctor")
    assert {"py.typed", "issuers/baseten.toml", "report/html_parts/templates/style.css"} <= packed
    assert f"{info}/licenses/LICENSE" in names


def test_the_sdist_has_what_a_packager_tests_with(unpacked: Path) -> None:
    for name in ("tests/test_packaging.py", "docs/report.schema.json", "CHANGELOG.md", "LICENSE", "pyproject.toml"):
        assert (unpacked / name).is_file(), name
    assert os.access(unpacked / ".ci" / "run", os.X_OK)


def test_a_wheel_from_the_checkout_is_the_same(folder: Path, names: set[str]) -> None:
    with zipfile.ZipFile(hatchling("wheel", ROOT, folder / "direct")) as archive:
        assert set(archive.namelist()) == names


def test_metadata(wheel: Path) -> None:
    info = f"oidc_doctor-{__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_string(archive.read(f"{info}/METADATA").decode())
        points = ConfigParser()
        points.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert (metadata["Name"], metadata["Version"]) == ("oidc-doctor", __version__)
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert dict(points["console_scripts"]) == {"oidc-doctor": "oidc_doctor.cli.main:main"}


def test_nothing_without_a_wheel_for_musl_is_required(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_string(archive.read(f"oidc_doctor-{__version__}.dist-info/METADATA").decode())
    wanted = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    for name in ("google-re2", "ahocorasick-rs"):
        markers = [each.marker for each in wanted if each.name == name]
        assert not any(marker is None or marker.evaluate({"extra": ""}) for marker in markers), name
        assert any(marker is not None and marker.evaluate({"extra": "full"}) for marker in markers), name


def test_every_extra_that_a_page_names_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    pages = [ROOT / "Containerfile", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        extra
        for page in pages
        for extra in re.findall(r"(?:oidc-doctor|/source|'\.)\[(\w+)\]", page.read_text(encoding="utf-8"))
    }
    assert {"full", "web", "test", "dev"} <= named <= set(extras)


def test_the_container_builds_from_what_its_file_copies(unpacked: Path, names: set[str], tmp_path: Path) -> None:
    lines = (unpacked / "Containerfile").read_text(encoding="utf-8").splitlines()
    source = tmp_path / "source"
    for *parts, target in (line.split()[1:] for line in lines if line.startswith("COPY ") and "--from" not in line):
        into = tmp_path / target.removeprefix("/")
        for part in parts:
            if (unpacked / part).is_dir():
                shutil.copytree(unpacked / part, into)  # Docker copies the content of a folder
            else:
                into.mkdir(exist_ok=True)
                shutil.copy(unpacked / part, into)
    with zipfile.ZipFile(hatchling("wheel", source, tmp_path / "wheel")) as archive:
        assert set(archive.namelist()) == names
    last = [line for line in lines if line.startswith(("USER", "ENTRYPOINT"))]
    assert last == ["USER 65532:65532", 'ENTRYPOINT ["/opt/oidc-doctor/bin/oidc-doctor"]']  # not root, and no shell


def test_the_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 - our own wheel
    site = str(tmp_path / "site")
    code = f"import sys; sys.path.insert(0, {site!r}); from oidc_doctor.cli.main import main; sys.exit(main())"
    page = ["--demo", "healthy-aws", "--format", "html"]
    for arguments, wanted in (
        (["--list-checks"], 0),
        (["explain", "AWS021"], 0),
        (["--demo", "healthy-aws"], 0),
        (page, 0),
    ):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, encoding="utf-8", check=False)
        assert (done.returncode, done.stderr) == (wanted, ""), arguments
        assert done.stdout


# Where checks are looked for: they are code, and the process may hold cloud credentials


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for the package in which nothing else is, with another folder as the current directory."""
    package = tmp_path / "site" / "oidc_doctor"
    package.mkdir(parents=True)
    monkeypatch.setattr(packs, "_PACKAGE", str(package))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return package


def missing(inside: str, beside: str) -> str:
    with pytest.raises(packs.PackError) as caught:
        packs.bundled(inside, beside)
    assert "install oidc-doctor again" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("inside", "beside"), FOLDERS.items())
def test_the_current_directory_is_never_used(inside: str, beside: str, installed: Path) -> None:
    for name in (inside, beside, f"oidc_doctor/{inside}"):
        Path(name).mkdir(parents=True)
    Path("pyproject.toml").touch()
    assert str(Path.cwd()) not in missing(inside, beside)


@pytest.mark.parametrize(("inside", "beside"), FOLDERS.items())
def test_the_folder_beside_is_used_in_a_checkout_only(inside: str, beside: str, installed: Path) -> None:
    sibling = installed.parent / beside
    sibling.mkdir()
    missing(inside, beside)  # in site-packages, checks/ may be anybody's
    (installed.parent / "pyproject.toml").touch()
    assert Path(packs.bundled(inside, beside)) == sibling


@pytest.mark.parametrize(("inside", "beside"), FOLDERS.items())
def test_the_bundled_folder_comes_first(inside: str, beside: str, installed: Path) -> None:
    for place in (installed / inside, installed.parent / beside):
        place.mkdir()
    (installed.parent / "pyproject.toml").touch()
    assert Path(packs.bundled(inside, beside)) == installed / inside


# The pack


def test_kinds_and_cause_checks_are_one_to_one() -> None:
    causes = {check.kind: check for check in packs.all_checks() if check.kind is not None}
    assert set(causes) == set(Kind)
    assert {str(kind): check.name for kind, check in causes.items() if check.name != kind} == {}
    assert {check.effect for check in causes.values()} == {"blocks"}


def test_every_page_has_its_headings() -> None:
    for check in packs.all_checks():
        headings = re.findall(r"^(\w+)$", check.page, re.MULTILINE)
        assert headings[-5:] == ["Symptom", "Reason", "Confirm", "Fix", "Source"], check.code


@pytest.fixture
def fresh_pack() -> Callable[[], object]:
    """`all_checks` without its memory."""
    return packs._pack.__wrapped__


def test_no_check_at_all_is_an_error(installed: Path, fresh_pack: Callable[[], object]) -> None:
    (installed / "_checks" / "aws").mkdir(parents=True)
    with pytest.raises(packs.PackError, match="no checks were loaded"):
        fresh_pack()


@pytest.mark.parametrize("change", ["", "AWS021", "wildcard-under-string-equals"])
def test_two_checks_of_one_code_name_or_kind_are_an_error(
    change: str, installed: Path, fresh_pack: Callable[[], object]
) -> None:
    folder = installed / "_checks" / "aws"
    folder.mkdir(parents=True)
    one = ROOT / "checks" / "aws" / "wildcard_under_string_equals.py"
    shutil.copy(one, folder)
    assert fresh_pack()
    text = one.read_text(encoding="utf-8")
    for each in {"AWS021", "wildcard-under-string-equals"} - {change}:
        text = text.replace(f'"{each}"', '"AWS998"')
    (folder / "another.py").write_text(text, encoding="utf-8")
    with pytest.raises(packs.PackError, match="two checks claim"):
        fresh_pack()
