"""Google's REST wire on the loopback: IAM, resource manager, service usage, org policy, logging, STS, impersonation."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from clouds.servers import QuietServer, serving
from oidc_doctor.model.evidence import Target, TargetGcp

NOW = 1795387200.0  # 2026-11-22T22:40:00Z
NUMBER, PROJECT = "482910375566", "weights-prod"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/baseten-pool"
PROVIDER = f"{POOL}/providers/baseten-provider"
ACCOUNT = f"baseten-oidc@{PROJECT}.iam.gserviceaccount.com"
ISSUER = "https://oidc.baseten.co"
BUCKET, REPOSITORY = "llama-weights", f"projects/{PROJECT}/locations/us/repositories/ml"
SUBJECT = "v=1:org=Org8Kd2P:team=Tq7LmZ2x:model=mWq41ZpK:deployment=4be1c07:environment=production:type=model_container"
SERVICES = (
    "IAM",
    "CLOUDRESOURCEMANAGER",
    "SERVICEUSAGE",
    "ORGPOLICY",
    "LOGGING",
    "STS",
    "IAMCREDENTIALS",
    "STORAGE",
    "ARTIFACTREGISTRY",
    "POLICYTROUBLESHOOTER",
    "BIGQUERY",
)
FEDERATED, IMPERSONATED = "ya29.federated-canary-0123456789", "ya29.impersonated-canary-0123456789"


def error(status: int, message: str, name: str = "", **info: Any) -> tuple[int, Any]:
    box: dict[str, Any] = {"code": status, "message": message, "status": name}
    if info:
        box["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **info}]
    return status, {"error": box}


class Cut(bytes):
    """A body after whose half the connection ends."""

    __slots__ = ()


class Google:
    """The answers, and what was asked: (service-less path, body)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.fault: Callable[[str, str, Any], Any] | None = None
        self.lock = threading.Lock()
        self.entries: list[Any] = []
        self.page_size = 2
        kind = "urn:ietf:params:oauth:token-type:access_token"
        tokens = {"access_token": FEDERATED, "token_type": "Bearer", "expires_in": 3599, "issued_token_type": kind}
        self.sts: tuple[int, Any] = (200, tokens)
        self.impersonation: tuple[int, Any] = (
            200,
            {"accessToken": IMPERSONATED, "expireTime": "2026-11-22T23:40:00Z"},
        )
        self.provider: Any = {
            "name": PROVIDER,
            "state": "ACTIVE",
            "oidc": {"issuerUri": ISSUER, "allowedAudiences": ["oidc.baseten.co"]},
            "attributeMapping": {"google.subject": "assertion.sub", "attribute.team": "assertion.team"},
            "attributeCondition": "google.subject.startsWith('v=1:org=Org8Kd2P:')",
        }
        self.pool: Any = {"name": POOL, "state": "ACTIVE"}
        legacy = {"role": "roles/storage.legacyBucketOwner", "members": [f"projectOwner:{PROJECT}"]}
        reads = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{ACCOUNT}"]}
        self.policies: dict[str, Any] = {
            "bucket": {"etag": "CAE=", "bindings": [legacy, reads]},
            "repository": {"etag": "B"},
        }
        self.members = [f"principalSet://iam.googleapis.com/{POOL}/attribute.team/Tq7LmZ2x"]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and body; a plain text for what is no JSON."""
        answer: tuple[int, Any] | None = None
        if path == "/token":
            return 200, {"access_token": "ya29.doctor", "expires_in": 3600, "token_type": "Bearer"}
        if path == "/v1/token":
            answer = self.sts
        elif path.endswith(":generateAccessToken"):
            answer = self.impersonation
        elif path == "/v2/entries:list":
            answer = self.logs(body)
        elif "/workloadIdentityPools" in path:
            answer = self.pools(path)
        elif path.startswith("/v1/projects/") and "/serviceAccounts/" in path:
            answer = self.account(method, path)
        elif path.endswith("/services:batchGet"):
            query = dict.fromkeys(urllib.parse.parse_qs(str(body or ""))["names"])
            answer = 200, {"services": [{"name": name, "config": {"name": name.rpartition("/")[2]}, "state": "ENABLED"}
                                       for name in query]}  # fmt: skip
        elif path.endswith(":getEffectivePolicy"):
            answer = 200, {"name": f"projects/{NUMBER}/policies/x", "spec": {"rules": [{"allowAll": True}]}}
        elif path == "/v3/iam:troubleshoot":
            answer = 200, {"overallAccessState": "CAN_ACCESS", "allowPolicyExplanation": {"members": ["a@example.com"]}}
        elif path.startswith("/v3/"):
            answer = self.resources(method, path)
        elif path in (f"/storage/v1/b/{BUCKET}/iam", f"/v1/{REPOSITORY}:getIamPolicy"):
            answer = 200, self.policies["bucket" if "/b/" in path else "repository"]
        return answer or error(404, "Requested entity was not found.", "NOT_FOUND")

    def pools(self, path: str) -> tuple[int, Any] | None:
        if path == f"/v1/{PROVIDER}":
            return (200, self.provider) if self.provider else None
        if path == f"/v1/{POOL}":
            return (200, self.pool) if self.pool else None
        if path == f"/v1/{POOL}/providers":
            return 200, {"workloadIdentityPoolProviders": [{"name": f"{POOL}/providers/other", "state": "DELETED"}]}
        if path.endswith("/workloadIdentityPools"):
            return 200, {"workloadIdentityPools": [{"name": POOL + "-2", "state": "ACTIVE"}]}
        return None

    def account(self, method: str, path: str) -> tuple[int, Any] | None:
        if ACCOUNT not in path or f"/projects/{PROJECT}/" not in path:
            return None
        if method == "POST":
            binding = {"role": "roles/iam.workloadIdentityUser", "members": self.members}
            return 200, {"version": 1, "etag": "BwY=", "bindings": [binding]}
        return 200, {"email": ACCOUNT, "name": f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}", "uniqueId": "1" * 21}

    def resources(self, method: str, path: str) -> tuple[int, Any] | None:
        bare = path.removeprefix("/v3/").removesuffix(":getIamPolicy")
        parents = {
            f"projects/{NUMBER}": "folders/11",
            f"projects/{PROJECT}": "folders/11",
            "folders/11": "folders/12",
            "folders/12": "organizations/99",
            "organizations/99": "",
        }
        if bare not in parents:
            return None
        if method == "POST":
            audit = {"service": "sts.googleapis.com", "auditLogConfigs": [{"logType": "ADMIN_READ"}]}
            return 200, {"etag": "BwY=", "auditConfigs": [audit] if bare.startswith("projects/") else []}
        if bare.startswith("projects/"):
            return 200, {"name": f"projects/{NUMBER}", "projectId": PROJECT, "parent": parents[bare], "state": "ACTIVE"}
        return 200, {"name": bare, "parent": parents[bare]}

    def logs(self, body: Any) -> tuple[int, Any]:
        """Pages of the entries that the filter's service names, an empty one among them."""
        wanted = [entry for entry in self.entries if f'"{entry["protoPayload"]["serviceName"]}"' in body["filter"]]
        start = int(body.get("pageToken", "0").removesuffix("e"))
        if start == self.page_size and not body.get("pageToken", "").endswith("e"):
            return 200, {"nextPageToken": f"{start}e"}  # an empty page is no end
        page = wanted[start : start + self.page_size]
        more = start + self.page_size < len(wanted)
        answer: dict[str, Any] = {"entries": page} if page else {}
        return 200, answer | ({"nextPageToken": str(start + self.page_size)} if more else {})

    def exchange(self, minute: int, message: str = "", subject: str = SUBJECT) -> Any:
        """A logged exchange."""
        return {
            "insertId": f"entry{minute}",
            "logName": f"projects/{PROJECT}/logs/cloudaudit.googleapis.com%2Fdata_access",
            "timestamp": f"2026-11-22T22:{minute:02}:00Z",
            "severity": "ERROR" if message else "INFO",
            "resource": {"type": "audited_resource", "labels": {"project_id": PROJECT}},
            "protoPayload": {
                "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                "serviceName": "sts.googleapis.com",
                "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
                "resourceName": PROVIDER,
                "authenticationInfo": {"principalSubject": subject},
                "status": {"code": 16, "message": message} if message else {},
            },
        }


