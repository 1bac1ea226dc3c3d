"""A judged exchange as the report has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.bundle.contract import deciding
from oidc_doctor.documents import truss
from oidc_doctor.examine.token_view import describe
from oidc_doctor.findings.causes import Diagnosis
from oidc_doctor.judge.profiles import configured_issuer
from oidc_doctor.judge.times import rfc3339
from oidc_doctor.model import limits
from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import GcpProvider
from oidc_doctor.model.refusal import Trace
from oidc_doctor.model.report import AllowedSubjects, DecidingFile, Exchange, MissingToken, Read

if TYPE_CHECKING:
    from oidc_doctor.findings.shared_traces import SharedTraces
    from oidc_doctor.issuers import Profile
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.events import Signature


def exchange_row(
    name: str,
    diagnosis: Diagnosis,
    last: Signature | None = None,
    region: str | None = None,
    *,
    in_force: bool = False,
    shared_traces: SharedTraces | None = None,
) -> Exchange:
    """A judged exchange as the report has it. `last` is the newest of its token's logged attempts.

    `region` is the Region in which AWS refuses the token while accepting it in others. `in_force`: whether it was
    refused by a configuration that may be the present one.
    """
    case, trace = diagnosis.case, diagnosis.trace
    error = diagnosis.error
    target = case.evidence.target
    if trace.cloud == "aws":
        resource = target.aws.role_arn if target.aws else None
    else:
        resource = target.gcp.provider if target.gcp else None
        if resource is None and case.evidence.gcp and isinstance(case.evidence.gcp.provider, GcpProvider):
            resource = case.evidence.gcp.provider.name
    token = case.token
    origin = {"event": token.name, "hypothetical": "hypothetical"}.get(token.kind, "token")
    return Exchange(
        id=name,
        cloud=trace.cloud,
        target_name=target.name,
        resource=resource,
        subject=token.subject,
        claims_from=origin,
        prediction=diagnosis.prediction,
        step=diagnosis.step,
        error={"code": error.code, "message": error.message, "certain": error.certain} if error else None,
        assumed=list(dict.fromkeys(trace.assumed)),
        steps=diagnosis.rows,
        trace=_trace_json(trace),
        reads=_reads(trace),
        decided_by=_decided_by(diagnosis),
        token=describe(token, case.profile, case.at, trace.cloud),
        accesses=tuple(trace.accesses),
        last_attempt=_last_attempt(last, region, in_force=in_force),
        missing_token=None if case.token.given else _missing_token(case),
        allows=() if case.token.given else _allowed(case, shared_traces),
    )


def _decided_by(diagnosis: Diagnosis) -> dict[str, tuple[DecidingFile, ...]]:
    """Return the files that decide each step; none for a step that only a library which is not installed decides."""
    lacks = diagnosis.trace.detail.get("lacks")
    open_steps = {row.id for row in diagnosis.rows if lacks and row.note == lacks}
    files_of = deciding(diagnosis.trace.cloud)
    if diagnosis.case.evidence.planned:
        files_of = {step: tuple(map(_in_plan, files)) for step, files in files_of.items()}
    return {step: files for step, files in files_of.items() if step not in open_steps}


_PLANNED_BY = {
    "aws/oidc-provider.json": 'Add data "aws_iam_openid_connect_provider" of the issuer\'s url to the configuration, '
    "and plan again.",
    "gcp/service-account-policy.json": "Add the members of the service account to the configuration, and plan again.",
}


def _in_plan(file: DecidingFile) -> DecidingFile:
    """Return a file of a target that a plan shows: no command prints what the plan does not have."""
    if not file.path.startswith(("aws/", "gcp/")):
        return file
    return DecidingFile(file.path, planned_by=_PLANNED_BY.get(file.path, "Judge it after apply, from the live state."))


def _missing_token(case: Case) -> MissingToken:
    of_truss = "" if isinstance(case.evidence.truss, Missing) else truss.ISSUER
    issuer = configured_issuer(case.evidence) or of_truss
    from oidc_doctor.issuers.catalogue import profile_for  # late: most reports have a token

    profile: Profile | None = case.profile or (profile_for(issuer) if issuer else None)
    if profile is None:
        return MissingToken(issuer)
    from oidc_doctor.issuers.strangers import example  # late: as above

    parsed = profile.parse_subject(example(profile))
    owner = profile.tenancy.tenant or profile.tenancy.team
    start = next((part.value_start for part in parsed.segments if part.name == owner), 0)
    return MissingToken(issuer, f"{parsed.text[:start]}…" if start else "", profile.workspace_command)


def _allowed(case: Case, shared_traces: SharedTraces | None) -> tuple[AllowedSubjects, ...]:
    from oidc_doctor.findings.allowed_subjects import allowed_subjects  # late: most reports have a token

    return allowed_subjects(case, shared_traces)


def _last_attempt(last: Signature | None, region: str | None, *, in_force: bool) -> dict[str, Any] | None:
    if last is None:
        return None
    sample = last.sample
    return {
        "step": sample.step,
        "outcome": sample.outcome,
        "time": rfc3339(last.last_seen),
        "event_id": sample.event_id,
        "over": sample.outcome == "refused" and not in_force,
        "service_account": sample.service_account if sample.step == "impersonate" else None,
        "region": region,
    }


def _trace_json(trace: Trace) -> dict[str, Any]:
    view: dict[str, Any] = {}
    detail = trace.detail
    if "policy" in detail:
        from oidc_doctor.judge.aws.trust import node_json  # late: a run that concerns Google alone does not need it

        view["policy"] = node_json(detail["policy"], detail["document"])
        view["nearest"] = detail.get("nearest")
    if "mapping" in detail:
        room = [limits.CEL_SHOWN.most]
        view["mapping"] = {name: node.to_json(room=room) for name, node in detail["mapping"].items()}
        view["mapped"] = trace.mapped
    for name in ("save_time", "unconfirmed_functions"):
        if name in detail:
            view[name] = detail[name]
    if "condition" in detail:
        view["condition"] = detail["condition"].to_json()
    return view


def _reads(trace: Trace) -> dict[str, tuple[Read, ...]]:
    """Return what each expression reads, by the mapped attribute's name; "" is the attribute condition."""
    texts = {name: node.text for name, node in trace.detail.get("mapping", {}).items()}
    if "condition" in trace.detail:
        texts[""] = trace.detail["condition"].text
    if not texts:
        return {}
    from oidc_doctor import cel  # late: a run that concerns AWS alone needs no expressions

    reads = {}
    for name, text in texts.items():
        try:
            references = cel.compile(text).references()
        except cel.CelError:
            continue  # the trace holds the error
        reads[name] = tuple(Read(reference.keys, reference.start, reference.end) for reference in references)
    return reads
