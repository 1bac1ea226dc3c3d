"""Addresses of Apprise (github.com/caronc/apprise): chat, mail, pagers. An extra, imported when one is used.

The addresses are the user's own, from the environment: of a message, Apprise is given text alone, never an attachment,
a template or an address. It keeps nothing on disk, loads no plugins of others, and follows no redirect.
"""

from __future__ import annotations

import logging
import re
import time
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from oidc_doctor import __version__
from oidc_doctor.notify.channel import Answer, Unusable, every_address, receiver_key
from oidc_doctor.notify.defused import defused, fenced
from oidc_doctor.report.parts.lines import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from oidc_doctor.documents.health_file import Receiver
    from oidc_doctor.notify.channel import Channel
    from oidc_doctor.notify.message import Message

INSTALL = "pip install 'oidc-doctor[notify]'"
# Apprise escapes a text for services that it knows to read Markdown or HTML. These read Markdown in what it sends as
# text (Apprise 2.3; inferred from its sources, and so is the next set: these read Markdown in titles alone).
_READ_MARKDOWN = frozenset(
    ("discord", "fluxer", "fluxers", "guilded", "mmost", "mmosts", "nctalk", "nctalks", "revolt", "ryver", "zulip")
)
_FRAME = 40  # characters of a fence, and of a title that Apprise puts before it
_HAS_TOPICS = frozenset(("zulip",))
_TITLE_IN_MARKDOWN = frozenset(("workflow", "workflows"))
_KINDS = {"blocks": "failure", "weakens": "warning"}
_SHORTEST = 4  # characters of a part of an address that is looked for in a reason
_LONG = 200  # characters of a reason


class Service(NamedTuple):
    """An address of Apprise. `parts` are the pieces of the address: no reason with one of them is shown."""

    key: str
    label: str
    plugin: Any
    parts: frozenset[str]

    def __repr__(self) -> str:
        return f"Service({self.label})"

    def deliver(self, message: Message, seconds: float) -> Answer:
        """Send a message as plain text."""
        from apprise import Apprise, NotifyFormat

        title, body = self._title_and_body(message)
        sender = Apprise(asset=self.plugin.asset)
        sender.add(self.plugin)
        kind = "success" if message.change == "resolved" or message.state == "healthy" else _KINDS.get(message.effect)
        kind = kind or ("warning" if message.change == "state" else "info")
        began = time.monotonic()
        result = sender.notify(body, title, notify_type=kind, body_format=NotifyFormat.TEXT, timeout=seconds)
        if result:
            return Answer(True, "sent")
        if time.monotonic() - began >= seconds:
            return Answer(False, f"no answer within {seconds:.0f} s")
        return Answer(False, self._reason(result))

    def _title_and_body(self, message: Message) -> tuple[str, str]:
        schemas = set(self.plugin.schemas())
        if schemas & _READ_MARKDOWN:
            room = max(self.plugin.body_maxlen - _FRAME, 0)  # Apprise would cut a longer text in two, and the fence too
            return "oidc-doctor" if schemas & _HAS_TOPICS else "", fenced(clip(message.text, room))
        if schemas & _TITLE_IN_MARKDOWN or "\n" not in message.text:
            return "", message.text
        headline, _, rest = message.text.partition("\n")
        return headline, rest

    def _reason(self, result: Any) -> str:
        """Return Apprise's own words if they hold no part of the address."""
        for entry in result.logs():
            words = str(entry.message)
            if not any(part in words for part in self.parts):
                return clip(defused(words).rstrip("."), _LONG)
        return "not delivered"


def services_of(receiver: Receiver, environment: Mapping[str, str]) -> Iterator[Channel]:
    """Yield a channel for each address in the variable, which white space separates."""
    name = receiver.apprise_env
    receiver_id = receiver_key(f"apprise_env {name}")
    addresses = environment.get(name, "").split()
    if not addresses:
        reason = f"the environment variable {name} is not set"
        yield Unusable(every_address(receiver_id), f"Apprise ({name})", reason)
        return
    for index, address in enumerate(addresses):
        place = f" {index + 1} of {len(addresses)}" if len(addresses) > 1 else ""
        yield _service(f"{receiver_id}:{index}", f"({name}{place})", address)


def _service(key: str, named: str, address: str) -> Channel:
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError:
        return Unusable(key, f"Apprise {named}", f"Apprise is not installed: {INSTALL}")
    _silence()
    asset = AppriseAsset(
        app_id="oidc-doctor",
        app_desc=f"oidc-doctor {__version__}",
        storage_mode="memory",
        http_redirects=False,
        async_mode=False,
        allow_templates=False,
        interpret_emojis=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports every library of a service that is installed, however old
        plugin = Apprise.instantiate(address, asset=asset)
    if plugin is None:
        return Unusable(key, f"Apprise {named}", "not an address of a service that Apprise supports here")
    return Service(key, f"Apprise, {defused(str(plugin.service_name))} {named}", plugin, _parts_of(address))


def _silence() -> None:
    """Keep Apprise's log, which may have parts of addresses, away from stderr."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())


def _parts_of(address: str) -> frozenset[str]:
    """Return the pieces of an address behind its scheme, as written and decoded."""
    behind = address.partition("://")[2]
    pieces = re.split(r"[/:@?&=#,;]", behind)
    every = {form for piece in pieces for form in (piece, unquote(piece))}
    return frozenset(piece for piece in every if len(piece) >= _SHORTEST)
