"""The base class of an AWS target's readers: the account, and calls to it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_doctor.documents.truss import ECR_HOST
from oidc_doctor.live.aws.client import IAM_REGION, AwsClients, with_call_errors
from oidc_doctor.live.collect import CallError, Collector, Pacer, Reader
from oidc_doctor.live.pages import Paging, pages
from oidc_doctor.model.arns import ARN_FIELDS
from oidc_doctor.model.evidence import Target, TargetAws, Token
from oidc_doctor.model.log_place import LogOptions, LogPlace

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGING = Paging("Marker", "Marker", truncated="IsTruncated")
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
_OWNER_OPTION = "--resource-account"
_UNSAFE = re.compile(r"[^\w+=,.@-]", re.ASCII)
_ECR_ARN = re.compile(r"arn:[\w-]+:ecr:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):repository/(?P<name>[^:@]+)")


class AwsScope(NamedTuple):
    """The scope of reading for one AWS target. Times are epoch seconds."""

    target: Target
    issuers: tuple[str, ...] = ()  # of the target and its tokens; a token's claim is enough to find a provider
    regions: tuple[str, ...] = ()  # of STS endpoints; the IAM Region is read as well
    since: float | None = None  # window for exchanges; changes are read as far back as CloudTrail keeps them
    until: float | None = None
    back: float | None = None  # seconds of a window that ends now
    max_pages: int = 40  # of one LookupEvents query
    places: tuple[LogPlace, ...] = ()  # further logs: buckets of trails, tables, log groups
    log_options: LogOptions = LogOptions()
    only_logs: bool = False  # read nothing but these logs
    lookup: bool = True
    oracles: bool = False
    attempt: Token | None = None  # present this token to AWS
    prefix: str = ""  # targets/NAME/ where there are several
    owners: tuple[tuple[str, str], ...] = ()  # by bucket or repository, as named by the user; "" is all others


def partition_of(target: Target, regions: Sequence[str] = ()) -> str:
    """Return the partition of the role's ARN, else of the Region."""
    arn = (target.aws.role_arn if target.aws else None) or ""
    partition = arn.split(":")[1] if arn.startswith("arn:") and arn.count(":") > 1 else ""
    if partition in IAM_REGION:
        return partition
    region = next(iter(regions), "")
    return next(
        (name for start, name in (("us-gov-", "aws-us-gov"), ("cn-", "aws-cn")) if region.startswith(start)), "aws"
    )


