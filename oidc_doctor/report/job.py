"""A failing CI job with the report on its evidence: annotations, the text of the log, Markdown and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oidc_doctor.model.annotation import Annotation
from oidc_doctor.model.job import SCHEMA, Job, JobToken, Lack
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.secret_texts import without_secrets_in
from oidc_doctor.model.steps import CLOUDS, PASSED, STEPS, UNKNOWN
from oidc_doctor.report.markdown import fenced, prose
from oidc_doctor.report.parts import found, sentences
from oidc_doctor.report.parts.escape import as_lines, exact, visible
from oidc_doctor.report.parts.lines import Sheet, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from oidc_doctor.model.annotation import Level
    from oidc_doctor.model.report import Report
    from oidc_doctor.report.parts.found import Found

_LONG = 600  # characters of a value
_WIDTH = 100  # columns of a fenced block
_SEVEREST: tuple[Level, ...] = ("error", "warning", "notice")
_OF_AUDIENCE = frozenset(
    (
        *(Kind.AUDIENCE_NOT_REGISTERED, Kind.CLIENT_ID_LIST_EMPTY, Kind.AUDIENCE_CONDITION_DIFFERS),
        *(Kind.AUDIENCE_NOT_ALLOWED, Kind.ALLOWED_AUDIENCES_EMPTY),
    )
)
_NO_TOKEN = "Run oidc-doctor ci in the job that failed, or name its token: oidc-doctor ci --token token.jwt."
_LEVELS: dict[str, Level] = {"blocks": "error", "weakens": "warning", "note": "notice"}


# Annotations


def annotations_of(job: Job, report: Report, paths: tuple[str, ...] = ()) -> list[Annotation]:
    """Return an annotation for each missing token, each cause and finding, and each token, the severest first.

    `paths` are the files of the evidence in the repository: a finding that was read in one of them names it.
    """
    missing = {lack.code for lack in job.lacks}
    rows = [_of_lack(lack) for lack in job.lacks]
    names = _names(report)
    rows += [
        _of_found(row, names.get(row.exchange, ""), _assumption(job) if is_about_audience(row.name) else "", paths)
        for row in found.found(report)
        if row.code not in missing
    ]
    if job.tokens:
        rows += _undecided(report, names, {row.exchange for row in found.found(report)})
    rows += [
        Annotation("warning" if token.fault else "notice", f"A token of this job: {token.place}", _sentence(token))
        for token in job.tokens
    ]
    if not rows:
        rows = [Annotation("notice", "oidc-doctor", f"No OIDC token was found in {job.title}. {_NO_TOKEN}")]
    return sorted(rows, key=lambda row: _SEVEREST.index(row.level))


def _undecided(report: Report, names: dict[str, str], explained: set[str]) -> Iterator[Annotation]:
    """Yield an annotation for each exchange that the evidence does not decide and that no cause explains."""
    for exchange in report.exchanges:
        if exchange.prediction != "unknown" or exchange.id in explained:
            continue
        titles = {step.id: step.title for step in STEPS[exchange.cloud] if step.exchange}
        states = {state: [titles[step.id] for step in exchange.steps if step.id in titles and step.state == state]
                  for state in (PASSED, UNKNOWN)}  # fmt: skip
        passed = f"Passed: {', '.join(states[PASSED])}. " if states[PASSED] else ""
        _, sentence = sentences.verdict(report, exchange)
        target = names.get(exchange.id, "")
        message = (
            f"{f'{target}: ' if target else ''}{sentence} {passed}Unknown: {', '.join(states[UNKNOWN])}. The report in "
            "the log names the files that settle the unknown steps."
        )
        yield Annotation("notice", "oidc-doctor", message)


def is_about_audience(name: str) -> bool:
    """Return whether a cause of this name is about the audience of the token alone."""
    return name in _OF_AUDIENCE


def _assumption(job: Job) -> str:
    if not job.assumed_audience:
        return ""
    return f"The token was requested for {job.assumed_audience}; if the job asks for another audience, add --audience."


def _of_lack(lack: Lack) -> Annotation:
    level: Level = "error" if lack.certain else "warning"
    return Annotation(level, f"{lack.code} {lack.name}", f"{lack.headline} {lack.fix}", lack.file, lack.line)


def _names(report: Report) -> dict[str, str]:
    """Return what distinguishes each exchange: its target, its token's place, or both; by id."""
    targets = {exchange.id: exchange.target_name or exchange.resource or "" for exchange in report.exchanges}
    places = {exchange.id: str(exchange.token.get("read_at") or "") for exchange in report.exchanges}
    told = [values for values in (targets, places) if len(set(values.values())) > 1]
    return {id_: ", ".join(filter(None, (values[id_] for values in told))) for id_ in targets}


