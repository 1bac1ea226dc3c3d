"""Attempts as columns: what a million of them need fits into a few dozen bytes each.

Texts are kept once, in tables that are bounded; a row holds numbers. What a bound cost is told by `dropped`.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.model.event import Attempt, Outcome
from oidc_doctor.model.evidence import Origin

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_KEYS = 20_000
MOST_IDENTITIES = 100_000
MOST_CIRCUMSTANCES = 100_000

_UUID = 36
_DASHES = (8, 13, 18, 23)
_LOW = (1 << 64) - 1


class Key(NamedTuple):
    """What all attempts of a signature share. `family` is the subject with `*` for what differs from run to run."""

    cloud: str
    step: str
    target: str | None
    provider: str | None
    family: str | None
    audience: str | None
    service_account: str | None
    outcome: Outcome
    error_code: str | None
    error_family: str | None  # the error's text with # for its digits
    duration_seconds: int | None


class Identity(NamedTuple):
    """Who presented the token, exactly."""

    subject: str | None
    principal: str | None
    claims: tuple[tuple[str, str], ...]


class Circumstance(NamedTuple):
    """From where, and in which words the cloud answered."""

    caller: str | None
    region: str | None
    user_agent: str | None
    session_name: str | None
    error_message: str | None
    inferred_from: str | None


class Table:
    """Distinct values with their numbers. Number 0 is `nothing`, which also stands for what did not fit any more."""

    def __init__(self, nothing: Any, most: int) -> None:
        self.values: list[Any] = [nothing]
        self.numbers: dict[Any, int] = {nothing: 0}
        self.most = most
        self.dropped = 0

    def number(self, value: Any) -> int:
        """The number of `value`, new or known."""
        found = self.numbers.get(value)
        if found is None:
            if len(self.values) > self.most:
                self.dropped += 1
                return 0
            found = self.numbers[value] = len(self.values)
            self.values.append(value)
        return found


_NO_KEY = Key("", "", None, None, None, None, None, "unknown", None, None, None)
_NOBODY = Identity(None, None, ())
_NOWHERE = Circumstance(None, None, None, None, None, None)


class Rows:
    """Attempts, one row each, in the order of reading. Columns are arrays of the standard library (buffers)."""

    def __init__(self) -> None:
        self.keys = Table(_NO_KEY, MOST_KEYS)
        self.identities = Table(_NOBODY, MOST_IDENTITIES)
        self.circumstances = Table(_NOWHERE, MOST_CIRCUMSTANCES)
        self.files = Table("", 1 << 40)
        self.ids = Table("", 1 << 40)  # event ids that are no UUIDs
        self.time = array("d")  # epoch seconds
        self.key = array("i")
        self.identity = array("i")
        self.circumstance = array("i")
        self.id_high = array("Q")
        self.id_low = array("Q")
        self.session = array("Q")  # of the access key id; 0 where there is none
        self.file = array("i")
        self.place = array("q")  # where in the file, as the scan counts it; -1 where that is not known
        self.count = array("i")  # attempts that the row stands for

    def __len__(self) -> int:
        """Rows, not attempts."""
        return len(self.time)

    def add(self, found: Attempt, family: Callable[[Attempt], str | None], place: int) -> None:
        """Take one attempt. `family` gives the subject's family."""
        message = found.error_message
        self.add_texts(
            Key(
                found.cloud, found.step, found.target, found.provider, family(found), found.audience,
                found.service_account, found.outcome, found.error_code, without_digits(message),
                found.duration_seconds,
            ),
            Identity(found.subject, found.mapped_principal, found.claims),
            Circumstance(
                found.caller, found.region, found.user_agent, found.session_name, message, found.inferred_from
            ),
            (found.time, found.event_id, found.access_key, found.origin.file, place),
        )  # fmt: skip

    def add_texts(
        self,
        key: Key,
        identity: Identity,
        circumstance: Circumstance,
        event: tuple[float, str, str | None, str, int],
    ) -> None:
        """Take one attempt apart already: `event` is time, id, access key id, file, place."""
        time, event_id, access_key, file, place = event
        high, low = self.split_id(event_id)
        self.time.append(time)
        self.key.append(self.keys.number(key))
        self.identity.append(self.identities.number(identity))
        self.circumstance.append(self._circumstance(circumstance))
        self.id_high.append(high)
        self.id_low.append(low)
        self.session.append(session_number(access_key))
        self.file.append(self.files.number(file))
        self.place.append(place)
        self.count.append(1)

    def _circumstance(self, value: Circumstance) -> int:
        """Where a session's name is new each time, the names go first, and the rest stays."""
        table = self.circumstances
        if len(table.values) > table.most // 2:
            value = value._replace(session_name=None)
        return table.number(value)

    def split_id(self, event_id: str) -> tuple[int, int]:
        """A UUID as two numbers; another id as 0 and its number."""
        if len(event_id) == _UUID and all(event_id[place] == "-" for place in _DASHES):
            try:
                number = int(event_id.replace("-", ""), 16)
            except ValueError:
                number = 0
            if number >> 64 and event_id == event_id.lower():
                return number >> 64, number & _LOW
        return 0, self.ids.number(event_id)

    def key_of(self, number: int) -> Key:
        """The key with this number."""
        found: Key = self.keys.values[number]
        return found

    def identity_of(self, number: int) -> Identity:
        """The identity with this number."""
        found: Identity = self.identities.values[number]
        return found

    def circumstance_of(self, number: int) -> Circumstance:
        """The circumstance with this number."""
        found: Circumstance = self.circumstances.values[number]
        return found

    def event_id(self, row: int) -> str:
        """The event's id as logged."""
        high, low = self.id_high[row], self.id_low[row]
        if not high:
            return str(self.ids.values[low])
        text = f"{(high << 64) | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def attempt(self, row: int) -> Attempt:
        """The row as an attempt. Subject and circumstances are None where the tables were full."""
        key = self.key_of(self.key[row])
        who = self.identity_of(self.identity[row])
        where = self.circumstance_of(self.circumstance[row])
        event_id = self.event_id(row)
        return Attempt(
            cloud="aws" if key.cloud == "aws" else "gcp",
            step="impersonate" if key.step == "impersonate" else "exchange",
            time=self.time[row],
            target=key.target,
            provider=key.provider,
            subject=who.subject,
            audience=key.audience,
            outcome=key.outcome,
            error_code=key.error_code,
            error_message=where.error_message or key.error_family,
            event_id=event_id,
            origin=Origin(self.files.values[self.file[row]], event_id=event_id),
            region=where.region,
            caller=where.caller,
            user_agent=where.user_agent,
            session_name=where.session_name,
            duration_seconds=key.duration_seconds,
            service_account=key.service_account,
            mapped_principal=who.principal,
            claims=who.claims,
            inferred_from=where.inferred_from,
        )


def without_digits(message: str | None) -> str | None:
    """The error's text with # for runs of digits: times and sizes in it do not make it another error."""
    if message is None or not any(char.isdigit() for char in message):
        return message
    out: list[str] = []
    for char in message:
        if not char.isdigit():
            out.append(char)
        elif not out or out[-1] != "#":
            out.append("#")
    return "".join(out)


def session_number(access_key: str | None) -> int:
    """A number for an access key id, the same in every process; 0 for none."""
    if not access_key:
        return 0
    import zlib  # late: Google has none

    data = access_key.encode("utf-8", "replace")
    return (zlib.crc32(data) << 32 | zlib.crc32(data[::-1])) or 1
