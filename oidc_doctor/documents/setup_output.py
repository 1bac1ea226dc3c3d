"""Parse a set-up script's output: Baseten's two scripts and recipes, the clouds' command lines, and Terraform.

The scripts run under `set -e`: each announces a step, and the first command that fails ends the run. Both scripts are
in Baseten's documentation of OIDC; the recipes in its public truss-examples use the same words for AWS.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from oidc_doctor.model.limits import SETUP_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.steps import Cloud

StepState = Literal["done", "existed", "failed", "unfinished", "not-reached", "absent"]


class SetupStep(NamedTuple):
    """A step of a set-up, and its outcome according to the output.

    `unfinished` is the last step of an output that shows neither its failure nor a later step; `not-reached` is after
    the step at which the script ended; `absent` is in no line, and perhaps not in the script.
    """

    name: str
    state: StepState
    line: int = 0  # line of the output, from 1; 0 if no line is about it
    error: str = ""  # the failure's sentence, as printed
    code: str = ""  # EntityAlreadyExists, PERMISSION_DENIED, …; empty if not printed


class SetupOutput(NamedTuple):
    """The steps of a cloud's set-up in order, and the names of created resources in the output."""

    cloud: Cloud
    steps: tuple[SetupStep, ...]
    is_complete: bool  # according to the script
    role_arn: str | None = None
    provider: str | None = None  # Google's provider, full name
    service_account: str | None = None


class _Step(NamedTuple):
    name: str
    announced: str  # start of the script's line
    calls: frozenset[str]  # AWS: by operation; gcloud: by command


def _step(name: str, announced: str, *calls: str) -> _Step:
    return _Step(name, announced, frozenset(calls))


_POLICY_CALLS = ("PutRolePolicy", "AttachRolePolicy", "CreatePolicy", "CreatePolicyVersion")
_STEPS: dict[Cloud, tuple[_Step, ...]] = {
    "aws": (
        _step(
            "provider",
            "Creating OIDC identity provider",
            *("CreateOpenIDConnectProvider", "AddClientIDToOpenIDConnectProvider"),
        ),
        _step("role", "Creating IAM role", "CreateRole", "UpdateAssumeRolePolicy"),
        _step("registry-policy", "Attaching ECR read policy", *_POLICY_CALLS),
        _step("bucket-policy", "Attaching S3 read policy", *_POLICY_CALLS),
    ),
    "gcp": (
        _step("service-account", "Creating service account", "iam.service-accounts.create"),
        _step("registry-role", "Granting Artifact Registry reader role", "projects.add-iam-policy-binding"),
        _step("bucket-role", "Granting Cloud Storage object viewer role", "projects.add-iam-policy-binding"),
        _step("pool", "Creating Workload Identity Pool", "iam.workload-identity-pools.create"),
        _step(
            "pool-provider",
            "Creating Workload Identity Provider",
            *("iam.workload-identity-pools.providers.create-oidc", "iam.workload-identity-pools.providers.update-oidc"),
        ),
        _step("binding", "Binding workload identity to service account", "iam.service-accounts.add-iam-policy-binding"),
    ),
}
# Terraform's AWS provider prints the operation, its Google provider the created resource.
_TERRAFORM_OF_GOOGLE = {
    "WorkloadIdentityPoolProvider": "iam.workload-identity-pools.providers.create-oidc",
    "WorkloadIdentityPool": "iam.workload-identity-pools.create",
    "service account": "iam.service-accounts.create",
}
_AWS_ERROR = re.compile(
    r"An error occurred \((?P<code>\w{1,100})\) when calling the (?P<call>\w{1,100}) operation[^:\n]{0,80}"
    r": (?P<text>.+)"
)
_AWS_TERRAFORM = re.compile(
    r"operation error IAM: (?P<call>\w{1,100}),.{0,400}?(?:api error )?(?P<code>[A-Z]\w+): (?P<text>[A-Z].+)"
)
_GCLOUD_ERROR = re.compile(r"ERROR: \(gcloud\.(?P<call>[\w.-]{1,120})\) (?:(?P<code>[A-Z][A-Z_]{3,40}): )?(?P<text>.+)")
_GOOGLE_TERRAFORM = re.compile(
    r"Error creating (?P<call>WorkloadIdentityPoolProvider|WorkloadIdentityPool|service account):? ?"
    r"(?:googleapi: Error (?P<code>\d{3}): ?)?(?P<text>.+)"
)
_ERRORS = (_AWS_ERROR, _AWS_TERRAFORM, _GCLOUD_ERROR, _GOOGLE_TERRAFORM)
# A failure of the script or its client, not of a call: it belongs to the last announced step.
_FAILED = re.compile(
    r"(?P<text>(?:[\w./-]+: )?(?:line \d+: )?\w+: (?:command not found|unbound variable)|Unable to locate credentials.*"
    r"|(?:error|ERROR|Error):? .+|The config profile .+ could not be found|Could not connect to the endpoint URL.*"
    r"|.*You do not currently have an active account selected.*)"
)
_EXISTED = "OIDC provider already exists"
_COMPLETE = "Setup complete"
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}")
_PROVIDER = re.compile(
    r"projects/\d{1,20}/locations/global/workloadIdentityPools/[a-z0-9-]{1,40}/providers/[a-z0-9-]{1,40}"
)
_ACCOUNT = re.compile(r"[a-z][a-z0-9-]{1,40}@[a-z][a-z0-9.:-]{1,60}\.iam\.gserviceaccount\.com")
_LONGEST_LINE = 2_000


