"""The Action and NotAction elements."""

from __future__ import annotations

from oidc_doctor.iam import wildcards
from oidc_doctor.iam.elements import TextElement
from oidc_doctor.iam.trace import NO, YES, Node
from oidc_doctor.model import placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from oidc_doctor.iam.trace import Reason


_FORM = r"\*|[a-z0-9-]+:[a-z0-9*?]+"
# AWS Service Authorization Reference, actions of AWS Security Token Service (November 2026)
_STS = frozenset(
    f"sts:{name.lower()}"
    for name in (
        *("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage"),
        *("GetAccessKeyInfo", "GetCallerIdentity", "GetDelegatedAccessToken", "GetFederationToken"),
        *("GetServiceBearerToken", "GetSessionToken", "GetWebIdentityToken", "SetContext", "SetSourceIdentity"),
        *("TagGetWebIdentityToken", "TagSession"),
    )
)


def _is_no_action(pattern: str) -> bool:
    """Whether a case-folded string names no action of any service, or none of STS: IAM stores something else."""
    import re  # late: importing it costs more than this package

    if not re.fullmatch(_FORM, pattern) or "***" in pattern:
        return True
    return pattern.startswith("sts:") and not {"*", "?"} & {*pattern} and pattern not in _STS


# Actions that IAM stores in a trust policy (recorded, except SetContext).
_OF_TRUST = frozenset(
    f"sts:{name}"
    for name in (
        *("assumerole", "assumerolewithsaml", "assumerolewithwebidentity"),
        *("tagsession", "setsourceidentity", "setcontext"),
    )
)


class _ActionPattern:
    """An action pattern. Prefix and name are compared without regard to case.

    `must_read`: a mismatch would let the token pass (NotAction, Deny), so only an existing action counts as a mismatch.
    `is_trust`: a role's trust policy may contain only STS actions ("AssumeRole policy may only specify STS AssumeRole
    actions", recorded), so a policy with any other action is not the effective policy.
    """

    __slots__ = ("is_trust", "matches", "must_read", "pattern", "pointer", "raw")

    def __init__(self, raw: object, pointer: str, *, pasted: bool, must_read: bool, is_trust: bool) -> None:
        self.raw = raw
        self.is_trust = is_trust
        self.must_read = must_read
        self.pointer = pointer
        self.pattern: str | None = None
        self.matches: Callable[[str], bool] | None = None
        if isinstance(raw, str) and (pasted or not placeholder.stands_for_another(raw)):
            self.pattern = raw.lower()
            if not (pasted and placeholder.has_placeholder(self.pattern)):
                self.matches = wildcards.matcher([(self.pattern, True, False)])

    def evaluate(self, action: str, folded: str) -> Node:
        possible, reason = self._compare(folded)
        return Node("value", str(self.raw), possible, self.pointer, self.raw, action, reason)

    def _compare(self, folded: str) -> tuple[int, Reason]:
        if self.pattern is None:
            return YES | NO, "unreadable"
        if self.must_read and _is_no_action(self.pattern):
            return YES | NO, "unreadable"
        if self.matches is not None:
            if self.matches(folded):
                return YES, "match"
            is_foreign = self.is_trust and not {"*", "?"} & {*self.pattern} and self.pattern not in _OF_TRUST
            return (YES | NO, "unreadable") if is_foreign else (NO, "no-match")
        answer = placeholder.compare([(self.pattern, True, True)], folded, text_gaps=False)
        return (NO, "no-match") if answer is False else (YES | NO, "placeholder")


class Actions(TextElement):
    """The Action or NotAction element of one statement."""

    __slots__ = ("_patterns",)

    def __init__(self, statement: Mapping[str, Any], pointer: str, *, pasted: bool, is_trust: bool = False) -> None:
        super().__init__("action", "Action", statement, pointer)
        must_read = statement.get("Effect") != "Allow" or self.excludes
        self._patterns = [
            _ActionPattern(text, at, pasted=pasted, must_read=must_read, is_trust=is_trust and not must_read)
            for text, at in self.texts
        ]

    def evaluate(self, action: str) -> Node:
        """Return the element's node, with a child for each pattern; under NotAction a match excludes the action."""
        folded = action.lower()
        return self.node(action, [pattern.evaluate(action, folded) for pattern in self._patterns])
