"""What the job asks a cloud for: the role or provider, and the audience of the token, as far as its files say.

Read are the variables of the job, the configurations of the AWS and Google clients that they point to, and of GitHub
the sign-in steps of the running job in its own workflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from oidc_doctor.ci import github
from oidc_doctor.ci.platforms import GITHUB_ACTIONS, Platform
from oidc_doctor.documents.github_workflow import workflow_audiences, workflow_targets
from oidc_doctor.documents.json_text import Unreadable
from oidc_doctor.documents.target_file import merge
from oidc_doctor.live.own_settings import settings_of_job
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

AWS_AUDIENCE = "sts.amazonaws.com"  # of aws-actions/configure-aws-credentials (action.yml, input audience)
_GOOGLE_AUDIENCE = "https://iam.googleapis.com/{}"  # of google-github-actions/auth (README, input audience)
_HCP_ROLES = ("TFC_AWS_RUN_ROLE_ARN", "TFC_AWS_PLAN_ROLE_ARN", "TFC_AWS_APPLY_ROLE_ARN")
_HCP_PROVIDER = "TFC_GCP_WORKLOAD_PROVIDER_NAME"  # HashiCorp, "Use dynamic credentials with the GCP provider"
_HCP_ACCOUNT = "TFC_GCP_RUN_SERVICE_ACCOUNT_EMAIL"


class Request(NamedTuple):
    """The target that the job names, if it names one; the audiences that its sign-in steps ask for; and notes.

    An audience is None where a step asks for its action's default.
    """

    target: Target | None = None
    audiences: tuple[str | None, ...] = ()
    notes: tuple[str, ...] = ()


class Audience(NamedTuple):
    """The audience to ask for, and a note where it is one of several.

    It is assumed where no sign-in step was read: the job may ask for another one.
    """

    value: str
    note: str = ""
    assumed: bool = False


def request_of(environment: Mapping[str, str], platform: Platform) -> Request:
    """Return what the job asks for. Of several roles or providers it is not known which one: none is taken."""
    targets = [setting.target for setting in settings_of_job(environment)]
    targets += _of_hcp_terraform(environment)
    audiences: list[str | None] = []
    job = environment.get("GITHUB_JOB", "")
    file, text = github.workflow_of(environment) if platform is GITHUB_ACTIONS else ("", None)
    if text is not None:
        try:
            targets += workflow_targets(text, file, job)
            audiences += workflow_audiences(text, file, job)
        except Unreadable:
            text = None
    roles = {target.aws.role_arn: target for target in reversed(targets) if target.aws and target.aws.role_arn}
    providers = {target.gcp.provider: target for target in reversed(targets) if target.gcp and target.gcp.provider}
    notes = [
        f"the job names {len(named)} {what}, and which one this step is for is not known: name it with {option}"
        for named, what, option in ((roles, "roles", "--role"), (providers, "providers", "--gcp-provider"))
        if len(named) > 1
    ]
    chosen = [next(iter(named.values())) for named in (roles, providers) if len(named) == 1]
    target = merge(*chosen) if len(chosen) == 2 else chosen[0] if chosen else None  # noqa: PLR2004 - a role and a provider
    return Request(target, tuple(audiences), tuple(notes))


def _of_hcp_terraform(environment: Mapping[str, str]) -> list[Target]:
    """Return the role and the provider of a run of HCP Terraform (its pages on dynamic provider credentials)."""
    name = next((name for name in _HCP_ROLES if environment.get(name)), "")
    targets = []
    if name:
        at = {"aws.role_arn": Origin(f"the variable {name}")}
        targets.append(Target("", aws=TargetAws(environment[name]), origins=at))
    provider, account = environment.get(_HCP_PROVIDER), environment.get(_HCP_ACCOUNT)
    if provider:
        at = {"gcp.provider": Origin(f"the variable {_HCP_PROVIDER}")}
        targets.append(Target("", gcp=TargetGcp(provider=provider, service_account=account), origins=at))
    return targets


def audience_for(targets: Sequence[Target], request: Request, asked: str | None) -> Audience:
    """Return the audience to request a token for. `asked` is the user's own, which decides.

    Otherwise it is that of the sign-in step, or what the vendors' own actions ask for the cloud of the target. A token
    has one audience: where both clouds are named, it is that of AWS.
    """
    if asked:
        return Audience(asked)
    named = [audience for audience in dict.fromkeys(request.audiences) if audience]
    if len(named) == 1 and len(set(request.audiences)) == 1:
        return Audience(named[0])
    assumed = not request.audiences or bool(named)
    has_aws = any(target.aws is not None for target in targets)
    providers = [target.gcp.provider for target in targets if target.gcp is not None and target.gcp.provider]
    if not has_aws and providers:
        name = providers[0].removeprefix("//iam.googleapis.com/").lstrip("/")
        return Audience(_GOOGLE_AUDIENCE.format(name), assumed=assumed)
    both = "the evidence names AWS and Google Cloud, and the token was requested for AWS: --audience names another"
    return Audience(AWS_AUDIENCE, both if has_aws and providers else "", assumed)
