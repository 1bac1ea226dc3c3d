"""The ids and names of a wanted set-up, each in its vendor's form.

Baseten's ids are letters and digits (truss whoami --show-oidc; 7 and 8 characters in every public example). Amazon S3
User Guide, bucket naming rules; Amazon ECR API, RepositoryName; IAM API, RoleName; Google Cloud, projects' ids and
numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor.documents.truss import ECR_HOST
from oidc_doctor.issuers.characters import listed
from oidc_doctor.judge.aws.partitions import partition_of_region
from oidc_doctor.model.google_names import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ISSUER = "https://oidc.baseten.co"
AUDIENCE = "oidc.baseten.co"  # of every token (Baseten, OIDC)
TYPES = ("model_build", "model_container")


class WantedError(Exception):
    """An unusable value; the message is one line that names the option."""


class _Form(NamedTuple):
    pattern: str
    words: str


_ID = _Form(r"[A-Za-z0-9]{5,24}", "an id has only letters and digits; truss whoami --show-oidc prints it")
_OF_POOL = "4 to 32 lowercase letters, digits and hyphens, and does not begin with gcp-"
_FORMS = {
    "--org": _ID,
    "--team": _ID,
    "--model": _Form(_ID.pattern, "an id has only letters and digits; the model's address contains it"),
    "--environment": _Form(
        r"(?!.*\.\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,39}",  # three dots are a placeholder wherever evidence is read
        "an environment's name is 1 to 40 letters, digits, dots, hyphens and _, without three dots in a row",
    ),
    "--account": _Form(r"\d{12}", "an AWS account is 12 digits; aws sts get-caller-identity prints it"),
    "--region": _Form(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}", "a Region is like us-east-1"),
    "--role-name": _Form(r"[A-Za-z0-9][\w+=,.@-]{0,63}", "a role's name has at most 64 letters, digits and +=,.@_-"),
    "--project": _Form(
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project's id is 6 to 30 lowercase letters, digits and hyphens"
    ),
    "--project-number": _Form(
        r"\d{5,20}", "gcloud projects describe PROJECT --format='value(projectNumber)' prints it"
    ),
    "--service-account": _Form(
        r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "the name alone is needed: 6 to 30 lowercase letters, digits and hyphens"
    ),
    "--pool": _Form(r"(?!gcp-)[a-z0-9-]{4,32}", f"a pool's id is {_OF_POOL}"),
    "--provider": _Form(r"(?!gcp-)[a-z0-9-]{4,32}", f"a provider's id is {_OF_POOL}"),
}
_OF_BUCKET = "a bucket's name alone is needed, of 3 to 63 characters"
_S3_BUCKET = _Form(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", _OF_BUCKET)
_GCS_BUCKET = _Form(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]", _OF_BUCKET)
_KEY = _Form(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}",
    "the key's ARN is needed: a policy on an alias grants nothing",
)
_ECR_NAME = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_ECR_ARN = re.compile(
    rf"arn:(?P<partition>aws[a-z-]*):ecr:(?P<region>[a-z0-9-]+):(?P<account>\d{{12}}):repository/(?P<name>{_ECR_NAME})"
)
_AR_HOST = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])/(?P<name>[a-z][a-z0-9-]{0,62})"
)
_AR_NAME = re.compile(
    r"projects/(?P<project>[a-z][a-z0-9-]{4,28}[a-z0-9])/locations/(?P<location>[a-z0-9-]+)/repositories/"
    r"(?P<name>[a-z][a-z0-9-]{0,62})"
)
_LEAST_SESSION, _LONGEST_SESSION = 3_600, 43_200  # seconds, MaxSessionDuration (IAM API)


def _check(option: str, value: str | None, form: _Form | None = None) -> None:
    form = form or _FORMS[option]
    if value is not None and not re.fullmatch(form.pattern, value, re.ASCII):
        message = f"{option} {value!r}: {form.words}"
        raise WantedError(message)


@dataclass(frozen=True)
class Workload:
    """The workload whose tokens are to be accepted."""

    org: str
    team: str
    model: str | None = None
    environment: str | None = None
    types: tuple[str, ...] = TYPES

    def __post_init__(self) -> None:
        """Check each id. Raises WantedError."""
        for option in ("org", "team", "model", "environment"):
            _check(f"--{option}", getattr(self, option))
        if len({self.org, self.team, self.model} - {None}) < 2 + (self.model is not None):
            message = "--org, --team and --model: two of them are the same id; truss whoami --show-oidc prints each"
            raise WantedError(message)


@dataclass(frozen=True)
class AwsWanted:
    """The names of the set-up of an AWS account."""

    workload: Workload
    account: str
    bucket: str | None = None
    repository: str | None = None  # a name, an ARN, or an image with its host
    region: str | None = None
    role_name: str = "BasetenOIDCRole"
    kms_key: str | None = None
    max_session_duration: int | None = None  # seconds

    def __post_init__(self) -> None:
        """Check each name. Raises WantedError."""
        for option in ("account", "region", "role_name"):
            _check("--" + option.replace("_", "-"), getattr(self, option))
        _check("--bucket", self.bucket, _S3_BUCKET)
        _check("--kms-key", self.kms_key, _KEY)
        if self.kms_key and not self.bucket:
            message = "--kms-key: name the --bucket whose objects it encrypts"
            raise WantedError(message)
        if (
            self.max_session_duration is not None
            and not _LEAST_SESSION <= self.max_session_duration <= _LONGEST_SESSION
        ):
            message = (
                f"--max-session-duration {self.max_session_duration}: {_LEAST_SESSION} to {_LONGEST_SESSION} seconds"
            )
            raise WantedError(message)
        if self.repository is not None:
            partition = _repository_arn(self).split(":")[1]
            if partition != self.partition:
                message = f"--repository: it is of the partition {partition}, and the role of {self.partition}"
                raise WantedError(message)

    @property
    def partition(self) -> str:
        """The account's partition, from the Region."""
        return (partition_of_region(self.region) if self.region else None) or "aws"

    @property
    def role_arn(self) -> str:
        """The ARN of the role, existing or not."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.role_name}"

    @property
    def provider_arn(self) -> str:
        """The ARN of the OIDC provider."""
        return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{AUDIENCE}"

    @property
    def repository_arn(self) -> str | None:
        """The ARN of the repository."""
        return _repository_arn(self) if self.repository is not None else None


def _repository_arn(wanted: AwsWanted) -> str:
    text = wanted.repository or ""
    arn = _ECR_ARN.fullmatch(text)
    if arn:
        return text
    host, slash, path = text.partition("/")
    ecr = ECR_HOST.fullmatch(host)
    name = path.partition("@")[0].partition(":")[0] if ecr and slash else text
    if not re.fullmatch(_ECR_NAME, name):
        message = f"--repository {text!r}: the repository's name, its ARN, or the image with its host is needed"
        raise WantedError(message)
    if ecr:
        partition = partition_of_region(ecr["region"]) or "aws"
        return f"arn:{partition}:ecr:{ecr['region']}:{host[:12]}:repository/{name}"
    if not wanted.region:
        message = f"--repository {text}: add --region, the Region of the registry, or use the repository's ARN"
        raise WantedError(message)
    return f"arn:{wanted.partition}:ecr:{wanted.region}:{wanted.account}:repository/{name}"


@dataclass(frozen=True)
class GcpWanted:
    """The names of the set-up of a Google Cloud project."""

    workload: Workload
    project: str
    project_number: str
    bucket: str | None = None
    repository: str | None = None  # LOCATION-docker.pkg.dev/PROJECT/NAME, or its resource name
    service_account: str = "baseten-oidc"
    pool: str = "baseten-pool"
    provider: str = "baseten-provider"

    def __post_init__(self) -> None:
        """Check each name. Raises WantedError."""
        for option in ("project", "project_number", "service_account", "pool", "provider"):
            _check("--" + option.replace("_", "-"), getattr(self, option))
        _check("--bucket", self.bucket, _GCS_BUCKET)
        if self.repository is not None and self.artifact_repository is None:
            message = f"--repository {self.repository!r}: write LOCATION-docker.pkg.dev/PROJECT/NAME"
            raise WantedError(message)

    @property
    def artifact_repository(self) -> Repository | None:
        """The parts of the repository's name."""
        text = self.repository or ""
        match = _AR_NAME.fullmatch(text) or _AR_HOST.fullmatch("/".join(text.split("/")[:3]))
        return Repository(match["project"], match["location"], match["name"]) if match else None

    @property
    def email(self) -> str:
        """The e-mail address of the service account."""
        return f"{self.service_account}@{self.project}.iam.gserviceaccount.com"

    @property
    def pool_name(self) -> str:
        """The full name of the pool."""
        return f"projects/{self.project_number}/locations/global/workloadIdentityPools/{self.pool}"

    @property
    def provider_name(self) -> str:
        """The full name of the provider."""
        return f"{self.pool_name}/providers/{self.provider}"


