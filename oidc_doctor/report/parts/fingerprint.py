"""The identity of a cause or a finding: equal in each run until the configuration that it is about changes.

A fingerprint is 64 hexadecimal digits, SHA-256 over the code, the cloud, the resource, the clause and the values that
were read in a configuration. Left out is what differs from run to run without a change of the configuration: values of
tokens and log events, times, counts, the words of a message, the confidence, and the lines where something was read.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_doctor.model.refusal import Side
    from oidc_doctor.model.report import Cause, CheckRow, FindingRow

_FORM = "oidc-doctor.fingerprint/1"  # another number when anything below changes: every alert then opens anew
# Texts that programs and services printed, which name sessions and request ids; tokens; and logs, of which a check
# names spans of time. Nobody configured them.
_NO_CONFIGURATION = (
    *("error.txt", "--", "setup/", "manifest.json"),
    *("token.jwt", "claims.json", "tokens/", "aws/cloudtrail/", "gcp/logs/"),
)


def fingerprint_of_cause(cause: Cause, resource: str) -> str:
    """Return the fingerprint of a cause; `resource` is its exchange's role ARN or provider's name, or "".

    A statement is known by its value, which remains where a statement is added above it, and by its number only where
    no value is known.
    """
    clause = cause.clause
    values = _configured(cause.expected, cause.actual)
    statement = "" if values or clause.statement is None else str(clause.statement)
    permission = cause.named.refusal.fact("permission")  # a denied call that only an error text names has no clause
    place = [clause.document, statement, *clause.names, clause.operator, clause.key, permission]
    return _digest([cause.code, cause.cloud, resource], place, values)


def fingerprint_of_finding(row: CheckRow, finding: FindingRow) -> str:
    """Return the fingerprint of a finding of a check. Its message is not part of it: messages name counts and times."""
    return _digest([row.code, finding.cloud or "", finding.target], [], _configured(finding.expected, finding.actual))


def located(fingerprint: str, target: str, resource: str) -> str:
    """Return the fingerprint among those of several targets, of which some findings name no resource."""
    return _digest([fingerprint], [target, resource])


def _configured(*sides: Side | None) -> list[str]:
    """Return the values that were read in a configuration. A limit, an example or an instant was not read anywhere."""
    return [
        side.value
        for side in sides
        if side is not None
        and side.at is not None
        and not (side.at.of_token or side.at.event_id or _is_outside(side.at.file))
    ]


def _is_outside(file: str) -> bool:
    """Return whether a file of a bundle, of its own or of a target's folder, is no configuration."""
    path = file.split("/", 2)[-1] if file.startswith("targets/") else file
    return path.startswith(_NO_CONFIGURATION)


def _digest(*parts: list[str]) -> str:
    return sha256(json.dumps([_FORM, *parts]).encode("ascii")).hexdigest()
