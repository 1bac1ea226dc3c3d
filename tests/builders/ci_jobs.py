"""Jobs of CI platforms: the environment of each, as its platform documents it, with a token made at run time."""

from __future__ import annotations

import base64
import json
import os
import random
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

PIECE = 16  # characters of a secret that appear nowhere
ACCOUNT = "123456789012"
GITHUB = "https://token.actions.githubusercontent.com"
BEARER = "bearer-Qm3xT7pLw9Zk2VbN8sRy4HdJ"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


class Job(NamedTuple):
    """A job, its token, and words of the place where the token is found."""

    platform: str
    variables: dict[str, str]
    place: str
    issuer: str
    audience: str
    subject: str


def segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token(issuer: str, audience: str, subject: str, **claims: Any) -> str:
    """A compact JWT that is valid now, with a signature of random letters."""
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    body = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "iat": now - 10,
        "nbf": now - 10,
        "exp": now + 290,
        **claims,
    }
    signature = "".join(random.Random(subject).choices(_LETTERS, k=342))
    return f"{segment(header)}.{segment(body)}.{signature}"


def role(issuer: str, audience: str, subject: str) -> dict[str, Any]:
    """A role as `aws iam get-role` prints it, that trusts this subject."""
    host = issuer.removeprefix("https://")
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": audience, f"{host}:sub": subject}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    arn = f"arn:aws:iam::{ACCOUNT}:role/Deploy"
    return {"Role": {"RoleName": "Deploy", "Arn": arn, "AssumeRolePolicyDocument": policy}}


def pieces(*secrets: str) -> set[str]:
    """Every piece of 16 characters of the secrets, as they are and in base64."""
    found: set[str] = set()
    for secret in secrets:
        encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
        for text in (secret, encoded):
            found.update(text[at : at + PIECE] for at in range(len(text) - PIECE + 1))
    return found


def leaks(text: str, *secrets: str) -> set[str]:
    """The pieces of secrets in a text."""
    return {text[at : at + PIECE] for at in range(len(text) - PIECE + 1)} & pieces(*secrets)


def agent(folder: Path, text: str, code: int = 0) -> None:
    """buildkite-agent: prints a token, keeps what it is asked, and the annotation that it is given."""
    folder.mkdir(exist_ok=True)
    (folder / "answer").write_text(text + "\n")
    path = folder / "buildkite-agent"
    path.write_text(
        f'#!/bin/sh\ncd {shlex.quote(str(folder))}\necho "$*" >> asked.txt\n'
        f'if [ "$1" = annotate ]; then cat > annotation.md; else cat answer; exit {code}; fi\n'
    )
    path.chmod(0o755)


def _of_variable(name: str, platform: str, issuer: str, audience: str, subject: str, **more: str) -> Job:
    return Job(
        platform, more | {name: token(issuer, audience, subject)}, f"the variable {name}", issuer, audience, subject
    )


def gitlab(folder: Path) -> Job:
    more = {"GITLAB_CI": "true", "CI": "true", "CI_JOB_ID": "12", "CI_JOB_TOKEN": "glcbt-64_Zk2VbN8sRy4HdJqW1x"}
    subject = "project_path:acme/app:ref_type:branch:ref:main"
    return _of_variable("DEPLOY_TOKEN", "gitlab", "https://gitlab.com", "https://gitlab.com", subject, **more)


def circleci(folder: Path) -> Job:
    organization = "3c1f0d3e-6b1c-4a0f-9f0b-9a4f3d1f7a11"
    subject = f"org/{organization}/project/7f3a/user/88bb"
    issuer = f"https://oidc.circleci.com/org/{organization}"
    return _of_variable("CIRCLE_OIDC_TOKEN", "circleci", issuer, organization, subject, CIRCLECI="true", CI="true")


def bitbucket(folder: Path) -> Job:
    issuer = "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    uuid = "1f0e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    subject = f"{{{uuid}}}:{{0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9}}"
    audience = f"ari:cloud:bitbucket::workspace/{uuid}"
    more = {"BITBUCKET_BUILD_NUMBER": "7", "CI": "true"}
    return _of_variable("BITBUCKET_STEP_OIDC_TOKEN", "bitbucket", issuer, audience, subject, **more)


def hcp_terraform(folder: Path) -> Job:
    subject = "organization:acme:project:core:workspace:app:run_phase:apply"
    more = {"TFC_RUN_ID": "run-1", "TFC_WORKSPACE_NAME": "app"}
    name = "TFC_WORKLOAD_IDENTITY_TOKEN_DEPLOY"
    return _of_variable(name, "hcp-terraform", "https://app.terraform.io", "aws.workload.identity", subject, **more)


def spacelift(folder: Path) -> Job:
    issuer = "https://acme.app.spacelift.io"
    subject = "space:root:stack:app:run_type:TRACKED:scope:write"
    more = {"TF_VAR_spacelift_run_id": "01"}
    return _of_variable("SPACELIFT_OIDC_TOKEN", "spacelift", issuer, "acme.app.spacelift.io", subject, **more)


