"""The guard of copied commands, and what the real AWS CLI (version 1) makes of those that it lets through."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_doctor.commands import as_word, aws_iam, command, commands, is_plain

CLI = shutil.which("aws", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
ARN = "arn:aws:iam::123456789012:oidc-provider/issuer.example"
ADD = "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {}"
CREATE = "aws iam create-open-id-connect-provider --url {} --client-id-list {}"
UNSAFE = [
    "--profile=evil",
    "-x",
    "file:///home/user/.aws/credentials",
    "FILE://x",
    "fileb://x",
    "file:x",
    "http://127.0.0.1:9911/evil",
    "HTTP://x",
    "@/etc/passwd",
    "",
    "a\nb",
    "a\x1b[31m",
    "a\x9b",
    "a\u202eb",
    "a\u200bb",
    "\ud800",
]


@pytest.mark.parametrize("value", UNSAFE)
def test_an_unsafe_value_is_in_no_command(value: str) -> None:
    assert commands(ADD, ARN, value) == ()
    assert commands(CREATE, "https://issuer.example", value) == ()
    assert commands("gcloud iam service-accounts describe {}", value) == ()
    assert commands("curl -gsSi --url {}", value) == ()
    assert aws_iam("add-client-id-to-open-id-connect-provider", OpenIDConnectProviderArn=ARN, ClientID=value) == ""
    assert aws_iam("create-open-id-connect-provider", Url="https://x", ClientIDList=["plain", value]) == ""
    assert aws_iam("get-role", RoleName=value) == ""
    assert command("gcloud", "iam", "service-accounts", "enable", value) == ""
    for option in ("role", "member", "allowed-audiences", "issuer-uri", "project"):
        assert value == "" or command("gcloud", "projects", "x", f"--{option}={value}") == ""
    assert command("gcloud", "x", f"--allowed-audiences=https://a,{value}") == ""
    assert command("gcloud", "x", f"--allowed-audiences=^;^a,b;{value}") == ""


@pytest.mark.parametrize(
    "word", ["--flags-file=/tmp/x", "--impersonate-service-account=evil@x", "--configuration=evil"]
)
def test_a_name_that_is_an_option_of_gcloud_is_in_no_command(word: str) -> None:
    assert command("gcloud", "iam", "service-accounts", "enable", word) == ""


def test_only_pages_that_are_encrypted_are_asked_for() -> None:
    for url in ("ftp://x", "gopher://x", "localhost:80/x", "issuer.example"):
        assert commands("curl -gsSi --url {}", url) == ()
    assert commands("curl -gsSi --url {}", "https://issuer.example/x") == ("curl -gsSi --url https://issuer.example/x",)


def test_expressions_of_google_may_have_lines_but_no_control_characters() -> None:
    option = "--attribute-condition=assertion.a == 'x' &&\n\tassertion.b == 'y'"
    text = command("gcloud", "x", option).replace("gcloud", "printf %s", 1)
    assert subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=True).stdout == "x" + option
    assert command("gcloud", "x", "--attribute-condition=", "--allowed-audiences=").endswith("--allowed-audiences=")
    for character in "\x1b\x7f\x9b\u202e\x00":
        assert command("gcloud", "x", option + character) == ""


@given(st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_the_guard_holds_for_any_text(values: list[str]) -> None:
    template = "gcloud iam service-accounts describe" + " {}" * len(values)
    for text in commands(template, *values):
        words = subprocess.run(
            ["bash", "-c", f"printf '%s\\0' {text}"], capture_output=True, check=True
        ).stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]  # fmt: skip
        assert words[4:] == values
        assert all(is_plain(word) for word in words)
    assert commands(template, *values) or not all(map(is_plain, values))


# the real CLI


class Caught(NamedTuple):
    """What the AWS CLI asked of a server on this machine: paths that it fetched, and parameters of its requests."""

    fetched: list[str]
    sent: list[dict[str, list[str]]]
    port: int
    environment: dict[str, str]

    def run(self, text: str) -> None:
        subprocess.run(["bash", "-c", text], env=self.environment, capture_output=True, check=False, timeout=60)


@pytest.fixture
def caught(tmp_path: Path, aws_programs: Path) -> Iterator[Caught]:
    fetched: list[str] = []
    sent: list[dict[str, list[str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            fetched.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"attacker-chosen")

        def do_POST(self) -> None:
            sent.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one"}
        environment = keys | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_DEFAULT_REGION": "us-east-1", "HOME": str(tmp_path),
            "PATH": os.pathsep.join([str(aws_programs), os.environ["PATH"]]), "LC_ALL": "C.UTF-8",
            "AWS_CONFIG_FILE": str(tmp_path / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        }  # fmt: skip
        yield Caught(fetched, sent, port, environment)
        server.shutdown()


def test_version_1_fetches_a_url_that_stands_as_a_value(caught: Caught) -> None:
    """The reason for the guard, and for JSON where a value is a URL."""
    version = subprocess.run([str(CLI), "--version"], capture_output=True, text=True, check=True).stdout
    assert re.match(r"aws-cli/1\.", version)
    caught.run(ADD.format(ARN, f"http://127.0.0.1:{caught.port}/evil"))
    assert caught.fetched == ["/evil"]
    assert caught.sent[0]["ClientID"] == ["attacker-chosen"]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "audience", ["https://github.com/acme", "HTTPS://127.0.0.1:1/x", '["a", "b"]', "it's {x} $HOME"]
)
def test_the_audience_is_registered_as_it_is(audience: str, caught: Caught) -> None:
    value: Any
    for text in (
        *commands(ADD, ARN, audience),
        aws_iam("add-client-id-to-open-id-connect-provider", OpenIDConnectProviderArn=ARN, ClientID=audience),
    ):
        caught.run(text)
        value = caught.sent.pop()
        assert (value["ClientID"], value["OpenIDConnectProviderArn"]) == ([audience], [ARN])
    for text in (
        *commands(CREATE, "https://issuer.example", audience),
        aws_iam("create-open-id-connect-provider", Url="https://issuer.example", ClientIDList=[audience, "two"]),
    ):
        caught.run(text)
        value = caught.sent.pop()
        assert (value["ClientIDList.member.1"], value["Url"]) == ([audience], ["https://issuer.example"])
    assert caught.fetched == []


def test_options_of_the_cli_itself_stay_beside_the_json() -> None:
    (text,) = commands("aws iam get-role --role-name {} --query Role.Arn --output text", "https://x")
    words = shlex.split(text)
    assert words[:4] == ["aws", "iam", "get-role", "--cli-input-json"]
    assert json.loads(words[4]) == {"RoleName": "https://x"}
    assert words[5:] == ["--query", "Role.Arn", "--output", "text"]
    assert as_word("=x") == "'=x'"
