"""boto3 clients, whose errors all become a CallError."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from oidc_doctor.live.collect import CallError, Pacer
from oidc_doctor.live.pacing import LearnedPacer

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.obstacle import Local

_CONNECT, _READ = 5.0, 20.0  # seconds per request
_APART = 0.52  # seconds between LookupEvents of one Region: two a second are allowed, and a clock is not exact

# The Region of IAM's endpoint and of its CloudTrail events, by partition.
IAM_REGION = {"aws": "us-east-1", "aws-us-gov": "us-gov-west-1", "aws-cn": "cn-north-1"}

_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "Forbidden",
        "NotAuthorized",
        "OptInRequired",
        "UnauthorizedOperation",
        "403",
    }
)
_STALE = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# botocore's errors about credentials; its older versions lack the last one
_OF_CREDENTIALS = (
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "ConfigNotFound",
    "ConfigParseError",
    "InvalidConfigError",
    "UnknownCredentialError",
    "NoAuthTokenError",
    "TokenRetrievalError",
    "SSOError",
    "MetadataRetrievalError",
    "RefreshWithMFAUnsupportedError",
    "LoginError",
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


class AwsClients:
    """Cached boto3 clients; a client is thread-safe, a session is not."""

    def __init__(self, profile: str | None, partition: str) -> None:
        self.profile = profile
        self.partition = partition
        self._session: Any = None
        self._made: dict[tuple[str, str, bool], Any] = {}
        self._pacers: dict[str, Pacer] = {}
        self._learned: dict[tuple[str, str], Pacer] = {}
        self._lock = threading.Lock()

    def of(self, service: str, region: str) -> Any:
        """Return the client of a service. Raises CallError if the profile or its credentials are unusable."""
        return self._client(service, region, signed=True)

    def unsigned(self, service: str, region: str) -> Any:
        """Return a client without credentials, since a workload with a web identity token has none."""
        return self._client(service, region, signed=False)

    def configured_region(self) -> str | None:
        """Return the Region of the profile or the environment. Raises CallError if the profile is unusable."""
        with self._lock:
            region = with_call_errors(lambda: self._own_session().region_name)
        return str(region) if region else None

    def pacer(self, region: str) -> Pacer:
        """Return the pacer that keeps LookupEvents of a Region within its limit."""
        with self._lock:
            return self._pacers.setdefault(region, Pacer(_APART))

    def learned_pacer(self, service: str, region: str) -> Pacer:
        """Return the pacer of a service's other calls, whose limits are not published."""
        with self._lock:
            return self._learned.setdefault((service, region), LearnedPacer())

    def _client(self, service: str, region: str, *, signed: bool) -> Any:
        with self._lock:
            client = self._made.get((service, region, signed))
            if client is None:
                client = self._made[service, region, signed] = with_call_errors(
                    lambda: self._make(service, region, signed=signed)
                )
            return client

    def _make(self, service: str, region: str, *, signed: bool) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={
                "total_max_attempts": 1
            },  # Collector.call retries calls after a temporary fault, with its own delays
            max_pool_connections=32,
            **({} if signed else {"signature_version": UNSIGNED}),
        )
        return self._own_session().client(service, region_name=region, config=config)

    def _own_session(self) -> Any:
        import boto3

        if self._session is None:
            self._session = boto3.session.Session(profile_name=self.profile)
        return self._session


def with_call_errors(make: Callable[[], Any]) -> Any:
    """Return the result of `make`; every error of boto3 becomes a CallError."""
    from botocore import exceptions as errors
    from botocore.parsers import ResponseParserError

    try:
        return make()
    except errors.ClientError as error:
        failure = _refused(error)
        if failure.answered:
            failure.headers = (error.response.get("ResponseMetadata") or {}).get("HTTPHeaders") or {}
        raise failure from None
    except errors.ReadTimeoutError as error:
        raise CallError("timeout", type(error).__name__, str(error), heals=True) from None
    except errors.ConnectTimeoutError as error:
        raise CallError("timeout", type(error).__name__, str(error), heals=True, local="network") from None
    except errors.ConnectionClosedError as error:
        raise CallError("failed", type(error).__name__, str(error), heals=True) from None
    except (ResponseParserError, LookupError, TypeError, AttributeError, RecursionError):
        # an unexpected response breaks botocore's parsers; their message may quote it, including credentials
        raise CallError("failed", "Malformed", "the answer cannot be read") from None
    except (errors.BotoCoreError, ValueError) as error:  # ValueError: an endpoint or a Region of impossible form
        raise CallError("failed", type(error).__name__, str(error), local=_fault_of_ours(error)) from None


def _fault_of_ours(error: Exception) -> Local:
    """Return whether an error of botocore, which no service returned, concerns credentials or the path to AWS."""
    from botocore import exceptions as errors

    credentials = tuple(getattr(errors, name) for name in _OF_CREDENTIALS if hasattr(errors, name))
    network = (errors.EndpointConnectionError, errors.SSLError, errors.ProxyConnectionError)
    return "credentials" if isinstance(error, credentials) else "network" if isinstance(error, network) else ""


def _refused(error: Any) -> CallError:
    """Return the CallError for a service's own error."""
    answer = error.response if isinstance(error.response, dict) else {}
    fault = answer.get("Error") or {}
    code, message = str(fault.get("Code") or "Unknown"), str(fault.get("Message") or "")
    status = (answer.get("ResponseMetadata") or {}).get("HTTPStatusCode", 0)
    # no code, or a bare status, means that the body is not from AWS: a proxy or balancer sent it
    from_aws = code != "Unknown" and not code.isdecimal()
    make = functools.partial(CallError, code=code, message=message, answered=from_aws)
    if code in _THROTTLED or status == 429:  # noqa: PLR2004 - too many requests
        return make("throttled", heals=True)
    if code in _STALE:
        hint = "renew the AWS credentials, or choose others with --profile"
        return make("denied", hint=hint, local="credentials")
    if code in _DENIED or status in (401, 403):
        return make("denied")
    if code in _NOT_FOUND:
        return make("not_found")
    return make("failed", heals=status >= 500)  # noqa: PLR2004 - the server's fault
