"""An AWS on this machine, and an issuer with an authority of its own. The real clients talk to both.

moto answers what it knows. LookupEvents, SimulatePrincipalPolicy and Access Analyzer, which moto 5.2 lacks, are
answered by the server in front of it, which also breaks single calls when a test says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import http.client
import io
import ipaddress
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from oidc_doctor.cli.main import main

REGION = "us-east-1"
ISSUER_HOST = "localhost"


# AWS


class Broken(Exception):  # noqa: N818 - an answer, not an error of ours
    """An answer that a fault gives in place of the right one: status, body, headers."""

    def __init__(self, status: int, body: bytes, kind: str = "text/xml") -> None:
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


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


def _handler(cloud: Cloud, moto_port: int) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - one class inside
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
            if cloud.latency:
                time.sleep(cloud.latency)
            try:
                if broken := cloud.fault(name, number):
                    raise broken
                found = self.own(name, region, body)
            except Broken as error:
                self.answer(error.status, error.body, error.kind)
                return
            if found is not None:
                self.answer(200, *found)
                return
            self.forward(body)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do  # noqa: N815 - the base class's names

        def own(self, name: str, region: str, body: bytes) -> tuple[bytes, str] | None:
            if name == "cloudtrail:LookupEvents":
                return json.dumps(self.lookup(region, json.loads(body))).encode(), "application/x-amz-json-1.1"
            if name == "access-analyzer:ValidatePolicy":
                return json.dumps({"findings": cloud.findings}).encode(), "application/json"
            if name == "iam:SimulatePrincipalPolicy":
                asked = parse_qs(body.decode())
                actions = [value[0] for key, value in asked.items() if key.startswith("ActionNames.member.")]
                rows = "".join(
                    f"<member><EvalActionName>{one}</EvalActionName><EvalResourceName>*</EvalResourceName>"
                    f"<EvalDecision>{cloud.decisions.get(one, 'allowed')}</EvalDecision></member>"
                    for one in actions
                )
                return (
                    b"<SimulatePrincipalPolicyResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'>"
                    b"<SimulatePrincipalPolicyResult><EvaluationResults>" + rows.encode() + b"</EvaluationResults>"
                    b"<IsTruncated>false</IsTruncated></SimulatePrincipalPolicyResult>"
                    b"</SimulatePrincipalPolicyResponse>"
                ), "text/xml"
            if name == "organizations:ListPolicies":
                return json.dumps({"Policies": [{"Id": one["Id"]} for one in cloud.policies]}).encode(), "json"
            if name == "organizations:DescribePolicy":
                wanted = json.loads(body)["PolicyId"]
                content = next(one["Content"] for one in cloud.policies if one["Id"] == wanted)
                return json.dumps({"Policy": {"PolicySummary": {"Id": wanted}, "Content": content}}).encode(), "json"
            return None

        def lookup(self, region: str, asked: dict[str, Any]) -> dict[str, Any]:
            if cloud.limit:
                with lock:
                    recent = windows.setdefault(region, [])
                    now = time.monotonic()
                    recent[:] = [one for one in recent if one > now - 1.0]
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

        def answer(self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
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


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """A client that went away."""


@contextlib.contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield port
    server.stop()


@pytest.fixture
def cloud(moto_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Cloud]:
    """An empty AWS, to which the environment points."""
    connection = http.client.HTTPConnection("127.0.0.1", moto_port, timeout=30)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().read()
    connection.close()
    for name in ("AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "B10_OIDC_TOKEN_PATH", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-one")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    cloud = Cloud()
    with serving(_Quiet(("127.0.0.1", 0), _handler(cloud, moto_port))) as port:
        cloud.port = port
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        yield cloud


ACCOUNT = "123456789012"  # moto's


@dataclass
class Made:
    """What `set_up` made."""

    role: str
    provider: str
    issuer: str
    subject: str = "job:blue:7"
    audience: str = "sts.amazonaws.com"


@pytest.fixture
def set_up(cloud: Cloud, site: Site) -> Callable[..., Made]:
    """A function that makes a role that trusts the issuer, with every kind of policy, a bucket and a repository."""

    def make(*, pattern: str = "job:blue:*", rich: bool = True) -> Made:
        import boto3

        issuer = site.issuer
        audience = "sts.amazonaws.com"
        iam = boto3.client("iam", REGION)
        arn = iam.create_open_id_connect_provider(
            Url=issuer, ClientIDList=[audience], ThumbprintList=[site.thumbprint]
        )["OpenIDConnectProviderArn"]
        key = issuer.removeprefix("https://")
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{key}:aud": audience}, "StringLike": {f"{key}:sub": pattern}},
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName="Weights", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if rich:
            allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
            managed = iam.create_policy(PolicyName="Read", PolicyDocument=policy)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName="Weights", PolicyArn=managed)
            iam.put_role_policy(RoleName="Weights", PolicyName="inline", PolicyDocument=policy)
            iam.put_role_permissions_boundary(RoleName="Weights", PermissionsBoundary=managed)
            _resources(boto3)
        cloud.calls.clear()
        cloud.times.clear()
        return Made(role, arn, issuer)

    return make


def _resources(boto3: Any) -> None:
    key = boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    s3 = boto3.client("s3", REGION)
    s3.create_bucket(Bucket="weights")
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::weights/secret/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    s3.put_bucket_policy(Bucket="weights", Policy=document)
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
    s3.put_bucket_encryption(Bucket="weights", ServerSideEncryptionConfiguration=rules)
    ecr = boto3.client("ecr", REGION)
    ecr.create_repository(repositoryName="images")
    anybody = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    ecr.set_repository_policy(repositoryName="images", policyText=text)


def exchange_event(made: Made, number: int, *, error: str | None = None, region: str = REGION) -> dict[str, Any]:
    """An AssumeRoleWithWebIdentity as LookupEvents gives it."""
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=number + 1)
    at = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    record: dict[str, Any] = {
        "eventID": f"event-{region}-{number}",
        "eventName": "AssumeRoleWithWebIdentity",
        "eventSource": "sts.amazonaws.com",
        "eventTime": at,
        "awsRegion": region,
        "userIdentity": {
            "type": "WebIdentityUser",
            "principalId": f"{made.provider}:{made.audience}:{made.subject}",
            "userName": made.subject,
            "identityProvider": made.provider,
        },
        "requestParameters": {"roleArn": made.role, "roleSessionName": "weights"},
        "responseElements": None if error else {"credentials": {"accessKeyId": "ASIAEXAMPLE"}},
    }
    if error:
        record |= {"errorCode": error, "errorMessage": "An unknown error occurred"}
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventTime": moment.timestamp(),
        "Resources": [{"ResourceType": "AWS::IAM::Role", "ResourceName": made.role}],
        "CloudTrailEvent": json.dumps(record),
    }


# issuer


@dataclass
class Site:
    """What the issuer's host answers, by path: (status, headers, body), or a function that writes to the socket."""

    port: int = 0
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ca_file: str = ""
    thumbprint: str = ""  # of the last certificate that it sends

    @property
    def issuer(self) -> str:
        return f"https://{ISSUER_HOST}:{self.port}"

    def serve(self, path: str, body: Any, status: int = 200, **headers: str) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        found = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers[path] = (status, found, data)

    def good(self, keys: dict[str, Any] | None = None) -> None:
        """A right discovery document and a key set."""
        document = {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.serve("/.well-known/openid-configuration", document)
        self.serve("/jwks", keys or {"keys": []})


@dataclass
class Authority:
    """A certificate authority of a test, with an intermediate; all keys are made at run time."""

    folder: Path
    days: int = 30

    def __post_init__(self) -> None:
        self.root, self.root_key = self.issue("Test Root", None, None, ca=True)
        self.middle, self.middle_key = self.issue("Test Middle", self.root, self.root_key, ca=True)
        self.ca_file = self.folder / "root.pem"
        self.ca_file.write_bytes(self.pem(self.root))

    def issue(
        self, name: str, above: Any, above_key: Any, *, ca: bool = False, days: int | None = None
    ) -> tuple[Any, Any]:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        end = now + dt.timedelta(days=self.days if days is None else days)
        signer = above_key or key
        builder = (
            x509.CertificateBuilder()
            .subject_name(own)
            .issuer_name(above.subject if above else own)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=60))
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if not ca:
            names = [x509.DNSName(ISSUER_HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            server = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(server, critical=False)
        return builder.sign(signer, hashes.SHA256()), key

    @staticmethod
    def pem(certificate: Any) -> bytes:
        from cryptography.hazmat.primitives.serialization import Encoding

        return bytes(certificate.public_bytes(Encoding.PEM))

    def server_files(self, kind: str = "good") -> tuple[str, str]:
        """Chain and key of a host: good, expired, self-signed, out-of-order or no-intermediate."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        if kind == "self-signed":
            leaf, key = self.issue(ISSUER_HOST, None, None)
            chain = [leaf]
        else:
            leaf, key = self.issue(ISSUER_HOST, self.middle, self.middle_key, days=-1 if kind == "expired" else None)
            chain = {"out-of-order": [leaf, self.root, self.middle], "no-intermediate": [leaf]}.get(
                kind, [leaf, self.middle]
            )
        chain_file, key_file = self.folder / f"{kind}.pem", self.folder / f"{kind}.key"
        chain_file.write_bytes(b"".join(self.pem(one) for one in chain))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return str(chain_file), str(key_file)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site_with(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Site]]:
    """A function that starts an issuer whose host has this kind of certificate."""
    with contextlib.ExitStack() as stack:

        def start(kind: str = "good", *, minimum: ssl.TLSVersion | None = None) -> Site:
            site = Site(ca_file=str(authority.ca_file))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            files = authority.server_files(kind)
            context.load_cert_chain(*files)
            last = Path(files[0]).read_text().split("-----END CERTIFICATE-----\n")[-2] + "-----END CERTIFICATE-----\n"
            site.thumbprint = hashlib.sha1(ssl.PEM_cert_to_DER_cert(last.strip()), usedforsecurity=False).hexdigest()
            if minimum is not None:
                context.minimum_version = minimum
            server = _TlsServer(("127.0.0.1", 0), _site_handler(site))
            server.context = context
            site.port = stack.enter_context(serving(server))
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", site.ca_file)
            return site

        yield start


@pytest.fixture
def site(site_with: Callable[..., Site]) -> Site:
    """An issuer that answers rightly."""
    found = site_with()
    found.good()
    return found


class _TlsServer(_Quiet):
    context: ssl.SSLContext

    def get_request(self) -> tuple[socket.socket, Any]:
        raw, address = self.socket.accept()
        raw.settimeout(10)
        return self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False), address


def _site_handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            site.asked.append(self.path)
            found = site.answers.get(unquote(self.path))
            if callable(found):
                with contextlib.suppress(OSError):
                    found(self)
                return
            status, headers, body = found or (404, {}, b"not here")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    return Handler


# the command line


@dataclass
class Done:
    """A finished run."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Any:
        return json.loads(self.out)

    def coverage(self, what: str) -> dict[str, Any]:
        found = [one for one in self.report["coverage"] if one["what"] == what]
        assert found, [one["what"] for one in self.report["coverage"]]
        return dict(found[0])


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Done]:
    """Runs the command line in this process, in an empty folder; the report is JSON unless the arguments say else."""
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)

    def run(*arguments: str | Path, report: bool = True) -> Done:
        given = [str(one) for one in arguments]
        if report:
            given = ["--report", *given] + ([] if "--format" in given else ["--format", "json"])
        raw, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(raw, encoding="utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(given)
            out.flush()
        return Done(code, raw.getvalue().decode(), err.getvalue())

    return run
