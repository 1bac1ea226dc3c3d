"""Google's REST APIs through google-auth, whose errors all become a CallError."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from oidc_doctor.documents.json_text import value_of
from oidc_doctor.live.collect import MOST_ATTEMPTS, CallError, Collector, Pacer
from oidc_doctor.live.pacing import LearnedPacer

if TYPE_CHECKING:
    from collections.abc import Callable

    from oidc_doctor.model.obstacle import Local

T = TypeVar("T")

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ONE_REQUEST = 20.0  # seconds
_APART = 1.02  # seconds between entries:list: 60 a minute are allowed, and the limit cannot be raised
_LARGEST = 32 * 1024 * 1024  # bytes per response
_LOG_IN = "log in with gcloud auth application-default login, or name a key with GOOGLE_APPLICATION_CREDENTIALS"

# Each API's name, and the predefined role with the needed permissions.
_VERSIONS = {"bigquery": "/bigquery/v2"}  # that gcloud's own addresses have
_OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"  # gcloud's own variables, such as …_IAM
ROLES = {
    "iam.workloadIdentityPool": "roles/iam.workloadIdentityPoolViewer",
    "iam.serviceAccounts": "roles/iam.serviceAccountViewer",
    "resourcemanager": "roles/iam.securityReviewer",
    "serviceusage": "roles/serviceusage.serviceUsageViewer",
    "orgpolicy": "roles/orgpolicy.policyViewer",
    "storage.buckets": "roles/iam.securityReviewer",
    "storage.objects": "roles/storage.objectViewer",
    "artifactregistry": "roles/iam.securityReviewer",
    "logging.privateLogEntries": "roles/logging.privateLogViewer",
    "logging.logEntries": "roles/logging.viewer",
    "logging.links": "roles/logging.viewer",
    "bigquery.jobs": "roles/bigquery.jobUser",
    "bigquery.tables": "roles/bigquery.dataViewer",
}


def role_with(permission: str) -> str:
    """Return a predefined role with a permission; empty where none is known."""
    return next((role for start, role in ROLES.items() if permission.startswith(start)), "")


def new_pacer() -> Pacer:
    """Return a pacer that keeps log reads within the limit, which counts all reads of one login."""
    return Pacer(_APART)


def endpoint(service: str) -> str:
    """Return the address of an API: https://iam.googleapis.com for `iam`, unless gcloud's variable overrides it."""
    override = os.environ.get(_OVERRIDE + service.upper())
    if not override:
        return f"https://{service}.googleapis.com"
    return override.rstrip("/").removesuffix(_VERSIONS.get(service, ""))


def is_configured(audience: str | None) -> bool:
    """Return whether GOOGLE_APPLICATION_CREDENTIALS is the workload's configuration for this audience."""
    configuration = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if not configuration or audience is None:
        return False
    try:
        with open(configuration, "rb") as stream:
            box = value_of(stream.read(_LARGEST))
    except OSError:
        return False  # google-auth has the better message
    configured = box.get("audience") if isinstance(box, dict) else None
    return isinstance(configured, str) and _bare(configured) == _bare(audience)


