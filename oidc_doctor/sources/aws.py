"""AWS by boto3: what a role accepts, who it lets do what, and what CloudTrail recorded. Read-only.

Permissions as the service authorization reference names them; limits of LookupEvents as the CloudTrail user guide does
(two requests a second, account and Region; 50 events a page; 90 days).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from oidc_doctor.sources.live import CallError, Desk, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT, _READ = 5.0, 20.0  # seconds, of one request

# The Region that IAM's endpoint and its events in CloudTrail are in, by partition.
IAM_REGION = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "InvalidClientTokenId",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "403",
    }
)
_NOT_FOUND = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchEntity",
        "NoSuchEntityException",
        "NotFoundException",
        "RepositoryPolicyNotFoundException",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_THROTTLED = frozenset(
    {
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "429",
    }
)


class Clients:
    """boto3 clients, made once each; a client may be used by several threads, a session may not."""

    def __init__(self, profile: str | None, partition: str) -> None:
        self.profile = profile
        self.partition = partition
        self._session: Any = None
        self._made: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def of(self, service: str, region: str) -> Any:
        """The client of a service. Raises CallError where the profile or its credentials cannot be used."""
        with self._lock:
            found = self._made.get((service, region))
            if found is None:
                found = self._made[service, region] = _asked(lambda: self._make(service, region))
            return found

    def _make(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        if self._session is None:
            self._session = boto3.session.Session(profile_name=self.profile)
        config = Config(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"total_max_attempts": 1},  # the desk repeats what can heal, at its own pace
            max_pool_connections=32,
        )
        return self._session.client(service, region_name=region, config=config)


def _asked(make: Callable[[], Any]) -> Any:
    """What `make` returns; every error of boto3 as CallError."""
    from botocore import exceptions as errors

    try:
        return make()
    except errors.ClientError as error:
        raise _refused(error) from None
    except (errors.ConnectTimeoutError, errors.ReadTimeoutError) as error:
        raise CallError("timeout", type(error).__name__, str(error), heals=True) from None
    except (errors.HTTPClientError, errors.ResponseParserError) as error:
        # no connection, a closed one, or an answer that is none: a second attempt may meet a better server
        raise CallError("failed", type(error).__name__, str(error), heals=True) from None
    except errors.BotoCoreError as error:
        raise CallError("failed", type(error).__name__, str(error)) from None


def _refused(error: Any) -> CallError:
    """A service's own error."""
    answer = error.response if isinstance(error.response, dict) else {}
    said = answer.get("Error") or {}
    code, message = str(said.get("Code") or "Unknown"), str(said.get("Message") or "")
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    if code in _THROTTLED or status == 429:  # noqa: PLR2004 - too many requests
        return CallError("throttled", code, message, heals=True)
    if code in _DENIED or status in (401, 403):
        return CallError("denied", code, message)
    if code in _NOT_FOUND:
        return CallError("not_found", code, message)
    return CallError("failed", code, message, heals=status >= 500)  # noqa: PLR2004 - the server's fault


def caller(clients: Clients, region: str) -> Reader:
    """Whose credentials these are. Answers the account id. GetCallerIdentity needs no permission."""

    def read(desk: Desk) -> str:
        client = clients.of("sts", region)
        found = desk.call(lambda: _asked(client.get_caller_identity))
        account = found.get("Account")
        if not isinstance(account, str):
            raise CallError("failed", "Malformed", "the answer has no Account")
        kept = {name: found[name] for name in ("UserId", "Account", "Arn") if name in found}
        desk.save("aws/caller-identity.json", "sts:GetCallerIdentity", kept)
        return account

    return Reader("aws.caller", "aws/caller-identity.json", "sts:GetCallerIdentity", read)
