"""Say what a decision rests on: the cause of a refusal, the clause that accepts, and what leaves a decision open."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.bundle.contract import deciding
from oidc_doctor.expect.decide import has_unknown_issuer
from oidc_doctor.findings.causes import diagnose, name_refusals
from oidc_doctor.findings.packs import all_checks
from oidc_doctor.findings.run_checks import by_kind
from oidc_doctor.findings.trust_reach_traces import allowing, claim, statement_name
from oidc_doctor.judge.aws.arns import issuer_path
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role, TargetEvidence
from oidc_doctor.model.steps import CLOUDS, PASSED, STEPS
from oidc_doctor.model.unknown_value import DECIDING_FILES

if TYPE_CHECKING:
    from oidc_doctor.expect.decide import Decision
    from oidc_doctor.iam import Node
    from oidc_doctor.model.report import NamedRefusal
    from oidc_doctor.model.unknown_value import UnknownValue


class Said(NamedTuple):
    """A reason in a full sentence, the next step, and what shows it."""

    reason: str
    fix: str = ""
    cause: NamedRefusal | None = None
    place: Origin | None = None
    unknown_values: tuple[UnknownValue, ...] = ()  # of a plan: those that leave it open

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of the next step; none for a value that is known after apply, which no cloud has yet."""
        return self.cause.commands if self.cause is not None and not self.unknown_values else ()


def step_title(decision: Decision, step: str) -> str:
    """Return the title of a step, as the report has it."""
    return next(row.title for row in STEPS[decision.case.cloud] if row.id == step)


def of_refusal(decision: Decision) -> Said:
    """Return why a token is refused: the first cause of a report."""
    named = _named(decision)
    first = next((row for row in named if row.refusal.certain), None)
    if first is None:
        cloud = CLOUDS[decision.case.cloud]
        return Said(f"{cloud} refuses this token.", "Run oidc-doctor --report on the same evidence, with --subject.")
    return Said("", first.fix, first, first.refusal.where)


def of_denial(decision: Decision) -> Said:
    """Return why a call is denied."""
    named = next((row for row in _named(decision) if row.refusal.step == "permission" and row.refusal.certain), None)
    if named is None:
        return Said("The policies that were read deny the call.", "Allow the call in a policy of the role.")
    return Said("", named.fix, named, named.refusal.where)


def of_acceptance(decision: Decision, whom: str = "this subject", within: str = "") -> Said:
    """Return what accepts a token that should be refused. `whom` is what the next step is about.

    `within` is the part of the subject that names the tenant, if the tokens are other teams' of the same tenant.
    """
    said = _of_acceptance(decision, whom)
    if not within:
        return said
    profile = decision.case.profile
    team = (profile.tenancy.team if profile else "team").replace("_", " ")
    more = f' If each {team} of this {within.replace("_", " ")} is meant, add insiders = "{within}" to the table.'
    return said._replace(fix=said.fix + more)


def _of_acceptance(decision: Decision, whom: str) -> Said:
    trace, cloud = decision.trace, CLOUDS[decision.case.cloud]
    if decision.case.cloud == "aws":
        statement = next(iter(allowing(trace)), None)
        name = statement_name(statement) if statement is not None else "a statement"
        return Said(
            f"{cloud} accepts this token: {name} of the trust policy allows it.",
            f"Narrow the conditions of {name} so that they do not match {whom}.",
            place=trace.step("authorise").at,
        )
    impersonates = trace.step("impersonate")
    place = impersonates.at or trace.step("condition").at
    if not _has_condition(decision):
        profile = decision.case.profile
        example = f", such as {profile.tenancy.condition}" if profile and profile.tenancy.condition else ""
        return Said(
            f"{cloud} accepts this token: the provider has no attribute condition.",
            f"Add an attribute condition that is false for {whom}{example}.",
            place=place,
        )
    if impersonates.state == PASSED:
        return Said(
            f"{cloud} accepts this token: the attribute condition is true, and a binding allows it to impersonate "
            "the service account.",
            f"Narrow the attribute condition, or the member of the binding, so that it does not match {whom}.",
            place=place,
        )
    return Said(
        f"{cloud} accepts this token: the attribute condition is true.",
        f"Narrow the attribute condition so that it is false for {whom}.",
        place=place,
    )


