"""A set-up as shell commands: each creates or updates a resource, so all can be run again.

IAM API: AddClientIDToOpenIDConnectProvider, UpdateAssumeRolePolicy and PutRolePolicy give the same result however often
they are called. gcloud reference: services enable and add-iam-policy-binding likewise; a deleted pool or provider keeps
its name for 30 days, in which `undelete` restores it (Google Cloud, Manage workload identity pools).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from oidc_doctor.commands import as_word, aws_iam, command
from oidc_doctor.findings.fixes.commands import gcloud_map
from oidc_doctor.setup import aws, gcp
from oidc_doctor.setup.wanted import AUDIENCE, ISSUER

if TYPE_CHECKING:
    from oidc_doctor.setup.wanted import AwsWanted, GcpWanted

_QUIET = " >/dev/null 2>&1"


class NoCommandError(Exception):
    """The guard of copied commands refused a word."""


def _made(text: str) -> str:
    if not text:
        message = "the guard of copied commands refused a value of the set-up"
        raise NoCommandError(message)
    return text


def _aws(operation: str, **parameters: str | int | Sequence[str]) -> str:
    return _made(aws_iam(operation, query="", **parameters))


def _gcloud(*words: str) -> str:
    return _made(command("gcloud", *words))


def _unless(there: str, make: str) -> str:
    return f"{there}{_QUIET} ||\n{make}"


def _only_in(read: str, wanted: str, what: str) -> str:
    """Return a command that stops the script if the credentials or the project are not the set-up's."""
    words = as_word(f"stopped: {what} is not {wanted}")
    return f'test "$({read})" = {as_word(wanted)} || {{ echo {words} >&2; exit 1; }}'


def _script(lines: list[str]) -> str:
    """Wrap the commands in a subshell, which stops at the first failure and keeps the user's shell open."""
    return "\n".join(["(", "set -eu", *lines, ")"]) + "\n"


def aws_commands(wanted: AwsWanted) -> str:
    """Return the AWS CLI commands. Version 2 shows output in a pager, which would pause at each step."""
    provider, name = wanted.provider_arn, wanted.role_name
    trust = json.dumps(aws.trust_policy(wanted))
    policy = aws.role_policy(wanted)
    session: dict[str, Any] = {"MaxSessionDuration": wanted.max_session_duration} if wanted.max_session_duration else {}
    # STS needs a Region, even if the profile has none
    caller = ("aws", "sts", "get-caller-identity", "--region", wanted.region or "us-east-1")
    account = _made(command(*caller, "--query", "Account", "--output", "text"))
    lines = [
        "export AWS_PAGER=",
        _only_in(account, wanted.account, "the account of these credentials"),
        _unless(
            _aws("get-open-id-connect-provider", OpenIDConnectProviderArn=provider),
            _aws("create-open-id-connect-provider", Url=ISSUER, ClientIDList=[AUDIENCE]),
        ),
        _aws("add-client-id-to-open-id-connect-provider", OpenIDConnectProviderArn=provider, ClientID=AUDIENCE),
        _unless(
            _aws("get-role", RoleName=name),
            _aws("create-role", RoleName=name, AssumeRolePolicyDocument=trust, **session),
        ),
        _aws("update-assume-role-policy", RoleName=name, PolicyDocument=trust),
    ]
    if wanted.max_session_duration:
        lines.append(_aws("update-role", RoleName=name, MaxSessionDuration=wanted.max_session_duration))
    if policy:
        document = json.dumps(policy)
        lines.append(_aws("put-role-policy", RoleName=name, PolicyName=aws.POLICY_NAME, PolicyDocument=document))
    return _script(lines)


def gcp_commands(wanted: GcpWanted) -> str:
    """Return the gcloud commands."""
    project, everywhere = f"--project={wanted.project}", "--location=global"
    pool = ("iam", "workload-identity-pools")
    of_pool = (everywhere, f"--workload-identity-pool={wanted.pool}", project)
    holder = f"serviceAccount:{wanted.email}"
    number = _gcloud("projects", "describe", wanted.project, "--format=value(projectNumber)")
    settings = (
        f"--issuer-uri={ISSUER}",
        f"--allowed-audiences={AUDIENCE}",
        f"--attribute-mapping={gcloud_map(gcp.mapping(wanted))}",
        f"--attribute-condition={gcp.condition(wanted)}",
    )
    lines = [
        _only_in(number, wanted.project_number, f"the number of the project {wanted.project}"),
        _gcloud("services", "enable", *gcp.SERVICES, project),
        _unless(
            _gcloud("iam", "service-accounts", "describe", wanted.email, project),
            _gcloud("iam", "service-accounts", "create", wanted.service_account, project),
        ),
        _unless(
            _gcloud(*pool, "describe", wanted.pool, everywhere, project),
            _gcloud(*pool, "create", wanted.pool, everywhere, project),
        ),
        _unless_active(
            _gcloud(*pool, "describe", wanted.pool, everywhere, project, "--format=value(state)"),
            _gcloud(*pool, "undelete", wanted.pool, everywhere, project),
        ),
        _unless(
            _gcloud(*pool, "providers", "describe", wanted.provider, *of_pool),
            _gcloud(*pool, "providers", "create-oidc", wanted.provider, *of_pool, *settings),
        ),
        _unless_active(
            _gcloud(*pool, "providers", "describe", wanted.provider, *of_pool, "--format=value(state)"),
            _gcloud(*pool, "providers", "undelete", wanted.provider, *of_pool),
        ),
        _gcloud(*pool, "providers", "update-oidc", wanted.provider, *of_pool, *settings),
        _gcloud(
            *("iam", "service-accounts", "add-iam-policy-binding", wanted.email, project),
            *(f"--role={gcp.USER}", f"--member={gcp.member(wanted)}", "--condition=None"),
        ),
    ]
    if wanted.bucket:
        lines.append(
            _gcloud(
                *("storage", "buckets", "add-iam-policy-binding", f"gs://{wanted.bucket}"),
                *(f"--member={holder}", f"--role={gcp.VIEWER}", "--condition=None"),
            )
        )
    repository = wanted.artifact_repository
    if repository:
        lines.append(
            _gcloud(
                *("artifacts", "repositories", "add-iam-policy-binding", repository.name),
                *(f"--location={repository.location}", f"--project={repository.project}"),
                *(f"--member={holder}", f"--role={gcp.READER}", "--condition=None"),
            )
        )
    return _script(lines)


def _unless_active(state: str, restore: str) -> str:
    return f'test "$({state})" = ACTIVE ||\n{restore}'
