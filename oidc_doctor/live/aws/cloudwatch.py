"""CloudTrail's events in a log group of Amazon CloudWatch Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.live.collect import CallError, Collector, Grant, Reader

if TYPE_CHECKING:
    from oidc_doctor.live.aws.account import Account
    from oidc_doctor.model.log_place import LogPlace

_CALL = "logs:StartQuery"


def cloudwatch_reader(account: Account, place: LogPlace, path: str) -> Reader:
    """Return the reader of a log group: it fills `path`, the file of an extract (logs/extract/file.py)."""

    def read(_: Collector) -> None:
        raise CallError("failed", "NotSupported", "log groups are not read yet")

    return Reader(account.name(f"logs:{place.text}"), path, _CALL, read, (account.name("caller"),), (Grant(_CALL),))