class GcpClients:
    """A login, and a session per thread: sessions are not thread-safe."""

    def __init__(self, audience: str | None = None, *, pacer: Pacer | None = None) -> None:
        self.audience = audience  # the examined exchange's configuration: its token is never used for our own login
        self._here = threading.local()
        self._lock = threading.Lock()
        self._credentials: Any = None
        self._failure: CallError | None = None
        self._logins = 0
        self.pacer = pacer or new_pacer()  # of the reads of logs
        self._learned: dict[str, Pacer] = {}

    def session(self) -> Any:
        """Return the calling thread's session. Raises CallError without a usable login."""
        session = getattr(self._here, "session", None)
        if session is None:
            from google.auth.transport.requests import AuthorizedSession

            make: Any = AuthorizedSession  # google-auth publishes no types
            session = self._here.session = make(self.credentials(), refresh_status_codes=())
        return session

    def logging(self, project: str) -> Any:
        """The calling thread's Cloud Logging client of a project."""
        clients: dict[str, Any] = self._here.__dict__.setdefault("logging", {})
        if project not in clients:
            from google.api_core.client_options import ClientOptions
            from google.cloud import logging

            make: Any = logging.Client  # it publishes no types
            clients[project] = make(
                project=project,
                credentials=self.credentials(),
                _http=self.session(),
                _use_grpc=False,
                client_options=ClientOptions(api_endpoint=endpoint("logging")),
            )
        return clients[project]

    def bigquery(self, project: str) -> Any:
        """The calling thread's BigQuery client of a project. Raises CallError where the library is missing."""
        clients: dict[str, Any] = self._here.__dict__.setdefault("bigquery", {})
        if project not in clients:
            try:
                from google.cloud import bigquery
            except ImportError:
                message = "BigQuery is read with google-cloud-bigquery, which is not installed"
                hint = "pip install 'oidc-doctor[bigquery]'"
                raise CallError("failed", "NotInstalled", message, hint=hint) from None
            from google.api_core.client_options import ClientOptions

            make: Any = bigquery.Client
            clients[project] = make(
                project=project,
                credentials=self.credentials(),
                _http=self.session(),
                client_options=ClientOptions(api_endpoint=endpoint("bigquery")),
            )
        return clients[project]

    def credentials(self) -> Any:
        """The user's own credentials, created and refreshed once."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._credentials is None:
                try:
                    self._credentials = with_call_errors(self._login)
                except CallError as failure:
                    self._logins += 1
                    if not failure.heals or self._logins == MOST_ATTEMPTS:  # shared by all readers
                        failure.heals = False
                        self._failure = failure
                    raise
            return self._credentials

    def _login(self) -> Any:
        """Return an access token of the user's own login. It outlives a collection, so it is never refreshed."""
        import google.auth
        import google.auth.transport.requests
        from google.auth import exceptions
        from google.oauth2.credentials import Credentials

        load: Any = google.auth.load_credentials_from_file  # google-auth publishes no types
        default: Any = google.auth.default
        bare: Any = Credentials
        path = self._instead()
        try:
            credentials: Any = load(path, scopes=[_SCOPE])[0] if path else default(scopes=[_SCOPE])[0]
        except exceptions.DefaultCredentialsError as error:
            raise CallError("failed", "NoCredentials", _first_line(error), hint=_LOG_IN, local="credentials") from None
        if not credentials.valid:
            with_any_error(lambda: credentials.refresh(google.auth.transport.requests.Request()))
        # only the token: service account credentials would also look up allowed locations
        return bare(credentials.token, quota_project_id=getattr(credentials, "quota_project_id", None))

    def _instead(self) -> str | None:
        """Return the user's gcloud login if GOOGLE_APPLICATION_CREDENTIALS is the examined configuration.

        google-auth would log in with the workload's token as soon as it loads that configuration.
        """
        if not is_configured(self.audience):
            return None
        from google.auth import _cloud_sdk  # the path of gcloud's login has no public name

        sdk: Any = _cloud_sdk
        path: str = sdk.get_application_default_credentials_path()
        if not os.path.isfile(path):
            raise CallError(
                "failed",
                "OwnLogin",
                "GOOGLE_APPLICATION_CREDENTIALS is the workload's own configuration, and its token is presented only "
                "with --try",
                hint="log in as yourself with gcloud auth application-default login",
                local="credentials",
            )
        return path

    def get(self, collector: Collector, service: str, path: str, **query: Any) -> dict[str, Any]:
        """The answer of a GET, which is sent once. `path` is quoted already; a list in the query is repeated."""
        return self._send(collector, "GET", service, path, params=query)

    def post(self, collector: Collector, service: str, path: str, body: Any, **query: Any) -> dict[str, Any]:
        """The answer of a POST, which is sent once: reading a policy is one."""
        return self._send(collector, "POST", service, path, params=query, json=body)

    def page(self, collector: Collector, service: str, path: str, **query: Any) -> dict[str, Any]:
        """A page of a list that is read once: it is not kept for other targets."""
        return self._call(collector, "GET", service, path, _value, kind=path, params=query)

    def content(
        self, collector: Collector, service: str, path: str, span: tuple[int, int] | None, **query: Any
    ) -> bytes:
        """The bytes of an object as they are stored, or those from the first to the last of a span."""

        def read(answer: Any) -> bytes:
            if answer.status_code >= 400:  # noqa: PLR2004 - client and server errors
                _value(answer)
            data: bytes = answer.raw.read(_LARGEST, decode_content=False)
            return data

        headers = {"Accept-Encoding": "gzip"}  # else an object that is stored as gzip is unpacked on its way
        headers |= {"Range": f"bytes={span[0]}-{span[1]}"} if span else {}
        return self._call(
            collector, "GET", service, path, read, kind=service, params=query, headers=headers, stream=True
        )

    def _send(self, collector: Collector, method: str, service: str, path: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = collector.shared(
            (self, method, service, path, json.dumps(options, sort_keys=True)),
            lambda: self._call(collector, method, service, path, _value, **options),
        )
        return answer

    def _call(
        self,
        collector: Collector,
        method: str,
        service: str,
        path: str,
        read: Callable[[Any], T],
        *,
        kind: str = "",
        stream: bool = False,
        **options: Any,
    ) -> T:
        def once() -> T:
            session = self.session()
            limit = collector.seconds_left(_ONE_REQUEST)
            with session.request(
                method,
                f"{endpoint(service)}/{path}",
                timeout=limit,
                max_allowed_time=limit + 1,
                stream=stream,
                **options,
            ) as answer:
                value = read(answer)
                collector.clocks.hear("Google", answer.headers, is_cloud=True)
            return value

        pacer = self.learned_pacer(service)
        kind = kind or f"{method} {'/'.join(path.split('/')[1::2])}"  # of the path, the names of collections
        result: T = collector.call(lambda: with_call_errors(once), pacer=pacer, kind=kind)
        return result

    def learned_pacer(self, service: str) -> Pacer:
        """Return the pacer of an API's calls, whose quota a project may have changed."""
        with self._lock:
            return self._learned.setdefault(service, LearnedPacer())


def with_call_errors(make: Callable[[], Any]) -> Any:
    """Return the result of `make`; every error of google-auth, google-cloud and requests becomes a CallError."""
    import requests
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    try:
        return make()
    except (requests.Timeout, auth.TimeoutError) as error:
        raise CallError(
            "timeout", type(error).__name__, _first_line(error), heals=True, local=_fault_of_network(error)
        ) from None
    except auth.TransportError as error:
        raise CallError(
            "failed", type(error).__name__, _first_line(error), heals=True, local=_fault_of_network(error)
        ) from None
    except auth.GoogleAuthError as error:
        if error.retryable:  # google-auth has already retried
            raise CallError("failed", type(error).__name__, _first_line(error)) from None
        raise CallError("denied", type(error).__name__, _first_line(error), hint=_LOG_IN, local="credentials") from None
    except api.GoogleAPICallError as error:
        raise service_error(int(error.code or 0), _body_of(error)) from None
    except api.GoogleAPIError as error:
        raise CallError("failed", type(error).__name__, _first_line(error)) from None
    except requests.ConnectionError as error:
        raise CallError(
            "failed", type(error).__name__, _first_line(error), heals=True, local=_fault_of_network(error)
        ) from None
    except (requests.RequestException, ValueError, RecursionError) as error:
        raise CallError("failed", "Malformed", _first_line(error)) from None


def _fault_of_network(error: BaseException) -> Local:
    """Return whether no connection was established: unresolved name, no route, proxy, untrusted certificate."""
    import requests
    from urllib3 import exceptions as urllib3

    faults = (urllib3.NewConnectionError, urllib3.ConnectTimeoutError, urllib3.ProxyError, urllib3.SSLError)
    own = (requests.exceptions.SSLError, requests.exceptions.ProxyError, requests.exceptions.ConnectTimeout)
    seen: BaseException | None = error
    while seen is not None:
        cause = getattr(seen.args[0] if seen.args else None, "reason", None)  # urllib3's, in a MaxRetryError
        if isinstance(seen, own) or isinstance(cause, faults):
            return "network"
        seen = seen.__cause__ or seen.__context__
    return ""


def with_any_error(make: Callable[[], Any]) -> Any:
    """Return the result of a call to Google's libraries, which fail on unexpected responses."""
    try:
        return make()
    except (LookupError, TypeError, AttributeError, RecursionError):
        # their message may quote the response, including a credential
        raise CallError("failed", "Malformed", "the answer cannot be read") from None


def service_error(status: int, body: Any) -> CallError:
    """Parse a service's own error: `{"error": {code, message, status, details}}`. `status` is 0 if unknown."""
    box = body.get("error") if isinstance(body, dict) else None
    if not isinstance(box, dict):
        return _of_another(status)
    message = str(box.get("message") or "").strip() or f"HTTP {status}"
    listed = box.get("details")
    details = [detail for detail in listed if isinstance(detail, dict)] if isinstance(listed, list) else []
    info = next((detail for detail in details if str(detail.get("@type", "")).endswith("google.rpc.ErrorInfo")), {})
    code = str(info.get("reason") or box.get("status") or status)
    members = info.get("metadata")
    metadata: dict[str, Any] = members if isinstance(members, dict) else {}
    if status == 429:  # noqa: PLR2004 - too many requests
        return CallError("throttled", code, message, heals=True, answered=True)
    if status == 401:  # noqa: PLR2004 - no valid login
        return CallError("denied", code, message, hint=_LOG_IN, answered=True, local="credentials")
    if code == "SERVICE_DISABLED" or "has not been used in project" in message:
        api, consumer = metadata.get("service"), str(metadata.get("consumer") or "")
        where = f" in project {consumer.removeprefix('projects/')}" if consumer else ""
        hint = f"enable {api}{where}" if api else "enable the API"
        return CallError("denied", "SERVICE_DISABLED", message, hint=hint, answered=True)
    if status == 403:  # noqa: PLR2004 - not allowed
        needed = metadata.get("permission")
        hint = f"allow {needed}" + (f" ({role_with(needed)})" if role_with(needed) else "") if needed else ""
        return CallError("denied", code, message, hint=hint, answered=True)
    if status == 404:  # noqa: PLR2004 - no such thing
        return CallError("not_found", code, message, answered=True)
    return CallError("failed", code, message, heals=status >= 500, answered=True)  # noqa: PLR2004 - the server's fault


def _of_another(status: int) -> CallError:
    """Return an error that is not in the form of Google's APIs: a proxy's 404 does not prove a missing resource."""
    code = str(status) if status else "Malformed"
    label = f"HTTP {status} " if status else "an answer "
    message = f"{label}without an error of Google's own; a proxy or another server may have sent it"
    if status == 429:  # noqa: PLR2004 - too many requests
        return CallError("throttled", code, message, heals=True)
    if status in (401, 403, 407):
        return CallError("denied", code, message)
    return CallError("failed", code, message, heals=status >= 500)  # noqa: PLR2004 - the server's fault


def segment(text: str) -> str:
    """Quote a name as one segment of a path, whatever its characters."""
    return quote(text, safe="@:.-_~")


def _value(answer: Any) -> dict[str, Any]:
    """Return the response's object. Raises CallError, ValueError."""
    data: bytes = answer.content
    if len(data) > _LARGEST:
        raise CallError("failed", "TooLarge", f"an answer of more than {_LARGEST >> 20} MiB")
    value = value_of(data)
    if answer.status_code >= 400:  # noqa: PLR2004 - client and server errors
        raise service_error(answer.status_code, value)
    if not isinstance(value, dict):
        raise CallError("failed", "Malformed", "the answer is not a JSON object")
    return value


def _body_of(error: Any) -> Any:
    """Return the response of an error of google-cloud; None where it was not JSON."""
    response = getattr(error, "response", None)
    return value_of(response.content) if response is not None else {"error": {"message": error.message}}


def _first_line(error: BaseException) -> str:
    """Return an exception's message, without the response that google-auth appends."""
    text = error.args[0] if error.args and isinstance(error.args[0], str) else str(error)
    return text.strip().partition("\n")[0]


def _bare(audience: str) -> str:
    return audience.removeprefix("https:").removeprefix("//iam.googleapis.com/")
