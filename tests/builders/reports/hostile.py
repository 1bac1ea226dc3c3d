"""A report in which every text is hostile to a renderer."""

from __future__ import annotations

from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.report import (
    CheckRow,
    FindingRow,
    FixRow,
    Report,
    StepRow,
)
from reports.rows import attempt, cause, exchange, report, steps

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x00 ```\n````~~~ | <script>alert(1)</script> <!-- --> @octocat #1 "
    "[x](javascript:1) ![i](https://evil.example/p.png) https://evil.example www.evil.example a@evil.example "
    "\u202etxt.exe\u2066\u200b\u200d\ufeff\u00ad\u2028 e\u0301 \ud800 \U000e0041 שלום 語語 \u3164 *b* _i_ \\u200b "
    "</details></pre> &lt; {{x}} $(rm -rf ~) `id` 0123456789abcdef0123456789abcdef01234567 \r\n# heading\n| a | b |"
)


def hostile() -> Report:
    """Return a report in which every text is hostile, and some are long."""
    long = HOSTILE + "A" * 10_000
    at = Origin(HOSTILE, HOSTILE, None, HOSTILE)
    row = Side(long, at, ((30, 40), (len(long) - 5, len(long))))
    hostile_report = report(
        verdict="refused",
        exit_code=1,
        tool={"name": "oidc-doctor", "version": HOSTILE},
        window={"from": HOSTILE, "to": HOSTILE, "basis": HOSTILE},
        exchanges=[
            exchange(
                id=HOSTILE,
                target_name=HOSTILE,
                resource=long,
                subject=HOSTILE,
                claims_from=HOSTILE,
                prediction="refused",
                step="authorise",
                error={"code": HOSTILE, "message": long, "certain": True},
                assumed=[HOSTILE],
                steps=[StepRow("authorise", "refused", HOSTILE, long), StepRow(HOSTILE, "unknown", HOSTILE, HOSTILE)],
                token={"claims": {HOSTILE: HOSTILE}},
                trace={HOSTILE: [HOSTILE, float("nan"), float("-inf"), b"\xff", {1, 2}, at]},
            ),
            exchange("gcp", id="b", target_name=long, prediction="unknown", steps=steps("gcp", keys="unknown")),
        ],
        causes=[
            cause(
                exchange=HOSTILE,
                code=HOSTILE,
                name=HOSTILE,
                headline=HOSTILE,
                clause=Clause((long,)),
                expected=Side(HOSTILE, at, ((3, 9),)),
                actual=row,
                where=Origin(HOSTILE),
                fix=HOSTILE,
                commands=("echo 'ok'", f"echo '{HOSTILE}'"),
                settle=HOSTILE,
                since=HOSTILE,
                until=HOSTILE,
                confirmed_by=[HOSTILE],
                change={"what": HOSTILE, "by": HOSTILE, "time": HOSTILE, "event_id": HOSTILE, "diff": HOSTILE},
                token_change={"from": HOSTILE, "to": long},
                contradicts_observed=True,
            ),
            cause(exchange=HOSTILE, code="AWS1", headline=long, position="next", fix=long, status="past"),
            cause(exchange="b", code="AWS2", headline=long, confidence="suspected", settle=long),
        ],
        checks=[
            CheckRow(HOSTILE, HOSTILE, "failed", "weakens", HOSTILE, [FindingRow(HOSTILE, row, row, HOSTILE)]),
            CheckRow("B", HOSTILE, "broken", "note", long, traceback=HOSTILE),
            CheckRow("C", HOSTILE, "skipped", "note", long),
        ],
        fixes=[FixRow(HOSTILE, f"- {HOSTILE}\n+ {long}", ["echo 'ok'"], HOSTILE)],
        attempts=[attempt(target=long, subject=HOSTILE, error=HOSTILE, cause=HOSTILE, first_seen=HOSTILE)],
        timeline=[
            {
                "time": HOSTILE,
                "kind": "change",
                "cloud": "aws",
                "text": HOSTILE,
                "by": HOSTILE,
                "what": HOSTILE,
                "diff": HOSTILE,
                "event_id": HOSTILE,
                "flips": True,
            },
            {
                "time": HOSTILE,
                "until": HOSTILE,
                "kind": "attempts",
                "cloud": "aws",
                "text": HOSTILE,
                "subject": HOSTILE,
            },
        ],
        coverage=[
            Coverage(HOSTILE, "read", HOSTILE, HOSTILE, HOSTILE, 3),
            Coverage(HOSTILE, "partial", HOSTILE),
            Coverage(HOSTILE, "denied", HOSTILE),
        ],
        observed=[{"text": HOSTILE, "at": HOSTILE}],
        warnings=[HOSTILE],
    )
    hostile_report.target = [{HOSTILE: HOSTILE}]
    return hostile_report
