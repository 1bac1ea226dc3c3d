"""Find out whether a failed fetch of the issuer's documents is the issuer's fault or the local network's.

The clouds use another network path. A failure because of a name server, route, proxy or certificate authority of this
network proves nothing about them, so it must not become a cause.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from oidc_doctor.live import https
from oidc_doctor.live.collect import CallError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

UNTRUSTED = "CertificateNotTrusted"
_SECONDS = 5.0  # per control


class Controls:
    """Handshakes with hosts of other operators. Each is made once per run, when the first fetch fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, CallError | None] | None = None

    def answers(self) -> dict[str, CallError | None]:
        """Return, by address, why a control has no trusted connection; None if it has."""
        with self._lock:
            if self._answers is None:
                self._answers = {address: https.control(address, _SECONDS) for address in https.CONTROLS}
            return self._answers

    def judged(self, fetch: Callable[[], T], *, known: bool) -> T:
        """Return the result of `fetch`; mark its CallError as local unless the issuer is shown to be at fault.

        `known`: the host is the issuer's own, so public authorities have signed its certificate.
        """
        try:
            return fetch()
        except CallError as failure:
            if not failure.local and self.is_local(failure.unreached, failure.code == UNTRUSTED, known=known):
                failure.local = "network"
                failure.message = f"{failure.message} (no trusted connection to {self.failed()} from here either)"
            elif (failure.unreached or failure.code == UNTRUSTED) and self.tried():
                failure.message = f"{failure.message} (but there is a trusted connection to {self.tried()} from here)"
            raise

    def is_local(self, unreached: bool, untrusted: bool, *, known: bool) -> bool:
        """Whether a failed connection or an untrusted certificate proves nothing about the host.

        A control that fails in the same way proves a network fault; so does one of several: then the network allows
        only some hosts. A control with an untrusted certificate proves that something in between responds in the names
        of others.
        """
        if not (unreached or untrusted):
            return False
        failed = [failure for failure in self.answers().values() if failure is not None]
        if unreached or known:
            return bool(failed)
        return any(failure.code == UNTRUSTED for failure in failed)

    def failed(self) -> str:
        """Name the controls without a trusted connection."""
        return " and ".join(_host(address) for address, failure in self.answers().items() if failure is not None)

    def tried(self) -> str:
        """Name the controls with a trusted connection."""
        return " and ".join(_host(address) for address, failure in self.answers().items() if failure is None)


def _host(address: str) -> str:
    return address.removeprefix("https://")