def semaphore(folder: Path) -> Job:
    issuer = "https://acme.semaphoreci.com"
    subject = "org:acme:project:9a4f:repo:app:ref_type:branch:ref:refs/heads/main"
    return _of_variable("SEMAPHORE_OIDC_TOKEN", "semaphore", issuer, issuer, subject, SEMAPHORE="true", CI="true")


def vercel(folder: Path) -> Job:
    subject = "owner:acme:project:app:environment:production"
    issuer = "https://oidc.vercel.com/acme"
    return _of_variable("VERCEL_OIDC_TOKEN", "vercel", issuer, "https://vercel.com/acme", subject, VERCEL="1", CI="1")


def modal(folder: Path) -> Job:
    subject = "modal:workspace_id:ac-9zQ:environment_name:main:app_name:press:function_name:squeeze:container_id:ta-1"
    more = {"MODAL_TASK_ID": "ta-1"}
    return _of_variable("MODAL_IDENTITY_TOKEN", "modal", "https://oidc.modal.com", "oidc.modal.com", subject, **more)


def _of_file(name: str, platform: str, folder: Path, issuer: str, audience: str, subject: str, **more: str) -> Job:
    path = folder / "token"
    path.write_text(token(issuer, audience, subject) + "\n")
    return Job(platform, more | {name: str(path)}, f"of the variable {name}", issuer, audience, subject)


def baseten(folder: Path) -> Job:
    subject = (
        "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1Xk0s:environment=production:type=model_container"
    )
    return _of_file("B10_OIDC_TOKEN_PATH", "baseten", folder, "https://oidc.baseten.co", "oidc.baseten.co", subject)


def kubernetes(folder: Path) -> Job:
    issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"
    more = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/Deploy"}
    subject = "system:serviceaccount:ml:weights"
    return _of_file("AWS_WEB_IDENTITY_TOKEN_FILE", "kubernetes", folder, issuer, "sts.amazonaws.com", subject, **more)


def aws_profile(folder: Path) -> Job:
    job = kubernetes(folder)
    config = folder / "aws-config"
    lines = ["[profile deploy]", f"role_arn = arn:aws:iam::{ACCOUNT}:role/Deploy"]
    config.write_text("\n".join([*lines, f"web_identity_token_file = {folder / 'token'}"]) + "\n")
    return job._replace(
        platform="", variables={"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "deploy"}, place="the profile deploy"
    )


def google_client(folder: Path) -> Job:
    audience = f"https://iam.googleapis.com/{PROVIDER}"
    issuer, subject = "https://gitlab.com", "project_path:acme/app:ref_type:branch:ref:main"
    file = folder / "token.json"
    file.write_text(json.dumps({"access": token(issuer, audience, subject)}))
    source = {"file": str(file), "format": {"type": "json", "subject_token_field_name": "access"}}
    config = {"type": "external_account", "audience": f"//iam.googleapis.com/{PROVIDER}", "credential_source": source}
    (folder / "client.json").write_text(json.dumps(config))
    place = "the token file of GOOGLE_APPLICATION_CREDENTIALS"
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(folder / "client.json")}
    return Job("", variables, place, issuer, audience, subject)


PROVIDER = "projects/482910375566/locations/global/workloadIdentityPools/ci/providers/gitlab"


def buildkite(folder: Path) -> Job:
    issuer, audience = "https://agent.buildkite.com", "sts.amazonaws.com"
    subject = "organization:acme:pipeline:app:ref:refs/heads/main:commit:9f8e:step:deploy"
    agent(folder / "bin", token(issuer, audience, subject))
    variables = {
        "BUILDKITE": "true",
        "BUILDKITE_JOB_ID": "0190",
        "BUILDKITE_AGENT_ACCESS_TOKEN": "bkaj_Zk2VbN8sRy4HdJqW1x",
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    return Job("buildkite", variables, "buildkite-agent oidc request-token", issuer, audience, subject)


# Platforms whose token needs no server
JOBS: dict[str, Callable[[Path], Job]] = {
    "gitlab": gitlab,
    "circleci": circleci,
    "bitbucket": bitbucket,
    "hcp-terraform": hcp_terraform,
    "spacelift": spacelift,
    "semaphore": semaphore,
    "vercel": vercel,
    "modal": modal,
    "baseten": baseten,
    "kubernetes": kubernetes,
    "aws profile": aws_profile,
    "google client": google_client,
    "buildkite": buildkite,
}


def github_variables(folder: Path, url: str, **more: str) -> dict[str, str]:
    """The environment of a job of GitHub Actions with `id-token: write`, and its workflow in a checkout."""
    workflows = folder / "checkout" / ".github" / "workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_JOB": "deploy",
        "GITHUB_REPOSITORY": "acme/app",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_TOKEN": "ghs_Zk2VbN8sRy4HdJqW1xTm3LpQ7vC5bA0eF9u",
        "GITHUB_WORKFLOW_REF": "acme/app/.github/workflows/deploy.yml@refs/heads/main",
        "GITHUB_WORKSPACE": str(folder / "checkout"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": url,
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
    } | more
