"""Answer what changed documents would do to the accesses of a report's evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents.json_text import Unreadable, decode, load, printable
from oidc_doctor.examine.observed import denials_of_target
from oidc_doctor.examine.proposed.accesses import access_effects
from oidc_doctor.examine.proposed.lay import ChangeError, Laid, lay
from oidc_doctor.examine.proposed.match import Change, Match, match
from oidc_doctor.examine.proposed.others import other_effects, whose
from oidc_doctor.examine.proposed.pairs import Changed
from oidc_doctor.examine.proposed.words import headline_of
from oidc_doctor.examine.proposed.workloads import workload_effects
from oidc_doctor.findings.fixes.documents import diff_of, objections
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.judge.profiles import profile_of
from oidc_doctor.model import limits
from oidc_doctor.model.document import Document, Missing, texts_in
from oidc_doctor.model.evidence import AwsEvidence, GcpEvidence, Role, Target
from oidc_doctor.model.json_pointer import pointer_segment, segments
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.proposed import LaidDocument, LaidState, Proposed
from oidc_doctor.things.changed import is_configuration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.examine.question import Question
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.proposed import Decision, WorkloadEffect
    from oidc_doctor.model.report import Report
    from oidc_doctor.model.steps import Cloud

_BROKEN, _USAGE = 4, 2  # exit codes that come before that of the change


def add_proposed(run: Run, judged: Sequence[Judged], report: Report) -> None:
    """Add the answer to the question's changes to the report; it decides the exit code. Raises ChangeError."""
    proposed = answer_to(run, judged)
    if report.exit_code not in (_BROKEN, _USAGE):
        unread = any(part.named_unread for part in run.coverage)
        proposed.exit_code = proposed.exit_code or (3 if unread or run.question.obstacles else 0)
        report.exit_code = proposed.exit_code
    report.proposed = proposed


def answer_to(run: Run, judged: Sequence[Judged]) -> Proposed:
    """Return the answer to the question's changes. Raises ChangeError."""
    question = run.question
    changes = [_opened(file, bundle) for file, bundle in question.proposed]
    targets = [exchange.evidence for exchange in judged]
    targets += [evidence for evidence in run.snapshot.targets if not any(evidence is one for one in targets)]
    distinct = {evidence.target.name: evidence for evidence in targets}
    matches = [found for change in changes for found in match(change, list(distinct.values()))]
    places = dict.fromkeys((found.target, found.cloud) for found in matches)
    every = [_changed(run, judged, distinct, matches, target, cloud) for target, cloud in places]
    proposed = Proposed(tuple(change.file for change in changes), "", "✓", present_command=question.present_command)
    proposed.notes += [text for change in changes for text in change.notes]
    for changed in every:
        _add(proposed, changed)
    _conclude(proposed, every, question)
    return proposed


def _opened(file: str, bundle: Bundle) -> Change:
    """Return the evidence of a change, each role and provider of a list on its own. Raises ChangeError."""
    snapshot = load_snapshot(bundle)
    _refuse_repeated(file, bundle)
    for row in snapshot.coverage:
        if row.named and row.status == "missing" and row.path.startswith(("aws/", "gcp/", "issuer/")):
            place = "" if row.what == file else f"{row.what}: "
            message = f"{file}: {place}{row.reason}"
            raise ChangeError(message)
    incomplete = tuple(f"{row.what}: {row.reason}" for row in snapshot.coverage if row.status == "partial")
    return Change(file, tuple(part for evidence in snapshot.targets for part in _parts(evidence)), incomplete)


def _refuse_repeated(file: str, bundle: Bundle) -> None:
    """Raise ChangeError for a document that has a member twice: which of the two a cloud would store is not known."""
    for name in bundle.names():
        if bundle.is_plan or not is_configuration(name) or not name.endswith(".json"):
            continue
        try:
            document = load(decode(bundle.read(name), bundle.shown(name)), bundle.shown(name))
        except Unreadable:
            continue  # its coverage says so
        if document.duplicates:
            pointer = document.duplicates[0]
            member = segments(pointer)[-1]
            raise ChangeError(
                f"{file}: {document.at(pointer)}: the member {printable(member)} is there twice; write it once"
            )


