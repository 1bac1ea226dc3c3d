"""The Principal element of a resource policy, evaluated for the session of an IAM role.

IAM User Guide, AWS JSON policy elements: Principal (account, role and session principals; a name has no wildcard
other than `*` alone), and Policy evaluation logic, requests within one account: the principal that an Allow names
decides which other policies it bypasses, so each name has a grantee.
"""

from __future__ import annotations

from collections.abc import Mapping

from oidc_doctor.iam.trace import NO, NOT, YES, Node, any_of, deciding_reason, escape
from oidc_doctor.model import placeholder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from oidc_doctor.iam.trace import Reason

    Grantee: TypeAlias = Literal["session", "role", "account", "everyone"]

_TYPES = frozenset(("AWS", "Service", "Federated", "CanonicalUser"))


# How a name in a Principal element refers to a role session.
SESSION: Grantee = "session"  # arn:…:assumed-role/ROLE/SESSION
ROLE: Grantee = "role"
ACCOUNT: Grantee = "account"  # its root ARN, or its number: a delegation to the identity policies of the account
EVERYONE: Grantee = "everyone"
GRANTEES = (SESSION, ROLE, ACCOUNT, EVERYONE)


class Caller:
    """A role session. `session_arn` is None if the session name is unknown."""

    __slots__ = ("account", "role_arn", "role_name", "session_arn")

    def __init__(self, role_arn: str, session_name: str | None = None) -> None:
        _, partition, _, _, self.account, role = role_arn.split(":", 5)
        self.role_arn = role_arn
        self.role_name = role.rpartition("/")[2]
        self.session_arn: str | None = None
        if session_name is not None:  # without the role's path
            self.session_arn = f"arn:{partition}:sts::{self.account}:assumed-role/{self.role_name}/{session_name}"


def grantee_of(name: str) -> Grantee | None:
    """Return the grantee named by an AWS principal; None for a user, a deleted principal's id or an invalid name."""
    if name == "*":
        return EVERYONE
    fields = name.split(":", 5)
    if name.isdecimal() or (len(fields) == 6 and fields[2] == "iam" and fields[5] == "root"):  # noqa: PLR2004 - an ARN
        return ACCOUNT
    if len(fields) == 6 and fields[2] == "iam" and fields[5].startswith("role/"):  # noqa: PLR2004
        return ROLE
    if len(fields) == 6 and fields[2] == "sts" and fields[5].startswith("assumed-role/"):  # noqa: PLR2004
        return SESSION
    return None


class _Name:
    """A name in the Principal element of a resource policy."""

    __slots__ = ("name", "pasted", "pointer", "raw", "type")

    def __init__(self, type_: str, raw: object, pointer: str, *, pasted: bool) -> None:
        self.type = type_
        self.raw = raw
        self.name = raw if isinstance(raw, str) else ""
        self.pointer = pointer
        self.pasted = pasted

    def evaluate(self, caller: Caller) -> Node:
        possible, reason = self._compare(caller)
        return Node("value", self.type, possible, self.pointer, self.raw, caller.role_arn, reason)

    def _compare(self, caller: Caller) -> tuple[int, Reason]:
        name = self.name
        if not name or self.type not in _TYPES or placeholder.stands_for_another(name):
            return YES | NO, "unreadable"
        if self.type == "Federated":
            # The session was created through the provider; whether a resource policy sees that is undocumented for
            # custom providers.
            return (YES | NO, "unreadable") if ":oidc-provider/" in name else (NO, "other-principal-type")
        if self.type != "AWS":
            return NO, "other-principal-type"
        grantee = grantee_of(name)
        if grantee is EVERYONE:
            return YES, "match"
        if "*" in name or "?" in name:
            return YES | NO, "unreadable"  # wildcards within a name are not allowed in a policy
        if grantee is ACCOUNT:
            return self._equal(name if name.isdecimal() else name.split(":")[4], caller.account)
        if grantee is ROLE:
            return self._equal(name, caller.role_arn)
        if grantee is SESSION:
            return self._session(caller)
        return NO, "no-match"

    def _equal(self, written: str, actual: str) -> tuple[int, Reason]:
        if written == actual:
            return YES, "match"
        gaps = isinstance(actual, placeholder.Pasted)
        if not (self.pasted or gaps):
            return NO, "no-match"
        answer = placeholder.compare([(written, False, self.pasted)], actual, text_gaps=gaps)
        return (NO, "no-match") if answer is False else (YES | NO, "placeholder")

    def _session(self, caller: Caller) -> tuple[int, Reason]:
        account, _, rest = self.name.split(":", 4)[4].partition(":")
        _, role, *session = rest.split("/", 2)
        if account != caller.account or role != caller.role_name or not session:
            return NO, "no-match"
        if caller.session_arn is None:
            return YES | NO, "key-unknown"
        return self._equal(self.name, caller.session_arn)


class CallerPrincipals:
    """The Principal or NotPrincipal element of one statement of a resource policy."""

    __slots__ = ("_fixed", "_name", "_names", "_pointer", "_raw")

    def __init__(self, statement: Mapping[str, Any], pointer: str, *, pasted: bool) -> None:
        self._name = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
        self._pointer = f"{pointer}/{self._name}"
        self._raw = raw = statement.get(self._name)
        self._names: list[_Name] = []
        self._fixed: tuple[int, Reason] | None = None
        if self._name not in statement or ("Principal" in statement and "NotPrincipal" in statement):
            self._fixed = (YES | NO, "unreadable")
        elif isinstance(raw, str):
            self._names = [_Name("AWS" if raw == "*" else "", raw, self._pointer, pasted=pasted)]
        elif isinstance(raw, Mapping) and raw:
            for type_, names in raw.items():
                at = f"{self._pointer}/{escape(str(type_))}"
                listed = isinstance(names, (list, tuple)) and names
                self._names += (
                    [_Name(str(type_), name, f"{at}/{index}", pasted=pasted) for index, name in enumerate(names)]
                    if listed
                    else [_Name(str(type_), names, at, pasted=pasted)]
                )
        else:
            self._fixed = (YES | NO, "unreadable")

    def evaluate(self, caller: Caller) -> Node:
        """Return the element's node, with a child for each name."""
        if self._fixed is not None:
            possible, reason = self._fixed
            return Node("principal", self._name, possible, self._pointer, self._raw, caller.role_arn, reason)
        children = [name.evaluate(caller) for name in self._names]
        possible = any_of(children)
        if self._name == "NotPrincipal":
            # A session is exempt only if its account and its role are listed as well (IAM User Guide), so a match of
            # any single name leaves the result open.
            possible = YES if possible == NO else NOT[possible] | YES
        reason = deciding_reason(children, possible) if self._name == "Principal" else "no-match"
        return Node(
            "principal", self._name, possible, self._pointer, self._raw, caller.role_arn, reason, tuple(children)
        )


def is_named(grantee: Grantee, node: Node) -> bool | None:
    """Whether a Principal element's node is true for this grantee; None if an unreadable name may refer to it."""
    if node.name == "Principal" and any(
        child.result and grantee_of(str(child.expected)) is grantee for child in node.children
    ):
        return True
    is_read = node.name == "Principal" and node.children and all(child.result is not None for child in node.children)
    return False if is_read else None
