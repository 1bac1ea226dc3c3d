"""What the screens are about, and the run that finds the answer: in a thread of its own, telling what it reads."""

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
_MOMENT = 0.2  # seconds


class Live:
    """Evidence that is gathered from the clouds, and kept for what is asked of it later.

    `gather` is told where to say what is being read, and gives the bundle and the question. What it raises for people
    is a subclass of `error`.
    """

    def __init__(
        self, gather: Callable[[Narrate], tuple[Bundle | None, Question]], error: type[Exception] = OSError
    ) -> None:
        self.gather = gather
        self.error = error
        self.bundle: Bundle | None = None
        self.question: Question | None = None

    def read(self, narrate: Narrate) -> None:
        """Gather anew."""
        self.bundle, self.question = self.gather(narrate)


class Inquiry(NamedTuple):
    """What to examine. It is read anew by every run, so `r` sees what was changed since.

    `bundle` is the path of a folder, archive or file, None for what the command line alone gives. With `live`, both
    come from there.
    """

    title: str
    bundle: str | None = None
    question: Question | None = None
    live: Live | None = None

    def open(self) -> Bundle | None:
        """The bundle, to be closed with `close`; BundleError where it cannot be opened."""
        if self.live is not None:
            return self.live.bundle
        if self.bundle is None:
            return None
        from oidc_doctor.bundle.open import open_bundle

        return open_bundle(self.bundle)

    def close(self, bundle: Bundle | None) -> None:
        """Close what `open` gave. What was gathered stays: it cannot be opened again."""
        if bundle is not None and self.live is None:
            bundle.close()

    def asked(self) -> Question:
        """The question that goes with it."""
        if self.live is not None and self.live.question is not None:
            return self.live.question
        if self.question is not None:
            return self.question
        from oidc_doctor.examine.question import Question

        return Question()

    def read_events(self, raw: RawEvents, row: Row, offset: int, limit: int) -> list[tuple[str, str]]:
        """The raw events behind a row: where each lies, and its JSON text. OSError, BundleError where that fails."""
        if row.change is not None:
            known = raw.of_change(str(row.change.get("event_id")))
            return known[offset : offset + limit]
        bundle, question = self.open(), self.asked()
        on_disk = {*question.cloudtrail, *question.gcp_logs}

        def open_file(name: str) -> BinaryIO:
            return open(name, "rb") if bundle is None or name in on_disk else bundle.open(name)

        try:
            return raw.of_attempt(row.number, offset, limit, open_file)
        finally:
            self.close(bundle)


class Cancelled(Exception):  # noqa: N818 - not an error
    """The person at the screen does not want the answer any more."""


class Progress(Message):
    """What the run is at; `exchange` where one has just been judged."""

    def __init__(self, run: Examination, text: str, exchange: Exchange | None = None) -> None:
        super().__init__()
        self.run = run
        self.text = text
        self.exchange = exchange


class Finished(Message):
    """The answer, and what it was made from."""

    def __init__(self, run: Examination, examined: Examined) -> None:
        super().__init__()
        self.run = run
        self.examined = examined

    @property
    def report(self) -> Report:
        """The answer."""
        return self.examined.report


class Failed(Message):
    """There is no answer: one line for people."""

    def __init__(self, run: Examination, text: str) -> None:
        super().__init__()
        self.run = run
        self.text = text


class Examination:
    """One run of the pipeline. The thread is a daemon: closing the program waits for no file and no network."""

    def __init__(self, inquiry: Inquiry, post: Callable[[Message], object]) -> None:
        self.inquiry = inquiry
        self._post = post
        self._unwanted = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; messages are posted until Finished, Failed or cancel()."""
        self._thread = threading.Thread(target=self._work, name="examination", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Cancel, and wait for the thread as long as a person does not notice."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(_MOMENT)

    def cancel(self) -> None:
        """Stop at the next file, and post nothing any more."""
        self._unwanted.set()

    def _say(self, message: Message) -> None:
        if self._unwanted.is_set():
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
        except BaseException as error:  # told to the person, and raised again: never swallowed
            if not self._unwanted.is_set():
                self._post(Failed(self, f"a defect of oidc-doctor: {type(error).__name__}: {error}"))
            raise

    def _examine(self) -> None:
        from oidc_doctor.bundle.files import BundleError
        from oidc_doctor.examine.examine import examine
        from oidc_doctor.findings.packs import PackError

        live = self.inquiry.live
        known = (BundleError, PackError, OSError) if live is None else (BundleError, PackError, OSError, live.error)
        try:
            if live is None:
                self._progress(f"opening {self.inquiry.bundle or 'what the command line gives'}")
            else:
                live.read(self._progress)
            bundle = self.inquiry.open()
            try:
                examined = examine(bundle, self.inquiry.asked()._replace(progress=self._logs), self._progress)
            finally:
                self.inquiry.close(bundle)
        except known as error:
            self._say(Failed(self, str(error)))
            return
        self._say(Finished(self, examined))
