"""Derive the calls that a workload makes with its AWS session from the target, the Truss file and refused calls.

Baseten's documentation of OIDC (permissions for ECR and S3): weights are listed and read, images are pulled. Service
Authorization Reference: `ecr:GetAuthorizationToken` has no resource, `s3:ListBucket` is of the bucket and
`s3:GetObject` of its objects. Amazon S3 User Guide, SSE-KMS: reading an encrypted object needs `kms:Decrypt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from oidc_doctor.documents.truss import ECR_HOST, truss_sources
from oidc_doctor.model.access import Need
from oidc_doctor.model.arns import ARN_FIELDS, is_session_of
from oidc_doctor.model.document import Missing, Origin
from oidc_doctor.model.placeholder import Pasted, has_placeholder

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange

ANY_KEY = "<key>"  # placeholder for the unspecified rest of an object's key
TOKEN_ACTION = "ecr:GetAuthorizationToken"
_PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
# The extensions of weights and files stored with them: a folder name may also contain a dot.
_FILE = re.compile(
    r"\.(?:safetensors|bin|gguf|ggml|pth?|ckpt|onnx|h5|pb|tflite|npz?|pkl|joblib|engine|plan|msgpack|model|json|ya?ml|txt|md"
    r"|py|csv|parquet|tar|t?gz|zip|zst|bz2|xz|7z)$",
    re.IGNORECASE,
)
# Amazon S3 User Guide, bucket naming rules; an access point alias looks like a bucket name, but is not.
_BUCKET = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!--x-s3)")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")  # Amazon ECR API, RepositoryName


def needs_of(exchange: AwsExchange) -> list[Need]:
    """Return every needed call once: those that the case asks for, or of target file, Truss file and refused calls.

    Encryption keys add calls to both.
    """
    needs = list(exchange.case.asked)
    needs = needs or [*_of_target(exchange), *_of_truss(exchange), *_of_readings(exchange)]
    needs += _of_encryption(exchange, needs)
    return list({(need.action, str(need.resource)): need for need in reversed(needs)}.values())[::-1]


def _of_target(exchange: AwsExchange) -> Iterator[Need]:
    request, evidence = exchange.request, exchange.case.evidence
    # values taken from the Truss file are read there, with their paths
    truss = "" if isinstance(evidence.truss, Missing) else evidence.truss.file
    origins = {name: at for name, at in evidence.target.origins.items() if at.file != truss}
    if request.s3_bucket and "aws.s3_bucket" in origins and not has_placeholder(request.s3_bucket):
        at = origins.get("aws.s3_bucket")
        yield from _of_bucket(exchange, request.s3_bucket.removeprefix("arn:aws:s3:::"), at, request.s3_bucket)
    if request.ecr_repository and "aws.ecr_repository" in origins and not has_placeholder(request.ecr_repository):
        yield from _of_image(exchange, request.ecr_repository, origins.get("aws.ecr_repository"))


def _of_truss(exchange: AwsExchange) -> Iterator[Need]:
    """Return the calls for everything that the Truss file fetches with this role."""
    truss = exchange.case.evidence.truss
    if isinstance(truss, Missing):
        return
    for source in truss_sources(truss):
        role = (source.auth or {}).get("aws_oidc_role_arn")
        if source.method != "AWS_OIDC" or not source.resource or has_placeholder(source.resource):
            continue
        if exchange.request.role_arn not in (None, role):
            continue
        at = truss.at(source.resource_pointer)
        if source.resource.lower().startswith("s3://"):
            yield from _of_bucket(exchange, source.resource[len("s3://") :], at, source.resource)
        elif "://" not in source.resource:
            yield from _of_image(exchange, source.resource, at)


def _of_bucket(exchange: AwsExchange, text: str, at: Origin | None, wish: str) -> Iterator[Need]:
    """List the bucket, and read the objects below the prefix: a path with a file's extension is one object."""
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        return
    arn = f"arn:{_partition(exchange)}:s3:::{bucket}"
    if _FILE.search(key.rpartition("/")[2]):
        yield Need("aws", "s3", "s3:GetObject", f"{arn}/{key}", at, wish)
        return
    prefix = f"{key.rstrip('/')}/" if key.rstrip("/") else ""
    yield Need("aws", "s3", "s3:ListBucket", arn, at, wish)
    yield Need("aws", "s3", "s3:GetObject", Pasted(f"{arn}/{prefix}{ANY_KEY}"), at, wish)


