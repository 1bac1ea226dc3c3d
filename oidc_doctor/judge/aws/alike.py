"""Judge one exchange against many revisions of a trust policy that differ only in the values of their conditions.

Such policies differ in no step but the policy's own decision, so policies with the same decision have the same trace:
one of them is judged in full, and the others only evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor import iam
from oidc_doctor.judge.aws.arns import federated
from oidc_doctor.judge.aws.decide import judged_before_role
from oidc_doctor.judge.aws.request_context import ASSUME, condition_keys_of, request_context
from oidc_doctor.judge.aws.trust import needed_besides

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Document


class AlikeTrustPolicies:
    """A case, and the decisions of trust policies with the same outline as the case's own policy."""

    def __init__(self, case: Case, document: Document) -> None:
        exchange = judged_before_role(case)
        principal = exchange.provider_arn
        context = request_context(exchange, document.value)
        actions = [ASSUME, *(action for _, action in needed_besides(exchange))]
        self._asked = [iam.AskedOfMany(principal, action, context) for action in actions] if principal else []

    def decisions(self, policy: iam.SharedPolicy) -> tuple[object, ...]:
        """Return the policy's effect on each action that the exchange needs."""
        return (policy.has_allow, *(asked.effect(policy) for asked in self._asked))


def outline(document: Document) -> tuple[object, ...] | None:
    """Return what the judge reads of a trust policy apart from its decision: named providers and tested keys.

    None if other parts matter: a duplicate member, or a string that may be redacted.
    """
    if document.duplicates or "***" in document.text:
        return None
    providers = dict.fromkeys(name for name, _ in federated(document.value))
    return tuple(providers), frozenset(condition_keys_of(document.value))
