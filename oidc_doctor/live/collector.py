"""The readers of a live collection, and the collector that they fill: files, results, and the manifest's entries."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_doctor.documents.json_text import printable
from oidc_doctor.live.cancelling import Cancellations
from oidc_doctor.live.clock import Clocks
from oidc_doctor.live.workers import Stopwatches
from oidc_doctor.model.obstacle import Local

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from oidc_doctor.live.pacing import Pacer
    from oidc_doctor.model.document import Json

Outcome = Literal["ok", "not_found", "denied", "throttled", "timeout", "failed"]

MOST_ATTEMPTS = 4  # per call, and only for a temporary fault: throttled, timed out, a server fault
_MOST_PACED_ATTEMPTS = 12  # of a throttled call while others of its kind succeed
_FIRST_PAUSE = 0.25  # seconds; doubled after each attempt
_LONGEST_PAUSE = 8.0
_MOST_HELPERS = 64  # threads of all calls that are made side by side
_LONGEST_WARNING = 500
_LONGEST_MESSAGE = 300  # characters of a service's own message
_MARKUP = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]{0,200}>\s*([^<]{1,120})", re.IGNORECASE)


class CallError(Exception):
    """A failed call. `heals`: another attempt may succeed; `after`: seconds that the service asks to wait.

    `message` is the service's own message, or ours; it must not contain a token or a credential, and of an HTML page
    only the title is kept. `hint` says how to allow a denied call, if the reader's grants are not enough. `answered`:
    the message is the service's own. `local`: the fault is this machine's or its credentials'. `unreached`: no
    connection was established, because of either side.
    """

    def __init__(
        self,
        outcome: Outcome,
        code: str,
        message: str,
        *,
        heals: bool = False,
        after: float = 0.0,
        hint: str = "",
        answered: bool = False,
        local: Local = "",
        unreached: bool = False,
    ) -> None:
        message = _without_markup(message)
        super().__init__(f"{code}: {message}")
        self.hint = hint
        self.answered = answered
        self.local: Local = local
        self.unreached = unreached
        self.headers: dict[str, str] = {}  # of the response, if from the service
        self.outcome: Outcome = outcome
        self.code = code
        self.message = message
        self.heals = heals
        self.after = after


class Grant(NamedTuple):
    """A call's requirements: a permission, its resource, and an enabled API (Google)."""

    permission: str  # "iam:GetRole", "iam.workloadIdentityPoolProviders.get"
    resource: str = "*"  # an ARN, or a Google resource name
    api: str = ""  # "iam.googleapis.com"


class Following(NamedTuple):
    """Files that a reader may discover and start reading: their path or folder, and the grants for them."""

    path: str
    grants: tuple[Grant, ...]


class Reader(NamedTuple):
    """A read of one file, or of one folder of logs.

    `read` is called in its own thread with the Collector; its result is available to other readers. It saves its files
    itself. A CallError that it raises becomes the manifest's entry for `path`.
    """

    name: str  # "aws.role"; unique
    path: str  # the file it fills, or the folder of logs, with a slash at its end
    call: str  # "iam:GetRole", as shown in manifest and coverage
    read: Callable[[Collector], Any]
    needs: tuple[str, ...] = ()  # names of readers; names that are not in the plan are ignored
    grants: tuple[Grant, ...] = ()
    follows: tuple[Following, ...] = ()
    silent: bool = False  # it makes no calls and only starts other readers
    lane: str = ""  # the rate limit that its calls wait for, if it has one of its own
    named: str = ""  # what it reads, if the user named it ("athena:db.t"): a failure changes the exit code


