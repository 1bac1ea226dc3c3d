"""How the runners of CI platforms read a job's output, line by line.

GitHub's is that of actions/runner, ActionCommand.cs: a command of its second version begins the line after spaces, one
of the first version is anywhere in it. Azure's is that of azure-pipelines-agent, Command.cs; the groups of Buildkite
are those of buildkite-agent.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_GITHUB = {
    *("error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands", "set-env", "echo"),
    *("set-output", "save-state", "add-path", "add-matcher", "remove-matcher", "save-state", "internal-set-repo-path"),
}


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    data: str


def github_commands(output: str) -> list[Command]:
    """Return the commands of an output, whatever GitHub's runner would do with them."""
    lines = re.split(r"\r\n|\r|\n", output)
    return [command for line in lines if (command := _second(line) or _first(line)) is not None]


def _second(line: str) -> Command | None:
    line = line.lstrip()
    if not line.startswith("::") or "::" not in line[2:]:
        return None
    info, _, data = line[2:].partition("::")
    name, _, properties = info.partition(" ")
    if name not in _GITHUB:
        return None
    values = dict(part.split("=", 1) for part in properties.split(",") if "=" in part)
    return Command(name, {key.strip(): _unescaped(value) for key, value in values.items()}, _unescaped(data))


def _first(line: str) -> Command | None:
    _, found, rest = line.partition("##[")
    info, closed, data = rest.partition("]")
    if not found or not closed or info.partition(" ")[0] not in _GITHUB:
        return None
    return Command(info.partition(" ")[0], {}, data)


def _unescaped(text: str) -> str:
    for token, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(token, character)
    return text


def azure_commands(output: str) -> list[Command]:
    """Return the commands of an output that Azure's agent would act on, or colour."""
    commands = []
    for line in output.splitlines():
        found = re.search(r"##vso\[([a-z]+\.[a-z]+)\s?([^\]]*)\](.*)", line) or re.search(r"##\[([a-z]+)()\](.*)", line)
        if found:
            values = dict(part.split("=", 1) for part in found[2].split(";") if "=" in part)
            commands.append(Command(found[1], {key: _azure(value) for key, value in values.items()}, _azure(found[3])))
    return commands


def _azure(text: str) -> str:
    for token, character in (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")):
        text = text.replace(token, character)
    return text


def buildkite_groups(output: str) -> list[str]:
    """Return the lines that begin or open a group of Buildkite's log."""
    plain = re.sub(r"\x1b\[([;\d]+)?[mK]", "", output)
    return [line for line in plain.splitlines() if re.match(r"(?:---|\+\+\+|~~~)\s(.+)?$|\^\^\^\s+\+\+\+\s*$", line)]


def gitlab_sections(output: str) -> list[str]:
    """Return the marks of sections of GitLab's log."""
    return re.findall(r"section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]*\])?\r\x1b\[0K", output)
