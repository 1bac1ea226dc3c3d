"""The state of health checks between two runs: one JSON file, replaced as a whole, under a lock.

A run writes the file before it reports its changes, and once more when they are reported: a change that the run could
not report, because it was killed or the disk was full, is reported by the next one.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from oidc_doctor import files
from oidc_doctor.documents.json_text import printable
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.health import Effect, TargetState
from oidc_doctor.model.limits import HEALTH_STATE
from oidc_doctor.model.report import Confidence
from oidc_doctor.notify.outbox import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "oidc-doctor.health-state/1"
_FAMILY = "oidc-doctor.health-state/"
_PRIVATE = 0o600  # it holds the account's configuration


class StateError(Exception):
    """The state cannot be read, written or locked; the message is one line that names the file."""


@dataclass
class FindingRecord:
    """A finding as the last run that saw it left it."""

    code: str
    name: str
    resource: str
    effect: Effect
    headline: str
    fingerprint: str
    since: str  # the first run that saw it
    checked: str  # the last run that saw it
    read: list[str]  # what that run had read: see evidence.py
    cloud: str = ""
    confidence: Confidence | None = None
    fix: str = ""
    at: str = ""
    told: bool = True  # False: new or changed, and not reported yet
    was: str = ""  # of a change that is not reported yet: the headline before
    hidden: str = ""  # the suppression that applied in the last run, in words
    until: str = ""  # of a finding that is over, and not reported yet
    event: bool = False  # a change since an earlier read, which is not reported as resolved


@dataclass
class TargetRecord:
    """A target as the last run left it."""

    state: TargetState
    since: str
    last_read: str = ""
    reason: str = ""
    resources: list[str] = field(default_factory=list)
    findings: list[FindingRecord] = field(default_factory=list)
    read: list[str] = field(default_factory=list)  # what the last run that lacked nothing had read: see evidence.py
    documents: dict[str, str] = field(default_factory=dict)  # path in a bundle: key of State.documents
    fixed: dict[str, str] = field(default_factory=dict)  # resource: until when its refusals are explained
    told_state: TargetState | Literal[""] = ""  # the last reported state, where it differs from `state`
    told_since: str = ""
    told: bool = True  # False: no run that saw the target could report it


@dataclass
class State:
    """The content of the file."""

    schema: str = SCHEMA
    last_run: str = ""  # "" before the first run
    unreported_baseline: bool = False  # the first run ended before it reported, and the next one makes the baseline
    targets: dict[str, TargetRecord] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)  # texts of configuration by their SHA-256, each once
    gone: list[str] = field(default_factory=list)  # targets that the file no longer names, not reported yet
    outbox: list[Entry] = field(default_factory=list)  # messages that a receiver has not accepted yet

    def keep(self, text: str) -> str:
        """Keep a document, and return its key."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        self.documents[key] = text
        return key

    def drop_unused(self) -> None:
        """Forget the documents that no target has any more."""
        used = {key for record in self.targets.values() for key in record.documents.values()}
        self.documents = {key: text for key, text in self.documents.items() if key in used}


def default_path(config: str) -> str:
    """Return the state's path for a configuration file: in $XDG_STATE_HOME, else ~/.local/state. Raises StateError."""
    home = os.environ.get("XDG_STATE_HOME") or ""
    if not os.path.isabs(home):  # a relative one would lie in the working folder, which may be a stranger's
        home = os.path.join(os.path.expanduser("~"), ".local", "state")
    if not os.path.isabs(home):
        raise StateError("there is no home folder for the state; name a file with --state")
    place = os.path.realpath(config)
    name = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
    return os.path.join(home, "oidc-doctor", f"health-{name}.json")


@contextmanager
def locked(path: str, seconds: float) -> Iterator[None]:
    """Hold the lock of the state while another run waits for it, for `seconds` at most. Raises StateError.

    The operating system releases it when the process ends, however it ends.
    """
    import filelock  # late: only health checks lock a file

    folder = os.path.dirname(os.path.abspath(path))
    lock = f"{os.path.abspath(path)}.lock"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if os.path.islink(lock):
            raise StateError(f"{printable(lock)}: a link, which is not followed; remove it")
        held = filelock.FileLock(lock, timeout=seconds, mode=_PRIVATE, fallback_to_soft=False)
        held.acquire()
    except filelock.Timeout:
        raise StateError(
            f"{printable(path)}: another health run has used it for {seconds:.0f} s; --lock-timeout waits longer"
        ) from None
    except NotImplementedError:
        message = f"{printable(path)}: its file system has no locks; --state names a file on another one"
        raise StateError(message) from None
    except OSError as error:
        message = f"{printable(str(error.filename or path))}: {error.strerror or error}; --state names another file"
        raise StateError(message) from None
    try:
        yield
    finally:
        held.release()


def load(path: str) -> State:
    """Return the state; an empty one where there is no file. Raises StateError, and never starts anew by itself."""
    import msgspec  # late: see the imports of `locked`

    try:
        if not os.path.lexists(path):
            return State()
        with open_regular(path) as stream:
            data = stream.read(HEALTH_STATE.most + 1)
    except OSError as error:
        raise StateError(f"{printable(path)}: {error.strerror or error}") from None
    if len(data) > HEALTH_STATE.most:
        raise StateError(f"{printable(path)}: {HEALTH_STATE.exceeded_by(len(data))}")
    anew = "move it away to start with a new baseline"
    try:
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if schema != SCHEMA and isinstance(schema, str) and schema.startswith(_FAMILY):
            raise StateError(f"{printable(path)}: written by a newer oidc-doctor ({printable(schema)}); upgrade it")
        if schema != SCHEMA:
            raise StateError(f"{printable(path)}: not a state of health checks; name another file with --state")
        state = msgspec.json.decode(data, type=State)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise StateError(f"{printable(path)}: damaged ({printable(str(error))}); {anew}") from None
    if any(key not in state.documents for record in state.targets.values() for key in record.documents.values()):
        raise StateError(f"{printable(path)}: damaged (a document of a target is not in it); {anew}")
    return state


def save(path: str, state: State) -> None:
    """Replace the file: after a power failure it holds the old state or the new one. Raises StateError."""
    import msgspec

    state.drop_unused()
    data = msgspec.json.format(msgspec.json.encode(state), indent=1)
    if len(data) > HEALTH_STATE.most:
        raise StateError(f"{printable(path)}: the new state is not written: {HEALTH_STATE.exceeded_by(len(data))}")
    try:
        files.replace(path, data, mode=_PRIVATE)
    except OSError as error:
        raise StateError(f"{printable(path)}: the new state is not written: {error.strerror or error}") from None
