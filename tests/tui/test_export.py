"""The export of the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.tui.export_dialog import ExportScreen
from oidc_doctor.tui.path import PathScreen
from oidc_doctor.tui.widgets.status_line import StatusLine

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


def notices(app: Any) -> str:
    """The message in the status line, whole: on a screen a long path is broken at any place."""
    return str(app.screen.query_one(StatusLine).message)


@pytest.mark.sweep
@pytest.mark.parametrize("form", list(FORMATS))
def test_export_writes_the_same_report(form: str, play: Play, press: Play, tmp_path: Path) -> None:
    file = tmp_path / f"report.{FORMATS[form]}"

    async def story(pilot: Any) -> None:
        await press(pilot, "e", *["down"] * list(FORMATS).index(form))
        assert pilot.app.screen.query_one("#file").value.endswith(FORMATS[form])
        pilot.app.screen.query_one("#file").value = str(file)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PathScreen)
        assert file.read_text(encoding="utf-8") == render(pilot.app.session.report, form, width=80, color=False)

    play(story)


def test_export_asks_before_it_overwrites_a_file(play: Play, press: Play, tmp_path: Path) -> None:
    file = tmp_path / "kept.txt"
    file.write_text("kept")

    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(file)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ExportScreen)
        assert file.read_text() == "kept"
        await press(pilot, "enter")
        assert file.read_text() != "kept"

    play(story)


def test_export_proposes_a_name_that_no_file_has(
    play: Play, press: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "oidc-doctor-report.txt").write_text("kept")
    (tmp_path / "oidc-doctor-report-2.txt").symlink_to(tmp_path / "outside")

    async def story(pilot: Any) -> None:
        await press(pilot, "e", "down", "up", "enter")
        assert notices(pilot.app).startswith(f"Written to {tmp_path / 'oidc-doctor-report-3.txt'}")  # an absolute path
        await press(pilot, "2")
        assert not notices(pilot.app)  # the message does not outlive its screen

    play(story)
    assert (tmp_path / "oidc-doctor-report.txt").read_text() == "kept"
    assert not (tmp_path / "outside").exists()
    assert "AWS025" in (tmp_path / "oidc-doctor-report-3.txt").read_text(encoding="utf-8")


def test_report_is_copied_as_markdown(play: Play, press: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "m")
        report = pilot.app.session.report
        assert pilot.app.clipboard == render(report, "markdown", width=80, color=False)
        assert notices(pilot.app).startswith("Copied: report as Markdown")

    play(story)


def test_export_shows_why_it_cannot_write(play: Play, press: Play, tmp_path: Path, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(tmp_path / "none" / "report.txt")
        await press(pilot, "enter")
        assert "No such file" in text_of(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


def test_export_writes_the_edited_documents_beside_the_report(play: Play, press: Play, tmp_path: Path) -> None:
    (tmp_path / "trust-policy.json").write_text("kept")

    async def story(pilot: Any) -> None:
        for _ in range(2):
            await press(pilot, "e")
            pilot.app.screen.query_one("#file").value = str(tmp_path / "report.txt")
            await press(pilot, "enter")
            if isinstance(pilot.app.screen, ExportScreen):  # the report exists: written over when asked again
                await press(pilot, "enter")
        (fix,) = pilot.app.session.report.fixes
        for name in ("trust-policy-2.json", "trust-policy-3.json"):
            assert (tmp_path / name).read_text(encoding="utf-8") == fix.document + "\n"
        assert (tmp_path / "trust-policy.json").read_text() == "kept"
        assert "trust-policy-3.json" in notices(pilot.app)

    play(story)


@pytest.mark.parametrize("exists", [False, True])
def test_export_never_writes_through_a_link(exists: bool, play: Play, press: Play, tmp_path: Path) -> None:
    target, link = tmp_path / "$(touch x)", tmp_path / "bundle" / "oidc-doctor-report.txt"
    link.parent.mkdir()
    link.symlink_to(target)
    if exists:
        target.write_text("kept")

    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(link)
        await press(pilot, "enter")
        assert "is a link" in str(pilot.app.screen.query_one("#said").render())
        assert link.is_symlink()
        await press(pilot, "enter")
        assert not link.is_symlink()
        assert "AWS025" in link.read_text(encoding="utf-8")

    play(story, size=(200, 40))
    assert (target.read_text() if target.exists() else None) == ("kept" if exists else None)


def test_picture_of_the_screen_goes_to_a_new_file(play: Play, tmp_path: Path, press: Play) -> None:
    (tmp_path / "shot.svg").symlink_to(tmp_path / "outside")

    async def story(pilot: Any) -> None:
        pilot.app.deliver_screenshot("shot.svg", str(tmp_path))
        await press(pilot)
        assert "shot-2.svg" in notices(pilot.app)
        pilot.app.deliver_screenshot("shot.svg", str(tmp_path / "none"))
        await press(pilot)
        assert "Not written" in notices(pilot.app)

    play(story, size=(200, 40))
    assert (tmp_path / "shot-2.svg").read_text(encoding="utf-8").startswith("<svg")
    assert not (tmp_path / "outside").exists()
