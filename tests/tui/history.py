"""A report with attempts over time and changes, larger than any bundled scenario's."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from oidc_doctor.model.report import AttemptRow, Report

START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
BUCKETS, SECONDS = 200, 300
BREAK = 90  # the bucket in which the outcome flips
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"


def at(bucket: float) -> str:
    return (START + timedelta(seconds=bucket * SECONDS)).strftime("%Y-%m-%dT%H:%M:%SZ")


def attempt(number: int, outcome: str, first: int, last: int, size: float) -> AttemptRow:
    counts = [0] * BUCKETS
    for bucket in range(first, last):
        counts[bucket] = round(size * (1.2 + math.sin(bucket / 7 + number)))
    row = AttemptRow(
        cloud="aws",
        target=ROLE,
        provider="arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",
        subject=f"v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=m{number:03}:environment=production:type=model_build",
        audience="oidc.baseten.co",
        outcome=outcome,
        error="AccessDenied: An unknown error occurred" if outcome == "refused" else None,
        count=sum(counts),
        first_seen=at(first),
        last_seen=at(last - 0.5),
        replay={"decision": outcome, "revision": "as read"},
        cause="subject-segment-differs" if outcome == "refused" else None,
        event_ids=[f"{number:08x}-6116-4038-bbe5-{index:012x}" for index in range(20)],
    )
    vars(row)["counts"] = counts
    return row


def with_history(report: Report, signatures: int = 6) -> Report:
    """`report` with made-up attempts: accepted, then refused from a change on, and one refused attempt at mending."""
    report.window = {
        "from": at(0),
        "to": at(BUCKETS),
        "basis": "everything in the evidence",
        "buckets_from": at(0),
        "bucket_seconds": SECONDS,
        "buckets": BUCKETS,
    }
    report.attempts = [
        attempt(number, "accepted", 3 * number % 40, BREAK, 3.0 / (number + 1)) for number in range(signatures // 2)
    ] + [
        attempt(number, "refused", BREAK, BUCKETS - number % 30, 5.0 / (number + 1))
        for number in range(signatures - signatures // 2)
    ]
    report.timeline = [
        {
            "time": at(BREAK),
            "until": None,
            "kind": "change",
            "cloud": "aws",
            "resource": ROLE,
            "text": "UpdateAssumeRolePolicy on ModelWeights",
            "event_id": "73ab4876-0d5e-4c11-9a53-2f3f5a7e1b11",
            "by": "assumed-role/PlatformAdmin/ops",
            "what": "UpdateAssumeRolePolicy",
            "diff": '-  "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"\n'
            '+  "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"',
            "flips": True,
        },
        {
            "time": at(140),
            "until": None,
            "kind": "failed-change",
            "cloud": "aws",
            "resource": ROLE,
            "text": "UpdateAssumeRolePolicy on ModelWeights: MalformedPolicyDocument",
            "event_id": "0b3a2f77-5f0e-4a6e-8d11-9c1f2e3d4b5a",
            "by": "user/deploy",
            "what": "UpdateAssumeRolePolicy",
            "diff": "",
            "flips": False,
        },
    ]
    return report
