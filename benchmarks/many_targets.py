"""How near a run over many targets comes to the time that the clouds' rate limits alone need, and its memory.

A server on this machine enforces the limits: 2 LookupEvents a second for each Region, 20 requests a second of IAM (its
own limit is not published), 60 reads of logs a minute at Google. Printed for each number of targets: the wall time of
the collection over the longest of calls ÷ limit (goal: at most 1.2), the calls that were throttled, the time to judge
each target on its own, and the peak memory. Run from the repository: python benchmarks/many_targets.py [20 200]
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

LATENCY = 0.05
ACCOUNT, PROJECT, NUMBER = "123456789012", "weights-prod", "482910375566"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/baseten-pool"
WEEK = 7 * 86_400
EVENTS_PER_ROLE = 4
PAGE = 50  # events or entries
LIMITS = {"lookup": (2.0, 2.0), "iam": (20.0, 20.0), "logs": (1.0, 2.0)}  # calls a second, and at once
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"oidc.example.com:aud": "weights"}},
        }
    ],
}


def role(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/Weights{number:03}"


def email(number: int) -> str:
    return f"weights{number:03}@{PROJECT}.iam.gserviceaccount.com"


class Limits:
    """Token buckets. What is over the limit takes no token, as AWS documents for its own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.left = {name: burst for name, (_, burst) in LIMITS.items()}
        self.at: dict[str, float] = {}
        self.calls: Counter[str] = Counter()

    def allows(self, kind: str, place: str) -> bool:
        name = f"{kind} {place}".strip()
        rate, burst = LIMITS[kind]
        with self.lock:
            now = time.monotonic()
            left = min(burst, self.left.get(name, burst) + rate * (now - self.at.get(name, now)))
            self.at[name] = now
            self.left[name] = left - 1 if left >= 1 else left
            self.calls[name if left >= 1 else f"throttled: {name}"] += 1
            return left >= 1


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(targets: int, port: Any) -> None:  # noqa: C901 - one class inside
    limits, now = Limits(), time.time()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == "/calls":
                return self.answer(200, json.dumps(limits.calls), "application/json")
            time.sleep(LATENCY)
            if self.headers.get("X-Amz-Target"):
                return self.lookup(json.loads(body))
            if "AWS4-HMAC" in self.headers.get("Authorization", ""):
                return self.iam({name: values[0] for name, values in parse_qs(body.decode()).items()})
            return self.google(body)

        do_GET = do_POST = do  # noqa: N815 - the base class's names

        def lookup(self, asked: dict[str, Any]) -> None:
            region = re.search(r"/\d{8}/([^/]+)/", self.headers["Authorization"])
            if not limits.allows("lookup", region[1] if region else ""):
                return self.answer(400, '{"__type": "ThrottlingException"}', "application/x-amz-json-1.1")
            about = asked["LookupAttributes"][0]["AttributeValue"]
            numbers = range(targets * EVENTS_PER_ROLE) if about == "AssumeRoleWithWebIdentity" else []
            if about.startswith("arn:aws:iam") and ":role/" in about:
                numbers = range(int(about[-3:]), targets * EVENTS_PER_ROLE, targets)
            start = int(asked.get("NextToken", "0"))
            answer: dict[str, Any] = {"Events": [self.event(number) for number in numbers[start : start + PAGE]]}
            if start + PAGE < len(numbers):
                answer["NextToken"] = str(start + PAGE)
            return self.answer(200, json.dumps(answer), "application/x-amz-json-1.1")

        def event(self, number: int) -> dict[str, Any]:
            at = now - 60 - number * (WEEK - 600) / (targets * EVENTS_PER_ROLE)
            record = {
                "eventID": f"e{number}",
                "eventName": "AssumeRoleWithWebIdentity",
                "eventSource": "sts.amazonaws.com",
                "eventTime": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "awsRegion": "us-east-1",
                "userIdentity": {"type": "WebIdentityUser", "userName": "job:blue:1"},
                "requestParameters": {"roleArn": role(number % targets), "roleSessionName": "x" * 500},
                "errorCode": "AccessDenied",
            }
            return {"EventId": f"e{number}", "EventTime": at, "CloudTrailEvent": json.dumps(record)}

        def iam(self, asked: dict[str, str]) -> None:
            action = asked["Action"]
            if action != "GetCallerIdentity" and not limits.allows("iam", ""):
                error = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
                return self.answer(400, error + "</ErrorResponse>", "text/xml")
            name = asked.get("RoleName", "")
            provider = TRUST["Statement"][0]["Principal"]["Federated"]  # type: ignore[index] # of a constant
            policy = f"arn:aws:iam::{ACCOUNT}:policy/Shared"
            inner = {
                "GetCallerIdentity": f"<Account>{ACCOUNT}</Account><Arn>x</Arn><UserId>x</UserId>",
                "GetRole": f"<Role><Arn>arn:aws:iam::{ACCOUNT}:role/{name}</Arn><RoleName>{name}</RoleName>"
                "<Path>/</Path>"
                f"<AssumeRolePolicyDocument>{json.dumps(TRUST)}</AssumeRolePolicyDocument></Role>",
                "ListOpenIDConnectProviders": "<OpenIDConnectProviderList><member>"
                f"<Arn>{provider}</Arn></member></OpenIDConnectProviderList>",
                "GetOpenIDConnectProvider": "<Url>oidc.example.com</Url><ClientIDList>"
                "<member>weights</member></ClientIDList>",
                "ListRolePolicies": "<PolicyNames/>",
                "ListAttachedRolePolicies": "<AttachedPolicies><member><PolicyName>Shared</PolicyName>"
                f"<PolicyArn>{policy}</PolicyArn></member></AttachedPolicies>",
                "GetPolicy": "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>",
                "GetPolicyVersion": "<PolicyVersion><Document>{}</Document></PolicyVersion>",
            }.get(action, "")
            space = "iam.amazonaws.com/doc/2010-05-08/"
            space = "sts.amazonaws.com/doc/2011-06-15/" if action == "GetCallerIdentity" else space
            result = (
                f'<{action}Response xmlns="https://{space}"><{action}Result>{inner}</{action}Result></{action}Response>'
            )
            return self.answer(200, result, "text/xml")

        def google(self, body: bytes) -> None:
            place = self.path.partition("?")[0].replace("%40", "@")
            if place == "/token":
                token = {"access_token": "ya29.doctor", "expires_in": 3600, "token_type": "Bearer"}
                return self.answer(200, json.dumps(token), "application/json")
            if place == "/v2/entries:list":
                if not limits.allows("logs", ""):
                    return self.answer(
                        429, '{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}', "application/json"
                    )
                return self.answer(200, json.dumps(self.entries(json.loads(body))), "application/json")
            last = place.rpartition("/")[2]
            answer: dict[str, Any] = {"name": place.removeprefix("/v1/").removeprefix("/v3/"), "state": "ACTIVE"}
            if last.endswith(":getIamPolicy"):
                answer = {"etag": "x", "bindings": []}
            elif last == "services:batchGet":
                answer = {"services": []}
            elif "/providers/" in place:
                answer |= {
                    "oidc": {"issuerUri": "https://oidc.example.com"},
                    "attributeMapping": {"google.subject": "assertion.sub"},
                }
            elif "/serviceAccounts/" in place:
                answer |= {"email": last}
            elif place.startswith("/v3/projects/"):
                answer = {"name": f"projects/{NUMBER}", "projectId": PROJECT}
            return self.answer(200, json.dumps(answer), "application/json")

        def entries(self, asked: dict[str, Any]) -> dict[str, Any]:
            if "ExchangeToken" not in asked["filter"]:
                return {}
            start, every = int(asked.get("pageToken", "0")), range(targets * EVENTS_PER_ROLE)
            entries = [
                {
                    "insertId": f"i{number}",
                    "timestamp": datetime.fromtimestamp(now - 60 - number * 60, UTC).isoformat().replace("+00:00", "Z"),
                    "protoPayload": {
                        "serviceName": "sts.googleapis.com",
                        "methodName": "google.identity.sts.v1.SecurityTokenService.ExchangeToken",
                        "resourceName": f"{POOL}/providers/p{number % targets:03}",
                        "authenticationInfo": {"principalSubject": "job:blue:1"},
                    },
                }
                for number in every[start : start + PAGE]
            ]
            return {"entries": entries} | ({"nextPageToken": str(start + PAGE)} if start + PAGE < len(every) else {})

        def answer(self, status: int, body: str, kind: str) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = Server(("127.0.0.1", 0), Handler)
    port.send(server.server_address[1])
    server.serve_forever()


