"""Health runs that send messages: delivered once, in order, kept where a receiver fails, and nothing secret shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fenced
from clouds.issuer import Authority, TlsServer
from clouds.receiver import Delivery, Inbox, inbox_handler
from clouds.servers import serving
from oidc_doctor.health import state as states
from oidc_doctor.live import https
from oidc_doctor.live.collect import CallError
from oidc_doctor.model.limits import OUTBOX
from oidc_doctor.notify import outbox as queues

GUIDE = Path(__file__).parents[2] / "docs/guides/notify.md"
REFUSED = "AWS refuses this token: the trust policy expects another subject."
SECRET = "whsec_" + "Q0FOQVJZ" * 5  # that of HOOK_SECRET
CANARIES = ("CANARY", "Q0FOQVJZ")


def signature_of(delivery: Delivery, secret: str) -> str:
    """As the text of Standard Webhooks 1.0.0 says, written anew."""
    key = base64.b64decode(secret.split("_")[1])
    content = (
        delivery.headers["webhook-id"] + "." + delivery.headers["webhook-timestamp"] + "." + delivery.body.decode()
    )
    return "v1," + base64.b64encode(hmac.digest(key, content.encode(), hashlib.sha256)).decode()


def kept(desk: Any) -> list[dict[str, Any]]:
    return list(json.loads(desk.state.read_text())["outbox"])


def test_a_change_is_sent_once_and_its_end_once(desk: Any, inbox: Inbox) -> None:
    assert desk.run().code == 0
    assert inbox.deliveries == []  # the baseline
    desk.team("green")
    assert desk.run().code == 1
    assert desk.run().code == 1
    (delivery,) = inbox.deliveries
    message = delivery.message
    assert (message["schema"], message["type"]) == ("oidc-doctor.message/1", "health.new")
    assert (message["target"], message["code"], message["state"]) == ("weights", "AWS025", "failing")
    assert message["text"].startswith(f"{REFUSED}\nweights: failing; it was healthy")
    assert message["id"] == delivery.headers["webhook-id"]
    assert delivery.headers["content-type"] == "application/json"
    desk.team("blue")
    assert desk.run().code == 0
    assert desk.run().code == 0
    assert len(inbox.deliveries) == 2
    assert inbox.headlines[1].startswith("Resolved")
    assert inbox.headlines[1].endswith(REFUSED)
    assert kept(desk) == []


def test_the_guide_verifies_a_delivery(desk: Any, inbox: Inbox) -> None:
    (block,) = [block.text for block in fenced.blocks_of("", GUIDE.read_text("utf-8")) if block.language == "python"]
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 - the page that it tests
    desk.run("--notify-test")
    (delivery,) = inbox.deliveries
    assert names["is_genuine"](delivery.headers, delivery.body, SECRET)
    assert not names["is_genuine"](delivery.headers, delivery.body + b" ", SECRET)


def test_a_delivery_is_signed_as_standard_webhooks_says(
    desk: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ("whsec_" + base64.b64encode(bytes([number]) * 24).decode() for number in (1, 2))
    monkeypatch.setenv("HOOK_SECRET", f"{new} {old}")
    assert desk.run("--notify-test").code == 0
    (delivery,) = inbox.deliveries
    assert delivery.headers["webhook-signature"].split(" ") == [
        signature_of(delivery, new),
        signature_of(delivery, old),
    ]
    assert abs(int(delivery.headers["webhook-timestamp"]) - time.time()) < 60
    monkeypatch.delenv("HOOK_SECRET")
    run = desk.run("--notify-test")
    assert (run.code, len(inbox.deliveries)) == (3, 1)  # never without the signature that the file asks for
    assert "HOOK_SECRET is not set" in run.out


@pytest.mark.parametrize("status", [500, 429, 404, 410, 302])
def test_a_message_that_is_not_accepted_is_kept_and_sent_again(desk: Any, inbox: Inbox, status: int) -> None:
    desk.run()
    desk.team("green")
    inbox.answer(status)
    inbox.location = f"http://localhost:{inbox.port}/elsewhere"
    run = desk.run()
    assert run.code == 1  # a finding comes first
    assert f"oidc-doctor: webhook localhost (HOOK_URL): {status} " in run.err
    assert run.err.rstrip().endswith("1 message kept for the next run")
    assert [delivery.path for delivery in inbox.deliveries] == ["/hooks/CANARYPATH?key=CANARYQUERY"]
    first = inbox.deliveries[0].message
    desk.team("blue")
    assert desk.run().code == 3  # healthy, but no one was notified
    again = desk.run()
    assert again.code == 3
    assert "2 messages not delivered yet" in " ".join(again.out.split())
    inbox.answer(200)
    assert desk.run().code == 0
    assert inbox.headlines[0] == REFUSED
    assert inbox.headlines[1].startswith("Resolved")
    assert inbox.deliveries[0].message == first  # with its id
    assert kept(desk) == []
    assert "not delivered" not in desk.run().out


def test_https_trusts_the_users_authorities_alone(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, inbox = Authority(tmp_path), Inbox()
    server = TlsServer(("127.0.0.1", 0), inbox_handler(inbox))
    server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.context.load_cert_chain(*authority.server_files())
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    with serving(server) as port:
        monkeypatch.setenv("HOOK_URL", f"https://127.0.0.1:{port}/CANARYPATH")
        run = desk.run("--notify-test")
        assert (run.code, inbox.deliveries) == (3, [])
        assert "webhook 127.0.0.1 (HOOK_URL): 127.0.0.1: unable to get local issuer certificate\n" in run.out
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        assert desk.run("--notify-test").code == 0
    (delivery,) = inbox.deliveries
    assert delivery.headers["webhook-signature"] == signature_of(delivery, SECRET)


def test_a_message_that_is_refused_for_itself_holds_no_other_up(desk: Any, inbox: Inbox) -> None:
    desk.run()
    desk.team("green")
    inbox.answer(422)
    desk.run()
    desk.team("blue")
    inbox.answer(422, 204)
    assert desk.run().code == 3
    assert [delivery["message"]["change"] for delivery in kept(desk)] == ["new"]


def test_one_receiver_that_fails_does_not_concern_another(
    desk: Any, inbox: Inbox, start_inbox: Callable[[], Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start_inbox()
    monkeypatch.setenv("OTHER_URL", other.url)
    desk.write('url_env = "OTHER_URL"', 'url_env = "HOOK_URL"')
    desk.run()
    desk.team("green")
    other.answer(503)
    desk.run()
    assert (len(inbox.deliveries), len(other.deliveries)) == (1, 1)
    assert "webhook-signature" not in inbox.deliveries[0].headers
    other.answer(204)
    desk.run()
    assert (len(inbox.deliveries), len(other.deliveries)) == (1, 1)
    assert other.deliveries[0].message == inbox.deliveries[0].message
    desk.team("blue")
    other.answer(503)
    desk.run()
    desk.write('url_env = "HOOK_URL"')
    run = desk.run()
    assert (run.code, kept(desk)) == (0, [])
    assert "1 message dropped: their receiver is no longer in the file" in run.err


def test_a_slow_receiver_takes_its_share_of_the_time(
    desk: Any, inbox: Inbox, start_inbox: Callable[[], Inbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = start_inbox()
    other.seconds = 2.0
    monkeypatch.setattr(queues, "_SECONDS", 0.6)
    monkeypatch.setenv("OTHER_URL", other.url)
    desk.write('url_env = "OTHER_URL"', 'url_env = "HOOK_URL"')
    desk.run()
    desk.team("green")
    began = time.monotonic()
    run = desk.run()
    assert "localhost took too long; 1 message kept" in run.err
    assert len(inbox.deliveries) == 1
    assert time.monotonic() - began < 10


def test_a_run_that_is_killed_before_its_report_loses_no_message(
    desk: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()
    desk.team("green")
    with monkeypatch.context() as patch:
        patch.setattr("oidc_doctor.cli.health.write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert desk.run().code == 130
    assert inbox.deliveries == []
    assert len(kept(desk)) == 1
    desk.run()
    assert inbox.headlines == [REFUSED]


def test_a_run_that_is_killed_while_it_delivers_sends_the_same_id_again(
    desk: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()
    desk.team("green")
    saves: list[int] = []
    save = states.save

    def save_twice(path: str, state: states.State) -> None:
        saves.append(1)
        if len(saves) < 3:
            save(path, state)

    with monkeypatch.context() as patch:
        patch.setattr(states, "save", save_twice)
        desk.run()
    desk.run()
    first, second = inbox.deliveries
    assert first.body == second.body


def test_nothing_secret_is_shown_or_kept(desk: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run()
    desk.team("green")
    runs = []
    for address in (
        inbox.url,
        inbox.url.replace("localhost", "nowhere.invalid").replace("http:", "https:"),
        inbox.url.replace("http:", "https:"),  # no TLS there
        inbox.url.replace("localhost", "hooks.example"),  # http elsewhere
        "https://reader:CANARYPASSWORD@localhost/",
        "CANARYSCHEME:CANARY",
        "https://[CANARY",
        "https://localhost:CANARY/",
        "https://localhost/CANARY\u00e9",
        "CANARY",
    ):
        inbox.answer(500)
        monkeypatch.setenv("HOOK_URL", address)
        runs += [desk.run(), desk.run("--notify-test")]
    monkeypatch.setenv("HOOK_SECRET", "CANARYSECRET")
    monkeypatch.setenv("HOOK_URL", inbox.url)
    runs += [desk.run(), desk.run("--notify-test")]
    assert {run.code for run in runs} == {1, 3}
    texts = [run.out + run.err for run in runs]
    assert all("HOOK_" in text for text in texts)
    assert len(texts) == 22
    assert "HOOK_SECRET: not a secret of Standard Webhooks" in texts[-1]
    assert not [text for text in (*texts, desk.state.read_text()) if any(canary in text for canary in CANARIES)]


def test_an_address_in_the_file_is_not_kept(desk: Any, inbox: Inbox) -> None:
    desk.write(f'url = "{inbox.url}"')
    desk.run("-c", "oidc-doctor.toml")
    desk.team("green")
    inbox.answer(500)
    run = desk.run("-c", "oidc-doctor.toml")
    assert "webhook localhost (oidc-doctor.toml:4): 500 Internal Server Error; 1 message kept" in run.err
    assert "CANARY" not in run.out + run.err + desk.state.read_text()
    assert len(kept(desk)) == 1


def test_plain_http_leads_to_this_machine_alone(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "http://hooks.example/")
    assert "not an address of https, or of http on localhost" in desk.run("--notify-test").out
    with pytest.raises(CallError, match="http instead of https"):
        https.post("http://hooks.example/", b"", {}, 5)
    tried: list[Any] = []
    elsewhere = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [elsewhere])
    monkeypatch.setattr(https, "_connected", lambda addresses, _: tried.extend(addresses) or socket.socket())
    with pytest.raises(CallError):
        https.post("http://localhost/", b"", {}, 5)
    assert tried == []


def test_a_file_without_receivers_cannot_be_tried(desk: Any) -> None:
    desk.write()
    run = desk.run("--notify-test")
    assert (run.code, run.out) == (2, "")
    assert "has no [[notify]]" in run.err


def test_what_is_too_old_or_too_many_is_dropped_and_named(
    desk: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()
    desk.team("green")
    inbox.answer(500)
    desk.run()
    state = json.loads(desk.state.read_text())
    (entry,) = state["outbox"]
    state["outbox"] = [{**entry, "queued": entry["queued"] - 31 * 86_400}, *[entry] * 3]
    monkeypatch.setattr(queues, "OUTBOX", OUTBOX._replace(most=2))
    desk.state.write_text(json.dumps(state))
    inbox.answer(204)
    run = desk.run()
    assert "1 message dropped: not delivered within 30 days" in run.err
    assert "the oldest 1 are dropped" in run.err
    assert kept(desk) == []
