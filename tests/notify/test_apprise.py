"""Apprise: plain text that no service acts on, and nothing of an address shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from clouds.receiver import Inbox
from oidc_doctor.documents.health_file import Receiver
from oidc_doctor.notify.apprise import Service, services_of
from oidc_doctor.notify.message import Message

REFUSED = "AWS refuses this token: the trust policy expects another subject."
LINES = "The subject is v=1:org=*:team=*:*.\nweights: failing"


@pytest.fixture
def chat(desk: Any, start_inbox: Callable[[], Inbox], monkeypatch: pytest.MonkeyPatch) -> list[Inbox]:
    """A desk with two addresses of Apprise in CHAT."""
    inboxes = [start_inbox(), start_inbox()]
    addresses = (f"json://reader:CANARYPASSWORD@localhost:{inbox.port}/CANARYPATH" for inbox in inboxes)
    monkeypatch.setenv("CHAT", "\n ".join(addresses))
    desk.write('apprise_env = "CHAT"')
    return inboxes


def test_each_address_gets_each_message_once(desk: Any, chat: list[Inbox]) -> None:
    one, two = chat
    desk.run()
    desk.team("green")
    two.answer(500)
    run = desk.run()
    assert "Apprise, JSON (CHAT 2 of 2): Failed to send JSON POST notification" in run.err
    assert run.err.count("\n") == 1
    two.answer(200)
    kept = json.loads(desk.state.read_text())["outbox"]
    assert [entry["channel"].partition(":")[2] for entry in kept] == ["1"]
    assert desk.run().code == 1
    assert (len(one.deliveries), len(two.deliveries)) == (1, 1)
    message = two.deliveries[0].message
    assert (message["title"], message["type"]) == (REFUSED, "failure")
    assert message["message"].startswith("weights: failing; it was healthy")
    assert "CANARY" not in run.out + run.err + desk.state.read_text()


def test_a_redirect_is_not_followed(desk: Any, chat: list[Inbox]) -> None:
    one, two = chat
    one.answer(307)
    one.location = two.url
    assert desk.run("--notify-test").code == 3
    assert [len(inbox.deliveries) for inbox in chat] == [1, 1]


def test_a_reason_with_a_part_of_the_address_is_not_shown(
    desk: Any, chat: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    def logs(_: Any) -> Iterator[Any]:
        yield SimpleNamespace(message="cannot post to /CANARYPATH")
        yield SimpleNamespace(message="reader:CANARYPASSWORD is refused")

    chat[0].answer(500)
    monkeypatch.setattr("apprise.AppriseResult.logs", logs)
    run = desk.run("--notify-test")
    assert run.out.splitlines()[0] == "✗ Apprise, JSON (CHAT 1 of 2): not delivered"


def test_messages_wait_for_a_variable_that_is_not_set(
    desk: Any, chat: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()
    desk.team("green")
    with monkeypatch.context() as patch:
        patch.delenv("CHAT")
        assert "Apprise (CHAT): the environment variable CHAT is not set; 1 message kept" in desk.run().err
    assert desk.run().err == ""
    assert [len(inbox.deliveries) for inbox in chat] == [1, 1]


def test_a_variable_that_is_not_set_loses_no_address(
    desk: Any, chat: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()
    desk.team("green")
    chat[1].answer(500)
    desk.run()
    chat[1].answer(200)
    with monkeypatch.context() as patch:
        patch.delenv("CHAT")
        desk.run()
    desk.run()
    assert [len(inbox.deliveries) for inbox in chat] == [1, 1]


def test_an_address_that_apprise_does_not_know_is_not_shown(
    desk: Any, chat: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT", "CANARYSCHEME://CANARY json://[CANARY file:///CANARY config://CANARY CANARY")
    run = desk.run("--notify-test")
    assert run.code == 3
    assert run.out.count("not an address of a service that Apprise supports here\n") == 5
    assert "CANARY" not in run.out + run.err


def test_without_the_library_a_line_says_how_to_install_it(
    desk: Any, chat: list[Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    run = desk.run("--notify-test")
    assert (run.code, run.err) == (3, "")
    assert run.out.splitlines()[0] == (
        "✗ Apprise (CHAT 1 of 2): Apprise is not installed: pip install 'oidc-doctor[notify]'"
    )


def sent_by(address: str, monkeypatch: pytest.MonkeyPatch, text: str = LINES) -> str:
    """The body of the request that a service of Apprise makes."""
    import requests

    bodies: list[str] = []

    def request(_: Any, method: str, url: str, **values: Any) -> requests.Response:
        bodies.append(values["data"] if isinstance(values["data"], str) else json.dumps(values["data"]))
        response = requests.Response()
        response.status_code = 200
        response._content = b'{"id": 1, "result": "success"}'
        return response

    monkeypatch.setattr(requests.Session, "request", request)
    (service,) = services_of(Receiver(apprise_env="CHAT"), {"CHAT": address})
    assert isinstance(service, Service)
    answer = service.deliver(Message("new", "", ["weights"], text.partition("\n")[0], text), 10)
    assert answer.accepted, answer
    return bodies[0]


MARKDOWN = ("discord://4174216298/" + "JHMHI8qBe7bk2ZwO5U711o3dV_js", f"mmost://localhost/{'3c' * 16}")


def test_a_long_text_stays_in_its_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.loads(sent_by(MARKDOWN[0], monkeypatch, "*" * 5_000))["content"]
    assert len(body) < 2_000
    assert body.endswith("…\n```")


@pytest.mark.parametrize("address", MARKDOWN)
def test_a_service_that_reads_markdown_shows_every_star(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.loads(sent_by(address, monkeypatch))
    assert body.get("content", body.get("text")) == f"```\n{LINES}\n```"


def test_a_topic_is_not_the_headline(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.loads(sent_by(f"zulip://botname@org/{'a' * 32}/general", monkeypatch))
    assert (body["topic"], body["content"]) == ("oidc-doctor", f"```\n{LINES}\n```")


def test_a_card_of_teams_has_no_title_in_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    card = json.loads(sent_by(f"workflows://host:443/{'a1' * 16}/{'S' * 43}", monkeypatch))
    texts = [part["text"] for part in card["attachments"][0]["content"]["body"] if part["type"] == "TextBlock"]
    assert len(texts) == 1
    assert texts[0].startswith(r"The subject is v\=1:org\=\*:team\=\*:\*")
