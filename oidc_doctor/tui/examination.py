"""The examination in a background thread, and the messages that it posts to the app."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from textual.message import Message

if TYPE_CHECKING:
    from typing import BinaryIO

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.examine import Examined
    from oidc_doctor.examine.question import Question
    from oidc_doctor.logs.reading.raw_events import RawEvents
    from oidc_doctor.model.report import Exchange, Report
    from oidc_doctor.report.rows.log_rows import Row


Narrate = Callable[[str], None]
_LONGEST_WAIT = 0.2  # seconds: a delay that a user who quits does not notice


class LiveSource:
    """Evidence that is collected from the clouds, and kept for the raw events that are read from it later.

    `collect` calls its argument with what is being read, and returns the bundle and the question. It raises `error`
    with one line for people.
    """

    def __init__(
        self, collect: Callable[[Narrate], tuple[Bundle | None, Question]], error: type[Exception] = OSError
    ) -> None:
        self.collect = collect
        self.error = error
        self.bundle: Bundle | None = None
        self.question: Question | None = None

    def read(self, narrate: Narrate) -> None:
        """Collect the evidence again."""
        self.bundle, self.question = self.collect(narrate)


class EvidenceSource(NamedTuple):
    """The evidence of an examination. Every examination reads it again, so `r` shows what has changed.

    `bundle` is the path of a folder, archive or file; None if the command line contains all evidence. With `live`,
    bundle and question come from there.
    """

    title: str
    bundle: str | None = None
    question: Question | None = None
    live: LiveSource | None = None

    def open(self) -> Bundle | None:
        """The bundle, to be closed with `close`. Raises BundleError."""
        if self.live is not None:
            return self.live.bundle
        if self.bundle is None:
            return None
        from oidc_doctor.things.open import open_paths

        return open_paths([self.bundle])

    def close(self, bundle: Bundle | None) -> None:
        """Close what `open` returned. A collected bundle stays open: it cannot be opened again."""
        if bundle is not None and self.live is None:
            bundle.close()

    def asked(self) -> Question:
        """The question that belongs to the evidence."""
        if self.live is not None and self.live.question is not None:
            return self.live.question
        if self.question is not None:
            return self.question
        from oidc_doctor.examine.question import Question

        return Question()

    def read_events(self, raw: RawEvents, row: Row, offset: int, limit: int) -> list[tuple[str, str]]:
        """The raw events of a row: the place of each event, and its JSON text. Raises OSError and BundleError."""
        if row.change is not None:
            events = raw.of_change(str(row.change.get("event_id")))
            return events[offset : offset + limit]
        bundle, question = self.open(), self.asked()
        on_disk = {*question.cloudtrail, *question.gcp_logs}

        def open_file(name: str) -> BinaryIO:
            return open(name, "rb") if bundle is None or name in on_disk else bundle.open(name)

        try:
            return raw.of_attempt(row.number, offset, limit, open_file)
        finally:
            self.close(bundle)


class Cancelled(Exception):  # noqa: N818 - not an error
    """The user cancelled the run."""


class Progress(Message):
    """The current read of a run; `exchange` is set after an exchange was judged."""

    def __init__(self, run: Examination, text: str, exchange: Exchange | None = None) -> None:
        super().__init__()
        self.run = run
        self.text = text
        self.exchange = exchange


class Finished(Message):
    """The examination has ended with a report."""

    def __init__(self, run: Examination, examined: Examined) -> None:
        super().__init__()
        self.run = run
        self.examined = examined

    @property
    def report(self) -> Report:
        """Return the report of the examination."""
        return self.examined.report


class Failed(Message):
    """The examination has ended without a report; `text` is one line for people."""

    def __init__(self, run: Examination, text: str) -> None:
        super().__init__()
        self.run = run
        self.text = text


class Examination:
    """A run in a daemon thread, so that the program can end while a file or the network is slow."""

    def __init__(self, source: EvidenceSource, post: Callable[[Message], object]) -> None:
        self.source = source
        self._post = post
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread. Messages are posted until Finished, Failed or `cancel`."""
        self._thread = threading.Thread(target=self._work, name="examination", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Cancel, and wait briefly until the thread has ended."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(_LONGEST_WAIT)

    def cancel(self) -> None:
        """Stop at the next file, and post no more messages."""
        self._cancelled.set()

    def _say(self, message: Message) -> None:
        if self._cancelled.is_set():
            raise Cancelled
        self._post(message)

    def _progress(self, text: str, exchange: Exchange | None = None) -> None:
        self._say(Progress(self, text, exchange))

    def _logs(self, files: int, of: int, size: int, in_all: int) -> None:
        part = f", {size / in_all:.0%}" if in_all else ""
        self._progress(f"reading logs: {files:,} of {of:,} files{part}")

    def _work(self) -> None:
        try:
            self._examine()
        except Cancelled:
            pass
        except BaseException as error:  # shown to the user and raised again
            if not self._cancelled.is_set():
                text = f"internal error in oidc-doctor (your evidence is not at fault): {type(error).__name__}: {error}"
                self._post(Failed(self, text))
            raise

    def _examine(self) -> None:
        from oidc_doctor.bundle.files import BundleError
        from oidc_doctor.examine.examine import examine
        from oidc_doctor.findings.packs import PackError

        live = self.source.live
        expected = (BundleError, PackError, OSError) if live is None else (BundleError, PackError, OSError, live.error)
        try:
            if live is None:
                self._progress(f"opening {self.source.bundle or 'the evidence of the command line'}")
            else:
                live.read(self._progress)
            bundle = self.source.open()
            try:
                examined = examine(bundle, self.source.asked()._replace(progress=self._logs), self._progress)
            finally:
                self.source.close(bundle)
        except expected as error:
            self._say(Failed(self, str(error)))
            return
        self._say(Finished(self, examined))
