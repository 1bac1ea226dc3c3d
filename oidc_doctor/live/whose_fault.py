"""Whether a failed fetch of the issuer's documents is the fault of the issuer, or of the way from this machine to it.

The clouds go another way. What fails here for a name server, a route, a proxy or a certificate authority of this
network shows nothing about them, so it must not become a cause.
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
_SECONDS = 5.0  # for a control


class Controls:
    """The handshakes with hosts of other operators. Each is asked for once in a run, when the first fetch fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[str, CallError | None] | None = None

    def answers(self) -> dict[str, CallError | None]:
        """Return by address why a control has no trusted connection, None where it has one."""
        with self._lock:
            if self._answers is None:
                self._answers = {address: https.control(address, _SECONDS) for address in https.CONTROLS}
            return self._answers

    def judged(self, fetch: Callable[[], T], *, known: bool) -> T:
        """Return the result of `fetch`; mark its CallError as local where nothing shows that the issuer is at fault.

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
        """Whether a host that was not reached, or whose certificate is not trusted, shows nothing about the host.

        A control that is not reached in the same way shows that the way is at fault; so does one of several: then the
        network allows some hosts alone. A control whose certificate is not trusted either shows that something in
        between answers in the names of others.
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
