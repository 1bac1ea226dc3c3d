"""Reports for each situation that a renderer has to handle."""

from __future__ import annotations

from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.refusal import NO_CLAUSE, Clause, Side
from oidc_doctor.model.report import (
    CheckRow,
    FindingRow,
    FixRow,
    Report,
    Tried,
)
from reports.rows import BIND, NOT_AUTHORIZED, NOW, PATTERN, PROVIDER, SUBJECT, attempt, cause, exchange, report, steps

ENVIRONMENT_CLAIM = Origin("claims.json", "/environment", 8, claim="environment", of_token=True)
SUBJECT_CLAIM = Origin("claims.json", "", 2, claim="sub", of_token=True)


def store(pattern: str) -> str:
    """The command that stores a trust policy with this pattern."""
    statement = f'{{"Condition": {{"StringLike": {{"oidc.baseten.co:sub": "{pattern}"}}}}}}'
    policy = f"'{{\n  \"Statement\": [\n    {statement}\n  ]\n}}'"
    return f"aws iam update-assume-role-policy --role-name ModelWeights --policy-document {policy}"


def refused() -> Report:
    """An edit of the trust policy broke the exchange, and the logs show the time."""
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
                [store(PATTERN.replace("2y", "2x"))],
                "318 subjects seen are accepted, 60 synthetic ones are refused",
                '{"Statement": []}',
                kind="restore",
                file="aws/role.json",
                headline="Put back the earlier trust policy of ModelWeights.",
                opens_to=[f"another model: v=1:org=Org8Kd2P:team=Tq7LmZ2x:model={name}" for name in "abc"],
                tried=Tried(60, 0, 318, 0),
                terraform='# The IAM role ModelWeights\nresource "aws_iam_role" "example" {\n}',
                verify=["aws iam get-role --role-name ModelWeights --query Role.AssumeRolePolicyDocument"],
                undo=[store(PATTERN)],
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
    """The caller was refused, and the evidence does not prove the cause."""
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
                code="AWS031", confidence="suspected", expected=None, actual=None, clause=NO_CLAUSE, settle="the token"
            ),
        ],
        observed=[{"text": f"Error: {NOT_AUTHORIZED}\nfor the 2nd time", "at": "error.txt:1"}],
    )


def healthy() -> Report:
    return report(exchanges=[exchange(assumed=["the signature and the times: the claims were pasted"])])


def unknown() -> Report:
    """The role is missing from the evidence."""
    return report(
        verdict="unknown",
        exit_code=3,
        exchanges=[exchange(prediction="unknown", steps=steps("aws", provider="unknown", authorise="unknown"))],
    )


def two() -> Report:
    """A token for two clouds: Google refuses for two reasons; the second contradicts the observed error."""
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
                actual=Side("<none>", ENVIRONMENT_CLAIM, ((0, 6),)),
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
    """The token is accepted now, and was refused for two hours."""
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
    """The evidence names no role, provider or token."""
    return report(verdict="unknown", exit_code=3, exchanges=[], target=[])


def permission() -> Report:
    """The exchange is accepted; a later request of the workload is denied."""
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
                actual=Side(
                    right,
                    SUBJECT_CLAIM,
                    ((right.index("green"), right.index("green") + 5),),
                ),
                headline="the trust policy names the team blue, and the token comes from the team green, which is why "
                "no statement of the policy applies to it at all",
            )
        ],
    )


# Untrusted text in a claim, a policy, a log entry or a file name.
