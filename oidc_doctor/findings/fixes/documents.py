"""The documents that an edit changes, derived from the evidence before and after it.

Each document is in this module once: its text, and the commands that store it, check it and put it back.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_doctor.checkkit import command
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import save_rules
from oidc_doctor.model.document import Document
from oidc_doctor.model.evidence import AllowPolicy, AwsOidcProvider, GcpProvider, Role

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence


def changes(before: TargetEvidence, after: TargetEvidence) -> list[DocumentChange]:
    """Return the documents that differ, in the order in which they are to be stored."""
    return [*_aws(before, after), *_gcp(before, after)]


def objections(before: TargetEvidence, after: TargetEvidence) -> list[str]:
    """Return the reasons why a cloud would not store what the edit changes; empty where it would."""
    found: list[str] = []
    policy = _trust_policy(after)
    if policy is not None and policy.value != getattr(_trust_policy(before), "value", None):
        answer = save_rules.answer_to_trust_policy(policy.value)
        found += [answer] if answer else []
    now, then = _gcp_provider(before), _gcp_provider(after)
    if then is not None and now is not None:
        if then.condition != now.condition:
            profile = profile_for(then.issuer_uri)
            rules = save_rules.of_condition(then.condition or "", profile, then.issuer_uri)
            found += [rule.message for rule in rules if rule.certain]
        if then.mapping != now.mapping and isinstance(then.mapping, dict):
            rules = save_rules.of_mapping(then.mapping)
            for name, text in then.mapping.items():
                rules += save_rules.of_mapping_expression(name, text)
            found += [rule.message for rule in rules if rule.certain]
    return found


def diff_of(change: DocumentChange) -> str:
    """The lines that change, with - and +, and one line around them. A comma added with a line is no change."""
    before, after = ([line.removesuffix(",") for line in text.splitlines()] for text in (change.before, change.after))
    lines = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    margin = min((len(line) - 1 - len(line[1:].lstrip()) for line in lines), default=0)
    return "\n".join(f"{line[0]} {line[1 + margin :]}" for line in lines)


def _text(value: Any) -> str:
    return json.dumps(value, indent=2)


def _trust_policy(evidence: TargetEvidence) -> Document | None:
    role = evidence.aws.role if evidence.aws is not None else None
    return role.trust_policy if isinstance(role, Role) and isinstance(role.trust_policy, Document) else None


def _gcp_provider(evidence: TargetEvidence) -> GcpProvider | None:
    provider = evidence.gcp.provider if evidence.gcp is not None else None
    return provider if isinstance(provider, GcpProvider) else None


# --- AWS -------------------------------------------------------------------------------------------------------------


def _aws(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    now = before.aws.provider if before.aws is not None else None
    then = after.aws.provider if after.aws is not None else None
    if isinstance(now, AwsOidcProvider) and isinstance(then, AwsOidcProvider) and now.client_ids != then.client_ids:
        yield _client_ids(now, then)
    old, new = _trust_policy(before), _trust_policy(after)
    if old is not None and new is not None and old.value != new.value and after.aws is not None:
        name = after.aws.role.name if isinstance(after.aws.role, Role) else None
        yield _trust(name or "ROLE_NAME", old, new)


def _trust(role: str, old: Document, new: Document) -> DocumentChange:
    def store(document: Document) -> str:
        words = ("aws", "iam", "update-assume-role-policy", "--role-name", role, "--policy-document")
        return command(*words, _text(document.value))

    gaps = ["ROLE_NAME"] if role == "ROLE_NAME" else []
    return DocumentChange(old.file, _text(old.value), _text(new.value), [store(new)], "", [], [store(old)], gaps)


def _client_ids(now: AwsOidcProvider, then: AwsOidcProvider) -> DocumentChange:
    old = now.client_ids if isinstance(now.client_ids, tuple) else ()
    new = then.client_ids if isinstance(then.client_ids, tuple) else ()
    arn = now.arn or "PROVIDER_ARN"

    def one(verb: str, client_id: str) -> str:
        words = ("aws", "iam", f"{verb}-open-id-connect-provider", "--open-id-connect-provider-arn", arn)
        return command(*words, "--client-id", client_id)

    added = [client_id for client_id in new if client_id not in old]
    before, after = _text({"ClientIDList": list(old)}), _text({"ClientIDList": list(new)})
    commands = [one("add-client-id-to", client_id) for client_id in added]
    undo = [one("remove-client-id-from", client_id) for client_id in added]
    gaps = ["PROVIDER_ARN"] if now.arn is None else []
    return DocumentChange(now.document.file, before, after, commands, "", [], undo, gaps)


# --- Google Cloud ----------------------------------------------------------------------------------------------------


def _gcp(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    now, then = _gcp_provider(before), _gcp_provider(after)
    if now is not None and then is not None and now != then:
        yield _provider(now, then)
    if before.gcp is not None and after.gcp is not None:
        old, new = before.gcp.service_account_policy, after.gcp.service_account_policy
        if isinstance(old, AllowPolicy) and isinstance(new, AllowPolicy) and old != new:
            account = after.target.gcp.service_account if after.target.gcp else None
            yield _account_policy(account or "SERVICE_ACCOUNT", old, new)


def _provider(now: GcpProvider, then: GcpProvider) -> DocumentChange:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    options: list[str] = []
    undo: list[str] = []
    if now.condition != then.condition:
        before["attributeCondition"], after["attributeCondition"] = now.condition or "", then.condition or ""
        options.append(f"--attribute-condition={then.condition or ''}")
        undo.append(f"--attribute-condition={now.condition or ''}")
    if now.mapping != then.mapping and isinstance(now.mapping, dict) and isinstance(then.mapping, dict):
        before["attributeMapping"], after["attributeMapping"] = now.mapping, then.mapping
        options.append(f"--attribute-mapping={_listed(then.mapping)}")
        undo.append(f"--attribute-mapping={_listed(now.mapping)}")
    if now.allowed_audiences != then.allowed_audiences:
        before["allowedAudiences"], after["allowedAudiences"] = (
            list(now.allowed_audiences),
            list(then.allowed_audiences),
        )
        options.append(f"--allowed-audiences={_joined(list(then.allowed_audiences))}")
        undo.append(f"--allowed-audiences={_joined(list(now.allowed_audiences))}")
    words = ("gcloud", "iam", "workload-identity-pools", "providers", "update-oidc", now.name or "PROVIDER")
    return DocumentChange(
        now.document.file,
        _text(before),
        _text(after),
        [command(*words, *options)],
        "",
        [],
        [command(*words, *undo)],
        [] if now.name else ["PROVIDER"],
    )


def _listed(mapping: dict[str, str]) -> str:
    return _joined([f"{name}={text}" for name, text in mapping.items()])


def _joined(values: list[str]) -> str:
    """A list for gcloud, with another separator where a value contains a comma (gcloud topic escaping)."""
    if not any("," in value or value.startswith("^") for value in values):
        return ",".join(values)
    separator = next((sign for sign in ";|#~!@" if not any(sign in value for value in values)), ";")
    return f"^{separator}^" + separator.join(values)


def _account_policy(account: str, old: AllowPolicy, new: AllowPolicy) -> DocumentChange:
    present = {(binding.role, member) for binding in old.bindings for member in binding.members}
    added = [(binding.role, member) for binding in new.bindings for member in binding.members]
    added = [pair for pair in added if pair not in present]

    def one(verb: str, role: str, member: str) -> str:
        words = ("gcloud", "iam", "service-accounts", f"{verb}-iam-policy-binding", account)
        return command(*words, f"--role={role}", f"--member={member}")

    return DocumentChange(
        old.document.file,
        _text(old.document.value),
        _text(new.document.value),
        [one("add", role, member) for role, member in added],
        "",
        [],
        [one("remove", role, member) for role, member in added],
        ["SERVICE_ACCOUNT"] if account == "SERVICE_ACCOUNT" else [],
    )