def measure(targets: int, cloud: str, port: int) -> None:
    """Collect and judge, in a process of its own, whose peak memory is that of the run."""
    import urllib.request

    from oidc_doctor.bundle.of_target import bundle_of_target
    from oidc_doctor.examine.examine import run
    from oidc_doctor.examine.question import Question
    from oidc_doctor.live.plan import CollectionRequest, Goal, gather
    from oidc_doctor.model.evidence import Target, TargetAws, TargetGcp

    goals, tables = [], []
    for number in range(targets):
        name = f"t{number:03}"
        if cloud == "aws":
            goals.append(Goal(Target(name, aws=TargetAws(role(number)))))
            tables.append(f'[[target]]\nname = "{name}"\naws.role_arn = "{role(number)}"\n')
        else:
            provider = f"{POOL}/providers/p{number:03}"
            goals.append(Goal(Target(name, gcp=TargetGcp(provider=provider, service_account=email(number)))))
            tables.append(
                f'[[target]]\nname = "{name}"\ngcp.provider = "{provider}"\ngcp.service_account = "{email(number)}"\n'
            )
    request = CollectionRequest(
        tuple(goals), folders=True, given=(("oidc-doctor.toml", "".join(tables)),), back=WEEK, timeout=3600
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    collected = gather(request)
    seconds = time.monotonic() - began
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/calls") as answer:
        calls = Counter(json.loads(answer.read()))
    needed = {name: number / LIMITS[name.split()[0]][0] for name, number in calls.items() if not name.startswith("thr")}
    longest = max(needed, key=lambda name: needed[name])
    throttled = sum(number for name, number in calls.items() if name.startswith("thr"))
    lost = Counter(str(read["call"]) for read in collected.reads if read["outcome"] != "ok" or read.get("truncated"))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{cloud}, {targets} targets: {seconds:.1f} s, {seconds / needed[longest]:.2f} × calls ÷ limit "
        f"({calls[longest]} of {longest}: {needed[longest]:.1f} s); throttled {throttled} times; "
        f"not read: {dict(lost) or 'nothing'}"
    )
    began = time.monotonic()
    attempts = 0
    for goal in goals:
        report = run(bundle_of_target(collected.bundle, goal.target.name), Question())
        attempts += len(report.attempts)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"  judged one by one in {seconds:.1f} s, {attempts} kinds of attempt; memory at the start "
        f"{before / 1024:.0f} MiB, after reading {after / 1024:.0f} MiB, at most {peak / 1024:.0f} MiB"
    )


def main() -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    processes = multiprocessing.get_context("spawn")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forms = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for cloud in ("aws", "gcp"):
        for targets in [int(number) for number in sys.argv[1:]] or [20, 200]:
            ours, theirs = processes.Pipe()
            server = processes.Process(target=serve, args=(targets, theirs), daemon=True)
            server.start()
            port = ours.recv()
            base = f"http://127.0.0.1:{port}"
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                account = {
                    "type": "service_account",
                    "client_email": "d@x.iam.gserviceaccount.com",
                    "token_uri": f"{base}/token",
                }
                json.dump(account | {"private_key": key.private_bytes(*forms).decode()}, file)
                file.flush()
                os.environ |= {"AWS_ENDPOINT_URL": base, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
                os.environ |= {"GOOGLE_APPLICATION_CREDENTIALS": file.name, "NO_PROXY": "127.0.0.1"}
                for service in ("IAM", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE", "ORGPOLICY", "LOGGING"):
                    os.environ[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}"] = base
                client = processes.Process(target=measure, args=(targets, cloud, port))
                client.start()
                client.join()
            server.terminate()


if __name__ == "__main__":
    main()