def words() -> Iterator[str]:
    """Return the words by which scripts and command lines name their steps."""
    for step in (step for steps in _STEPS.values() for step in steps):
        yield step.announced
        for call in step.calls:
            yield call
            yield from call.split(".")
    yield from (_EXISTED, "continuing", _COMPLETE, "gcloud", "in the configuration section")


def reason_of(code: str, text: str) -> Literal["exists", "denied", "disabled", ""]:
    """Return why a set-up command failed, from its code or sentence; empty if unknown."""
    if "SERVICE_DISABLED" in text or re.search(r"\bAPI has not been used in project\b", text):
        return "disabled"
    if code.startswith("EntityAlreadyExists") or code in ("ALREADY_EXISTS", "409") or "already exists" in text:
        return "exists"
    return "denied" if code in ("AccessDenied", "AccessDeniedException", "PERMISSION_DENIED", "403") else ""


@functools.lru_cache(maxsize=8)
def read_setup_output(text: str) -> SetupOutput | None:
    """Parse the set-up from an output; None if no line belongs to a set-up."""
    lines = [line[:_LONGEST_LINE].strip() for line in text[: SETUP_OUTPUT.most].splitlines()]
    cloud = _cloud(lines)
    if cloud is None:
        return None
    return SetupOutput(
        cloud,
        _steps(cloud, lines),
        any(line.startswith(_COMPLETE) for line in lines),
        _only(_ROLE, text) if cloud == "aws" else None,
        _only(_PROVIDER, text) if cloud == "gcp" else None,
        _only(_ACCOUNT, text) if cloud == "gcp" else None,
    )


def _only(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the only name of a kind in the output; None for several, since the workload's is unknown."""
    names = {name.rstrip(".,") for name in pattern.findall(text[: SETUP_OUTPUT.most])}
    return names.pop() if len(names) == 1 else None


def _cloud(lines: list[str]) -> Cloud | None:
    for line in lines:
        for cloud, steps in _STEPS.items():
            if any(line.startswith(step.announced) for step in steps):
                return cloud
        failed = _call(line)
        for cloud, steps in _STEPS.items():
            if failed and any(failed[0] in step.calls for step in steps):
                return cloud
        if "Unable to locate credentials" in line or line.endswith("aws: command not found"):
            return "aws"
        if line.endswith("gcloud: command not found"):
            return "gcp"
        if line.startswith("error: ") and "in the configuration section" in line:
            return "gcp" if any(word in line for word in ("GCP", "PROJECT_", "POOL_", "SERVICE_ACCOUNT")) else "aws"
    return None


def _call(line: str) -> tuple[str, str, str] | None:
    """Return a line's failed call, with the code and sentence of the failure."""
    for pattern in _ERRORS:
        match = pattern.search(line)
        if match:
            call = _TERRAFORM_OF_GOOGLE.get(match["call"], match["call"])
            call = call.removeprefix("alpha.").removeprefix("beta.")
            return call, match["code"] or "", match["text"].strip()
    return None


def _steps(cloud: Cloud, lines: list[str]) -> tuple[SetupStep, ...]:
    steps = _STEPS[cloud]
    by_name: dict[str, SetupStep] = {}
    announced: list[str] = []
    current = ""
    for number, line in enumerate(lines, 1):
        begun = next((step.name for step in steps if line.startswith(step.announced)), "")
        if begun:
            _end(by_name, current)
            current = begun
            announced.append(begun)
            by_name[begun] = SetupStep(begun, "unfinished", number)
        elif line.startswith(_EXISTED):
            by_name["provider"] = SetupStep("provider", "existed", number)
        elif line.startswith(_COMPLETE):
            _end(by_name, current)
            current = ""
        else:
            for failed in _failures(cloud, line, current, number):
                by_name.setdefault(failed.name, failed)
                if by_name[failed.name].state == "unfinished":
                    by_name[failed.name] = failed
    return tuple(_in_order(steps, by_name, is_script=bool(announced) or _is_of_script(lines), lines=lines))


def _is_of_script(lines: list[str]) -> bool:
    return any(line.startswith("error: ") and "in the configuration section" in line for line in lines)


def _end(steps: dict[str, SetupStep], name: str) -> None:
    """Record that the previous step succeeded, since the script continues only after success."""
    if name in steps and steps[name].state == "unfinished":
        steps[name] = steps[name]._replace(state="done")


def _failures(cloud: Cloud, line: str, current: str, number: int) -> Iterator[SetupStep]:
    """Return a line's failed step: by its call, else the last announced step."""
    steps = _STEPS[cloud]
    failed = _call(line)
    if failed is not None:
        call, code, text = failed
        named = [step.name for step in steps if call in step.calls]
        if not named:
            return
        name = current if current in named else named[0]
        # the provider serves every role of the account: an existing provider is no failure
        state: StepState = "existed" if name == "provider" and reason_of(code, text) == "exists" else "failed"
        yield SetupStep(name, state, number, text, code)
        return
    match = _FAILED.fullmatch(line)
    if match is not None:
        yield SetupStep(current or steps[0].name, "failed", number, match["text"])


def _in_order(
    steps: tuple[_Step, ...], by_name: dict[str, SetupStep], *, is_script: bool, lines: list[str]
) -> Iterator[SetupStep]:
    complete = any(line.startswith(_COMPLETE) for line in lines)
    stopped = False
    for step in steps:
        read = by_name.get(step.name)
        if read is None:
            yield SetupStep(step.name, "not-reached" if is_script and stopped and not complete else "absent")
            continue
        yield read
        stopped = stopped or read.state in ("failed", "unfinished")
