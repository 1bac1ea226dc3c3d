"""The Principal element of a role trust policy, evaluated for a federated caller."""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.trace import NO, YES, Node, any_of, deciding_reason, escape
from oidc_doctor.model import placeholder
from oidc_doctor.model.arns import POLICY_ACCOUNT, REQUEST_ACCOUNT, account_of, redact_account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from oidc_doctor.iam.trace import Reason

OTHER_TYPES = frozenset(("AWS", "Service", "CanonicalUser"))

# IAM stores domain names and the ARNs of providers as Federated ("Federated principals must be valid domain names or
# SAML metadata ARNs"); an account has 12 digits, and a provider's host a dot.
_FEDERATED = (
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:oidc-provider/[A-Za-z0-9-]+\.[^\s\[\](){}<>*?\"]+|saml-provider/[\w+=,.@-]+)"
    r"|(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+"
)
# Syntax of the names that IAM accepts ("Invalid principal in policy" otherwise), whether or not the principal exists.
# (IAM User Guide, AWS JSON policy elements: Principal.) A domain with a path, and other characters, were not recorded.
_NAMES = {
    "Federated": r"(?i:arn):\S+|(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?:/\S*)?",
    "AWS": r"\*|arn:\S+|[0-9]{12}|A[A-Z0-9]{15,127}",
    "Service": r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+",
}


def _is_no_name(type_: str, name: str) -> bool:
    """Whether IAM cannot store this name, so that the policy that was read is not the effective one."""
    import re  # late: importing it costs more than this package

    return type_ in _NAMES and not re.fullmatch(_NAMES[type_], name) and not placeholder.has_placeholder(name)


def _account_of_all(name: str) -> str | None:
    """The account that a name of type AWS means as a whole, by its id or its root."""
    if name.isdecimal():
        return name
    return account_of(name) if name.endswith(":root") else None


class _PrincipalName:
    """A name in a Principal element."""

    __slots__ = ("account", "fixed", "grants", "name", "pasted", "pointer", "raw", "type")

    def __init__(self, type_: str, raw: object, pointer: str, *, pasted: bool, grants: bool) -> None:
        self.type = type_
        self.raw = raw
        self.name = raw if isinstance(raw, str) else ""
        self.pointer = pointer
        self.pasted = pasted
        self.grants = grants
        self.account: str | None = None  # where a Deny names a whole account
        self.fixed: tuple[int, Reason] | None = None
        is_readable = isinstance(raw, str) and (pasted or not placeholder.stands_for_another(raw))
        if type_ in OTHER_TYPES and is_readable and raw != "*" and _is_no_name(type_, self.name):
            self.fixed = (YES | NO, "unreadable")
        elif type_ in OTHER_TYPES and (grants or (is_readable and not (type_ == "AWS" and raw == "*"))):
            # Measured for Allow: {"AWS": "*"} does not authorise an OIDC caller either. For Deny it was not measured,
            # and the account of the caller's provider is in the caller's aws:PrincipalAccount (measured).
            self.fixed = (NO, "other-principal-type")
            self.account = None if grants else _account_of_all(self.name)
        elif not is_readable or type_ not in {"Federated", *OTHER_TYPES}:
            self.fixed = (YES | NO, "unreadable")
        elif raw == "*":
            self.fixed = (YES | NO, "wildcard-principal-unverified")

    def evaluate(self, principal: str) -> Node:
        possible, reason = self.fixed or self._compare(principal)
        if self.account is not None and self.account == account_of(principal):
            possible, reason = YES | NO, "wildcard-principal-unverified"
        if self.fixed is None and possible == NO and not self.grants and self._may_be_another(principal):
            possible, reason = YES | NO, "unreadable"
        return Node("value", self.type, possible, self.pointer, self.raw, principal, reason)

    def _may_be_another(self, principal: str) -> bool:
        """Whether a Deny names something IAM cannot store, or the caller's issuer without its ARN (never observed)."""
        import re  # late: importing it costs more than this package

        return not re.fullmatch(_FEDERATED, self.name) or self.name == principal.partition(":oidc-provider/")[2]

    def _compare(self, principal: str) -> tuple[int, Reason]:
        """Compare exactly, including a trailing slash and the case of the path; built-in providers have bare names."""
        if self.name == principal:
            return YES, "match"
        if _is_no_name(self.type, self.name):
            return YES | NO, "unreadable"
        if self.pasted or isinstance(principal, placeholder.Pasted):
            pattern, text = self.name, str(principal)
            if account_of(pattern) != account_of(text):  # the rest is redacted identically, or not at all
                pattern, text = redact_account(pattern, POLICY_ACCOUNT), redact_account(text, REQUEST_ACCOUNT)
            text_gaps = text != principal or isinstance(principal, placeholder.Pasted)
            pieces = [(pattern, False, self.pasted or pattern != self.name)]
            if placeholder.compare(pieces, text, text_gaps=text_gaps) is not False:
                return YES | NO, "placeholder"
        return NO, "no-match"


class Principals:
    """The Principal or NotPrincipal element of one statement."""

    __slots__ = ("_entries", "_fixed", "_name", "_pointer", "_raw")

    def __init__(self, statement: Mapping[str, Any], pointer: str, *, pasted: bool) -> None:
        grants = statement.get("Effect") == "Allow"
        self._entries: list[_PrincipalName] = []
        self._fixed: tuple[int, Reason] | None = None
        self._name = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
        self._pointer = f"{pointer}/{self._name}"
        self._raw = statement.get(self._name)
        if self._name == "NotPrincipal":
            # IAM refuses it in a role trust policy (Access Analyzer, ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL).
            self._fixed = (YES | NO, "unreadable")
        elif "Principal" not in statement:
            self._fixed = (YES | NO, "unreadable")
        elif self._raw == "*":
            # Access Analyzer calls it unsupported in a role trust policy; its effect in a stored policy is unknown.
            self._fixed = (YES | NO, "wildcard-principal-unverified")
        elif isinstance(self._raw, Mapping) and self._raw:
            for type_, names in self._raw.items():
                at = f"{self._pointer}/{escape(str(type_))}"
                if isinstance(names, (list, tuple)) and names:
                    self._entries += [
                        _PrincipalName(str(type_), name, f"{at}/{index}", pasted=pasted, grants=grants)
                        for index, name in enumerate(names)
                    ]
                else:
                    self._entries.append(_PrincipalName(str(type_), names, at, pasted=pasted, grants=grants))
        elif pasted and isinstance(self._raw, str) and placeholder.has_placeholder(self._raw):
            self._fixed = (YES | NO, "placeholder")
        else:
            self._fixed = (YES | NO, "unreadable")

    def evaluate(self, principal: str) -> Node:
        """Return the element's node, with a child for each name."""
        if self._fixed is not None:
            possible, reason = self._fixed
            return Node("principal", self._name, possible, self._pointer, self._raw, principal, reason)
        children = [entry.evaluate(principal) for entry in self._entries]
        possible = any_of(children)
        reason = deciding_reason(children, possible)
        return Node("principal", self._name, possible, self._pointer, self._raw, principal, reason, tuple(children))
