"""Find out whether the user passed one piece of evidence or several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.model.document import Missing
from oidc_doctor.model.evidence import AwsOidcProvider, GcpProvider, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oidc_doctor.examine.collect import Run
    from oidc_doctor.examine.judge import Judged
    from oidc_doctor.model.alone import Thing
    from oidc_doctor.model.evidence import TargetEvidence

# Evidence fields that a provider's or role's own file also fills
_OF_AWS = frozenset(("role", "provider", "other_providers", "provider_arns", "provider_arns_document"))
_OF_PLANNED_ROLE = frozenset(("attached_policies", "documents"))  # a plan shows a role with its policies
_OF_GOOGLE = frozenset(("provider", "project_number", "project_id", "pool"))


def thing_given(run: Run, judged: Sequence[Judged]) -> Thing | None:
    """Return the kind of the only piece of evidence; None for several pieces."""
    question, targets = run.question, run.snapshot.targets
    if len(targets) != 1 or question.account or question.compare is not None:
        return None
    evidence = targets[0]
    if _of_workload(evidence) or any(not path.startswith("issuer/") for path in run.snapshot.reads):
        return None  # other evidence was requested, but could not be read
    tokens = [token for token in evidence.tokens if token.given]
    errors = [error for error in evidence.observed if error.text.strip()]
    aws, google = _read(evidence.aws), _read(evidence.gcp)
    issuer = _read(evidence.issuer) & {"discovery", "jwks", "chain"}
    named = evidence.target.aws is not None or evidence.target.gcp is not None
    kinds = [bool(tokens), bool(errors), bool(run.logs), bool(aws), bool(google)]
    if sum(kinds) > 1 or len(errors) > 1:
        return None
    if tokens:
        if named:
            return None
        if len(tokens) > 1:
            return "tokens"
        return "subject" if tokens[0].kind == "hypothetical" else "token"
    if errors:
        return None if issuer else "error"  # also with the name of an unread role or provider
    if run.logs:
        return "event" if _is_one_event(run, judged) else None
    if aws:
        return _of_aws(evidence, aws) if judged else None
    if google:
        provider = evidence.gcp.provider if evidence.gcp is not None else None
        return "provider" if isinstance(provider, GcpProvider) and google <= _OF_GOOGLE and judged else None
    return "issuer" if not named and (issuer or run.snapshot.reads) else None


def _of_aws(evidence: TargetEvidence, read: set[str]) -> Thing | None:
    aws = evidence.aws
    if aws is None or not read <= _OF_AWS | (_OF_PLANNED_ROLE if evidence.planned else frozenset()):
        return None
    if isinstance(aws.role, Role) and not isinstance(aws.role.trust_policy, Missing):
        return "trust-policy"
    return "oidc-provider" if isinstance(aws.provider, AwsOidcProvider) and "provider_arns" not in read else None


def _of_workload(evidence: TargetEvidence) -> bool:
    """Whether evidence about the workload or its set-up was read."""
    others = (evidence.truss, evidence.whoami)
    return bool(evidence.setup_output) or any(not isinstance(part, Missing) for part in others)


def _read(part: Any) -> set[str]:
    """Return the fields of this evidence that were read."""
    return set() if part is None else {name for name, value in part._asdict().items() if _holds(value)}


def _holds(value: object) -> bool:
    if value is None or isinstance(value, Missing) or value in ("", (), frozenset()):
        return False
    if hasattr(value, "values"):  # the documents by path, and the remarks of a fetch
        return any(_holds(member) for member in value.values())
    return True


def _is_one_event(run: Run, judged: Sequence[Judged]) -> bool:
    """Whether the logs hold a single event."""
    return sum(coverage.events for coverage in run.logs.values()) == 1 and len(judged) <= 1
