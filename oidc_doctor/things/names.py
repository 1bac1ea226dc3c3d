"""Names that a user may pass: ARNs, Google's resource names, addresses, issuer URLs and subjects.

The judges of these names decide what is wrong with one. Here only its kind is recognised, so a name with a fault keeps
its kind.
"""

from __future__ import annotations

import re

from oidc_doctor.issuers.catalogue import profile_for
from oidc_doctor.judge.aws.arns import read_role_arn
from oidc_doctor.judge.gcp.names import HOST, read_name
from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.things.thing import Kind, Thing

_LONGEST_NAME = 2048  # characters, as of a role ARN and of an issuer
_ACCOUNT = re.compile(r"(?:serviceAccount:)?([^\s@:/]{1,100}@[a-z0-9.-]{1,200}\.gserviceaccount\.com)")
_URL = re.compile(r"https?://[^\s/@]+(?:/\S*)?", re.IGNORECASE)
_IMAGE = re.compile(
    r"(?:\d{12}\.dkr\.ecr\.[a-z0-9-]{1,30}\.amazonaws\.com(?:\.cn)?|[a-z0-9-]{1,40}-docker\.pkg\.dev)/\S+"
)
_OF_IMAGE = "an image in a registry; the config.yaml that names it is read with --truss config.yaml"
_DISCOVERY = "/.well-known/openid-configuration"
_HINTS = (
    ("s3://", "logs in a bucket are read with --cloudtrail s3://BUCKET/PREFIX, weights with --truss config.yaml"),
    ("gs://", "logs in a bucket are read with --gcp-logs gs://BUCKET/PREFIX, weights with --truss config.yaml"),
    ("athena:", "a table of logs is read with --cloudtrail athena:DATABASE.TABLE"),
    ("cloudwatch:", "a log group is read with --cloudtrail cloudwatch:LOG_GROUP"),
    ("bigquery:", "a dataset of logs is read with --gcp-logs bigquery:PROJECT.DATASET"),
    ("loganalytics:", "a log bucket is read with --gcp-logs loganalytics:PROJECT.LOCATION.BUCKET"),
    ("principal://", "a principal of Google Cloud, not a subject; the token's subject is --subject SUB"),
    ("principalSet://", "a set of principals of Google Cloud; add its allow policy as a file"),
)


def recognise_name(text: str) -> Thing | None:
    """Return the name that `text` is, spaces around it aside; None where it is none. NOTHING where a hint is known."""
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or any(sign.isspace() for sign in name):
        return None
    if name.lower().startswith("arn:"):
        return _arn(name)
    if "workloadIdentityPools/" in name and not name.startswith("principal"):
        return _gcp_provider(name)
    account = _ACCOUNT.fullmatch(name)
    if account:
        return Thing(Kind.SERVICE_ACCOUNT, account[1])
    hint = next((hint for beginning, hint in _HINTS if name.startswith(beginning)), None)
    if hint:
        return Thing(Kind.NOTHING, name, hint=hint)
    if _IMAGE.fullmatch(name):
        return Thing(Kind.NOTHING, name, hint=_OF_IMAGE)
    return _issuer(name) or _subject(name)


def is_strict(thing: Thing) -> bool:
    """Whether a file cannot have such a name by chance, so that the name decides and not a file of the same name."""
    return thing.kind is Kind.GCP_PROVIDER or thing.value[:4].lower() == "arn:" or "://" in thing.value


def _arn(name: str) -> Thing:
    fields = name.split(":", ARN_FIELDS - 1)
    resource = fields[-1]
    kind, _, rest = resource.partition("/")
    if ":role/" in name:
        return Thing(Kind.ROLE, name)
    if kind == "oidc-provider" and rest:
        return Thing(Kind.AWS_PROVIDER, name)
    if kind == "assumed-role" and len(fields) == ARN_FIELDS:
        role = f"arn:{fields[1]}:iam::{fields[4]}:role/{rest.partition('/')[0]}"
        hint = "a session of a role, not the role" + ("" if _role_fault(role) else f"; its role is {role}")
        return Thing(Kind.NOTHING, name, hint=hint)
    hint = "an ARN of neither a role (arn:aws:iam::ACCOUNT:role/NAME) nor an OIDC provider"
    return Thing(Kind.NOTHING, name, hint=hint)


def _role_fault(arn: str) -> str:
    return read_role_arn(arn, pasted=False).fault


def _gcp_provider(name: str) -> Thing:
    bare = name.removeprefix("http:").removeprefix("https:").removeprefix(HOST).removeprefix(HOST[2:])
    if read_name(bare).fault and "/providers/" not in bare:
        hint = "the name of a pool; add /providers/ID for the provider that the client uses"
        return Thing(Kind.NOTHING, name, hint=hint)
    return Thing(Kind.GCP_PROVIDER, bare)


def _issuer(name: str) -> Thing | None:
    if _URL.fullmatch(name):
        return Thing(Kind.ISSUER, name.removesuffix(_DISCOVERY))
    profile = profile_for(name)
    if "://" in name or profile is None or profile.self_hosted:
        return None
    return Thing(Kind.ISSUER, f"https://{name.removesuffix(_DISCOVERY)}")


def _subject(name: str) -> Thing | None:
    """Return the subject that an issuer's profile recognises."""
    return Thing(Kind.SUBJECT, name) if profile_for(None, name) is not None else None
