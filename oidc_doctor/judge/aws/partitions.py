"""The partitions to which a role, an OIDC provider, a Region and an STS endpoint belong.

Partitions are separate clouds: an ARN, provider or endpoint of one partition is invalid in another (AWS General
Reference, ARNs and partitions; the prefixes of Regions are those of botocore's partitions.json). STS's response across
partitions was never recorded: public reports show a missing provider, an invalid security token, AccessDenied.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.placeholder import has_placeholder
from oidc_doctor.model.refusal import CloudError, Side

if TYPE_CHECKING:
    from oidc_doctor.judge.aws.state import AwsExchange
    from oidc_doctor.model.document import Origin

_BY_PREFIX = {
    "us-gov-": "aws-us-gov",
    "cn-": "aws-cn",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
# An example Region of each partition.
_EXAMPLES = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1", "aws-eusc": "eusc-de-east-1"}
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_HOST = re.compile(r"https://sts(?:-fips)?\.(?:([a-z0-9-]{1,30})\.)?(?:amazonaws\.com(\.cn)?|api\.aws)\b")
_STEPS = ("request", "provider", "authorise")


def partition_of_region(region: str) -> str | None:
    """Return the partition of a Region; None for an invalid Region name."""
    if not _REGION.fullmatch(region):
        return None
    return next((name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix)), "aws")


def partition_of_arn(arn: str) -> str:
    """Return the partition field of an ARN; empty for an invalid ARN."""
    fields = arn.split(":", 2)
    return fields[1] if len(fields) > 2 and fields[0] == "arn" else ""  # noqa: PLR2004 - arn:PARTITION:rest


def judge_partitions(exchange: AwsExchange) -> None:
    """Refuse a role ARN that is sent to STS in another partition."""
    arn = exchange.role_arn
    if arn is None or arn.fault or has_placeholder(arn.partition) or not arn.partition:
        exchange.unseen.add(Kind.ENDPOINT_PARTITION_DIFFERS)
        return
    for what, value, partition, at in _endpoints(exchange):
        if partition != arn.partition:
            refuse_partition(exchange, what, Side(value, at), partition)
            return


def _endpoints(exchange: AwsExchange) -> list[tuple[str, str, str, Origin | None]]:
    endpoints: list[tuple[str, str, str, Origin | None]] = []
    region, origins = exchange.request.region, exchange.case.evidence.target.origins
    partition = partition_of_region(region) if region else None
    if region and partition:
        endpoints.append(("the Region", region, partition, origins.get("aws.region")))
    for reading in exchange.case.readings:
        host = _HOST.search(reading.text)
        if host and reading.cloud in (None, "aws"):
            partition = "aws-cn" if host[2] else partition_of_region(host[1] or "us-east-1")
            if partition:
                endpoints.append(("the STS endpoint", host[0], partition, None))
    return endpoints


def refuse_partition(
    exchange: AwsExchange,
    what: str,
    partition_found: Side,
    partition: str,
    *,
    step: str = "",
    certain: bool = True,
    settle: str = "",
) -> None:
    """Refuse for a part in another partition than the role's, at its own step or the step of the observed error."""
    arn = exchange.role_arn
    assert arn is not None  # noqa: S101 - the callers' condition
    exchange.refuse(
        Kind.ENDPOINT_PARTITION_DIFFERS,
        CloudError("", "", certain=False),
        step=step or next((seen for seen in _STEPS if exchange.seen_at(seen)), _STEPS[0]),
        expected=Side(arn.text, exchange.case.evidence.target.origins.get("aws.role_arn")),
        actual=partition_found,
        certain=certain,
        settle=settle,
        rank=-5,
        what=what,
        found=partition_found.value,
        partition=partition,
        role_partition=arn.partition,
        example=_EXAMPLES.get(arn.partition, ""),
    )
