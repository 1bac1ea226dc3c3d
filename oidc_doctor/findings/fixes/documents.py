"""Derive the documents that an edit changes from the evidence before and after it.

Each document is defined once here: its text, its Terraform, and the commands that store, verify and restore it.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor.cel import CelError
from oidc_doctor.checkkit import account_of
from oidc_doctor.commands import aws_iam, command
from oidc_doctor.findings.fixes import terraform
from oidc_doctor.findings.fixes.allow_policies import allow_policies
from oidc_doctor.findings.fixes.aws_permissions import role_policies
from oidc_doctor.findings.fixes.client_files import client_files
from oidc_doctor.findings.fixes.commands import as_text, gaps, gcloud_list, gcloud_map, known
from oidc_doctor.findings.fixes.edit import DocumentChange
from oidc_doctor.findings.fixes.gcp_resources import created
from oidc_doctor.issuers import profile_for
from oidc_doctor.judge import save_rules
from oidc_doctor.model.document import Document, Missing
from oidc_doctor.model.evidence import AwsEvidence, AwsOidcProvider, GcpPool, GcpProvider, Role
from oidc_doctor.model.planned import PLACEHOLDER
from oidc_doctor.model.report import FixRow
from oidc_doctor.model.secret_texts import without_secrets

if TYPE_CHECKING:
    from oidc_doctor.model.evidence import TargetEvidence
    from oidc_doctor.model.report import FixKind, Tried

_SESSION = 3600  # seconds, the default of a role's maximum (IAM API Reference, CreateRole)


def changes(before: TargetEvidence, after: TargetEvidence) -> list[DocumentChange]:
    """Return the documents that differ, in storing order."""
    file_changes = [*_aws(before, after), *created(before, after), *_gcp(before, after), *client_files(before, after)]
    changed = [_guarded(change) for change in file_changes]
    return [_of_plan(change) for change in changed] if before.planned else changed


def _of_plan(change: DocumentChange) -> DocumentChange:
    """Leave out commands: a configuration that is planned is edited in its source, and may not exist yet."""
    known_now = PLACEHOLDER not in change.after
    return change._replace(commands=[], verify=[], undo=[], terraform=change.terraform if known_now else "")


def _guarded(change: DocumentChange) -> DocumentChange:
    """Drop a series of commands if the guard refused any of them: half an edit is useless."""
    series = (change.commands, change.verify, change.undo)
    whole = [commands if all(commands) else [] for commands in series]
    return change._replace(commands=whole[0], verify=whole[1], undo=whole[2])


def objections(before: TargetEvidence, after: TargetEvidence) -> list[str]:
    """Return the reasons why a cloud would not store the edit; empty if it would."""
    messages: list[str] = []
    policy = _trust_policy(after)
    if policy is not None and policy.value != getattr(_trust_policy(before), "value", None):
        answer = save_rules.answer_to_trust_policy(policy.value)
        messages += [answer] if answer else []
    now, then = _gcp_provider(before), _gcp_provider(after)
    if then is not None and now is not None:
        try:
            messages += [rule.message for rule in _of_provider(now, then) if rule.certain]
        except CelError as error:
            messages.append(error.message)
    return messages


def _of_provider(now: GcpProvider, then: GcpProvider) -> list[save_rules.Objection]:
    """Return Google's objections to a changed provider. Raises CelError for an invalid expression."""
    rules: list[save_rules.Objection] = []
    if then.condition != now.condition:
        rules += save_rules.of_condition(then.condition or "", profile_for(then.issuer_uri), then.issuer_uri)
    if then.mapping != now.mapping and isinstance(then.mapping, dict):
        rules += save_rules.of_mapping(then.mapping)
        for name, text in then.mapping.items():
            rules += save_rules.of_mapping_expression(name, text)
    return rules


def rows_of(
    documents: Sequence[DocumentChange], codes: Sequence[str], kind: FixKind, proof: str, tried: Tried, **also: Any
) -> list[FixRow]:
    """Return the report's rows of a proven edit, one per document. `also` are fields shared by all rows."""
    return [
        FixRow(
            codes[0],
            diff_of(change),
            change.commands,
            proof,
            change.after,
            kind=kind,
            file=change.file,
            also_for=list(codes[1:]),
            with_files=[other.file for other in documents if other is not change],
            tried=tried,
            terraform=change.terraform,
            verify=change.verify,
            undo=change.undo,
            gaps=change.gaps,
            headline=headline(kind, change),
            **also,
        )
        for change in documents
    ]