def _parts(evidence: TargetEvidence) -> Iterator[TargetEvidence]:
    yield evidence
    bare = evidence._replace(target=Target(evidence.target.name), aws=None, gcp=None)
    if evidence.aws is not None:
        for role in evidence.aws.near_roles:
            yield bare._replace(aws=AwsEvidence(role))
    if evidence.gcp is not None:
        for provider in evidence.gcp.near_providers:
            yield bare._replace(gcp=GcpEvidence(provider))


def _changed(
    run: Run,
    judged: Sequence[Judged],
    targets: dict[str, TargetEvidence],
    matches: Sequence[Match],
    target: str,
    cloud: Cloud,
) -> Changed:
    exchanges = tuple(
        exchange
        for exchange in judged
        if exchange.evidence.target.name == target and exchange.diagnosis.trace.cloud == cloud
    )
    before = exchanges[0].diagnosis.case.evidence if exchanges else targets[target]
    after = before
    documents: list[tuple[str, Laid]] = []
    affected = frozenset[str]()
    settles: list[tuple[str, str]] = []
    said: list[str] = []
    for found in matches:
        if (found.target, found.cloud) == (target, cloud):
            laid = lay(after, found.evidence, cloud)
            after = laid.evidence
            documents += [(found.file, document) for document in laid.documents]
            affected |= laid.affected
            settles += _settles(found.evidence)
            said += _said_of(found.evidence)
    if not any(document.differs for _, document in documents):
        after = before  # another layout, or other values that no step reads, decides nothing
    return Changed(
        target, cloud, exchanges, before, after, tuple(documents), affected, run.replayed.get((target, cloud)), run.at,
        tuple(denials_of_target(run.denials, before, cloud)), tuple(dict.fromkeys(settles)), tuple(dict.fromkeys(said)),
    )  # fmt: skip


def _settles(evidence: TargetEvidence) -> Iterator[tuple[str, str]]:
    """Yield the name of what the change leaves open, and a sentence that also says what would settle it."""
    for value in evidence.unknown_values:
        name = f"{value.address}.{value.attribute}" if value.attribute else value.address
        yield name, f"{name}: {value.why or 'known only after apply'}. {value.settled_by}"
    for part in (evidence.aws, evidence.gcp) if not evidence.unknown_values else ():
        for read in part or ():
            if isinstance(read, Missing) and read.outcome not in ("not-asked", "not_found"):
                yield read.what, f"{read.what}: {read.reason}"


def _said_of(evidence: TargetEvidence) -> Iterator[str]:
    """Yield what a plan assumes, and the resources that it deletes and creates again."""
    yield from (f"assumed: {text}" for text in evidence.plan_assumes)
    for change in evidence.planned:
        if change.is_replacement:
            yield f"the plan deletes {change.address} and creates it again: between the two, no token is accepted"


def _add(proposed: Proposed, changed: Changed) -> None:
    """Add the answer for one target."""
    proposed.documents += [_document(file, laid, changed.target) for file, laid in changed.documents]
    proposed.unknown_values += [text for _, text in changed.settles if text not in proposed.unknown_values]
    proposed.notes += [text for text in changed.said if text not in proposed.notes]
    refusals = [] if _is_open(changed.after) else objections(changed.before, changed.after)
    if refusals:
        proposed.objections += tuple(text for text in refusals if text not in proposed.objections)
        return
    if not changed.affected:
        return
    effects, incomplete = workload_effects(changed) if changed.decides_exchange else ([], [])
    effects = [_with_owner(changed, row, effects) for row in effects]
    proposed.workloads += effects
    proposed.incomplete += incomplete
    proposed.accesses += access_effects(changed)
    if changed.decides_exchange:
        reach = other_effects(changed, effects)
        proposed.others += reach.effects
        proposed.tried += reach.tried
        proposed.still_open += reach.still_open
        if not reach.is_complete:
            proposed.incomplete.append(
                f"{changed.target}: not every synthetic token was tried, because the documents are long "
                f"({limits.FIX_WORK.source})"
            )
    else:
        proposed.notes.append(f"{changed.target}: the exchange is decided as before; only later calls may change")


def _is_open(evidence: TargetEvidence) -> bool:
    """Whether the trust policy has values that are not known, so that the rules of saving it say nothing."""
    role = evidence.aws.role if evidence.aws is not None else None
    policy = role.trust_policy if isinstance(role, Role) else None
    if not evidence.target.pasted or not isinstance(policy, Document):
        return False
    return any(has_placeholder(text) for text in texts_in(policy.value))


