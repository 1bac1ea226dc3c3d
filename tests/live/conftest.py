"""Fixtures of live runs: an empty AWS, an issuer, and the command line in an empty folder."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import io
import ssl
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from clouds.aws import Cloud, handler
from clouds.aws_set_up import AwsSetUp, make_role
from clouds.buckets import Buckets, serving_buckets
from clouds.command_line import FinishedRun
from clouds.issuer import Authority, Site, TlsServer, site_handler
from clouds.servers import QuietServer, serving
from clouds.trail_reader import TrailReader
from oidc_doctor.cli.main import main
from oidc_doctor.live import collector
from oidc_doctor.live.aws import client as aws_client
from oidc_doctor.live.aws.client import AwsClients


@pytest.fixture
def paced() -> None:
    """Requested by a test of the pacing itself: the real intervals between calls."""


@pytest.fixture(autouse=True)
def without_waiting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat failed calls and look up logs at once: the calls and their order are the same, only the pauses go."""
    if "paced" not in request.fixturenames:
        monkeypatch.setattr(collector, "_FIRST_PAUSE", 0.001)
        monkeypatch.setattr(aws_client, "_APART", 0.0)


@pytest.fixture
def others_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that sets the clock of every server so many seconds ahead."""

    def ahead(seconds: float) -> None:
        def date(_: Any, timestamp: float | None = None) -> str:
            return formatdate((time.time() if timestamp is None else timestamp) + seconds, usegmt=True)

        monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date)

    return ahead


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
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cloud = Cloud()
    with serving(QuietServer(("127.0.0.1", 0), handler(cloud, moto_port))) as port:
        cloud.port = port
        monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.url)
        yield cloud


@pytest.fixture
def set_up(cloud: Cloud, site: Site) -> Callable[..., AwsSetUp]:
    """A function that makes a role that trusts the issuer, with every kind of policy, a bucket and a repository."""
    return functools.partial(make_role, cloud, site)


# issuer


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
            server = TlsServer(("127.0.0.1", 0), site_handler(site))
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


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., FinishedRun]:
    """Runs the command line in this process, in an empty folder; the report is JSON unless the arguments say else."""
    folder = tmp_path / "here"
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)

    def run(*arguments: str | Path, report: bool = True) -> FinishedRun:
        given = [str(one) for one in arguments]
        if report:
            given = ["--report", *given] + ([] if "--format" in given else ["--format", "json"])
        raw, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(raw, encoding="utf-8")
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(given)
            out.flush()
        return FinishedRun(code, raw.getvalue().decode(), err.getvalue())

    return run


# a trail's bucket


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Buckets, AwsClients]]:
    """A server, and the clients that it is the endpoint of: making a client takes longer than most tests here."""
    with pytest.MonkeyPatch.context() as patch, serving_buckets(Buckets()) as (url, served):
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-one")
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "no-config"))
        patch.setenv("AWS_ENDPOINT_URL", url)
        yield served, AwsClients(None, "aws")


@pytest.fixture
def buckets(served: tuple[Buckets, AwsClients]) -> Buckets:
    """An empty bucket."""
    served[0].empty()
    return served[0]


@pytest.fixture
def reader(buckets: Buckets, served: tuple[Buckets, AwsClients], tmp_path: Path) -> TrailReader:
    return TrailReader(buckets, tmp_path / "cache", served[1])