def diff_of(change: DocumentChange) -> str:
    """Return the changed lines, with - and +, and one line of context. An added trailing comma is no change."""
    # remove secrets before splitting into lines: a secret may span several
    texts = (without_secrets(change.before), without_secrets(change.after))
    before, after = ([line.removesuffix(",") for line in text.splitlines()] for text in texts)
    lines = [
        line
        for line in difflib.unified_diff(before, after, lineterm="", n=1)
        if not line.startswith(("---", "+++", "@@"))
    ]
    margin = min((len(line) - 1 - len(line[1:].lstrip()) for line in lines), default=0)
    return "\n".join(f"{line[0]} {line[1 + margin :]}" for line in lines)


def headline(kind: FixKind, change: DocumentChange) -> str:
    """Describe a document's edit in one sentence."""
    what = change.what or change.file
    if kind == "restore":
        return f"Put back the earlier {what.removeprefix('the ')}."
    if kind == "correct":
        return f"Correct {what}."
    return f"Create {what}." if not change.before else f"Extend {what} for this workload."


def _trust_policy(evidence: TargetEvidence) -> Document | None:
    role = evidence.aws.role if evidence.aws is not None else None
    return role.trust_policy if isinstance(role, Role) and isinstance(role.trust_policy, Document) else None


def _gcp_provider(evidence: TargetEvidence) -> GcpProvider | None:
    provider = evidence.gcp.provider if evidence.gcp is not None else None
    return provider if isinstance(provider, GcpProvider) else None


# --- AWS -------------------------------------------------------------------------------------------------------------


