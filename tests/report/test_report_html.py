"""The page: what it says, that it is one file that asks for nothing, and that every reader can use it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from evidence.planting import planted_report
from oidc_doctor.model.health import Health
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import render
from oidc_doctor.report.html import render_health_html, render_html
from oidc_doctor.report.parts.markup import forbid_tokens_in_markup
from reports import healths
from reports.browser import in_a_browser, texts_of
from reports.payloads import ALL
from reports.situations import refused, suspected, two

Sample = Callable[[str], Report]
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIn0.c2lnbmF0dXJl"


def page_of(report: Report) -> str:
    return render(report, "html", width=80, color=False)


# What it says


def test_a_refusal_shows_verdict_difference_fix_and_time() -> None:
    tree = in_a_browser(page_of(healths.report_on("aws-broken-by-policy-edit")))
    assert texts_of(tree, "h1")[0].startswith("AWS refuses this token: the trust policy's subject differs only")
    assert texts_of(tree, "h2")[:4] == ["Path", "What differs", "What happened", "Fix"]
    assert texts_of(tree, "mark") == ["X", "x"]
    assert [text for text in texts_of(tree, "li") if "refused" in text] == ["✗ trust policy refused"]
    assert any("only upper and lower case differ" in text for text in texts_of(tree, "p"))
    assert texts_of(tree, "ins")[-1] == '+ "oidc.baseten.co:sub": "v=1:org=Org8Kd2P:team=Tq7LmZ2x:*"'
    assert any(text.startswith("aws iam update-assume-role-policy") for text in texts_of(tree, "pre"))
    moments = texts_of(tree, "td")
    assert "◆ UpdateAssumeRolePolicy by deploy-bot (af3031e…)" in moments
    words = texts_of(tree, "{http://www.w3.org/2000/svg}desc")
    assert words[0].startswith("AWS exchanges: 11 accepted, 10 refused; change: ")


def test_a_command_is_copied_as_it_runs() -> None:
    report = healths.report_on("aws-broken-by-policy-edit")
    fixes = [fix for fix in report.fixes if fix.commands]
    tree = in_a_browser(page_of(report))
    copied = ["".join(code.itertext()) for pre in tree.iter("pre") for code in pre.iter("code")]
    assert {re.sub(r" \\\n +", " ", text) for text in copied} >= {command for fix in fixes for command in fix.commands}


def test_several_exchanges_have_a_table_and_a_fold_each() -> None:
    tree = in_a_browser(page_of(two()))
    folds = [element for element in tree.iter("details") if "exchange" in element.get("class", "")]
    assert len(folds) == 2
    assert {link.get("href") for link in tree.iter("a")} >= {f"#{fold.get('id')}" for fold in folds}


def test_a_suspicion_is_not_called_a_cause() -> None:
    tree = in_a_browser(page_of(suspected()))
    titles = texts_of(tree, "h2")
    assert "Why this is suspected" in titles
    assert "If so" in titles
    assert not {"Why this is the cause", "Fix"} & set(titles)


def test_every_report_is_a_page(any_report: Report) -> None:
    in_a_browser(page_of(any_report))


@pytest.mark.parametrize("scenario", ["healthy-gcp", "aws-baseten-script", "two-clouds", "aws-any-tenant"])
def test_every_verdict_is_a_page(scenario: str) -> None:
    in_a_browser(page_of(healths.report_on(scenario)))


# A health run


@pytest.mark.parametrize("run", [healths.quiet, healths.nothing, healths.every_state])
def test_every_health_run_is_a_page(run: Callable[[], Health]) -> None:
    in_a_browser(forbid_tokens_in_markup(render_health_html(run())))


def test_a_health_run_shows_each_target_and_what_changed() -> None:
    tree = in_a_browser(render_health_html(healths.every_state()))
    states = "6 targets: 2 failing, 1 not judged, 1 not readable, 1 undecided, 1 healthy."
    assert texts_of(tree, "h1") == [f"{states} Findings: 1 new, 1 changed, 1 resolved."]
    titles = texts_of(tree, "h2")
    assert titles[:6] == ["Targets", "New: 1", "Changed: 1", "Continuing: 1", "Resolved: 1", "Suppressed: 1"]
    folds = {element.get("id"): element for element in tree.iter("details") if element.get("id")}
    assert {link.get("href", "")[1:] for link in tree.iter("a")} >= {f"t{number}" for number in range(1, 7)}
    assert "✗ trust policy refused" in texts_of(folds["t1"], "li")
    assert "There is no report on this target." in texts_of(folds["t5"], "p")
    [suppressed] = [fold for fold in tree.iter("details") if "[[suppress]]" in "".join(fold.itertext())[:60]]
    assert not suppressed.get("open")
    assert "AWS072 trust-any-model" in " ".join(texts_of(suppressed, "h3"))
    assert "expired" in texts_of(suppressed, "td")


def test_payloads_in_every_text_of_a_health_run() -> None:
    for start in range(0, len(ALL), 12):
        numbers = count(start)

        def hostile(text: str, numbers: Iterator[int] = numbers) -> str:
            return f"{text} {ALL[next(numbers) % len(ALL)]}" if text else text

        run = healths.every_state()
        for target in run.targets:
            target.report = None  # test_live_payloads has the reports
        in_a_browser(forbid_tokens_in_markup(render_health_html(planted_report(run, hostile))))


# Secrets


@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        "curl -u name:ab",  # a tag after it would make a password of four characters
        "--secret-string x",
        "password: hunter2-but-longer",
        '{"client_secret": "Zm9vYmFyYmF6cXV4MTIzNDU2"}',
    ],
)
def test_the_removal_of_secrets_takes_no_tag_away(value: str) -> None:
    report = refused()
    report.warnings = [value]
    report.fixes[0].commands = [value]
    page = page_of(report)
    in_a_browser(page)
    assert re.findall("<[^>]*>", page) == re.findall("<[^>]*>", render_html(report))
    assert TOKEN not in page
    assert "hunter2" not in page
    assert "Zm9v" not in page


def test_a_secret_over_several_elements_is_removed() -> None:
    head, tail = TOKEN[:40], TOKEN[40:]
    inside = forbid_tokens_in_markup(f"<p>a <mark>{head}</mark>{tail} b</p>")
    assert inside == "<p>a [token removed] b</p>"
    lines = forbid_tokens_in_markup(f"<ul><li>a</li><li>{head}</li><li>{tail}</li><li>b</li></ul>")
    assert lines == "<ul><li>a</li><li>[token removed]</li><li>[token removed]</li><li>b</li></ul>"
    for page in (inside, lines):
        assert forbid_tokens_in_markup(page) == page


# Colours


def _colours(style: str, start: str) -> dict[str, str]:
    block = style[style.index(start) :]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block[: block.index("}")]))


def _light(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("start", [":root", "@media screen and (prefers-color-scheme: dark)"])
def test_texts_stand_out_from_their_ground(start: str) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3, level AA)."""
    page = page_of(refused())
    colours = _colours(page[page.index("<style>") : page.index("</style>")], start)
    pairs = [
        (text, ground)
        for text in ("text", "muted", "link", "bad", "good", "warn", "open")
        for ground in ("ground", "surface")
    ]
    pairs += [(name, f"{name}-ground") for name in ("bad", "good", "warn", "open")]
    for text, ground in [*pairs, ("text", "warn-ground"), ("ground", "bad")]:
        one, other = sorted((_light(colours[text]), _light(colours[ground])))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (text, ground)


# A browser

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--allow-file-access-from-files", "--virtual-time-budget=5000",
)  # fmt: skip
# A window of a headless browser is at least 500 wide, so frames are the windows.
FRAMES = """<!DOCTYPE html><title></title>
<iframe src="run.html" width="360"></iframe><iframe src="run.html" width="1280"></iframe>
<iframe src="report.html" width="360"></iframe><iframe src="report.html" width="1280"></iframe>
<script>onload = () => {
  document.title = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument;
    page.querySelectorAll("details").forEach(fold => fold.open = true);
    return page.documentElement.scrollWidth - page.documentElement.clientWidth;
  }).join();
};</script>"""


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_no_page_is_wider_than_a_phone_or_a_desktop(tmp_path: Path) -> None:
    """With every fold open."""
    (tmp_path / "run.html").write_text(render_health_html(healths.every_state()), "utf-8")
    (tmp_path / "report.html").write_text(page_of(healths.report_on("two-clouds")), "utf-8")
    (tmp_path / "frames.html").write_text(FRAMES, "utf-8")
    command = [
        str(BROWSER),
        *OPTIONS,
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
        f"file://{tmp_path}/frames.html",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)
    assert "<title>0,0,0,0</title>" in done.stdout
