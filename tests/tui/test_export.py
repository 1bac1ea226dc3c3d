"""The export of the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.report.formats import FORMATS, render
from oidc_doctor.tui.export_dialog import ExportScreen
from oidc_doctor.tui.path import PathScreen

ROOT = Path(__file__).resolve().parent.parent.parent
Play = Callable[..., Any]


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


def test_export_shows_why_it_cannot_write(play: Play, press: Play, tmp_path: Path, text_of: Play) -> None:
    async def story(pilot: Any) -> None:
        await press(pilot, "e")
        pilot.app.screen.query_one("#file").value = str(tmp_path / "none" / "report.txt")
        await press(pilot, "enter")
        assert "No such file" in text_of(pilot.app)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, PathScreen)

    play(story)


def test_export_writes_the_edited_documents_beside_the_report(
    play: Play, press: Play, tmp_path: Path, text_of: Play
) -> None:
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
        assert "trust-policy-3.json" in text_of(pilot.app).replace("\n", "")

    play(story)
