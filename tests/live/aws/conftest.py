"""Fixtures of live runs against AWS: a question with decoded claims, and a collection without the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clouds.aws_set_up import AUDIENCE, SUBJECT, TRUSS, AwsSetUp
from clouds.command_line import FinishedRun
from oidc_doctor.live.aws import readers as aws


@pytest.fixture
def ask(tmp_path: Path, doctor: Callable[..., FinishedRun]) -> Callable[..., FinishedRun]:
    """Asks about a role with decoded claims, without logs unless the arguments say else."""

    def run(made: AwsSetUp, *more: str | Path, subject: str = SUBJECT, logs: bool = False) -> FinishedRun:
        claims = tmp_path / "claims.json"
        claims.write_text(json.dumps({"iss": made.issuer, "sub": subject, "aud": AUDIENCE}))
        given: list[str | Path] = ["--role", made.role, "--claims", claims, "--private-issuer", *more]
        given += [] if logs else ["--no-logs"]
        return doctor(*given)

    return run


@pytest.fixture
def ask_everything(tmp_path: Path, ask: Callable[..., FinishedRun]) -> Callable[..., FinishedRun]:
    """Ask for all that there is: the bucket and the repository of a Truss configuration, logs and --oracles."""

    def run(made: AwsSetUp, *more: str, logs: bool = True) -> FinishedRun:
        config = tmp_path / "config.yaml"
        config.write_text(TRUSS.format(role=made.role))
        return ask(made, "--truss", config, "--oracles", *more, logs=logs)

    return run


@pytest.fixture
def probe() -> Callable[..., FinishedRun]:
    """A collection and its report without the command line: boto3's clients are made once."""
    from oidc_doctor.examine.examine import run
    from oidc_doctor.examine.question import Question
    from oidc_doctor.live.collect import collect
    from oidc_doctor.model.evidence import Target, TargetAws
    from oidc_doctor.report.json import render_json

    clients = aws.AwsClients(None, "aws")

    def probe(made: AwsSetUp) -> FinishedRun:
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/images:1"
        target = Target("x", made.issuer, TargetAws(made.role, s3_bucket="weights", ecr_repository=image))
        readers = aws.readers(clients, aws.AwsScope(target, (made.issuer,), lookup=False))
        claims = {"iss": made.issuer, "sub": SUBJECT, "aud": AUDIENCE}
        found = collect(readers, given=[("claims.json", claims)])
        report = run(found.bundle, Question(overrides=target))
        return FinishedRun(report.exit_code, render_json(report), "")

    return probe
