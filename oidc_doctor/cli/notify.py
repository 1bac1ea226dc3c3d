"""The messages of a health run: queued, delivered, and tried out with --notify-test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.cli.exit_codes import ExitCode, UsageError
from oidc_doctor.cli.output import complain
from oidc_doctor.cli.streams import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from oidc_doctor.documents.health_file import HealthFile
    from oidc_doctor.model.health import Health
    from oidc_doctor.notify.channel import Channel
    from oidc_doctor.notify.outbox import Entry

_SECONDS = 15.0


def queue(file: HealthFile, result: Health, outbox: list[Entry]) -> list[Channel]:
    """Queue the messages of a run, and return the channels. The result's warnings name what is dropped."""
    from oidc_doctor.notify import outbox as queues
    from oidc_doctor.notify.messages import messages_of
    from oidc_doctor.notify.receivers import channels_of

    messages = messages_of(result) if file.receivers else []
    if not messages and not outbox:
        return []
    channels = channels_of(file.receivers)
    result.warnings += queues.queue(outbox, messages, channels)
    return channels


def deliver(channels: Sequence[Channel], outbox: list[Entry], narrate: Callable[[str], None]) -> bool:
    """Deliver the queue, print a line for each channel that fails, and return whether none did."""
    from oidc_doctor.notify import outbox as queues

    failures = queues.deliver(outbox, channels, narrate)
    for failure in failures:
        complain(failure)
    return not failures


def send_tests(file: HealthFile, path: str) -> int:
    """Send a test message to each receiver, and print what each answers. Raises UsageError."""
    if not file.receivers:
        raise UsageError(f"--notify-test: {path} has no [[notify]]; add one with url_env or apprise_env")
    import time

    from oidc_doctor import __version__
    from oidc_doctor.judge.times import rfc3339
    from oidc_doctor.notify.messages import test_message
    from oidc_doctor.notify.receivers import channels_of
    from oidc_doctor.report.parts.escape import visible

    message = test_message({"name": "oidc-doctor", "version": __version__}, rfc3339(time.time()))
    code = ExitCode.OK
    for channel in channels_of(file.receivers):
        answer = channel.deliver(message, _SECONDS)
        sign = "✓" if answer.accepted else "✗"
        show(visible(f"{sign} {channel.label}: {answer.words}") + "\n")
        code = code if answer.accepted else ExitCode.UNKNOWN
    return code
