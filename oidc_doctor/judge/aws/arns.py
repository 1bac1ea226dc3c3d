"""Parse role and provider ARNs as IAM does. The strings come from the user or a policy's author."""

from __future__ import annotations

import re
from typing import NamedTuple

from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.model.document import Json
from oidc_doctor.model.placeholder import has_placeholder, spans

_PARTITION = re.compile(r"aws(-[a-z]+)*")
_ACCOUNT = re.compile(r"\d{12}")
_ROLE_PATH = re.compile(r"[\w+=,.@/-]+", re.ASCII)
_HYPHENS = re.compile(r"\d{4}-\d{4}-\d{4}")  # as the console shows an account id
_MISPLACED = re.compile(r"\d{12}:role/")  # account and role, one field too far to the right
_SHORT = re.compile(r"arn:aws[a-z-]*:iam:\d+:role/")  # without the empty Region
_SHORTEST, _LONGEST = 20, 2048  # characters of RoleArn (STS API)
_LONGEST_NAME = 64  # characters of a role's name (IAM API)

RETIRED = "Request ARN is invalid"

# Identity providers that AWS knows without an OIDC provider in the account (IAM user guide, principals).
BUILT_IN = frozenset({"accounts.google.com", "cognito-identity.amazonaws.com", "www.amazon.com", "graph.facebook.com"})


def _constraint(text: str, limit: str) -> str:
    return (
        f"1 validation error detected: Value '{text}' at 'roleArn' failed to satisfy constraint: "
        f"Member must have length {limit}"
    )


class RoleArn(NamedTuple):
    """The parts of a role ARN. `fault` says why it is invalid; `unsure` if a placeholder may hide the right value."""

    text: str
    partition: str
    account: str
    path: str  # with leading and trailing slash
    name: str
    fault: str = ""
    unsure: bool = False
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def error(self) -> tuple[str, str]:
        """Code and message of STS for this fault."""
        if len(self.text) < _SHORTEST and not self.unsure:
            return "ValidationError", _constraint(self.text, f"greater than or equal to {_SHORTEST}")
        if len(self.text) > _LONGEST:
            return "ValidationError", _constraint(self.text, f"less than or equal to {_LONGEST}")
        return "ValidationError", RETIRED


def issuer_path(issuer: str) -> str:
    """Return the issuer as written in ARNs and condition keys: without https://, with path and case unchanged."""
    return issuer.removeprefix("https://")


def read_role_arn(text: str, *, pasted: bool) -> RoleArn:
    """Split a role ARN into its parts; `fault` says in plain words why it is not a role ARN."""
    open_ = pasted and has_placeholder(text)
    if open_ and any(start == 0 and end == len(text) for start, end in spans(text)):
        return RoleArn(text, "aws", text, "/", text)  # nothing but a placeholder, which may hide any ARN
    parts = text.split(":", ARN_FIELDS - 1)

    def fault(reason: str, *part: tuple[int, int]) -> RoleArn:
        return RoleArn(text, "aws", "", "/", "", reason, unsure=False, spans=part)

    if len(parts) < ARN_FIELDS or parts[0] != "arn" or len(text) > _LONGEST:
        long = len(text) > _LONGEST
        return fault(f"it is longer than {_LONGEST} characters" if long else _no_arn(text))
    _, partition, service, region, account, resource = parts
    start = len(text) - len(resource)
    if service != "iam" and not (open_ and has_placeholder(service)):
        if service == "sts" and resource.startswith("assumed-role/"):
            return fault(
                "it names a session (assumed-role) and not the role itself",
                (text.index(":sts:") + 1, text.index(":sts:") + 4),
                (start, start + len("assumed-role")),
            )
        return fault(f"its service is {service or 'empty'}, a role's is iam", _place(text, 2))
    if region:
        return fault("it has a region; IAM is global, so that field is empty", _place(text, 3))
    if not _PARTITION.fullmatch(partition) and not (open_ and has_placeholder(partition)):
        return fault(f"{partition or 'an empty text'} is not an AWS partition", _place(text, 1))
    kind, _, rest = resource.partition("/")
    if open_ and has_placeholder(kind):
        return RoleArn(text, partition, account, "/", rest or resource)
    wrong = _no_role(account, resource)
    if wrong:
        return fault(wrong, (start, len(text)))
    if not account or _HYPHENS.fullmatch(account) or (not _ACCOUNT.fullmatch(account) and not pasted):
        return fault(_no_account(account), _place(text, 4))
    path, _, name = rest.rpartition("/")
    if not _ROLE_PATH.fullmatch(rest) and not open_:
        strange = next(sign for sign in rest if not _ROLE_PATH.fullmatch(sign))
        at = start + len("role/") + rest.index(strange)
        return fault(f"the role's name holds {_sign(strange)}, which no role's name can have", (at, at + 1))
    if not open_ and (rest.endswith("/") or len(name) > _LONGEST_NAME):
        return fault("the role's name is empty or longer than 64 characters", (start + 5, len(text)))
    return RoleArn(text, partition, account, f"/{path}/" if path else "/", name)


