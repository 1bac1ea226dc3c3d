"""One exchange on many trust policies: of revisions that differ in nothing but the values of their conditions.

All steps but the policy's own decision are the same for such policies, so those that decide alike are judged alike: one
of them needs to be judged, and the others to be asked for their decision alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_doctor import iam
from oidc_doctor.judge.aws.arns import federated
from oidc_doctor.judge.aws.decide import judged_before_role
from oidc_doctor.judge.aws.request_context import condition_keys_of, request_context
from oidc_doctor.judge.aws.trust import ASSUME, needed_besides

if TYPE_CHECKING:
    from oidc_doctor.model.case import Case
    from oidc_doctor.model.document import Document


class AlikeTrustPolicies:
    """A case, and the decisions on it of the trust policies that have the same outline as its own."""

    def __init__(self, case: Case, document: Document) -> None:
        exchange = judged_before_role(case)
        principal = exchange.provider_arn
        context = request_context(exchange, document.value)
        actions = [ASSUME, *(action for _, action in needed_besides(exchange))]
        self._asked = [iam.AskedOfMany(principal, action, context) for action in actions] if principal else []

    def decisions(self, policy: iam.SharedPolicy) -> tuple[object, ...]:
        """Return what of the policy decides the exchange: its effect on each action that this needs."""
        return (policy.has_allow, *(asked.effect(policy) for asked in self._asked))


def outline(document: Document) -> tuple[object, ...] | None:
    """Return what the judge reads of a trust policy next to its decision: the providers it names and the keys it tests.

    None where more of it counts: a member that it has twice, or a text that may be redacted.
    """
    if document.duplicates or "***" in document.text:
        return None
    providers = dict.fromkeys(name for name, _ in federated(document.value))
    return tuple(providers), frozenset(condition_keys_of(document.value))