def compare(org: str, team: str, known_org: str, known_teams: Mapping[str, str]) -> None:
    """Compare the ids with those of truss whoami. Raises WantedError for swapped ids, a name, or a foreign id."""
    if org in known_teams and team == known_org:
        message = f"--org {org} and --team {team}: the two are swapped; the org is {known_org}"
        raise WantedError(message)
    if org in known_teams:
        message = f"--org {org}: it is the id of a team; truss whoami names the org {known_org}"
        raise WantedError(message)
    if team == known_org:
        message = f"--team {team}: it is the id of the org; truss whoami names {listed(known_teams) or 'no team'}"
        raise WantedError(message)
    if org != known_org:
        message = f"--org {org}: truss whoami names the org {known_org}"
        raise WantedError(message)
    named = next((key for key, name in known_teams.items() if name.casefold() == team.casefold()), None)
    if named is not None and team not in known_teams:
        message = f"--team {team}: it is a team's name; the team's id is {named}"
        raise WantedError(message)
    if not known_teams:
        message = f"--team {team}: the output of truss whoami has no Teams; truss whoami --show-oidc prints them"
        raise WantedError(message)
    if team not in known_teams:
        message = f"--team {team}: truss whoami names {listed(known_teams)}"
        raise WantedError(message)


def types_for(*, chosen: str | None, others: Sequence[str | None], repository: str | None) -> tuple[str, ...]:
    """Return the token types that the set-up accepts.

    Images are pulled with a build token (Baseten, OIDC). Baseten's sources disagree on weights, so both types are
    included.
    """
    if chosen is not None:
        return (chosen,)
    return ("model_build",) if repository is not None and not any(others) else TYPES
