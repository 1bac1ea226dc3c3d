"""The theme that is chosen in the palette is kept in the user's own file, and only there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.preferences import NotKept, keep_theme, load

Play = Callable[..., Any]


def test_theme_of_the_palette_is_kept(play: Play, press: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "oidc-doctor" / "config.toml"

    async def story(pilot: Any) -> None:
        await press(pilot, "colon", *"theme", "enter")
        await press(pilot, *"nord", "enter")
        assert pilot.app.theme == "nord"
        assert f"kept in {path}" in str(pilot.app.screen.query_one("#status").message)

    play(story, size=(200, 40))
    assert load(str(path)).theme == "nord"
    assert Doctor(None, load(str(path)))._preferences.theme == "nord"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "before, after",
    [
        ("", 'theme = "nord"\n'),
        ('# mine\n[keys]\ncopy = "c"  # as vi\n', 'theme = "nord"\n# mine\n[keys]\ncopy = "c"  # as vi\n'),
        ("theme = 'dracula'  # dark\r\n\r\n[other]\r\nx = 1\r\n", 'theme = "nord"  # dark\r\n\r\n[other]\r\nx = 1\r\n'),
    ],
)
def test_all_else_in_the_file_stays(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(before.encode())
    path.chmod(0o600)
    assert keep_theme(str(path), "nord") == str(path)
    assert path.read_bytes().decode() == after
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.toml").write_text("")
    (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles.toml")
    keep_theme(str(tmp_path / "config.toml"), "nord")
    assert (tmp_path / "config.toml").is_symlink()
    assert (tmp_path / "dotfiles.toml").read_text() == 'theme = "nord"\n'


@pytest.mark.parametrize("text", ["[keys\n", "[theme]\nname = 'x'\n", "# " + "x" * 300_000])
def test_a_file_that_cannot_be_read_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(NotKept):
        keep_theme(str(path), "nord")
    assert path.read_text() == text


def test_a_theme_that_cannot_be_kept_is_used_and_told(
    play: Play, press: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "oidc-doctor").write_text("a file where the folder would be")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    async def story(pilot: Any) -> None:
        pilot.app.action_keep_theme("nord")
        await press(pilot)
        assert pilot.app.theme == "nord"
        assert "for this session only" in str(pilot.app.screen.query_one("#status").message)

    play(story)
    with pytest.raises(NotKept, match="no home folder"):
        keep_theme(None, "nord")
    assert os.listdir(tmp_path) == ["oidc-doctor"]


def test_without_colours_a_theme_is_kept_and_not_used(
    play: Play, press: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(pilot: Any) -> None:
        pilot.app.action_keep_theme("nord")
        await press(pilot)
        assert pilot.app.theme == "ansi-dark"
        assert "NO_COLOR is set" in str(pilot.app.screen.query_one("#status").message)

    play(story, size=(200, 40), theme="ansi-dark")
    assert load(str(tmp_path / "oidc-doctor" / "config.toml")).theme == "nord"
