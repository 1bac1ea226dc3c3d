"""Placeholders for the open values of a plan: the judge takes each as a text that could be anything."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from oidc_doctor.model.planned import PLACEHOLDER as _MARK
from oidc_doctor.plans.masked import Open

_PLAIN = re.compile(r"[A-Za-z0-9_.\[\]-]{1,80}")  # of an attribute path that can be a part of a placeholder
UNMANAGED = "<members that the plan does not manage>"


class OpenValue(NamedTuple):
    """An open value in a file: the resource's address, the value, and the placeholder that stands for it."""

    address: str
    value: Open
    text: str


class Gaps:
    """The placeholders of one plan. Equal open values have the same one, others have different ones."""

    def __init__(self) -> None:
        self._texts: dict[tuple[str, str], str] = {}
        self._used: set[str] = set()

    def text(self, address: str, path: str) -> str:
        """Return the placeholder of an attribute: `<statement[0].condition[1].values[0], known after apply>`."""
        if (address, path) not in self._texts:
            name = path if _PLAIN.fullmatch(path) else "a value"
            text, number = f"<{name}, {_MARK}>", 1
            while text in self._used:
                number += 1
                text = f"<{name} ({number}), {_MARK}>"
            self._used.add(text)
            self._texts[address, path] = text
        return self._texts[address, path]

    def filled(self, value: Any, address: str) -> tuple[Any, list[OpenValue]]:
        """Return the value with placeholders in place of its open parts, and those parts.

        A text that the plan's author wrote like a placeholder of ours is open as well: it must not equal one.
        """
        opened: list[OpenValue] = []

        def fill(part: Any, path: str) -> Any:
            if isinstance(part, Open):
                text = UNMANAGED if part.why == "unmanaged" else self.text(address, part.path or path)
                opened.append(OpenValue(address, part, text))
                return opened[-1].text
            if isinstance(part, dict):
                return {name: fill(child, f"{path}.{name}" if path else name) for name, child in part.items()}
            if isinstance(part, list):
                return [fill(child, f"{path}[{index}]") for index, child in enumerate(part)]
            if isinstance(part, str) and not isinstance(part, Symbolic) and _MARK in part:
                return fill(Open(path, "shape"), path)
            return part

        return fill(value, ""), opened


class Symbolic(str):
    """A text of ours with a placeholder in it, such as the ARN of a role whose account is not known."""

    __slots__ = ()