def with_resources(bucket: str = BUCKET) -> Target:
    """A target that reads a bucket and an image."""
    image = f"us-docker.pkg.dev/{PROJECT}/ml/serve:1"
    names = {"provider": PROVIDER, "service_account": ACCOUNT, "gcs_bucket": bucket, "artifact_repository": image}
    return Target("weights", gcp=TargetGcp(**names))


@contextmanager
def serving_google(google: Google) -> Iterator[str]:
    """The base URL of a running server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            place, _, query = self.path.partition("?")
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            place = urllib.parse.unquote(place)
            try:
                body: Any = json.loads(data) if data else query
            except ValueError:
                body = dict(urllib.parse.parse_qsl(data))
            if place == "/v1/token":
                assert "Authorization" not in self.headers
            with google.lock:
                google.asked.append((self.command, place, body))
            found = google.fault(self.command, place, body) if google.fault else None
            status, value = found if found is not None else google.answer(self.command, place, body)
            if status == 0:  # no answer at all
                self.close_connection = True
                return
            cut = isinstance(value, Cut)
            sent = (
                value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent) * 2 if cut else len(sent)))
            self.close_connection = cut
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do  # noqa: N815 - the base class's names

        def log_message(self, *_: Any) -> None:
            pass

    with serving(QuietServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


def key_file(folder: Path, base: str, key: Any) -> Path:
    """A service account key whose tokens come from the loopback."""
    from cryptography.hazmat.primitives import serialization

    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place = folder / "key.json"
    place.write_text(
        json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "1",
                "private_key": private.decode(),
                "client_email": f"doctor@{PROJECT}.iam.gserviceaccount.com",
                "client_id": "1",
                "token_uri": f"{base}/token",
            }
        )
    )
    return place