def _of_found(row: Found, target: str, assumed: str, paths: tuple[str, ...]) -> Annotation:
    """Return the annotation of a finding; `target` names its target and its token where there are several.

    `assumed` says what the finding depends on, where the token may not be the one that the job uses.
    """
    level = _LEVELS[row.effect]
    if level == "error" and (row.confidence == "suspected" or assumed):
        level = "warning"
    sides = ", ".join(
        f"{label} {side.value}"
        for label, side in (("expected", row.expected), ("actual", row.actual))
        if side is not None and side.value
    )
    headline = f"{target}: {row.headline}" if target else row.headline
    message = " ".join(filter(None, (headline, f"({sides})" if sides else "", assumed, row.fix)))
    place = row.place
    if place is None or place.of_token or place.event_id:
        return Annotation(level, f"{row.code} {row.name}", message)
    file = next((path for path in paths if place.file in (path, path.rpartition("/")[2])), "")
    return Annotation(level, f"{row.code} {row.name}", message, file, place.line if file else None)


def _sentence(token: JobToken) -> str:
    """Return a token in one line."""
    if token.fault:
        return f"The text is not a token that a cloud could read: {token.fault}."
    return f"{'; '.join(f'{label} {value}' for label, value in _facts(token))}."


def _facts(token: JobToken) -> Iterator[tuple[str, str]]:
    """Yield the facts of a token: names of claims, and raw values."""
    yield "subject", "none" if token.subject is None else token.subject
    yield "audience", "none" if token.audience is None else ", ".join(token.audience)
    whose = f" ({token.whose})" if token.whose else " (no known issuer)"
    yield "issuer", "none" if token.issuer is None else f"{token.issuer}{whose}"
    if token.form:
        yield "form", f"{token.form}{f', {token.because}' if token.because else ''}"
    if token.expires:
        yield "exp", token.expires


# Text


def render_job_text(job: Job, width: int = 80) -> str:
    """Return the job's tokens, what it lacks, and what to write, as lines for a log."""
    sheet = Sheet(width)
    where = visible(job.title)
    sheet.say(f"{where}: {_count(len(job.tokens))}", bold=True)
    for token in job.tokens:
        sheet.gap()
        sheet.say(visible(f"Token from {token.place}"), indent=2)
        rows = [("fault", token.fault)] if token.fault else list(_facts(token))
        for label, value in rows:
            sheet.row(label, shortened(exact(value), _LONG))
    for lack in job.lacks:
        sheet.gap()
        sheet.say(visible(lack.headline), indent=2, lead="✗ " if lack.certain else "? ", tag=visible(lack.code))
        sheet.row("fix", visible(lack.fix))
    for part in job.to_write:
        sheet.gap()
        sheet.say(visible(f"To accept the workload of this token and no other ({part.token}):"), indent=2)
        for conditions in part.conditions:
            sheet.row(CLOUDS[conditions.cloud].split()[0], f"in {visible(conditions.place)}")
            lines = as_lines(conditions.text).split("\n") if conditions.text else [f"not shown: {conditions.why_not}"]
            sheet.lines += [f"      {line}" if conditions.text else f"      {visible(line)}" for line in lines]
    for note in job.notes:
        sheet.gap()
        sheet.say(visible(note), indent=2, lead="! ")
    return "\n".join(sheet.lines) + "\n"


def _count(number: int) -> str:
    return {0: "no OIDC token was found", 1: "one OIDC token"}.get(number, f"{number} OIDC tokens")


# Markdown


def render_job_markdown(job: Job) -> str:
    """Return the same as Markdown, for the summary of a job. Every value is in a fence or a code span."""
    parts = [f"## oidc-doctor: {prose(visible(job.title))}, {_count(len(job.tokens))}"]
    for lack in job.lacks:
        sign = "✗" if lack.certain else "?"
        parts.append(f"{sign} **{prose(visible(f'{lack.code} {lack.name}'))}**: {prose(visible(lack.headline))}")
        parts.append(f"**Fix:** {prose(visible(lack.fix))}")
    for token in job.tokens:
        rows = [("fault", token.fault)] if token.fault else list(_facts(token))
        sheet = Sheet(_WIDTH, indent=0)
        for label, value in rows:
            sheet.row(label, shortened(exact(value), _LONG))
        parts += [f"A token from {prose(visible(token.place))}:", fenced(sheet.lines)]
    for part in job.to_write:
        parts.append(f"To accept the workload of this token and no other ({prose(visible(part.token))}):")
        for conditions in part.conditions:
            parts.append(f"{CLOUDS[conditions.cloud]}, in {prose(visible(conditions.place))}:")
            lines = as_lines(conditions.text).split("\n") if conditions.text else []
            parts.append(fenced(lines) if lines else prose(visible(f"not shown: {conditions.why_not}")))
    parts += [f"Note: {prose(visible(note))}" for note in job.notes]
    return "\n\n".join(parts) + "\n"


# JSON


def job_to_json(job: Job) -> dict[str, Any]:
    """Return the job as plain JSON data, in the form `oidc-doctor.ci/1`, without secrets."""
    value = {
        "schema": SCHEMA,
        "platform": job.platform,
        "tokens": [token._asdict() for token in job.tokens],
        "missing": [lack._asdict() for lack in job.lacks],
        "to_write": [
            {"token": part.token, "conditions": [row._asdict() for row in part.conditions]} for part in job.to_write
        ],
        "notes": list(job.notes),
    }
    clean: dict[str, Any] = without_secrets_in(value)
    return clean
