"""What holds of every bundle, however odd: it is answered, always alike, and the answer agrees with itself."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence import Bundle
from oidc_doctor.judge import error_texts
from oidc_doctor.judge.typos import may_be_similar, similarity
from oidc_doctor.model.steps import STEPS, position
from oidc_doctor.report.json import render_json
from oidc_doctor.report.markdown import render_markdown
from oidc_doctor.report.text import render_text

if TYPE_CHECKING:
    from oidc_doctor.model.report import Report

TESTS = Path(__file__).resolve().parent.parent


@cache
def schema() -> Any:
    text = (TESTS.parent / "docs" / "report.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


# Odd values of every kind, then what policies and providers are made of

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["", "*", "?", "${aws:username}", "${", "<none>", "<team>", "xxx", "\u202e", "\x00", "a" * 300]),
    st.lists(st.text(max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def mostly(good: st.SearchStrategy[Any], odd: st.SearchStrategy[Any] = ODD) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda roll: odd if roll == 0 else good)


SUBJECTS = st.sampled_from(
    [
        Bundle.SUBJECT,
        Bundle.SUBJECT,
        Bundle.SUBJECT.replace("Tq7LmZ2x", "*"),
        Bundle.SUBJECT.upper(),
        "repo:o/r:ref:refs/heads/main",
        "x",
    ]
)
PATTERNS = st.sampled_from(
    [
        Bundle.PATTERN,
        Bundle.PATTERN,
        Bundle.SUBJECT,
        "*",
        "v=1:org=Org8Kd2P:team=Tq7LmZ2y:*",
        "v=1:*:type=model_build",
        "${x}",
        "<org>",
    ]
)
OPERATORS = st.sampled_from(
    ["StringEquals", "StringLike", "StringLike", "StringNotLike", "StringEqualsIfExists", "ForAllValues:StringLike",
     "ForAnyValue:StringEquals", "Null", "Bool", "IpAddress", "NumericEquals", "DateLessThan", "StrngLike", "ArnLike"]
)  # fmt: skip
KEYS = st.sampled_from(
    [Bundle.SUB_KEY, Bundle.SUB_KEY, Bundle.AUD_KEY, "oidc.baseten.co:subb", "oidc.baseten.co:team", "aws:SourceIp",
     "aws:RequestedRegion", "sts:RoleSessionName", "sts:ExternalId", "aws:CurrentTime", "aws:SecureTransport"]
)  # fmt: skip
VALUES = mostly(PATTERNS | st.lists(PATTERNS, max_size=3) | st.just(Bundle.AUDIENCE))
CONDITIONS = mostly(st.dictionaries(OPERATORS, mostly(st.dictionaries(KEYS, VALUES, max_size=2)), max_size=3))
PRINCIPALS = mostly(
    st.sampled_from(
        [{"Federated": Bundle.PROVIDER_ARN}, {"Federated": [Bundle.PROVIDER_ARN, "cognito-identity.amazonaws.com"]},
         "*", {"AWS": "*"}, {"Federated": Bundle.PROVIDER_ARN.replace(Bundle.ACCOUNT, Bundle.OTHER_ACCOUNT)},
         {"Service": "ec2.amazonaws.com"}]
    )
)  # fmt: skip
ACTIONS = mostly(
    st.sampled_from(
        ["sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole", ["sts:TagSession", "sts:Assume*"], "*"]
    )
)
STATEMENTS = mostly(
    st.fixed_dictionaries(
        {
            "Effect": mostly(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
            "Principal": PRINCIPALS,
            "Action": ACTIONS,
        },
        optional={"Condition": CONDITIONS, "Sid": mostly(st.just("x"))},
    )
)
POLICIES = mostly(
    st.fixed_dictionaries(
        {"Version": mostly(st.sampled_from(["2012-10-17", "2008-10-17"])),
         "Statement": mostly(st.lists(STATEMENTS, min_size=1, max_size=3) | STATEMENTS)}
    )
)  # fmt: skip
CLAIMS = st.fixed_dictionaries(
    {
        "iss": mostly(st.sampled_from([Bundle.ISSUER, Bundle.ISSUER, Bundle.ISSUER + "/", "https://other.example"])),
        "sub": mostly(SUBJECTS),
        "aud": mostly(
            st.sampled_from(
                [Bundle.AUDIENCE, Bundle.AUDIENCE, [Bundle.AUDIENCE], [Bundle.AUDIENCE, "x"], "sts.amazonaws.com"]
            )
        ),
    },
    optional={
        "iat": mostly(st.sampled_from([Bundle.NOW - 60, Bundle.NOW - 9999, Bundle.NOW + 9999])),
        "exp": mostly(st.sampled_from([Bundle.NOW + 60, Bundle.NOW - 60])),
        "azp": mostly(st.just("client")),
        "team": mostly(st.just(Bundle.TEAM)),
        "https://aws.amazon.com/tags": ODD,
        "https://aws.amazon.com/source_identity": ODD,
        "https://aws.amazon.com/roles": ODD,
    },
)
EXPRESSIONS = st.sampled_from(
    ["assertion.sub", "assertion.team", "assertion.missing", "assertion.aud", "assertion.sub.split(':')[1]", "'x'",
     "assertion.sub.extract('team={t}:')", "1 + ", "assertion", "has(assertion.team) ? assertion.team : 'none'"]
)  # fmt: skip
CEL = st.sampled_from(
    ["true", "false", "google.subject.startsWith('v=1:')", f"assertion.team == '{Bundle.TEAM}'",
     "assertion.team == 'x'",
     "attribute.team in ['a']", "attribute.nope == 'x'", "assertion.sub.contains('production')", "assertion.sub == '*'",
     "1 / 0 == 1", "((", "google.groups", "assertion.aud == 'x' || assertion.team != ''",
     "assertion.sub.matches('(a+)+$')"]
)  # fmt: skip
MEMBERS = st.sampled_from(
    [Bundle.MEMBER, f"principal://iam.googleapis.com/{Bundle.POOL}/subject/{Bundle.SUBJECT}", "allUsers", "nonsense",
     f"principalSet://iam.googleapis.com/{Bundle.POOL}/*",
     f"principalSet://iam.googleapis.com/{Bundle.POOL}/attribute.team/*",
     "principal://", "deleted:principal://x?uid=1"]
)  # fmt: skip
ERRORS = st.none() | st.sampled_from(
    [error_texts.NOT_AUTHORIZED, error_texts.COULD_NOT_VALIDATE, error_texts.CONDITION_REJECTED,
     error_texts.IMPERSONATION_DENIED, error_texts.INVALID_TARGET, error_texts.NOT_A_JWT, "403", "Access Denied"]
)  # fmt: skip


def agrees(report: Report, *, observed: bool) -> None:
    """The report agrees with itself, and with the contract."""
    broken = [row.traceback for row in report.checks if row.status == "broken"]
    assert not broken, broken[0]
    assert report.verdict in ("healthy", "refused", "unknown")
    for one in report.exchanges:
        inside = [step.id for step in STEPS[one.cloud] if step.exchange]
        refusing = [row.id for row in one.steps if row.id in inside and row.state == "refused"]
        causes = [cause for cause in report.causes if cause.exchange == one.id]
        certain = [
            cause.step
            for cause in causes
            if cause.confidence != "suspected" and cause.step in inside and not cause.contradicts_observed
        ]
        assert [row.id for row in one.steps] == [step.id for step in STEPS[one.cloud]]
        assert (one.error is not None) == (one.step is not None) == (one.prediction == "refused")
        assert one.step == (refusing[0] if refusing else None)
        if one.prediction == "accepted":
            assert certain == []
        elif one.prediction == "refused" and not observed:
            assert one.step == min(certain, key=lambda step: position(one.cloud, step))
        after = False
        for row in one.steps:
            assert not (after and row.state in ("passed", "assumed", "passed-by-error")), one.steps
            after = after or row.id == one.step
    if any(cause.confidence != "suspected" for cause in report.causes):
        assert (report.verdict, report.exit_code) == ("refused", 1)
    if report.exit_code == 0:
        assert report.verdict == "healthy"
        assert [cause for cause in report.causes if cause.status == "active"] == []
        assert all(one.prediction == "accepted" for one in report.exchanges)
    assert [cause.position for cause in report.causes] == ["first", "next", "next", *["next"] * 99][
        : len(report.causes)
    ]
    for fix in report.fixes:
        json.loads(fix.document)
        found = {row.code for row in report.checks if row.status == "failed"}
        assert fix.for_ in found | {cause.code for cause in report.causes}


def answered(made: Bundle, error: str | None, secret: str | None = None) -> Report:
    report = made.report(error=error)
    agrees(report, observed=error is not None)
    text = render_json(report)
    data = json.loads(text)
    schema().validate(data)
    assert data == json.loads(render_json(made.report(error=error)))
    if secret is not None:
        for output in (text, render_markdown(report), render_text(report, width=80, color=False, verbose=True)):
            assert secret not in output
            assert secret.rsplit(".", 1)[1] not in output
    return report


def folder(root: str) -> Any:
    return Bundle(Path(root)).manifest()


@settings(max_examples=30)
@given(policy=POLICIES, claims=CLAIMS, error=ERRORS, client_ids=mostly(st.just([Bundle.AUDIENCE]) | st.just([])))
def test_aws(policy: Any, claims: Any, error: str | None, client_ids: Any) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = folder(root).aws_provider(client_ids=client_ids).aws_role(policy).sends()
        answered(made.write("claims.json", claims), error)


@settings(max_examples=30)
@given(
    mapping=mostly(
        st.dictionaries(
            st.sampled_from(["google.subject", "google.subject", "attribute.team", "google.groups", "attribute.BAD"]),
            mostly(EXPRESSIONS),
            max_size=3,
        )
    ),
    condition=mostly(CEL),
    claims=CLAIMS,
    members=st.lists(MEMBERS, max_size=3),
    audiences=mostly(st.just([Bundle.AUDIENCE]) | st.just([])),
    error=ERRORS,
)
def test_google(
    mapping: Any, condition: Any, claims: Any, members: list[str], audiences: Any, error: str | None
) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = folder(root).gcp_provider(mapping=mapping, condition=condition, audiences=audiences).gcp_pool()
        made.service_account().service_account_policy(
            bindings=[{"role": "roles/iam.workloadIdentityUser", "members": members}]
        )
        made.target(gcp={"provider": Bundle.GCP_PROVIDER, "service_account": Bundle.SERVICE_ACCOUNT})
        answered(made.write("claims.json", claims), error)


@settings(max_examples=15)
@given(claims=CLAIMS, policy=POLICIES, error=ERRORS, where=st.sampled_from(["token.jwt", "tokens/a.jwt", "error.txt"]))
def test_a_compact_token_is_never_in_an_answer(claims: Any, policy: Any, error: str | None, where: str) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = folder(root).aws_provider().aws_role(policy).sends().jwks().discovery()
        secret = made.compact(claims)
        if where == "error.txt":
            made.claims(claims).error(f"Invalid token {secret} for the call")
        else:
            made.write(where, secret)
        answered(made, error, secret)


@settings(max_examples=15)
@given(files=st.dictionaries(
    st.sampled_from(["aws/role.json", "aws/oidc-provider.json", "gcp/provider.json", "claims.json", "token.jwt",
                     "gcp/service-account-policy.json", "issuer/jwks.json", "manifest.json", "aws/cloudtrail/a.json",
                     "gcp/logs/a.json", "error.txt", "oidc-doctor.toml", "aws/oidc-providers.json"]),
    st.binary(max_size=40) | ODD.map(lambda value: json.dumps(value).encode()) | st.just(b'{"Role": {}}'),
    min_size=1,
))  # fmt: skip
def test_files_of_any_content_are_answered(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = Bundle(Path(root))
        for name, content in files.items():
            made.write(name, content)
        report = made.report(at=float(Bundle.NOW))
        agrees(report, observed=True)
        schema().validate(json.loads(render_json(report)))


@settings(max_examples=30)
@given(records=st.lists(
    st.fixed_dictionaries({}, optional={
        "subject": st.sampled_from([Bundle.SUBJECT, "other"]),
        "errorCode": mostly(st.sampled_from([..., "AccessDenied", "InvalidIdentityToken", "New"])),
        "errorMessage": mostly(st.sampled_from([..., "An unknown error occurred", error_texts.COULD_NOT_VALIDATE])),
        "at": mostly(st.sampled_from(["2026-11-22T22:30:00Z", "2026-11-21T22:30:00Z", "later"])),
        "responseElements": mostly(st.just({"credentials": {"accessKeyId": "ASIA"}}) | st.none()),
        "requestParameters": mostly(st.just({"roleArn": Bundle.ROLE_ARN})),
        "userIdentity": ODD,
    }), max_size=4), token=st.booleans())  # fmt: skip
def test_events_of_any_content_are_answered(records: list[Any], token: bool) -> None:
    with tempfile.TemporaryDirectory() as root:
        made = folder(root).aws_provider().aws_role().sends()
        made.cloudtrail([made.event(**record, event_id=f"e-{n}") for n, record in enumerate(records)])
        if token:
            made.claims()
        report = made.report()
        agrees(report, observed=True)
        text = render_json(report)
        schema().validate(json.loads(text))
        assert text == render_json(made.report())
        assert sum(row.count for row in report.attempts) <= len(records)


@given(st.text("ab:-", max_size=12), st.text("ab:-", max_size=12), st.sampled_from([0.6, 0.8, 0.9, 1.0]))
def test_names_that_are_similar_may_be_similar_by_their_lengths(left: str, right: str, least: float) -> None:
    assert may_be_similar(left, right, least) or similarity(left, right) < least
