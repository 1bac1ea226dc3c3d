"""--try for Google: the exchange itself, for its actual response. The returned tokens are not read."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

from oidc_doctor.documents.json_text import value_of
from oidc_doctor.live.aws.oracles import compact
from oidc_doctor.live.collect import CallError, Collector, Reader
from oidc_doctor.live.gcp.client import endpoint, segment, service_error, with_any_error, with_call_errors
from oidc_doctor.live.gcp.configuration import GcpReaders
from oidc_doctor.model.evidence import Token

_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS = "urn:ietf:params:oauth:token-type:access_token"
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EXCHANGE = "google.identity.sts.v1.SecurityTokenService.ExchangeToken"


class ExchangeRefusal(NamedTuple):
    """Google's refusal: as google-auth prints it, and only its sentence, as in the audit log."""

    shown: str
    sentence: str


class ExchangeReader(GcpReaders):
    """The reader that presents the token."""

    def exchange(self, token: Token) -> Reader:
        """Exchange the token and, if a service account is named, impersonate it. Needs no permission of ours."""
        path, call = self.path("logs/try.json"), "sts.googleapis.com/v1/token"

        def read(collector: Collector) -> None:
            raw = compact(token)
            entries: list[Any] = []
            federated, failure = self.exchange_token(collector, raw)
            at = collector.clocks.now()
            entries.append(self.entry(at, token, _EXCHANGE, "sts.googleapis.com", self.audience(), failure))
            if federated is not None and self.email:
                failure = self.impersonate(collector, federated)
                account = f"projects/-/serviceAccounts/{self.email}"
                service = "iamcredentials.googleapis.com"
                entries.append(self.entry(at, token, "GenerateAccessToken", service, account, failure))
            del federated
            if failure is not None and self.scope.target.aws is None:
                collector.save(f"{self.prefix}error.txt", call, failure.shown.replace(raw, "(the token)"))
            collector.save(path, call, json.loads(json.dumps(entries).replace(raw, "(the token)")))

        return Reader(self.name("try"), path, call, read)

    def audience(self) -> str:
        """The provider as the client names it."""
        name = self.gcp.audience or self.gcp.provider or ""
        return name.removeprefix("https:").removeprefix("//iam.googleapis.com/")

    def exchange_token(self, collector: Collector, raw: str) -> tuple[str | None, ExchangeRefusal | None]:
        """Return the federated token, or Google's refusal. Raises CallError without a response."""

        def once() -> tuple[str | None, ExchangeRefusal | None]:
            import google.auth.transport.requests
            from google.auth import exceptions
            from google.oauth2 import sts

            audience = self.gcp.audience or f"//iam.googleapis.com/{self.gcp.provider}"  # faults included
            request = google.auth.transport.requests.Request()
            limit = collector.seconds_left(20.0)

            client: Any = sts.Client  # it publishes no types
            try:
                answer = with_any_error(
                    lambda: client(f"{endpoint('sts')}/v1/token").exchange_token(
                        functools.partial(request, timeout=limit),
                        _GRANT,
                        raw,
                        _JWT,
                        audience=audience,
                        scopes=[_SCOPE],
                        requested_token_type=_ACCESS,
                    )
                )
            except exceptions.OAuthError as error:
                return None, _refusal_of(error)
            federated = answer.get("access_token") if isinstance(answer, dict) else None
            if not isinstance(federated, str) or not federated:
                raise CallError("failed", "Malformed", "the answer holds no token, and no refusal")
            return federated, None

        answer: tuple[str | None, ExchangeRefusal | None] = collector.call(lambda: with_call_errors(once))
        return answer

    def impersonate(self, collector: Collector, federated: str) -> ExchangeRefusal | None:
        """Impersonate: return None if Google issued a token, which is discarded, or Google's refusal."""

        def once() -> ExchangeRefusal | None:
            import requests

            place = f"v1/projects/-/serviceAccounts/{segment(self.email)}:generateAccessToken"
            lifetime = {"lifetime": f"{self.gcp.access_token_lifetime}s"} if self.gcp.access_token_lifetime else {}
            answer = requests.post(
                f"{endpoint('iamcredentials')}/{place}",
                json={"scope": list(self.gcp.scopes or [_SCOPE]), **lifetime},
                headers={"Authorization": f"Bearer {federated}"},
                timeout=collector.seconds_left(20.0),
            )
            if answer.ok:
                return None
            body = _json(answer.text)
            failure = service_error(answer.status_code, body)
            if failure.heals or not isinstance(body, dict):
                raise failure
            error_text = f"('Unable to acquire impersonated credentials', {json.dumps(body)!r})"
            return ExchangeRefusal(f"google.auth.exceptions.RefreshError: {error_text}", failure.message)

        refusal: ExchangeRefusal | None = collector.call(lambda: with_call_errors(once))
        return refusal

    def entry(
        self, at: float, token: Token, method: str, service: str, resource: str, failure: ExchangeRefusal | None
    ) -> dict[str, Any]:
        """Return the outcome as a Google audit log entry, at epoch seconds by Google's clock, with an id of ours."""
        now = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        status = {"code": 16 if service.startswith("sts") else 7, "message": failure.sentence} if failure else {}
        labels = {"service": service, "method": method} | ({"email_id": self.email} if self.email else {})
        principal: dict[str, Any] = {"principalSubject": token.subject} if service.startswith("sts") else {}
        return {
            "insertId": f"try-{method.rpartition('.')[2]}-{int(at)}",
            "logName": f"projects/{self.provider_project}/logs/cloudaudit.googleapis.com%2Fdata_access",
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "authenticationInfo": principal,
                "methodName": method,
                "resourceName": resource,
                "serviceName": service,
                "status": status,
                **({} if principal else {"metadata": {"identityDelegationChain": [resource]}}),
            },
            "resource": {"type": "audited_resource" if principal else "service_account", "labels": labels},
            "severity": "ERROR" if failure else "INFO",
            "timestamp": now,
        }


def _refusal_of(error: Any) -> ExchangeRefusal:
    """Return an exchange's refusal. Raises CallError if the response is not the token service's."""
    body = _json(error.args[1]) if len(error.args) > 1 else None
    code = body.get("error") if isinstance(body, dict) else None
    if isinstance(code, dict):  # the API's own refusal: it is off, or throttled
        status = code.get("code")
        failure = service_error(status if isinstance(status, int) else 0, body)
        if failure.heals:
            raise failure
        return ExchangeRefusal(f"google.auth.exceptions.OAuthError: {failure.message}", failure.message)
    if not isinstance(body, dict) or not isinstance(code, str):
        raise service_error(0, None)
    if code == "quota_exceeded":
        raise service_error(429, {"error": {"status": code, "message": body.get("error_description")}})
    sentence = body.get("error_description")
    error_text = f"google.auth.exceptions.OAuthError: ({error.args[0]!r}, {json.dumps(body)!r})"
    return ExchangeRefusal(error_text, sentence if isinstance(sentence, str) else code)


def _json(text: Any) -> Any:
    return value_of(text) if isinstance(text, bytes | str) else None
