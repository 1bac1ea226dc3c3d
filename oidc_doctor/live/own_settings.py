"""The roles and providers that the user's own settings name: Truss, GitHub workflows, the environment, AWS and gcloud.

No cloud is called. A token file named by a setting is not opened.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from oidc_doctor.bundle.files import Bundle, BundleMember
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.documents import truss
from oidc_doctor.documents.github_workflow import workflow_targets
from oidc_doctor.documents.json_text import Unreadable, decode
from oidc_doctor.documents.regular_file import open_regular
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Target, TargetAws
from oidc_doctor.model.limits import EVIDENCE_FILE

_TRUSS = "config.yaml"
_WORKFLOWS = os.path.join(".github", "workflows")
_DEFAULT_CREDENTIALS = "application_default_credentials.json"
_ISSUERS = {_TRUSS: truss.ISSUER, _WORKFLOWS: "https://token.actions.githubusercontent.com"}


class Setting(NamedTuple):
    """A target and its source: a variable or a file of the user."""

    target: Target
    place: str
    suggested_issuer: str = ""  # suggested by the file name only


def settings_of(folder: str, environment: Mapping[str, str]) -> list[Setting]:
    """Return the targets that the settings name, each role and provider once. Unreadable files name none."""
    settings: dict[object, Setting] = {}
    for setting in _all(folder, environment):
        aws, gcp = setting.target.aws, setting.target.gcp
        identity = (aws.role_arn if aws else None, gcp.provider if gcp else None, gcp.service_account if gcp else None)
        if any(identity):
            settings.setdefault(identity, setting)
    return list(settings.values())


def _all(folder: str, environment: Mapping[str, str]) -> Iterator[Setting]:
    yield from _of_truss(os.path.join(folder, _TRUSS))
    yield from _of_workflows(os.path.join(folder, _WORKFLOWS))
    yield from _of_environment(environment)
    yield from _of_aws(environment)
    yield from _of_gcloud(environment)


def _of_truss(path: str) -> Iterator[Setting]:
    """Yield the roles and providers of a Truss configuration, as a report on it would name them."""
    for target in _derived("truss/config.yaml", path):
        yield Setting(target, _TRUSS, "" if target.issuer else _ISSUERS[_TRUSS])


def _of_workflows(folder: str) -> Iterator[Setting]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith((".yml", ".yaml")))
    except OSError:
        return
    for name in names:
        data = _content(os.path.join(folder, name))
        try:
            targets = list(workflow_targets(decode(data, name), name)) if data is not None else []
        except Unreadable:
            continue
        for target in targets:
            yield Setting(target, os.path.join(_WORKFLOWS, name), _ISSUERS[_WORKFLOWS])


def _of_environment(environment: Mapping[str, str]) -> Iterator[Setting]:
    role = environment.get("AWS_ROLE_ARN")
    if role:
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        aws = TargetAws(role, environment.get("AWS_ROLE_SESSION_NAME"), region=region)
        yield Setting(Target("", aws=aws, origins={"aws.role_arn": Origin("AWS_ROLE_ARN")}), "AWS_ROLE_ARN")


def _of_aws(environment: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the roles of profiles that assume them with a web identity token."""
    path = _aws_config(environment)
    for name, profile in _profiles(path).items():
        role = profile.get("role_arn")
        if isinstance(role, str) and profile.get("web_identity_token_file"):
            aws = TargetAws(role, profile.get("role_session_name"), region=profile.get("region"))
            place = f"the profile {name} of {path}"
            yield Setting(Target("", aws=aws, origins={"aws.role_arn": Origin(place)}), place)


class WebIdentityProfile(NamedTuple):
    """The token file of an AWS profile."""

    file: str
    place: str


def web_identity_profile(environment: Mapping[str, str]) -> WebIdentityProfile | None:
    """Return the token file of the profile in use: AWS_PROFILE's, else the default one; None if it names none."""
    path = _aws_config(environment)
    if not os.path.isfile(path):  # most jobs: botocore is not loaded for them
        return None
    name = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    file = _profiles(path).get(name, {}).get("web_identity_token_file")
    return WebIdentityProfile(file, f"the profile {name} of {path}") if isinstance(file, str) and file else None


def settings_of_job(environment: Mapping[str, str]) -> list[Setting]:
    """Return the targets that the environment of a job names, and the clients' configurations that it points to."""
    name = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    settings = list(_of_environment(environment))
    if not settings and os.path.isfile(path := _aws_config(environment)):
        place = f"the profile {name} of {path}"
        settings += [setting for setting in _of_aws(environment) if setting.place == place]
    if environment.get("GOOGLE_APPLICATION_CREDENTIALS"):
        settings += _of_gcloud(environment)
    return settings


def profile_names(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the profiles of the AWS configuration file."""
    return sorted(_profiles(_aws_config(environment)))


def _aws_config(environment: Mapping[str, str]) -> str:
    return os.path.expanduser(environment.get("AWS_CONFIG_FILE") or "~/.aws/config")


def _profiles(path: str) -> dict[str, Any]:
    from botocore.configloader import load_config  # late: only init and the completion of --profile need it
    from botocore.exceptions import BotoCoreError

    try:
        profiles: dict[str, Any] = load_config(path).get("profiles", {})
    except BotoCoreError:
        return {}
    return profiles


def _of_gcloud(environment: Mapping[str, str]) -> Iterator[Setting]:
    """Yield the provider of a credential configuration: from the variable, else gcloud's default."""
    folder = environment.get("CLOUDSDK_CONFIG") or os.path.expanduser("~/.config/gcloud")
    path = environment.get("GOOGLE_APPLICATION_CREDENTIALS") or os.path.join(folder, _DEFAULT_CREDENTIALS)
    for target in _derived("gcp/credentials.json", path):
        yield Setting(target, path)


def _derived(name: str, path: str) -> Iterator[Target]:
    """Yield the targets of a bundle with only this file."""
    data = _content(path)
    if data is None:
        return
    bundle = Bundle(path, {name: BundleMember(len(data), lambda: io.BytesIO(data))})
    for evidence in load_snapshot(bundle).targets:
        yield evidence.target


def _content(path: str) -> bytes | None:
    try:
        with open_regular(path) as stream:  # reading a pipe would block
            data = stream.read(EVIDENCE_FILE.most + 1)
    except OSError:
        return None
    return data if len(data) <= EVIDENCE_FILE.most else None
