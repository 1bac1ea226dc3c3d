"""Which messages a run makes: one for each change, and none for what was suppressed or is explained already."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from oidc_doctor.model.health import Health, HealthFinding, Suppression, TargetHealth
from oidc_doctor.notify.defused import defused, fenced
from oidc_doctor.notify.messages import messages_of
from reports.payloads import PAYLOADS

NOW, BEFORE = "2026-11-30T03:00:00Z", "2026-11-21T03:00:00Z"
HEADLINE = "AWS refuses this token: the trust policy expects another team."
SUPPRESSED = Suppression("AWS025", "role", "known", "platform", "2027-01-31")


def finding(change: str = "new", **values: Any) -> HealthFinding:
    base = HealthFinding("AWS025", "subject-segment-differs", "role", "blocks", HEADLINE, "new", NOW, "f" * 16)
    return base._replace(change=change, **values)


def target(name: str, state: str, *findings: HealthFinding, was: str | None = None, reason: str = "") -> TargetHealth:
    return TargetHealth(name, ["role"], state, NOW, list(findings), was, BEFORE if was else "", reason)


def run(*targets: TargetHealth, **values: Any) -> list[tuple[str, str, list[str]]]:
    """Change, first line and targets of each message; the id of each is its own."""
    messages = messages_of(Health(1, NOW, {"name": "oidc-doctor", "version": "1"}, list(targets), **values))
    assert len({message.id for message in messages}) == len(messages)
    assert all(message.text.partition("\n")[0] == message.headline for message in messages)
    return [(message.change, message.headline, message.targets) for message in messages]


def test_the_first_run_sends_nothing() -> None:
    assert run(target("weights", "failing", finding()), first=True) == []


def test_a_finding_explains_the_state() -> None:
    assert run(target("weights", "failing", finding(), was="healthy")) == [("new", HEADLINE, ["weights"])]
    over = finding("resolved", since=BEFORE, until=NOW)
    assert run(target("weights", "healthy", over, was="failing")) == [
        ("resolved", f"Resolved after 9 days: {HEADLINE}", ["weights"])
    ]


def test_what_continues_or_is_suppressed_sends_nothing() -> None:
    assert run(target("weights", "failing", finding("continuing"))) == []
    hidden = finding(suppressed=SUPPRESSED)
    assert run(target("weights", "failing", hidden, was="healthy")) == []
    assert run(target("weights", "healthy", hidden._replace(change="resolved"), was="failing")) == []


def test_a_weakness_does_not_explain_a_refusal() -> None:
    weak = finding(code="AWS070", headline="Statement[0] accepts every team.", effect="weakens")
    assert [change for change, _, _ in run(target("weights", "failing", weak, was="healthy"))] == ["new", "state"]


def test_targets_behind_one_obstacle_are_one_message() -> None:
    reason = "The AWS credentials expired at 02:10 UTC."
    names = [f"target-{number}" for number in range(200)]
    ((change, headline, targets),) = run(*(target(name, "unread", was="healthy", reason=reason) for name in names))
    assert (change, headline, targets) == ("state", reason, names)
    again = run(*(target(name, "healthy", was="unread") for name in names))
    assert [(change, targets) for change, _, targets in again] == [("state", names)]
    assert again[0][1].startswith("target-0, target-1, ")
    assert again[0][1].endswith(" and 190 more: healthy; before: not readable")


def test_the_end_of_an_obstacle_is_sent_where_no_finding_is_new() -> None:
    ((change, headline, _),) = run(target("weights", "failing", finding("continuing"), was="unread", reason=""))
    assert (change, headline) == ("state", "weights: failing; it was not readable for 9 days")
    hidden = target("weights", "failing", finding(suppressed=SUPPRESSED), was="unread")
    assert [change for change, _, _ in run(hidden)] == ["state"]


def test_one_cause_of_several_targets_is_one_message() -> None:
    one, two = (target(name, "failing", finding(), was="healthy") for name in ("weights", "models"))
    assert run(one, two) == [("new", HEADLINE, ["weights", "models"])]


def test_targets_that_left_the_file() -> None:
    assert run(gone=["weights", "models"]) == [
        ("gone", "weights, models: no longer in the file, and no longer checked", ["weights", "models"])
    ]


JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJqb2I6Ymx1ZSJ9." + "c2lnbmF0dXJl" * 20


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("@here", r"\x40here"),
        ("see @channel.", r"see \x40channel."),
        ("foo@Everyone", r"foo\x40Everyone"),
        ("@**all**", r"\x40**all**"),
        ("reader@project.iam.gserviceaccount.com", "reader@project.iam.gserviceaccount.com"),
        ("<!here> <@U1> <#C1> <users/all> <https://x.example|y>",
         r"\x3c!here> \x3c\x40U1> \x3c#C1> \x3cusers/all> \x3chttps://x.example|y>"),
        ("a < b <= c", "a < b <= c"),
        ("[sign in](https://x.example)", r"[sign in]\x28https://x.example)"),
        ("```\n@here", r"\x60\x60\x60\n\x40here"),
        ("v=1:org=*:team=*:*", "v=1:org=*:team=*:*"),
        ("\u202e\u200b@\u200bhere", r"\u202e\u200b\x40\u200bhere"),
        (f"sub {JWT}", "sub [token removed]"),
    ],
)  # fmt: skip
def test_a_strangers_text_does_not_act(written: str, shown: str) -> None:
    assert defused(written) == shown


@pytest.mark.parametrize("payload", [payload for payloads in PAYLOADS.values() for payload in payloads])
def test_no_payload_acts_in_a_chat(payload: str) -> None:
    shown = defused(f"sub {payload} end")
    tokens = MarkdownIt("commonmark", {"html": True}).parseInline(shown)[0].children or []
    assert not [token.type for token in tokens if token.type in ("link_open", "image", "html_inline", "softbreak")]
    assert not re.search(r"<[!@#/\w]|(?:^|\s)@\w", shown)  # Slack, Google Chat; mentions
    assert [token.type for token in MarkdownIt("commonmark").parse(fenced(shown))] == ["fence"]


def test_every_text_of_a_message_is_defused() -> None:
    payload = f"<!here> {JWT}"
    values = dict.fromkeys(("code", "name", "resource", "headline", "fix", "at", "was"), payload)
    found = finding("changed", **values)
    hostile = target(payload, "failing", found)
    unread = target(payload, "unread", was="healthy", reason=payload)
    health = Health(1, NOW, {"name": "oidc-doctor"}, [hostile, unread], gone=[payload])
    bodies = [message.body.decode() for message in messages_of(health)]
    assert len(bodies) == 3
    assert not [body for body in bodies if "<!" in body or JWT[:20] in body]
