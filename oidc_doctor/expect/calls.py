"""Judge the calls of an expectation through the judge's permission step, as the accesses of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.issuers.characters import listed
from oidc_doctor.judge import evaluate
from oidc_doctor.judge.aws.needs import ANY_KEY
from oidc_doctor.judge.gcp.access import needs_of_text
from oidc_doctor.judge.gcp.role_permissions import SMALLEST
from oidc_doctor.model.access import AccessDecision, Decision, Need
from oidc_doctor.model.placeholder import Pasted

if TYPE_CHECKING:
    from oidc_doctor.documents.expect_file import ExpectedCall
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.refusal import Trace
    from oidc_doctor.model.steps import Cloud

_BUCKETS = "projects/_/buckets/"


class CallAnswer(NamedTuple):
    """The decision on a call and on what it needs besides, such as kms:Decrypt for an encrypted bucket."""

    decision: Decision
    case: Case
    rows: tuple[AccessDecision, ...] = ()
    trace: Trace | None = None
    why: str = ""  # of unknown: why the call was not judged, a full sentence

    @property
    def deciding(self) -> AccessDecision | None:
        """The row that decides: a denied one, else an open one."""
        order = {"denied": 0, "unknown": 1, "allowed": 2}
        return min(self.rows, key=lambda row: order[row.decision], default=None)


def cloud_of(call: ExpectedCall) -> Cloud:
    """Return the cloud of an action: those of AWS have a service and a colon."""
    return "aws" if ":" in call.action else "gcp"


def judge_call(case: Case, call: ExpectedCall) -> CallAnswer:
    """Judge one call of the session that this token gets."""
    need = _aws_need(call) if case.cloud == "aws" else _google_need(call)
    if need is None:
        known = listed(sorted(SMALLEST))
        why = (
            f"{call} was not judged: of Google Cloud oidc-doctor judges {known}, on a bucket, or on a repository as "
            "LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE."
        )
        return CallAnswer("unknown", case, why=why)
    asked = case._replace(asked=(need,), asks_access=True, explain=True)
    trace = evaluate(asked)
    rows = tuple(trace.accesses)
    if not any(row.need.action == need.action for row in rows):
        return CallAnswer("unknown", asked, trace=trace, why=_UNREAD[case.cloud])
    decisions = {row.decision for row in rows}
    decision: Decision = "denied" if "denied" in decisions else "unknown" if "unknown" in decisions else "allowed"
    return CallAnswer(decision, asked, rows, trace)


_UNREAD = {
    "aws": "The role's own policies were not read.",
    "gcp": "No allow policy that can grant the call was read.",
}
# The next step: what writes a bundle with the policies that decide a call.
ADD: dict[Cloud, str] = {
    "aws": "Judge a bundle with the role's policies: oidc-doctor capture -o BUNDLE --no-redact --role ARN writes one.",
    "gcp": "Judge a bundle with the allow policies: oidc-doctor capture -o BUNDLE --no-redact --gcp-provider NAME "
    "writes one.",
}


def _aws_need(call: ExpectedCall) -> Need:
    """Return the call; each `*` of its resource is any text there, so that all such resources have to be allowed."""
    resource = Pasted(call.resource.replace("*", ANY_KEY)) if call.resource.strip("*") else call.resource
    service = call.action.partition(":")[0].lower()
    return Need("aws", service, call.action, resource if "*" in call.resource else call.resource, call.at, str(call))


def _google_need(call: ExpectedCall) -> Need | None:
    if call.action not in SMALLEST:
        return None
    text = call.resource.removeprefix(_BUCKETS)
    if call.action.startswith("storage."):
        bucket = text.removeprefix("gs://").partition("/")[0]
        text = f"gs://{bucket}"
    needs = [need for need in needs_of_text(text, call.at) if need.action == call.action]
    return needs[0]._replace(wish=str(call)) if needs else None