def _no_arn(text: str) -> str:
    """Return why a string does not have the six fields of an ARN."""
    form = "arn:aws:iam::ACCOUNT:role/NAME"
    bare = text.strip()
    if bare != text and bare.startswith("arn:"):
        return f"{_sign(text[0] if text[0].isspace() else text[-1])} surrounds it"
    if bare[:1] in "\"'`" and bare[1:].startswith("arn:"):
        return "it is in quotation marks"
    if _SHORT.match(text):
        return f"a colon is missing before the account id: the field between iam and it is empty, {form}"
    if "\\" in text and text.replace("\\", "").startswith("arn:"):
        return "it holds a backslash"
    if text.lower().startswith("arn:") and not text.startswith("arn:"):
        return f"it begins with {text[:3]}, and arn is written in small letters"
    if not text.startswith("arn:") and ":role/" not in text:
        return f"it is a name and not an ARN: {form}" if text else f"it is empty: {form}"
    return f"it is not an ARN: {form}"


def _no_role(account: str, resource: str) -> str:
    """Return why the last field does not name a role; empty if it does."""
    kind, slash, rest = resource.partition("/")
    if kind == "role" and slash:
        return "" if rest else "the role's name is empty"
    if not account and _MISPLACED.match(resource):
        return "it has a colon too many before the account id"
    if kind[:5] in ("role:", "role\\"):
        return f"{_sign(kind[4])} is between role and its name, where a slash belongs"
    if kind.lower() == "role":
        return f"{kind} is written role, in small letters" if kind != "role" else "the role's name is missing"
    article = "an" if kind[:1] in "aeio" else "a"
    return f"it names {f'{article} {kind}' if kind else 'nothing'} and not a role (role/NAME)"


def _no_account(account: str) -> str:
    if not account:
        return "the account id is empty"
    if account.isascii() and account.isdigit():
        return f"the account id {account} has {len(account)} digits instead of 12"
    if account.replace("-", "").isdigit():
        return f"the account id {account} is written with hyphens, and not as 12 digits"
    return f"{account} is not a 12-digit account id"


def _sign(character: str) -> str:
    names = {"\\": "a backslash", " ": "a blank", "\n": "a line break", "\t": "a tab", ":": "a colon", "*": "a `*`"}
    if character in names:
        return names[character]
    return f"`{character}`" if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"


def _place(text: str, field: int) -> tuple[int, int]:
    parts = text.split(":", 5)
    start = sum(len(part) + 1 for part in parts[:field])
    return start, start + len(parts[field])


def federated(policy: Json) -> list[tuple[str, str]]:
    """Return the Federated principals of a trust policy's Allow statements, each with its JSON pointer."""
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    listed = isinstance(statements, list)
    principals: list[tuple[str, str]] = []
    for index, statement in enumerate(statements if isinstance(statements, list) else [statements]):
        base = f"/Statement/{index}" if listed else "/Statement"
        if not isinstance(statement, dict) or statement.get("Effect") != "Allow":
            continue
        principal = statement.get("Principal")
        value = principal.get("Federated") if isinstance(principal, dict) else None
        if isinstance(value, str):
            principals.append((value, f"{base}/Principal/Federated"))
        elif isinstance(value, list):
            principals += [
                (arn, f"{base}/Principal/Federated/{place}") for place, arn in enumerate(value) if isinstance(arn, str)
            ]
    return principals


def split_provider(arn: str) -> tuple[str, str, str] | None:
    """Return partition, account and issuer of an OIDC provider's ARN; None for any other string."""
    head, mark, issuer = arn.partition(":oidc-provider/")
    parts = head.split(":")
    if not mark or len(parts) < ARN_FIELDS - 1:
        return None
    return parts[1], ":".join(parts[4:]), issuer


def provider_issuer(policy: Json) -> str | None:
    """Return the issuer that a trust policy trusts, if there is exactly one."""
    names = [name for name, _ in federated(policy)]
    issuers = {name for name in names if name in BUILT_IN} | {
        split[2] for name in names if (split := split_provider(name))
    }
    return issuers.pop() if len(issuers) == 1 else None
