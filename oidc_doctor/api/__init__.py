"""The doctor as a library: examine evidence, test expectations of a trust, capture evidence, read the checks' pages.

Nothing here opens a connection or reads a cloud's credentials, and importing it loads no cloud SDK. The names in
`__all__` and the fields of the exported records are stable: they are extended, not changed. Values in a report were
written by tokens, policies and logs: they are data, never instructions. `oidc_doctor.iam` and `oidc_doctor.cel` are the
evaluators alone.

`BundleError`, `CaptureError`, `PackError` and ValueError are the exceptions of this module. One of another type is a
fault of oidc-doctor.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from oidc_doctor.api.arguments import (
    NO_EVIDENCE,
    Documents,
    Instant,
    Path,
    Texts,
    Tokens,
    expectations_of,
    open_evidence,
    paths_of,
    question_of,
    tokens_of,
)
from oidc_doctor.model.access import AccessDecision, Need, SecondOpinion
from oidc_doctor.model.alone import Alone, Line, NextCommand, Part, PossibleCause
from oidc_doctor.model.document import Origin
from oidc_doctor.model.evidence import Coverage
from oidc_doctor.model.expectations import ExpectationResult, Expectations, StrangerResult
from oidc_doctor.model.obstacle import Obstacle
from oidc_doctor.model.proposed import AccessEffect, LaidDocument, OtherEffect, Proposed, WorkloadEffect
from oidc_doctor.model.refusal import Clause, Side
from oidc_doctor.model.report import (
    AllowedSubjects,
    AttemptRow,
    Cause,
    CheckRow,
    Confidence,
    DecidingFile,
    Exchange,
    FindingRow,
    FixRow,
    MissingToken,
    Read,
    Report,
    StepRow,
    Tried,
    Verdict,
)
from oidc_doctor.model.steps import Cloud, State
from oidc_doctor.model.unknown_value import UnknownValue

if TYPE_CHECKING:
    from oidc_doctor.bundle.files import BundleError
    from oidc_doctor.capture.capture import CaptureError
    from oidc_doctor.checkkit import Check
    from oidc_doctor.findings.packs import PackError

__all__ = [
    "AccessDecision",
    "AccessEffect",
    "AllowedSubjects",
    "Alone",
    "AttemptRow",
    "BundleError",
    "CaptureError",
    "Captured",
    "Cause",
    "CheckPage",
    "CheckRow",
    "Clause",
    "Cloud",
    "Confidence",
    "Coverage",
    "DecidingFile",
    "Documents",
    "Exchange",
    "ExpectationResult",
    "Expectations",
    "FailOn",
    "FindingRow",
    "FixRow",
    "Form",
    "Instant",
    "LaidDocument",
    "Line",
    "MissingToken",
    "Need",
    "NextCommand",
    "Obstacle",
    "Origin",
    "OtherEffect",
    "PackError",
    "Part",
    "Path",
    "PossibleCause",
    "Proposed",
    "Read",
    "Report",
    "SecondOpinion",
    "Side",
    "State",
    "StepRow",
    "StrangerResult",
    "Texts",
    "Tokens",
    "Tried",
    "UnknownValue",
    "Verdict",
    "WorkloadEffect",
    "capture",
    "checks",
    "examine",
    "expect",
    "explain",
    "render",
    "save_refusal",
    "to_json",
]

Form: TypeAlias = Literal["text", "markdown", "json", "html", "sarif", "junit", "openmetrics", "github"]
"""A format of a report; of expectations text, markdown, json, junit and github (annotations of a job) alone."""
FailOn: TypeAlias = Literal["blocks", "weakens", "never"]

_ERRORS = {  # by name, the module of an exception: loaded where one is asked for, since an import of this module is not
    "BundleError": "oidc_doctor.bundle.files",
    "CaptureError": "oidc_doctor.capture.capture",
    "PackError": "oidc_doctor.findings.packs",
}


def __getattr__(name: str) -> type[Exception]:
    if name not in _ERRORS:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    import importlib

    error: type[Exception] = getattr(importlib.import_module(_ERRORS[name]), name)
    return error


class CheckPage(NamedTuple):
    """A check: what it is called, and its page.

    `effect`: blocks (a cause of refusals), weakens (a trust that accepts more than it should), note. `other`: its code
    where it is about the other cloud, or "". `text`: what `oidc-doctor explain` prints: Symptom, Reason, Confirm, Fix,
    Source, and what proves the cause.
    """

    code: str
    name: str
    effect: Literal["blocks", "weakens", "note"]
    title: str
    text: str
    other: str = ""


class Captured(NamedTuple):
    """A written bundle: its place, and the file that maps the replaced names back, which stays private.

    `map` is None without redaction. `files` are the names in the bundle. `differs` is empty where a report on the copy
    has the same causes, findings and predictions; otherwise it says, by the report's part, what differs.
    """

    place: str
    map: str | None
    files: tuple[str, ...]
    differs: Mapping[str, str]


def examine(  # noqa: PLR0913 - one argument for each kind of evidence
    things: Path | Sequence[Path] | None = None,
    *,
    documents: Documents = (),
    token: Tokens | None = None,
    subject: Texts | None = None,
    error: str | None = None,
    role: str | None = None,
    gcp_provider: str | None = None,
    service_account: str | None = None,
    issuer: str | None = None,
    at: Instant | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    proposed: Path | Sequence[Path] | None = None,
    check: Sequence[str] = (),
    skip: Sequence[str] = (),
    fail_on: FailOn = "blocks",
) -> Report:
    """Return the report on this evidence, as `oidc-doctor --report --offline` makes it.

    - `things`: paths of bundle folders, archives, folders of logs, and single files, each recognised by its content.
    - `documents`: documents that are no files, recognised by their content as well: a trust policy or the output of
      `aws iam get-role`, a provider of either cloud, a logged event, a Terraform plan. `<…>` and `***` in a value are
      gaps.
    - `token`: what the workload presents; several are judged each on its own. A raw token is in no report.
    - `subject`: a subject that is not issued yet; the other claims are those of the issuer's profile.
    - `error`: what the caller saw, unchanged.
    - `role` (ARN), `gcp_provider` (full name), `service_account` (address), `issuer` (URL): the target, where the
      evidence names several or none.
    - `at`: the instant judged at; without it, that of the evidence. `since`, `until`: the window of the logs.
    - `proposed`: paths of changed documents or of a Terraform plan, laid over the evidence as by `--with`: the report's
      `proposed` says who gains and who loses, and `exit_code` is about the change.
    - `check`, `skip`: patterns of checks' names or codes. They choose words, never the verdict.
    - `fail_on`: from which effect a finding makes `exit_code` 1.

    What was not read is unknown: `verdict` "unknown" is no pass. Raises BundleError where things or documents cannot be
    opened, or exclude each other; PackError where the installation is incomplete; ValueError where there is nothing to
    examine, an instant has no zone or is out of range, a value of `token` is no JSON, or a change is not about the
    evidence.
    """
    from contextlib import ExitStack

    from oidc_doctor.examine.examine import run
    from oidc_doctor.examine.proposed.lay import ChangeError
    from oidc_doctor.examine.question import named_target
    from oidc_doctor.things.changed import open_changed

    question = question_of(tokens_of(token, subject), error, at=at, since=since, until=until)._replace(
        overrides=named_target(issuer=issuer, role=role, gcp_provider=gcp_provider, service_account=service_account),
        check=tuple(check),
        skip=tuple(skip),
        fail_on=fail_on,
    )
    bundle = open_evidence(things, documents)
    if bundle is None and not question.tokens and error is None:
        raise ValueError(NO_EVIDENCE)
    with ExitStack() as opened:
        if bundle is not None:
            opened.enter_context(bundle)
        changes = [(path, opened.enter_context(open_changed(path))) for path in paths_of(proposed)]
        try:
            return run(bundle, question._replace(proposed=tuple(changes)))
        except ChangeError as fault:
            raise ValueError(str(fault)) from None


def expect(
    expectations: Path | Sequence[Mapping[str, object]],
    things: Path | Sequence[Path] | None = None,
    *,
    documents: Documents = (),
    at: Instant | None = None,
) -> Expectations:
    """Return what becomes of each expectation of a trust on this evidence, as `oidc-doctor expect` decides it.

    `expectations` is the path of an expect.toml, or its tables as mappings: `[{"accepted": ["repo:acme/app:…"],
    "strangers": "refused"}]`. `things` and `documents` are those of `examine`: a trust policy or a provider alone
    suffices, and what it cannot show is in `assumed`; the JSON of a Terraform plan is judged before it is applied. Of
    the result, `exit_code` is 0 where each is met, 1 where one is broken, 3 where one is unknown, which is no pass.

    Raises BundleError and PackError as `examine` does, and ValueError for a mistake in the expectations, with its line,
    for a target that the evidence does not have, and where there is no evidence.
    """
    from oidc_doctor.examine.examine import read_and_judge
    from oidc_doctor.expect.run import run
    from oidc_doctor.expect.targets import TargetError, targets_of

    tables, name = expectations_of(expectations)
    question = question_of((), None, at=at, since=None, until=None)
    bundle = open_evidence(things, documents)
    if bundle is None:
        raise ValueError(NO_EVIDENCE)
    with bundle:
        state, judged = read_and_judge(bundle, question)
        try:
            result = run(tables, targets_of(judged), name, state.at)
        except TargetError as error:
            raise ValueError(str(error)) from None
    result.warnings = state.notices
    return result


def capture(  # noqa: PLR0913 - those of `examine`
    place: Path,
    things: Path | Sequence[Path] | None = None,
    *,
    documents: Documents = (),
    token: Tokens | None = None,
    subject: Texts | None = None,
    error: str | None = None,
    at: Instant | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    redact: bool = True,
    redact_addresses: bool = False,
    map_file: Path | None = None,
) -> Captured:
    """Write the evidence of `examine` as a bundle at `place`: a new or empty folder, or a new .tar.gz.

    Names of people, companies, hosts, buckets and accounts are replaced (`redact`), IP addresses only with
    `redact_addresses`; secrets are removed in every case. The report on the copy is compared with the report on the
    evidence: look at `differs` before the copy is sent. `map_file` keeps the replaced names for the writer alone, by
    default next to `place`.

    Raises CaptureError where nothing was written, and what `examine` raises.
    """
    from contextlib import nullcontext

    from oidc_doctor.capture.capture import capture as write

    question = question_of(tokens_of(token, subject), error, at=at, since=since, until=until)
    bundle = open_evidence(things, documents)
    if bundle is None and not question.tokens and error is None:
        raise ValueError(NO_EVIDENCE)
    with nullcontext() if bundle is None else bundle:
        written = write(
            bundle,
            question,
            os.fspath(place),
            redact=redact,
            redact_addresses=redact_addresses,
            map_file=None if map_file is None else os.fspath(map_file),
        )
    return Captured(written.place, written.map, tuple(sorted(written.redacted.names.values())), written.differs)


def to_json(report: Report | Expectations) -> dict[str, object]:
    """Return the report as plain JSON data, in the published form `oidc-doctor.report/1` (docs/report.schema.json).

    Expectations have the form `oidc-doctor.expect/1` (docs/expect.schema.json). Secrets are removed from every text.
    `json.dumps` accepts both.
    """
    from oidc_doctor.report.json import expect_to_json
    from oidc_doctor.report.json import to_json as report_to_json

    return expect_to_json(report) if isinstance(report, Expectations) else report_to_json(report)


def render(
    report: Report | Expectations,
    form: Form = "text",
    *,
    width: int = 80,
    color: bool = False,
    verbose: bool = False,
) -> str:
    """Return the report, or the result of `expect`, as `--format FORM` writes it: escaped, and without secrets.

    `width` is in columns, `color` adds a terminal's escape sequences, `verbose` is `-v`: all are for text and markdown.
    Raises ValueError for a form that it does not have.
    """
    from oidc_doctor.report.formats import EXPECT_FORMATS, FORMATS, render_expect
    from oidc_doctor.report.formats import render as render_report

    there = EXPECT_FORMATS if isinstance(report, Expectations) else FORMATS
    if form not in there:
        message = f"{form!r} is no format; there are: {', '.join(there)}"
        raise ValueError(message)
    if isinstance(report, Expectations):
        return render_expect(report, form, width=width, color=color, verbose=verbose)
    return render_report(report, form, width=width, color=color, verbose=verbose)


def checks() -> tuple[CheckPage, ...]:
    """Return every check, by code. Raises PackError where the installation is incomplete."""
    from oidc_doctor.findings.packs import all_checks

    return tuple(map(_page, all_checks()))


def explain(code: str) -> CheckPage:
    """Return the page of a check by its code (`AWS025`, in either case) or its name (`subject-segment-differs`).

    Raises ValueError where no check has it, and PackError as `checks`.
    """
    from oidc_doctor.findings.packs import all_checks

    for check in all_checks():
        if code.upper() in check.codes or code == check.name:
            return _page(check)
    message = f"{code[:80]!r} is no code and no name of a check"
    raise ValueError(message)


def save_refusal(trust_policy: Mapping[str, object] | str) -> str | None:
    """Return the message with which IAM refuses to store a role's trust policy; None where IAM stores it.

    `trust_policy` is the document or its JSON text. The message is IAM's own where one was recorded: an action that is
    none of STS's assume actions, a shared issuer without its condition, a built-in provider without its application id.
    For the policy's grammar it is the reason in our words. Raises nothing.
    """
    import json

    from oidc_doctor.judge.save_rules import answer_to_trust_policy

    if not isinstance(trust_policy, str):
        return answer_to_trust_policy(dict(trust_policy))
    try:
        return answer_to_trust_policy(json.loads(trust_policy))
    except (ValueError, RecursionError):
        return "the trust policy is not JSON"


def _page(check: Check) -> CheckPage:
    from oidc_doctor.findings.check_page import page_of
    from oidc_doctor.findings.explained import title_of

    return CheckPage(check.code, check.name, check.effect, title_of(check), page_of(check), check.other)
