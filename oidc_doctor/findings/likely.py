"""Possible causes of a refusal with only its step known, and commands that distinguish them.

The table is likely_causes/, a file for each cloud. Its order is a judgement, with its basis in `Answer.basis`;
`Kind.steps` defines which kinds a step can refuse with.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from oidc_doctor.commands import as_word, is_plain
from oidc_doctor.model.kinds import Kind
from oidc_doctor.model.steps import STEPS, Cloud

_TABLES = os.path.join(os.path.dirname(__file__), "likely_causes")
_NAME = re.compile(r"(?<![%$])\{(\w+)\}")
_OF_EACH = 3  # causes per step, if a sentence matches several steps
_MOST_COMMANDS = 3


class Likely(NamedTuple):
    """A kind of refusal, and the circumstances in which it is the cause."""

    kind: Kind
    when: str


class Telling(NamedTuple):
    """A command that can be run as copied, and what its output shows."""

    run: str
    why: str


class Answer(NamedTuple):
    """The causes of a refusal at some steps, the most likely first. `further` causes of these steps are not ranked."""

    causes: tuple[Likely, ...]
    further: tuple[Kind, ...]
    basis: str  # basis of the order: "documented" or "inferred"; "" without an order
    source: str
    commands: tuple[Telling, ...]


@cache
def table(cloud: Cloud) -> tuple[dict[str, Any], ...]:
    """Return a cloud's rows, in the order of its file."""
    with open(os.path.join(_TABLES, f"{cloud}.toml"), "rb") as file:
        return tuple(tomllib.load(file)["answer"])


def answer_for(cloud: Cloud, steps: Iterable[str], names: Mapping[str, str]) -> Answer:
    """Return the answer for a refusal at one of these steps. `names` are evidence values, such as role and provider.

    They may be untrusted: a value that is unsafe in a command is omitted, and the general command is used.
    """
    asked = frozenset(steps)
    rows = table(cloud)
    matching = [row for row in rows if frozenset(row["steps"].split()) == asked]
    if not matching:
        order = [step.id for step in STEPS[cloud] if step.id in asked]
        matching = [row for step in order for row in rows if row["steps"] == step]
    ranked = {Kind(name): when for name, when in _ranked(matching)}
    possible = (kind for kind in Kind if any(place == cloud and step in asked for place, step in kind.steps))
    # kinds with an error of their own, or derived from other evidence, cannot cause this sentence
    further = tuple(kind for kind in possible if kind not in ranked and not kind.seen_only and not kind.concludes)
    bases = {row["basis"] for row in matching if len(matching) == 1}
    return Answer(
        tuple(Likely(kind, when) for kind, when in ranked.items()),
        further,
        "" if not bases else "documented" if bases == {"documented"} else "inferred",
        "; ".join(dict.fromkeys(row["source"] for row in matching)),
        tuple(_commands(matching, names)),
    )


def _ranked(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield kind and words: all of a single row, or the first of each of several rows."""
    for row in rows:
        yield from row["causes"][: None if len(rows) == 1 else _OF_EACH]


def _commands(rows: list[dict[str, Any]], names: Mapping[str, str]) -> Iterator[Telling]:
    """Yield three commands: the first of each row before the second of any."""
    seen: set[str] = set()
    depth = max((len(row["commands"]) for row in rows), default=0)
    for index in range(depth):
        for row in rows:
            listed = row["commands"][index : index + 1]
            for command in listed:
                named = filled(command["run"], names)
                run = named or command.get("otherwise", "")
                if run and run not in seen and len(seen) < _MOST_COMMANDS:
                    seen.add(run)
                    yield Telling(
                        run.strip(), command["why"] if named else command.get("otherwise_why", command["why"])
                    )


def filled(words: str, names: Mapping[str, str]) -> str:
    """Return the command with its {names} replaced and quoted; empty if a value is unknown or unsafe."""
    text = words
    for name in _NAME.findall(words):
        value = names.get(name, "")
        fetched = name == "issuer" and not value.lower().startswith("https://")
        if fetched or not is_plain(value, of_aws=words.startswith("aws ")):
            return ""
        word = next(word for word in words.split() if f"{{{name}}}" in word)
        text = text.replace(word, as_word(word.replace(f"{{{name}}}", value)))
    return text