def _of_image(exchange: AwsExchange, image: str, at: Origin | None) -> Iterator[Need]:
    """Log in to the registry, then pull: the host names account and Region, and a bare name neither."""
    host, _, path = image.partition("/")
    ecr = ECR_HOST.fullmatch(host)
    if image.startswith("arn:"):
        fields = image.split(":", ARN_FIELDS - 1)
        if len(fields) != ARN_FIELDS:
            return
        region, account, name = fields[3], fields[4], fields[5].removeprefix("repository/")
    elif ecr is not None:
        region, account, name = ecr["region"], host[:12], path
    else:
        region, account, name = "<region>", exchange.account or "<account>", image
    name = name.partition("@")[0].partition(":")[0]
    if not _REPOSITORY.fullmatch(name):
        return
    arn = f"arn:{_partition(exchange)}:ecr:{region}:{account}:repository/{name}"
    yield Need("aws", "ecr", TOKEN_ACTION, "*", at, image)
    for action in _PULL:
        yield Need("aws", "ecr", action, Pasted(arn) if has_placeholder(arn) else arn, at, image)


def _of_readings(exchange: AwsExchange) -> Iterator[Need]:
    """Return the calls that were denied to a session of this role, according to observed errors and logs."""
    for reading in exchange.case.readings:
        if "permission" not in reading.steps or reading.cloud != "aws":
            continue
        permission, resource = reading.facts.get("permission", ""), reading.facts.get("resource", "").strip("\"'`")
        caller, role = reading.facts.get("caller", ""), exchange.request.role_arn
        if not permission or not resource or (caller and role and not is_session_of(caller, role)):
            continue
        service = permission.partition(":")[0]
        if service not in ("s3", "ecr", "kms") or not (resource == "*" or resource.startswith("arn:")):
            continue
        at = Origin(reading.source) if reading.source else None
        yield Need("aws", service, permission, resource, at, "the refused call")


def _of_encryption(exchange: AwsExchange, needs: list[Need]) -> Iterator[Need]:
    """Return `kms:Decrypt` for the objects of a bucket that is encrypted with a customer managed key."""
    reads = next((need for need in needs if need.action == "s3:GetObject"), None)
    read = exchange.documents("aws/bucket-encryption.json")
    if reads is None or isinstance(read, Missing):
        return
    (document,) = read
    if document.duplicates:
        return
    configuration = document.value.get("ServerSideEncryptionConfiguration") if isinstance(document.value, dict) else {}
    rules = configuration.get("Rules") if isinstance(configuration, dict) else None
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        default = rule.get("ApplyServerSideEncryptionByDefault") if isinstance(rule, dict) else None
        key = default.get("KMSMasterKeyID") if isinstance(default, dict) else None
        if not isinstance(key, str) or key.endswith("alias/aws/s3"):
            continue  # AWS's own key for S3: its policy allows everyone in the account who uses it through S3
        pointer = f"/ServerSideEncryptionConfiguration/Rules/{index}/ApplyServerSideEncryptionByDefault/KMSMasterKeyID"
        arn = key
        if not key.startswith("arn:"):
            name = key if "/" not in key else "<key id>"
            arn = f"arn:{_partition(exchange)}:kms:<region>:{exchange.account or '<account>'}:key/{name}"
        elif ":alias/" in key:
            arn = f"{key.rpartition(':')[0]}:key/<key id>"
        yield Need(
            "aws", "kms", "kms:Decrypt", Pasted(arn) if has_placeholder(arn) else arn, document.at(pointer), reads.wish
        )


def _partition(exchange: AwsExchange) -> str:
    return exchange.role_arn.partition if exchange.role_arn and exchange.role_arn.partition else "aws"
