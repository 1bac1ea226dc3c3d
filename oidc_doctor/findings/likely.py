"""The possible causes of a refusal of which only the step is known, and the commands that tell them apart.

The table is likely_causes/, a file for each cloud. Its order is a judgement, and `Answer.basis` says what it rests on;
which kinds a step can refuse with at all is `Kind.steps`.
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
_OF_EACH = 3  # causes of each step, where a sentence fits several
_MOST_COMMANDS = 3


class Likely(NamedTuple):
    """A kind of refusal, and when it is the cause."""

    kind: Kind
    when: str


class Telling(NamedTuple):
    """A command that can be run as it is, and what its answer shows."""

    run: str
    why: str


class Answer(NamedTuple):
    """The causes of a refusal at some steps, the most likely first. `further` are of the steps too, and not ranked."""

    causes: tuple[Likely, ...]
    further: tuple[Kind, ...]
    basis: str  # of the order: "documented" or "inferred"; "" where there is no order
    source: str
    commands: tuple[Telling, ...]


@cache
def table(cloud: Cloud) -> tuple[dict[str, Any], ...]:
    """The rows of a cloud, in the order of its file."""
    with open(os.path.join(_TABLES, f"{cloud}.toml"), "rb") as file:
        return tuple(tomllib.load(file)["answer"])


def answer_for(cloud: Cloud, steps: Iterable[str], names: Mapping[str, str]) -> Answer:
    """Return the answer for a refusal at one of these steps. `names` are of the evidence, such as role and provider.

    Their values may be anybody's: one that no command can hold safely is left out, with the general command instead.
    """
    asked = frozenset(steps)
    rows = table(cloud)
    matching = [row for row in rows if frozenset(row["steps"].split()) == asked]
    if not matching:
        order = [step.id for step in STEPS[cloud] if step.id in asked]
        matching = [row for step in order for row in rows if row["steps"] == step]
    ranked = {Kind(name): when for name, when in _ranked(matching)}
    possible = (kind for kind in Kind if any(place == cloud and step in asked for place, step in kind.steps))
    # a kind that only an error of its own shows, or that concludes from other evidence, is no cause of this sentence
    further = tuple(kind for kind in possible if kind not in ranked and not kind.seen_only and not kind.concludes)
    bases = {row["basis"] for row in matching}
    return Answer(
        tuple(Likely(kind, when) for kind, when in ranked.items()),
        further,
        "" if not bases else "documented" if bases == {"documented"} else "inferred",
        "; ".join(dict.fromkeys(row["source"] for row in matching)),
        tuple(_commands(matching, names)),
    )


def _ranked(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield kind and words: of one row all, of several the first of each."""
    for row in rows:
        yield from row["causes"][: None if len(rows) == 1 else _OF_EACH]


def _commands(rows: list[dict[str, Any]], names: Mapping[str, str]) -> Iterator[Telling]:
    """Yield three commands: of several rows the first of each before the second of any."""
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
    """Return the command with its {names} replaced and quoted; empty where one is not known, or not safe in it."""
    text = words
    for name in _NAME.findall(words):
        value = names.get(name, "")
        fetched = name == "issuer" and not value.lower().startswith("https://")
        if fetched or not is_plain(value, of_aws=words.startswith("aws ")):
            return ""
        word = next(word for word in words.split() if f"{{{name}}}" in word)
        text = text.replace(word, as_word(word.replace(f"{{{name}}}", value)))
    return text
