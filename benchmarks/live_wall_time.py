"""How near a live collection comes to the least possible time, against a server with 200 ms latency and AWS's limits.

Printed: the wall time of the configuration, from the first request to the last answer, over the longest chain of
requests that need one another (goal: at most 1.15); of 50 pages of LookupEvents in each of two Regions over the time
that the limit of two requests a second allows (goal: at most 1.1); and what is lost when one call in ten fails (goal:
nothing). Run from the repository: python benchmarks/live_wall_time.py [pages of LookupEvents in each Region, 50]
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from oidc_doctor.live.aws import readers
from oidc_doctor.live.collect import Collected, collect
from oidc_doctor.model.evidence import Target, TargetAws

LATENCY = 0.2
PAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 50
REGIONS = ("us-east-1", "eu-west-1")
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Weights"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
POLICIES = 12  # attached to the role, each a chain of two requests
LONGEST = 4  # GetCallerIdentity, ListAttachedRolePolicies, GetPolicy, GetPolicyVersion

ANSWERS = {
    "GetCallerIdentity": f"<Account>{ACCOUNT}</Account><Arn>x</Arn><UserId>x</UserId>",
    "GetRole": f"<Role><Arn>{ROLE}</Arn><RoleName>Weights</RoleName><Path>/</Path>"
    f"<AssumeRolePolicyDocument>{POLICY}</AssumeRolePolicyDocument></Role>",
    "ListOpenIDConnectProviders": f"<OpenIDConnectProviderList><member><Arn>{PROVIDER}</Arn></member>"
    "</OpenIDConnectProviderList>",
    "GetOpenIDConnectProvider": "<Url>oidc.example.com</Url><ClientIDList><member>a</member></ClientIDList>",
    "ListRolePolicies": "<PolicyNames><member>a</member><member>b</member></PolicyNames>",
    "GetRolePolicy": f"<PolicyName>a</PolicyName><PolicyDocument>{POLICY}</PolicyDocument>",
    "ListAttachedRolePolicies": "<AttachedPolicies>"
    + "".join(
        f"<member><PolicyName>p{number}</PolicyName><PolicyArn>arn:aws:iam::{ACCOUNT}:policy/p{number}</PolicyArn></member>"
        for number in range(POLICIES)
    )
    + "</AttachedPolicies>",
    "GetPolicy": "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>",
    "GetPolicyVersion": f"<PolicyVersion><Document>{POLICY}</Document></PolicyVersion>",
}


class Service:
    """Answers with the latency, counts what arrives, refuses what is over the limit."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begun: float | None = None
        self.ended = 0.0
        self.calls = 0
        self.throttled = 0
        self.fail_each = 0
        self.recent: dict[str, list[float]] = {}

    def reset(self, fail_each: int = 0) -> None:
        self.__init__()  # type: ignore[misc] # all of it anew
        self.fail_each = fail_each


SERVICE = Service()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        with SERVICE.lock:
            SERVICE.begun = now if SERVICE.begun is None else SERVICE.begun
            SERVICE.calls += 1
            fails = SERVICE.fail_each and SERVICE.calls % SERVICE.fail_each == 0
        lookup = self.headers.get("X-Amz-Target", "").endswith(".LookupEvents")
        status, answer = self.lookup(json.loads(body), now) if lookup else self.iam(body.decode())
        time.sleep(LATENCY)
        if fails:
            error = b"<ErrorResponse><Error><Code>Internal</Code></Error></ErrorResponse>"
            status, answer = 500, b"{}" if lookup else error
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1" if lookup else "text/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        with SERVICE.lock:
            SERVICE.ended = time.monotonic()

    def lookup(self, request: dict[str, Any], now: float) -> tuple[int, bytes]:
        region = re.search(r"/\d{8}/([^/]+)/", self.headers["Authorization"])[1]  # type: ignore[index] # signed
        with SERVICE.lock:
            recent = SERVICE.recent.setdefault(region, [])
            recent[:] = [moment for moment in recent if moment > now - 1.0]
            if len(recent) >= 2:
                SERVICE.throttled += 1
                return 400, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
            recent.append(now)
        if request["LookupAttributes"][0]["AttributeValue"] != ROLE:
            return 200, b'{"Events": []}'
        page = int(request.get("NextToken", "0"))
        event = {"eventID": f"{region}-{page}", "eventName": "AssumeRoleWithWebIdentity", "awsRegion": region}
        answer: dict[str, Any] = {"Events": [{"EventId": event["eventID"], "CloudTrailEvent": json.dumps(event)}]}
        if page + 1 < PAGES:
            answer["NextToken"] = str(page + 1)
        return 200, json.dumps(answer).encode()

    @staticmethod
    def iam(body: str) -> tuple[int, bytes]:
        action = parse_qs(body)["Action"][0]
        space = (
            "https://sts.amazonaws.com/doc/2011-06-15/"
            if action == "GetCallerIdentity"
            else ("https://iam.amazonaws.com/doc/2010-05-08/")
        )
        inner = f"<{action}Result>{ANSWERS[action]}</{action}Result>"
        return 200, f'<{action}Response xmlns="{space}">{inner}</{action}Response>'.encode()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def run(clients: readers.AwsClients, *, lookup: bool, fail_each: int = 0) -> tuple[Collected, float]:
    """Return what a collection read, and its seconds from the first request to the last answer."""
    SERVICE.reset(fail_each)
    target = Target("weights", aws=TargetAws(ROLE, region=REGIONS[1]))
    scope = readers.AwsScope(target, ("https://oidc.example.com",), lookup=lookup, max_pages=PAGES)
    collected = collect(readers.readers(clients, scope), timeout=600)
    assert SERVICE.begun is not None
    return collected, SERVICE.ended - SERVICE.begun


def lost(collected: Collected) -> list[str]:
    return [str(read) for read in collected.reads if read["outcome"] != "ok" or read.get("truncated")]


def main() -> None:
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    clients = readers.AwsClients(None, "aws")
    for service, region in (("sts", REGIONS[1]), ("iam", REGIONS[0])):
        clients.of(service, region)  # what boto3 takes to load its models is not the network's
    for fail_each in (0, 10):
        collected, seconds = run(clients, lookup=False, fail_each=fail_each)
        chain = LONGEST * LATENCY
        label = "one call in ten fails" if fail_each else "configuration"
        ratio = f"{seconds:.2f} s, {seconds / chain:.2f} × the longest chain ({chain:.1f} s)"
        print(f"{label}: {SERVICE.calls} calls in {ratio}; lost: {lost(collected) or 'nothing'}")
    for fail_each in (0, 10):
        collected, seconds = run(clients, lookup=True, fail_each=fail_each)
        busiest = PAGES + 2  # in us-east-1 two more queries: changes of the role, and of the provider
        limit = (busiest - 1) / 2 + LATENCY
        label = "one call in ten fails" if fail_each else "LookupEvents"
        ratio = f"{seconds:.1f} s, {seconds / limit:.2f} × the limit's own time ({limit:.1f} s)"
        logs = [name for name in collected.bundle.names() if "cloudtrail" in name]
        events = sum(collected.bundle.read(name).count(b'"EventId"') for name in logs)
        print(
            f"{label}: {PAGES} pages in {len(REGIONS)} Regions in {ratio}; throttled {SERVICE.throttled} times; "
            f"{events} of {PAGES * len(REGIONS)} events; lost: {lost(collected) or 'nothing'}"
        )


if __name__ == "__main__":
    main()
