"""The facts of a CI job, in a log, in a summary and as JSON, whatever a stranger wrote into them."""

from __future__ import annotations

import json

import pytest

from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.job import Conditions, Job, JobToken, Lack, ToWrite
from oidc_doctor.report.annotations import without_commands
from oidc_doctor.report.job import annotations_of, job_to_json, render_job_markdown, render_job_text
from reports.consumers import in_a_ticket, on_a_terminal
from reports.payloads import PAYLOADS


def job_of(text: str) -> Job:
    """A job in which every value that a stranger can write is this text."""
    token = JobToken(text, text, text, (text, text), text, text, text, text)
    broken = JobToken(text, None, None, None, fault=text)
    lack = Lack("TOK014", "token-not-issued", f"No token: {text}.", f"Do {text}.", certain=True, file=text, line=3)
    parts = (Conditions("aws", text, f"{json.dumps(text)}\n{json.dumps(text)}"), Conditions("gcp", text, "", text))
    return Job("github", "GitHub Actions", (token, broken), (lack,), (ToWrite(text, parts),), (text,), text)


@pytest.mark.parametrize("language", PAYLOADS)
def test_payload_in_every_value(language: str) -> None:
    for payload in PAYLOADS[language]:
        job = job_of(payload)
        on_a_terminal(without_commands(render_job_text(job, 100)))
        in_a_ticket(render_job_markdown(job))
        value = json.loads(json.dumps(job_to_json(job)))
        assert value["schema"] == "oidc-doctor.ci/1"
        assert (
            value["tokens"][0]["subject"] == json.loads(json.dumps(payload))
            or "removed" in value["tokens"][0]["subject"]
        )


def test_missing_token_and_tokens_are_annotated() -> None:
    rows = annotations_of(job_of("x"), run(None, Question()))
    assert [row.level for row in rows] == ["error", "warning", "notice"]  # one token is none
    assert (rows[0].file, rows[0].line) == ("x", 3)
    (nothing,) = annotations_of(Job("", "this environment"), run(None, Question()))
    assert nothing.level == "notice"