class Collector:
    """The store of the readers' files and results. All methods are thread-safe."""

    def __init__(self, deadline: float, narrate: Callable[[str], None]) -> None:
        self.deadline = deadline  # of time.monotonic()
        self.files: dict[str, bytes] = {}
        self.reads: dict[str, dict[str, Json]] = {}
        self.failures: dict[str, CallError] = {}
        self.warnings: list[str] = []
        self.clocks = Clocks()
        self.cancellations = Cancellations()
        self._narrate = narrate
        self.watches = Stopwatches()
        self._answers: dict[str, Any] = {}
        self._shared: dict[Hashable, Future[Any]] = {}
        self._contents: dict[bytes, bytes] = {}
        self._helpers = threading.BoundedSemaphore(_MOST_HELPERS)
        self._lock = threading.Lock()
        self._voice = threading.Lock()  # one line at a time
        self._closed = threading.Event()
        self._start: Callable[[Reader], None] | None = None

    def answer(self, name: str) -> Any:
        """Return the result of the reader `name`; None if it failed or is not in the plan."""
        with self._lock:
            answer = self._answers.get(name)
        return None if isinstance(answer, CallError) else answer

    def needed(self, name: str, description: str) -> Any:
        """Return the result of the reader `name`; without it, raise CallError that `description` could not be read."""
        self.check_access(name)
        answer = self.answer(name)
        if answer is None:
            raise CallError("failed", "NotAsked", f"{description} could not be read")
        return answer

    def check_access(self, name: str) -> None:
        """Raise the failure of the reader `name` again if it was caused by credentials or this machine's network."""
        with self._lock:
            answer = self._answers.get(name)
        if isinstance(answer, CallError) and answer.local:
            raise answer

    def shared(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return the result of `make`, or raise its CallError: of all calls with the same key only the first makes it.

        Several targets read the same provider, policy or log: `key` says what is read. Results must not be changed.
        """
        with self._lock:
            made = self._shared.get(key)
            future: Future[Any] = self._shared.setdefault(key, Future())
        if made is None:
            try:
                future.set_result(make())
            except BaseException as error:  # noqa: BLE001 - raised again below, and in the threads that wait for it
                future.set_exception(error)
        with self.watches.stopped():
            try:
                return future.result(self.deadline - time.monotonic())
            except TimeoutError:
                if not future.done():
                    self._check_time(over=True)
                raise

    def call(self, make: Callable[[], Any], *, pacer: Pacer | None = None, kind: str = "") -> Any:
        """Return the result of `make`, which raises CallError; after a temporary fault it is retried a few times.

        `make` sends one request with its own time limit (`seconds_left`); `kind` is its operation. A throttled request
        is retried more often while others of its kind are accepted.
        """
        for attempt in range(1, _MOST_PACED_ATTEMPTS + 1):
            if pacer is not None:
                self.pause(pacer.slot())
            self._check_time()
            try:
                result = make()
            except CallError as failure:
                is_paced = failure.outcome == "throttled" and pacer is not None and pacer.accepts(kind)
                if not failure.heals or attempt >= (_MOST_PACED_ATTEMPTS if is_paced else MOST_ATTEMPTS):
                    raise
                pause = max(failure.after, min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE))
                if time.monotonic() + pause >= self.deadline:
                    raise
                if pacer is not None and failure.outcome == "throttled":
                    pacer.throttled(pause)
                self.pause(pause * random.uniform(1.0, 1.2))  # noqa: S311 - spreads retries, protects no secret
            else:
                if pacer is not None:
                    pacer.succeeded(kind)
                return result
        raise AssertionError  # the last attempt returns or raises

    def save(self, path: str, call: str, content: bytes | str | Json, **more: Json) -> None:
        """Keep one file. Text and bytes stay as they are, everything else is written as JSON.

        `more` goes to the manifest's entry: for logs region, from, to, filter, truncated; also code and message.
        """
        if isinstance(content, str):
            data = content.encode("utf-8", "surrogatepass")
        elif isinstance(content, bytes):
            data = content
        else:
            data = json.dumps(content, indent=2, default=_plain).encode()
        self.keep(path, data)
        self.record(path, call, "ok", **more)

    def keep(self, path: str, data: bytes) -> None:
        """Save a file without its own entry, in a folder that has an entry for many files."""
        with self._lock:
            if not self._closed.is_set():
                self.files[path] = self._contents.setdefault(data, data)  # targets have many equal files

    def record(self, path: str, call: str, outcome: Outcome, **more: Json) -> None:
        """Set the manifest's entry for a path, replacing an earlier one."""
        entry: dict[str, Json] = {"path": path, "call": call, "outcome": outcome, "at": _now()}
        entry |= {name: value for name, value in more.items() if value is not None and value != ""}
        with self._lock:
            if not self._closed.is_set():
                self.reads[path] = entry

    def fail(self, path: str, call: str, failure: CallError, grants: Sequence[Grant] = (), **more: Json) -> None:
        """Record a failed call, with the permission or API that would allow it."""
        message = printable(failure.message, _LONGEST_MESSAGE)
        hint = failure.hint or (_what_allows(grants) if failure.outcome == "denied" else "")
        message = f"{hint} ({message})" if hint and message else hint or message
        with self._lock:
            if not self._closed.is_set():
                self.failures[path] = failure
        code = printable(failure.code, 80)
        self.record(path, call, failure.outcome, code=code, message=message, local=failure.local, **more)

    def has_answer(self, path: str) -> bool:
        """Whether a file, or any file of a folder, was read or is known not to exist."""
        with self._lock:
            own = [self.reads[path]] if path in self.reads else []
            below = [entry for name, entry in self.reads.items() if name.startswith(path)] if path[-1:] == "/" else own
            entries = below or own
        return any(entry["outcome"] in ("ok", "not_found") for entry in entries)

    def warn(self, text: str) -> None:
        """Add a warning for stderr after the collection; it is escaped there."""
        text = text if len(text) <= _LONGEST_WARNING else text[:_LONGEST_WARNING] + "…"
        with self._lock:
            if not self._closed.is_set() and text not in self.warnings:
                self.warnings.append(text)

    def say(self, text: str) -> None:
        """Report progress: the files being read, and how far."""
        with self._voice:
            if not self._closed.is_set():
                self._narrate(text)

    def start(self, *readers: Reader) -> None:
        """Start further readers at once, whatever they need. The starting reader ends when they have ended."""
        assert self._start is not None  # noqa: S101 - collect() sets it before any reader runs
        for reader in readers:
            self._start(reader)

    def side_by_side(self, calls: Sequence[Callable[[], Any]], most: int = 16) -> list[Any]:
        """Return the result of each call, or the CallError that it raised, in order; at most `most` run at once.

        The calling thread makes calls too, so that they go on if all other threads are busy.
        """
        results: list[Any] = [None] * len(calls)
        waiting = iter(enumerate(calls))
        defects: list[BaseException] = []

        def work() -> None:
            while True:
                with self._lock:
                    index, call = next(waiting, (-1, None))
                if call is None:
                    return
                try:
                    results[index] = call()
                except CallError as failure:
                    results[index] = failure
                except BaseException as error:  # noqa: BLE001 - raised again below, in the calling thread
                    defects.append(error)
                    return

        def help_out() -> None:
            try:
                work()
            finally:
                self._helpers.release()

        threads: list[threading.Thread] = []
        while len(threads) < min(most, len(calls)) - 1 and self._helpers.acquire(blocking=False):
            threads.append(threading.Thread(target=help_out, daemon=True))
            threads[-1].start()
        work()
        for thread in threads:
            thread.join()
        if defects:
            raise defects[0]
        return results

    def seconds_left(self, most: float) -> float:
        """Return a time limit for one request."""
        return max(0.1, min(most, self.deadline - time.monotonic()))

    def pause(self, seconds: float) -> None:
        """Wait. Raises CallError if the collection's time ends before."""
        left = self.deadline - time.monotonic()
        with self.watches.stopped():
            closed = self._closed.wait(max(0.0, min(seconds, left)))
        if closed or seconds > left:
            self._check_time(over=True)

    def _check_time(self, *, over: bool = False) -> None:
        if over or self._closed.is_set() or time.monotonic() >= self.deadline:
            raise CallError("timeout", "TimeIsUp", "the time given with --timeout ended before")

    def _keep(self, name: str, answer: Any) -> None:
        with self._lock:
            self._answers[name] = answer

    def _close(self) -> None:
        with self._lock:
            self._closed.set()


def _without_markup(text: str) -> str:
    """Replace a proxy's or load balancer's HTML page by a short note with its title."""
    markup = _MARKUP.search(text)
    if markup is None:
        return text
    title = _TITLE.search(text)
    title_text = " ".join(title[1].split()) if title else ""
    return text[: markup.start()] + "an HTML page" + (f" with the title {title_text}" if title_text else "")


def _what_allows(grants: Sequence[Grant]) -> str:
    permissions = list(dict.fromkeys(grant.permission for grant in grants))
    apis = list(dict.fromkeys(grant.api for grant in grants if grant.api))
    parts = [f"allow {', '.join(permissions)}"] if permissions else []
    parts += [f"enable {', '.join(apis)}"] if apis else []
    return " and ".join(parts)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: object) -> str:
    """Convert boto3's datetimes, which are in the zone of this machine, to text in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    raise TypeError(type(value).__name__)