def _with_owner(changed: Changed, row: WorkloadEffect, rows: Sequence[WorkloadEffect]) -> WorkloadEffect:
    """Name the owner of a logged workload that gains access, if no token with access or given by the user has it."""
    if row.effect != "gains" or row.given or not row.subject or not changed.exchanges:
        return row
    known = [other.subject for other in rows if other.subject and (other.given or other.before == "accepted")]
    profile = profile_of(changed.before, changed.exchanges[0].diagnosis.case.token)
    if not known or profile is None or not profile.tenancy.tenant:
        return row
    who, foreign = whose(row.subject, known[0], known, profile)
    tenant = profile.tenancy.tenant.replace("_", " ")
    return row._replace(foreign=who) if foreign and who == f"another {tenant}" else row


def _document(file: str, laid: Laid, target: str) -> LaidDocument:
    before, after = laid.texts
    change = DocumentChange(file, before, after, [], "", [], [], [])
    replaces = "" if laid.before is None else laid.before.file
    at = "" if laid.after is None else _first_difference(laid)
    if at and not at.startswith(file):  # of a folder, or of a resource of a plan
        at = f"{file}: {at}"
    state = _state_of(laid)
    diff = diff_of(change) if state in ("changed", "new", "deleted") else ""
    return LaidDocument(file, laid.what, target, state, diff, at, replaces)


def _state_of(laid: Laid) -> LaidState:
    if not laid.differs:
        return "equal"
    if laid.after is None:
        return "open" if laid.is_open else "deleted"
    return "new" if laid.before is None else "changed"


def _first_difference(laid: Laid) -> str:
    """Return the place of the first value of the changed document that differs from the present one."""
    after = laid.after
    if after is None:
        return ""
    pointer = _differing(None if laid.before is None else laid.before.value, after.value)
    return str(after.at(pointer or ""))


def _differing(before: object, after: object) -> str | None:
    """Return the JSON pointer of the first value that differs; None if the values are equal."""
    if before == after:
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        pairs = ((str(name), before.get(name), value) for name, value in after.items())
    elif isinstance(before, list) and isinstance(after, list):
        pairs = (
            (str(number), before[number] if number < len(before) else None, value) for number, value in enumerate(after)
        )
    else:
        return ""
    for name, old, new in pairs:
        inner = _differing(old, new)
        if inner is not None:
            return pointer_segment(name) + inner
    return ""


def _conclude(proposed: Proposed, every: Sequence[Changed], question: Question) -> None:
    """Set headline, sign and exit code."""
    own = [*(row.effect for row in proposed.workloads), *(row.effect for row in proposed.accesses)]
    loses = "loses" in own
    given = _given(proposed, every)
    refused = "refused" in given
    strangers = any(row.stranger and row.effect == "gains" for row in proposed.others)
    strangers = strangers or any(row.foreign for row in proposed.workloads)
    neighbours = any(row.effect == "gains" for row in proposed.others)
    unknown = "unknown" in (*own, *given, *(row.effect for row in proposed.others)) or bool(proposed.incomplete)
    decides = any(changed.affected for changed in every)
    nothing_known = decides and not proposed.workloads and any(changed.decides_exchange for changed in every)
    is_bad = bool(proposed.objections) or loses or refused or strangers
    if (is_bad or (neighbours and question.fail_on == "weakens")) and question.fail_on != "never":
        proposed.exit_code = 1
    elif not proposed.objections and (unknown or nothing_known):
        proposed.exit_code = 3
    proposed.sign = "✗" if is_bad else "?" if unknown or nothing_known else "✓"
    proposed.headline = headline_of(proposed, decides=decides, given=() if proposed.workloads else given)


def _given(proposed: Proposed, every: Sequence[Changed]) -> list[Decision]:
    """Return the decisions on the given tokens with the change; one that decides nothing leaves them as they are."""
    decisions: list[Decision] = [row.after for row in proposed.workloads if row.given]
    for changed in every:
        if not changed.affected or not changed.decides_exchange:
            exchanges = (exchange.diagnosis for exchange in changed.exchanges)
            decisions += [
                one.prediction for one in exchanges if one.case.token.given and one.case.token.kind != "event"
            ]
    return decisions