class Account:
    """The base class of the readers of one target."""

    def __init__(self, clients: AwsClients, scope: AwsScope) -> None:
        self.clients = clients
        self.scope = scope
        self.aws = scope.target.aws or TargetAws()
        self.partition = clients.partition
        self.home = IAM_REGION[self.partition]
        self.regions = tuple(dict.fromkeys(region for region in (self.aws.region, *scope.regions) if region))
        self.region = next(iter(self.regions), self.home)
        parts = (self.aws.role_arn or "").split(":", ARN_FIELDS - 1)
        is_role_arn = len(parts) == ARN_FIELDS and parts[5].startswith("role/")
        self.account = parts[4] if is_role_arn and parts[4].isdecimal() else None
        name = parts[5].rpartition("/")[2] if is_role_arn else ""
        self.role_name = name if _ROLE_NAME.fullmatch(name) else None
        self.prefix = scope.prefix
        self.role_arn = self.aws.role_arn if self.role_name else f"arn:{self.partition}:iam::*:role/*"

    # ------------------------------------------------------------------------------------------------ calls

    def name(self, short: str) -> str:
        """Return a reader's name, which is unique per target."""
        return f"{self.prefix}aws.{short}"

    def path(self, short: str) -> str:
        """Return the path of a file of aws/ in the bundle."""
        return f"{self.prefix}aws/{short}"

    def iam(self, collector: Collector, operation: str, **parameters: Any) -> Any:
        """Return a response of IAM."""
        return self.ask(collector, "iam", self.home, operation, **parameters)

    def ask(
        self,
        collector: Collector,
        service: str,
        region: str,
        operation: str,
        *,
        pacer: Pacer | None = None,
        **parameters: Any,
    ) -> Any:
        """Return a response without transport metadata. Raises CallError.

        A request that several targets make is sent once, unless it is a page of a log, which has a `pacer`.
        """
        if pacer is not None:
            return self._send(collector, service, region, operation, pacer, parameters)
        parameters_text = json.dumps(parameters, sort_keys=True, default=str)
        return collector.shared(
            (self.clients, service, region, operation, parameters_text),
            lambda: self._send(
                collector, service, region, operation, self.clients.learned_pacer(service, region), parameters
            ),
        )

    def _send(
        self,
        collector: Collector,
        service: str,
        region: str,
        operation: str,
        pacer: Pacer,
        parameters: dict[str, Any],
    ) -> dict[str, Any]:
        client = self.clients.of(service, region)
        try:
            answer = collector.call(
                lambda: with_call_errors(lambda: getattr(client, operation)(**parameters)), pacer=pacer, kind=operation
            )
        except CallError as failure:
            collector.clocks.hear("AWS", failure.headers, is_cloud=True)
            raise
        collector.clocks.hear("AWS", answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}), is_cloud=True)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def require_own_account(self, collector: Collector) -> None:
        """Raise CallError for another account's credentials, whose resources prove nothing about the target's."""
        account = collector.answer(self.name("caller"))
        if self.account is not None and account is not None and account != self.account:
            raise CallError(
                "failed",
                "OtherAccount",
                f"the credentials are of account {account}, the role is in {self.account}; "
                "choose credentials of that account with --profile",
                local="credentials",
            )

    def owner_of(self, collector: Collector, name: str) -> str:
        """Return the account that a bucket or repository must belong to: the one the user names, else the caller's.

        A file, which may be untrusted, names the resource: a request to a stranger's bucket would disclose whose
        credentials signed it. Raises CallError if neither account is known.
        """
        owners = dict(self.scope.owners)
        if not owners:
            collector.check_access(self.name("caller"))
        owner = owners.get(name) or owners.get("") or collector.answer(self.name("caller"))
        if not isinstance(owner, str):
            raise CallError(
                "failed",
                "OwnerUnknown",
                f"the account of the credentials is not known, so {name} may be a stranger's and was not read; "
                f"{_OWNER_OPTION} names its account",
            )
        return owner

    def bucket(self, collector: Collector, operation: str, bucket: str, permission: str, **parameters: Any) -> Any:
        """Return a response of S3 about a bucket, which S3 returns only if the expected account owns it."""
        owner = self.owner_of(collector, bucket)
        try:
            return self.ask(
                collector, "s3", self.region, operation, Bucket=bucket, ExpectedBucketOwner=owner, **parameters
            )
        except CallError as failure:
            raise not_of_owner(failure, bucket, owner, permission) from None

    def absent(self, collector: Collector, failure: CallError) -> CallError:
        """Return a not_found that proves nothing, because the credentials' account is unknown."""
        if (
            failure.outcome == "not_found"
            and self.account is not None
            and collector.answer(self.name("caller")) is None
        ):
            return CallError("failed", failure.code, f"{failure.message} (in which account is not known)")
        return failure

    def listed(self, collector: Collector, operation: str, items: str, **parameters: Any) -> list[Any]:
        """Return all pages of one of IAM's lists. Raises CallError also for endless pages."""

        def ask(page: dict[str, Any]) -> Any:
            return self.iam(collector, operation, **parameters, **page)

        answers = pages(ask, _PAGING)
        return [element for answer in answers for element in member(answer, items, list)]

    # ------------------------------------------------------------------------------------------------------ identity

    def caller(self) -> Reader:
        """Read the account id of the credentials. GetCallerIdentity needs no permission."""
        path, call = self.path("caller-identity.json"), "sts:GetCallerIdentity"

        def read(collector: Collector) -> str:
            answer = self.ask(collector, "sts", self.region, "get_caller_identity")
            account: str = member(answer, "Account", str)
            if not self.scope.only_logs:  # who reads a log need not be who read the evidence
                collector.save(path, call, answer)
            return account

        return Reader(self.name("caller"), path, call, read)


def not_of_owner(failure: CallError, name: str, owner: str, permission: str) -> CallError:
    """Return the failure; for a refusal, with both remedies: the permission, and the resource's own account."""
    if failure.outcome == "denied" and not failure.hint:
        failure.hint = (
            f"allow {permission}, or where {name} is not of account {owner}: {_OWNER_OPTION} with its account"
        )
    return failure


def member(value: Any, name: str, shape: Any) -> Any:
    """Return a member of a response. Raises CallError if it is missing or has another type."""
    part = value.get(name) if isinstance(value, dict) else None
    if not isinstance(part, shape):
        raise CallError("failed", "Malformed", f"the answer has no {name} that can be read")
    return part


def policy_text(value: Any, name: str) -> None:
    """Return a member as a policy's text. Raises CallError if it is not a policy."""
    text = member(value, name, str)
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, dict):
        raise CallError("failed", "Malformed", f"the answer's {name} is not a policy")


def repository_of(text: str) -> tuple[str | None, str | None, str]:
    """Return account, Region and name of an image repository, from its URI, ARN, or bare name."""
    host, _, path = text.removeprefix("https://").partition("/")
    registry, arn = ECR_HOST.fullmatch(host), _ECR_ARN.match(text)
    if registry and path:
        return registry["account"], registry["region"], path.partition(":")[0].partition("@")[0]
    if arn:
        return arn["account"], arn["region"], arn["name"]
    return None, None, text.partition(":")[0].partition("@")[0]


def file_name(text: str) -> str:
    """Return a policy's name as part of a file's name."""
    return _UNSAFE.sub("-", text)[:120]
