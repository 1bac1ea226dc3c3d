"""The [[notify]] tables of the user's own file → channels."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oidc_doctor.notify.webhook import webhook_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_doctor.documents.health_file import Receiver
    from oidc_doctor.notify.channel import Channel


def channels_of(receivers: Iterable[Receiver]) -> list[Channel]:
    """Return the channels, each once, in the order of the file."""
    channels: dict[str, Channel] = {}
    for receiver in receivers:
        if receiver.apprise_env:
            from oidc_doctor.notify.apprise import services_of  # late: its own imports are not small

            found = list(services_of(receiver, os.environ))
        else:
            found = [webhook_of(receiver, os.environ)]
        for channel in found:
            channels.setdefault(channel.key, channel)
    return list(channels.values())
