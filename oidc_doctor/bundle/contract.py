"""The table of the files of an evidence bundle. All other modules derive file names from it.

Loading (folder.py), coverage and "would settle it" (`deciding`), the table of docs/bundle.md (`table`), the words that
a capture keeps, and the permissions that a live run needs all read FILES. A further file is a row here and its parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.bundle.file_parsers import allow_policy, as_text, chain_text, credentials, described, listed, names_of
from oidc_doctor.documents.json_text import load
from oidc_doctor.documents.planned import parse_planned
from oidc_doctor.documents.provider import (
    parse_aws_provider_list,
    parse_aws_providers,
    parse_caller_identity,
    parse_gcp_pools,
    parse_gcp_providers,
    parse_project,
    parse_service_account,
    parse_services,
)
from oidc_doctor.documents.truss import parse_truss, parse_whoami
from oidc_doctor.documents.trust_policy import parse_policy, parse_roles
from oidc_doctor.model.planned import FILE as PLANNED
from oidc_doctor.model.report import DecidingFile
from oidc_doctor.model.steps import STEPS

if TYPE_CHECKING:
    from oidc_doctor.model.steps import Cloud

MANIFEST = "manifest.json"
TARGET_FILE = "oidc-doctor.toml"
TARGETS = "targets/"
TOKEN_FILES = ("token.jwt", "claims.json")
ERROR = "error.txt"
CLOUDTRAIL = "aws/cloudtrail/"
GCP_LOGS = "gcp/logs/"
ISSUER = "issuer/"
EXPECTED = "expected.json"  # the expected diagnosis of a sample, not evidence
EARLIER = "earlier/"  # in the folder of a target: its configuration as it was read the last time, with the same layout
SHARED = (ISSUER, CLOUDTRAIL, GCP_LOGS)  # of the top, for every folder of targets/


class File(NamedTuple):
    """A file of a bundle, or all files of a folder.

    `path`: from the folder of its target; `FOLDER/*.json` represents each JSON file of a folder, and `tokens/*` and
    `…/**` for those that `is_token` and `is_log` accept.
    `parser`: text and shown name to a value; raises Unreadable. None for a file that is kept and not parsed here.
    `field`: of the evidence (AwsEvidence for aws/, GcpEvidence for gcp/, …). Without one, its documents are in the
    evidence's `documents` under `path`, and nothing but the permission step (`of_permission`) judges the file.
    `printed_by`: the vendor's command that prints it; {role}, {provider}, … are the target's own names.
    `about`: the cell of docs/bundle.md, in which {command} is `printed_by`.
    `decides`: steps, as `aws:authorise`, that the file decides; `also`: those that it decides along with another one.
    `members`: top-level members by which a JSON file passed alone is recognised as this file.
    """

    path: str
    about: str = "{command}"
    parser: Callable[[str, str], Any] | None = None
    field: str = ""
    printed_by: str = ""
    decides: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    members: frozenset[str] = frozenset()
    of_permission: bool = False
    lenient: bool = False  # the file may contain bytes that are not UTF-8

    @property
    def folder(self) -> str:
        """The folder whose files this row is, with a slash at its end; "" for a single file."""
        return self.path.rpartition("/")[0] + "/" if "*" in self.path else ""

    @property
    def not_judged(self) -> bool:
        """Return whether the file is read but not yet used by an evaluator."""
        return self.parser is not None and not (self.field or self.of_permission)


_GENERAL = (
    File(
        TARGET_FILE,
        "the target: the request of the workload. Needed only where the other files do not show it",
        decides=("aws:request",),
    ),
    File(MANIFEST, "when the evidence was collected, and how each file was read"),
    File(
        "token.jwt",
        "the compact JWT",
        decides=("aws:token", "aws:session-claims", "gcp:token", "gcp:times"),
        also=(
            "aws:audience",
            "aws:keys",
            "aws:authorise",
            "gcp:issuer",
            "gcp:audience",
            "gcp:keys",
            "gcp:condition",
            "gcp:mapping",
            "gcp:impersonate",
        ),
    ),
    File(
        "claims.json",
        'instead of token.jwt: `{"header": {…}, "claims": {…}}`, or the claims alone',
        members=frozenset({"iss", "sub", "claims", "payload"}),
    ),
    File("tokens/*", "further tokens, each judged on its own"),
    File(ERROR, "the error that the caller saw, verbatim", as_text, "observed", lenient=True),
    File(
        "truss/config.yaml",
        "the Truss configuration, or a volume sync as the `baseten` SDK sends it",
        parse_truss,
        "truss",
    ),
    File("truss/version.txt", "`truss --version`", as_text, "truss_version", lenient=True),
    File(
        "truss/whoami.txt",
        "`truss whoami --show-oidc`, or `baseten org describe`",
        parse_whoami,
        "whoami",
        lenient=True,
    ),
    File("setup/output.txt", "the output of a set-up script", as_text, "setup_output", lenient=True),
    File(PLANNED, "the changes and the open values of a Terraform plan", parse_planned, "planned"),
)

_ISSUER = (
    File(
        "issuer/openid-configuration.json",
        parser=load,
        field="discovery",
        printed_by="curl -s {issuer}/.well-known/openid-configuration",
        decides=("aws:keys", "gcp:keys"),
        members=frozenset({"jwks_uri"}),
    ),
    File(
        "issuer/jwks.json",
        "`curl -s` of its `jwks_uri`",
        load,
        "jwks",
        printed_by="curl -s the jwks_uri that the discovery document names",
        decides=("aws:keys", "gcp:keys"),
        members=frozenset({"keys"}),
    ),
    File(
        "issuer/chain.pem",
        "`openssl s_client -showcerts -connect HOST:443`",
        chain_text,
        "chain",
        lenient=True,
    ),
)

_AWS = (
    File(
        "aws/role.json",
        parser=described(parse_roles, "role"),
        field="role",
        printed_by="aws iam get-role --role-name {role}",
        decides=("aws:authorise", "aws:duration"),
        members=frozenset({"Role", "Roles", "AssumeRolePolicyDocument", "assumeRolePolicyDocument", "Statement"}),
    ),
    File(
        "aws/oidc-provider.json",
        "{command}, with its `Arn` added where it is known",
        described(parse_aws_providers, "provider"),
        "provider",
        printed_by="aws iam get-open-id-connect-provider --open-id-connect-provider-arn {provider_arn}",
        decides=("aws:provider", "aws:audience"),
        members=frozenset({"ClientIDList", "ThumbprintList", "Url"}),
    ),
    File(
        "aws/oidc-providers.json",
        parser=parse_aws_provider_list,
        field="provider_arns",
        printed_by="aws iam list-open-id-connect-providers",
        decides=("aws:provider",),
        members=frozenset({"OpenIDConnectProviderList"}),
    ),
    File(
        "aws/caller-identity.json",
        parser=parse_caller_identity,
        field="caller_account",
        printed_by="aws sts get-caller-identity",
    ),
    File(
        "aws/roles.json",
        "{command}, or `get-account-authorization-details`; for `--account`",
        listed(parse_roles),
        "roles",
        printed_by="aws iam list-roles",
        members=frozenset({"RoleDetailList"}),
    ),
    File(
        "aws/role-policies/*.json",
        "`aws iam get-role-policy`, `aws iam get-policy-version`",
        parse_policy,
        of_permission=True,
    ),
    File(
        "aws/role-policy-list.json",
        parser=names_of("PolicyNames"),
        printed_by="aws iam list-role-policies --role-name {role}",
        of_permission=True,
    ),
    File(
        "aws/attached-policies.json",
        parser=names_of("AttachedPolicies"),
        field="attached_policies",
        printed_by="aws iam list-attached-role-policies --role-name {role}",
    ),
    File(
        "aws/boundary.json",
        "{command} of the permissions boundary",
        parse_policy,
        printed_by="aws iam get-policy-version --policy-arn ARN --version-id VERSION",
        of_permission=True,
    ),
    File(
        "aws/rcps/*.json",
        "`aws organizations describe-policy` of resource control policies",
        parse_policy,
        "rcps",
    ),
    File(
        "aws/scps/*.json",
        "`aws organizations describe-policy` of service control policies",
        parse_policy,
        of_permission=True,
    ),
    File(
        "aws/endpoint-policies/*.json",
        "the `PolicyDocument` of `aws ec2 describe-vpc-endpoints`, for the endpoints that the calls may go through",
        parse_policy,
        of_permission=True,
    ),
    File(
        "aws/bucket-policy.json",
        parser=parse_policy,
        printed_by="aws s3api get-bucket-policy --bucket BUCKET",
        of_permission=True,
    ),
    File(
        "aws/bucket-encryption.json",
        parser=load,
        printed_by="aws s3api get-bucket-encryption --bucket BUCKET",
        of_permission=True,
    ),
    File(
        "aws/repository-policy.json",
        parser=parse_policy,
        printed_by="aws ecr get-repository-policy --repository-name REPOSITORY",
        of_permission=True,
    ),
    File(
        "aws/key-policy.json",
        parser=parse_policy,
        printed_by="aws kms get-key-policy --key-id KEY --policy-name default",
        of_permission=True,
    ),
    File("aws/access-analyzer.json", "`aws accessanalyzer validate-policy` of the trust policy; kept, not read"),
    File(
        "aws/simulation.json",
        "`aws iam simulate-principal-policy` of the role: shown next to the decisions, which never rest on it",
        load,
        of_permission=True,
    ),
    File(
        f"{CLOUDTRAIL}**",
        "trail files, `aws cloudtrail lookup-events` in the STS endpoint's Region, or [extracts](#extracts-of-logs)",
        members=frozenset({"Records", "Events", "eventVersion", "eventName", "CloudTrailEvent", "detail-type"}),
    ),
)

_GCP = (
    File(
        "gcp/provider.json",
        parser=described(parse_gcp_providers, "provider"),
        field="provider",
        printed_by="gcloud iam workload-identity-pools providers describe {provider} --format=json",
        decides=("gcp:target", "gcp:issuer", "gcp:audience", "gcp:condition", "gcp:mapping"),
        also=("gcp:impersonate",),
        members=frozenset({"oidc", "attributeMapping", "attributeCondition"}),
    ),
    File(
        "gcp/pool.json",
        parser=described(parse_gcp_pools, "pool"),
        field="pool",
        printed_by="gcloud iam workload-identity-pools describe {pool} --format=json",
        decides=("gcp:target",),
    ),
    File(
        "gcp/providers.json",
        parser=listed(parse_gcp_providers),
        field="provider_list",
        printed_by="gcloud iam workload-identity-pools providers list --workload-identity-pool={pool} --show-deleted "
        "--format=json",
    ),
    File(
        "gcp/pools.json",
        parser=listed(parse_gcp_pools),
        field="pool_list",
        printed_by="gcloud iam workload-identity-pools list --location=global --show-deleted --format=json",
    ),
    File(
        "gcp/service-account.json",
        parser=parse_service_account,
        field="service_account",
        printed_by="gcloud iam service-accounts describe {account} --format=json",
        members=frozenset({"uniqueId"}),
    ),
    File(
        "gcp/credentials.json",
        "the `external_account` credential configuration of the client",
        credentials,
        "credentials",
        members=frozenset({"service_account_impersonation_url", "subject_token_type"}),
    ),
    File(
        "gcp/project.json",
        parser=parse_project,
        field="project_id",
        printed_by="gcloud projects describe PROJECT --format=json",
    ),
    File(
        "gcp/service-account-policy.json",
        parser=allow_policy("service-account"),
        field="service_account_policy",
        printed_by="gcloud iam service-accounts get-iam-policy {account} --format=json",
        decides=("gcp:impersonate",),
        members=frozenset({"bindings"}),
    ),
    File(
        "gcp/project-policy.json",
        parser=allow_policy("project"),
        field="project_policy",
        printed_by="gcloud projects get-iam-policy PROJECT --format=json",
        decides=("gcp:impersonate",),
    ),
    File(
        "gcp/folder-policy.json",
        parser=allow_policy("folder"),
        field="folder_policy",
        printed_by="gcloud resource-manager folders get-iam-policy FOLDER --format=json",
        decides=("gcp:impersonate",),
    ),
    File(
        "gcp/organization-policy.json",
        parser=allow_policy("organization"),
        field="organization_policy",
        printed_by="gcloud organizations get-iam-policy ORGANIZATION --format=json",
        decides=("gcp:impersonate",),
    ),
    File(
        "gcp/troubleshooting.json",
        'answers of `gcloud policy-troubleshoot iam` for the service account, as `{"answers": [{"accessTuple", '
        '"overallAccessState"}]}`: shown next to the decisions, which never rest on it',
        load,
        of_permission=True,
    ),
    File(
        "gcp/bucket-policy.json",
        parser=allow_policy("bucket"),
        field="bucket_policy",
        printed_by="gcloud storage buckets get-iam-policy gs://BUCKET --format=json",
    ),
    File(
        "gcp/repository-policy.json",
        parser=allow_policy("repository"),
        field="repository_policy",
        printed_by="gcloud artifacts repositories get-iam-policy REPOSITORY --location=LOCATION --format=json",
    ),
    File(
        "gcp/services.json",
        parser=parse_services,
        field="services",
        printed_by="gcloud services list --format=json",
    ),
    File(
        "gcp/org-policies/*.json",
        parser=load,
        printed_by="gcloud org-policies describe CONSTRAINT --effective --format=json",
    ),
    File(
        f"{GCP_LOGS}**",
        "`gcloud logging read --format=json`, the files of a log sink, or [extracts](#extracts-of-logs)",
        members=frozenset({"protoPayload", "entries", "insertId"}),
    ),
)

_THEN = File(
    f"{EARLIER}**",
    "`manifest.json`, `issuer/`, `aws/` and `gcp/` as they were read the last time, without logs: compared with the "
    "present, and never a reason for a decision",
)
FILES: tuple[File, ...] = (*_GENERAL, *_ISSUER, *_AWS, *_GCP, _THEN)
BY_MEMBERS: tuple[File, ...] = (*_AWS, *_GCP, *_ISSUER, *_GENERAL)  # claims may have any name, so they come last

_BY_PATH = {row.path: row for row in FILES}
JSON_FOLDERS = tuple(row.folder for row in FILES if row.path.endswith("/*.json"))
_TOKEN = re.compile(r"tokens/(?:[^/.]+|[^/]+\.(?:jwt|json|txt|token))", re.IGNORECASE)
_LOG = re.compile(r"(?:aws/cloudtrail|gcp/logs)/.+\.(?:json|jsonl|ndjson)(?:\.gz)?", re.IGNORECASE)
_NO_EVENTS = re.compile(r"/CloudTrail-(?:Digest|Insight)/")  # alongside the events in a trail's bucket

# Folders of any number of files, whose names their authors choose.
OPEN_FOLDERS = tuple(row.folder for row in FILES if row.folder not in ("", EARLIER))
# Every name of a folder of the contract, and the outermost ones: an archive's outer folder never has such a name.
FOLDER_NAMES = frozenset(part for row in FILES for part in row.path.split("/")[:-1]) | {TARGETS.rstrip("/")}
TOP_FOLDERS = frozenset(row.path.partition("/")[0] for row in FILES if "/" in row.path) | {TARGETS.rstrip("/")}


def below(folder: str) -> tuple[File, ...]:
    """Return the parsed files of `issuer/`, `aws/` or `gcp/`, in their order; rows for folders are among them."""
    return tuple(row for row in FILES if row.parser is not None and row.path.startswith(folder))


def row_of(path: str) -> File:
    """Return the row of a path below the folder of a target: the row of the file, or of its folder.

    Raises KeyError for a path outside the contract.
    """
    if path in _BY_PATH:
        return _BY_PATH[path]
    for row in FILES:
        if row.folder and path.startswith(row.folder):
            return row
    raise KeyError(path)


def deciding(cloud: Cloud) -> dict[str, tuple[DecidingFile, ...]]:
    """Step id → the files that decide the step, each with the command that prints it; the most decisive first."""
    files = {}
    for step in STEPS[cloud]:
        name = f"{cloud}:{step.id}"
        rows = [row for row in FILES if name in row.decides] + [row for row in FILES[::-1] if name in row.also]
        files[step.id] = tuple(DecidingFile(row.path, row.printed_by) for row in rows)
    return files


def table() -> str:
    """Return the table of files for docs/bundle.md."""
    lines = ["| file | content |", "| --- | --- |"]
    for row in FILES:
        command = re.sub(r"\{(\w+)\}", lambda name: name[1].upper(), row.printed_by)
        lines.append(f"| `{row.path}` | {row.about.replace('{command}', f'`{command}`')} |")
    return "\n".join(lines) + "\n"


def split_target(name: str) -> tuple[str, str]:
    """`targets/NAME/` and the contract path below it; "" and the name itself at the top."""
    if name.startswith(TARGETS) and name.count("/") > 1:
        target, path = name.removeprefix(TARGETS).split("/", 1)
        return f"{TARGETS}{target}/", path
    return "", name


def split_earlier(path: str) -> tuple[str, str]:
    """`earlier/` and the contract path below it; "" and the path itself for a file of the present."""
    return (EARLIER, path.removeprefix(EARLIER)) if path.startswith(EARLIER) else ("", path)


def place_in_earlier(folder: str, path: str) -> str:
    """Return where the file is that `path` means in the manifest of a folder's `earlier/`.

    Such a manifest may also be that of several targets: it then names targets/NAME/aws/role.json.
    """
    target, rest = split_target(path)
    return folder + target + EARLIER + split_earlier(rest)[1]


def is_known(name: str) -> bool:
    """Return whether `name` is a file of the contract, at the top or in a target's folder."""
    earlier, path = split_earlier(split_target(name)[1])
    if earlier:
        configuration = path == MANIFEST or path.startswith((ISSUER, "aws/", "gcp/"))
        return configuration and not path.startswith((CLOUDTRAIL, GCP_LOGS)) and _is_in_table(path)
    return _is_in_table(path)


def _is_in_table(path: str) -> bool:
    if (path in _BY_PATH and "*" not in path) or is_token(path) or is_log(path):
        return True
    return path.endswith(".json") and any(
        path.startswith(folder) and "/" not in path.removeprefix(folder) for folder in JSON_FOLDERS
    )


def is_token(path: str) -> bool:
    """Return whether a path is a further sample token."""
    return bool(_TOKEN.fullmatch(path))


def is_log(path: str) -> bool:
    """Return whether a path is a log file of either cloud."""
    return bool(_LOG.fullmatch(path)) and not _NO_EVENTS.search("/" + path)
