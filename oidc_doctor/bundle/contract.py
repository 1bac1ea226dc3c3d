"""The names of an evidence bundle's files, and which of them a file given alone is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from oidc_doctor.documents.json_text import Unreadable, load

if TYPE_CHECKING:
    from oidc_doctor.model.document import Json

MANIFEST = "manifest.json"
TARGET_FILE = "oidc-doctor.toml"
TARGETS = "targets/"
TOKEN_FILES = ("token.jwt", "claims.json")
CLOUDTRAIL = "aws/cloudtrail/"
GCP_LOGS = "gcp/logs/"
ISSUER = "issuer/"
EXPECTED = "expected.json"  # beside a sample: its known diagnosis, no evidence
SHARED = (ISSUER, CLOUDTRAIL, GCP_LOGS)  # of the top, for every folder of targets/

GENERAL_FILES = ("error.txt", "truss/config.yaml", "truss/whoami.txt", "setup/output.txt")
ISSUER_FILES = ("issuer/openid-configuration.json", "issuer/jwks.json", "issuer/chain.pem")
AWS_FILES = (
    "aws/role.json",
    "aws/oidc-provider.json",
    "aws/oidc-providers.json",
    "aws/caller-identity.json",
    "aws/roles.json",
    "aws/role-policy-list.json",
    "aws/attached-policies.json",
    "aws/boundary.json",
    "aws/bucket-policy.json",
    "aws/bucket-encryption.json",
    "aws/repository-policy.json",
    "aws/key-policy.json",
)
AWS_ORACLES = ("aws/access-analyzer.json", "aws/simulation.json")  # what AWS itself says: kept, not read
AWS_FOLDERS = ("aws/role-policies/", "aws/rcps/")
GCP_FILES = (
    "gcp/provider.json",
    "gcp/pool.json",
    "gcp/providers.json",
    "gcp/pools.json",
    "gcp/project.json",
    "gcp/services.json",
    "gcp/service-account.json",
    "gcp/service-account-policy.json",
    "gcp/project-policy.json",
    "gcp/folder-policy.json",
    "gcp/organization-policy.json",
    "gcp/credentials.json",
)
GCP_FOLDERS = ("gcp/org-policies/",)

_FILES = frozenset(
    (MANIFEST, TARGET_FILE, *TOKEN_FILES, *GENERAL_FILES, *ISSUER_FILES, *AWS_FILES, *AWS_ORACLES, *GCP_FILES),
)
_TOKEN = re.compile(r"tokens/(?:[^/.]+|[^/]+\.(?:jwt|json|txt|token))", re.IGNORECASE)
_LOG = re.compile(r"(?:aws/cloudtrail|gcp/logs)/.+\.(?:json|jsonl|ndjson)(?:\.gz)?", re.IGNORECASE)
_NO_EVENTS = re.compile(r"/CloudTrail-(?:Digest|Insight)/")  # beside the events in a trail's bucket

# The first folder of every contract path: an archive's outer folder never has such a name.
TOP_FOLDERS = frozenset(name.partition("/")[0] for name in _FILES if "/" in name) | {"targets", "tokens"}


def split_target(name: str) -> tuple[str, str]:
    """`targets/NAME/` and the contract path below it; "" and the name itself at the top."""
    parts = name.split("/", 2)
    if name.startswith(TARGETS) and len(parts) > 2:  # noqa: PLR2004 - targets, NAME, rest
        return f"{TARGETS}{parts[1]}/", parts[2]
    return "", name


def is_known(name: str) -> bool:
    """Whether `name` is a file of the contract, at the top or in a target's folder."""
    path = split_target(name)[1]
    if path in _FILES or is_token(path) or is_log(path):
        return True
    return path.endswith(".json") and any(
        path.startswith(folder) and "/" not in path.removeprefix(folder) for folder in (*AWS_FOLDERS, *GCP_FOLDERS)
    )


def is_token(path: str) -> bool:
    """Whether a path is a further sample token."""
    return bool(_TOKEN.fullmatch(path))


def is_log(path: str) -> bool:
    """Whether a path is a log file of either cloud."""
    return bool(_LOG.fullmatch(path)) and not _NO_EVENTS.search("/" + path)


# What a JSON object given alone is, by members that only such a file has; the first that fits.
_ALONE: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"Role", "Roles", "AssumeRolePolicyDocument", "assumeRolePolicyDocument", "Statement"}),
        "aws/role.json",
    ),
    (frozenset({"ClientIDList", "ThumbprintList", "Url"}), "aws/oidc-provider.json"),
    (frozenset({"RoleDetailList"}), "aws/roles.json"),
    (frozenset({"OpenIDConnectProviderList"}), "aws/oidc-providers.json"),
    (frozenset({"Records", "Events"}), "aws/cloudtrail/events.json"),
    (frozenset({"protoPayload", "entries"}), "gcp/logs/entries.json"),
    (frozenset({"oidc", "attributeMapping", "attributeCondition"}), "gcp/provider.json"),
    (frozenset({"service_account_impersonation_url", "subject_token_type"}), "gcp/credentials.json"),
    (frozenset({"bindings"}), "gcp/service-account-policy.json"),
    (frozenset({"uniqueId"}), "gcp/service-account.json"),
    (frozenset({"jwks_uri"}), "issuer/openid-configuration.json"),
    (frozenset({"keys"}), "issuer/jwks.json"),
    (frozenset({"iss", "sub", "claims", "payload"}), "claims.json"),
)
_JWT = re.compile(r"\s*(?:Bearer\s+)?[\"']?eyJ[\w=-]+\.[\w=-]+\.[\w=-]*[\"']?\s*", re.IGNORECASE)


def path_of(text: str, file: str) -> str | None:
    """The contract path of a file that was given alone, by its content; None for what no bundle holds.

    Raises Unreadable for broken JSON.
    """
    if _JWT.fullmatch(text):
        return "token.jwt"
    if re.match(r"\s*\[\[?target\b", text) or re.search(r"^\[\[target\]\]", text, re.MULTILINE):
        return TARGET_FILE
    if text.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        return None
    try:
        value = load(text, file).value
    except Unreadable:
        if file.endswith((".jsonl", ".ndjson")):
            return _of_lines(text, file)
        raise
    return _of(value)


def _of_lines(text: str, file: str) -> str | None:
    return _of(load(text.lstrip("\ufeff \t\r\n").partition("\n")[0], file).value)


def _of(value: Json) -> str | None:
    first: Any = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return None
    name = first.get("name")
    if isinstance(name, str) and "/workloadIdentityPools/" in name:
        is_list = isinstance(value, list)
        kind = "provider" if "/providers/" in name else "pool"
        return f"gcp/{kind}{'s' if is_list else ''}.json"
    return next((path for members, path in _ALONE if first.keys() & members), None)
