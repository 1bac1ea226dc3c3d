"""A report as Markdown, to be pasted into a ticket of GitHub, GitLab or Zendesk.

Every value is in a fenced block or a code span, in which nothing is a mention, a link, a table, HTML or an issue
number. Prose keeps only those words as plain text that have no meaning in Markdown.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from oidc_doctor.report import text
from oidc_doctor.report.parts import attempts, facts, fixes, links, sentences, steps
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.escape import visible
from oidc_doctor.report.parts.lines import Sheet, shortened
from oidc_doctor.report.parts.times import moment, period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from oidc_doctor.model.alone import Alone
    from oidc_doctor.model.expectations import Expectations, Outcome
    from oidc_doctor.model.health import Health, HealthFinding, TargetHealth
    from oidc_doctor.model.report import Cause, CheckRow, Exchange, Report

_WIDTH = 100  # columns of a fenced block that a ticket shows without scrolling
_LONG = 2000  # characters of a text
_PLAIN_WORD = re.compile(
    r"""["'(]?(?:[^\W\d_]+(?:['\u2019-][^\W\d_]+)*|\d{1,6}(?:[:,.]\d{1,6})*|[·–→])["')]?[.,;:?]*["')]?"""
)
_QUOTED = r"\(?`[^`]+`\)?[.,;:?]*\)?"  # a word that is a code span already
_LOOKS_LIKE_HASH = re.compile(r"(?<![^\W_])[0-9a-fA-F]{7,40}(?![^\W_])")  # GitHub links it, whatever surrounds it


def render_markdown(report: Report, **_layout: object) -> str:
    """Return the report as Markdown: headline, facts, path and fix; the details are folded. Ends with a newline."""
    parts: list[str] = []
    for obstacle in report.obstacles:
        from oidc_doctor.report.parts import obstacles  # late: of live runs alone

        steps = [f"{label}: {command}" if label else command for label, command in obstacles.next_steps(obstacle)]
        parts += [f"**! {prose(obstacles.sentence(obstacle))}**", fenced(steps)]
    if report.proposed is not None:
        parts += _proposed(report)
    if report.alone is not None:
        parts += _alone(report, report.alone)
    elif len(report.exchanges) != 1 or report.verdict == "broken":
        sign, sentence = sentences.headline(report)
        parts.append(f"{'##' if report.proposed is None else '###'} {sign} {prose(sentence)}")
    for exchange in sentences.in_order(report) if report.alone is None else ():
        parts += _exchange(report, exchange)
    if report.comparisons or report.account:
        from oidc_doctor.report.parts import tables  # late: see text

        side = Sheet(_WIDTH)
        tables.comparisons(side, report, verbose=True)
        tables.account(side, report)
        parts.append(fenced(side.lines))
    course = Sheet(_WIDTH)
    text.timeline(course, report, verbose=True)
    if course.lines:
        parts += ["**Timeline** (UTC)", fenced(line.removeprefix("    ") for line in course.lines[1:])]
    by_day = Sheet(_WIDTH)
    text.volumes(by_day, report)
    if by_day.lines:
        parts += ["**Volumes** (attempts a day, UTC)", fenced(line.removeprefix("    ") for line in by_day.lines[1:])]
    further = Sheet(_WIDTH)
    text.also(further, report, verbose=True)
    if further.lines:
        parts += ["**Also found**", fenced(line.removeprefix("    ") for line in further.lines[1:])]
    parts += _read(report)
    parts += [_folded(f"Checks: {sentences.checks(report.checks)}", _checks(report))] if report.checks else []
    parts += [_attempts(report)] if report.attempts else []
    if report.command:
        parts.append(_commands([report.command]))
    parts.append(f"Examined with {prose(' · '.join(filter(None, text.title(report))))}")
    return "\n\n".join(parts) + "\n"


def render_health_markdown(health: Health, **_layout: object) -> str:
    """Return the health run as Markdown: what changed, target by target; everything else is folded."""
    from oidc_doctor.report.parts import health as runs  # late: a report needs none of it

    changed = [
        target
        for target in health.targets
        if runs.is_changed(target) or (health.first and (target.findings or target.state != "healthy"))
    ]
    news = {target.name: target.findings if health.first else runs.news_of(target) for target in changed}
    line = runs.summary(health) if runs.has_news(health) else f"{runs.quiet_line(health)}."
    parts = [f"## {prose(line)}"]
    for target in changed:
        sentence = f"{_text(target.name)}: {runs.state_sentence(health, target)}"
        parts.append(f"### {runs.SIGNS[target.state]} {prose(sentence)}")
        parts += [prose(_text(target.reason))] if target.reason else []
        for finding in news[target.name]:
            parts += _followed(finding, health)
    parts += [f"**{prose(_text(name))}** is no longer in the file, and no longer checked." for name in health.gone]
    every = [
        (target, finding)
        for target in health.targets
        for finding in target.findings
        if finding.change != "resolved" and finding not in news.get(target.name, ())
    ]
    for title, rows in (
        ("Findings that continue", [row for row in every if row[1].is_active]),
        ("Suppressed findings", [row for row in every if row[1].suppressed is not None]),
    ):
        parts += [_folded(f"{title}: {len(rows):,}", (_in_a_line(*row) for row in rows))] if rows else []
    states = (f"{_text(one.name)}: {runs.state_sentence(health, one)}{_why(one)}" for one in health.targets)
    parts += [_folded(f"Targets: {len(health.targets):,}", states)] if health.targets else []
    warnings = [visible(warning) for warning in health.warnings]
    parts += [_folded(f"Warnings: {len(warnings):,}", warnings)] if warnings else []
    tool = visible(f"{health.tool.get('name', '')} {health.tool.get('version', '')}".strip())
    compared = f"compared with {moment(health.last_run, health.evaluated_at)}" if health.last_run else "the first run"
    parts.append(f"Run {prose(f'{moment(health.evaluated_at)} · {compared} · {tool}')}")
    return "\n\n".join(parts) + "\n"


def render_expect_markdown(run: Expectations, **_layout: object) -> str:
    """Return a run of `expect` as Markdown: what is not met, target by target; what is met is folded."""
    from oidc_doctor.report.parts import expect as runs  # late: a report needs none of it

    parts = [f"## {runs.SIGNS[_worst(run)]} {prose(runs.summary(run))}"]
    for result in run.results:
        if result.outcome == "met":
            continue
        title, _ = runs.head(result)
        parts.append(f"### {runs.SIGNS[result.outcome]} {prose(f'{title}: {runs.subject_line(result)}')}")
        parts.append(prose(runs.sentence(result)))
        parts.append("\n".join(f"- {label}: {prose(value)}" for label, value in runs.facts_of(result)))
        parts += [_commands(result.commands)] if result.commands else []
    met = [f"{runs.head(row)[0]}: {runs.subject_line(row)}" for row in run.results if row.outcome == "met"]
    parts += [_folded(f"Met: {len(met):,}", met)] if met else []
    parts += [_folded(f"Assumed: {len(run.assumed):,}", map(visible, run.assumed))] if run.assumed else []
    warnings = [visible(warning) for warning in run.warnings]
    parts += [_folded(f"Warnings: {len(warnings):,}", warnings)] if warnings else []
    return "\n\n".join(parts) + "\n"


def _worst(run: Expectations) -> Outcome:
    return "broken" if run.count("broken") else "unknown" if run.count("unknown") else "met"


def _followed(finding: HealthFinding, health: Health) -> Iterator[str]:
    """A finding with what a reader does about it. The baseline compares with nothing, so nothing continues in it."""
    now, change = health.evaluated_at, "" if health.first else f"**{finding.change}** "
    yield f"{change}{prose(_text(f'{finding.code} {finding.name}: {finding.headline}'))}"
    sheet = Sheet(_WIDTH, indent=0)
    for label, value in (
        ("resource", _text(finding.resource)),
        ("since", moment(finding.since, now)),
        ("until", moment(finding.until, now) if finding.until else ""),
        ("before", _text(finding.was)),
        ("read in", _text(finding.at)),
    ):
        if value:
            sheet.row(label, value)
    yield fenced(sheet.lines)
    if finding.fix and finding.is_active:
        yield f"**Fix:** {prose(_text(finding.fix))}"


def _in_a_line(target: TargetHealth, finding: HealthFinding) -> str:
    by = finding.suppressed
    why = f" (until {by.until}, by {by.owner}: {by.reason})" if by is not None else ""
    return visible(f"{target.name} – {finding.code} {finding.name}: {finding.headline}{why}")


def _why(target: TargetHealth) -> str:
    return f" ({_text(target.reason)})" if target.reason else ""


def _alone(report: Report, answer: Alone) -> list[str]:
    """Return the answer to one thing that was given alone."""
    from oidc_doctor.report.parts import alone  # late: most reports are on more than one thing

    sign, sentence = alone.headline(report)
    sheet = Sheet(_WIDTH)
    alone.describe(sheet, replace(answer, ask=""), verbose=True, commands=False)
    parts = [f"## {sign} {prose(sentence)}", fenced(line.removeprefix("  ") for line in sheet.lines)]
    if answer.commands:
        listed = "\n\n".join(f"{prose(_text(one.why))}\n\n{_commands((one.run,))}" for one in answer.commands)
        parts.append(f"**{alone.commands_title(answer)}**\n\n{listed}")
    return [*parts, f"**Next:** {prose(_text(answer.ask))}"] if answer.ask else parts


def _proposed(report: Report) -> Iterator[str]:
    """Yield the answer to a change: its headline, then each part in a fenced block."""
    from oidc_doctor.report.parts import proposed  # late: most reports are about the present alone

    sign, sentence = sentences.first_line(report)
    yield f"## {sign} {prose(shortened(sentence, _LONG))}"
    for part in proposed.parts_of(report):
        more = [f"and {part.omitted:,} more: --format json"] if part.omitted else []
        yield f"**{part.title}**"
        yield fenced([*proposed.lines_of(part.items), *more])
    if report.exchanges:
        yield "**Without the change**"


def _exchange(report: Report, exchange: Exchange) -> list[str]:
    cause = text.main_cause(report, exchange)
    sign, sentence = sentences.verdict(report, exchange)
    if len(report.exchanges) == 1 and report.headline and report.verdict != "broken":
        sentence = sentences.headline(report)[1]
    is_first = len(report.exchanges) == 1 and report.verdict != "broken" and report.proposed is None
    level = "##" if is_first else "###"
    tag = f" ({cause.confidence})" if cause is not None else ""
    sheet = Sheet(_WIDTH, indent=0)
    facts.describe(sheet, report, exchange, cause, verbose=True)
    if cause is not None:
        facts.reasons(sheet, report, exchange, cause, verbose=True)
    parts = [f"{level} {sign} {prose(shortened(sentence, _LONG))}{tag}", fenced(sheet.lines)]
    if cause is not None:
        parts += _fix(report, exchange, cause)
    where = Sheet(_WIDTH, indent=0)
    facts.context(where, report, exchange, cause, verbose=True)
    where.gap()
    steps.path(where, exchange, "path")
    steps.accesses(where, exchange)
    parts.append(fenced(where.lines))
    pages = [f"[{link.label}]({link.url})" for link in links.links(report, exchange, cause)]
    parts += [f"Console: {', '.join(pages)}"] if pages else []
    documents = cause.named.documents if cause is not None else ()
    cited = ", ".join(f"[{title}]({address})" for title, address in documents)
    return parts + ([f"Vendor's documentation: {cited}"] if cited else [])


def _fix(report: Report, exchange: Exchange, cause: Cause) -> Iterator[str]:
    """The edit with its commands and its proof; folded behind them what the reader needs after it."""
    rows = fixes.edit_of(report, cause)
    words = fixes.sentence(cause, rows)
    if words:
        yield f"**{'If so' if cause.confidence == 'suspected' else 'Fix'}:** {prose(_text(words))}"
    for index, row in enumerate(rows):
        if index:
            yield f"**Then:** {prose(_text(row.headline))}"
        if not row.commands and row.file:
            yield f"Edit {prose(_text(row.file))}:"
        if row.diff.strip():
            yield fenced((_text(line) for line in row.diff.split("\n") if line.strip()), "diff")
        if row.commands:
            yield _commands(row.commands)
    if cause.named.commands and not any(row.commands for row in rows):
        yield _commands(cause.named.commands)
    for label, note in fixes.notes(rows):
        yield f"{label.capitalize()}: {prose(_text(note))}"
    if rows or cause.named.commands:
        yield f"Expect: {prose(fixes.expected(exchange, cause))}."
    further = [
        f"{label.capitalize()}:\n\n{_commands(listed)}"
        for label, listed in fixes.after(rows, verbose=True)
        if not isinstance(listed, str)
    ]
    further += [
        f"Terraform:\n\n{fenced(map(visible, row.terraform.split(chr(10))), 'hcl')}" for row in rows if row.terraform
    ]
    if further:
        body = "\n\n".join(further)
        yield f"<details><summary>Verify, undo, Terraform</summary>\n\n{body}\n\n</details>"


def _commands(listed: Iterable[str]) -> str:
    return fenced((line for command in listed for line in command_lines(command, _WIDTH)), "sh")


def _read(report: Report) -> list[str]:
    from oidc_doctor.report.parts.coverage import coverage  # late: see text

    rows = coverage(report, missing=True)
    rows += [("Warning", visible(warning)) for warning in report.warnings]
    return [_folded("What was read, and what was not", (f"{label}: {text}" for label, text in rows))] if rows else []


def _checks(report: Report) -> Iterator[str]:
    yield from (_check(row) for row in report.checks if row.status in ("failed", "broken"))
    passed = [visible(row.code) for row in report.checks if row.status == "passed"]
    yield from [f"passed: {', '.join(passed)}"] if passed else []
    yield from (f"skipped, {reason}: {', '.join(codes)}" for reason, codes in sentences.skipped(report.checks))


def _check(row: CheckRow) -> str:
    reason = "; ".join(visible(finding.message) for finding in row.findings) or visible(row.reason)
    return f"{row.status}: {visible(row.code)} {visible(row.name)}" + (f": {reason}" if reason else "")


def _attempts(report: Report) -> str:
    now = report.evaluated_at
    return _folded(
        f"Logged attempts: {sum(row.count for row in report.attempts):,}",
        (
            f"{attempts.counted(row)}, {period(row.first_seen, row.last_seen, now)}: {attempts.whose(row)}"
            for row in attempts.without_repeats(report.attempts)
        ),
    )


def _folded(summary: str, items: Iterable[str]) -> str:
    """Return a closed section with a list. `summary` must not contain untrusted text."""
    rows = "\n".join(f"- {prose(shortened(item, _LONG))}" for item in items)
    return f"<details><summary>{summary}</summary>\n\n{rows}\n\n</details>"


def fenced(lines: Iterable[str], language: str = "text") -> str:
    """Return visible lines as a fenced block; the fence is longer than any run of backticks inside."""
    body = "\n".join(line.rstrip() for line in lines)
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _text(value: str) -> str:
    return shortened(visible(value), _LONG)


def prose(value: str) -> str:
    """Return a visible sentence in which every word with a meaning in Markdown is a code span."""
    parts: list[str] = []
    code: list[str] = []
    words = re.findall(rf"{_QUOTED}(?= |$)|[^ ]+", value) if "`" in value else value.split(" ")
    for word in words:
        plain = not word or (_PLAIN_WORD.fullmatch(word) and not _LOOKS_LIKE_HASH.search(word))
        if plain or ("`" in word and re.fullmatch(_QUOTED, word)):
            if code:
                parts.append(_span(code))
                code = []
            parts.append(word)
        else:
            code.append(word)
    if code:
        parts.append(_span(code))
    return " ".join(filter(None, parts))


def _span(code: list[str]) -> str:
    """Return a code span. Brackets around it and punctuation at its end are left outside the span."""
    inner = " ".join(code)
    start, end = 0, len(inner)
    while end - start > 1 and (inner[end - 1] in ".,;:?" or (inner[end - 1] == ")" and _is_open(inner[start:end], -1))):
        end -= 1
    while end - start > 1 and inner[start] == "(" and _is_open(inner[start:end], 1):
        start += 1
    if (
        inner[start] == "("
        and inner[start + 1 : end - 1]
        and inner[end - 1] == ")"
        and _is_open(inner[start : end - 1], 1)
    ):
        start, end = start + 1, end - 1
    bare = inner[start:end]
    fence = "`" * (_longest_run(bare) + 1)
    pad = " " if bare.startswith("`") or bare.endswith("`") else ""
    return f"{inner[:start]}{fence}{pad}{bare}{pad}{fence}{inner[end:]}"


def _is_open(value: str, sign: int) -> bool:
    """Return whether the bracket at the start (`sign` 1) or the end (-1) of `value` has no partner inside."""
    depth = 0
    for character in value[::sign]:
        depth += sign * ((character == "(") - (character == ")"))
        if not depth:
            return False
    return True


def _longest_run(value: str) -> int:
    return max((len(run) for run in re.findall("`+", value)), default=0)
