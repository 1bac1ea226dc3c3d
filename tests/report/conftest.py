"""Reports made by hand, one per situation that a renderer meets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from oidc_doctor.bundle.contract import deciding
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.refusal import Clause, Refusal, Side
from oidc_doctor.model.report import (
    AttemptRow,
    Cause,
    CheckRow,
    Exchange,
    FindingRow,
    FixRow,
    NamedRefusal,
    Report,
    StepRow,
    Timing,
)
from oidc_doctor.model.steps import STEPS

NOW = "2026-11-22T22:40:00Z"
ROLE = "arn:aws:iam::210987654321:role/ModelWeights"
PROVIDER = "projects/482910375566/locations/global/workloadIdentityPools/baseten/providers/oidc"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=<none>:type=model_build"
PATTERN = "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"

BIND = (
    "gcloud iam service-accounts add-iam-policy-binding loader@models-prod.iam.gserviceaccount.com "
    "--role=roles/iam.workloadIdentityUser --member='principalSet://iam.googleapis.com/"
    "projects/482910375566/locations/global/workloadIdentityPools/baseten/*'"
)


def steps(cloud: Any, **states: str) -> list[StepRow]:
    """Every step of the cloud, passed where nothing else is said; after a refusal, not reached."""
    rows: list[StepRow] = []
    refused = False
    for step in STEPS[cloud]:
        state: Any = states.get(step.id.replace("-", "_"), "not-reached" if refused else "passed")
        refused = refused or state == "refused"
        rows.append(StepRow(step.id, state, f"{cloud}/{step.id}.json:3", f"the {step.title} was looked at"))
    return rows


def exchange(cloud: Any = "aws", **given: Any) -> Exchange:
    values: dict[str, Any] = {
        "id": f"weights/{cloud}",
        "cloud": cloud,
        "target_name": "weights",
        "resource": ROLE if cloud == "aws" else PROVIDER,
        "subject": SUBJECT,
        "claims_from": "token",
        "prediction": "accepted",
        "step": None,
        "error": None,
        "decided_by": deciding(cloud),
        "assumed": [],
        "steps": steps(cloud),
        "trace": {"steps": []},
        "token": {"header": {"alg": "RS256"}, "claims": {"iss": "https://oidc.baseten.co", "sub": SUBJECT}},
    }
    return Exchange(**(values | given))


def cause(**given: Any) -> Cause:
    at = PATTERN.index("y:*")
    values: dict[str, Any] = {
        "code": "AWS021",
        "name": "subject-segment-differs",
        "cloud": "aws",
        "exchange": "weights/aws",
        "position": "first",
        "confidence": "proven",
        "status": "active",
        "headline": "the trust policy expects another team",
        "clause": Clause(statement=0, operator="StringLike", key="oidc.baseten.co:sub"),
        "expected": Side(PATTERN, Origin("aws/role.json", "/Role", 14), ((at, at + 1),)),
        "actual": Side(SUBJECT, Origin("claims.json", "/sub", 4, claim="sub", of_token=True), ((at, at + 1),)),
        "step": "authorise",
        "where": Origin("aws/role.json", "/Role", 14),
        "fix": "Put the team back into the pattern.",
        "commands": (
            "aws iam update-assume-role-policy --role-name ModelWeights --policy-document file://trust-policy.json",
        ),
    }
    return flat_cause(values | given)


def flat_cause(values: dict[str, Any]) -> Cause:
    """A cause of the fields that its JSON has, and `expected`, `actual` and `headline`."""
    confidence = values["confidence"]
    refusal = Refusal(
        values["cloud"],
        values["step"],
        values.get("kind", Kind.SUBJECT_SEGMENT_DIFFERS),
        values["expected"],
        values["actual"],
        certain=confidence != "suspected",
        clause=values["clause"],
        where=values["where"],
        settle=values.get("settle", ""),
        named_by_error=confidence == "proven",
    )
    named = NamedRefusal(
        refusal, values["code"], values["name"], values["headline"], values["fix"], tuple(values["commands"])
    )
    timing = Timing(**{field.name: values[field.name] for field in fields(Timing) if field.name in values})
    return Cause(
        values["exchange"],
        named,
        timing,
        tuple(values.get("confirmed_by", ())),
        values["position"],
        values["status"],
        values.get("contradicts_observed", False),
    )


def change_cause(report: Report, index: int = 0, **given: Any) -> None:
    """Give one cause of the report other values, by the names of `cause`."""
    cause = report.causes[index]
    values: dict[str, Any] = {
        "code": cause.code,
        "name": cause.name,
        "cloud": cause.cloud,
        "exchange": cause.exchange,
        "position": cause.position,
        "confidence": cause.confidence,
        "status": cause.status,
        "kind": cause.named.refusal.kind,
        "headline": cause.named.headline,
        "clause": cause.clause,
        "expected": cause.expected,
        "actual": cause.actual,
        "step": cause.step,
        "where": cause.named.refusal.where,
        "fix": cause.named.fix,
        "commands": cause.named.commands,
        "settle": cause.named.refusal.settle,
        "confirmed_by": cause.confirmed_by,
        "contradicts_observed": cause.contradicts_observed,
        **vars(cause.timing),
    }
    report.causes[index] = flat_cause(values | given)


def report(**given: Any) -> Report:
    values: dict[str, Any] = {
        "verdict": "healthy",
        "exit_code": 0,
        "evaluated_at": NOW,
        "tool": {"name": "oidc-doctor", "version": "0.1.0"},
        "target": [{"name": "weights", "aws": {"role_arn": {"value": ROLE, "at": "oidc-doctor.toml:3"}}}],
        "window": {"from": None, "to": None, "basis": ""},
        "exchanges": [exchange()],
        "causes": [],
        "checks": [
            CheckRow("TOK002", "token-expired", "passed", "blocks", ""),
            CheckRow("LOG001", "silence", "skipped", "note", "no logs were given"),
        ],
        "fixes": [],
        "attempts": [],
        "timeline": [],
        "coverage": [
            Coverage("token", "read"),
            Coverage("trust policy", "read"),
            Coverage("issuer", "not-asked", "offline"),
            Coverage("role permissions", "missing", "not in the bundle"),
            Coverage("permissions boundary", "missing", "not in the bundle"),
        ],
    }
    return Report(**(values | given))


def attempt(**given: Any) -> AttemptRow:
    values: dict[str, Any] = {
        "cloud": "aws",
        "target": ROLE,
        "provider": "arn:aws:iam::210987654321:oidc-provider/oidc.baseten.co",
        "subject": SUBJECT,
        "audience": "oidc.baseten.co",
        "outcome": "refused",
        "error": "AccessDenied",
        "count": 87,
        "first_seen": "2026-11-22T13:28:10Z",
        "last_seen": "2026-11-22T22:31:00Z",
        "replay": {"decision": "refused", "revision": 2},
        "cause": "AWS021",
        "event_ids": ["5c0e5a0e-9d5f-4a7e-8a3c-1f0f8a1f2b11"],
    }
    return AttemptRow(**(values | given))


def refused() -> Report:
    """An edit of the trust policy broke it, and the logs show when."""
    return report(
        verdict="refused",
        exit_code=1,
        window={"from": "2026-11-21T16:40:00Z", "to": NOW, "basis": "last 30 h"},
        exchanges=[
            exchange(
                prediction="refused",
                step="authorise",
                error={"code": "AccessDenied", "message": NOT_AUTHORIZED, "certain": True},
                assumed=["the signature: claims from the log carry none", "no service control policy denies it"],
                steps=steps("aws", token="assumed", keys="assumed", authorise="refused"),
            )
        ],
        causes=[
            cause(
                since="2026-11-22T13:27:04Z",
                confirmed_by=["5c0e5a0e-9d5f-4a7e-8a3c-1f0f8a1f2b11", "b", "c"],
                change={
                    "event_id": "73ab4876-3f0c-4c3e-9c53-0f6f2b7a9d10",
                    "time": "2026-11-22T13:27:04Z",
                    "by": "PlatformAdmin/dana.ops",
                    "what": "UpdateAssumeRolePolicy",
                    "diff": "- v=1:org=Org8Kd2P:team=Tq7LmZ2x:*\n+ v=1:org=Org8Kd2P:team=Tq7LmZ2y:*",
                },
            )
        ],
        checks=[
            CheckRow("TOK002", "token-expired", "passed", "blocks", ""),
            CheckRow(
                "AWS021",
                "subject-segment-differs",
                "failed",
                "blocks",
                "",
                [FindingRow("the trust policy expects another team")],
            ),
            CheckRow(
                "AWS072",
                "trusts-any-model",
                "failed",
                "weakens",
                "",
                [FindingRow("any model and environment of the team is trusted", fix="Name the model.")],
            ),
            CheckRow(
                "ISS010",
                "signature-unchecked",
                "failed",
                "note",
                "",
                [FindingRow("signature not checked: the claims come from the audit log, no token was given")],
            ),
            CheckRow("LOG001", "silence", "skipped", "note", "no Google logs were given"),
        ],
        fixes=[
            FixRow(
                "AWS021",
                "- v=1:org=Org8Kd2P:team=Tq7LmZ2y:*\n+ v=1:org=Org8Kd2P:team=Tq7LmZ2x:*",
                [
                    "aws iam update-assume-role-policy --role-name ModelWeights --policy-document file://trust-policy.json"
                ],
                "318 subjects seen are accepted, 60 foreign ones stay out",
            )
        ],
        attempts=[
            attempt(),
            attempt(
                outcome="accepted",
                error=None,
                count=231,
                first_seen="2026-11-21T16:44:00Z",
                last_seen="2026-11-22T13:20:00Z",
                cause=None,
            ),
        ],
        coverage=[
            Coverage("claims", "read"),
            Coverage("trust policy", "read"),
            Coverage("OIDC provider", "read"),
            Coverage("CloudTrail us-east-1", "read", "", "2026-11-21T16:40:00Z", NOW, 2731),
            Coverage("CloudTrail eu-west-1", "partial", "3 of 5 files unreadable", None, None, 12),
            Coverage("issuer", "not-asked", "offline"),
            Coverage("role permissions", "denied", "iam:ListRolePolicies"),
        ],
        observed=[{"text": f"An error occurred (AccessDenied): {NOT_AUTHORIZED}", "at": "error.txt"}],
    )


def suspected() -> Report:
    """The caller was refused, and what was read does not decide why."""
    return report(
        verdict="refused",
        exit_code=1,
        exchanges=[
            exchange(
                prediction="unknown",
                claims_from="hypothetical",
                steps=steps("aws", request="passed-by-error", token="passed-by-error", authorise="unknown"),
            )
        ],
        causes=[
            cause(
                code="AWS030",
                name="condition-value-differs",
                confidence="suspected",
                headline="the account id in the policy is redacted and another one is expected",
                clause=Clause(("Principal", "Federated"), 0),
                expected=Side("arn:aws:iam::XXXXXXXXXXXX:oidc-provider/oidc.baseten.co"),
                actual=None,
                commands=(),
                fix="Compare the account id with the one of the role.",
                settle="the trust policy without redaction, as aws iam get-role prints it",
            ),
            cause(
                code="AWS031", confidence="suspected", expected=None, actual=None, clause=Clause(), settle="the token"
            ),
        ],
        observed=[{"text": f"Error: {NOT_AUTHORIZED}\nfor the 2nd time", "at": "error.txt:1"}],
    )


def healthy() -> Report:
    return report(exchanges=[exchange(assumed=["the signature and the times: the claims were pasted"])])


def unknown() -> Report:
    """The role was not read."""
    return report(
        verdict="unknown",
        exit_code=3,
        exchanges=[exchange(prediction="unknown", steps=steps("aws", provider="unknown", authorise="unknown"))],
    )


def two() -> Report:
    """One token, two clouds; Google refuses for two reasons, and the second one contradicts what was seen."""
    value = "assertion.environment == 'production'"
    return report(
        verdict="refused",
        exit_code=1,
        exchanges=[
            exchange(),
            exchange(
                "gcp",
                prediction="refused",
                step="condition",
                error={
                    "code": "unauthorized_client",
                    "message": "The given credential is rejected by the attribute condition.",
                    "certain": False,
                },
                steps=steps("gcp", keys="unknown", condition="refused", permission="unknown"),
            ),
        ],
        causes=[
            cause(
                code="GCP041",
                name="attribute-condition-false",
                cloud="gcp",
                exchange="weights/gcp",
                confidence="predicted",
                headline="the attribute condition wants environment production",
                clause=Clause(("attributeCondition", "assertion.environment == 'production'")),
                expected=Side(value, Origin("gcp/provider.json", "/attributeCondition", 9), ((26, 36),)),
                actual=Side(
                    "<none>", Origin("claims.json", "/environment", 8, claim="environment", of_token=True), ((0, 6),)
                ),
                step="condition",
                fix="Promote the deployment to production, or accept <none> in the condition.",
                commands=(),
            ),
            cause(
                code="GCP060",
                name="impersonation-binding-missing",
                cloud="gcp",
                exchange="weights/gcp",
                position="next",
                confidence="predicted",
                headline="no binding lets the principal impersonate the service account",
                clause=Clause(("roles/iam.workloadIdentityUser",)),
                expected=None,
                actual=Side(f"principal://iam.googleapis.com/{PROVIDER.partition('/providers')[0]}/subject/{SUBJECT}"),
                step="impersonate",
                fix="Grant roles/iam.workloadIdentityUser to the principal.",
                commands=(BIND,),
                contradicts_observed=True,
            ),
        ],
    )


def past() -> Report:
    """Accepted now; it was not, for two hours."""
    return report(
        causes=[
            cause(
                status="past",
                since="2026-11-22T13:27:04Z",
                until="2026-11-22T15:30:00Z",
                change={"event_id": "73ab4876", "time": "2026-11-22T13:27:04Z", "by": "dana", "what": "an edit"},
            )
        ],
        attempts=[attempt(last_seen="2026-11-22T15:20:00Z"), attempt(outcome="accepted", last_seen=NOW, cause=None)],
    )


def broken() -> Report:
    return report(
        verdict="broken",
        exit_code=4,
        checks=[
            CheckRow(
                "AWS050",
                "explicit-deny",
                "broken",
                "blocks",
                "KeyError: 'Effect'",
                traceback="Traceback (most recent call last):\n  File \"x.py\", line 1\nKeyError: 'Effect'\n",
            )
        ],
        warnings=["aws/role.json appears twice in the archive; the last one counts"],
    )


def nothing() -> Report:
    """Nothing names a role, a provider or a token."""
    return report(verdict="unknown", exit_code=3, exchanges=[], target=[])


def permission() -> Report:
    """The exchange works; what the workload then asks for does not."""
    return report(
        verdict="refused",
        exit_code=1,
        exchanges=[exchange(steps=steps("aws", permission="refused"))],
        causes=[
            cause(
                code="ACC001",
                name="permission-missing",
                step="permission",
                confidence="predicted",
                headline="the role may not read the bucket",
                clause=Clause(("s3:GetObject",)),
                expected=None,
                actual=None,
                where=Origin("aws/role-policies/weights.json", "", 7),
            )
        ],
    )


def lengths() -> Report:
    """Both sides are too long for a line, and differ near the end; the prefixes have different lengths."""
    left = f"arn:aws:iam::210987654321:oidc-provider/{'a' * 130}/tenant-one/team=blue:type=model_build"
    right = f"arn:aws:iam::210987654321:oidc-provider/{'a' * 140}/tenant-one/team=green:type=model_build"
    return report(
        verdict="refused",
        exit_code=1,
        exchanges=[exchange(prediction="refused", step="authorise", steps=steps("aws", authorise="refused"))],
        causes=[
            cause(
                expected=Side(left, Origin("aws/role.json", "", 14), ((left.index("blue"), left.index("blue") + 4),)),
                actual=Side(right, Origin("claims.json", "", 2), ((right.index("green"), right.index("green") + 5),)),
                headline="the trust policy names the team blue, and the token comes from the team green, which is why "
                "no statement of the policy applies to it at all",
            )
        ],
    )


# Everything that a stranger may put into a claim, a policy, a log entry or a file name.
HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\x00 ```\n````~~~ | <script>alert(1)</script> <!-- --> @octocat #1 "
    "[x](javascript:1) ![i](https://evil.example/p.png) https://evil.example www.evil.example a@evil.example "
    "\u202etxt.exe\u2066\u200b\u200d\ufeff\u00ad\u2028 e\u0301 \ud800 \U000e0041 שלום 語語 \u3164 *b* _i_ \\u200b "
    "</details></pre> &lt; {{x}} $(rm -rf ~) `id` 0123456789abcdef0123456789abcdef01234567 \r\n# heading\n| a | b |"
)


def hostile() -> Report:
    """Every text of the report is hostile, and some are long."""
    long = HOSTILE + "A" * 10_000
    at = Origin(HOSTILE, HOSTILE, None, HOSTILE)
    row = Side(long, at, ((30, 40), (len(long) - 5, len(long))))
    given = report(
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
    given.target = [{HOSTILE: HOSTILE}]
    return given


SAMPLES: dict[str, Callable[[], Report]] = {
    made.__name__: made
    for made in (refused, suspected, healthy, unknown, two, past, broken, nothing, permission, lengths, hostile)
}


@pytest.fixture(params=sorted(SAMPLES))
def any_report(request: pytest.FixtureRequest) -> Report:
    """Each of the samples in turn."""
    return SAMPLES[request.param]()


@pytest.fixture
def sample() -> Callable[[str], Report]:
    """A sample by name."""
    return lambda name: SAMPLES[name]()
