"""Live payloads on the screens: pages, palette, key hints, notifications, dialogs, pictures of the screen."""

from __future__ import annotations

import json
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.planting import everywhere, files_of, leaves, planted_at, whole
from oidc_doctor.bundle import contract
from oidc_doctor.tui.app import Doctor
from oidc_doctor.tui.examination import EvidenceSource
from oidc_doctor.tui.preferences import Preferences
from reports.consumers import RIGHT_TO_LEFT, UNSEEN
from reports.payloads import ALL, PAYLOADS, some

pytestmark = pytest.mark.sweep

Play = Callable[..., Any]
GROUPS = ("textual", "terminal", "unicode", "html", "shell")
KEPT = ("oidc-doctor.toml", "manifest.json")  # else there is no target, or nothing was read
SCROLLBARS = {"grab", "release", "scroll_up", "scroll_down"}  # of Textual


def is_dead(app: Doctor) -> None:
    """Each cell is a character that a terminal shows; no cell is a link, or starts an action that a text named."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            for character in set(segment.text):
                assert unicodedata.category(character) not in UNSEEN, (ascii(character), ascii(segment.text))
                assert unicodedata.bidirectional(character) not in RIGHT_TO_LEFT, ascii(character)
            if segment.style is not None:
                assert segment.style.link is None, segment.style.link
                actions = {str(action) for name, action in segment.style.meta.items() if name.startswith("@")}
                assert actions <= SCROLLBARS, actions
    assert not app.title.count("\x1b")
    assert not (app.sub_title or "").count("\x1b")


def picture_is_text(app: Doctor) -> None:
    """The picture of the screen is well-formed, and has no element that acts."""
    acting = {"script", "a", "image", "foreignObject", "iframe", "use"}
    for element in ET.fromstring(app.export_screenshot()).iter():  # noqa: S314 - made by ourselves, a moment ago
        assert element.tag.rpartition("}")[2] not in acting, element.tag
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]


def planted(folder: Path, payloads: tuple[str, ...]) -> Path:
    """A bundle of two clouds with payloads in the texts that leave its decisions readable, and in all logs."""
    folder.mkdir()
    values = whole(folder)
    words = " ".join(payloads)[:600]
    for name, value in values.items():
        if contract.is_log(name):
            for place in leaves(value):
                if place[-1] in ("userAgent", "sourceIPAddress", "errorMessage", "userName", "principalId", "arn",
                                 "message", "callerIp", "principalSubject", "roleSessionName"):  # fmt: skip
                    values[name] = planted_at(values[name], place, lambda text: text + words)
        elif name == "claims.json":
            values[name] = {"header": value["header"] | {words: words}, "claims": value["claims"] | {
                "sub": value["claims"]["sub"] + words, words: [words, {words: words}], "aud": words}}  # fmt: skip
        elif name not in (*KEPT, "aws/role.json", "gcp/provider.json"):
            values[name] = everywhere(value, lambda text: text + words)
    role = values["aws/role.json"]["Role"]
    role["Description"] = words
    role["AssumeRolePolicyDocument"]["Statement"][0]["Sid"] = words
    values["gcp/provider.json"] |= {"displayName": words, "description": words}
    values["manifest.json"]["reads"][0]["message"] = words
    target = values["oidc-doctor.toml"]["target"][0]
    target["name"] = words
    target["aws"]["role_session_name"] = words
    target["gcp"]["service_account"] = words
    bundle = files_of(values)
    for name in values:
        (folder / name).write_bytes(bundle.read(name))
    return folder


@pytest.mark.parametrize("group", GROUPS)
def test_every_screen(group: str, tmp_path: Path, play: Play, press: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    name = PAYLOADS[group][0].replace("/", ":").replace("\0", "")
    folder = planted(tmp_path / name, PAYLOADS[group])

    async def story(pilot: Any) -> None:
        app = pilot.app
        pictured: set[object] = set()
        for keys in (
            *(["1"], ["down"], ["enter"], ["y"], ["escape"], ["x"], ["escape"], ["f"], ["y"], ["escape"]),
            *(["2"], ["down"], ["enter"], ["escape"], ["3"], ["down", "down"], ["y"], ["enter"], ["escape"]),
            *(["4"], ["y"], ["w"], ["n"], ["5"], ["down"], ["enter"], ["escape"], ["slash", "a"], ["escape"]),
            *(["1"], ["question_mark"], ["question_mark"], ["ctrl+p"], ["f", "i"], ["escape"], ["escape"]),
            *(["e"], ["enter"], ["e"], ["enter"], ["escape"], ["o"], ["down", "down"], ["1"]),
        ):
            await press(pilot, *keys)
            is_dead(app)
            if app.screen not in pictured:  # a picture has the characters that the screen has
                pictured.add(app.screen)
                picture_is_text(app)
            for notification in app._notifications:
                assert notification.markup is False, notification
            assert app.is_running
        assert all(path.name.isprintable() and path.name.isascii() for path in working.iterdir())

    play(story, folder, size=(110, 40))


@pytest.mark.parametrize("number", range(0, len(ALL), 16))
def test_keys_problems_titles_and_states(number: int, play: Play, press: Play) -> None:
    """Texts that are the user's, or the system's: they reach the same places."""
    words = some(number // 16, 16)
    key = words.encode("utf-8", "ignore").decode()  # as TOML can say it
    preferences = Preferences({"fix": key, "copy": "c"}, problems=(words,), theme=words)

    async def story(pilot: Any) -> None:
        app = pilot.app
        app.session.source = EvidenceSource(words, None)
        app.session.status = words
        app._show_status(words)
        await app.switch_mode("path")
        for keys in (["2", "1"], ["ctrl+p"], ["escape", "question_mark"], ["question_mark"], ["y"], ["x"]):
            await press(pilot, *keys)
            is_dead(app)
        app.copy_to_clipboard(words)
        assert app.is_running

    play(story, None, app=Doctor(None, preferences))


def test_the_pasted_token_and_the_typed_target(play: Play, press: Play) -> None:
    claims = {"iss": some(8), "sub": some(9), "aud": [some(10)], some(11): some(12)}

    async def story(pilot: Any) -> None:
        app = pilot.app
        await press(pilot, "3", "p")
        for widget in app.screen.query("TextArea, Input"):
            widget.text = json.dumps(claims) if hasattr(widget, "text") else ""
        await press(pilot, "ctrl+s")
        is_dead(app)
        await press(pilot, "enter")
        is_dead(app)
        await press(pilot, "escape")
        is_dead(app)

    play(story)
