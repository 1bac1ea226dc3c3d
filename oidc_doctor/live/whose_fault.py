"""Whether a failed fetch of the issuer's documents is the fault of the issuer, or of the way from this machine to it.

The clouds go another way. What fails here for a name server, a route, a proxy or a certificate authority of this
network shows nothing about them, so it must not become a cause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.live import https
from oidc_doctor.live.collect import CallError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

UNTRUSTED = "CertificateNotTrusted"
_SECONDS = 5.0  # for the control


def judged(fetch: Callable[[], T], *, known: bool) -> T:
    """Return the result of `fetch`; mark its CallError as local where nothing shows that the issuer is at fault.

    `known`: the host is the issuer's own, so public authorities have signed its certificate.
    """
    try:
        return fetch()
    except CallError as failure:
        if not failure.local and is_local(failure.unreached, failure.code == UNTRUSTED, known=known):
            failure.local = "network"
        raise


def is_local(unreached: bool, untrusted: bool, *, known: bool) -> bool:
    """Whether a host that was not reached, or whose certificate is not trusted, shows nothing about the host.

    A host of AWS is the control. Not reached in the same way, it shows that the way is at fault. A certificate of it
    that is not trusted either shows that something in between answers in the names of others.
    """
    if not (unreached or untrusted):
        return False
    control = https.control(_SECONDS)
    if unreached or known:
        return control is not None
    return control is not None and control.code == UNTRUSTED