def _has_condition(decision: Decision) -> bool:
    gcp = decision.case.evidence.gcp
    provider = gcp.provider if gcp is not None else None
    return not isinstance(provider, GcpProvider) or bool((provider.condition or "").strip())


def of_open(decision: Decision, *, is_table: bool = False) -> Said:
    """Return what leaves a decision open, and what would settle it. `is_table`: the entry is a table of claims."""
    claims = missing_claims(decision)
    if "sub" in claims:
        return Said(
            "The decision depends on the subject, which the claims of the entry do not fix.",
            'Add the subject that the tokens have: sub = "…".',
            place=decision.open[0].at if decision.open else None,
        )
    if claims:
        listed = ", ".join(claims)
        subject = decision.case.token.subject or "…"
        example = ", ".join(f'{name} = "…"' for name in claims)
        noun, pronoun = ("claim", "it") if len(claims) == 1 else ("claims", "them")
        return Said(
            f"The decision depends on the {noun} {listed}, and the entry has no value for {pronoun}.",
            f"Add {example} to the entry."
            if is_table
            else f'Write the entry as claims: {{ sub = "{subject}", {example} }}.',
            place=decision.open[0].at if decision.open else None,
        )
    unknown = _unknown_values(decision)
    if unknown:
        first = unknown[0]
        noun = f"{first.address}: {first.attribute}" if len(unknown) == 1 else f"{len(unknown)} values of the plan"
        verb = "is" if len(unknown) == 1 else "are"
        reason = f"The decision depends on {noun}, which {verb} known only after apply."
        return _of_named(decision)._replace(reason=reason, fix=first.settled_by, unknown_values=unknown)
    if has_unknown_issuer(decision.case):
        issuer = decision.case.token.claims["iss"]
        return Said(
            f"The issuer is not known: {issuer} is a placeholder.",
            "Replace the placeholder in the evidence by the issuer's URL.",
        )
    unread = _unread(decision)
    if unread is not None:
        reason = unread.reason.rstrip(".")
        printed = _printed_by(decision, unread.what)
        return Said(f"{unread.what} was not read: {reason}.", f"Add {unread.what} to the evidence{printed}.")
    said = _of_named(decision)
    if said.cause is not None:
        return said
    result = decision.open[0]
    title = step_title(decision, result.id)
    note = result.note.rstrip(".") or "the evidence does not show how it is decided"
    return Said(f"The step {title} is open: {note}.", "Add the evidence to the command line.", place=result.at)


def _of_named(decision: Decision) -> Said:
    """Return the first suspicion of an open step, if there is one."""
    steps = {result.id for result in decision.open}
    first = next((row for row in _named(decision) if row.refusal.step in steps), None)
    if first is None:
        return Said("")
    settle = first.refusal.settle
    fix = _of_request(first.refusal.clause.key) or (f"To settle the decision, add {settle}." if settle else first.fix)
    return Said("", fix, first, first.refusal.where)


def _of_request(key: str) -> str:
    """Return the next step for a condition key of the request; "" for one of the token."""
    if not key.lower().startswith(("aws:", "sts:")):
        return ""
    names = {"sts:rolesessionname": 'role_session_name = "…"', "sts:durationseconds": "duration_seconds = …"}
    line = names.get(key.lower(), f'context = {{ "{key}" = "…" }}')
    return f'Add a [[target]] with from = "EVIDENCE" to oidc-doctor.toml, and below its [target.aws] {line}.'


