"""The conditions that accept the workload of one token and no other, judged before they are printed.

The subject is written whole. Only a part that is new in each run, such as the commit in a subject of Buildkite, becomes
a wildcard; a branch, a tag and an environment stay. The judge has to accept the token with the conditions, and to
refuse the strangers of the issuer; otherwise nothing is printed.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor import cel
from oidc_doctor.checkkit import NotReadError
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.findings.fixes.own_workload import glob
from oidc_doctor.findings.fixes.trust_policy import PATTERN_SIGNS
from oidc_doctor.findings.reach import reach_of
from oidc_doctor.findings.saved_token import renewed
from oidc_doctor.issuers.catalogue import normalised, profile_for
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.model.case import Case
from oidc_doctor.model.job import Conditions
from oidc_doctor.setup.proof import evidence_of

if TYPE_CHECKING:
    from oidc_doctor.issuers.strangers import Who
    from oidc_doctor.model.evidence import TargetEvidence, Token
    from oidc_doctor.model.steps import Cloud

_ACCOUNT, _NUMBER = "111122223333", "123456789012"  # of the judged set-up; neither is printed
_POOL = f"projects/{_NUMBER}/locations/global/workloadIdentityPools/pool"
_SUBJECT = "assertion.sub"
_MOST_BYTES = 127  # of google.subject (Google Cloud, Workload Identity Federation)
_IMITATED = (
    "a part of the subject is new in each run, and the name after it, such as a branch, could imitate the rest: "
    "use a token whose subject ends there"
)
_WHO: tuple[Who, ...] = ("anyone", "tenant", "team")


def conditions_for(token: Token) -> list[Conditions]:
    """Return the conditions of AWS and of Google Cloud for the workload of a token; none for a token without claims."""
    issuer, audience, subject = (token.claim(name) for name in ("iss", "aud", "sub"))
    audience = audience[0] if isinstance(audience, list) and audience else audience
    if not (isinstance(issuer, str) and isinstance(audience, str) and isinstance(subject, str) and subject):
        return []
    # its signature and its age are no part of the question
    token = renewed(token, time.time())._replace(kind="decoded", header=None, signing_input=b"", recorded=True)
    values = _Values(token, issuer, audience, subject)
    return [_of_aws(values), _of_google(values)]


class _Values(NamedTuple):
    token: Token
    issuer: str
    audience: str
    subject: str


def _of_aws(values: _Values) -> Conditions:
    place = "the trust policy of the role, whose Principal is the OIDC provider of this issuer"
    address = normalised(values.issuer)
    if PATTERN_SIGNS & set(values.subject + values.audience) or not _is_plain(values):
        return Conditions("aws", place, why_not="the subject has characters that IAM reads as a wildcard or a variable")
    parts = _lasting_parts(values)
    if not parts:
        return Conditions("aws", place, why_not=_IMITATED)
    audience, subject = {f"{address}:aud": values.audience}, {f"{address}:sub": "*".join(parts)}
    condition: dict[str, dict[str, str]] = (
        {"StringEquals": audience | subject} if len(parts) == 1 else {"StringEquals": audience, "StringLike": subject}
    )
    arn = f"arn:aws:iam::{_ACCOUNT}:oidc-provider/{address}"
    role = f"arn:aws:iam::{_ACCOUNT}:role/workload"
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    files: dict[str, Any] = {
        "aws/role.json": {"Role": {"RoleName": "workload", "Arn": role, "AssumeRolePolicyDocument": policy}},
        "aws/oidc-provider.json": {"Url": address, "ClientIDList": [values.audience], "OpenIDConnectProviderArn": arn},
    }
    target = {"role_arn": role, "role_session_name": "workload"}
    why_not = _objection(values, "aws", files, target)
    return Conditions("aws", place, "" if why_not else f'"Condition": {json.dumps(condition, indent=2)}', why_not)


def _of_google(values: _Values) -> Conditions:
    place = "the workload identity pool provider, which maps google.subject to assertion.sub"
    size = len(values.subject.encode("utf-8", "surrogatepass"))
    if size > _MOST_BYTES:
        why_not = f"the subject has {size} bytes, and google.subject may have {_MOST_BYTES}: map a part of it"
        return Conditions("gcp", place, why_not=why_not)
    if not _is_plain(values):
        return Conditions("gcp", place, why_not="the subject has characters that cannot be printed")
    parts = _lasting_parts(values)
    if not parts:
        return Conditions("gcp", place, why_not=_IMITATED)
    condition = f"{_SUBJECT} == {cel.quote(parts[0])}" if len(parts) == 1 else glob(_SUBJECT, parts)
    provider = f"{_POOL}/providers/provider"
    files: dict[str, Any] = {
        "gcp/provider.json": {
            "name": provider,
            "state": "ACTIVE",
            "attributeMapping": {"google.subject": _SUBJECT},
            "attributeCondition": condition,
            "oidc": {"issuerUri": values.issuer, "allowedAudiences": [values.audience]},
        },
        "gcp/pool.json": {"name": _POOL, "state": "ACTIVE"},
        "gcp/project.json": {"projectId": "workload", "projectNumber": _NUMBER},
    }
    why_not = _objection(values, "gcp", files, {"provider": provider})
    return Conditions("gcp", place, "" if why_not else condition, why_not)


def _is_plain(values: _Values) -> bool:
    return all(text.isprintable() for text in values[1:])


def _lasting_parts(values: _Values) -> list[str]:
    """Return the parts of the subject around what is new in each run: one where nothing is, none where it is unsafe.

    A value that may hold the separator, such as a branch of CircleCI, could repeat all that follows a wildcard.
    """
    profile = profile_for(values.issuer, values.subject)
    if profile is None:
        return [values.subject]
    parts: list[str] = []
    done = 0
    for segment in profile.parse_subject(values.subject).segments:
        rule = profile.segment_rule(segment.name)
        if rule is None or not segment.known or not segment.value:
            continue
        if rule.spans and parts:
            return []
        if "" in rule.varies:
            parts.append(values.subject[done : segment.value_start])
            done = segment.end
    return [*parts, values.subject[done:]]


def _objection(values: _Values, cloud: Cloud, files: dict[str, Any], target: dict[str, str]) -> str:
    """Return why the conditions are not printed: the judge does not accept the token, or accepts others as well."""
    evidence: TargetEvidence = evidence_of(files, cloud, target, values.issuer)
    profile = profile_of(evidence, values.token)
    case = Case(cloud, evidence, values.token, time.time(), profile)
    diagnosis = diagnose(case, evaluate(case))
    if diagnosis.prediction != "accepted":
        kinds = ", ".join(dict.fromkeys(str(refusal.kind) for refusal in diagnosis.refusals))
        return f"the token itself would not be accepted ({kinds or 'a step is open'})"
    try:
        openings = list(reach_of(case).openings(*_WHO))
    except NotReadError:
        return "who else would be accepted is not known"
    return f"another workload would be accepted as well, such as {openings[0].subject}" if openings else ""
