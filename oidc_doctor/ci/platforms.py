"""The CI and hosting platforms whose workloads have an OIDC token: one row each.

A row has what the platform's documentation says of a job's environment. What no document was found for is marked
"inferred". Tokens that have to be asked for are in github.py, buildkite.py and fly.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.report.annotations import AZURE, BUILDKITE, GITHUB, GITLAB, PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping


class Platform(NamedTuple):
    """Where a platform keeps the token, and what a job without one lacks."""

    name: str  # also the label of its tokens
    title: str
    mark: str  # a variable that every job has
    variables: tuple[str, ...] = ()  # whose value is a token; one that ends with _ is the beginning of a name
    paths: tuple[str, ...] = ()  # variables that name a token's file; likewise
    places: tuple[str, ...] = ()  # files of a token
    shows: str = PLAIN  # the form of its annotations and groups: see report/annotations.py
    because: str = ""  # why a job has no token, as the end of "…: because"; "" where a job may have one elsewhere
    order: str = ""  # what makes the platform issue one, as a full sentence
    unless: tuple[str, ...] = ()  # variables of a job that may have a token elsewhere, so that none here proves nothing


GITHUB_ACTIONS = Platform(
    # GitHub Docs, "OpenID Connect reference" and "Variables reference"
    name="github",
    title="GitHub Actions",
    mark="GITHUB_ACTIONS",
    shows=GITHUB,
)
GITLAB_CI = Platform(
    # GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens": the job names the variables. CI_JOB_JWT,
    # CI_JOB_JWT_V1 and CI_JOB_JWT_V2 were removed in GitLab 17.0 (GitLab Docs, "Deprecations and removals by version").
    name="gitlab",
    title="GitLab CI/CD",
    mark="GITLAB_CI",
    shows=GITLAB,
    because="the job declares no `id_tokens`, and none of its variables holds an OIDC token",
    order="Add `id_tokens:` with an `aud` to the job; CI_JOB_JWT and CI_JOB_JWT_V2 no longer exist since GitLab 17.0.",
)
BUILDKITE_AGENT = Platform(
    # Buildkite Docs, "buildkite-agent oidc" and "Environment variables"
    name="buildkite",
    title="Buildkite",
    mark="BUILDKITE",
    shows=BUILDKITE,
)
CIRCLECI = Platform(
    # CircleCI Docs, "Using OpenID Connect tokens in jobs"; a job without a context may have none on CircleCI server and
    # in runs of forks (inferred from the same page and "Build pull requests from forked repositories")
    name="circleci",
    title="CircleCI",
    mark="CIRCLECI",
    variables=("CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2"),
    because="neither CIRCLE_OIDC_TOKEN nor CIRCLE_OIDC_TOKEN_V2 is set",
    order="Give the job a `context:` in the workflow; a run of a fork's pull request gets no token unless the project "
    "passes secrets to it.",
)
BITBUCKET = Platform(
    # Atlassian Support, "Integrate Pipelines with resource servers using OIDC" and "Variables and secrets"
    name="bitbucket",
    title="Bitbucket Pipelines",
    mark="BITBUCKET_BUILD_NUMBER",
    variables=("BITBUCKET_STEP_OIDC_TOKEN",),
    because="BITBUCKET_STEP_OIDC_TOKEN is not set",
    order="Add `oidc: true` to the step in bitbucket-pipelines.yml.",
)
HCP_TERRAFORM = Platform(
    # HashiCorp, "Manually generate workload identity tokens" (TOKEN, and TOKEN_TAG for AUDIENCE_TAG) and "Run
    # environment". The variables with _PATH: inferred, from configurations that read them.
    name="hcp-terraform",
    title="HCP Terraform",
    mark="TFC_RUN_ID",
    variables=("TFC_WORKLOAD_IDENTITY_TOKEN", "TFC_WORKLOAD_IDENTITY_TOKEN_"),
    paths=("TFC_WORKLOAD_IDENTITY_TOKEN_PATH", "TFC_WORKLOAD_IDENTITY_TOKEN_PATH_"),
    because="the workspace sets no TFC_WORKLOAD_IDENTITY_AUDIENCE",
    order="Set TFC_AWS_PROVIDER_AUTH or TFC_GCP_PROVIDER_AUTH to true in the workspace, or "
    "TFC_WORKLOAD_IDENTITY_AUDIENCE to the audience of the provider.",
    unless=("TFC_AWS_PROVIDER_AUTH", "TFC_GCP_PROVIDER_AUTH"),
)
SPACELIFT = Platform(
    # Spacelift Docs, "OpenID Connect (OIDC)"; the mark: "Environment", computed values
    name="spacelift",
    title="Spacelift",
    mark="TF_VAR_spacelift_run_id",
    variables=("SPACELIFT_OIDC_TOKEN",),
    places=("/mnt/workspace/spacelift.oidc",),
    because="SPACELIFT_OIDC_TOKEN is not set",
    order="Use an account of Spacelift whose plan includes OIDC; every run of it has the token.",
)
SEMAPHORE = Platform(
    # Semaphore Docs, "OpenID Connect" reference and "Environment variables"
    name="semaphore",
    title="Semaphore",
    mark="SEMAPHORE",
    variables=("SEMAPHORE_OIDC_TOKEN",),
    because="SEMAPHORE_OIDC_TOKEN is not set",
    order="Use an organization of Semaphore whose plan includes OpenID Connect; every job of it has the token.",
)
AZURE_DEVOPS = Platform(
    # Microsoft Learn, "Predefined variables". A token needs the id of a service connection, which the job's environment
    # does not have, and its audience is api://AzureADTokenExchange (inferred: not asked for here).
    name="azure",
    title="Azure Pipelines",
    mark="TF_BUILD",
    shows=AZURE,
)
VERCEL = Platform(
    # Vercel Docs, "OpenID Connect (OIDC) Federation" and "System environment variables"
    name="vercel",
    title="Vercel",
    mark="VERCEL",
    variables=("VERCEL_OIDC_TOKEN",),
    because="VERCEL_OIDC_TOKEN is not set",
    order="Enable OIDC federation in the project's settings; a running function gets its token in the header "
    "x-vercel-oidc-token, not in a variable.",
    unless=("VERCEL",),
)
MODAL = Platform(
    # Modal Docs, "Using OIDC to authenticate with external services" and "Environment variables"
    name="modal",
    title="Modal",
    mark="MODAL_TASK_ID",
    variables=("MODAL_IDENTITY_TOKEN",),
    because="MODAL_IDENTITY_TOKEN is not set",
    order="Read the token in a function's container; a sandbox gets one only where it is created with identity tokens.",
)
FLY = Platform(
    # Fly.io Docs, "OpenID Connect" and "The Machine Runtime Environment"
    name="fly",
    title="Fly.io",
    mark="FLY_MACHINE_ID",
)
BASETEN = Platform(
    # Baseten's published OIDC recipes: the variable names the mounted file, where runtime.oidc is enabled
    name="baseten",
    title="Baseten",
    mark="B10_OIDC_TOKEN_PATH",
    paths=("B10_OIDC_TOKEN_PATH",),
)
KUBERNETES = Platform(
    # Kubernetes, "Configure Service Accounts for Pods"; Amazon EKS User Guide, "IAM roles for service accounts"
    name="kubernetes",
    title="Kubernetes",
    mark="KUBERNETES_SERVICE_HOST",
    paths=("AWS_WEB_IDENTITY_TOKEN_FILE",),
    places=("/var/run/secrets/eks.amazonaws.com/serviceaccount/token",),
)
ANY = Platform("", "this environment", "", paths=("AWS_WEB_IDENTITY_TOKEN_FILE",))

# A runner may be a pod, and a pod a machine of Fly: the first one decides how findings are shown.
PLATFORMS = (
    *(GITHUB_ACTIONS, GITLAB_CI, BUILDKITE_AGENT, CIRCLECI, BITBUCKET, HCP_TERRAFORM, SPACELIFT, SEMAPHORE),
    *(AZURE_DEVOPS, VERCEL, MODAL, FLY, BASETEN, KUBERNETES),
)


def platform_of(environment: Mapping[str, str]) -> Platform:
    """Return the platform whose mark the environment has; ANY for none."""
    return next((platform for platform in PLATFORMS if environment.get(platform.mark)), ANY)