def _unknown_values(decision: Decision) -> tuple[UnknownValue, ...]:
    """Return the values of a plan that leave the decision open.

    Of a placeholder it counts whether a clause compares it; a value that the plan left out of a file counts always.
    """
    files = {file for result in decision.open for file in DECIDING_FILES.get(result.id, ())}
    rows = [row for row in decision.case.evidence.unknown_values if row.place in files]
    sides = [side for result in decision.open for row in result.refusals for side in (row.expected, row.actual)]
    compared = [side.value for side in sides if side is not None]
    certain = [row for row in rows if not row.text or any(row.text in value for value in compared)]
    return tuple(certain or rows)


def missing_claims(decision: Decision) -> list[str]:
    """Return the claims that the decision needs and the token may have, by their names in a token."""
    given = decision.case.token.claims
    names = [*_of_policy(decision), *_of_expressions(decision)] if decision.open else []
    return [name for name in dict.fromkeys(names) if name not in given]


def _of_policy(decision: Decision) -> Iterator[str]:
    """Yield the issuer's claims whose condition keys have no value, also of Deny statements."""
    path = issuer_path(str(decision.case.token.claims.get("iss", ""))).lower()
    policy = decision.trace.detail.get("policy")
    waiting: list[Node] = list(policy.children) if policy is not None else []
    while waiting:
        node = waiting.pop()
        if node.level != "key":
            waiting += node.children
        elif node.result is None and path and node.name.lower() == f"{path}:{claim(node)}":
            yield node.name.rpartition(":")[2]


def _of_expressions(decision: Decision) -> Iterator[str]:
    """Yield the claims that the condition or a mapped attribute reads, and that have no value."""
    mapping = decision.trace.detail.get("mapping") or {}
    open_steps = {result.id for result in decision.open}
    paths: list[str] = []
    node = decision.trace.detail.get("condition")
    if "condition" in open_steps and node is not None and node.error is not None:
        paths.append(str(node.error.path or ""))
    elif open_steps & {"mapping", "impersonate"}:
        paths += list(mapping)
    for path in paths:
        mapped = mapping.get(path)
        error = mapped.error if mapped is not None else None
        path = str(error.path or "") if error is not None and error.code == "unknown" else path  # noqa: PLW2901
        if path.startswith("assertion."):
            yield path.split(".")[1]


def _unread(decision: Decision) -> Missing | None:
    """Return the document whose absence leaves the first open step open."""
    evidence = decision.case.evidence
    for result in decision.open:
        for missing in _documents(evidence, result.id, decision.case.cloud):
            if isinstance(missing, Missing):
                return missing
    return None


def _printed_by(decision: Decision, path: str) -> str:
    """Return the vendor's command that prints a file, without its options, as the end of a sentence; "" without one."""
    files = (file for step in deciding(decision.case.cloud).values() for file in step if file.path == path)
    command = next((file.printed_by for file in files if file.printed_by), "")
    words = list(takewhile(lambda word: word[0] not in "-{", command.split()))
    return f": {' '.join(words)} prints it" if words else ""


def _documents(evidence: TargetEvidence, step: str, cloud: str) -> Iterator[object]:
    aws, gcp = evidence.aws, evidence.gcp
    if cloud == "aws":
        role = aws.role if aws is not None else Missing("aws/role.json", "not given")
        if step in ("request", "authorise"):
            yield role.trust_policy if isinstance(role, Role) else role
        elif aws is not None and step in ("provider", "audience"):
            yield aws.provider
            if step == "audience" and isinstance(aws.provider, AwsOidcProvider):
                unlisted = not isinstance(aws.provider.client_ids, tuple)
                yield Missing("ClientIDList", "the file of the OIDC provider has none") if unlisted else None
        return
    provider = gcp.provider if gcp is not None else Missing("gcp/provider.json", "not given")
    if step == "impersonate" and gcp is not None and isinstance(provider, GcpProvider):
        yield gcp.service_account_policy
    else:
        yield provider


def _named(decision: Decision) -> list[NamedRefusal]:
    case = decision.case
    return name_refusals(diagnose(case, decision.trace), by_kind(all_checks()))
