"""Live payloads in every text of a stranger, read by a terminal, a ticket, a browser, a program and a shell."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evidence import Bundle
from evidence.planting import everywhere, files_of, leaves, planted_at, planted_report, whole, with_members
from health import RUNS
from oidc_doctor import commands as guard
from oidc_doctor.bundle import contract
from oidc_doctor.documents.token import hypothetical, parse_token
from oidc_doctor.examine.examine import run
from oidc_doctor.examine.question import Question
from oidc_doctor.model.document import Origin
from oidc_doctor.model.report import Report
from oidc_doctor.report.formats import render, render_health
from oidc_doctor.report.parts.commands import command_lines
from oidc_doctor.report.parts.coverage import settling
from reports.browser import in_a_browser
from reports.consumers import PROGRAMS, for_a_program, health_for_a_program, in_a_shell, in_a_ticket, on_a_terminal
from reports.payloads import ALL, PAYLOADS, some
from reports.programs import READERS
from reports.situations import healthy, past, permission, refused, suspected, two, unknown

pytestmark = pytest.mark.sweep

WIDTHS = (40, 80, 200)
CHUNKS = 8  # of the runs, for several workers
Files = dict[str, Any]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a bundle with every file of the contract."""
    folder = tmp_path_factory.mktemp("whole") / "bundle"
    folder.mkdir()
    return whole(folder)


def examined(planted: Files, **question: Any) -> Report:
    """The report on planted files; no check of it broke."""
    bundle = files_of(planted)
    report = run(bundle, Question(**question))
    assert not [row.traceback for row in report.checks if row.status == "broken"]
    return report


def is_dead(report: Report, number: int = 0) -> None:
    """In every format nothing of the payloads is live; `number` chooses the width and the colour."""
    width, color = WIDTHS[number % len(WIDTHS)], number % 2 == 0
    for layout in ({"quiet": True}, {}, {"verbose": True}):
        on_a_terminal(render(report, "text", width=width, color=color, **layout), color=color)
    in_a_ticket(render(report, "markdown", width=width, color=False))
    in_a_browser(render(report, "html", width=width, color=False))
    for_a_program(render(report, "json", width=width, color=False))
    for form, read in READERS.items():
        read(render(report, form, width=width, color=False))


def test_there_are_payloads_of_every_language() -> None:
    assert len(set(ALL)) == len(ALL) >= 60
    assert all(len(group) >= 5 for group in PAYLOADS.values())


def test_every_file_of_the_contract_is_planted(files: Files) -> None:
    missing = {row.path for row in contract.FILES} - {contract.row_of(name).path for name in files}
    assert missing == {"token.jwt", "tokens/*"}  # see test_tokens


# The files of a bundle


def _rooms(files: Files) -> list[list[tuple[str, tuple[str | int, ...]]]]:
    """The places of all texts, by the part of the report that they concern: these are planted together."""
    rooms: dict[str, list[tuple[str, tuple[str | int, ...]]]] = {}
    for name, value in files.items():
        room = "logs" if contract.is_log(name) else name.partition("/")[0] if "/" in name else "general"
        rooms.setdefault(room, []).extend((name, place) for place in leaves(value))
    return [places[half::2] for places in rooms.values() for half in (0, 1)]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_payload_in_one_text_of_each_part(chunk: int, files: Files) -> None:
    for number, places in list(enumerate(itertools.zip_longest(*_rooms(files))))[chunk::CHUNKS]:
        planted = dict(files)
        for name, place in filter(None, places):
            words = some(number + len(name))

            def hostile(text: str, words: str = words, *, instead: bool = number % 5 == 0) -> str:
                return words if instead else text + words

            planted[name] = planted_at(planted[name], place, hostile)
        is_dead(examined(planted), number)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_payloads_in_every_text_and_name_of_a_file(chunk: int, files: Files) -> None:
    for number, name in list(enumerate(files))[chunk::CHUNKS]:
        numbers = itertools.count(number * 7)
        planted = dict(files)
        planted[name] = (
            with_members(files[name], some(number))
            if number // CHUNKS % 2
            else everywhere(files[name], lambda text, numbers=numbers: text + some(next(numbers)))
        )
        is_dead(examined(planted, account=name == "aws/roles.json"), number)


