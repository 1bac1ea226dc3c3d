"""What a job uploads as its artifact: a redacted bundle of the evidence, and the report on that bundle.

The reports are made from the redacted copy, so that the folder as a whole can be sent to others. The mapping back to
the original names is written nowhere: the job's log has them.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from oidc_doctor import files
from oidc_doctor.bundle.open import open_bundle
from oidc_doctor.bundle.snapshot import load_snapshot
from oidc_doctor.capture.capture import CaptureError, capture
from oidc_doctor.ci.job import job_of
from oidc_doctor.ci.missing_token import named
from oidc_doctor.ci.token_search import Search
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.report.formats import render
from oidc_doctor.report.job import job_to_json

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import Bundle
    from oidc_doctor.ci.platforms import Platform
    from oidc_doctor.ci.secret_values import SecretValues
    from oidc_doctor.model.report import Report

_BUNDLE = "bundle"
_WIDTH = 100


class ArtifactError(Exception):
    """The artifact was not written; the message is one line."""


class JobFacts(NamedTuple):
    """What is known of the job besides its evidence."""

    platform: Platform
    search: Search
    secrets: SecretValues


def check_folder(folder: str) -> None:
    """Refuse a folder that has files, is a link, or cannot be made, before anything is asked. Raises ArtifactError."""
    if os.path.islink(folder):
        raise ArtifactError(f"{folder}: a link; name the folder itself")
    if os.path.lexists(folder) and (not os.path.isdir(folder) or os.listdir(folder)):
        raise ArtifactError(f"{folder}: already exists, and is not empty")
    parent = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(parent):
        raise ArtifactError(f"{folder}: no such folder: {parent}")


def write_artifact(folder: str, bundle: Bundle | None, question: Question, facts: JobFacts) -> list[str]:
    """Write the artifact into a new or empty folder; return notes on it. Raises ArtifactError."""
    place = os.path.join(folder, _BUNDLE)
    try:
        os.makedirs(folder, exist_ok=True)
        notes, report, job = _captured(place, bundle, question, facts)
        texts = {f"report.{ending}": _rendered(report, form) for form, ending in (("markdown", "md"), ("json", "json"))}
        texts["job.json"] = json.dumps(job, indent=2, ensure_ascii=True) + "\n"
        for name, text in texts.items():
            data = facts.secrets.removed(text).encode("utf-8", "backslashreplace")
            files.create(os.path.join(folder, name), data)
        _clean(place, facts.secrets)
    except CaptureError as error:
        raise ArtifactError(str(error)) from None
    except OSError as error:
        raise ArtifactError(f"{folder}: {error.strerror or error}") from None
    return notes


def _captured(
    place: str, bundle: Bundle | None, question: Question, facts: JobFacts
) -> tuple[list[str], Report, dict[str, object]]:
    """Write the redacted bundle, if there is evidence; return notes, its report, and the job's facts."""
    lacks = [named(missing, "aws") for missing in facts.search.lacks]
    missing = [{"code": lack.code, "name": lack.name, "certain": lack.certain} for lack in lacks]
    search, platform = Search(()), facts.platform
    if bundle is None and not any((question.tokens, question.error_text, question.overrides)):
        report = run(None, Question())
        job = job_to_json(job_of(platform, search, (), (), report))
        return [], report, job | {"missing": missing}
    with tempfile.TemporaryDirectory() as private:
        captured = capture(bundle, question, place, map_file=os.path.join(private, "map.json"))
    with open_bundle(place) as copy:
        report = run(copy, Question(own_workload=True))
        snapshot = load_snapshot(copy)
    tokens = [token for evidence in snapshot.targets[:1] for token in evidence.tokens if token.given]
    targets = [evidence.target for evidence in snapshot.targets]
    job = job_to_json(job_of(platform, search, tokens, targets, report))
    notes = [f"the redacted bundle yields different {name}: {how}" for name, how in captured.differs.items()]
    return notes, report, job | {"missing": missing}


def _rendered(report: Report, form: str) -> str:
    return render(report, form, width=_WIDTH, color=False, verbose=False, quiet=False)


def _clean(folder: str, secrets: SecretValues) -> None:
    """Remove what is left of a secret from the files below a folder: nothing, as far as is known."""
    for inner, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(inner, name)
            with open(path, "rb") as stream:
                text = stream.read().decode("utf-8", "surrogateescape")
            clean = secrets.removed(text)
            if clean != text:
                files.replace(path, clean.encode("utf-8", "surrogateescape"))
