"""One exchange of AWS as CloudTrail records it, and the part of a record that a report reads."""

from __future__ import annotations

from typing import Any

from oidc_doctor.logs.extract.of_record import part_of
from oidc_doctor.model.events import Source

PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"


def exchange(**more: Any) -> dict[str, Any]:
    """A record of AssumeRoleWithWebIdentity, with other members, or others in place of its own."""
    return {
        "eventTime": "2026-11-20T10:00:00Z",
        "eventID": "11111111-2222-3333-4444-555555555555",
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "WebIdentityUser", "principalId": f"{PROVIDER}:aud:sub", "userName": "sub"},
        "requestParameters": {"roleArn": "arn:aws:iam::111122223333:role/r"},
        **more,
    }


def extract_of(record: dict[str, Any], source: Source) -> dict[str, Any] | None:
    """The part of a record that a report reads; None for a record that is not read."""
    part = part_of(record, source)
    return None if part is None else part.record