def _aws(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    if before.aws is None or after.aws is None:
        return
    now, then = before.aws.provider, after.aws.provider
    if isinstance(then, AwsOidcProvider) and (isinstance(now, Missing) or now.url != then.url):
        yield _new_provider(_provider_arn(then, before), then)
    elif isinstance(now, AwsOidcProvider) and isinstance(then, AwsOidcProvider) and now.client_ids != then.client_ids:
        yield _client_ids(_provider_arn(now, before), now, then)
    role, edited = before.aws.role, after.aws.role
    if _asked(before) != _asked(after):
        return  # the client names another role: this role's documents do not differ
    name = known(_role_name(after), "ROLE_NAME")
    old, new = _trust_policy(before), _trust_policy(after)
    if new is not None and (old is None or old.value != new.value):
        yield _trust(name, old, new)
    yield from role_policies(name, before, after)
    if isinstance(role, Role) and isinstance(edited, Role) and role.max_session_duration != edited.max_session_duration:
        yield _session_duration(name, role, edited)


def _asked(evidence: TargetEvidence) -> str | None:
    """Return the ARN of the role that the client names."""
    return evidence.target.aws.role_arn if evidence.target.aws is not None else None


def _role_name(evidence: TargetEvidence) -> str | None:
    """Return the role's name, or the name in its ARN if the role was not read completely."""
    role = evidence.aws.role if evidence.aws is not None else None
    return (role.name if isinstance(role, Role) else None) or (_asked(evidence) or "").rpartition("/")[2]


def _provider_arn(provider: AwsOidcProvider, evidence: TargetEvidence) -> str:
    """Return the provider's ARN: as read, or in the role's account, where STS searches; else the placeholder."""
    aws: AwsEvidence | None = evidence.aws
    role = aws.role.arn if aws is not None and isinstance(aws.role, Role) else None
    role = role or _asked(evidence)
    derived = ""
    if account_of(role):
        partition = (role or "").split(":")[1]
        derived = f"arn:{partition}:iam::{account_of(role)}:oidc-provider/{provider.url}"
    return known(provider.arn or derived, "PROVIDER_ARN")


def _trust(role: str, old: Document | None, new: Document) -> DocumentChange:
    def store(document: Document) -> str:
        return aws_iam("update-assume-role-policy", RoleName=role, PolicyDocument=json.dumps(document.value))

    policy = terraform.Call("jsonencode", new.value)
    return DocumentChange(
        old.file if old is not None else new.file,
        as_text(old.value) if old is not None else "",
        as_text(new.value),
        [store(new)],
        terraform.resource("aws_iam_role", f"The IAM role {role}", name=role, assume_role_policy=policy),
        [aws_iam("get-role", RoleName=role, query="Role.AssumeRolePolicyDocument")],
        [store(old)] if old is not None else [],
        gaps(role),
        f"the trust policy of {role}",
    )


def _session_duration(role: str, old: Role, new: Role) -> DocumentChange:
    before, after = (state.max_session_duration or _SESSION for state in (old, new))
    return DocumentChange(
        old.origin.file,
        as_text({"MaxSessionDuration": before}),
        as_text({"MaxSessionDuration": after}),
        [aws_iam("update-role", RoleName=role, MaxSessionDuration=after)],
        terraform.resource("aws_iam_role", f"The IAM role {role}", name=role, max_session_duration=after),
        [aws_iam("get-role", RoleName=role, query="Role.MaxSessionDuration")],
        [aws_iam("update-role", RoleName=role, MaxSessionDuration=before)],
        gaps(role),
        f"the maximum session duration of {role}",
    )


def _listed_ids(provider: AwsOidcProvider) -> tuple[str, ...]:
    return provider.client_ids if isinstance(provider.client_ids, tuple) else ()


def _client_ids(arn: str, now: AwsOidcProvider, then: AwsOidcProvider) -> DocumentChange:
    old, new = _listed_ids(now), _listed_ids(then)

    def one(verb: str, client_id: str) -> str:
        return aws_iam(f"{verb}-open-id-connect-provider", OpenIDConnectProviderArn=arn, ClientID=client_id)

    added = [client_id for client_id in new if client_id not in old]
    removed = [client_id for client_id in old if client_id not in new]
    add, remove = "add-client-id-to", "remove-client-id-from"
    about = f"The IAM OIDC provider {arn}"
    return DocumentChange(
        now.document.file,
        as_text(now.document.value),
        as_text({**now.document.value, "ClientIDList": list(new)}),
        [*(one(add, client_id) for client_id in added), *(one(remove, client_id) for client_id in removed)],
        terraform.resource("aws_iam_openid_connect_provider", about, url=_https(then.url), client_id_list=new),
        [aws_iam("get-open-id-connect-provider", OpenIDConnectProviderArn=arn, query="ClientIDList")],
        [*(one(add, client_id) for client_id in removed), *(one(remove, client_id) for client_id in added)],
        gaps(arn),
        f"the client IDs of the OIDC provider {now.url}",
    )


def _new_provider(arn: str, then: AwsOidcProvider) -> DocumentChange:
    url, ids = _https(then.url), _listed_ids(then)
    return DocumentChange(
        then.document.file,
        "",
        as_text({"Url": url, "ClientIDList": list(ids)}),
        [aws_iam("create-open-id-connect-provider", Url=url, ClientIDList=ids)],
        terraform.resource(
            "aws_iam_openid_connect_provider", f"A new IAM OIDC provider {arn}", url=url, client_id_list=ids
        ),
        [aws_iam("get-open-id-connect-provider", OpenIDConnectProviderArn=arn)],
        [aws_iam("delete-open-id-connect-provider", OpenIDConnectProviderArn=arn)],
        gaps(arn),
        f"the OIDC provider {then.url}",
    )


def _https(url: str) -> str:
    """Return the issuer for the API, with its scheme."""
    return f"https://{url.removeprefix('https://')}"


# --- Google Cloud ----------------------------------------------------------------------------------------------------


def _gcp(before: TargetEvidence, after: TargetEvidence) -> Iterator[DocumentChange]:
    if before.gcp is None or after.gcp is None:
        return
    pool, enabled = before.gcp.pool, after.gcp.pool
    if isinstance(pool, GcpPool) and isinstance(enabled, GcpPool) and pool.disabled != enabled.disabled:
        yield _pool(pool, enabled)
    now, then = _gcp_provider(before), _gcp_provider(after)
    if now is not None and then is not None and now.name == then.name and _fields(now) != _fields(then):
        yield _provider(now, then)
    yield from allow_policies(before, after)


_POOLS = ("gcloud", "iam", "workload-identity-pools")


def _pool(now: GcpPool, then: GcpPool) -> DocumentChange:
    name = known(now.name, "POOL")

    def update(pool: GcpPool) -> str:
        return command(*_POOLS, "update", name, "--disabled" if pool.disabled else "--no-disabled")

    resource = "google_iam_workload_identity_pool"
    about = f"The workload identity pool {name}"
    return DocumentChange(
        now.document.file,
        as_text({"disabled": now.disabled}),
        as_text({"disabled": then.disabled}),
        [update(then)],
        terraform.resource(resource, about, workload_identity_pool_id=_last(name), disabled=then.disabled),
        [command(*_POOLS, "describe", name)],
        [update(now)],
        gaps(name),
        f"the state of the workload identity pool {_last(name)}",
    )


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _provider(now: GcpProvider, then: GcpProvider) -> DocumentChange:
    name = known(now.name, "PROVIDER")
    old, new = _fields(now), _fields(then)
    changed = [field for field in new if old[field] != new[field]]

    def update(fields: dict[str, Any]) -> str:
        options = [_option(field, fields[field]) for field in changed]
        return command(*_POOLS, "providers", "update-oidc", name, *options)

    return DocumentChange(
        now.document.file,
        as_text(now.document.value),
        as_text(_with_fields(now.document.value, {field: new[field] for field in changed})),
        [update(new)],
        _provider_terraform(name, new, changed),
        [command(*_POOLS, "providers", "describe", name)],
        [update(old)],
        gaps(name),
        f"the {' and the '.join(_FIELD_WORDS[field] for field in changed)} of {_last(name)}",
    )


def _with_fields(document: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Return the provider as gcloud describes it, with these fields changed."""
    whole = copy.deepcopy(document) if isinstance(document, dict) else {}
    for field, value in fields.items():
        place = whole.setdefault("oidc", {}) if field in ("allowedAudiences", "issuerUri") else whole
        place[field] = value
    return whole


_FIELD_WORDS = {
    "attributeCondition": "attribute condition",
    "attributeMapping": "attribute mapping",
    "allowedAudiences": "allowed audiences",
    "issuerUri": "issuer URI",
    "disabled": "state",
}


def _fields(provider: GcpProvider) -> dict[str, Any]:
    """Return the provider fields that an edit changes, with API names and values."""
    return {
        "attributeCondition": provider.condition or "",
        "attributeMapping": provider.mapping if isinstance(provider.mapping, dict) else {},
        "allowedAudiences": list(provider.allowed_audiences),
        "issuerUri": provider.issuer_uri or "",
        "disabled": provider.disabled,
    }


def _option(field: str, value: Any) -> str:
    """Return the `providers update-oidc` option for a field (gcloud reference)."""
    if field == "disabled":
        return "--disabled" if value else "--no-disabled"
    text = gcloud_map(value) if isinstance(value, dict) else gcloud_list(value) if isinstance(value, list) else value
    return f"--{_OPTIONS[field]}={text}"


_OPTIONS = {
    "attributeCondition": "attribute-condition",
    "attributeMapping": "attribute-mapping",
    "allowedAudiences": "allowed-audiences",
    "issuerUri": "issuer-uri",
}


def _provider_terraform(name: str, fields: dict[str, Any], changed: list[str]) -> str:
    arguments: dict[str, Any] = {}
    if name.count("/") >= _PROVIDER_PARTS:
        arguments["workload_identity_pool_id"] = name.split("/")[5]
    arguments["workload_identity_pool_provider_id"] = _last(name)
    plain = {
        "attributeCondition": "attribute_condition",
        "attributeMapping": "attribute_mapping",
        "disabled": "disabled",
    }
    arguments |= {argument: fields[field] for field, argument in plain.items() if field in changed}
    if "allowedAudiences" in changed or "issuerUri" in changed:
        inside = {"issuer_uri": fields["issuerUri"], "allowed_audiences": fields["allowedAudiences"]}
        arguments["oidc"] = terraform.Block(**inside)
    about = f"The workload identity pool provider {name}"
    return terraform.resource("google_iam_workload_identity_pool_provider", about, **arguments)


_PROVIDER_PARTS = 7  # slashes in projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
