"""What all tests share: settings of hypothesis, and bundle folders with healthy set-ups.

The set-ups, for AWS and for Google, are those of which a check's test changes one thing. The builders are plain modules
in tests/builders, which pytest's `pythonpath` puts on the path.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from clouds import aws_cli
from evidence import Answer, Bundle
from evidence.small import small_bundle

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Answer", "Bundle"]

# A shell ignores SIGINT in what it starts in the background; the commands under test would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no bug: no example has a deadline, and how long its making takes is not judged. The usual run has
# the same examples each time; --all-cases looks for others.
_USUAL = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("oidc-doctor", _USUAL, max_examples=30, derandomize=True)
hypothesis.settings.register_profile("all-cases", _USUAL, max_examples=100)
hypothesis.settings.load_profile("oidc-doctor")


_STEP = 13  # of the cases of a sweep, one in so many is run; a prime, so that two parameters do not go in step


def pytest_addoption(parser: pytest.Parser) -> None:
    explained = f"run every case of the sweeps, not one in {_STEP}, and three times the examples of hypothesis"
    parser.addoption("--all-cases", action="store_true", help=explained)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all-cases"):
        hypothesis.settings.load_profile("all-cases")
    config.addinivalue_line("markers", f"sweep: very many cases of one kind; one in {_STEP} is run, see --all-cases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out cases of the tests marked as sweeps: the same ones in each run, and never all of a test."""
    if config.getoption("--all-cases"):
        return
    counts: Counter[str] = Counter()
    left_out = []
    for item in items:
        if item.get_closest_marker("sweep") is not None:
            test = item.nodeid.partition("[")[0]
            if counts[test] % _STEP:
                left_out.append(item)
            counts[test] += 1
    config.hook.pytest_deselected(items=left_out)
    without = set(map(id, left_out))
    items[:] = [item for item in items if id(item) not in without]


def pytest_collection_finish() -> None:
    """Keep the garbage collector from looking through all the tests again and again: they stay until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def write_bundle(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes `small_bundle`, without the files named by `without`, and gives its folder."""

    def write(*, without: str = "", **what: Any) -> Path:
        folder = tmp_path / "bundle"
        for name, value in small_bundle(**what).items():
            if name not in without.split():
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(json.dumps(value, indent=2), encoding="utf-8")
        return folder

    return write


@pytest.fixture
def lines_run() -> Callable[[Callable[[], object]], int]:
    """A function that counts the lines of Python which a call runs: its work, whatever the machine is busy with."""

    def count(question: Callable[[], object]) -> int:
        lines = 0

        def trace(_frame: FrameType, event: str, _value: object) -> Any:
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            question()
        finally:
            sys.settrace(before)
        return lines

    return count


_PROGRAM = "from oidc_doctor.cli.main import main; raise SystemExit(main())"
_LONGEST = 60  # seconds that a started program may run


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts the program as a process of its own, which SIGINT reaches.

    The process and those that it started are killed after a minute, and at the end of the test.
    """
    with contextlib.ExitStack() as ends:

        def started(*arguments: str | Path) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
                start_new_session=True,
            )

            def kill() -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

            watch = threading.Timer(_LONGEST, kill)
            watch.start()
            ends.enter_context(process)  # closes the pipes and waits, after all are killed
            ends.callback(kill)
            ends.callback(watch.cancel)
            return process

        yield started


@pytest.fixture(scope="session")
def aws_programs() -> Iterator[Path]:
    """A folder with the real AWS CLI as `aws`, which starts fast: it belongs first on a PATH."""
    pytest.importorskip("awscli", reason="the AWS CLI is not installed: pip install 'oidc-doctor[test]'")
    with aws_cli.started() as folder:
        yield folder


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle with a manifest alone."""
    root = tmp_path / "bundle"
    root.mkdir()
    return Bundle(root).manifest()


@pytest.fixture
def aws(bundle: Bundle) -> Bundle:
    """A healthy AWS set-up: signed token, key set, discovery document, provider, role and its trust policy."""
    bundle.token().jwks().discovery().aws_provider().aws_role()
    return bundle.sends()


@pytest.fixture
def gcp(bundle: Bundle) -> Bundle:
    """A healthy Google set-up: signed token, keys, discovery document, provider, pool, service account, its policy."""
    bundle.token().jwks().discovery().gcp_provider().gcp_pool().gcp_project()
    bundle.service_account().service_account_policy()
    return bundle.target(
        gcp={
            "provider": Bundle.GCP_PROVIDER,
            "audience": f"//iam.googleapis.com/{Bundle.GCP_PROVIDER}",
            "service_account": Bundle.SERVICE_ACCOUNT,
        }
    )


@pytest.fixture
def github(aws: Bundle) -> Bundle:
    """A healthy AWS set-up for GitHub Actions, in place of Baseten's."""
    host = Bundle.GITHUB.removeprefix("https://")
    arn = f"arn:aws:iam::{Bundle.ACCOUNT}:oidc-provider/{host}"
    condition = {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": Bundle.GITHUB_SUBJECT},
    }
    claims = {
        "iss": Bundle.GITHUB,
        "sub": Bundle.GITHUB_SUBJECT,
        "aud": "sts.amazonaws.com",
        "iat": Bundle.NOW - 60,
        "exp": Bundle.NOW + 240,
        "repository": "octo-org/weights",
        "repository_owner": "octo-org",
        "ref": "refs/heads/main",
        "actor": "octo-dev",
        "event_name": "push",
    }
    aws.token(claims).discovery(issuer=Bundle.GITHUB, jwks_uri=Bundle.GITHUB + "/.well-known/jwks")
    aws.aws_provider(client_ids=("sts.amazonaws.com",), url=host, arn=arn)
    return aws.trust(aws.statement(condition, Principal={"Federated": arn}))