@pytest.mark.parametrize("number", range(0, len(ALL) // 3 + 1, 4))
def test_tokens(number: int, files: Files, tmp_path: Path) -> None:
    """A compact token, further ones, one to compare with, and a subject and an error of the command line."""
    made = Bundle(tmp_path)
    claims = everywhere(made.claims_of(), lambda text: text + some(number)) | {some(number + 1): [some(number + 2)]}
    token = made.compact(claims, header={some(number): some(number), "typ": some(number)}, kid=some(number))
    planted = {name: value for name, value in files.items() if name != "claims.json"}
    planted |= {"token.jwt": token}
    compared = parse_token(made.compact(claims | {"sub": some(number + 3)}), Origin(some(number)), some(number))
    is_dead(examined(planted, compare=compared, account=True), number)
    asked = (hypothetical(some(number), origin=Origin("--subject")),)
    few = {name: files[name] for name in ("aws/role.json", "aws/oidc-provider.json", "gcp/provider.json")}
    is_dead(examined(few | {"tokens/a.jwt": token}, tokens=asked, error_text=some(number)), number)


def test_names_of_files_targets_and_checks(files: Files) -> None:
    for number in range(0, len(ALL) // 3 + 1, 5):
        words = some(number).replace("/", ":")
        planted: Files = {}
        for name, value in files.items():
            folder, _, _ = name.rpartition("/")
            if f"{folder}/" in contract.OPEN_FOLDERS:
                planted[f"{folder}/{words}.json"] = value
        for name in ("claims.json", "aws/role.json", "oidc-doctor.toml"):
            planted[f"targets/{words}/{name}"] = files[name]
        planted |= {f"tokens/{words}.json": files["claims.json"], f"{words}.json": {}}
        is_dead(examined(planted, check=(words, "*"), skip=(words,)), number)


# The fields of a report


@pytest.mark.parametrize("situation", [healthy, past, permission, refused, suspected, two, unknown])
def test_payloads_in_every_text_of_a_report(situation: Callable[[], Report]) -> None:
    """Also in those that only the checks of another package write, and in those of checks to come."""
    for start in range(0, len(ALL), 9):
        numbers = itertools.count(start)

        def hostile(text: str, numbers: Any = numbers) -> str:
            return f"{text} {ALL[next(numbers) % len(ALL)]}" if text else text

        is_dead(planted_report(situation(), hostile), start // 9)


@pytest.mark.parametrize("made", RUNS)
def test_payloads_in_every_text_of_a_health_run(made: str) -> None:
    for start in range(0, len(ALL), 9):
        numbers = itertools.count(start)

        def hostile(text: str, numbers: Any = numbers) -> str:
            return f"{text} {ALL[next(numbers) % len(ALL)]}" if text else text

        run_of = planted_report(RUNS[made](), hostile)
        in_a_ticket(render_health(run_of, "markdown", width=100, color=False))
        health_for_a_program(render_health(run_of, "json", width=100, color=False))
        for form, read in READERS.items():
            read(render_health(run_of, form, width=100, color=False))


@pytest.mark.parametrize("words", ["Checks    forged", "Read      forged", "fix       forged", "✓ forged"])
def test_spaces_put_no_line_of_ours_at_the_start_of_a_line(words: str) -> None:
    for spaces in range(1, 90):
        added = " " * spaces + words
        report = planted_report(refused(), lambda text, added=added: f"x{text}{added}" if text else text)
        for layout in ({"quiet": True}, {"verbose": True}):
            on_a_terminal(render(report, "text", width=80, color=False, **layout))


# Commands

SHELLS = [shell for shell in ("bash", "dash", "zsh") if shutil.which(shell)]
ORDERS = {
    "aws": "aws iam get-role --role-name {} --query Role.AssumeRolePolicyDocument",
    "list": "aws iam create-open-id-connect-provider --url https://a.example --client-id-list {}",
    "gcloud": "gcloud iam service-accounts describe {} --format=json",
    "curl": "curl -s {}",
    "ours": "oidc-doctor --report --subject {}",
}


@cache
def _guarded() -> tuple[tuple[str, list[str]], ...]:
    """Each command that the guard gives for a payload, and the words wanted."""
    made: list[tuple[str, list[str]]] = []
    for payload in ALL:
        for words in ORDERS.values():
            made += [(line, [word.replace("{}", payload) for word in words.split()])
                     for line in guard.commands(words, payload)]  # fmt: skip
        for words in (
            ("gcloud", "iam", "service-accounts", "describe", payload),
            ("gcloud", "iam", "x", f"--attribute-condition=assertion.sub == '{payload}'"),
            ("gcloud", "projects", "add-iam-policy-binding", f"--member={payload}"),
        ):
            line = guard.command(*words)
            made += [(line, list(words))] if line else []
        for operation, parameters in (
            ("get-role", {"RoleName": payload}),
            ("update-assume-role-policy", {"RoleName": "r", "PolicyDocument": json.dumps({"Sid": payload})}),
            ("add-client-id-to-open-id-connect-provider", {"OpenIDConnectProviderArn": "arn", "ClientID": payload}),
        ):
            line = guard.aws_iam(operation, **parameters)
            options = itertools.chain(*((f"--{_OPTION[name]}", value) for name, value in parameters.items()))
            made += [(line, ["aws", "iam", operation, *options])] if line else []
    return tuple(made)


_OPTION = {
    "RoleName": "role-name",
    "PolicyDocument": "policy-document",
    "OpenIDConnectProviderArn": "open-id-connect-provider-arn",
    "ClientID": "client-id",
    "ClientIDList": "client-id-list",
    "Url": "url",
}


def _meaning(words: list[str]) -> list[str]:
    """The words with the JSON of the AWS CLI taken apart: its parameters are options again."""
    if "--cli-input-json" not in words:
        return [json.dumps(json.loads(word)) if re.match(r'\{\s*"Sid"', word) else word for word in words]
    at = words.index("--cli-input-json")
    options: list[str] = []
    for name, value in json.loads(words[at + 1]).items():
        options += [f"--{_OPTION[name]}", *(value if isinstance(value, list) else [value])]
    return _meaning(words[:at] + options + words[at + 2 :])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_command_starts_one_program_with_the_words_wanted(shell: str, tmp_path: Path) -> None:
    """Also as it is wrapped. The quotes $'…' are of bash and zsh; in dash they are text, and start nothing either."""
    guarded = _guarded()
    assert len(guarded) > 200
    for room in (0, 40):
        lines = ["\n".join(command_lines(line, room)) if room else line for line, _ in guarded]
        started = in_a_shell(shell, lines, tmp_path)
        assert len(started) == len(guarded)
        for (line, wanted), words in zip(guarded, started, strict=True):
            assert words[0] == wanted[0]
            if "$'" not in line or shell != "dash":
                assert _meaning(words) == _meaning(wanted), line


def test_a_command_parses_as_words_of_a_shell() -> None:
    for line, wanted in _guarded():
        if "$'" not in line:
            assert _meaning(shlex.split(line)) == _meaning(wanted)


def test_no_command_has_a_value_that_its_program_would_read_as_something_else() -> None:
    for line, wanted in _guarded():
        for word in shlex.split(line) if "$'" not in line else wanted:
            value = word.partition("=")[2] if re.match(r"--[a-z-]+=", word) else word
            assert not value.lower().startswith(("file:", "fileb:", "http:", "@")), line
            if line.startswith("aws "):
                assert not value.lower().startswith("https:") or "--url" in line, line
    flags = {word for _, wanted in _guarded() for word in wanted if word.startswith("-")}
    assert not flags & set(ALL)


def test_the_commands_of_a_report_start_what_they_show(files: Files, tmp_path: Path) -> None:
    """Those of fixes and checks, and those that print a missing file: a name in them may say the name of another."""
    made = Bundle(tmp_path)
    planted = {name: files[name] for name in ("aws/role.json", "gcp/provider.json")}
    planted["manifest.json"] = {"collected_at": made.COLLECTED_AT}
    scripts: list[str] = []
    for number, payload in enumerate((*PAYLOADS["shell"], *PAYLOADS["markdown"][:6], *PAYLOADS["json"])):
        issuer = f"https://evil.example/{payload if number % 3 else ''}"
        claims = everywhere(made.claims_of(), lambda text, p=payload: text + p) | {"iss": issuer}
        found = planted | {"token.jwt": made.compact(claims)}
        target = dict(files["oidc-doctor.toml"]["target"][0]) | {"issuer": issuer}
        target["aws"] = target["aws"] | {"role_arn": f"{made.ROLE_ARN}{payload if number % 4 else ''}"}
        target["gcp"] = target["gcp"] | {"service_account": payload}
        found["oidc-doctor.toml"] = {"target": [target]}
        if number % 2:
            found["aws/role.json"] = everywhere(files["aws/role.json"], lambda text, p=payload: text + p)
        else:
            del found["aws/role.json"], found["gcp/provider.json"]
        report = examined(found)
        scripts += [text for exchange in report.exchanges for _, _, text in settling(report, exchange)]
        scripts += [text for fix in report.fixes for text in (*fix.commands, *fix.verify, *fix.undo)]
        scripts += [text for cause in report.causes for text in cause.named.commands]
    runnable = [text for text in dict.fromkeys(scripts) if text.startswith(PROGRAMS)]
    assert {text.split(" ")[0] for text in runnable} == {"aws", "gcloud", "curl"}
    for shell in SHELLS:
        started = in_a_shell(shell, runnable, tmp_path)
        assert len(started) == len(runnable)
