"""Judge a set-up before it is printed, with the same evaluators as every other configuration.

The documents are read as a bundle of the clouds' output. The named workload has to pass with every accepted token type;
strangers, and every other value of a named part, have to be refused; each call to the named bucket and repository has
to be allowed, and no others.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_doctor import iam
from oidc_doctor.bundle.files import Bundle, BundleMember
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.token import hypothetical
from oidc_doctor.findings.causes import diagnose
from oidc_doctor.findings.strangers import other_tokens, refuses_token
from oidc_doctor.issuers.strangers import another
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.profiles import complete_hypothetical, profile_of
from oidc_doctor.judge.save_rules import answer_to_trust_policy
from oidc_doctor.model.case import Case
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import TargetAws, TargetGcp
from oidc_doctor.model.steps import PASSED, Cloud
from oidc_doctor.setup import aws, gcp
from oidc_doctor.setup.wanted import ISSUER, TYPES, AwsWanted, GcpWanted

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.setup.wanted import Workload

_LONGEST_ENVIRONMENT = "e" * 40  # (Baseten, OIDC)
# Steps of which one has to refuse a stranger; for AWS any. A federated token is useful without the service account.
_BEFORE_THE_ACCOUNT: dict[Cloud, tuple[str, ...]] = {
    "aws": (),
    "gcp": ("target", "token", "issuer", "audience", "times", "keys", "condition", "mapping"),
}
_MODEL, _DEPLOYMENT = "Ab3dEf7h", "Jk5mNp9q"  # ids that the set-up does not name


def evidence_of(files: dict[str, Any], cloud: Cloud, target: dict[str, str], issuer: str = ISSUER) -> TargetEvidence:
    """Return the set-up's evidence, with these files read as a bundle."""
    whole = dict(files)
    lines = ["[[target]]", 'name = "setup"', f"issuer = {json.dumps(issuer)}", f"[target.{cloud}]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in target.items()]
    whole["oidc-doctor.toml"] = "\n".join(lines) + "\n"
    absent = ("aws/bucket-policy.json", "aws/repository-policy.json", "gcp/folder-policy.json")
    reads = [{"path": name, "outcome": "ok"} for name in files]
    reads += [
        {"path": name, "outcome": "not_found"}
        for name in (*absent, "gcp/organization-policy.json")
        if name not in files
    ]
    whole["manifest.json"] = {"reads": reads}
    texts = {name: value if isinstance(value, str) else json.dumps(value, indent=2) for name, value in whole.items()}
    members = {name: BundleMember(len(text), partial(io.BytesIO, text.encode())) for name, text in texts.items()}
    (evidence,) = load_snapshot(Bundle("setup", members)).targets
    return evidence


def faults_of(wanted: AwsWanted | GcpWanted, files: dict[str, Any] | None = None) -> list[str]:
    """Return the faults that the judge finds in the set-up; empty if the set-up may be printed.

    `files` replace the set-up's own.
    """
    if isinstance(wanted, AwsWanted):
        documents = files or aws.files(wanted)
        evidence = evidence_of(documents, "aws", aws.target(wanted))
        return [*_exchange_faults(wanted.workload, evidence, "aws"), *_policy_faults(wanted, documents)]
    evidence = evidence_of(files or gcp.files(wanted), "gcp", gcp.target(wanted))
    return list(_exchange_faults(wanted.workload, evidence, "gcp"))


def subject_of(workload: Workload, kind: str, **changed: str) -> str:
    """Return a subject of the workload, with synthetic ids for unnamed parts."""
    parts = {
        "v": "1",
        "org": workload.org,
        "team": workload.team,
        "model": workload.model or _MODEL,
        "deployment": _DEPLOYMENT,
        "environment": workload.environment or "production",
        "type": kind,
    } | changed
    return ":".join(f"{name}={value}" for name, value in parts.items())


def _case(evidence: TargetEvidence, cloud: Cloud, subject: str) -> Case:
    token = hypothetical(subject, origin=Origin("--subject"))._replace(recorded=True)
    profile = profile_of(evidence, token)
    whole = complete_hypothetical(token, profile, evidence)
    return Case(cloud, evidence, whole, time.time(), profile, asks_access=True)


def _exchange_faults(workload: Workload, evidence: TargetEvidence, cloud: Cloud) -> Iterator[str]:
    subjects = [subject_of(workload, kind) for kind in workload.types]
    if workload.environment is None:
        subjects += [subject_of(workload, kind, environment=_LONGEST_ENVIRONMENT) for kind in workload.types]
    for subject in subjects:
        yield from _own_faults(_case(evidence, cloud, subject), subject)
    yield from _stranger_faults(workload, evidence, cloud)


def _own_faults(case: Case, subject: str) -> Iterator[str]:
    trace = evaluate(case)
    prediction = diagnose(case, trace).prediction
    if prediction != "accepted":
        reasons = ", ".join(dict.fromkeys(str(refusal.kind) for refusal in trace.refusals)) or "an open step"
        yield f"{subject} is {prediction}: {reasons}"
    for row in trace.accesses:
        if row.decision != "allowed":
            yield f"{row.need.action} on {row.need.resource} is {row.decision}"
    of_aws, of_google = case.evidence.target.aws or TargetAws(), case.evidence.target.gcp or TargetGcp()
    wishes = (of_aws.s3_bucket, of_aws.ecr_repository, of_google.gcs_bucket, of_google.artifact_repository)
    if any(wishes) and (not trace.accesses or trace.step("permission").state != PASSED):
        yield "no call of the bucket or the repository was judged"


def _stranger_faults(workload: Workload, evidence: TargetEvidence, cloud: Cloud) -> Iterator[str]:
    """Yield every stranger, and every other value of a named part, that the set-up does not refuse."""
    case = _case(evidence, cloud, subject_of(workload, workload.types[0]))
    named = {"another model"} if workload.model else set()
    named |= {"another environment"} if workload.environment else set()
    named |= {"another type"} if workload.types != TYPES else set()
    others = other_tokens(case)
    tried = [other for other in others if other.outsider or other.who in named]
    kinds = {other.who for other in tried}
    for kind in ("another issuer", "another audience", *named):
        if kind not in kinds:
            yield f"no token of {kind} was tried"
    for other in tried:
        if not refuses_token(case, other, *_BEFORE_THE_ACCOUNT[cloud]):
            yield f"{other} is not refused"
    names = [name for name in ("org", "team", "model") if getattr(workload, name)]
    foreign = {
        name: subject_of(workload, workload.types[0], **{name: another(getattr(workload, name))}) for name in names
    }
    for who, subject in foreign.items():
        if diagnose(stranger := _case(evidence, cloud, subject), evaluate(stranger)).prediction != "refused":
            yield f"another {who}, {subject}, is not refused"


def _policy_faults(wanted: AwsWanted, documents: dict[str, Any]) -> Iterator[str]:
    """Yield reasons why IAM would not store the documents, and allowed calls that the role is not for."""
    trust = documents["aws/role.json"]["Role"]["AssumeRolePolicyDocument"]
    refusal = answer_to_trust_policy(trust)
    if refusal:
        yield f"IAM would not store the trust policy: {refusal}"
    policies = [value["PolicyDocument"] for name, value in documents.items() if name.startswith("aws/role-policies/")]
    for document in policies:
        policy = iam.compile_policy(document, grammar=iam.IDENTITY)
        for action, resource in aws.other_calls(wanted):
            if policy.decide("", action, {}, resource).granted is not False:
                yield f"{action} on {resource} is allowed"
