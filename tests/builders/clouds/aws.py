"""An AWS on this machine: moto, and in front of it a server that answers what moto lacks and breaks single calls.

moto 5.2 lacks LookupEvents, SimulatePrincipalPolicy and Access Analyzer.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

REGION = "us-east-1"


class Broken(Exception):  # noqa: N818 - an answer, not an error of ours
    """The answer of a fault instead of the right one: status, body, headers. `cut`: the connection ends before it."""

    def __init__(self, status: int, body: bytes, kind: str = "text/xml", *, cut: bool = False) -> None:
        super().__init__(status)
        self.status, self.body, self.kind, self.cut = status, body, kind, cut


@dataclass
class Cloud:
    """A server that speaks AWS. `calls` are the operations as IAM names their permissions."""

    port: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    times: list[tuple[str, str, float]] = field(default_factory=list)  # operation, Region, monotonic time
    fault: Callable[[str, int], Broken | None] = lambda _operation, _number: None
    latency: float = 0.0
    limit: bool = False  # LookupEvents' own, of two requests a second and Region
    events: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)  # Region, attribute value
    page_size: int = 50
    empty_first_page: bool = False
    findings: list[dict[str, Any]] = field(default_factory=list)
    decisions: dict[str, str] = field(default_factory=dict)
    policies: list[dict[str, Any]] = field(default_factory=list)  # resource control policies
    last_body: bytes = b""
    owners: list[tuple[str, str]] = field(default_factory=list)  # of S3's reads: operation, expected owner
    # services that answer instead of moto: operation, Region and body of a request in JSON → body of the answer
    services: dict[str, Callable[[str, str, dict[str, Any]], dict[str, Any]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


_TARGET_OPERATION = re.compile(r"\.(\w+)$")


def operation_of(method: str, path: str, headers: Any, body: bytes) -> tuple[str, str, str]:
    """Service, Region and operation of a request."""
    scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/aws4_request", headers.get("Authorization", ""))
    region, service = (scope[1], scope[2]) if scope else (REGION, "sts")
    target = _TARGET_OPERATION.search(headers.get("X-Amz-Target", ""))
    if target:
        return service, region, target[1]
    if service == "access-analyzer":
        return service, region, "ValidatePolicy"
    if service == "s3":
        query = path.partition("?")[2]
        if method == "GET" and "policy" in query.split("&"):
            return service, region, "GetBucketPolicy"
        if "encryption" in query.split("&"):
            return service, region, "GetEncryptionConfiguration"
        if "list-type=2" in query:
            return service, region, "ListBucket"
        return service, region, {"GET": "GetObject", "HEAD": "ListBucket"}.get(method, "Put")
    return service, region, parse_qs(body.decode()).get("Action", ["?"])[0]


def handler(cloud: Cloud, moto_port: int) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class inside
    lock = threading.Lock()
    windows: dict[str, list[float]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service, region, operation = operation_of(self.command, self.path, self.headers, body)
            name = f"{service}:{operation}"
            with lock:
                cloud.calls[name] += 1
                cloud.times.append((name, region, time.monotonic()))
                number = cloud.calls[name]
                cloud.last_body = body
                if service == "s3" and self.command == "GET":
                    cloud.owners.append((operation, self.headers.get("x-amz-expected-bucket-owner", "")))
            if cloud.latency:
                time.sleep(cloud.latency)
            try:
                if broken := cloud.fault(name, number):
                    raise broken
                answer = self.own(name, region, body)
            except Broken as error:
                self.answer(error.status, error.body, error.kind, cut=error.cut)
                return
            if answer is not None:
                self.answer(200, *answer)
                return
            self.forward(body)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do  # noqa: N815 - the base class's names

        def own(self, name: str, region: str, body: bytes) -> tuple[bytes, str] | None:
            service, _, operation = name.partition(":")
            if service in cloud.services:
                answer = cloud.services[service](operation, region, json.loads(body))
                return json.dumps(answer).encode(), "application/x-amz-json-1.1"
            if name == "cloudtrail:LookupEvents":
                return json.dumps(self.lookup(region, json.loads(body))).encode(), "application/x-amz-json-1.1"
            if name == "access-analyzer:ValidatePolicy":
                return json.dumps({"findings": cloud.findings}).encode(), "application/json"
            if name == "iam:SimulatePrincipalPolicy":
                asked = parse_qs(body.decode())
                actions = [value[0] for key, value in asked.items() if key.startswith("ActionNames.member.")]
                rows = "".join(
                    f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>"
                    f"<EvalDecision>{cloud.decisions.get(action, 'allowed')}</EvalDecision></member>"
                    for action in actions
                )
                return (
                    b"<SimulatePrincipalPolicyResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'>"
                    b"<SimulatePrincipalPolicyResult><EvaluationResults>" + rows.encode() + b"</EvaluationResults>"
                    b"<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>"
                    b"</SimulatePrincipalPolicyResponse>"
                ), "text/xml"
            if name == "organizations:ListPolicies":
                return json.dumps({"Policies": [{"Id": policy["Id"]} for policy in cloud.policies]}).encode(), "json"
            if name == "organizations:DescribePolicy":
                wanted = json.loads(body)["PolicyId"]
                content = next(policy["Content"] for policy in cloud.policies if policy["Id"] == wanted)
                return json.dumps({"Policy": {"PolicySummary": {"Id": wanted}, "Content": content}}).encode(), "json"
            return None

        def lookup(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
            if cloud.limit:
                with lock:
                    recent = windows.setdefault(region, [])
                    now = time.monotonic()
                    recent[:] = [moment for moment in recent if moment > now - 1.0]
                    recent.append(now)
                    over = len(recent) > 2
                if over:
                    raise aws_error("ThrottlingException", 400, json_style=True)
            value = asked["LookupAttributes"][0]["AttributeValue"]
            events = cloud.events.get((region, value), [])
            start = int(asked.get("NextToken", "0").partition(":")[0])
            if cloud.empty_first_page and "NextToken" not in asked:
                return {"Events": [], "NextToken": "0:after-an-empty-page"}
            page = events[start : start + cloud.page_size]
            answer: dict[str, Any] = {"Events": page}
            if start + cloud.page_size < len(events):
                answer["NextToken"] = str(start + cloud.page_size)
            return answer

        def forward(self, body: bytes) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", moto_port, timeout=30)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                kept = {
                    name: value for name, value in answer.getheaders() if name.lower().startswith(("x-amz", "etag"))
                }
                self.answer(answer.status, data, answer.getheader("Content-Type") or "text/xml", kept)
            finally:
                connection.close()

        def answer(
            self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None, *, cut: bool = False
        ) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body) * 2 if cut else len(body)))
                self.close_connection = cut
                for name, value in (more or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

    return Handler


def aws_error(code: str, status: int, message: str = "as the test wants it", *, json_style: bool = False) -> Broken:
    """A service's error, in the style of its protocol."""
    if json_style:
        return Broken(status, json.dumps({"__type": code, "message": message}).encode(), "application/x-amz-json-1.1")
    body = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Broken(status, (body + "<RequestId>1</RequestId></ErrorResponse>").encode())


def error_of(operation: str, code: str, status: int, message: str = "as the test wants it") -> Broken:
    """The same, in the style of the operation's service."""
    if operation.startswith("s3:"):
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Broken(status, body.encode(), "application/xml")
    json_style = operation.split(":", maxsplit=1)[0] in ("cloudtrail", "access-analyzer", "ecr", "kms", "organizations")
    return aws_error(code, status, message, json_style=json_style)


def break_operation(
    cloud: Cloud, operation: str, *, code: str = "", status: int = 0, body: bytes = b"", times: int = 99
) -> None:
    """Answer an operation so, the first few times."""

    def fault(name: str, number: int) -> Broken | None:
        if name != operation or number > times:
            return None
        return error_of(name, code, status) if code else Broken(status, body)

    cloud.fault = fault
