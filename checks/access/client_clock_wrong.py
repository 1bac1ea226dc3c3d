"""Client clock wrong

Symptom
    `Signature expired`, `Signature not yet current`, `RequestTimeTooSkewed` or `RequestExpired` from an AWS
    service.
Reason
    The client signs each call with its own time. AWS refuses a signature that is more than some minutes (S3: 15)
    from its own clock. The OIDC token and its times are not part of this.
Confirm
    Compare `date -u` on the machine of the workload with the time in the text.
Fix
    Synchronise the clock of the machine (NTP, or the host of the container or virtual machine).
Source
    AWS General Reference, Signature Version 4 troubleshooting; S3 API reference, error responses.
"""

from __future__ import annotations

from oidc_doctor.checkkit import Kind, Refusal, Words, cause


@cause("ACC015", "client-clock-wrong", Kind.CLIENT_CLOCK_WRONG)
def client_clock_wrong(refusal: Refusal) -> Words:
    """Say that the clock of the machine is wrong, not the token."""
    del refusal  # the text names no value that the words need
    return Words(
        "the clock of the machine that signed the call differs from AWS's by more than AWS accepts",
        "Synchronise the clock of the workload's machine, and compare `date -u` there with a reliable source.",
    )
